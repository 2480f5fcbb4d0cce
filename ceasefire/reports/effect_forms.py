"""The form that sets down what is judged of the program's effect."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ceasefire.look.forms import DayField
from ceasefire.people.models import User
from ceasefire.places.models import Place, Site
from ceasefire.reports import effects
from ceasefire.reports.effect_models import EffectPlan
from ceasefire.reports.recording import districts
from ceasefire.statistics.effect import CHOICES, COMPARISONS, choices


class EffectPlanForm(forms.Form):
    """Districts of the program, its start, what is counted and why; the rest is compared with.

    Districts of the person's other sites can be compared with, too. Where there are too few for any
    data to speak, it warns, and takes the plan all the same once that is ticked.
    """

    show_optional = False
    starts_on = DayField(label=_("The program began on"), help_text=_("Day/month/year"))
    treated = forms.MultipleChoiceField(
        label=_("Districts where the program works"),
        help_text=_("All other districts of the site are compared with these."),
        widget=forms.CheckboxSelectMultiple,
    )
    elsewhere = forms.MultipleChoiceField(
        label=_("Districts of other records to compare with"),
        help_text=_(
            "Of your other sites, as counts alone. Only districts where no program worked, before"
            " the start and after it."
        ),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    outcome = forms.ChoiceField(label=_("What is counted"))
    grounds = forms.CharField(
        label=_("Why these districts"),
        help_text=_("How they were chosen. No names of people."),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
    )
    #: Asked for only where the districts are too few for the data ever to say anything.
    anyway = forms.BooleanField(label=_("Set it down all the same"), required=False)

    def __init__(self, *args: Any, site: Site, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.districts = districts(site)
        named = Place.objects.filter(pcode__in=self.districts).order_by("pcode")
        chosen: Any = self.fields["treated"]
        chosen.choices = [(place.pcode, str(place.name)) for place in named]
        outcome: Any = self.fields["outcome"]
        outcome.choices = [
            (EffectPlan.ALL_TYPES, _("All verified incidents")),
            *effects.outcomes(),
        ]
        self._offer_records_elsewhere(site, by)
        if not self.is_bound:
            del self.fields["anyway"]

    def _offer_records_elsewhere(self, site: Site, by: User) -> None:
        offered = effects.records_elsewhere(site, by=by)
        if not offered:
            del self.fields["elsewhere"]
            return
        places = Place.objects.filter(pcode__in={pcode for _site, pcode in offered.values()})
        names = {place.pcode: place.name for place in places}
        field: Any = self.fields["elsewhere"]
        field.choices = [
            (key, f"{names.get(pcode, pcode)} ({other.name})")
            for key, (other, pcode) in offered.items()
        ]

    def clean(self) -> dict[str, Any]:
        """Refuse nothing to compare with; ask once more where the data could never say anything."""
        cleaned: dict[str, Any] = super().clean() or {}
        treated = cleaned.get("treated", [])
        compared = len(self.districts) - len(treated) + len(cleaned.get("elsewhere", []))
        if not treated:
            return cleaned
        if not compared:
            self.add_error("treated", _("Leave at least one district out, to compare with."))
            return cleaned
        ways = choices(len(treated) + compared, len(treated))
        if compared >= COMPARISONS and ways >= CHOICES:
            self.fields.pop("anyway", None)
        elif not cleaned.get("anyway"):
            self.add_error(None, _too_few(compared, ways))
        return cleaned

    def facts(self) -> dict[str, Any]:
        """What `effects.register_plan` takes."""
        treated = self.cleaned_data["treated"]
        return {
            **{name: value for name, value in self.cleaned_data.items() if name != "anyway"},
            "comparison": [pcode for pcode in self.districts if pcode not in treated],
        }


def _too_few(compared: int, ways: int) -> str:
    """Why a plan with these districts would stay without an answer whatever happens."""
    if compared < COMPARISONS:
        words = ngettext(
            "There would be %(count)s district to compare with; %(least)s are needed, so no report"
            " could ever say anything. Choose districts of other records too, or tick below.",
            "There would be %(count)s districts to compare with; %(least)s are needed, so no report"
            " could ever say anything. Choose districts of other records too, or tick below.",
            compared,
        )
        return words % {"count": compared, "least": COMPARISONS}
    words = ngettext(
        "There would be %(count)s way to choose as many districts; with fewer than %(least)s chance"
        " can never be left out, so no report could ever say anything. Choose more districts of the"
        " program, or districts of other records to compare with, or tick below.",
        "There would be %(count)s ways to choose as many districts; with fewer than %(least)s"
        " chance can never be left out, so no report could ever say anything. Choose more districts"
        " of the program, or districts of other records to compare with, or tick below.",
        ways,
    )
    return words % {"count": ways, "least": CHOICES}
