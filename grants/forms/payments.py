"""Forms of money: payments, refunds, verified expenses, reversals, tranches."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from ceasefire import money
from ceasefire.look.forms import DayField
from ceasefire.look.numbers import number_text
from ceasefire.periods import today
from grants.forms.fields import AmountField, NumberField, PlainText
from grants.forms.rows import Row, row_set
from grants.models import (
    BudgetLine,
    Currency,
    Document,
    DocumentType,
    ExchangeRate,
    Grant,
    Officer,
    Organisation,
    PaymentRequest,
    Tranche,
)

#: What the columns of amounts hold.
MOST = {"USD": 999_999_999, "IQD": 999_999_999_999}


def reason_field(label: Any = None) -> forms.CharField:
    """A reason that whoever reads the ledger later understands."""
    return forms.CharField(
        label=label or _("Reason"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto", "autocomplete": "off"}),
        error_messages={"required": _("Give a reason.")},
    )


def past_day(label: Any, **facts: Any) -> DayField:
    """A day that has come; the verbs say more."""
    return DayField(label=label, error_messages={"required": _("Say on which day.")}, **facts)


def typed_day(typed: Any) -> date:
    """The day that somebody typed into a form's `on`; today where it is none yet, or no day."""
    try:
        return DayField(required=False).clean((typed or {}).get("on", "")) or today()
    except ValidationError:
        return today()


class RateField(forms.ModelChoiceField):
    """A confirmed exchange rate that was not withdrawn."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            ExchangeRate.objects.filter(confirmed_at__isnull=False, withdrawn_at__isnull=True),
            empty_label=_("No rate: dollars"),
            required=False,
            **kwargs,
        )
        self.error_messages["invalid_choice"] = _(
            "This rate does not count on that day. Choose one of those that do."
        )

    def offer(self, keys: Iterable[Any]) -> None:
        """Offer these rates, the last of each source for the day; others are refused."""
        self.queryset = self.queryset.filter(pk__in=list(keys))  # type: ignore[union-attr]

    def label_from_instance(self, obj: Any) -> str:
        rate = number_text(obj.iqd_per_usd.normalize() + 0, places=None)
        return f"{obj.day:%d/%m/%Y} · {obj.get_source_display()} · {rate}"


class DocumentField(forms.ModelChoiceField):
    """A paper of the grant, of some types, that nothing supersedes."""

    def label_from_instance(self, obj: Any) -> str:
        title = f" · {obj.title}" if obj.title else ""
        return f"{obj.get_type_display()}{title} · {obj.uploaded_at:%d/%m/%Y} · {obj.sha256[:8]}"


class _InACurrency(PlainText):
    """An amount with its currency, and for dinars the rate; `after` is what the form showed."""

    amount = NumberField(
        label=_("Amount"),
        places=3,
        above_zero=True,
        most=MOST["IQD"],
        error_messages={"required": _("Write the amount.")},
    )
    currency = forms.ChoiceField(
        label=_("Currency"), choices=Currency.choices, widget=forms.RadioSelect, initial="USD"
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        currency, amount = cleaned.get("currency"), cleaned.get("amount")
        if currency and amount is not None:
            try:
                cleaned["amount"] = money.amount(amount, currency)
            except money.BadAmount:
                self.add_error("amount", _PLACES[currency])
            else:
                if amount > MOST[currency]:
                    self.add_error("amount", _("This is more than is ever paid."))
        wants_rate = currency == "IQD" and "rate" in self.fields and "rate" not in self.errors
        if wants_rate and cleaned.get("rate") is None:
            self.add_error("rate", _("Dinars need a rate. Choose one."))
        if currency == "USD" and cleaned.get("rate") is not None:
            cleaned["rate"] = None
        return cleaned


_PLACES: dict[str, Any] = {
    "USD": _("Dollars have at most two decimal places."),
    "IQD": _("Dinars have at most three decimal places."),
}


class AskForm(_InACurrency):
    """A payment asked for on a tranche."""

    tranche = forms.TypedChoiceField(
        label=_("Tranche"), coerce=int, error_messages={"required": _("Choose the tranche.")}
    )
    method = forms.ChoiceField(label=_("Method"))
    voucher_no = forms.CharField(
        label=_("Voucher number"),
        max_length=40,
        widget=forms.TextInput(attrs={"dir": "ltr"}),
        error_messages={"required": _("Write the number of the voucher.")},
    )
    payee = forms.ModelChoiceField(
        Organisation.objects.none(),
        label=_("Payee"),
        empty_label=_("Choose"),
        error_messages={"required": _("Choose the payee.")},
        help_text=_("The grantee, the implementer, or the vendor that was chosen."),
    )
    invoiced_on = past_day(_("Day of the invoice"))
    evidence = DocumentField(
        Document.objects.none(),
        label=_("Evidence for the tranche before, or the invoice"),
        required=False,
        empty_label=_("None"),
    )
    field_order = (
        "tranche",
        "amount",
        "currency",
        "method",
        "voucher_no",
        "payee",
        "invoiced_on",
        "evidence",
    )

    def __init__(
        self,
        *args: Any,
        grant: Grant,
        tranches: Iterable[Tranche],
        payees: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.tranches = {one.number: one for one in tranches}
        self.fields["tranche"].choices = [
            (
                number,
                _("%(number)d · %(left)s USD unpaid")
                % {
                    "number": number,
                    "left": number_text(one.planned_usd - one.paid_usd, places=2),
                },
            )
            for number, one in self.tranches.items()
        ]
        methods = PaymentRequest.Method
        self.fields["method"].choices = [
            one
            for one in methods.choices
            if one[0] != methods.HAWALA_AGENT or grant.fund.hawala_enabled
        ]
        self.fields["payee"].queryset = payees
        self.fields["payee"].label_from_instance = lambda one: f"{one.name} · {one.code}"
        self.fields["evidence"].queryset = _papers(
            grant,
            DocumentType.EVIDENCE,
            DocumentType.INVOICE,
            DocumentType.PAYMENT_REQUEST,
            DocumentType.PAYROLL,
        )

    def facts(self) -> dict[str, Any]:
        """What the verb takes."""
        return {key: value for key, value in self.cleaned_data.items() if key != "tranche"}


def _papers(grant: Grant, *types: str) -> Any:
    return Document.objects.filter(grant=grant, type__in=types).in_order().order_by("-uploaded_at")


class CertifyForm(PlainText):
    """To which budget lines an invoice belongs, and why it goes on where something is alike.

    A budget of one line asks for nothing; `used` is what the invoices before used of each line.
    """

    reason = reason_field(_("Why it goes on"))

    show_optional = False

    def __init__(
        self,
        *args: Any,
        payment: PaymentRequest,
        lines: Iterable[BudgetLine],
        used: Mapping[Any, Decimal],
        asks_reason: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._reason = self.fields.pop("reason")
        self.lines = {one.number: one for one in lines}
        for number, line in self.lines.items() if len(self.lines) > 1 else ():
            self.fields[f"line_{number}"] = NumberField(
                label=format_html("<bdi>{}</bdi>", line.description),
                places=money.PLACES[payment.currency],
                required=False,
                most=MOST[payment.currency],
                help_text=_("Budget %(sum)s USD, used so far %(used)s USD")
                % {
                    "sum": number_text(line.amount_usd, places=2),
                    "used": number_text(used.get(line.pk, Decimal(0)), places=2),
                },
            )
        if asks_reason:
            self.ask_reason()

    def ask_reason(self) -> None:
        """Ask why it goes on: something is alike, or a line is used up."""
        self.fields["reason"] = self._reason

    def matched(self) -> dict[int, Decimal] | None:
        """How much of the invoice belongs to each budget line; None where the form did not ask."""
        if len(self.lines) < 2:
            return None
        given = {number: self.cleaned_data.get(f"line_{number}") for number in self.lines}
        return {number: value for number, value in given.items() if value}


class PayForm(PlainText):
    """The payment of what was certified."""

    on = past_day(_("Paid on"))
    rate = RateField(label=_("Exchange rate"))
    proof = DocumentField(
        Document.objects.none(),
        label=_("Payee's signature or transfer proof"),
        empty_label=_("Choose"),
        error_messages={"required": _("Choose the paper. It is put on file under Documents.")},
    )
    witness = forms.ModelChoiceField(
        Officer.objects.none(),
        label=_("Second witness"),
        required=False,
        empty_label=_("Nobody"),
        help_text=_("Cash needs one: neither who asked nor who pays."),
    )
    #: Asked for where the proof stands with another payment, too.
    reason = reason_field(_("Why this proof, which another payment has, too"))

    def __init__(
        self,
        *args: Any,
        payment: PaymentRequest,
        payer: Officer,
        rates: Any,
        is_used: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.payment = payment
        if not is_used:
            del self.fields["reason"]
        self.fields["proof"].queryset = _papers(payment.grant, DocumentType.RECEIPT)
        self.fields["witness"].queryset = Officer.objects.filter(is_active=True).exclude(
            pk__in=[payer.pk, payment.requested_by_id]
        )
        if payment.currency == "USD":
            del self.fields["rate"]
        else:
            self.fields["rate"].offer(rates)
            self.fields["rate"].empty_label = _("Choose")
        if payment.method != PaymentRequest.Method.CASH:
            self.fields["witness"].help_text = ""
        self.initial.setdefault("on", today())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "rate" in self.fields and "rate" not in self.errors and cleaned.get("rate") is None:
            self.add_error("rate", _("Dinars need a rate. Choose one."))
        return cleaned


class ReasonForm(PlainText):
    """Why."""

    reason = reason_field()


class _Posting(_InACurrency):
    """A posting by hand; `after` is the number of the grant's last posting that the page showed."""

    on = past_day(_("Day"))
    rate = RateField(label=_("Exchange rate, for dinars"))
    after = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, rates: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rate"].offer(rates)
        self.initial.setdefault("on", today())


class RefundForm(_Posting):
    """Money that came back."""

    reason = reason_field()
    field_order = ("amount", "currency", "rate", "on", "reason", "after")


class ExpenseForm(_Posting):
    """Expenses that were checked against receipts."""

    tranche = forms.TypedChoiceField(
        label=_("Tranche"), coerce=int, empty_value=None, required=False
    )
    field_order = ("tranche", "amount", "currency", "rate", "on", "after")

    def __init__(self, *args: Any, tranches: Iterable[Tranche], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tranches = {one.number: one for one in tranches}
        self.fields["tranche"].choices = [
            ("", _("The whole grant")),
            *((number, str(number)) for number in self.tranches),
        ]


class BindForm(PlainText):
    """What the fund is to be bound to, or freed from."""

    amount = AmountField(
        label=_("Amount (USD)"),
        most=MOST["USD"],
        error_messages={"required": _("Write the amount.")},
    )
    on = past_day(_("Day"))
    reason = reason_field()
    after = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("on", today())


class PartForm(Row):
    """One tranche of the plan; an empty line is none."""

    planned_usd = AmountField(
        label=_("Amount (USD)"),
        most=MOST["USD"],
        error_messages={"required": _("Write the amount.")},
    )
    due_on = DayField(label=_("Due on"), error_messages={"required": _("Say on which day.")})
    needs_report = forms.BooleanField(label=_("After an accepted report"), required=False)
    needs_visit = forms.BooleanField(label=_("After a visit"), required=False)
    field_order = ("planned_usd", "due_on", "needs_report", "needs_visit", "remove")


PartRows = row_set(PartForm)


class PaymentFilters(PlainText):
    """What of the payments is shown."""

    show_optional = False

    waits = forms.ChoiceField(
        label=_("Show"),
        required=False,
        choices=[
            ("", _("What waits")),
            ("certify", _("Waits for certifying")),
            ("pay", _("Waits for paying")),
            ("paid", _("Paid")),
            ("refused", _("Refused")),
            ("all", _("All")),
        ],
    )
    fund = forms.ChoiceField(label=_("Fund"), required=False)
    district = forms.ChoiceField(label=_("District"), required=False)
    method = forms.ChoiceField(
        label=_("Method"),
        required=False,
        choices=[("", _("Any")), *PaymentRequest.Method.choices],
    )
    q = forms.CharField(
        label=_("Voucher or grant"),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"type": "search", "dir": "auto"}),
    )

    def __init__(self, *args: Any, funds: Any, districts: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["fund"].choices = [("", _("Any")), *funds]
        self.fields["district"].choices = [("", _("Any")), *districts]


class StopForm(PlainText):
    """Where the payments of a fund are to stop."""

    fund = forms.ChoiceField(label=_("Fund"), error_messages={"required": _("Choose the fund.")})
    district = forms.ChoiceField(
        label=_("District"), error_messages={"required": _("Choose the district.")}
    )
    reason = reason_field()

    def __init__(self, *args: Any, funds: Any, districts: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["fund"].choices = [("", _("Choose")), *funds]
        self.fields["district"].choices = [("", _("Choose")), *districts]
