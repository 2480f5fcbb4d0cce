"""Forms of what is done about a conflict: sessions, follow-ups, truces, settlements, payments."""

import re
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from ceasefire.look.forms import CountField, MomentField, NormalisedForm
from ceasefire.people.models import User
from ceasefire.places.models import Place
from outreach.forms.conflicts import SEALED_HINT, VersionForm, coded, place_choices
from outreach.forms.days import NearDayField
from outreach.models import ConflictParty, FollowUp, TribalSettlement

#: At most 999,999,999,999.99.
AMOUNT = re.compile(r"\d{1,12}(\.\d{1,2})?")


class AmountField(CountField):
    """Money above zero with at most two decimals: "1,500,000" and "١٬٥٠٠٬٠٠٠٫٥٠" are understood."""

    default_error_messages = {
        "invalid": _("Write an amount above zero, for example 1,500,000 or 250.50.")
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.widget.attrs["inputmode"] = "decimal"

    def understand(self, text: str) -> Any:
        text = re.sub(r"[\s٬,،']", "", text).replace("٫", ".")
        if not AMOUNT.fullmatch(text) or not Decimal(text):
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return Decimal(text)

    def prepare_value(self, value: Any) -> Any:
        return f"{value:f}" if isinstance(value, Decimal) else value


class SessionForm(NormalisedForm):
    """One sitting: when, who, what was tried, how it ended."""

    outcome = forms.ChoiceField(
        label=_("How did it end?"),
        choices=coded("mediation_outcome"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Say how it ended.")},
    )
    at = MomentField(
        label=_("When"),
        required=False,
        help_text=_("Empty means now. Else day and time, for example 22/11/2026 23:10."),
    )
    mediators = forms.MultipleChoiceField(
        label=_("Who mediated"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Two are better than one."),
        error_messages={"required": _("Say who mediated.")},
    )
    present = forms.MultipleChoiceField(
        label=_("Which sides were there"), required=False, widget=forms.CheckboxSelectMultiple
    )
    tactics = forms.MultipleChoiceField(
        label=_("What was tried"),
        choices=coded("tactic"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    place = forms.ChoiceField(label=_("Where"), required=False)
    note = forms.CharField(
        label=_("What was said"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=SEALED_HINT,
    )
    nevertheless = forms.CharField(
        label=_("You may not be neutral here. Why do you mediate nevertheless?"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Kept sealed. Your supervisor is told."),
    )
    key = forms.UUIDField(widget=forms.HiddenInput)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    show_optional = False
    use_required_attribute = False

    def __init__(
        self,
        *args: Any,
        people: list[User],
        parties: list[ConflictParty],
        places: list[Place],
        is_warned: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("key", uuid4())
        self.people = {str(person.pk): person for person in people}
        self.parties = {str(party.number): party for party in parties}
        self.places = {place.pcode: place for place in places}
        self.fields["mediators"].choices = [(str(person.pk), person.code_name) for person in people]
        self.fields["present"].choices = [
            (str(party.number), f"{party.letter} · {party.kind_label}") for party in parties
        ]
        self.fields["place"].choices = place_choices(places)
        if not is_warned:
            del self.fields["nevertheless"]

    def facts(self) -> dict[str, Any]:
        """What the service takes, without the moment."""
        given = self.cleaned_data
        return {
            "outcome": given["outcome"],
            "mediators": [self.people[key] for key in given["mediators"]],
            "present": [self.parties[number] for number in given["present"]],
            "tactics": given["tactics"],
            "place": self.places.get(given["place"]),
            "note": given["note"],
            "nevertheless": given.get("nevertheless", ""),
            "key": given["key"],
            "version": given["version"],
        }


class FollowUpForm(VersionForm):
    """How it is there."""

    finding = forms.ChoiceField(
        label=_("How is it there?"),
        choices=FollowUp.Finding.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Say how it is.")},
    )
    note = forms.CharField(
        label=_("In words"), required=False, max_length=1000, help_text=SEALED_HINT
    )


class TruceForm(NormalisedForm):
    """A truce: from when, until when, on whose word."""

    starts_at = MomentField(
        label=_("From"), required=False, help_text=_("Empty means from now on.")
    )
    ends_at = MomentField(
        label=_("Until"),
        help_text=_("Day and time, for example 22/11/2026 23:10."),
        error_messages={"required": _("Say until when.")},
    )
    guarantor = forms.CharField(
        label=_("Guarantor"), required=False, max_length=200, help_text=SEALED_HINT
    )
    key = forms.UUIDField(widget=forms.HiddenInput)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("key", uuid4())


class ExtendForm(VersionForm):
    """Until when it now holds."""

    until = MomentField(
        label=_("Holds until"),
        help_text=_("Day and time, for example 22/11/2026 23:10."),
        error_messages={"required": _("Say until when.")},
    )

    use_required_attribute = False


class TruceEndForm(VersionForm):
    """How it ended, or that it was breached and still holds."""

    outcome = forms.ChoiceField(
        label=_("What happened?"),
        choices=[
            ("kept", _("It was kept to its end")),
            ("breach", _("It was breached and still holds")),
            ("broken", _("It is broken")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Say what happened.")},
    )
    words = forms.CharField(
        label=_("In words"), required=False, max_length=1000, help_text=SEALED_HINT
    )


class SettlementForm(VersionForm):
    """The tribe's settlement. Terms and guarantor are sealed."""

    sits_on = NearDayField(
        label=_("Day of the settlement session"),
        ahead=366,
        required=False,
        help_text=_("Day/month/year"),
    )
    compensation_due = AmountField(label=_("Compensation agreed"), required=False)
    currency = forms.ChoiceField(
        label=_("Currency"),
        choices=TribalSettlement.Currency.choices,
        initial=TribalSettlement.Currency.IQD,
    )
    guarantor = forms.CharField(
        label=_("Guarantor"), required=False, max_length=200, help_text=SEALED_HINT
    )
    displaced = forms.BooleanField(label=_("Somebody has to move away"), required=False)
    terms = forms.CharField(
        label=_("Terms: who moves away, and what else was agreed"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=SEALED_HINT,
    )
    pledged_on = NearDayField(
        label=_("Written pledge given on"), required=False, help_text=_("Day/month/year")
    )

    show_optional = False
    use_required_attribute = False

    def facts(self) -> dict[str, Any]:
        names = ("sits_on", "compensation_due", "currency", "displaced", "pledged_on")
        return {name: self.cleaned_data[name] for name in names}


class PaymentForm(NormalisedForm):
    """A part of the compensation that was handed over."""

    amount = AmountField(label=_("Amount"), error_messages={"required": _("Write the amount.")})
    paid_on = NearDayField(label=_("Paid on"), required=False, help_text=_("Empty means today."))
    key = forms.UUIDField(widget=forms.HiddenInput)

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("key", uuid4())
