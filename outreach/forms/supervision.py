"""Forms of supervision: an answer to an approval, a stand-in, and the weekly sheet."""

from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from ceasefire.look.forms import DayField, NormalisedForm
from ceasefire.people.models import User
from outreach.models import CaseReview

LONGEST = 2000


class AnswerForm(NormalisedForm):
    """Approve, or return with a reason."""

    answer = forms.ChoiceField(
        label=_("Decision"),
        choices=[("approve", _("Approve")), ("return", _("Return"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("Approve it or return it.")},
    )
    reason = forms.CharField(
        label=_("Why"),
        max_length=LONGEST,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Needed where you return it. Kept sealed; the team of the case reads it."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("answer") == "return" and not cleaned.get("reason", "").strip():
            self.add_error("reason", _("Say why you return it."))
        return cleaned


def _people(rows: list[User]) -> list[tuple[str, Any]]:
    return [(str(person.pk), person.code_name) for person in rows]


class StandInForm(NormalisedForm):
    """Who holds a team, and on which days."""

    from_user = forms.ChoiceField(label=_("Who is away"))
    to_user = forms.ChoiceField(label=_("Who stands in"))
    starts_on = DayField(label=_("From"))
    ends_on = DayField(label=_("Until"), help_text=_("Both days count."))

    def __init__(
        self, *args: Any, heads: list[User], candidates: list[User], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.known = {str(person.pk): person for person in [*heads, *candidates]}
        self.fields["from_user"].choices = _people(heads)  # type: ignore[attr-defined]
        if len(heads) == 1:
            self.fields["from_user"].widget = forms.HiddenInput()
            self.initial.setdefault("from_user", str(heads[0].pk))
        self.fields["to_user"].choices = [  # type: ignore[attr-defined]
            ("", _("Choose")),
            *_people([one for one in candidates if len(heads) > 1 or one not in heads]),
        ]

    def facts(self) -> dict[str, Any]:
        """What the service takes."""
        data = self.cleaned_data
        return {
            "from_user": self.known[data["from_user"]],
            "to_user": self.known[data["to_user"]],
            "starts_on": data["starts_on"],
            "ends_on": data["ends_on"],
        }


class ReviewForm(forms.Form):
    """One case gone through."""

    participant = forms.CharField(max_length=16)
    finding = forms.ChoiceField(choices=CaseReview.Finding.choices)


class DecisionForm(NormalisedForm):
    """What somebody is to do; it becomes their task."""

    words = forms.CharField(
        label=_("What is to be done"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Kept sealed. The task itself says no word of it."),
    )
    participant = forms.ChoiceField(label=_("About which case"), required=False)
    assignee = forms.ChoiceField(label=_("Who does it"))
    due_on = DayField(label=_("Until"))
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, cases: list[Any], people: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cases = {row.code: row for row in cases}
        self.people = {str(person.pk): person for person in people}
        self.fields["participant"].choices = [  # type: ignore[attr-defined]
            ("", _("No single case")),
            *[(code, code) for code in self.cases],
        ]
        self.fields["assignee"].choices = _people(people)  # type: ignore[attr-defined]
        self.initial.setdefault("key", uuid4())

    def facts(self) -> dict[str, Any]:
        """What the service takes."""
        data = self.cleaned_data
        return {
            "words": data["words"],
            "participant": self.cases.get(data["participant"]),
            "assignee": self.people[data["assignee"]],
            "due_on": data["due_on"],
            "key": data["key"],
        }


class SignForm(NormalisedForm):
    """The comment, and the signature that locks the sheet."""

    comment = forms.CharField(
        label=_("Comment"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Kept sealed; the worker reads it once you sign."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
