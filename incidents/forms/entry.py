"""The form of the entry page as it is typed in from paper: every answer a code on one line.

The questions, their choices and their rules are those of `LogForm`; only how an answer is typed
differs.
"""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ceasefire.places import services as places
from ceasefire.places.models import Place
from ceasefire.text import search_key, strip_bidi_controls, western_digits
from incidents.forms.incident import LogForm
from incidents.forms.rows import ActorForm, VictimForm, row_set

#: What stands for "asked, and not known" on paper.
NOT_KNOWN = frozenset({"?", "؟"})

#: The lines of the page in the order of the sheet.
QUESTIONS = (
    *("type", "day", "clock", "time_of_day", "place", "killed_best"),
    *("source_kind", "source_reliability", "source_credibility"),
    *("subtype", "method", "motive", "weapons", "injured_best", "abducted"),
    *("killed_min", "killed_max", "until", "time_precision", "place_type"),
)


class CodesInput(forms.TextInput):
    """Several codes in one line, between them a comma or a space."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        typed = data.getlist(name) if hasattr(data, "getlist") else [data.get(name) or ""]
        return [code for line in typed for code in _words(str(line))]

    def format_value(self, value: Any) -> str:
        return ", ".join(value) if isinstance(value, list | tuple) else str(value or "")


def _words(line: str) -> list[str]:
    return line.replace(",", " ").replace("،", " ").replace(";", " ").split()


def _plain(typed: str) -> str:
    return strip_bidi_controls(western_digits(typed)).strip()


class TypedCodes:
    """Turns the choices of a form into lines for codes, read in any case and either digit set."""

    fields: dict[str, forms.Field]
    prefix: str | None

    def type_codes(self) -> None:
        """Change the widgets; a choice that is "unknown" unless said starts empty."""
        for name, field in self.fields.items():
            if not isinstance(field, forms.ChoiceField):
                continue
            several = isinstance(field, forms.MultipleChoiceField)
            widget = CodesInput() if several else forms.TextInput()
            widget.attrs = {
                "dir": "ltr",
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
                "list": f"codes-{name}",
            }
            field.widget = widget
            field.error_messages["invalid_choice"] = _("There is no such code: %(value)s.")
            if name != "site":
                field.initial = ""

    def code_lists(self) -> list[tuple[str, list[tuple[str, Any]]]]:
        """(id, [(code, label)]) of every line for codes, for the completion of the browser."""
        return [
            (f"codes-{name}", flat(field.choices))
            for name, field in self.fields.items()
            if isinstance(field, forms.ChoiceField)
        ]

    def asked(self) -> list[Any]:
        """The lines of a row that the sheet has; the others are empty."""
        return [self[name] for name in self.ASKED]  # type: ignore[index, attr-defined]

    def as_codes(self, data: Any) -> Any:
        """What was typed, with each code in the case in which its list has it."""
        if not hasattr(data, "setlist"):
            return data
        data = data.copy()
        for name, field in self.fields.items():
            key = f"{self.prefix}-{name}" if self.prefix else name
            if not isinstance(field, forms.ChoiceField) or key not in data:
                continue
            known = {code.lower(): code for code, _label in flat(field.choices) if code}
            lines = [_plain(str(line)) for line in data.getlist(key)]
            if isinstance(field, forms.MultipleChoiceField):
                words = [word for line in lines for word in _words(line)]
                data.setlist(key, [known.get(word.lower(), word) for word in words])
            else:
                data.setlist(key, [known.get(line.lower(), line) for line in lines])
        return data


def flat(choices: Any) -> list[tuple[str, Any]]:
    """Choices without their groups and without the empty one."""
    rows: list[tuple[str, Any]] = []
    for code, label in choices:
        if isinstance(label, list | tuple):
            rows += flat(label)
        elif code:
            rows.append((str(code), label))
    return rows


class EntryForm(TypedCodes, LogForm):
    """A report from a sheet of paper, typed with the keyboard alone."""

    keep = forms.BooleanField(label=_("Keep day and place for the next sheet"), required=False)

    def __init__(self, *args: Any, places: list[Place], **kwargs: Any) -> None:
        self.near_places = places
        super().__init__(*args, **kwargs)
        self.fields["place_listed"].widget = forms.HiddenInput()
        place = self.fields["place"]
        place.widget = forms.TextInput(
            attrs={"list": "codes-place", "autocomplete": "off", "dir": "auto"}
        )
        place.help_text = _("P-code, its last word, or the name.")
        self.fields["killed_best"].help_text = _("A number, or ? where it is not known.")
        self.fields["weapons"].help_text = _("Several codes with a space between.")
        when = self.fields["when"]
        when.required = False
        when.widget = forms.HiddenInput()
        self.type_codes()
        self.fields["when"].widget = forms.HiddenInput()
        if self.is_bound:
            self.data = self._understood(self.as_codes(self.data))

    def _understood(self, data: Any) -> Any:
        if not hasattr(data, "setlist"):
            return data
        data = data.copy()
        data["when"] = "pick"
        if _plain(data.get("killed_best", "")) in NOT_KNOWN:
            data["killed_best"], data["killed_unknown"] = "", "on"
        for name in ("injured_best", "abducted"):
            if _plain(data.get(name, "")) in NOT_KNOWN:
                data[name] = ""
        found = self._place_typed(data.get("place", ""))
        if found is not None:
            data["place"] = found
        return data

    def _place_typed(self, typed: str) -> str | None:
        """The P-code of what was typed: itself, its last word, or a name that only one has."""
        typed = _plain(typed)
        if not typed:
            return None
        lower = typed.lower()
        for place in self.near_places:
            if lower in (place.pcode.lower(), short_code(place).lower()):
                return place.pcode
        key = search_key(typed)
        named = [
            place
            for place in self.near_places
            if key and key in {search_key(place.name_en), search_key(place.name_ar)}
        ]
        if not named:
            named = places.search(typed, limit=2)
        return named[0].pcode if len(named) == 1 else None

    def place_codes(self) -> list[tuple[str, str]]:
        """(code to type, name) of the places of the person's sites."""
        return [(short_code(place), place.name) for place in self.near_places]

    def first_questions(self) -> list[Any]:
        """The lines of the sheet in its order, both sides."""
        return [self[name] for name in QUESTIONS]

    def marks(self) -> list[Any]:
        """The yes-or-no ones."""
        return [self["public_safety"], self["staff_involved"]]

    def all_lists(self) -> list[tuple[str, list[tuple[str, Any]]]]:
        """Completion for every line, those of the rows too; each list once."""
        found = dict(EntryActorForm().code_lists())
        found |= dict(EntryVictimForm().code_lists())
        found |= dict(self.code_lists())
        found.pop("codes-when", None)
        return [*found.items(), ("codes-place", self.place_codes())]


def short_code(place: Place) -> str:
    """What is printed and typed for a place: a neighbourhood's last word, else the P-code."""
    return place.pcode.rpartition("-")[2]


class EntryVictimForm(TypedCodes, VictimForm):
    """A line of the sheet's table of people harmed."""

    ASKED = ("harm", "sex", "age", "age_band", "outcome")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _line(self)


class EntryActorForm(TypedCodes, ActorForm):
    """A line of the sheet's table of who did it."""

    ASKED = ("category", "certainty", "count_band")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _line(self)


def _line(form: Any) -> None:
    form.type_codes()
    del form.fields["remove"]
    if form.is_bound:
        form.data = form.as_codes(form.data)


EntryVictimRows = row_set(EntryVictimForm, 3)
EntryActorRows = row_set(EntryActorForm, 2)
