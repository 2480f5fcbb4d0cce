"""UCDP GED: the published CSV in any order of columns, and our reduced reference file.

Mapping (docs/import.md). type_of_violence 1, 2 -> CLS, 3 -> MUR; date_prec 1 -> 1, 2 and 3 -> 2,
4 -> 3, 5 -> 4; where_prec 1 -> 1, 2 -> 2, 3 -> 4, 4 and 5 -> 5, 6 and 7 -> Iraq; low, best, high ->
min, best, max. Source: media, B2; corroborated where two or more sources stand behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from incidents.importing import cells
from incidents.importing.entry import Entry
from incidents.importing.problems import BadCell, Problem
from incidents.models import Incident
from incidents.services.facts import SourceFacts

ORIGIN = "ucdp-ged"
#: The column we read -> the names it goes by, the published one first.
COLUMNS: dict[str, tuple[str, ...]] = {
    "id": ("id",),
    "type_of_violence": ("type_of_violence",),
    "where_prec": ("where_prec",),
    "latitude": ("latitude",),
    "longitude": ("longitude",),
    "date_prec": ("date_prec",),
    "date_start": ("date_start",),
    "date_end": ("date_end",),
    "best": ("best", "deaths_best"),
    "low": ("low", "deaths_low"),
    "high": ("high", "deaths_high"),
    "side_a": ("side_a",),
    "side_b": ("side_b",),
    "where_coordinates": ("where_coordinates",),
    "adm_1": ("adm_1", "governorate"),
    "country": ("country",),
    "number_of_sources": ("number_of_sources",),
}
REQUIRED = (
    "id",
    "type_of_violence",
    "where_prec",
    "latitude",
    "longitude",
    "date_prec",
    "date_start",
    "date_end",
    "best",
    "low",
    "high",
)
#: Free text of the press, which names people: read by nobody here, kept nowhere.
LEFT_OUT = frozenset({"source_article", "source_headline", "source_original"})

TYPES = {1: "CLS", 2: "CLS", 3: "MUR"}
KINDS = {1: "State-based conflict", 2: "Non-state conflict", 3: "One-sided violence"}
DATES = {1: 1, 2: 2, 3: 2, 4: 3, 5: 4}
PLACES = {1: 1, 2: 2, 3: 4, 4: 5, 5: 5, 6: 5, 7: 5}
AREAS = {
    1: "subdistrict",
    2: "subdistrict",
    3: "district",
    4: "governorate",
    5: "governorate",
    6: "country",
    7: "country",
}
#: Columns whose cells are not likely to come again.
_OWN = frozenset({"id", "latitude", "longitude"})
CREDIT = _("UCDP Georeferenced Event Dataset, CC BY 4.0. Sundberg and Melander 2013.")


class Reader:
    """Reads the rows of one file; `columns` is our column -> the file's column."""

    def __init__(self, columns: Mapping[str, str]) -> None:
        self.columns = columns
        self.kept: list[str] | None = None
        #: (our column, text) -> what it means: the same numbers and days come again and again.
        self._read_before: dict[tuple[str, str], Any] = {}

    def read(self, number: int, row: Mapping[str, str]) -> tuple[Entry | None, list[Problem]]:
        """One row as an entry, or the problems that keep it from being one."""
        problems: list[Problem] = []
        columns, before = self.columns, self._read_before

        def take(name: str, parse: Callable[[str], Any], default: Any = None) -> Any:
            column = columns.get(name)
            text = row.get(column, "") if column else ""
            known = before.get((name, text), before)
            if known is not before:
                return known
            if not text.strip():
                if name in REQUIRED:
                    problems.append(Problem(number, column or name, "required"))
                return default
            try:
                read = parse(text)
            except BadCell as bad:
                problems.append(Problem.of(number, column or name, bad.code, text))
                return default
            if name not in _OWN and len(text) < 80 and len(before) < 50_000:
                before[name, text] = read
            return read

        key = take("id", cells.plain, "")
        violence = take("type_of_violence", lambda text: cells.whole_between(text, 1, 3), 1)
        date_precision = take("date_prec", lambda text: cells.whole_between(text, 1, 5), 1)
        precision = take("where_prec", lambda text: cells.whole_between(text, 1, 7), 1)
        lat = take("latitude", lambda text: cells.degrees(text, 90))
        lon = take("longitude", lambda text: cells.degrees(text, 180))
        start, end = take("date_start", cells.iso_day), take("date_end", cells.iso_day)
        low, best, high = (take(name, cells.whole) for name in ("low", "best", "high"))
        country = take("country", cells.plain, "")
        if len(key) > 80:
            problems.append(Problem.of(number, self.columns["id"], "text_too_long", key))
        if start and end and end < start:
            problems.append(Problem.of(number, self.columns["date_end"], "ends_before_start", end))
        if country and country.lower() not in ("iraq", "645"):
            problems.append(Problem.of(number, self.columns["country"], "other_country", country))
        if problems:
            return None, problems
        remarks = []
        # The published file has some rows whose bounds do not hold the best figure; that stays.
        least, most = min(low, best, high), max(low, best, high)
        if (least, most) != (low, high):
            remarks.append(
                Problem.of(number, self.columns["low"], "range_widened", f"{low} {best} {high}")
            )
        side_a, side_b, where = (
            take(name, lambda text: cells.free_text(text, 400), "")
            for name in ("side_a", "side_b", "where_coordinates")
        )
        counted = take("number_of_sources", self._sources, None)
        if self.kept is None:
            self.kept = [name for name in row if name and name.strip().lower() not in LEFT_OUT]
        exact = precision <= 2
        sides = " – ".join(side for side in (side_a, side_b) if side)
        entry = Entry(
            row=number,
            origin_id=key,
            facts={
                "type": TYPES[violence],
                "occurred_from": cells.start_of(start),
                "occurred_to": cells.end_of(end) if end != start else None,
                "time_precision": DATES[date_precision],
                "geo_precision": PLACES[precision],
                "lat": lat if exact else None,
                "lon": lon if exact else None,
                "killed_min": least,
                "killed_best": best,
                "killed_max": most,
                "summary": ". ".join(
                    part for part in (f"{KINDS[violence]}: {sides}" if sides else "", where) if part
                )
                + (". " if sides or where else "")
                + "UCDP GED.",
                # The list does not say when it was reported; so no delay and no open response.
                "reported_at": cells.end_of(end) if end != start else cells.start_of(start),
            },
            sources=[
                SourceFacts(
                    "media",
                    "B",
                    "2",
                    text="UCDP GED"
                    + (f", number of sources: {counted}" if counted is not None else ""),
                )
            ],
            original={name: row[name] for name in self.kept if row[name] != ""},
            point=(lat, lon),
            point_column=self.columns["latitude"],
            area=AREAS[precision],
            governorate=take("adm_1", cells.plain, "") if precision <= 4 else "",
            governorate_column=self.columns.get("adm_1", ""),
            grade=(Incident.Verification.CORROBORATED, "outside_two")
            if (counted or 0) >= 2
            else (Incident.Verification.PROVISIONAL, "outside_one"),
        )
        return entry, remarks

    @staticmethod
    def _sources(text: str) -> int | None:
        """The published file writes -1 where nobody counted."""
        text = cells.plain(text)
        return None if text in ("-1", "-1.0") else cells.whole(text)
