"""The version of a report that leaves the program: districts, type families, small counts hidden.

Beyond counts it has ratios over the years and of the program effect; no point, no neighbourhood, no
cluster and no near repeat.

Without sexual violence, minors and staff (left out when the report was compiled). A count of one or
two incidents is hidden, and with it whatever would give it away by subtraction. That a district was
tested says that it had enough incidents of late, so it is said only where the published counts say
as much (`_is_tested`). Killed and injured are given for all districts together, where they are none
or at least three; where nobody knows of some incident how many it killed, no number of killed is
given, and that is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ceasefire import codes
from ceasefire.disclosure import INCIDENTS, SuppressedTable, suppress
from ceasefire.periods import local_day
from ceasefire.reports.compilation import UNTESTED, english
from ceasefire.reports.models import SharedWeeklyReport, WeeklyReport
from ceasefire.statistics.assessment import ALERT_RATE
from ceasefire.statistics.history import RECENT_EVENTS

REPORT = "weekly-violence-trends-shared"
#: 2: a row of what is known to no district.
#: 3: the trend, the calendar and the program effect as ratios, the day it is complete to.
#: 4: which numbers nobody knows, and what a correction changes and why.
#: 5: whether the site was recording; a week outside coverage has no numbers.
#: 6: page and files begin with how complete the week was; no key is new.
VERSION = 6
#: Stands where some incident's number is not known; no number can be taken from it.
UNKNOWN = "unknown"


def shared_body(
    report: WeeklyReport,
    earlier: SharedWeeklyReport | None = None,
    held: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """The shared document of a report that is being approved.

    `earlier`: what REO holds of this week by now; `held`: of the weeks before, by week.
    """
    basis = report.basis
    shared = basis["shared"]
    is_covered = _is_covered(report)
    if not is_covered:
        shared = _without_numbers(shared)
    table, families = published_table(shared["cells"], shared["families"])
    totals = {total["place"]: total for total in shared["totals"]}
    published = dict(zip(shared["districts"], table.row_totals, strict=True))
    lately = _lately(shared, held or {})
    tested = {
        place
        for place, count in published.items()
        if count is not None
        and totals[place]["state"] in ("usual", "unusual")
        and _is_tested([count, *(week.get(place, 0) for week in lately)])
    }
    alerts = [place for place in shared["alerts"] if place in tested]
    judged = [
        _district(place, count, totals[place], len(tested) if place in tested else None)
        for place, count in published.items()
    ]
    is_unknown = table.total is not None and _killed_unknown(report) > 0
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
        "is_covered": is_covered,
        "not_recorded": shared.get("not_recorded", []),
        "total": table.total if is_covered else None,
        "killed": harmed(shared["killed"], table) if is_covered and not is_unknown else None,
        "injured": harmed(shared["injured"], table) if is_covered else None,
        "unknown": ["killed"] if is_unknown else [],
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
        "tests_made": len(tested),
        "false_alerts_expected": round(ALERT_RATE * max(len(alerts), 1), 2) if tested else 0.0,
        "alerts": alerts,
        **{name: shared.get(name) for name in ("complete_to", "trend", "effect", "software")},
        "correction": _correction(judged, basis, earlier),
        "names": {
            "places": _place_names(shared, basis["places"]),
            "families": _family_names(families),
            "outcomes": shared.get("outcomes", {}),
        },
    }


def _is_covered(report: WeeklyReport) -> bool:
    """Whether the site was recording in the week, as the version for all staff says it."""
    return bool((report.basis_open or report.basis)["is_covered"])


def _without_numbers(shared: Mapping[str, Any]) -> dict[str, Any]:
    """What is shared of a week outside coverage: nothing counted, and the districts it is of.

    Not even what was recorded all the same: beside such a count every other would read as zero.
    """
    none: dict[str, Any] = dict.fromkeys(("districts", "families", "cells", "totals", "alerts"), [])
    places = [place for place in shared["districts"] if place]
    return {**shared, **none, "before": [], "killed_unknown": 0, "not_recorded": places}


def _lately(
    shared: Mapping[str, Any], held: Mapping[str, Mapping[str, Any]]
) -> list[Mapping[str, int | None]]:
    """What is published of the weeks before that a test looks back on: {district: count} each.

    As REO holds it; of a week that was not shared, as it would have been. A week without records
    is left out, as the test does, and so is all of a draft from before these were kept.
    """
    lately: list[Mapping[str, int | None]] = []
    for week in shared.get("before", ()):
        if not week["is_covered"]:
            continue
        body = held.get(week["week_start"])
        if body is None:
            table, _families = published_table(week["cells"], week["families"])
            lately.append(dict(zip(week["districts"], table.row_totals, strict=True)))
        elif body.get("is_covered", True):
            lately.append({row["place"]: row["incidents"] for row in body["districts"]})
    return lately


def _is_tested(lately: Sequence[int | None]) -> bool:
    """Whether the published counts alone say that the last weeks had enough incidents for a test.

    A hidden count is taken as one. Where it could as well be two the answer would tell which, so
    the answer is made of nothing but what is published.
    """
    return sum(1 if count is None else count for count in lately) >= RECENT_EVENTS


def _killed_unknown(report: WeeklyReport) -> int:
    """Of how many incidents counted here nobody knows how many they killed."""
    shared = report.basis["shared"]
    # A draft from before version 4 has it for the whole version only.
    else_known: Mapping[str, Any] = (report.basis_open or report.basis)["recorded"]
    return int(shared.get("killed_unknown", else_known["killed_unknown"]))


def _correction(
    judged: Sequence[Mapping[str, Any]],
    basis: Mapping[str, Any],
    earlier: SharedWeeklyReport | None,
) -> dict[str, Any] | None:
    """Since when, why and what REO is told of a correction; None for a first version.

    What was written for the program never stands here: where nothing was written for REO, a fixed
    sentence (`key`) does. Of the changes those of districts that are shown before and after.
    """
    if earlier is None:
        return None
    written = basis.get("correction", {}).get("outside", "")
    key = basis.get("correction_key", "corrected")
    before = {row["place"]: row["incidents"] for row in earlier.body["districts"]}
    return {
        "since": local_day(earlier.frozen_at).isoformat(),
        "reason": written or english(key, {}),
        "key": None if written else key,
        "changes": [
            {"place": row["place"], "before": before[row["place"]], "after": row["incidents"]}
            for row in judged
            if row["incidents"] is not None
            and before.get(row["place"]) not in (None, row["incidents"])
        ],
    }


def _place_names(
    shared: dict[str, Any], known: dict[str, dict[str, str]]
) -> dict[str, dict[str, str]]:
    """Names of the districts with a row, and of those whose effect is told."""
    wanted = {*shared["districts"], *shared.get("not_recorded", ())}
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


def says_something_new(new: dict[str, Any], old: dict[str, Any]) -> bool:
    """Whether a corrected version differs in anything REO reads.

    That there is another version would otherwise tell that something hidden changed.
    """
    return _published(old) != _published(new)


def may_follow(new: dict[str, Any], old: dict[str, Any]) -> bool:
    """Whether a corrected version may be published beside another of the same week.

    Two versions of one table can be subtracted. A published count that moves by one or two would
    show exactly those incidents, so such a correction stays inside the program. Where a number was
    unknown, or is now, nothing is there to be subtracted.
    """
    if not (new.get("is_covered", True) and old.get("is_covered", True)):
        # Of a week outside coverage no number is published, so there is nothing to subtract.
        return True
    before, after = _published(old), _published(new)
    for cell in before.keys() & after.keys():
        first, second = before[cell], after[cell]
        if UNKNOWN in (first, second):
            continue
        if (first is None) != (second is None):
            return False
        if (
            isinstance(first, int)
            and isinstance(second, int)
            and 0 < abs(first - second) < INCIDENTS
        ):
            return False
    return True


def _published(body: dict[str, Any]) -> dict[tuple[str, str], int | str | None]:
    if not body.get("is_covered", True):
        # Nothing was published, so nothing can be subtracted from it.
        return {(name, name): UNKNOWN for name in ("total", "killed", "injured")}
    cells: dict[tuple[str, str], int | str | None] = {
        (row["place"], row["family"]): row["incidents"] for row in body["counts"]
    }
    cells |= {(row["place"], ""): row["incidents"] for row in body["districts"]}
    # No district's P-code: an empty one is a row of its own.
    cells |= {("*", row["family"]): row["incidents"] for row in body["families"]}
    for name in ("total", "killed", "injured"):
        cells[(name, name)] = UNKNOWN if name in body.get("unknown", ()) else body[name]
    return cells


def _district(
    place: str, incidents: int | None, total: dict[str, Any], tests: int | None
) -> dict[str, Any]:
    """A district's row; what the statistics say is hidden with its count.

    `tests`: how many districts are shown as tested; None where this one is not.
    """
    if incidents is None or (tests is None and total["state"] != UNTESTED):
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
    values = dict(total["values"])
    if "tests" in values:
        values["tests"] = tests
    return {
        "place": place,
        "incidents": incidents,
        "state": total["state"],
        "expected": total["expected"],
        "upper": total["upper"],
        "sentence": english(total["key"], values),
        "key": total["key"],
        "values": values,
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
