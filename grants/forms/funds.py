"""Forms of funds, rules, seats and exchange rates."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ceasefire.look.forms import CodeField, CountField, DayField
from ceasefire.periods import today
from grants.forms.fields import AmountField, NumberField, PlainText
from grants.forms.payments import MOST, past_day, reason_field
from grants.forms.rows import Row, row_set
from grants.models import AuthorityRole, AwardType, ExchangeRate, Officer

_DAYS = {"required": _("Write a number of days.")}


def _days(label: Any, hint: Any) -> CountField:
    return CountField(label=label, help_text=hint, most=3650, error_messages=_DAYS)


class FundFactsForm(PlainText):
    """What of a fund may be changed; the ceiling has a form of its own."""

    name_en = forms.CharField(
        label=_("Name in English"),
        max_length=120,
        error_messages={"required": _("Give a name.")},
    )
    name_ar = forms.CharField(
        label=_("Name in Arabic"),
        max_length=120,
        error_messages={"required": _("Give a name.")},
    )
    donor_ref = forms.CharField(label=_("Donor's reference"), max_length=60, required=False)
    start = DayField(label=_("Begins on"), error_messages={"required": _("Say on which day.")})
    end = DayField(label=_("Ends on"), error_messages={"required": _("Say on which day.")})
    clearance_days = _days(_("A clearance holds (days)"), _("Then names are screened again."))
    closeout_days = _days(_("Closeout is due (days)"), _("After the day the work ended."))
    accounted_pct = CountField(
        label=_("Receipts before the next tranche (percent)"),
        help_text=_("Of the advances before it."),
        most=100,
        error_messages={"required": _("Write a percentage.")},
    )
    split_days = _days(
        _("Awards looked at together (days)"),
        _("To one grantee, vendor or site; at their sum where it passes a ceiling."),
    )
    hawala_enabled = forms.BooleanField(label=_("Payments through money agents"), required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        start, end = cleaned.get("start"), cleaned.get("end")
        if start and end and end <= start:
            self.add_error("end", _("A fund ends after it begins."))
        for name in ("clearance_days", "closeout_days", "split_days"):
            if cleaned.get(name) == 0:
                self.add_error(name, _("At least one day."))
        return cleaned

    def facts(self) -> dict[str, Any]:
        """What the verb takes."""
        return {key: value for key, value in self.cleaned_data.items() if key != "version"}


class FundForm(FundFactsForm):
    """A new fund."""

    code = CodeField(
        label=_("Code"),
        max_length=20,
        error_messages={"required": _("Write the fund's code.")},
        help_text=_("For example QRF-FY27. It stands in every report."),
    )
    ceiling_usd = AmountField(
        label=_("Ceiling (USD)"),
        most=MOST["USD"],
        error_messages={"required": _("Write the amount.")},
    )
    field_order = ("code", "name_en", "name_ar", "ceiling_usd")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["version"]
        for name, value in (
            ("clearance_days", 180),
            ("closeout_days", 90),
            ("accounted_pct", 80),
            ("split_days", 90),
        ):
            self.initial.setdefault(name, value)

    def clean_code(self) -> str:
        code = str(self.cleaned_data["code"])
        if not code.replace("-", "").isalnum() or not code.isascii():
            raise forms.ValidationError(_("Letters, digits and hyphens only."))
        return code


class CeilingForm(PlainText):
    """Another ceiling."""

    ceiling_usd = AmountField(
        label=_("Ceiling (USD)"),
        most=MOST["USD"],
        error_messages={"required": _("Write the amount.")},
    )


class LevelRow(Row):
    """A level of approval for a span of sums, as a row of a what-if."""

    award_type = forms.ChoiceField(
        label=_("Award type"),
        choices=[("", _("Choose")), *AwardType.choices],
        error_messages={"required": _("Choose the type.")},
    )
    role = forms.ChoiceField(
        label=_("Level of approval"),
        choices=[("", _("Choose")), *AuthorityRole.choices],
        error_messages={"required": _("Choose the level.")},
    )
    min_amount_usd = AmountField(
        label=_("From (USD)"),
        above_zero=False,
        most=MOST["USD"],
        error_messages={"required": _("Write the amount.")},
    )
    max_amount_usd = AmountField(
        label=_("Up to (USD)"),
        most=MOST["USD"],
        error_messages={"required": _("Write the amount.")},
    )
    quorum = CountField(
        label=_("How many have to agree"), most=9, error_messages={"required": _("At least one.")}
    )
    sequence = CountField(
        label=_("Step in the order"), most=9, error_messages={"required": _("At least one.")}
    )

    field_order = (
        "award_type",
        "role",
        "min_amount_usd",
        "max_amount_usd",
        "quorum",
        "sequence",
        "remove",
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        low, high = cleaned.get("min_amount_usd"), cleaned.get("max_amount_usd")
        if low is not None and high is not None and high <= low:
            self.add_error("max_amount_usd", _("This is above the amount it begins from."))
        for name in ("quorum", "sequence"):
            if cleaned.get(name) == 0:
                self.add_error(name, _("At least one."))
        return cleaned


class RuleForm(LevelRow):
    """A rule that is proposed."""

    valid_from = DayField(
        label=_("Holds from"), error_messages={"required": _("Say on which day.")}
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["remove"]
        for name, value in (
            ("min_amount_usd", 0),
            ("quorum", 1),
            ("sequence", 1),
            ("valid_from", today()),
        ):
            self.initial.setdefault(name, value)


LevelRows = row_set(LevelRow)


class SeatForm(PlainText):
    """Who is to sit on a level of approval."""

    who = forms.ModelChoiceField(
        Officer.objects.none(),
        label=_("Officer"),
        empty_label=_("Choose"),
        error_messages={"required": _("Choose somebody.")},
    )
    role = forms.ChoiceField(
        label=_("Level of approval"),
        choices=[("", _("Choose")), *AuthorityRole.choices],
        error_messages={"required": _("Choose the level.")},
    )
    valid_from = DayField(label=_("Sits from"), error_messages={"required": _("Say on which day.")})

    def __init__(self, *args: Any, me: Officer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        approvers = Officer.objects.filter(is_active=True, duties__contains=["approver"])
        self.fields["who"].queryset = approvers.exclude(pk=me.pk)
        self.initial.setdefault("valid_from", today())


class EndForm(PlainText):
    """From which day on something holds no more."""

    on = DayField(
        label=_("Holds no more from"), error_messages={"required": _("Say on which day.")}
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("on", today())


class RateForm(PlainText):
    """A day's exchange rate."""

    day = past_day(_("Day"))
    source = forms.ChoiceField(
        label=_("Source"),
        choices=ExchangeRate.Source.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose the source.")},
    )
    iqd_per_usd = NumberField(
        label=_("Dinars for one dollar"),
        places=6,
        above_zero=True,
        most=999_999_999,
        error_messages={"required": _("Write the rate.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("day", today())


class RefuseForm(PlainText):
    """Why a proposal is refused."""

    reason = reason_field()
