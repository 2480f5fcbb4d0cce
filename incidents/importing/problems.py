"""What can be wrong with a file or a row: kept as codes, worded in the reader's language."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ceasefire.exports.cells import clean_text

#: How much of a bad value is kept and shown.
LONGEST_VALUE = 60
#: Columns whose values are never repeated in a message, a file of refusals or the batch's row.
UNSPOKEN = frozenset({"source_name"})

WORDS: dict[str, Any] = {
    # the file
    "file_empty": _("The file is empty."),
    "file_not_text": _("This is no CSV file. In Excel choose “Save as: CSV UTF-8”."),
    "file_too_large": _("The file is larger than 5 MB. Split it, or use the import command."),
    "file_without_rows": _("The file has column names but no rows."),
    "column_missing": _("This column is missing."),
    "column_twice": _("This column stands twice."),
    "cell_too_long": _("A cell is too long. Perhaps a quotation mark is not closed."),
    "encoding_guessed": _("The file is not in UTF-8. It was read as Arabic Windows text."),
    "format_unlike": _("The columns do not fit the chosen format."),
    # the row
    "cells_missing": _("The row has fewer cells than the header."),
    "cells_extra": _("The row has more cells than the header."),
    "required": _("A value is needed here."),
    "not_a_number": _("This is not a whole number."),
    "number_negative": _("A number below zero cannot stand here."),
    "number_too_large": _("This number is too large."),
    "not_a_coordinate": _("This is not a coordinate in degrees, such as 30.508."),
    "point_incomplete": _("Latitude and longitude are given together or not at all."),
    "point_outside_iraq": _("The point lies outside Iraq."),
    "not_a_date": _("This is not a date. Write 2026-03-31 or 31/03/2026."),
    "date_not_iso": _("Dates in this format are written 2026-03-31."),
    "date_impossible": _("There is no such day. The day comes first, then the month."),
    "date_in_future": _("This day is still to come."),
    "date_too_early": _("This day is before 1900."),
    "ends_before_start": _("The end is before the beginning."),
    "code_unknown": _("This code is not in the list."),
    "place_unknown": _("No place has this code or name."),
    "place_ambiguous": _("Several places have this name. Write the P-code."),
    "site_unknown": _("No site has this code, or it is not yours."),
    "out_of_order": _("Minimum, best and maximum do not stand in order."),
    "unknown_with_number": _("“unknown” and a number cannot stand together."),
    "text_too_long": _("The text is too long."),
    "lists_differ": _("The lists of sources in this row differ in length."),
    "twice_in_file": _("The same row stands in the file twice."),
    "other_country": _("The event is not in Iraq."),
    "not_violence": _("This kind of event is not recorded here."),
    "state_not_importable": _("A new row may be submitted, in_review, accepted or archived."),
    "verification_needs_source": _("This grade cannot be given without a source."),
    # the row and what is already here
    "worked_on": _("Somebody has worked on this record since it was imported. It stays as it is."),
    "written_here": _("This record was written here, not imported. Change it on its own page."),
    "code_taken": _("This code belongs to a record that you cannot change."),
    "elsewhere": _("This row was imported for another site."),
    "undone_order": _("A later import changed this record. Undo that one first."),
    "in_use": _("Another record refers to this one."),
    # remarks: the row is taken
    "governorate_differs": _("The point lies in another governorate than the file says."),
    "outside_site": _("Rows lie outside the area of the site. The first is named here."),
    "near_border": _("The point lies just outside the border. The nearest place was taken."),
    "range_widened": _("Minimum or maximum did not fit the best figure and was widened."),
    "name_not_restored": _("A source's name that this import replaced cannot be brought back."),
}


@dataclass(frozen=True)
class Problem:
    """One thing in one cell: `row` as a spreadsheet numbers it, `column` as the file calls it."""

    row: int
    column: str
    code: str
    value: str = ""

    @classmethod
    def of(cls, row: int, column: str, code: str, value: object = "", *, ours: str = "") -> Problem:
        """A problem with a value that is fit to be kept: short, clean, never a source's name."""
        if ours in UNSPOKEN or column.strip().lower() in UNSPOKEN:
            value = ""
        text = clean_text(str(value)).strip()
        return cls(row, column, code, text[:LONGEST_VALUE] + ("…" if len(text) > 60 else ""))

    @property
    def reason(self) -> str:
        """The words, in the reader's language."""
        return str(WORDS.get(self.code) or gettext("This row cannot be taken."))

    def as_json(self) -> dict[str, Any]:
        """As the batch keeps it."""
        return asdict(self)


def from_json(found: list[dict[str, Any]]) -> list[Problem]:
    """Problems as a batch kept them."""
    return [
        Problem(
            int(one.get("row", 0)), one.get("column", ""), one.get("code", ""), one.get("value", "")
        )
        for one in found
    ]


class BadCell(Exception):
    """A cell that cannot be read; the code says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class FileRefused(Exception):
    """A file of which nothing can be read."""

    def __init__(self, code: str, *, column: str = "", value: str = "") -> None:
        super().__init__(code)
        self.problem = Problem.of(1, column, code, value)

    def __str__(self) -> str:
        return self.problem.reason
