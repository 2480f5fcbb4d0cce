"""The verbs of a conflict: opening, weighing, sides, who mediates, where it stands, closing.

Locks are taken in the order users, participants, the conflict, what belongs to it, the trail last.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from ceasefire import audit, periods, vault, worklist
from ceasefire.codes import next_number
from ceasefire.people.models import User
from ceasefire.places.models import Site
from incidents.models import Incident
from incidents.services import follow_merges
from outreach.exceptions import (
    ChangedMeanwhile,
    NotAColleague,
    NotAllowedFromHere,
    NotASide,
    NotForThisPerson,
    NotQuietYet,
    ReasonMissing,
    SidesFull,
    SidesMissing,
    SiteIsReadOnly,
)
from outreach.models import (
    MEDIATORS,
    Conflict,
    ConflictIncident,
    ConflictParty,
    ConflictStep,
    FollowUp,
    Participant,
    PartyTie,
    TieKind,
)
from outreach.services import cases, conflict_notices, neutrality
from outreach.services.conflict_risk import Risk, risk_now
from outreach.services.consent import erases
from outreach.services.forms import keyed

VIEW, MEDIATE, SUPERVISE = (
    "outreach.view_conflict",
    "outreach.mediate_conflict",
    "outreach.supervise",
)
QUIET_DAYS = 90
FEWEST_SIDES, MOST_SIDES = 2, 12
State = Conflict.State
#: Facts of a conflict that `assess` writes.
FACTS = (
    "kind",
    "how_learned",
    "violent_history",
    "weapons",
    "persons_band",
    "shooting",
    "imminent",
    "retaliation_for",
    "place",
    "geo_precision",
)
#: From here a new outbreak is one.
CALM = (State.RESOLVED, State.COOLED, State.UNRESOLVED, State.REFERRED, State.MONITORING)
#: The way a conflict goes. A supervisor may close it, with a reason, from anywhere.
MOVES: dict[str, frozenset[str]] = {
    State.DETECTED: frozenset({State.ASSESSED}),
    State.ASSESSED: frozenset({State.MEDIATING}),
    State.MEDIATING: frozenset(Conflict.SETTLED),
    # Another sitting, or the days of watching.
    **{state: frozenset({State.MEDIATING, State.MONITORING}) for state in Conflict.SETTLED},
    State.MONITORING: frozenset({State.REIGNITED, State.CLOSED}),
    State.REIGNITED: frozenset({State.MEDIATING}),
    State.CLOSED: frozenset({State.REIGNITED}),
}
#: What a side of a kind is bound to by its own name.
_NAME_IS_TIE = {
    "tribe": TieKind.TRIBE,
    "party": TieKind.PARTY,
    "armed_group": TieKind.PARTY,
    "family": TieKind.FAMILY,
}

# That somebody is a side is for who sees the conflict, also on the sheet of what is held.
erases(
    ConflictParty,
    "participant",
    ("name",),
    title=_("Sides of conflicts"),
    seen=lambda rows, by: rows.filter(conflict__in=Conflict.objects.visible_to(by).values("pk")),
)
erases(
    PartyTie,
    "party__participant",
    ("value",),
    title=_("Ties"),
    seen=lambda rows, by: rows.filter(
        party__conflict__in=Conflict.objects.visible_to(by).values("pk")
    ),
)


@dataclass(frozen=True)
class PartyFacts:
    """A side as told: its kind, its name or the participant it is, and its ties (kind, words)."""

    kind: str
    name: str = ""
    participant: Participant | None = None
    ties: tuple[tuple[str, str], ...] = ()


# --- holding --------------------------------------------------------------------------------------


def locked(conflict: Conflict) -> Conflict:
    """The conflict as it stands now, held to the end of the caller's transaction."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("A conflict is locked inside a transaction.")
    return (
        Conflict.objects.select_for_update(of=("self",))
        .select_related("site", "place", "lead")
        .defer("place__geometry")
        .get(pk=conflict.pk)
    )


def may(conflict: Conflict, by: User, permission: str = MEDIATE) -> bool:
    """Whether the person's role holds the permission and the conflict is one they see and write."""
    return (
        by.has_perm(permission)
        and not conflict.site.read_only
        and conflict_notices.may_see(conflict, by)
    )


def held(
    conflict: Conflict, *, by: User, permission: str = MEDIATE, version: int | None = None
) -> Conflict:
    """Lock the conflict for a verb of `by`, or refuse.

    Raises `SiteIsReadOnly`, `NotForThisPerson`, and `ChangedMeanwhile` where `version` is given and
    somebody wrote since the form was opened.
    """
    conflict = locked(conflict)
    if conflict.site.read_only:
        raise SiteIsReadOnly
    if not may(conflict, by, permission):
        raise NotForThisPerson
    if version is not None and version != conflict.version:
        raise ChangedMeanwhile(version=conflict.version)
    return conflict


def live_parties(conflict: Conflict) -> list[ConflictParty]:
    """The sides as they stand, in the order of their letters."""
    return list(parties_of(conflict))


def parties_of(conflict: Conflict) -> models.QuerySet[ConflictParty]:
    """The same as a question, for a page that asks more with it."""
    return conflict.parties.filter(removed_at__isnull=True).select_related("participant")


def risk_of(conflict: Conflict, parties: Iterable[ConflictParty]) -> Risk:
    """The risk as it stands, with its reasons in words."""
    causes = conflict.incident_links.filter(is_cause=True).exists()
    return risk_now(conflict, [party.kind for party in parties], causes=causes)


def save(conflict: Conflict, *, by: User | None) -> None:
    """Write a held conflict with all that is kept from its facts, as a new version."""
    conflict.risk = risk_of(conflict, live_parties(conflict)).level
    waiting = FollowUp.objects.filter(conflict=conflict, state=FollowUp.State.OPEN)
    conflict.next_follow_up_on = waiting.order_by("due_on").values_list("due_on", flat=True).first()
    conflict.rank = _rank(conflict)
    conflict.version += 1
    if by is not None:
        conflict.updated_by = by
    conflict.save()


def _rank(conflict: Conflict) -> int:
    if conflict.state == State.CLOSED:
        return 9
    if conflict.state in {State.RESOLVED, State.COOLED, State.REFERRED, State.MONITORING}:
        return 5
    if conflict.state == State.REIGNITED or conflict.imminent:
        return 0
    return {Conflict.Risk.HIGH.value: 1, Conflict.Risk.LOW.value: 3}.get(conflict.risk, 2)


def move(conflict: Conflict, *states: str, by: User | None, at: datetime) -> None:
    """Take a held conflict through states, one step each; the caller saves.

    Raises `NotAllowedFromHere` for a step that is no part of its way.
    """
    for state in states:
        if state not in MOVES[conflict.state]:
            raise NotAllowedFromHere
        _step(conflict, state, by=by, at=at)


def _step(conflict: Conflict, state: str, *, by: User | None, at: datetime) -> None:
    ConflictStep.objects.create(
        conflict=conflict,
        from_state=conflict.state,
        to_state=state,
        by=by,
        lead=conflict.lead,
        at=at,
    )
    conflict.state, conflict.state_since = state, at
    conflict.closed_early = False


# --- opening --------------------------------------------------------------------------------------


@keyed
@transaction.atomic
def open_conflict(
    site: Site,
    *,
    facts: dict[str, Any],
    parties: Sequence[PartyFacts],
    by: User,
    lead: User | None = None,
    note: str = "",
    incident: Incident | None = None,
    is_cause: bool = False,
    key: UUID | None = None,
) -> Conflict:
    """Open a conflict at a site; whoever opens it leads, unless a supervisor names somebody.

    It is assessed at once where the likelihood of a shooting and the number of people were said.
    `key` was made with the form: the second time it is the same conflict.
    """
    if site.read_only:
        raise SiteIsReadOnly
    if not by.has_perm(MEDIATE) or site.pk not in by.site_ids:
        raise NotForThisPerson
    if key is not None:
        cases.hold_form(key)
    if known := cases.sent_before(Conflict, key, created_by_id=by.pk):
        return known
    lead = lead or by
    _refuse_lead(site, lead, by=by)
    if len(parties) < FEWEST_SIDES:
        raise SidesMissing
    if len(parties) > MOST_SIDES:
        raise SidesFull
    _hold_participants(parties, site_id=site.pk, by=by)
    _refuse_unseen(facts, incident, by=by)
    now = periods.now()
    conflict = Conflict(
        code=f"CON-{next_number('CON', 0):04}",
        site=site,
        lead=lead,
        idempotency_key=key,
        created_by=by,
        updated_by=by,
        created_at=now,
        state_since=now,
        unquiet_at=now,
        version=0,
        **{name: facts[name] for name in FACTS if name in facts},
    )
    conflict.save()
    ConflictStep.objects.create(
        conflict=conflict, to_state=State.DETECTED, by=by, lead=lead, at=now
    )
    for number, party in enumerate(parties, start=1):
        _add_party(conflict, party, number=number, by=by)
    if note:
        vault.seal(conflict, "note", note, by=by)
    if incident is not None:
        ConflictIncident.objects.create(
            conflict=conflict, incident=incident, is_cause=is_cause, added_by=by
        )
    if _is_assessed(conflict):
        move(conflict, State.ASSESSED, by=by, at=now)
    save(conflict, by=by)
    if lead.pk != by.pk:
        conflict_notices.tell([lead], "conflict.assigned", conflict, by=by)
        neutrality.tell_of_ties(conflict, [lead], by=by)
    audit.record(
        "conflict.added",
        subject=conflict,
        by=by,
        detail={"sides": len(parties), "incident": incident.code if incident else None},
    )
    return conflict


def _is_assessed(conflict: Conflict) -> bool:
    return conflict.shooting != "unknown" and conflict.persons_band != "unknown"


def _refuse_lead(site: Site, lead: User, *, by: User) -> None:
    if lead.pk != by.pk and not by.has_perm(SUPERVISE):
        raise NotForThisPerson
    refuse_stranger(site, lead)


def refuse_stranger(site: Site, person: User) -> None:
    """Refuse as a mediator who is none of the site's mediators, or has left."""
    if person.role not in MEDIATORS or not person.may_sign_in() or site.pk not in person.site_ids:
        raise NotAColleague


def _refuse_unseen(facts: dict[str, Any], incident: Incident | None, *, by: User) -> None:
    """Refuse what hangs the conflict to a record that the person does not see."""
    cause = facts.get("retaliation_for")
    if cause is not None and not conflict_notices.may_see(cause, by):
        raise NotForThisPerson
    if incident is not None and not Incident.objects.visible_to(by).filter(pk=incident.pk).exists():
        raise NotForThisPerson


def _hold_participants(parties: Iterable[PartyFacts], *, site_id: int, by: User) -> None:
    """Lock the participants among the sides, so that nobody erases them meanwhile.

    A case of another site is no side: whoever sees the conflict there would read its code.
    """
    ids = {party.participant.pk for party in parties if party.participant is not None}
    for key in sorted(ids):
        participant = cases.locked(Participant(pk=key))
        seen = Participant.objects.visible_to(by).filter(pk=key).exists()
        gone = participant.identity_erased_at or participant.consent_withdrawn_at
        if not seen or gone is not None or participant.site_id != site_id:
            raise NotASide


def _add_party(conflict: Conflict, facts: PartyFacts, *, number: int, by: User) -> ConflictParty:
    party = ConflictParty.objects.create(
        conflict=conflict,
        number=number,
        kind="person" if facts.participant is not None else facts.kind,
        participant=facts.participant,
        added_by=by,
    )
    ties = list(facts.ties)
    # A participant is known by the code; the name stands with the case, and only there.
    if facts.participant is None and facts.name:
        vault.seal(party, "name", facts.name, by=by, index="name")
        if facts.kind in _NAME_IS_TIE:
            ties.append((_NAME_IS_TIE[facts.kind], facts.name))
    seen = set()
    for kind, words in ties:
        value = neutrality.tie_value(kind, words)
        digest = vault.blind_index(neutrality.index_of(kind), value) if value else None
        if digest is None or digest in seen:
            continue
        seen.add(digest)
        tie = PartyTie.objects.create(party=party, kind=kind)
        vault.seal(tie, "value", value, by=by, index=neutrality.index_of(kind))
    return party


# --- weighing -------------------------------------------------------------------------------------


@transaction.atomic
def assess(
    conflict: Conflict,
    *,
    facts: dict[str, Any],
    by: User,
    note: str | None = None,
    version: int | None = None,
) -> Conflict:
    """Write what is known of it, which makes its risk; the first time it is assessed by that.

    `note` None leaves the words as they are.
    """
    conflict = held(conflict, by=by, version=version)
    if not conflict.is_open:
        raise NotAllowedFromHere
    cause = facts.get("retaliation_for")
    if cause is not None and cause.pk != conflict.retaliation_for_id:
        if cause.pk == conflict.pk:
            raise NotForThisPerson
        _refuse_unseen(facts, None, by=by)
    changed = [name for name in FACTS if name in facts and getattr(conflict, name) != facts[name]]
    for name in changed:
        setattr(conflict, name, facts[name])
    if note is not None and note != vault.unseal(conflict, "note", by=by):
        vault.seal(conflict, "note", note, by=by)
        changed.append("note")
    if conflict.state == State.DETECTED:
        move(conflict, State.ASSESSED, by=by, at=periods.now())
    save(conflict, by=by)
    audit.record(
        "conflict.assessed",
        subject=conflict,
        by=by,
        fields=changed,
        detail={"risk": conflict.risk},
    )
    return conflict


@transaction.atomic
def add_party(
    conflict: Conflict, facts: PartyFacts, *, by: User, version: int | None = None
) -> ConflictParty:
    """Add a side. A participant may be one if the person sees the case; no name is kept then."""
    _hold_participants([facts], site_id=conflict.site_id, by=by)
    conflict = held(conflict, by=by, version=version)
    if not conflict.is_open:
        raise NotAllowedFromHere
    there = live_parties(conflict)
    number = 1 + max(conflict.parties.values_list("number", flat=True), default=0)
    if len(there) >= MOST_SIDES or number > 26:
        raise SidesFull
    if facts.participant is not None and facts.participant.pk in {
        party.participant_id for party in there
    }:
        raise NotASide
    party = _add_party(conflict, facts, number=number, by=by)
    save(conflict, by=by)
    neutrality.tell_of_ties(conflict, conflict_notices.mediators_of(conflict), by=by)
    audit.record(
        "conflict.party_added",
        subject=conflict,
        by=by,
        detail={"side": party.letter, "kind": party.kind},
    )
    return party


@transaction.atomic
def remove_party(
    conflict: Conflict, number: int, *, by: User, version: int | None = None
) -> Conflict:
    """Take a side away that was entered by mistake; its name and ties are erased."""
    conflict = held(conflict, by=by, version=version)
    there = live_parties(conflict)
    party = next((one for one in there if one.number == number), None)
    if party is None or not conflict.is_open:
        raise NotAllowedFromHere
    if len(there) <= FEWEST_SIDES:
        raise SidesMissing
    vault.forget(party, by=by)
    for tie in party.ties.all():
        vault.forget(tie, by=by)
        tie.delete()
    party.removed_at = periods.now()
    party.save(update_fields=["removed_at"])
    save(conflict, by=by)
    audit.record("conflict.party_removed", subject=conflict, by=by, detail={"side": party.letter})
    return conflict


# --- where it stands ------------------------------------------------------------------------------


@transaction.atomic
def begin_mediation(conflict: Conflict, *, by: User, version: int | None = None) -> Conflict:
    """Begin to mediate in what was assessed, or flared up again."""
    conflict = held(conflict, by=by, version=version)
    if conflict.state not in {State.ASSESSED, State.REIGNITED}:
        raise NotAllowedFromHere
    move(conflict, State.MEDIATING, by=by, at=periods.now())
    save(conflict, by=by)
    audit.record("conflict.moved", subject=conflict, by=by, detail={"to": conflict.state})
    return conflict


@transaction.atomic
def watch(conflict: Conflict, *, by: User, version: int | None = None) -> Conflict:
    """From a session's outcome to the days of watching."""
    conflict = held(conflict, by=by, version=version)
    if conflict.state not in Conflict.SETTLED:
        raise NotAllowedFromHere
    move(conflict, State.MONITORING, by=by, at=periods.now())
    save(conflict, by=by)
    audit.record("conflict.moved", subject=conflict, by=by, detail={"to": conflict.state})
    return conflict


def flare_up(conflict: Conflict, *, by: User | None, at: datetime) -> None:
    """Take a held conflict that had calmed to `reignited`; ladder ended, supervisors told.

    The caller saves.
    """
    if conflict.state in Conflict.SETTLED:
        move(conflict, State.MONITORING, by=by, at=at)
    move(conflict, State.REIGNITED, by=by, at=at)
    conflict.unquiet_at = max(conflict.unquiet_at, at)
    end_ladder(conflict)
    conflict_notices.tell(
        [*conflict_notices.supervisors_of(conflict), *conflict_notices.mediators_of(conflict)],
        "conflict.reignited",
        conflict,
        by=by,
        more=str(conflict.version),
    )


def end_ladder(conflict: Conflict) -> None:
    """What was still to be looked at is no longer needed; its tasks end."""
    conflict.follow_ups.filter(state=FollowUp.State.OPEN).update(state=FollowUp.State.ENDED)
    worklist.close_tasks(conflict_notices.FOLLOW_UP, subject=conflict, reason="over")


@transaction.atomic
def reignite(conflict: Conflict, *, by: User, version: int | None = None) -> Conflict:
    """Record that what had calmed, or was closed, flared up again."""
    conflict = held(conflict, by=by, version=version)
    if conflict.state not in {*CALM, State.CLOSED}:
        raise NotAllowedFromHere
    was = conflict.state
    flare_up(conflict, by=by, at=periods.now())
    save(conflict, by=by)
    audit.record("conflict.reignited", subject=conflict, by=by, detail={"from": was})
    return conflict


def quiet_days(conflict: Conflict, today: date) -> int:
    """Whole days since the last session, tense follow-up, breach or outbreak."""
    return max(0, (today - periods.local_day(conflict.unquiet_at)).days)


def is_quiet(conflict: Conflict, today: date) -> bool:
    """Watched, 90 quiet days gone, and every follow-up that fell due was made.

    Nobody having looked is not quiet.
    """
    due = conflict.next_follow_up_on
    return (
        conflict.state == State.MONITORING
        and quiet_days(conflict, today) >= QUIET_DAYS
        and (due is None or due > today)
    )


@transaction.atomic
def close(
    conflict: Conflict, *, by: User, reason: str = "", version: int | None = None
) -> Conflict:
    """Close after 90 quiet days; before that a supervisor may, with a reason, which is sealed.

    A truce in force stays as it was said, and nobody is reminded of it any more, unless the
    conflict flares up again.
    """
    conflict = held(conflict, by=by, version=version)
    if not conflict.is_open:
        raise NotAllowedFromHere
    now = periods.now()
    early = not is_quiet(conflict, periods.local_day(now))
    reason = reason.strip()
    if early and not by.has_perm(SUPERVISE):
        raise NotQuietYet
    if early and not reason:
        raise ReasonMissing
    _step(conflict, State.CLOSED, by=by, at=now)
    conflict.closed_early = early
    if early:
        vault.seal(conflict, "close_reason", reason, by=by)
    end_ladder(conflict)
    worklist.close_tasks(conflict_notices.TRUCE_ENDING, subject=conflict, by=by, reason="over")
    save(conflict, by=by)
    audit.record("conflict.closed", subject=conflict, by=by, detail={"early": early})
    return conflict


# --- incidents ------------------------------------------------------------------------------------


@transaction.atomic
def link_incident(
    conflict: Conflict, incident: Incident, *, by: User, is_cause: bool = False
) -> ConflictIncident:
    """Say that an incident and a conflict belong together; the second time changes nothing."""
    conflict = held(conflict, by=by)
    _refuse_unseen({}, incident, by=by)
    link, made = ConflictIncident.objects.get_or_create(
        conflict=conflict, incident=incident, defaults={"is_cause": is_cause, "added_by": by}
    )
    if not made and link.is_cause == is_cause:
        return link
    if not made:
        link.is_cause = is_cause
        link.save(update_fields=["is_cause"])
    save(conflict, by=by)
    audit.record(
        "conflict.incident_linked",
        subject=conflict,
        by=by,
        detail={"incident": incident.code, "cause": is_cause},
    )
    return link


@transaction.atomic
def unlink_incident(conflict: Conflict, incident: Incident, *, by: User) -> None:
    """Take such a link away."""
    conflict = held(conflict, by=by)
    _refuse_unseen({}, incident, by=by)
    gone, _rows = ConflictIncident.objects.filter(conflict=conflict, incident=incident).delete()
    if not gone:
        return
    save(conflict, by=by)
    audit.record(
        "conflict.incident_unlinked", subject=conflict, by=by, detail={"incident": incident.code}
    )


def _move_links(kept: Incident, gone: Incident) -> list[int]:
    """The links of a record that is merged hold for the one that stays; their keys.

    One to a conflict that the other belongs to already stays where it is.
    """
    there = ConflictIncident.objects.filter(incident=kept).values("conflict")
    rows = ConflictIncident.objects.filter(incident=gone).exclude(conflict__in=there)
    keys = list(rows.values_list("pk", flat=True))
    ConflictIncident.objects.filter(pk__in=keys).update(incident=kept)
    return keys


def _give_links_back(moved: list[int], kept: Incident, gone: Incident) -> None:
    """One that was taken away since stays away."""
    there = ConflictIncident.objects.filter(incident=gone).values("conflict")
    rows = ConflictIncident.objects.filter(pk__in=moved, incident=kept)
    rows.exclude(conflict__in=list(there.values_list("conflict", flat=True))).update(incident=gone)


follow_merges("outreach.conflicts", move=_move_links, give_back=_give_links_back)


def closes_on(conflict: Conflict) -> date:
    """The first day on which the quiet days are full, if it stays quiet."""
    return periods.local_day(conflict.unquiet_at) + timedelta(days=QUIET_DAYS)
