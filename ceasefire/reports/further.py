"""Sections 1, 3, 5 and 6 of the weekly report beyond counts: nowcast, trend, near repeat, clusters.

Numbers in, JSON out, each empty where the records are too few (`docs/statistics.md` says how few).
Made from the records as of the report's cut, with seeds of site and week: made again they are the
same. None of it goes into the version for REO.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

import numpy as np

from ceasefire.periods import Week
from ceasefire.places.models import Site
from ceasefire.reports.calendars import shares
from ceasefire.reports.panel import ALL, NOWHERE, Panel, probability, rounded
from ceasefire.statistics.nowcast import nowcast
from ceasefire.statistics.trend import Ratio, trend
from incidents import measures

#: Delays of more weeks count as this long; learnt from the last so many weeks.
LONGEST_DELAY, WINDOW = 6, 26
#: A cluster such as chance shows once a year or seldomer stands out.
STANDS_OUT_WEEKS = 52


def further(
    site: Site, week: Week, panel: Panel, *, cut: datetime | None, exclude_sensitive: bool
) -> dict[str, Any]:
    """The parts of the document; `cut` and `exclude_sensitive` as for the counts."""
    return {
        "nowcast": _nowcast(site, week, cut=cut, exclude_sensitive=exclude_sensitive),
        "trend": _trend(panel),
        "near_repeat": _near_repeat(site, week, cut=cut, exclude_sensitive=exclude_sensitive),
        **_clusters(site, week, cut=cut, exclude_sensitive=exclude_sensitive),
    }


def _nowcast(
    site: Site, week: Week, *, cut: datetime | None, exclude_sensitive: bool
) -> dict[str, Any]:
    if site.read_only:
        return {}
    first = week.plus(1 - WINDOW)
    told = measures.told_when(
        site.pk, first.start, week.end, as_of=cut, exclude_sensitive=exclude_sensitive
    )
    found = nowcast(
        [(day - first.start).days // 7 for day, _told in told],
        [(day - first.start).days // 7 for _day, day in told],
        now=WINDOW - 1,
        longest=LONGEST_DELAY,
        window=WINDOW,
        seed=[site.pk, week.start.toordinal(), 1],
    )
    if found is None:
        return {}
    weeks = [week.plus(at + 1 - LONGEST_DELAY).start for at in range(LONGEST_DELAY)]
    return {
        "weeks": [
            {
                "week_start": start.isoformat(),
                "known": int(found.known[at]),
                "expected": rounded(float(found.expected[at])),
                "low": int(found.low[at]),
                "high": int(found.high[at]),
            }
            for at, start in enumerate(weeks)
        ]
    }


def _trend(panel: Panel) -> dict[str, Any]:
    places = {place for place, kind, _start in panel.cells if kind == ALL} | set(panel.districts)
    series = np.sum([panel.series(place, ALL) for place in sorted(places | {NOWHERE})], axis=0)
    starts = [one.start for one in panel.weeks]
    found = trend(
        series,
        week_of_year=[(day.timetuple().tm_yday - 1) / 7 for day in starts],
        calendar=shares(starts),
    )
    if found is None:
        return {}
    return {
        "weeks": found.weeks,
        "events": found.events,
        "yearly": _ratio(found.yearly),
        "calendar": {name: _ratio(one) for name, one in found.calendar.items()},
    }


def _ratio(one: Ratio) -> dict[str, float | None]:
    return {name: rounded(getattr(one, name), 3) for name in ("ratio", "low", "high")}


def _near_repeat(
    site: Site, week: Week, *, cut: datetime | None, exclude_sensitive: bool
) -> dict[str, Any]:
    found = measures.near_repeats(site.pk, week.end, as_of=cut, exclude_sensitive=exclude_sensitive)
    if found is None:
        return {}
    return {
        "events": found.events,
        "permutations": found.permutations,
        "p_overall": probability(found.p_overall),
        "metres": list(found.metres),
        "days": list(found.days),
        "observed": found.observed.tolist(),
        **{
            name: [[_finite(one) for one in row] for row in getattr(found, name).tolist()]
            for name in ("expected", "ratio", "ratio_low", "ratio_high", "p")
        },
    }


def _finite(value: float) -> float | None:
    return rounded(value, 3) if math.isfinite(value) else None


def _clusters(
    site: Site, week: Week, *, cut: datetime | None, exclude_sensitive: bool
) -> dict[str, Any]:
    found = measures.emerging_cluster(
        site.pk, week.end, as_of=cut, exclude_sensitive=exclude_sensitive
    )
    if found is None:
        return {"clusters_tested": None, "clusters": []}
    incidents, one = found
    if one is None:
        return {"clusters_tested": incidents, "clusters": []}
    return {
        "clusters_tested": incidents,
        "clusters": [
            {
                "place": one.places[0],
                "places": list(one.places),
                "radius_km": rounded(one.radius_km),
                "days": one.days,
                "observed": one.observed,
                "expected": rounded(one.expected),
                "p": probability(one.p),
                "recurrence_weeks": rounded(1 / one.p, 1),
            }
        ],
    }
