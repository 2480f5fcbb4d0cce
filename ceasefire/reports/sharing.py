"""The version of a report that leaves the program: districts, type families, small counts hidden.

Beyond counts it has ratios over the years and of the program effect; no point, no neighbourhood, no
cluster and no near repeat.

Without sexual violence, minors and staff (left out when the report was compiled). A count of one or
two incidents is hidden, and with it whatever would give it away by subtraction. Killed and injured
are given for all districts together, where they are none or at least three.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ceasefire import codes
from ceasefire.disclosure import INCIDENTS, SuppressedTable, suppress
from ceasefire.reports.compilation import english
from ceasefire.reports.models import WeeklyReport

REPORT = "weekly-violence-trends-shared"
#: 2: a row of what is known to no district.
#: 3: the trend, the calendar and the program effect as ratios, the day it is complete to.
VERSION = 3


def shared_body(report: WeeklyReport) -> dict[str, Any]:
    """The shared document of a report that is being approved."""
    basis = report.basis
    shared = basis["shared"]
    table, families = published_table(shared["cells"], shared["families"])
    totals = {total["place"]: total for total in shared["totals"]}
    judged = [
        _district(place, published, totals[place])
        for place, published in zip(shared["districts"], table.row_totals, strict=True)
    ]
    shown = {row["place"] for row in judged if row["incidents"] is not None}
    return {
        "report": REPORT,
        "version": VERSION,
        "site": report.site.code,
        "week_start": report.week_start.isoformat(),
        "week_end": report.week_end.isoformat(),
        "data_as_of": report.body["data_as_of"],
        "status": "frozen",
        "revision": report.revision,
        "fewest_shown": INCIDENTS,
        "total": table.total,
        "killed": harmed(shared["killed"], table),
        "injured": harmed(shared["injured"], table),
        "districts": judged,
        "families": [
            {"family": name, "incidents": count}
            for name, count in zip(families, table.column_totals, strict=True)
        ],
        "counts": [
            {"place": place, "family": name, "incidents": count}
            for place, row in zip(shared["districts"], table.cells, strict=True)
            for name, count in zip(families, row, strict=True)
        ],
        "tests_made": shared["tests_made"],
        "false_alerts_expected": shared["false_alerts_expected"],
        "alerts": [place for place in shared["alerts"] if place in shown],
        **{name: shared.get(name) for name in ("complete_to", "trend", "effect", "software")},
        "names": {
            "places": _place_names(shared, basis["places"]),
            "families": _family_names(families),
            "outcomes": shared.get("outcomes", {}),
        },
    }


def _place_names(
    shared: dict[str, Any], known: dict[str, dict[str, str]]
) -> dict[str, dict[str, str]]:
    """Names of the districts with a row, and of those whose effect is told."""
    wanted = set(shared["districts"])
    for one in shared.get("effect") or ():
        wanted |= {*one["treated"], *one["comparison"]}
    names = known | shared.get("places", {})
    return {place: names[place] for place in sorted(wanted)}


def published_table(
    cells: Sequence[Sequence[int]], families: Sequence[str]
) -> tuple[SuppressedTable, Sequence[str]]:
    """The table of districts by families as it may be published, and its families.

    Where the families would cost a district its total, or would all be hidden, they are left out:
    how much happened says more than what kind it was.
    """
    totals = [[sum(row)] for row in cells]
    alone = suppress(totals, threshold=INCIDENTS)
    if families:
        table = suppress(cells, threshold=INCIDENTS)
        says_something = any(total is not None for total in table.column_totals)
        if says_something and _shown(table) >= _shown(alone):
            return table, families
    # One column: its cells are the totals of the districts, so nothing is said twice.
    return (
        SuppressedTable(
            cells=tuple(() for _row in cells),
            row_totals=alone.row_totals,
            column_totals=(),
            total=alone.total,
        ),
        [],
    )


def _shown(table: SuppressedTable) -> int:
    return sum(total is not None for total in (*table.row_totals, table.total))


def may_follow(new: dict[str, Any], old: dict[str, Any]) -> bool:
    """Whether a corrected version may be published beside the one it corrects.

    Two versions of one table can be subtracted. A published count that moves by one or two would
    show exactly those incidents, so such a correction stays inside the program.
    """
    before, after = _published(old), _published(new)
    if before == after:
        # That there is another version would tell that something hidden changed.
        return False
    for cell in before.keys() & after.keys():
        first, second = before[cell], after[cell]
        if (first is None) != (second is None):
            return False
        if first is not None and second is not None and 0 < abs(first - second) < INCIDENTS:
            return False
    return True


def _published(body: dict[str, Any]) -> dict[tuple[str, str], int | None]:
    cells = {(row["place"], row["family"]): row["incidents"] for row in body["counts"]}
    cells |= {(row["place"], ""): row["incidents"] for row in body["districts"]}
    # No district's P-code: an empty one is a row of its own.
    cells |= {("*", row["family"]): row["incidents"] for row in body["families"]}
    for name in ("total", "killed", "injured"):
        cells[(name, name)] = body[name]
    return cells


def _district(place: str, incidents: int | None, total: dict[str, Any]) -> dict[str, Any]:
    """A district's row; what the statistics say is hidden with its count."""
    if incidents is None or total["state"] == "too_few":
        return {
            "place": place,
            "incidents": incidents,
            "state": None if incidents is None else "too_few",
            "expected": None,
            "upper": None,
            "sentence": None,
            "key": None,
            "values": None,
        }
    return {
        "place": place,
        "incidents": incidents,
        "state": total["state"],
        "expected": total["expected"],
        "upper": total["upper"],
        "sentence": english(total["key"], total["values"]),
        "key": total["key"],
        "values": total["values"],
    }


def harmed(count: int, table: SuppressedTable) -> int | None:
    """A number of people harmed: hidden with the total, and where it is one or two."""
    return None if table.total is None or 0 < count < INCIDENTS else count


def _family_names(families: Sequence[str]) -> dict[str, Any]:
    return {
        name: {
            "name_en": codes.label("type_family", name, "en"),
            "name_ar": codes.label("type_family", name, "ar"),
        }
        for name in families
    }
