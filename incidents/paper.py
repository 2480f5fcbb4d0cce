"""The entry form on paper: one sheet, made from the form itself, so that the two cannot differ.

Each question, hint and choice is read from the form and the code lists; this module only says in
which order they stand and how much room there is. No line asks for the name of anybody: a sheet
that is found must not say who spoke.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from ceasefire.exports import write_pdf
from ceasefire.places.models import Place
from incidents.forms.entry import EntryActorForm, EntryVictimForm, flat, short_code
from incidents.forms.incident import LogForm
from incidents.forms.rows import ActorForm, VictimForm

#: The questions in the order of the page: (field, columns of boxes; 0 = a line to write on).
FRONT = (
    ("type", 4),
    ("day", 0),
    ("clock", 0),
    ("time_of_day", 6),
    ("place", 4),
    ("killed_best", 0),
    ("source_kind", 4),
    ("source_reliability", 3),
    ("source_credibility", 3),
    ("source_text", 0),
)
BACK = (
    ("subtype", 0),
    ("method", 4),
    ("motive", 4),
    ("weapons", 4),
    ("injured_best", 0),
    ("abducted", 0),
    ("killed_min", 0),
    ("killed_max", 0),
    ("until", 0),
    ("time_precision", 2),
    ("place_type", 4),
    ("public_safety", 1),
    ("staff_involved", 1),
    ("summary", 0),
)
#: Lines to write on.
LONG = {"source_text": 2, "summary": 3}


def sheet(*, sites: Sequence[Any], listed: Sequence[Place]) -> dict[str, Any]:
    """All that the sheet says, in the language that is active."""
    said = _said(sites, listed)
    spoken = {}
    for language in ("ar", "en"):
        with translation.override(language):
            spoken[language] = _said(sites, [])
    version = hashlib.sha256(json.dumps(spoken).encode()).hexdigest()[:6]
    return {
        "title": _("Incident, on paper"),
        "warnings": [
            _("No names in the summary, and none anywhere on this sheet."),
            _("Tick one box a question, several for weapons. Leave empty what nobody told you."),
            _("Type it in, then destroy it."),
        ],
        "labels": {
            "site": _("Site"),
            "serial": _("Serial number"),
            "version": _("Form"),
            "made": _("Incident code, once typed in"),
            "unknown": _("? = not known"),
            "other": _("Another place"),
        },
        "site": sites[0].code if len(sites) == 1 else "",
        # The same on both languages' sheets; another as soon as a question or a code is.
        "version": version,
        **said,
    }


def _said(sites: Sequence[Any], listed: Sequence[Place]) -> dict[str, Any]:
    form = LogForm(by=None, sites=list(sites))
    areas = [(short_code(place), place.name) for place in listed]
    return {
        "front": [_question(form, name, wide, areas) for name, wide in FRONT],
        "back": [_question(form, name, wide, areas) for name, wide in BACK],
        "rows": [
            _rows(_("People harmed"), VictimForm(), EntryVictimForm.ASKED, 3),
            _rows(_("Who did it"), ActorForm(), EntryActorForm.ASKED, 2),
        ],
    }


def _question(form: Any, name: str, wide: int, areas: list[tuple[str, str]]) -> dict[str, Any]:
    field = form.fields[name]
    if name == "place":
        groups = [{"label": "", "choices": [list(area) for area in areas]}]
    elif hasattr(field, "choices"):
        groups = _groups(field.choices)
    elif wide:
        groups = [{"label": "", "choices": [["x", str(field.label)]]}]
    else:
        groups = []
    return {
        "name": name,
        "label": "" if wide == 1 else str(field.label),
        "hint": str(field.help_text or ""),
        "wide": str(wide),
        "lines": str(LONG.get(name, 1)),
        "groups": groups,
    }


def _groups(choices: Any) -> list[dict[str, Any]]:
    rows = list(choices)
    if rows and isinstance(rows[0][1], list | tuple):
        return [{"label": str(label), "choices": _boxes(inside)} for label, inside in rows]
    return [{"label": "", "choices": _boxes(rows)}]


def _boxes(choices: Any) -> list[list[str]]:
    return [[code, str(label)] for code, label in flat(choices)]


def _rows(title: str, form: Any, names: Sequence[str], many: int) -> dict[str, Any]:
    """A table to fill in, with the codes of its questions beneath."""
    asked = [(name, form.fields[name]) for name in names]
    return {
        "title": title,
        "heads": [str(field.label) for _name, field in asked],
        "many": str(many),
        "keys": [
            {"label": str(field.label), "choices": _boxes(field.choices)}
            for _name, field in asked
            if hasattr(field, "choices")
        ],
    }


def paper_pdf(*, sites: Sequence[Any], listed: Sequence[Place], language: str) -> bytes:
    """The sheet as PDF, A4, two sides."""
    with translation.override(language):
        data = sheet(sites=sites, listed=listed)
    return write_pdf("paper", data, language=language)
