"""Forms of contacts: two taps, many at once, the whole, and what was wrong with one."""

from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from ceasefire import codes
from ceasefire.look.forms import CountField, DayField, MomentField, NormalisedForm
from ceasefire.people.models import User

NOT_ASKED = ("", _("Not looked at"))


def _codes(name: str) -> Any:
    return lambda: codes.choices(name)


class _Keyed(NormalisedForm):
    """A form with a key of its own, so that it records once however often it arrives."""

    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("key", uuid4())


class SeenForm(_Keyed):
    """How somebody was met just now; each way is a button that sends."""

    mode = forms.ChoiceField(
        label=_("How?"),
        choices=_codes("contact_mode"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Say how.")},
    )
    risk_signal = forms.ChoiceField(
        label=_("How is it with him?"),
        choices=lambda: [NOT_ASKED, *codes.choices("risk_signal")],
        required=False,
        widget=forms.RadioSelect,
    )


class ManyForm(_Keyed):
    """The same way for several."""

    mode = forms.ChoiceField(choices=_codes("contact_mode"))


class ContactForm(_Keyed):
    """A contact with everything that can be said of it."""

    mode = forms.ChoiceField(
        label=_("How?"),
        choices=_codes("contact_mode"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Say how.")},
    )
    attempt_only = forms.BooleanField(label=_("Not met, only tried"), required=False)
    at = MomentField(
        label=_("When"),
        required=False,
        help_text=_("Empty means now. Else day and time, for example 22/11/2026 23:10."),
    )
    minutes = CountField(
        label=_("Minutes"), most=1440, required=False, help_text=_("Empty: not known.")
    )
    risk_signal = forms.ChoiceField(
        label=_("How is it with him?"),
        choices=lambda: [NOT_ASKED, *codes.choices("risk_signal")],
        required=False,
        widget=forms.RadioSelect,
    )
    topics = forms.MultipleChoiceField(
        label=_("About what"),
        choices=_codes("contact_topic"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    note = forms.CharField(
        label=_("Note"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Kept sealed. Read by those on the case."),
    )
    next_contact_on = DayField(label=_("Next visit"), required=False)
    accompanied_by = forms.ChoiceField(
        label=_("Together with"),
        required=False,
        widget=forms.Select(attrs={"class": "form-select"}),
    )

    def __init__(self, *args: Any, people: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {str(person.pk): person for person in people}
        self.fields["accompanied_by"].choices = [
            ("", _("Nobody")),
            *((key, person.code_name) for key, person in self.people.items()),
        ]

    def clean_minutes(self) -> int | None:
        # None at all is not known.
        return self.cleaned_data["minutes"] or None

    def facts(self) -> dict[str, Any]:
        """What the service takes."""
        facts = dict(self.cleaned_data)
        facts["accompanied_by"] = self.people.get(facts["accompanied_by"])
        return facts


class TakeBackForm(NormalisedForm):
    """What was wrong."""

    reason = forms.ChoiceField(
        label=_("What was wrong?"),
        choices=_codes("contact_mistake"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Say what was wrong.")},
    )
