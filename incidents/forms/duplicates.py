"""Forms of twins, merges and links: which facts to take over, which incident, which kind."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ceasefire.look.forms import CodeField, NormalisedForm
from incidents.forms.verbs import ReasonForm, VersionForm
from incidents.models import Incident, IncidentLink


class MergeForm(VersionForm):
    """What the kept record takes over, why, and which versions the person compared."""

    kept_version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    take = forms.MultipleChoiceField(
        label=_("Take over"), required=False, widget=forms.CheckboxSelectMultiple
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=400,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": _("Give a reason.")},
    )

    def __init__(self, *args: Any, offered: list[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["take"].choices = offered


class PartForm(ReasonForm):
    """Why two merged records are two after all."""


class LinkForm(NormalisedForm):
    """Another incident by its code, and how the two belong together."""

    kind = forms.ChoiceField(label=_("This incident is"), choices=IncidentLink.Kind.choices)
    other = CodeField(
        label=_("Which incident?"),
        max_length=24,
        help_text=_("Its code, for example INC-2026-000123."),
        error_messages={"required": _("Give the code of an incident.")},
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_other(self) -> Incident:
        """The incident of the code; one that the person may not see is one that is not there."""
        found: Incident | None = (
            Incident.objects.visible_to(self.user).filter(code=self.cleaned_data["other"]).first()
        )
        if found is None:
            raise forms.ValidationError(_("No incident with this code is known here."))
        return found


class PairsForm(NormalisedForm):
    """The import whose list of pairs a button stood on."""

    batch = forms.UUIDField()
