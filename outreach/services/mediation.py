"""Recording a session: who mediated, who was there, what was tried, how it ended."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from ceasefire import audit, periods, vault
from ceasefire.codes.services import family
from ceasefire.people.models import User
from ceasefire.places.models import Place
from outreach.exceptions import (
    InTheFuture,
    NotAColleague,
    NotAllowedFromHere,
    NotASide,
    ReasonMissing,
    TooLongAgo,
)
from outreach.models import Conflict, ConflictParty, MediationSession
from outreach.services import cases, conflict_notices, conflicts, follow_ups, neutrality
from outreach.services.forms import keyed

State = Conflict.State
#: Clocks of phones go wrong by so much.
CLOCK_TOLERANCE = timedelta(minutes=10)
OLDEST = timedelta(days=365)
#: Outcomes after which somebody looks again, those that were no peace, and no sitting at all.
LADDERED = frozenset({"R1", "R2", "R3"})
UNQUIET = frozenset({"U", "V", "E"})
NOT_REACHED = "X"
#: Of these the supervisor hears.
VIOLENT = frozenset({"V", "E"})


def states_after(state: str, outcome: str) -> tuple[str, ...]:
    """The states a conflict goes through by a session with an outcome.

    While it is watched, a sitting that goes well, hands it on or reaches nobody leaves it watched.
    Raises `NotAllowedFromHere` for a closed one: record first that it flared up.
    """
    end = family("mediation_outcome", outcome)
    if state == State.CLOSED:
        raise NotAllowedFromHere
    if state == State.MONITORING:
        return (State.REIGNITED, State.MEDIATING, end) if outcome in UNQUIET else ()
    before = {
        State.DETECTED: (State.ASSESSED, State.MEDIATING),
        State.MEDIATING: (),
    }.get(State(state), (State.MEDIATING,))
    return (*before, end)


@keyed
@transaction.atomic
def record_session(
    conflict: Conflict,
    *,
    outcome: str,
    mediators: Sequence[User],
    by: User,
    at: datetime | None = None,
    present: Sequence[ConflictParty] = (),
    tactics: Sequence[str] = (),
    place: Place | None = None,
    note: str = "",
    nevertheless: str = "",
    key: UUID | None = None,
    version: int | None = None,
) -> MediationSession:
    """Record a session, held now by default; it is never changed. Its outcome moves the conflict.

    After R1 to R3 the ladder of follow-ups begins anew. Violence is told to the supervisors. One
    that is written down after a later one was moves nothing and begins no ladder. Who is warned of
    their own ties says why `nevertheless`, or `ReasonMissing`. `key` was made with the form: the
    second time it is the same session.
    """
    conflict = conflicts.held(conflict, by=by)
    if known := cases.sent_before(MediationSession, key, by_id=by.pk, conflict_id=conflict.pk):
        return known
    if version is not None and version != conflict.version:
        raise conflicts.ChangedMeanwhile(version=conflict.version)
    now = periods.now()
    at = at or now
    if at > now + CLOCK_TOLERANCE:
        raise InTheFuture
    if at < now - OLDEST:
        raise TooLongAgo
    way = states_after(conflict.state, outcome)
    later = conflict.sessions.filter(at__gt=at).exclude(outcome=NOT_REACHED)
    is_late = later.exists()
    if is_late:
        way = ()
    people = {person.pk: person for person in mediators}
    _refuse_strangers(conflict, people)
    sides = {party.pk for party in conflicts.live_parties(conflict)}
    if any(party.pk not in sides for party in present):
        raise NotASide
    if by.pk in people and neutrality.is_warned(conflict, by):
        if not nevertheless.strip():
            raise ReasonMissing
        neutrality.waive(conflict, by=by, reason=nevertheless)

    session = MediationSession.objects.create(
        conflict=conflict,
        idempotency_key=key,
        at=at,
        place=place,
        tactics=list(dict.fromkeys(tactics)),
        outcome=outcome,
        by=by,
        created_at=now,
    )
    session.mediators.add(*people.values())
    session.present.add(*present)
    if note:
        vault.seal(session, "note", note, by=by)
    was = conflict.state
    if outcome != NOT_REACHED:
        conflict.unquiet_at = max(conflict.unquiet_at, at)
    if State.REIGNITED in way:
        conflicts.flare_up(conflict, by=by, at=now)
        way = way[1:]
    conflicts.move(conflict, *way, by=by, at=now)
    if is_late:
        pass
    elif outcome in LADDERED:
        follow_ups.begin_ladder(conflict, session, today=periods.local_day(now))
    elif outcome in UNQUIET:
        conflicts.end_ladder(conflict)
    conflicts.save(conflict, by=by)
    if outcome in VIOLENT:
        conflict_notices.tell(
            conflict_notices.supervisors_of(conflict),
            "conflict.violence",
            conflict,
            by=by,
            more=str(session.pk),
        )
    audit.record(
        "mediation.recorded",
        subject=conflict,
        by=by,
        detail={"outcome": outcome, "from": was, "to": conflict.state, "mediators": len(people)},
    )
    return session


def _refuse_strangers(conflict: Conflict, people: dict[Any, User]) -> None:
    """Somebody mediated, and all of them are mediators of the site."""
    if not people:
        raise NotAColleague
    for person in people.values():
        conflicts.refuse_stranger(conflict.site, person)
