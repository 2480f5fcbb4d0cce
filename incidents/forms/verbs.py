"""Small forms of the verbs: a reason, a grade, another incident's code."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ceasefire.look.forms import CodeField, NormalisedForm
from incidents.forms.rows import coded
from incidents.models import Incident


class VersionForm(NormalisedForm):
    """A verb without words: only which version of the incident the person saw."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class ReasonForm(VersionForm):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": _("Give a reason.")},
    )


class DuplicateForm(VersionForm):
    original = CodeField(
        label=_("Which incident does it repeat?"),
        max_length=24,
        help_text=_("Its code, for example INC-2026-000123."),
        widget=forms.TextInput(attrs={"dir": "ltr"}),
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=400, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class OverrideForm(ReasonForm):
    verification = forms.ChoiceField(label=_("Grade"), choices=Incident.Verification.choices)
    field_order = ["verification", "reason", "version"]


class GradeForm(NormalisedForm):
    """How far to trust a source that is there."""

    reliability = forms.ChoiceField(
        label=_("How often has this source been right?"), choices=coded("reliability")
    )
    credibility = forms.ChoiceField(label=_("Does it hold together?"), choices=coded("credibility"))
    same_origin_as = forms.ChoiceField(label=_("Comes from the same origin as"), required=False)

    def __init__(self, *args: Any, source: Any, others: list[Any], **kwargs: Any) -> None:
        kwargs.setdefault(
            "initial",
            {
                "reliability": source.reliability,
                "credibility": source.credibility,
                "same_origin_as": str(source.same_origin_as_id or ""),
            },
        )
        super().__init__(*args, **kwargs)
        self.others = {str(other.pk): other for other in others if other.pk != source.pk}
        self.fields["same_origin_as"].choices = [
            ("", _("None of the others")),
            *[(key, other.label) for key, other in self.others.items()],
        ]

    def origin(self) -> Any:
        return self.others.get(self.cleaned_data["same_origin_as"])


class RevealForm(NormalisedForm):
    """Which sealed name is asked for, and why."""

    row = forms.UUIDField(widget=forms.HiddenInput, required=False)
    #: Instead of a row of the record one of a form that is kept (`services.address_of`).
    kept = forms.CharField(widget=forms.HiddenInput, required=False, max_length=80)
    field = forms.ChoiceField(
        choices=[("name", ""), ("contact", "")], widget=forms.HiddenInput, initial="name"
    )
    reason = forms.CharField(
        label=_("Why do you need it?"),
        max_length=400,
        widget=forms.TextInput,
        error_messages={"required": _("Give a reason.")},
    )
