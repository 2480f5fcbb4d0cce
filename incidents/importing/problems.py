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
    "file_not_text": _("This is neither a CSV nor an XLSX file."),
    "file_not_workbook": _("This is no XLSX file that can be read. Save it again in Excel."),
    "file_old_excel": _("This is an Excel file from before 2007. Save it as XLSX or CSV."),
    "file_encrypted": _("The file has a password. Take the password off and send it again."),
    "file_has_macros": _("The file holds macros. Save it as XLSX or CSV."),
    "workbook_too_large": _("The workbook is too large when unpacked. Save the list as CSV."),
    "file_too_large": _("The file is larger than 50 MB. Split it, or use the import command."),
    "too_many_rows": _("The file has more than 500,000 rows. Split it."),
    "too_many_columns": _("The file has more than 1,000 columns."),
    "too_many_cells": _("The file has too many cells. Split it, or save the list as CSV."),
    "broken_utf8": _("The text of the file is damaged in this line. Save it again as CSV UTF-8."),
    "null_character": _("The file has null characters in this line. It is damaged."),
    "file_without_rows": _("The file has column names but no rows."),
    "column_missing": _("This column is missing."),
    "column_twice": _("This column stands twice."),
    "cell_too_long": _("A cell is too long. Perhaps a quotation mark is not closed."),
    "encoding_guessed": _("The file is not in UTF-8. It was read as Arabic Windows text."),
    "header_below": _("The column names stand in this row. The rows above were left out."),
    "header_again": _("The column names stand in the file again. Such rows were passed over."),
    "merged_filled": _("Merged cells: their value was taken for each of their rows."),
    "other_sheets": _("Only this sheet of the workbook was read."),
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
    "point_swapped": _(
        "The point lies outside Iraq. Are latitude and longitude swapped? Then it would be inside."
    ),
    "not_a_date": _("This is not a date. Write 2026-03-31 or 31/03/2026."),
    "date_not_iso": _("Dates in this format are written 2026-03-31."),
    "date_impossible": _("There is no such day. The day comes first, then the month."),
    "date_in_future": _("This day is still to come."),
    "date_too_early": _("This day is before 1920."),
    "serial_date": _("Numbers were read as days, as spreadsheets count them. The first is here."),
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
    "code_taken": _(
        "No record that you may see has this code. Rows with such a code are not brought in as new."
    ),
    "ours_already": _("This event was written here first. It is not read in again."),
    "elsewhere": _("This row was imported before, and its record is not yours to change."),
    "undone_order": _("A later import changed this record. Undo that one first."),
    "in_use": _("Another record refers to this one."),
    # remarks: the row is taken
    "governorate_differs": _("The point lies in another governorate than the file says."),
    "likely_twins": _(
        "Rows look like incidents that are here already. The first is named here; so many:"
    ),
    "rows_hidden": _(
        "Rows are hidden from who may not see sensitive records, perhaps from you too. The first "
        "is named here; so many:"
    ),
    "outside_site": _("Rows lie outside the area of the site. The first is named here."),
    "near_border": _("The point lies just outside the border. The nearest place was taken."),
    "range_widened": _("Minimum or maximum did not fit the best figure and was widened."),
    "name_not_restored": _("A source's name that this import replaced cannot be brought back."),
}


@dataclass(frozen=True, slots=True)
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

    def __init__(self, code: str, *, column: str = "", value: str = "", row: int = 1) -> None:
        super().__init__(code)
        self.problem = Problem.of(row, column, code, value)

    def __str__(self) -> str:
        return self.problem.reason
