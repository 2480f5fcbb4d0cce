"""The verbs of the retaliation watch: both sides of a killing, 72 hours."""

from datetime import datetime, timedelta

from django.db import transaction

from ceasefire import audit, periods
from ceasefire.people.models import User
from incidents.exceptions import ChangedMeanwhile, NotForThisPerson, OnBothSides, WatchIsOver
from incidents.models import Incident, RetaliationWatch, WatchCheck
from incidents.models.response import WATCH_HOURS
from incidents.services import clocks, notices
from incidents.services.responses import ASSIGN, RECORD, may_assign, refuse, refuse_stranger
from incidents.services.workflow import locked

#: Findings that the supervisors hear of at once.
ALARMS = frozenset({"threats", "gathering"})


def _held(incident: Incident) -> tuple[Incident, RetaliationWatch | None]:
    """The incident and its open watch, held to the end of the transaction."""
    incident = locked(incident)
    rows = RetaliationWatch.objects.select_for_update(of=("self",)).filter(incident=incident)
    return incident, rows.select_related("victim_side", "other_side").open().first()


@transaction.atomic
def start_watch(incident: Incident, *, by: User, at: datetime | None = None) -> RetaliationWatch:
    """Begin a watch by hand, 72 hours from now; the one that is open where there is one."""
    incident, watch = _held(incident)
    refuse(incident, by, ASSIGN)
    if watch is not None:
        return watch
    if incident.workflow_state not in clocks.ANSWERED or not clocks.is_killing(incident):
        raise WatchIsOver
    now = at or periods.now()
    until = now + timedelta(hours=WATCH_HOURS)
    return clocks.open_watch(incident, start=now, until=until, by=by, at=now)


@transaction.atomic
def set_watchers(
    incident: Incident,
    *,
    victim_side: User | None,
    other_side: User | None,
    by: User,
    version: int | None = None,
) -> RetaliationWatch:
    """Say who watches which side; nobody watches both."""
    incident, watch = _held(incident)
    refuse(incident, by, ASSIGN)
    if watch is None:
        raise WatchIsOver
    if version is not None and version != watch.version:
        raise ChangedMeanwhile(version=watch.version)
    if victim_side is not None and victim_side == other_side:
        raise OnBothSides
    was = {watch.victim_side_id, watch.other_side_id}
    for person in (victim_side, other_side):
        if person is not None and person.pk not in was:
            refuse_stranger(incident, person)
    if (watch.victim_side, watch.other_side) == (victim_side, other_side):
        return watch
    watch.victim_side, watch.other_side = victim_side, other_side
    watch.version += 1
    watch.save(update_fields=["victim_side", "other_side", "version"])
    new = [one for one in (victim_side, other_side) if one is not None and one.pk not in was]
    notices.tell(new, "watch.assigned", incident, by=by, more=str(watch.version))
    audit.record(
        "watch.assigned",
        subject=incident,
        by=by,
        detail={
            "victim_side": victim_side.pk if victim_side else None,
            "other_side": other_side.pk if other_side else None,
        },
    )
    return watch


def may_check(incident: Incident, watch: RetaliationWatch, by: User) -> bool:
    """Who watches a side, and who assigns the watch."""
    return may_assign(incident, by) or bool(watch.side_of(by))


@transaction.atomic
def check_watch(
    incident: Incident,
    *,
    side: str,
    finding: str,
    by: User,
    words: str = "",
    at: datetime | None = None,
) -> WatchCheck:
    """Log how a side was found; the supervisors and the other watcher hear of an alarm at once."""
    incident, watch = _held(incident)
    refuse(incident, by, RECORD)
    if watch is None:
        raise WatchIsOver
    if not may_assign(incident, by) and watch.side_of(by) != side:
        raise NotForThisPerson
    check = WatchCheck.objects.create(
        watch=watch,
        side=side,
        finding=finding,
        words=words.strip()[:400],
        by=by,
        at=at or periods.now(),
    )
    if finding in ALARMS:
        people = [*notices.supervisors_of(incident), watch.victim_side, watch.other_side]
        notices.tell(people, "watch.alarm", incident, by=by, more=str(check.pk))
    audit.record(
        "watch.checked", subject=incident, by=by, detail={"side": side, "finding": finding}
    )
    return check


@transaction.atomic
def end_watch(
    incident: Incident, *, outcome: str, by: User, at: datetime | None = None
) -> RetaliationWatch:
    """Say how a watch ended."""
    if outcome not in RetaliationWatch.Outcome.values or outcome == "stopped":
        raise ValueError(f"No watch is ended with {outcome!r}.")
    incident, watch = _held(incident)
    refuse(incident, by, ASSIGN)
    if watch is None:
        raise WatchIsOver
    watch.ended_at, watch.outcome = at or periods.now(), outcome
    watch.version += 1
    watch.save(update_fields=["ended_at", "outcome", "version"])
    audit.record("watch.ended", subject=incident, by=by, detail={"outcome": outcome})
    return watch
