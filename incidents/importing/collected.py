"""Files of Kobo and ODK: groups as `a/b`, answers of many choices split up, points in one cell.

Nothing here is asked of the person: columns that belong together become one that can be chosen, and
the halves of a point two. What the program does not know stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice

from ceasefire import codes
from ceasefire.text import search_key
from incidents.importing.reading import Sheet

#: Columns that say who a row is, the surest first. Their `uuid:` in front is taken off.
IDENTITIES = ("_uuid", "meta/instanceid", "meta-instanceid", "instanceid", "key", "_id")
#: When it was sent; Kobo and ODK write it in UTC, without saying so.
SENT = ("_submission_time", "submissiondate", "submission_date", "__system/submissiondate")
_TICKED = {"1", "true", "yes", "1.0", "نعم"}
_NOT_TICKED = {"0", "false", "no", "0.0", "لا", ""}
_POINT = re.compile(
    r"\[?\s*\"?(-?[0-9]{1,3}\.[0-9]+)\"?\s*[, ]\s*\"?(-?[0-9]{1,3}\.[0-9]+)\"?"
    r"(?:[ ,][-0-9. ,]*)?\]?"
)
_PEEKED = 200
LATITUDE, LONGITUDE = "{} (latitude)", "{} (longitude)"


def last_part(name: str) -> str:
    """A question's own name without the groups it stands in."""
    return name.rsplit("/", 1)[-1]


def is_collected(header: list[str]) -> bool:
    """Whether Kobo or ODK made the file."""
    names = {name.strip().lower() for name in header}
    return bool(names & {*IDENTITIES[:4], *SENT}) or "key" in names and "submissiondate" in names


def without_uuid(text: str) -> str:
    """A submission's id as both programs mean it: Kobo leaves out the `uuid:` that ODK writes."""
    return text[5:] if text[:5].lower() == "uuid:" else text


def prepare(sheet: Sheet) -> Sheet:
    """Put together what an export split up: many choices into one column, one point into two."""
    first = [row.cells for row in islice(iter(sheet.rows), _PEEKED)]
    splits = _splits(sheet.header, first)
    points = _points(sheet.header, first)
    if not splits and not points:
        return sheet
    made = [name for name in splits if name not in sheet.header]
    for name in points:
        made += [LATITUDE.format(name), LONGITUDE.format(name)]
    sheet.made = made
    sheet.hidden = frozenset(column for columns in splits.values() for column, _word in columns)
    sheet.rows.derive = _deriver(splits, points)
    return sheet


def _splits(header: list[str], first: list[dict[str, str]]) -> dict[str, list[tuple[str, str]]]:
    """Base column -> [(column, choice)] of every answer of many choices that was split up."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in header:
        base, slash, word = name.rpartition("/")
        if slash and base and word:
            groups.setdefault(base, []).append((name, word))
    known = _known_words()
    found = {}
    for base, columns in groups.items():
        values = {row.get(name, "").strip().lower() for row in first for name, _word in columns}
        if not values <= _TICKED | _NOT_TICKED:
            continue
        # Without the answer itself beside them, two counts of 0 and 1 in a group look the same.
        if base in header or sum(search_key(word) in known for _name, word in columns) * 2 >= len(
            columns
        ):
            found[base] = columns
    return found


def _known_words() -> set[str]:
    words: set[str] = set()
    for name in ("weapon", "actor_category", "source_kind", "victim_role"):
        for code, _label in codes.choices(name, retired=True):
            words |= {
                search_key(code),
                *(search_key(codes.label(name, code, language)) for language in ("en", "ar")),
            }
    return words


def _points(header: list[str], first: list[dict[str, str]]) -> list[str]:
    """Columns whose cells hold a latitude and a longitude together."""
    found = []
    for name in header:
        filled = [text for row in first if (text := row.get(name, "").strip())]
        if filled and all(_POINT.fullmatch(text) for text in filled):
            found.append(name)
    return found


def _deriver(
    splits: dict[str, list[tuple[str, str]]], points: list[str]
) -> Callable[[dict[str, str]], None]:
    def derive(cells: dict[str, str]) -> None:
        for base, columns in splits.items():
            if not cells.get(base, "").strip():
                cells[base] = ";".join(
                    word for name, word in columns if cells[name].strip().lower() in _TICKED
                )
        for name in points:
            found = _POINT.fullmatch(cells[name].strip())
            cells[LATITUDE.format(name)] = found[1] if found else ""
            cells[LONGITUDE.format(name)] = found[2] if found else ""

    return derive
