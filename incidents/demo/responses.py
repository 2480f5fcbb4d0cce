"""Made-up answers to made-up incidents: clocks, what was done, watches. Seeded like the rest.

A few urgent events are moved to fixed hours before the day of loading, so that the board shows
every colour whatever the hour: the clocks run in real time.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ceasefire import worklist
from ceasefire.people.models import User
from ceasefire.places.models import Site
from incidents.demo.simulation import Event
from incidents.importing.bulk import copy_in
from incidents.models import (
    Incident,
    IncidentResponse,
    ResponseAction,
    RetaliationWatch,
    WatchCheck,
)
from incidents.models.response import WATCH_HOURS
from incidents.services import clocks, escalation

#: Hours before midnight of the day of loading; at any hour of that day one of them is amber.
FRESH_HOURS = (84, 57, 39, 22, 9)
#: Only these are moved, and only what happened in the last days.
MOVED = frozenset({"MUR", "ASN", "ATM", "KID", "TRB", "DKA"})
MOVED_WITHIN = timedelta(days=21)
_BANDS = ((4, "night"), (8, "dawn"), (13, "morning"), (18, "afternoon"), (21, "evening"))
_CONTACTS = ("family_visit", "family_visit", "hospital", "notable", "other_side", "mediation")
_NEXT = (
    "",
    "Visit the family again. (made up)",
    "زيارة الوجهاء مساءً (بيانات تجريبية)",
)


def freshen(events: Sequence[Event], cut: datetime) -> None:
    """Move the newest urgent events to `FRESH_HOURS` before the cut."""
    newest = sorted(
        (
            event
            for event in events
            if event.kind.code in MOVED
            and not event.is_outbreak
            and cut - event.occurred_from <= MOVED_WITHIN
        ),
        key=lambda event: event.occurred_from,
        reverse=True,
    )
    for event, hours in zip(newest, reversed(FRESH_HOURS), strict=False):
        event.occurred_from = cut - timedelta(hours=hours) + timedelta(minutes=23)
        hour = event.occurred_from.hour
        event.time_of_day = next((band for until, band in _BANDS if hour < until), "night")
        event.reported_at = event.occurred_from + timedelta(minutes=55)
        event.time_precision, event.is_fresh = 1, True


class Answers:
    """Turns urgent incidents of one site into clocks with a past."""

    def __init__(self, site: Site, people: Sequence[User], cut: datetime, seed: str) -> None:
        self.site, self.people, self.cut = site, people, cut
        self.random = random.Random(f"{seed}/answers")  # noqa: S311 - made-up data
        self.responses: list[dict[str, Any]] = []
        self.actions: list[dict[str, Any]] = []
        self.watches: list[dict[str, Any]] = []
        self.checks: list[dict[str, Any]] = []

    def write(
        self,
        incidents: Iterable[dict[str, Any]],
        actors: Iterable[dict[str, Any]],
        since: datetime,
    ) -> None:
        """Clocks of what happened since a moment, in the order of the incidents."""
        groups = {row["incident_id"] for row in actors if row["category"] in clocks.GROUPS}
        counted = {str(state) for state in Incident.COUNTED_STATES}
        for row in incidents:
            if row["workflow_state"] not in counted or row["occurred_from"] < since:
                continue
            incident = Incident(**row)
            late = incident.submitted_at - incident.occurred_from
            if late <= clocks.HISTORY_AFTER and clocks.is_urgent(incident):
                response = self._answer(incident)
                if incident.pk in groups and clocks.is_killing(incident):
                    self._watch(incident, response)
        for model, rows in (
            (IncidentResponse, self.responses),
            (ResponseAction, self.actions),
            (RetaliationWatch, self.watches),
            (WatchCheck, self.checks),
        ):
            copy_in(model, rows)

    def _key(self) -> UUID:
        return UUID(int=self.random.getrandbits(128), version=4)

    def _hours(self, low: float, high: float) -> timedelta:
        return timedelta(minutes=round(60 * self.random.uniform(low, high)))

    def _answer(self, incident: Incident) -> IncidentResponse:
        response = IncidentResponse(
            id=self._key(),
            incident=incident,
            site_id=self.site.pk,
            created_at=incident.submitted_at,
        )
        start, late = clocks.start_of(incident)
        response.begin(start, late=late)
        person = self.random.choice(self.people)
        drawn, has_one = self.random.random(), self.random.random() < 0.75
        contact = start + self._hours(1.5, 30)
        answer = start + (self._hours(20, 70) if drawn < 0.87 else self._hours(76, 120))
        is_open = answer >= self.cut or self.cut - start < timedelta(hours=90)
        if has_one or not is_open:
            response.assigned_to = person
        # The oldest of the open ones is left alone: there is something to escalate.
        if contact < self.cut and not (is_open and self.cut - start > timedelta(hours=70)):
            self._act(response, self.random.choice(_CONTACTS), contact, person)
            response.first_contact_at = contact
            response.next_step = self.random.choice(_NEXT) if is_open else ""
        if not is_open:
            self._end(response, answer, person, is_given_up=drawn > 0.95)
        self.responses.append(
            {
                field.attname: getattr(response, field.attname)
                for field in IncidentResponse._meta.concrete_fields
            }
        )
        return response

    def _end(
        self, response: IncidentResponse, answer: datetime, person: User, *, is_given_up: bool
    ) -> None:
        response.closed_at = answer
        if is_given_up:
            response.closed_reason = self.random.choice(["unsafe", "declined"])
            return
        kind = self.random.choice(["canvass", "canvass", "event"])
        self._act(response, kind, answer, person)
        response.first_contact_at = min(response.first_contact_at or answer, answer)
        response.community_response_at, response.closed_reason = answer, "answered"

    def _act(self, response: IncidentResponse, kind: str, at: datetime, person: User) -> None:
        reached = {"canvass": (9, 45), "event": (20, 140)}.get(kind, (1, 6))
        self.actions.append(
            {
                "id": self._key(),
                "response_id": response.pk,
                "kind": kind,
                "at": at,
                "by_id": person.pk,
                "people_reached": self.random.randint(*reached),
                "materials": self.random.choice([None, 20, 40]) if kind == "canvass" else None,
                "created_at": at,
            }
        )

    def _watch(self, incident: Incident, response: IncidentResponse) -> None:
        until = response.started_at + timedelta(hours=WATCH_HOURS)
        is_open = until > self.cut
        one, other = (
            self.random.sample(list(self.people), 2)
            if len(self.people) > 1
            else (
                self.people[0],
                None,
            )
        )
        key = self._key()
        ended = {} if is_open else {"ended_at": until, "outcome": self._outcome()}
        self.watches.append(
            {
                "id": key,
                "incident_id": incident.pk,
                "started_at": response.started_at,
                "ends_at": until,
                "victim_side_id": one.pk,
                "other_side_id": None if is_open or other is None else other.pk,
                "created_at": response.created_at,
                **ended,
            }
        )
        at = response.started_at + self._hours(3, 20)
        if at < self.cut:
            finding = self.random.choice(["quiet", "quiet", "tense"])
            self.checks.append(
                {"watch_id": key, "side": "victim", "finding": finding, "at": at, "by_id": one.pk}
            )

    def _outcome(self) -> str:
        return self.random.choices(["quiet", "calmed", "retaliation"], [80, 15, 5])[0]


def tell(at: datetime) -> None:
    """Send the notices that the hours up to now would have sent."""
    rows = IncidentResponse.objects.running().select_related("incident", "assigned_to")
    for response in rows:
        if response.assigned_to is not None and not response.incident.is_sensitive:
            worklist.notify(
                [response.assigned_to], "response.assigned", subject=response.incident, at=at
            )
    escalation.escalate(at=at)
