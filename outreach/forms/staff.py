"""Forms of a mediator's profile and ties."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ceasefire.look.forms import NormalisedForm
from ceasefire.places.models import Zone
from outreach.forms.conflicts import SEALED_HINT, VersionForm, coded
from outreach.forms.days import TEN_YEARS, NearDayField
from outreach.models import TieKind


class ProfileForm(VersionForm):
    """What one plans with."""

    gender = forms.ChoiceField(
        label=_("Gender"),
        choices=coded("sex"),
        widget=forms.RadioSelect,
        required=False,
        initial="unknown",
    )
    languages = forms.MultipleChoiceField(
        label=_("Languages"),
        choices=coded("spoken_language"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    zones = forms.MultipleChoiceField(
        label=_("Zones"), widget=forms.CheckboxSelectMultiple, required=False
    )
    started_on = NearDayField(
        label=_("Works here since"),
        back=3 * TEN_YEARS,
        ahead=366,
        required=False,
        help_text=_("Day/month/year"),
    )
    on_duty = forms.BooleanField(label=_("On duty"), required=False, initial=True)

    show_optional = False
    use_required_attribute = False

    def __init__(self, *args: Any, zones: list[Zone], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zones = {str(zone.pk): zone for zone in zones}
        self.fields["zones"].choices = [(str(zone.pk), zone.name) for zone in zones]
        if not zones:
            del self.fields["zones"]

    def facts(self) -> dict[str, Any]:
        given = self.cleaned_data
        return {
            "gender": given["gender"] or "unknown",
            "languages": given["languages"],
            "started_on": given["started_on"],
            "on_duty": given["on_duty"],
        }

    def zones_chosen(self) -> list[Zone]:
        return [self.zones[key] for key in self.cleaned_data.get("zones", [])]


class TieForm(NormalisedForm):
    """A tribe, party or family somebody belongs to."""

    kind = forms.ChoiceField(
        label=_("Kind"), choices=TieKind.choices, widget=forms.RadioSelect, initial="tribe"
    )
    words = forms.CharField(
        label=_("Which"),
        max_length=120,
        help_text=SEALED_HINT,
        error_messages={"required": _("Write which.")},
    )
