"""What the steps of a grant ask for."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ceasefire import periods
from ceasefire.look.forms import DayField
from grants.forms.fields import AmountField, PlainText
from grants.forms.proposals import NO_ANSWER, PastDayField, VersionForm
from grants.models import Finding, Grant


class StepForm(PlainText):
    """A step that asks for nothing more."""

    show_optional = False
    use_required_attribute = False

    def __init__(self, *args: Any, grant: Grant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.grant = grant


class SubmitForm(VersionForm):
    """Hand in what stands on the page, and nothing that somebody wrote since."""

    def __init__(self, *args: Any, grant: Grant, **kwargs: Any) -> None:
        kwargs["initial"] = {"version": grant.version, **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)


class ReasonForm(StepForm):
    """Why."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Kept for good and read by auditors. No names of persons."),
    )


class AskReopeningForm(ReasonForm):
    """For which finding a closed grant is to be opened again, and why."""

    finding = forms.ModelChoiceField(
        Finding.objects.none(), label=_("Finding"), empty_label=None, widget=forms.RadioSelect
    )

    field_order = ["finding", "reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["finding"]
        field.queryset = self.grant.findings.filter(closed_at__isnull=True)
        field.label_from_instance = finding_words


def finding_words(finding: Finding) -> str:
    """How a choice names a finding."""
    words = {"number": finding.number, "text": finding.text[:100]}
    return _("Finding %(number)s: %(text)s") % words


class RejectionForm(ReasonForm):
    """Why a grant is rejected at vetting; the requester reads it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = _(
            "The requester is shown it: say nothing of what a list holds."
        )


class ReviewForm(StepForm):
    """The level of risk, and conditions."""

    risk = forms.ChoiceField(label=_("Level of risk"), choices=[NO_ANSWER, *Grant.Risk.choices])
    conditions = forms.CharField(
        label=_("Conditions"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["risk"].help_text = _("The level of the gravest risk on the risk sheet.")


class ClearForm(StepForm):
    """Until when a clearance holds."""

    valid_to = DayField(label=_("Holds until"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["valid_to"].help_text = _(
            "At most %(days)s days from today; empty means as long as the fund allows."
        ) % {"days": self.grant.fund.clearance_days}

    def clean_valid_to(self) -> Any:
        until = self.cleaned_data["valid_to"]
        if until is not None and until < periods.today():
            raise ValidationError(_("This day is over already."), code="past")
        return until


class ApproveForm(StepForm):
    """What is approved, and under which conditions."""

    amount_usd = AmountField(label=_("Approved, in US dollars"))
    conditions = forms.CharField(
        label=_("Conditions"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, so_far: Decimal | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["amount_usd"]
        self.so_far = so_far
        self.initial.setdefault(
            "amount_usd", so_far if so_far is not None else self.grant.requested_usd
        )
        field.help_text = (
            _("The approvals before named this sum; all name the same.")
            if so_far is not None
            else _("At most what was asked for.")
        )

    def clean_amount_usd(self) -> Decimal:
        value: Decimal = self.cleaned_data["amount_usd"]
        if value > self.grant.requested_usd:
            raise ValidationError(_("This is more than was asked for."), code="too_much")
        if self.so_far is not None and value != self.so_far:
            raise ValidationError(
                _("The approvals before named another sum: %(sum)s."),
                code="other_sum",
                params={"sum": f"{self.so_far:,.2f}"},
            )
        return value


class CompleteForm(StepForm):
    """When the work ended."""

    actual_end = PastDayField(label=_("Day on which the work ended"))

    def clean_actual_end(self) -> Any:
        ended = self.cleaned_data["actual_end"]
        begun = self.grant.actual_start
        if begun is not None and ended is not None and ended < begun:
            raise ValidationError(_("This lies before the work began."), code="order")
        return ended


class TerminateForm(ReasonForm):
    """Why an award ends early, and what is to come back."""

    recovery_usd = AmountField(
        label=_("To be recovered, in US dollars"),
        above_zero=False,
        required=False,
        help_text=_("Empty means nothing."),
    )

    field_order = ["recovery_usd", "reason"]

    def clean_recovery_usd(self) -> Decimal:
        value: Decimal = self.cleaned_data["recovery_usd"] or Decimal(0)
        if value > self.grant.net_disbursed_usd:
            raise ValidationError(_("This is more than was paid."), code="too_much")
        return value
