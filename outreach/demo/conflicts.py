"""Made-up conflicts, one or more in every state, each with the way that led there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from ceasefire import codes
from ceasefire.codes.services import family
from ceasefire.people.models import User
from ceasefire.places.models import Place, Site
from incidents.models import Incident
from outreach.demo import words
from outreach.demo.rows import Rows
from outreach.models import (
    LADDER,
    CompensationPayment,
    Conflict,
    ConflictIncident,
    ConflictMediator,
    ConflictParty,
    ConflictStep,
    FollowUp,
    MediationSession,
    NeutralityWaiver,
    Participant,
    PartyTie,
    TribalSettlement,
    Truce,
    TruceEvent,
)
from outreach.services import mediation, neutrality

State = Conflict.State
Finding = FollowUp.Finding


@dataclass(frozen=True)
class Plot:
    """A conflict in short: when it was heard of, who sat down when and how it ended."""

    state: str
    lead: str
    kind: str
    #: Days since it was heard of.
    age: int
    #: Kinds of the sides; a `participant` is one of the lead's cases.
    sides: tuple[str, ...] = ("tribe", "family")
    #: Days ago and outcome of each session.
    sessions: tuple[tuple[int, str], ...] = ()
    #: What was found on rungs of the last ladder; the other past ones were missed.
    found: dict[int, str] = field(default_factory=dict)
    #: Days from now to the end of the truce, and what became of it.
    truce: tuple[float, str] | None = None
    #: Compensation due, and how much of it was paid, in millions of dinars.
    settlement: tuple[int, int] | None = None
    beside: str = ""
    shooting: str = "unlikely"
    band: str = "4-6"
    history: str = "unknown"
    weapons: str = "yes"
    imminent: bool = False
    incidents: int = 0
    #: The lead's own tie meets a side: a warning; or a reason was given already.
    tie: str = ""
    early: bool = False


CENTRE: tuple[Plot, ...] = (
    Plot(State.DETECTED, "worker2", "rumour", 1, ("person", "group"), shooting="unknown"),
    Plot(
        State.DETECTED, "interrupter", "retaliation", 1, shooting="unknown", incidents=1,
        imminent=True,
    ),
    # The lead belongs to the first side: the warning stands on its page.
    Plot(
        State.ASSESSED, "worker", "tribal", 4, ("tribe", "tribe"), tie="warned", shooting="likely",
        band="7-15", history="yes",
    ),
    Plot(State.ASSESSED, "interrupter", "debt", 3, ("participant", "person"), band="2-3"),
    Plot(
        State.MEDIATING, "interrupter", "retaliation", 6, ("family", "family"), beside="worker",
        shooting="very_likely", band="7-15", history="yes", incidents=2, imminent=True,
    ),
    Plot(State.MEDIATING, "worker2", "personal", 9, ("person", "person", "family"), band="2-3"),
    Plot(
        State.RESOLVED, "worker", "land", 12, sessions=((5, "U"), (2, "R1")), beside="interrupter",
        truce=(20, "in_force"),
    ),
    # Its truce ends tomorrow.
    Plot(
        State.COOLED, "interrupter", "tribal", 16, ("tribe", "tribe"), sessions=((2, "R3"),),
        truce=(1.75, "in_force"), shooting="likely", band="16+", history="yes", incidents=1,
    ),
    Plot(State.UNRESOLVED, "worker2", "militia", 20, ("party", "armed_group"),
         sessions=((8, "X"), (3, "V")), shooting="likely", history="yes", incidents=1),
    Plot(
        State.REFERRED, "worker", "honour", 25, ("family", "family"), sessions=((6, "T"),),
        settlement=(30, 0),
    ),
    Plot(
        State.MONITORING, "interrupter", "land", 40, ("tribe", "family"),
        sessions=((28, "U"), (22, "R2")), found={1: "calm", 7: "tense"},
        truce=(-6, "kept"), settlement=(45, 20), beside="worker2",
    ),
    # A follow-up is overdue, and its truce ran out with nobody saying how.
    Plot(
        State.MONITORING, "worker", "smuggling", 33, ("group", "group"), sessions=((17, "R3"),),
        found={1: "calm", 3: "calm"}, truce=(-2, "in_force"),
    ),
    Plot(
        State.REIGNITED, "worker2", "retaliation", 50, ("tribe", "tribe"), sessions=((24, "R3"),),
        found={1: "calm", 3: "calm", 7: "tense", 14: "reignited"}, truce=(-9, "broken"),
        shooting="likely", band="7-15", history="yes", incidents=2,
    ),
    Plot(
        State.CLOSED, "interrupter", "extortion", 150, ("person", "group"),
        sessions=((118, "R2"), (110, "R1")),
        found={1: "calm", 3: "calm", 7: "calm", 14: "calm", 30: "calm", 60: "calm", 90: "calm"},
        truce=(-60, "kept"), settlement=(15, 15),
    ),
    Plot(State.CLOSED, "worker", "family", 70, ("family", "family"), sessions=((44, "R1"),),
         found={1: "calm", 3: "calm", 7: "calm"}, early=True),
)  # fmt: skip
ZUBAIR: tuple[Plot, ...] = (
    Plot(State.DETECTED, "worker.zubair", "smuggling", 1, ("group", "person"), shooting="unknown"),
    Plot(State.ASSESSED, "worker.zubair", "land", 5, ("tribe", "tribe"), shooting="likely"),
    Plot(State.MEDIATING, "worker.zubair", "tribal", 11, ("tribe", "tribe"), incidents=1,
         shooting="likely", band="16+", tie="waived"),
    Plot(State.COOLED, "worker.zubair", "debt", 19, ("participant", "person"),
         sessions=((4, "R3"),), truce=(12, "in_force")),
    Plot(State.MONITORING, "worker.zubair", "retaliation", 36, sessions=((16, "R2"),),
         found={1: "calm", 3: "calm", 7: "calm", 14: "calm"}, settlement=(25, 10), incidents=1),
    Plot(State.CLOSED, "supervisor.zubair", "election", 140, ("party", "party"),
         sessions=((112, "R1"),),
         found={1: "calm", 3: "calm", 7: "calm", 14: "calm", 30: "calm", 60: "calm", 90: "calm"}),
)  # fmt: skip
_LEARNED = ("street", "participant", "family", "notable", "hospital", "social_media")
_TACTICS = (["separated", "elder"], ["saved_face", "agreement"], ["consequences", "family"])
#: Who leads with a tie to a side belongs to this tribe.
TIED = words.TRIBES[0]


@dataclass
class Told:
    """A conflict with what is needed after it was written."""

    row: Conflict
    plot: Plot


def tell_conflicts(
    rows: Rows,
    site: Site,
    plots: Sequence[Plot],
    people: dict[str, User],
    places: Sequence[Place],
    incidents: Sequence[Incident],
    sides: Mapping[str, Sequence[Participant]],
) -> list[Told]:
    """The conflicts of a site. `sides`: cases of each lead, of which one may be a side."""
    pool = list(incidents)
    told = []
    for number, plot in enumerate(plots):
        teller = _Teller(rows, site, plot, people, number)
        mine = [pool.pop() for _turn in range(min(plot.incidents, len(pool)))]
        cases = sides.get(plot.lead, ())
        told.append(Told(teller.tell(places[number % len(places)], mine, cases), plot))
    return told


def number_conflicts(told: Sequence[Told]) -> None:
    """Codes in the order in which they were heard of."""
    ordered = sorted(told, key=lambda one: (one.row.created_at, one.row.pk))
    first = codes.reserve_numbers("CON", 0, len(ordered))
    for number, one in enumerate(ordered, start=first):
        one.row.code = f"CON-{number:04}"


class _Teller:
    def __init__(
        self, rows: Rows, site: Site, plot: Plot, people: dict[str, User], number: int
    ) -> None:
        self.rows, self.site, self.plot, self.number = rows, site, plot, number
        self.people, self.lead = people, people[plot.lead]
        self.beside = people[plot.beside] if plot.beside else None

    def tell(
        self, place: Place, incidents: Sequence[Incident], cases: Sequence[Participant]
    ) -> Conflict:
        plot, rows = self.plot, self.rows
        at = rows.at(plot.age, 10, self.number)
        self.conflict = rows.add(
            Conflict,
            code=f"{self.site.code[:8]}/{self.number}",
            site=self.site,
            place=place,
            kind=plot.kind,
            how_learned="incident" if incidents else _LEARNED[self.number % 6],
            violent_history=plot.history,
            weapons=plot.weapons,
            persons_band="unknown" if plot.shooting == "unknown" else plot.band,
            shooting=plot.shooting,
            imminent=plot.imminent,
            state=State.DETECTED,
            state_since=at,
            unquiet_at=at,
            lead=self.lead,
            created_by=self.lead,
            created_at=at,
            updated_by=self.lead,
            updated_at=at,
        )
        rows.seal(self.conflict, "note", words.CONFLICT_NOTES[self.number % 4], by=self.lead)
        self._move(State.DETECTED, at, is_first=True)
        self._parties(cases)
        if self.beside is not None:
            rows.add(
                ConflictMediator,
                conflict=self.conflict,
                user=self.beside,
                since=at,
                added_by=self.lead,
            )
        for position, incident in enumerate(incidents):
            rows.add(
                ConflictIncident,
                conflict=self.conflict,
                incident=incident,
                is_cause=position == 0 and plot.kind == "retaliation",
                added_by=self.lead,
                added_at=at,
            )
        self._course(at)
        self._truce()
        self._settlement()
        if plot.tie == "waived":
            waiver = rows.add(
                NeutralityWaiver, conflict=self.conflict, mediator=self.lead, at=rows.at(3, 12)
            )
            rows.seal(waiver, "reason", words.WAIVER, by=self.lead)
        return self.conflict

    # --- sides ------------------------------------------------------------------------------------

    def _parties(self, cases: Sequence[Participant]) -> None:
        self.parties = []
        for number, kind in enumerate(self.plot.sides, start=1):
            participant = None
            if kind == "participant" and cases:
                participant, kind = cases[self.number % len(cases)], "person"
            kind = "person" if kind == "participant" else kind
            party = self.rows.add(
                ConflictParty,
                conflict=self.conflict,
                number=number,
                kind=kind,
                participant=participant,
                added_by=self.lead,
                added_at=self.conflict.created_at,
            )
            self.parties.append(party)
            if participant is None:
                self._name(party, kind, number)

    def _name(self, party: ConflictParty, kind: str, number: int) -> None:
        names = {
            # The first tribe is somebody's own: it stands where a tie is to be warned of.
            "tribe": words.TRIBES[1:],
            "family": words.FAMILIES,
            "party": words.GROUPS,
            "armed_group": words.GROUPS,
        }.get(kind, ("صاحب المحل", "A shopkeeper", "Two brothers"))
        name = names[(self.number * 2 + number) % len(names)]
        tie_kind = {"tribe": "tribe", "family": "family", "party": "party"}.get(kind)
        if kind == "armed_group":
            tie_kind = "party"
        if self.plot.tie and number == 1:
            name, tie_kind = TIED, "tribe"
        name = words.marked(name)
        self.rows.seal(party, "name", name, by=self.lead, index="name")
        if tie_kind is not None:
            tie = self.rows.add(PartyTie, party=party, kind=tie_kind)
            self.rows.seal(
                tie,
                "value",
                neutrality.tie_value(tie_kind, name),
                by=self.lead,
                index=neutrality.index_of(tie_kind),
            )

    # --- the way ----------------------------------------------------------------------------------

    def _move(self, to: str, at: datetime, *, is_first: bool = False) -> None:
        self.rows.add(
            ConflictStep,
            conflict=self.conflict,
            from_state="" if is_first else str(self.conflict.state),
            to_state=str(to),
            by=self.lead,
            lead=self.lead,
            at=at,
        )
        self.conflict.state, self.conflict.state_since = to, at

    def _course(self, at: datetime) -> None:
        plot = self.plot
        if plot.state == State.DETECTED:
            return
        self._move(State.ASSESSED, at + timedelta(hours=2))
        if plot.state == State.ASSESSED:
            return
        self._move(State.MEDIATING, at + timedelta(hours=20))
        session = None
        for position, (days, outcome) in enumerate(plot.sessions):
            session = self._session(position, days, outcome)
        if session is not None:
            self._ladder(session)
        if plot.state == State.CLOSED:
            days = 40 if plot.early else 10
            self._move(State.CLOSED, self.rows.at(days, 12))
            self.conflict.closed_early = plot.early
            if plot.early:
                head = self.lead.supervisor or self.lead
                self.rows.seal(self.conflict, "close_reason", words.CLOSE_EARLY, by=head)
        if self.conflict.state != plot.state:
            raise ValueError(f"{plot}: ends as {self.conflict.state}")

    def _session(self, position: int, days: int, outcome: str) -> MediationSession:
        at = self.rows.at(days, 16)
        session = self.rows.add(
            MediationSession,
            conflict=self.conflict,
            at=at,
            place=self.conflict.place,
            tactics=list(_TACTICS[(self.number + position) % 3]),
            outcome=outcome,
            by=self.lead,
            created_at=at + timedelta(hours=2),
        )
        for person in filter(None, (self.lead, self.beside)):
            self.rows.add(MediationSession.mediators.through, mediationsession=session, user=person)
        if outcome != mediation.NOT_REACHED:
            self.conflict.unquiet_at = at
            for party in self.parties:
                self.rows.add(
                    MediationSession.present.through, mediationsession=session, conflictparty=party
                )
        self.rows.seal(
            session, "note", words.SESSION_NOTES[(self.number + position) % 3], by=self.lead
        )
        if position:
            self._move(State.MEDIATING, at + timedelta(hours=2))
        self._move(family("mediation_outcome", outcome), at + timedelta(hours=2))
        return session

    def _ladder(self, session: MediationSession) -> None:
        """The rungs of the last session, answered, missed or still to be made."""
        if session.outcome not in mediation.LADDERED:
            return
        start = session.at.date()
        last_found = max(self.plot.found, default=0)
        is_over = self.plot.state in (State.REIGNITED, State.CLOSED)
        for rung in LADDER:
            due_on = start + timedelta(days=rung)
            facts: dict[str, Any] = {}
            finding = self.plot.found.get(rung)
            if finding is not None:
                at = datetime.combine(due_on, datetime.min.time(), self.rows.cut.tzinfo)
                at += timedelta(hours=11)
                facts = {"state": "answered", "finding": finding, "at": at, "by": self.lead}
                self._look(finding, at)
            elif rung < last_found:
                facts = {"state": "missed"}
            elif is_over:
                facts = {"state": "ended"}
            row = self.rows.add(
                FollowUp,
                conflict=self.conflict,
                session=session,
                rung=rung,
                due_on=due_on,
                **facts,
            )
            if finding in (Finding.TENSE, Finding.REIGNITED):
                self.rows.seal(row, "note", words.FOLLOW_UP_NOTES[1], by=self.lead)

    def _look(self, finding: str, at: datetime) -> None:
        if self.conflict.state in Conflict.SETTLED:
            self._move(State.MONITORING, at)
        if finding != Finding.CALM:
            self.conflict.unquiet_at = at
        if finding == Finding.REIGNITED:
            self._move(State.REIGNITED, at)

    # --- truce and settlement ---------------------------------------------------------------------

    def _truce(self) -> None:
        if self.plot.truce is None:
            return
        days, state = self.plot.truce
        ends_at = self.rows.cut + timedelta(days=days)
        last = self.plot.sessions[-1][0]
        starts_at = min(self.rows.at(last, 18), ends_at - timedelta(days=3))
        truce = self.rows.add(
            Truce,
            conflict=self.conflict,
            starts_at=starts_at,
            ends_at=ends_at,
            state=state,
            by=self.lead,
            created_at=starts_at + timedelta(hours=1),
        )
        guarantor = words.marked(words.GUARANTORS[self.number % 2])
        self.rows.seal(truce, "guarantor", guarantor, by=self.lead)
        events = [(TruceEvent.Kind.MADE, truce.created_at)]
        if state == Truce.State.BROKEN:
            events.append((TruceEvent.Kind.BREACH, ends_at - timedelta(days=2)))
        if state != Truce.State.IN_FORCE:
            events.append((TruceEvent.Kind(state), ends_at))
        else:
            self.conflict.truce_ends_at = ends_at
        for kind, at in events:
            event = self.rows.add(
                TruceEvent, truce=truce, kind=str(kind), ends_at=ends_at, at=at, by=self.lead
            )
            if kind == TruceEvent.Kind.BREACH:
                self.rows.seal(event, "words", words.BREACH, by=self.lead)

    def _settlement(self) -> None:
        if self.plot.settlement is None:
            return
        due, paid = (Decimal(millions * 1_000_000) for millions in self.plot.settlement)
        last = self.plot.sessions[-1][0]
        settlement = self.rows.add(
            TribalSettlement,
            conflict=self.conflict,
            sits_on=self.rows.day(last - 2),
            compensation_due=due,
            compensation_paid=paid,
            displaced=self.number % 2 == 0,
            pledged_on=self.rows.day(last - 3) if paid else None,
            created_by=self.lead,
            created_at=self.rows.at(last - 3, 9),
            updated_by=self.lead,
            updated_at=self.rows.at(last - 3, 9),
        )
        self.rows.seal(
            settlement,
            "guarantor",
            words.marked(words.GUARANTORS[(self.number + 1) % 2]),
            by=self.lead,
        )
        self.rows.seal(settlement, "terms", words.TERMS, by=self.lead)
        for position in (0, 1) if paid else ():
            self.rows.add(
                CompensationPayment,
                settlement=settlement,
                amount=paid / 2,
                paid_on=self.rows.day(last - 4 - position),
                by=self.lead,
                at=self.rows.at(last - 4 - position, 13),
            )
