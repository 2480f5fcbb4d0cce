"""Section 8: did violence fall where the program works? Set down beforehand, read once a quarter.

A plan says the districts, the start and the outcome before anybody looks; the report of the week
that holds the quarter's last day judges every plan that stands, and no other report does. The
method and what must be there are those of `ceasefire.statistics.effect`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
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
from ceasefire.reports.exceptions import OutcomeIsSensitive, PlanWasRead, PlanWasWithdrawn
from ceasefire.reports.panel import ALL, Panel, probability, rounded
from ceasefire.statistics.effect import Verdict, effect

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
    at: datetime | None = None,
) -> EffectPlan:
    """Set down what will be judged. It can be withdrawn until a report has judged it.

    Refuses sexual violence as what is counted. `at`: when it was set down, for a demonstration and
    tests; no page offers it.
    """
    if _is_sensitive(outcome):
        raise OutcomeIsSensitive
    Site.objects.select_for_update(no_key=True).only("pk").get(pk=site.pk)
    last = EffectPlan.objects.filter(site=site).aggregate(last=Max("number"))["last"] or 0
    plan = EffectPlan.objects.create(
        site=site,
        number=last + 1,
        starts_on=starts_on,
        treated=sorted(treated),
        comparison=sorted(comparison),
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
            "comparison": plan.comparison,
            "outcome": outcome,
        },
    )
    return plan


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
    site: Site, week: Week, panel: Panel, *, as_of: datetime, exclude_sensitive: bool = False
) -> list[dict[str, Any]] | None:
    """What may be said of each plan that stands; None where it is not the week to say it.

    Nothing is held: whoever writes the report takes the site's turn first, then asks `still_stand`.
    """
    if not is_told(week):
        return None
    # One that was taken back after `as_of` is not judged either: nobody has looked, and may not.
    plans = EffectPlan.objects.filter(site=site, withdrawn_at=None).standing(as_of)
    return [
        _judged(plan, panel)
        for plan in plans.order_by("number")
        if not (exclude_sensitive and _is_sensitive(plan.outcome))
    ]


def still_stand(site: Site, judged: Sequence[Mapping[str, Any]] | None) -> bool:
    """Whether none of the plans just judged was withdrawn meanwhile.

    For whoever holds the site: plans are set down and withdrawn in its turn, so the answer stands.
    """
    numbers = [one["plan"] for one in judged or ()]
    plans = EffectPlan.objects.filter(site=site, number__in=numbers)
    return not plans.exclude(withdrawn_at=None).exists()


def _judged(plan: EffectPlan, panel: Panel) -> dict[str, Any]:
    districts = [*plan.treated, *plan.comparison]
    inside = np.array([district in plan.treated for district in districts])
    table = np.column_stack([_series(panel, district, plan.outcome) for district in districts])
    starts = [week.start for week in panel.weeks]
    first = next((at for at, start in enumerate(starts) if start >= plan.starts_on), len(starts))
    if first and starts[first - 1] < plan.starts_on < starts[first - 1] + _WEEK:
        # The week in which it began is half before and half after: it is neither.
        table[first - 1] = math.nan
    found = effect(table, start=first, treated=inside)
    told = found.verdict is not Verdict.TOO_LITTLE
    return {
        "plan": plan.number,
        "registered_on": periods.local_day(plan.registered_at).isoformat(),
        "starts_on": plan.starts_on.isoformat(),
        "treated": plan.treated,
        "comparison": plan.comparison,
        "outcome": plan.outcome,
        "verdict": found.verdict.value,
        "reason": found.reason.value,
        "ratio": rounded(found.ratio, 3) if told else None,
        "low": rounded(found.low, 3) if told else None,
        "high": rounded(found.high, 3) if told else None,
        "p_placebo": probability(found.p_placebo) if told else None,
        "choices": len(found.placebo),
        "placebo": [rounded(float(one), 3) for one in _thinned(found.placebo)] if told else [],
        "index": _index(table, inside, first, starts) if told else [],
    }


_WEEK = timedelta(days=7)


def _series(panel: Panel, district: str, outcome: str) -> NDArray[np.float64]:
    """Verified incidents a week of a district that count as the outcome; nan where not recorded."""
    if outcome == ALL:
        return np.array(panel.series(district, ALL), dtype=float)
    kinds = {
        kind
        for place, kind, _start in panel.cells
        if place == district and kind != ALL and family("incident_type", kind) == outcome
    }
    nothing = np.where(panel.is_covered, 0.0, math.nan)
    return np.asarray(
        sum((np.array(panel.series(district, kind)) for kind in sorted(kinds)), nothing)
    )


def _thinned(values: NDArray[np.float64]) -> Iterable[float]:
    if len(values) <= MOST_PLACEBO:
        return list(values)
    return [values[at] for at in np.linspace(0, len(values) - 1, MOST_PLACEBO).round().astype(int)]


def _index(
    table: NDArray[np.float64], inside: NDArray[np.bool_], first: int, starts: Sequence[date]
) -> list[dict[str, Any]]:
    """Both groups by steps of four weeks counted from the start; 100 is a group's mean before it.

    A step in which a group recorded nothing at all has no value.
    """
    groups = {"ours": table[:, inside], "others": table[:, ~inside]}
    means = {name: float(np.nanmean(group[:first])) for name, group in groups.items()}
    bounds = [*range(first % STEP, len(table), STEP), len(table)]
    if bounds[0]:
        bounds.insert(0, 0)
    steps = []
    for begin, end in zip(bounds, bounds[1:], strict=False):
        step: dict[str, Any] = {
            "week_start": starts[begin].isoformat(),
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
