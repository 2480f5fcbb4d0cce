"""The form of a risk sheet: one row a risk."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from grants.forms.proposals import NO_ANSWER
from grants.forms.rows import Row, row_set
from grants.models import Grant, Officer
from grants.services.risks import Line


class RiskForm(Row):
    """One risk; from medium on with what is done about it and who sees to that."""

    text = forms.CharField(
        label=_("What may go wrong"),
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("No names of persons."),
    )
    level = forms.ChoiceField(label=_("Level"), choices=[NO_ANSWER, *Grant.Risk.choices])
    mitigation = forms.CharField(
        label=_("What is done about it"),
        required=False,
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Needed from medium on."),
    )
    owner = forms.ModelChoiceField(
        Officer.objects.none(),
        label=_("Who sees to it"),
        required=False,
        empty_label=_("Nobody"),
        help_text=_("Needed from medium on."),
    )

    field_order = ["text", "level", "mitigation", "owner", "remove"]

    def __init__(self, *args: Any, owners: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = owners
        self.fields["owner"].label_from_instance = lambda one: one.code_name

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("level") in (Grant.Risk.MEDIUM, Grant.Risk.HIGH):
            for name, words in (
                ("mitigation", _("Say what is done about it: the level asks for it.")),
                ("owner", _("Choose who sees to it: the level asks for it.")),
            ):
                if name not in self.errors and not given.get(name):
                    self.add_error(name, ValidationError(words, code="required"))
        return given


RiskRows = row_set(RiskForm, extra=1)


def risks_of(rows: Any) -> list[Line]:
    """The risks that a valid set of rows says."""
    return [
        Line(
            level=given["level"],
            text=given["text"],
            mitigation=given["mitigation"],
            owner=given["owner"],
        )
        for given in rows.filled()
    ]
