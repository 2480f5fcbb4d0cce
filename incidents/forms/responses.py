"""Forms of the 72-hour board: who, what was done, what is next, how it ended, the watch."""

from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from ceasefire.look.forms import CountField, MomentField, NormalisedForm
from ceasefire.people.models import User
from incidents.forms.rows import NO_NAMES, coded, refuse_names, say_names
from incidents.models import IncidentResponse, RetaliationWatch

NOBODY = ("", _("Nobody"))


def _one_of(people: list[User]) -> list[tuple[str, Any]]:
    return [NOBODY, *[(str(person.pk), person.code_name) for person in people]]


class _WordsForm(NormalisedForm):
    """A form with a text in which no name should stand; `checked` names the texts."""

    checked: tuple[str, ...] = ()

    def __init__(self, *args: Any, by: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by = by
        self.names_found = False

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("names_checked"):
            for name in self.checked:
                found = refuse_names(cleaned.get(name, ""), by=self.by)
                say_names(self, name, found)
                self.names_found = self.names_found or bool(found)
        if not self.names_found and not cleaned.get("names_checked"):
            self.fields["names_checked"].widget = forms.HiddenInput()
        return cleaned


class ActionForm(_WordsForm):
    """What was done for an incident."""

    checked = ("next_step", "words")

    kind = forms.ChoiceField(
        label=_("What was done"),
        choices=coded("response_action"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Say what was done.")},
    )
    at = MomentField(
        label=_("When"),
        required=False,
        help_text=_("Empty means now. Else day and time, for example 22/11/2026 23:10."),
    )
    people_reached = CountField(
        label=_("People reached"), most=20_000, required=False, help_text=_("Empty: not known.")
    )
    materials = CountField(label=_("Leaflets, posters"), most=100_000, required=False)
    words = forms.CharField(
        label=_("What came of it, without names"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    next_step = forms.CharField(label=_("Next step"), max_length=200, required=False)
    names_checked = forms.BooleanField(label=NO_NAMES, required=False)
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("key", uuid4())
        if not self.is_bound:
            self.fields["names_checked"].widget = forms.HiddenInput()

    def facts(self) -> dict[str, Any]:
        """What the service takes."""
        return {name: value for name, value in self.cleaned_data.items() if name != "names_checked"}


class AssignForm(NormalisedForm):
    """Who has it."""

    to = forms.ChoiceField(
        label=_("Who has it"),
        required=False,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, people: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {str(person.pk): person for person in people}
        self.fields["to"].choices = _one_of(people)

    def person(self) -> User | None:
        return self.people.get(self.cleaned_data["to"])


class NamedForm(NormalisedForm):
    """One of some people."""

    person = forms.ChoiceField(
        label=_("Field staff of the site"), error_messages={"required": _("Choose somebody.")}
    )

    def __init__(self, *args: Any, people: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {str(one.pk): one for one in people}
        self.fields["person"].choices = [(str(one.pk), one.code_name) for one in people]

    def chosen(self) -> User:
        """The person; after the form was found valid."""
        return self.people[self.cleaned_data["person"]]


class NameForm(NamedForm):
    """Whom a sensitive incident is opened to."""

    def __init__(self, *args: Any, people: list[User], **kwargs: Any) -> None:
        super().__init__(*args, people=people, **kwargs)
        self.fields["person"].choices = [("", _("Choose")), *self.fields["person"].choices]


class NextStepForm(_WordsForm):
    """What is next, in a few words."""

    checked = ("next_step",)

    next_step = forms.CharField(label=_("Next step"), max_length=200, required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    names_checked = forms.BooleanField(label=NO_NAMES, required=False, widget=forms.HiddenInput)


class CloseForm(NormalisedForm):
    """Why there will be no community response."""

    reason = forms.ChoiceField(
        label=_("Why"),
        choices=[(one.value, one.label) for one in IncidentResponse.BY_HAND],
        error_messages={"required": _("Give a reason.")},
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class WatchersForm(NormalisedForm):
    """Who watches which side."""

    victim_side = forms.ChoiceField(label=RetaliationWatch.Side.VICTIM.label, required=False)
    other_side = forms.ChoiceField(label=RetaliationWatch.Side.OTHER.label, required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, people: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {str(person.pk): person for person in people}
        for name in ("victim_side", "other_side"):
            self.fields[name].choices = _one_of(people)

    def watchers(self) -> dict[str, User | None]:
        return {
            name: self.people.get(self.cleaned_data[name]) for name in ("victim_side", "other_side")
        }


class CheckForm(_WordsForm):
    """How a side was found."""

    checked = ("words",)

    side = forms.ChoiceField(label=_("Which side"), choices=RetaliationWatch.Side.choices)
    finding = forms.ChoiceField(
        label=_("How is it there?"),
        choices=coded("watch_finding"),
        error_messages={"required": _("Say how it is there.")},
    )
    words = forms.CharField(label=_("In words, without names"), max_length=400, required=False)
    names_checked = forms.BooleanField(label=NO_NAMES, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, sides: list[str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if sides:
            self.fields["side"].choices = [
                choice for choice in RetaliationWatch.Side.choices if choice[0] in sides
            ]


class EndForm(NormalisedForm):
    """How the watch ended."""

    outcome = forms.ChoiceField(
        label=_("How it ended"),
        choices=[one for one in RetaliationWatch.Outcome.choices if one[0] != "stopped"],
    )
