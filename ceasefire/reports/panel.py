"""From counts to judgements: the series of a site, and what may be said of its week.

A series is a district with all its types together (`ALL`), or a district and a type that has a
count in the last 52 weeks. A week outside the site's coverage is missing, never zero.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from ceasefire.periods import Week
from ceasefire.statistics.assessment import (
    ALPHA,
    PERIODS,
    WEEKS_EXCLUDED,
    Assessment,
    Assessments,
    Series,
    assess,
)
from ceasefire.statistics.early_watch import MOST_WEEKS as MOST_WEEKS_WATCHED
from ceasefire.statistics.farrington import farrington
from ceasefire.statistics.history import Rule
from incidents.measures import Count

#: All types of a district together.
ALL = "ALL"
#: Stands for a district where none is known: the place is known to the governorate at best.
NOWHERE = ""
#: Weeks of history that are read: five years, their windows, and room for gaps.
MOST_WEEKS = 330
#: A type without a count in so many weeks has no row.
RECENT_WEEKS = 52
#: Past weeks for which the usual range is drawn behind the bars.
BAND_WEEKS = 26

Period = tuple[date, date | None]


def covered(week: Week, periods: Iterable[Period]) -> bool:
    """Whether a whole week lies in one coverage period (half-open; no end = still recording)."""
    return any(start <= week.start and (end is None or week.end <= end) for start, end in periods)


@dataclass
class Cell:
    """What was counted in one week of one district (and type)."""

    incidents: int = 0
    unverified: int = 0
    killed: int = 0
    killed_unknown: int = 0
    injured: int = 0
    abducted: int = 0

    def add(self, count: Count) -> None:
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(self, name) + int(getattr(count, name)))


@dataclass
class Panel:
    """The counts of a site over its last weeks, the week to judge last."""

    weeks: Sequence[Week]
    is_covered: Sequence[bool]
    districts: Sequence[str]
    cells: dict[tuple[str, str, date], Cell] = field(default_factory=dict)
    #: Whether it is known since when the site records; without, nothing is compared.
    compares: bool = True
    #: The last day within these weeks on which what the site records changed.
    changed_on: date | None = None

    @property
    def baseline_from(self) -> int:
        """The position from which weeks may be compared with this one.

        The first whole week since what is recorded changed; the week of the change itself is like
        no other and is compared with none.
        """
        last = len(self.weeks) - 1
        if not self.compares:
            return last
        if self.changed_on is None:
            return 0
        since = (at for at, week in enumerate(self.weeks) if week.start >= self.changed_on)
        return next(since, last)

    @property
    def week(self) -> Week:
        return self.weeks[-1]

    def cell(self, district: str, kind: str, start: date | None = None) -> Cell:
        """What was counted; an empty cell where nothing was."""
        return self.cells.get((district, kind, start or self.week.start), Cell())

    def types(self, district: str) -> set[str]:
        """Types with a count, verified or not, in the last 52 weeks."""
        first = self.weeks[max(0, len(self.weeks) - RECENT_WEEKS)].start
        return {
            kind
            for (place, kind, start), cell in self.cells.items()
            if place == district
            and kind != ALL
            and start >= first
            and (cell.incidents or cell.unverified)
        }

    def unplaced(self) -> list[str]:
        """ALL and the types with a count in the week whose district nobody knows; [] for none.

        They have counts, so that the rows add up to all that was recorded, and no series: what is
        compared is a district.
        """
        kinds = {
            kind
            for (place, kind, start), cell in self.cells.items()
            if place == NOWHERE and start == self.week.start and (cell.incidents or cell.unverified)
        }
        return [ALL, *sorted(kinds - {ALL})] if kinds else []

    def series(self, district: str, kind: str) -> list[float]:
        """Verified incidents a week; nan where the site was not recording."""
        return [
            float(self.cell(district, kind, week.start).incidents) if known else math.nan
            for week, known in zip(self.weeks, self.is_covered, strict=True)
        ]

    def recorded(self, kind: str = ALL) -> Cell:
        """All districts together in the week, those without a district included."""
        total = Cell()
        for (_place, found, start), cell in self.cells.items():
            if found == kind and start == self.week.start:
                for name in Cell.__dataclass_fields__:
                    setattr(total, name, getattr(total, name) + getattr(cell, name))
        return total


def build_panel(
    counts: Iterable[Count],
    *,
    week: Week,
    first: date,
    periods: Sequence[Period],
    districts: Iterable[str],
    compares: bool = True,
    changes: Iterable[date] = (),
) -> Panel:
    """The panel of a site from the weekly counts of everything since `first`.

    `districts` are the site's own (P-codes); any other district in which it counted something in
    the last 52 weeks is added. An empty P-code (no district known) has counts but no series.
    `changes`: days on which what the site records changed; the last one before the week's end that
    leaves weeks behind it begins the baseline anew.
    """
    weeks = [week]
    while weeks[-1].start > first and len(weeks) < MOST_WEEKS:
        weeks.append(weeks[-1].previous())
    weeks.reverse()
    cells: dict[tuple[str, str, date], Cell] = defaultdict(Cell)
    for count in counts:
        cells[(count.district_pcode, count.type, count.week_start)].add(count)
        cells[(count.district_pcode, ALL, count.week_start)].add(count)
    recent = weeks[max(0, len(weeks) - RECENT_WEEKS)].start
    seen = {place for (place, kind, start) in cells if place and kind == ALL and start >= recent}
    return Panel(
        weeks=weeks,
        is_covered=[covered(one, periods) for one in weeks],
        districts=sorted(seen | set(districts)),
        cells=dict(cells),
        compares=compares,
        changed_on=max((day for day in changes if weeks[0].start < day < week.end), default=None),
    )


def judge(panel: Panel, *, totals_only: bool = False, beside: Sequence[float] = ()) -> Assessments:
    """Judge the week: district totals and their types under one false-discovery control.

    `beside`: p-values of the other tests of the week, which count towards the same control.
    """
    rows = []
    for district in panel.districts:
        rows.append(
            Series(
                (district, ALL),
                panel.series(district, ALL),
                total=True,
                baseline_from=panel.baseline_from,
            )
        )
        if not totals_only:
            rows.extend(
                Series(
                    (district, kind),
                    panel.series(district, kind),
                    baseline_from=panel.baseline_from,
                )
                for kind in sorted(panel.types(district))
            )
    return assess(rows, week_start=panel.week.start, beside=beside)


def bands(panel: Panel, judged: Assessments) -> dict[str, list[list[Any]]]:
    """The usual range of each district's total in the last weeks, [lower, expected, upper] a week.

    [] for a week that could not be tested. The last week's is that of the judgement itself.
    """
    length = min(BAND_WEEKS, len(panel.weeks))
    dates = [week.start for week in panel.weeks]
    totals = [item for item in judged.items if item.key[1] == ALL]  # type: ignore[index]
    answer: dict[str, list[list[Any]]] = {
        str(item.key[0]): [[] for _number in range(length)]  # type: ignore[index]
        for item in totals
    }
    for years_back in (3, 5):
        members = [item for item in totals if item.history.years_back == years_back]
        if not members or length < 2:
            continue
        table = np.array([panel.series(item.key[0], ALL) for item in members]).T  # type: ignore[index]
        for column, item in enumerate(members):
            # Weeks before a gap belong to another baseline.
            table[: item.history.start, column] = math.nan
        result = farrington(
            table,
            dates=dates,
            weeks=list(range(len(dates) - length, len(dates) - 1)),
            years_back=years_back,
            periods=PERIODS,
            alpha=ALPHA,
            weeks_excluded=WEEKS_EXCLUDED,
        )
        for column, item in enumerate(members):
            for at in range(length - 1):
                if result.tested[at, column]:
                    answer[item.key[0]][at] = [  # type: ignore[index]
                        int(result.lower[at, column]),
                        rounded(result.expected[at, column]),
                        int(result.upper[at, column]),
                    ]
    for item in totals:
        if item.tested:
            answer[item.key[0]][-1] = [item.lower, rounded(item.expected), item.upper]  # type: ignore[index]
    return answer


def rounded(value: float | None, places: int = 2) -> float | None:
    """A number as a report shows it; rounding also takes the last bits of the machine away."""
    return None if value is None else round(float(value), places)


def probability(value: float | None) -> float | None:
    """A probability to three significant digits."""
    return None if value is None else float(f"{float(value):.3g}")


def sentence_of(item: Assessment, *, tests: int, panel: Panel) -> tuple[str, dict[str, Any]]:
    """The key and the numbers of what may be said of a series of the panel."""
    series = panel.series(*item.key)  # type: ignore[misc]
    known = item.history
    values: dict[str, Any] = {"weeks": known.weeks}
    if not panel.compares:
        values["since_unknown"] = True
    elif known.restarted and item.key[1] == ALL:  # type: ignore[index]
        # A gap after the change begins the comparison anew once more.
        counted = (
            at for at in range(panel.baseline_from, len(series)) if not math.isnan(series[at])
        )
        if panel.changed_on is not None and known.start <= next(counted, len(series)):
            values["changed_on"] = panel.changed_on.isoformat()
        else:
            values["restarted"] = True
    if item.rule is Rule.MISSING:
        return "missing", values
    values["observed"] = item.observed
    if item.method == "farrington":
        values |= {"lower": item.lower, "upper": item.upper, "p": probability(item.p)}
        if item.alert:
            return "unusual", values
        return ("watch", values | {"tests": tests}) if item.watch else ("usual", values)
    if item.rule is Rule.TOO_FEW:
        return "too_few", values | {"recent": known.recent}
    if item.history.years_back:
        return "no_fit", values
    if item.rule is Rule.COUNTS or known.low is None:
        return "counts", values
    values |= {"low": known.low, "high": known.high}
    if item.watch:
        # What the early watch compared with: the weeks known among the last 26.
        last = len(series) - 1
        before = series[max(known.start, last - MOST_WEEKS_WATCHED) : last]
        earlier = [int(count) for count in before if not math.isnan(count)]
        return "early_watch", values | {"weeks": len(earlier), "high": max(earlier)}
    return "range", values
