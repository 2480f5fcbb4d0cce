"""Forms of needs, plan, referrals, notes, transfers and the handover."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from ceasefire import codes
from ceasefire.look.forms import DayField, NormalisedForm
from ceasefire.people.models import User
from outreach.models import NeedsAssessment, Participant, Referral
from outreach.services import needs, notes, plans, referrals, transfers

#: A domain of the needs that nobody asked about: an answer that can be chosen again.
NOT_ASKED = "-"
SEALED = _("Kept sealed. Read by those on the case.")


def _severity(value: str) -> int | None:
    return None if value == NOT_ASKED else int(value)


def _codes(name: str) -> Any:
    return lambda: codes.choices(name)


def _words(label: Any, most: int, *, rows: int = 4, required: bool = False) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=most,
        required=required,
        widget=forms.Textarea(attrs={"rows": rows, "dir": "auto", "autocomplete": "off"}),
        help_text=SEALED,
    )


def _people(label: Any, *, required: bool = True) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label,
        required=required,
        widget=forms.Select(attrs={"class": "form-select"}),
        error_messages={"required": _("Choose somebody.")},
    )


class _Keyed(NormalisedForm):
    """A form with a key of its own, so that it records once however often it arrives."""

    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("key", uuid4())


class NeedsForm(_Keyed):
    """How heavy each domain weighs; what nobody asked about stays empty."""

    after = forms.IntegerField(widget=forms.HiddenInput)
    strengths = _words(_("Strengths: what there is to build on"), needs.STRENGTHS_LENGTH)

    def __init__(self, *args: Any, before: dict[str, int] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.domains = codes.choices("need_domain")
        choices = [(NOT_ASKED, _("Not asked")), *NeedsAssessment.SEVERITIES.items()]
        for code, label in self.domains:
            self.fields[f"need_{code}"] = forms.TypedChoiceField(
                label=label,
                choices=choices,
                coerce=_severity,
                empty_value=None,
                required=False,
                initial=(before or {}).get(code, NOT_ASKED),
                widget=forms.RadioSelect,
            )

    def questions(self) -> Iterator[Any]:
        """Each domain as a bound field, in the order of the list."""
        for code, _label in self.domains:
            yield self[f"need_{code}"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and all(number is None for number in self.severities().values()):
            self.add_error(None, _("Say how it is with at least one of them."))
        return cleaned

    def severities(self) -> dict[str, int | None]:
        return {code: self.cleaned_data.get(f"need_{code}") for code, _label in self.domains}

    def facts(self) -> dict[str, Any]:
        """What the service takes."""
        named = {name: self.cleaned_data[name] for name in ("strengths", "after", "key")}
        return {"severities": self.severities(), **named}


class GoalForm(_Keyed):
    """One step of a plan."""

    domain = forms.ChoiceField(
        label=_("About what"),
        choices=_codes("need_domain"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Say about what.")},
    )
    step = _words(_("The step"), plans.STEP_LENGTH, rows=3, required=True)
    due_on = DayField(label=_("Until"))
    owner = _people(_("Who does it"), required=False)

    def __init__(self, *args: Any, people: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {str(person.pk): person for person in people}
        self.fields["owner"].choices = [
            ("", _("The participant")),
            *((key, person.code_name) for key, person in self.people.items()),
        ]

    def facts(self) -> dict[str, Any]:
        return {**self.cleaned_data, "owner": self.people.get(self.cleaned_data["owner"])}


class ReviewForm(NormalisedForm):
    """How the plan goes."""

    note = _words(_("How it goes"), plans.NOTE_LENGTH)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class ReferralForm(_Keyed):
    """To whom, for what."""

    domain = forms.ChoiceField(
        label=_("For what"),
        choices=_codes("need_domain"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Say for what.")},
    )
    provider = forms.CharField(
        label=_("To whom"), max_length=referrals.PROVIDER_LENGTH, help_text=SEALED
    )
    is_warm = forms.BooleanField(label=_("I take him there or call them"), required=False)
    note = _words(_("What was asked for"), referrals.NOTE_LENGTH)
    sent_on = DayField(label=_("Sent on"), required=False, help_text=_("Empty means today."))


class ReferralMoveForm(NormalisedForm):
    """What became of a referral."""

    to = forms.ChoiceField(
        label=_("What became of it?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Say what became of it.")},
    )
    on = DayField(label=_("On"), required=False, help_text=_("Empty means today."))
    confirmed = forms.BooleanField(label=_("The participant says so too"), required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, state: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].choices = [
            (to, Referral.State(to).label) for to in Referral.STEPS.get(state, ())
        ]


class NoteForm(_Keyed):
    """A new note."""

    kind = forms.ChoiceField(
        label=_("About what"),
        choices=_codes("note_kind"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Say about what.")},
    )
    text = _words(_("Note"), notes.TEXT_LENGTH, rows=8, required=True)


class NoteChangeForm(NormalisedForm):
    """One's own note of the last 24 hours."""

    kind = NoteForm.declared_fields["kind"]
    text = NoteForm.declared_fields["text"]
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class AmendForm(_Keyed):
    """What is added to a locked note."""

    text = _words(_("What is to be added"), notes.TEXT_LENGTH, rows=5, required=True)


class _BeyondForm(_Keyed):
    """A form that gives cases on; a manager may go beyond the hard cap and says why."""

    beyond = _words(_("Beyond the cap: why"), transfers.REASON_LENGTH, rows=2)

    def __init__(self, *args: Any, may_override: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["beyond"].help_text = _("Only where there is no room. Kept sealed.")
        if not may_override:
            del self.fields["beyond"]

    def override_reason(self) -> str:
        return str(self.cleaned_data.get("beyond", ""))


class TransferForm(_BeyondForm):
    """To whom a case is to go."""

    to = _people(_("Who is to take it"))
    reason = _words(_("Why"), transfers.REASON_LENGTH, rows=3)
    field_order = ("to", "reason", "beyond")

    def __init__(self, *args: Any, people: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {str(person.pk): person for person in people}
        self.fields["to"].choices = [
            ("", _("Choose")),
            *((key, person.code_name) for key, person in self.people.items()),
        ]

    def facts(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        return {
            "to": self.people[cleaned["to"]],
            "reason": cleaned["reason"],
            "override_reason": self.override_reason(),
            "key": cleaned["key"],
        }


class HandoverForm(_BeyondForm):
    """Who takes all that somebody carries, and which cases somebody else is to take."""

    rest = _people(_("Who takes everything: cases, places on teams, tasks"))

    def __init__(
        self,
        *args: Any,
        rows: list[Participant],
        takers: dict[Any, list[User]],
        rest: list[User],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.rows = rows
        self.people = {
            str(person.pk): person for people in (*takers.values(), rest) for person in people
        }
        self.fields["rest"].choices = _choose(rest)
        self.takers = takers
        for row in rows:
            field = _people(row.code, required=False)
            field.choices = [
                ("", _("Like everything else")),
                *_choose(takers[row.site_id])[1:],
            ]
            self.fields[f"case_{row.code}"] = field

    def clean(self) -> dict[str, Any]:
        """Who takes everything may carry each case that nobody else is given."""
        cleaned = super().clean() or self.cleaned_data
        rest = cleaned.get("rest")
        for row in self.rows:
            name = f"case_{row.code}"
            may_carry = {str(person.pk) for person in self.takers[row.site_id]}
            if rest and name not in self.errors and not cleaned[name] and rest not in may_carry:
                self.add_error(name, _("Choose somebody."))
        return cleaned

    def lines(self) -> Iterator[dict[str, Any]]:
        """Each case beside its receiver."""
        for row in self.rows:
            yield {"case": row, "field": self[f"case_{row.code}"]}

    def facts(self) -> dict[str, Any]:
        """What the service takes."""
        cleaned = self.cleaned_data
        return {
            "cases_to": {
                row.pk: self.people[cleaned[f"case_{row.code}"] or cleaned["rest"]]
                for row in self.rows
            },
            "rest_to": self.people[cleaned["rest"]],
            "override_reason": self.override_reason(),
            "key": cleaned["key"],
        }


def _choose(people: list[User]) -> list[tuple[str, Any]]:
    return [("", _("Choose")), *((str(person.pk), person.code_name) for person in people)]
