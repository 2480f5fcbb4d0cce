"""Which incidents are on the 72-hour clock, from when, and what moves it: `follow`.

Every verb that changes an incident calls `follow` in its own transaction, after it wrote. A clock
is opened, stopped, resumed or set anew as the incident stands then; called again it changes
nothing.
"""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from ceasefire import audit
from ceasefire.codes.services import choices, family
from ceasefire.people.models import User
from ceasefire.people.roles import Role
from incidents.models import ImportBatch, Incident, IncidentResponse, RetaliationWatch
from incidents.models.response import LATE_NOTICE_HOURS, WATCH_HOURS
from incidents.services import notices

#: Always on the clock besides the family of killings: attempted killing, kidnapping, tribal fight,
#: tribal raid. Arrest by the authorities (DET) is not the community's to answer.
ALWAYS = frozenset({"ATM", "KID", "TRB", "DKA"})
#: Who may have an incident or watch a side: those who record what was done.
HOLDERS = (Role.INTERRUPTER, Role.WORKER, Role.SUPERVISOR, Role.MANAGER)
#: The states in which the clock and the watch run. Reports leave out what was returned, its clock
#: too, until it counts again (`incidents.measures`).
ANSWERED = (*Incident.COUNTED_STATES, Incident.State.RETURNED)
#: Sent later than this after it can have happened, an incident is history: nobody is sent out.
HISTORY_AFTER = timedelta(days=14)
#: By how much the day may be too early, by `time_precision`: within a week, within a month, not
#: known (then no more than a month is presumed).
UNSURE = {2: timedelta(days=6), 3: timedelta(days=30), 4: timedelta(days=30)}
#: How the origin of a row of the program's own table begins; outside lists have other ones.
OF_OUR_TABLE = "table/"
#: Hours of a clock, and where it says that people were told of them.
ESCALATED = (
    ("contact_due_at", "contact_escalated_at"),
    ("amber_at", "supervisor_escalated_at"),
    ("due_at", "manager_escalated_at"),
)
#: Categories of actors that stand for a group or tribe that revenge could come from or go to.
GROUPS = ("state", "party_militia", "breakaway", "tribal", "criminal", "foreign")


def is_killing(incident: Incident) -> bool:
    """Whether somebody was killed: by its kind, its number, or one of its victims."""
    if family("incident_type", incident.type) == "killing" or (incident.killed_best or 0) > 0:
        return True
    if incident.killed_best is not None:
        return False
    victims = incident.victimizations
    return victims.filter(harm="killed").exists() or victims.filter(outcome="killed").exists()


def is_urgent(incident: Incident) -> bool:
    """Whether an incident is of the kind that the program answers within 72 hours.

    Every killing, whatever its kind; attempted killing, kidnapping, tribal fight and raid; and of
    the other attempts (shots, grenade, bomb, shelling, clash) those in which somebody was injured.
    Source: the program's rule I2; the choice of codes is ours.
    """
    if incident.type in ALWAYS:
        return True
    if family("incident_type", incident.type) == "attempt" and (incident.injured_best or 0) > 0:
        return True
    return is_killing(incident)


def may_be_answered(incident: Incident) -> bool:
    """Whether it is the program's own record, which somebody may put on the clock by hand.

    What counts, and what was returned for a missing answer: a killing does not wait for a detail.
    Drafts, duplicates and what was withdrawn have no clock, nor has what came with an outside list
    or lies in a read-only site.
    """
    return (
        incident.workflow_state in ANSWERED
        and (not incident.origin or incident.origin.startswith(OF_OUR_TABLE))
        and not incident.site.read_only
        and incident.submitted_at is not None
    )


def is_live(incident: Incident) -> bool:
    """Whether it came to the program while somebody could still be sent: its clock starts itself.

    By the form, the interface or a table of the program's own; what came more than `HISTORY_AFTER`
    after it happened is history.
    """
    return (
        may_be_answered(incident)
        and incident.submitted_at is not None
        and incident.submitted_at - latest_moment(incident) <= HISTORY_AFTER
    )


def latest_moment(incident: Incident) -> datetime:
    """When it happened at the latest, as far as that is known.

    A body of "some day this month" typed as its first day may be of yesterday.
    """
    return at_latest(incident.occurred_from, incident.occurred_to, incident.time_precision)


def at_latest(begun: datetime, ended: datetime | None, precision: int) -> datetime:
    """The latest moment that a beginning, an end and how sure the day is allow."""
    return max(begun + UNSURE.get(precision, timedelta()), ended or begun)


def follow_new(batch: ImportBatch, *, by: User | None, at: datetime) -> None:
    """Begin the clocks of a table just read in.

    Only what happened within `HISTORY_AFTER` and is of a kind that is answered is looked at, so a
    long list of history costs nothing.
    """
    for incident in _recent_of(batch, at=at):
        follow(incident, by=by, at=at, is_new=True)


def follow_changed(keys: Collection[Any], *, by: User | None, at: datetime) -> None:
    """Let the clocks follow records, by their keys, that an import or its undo changed."""
    rows = Incident.objects.filter(pk__in=list(keys)).select_related("site").order_by("code")
    for incident in rows.select_for_update(of=("self",)):
        follow(incident, by=by, at=at)


def _recent_of(batch: ImportBatch, *, at: datetime) -> Iterator[Incident]:
    """New records of a batch that may be on the clock, in order of number, a hundred at a time."""
    kinds = {
        code: family("incident_type", code)
        for code, _name in choices("incident_type", retired=True)
    }
    killings = [code for code, kind in kinds.items() if kind == "killing"]
    attempts = [code for code, kind in kinds.items() if kind == "attempt"]
    answered = (
        Q(type__in=[*ALWAYS, *killings])
        | Q(killed_best__gt=0)
        | Q(type__in=attempts, injured_best__gt=0)
    )
    rows = (
        Incident.objects.filter(
            answered,
            Q(occurred_from__gte=at - HISTORY_AFTER - max(UNSURE.values()))
            | Q(occurred_to__gte=at - HISTORY_AFTER),
            batch=batch,
            workflow_state__in=Incident.COUNTED_STATES,
            origin__startswith=OF_OUR_TABLE,
            site__read_only=False,
        )
        .select_related("site")
        .order_by("code")
    )
    keys = list(rows.values_list("pk", flat=True))
    for start in range(0, len(keys), 100):
        part = keys[start : start + 100]
        yield from rows.filter(pk__in=part)


def start_of(incident: Incident) -> tuple[datetime, bool]:
    """When the clock begins, and whether that is late notice.

    With the event; with the report where that came more than 24 hours after it. Source: rule I2.
    Never after it was sent: whoever sent it had heard.
    """
    heard = min(incident.reported_at, incident.submitted_at or incident.reported_at)
    late = heard - incident.occurred_from > timedelta(hours=LATE_NOTICE_HOURS)
    return (heard, True) if late else (incident.occurred_from, False)


def follow(
    incident: Incident, *, by: User | None, at: datetime, is_new: bool = False
) -> IncidentResponse | None:
    """Let the clock follow a locked incident that was just written; the clock, if it has one."""
    if incident.staff_involved and incident.workflow_state in Incident.COUNTED_STATES:
        # Hidden from peers, so the managers have to hear of it. Each of them once.
        managers = notices.staff_of(incident, Role.MANAGER)
        notices.tell(managers, "incident.staff_involved", incident, by=by)
    live = is_live(incident)
    response = None
    if not is_new:
        response = (
            IncidentResponse.objects.select_for_update(of=("self",))
            .filter(incident=incident)
            .first()
        )
    if response is None:
        if live and is_urgent(incident):
            response = open_clock(incident, by=by, at=at)
            _watch(incident, response, at=at, is_new=is_new)
        return response
    if not incident.is_sensitive and incident.guarded_until == at and response.next_step:
        # Said while only few could read it.
        response.next_step = ""
        response.version += 1
        response.save(update_fields=["next_step", "version"])
    runs = (may_be_answered(incident) and response.by_hand) or (live and is_urgent(incident))
    if runs:
        _resume(incident, response, by=by, at=at)
        _watch(incident, response, at=at, is_new=False)
        if incident.is_sensitive:
            _take_from_who_may_not_see(incident, response, by=by)
    else:
        _stop(incident, response, live=live, by=by, at=at)
    return response


def open_clock(
    incident: Incident, *, by: User | None, at: datetime, by_hand: bool = False
) -> IncidentResponse:
    """Begin a clock and tell the supervisors of the site."""
    start, late = start_of(incident)
    response = IncidentResponse(
        incident=incident, site_id=incident.site_id, by_hand=by_hand, created_at=at
    )
    response.begin(start, late=late)
    response.save(force_insert=True)
    notices.tell(notices.supervisors_of(incident), "response.opened", incident, by=by)
    audit.record(
        "response.opened",
        subject=incident,
        by=by,
        detail={"due": response.due_at, "late_notice": late, "by_hand": by_hand},
    )
    return response


def may_have(incident: Incident, person: User | None) -> bool:
    """Whether somebody may go on with an incident, or with a side of its watch.

    They sign in, record what was done, and may see it.
    """
    return (
        person is not None
        and person.role in HOLDERS
        and person.may_sign_in()
        and incident.is_visible_to(person)
    )


def unassign_who_may_not(
    incident: Incident, response: IncidentResponse, *, by: User | None
) -> None:
    """Take a running clock from who may not see its incident any more, or works here no more.

    Both rows are held by the caller. It stands under "nobody has it", and the supervisors hear.
    """
    if (
        response.closed_at is None
        and response.assigned_to is not None
        and not may_have(incident, response.assigned_to)
    ):
        response.assigned_to = None
        response.version += 1
        response.save(update_fields=["assigned_to", "version"])
        # To who caused it as well: nobody else may be there to give it to somebody.
        people = notices.supervisors_of(incident)
        notices.tell(people, "response.unassigned", incident, more=str(response.version))
        audit.record("response.unassigned", subject=incident, by=by, fields=["assigned_to"])


def unwatch_who_may_not(incident: Incident, watch: RetaliationWatch, *, by: User | None) -> None:
    """Take the sides of an open watch from such people; both rows are held by the caller.

    Of a watch that lacks somebody the supervisors hear as ever (`services.escalation`).
    """
    sides = [
        side
        for side in ("victim_side", "other_side")
        if getattr(watch, side) is not None and not may_have(incident, getattr(watch, side))
    ]
    if sides:
        for side in sides:
            setattr(watch, side, None)
        watch.unassigned_escalated_at = None
        watch.version += 1
        watch.save(update_fields=[*sides, "unassigned_escalated_at", "version"])
        audit.record("watch.unassigned", subject=incident, by=by, fields=sides)


def _take_from_who_may_not_see(
    incident: Incident, response: IncidentResponse, *, by: User | None
) -> None:
    """Take a sensitive incident, and the sides of its watch, from who may not see it any more."""
    unassign_who_may_not(incident, response, by=by)
    rows = RetaliationWatch.objects.open().select_for_update(of=("self",))
    for watch in rows.filter(incident=incident):
        unwatch_who_may_not(incident, watch, by=by)


def _resume(
    incident: Incident, response: IncidentResponse, *, by: User | None, at: datetime
) -> None:
    """Let a stopped clock run on, and set it anew where the moment was corrected."""
    fields: list[str] = []
    if response.closed_reason in IncidentResponse.STOPPED:
        response.closed_at, response.closed_reason = None, ""
        fields += ["closed_at", "closed_reason"]
    start, late = start_of(incident)
    if (start, late) != (response.started_at, response.late_notice):
        response.begin(start, late=late)
        fields += ["started_at", "late_notice", "contact_due_at", "amber_at", "due_at"]
        # What now lies ahead again is told again when it comes.
        for hour, told in ESCALATED:
            if getattr(response, hour) > at:
                setattr(response, told, None)
                fields.append(told)
    if not fields:
        return
    response.version += 1
    response.save(update_fields=[*fields, "version"])
    audit.record(
        "response.resumed" if "closed_at" in fields else "response.set_anew",
        subject=incident,
        by=by,
        fields=fields,
        detail={"due": response.due_at},
    )


#: Why a clock stops, by the state the incident went to.
_STOPPED_BY = {
    Incident.State.DUPLICATE: IncidentResponse.Closed.DUPLICATE,
    Incident.State.WITHDRAWN: IncidentResponse.Closed.WITHDRAWN,
}


def _stop(
    incident: Incident,
    response: IncidentResponse,
    *,
    live: bool,
    by: User | None,
    at: datetime,
) -> None:
    """End a running clock, and the watch with it, since the incident no longer calls for it."""
    _end_watch(incident, by=by, at=at)
    if response.closed_at is not None:
        return
    reason = _STOPPED_BY.get(
        Incident.State(incident.workflow_state), IncidentResponse.Closed.RETYPED
    )
    response.closed_at, response.closed_reason = at, reason
    response.version += 1
    response.save(update_fields=["closed_at", "closed_reason", "version"])
    audit.record(
        "response.stopped", subject=incident, by=by, detail={"reason": reason, "counted": live}
    )


# --- the watch ------------------------------------------------------------------------------------


def knows_a_group(incident: Incident) -> bool:
    """Whether a group or tribe is known that stands behind it."""
    actors = incident.actors
    return (
        incident.type in {"TRB", "DKA"}
        or actors.filter(category__in=GROUPS).exists()
        or actors.exclude(named_group="").exists()
    )


def _watch(incident: Incident, response: IncidentResponse, *, at: datetime, is_new: bool) -> None:
    """Open the watch after a killing by a known group or tribe, once, while its 72 hours last.

    One that stopped with the incident goes on with its people when the incident comes again; one
    that somebody ended stays ended.
    """
    until = response.started_at + timedelta(hours=WATCH_HOURS)
    earlier: list[RetaliationWatch] = []
    if not is_new:
        rows = RetaliationWatch.objects.select_for_update(of=("self",)).filter(incident=incident)
        earlier = list(rows.order_by("created_at"))
    if any(watch.outcome != RetaliationWatch.Outcome.STOPPED for watch in earlier):
        return
    stopped = earlier[-1] if earlier else None
    by_rule = stopped is None or stopped.opened_by_id is None
    if not is_killing(incident) or (by_rule and (at >= until or not knows_a_group(incident))):
        return
    if stopped is None:
        open_watch(incident, start=response.started_at, until=until, by=None, at=at)
    elif by_rule:
        _watch_again(incident, stopped, start=response.started_at, until=until)
    elif at < stopped.ends_at:
        _watch_again(incident, stopped, start=stopped.started_at, until=stopped.ends_at)


def _watch_again(
    incident: Incident, watch: RetaliationWatch, *, start: datetime, until: datetime
) -> None:
    """Let a watch that stopped with its incident go on."""
    watch.started_at, watch.ends_at = start, until
    watch.ended_at, watch.outcome = None, ""
    watch.version += 1
    watch.save(update_fields=["started_at", "ends_at", "ended_at", "outcome", "version"])
    audit.record("watch.started", subject=incident, by=None, detail={"until": until})


def untouched(batch: ImportBatch) -> tuple[Any, Any]:
    """Clocks and watches of a batch's own records on which nobody has done anything yet."""
    clock_rows = IncidentResponse.objects.filter(
        Q(closed_reason="") | Q(closed_reason__in=IncidentResponse.STOPPED),
        incident__batch=batch,
        assigned_to__isnull=True,
        by_hand=False,
        next_step="",
        actions__isnull=True,
    )
    watch_rows = RetaliationWatch.objects.filter(
        Q(outcome="") | Q(outcome=RetaliationWatch.Outcome.STOPPED),
        incident__batch=batch,
        opened_by__isnull=True,
        victim_side__isnull=True,
        other_side__isnull=True,
        checks__isnull=True,
    )
    return clock_rows, watch_rows


def open_watch(
    incident: Incident, *, start: datetime, until: datetime, by: User | None, at: datetime
) -> RetaliationWatch:
    """Begin a watch over both sides."""
    watch = RetaliationWatch.objects.create(
        incident=incident, started_at=start, ends_at=until, opened_by=by, created_at=at
    )
    audit.record("watch.started", subject=incident, by=by, detail={"until": until})
    return watch


def _end_watch(incident: Incident, *, by: User | None, at: datetime) -> None:
    ended = RetaliationWatch.objects.filter(incident=incident, ended_at__isnull=True).update(
        ended_at=at, outcome=RetaliationWatch.Outcome.STOPPED
    )
    if ended:
        audit.record("watch.ended", subject=incident, by=by, detail={"outcome": "stopped"})
