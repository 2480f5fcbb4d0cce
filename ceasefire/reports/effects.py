"""Section 8: did violence fall where the program works? Set down beforehand, read once a quarter.

A plan says the districts, the start and the outcome before anybody looks; the report of the week
that holds the quarter's last day judges every plan that stands, and no other report does. The
method and what must be there are those of `ceasefire.statistics.effect`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Max
from numpy.typing import NDArray

from ceasefire import audit, codes, periods
from ceasefire.codes.services import family
from ceasefire.people.models import User
from ceasefire.periods import Week
from ceasefire.places.models import Site
from ceasefire.reports.effect_models import EffectPlan
from ceasefire.reports.exceptions import (
    NotOwnRecords,
    OutcomeIsSensitive,
    PlanWasRead,
    PlanWasWithdrawn,
)
from ceasefire.reports.panel import ALL, Period, covered, probability, rounded
from ceasefire.reports.recording import coverage, districts, knows_since
from ceasefire.statistics.effect import Effect, Verdict, effect, judged_together
from incidents import measures

#: A plan is judged by at most so many weeks before its start.
MOST_BEFORE = 260
#: Weeks that are one step of the index.
STEP = 4
#: Placebo ratios that a document holds at most; of more, evenly spread ones.
MOST_PLACEBO = 200


def quarter_end(day: date) -> date:
    """The last day of the quarter in which a day lies."""
    month = 3 * ((day.month - 1) // 3) + 3
    following = date(day.year + month // 12, month % 12 + 1, 1)
    return following - timedelta(days=1)


def is_told(week: Week) -> bool:
    """Whether the report of this week judges the effect: it holds the last day of a quarter."""
    return week.start <= quarter_end(week.start) < week.end


def outcomes() -> list[tuple[str, str]]:
    """Families of types by which an effect may be judged, with their names; no sexual violence.

    A plan and its districts stand in the open and in the shared version, which are made as if
    sexual violence had never been logged.
    """
    return [one for one in codes.choices("type_family") if not _is_sensitive(one[0])]


def _is_sensitive(outcome: str) -> bool:
    return outcome == family("incident_type", "SXV")


@transaction.atomic
def register_plan(
    *,
    site: Site,
    starts_on: date,
    treated: Sequence[str],
    comparison: Sequence[str],
    outcome: str,
    grounds: str,
    by: User,
    elsewhere: Sequence[str] = (),
    at: datetime | None = None,
) -> EffectPlan:
    """Set down what will be judged. It can be withdrawn until a report has judged it.

    `elsewhere`: districts of other sites' records to compare with, as `records_elsewhere` names
    them. The first week it is judged by is fixed here: as far back as the site records by now, at
    most five years before the start. What is imported of earlier years afterwards changes nothing.

    Refuses sexual violence as what is counted, and records of sites that are not `by`'s own. `at`:
    when it was set down, for a demonstration and tests; no page offers it.
    """
    if _is_sensitive(outcome):
        raise OutcomeIsSensitive
    if not set(elsewhere) <= records_elsewhere(site, by=by).keys():
        raise NotOwnRecords
    Site.objects.select_for_update(no_key=True).only("pk").get(pk=site.pk)
    last = EffectPlan.objects.filter(site=site).aggregate(last=Max("number"))["last"] or 0
    plan = EffectPlan.objects.create(
        site=site,
        number=last + 1,
        starts_on=starts_on,
        treated=sorted(treated),
        comparison=sorted(comparison),
        elsewhere=sorted(elsewhere),
        first_week=max([_earliest(starts_on, site), *_began(site)]),
        outcome=outcome,
        grounds=grounds.strip(),
        registered_at=at or periods.now(),
        registered_by=by,
    )
    audit.record(
        "effectplan.registered",
        subject=plan,
        by=by,
        detail={
            "starts_on": starts_on.isoformat(),
            "treated": plan.treated,
            "comparison": [*plan.comparison, *plan.elsewhere],
            "outcome": outcome,
        },
    )
    return plan


def records_elsewhere(site: Site, *, by: User) -> dict[str, tuple[Site, str]]:
    """Districts of the person's other sites that this one does not have: {"SITE/P-CODE": ...}.

    Only their counts are read, and never those of sexual violence, minors and staff.
    """
    own = set(districts(site))
    others = Site.objects.filter(pk__in=by.site_ids).exclude(pk=site.pk).order_by("code")
    return {
        f"{other.code}/{district}": (other, district)
        for other in others
        for district in districts(other)
        if district not in own
    }


def _began(site: Site) -> list[date]:
    """The first day of the week since which the site records; [] where nothing tells."""
    return [Week.of(start, site.week_start).start for start, _end in coverage(site)[:1]]


@transaction.atomic
def withdraw_plan(plan: EffectPlan, *, by: User) -> EffectPlan:
    """Take a plan back before anybody has looked. Refused once a report has judged it."""
    Site.objects.select_for_update(no_key=True).only("pk").get(pk=plan.site_id)
    plan = EffectPlan.objects.select_for_update(of=("self",)).select_related("site").get(pk=plan.pk)
    if plan.is_read:
        raise PlanWasRead
    if plan.is_withdrawn:
        raise PlanWasWithdrawn
    plan.withdrawn_at, plan.withdrawn_by = periods.now(), by
    plan.save(update_fields=["withdrawn_at", "withdrawn_by"])
    audit.record("effectplan.withdrawn", subject=plan, by=by)
    return plan


def mark_read(site: Site, judged: Sequence[Mapping[str, Any]] | None) -> None:
    """Plans that a report just judged stand for ever. Called where the report is written."""
    numbers = [one["plan"] for one in judged or ()]
    plans = EffectPlan.objects.filter(site=site, number__in=numbers, first_read_at=None)
    for plan in plans.select_for_update(of=("self",)).select_related("site").order_by("pk"):
        plan.first_read_at = max(periods.now(), plan.registered_at)
        plan.save(update_fields=["first_read_at"])
        audit.record("effectplan.read", subject=plan, by=None)


# --- judging --------------------------------------------------------------------------------------


def judged_effects(
    site: Site,
    week: Week,
    *,
    as_of: datetime,
    cut: datetime | None,
    exclude_sensitive: bool = False,
) -> list[dict[str, Any]] | None:
    """What may be said of each plan that stands; None where it is not the week to say it.

    Each plan's weeks begin with the first one that was fixed when it was set down, however long ago
    that is by now. All plans are judged together: among several, one alone speaks more seldom.
    Nothing is held: whoever writes the report takes the site's turn first, then asks `still_stand`.
    """
    if not is_told(week):
        return None
    # One that was taken back after `as_of` is not judged either: nobody has looked, and may not.
    standing = EffectPlan.objects.filter(site=site, withdrawn_at=None).standing(as_of)
    plans = [
        plan
        for plan in standing.order_by("number")
        if not (exclude_sensitive and _is_sensitive(plan.outcome))
    ]
    records = _Records(site, week, cut, exclude_sensitive)
    tables = [_table(plan, records) for plan in plans]
    found = [
        effect(table.counts, start=table.start, treated=table.inside, seed=[site.pk, plan.number])
        for plan, table in zip(plans, tables, strict=True)
    ]
    return [
        _told(plan, table, one, week)
        for plan, table, one in zip(plans, tables, judged_together(found), strict=True)
    ]


def still_stand(site: Site, judged: Sequence[Mapping[str, Any]] | None) -> bool:
    """Whether none of the plans just judged was withdrawn meanwhile.

    For whoever holds the site: plans are set down and withdrawn in its turn, so the answer stands.
    """
    numbers = [one["plan"] for one in judged or ()]
    plans = EffectPlan.objects.filter(site=site, number__in=numbers)
    return not plans.exclude(withdrawn_at=None).exists()


@dataclass
class _Records:
    """The counts that plans are judged by, each site's read once from the earliest week asked for.

    Of another site sexual violence, minors and staff are always left out: its sensitive counts are
    for its own people alone, and the report is read here.
    """

    site: Site
    week: Week
    cut: datetime | None
    exclude_sensitive: bool
    read: dict[tuple[int, date], tuple[list[measures.Count], list[Period]]] = field(
        default_factory=dict
    )

    def series(
        self, site: Site, district: str, outcome: str, weeks: Sequence[Week]
    ) -> NDArray[np.float64]:
        """Verified incidents a week of a district that count as the outcome; nan = not recorded."""
        counts, periods_of_site = self._of(site, weeks[0].start)
        held: Counter[date] = Counter()
        for one in counts:
            if one.district_pcode == district and (
                outcome == ALL or family("incident_type", one.type) == outcome
            ):
                held[one.week_start] += one.incidents
        return np.array(
            [
                float(held[week.start]) if covered(week, periods_of_site) else math.nan
                for week in weeks
            ]
        )

    def _of(self, site: Site, first: date) -> tuple[list[measures.Count], list[Period]]:
        if (site.pk, first) not in self.read:
            without = self.exclude_sensitive or site.pk != self.site.pk
            self.read[site.pk, first] = (
                measures.weekly_counts(
                    site.pk,
                    first,
                    self.week.end,
                    as_of=self.cut,
                    exclude_sensitive=without,
                    week_start=self.site.week_start,
                ),
                coverage(site, cut=self.cut, exclude_sensitive=without)
                if knows_since(site)
                else [],
            )
        return self.read[site.pk, first]


@dataclass(frozen=True)
class _Table:
    """Weeks by districts of a plan, those of the program first; `start` is the first week after."""

    counts: NDArray[np.float64]
    inside: NDArray[np.bool_]
    start: int
    weeks: Sequence[Week]


def _table(plan: EffectPlan, records: _Records) -> _Table:
    weeks = [Week.of(first_week(plan, records.site), records.site.week_start)]
    while weeks[-1].start < records.week.start:
        weeks.append(weeks[-1].plus(1))
    others = {one.code: one for one in Site.objects.filter(code__in=plan.elsewhere_sites)}
    where = [(records.site, district) for district in (*plan.treated, *plan.comparison)]
    where += [(others[code], district) for code, district in plan.elsewhere_pairs]
    table = np.column_stack(
        [records.series(site, district, plan.outcome, weeks) for site, district in where]
    )
    first = next((at for at, one in enumerate(weeks) if one.start >= plan.starts_on), len(weeks))
    if first and weeks[first - 1].start < plan.starts_on < weeks[first - 1].end:
        # The week in which it began is half before and half after: it is neither.
        table[first - 1] = math.nan
    return _Table(table, np.arange(len(where)) < len(plan.treated), first, weeks)


def first_week(plan: EffectPlan, site: Site) -> date:
    """The first of the weeks before the start by which a plan is judged, whenever it is judged.

    Fixed when the plan was set down. One from before that was kept: five years before its start.
    """
    return plan.first_week or _earliest(plan.starts_on, site)


def _earliest(starts_on: date, site: Site) -> date:
    return Week.of(starts_on, site.week_start).plus(-MOST_BEFORE).start


def _told(plan: EffectPlan, table: _Table, found: Effect, week: Week) -> dict[str, Any]:
    told = found.verdict is not Verdict.TOO_LITTLE
    registered_on = periods.local_day(plan.registered_at)
    return {
        "plan": plan.number,
        "registered_on": registered_on.isoformat(),
        "starts_on": plan.starts_on.isoformat(),
        "first_week": table.weeks[0].start.isoformat(),
        "look": looks(registered_on, week),
        "treated": plan.treated,
        "comparison": [*plan.comparison, *plan.elsewhere],
        "outcome": plan.outcome,
        "tested": found.is_tested,
        "verdict": found.verdict.value,
        "reason": found.reason.value,
        "ratio": rounded(found.ratio, 3) if told else None,
        "low": rounded(found.low, 3) if told else None,
        "high": rounded(found.high, 3) if told else None,
        "p_placebo": probability(found.p_placebo) if told else None,
        "choices": len(found.placebo),
        "choices_of_all": found.choices,
        "placebo": [rounded(float(one), 3) for one in _thinned(found.placebo)] if told else [],
        "index": _index(table) if told else [],
    }


def looks(registered_on: date, week: Week) -> int:
    """The how-manieth quarter's end since a plan was set down a week holds; 1 for the first.

    By the calendar and not by which reports were made, so that a report made again says the same.
    """
    quarters = [4 * day.year + (day.month - 1) // 3 for day in (registered_on, week.start)]
    return max(quarters[1] - quarters[0] + 1, 1)


def _thinned(values: NDArray[np.float64]) -> Iterable[float]:
    if len(values) <= MOST_PLACEBO:
        return list(values)
    return [values[at] for at in np.linspace(0, len(values) - 1, MOST_PLACEBO).round().astype(int)]


def _index(judged: _Table) -> list[dict[str, Any]]:
    """Both groups by steps of four weeks counted from the start; 100 is a group's mean before it.

    A step in which a group recorded nothing at all has no value.
    """
    table, first = judged.counts, judged.start
    groups = {"ours": table[:, judged.inside], "others": table[:, ~judged.inside]}
    means = {name: float(np.nanmean(group[:first])) for name, group in groups.items()}
    bounds = [*range(first % STEP, len(table), STEP), len(table)]
    if bounds[0]:
        bounds.insert(0, 0)
    steps = []
    for begin, end in zip(bounds, bounds[1:], strict=False):
        step: dict[str, Any] = {
            "week_start": judged.weeks[begin].start.isoformat(),
            "weeks": end - begin,
            "after": begin >= first,
        }
        for name, group in groups.items():
            part = group[begin:end]
            known = np.isfinite(part).any()
            step[f"{name}_incidents"] = int(np.nansum(part)) if known else None
            has_index = known and means[name] > 0
            step[name] = (
                rounded(100 * float(np.nanmean(part)) / means[name], 1) if has_index else None
            )
        steps.append(step)
    return steps
