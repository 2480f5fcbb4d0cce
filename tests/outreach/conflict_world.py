"""Conflicts to play with: two sides, at a place of Basrah, led by the worker."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from ceasefire import periods, worklist
from ceasefire.places.models import Place
from outreach.models import Conflict, FollowUp
from outreach.services import conflicts, mediation, staff
from outreach.services.conflicts import PartyFacts

TRIBES = (
    PartyFacts("tribe", "عشيرة بني مالك"),
    PartyFacts("family", "Beit Salman", ties=(("tribe", "Al-Bu Muhammad"),)),
)


def place(pcode: str = "IQG02Q02N02-HAYANIYA") -> Place:
    return Place.objects.select_related("parent").get(pcode=pcode)


@pytest.fixture
def conflict(db: None, basrah: Any, team: Any) -> Callable[..., Conflict]:
    """A conflict with two tribes as sides, opened and led by the worker; not assessed."""

    def make(
        *, by: Any = None, parties: Any = TRIBES, state: str = "", site: Any = None, **more: Any
    ) -> Conflict:
        facts = {
            "kind": "land",
            "how_learned": "street",
            "place": place(),
            **more.pop("facts", {}),
        }
        made = conflicts.open_conflict(
            site or basrah, facts=facts, parties=parties, by=by or team.worker, **more
        )
        if state:
            # As it lies in the table; the way there is another test's.
            Conflict.objects.filter(pk=made.pk).update(state=state)
        return Conflict.objects.select_related("site", "place", "lead").get(pk=made.pk)

    return make


@pytest.fixture
def session(conflict: Any, team: Any) -> Callable[..., Any]:
    """A session of a conflict with an outcome, by its lead."""

    def make(of: Conflict, outcome: str = "R3", *, days_ago: int = 0, **more: Any) -> Any:
        by = more.pop("by", None) or team.worker
        return mediation.record_session(
            of,
            at=more.pop("at", None) or periods.now() - timedelta(days=days_ago, minutes=1),
            outcome=outcome,
            mediators=more.pop("mediators", [by]),
            by=by,
            **more,
        )

    return make


def now_of(conflict: Conflict) -> Conflict:
    return Conflict.objects.select_related("site", "place", "lead").get(pk=conflict.pk)


def told(person: Any) -> list[str]:
    """The kinds of notices of a person, oldest first."""
    rows = worklist.Notification.objects.filter(recipient=person).order_by("pk")
    return list(rows.values_list("kind", flat=True))


def tasks_of(person: Any) -> list[str]:
    """The kinds of a person's open tasks."""
    rows = worklist.Task.objects.filter(assignee=person, closed_at__isnull=True).order_by("pk")
    return list(rows.values_list("kind", flat=True))


def rungs(conflict: Conflict, state: str = "open") -> list[int]:
    return list(
        FollowUp.objects.filter(conflict=conflict, state=state)
        .order_by("due_on")
        .values_list("rung", flat=True)
    )


def shift_ladder(conflict: Conflict, days: int) -> None:
    """Let the ladder have begun so many days earlier."""
    for row in FollowUp.objects.filter(conflict=conflict):
        row.due_on -= timedelta(days=days)
        row.save(update_fields=["due_on"])


def tie(person: Any, kind: str, words: str, by: Any) -> None:
    staff.add_tie(person, kind=kind, words=words, by=by)
