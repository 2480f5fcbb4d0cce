"""The weekly report beyond this week's counts: delays, trend, near repeat, clusters, places.

Numbers in, JSON out, each empty where the records are too few (`docs/statistics.md` says how few).
Made from the records as of the report's cut, with seeds of site and week: made again they are the
same. Of all this only the ratios of the trend go into the version for REO.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ceasefire.disclosure import INCIDENTS, suppress_groups
from ceasefire.periods import BAGHDAD, Week
from ceasefire.places.models import Place, Site
from ceasefire.reports.calendars import shares, years
from ceasefire.reports.panel import ALL, NOWHERE, Panel, probability, rounded
from ceasefire.statistics.near_repeat import NearRepeat
from ceasefire.statistics.nowcast import FEWEST, nowcast
from ceasefire.statistics.trend import Ratio, Trend, trend
from incidents import measures

#: Delays of more weeks count as this long; learnt from the last so many weeks.
LONGEST_DELAY, WINDOW = 6, 26
#: Weeks that are one step of the trend's chart.
STEP = 4
#: Days after the event up to which the delays are told.
DELAY_DAYS = (0, 1, 2, 3, 4, 5, 6, 7, 10, 14, 21, 28, 35, 42)
#: Weeks of incidents whose delays are told; they end so long ago that the longest has passed.
DELAY_WEEKS = 26
#: Days of which the concentration is told.
CONCENTRATION_DAYS = 90
#: A cluster such as chance shows once a year or seldomer stands out.
STANDS_OUT_WEEKS = 52


def further(
    site: Site,
    week: Week,
    panel: Panel,
    near: measures.NearRepeats,
    beside: Sequence[float],
    *,
    day: date,
    cut: datetime | None,
    exclude_sensitive: bool,
) -> dict[str, Any]:
    """The parts of the document; `cut` and `exclude_sensitive` as for the counts.

    `day`: on which the report speaks, the cut's where there is one.
    `near`: the near repeats of these incidents. `beside`: the q of each of their tests, after
    allowing for everything that was tested in the week.
    """
    return {
        "back_filled": _back_filled(site, week, cut=cut, exclude_sensitive=exclude_sensitive),
        "delays": _delays(site, week, cut=cut, exclude_sensitive=exclude_sensitive),
        "nowcast": _nowcast(site, week, day=day, cut=cut, exclude_sensitive=exclude_sensitive),
        "trend": _trend(panel),
        **_near_repeat(near, beside),
        **_clusters(site, week, cut=cut, exclude_sensitive=exclude_sensitive),
        "concentration": _concentration(
            site, week, panel, cut=cut, exclude_sensitive=exclude_sensitive
        ),
    }


def _back_filled(
    site: Site, week: Week, *, cut: datetime | None, exclude_sensitive: bool
) -> list[dict[str, Any]]:
    """Incidents entered together long after they happened, since the week began, by week.

    They count in the weeks in which they happened. Of an imported history nothing is said: it is a
    batch as a whole.
    """
    if site.read_only:
        return []
    found = measures.back_filled(
        site.pk,
        datetime.combine(week.start, time(0), BAGHDAD),
        as_of=cut,
        exclude_sensitive=exclude_sensitive,
    )
    batches = []
    for one in found:
        weeks = Counter(Week.of(day, site.week_start).start for day in one.days)
        batches.append(
            {
                "kind": "import" if one.is_import else "entry",
                "entered_from": one.first.astimezone(BAGHDAD).isoformat(timespec="minutes"),
                "entered_to": one.last.astimezone(BAGHDAD).isoformat(timespec="minutes"),
                "incidents": len(one.days),
                "weeks": [
                    {"week_start": start.isoformat(), "incidents": count}
                    for start, count in sorted(weeks.items())
                ],
            }
        )
    return batches


def _delays(
    site: Site, week: Week, *, cut: datetime | None, exclude_sensitive: bool
) -> dict[str, Any]:
    """Which share of incidents was in the system how many days after they happened.

    Of those that happened long enough ago for the longest delay to have passed.
    """
    if site.read_only:
        return {}
    end = week.end - timedelta(days=DELAY_DAYS[-1])
    told = measures.told_when(
        site.pk,
        end - timedelta(weeks=DELAY_WEEKS),
        end,
        as_of=cut,
        exclude_sensitive=exclude_sensitive,
    )
    late = sorted(max((heard - happened).days, 0) for happened, heard in told)
    if len(late) < FEWEST:
        return {}
    return {
        "incidents": len(late),
        "days": list(DELAY_DAYS),
        "share": [rounded(bisect_right(late, day) / len(late), 3) for day in DELAY_DAYS],
    }


def _nowcast(
    site: Site, week: Week, *, day: date, cut: datetime | None, exclude_sensitive: bool
) -> dict[str, Any]:
    """What will be known in the end of the last weeks, by what is known on `day`.

    Of weeks up to the report's that ended less than `LONGEST_DELAY` weeks before: to a week that
    ended earlier hardly anything is added, so an old report and its correction say nothing of it.
    A week of delay ends on that day and not with the site's week, so that what came in since the
    week's end is known here as well as in the counts.
    """
    if site.read_only:
        return {}
    last = Week.of(day, site.week_start).previous()
    first = last.plus(1 - WINDOW)
    told = measures.told_when(
        site.pk, first.start, last.end, as_of=cut, exclude_sensitive=exclude_sensitive
    )
    since = (day - last.end).days + 1
    happened = [(when - first.start).days // 7 for when, _told in told]
    found = nowcast(
        happened,
        [
            max((min(heard, day) - first.start).days - since, 7 * at) // 7
            for at, (_when, heard) in zip(happened, told, strict=True)
        ],
        now=WINDOW - 1,
        longest=LONGEST_DELAY,
        window=WINDOW,
        seed=[site.pk, week.start.toordinal(), 1],
    )
    if found is None:
        return {}
    weeks = [last.plus(at + 1 - LONGEST_DELAY).start for at in range(LONGEST_DELAY)]
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
            if start <= week.start
        ]
    }


def _trend(panel: Panel) -> dict[str, Any]:
    if not panel.compares:
        return {}
    places = {place for place, kind, _start in panel.cells if kind == ALL} | set(panel.districts)
    series = np.sum([panel.series(place, ALL) for place in sorted(places | {NOWHERE})], axis=0)
    # Weeks from before what is recorded changed would show that change as a trend.
    series[: panel.baseline_from] = np.nan
    starts = [one.start for one in panel.weeks]
    found = trend(
        series,
        week_of_year=[(day.timetuple().tm_yday - 1) / 7 for day in starts],
        calendar=shares(starts),
        years=years(starts),
    )
    if found is None:
        return {}
    return {
        "weeks": found.weeks,
        "events": found.events,
        "yearly": _ratio(found.yearly),
        "has_season": found.has_season,
        "calendar": {name: _ratio(one) for name, one in found.calendar.items()},
        "line": _line(panel, series, found),
    }


def _line(panel: Panel, series: NDArray[np.float64], found: Trend) -> list[dict[str, Any]]:
    """The trend by steps of four weeks, the last one ending with the week: a week's level in each.

    `weeks` counts those that were recorded, `per_week` is of these and null without any.
    """
    steps = []
    for last in range(len(panel.weeks), 0, -STEP):
        part = slice(max(0, last - STEP), last)
        known = int(np.isfinite(series[part]).sum())
        seen = int(np.nansum(series[part]))
        steps.append(
            {
                "week_start": panel.weeks[part.start].start.isoformat(),
                "weeks": known,
                "incidents": seen,
                "per_week": rounded(seen / known) if known else None,
                **{
                    name: rounded(float(getattr(found, attribute)[part].mean()))
                    for name, attribute in (("line", "smooth"), ("low", "low"), ("high", "high"))
                },
            }
        )
    return steps[::-1]


def _ratio(one: Ratio) -> dict[str, float | None]:
    return {name: rounded(getattr(one, name), 3) for name in ("ratio", "low", "high")}


def _near_repeat(near: measures.NearRepeats, beside: Sequence[float]) -> dict[str, Any]:
    """All incidents together, then each kind by itself; of too few their number alone."""
    adjusted = iter(beside)
    whole = _tables(near.whole) | {"q": probability(next(adjusted))} if near.whole else {}
    kinds = [
        {"by": one.by, "kind": one.kind, "events": one.events}
        | (
            {"tested": _tables(one.found) | {"q": probability(next(adjusted))}}
            if one.found is not None
            else {"tested": None}
        )
        for one in near.kinds
    ]
    return {"near_repeat": whole, "near_repeat_kinds": kinds, "near_repeat_tests": len(near.p)}


def _tables(found: NearRepeat) -> dict[str, Any]:
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


def _concentration(
    site: Site, week: Week, panel: Panel, *, cut: datetime | None, exclude_sensitive: bool
) -> dict[str, Any]:
    """How many incidents of the last 90 days were told of which sub-district and neighbourhood.

    `areas` are all sub-districts of a district, zero said as zero; `places` those neighbourhoods
    and sub-districts of which something was told. Counts of one and two are hidden, and with them
    what would give them away beside the sums of the sub-district and the district. An area or a
    place of "" stands for what is known to the district alone, a place that is its own area for
    what is known to the sub-district alone.
    """
    first = week.end - timedelta(days=CONCENTRATION_DAYS)
    held = measures.by_place(
        site.pk, first, week.end, as_of=cut, exclude_sensitive=exclude_sensitive
    )
    told = sorted({one.district_pcode for one in held})
    known: dict[str, list[str]] = {}
    rows = Place.objects.filter(
        level=Place.Level.SUBDISTRICT, district__pcode__in=[*told, *panel.districts], valid_to=None
    )
    for pcode, district in rows.order_by("pcode").values_list("pcode", "district__pcode"):
        known.setdefault(str(district), []).append(pcode)
    districts = []
    for district in sorted({*told, *(known if held else ())}):
        own = [one for one in held if one.district_pcode == district]
        areas = sorted({*known.get(district, ()), *(one.area_pcode for one in own)})
        inside = [[one for one in own if one.area_pcode == area] for area in areas]
        shown = suppress_groups(
            [[one.incidents for one in rows] for rows in inside], threshold=INCIDENTS
        )
        places = [
            {"place": one.pcode, "incidents": count}
            for rows, counts in zip(inside, shown.cells, strict=True)
            for one, count in zip(rows, counts, strict=True)
        ]
        districts.append(
            {
                "district": district,
                "incidents": shown.total,
                "areas": [
                    {"area": area, "incidents": count}
                    for area, count in zip(areas, shown.totals, strict=True)
                ],
                "places": sorted(places, key=lambda one: str(one["place"])),
            }
        )
    return {
        "from": first.isoformat(),
        "days": CONCENTRATION_DAYS,
        "fewest_shown": INCIDENTS,
        "districts": districts,
    }
