"""What needs somebody in a team today: numbers of the cases and conflicts that one person sees.

A supervisor's team, and teams stood in for; a manager's sites. Each number is that of the list it
leads to, for the same reader. Live sites only: an imported history has nobody to see to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Q
from django.db.models.functions import Coalesce, Greatest

from ceasefire import periods, rulesets
from ceasefire.people.models import User
from ceasefire.people.roles import FIELD_ROLES, Role
from ceasefire.periods import Week
from ceasefire.places.models import Site
from outreach.measures.fidelity import Bands, band_word
from outreach.models import (
    ALARMING,
    Approval,
    Conflict,
    Participant,
    SupervisionSheet,
    team_ids,
)

#: A truce that ends so soon is seen to now.
TRUCE_SOON = timedelta(days=3)


@dataclass(frozen=True)
class Cases:
    """Active cases, and those of them that need somebody: each may be in several of these."""

    active: int
    #: Under threat, or planning harm.
    alarming: int
    #: Without a contact for as long as the site's standard calls at risk; and beyond.
    at_risk: int
    #: A planned visit is past its day.
    late: int


def cases(reader: User, sites: Sequence[Site], on: date) -> Cases:
    """The active cases that somebody answers for at some sites."""
    if not sites:
        return Cases(0, 0, 0, 0)
    counts: dict[str, int] = _active(reader, sites).aggregate(
        active=Count("pk"),
        **{name: Count("pk", filter=one) for name, one in _needs(sites, on).items()},
    )
    return Cases(**counts)


def needing(reader: User, sites: Sequence[Site], on: date, need: str) -> Any:
    """The active cases that one number of `cases` counts: `alarming`, `at_risk` or `late`."""
    live = [site for site in sites if not site.read_only]
    return _active(reader, live).filter(_needs(live, on)[need])


def _active(reader: User, sites: Sequence[Site]) -> Any:
    rows = Participant.objects.visible_to(reader).active()
    return rows.filter(site__in=[site.pk for site in sites]).annotate(
        spoken_at=Coalesce(Greatest("last_contact_at", "status_since"), "status_since")
    )


def _needs(sites: Sequence[Site], on: date) -> dict[str, Q]:
    """What each number of `Cases` counts besides `active`, as conditions on `_active`."""
    rules = rulesets.by_site("contact_standard", list(sites), on) if sites else {}
    until = datetime.combine(on, time.min, periods.BAGHDAD) + timedelta(days=1)
    quiet = Q(pk__in=[])
    for site in sites:
        days = timedelta(days=rules[site.pk].content["at_risk_days"])
        quiet |= Q(site=site.pk, spoken_at__lt=until - days)
    return {
        "alarming": Q(risk_signal__in=ALARMING),
        "at_risk": quiet,
        "late": Q(next_contact_on__lt=on),
    }


def people_of(reader: User) -> Any:
    """Whom somebody oversees: a supervisor's team, a manager's sites; never oneself."""
    people = User.objects.active().exclude(pk=reader.pk)
    if reader.role == Role.MANAGER:
        return people.filter(sites__in=reader.site_ids)
    return people.filter(pk__in=team_ids(reader))


def team_bands(reader: User, sites: Sequence[Site], on: date) -> Bands:
    """Workers somebody oversees, once for each site they work at, by what they carry there."""
    rules = rulesets.by_site("caseload_band", list(sites), on) if sites else {}
    keys = [site.pk for site in sites]
    carried = {
        (worker, site): number
        for worker, site, number in Participant.objects.visible_to(reader)
        .active()
        .filter(site__in=keys)
        .order_by()
        .values_list("worker", "site")
        .annotate(number=Count("pk"))
    }
    counts = dict.fromkeys(("few", "room", "good", "many", "over"), 0)
    workers = people_of(reader).filter(role=Role.WORKER, sites__in=keys)
    for worker, site in set(workers.values_list("pk", "sites")):
        if site in rules:
            counts[band_word(rules[site].content, carried.get((worker, site), 0))] += 1
    return Bands(**counts)


@dataclass(frozen=True)
class Sheets:
    """This week's sheets: of how many, and how many are signed."""

    wanted: int
    signed: int

    @property
    def waiting(self) -> int:
        return self.wanted - self.signed


def sheets(reader: User, sites: Sequence[Site], on: date) -> Sheets:
    """The sheets of this week: one for everybody in the field, at each site they work at."""
    if not sites:
        return Sheets(0, 0)
    keys = {site.pk for site in sites}
    staff = people_of(reader).filter(role__in=FIELD_ROLES, sites__in=keys)
    wanted = {pair for pair in set(staff.values_list("pk", "sites")) if pair[1] in keys}
    this_week = Q(pk__in=[])
    for site in sites:
        this_week |= Q(site=site.pk, week_start=Week.of(on, site.week_start).start)
    signed = SupervisionSheet.objects.filter(this_week, signed_at__isnull=False)
    return Sheets(len(wanted), len(wanted & set(signed.values_list("worker", "site"))))


@dataclass(frozen=True)
class Conflicts:
    """Open conflicts, and those of them that wait for somebody."""

    open: int
    follow_up: int
    truce: int
    reignited: int


def conflicts(reader: User, at: datetime, site_ids: Sequence[int] | None = None) -> Conflicts:
    """The conflicts that somebody sees; of some sites only, where they are given."""
    rows = Conflict.objects.visible_to(reader)
    if site_ids is not None:
        rows = rows.filter(site__in=list(site_ids))
    is_open = ~Q(state=Conflict.State.CLOSED)
    counts: dict[str, int] = rows.aggregate(
        open=Count("pk", filter=is_open),
        follow_up=Count("pk", filter=is_open & Q(next_follow_up_on__lt=periods.local_day(at))),
        truce=Count("pk", filter=is_open & Q(truce_ends_at__lte=at + TRUCE_SOON)),
        reignited=Count("pk", filter=Q(state=Conflict.State.REIGNITED)),
    )
    return Conflicts(**counts)


def approvals(reader: User) -> int:
    """What waits for somebody's yes or no."""
    return Approval.objects.visible_to(reader).open().count()
