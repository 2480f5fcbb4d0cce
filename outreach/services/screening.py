"""Screening by the criteria of a ruleset, and what the same answers would come to under others.

Unknown counts as no and is said. A screening keeps its ruleset; what counts for the next one is the
site's at that moment. The score stays with the site team: the trail holds neither it nor the
answers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ceasefire import audit, periods, rulesets, vault, worklist
from ceasefire.people.models import User
from ceasefire.people.roles import Role, allows
from ceasefire.places.models import Site
from outreach.exceptions import (
    CaseIsClosed,
    ChangedMeanwhile,
    NotAllowedFromHere,
    OutreachRefusal,
)
from outreach.models import EVIDENCE, Participant, RiskScreening
from outreach.services import cases, consent, status
from outreach.services.forms import keyed

KIND = "eligibility"
SCREEN = status.SCREEN
CHANGE_RULES = "outreach.change_rules"
DUE = "screening.due"
#: The worker hears of a screening that falls due so many days before.
DUE_SOON_DAYS = 7
#: A reason for one answer; a new line would begin the next.
EVIDENCE_LENGTH = 500

State = Participant.Status
Answer = RiskScreening.Answer
Purpose = RiskScreening.Purpose

worklist.task_kind(
    DUE,
    _("A participant is due to be screened again."),
    tone="due",
    address=lambda code: reverse("outreach:screening_new", args=[code]),
    escalate_after=timedelta(days=7),
    by_hand=False,
)
consent.erases(RiskScreening, "participant", (EVIDENCE,), title=_("Screening"))


class RulesChanged(OutreachRefusal):
    """The site's criteria changed since the form was opened; what was typed is kept on it."""

    message = _("The criteria changed meanwhile. Look through the answers, then send once more.")


@dataclass(frozen=True)
class Result:
    """What answers come to under some criteria."""

    score: int
    asked: int
    unknown: int
    qualifies: bool

    @property
    def is_incomplete(self) -> bool:
        return self.unknown > 0


def count(content: Mapping[str, Any], answers: Mapping[str, str]) -> Result:
    """Count answers by the criteria of a ruleset. What was not asked is unknown."""
    given = [answers.get(row["code"], Answer.UNKNOWN) for row in content["criteria"]]
    score = sum(answer == Answer.YES for answer in given)
    return Result(
        score=score,
        asked=len(given),
        unknown=sum(answer == Answer.UNKNOWN for answer in given),
        qualifies=score >= content["threshold"],
    )


def is_fresh(participant: Participant, on: date | None = None) -> bool:
    """Whether the last screening still counts: 90 days by default, as its rules said."""
    return status.is_screened(participant, on)


def purpose_of(participant: Participant, *, at_closing: bool = False) -> str:
    """What a screening of a case is for, as the case stands."""
    if participant.status not in Participant.CARRIED:
        return Purpose.INTAKE
    return Purpose.CLOSURE if at_closing else Purpose.RESCREEN


def may_screen(participant: Participant, by: User) -> bool:
    """Whether somebody who sees a case may screen it as it stands; for its button."""
    return (
        by.has_perm(SCREEN)
        and not participant.site.read_only
        and participant.consent_withdrawn_at is None
        and participant.status not in (State.CLOSED, State.EXCEPTION)
    )


@keyed
@transaction.atomic
def screen(
    participant: Participant,
    *,
    answers: Mapping[str, str],
    by: User,
    evidence: Mapping[str, str] | None = None,
    ruleset: int | None = None,
    at_closing: bool = False,
    key: UUID | None = None,
    version: int | None = None,
) -> RiskScreening:
    """Record a screening and move the case by what it found.

    `answers` by the criterion's code; what is missing is unknown. `evidence` by the same codes is
    sealed. `ruleset` is the key of the rules that the form showed (`RulesChanged`). A case at
    intake becomes eligible or not; where consent stands, approval of the intake is asked for at
    once. A case that is carried stays as it is, whatever the score. The next is due after the
    rules' days. A closed case is refused, and one whose exception waits.
    """
    participant = cases.held(participant, by=by, permission=SCREEN)
    if known := cases.sent_before(RiskScreening, key, by_id=by.pk, participant_id=participant.pk):
        return known
    if version is not None and version != participant.version:
        raise ChangedMeanwhile(version=participant.version)
    if participant.status == State.CLOSED:
        raise CaseIsClosed
    if participant.status == State.EXCEPTION:
        raise NotAllowedFromHere
    rules = rulesets.current(KIND, participant.site)
    if ruleset is not None and ruleset != rules.pk:
        raise RulesChanged
    purpose = purpose_of(participant, at_closing=at_closing)
    if purpose == Purpose.INTAKE and participant.status != State.SCREENING:
        participant = status.begin_screening(participant, by=by)
    given = _answers(rules.content, answers)
    result = count(rules.content, given)
    made = RiskScreening.objects.create(
        participant=participant,
        ruleset=rules,
        purpose=purpose,
        answers=given,
        score=result.score,
        is_incomplete=result.is_incomplete,
        qualifies=result.qualifies,
        idempotency_key=key,
        by=by,
        at=periods.now(),
    )
    vault.seal(made, EVIDENCE, _packed(given, evidence or {}), by=by)
    today = periods.local_day(made.at)
    participant.screened_on = today
    participant.rescreen_due_on = today + timedelta(days=rules.content["rescreen_days"])
    consent.touch(participant, "screened_on", "rescreen_due_on", by=by)
    worklist.close_tasks(DUE, subject=participant, by=by)
    if purpose == Purpose.INTAKE:
        participant = status.find(participant, eligible=result.qualifies, by=by)
        if result.qualifies and consent.in_force(participant) is not None:
            status.ask_intake(participant, by=by)
    audit.record(
        "participant.screened",
        subject=participant,
        by=by,
        detail={"purpose": str(purpose), "rules": rules.code},
    )
    return made


def _answers(content: Mapping[str, Any], answers: Mapping[str, str]) -> dict[str, str]:
    """Every criterion with its answer; a code or an answer that is none is an error of ours."""
    asked = [row["code"] for row in content["criteria"]]
    if not set(answers) <= set(asked) or not set(answers.values()) <= set(Answer.values):
        raise ValueError("These are no answers to the criteria that count.")
    return {code: str(answers.get(code, Answer.UNKNOWN)) for code in asked}


# --- the reasons ----------------------------------------------------------------------------------


def _packed(given: Mapping[str, str], evidence: Mapping[str, str]) -> str:
    """The reasons as one text, a line for each: read by people on the sheet of what is held."""
    lines = []
    for code in given:
        words = " ".join(evidence.get(code, "").split())[:EVIDENCE_LENGTH]
        if words:
            lines.append(f"{code}: {words}")
    return "\n".join(lines)


def unpacked(text: str | None) -> dict[str, str]:
    """The reasons by criterion, as `screen` took them."""
    found = (line.partition(": ") for line in (text or "").splitlines())
    return {code: words for code, _mark, words in found}


# --- under other rules ----------------------------------------------------------------------------


@dataclass
class Comparison:
    """The last screenings of a site's open cases, under its rules and under others."""

    screened: int = 0
    now: int = 0
    then: int = 0
    #: Under the other rules something was never asked, or not known.
    incomplete: int = 0
    #: Codes of those whose answer would change.
    gain: list[str] = field(default_factory=list)
    lose: list[str] = field(default_factory=list)


def compare(site: Site, content: Mapping[str, Any], *, by: User) -> Comparison:
    """Who would qualify under other criteria: counts and codes of cases that `by` may see.

    Of every case that is not closed its last screening counts, answered as it was. Both sides are
    counted anew from the answers, by the rules that count today and by `content`.
    """
    counts = rulesets.current(KIND, site).content
    rows = (
        RiskScreening.objects.filter(
            participant__in=Participant.objects.visible_to(by)
            .filter(site=site)
            .exclude(status=State.CLOSED)
            .values("pk")
        )
        .order_by("participant_id", "-at", "-id")
        .distinct("participant_id")
        .values_list("participant__code", "answers")
    )
    found = Comparison()
    for code, answers in sorted(rows):
        before, after = count(counts, answers), count(content, answers)
        found.screened += 1
        found.now += before.qualifies
        found.then += after.qualifies
        found.incomplete += after.is_incomplete
        if after.qualifies and not before.qualifies:
            found.gain.append(code)
        elif before.qualifies and not after.qualifies:
            found.lose.append(code)
    return found


# --- due ------------------------------------------------------------------------------------------


def remind(on: date | None = None) -> int:
    """Give every worker the screenings that fall due within a week; how many cases were looked at.

    Run every day: a task that is open is given once.
    """
    day = on or periods.now().date()
    rows = list(due_by(day + timedelta(days=DUE_SOON_DAYS)))
    for participant in rows:
        due_on: Any = participant.rescreen_due_on
        worklist.add_task(
            participant.worker,
            DUE,
            subject=participant,
            due_at=datetime.combine(due_on, time(9), periods.BAGHDAD),
        )
    return len(rows)


def due_by(day: date) -> Iterable[Participant]:
    """Active cases whose next screening is due by a day, of those who still screen."""
    screeners = [role for role in Role.values if allows(role, SCREEN)]
    return (
        Participant.objects.active()
        .filter(rescreen_due_on__lte=day, worker__is_active=True, worker__role__in=screeners)
        .select_related("worker")
        .order_by("pk")
    )
