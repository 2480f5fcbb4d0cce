"""Forms of screening: the criteria of a ruleset, and another version of the rules themselves."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from ceasefire.look.forms import CountField, DayField, NormalisedForm
from ceasefire.rulesets.exceptions import InvalidRules
from ceasefire.rulesets.schemas import validate
from outreach.models import RiskScreening
from outreach.services.screening import EVIDENCE_LENGTH

#: A criterion more than there are may be added at once.
ROOM_FOR_MORE = 1


def wording(row: Mapping[str, str]) -> str:
    """A criterion in the reader's language."""
    return row["ar" if (get_language() or "en").startswith("ar") else "en"]


class ScreeningForm(NormalisedForm):
    """One question for each criterion of a ruleset, and why."""

    at_closing = forms.BooleanField(label=_("This is the screening at closure"), required=False)
    ruleset = forms.IntegerField(widget=forms.HiddenInput)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, criteria: list[dict[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("key", uuid4())
        self.criteria = criteria
        for row in criteria:
            self.fields[f"answer_{row['code']}"] = forms.ChoiceField(
                label=wording(row),
                choices=RiskScreening.Answer.choices,
                widget=forms.RadioSelect,
                error_messages={"required": _("Answer this. Not known is an answer too.")},
            )
            self.fields[f"why_{row['code']}"] = forms.CharField(
                label=_("How do you know?"),
                max_length=EVIDENCE_LENGTH,
                required=False,
                widget=forms.TextInput(attrs={"dir": "auto", "autocomplete": "off"}),
            )
        if self.is_bound:
            self.data = self._normalised(self.data)

    def questions(self) -> Iterator[dict[str, Any]]:
        """Each criterion as the page lays it out: number, answer, reason."""
        for number, row in enumerate(self.criteria, start=1):
            yield {
                "number": number,
                "answer": self[f"answer_{row['code']}"],
                "why": self[f"why_{row['code']}"],
            }

    def facts(self) -> dict[str, Any]:
        """What the service takes."""
        codes = [row["code"] for row in self.criteria]
        return {
            "answers": {code: self.cleaned_data[f"answer_{code}"] for code in codes},
            "evidence": {code: self.cleaned_data[f"why_{code}"] for code in codes},
            **{
                name: self.cleaned_data[name]
                for name in ("at_closing", "ruleset", "version", "key")
            },
        }


class RulesForm(NormalisedForm):
    """What every kind of rules has: from when, on what it is based, and what was looked at."""

    kind = ""
    #: Whole numbers of the content, with label and most.
    numbers: tuple[tuple[str, Any, int], ...] = ()

    valid_from = DayField(label=_("Counts from"), help_text=_("Today or a later day."))
    based_on = forms.IntegerField(widget=forms.HiddenInput)
    #: Of the content whose consequences the page showed.
    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, content: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.before = content
        for name, label, most in self.numbers:
            self.fields[name] = CountField(label=label, most=most, initial=content[name])
        self.order_fields([name for name, _label, _most in self.numbers])

    def numbers_fields(self) -> list[Any]:
        """The numbers as bound fields, in their order."""
        return [self[name] for name, _label, _most in self.numbers]

    def content(self) -> dict[str, Any]:
        """The rules as the ruleset keeps them."""
        return {name: self.cleaned_data[name] for name, _label, _most in self.numbers}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                validate(self.kind, self.content())
            except InvalidRules:
                self.add_error(None, InvalidRules.message)
        return cleaned

    def digest(self) -> str:
        """Of what would count and from when; equal to `seen` once its consequences were shown."""
        said = json.dumps([self.content(), str(self.cleaned_data["valid_from"])], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()


class ContactStandardForm(RulesForm):
    kind = "contact_standard"
    numbers = (
        ("weekly_contacts", _("Contacts a week"), 14),
        ("weekly_face_to_face", _("Of these face to face"), 14),
        ("monthly_home_visits", _("Home visits a month"), 31),
        ("at_risk_days", _("Days without contact: at risk of loss"), 180),
        ("review_days", _("Days without contact: review of the case"), 366),
    )


class CaseloadBandForm(RulesForm):
    kind = "caseload_band"
    numbers = (
        ("least", _("Few, below"), 100),
        ("target_from", _("On target, from"), 100),
        ("target_to", _("On target, to"), 100),
        ("hard_cap", _("Never more than"), 100),
    )


class EligibilityForm(RulesForm):
    """Threshold, days, and the criteria: one is taken out where both wordings are emptied."""

    kind = "eligibility"
    numbers = (
        ("threshold", _("Criteria that must be met"), 20),
        ("rescreen_days", _("Screened again after days"), 366),
    )

    name = forms.CharField(label=_("Name of the rules"), max_length=40)

    def __init__(
        self, *args: Any, content: dict[str, Any], used: Iterable[str] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, content=content, **kwargs)
        self.fields["name"].initial = content["name"]
        self.codes = [row["code"] for row in content["criteria"]]
        # A code means one thing for ever: old answers are read by it.
        self.codes += _free_codes({*self.codes, *used}, ROOM_FOR_MORE)
        known = {row["code"]: row for row in content["criteria"]}
        for code in self.codes:
            row = known.get(code, {})
            for language, label in (("ar", _("In Arabic")), ("en", _("In English"))):
                self.fields[f"{language}_{code}"] = forms.CharField(
                    label=label,
                    max_length=300,
                    required=False,
                    initial=row.get(language, ""),
                    widget=forms.Textarea(attrs={"rows": 2, "dir": "auto", "autocomplete": "off"}),
                )
        if self.is_bound:
            self.data = self._normalised(self.data)

    def criteria(self) -> Iterator[dict[str, Any]]:
        """Each criterion as the page lays it out."""
        for number, code in enumerate(self.codes, start=1):
            yield {
                "number": number,
                "is_new": number > len(self.before["criteria"]),
                "ar": self[f"ar_{code}"],
                "en": self[f"en_{code}"],
            }

    def content(self) -> dict[str, Any]:
        rows = []
        for code in self.codes:
            ar, en = (" ".join(self.cleaned_data[f"{one}_{code}"].split()) for one in ("ar", "en"))
            if ar or en:
                rows.append({"code": code, "en": en, "ar": ar})
        return {"name": self.cleaned_data["name"], **super().content(), "criteria": rows}

    def clean(self) -> dict[str, Any]:
        for code in self.codes:
            ar, en = (self.cleaned_data.get(f"{one}_{code}", "") for one in ("ar", "en"))
            if bool(ar.strip()) != bool(en.strip()):
                self.add_error(
                    f"{'en' if ar.strip() else 'ar'}_{code}",
                    _("Write the criterion in both languages, or empty both to take it out."),
                )
        return super().clean()


def _free_codes(taken: set[str], number: int) -> list[str]:
    """Codes of criteria that a site adds: a word and two letters, the first that are free."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    free = (f"own_{first}{second}" for first in letters for second in letters)
    return [code for code in free if code not in taken][:number]


FORMS: dict[str, type[RulesForm]] = {
    form.kind: form for form in (EligibilityForm, ContactStandardForm, CaseloadBandForm)
}
