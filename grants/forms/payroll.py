"""Payroll lists as they are typed, pasted and sent."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from grants.forms.fields import NumberField, PlainText
from grants.forms.monitoring import Asking
from grants.forms.proposals import PastDayField
from grants.models import Currency, Grant, PaymentRequest, PayrollFlag, PayrollRow
from grants.services import payroll

IQD_PLACES = 3


class _Support(Asking):
    """The payment a list supports and the sum under the paper list."""

    control_total = NumberField(
        label=_("Control total"),
        places=IQD_PLACES,
        above_zero=True,
        most=999_999_999_999,
        help_text=_("The sum written under the paper list, before anything is typed here."),
    )
    payment = forms.ModelChoiceField(
        label=_("Payment it supports"),
        queryset=PaymentRequest.objects.none(),
        required=False,
        empty_label=_("Not asked for yet"),
        help_text=_("The list is certified when rows, control total and payment are one sum."),
    )

    def __init__(self, *args: Any, grant: Grant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["payment"]
        field.queryset = grant.payments.exclude(state="REFUSED").order_by("requested_at")
        field.label_from_instance = payment_words


def payment_words(payment: PaymentRequest) -> str:
    """A payment in a list to choose from."""
    places = 2 if payment.currency == Currency.USD else 0
    return f"{payment.voucher_no} · {payment.amount:,.{places}f} {payment.currency}"


class NewListForm(_Support):
    """A new list."""

    period_from = PastDayField(label=_("First day"))
    period_to = PastDayField(label=_("Last day"))
    currency = forms.ChoiceField(label=_("Currency"), choices=Currency.choices, initial="IQD")

    field_order = ["period_from", "period_to", "currency", "control_total", "payment"]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        first, last = given.get("period_from"), given.get("period_to")
        if first and last and last < first:
            self.add_error(
                "period_to",
                ValidationError(_("The last day is not before the first."), code="order"),
            )
        payment = given.get("payment")
        if payment is not None and given.get("currency") and payment.currency != given["currency"]:
            self.add_error(
                "payment",
                ValidationError(_("This payment is in another currency."), code="currency"),
            )
        return given


class SupportForm(_Support):
    """The same of a list that was begun."""


class RowForm(Asking):
    """One person, typed."""

    name = forms.CharField(
        label=_("Name"),
        max_length=200,
        help_text=_("In full, with father and grandfather. Kept sealed."),
    )
    phone = forms.CharField(
        label=_("Phone"), max_length=40, required=False, help_text=_("Kept sealed.")
    )
    days = forms.CharField(
        label=_("Days"), max_length=6, widget=forms.TextInput(attrs={"inputmode": "decimal"})
    )
    rate = forms.CharField(
        label=_("Pay for a day"),
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    mark = forms.ChoiceField(label=_("Mark"), choices=PayrollRow.Mark.choices, initial="none")
    image = forms.FileField(
        label=_("Image of the signature or thumb"),
        required=False,
        help_text=_("Only its fingerprint (SHA-256) is kept, to find it again; not the image."),
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        marked = given.get("mark", "none") != PayrollRow.Mark.NONE
        if marked != bool(given.get("image")) and "image" not in self.errors:
            self.add_error(
                "image" if marked else "mark",
                ValidationError(_("Give both the kind of mark and its image, or neither.")),
            )
        elif given.get("image") and given["image"].size > payroll.LARGEST_FILE:
            self.add_error("image", ValidationError(_("This file is too large.")))
        return given

    def worker(self) -> payroll.Worker:
        """What the service takes."""
        given = self.cleaned_data
        image = given.get("image")
        return payroll.Worker(
            name=given["name"],
            phone=given["phone"],
            days=given["days"],
            rate=given["rate"],
            mark=given["mark"],
            mark_hash=payroll.hash_of_mark(image.read()) if image else "",
        )


class RowsForm(PlainText):
    """Many people at once: pasted from a sheet, or a CSV or XLSX file."""

    use_required_attribute = False

    pasted = forms.CharField(
        label=_("Paste the rows"),
        required=False,
        max_length=200_000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "dir": "auto"}),
        help_text=_("Name, phone, days, pay for a day; one person a line, as a sheet copies them."),
    )
    file = forms.FileField(label=_("Or a CSV or XLSX file"), required=False)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        pasted, sent = (given.get("pasted") or "").strip(), given.get("file")
        if bool(pasted) == bool(sent):
            raise ValidationError(_("Paste the rows or choose a file."), code="one")
        if sent and sent.size > payroll.LARGEST_FILE:
            raise ValidationError(_("This file is too large."), code="large")
        return given

    def content(self) -> str | bytes:
        """What is to be read."""
        sent = self.cleaned_data.get("file")
        read: bytes | str = sent.read() if sent else self.cleaned_data["pasted"]
        return read


class DecideForm(Asking):
    """What somebody says of some signs."""

    flags = forms.ModelMultipleChoiceField(
        label=_("Signs"),
        queryset=PayrollFlag.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one sign.")},
    )
    verdict = forms.ChoiceField(
        label=_("What is it?"), choices=PayrollFlag.Verdict.choices, widget=forms.RadioSelect
    )
    reason = forms.CharField(
        label=_("Why?"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("No names of persons: say the numbers of the rows."),
    )

    def __init__(self, *args: Any, flags: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["flags"]
        field.queryset = flags
        field.label_from_instance = flag_words


def flag_words(flag: PayrollFlag) -> str:
    """A sign in a sentence, by the numbers of its rows."""
    said = str(flag.get_kind_display())
    if flag.row is None:
        return f"{said} ({flag.found_with})"
    rows = [_("row %(number)d") % {"number": flag.row.number}]
    if flag.other is not None:
        if flag.other.list_id == flag.list_id:
            rows.append(_("row %(number)d") % {"number": flag.other.number})
        else:
            rows.append(
                _("row %(number)d of list %(list)d of %(ref)s")
                % {
                    "number": flag.other.number,
                    "list": flag.other.list.number,
                    "ref": flag.other.list.grant.ref,
                }
            )
    return f"{said}: {' · '.join(rows)}"
