"""What people decided about hits, and whether a subject is cleared by it. Pure functions.

A screening never clears by itself: not by a low score, and not by finding nobody. A subject is
cleared while all of this holds:

- the run is of the subject as it is now: same version, same words;
- it was screened against every list that is asked for, and none of them is stale;
- each hit was decided by a named officer with a reason, as `FALSE_POSITIVE`;
- a run that found nobody was signed by a named officer, as `CLEAR_NO_HIT`.

An escalated hit is open until it is decided anew; a true match is never cleared. The last decision
about a hit counts, since decisions are added and never changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from grants.screening.matching import Result, Subject

__all__ = ["Decision", "Disposition", "Obstacle", "Run", "clears", "is_stale", "obstacles"]


class Disposition(StrEnum):
    """What an officer decides: about a run without hits the first, about a hit the others."""

    CLEAR_NO_HIT = "CLEAR_NO_HIT"
    FALSE_POSITIVE = "FALSE_POSITIVE"
    ESCALATED = "ESCALATED"
    TRUE_MATCH = "TRUE_MATCH"


@dataclass(frozen=True)
class Decision:
    """Who decided what, when and why. `hit` is the key of the hit, or nothing for the whole run."""

    disposition: Disposition
    officer: str
    reason: str
    at: datetime
    hit: str = ""


@dataclass(frozen=True)
class Run:
    """A result, and the decisions about it in the order they were made."""

    result: Result
    decisions: tuple[Decision, ...] = ()


class Obstacle(StrEnum):
    """Why a run does not clear; each has words of its own (`label`)."""

    OTHER_VERSION = "other_version"
    NO_LIST = "no_list"
    LIST_MISSING = "list_missing"
    LIST_STALE = "list_stale"
    NOT_SIGNED = "not_signed"
    HIT_OPEN = "hit_open"
    HIT_ESCALATED = "hit_escalated"
    TRUE_MATCH = "true_match"

    @property
    def label(self) -> str | Promise:
        """What to tell the officer. Says nothing of lists or hits that others must not know."""
        return _LABELS[self]


_LABELS = {
    Obstacle.OTHER_VERSION: _("The name was changed since. Screen it again."),
    Obstacle.NO_LIST: _("It was screened against no list."),
    Obstacle.LIST_MISSING: _("It was not screened against every list that is asked for."),
    Obstacle.LIST_STALE: _("A list is too old. Upload a newer one and screen again."),
    Obstacle.NOT_SIGNED: _("Nothing was found, and nobody has signed for that yet."),
    Obstacle.HIT_OPEN: _("A hit waits for somebody to decide, with a reason."),
    Obstacle.HIT_ESCALATED: _("A hit was passed on and is not decided."),
    Obstacle.TRUE_MATCH: _("A hit is the subject."),
}


def is_stale(list_date: date, today: date, max_days: int) -> bool:
    """Whether a list is more than so many days old; one of a day that has not come is no better.

    A list of exactly `max_days` days may still be used. `max_days` is 0 or more (ValueError).
    """
    if max_days < 0:
        raise ValueError(f"a list cannot be {max_days} days old at most")
    return not 0 <= (today - list_date).days <= max_days


def obstacles(
    run: Run, *, subject: Subject, today: date, max_days: int, lists: Iterable[str] = ()
) -> tuple[Obstacle, ...]:
    """All that stands between a run and a clearance, each kind once; nothing where it clears.

    `subject` is as it is today, `lists` are the names of the lists that must be among those used.
    """
    result = run.result
    found: dict[Obstacle, None] = {}
    if not result.is_of(subject):
        found[Obstacle.OTHER_VERSION] = None
    if not any(used.entries for used in result.lists):
        found[Obstacle.NO_LIST] = None
    if set(lists) - {used.name for used in result.lists}:
        found[Obstacle.LIST_MISSING] = None
    if any(is_stale(used.dated, today, max_days) for used in result.lists):
        found[Obstacle.LIST_STALE] = None
    last = {decision.hit: decision for decision in run.decisions if _counts(decision)}
    if not result.hits and "" not in last:
        found[Obstacle.NOT_SIGNED] = None
    for hit in result.hits:
        decision = last.get(hit.key)
        if decision is None:
            found[Obstacle.HIT_OPEN] = None
        elif decision.disposition is Disposition.ESCALATED:
            found[Obstacle.HIT_ESCALATED] = None
    # Once anybody has said so of anything in the run, it takes a new run to clear.
    if any(decision.disposition is Disposition.TRUE_MATCH for decision in run.decisions):
        found[Obstacle.TRUE_MATCH] = None
    return tuple(found)


def clears(
    run: Run, *, subject: Subject, today: date, max_days: int, lists: Iterable[str] = ()
) -> bool:
    """Whether the subject is cleared by the run today; the head of this file says when."""
    return not obstacles(run, subject=subject, today=today, max_days=max_days, lists=lists)


def _counts(decision: Decision) -> bool:
    """Whether it is a decision: by somebody, with a reason, and of a kind that fits its object."""
    if not decision.officer.strip() or not decision.reason.strip():
        return False
    return (decision.disposition is Disposition.CLEAR_NO_HIT) == (not decision.hit)
