"""Forms of an amendment: what is to change, and the tranches of the new sum."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ceasefire.look.forms import DayField
from grants.exceptions import LessThanHeld
from grants.forms.fields import AmountField
from grants.forms.rows import Row, row_set
from grants.forms.steps import ReasonForm
from grants.services import amendments
from grants.services.proposals import Part


class AmendmentForm(ReasonForm):
    """Another sum of the whole award, another end, or both."""

    new_usd = AmountField(
        label=_("New sum of the whole award, in US dollars"),
        required=False,
        help_text=_("Not the difference. Empty means the sum stays."),
    )
    new_end = DayField(
        label=_("New end"), required=False, help_text=_("Empty means the end stays.")
    )

    field_order = ["new_usd", "new_end", "reason"]

    def clean_new_usd(self) -> Decimal | None:
        value: Decimal | None = self.cleaned_data["new_usd"]
        if value is not None and value < amendments.least(self.grant):
            raise ValidationError(LessThanHeld.message, code="paid")
        return value

    def clean_new_end(self) -> Any:
        ends = self.cleaned_data["new_end"]
        begins = self.grant.actual_start or self.grant.planned_start
        if ends is not None and begins is not None and ends < begins:
            raise ValidationError(_("The end lies before the begin."), code="order")
        return ends

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if self.errors:
            return given
        same_sum = given["new_usd"] in (None, self.grant.approved_usd)
        if same_sum and given["new_end"] in (None, self.grant.planned_end):
            self.add_error(
                "new_usd", ValidationError(_("Give another sum or another end."), code="same")
            )
        return given


class TrancheForm(Row):
    """One tranche of what is not paid yet."""

    planned_usd = AmountField(label=_("Sum, in US dollars"))
    due_on = DayField(label=_("Due on"))
    needs_report = forms.BooleanField(label=_("Only after a report"), required=False)
    needs_visit = forms.BooleanField(label=_("Only after a visit"), required=False)

    field_order = ["planned_usd", "due_on", "needs_report", "needs_visit", "remove"]


class TrancheRows(row_set(TrancheForm, extra=1)):  # type: ignore[misc]
    """The tranches that are still to be paid; with the paid ones they make up the new sum."""

    def __init__(self, *args: Any, to_plan: Decimal, **kwargs: Any) -> None:
        self.to_plan = to_plan
        super().__init__(*args, **kwargs)

    def clean(self) -> None:
        if any(form.errors for form in self.rows()):
            return
        planned = sum((given["planned_usd"] for given in self.filled()), Decimal(0))
        if planned != self.to_plan:
            raise ValidationError(
                _("The tranches come to %(planned)s; they have to come to %(asked)s."),
                code="sum",
                params={"planned": f"{planned:,.2f}", "asked": f"{self.to_plan:,.2f}"},
            )


def parts_of(rows: Any) -> list[Part]:
    """The tranches that a valid set of rows says."""
    return [
        Part(
            planned_usd=given["planned_usd"],
            due_on=given["due_on"],
            needs_report=given["needs_report"],
            needs_visit=given["needs_visit"],
        )
        for given in rows.filled()
    ]
