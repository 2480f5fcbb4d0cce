"""The risk sheet of a grant, written by its reviewer: what may go wrong, what is done, by whom."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from ceasefire import audit
from ceasefire.people.models import User
from grants.exceptions import NobodyToTakeIt, NotAllowedFromHere, NotForThisPerson, RiskSheetDiffers
from grants.models import Grant, Officer, Risk, State
from grants.services import machine, requirements
from grants.services.held import apart, changed, held, officer, said

#: Up to the award a sheet that nobody wrote is written; one that is there stands once reviewed.
BEFORE_AWARD = (State.VETTING, State.PENDING_APPROVAL, State.APPROVED)
#: States in which a grant needs nobody any more, nor does anybody see to its risks.
OVER = (State.CLOSED, State.REJECTED, State.CANCELLED, State.WITHDRAWN)


@dataclass(frozen=True)
class Line:
    """A risk before it is written. From medium on it needs `mitigation` and `owner`."""

    level: str
    text: str
    mitigation: str = ""
    owner: Officer | None = None


def may_write(grant: Grant, who: Officer | None) -> bool:
    """Whether somebody writes the risk sheet of this grant now."""
    if who is None or not who.has("reviewer") or who.pk in machine.excluded(grant, "reviewer"):
        return False
    if grant.state == State.SUBMITTED:
        return True
    return grant.state in BEFORE_AWARD and not grant.risks.all()


@transaction.atomic
def set_risks(
    grant: Grant, lines: Iterable[Line], *, by: User, version: int | None = None
) -> list[Risk]:
    """Write the risk sheet anew, as a reviewer, while the grant is reviewed.

    Later, up to the award, only where none was written, and of the level that was judged. Raises
    `RiskSheetDiffers` otherwise, and for a line from medium on without what is done about it, or
    without somebody at work who sees to it.
    """
    who = officer(by, "reviewer")
    grant = held(grant, version=version)
    apart(who.pk in machine.excluded(grant, "reviewer"))
    if not may_write(grant, who):
        raise NotAllowedFromHere
    rows = []
    for number, line in enumerate(lines, start=1):
        text, mitigation = said(line.text)[:400], " ".join(line.mitigation.split())[:400]
        level = Grant.Risk(line.level)
        if level != Grant.Risk.LOW and not (mitigation and line.owner is not None):
            raise RiskSheetDiffers
        rows.append(
            Risk(
                grant=grant,
                number=number,
                level=level,
                text=text,
                mitigation=mitigation,
                owner=_at_work(line.owner),
                entered_by=who,
            )
        )
    if grant.state == State.SUBMITTED:
        grant.risks.all().delete()
    elif requirements.gravest_of(rows) != grant.risk:
        # The level was judged at the review: another one would hold the grant up for good.
        raise RiskSheetDiffers
    Risk.objects.bulk_create(rows)
    changed(grant, version=grant.version + 1)
    audit.record(
        "grant.risks_set",
        subject=grant,
        by=by,
        detail={"levels": [str(one.level) for one in rows]},
    )
    return rows


def _at_work(owner: Officer | None) -> Officer | None:
    if owner is None:
        return None
    found = Officer.objects.filter(pk=owner.pk, is_active=True).first()
    if found is None or not found.duties:
        raise NobodyToTakeIt
    return found


def owners() -> Any:
    """Who may see to a risk: officers at work with a duty."""
    return Officer.objects.filter(is_active=True).exclude(duties=[]).order_by("code_name")


def owned(who: Officer) -> Any:
    """Risks that somebody sees to, of grants that are not over, with their grants."""
    return owned_by(who.pk).select_related("grant").order_by("grant__ref", "number")


def owned_by(key: Any) -> Any:
    """Risks that a person sees to, of grants that are not over."""
    return Risk.objects.filter(owner_id=key).exclude(grant__state__in=OVER)


@transaction.atomic
def hand_over(risk: Risk, *, to: Officer, reason: str, by: User) -> Risk:
    """Let another officer see to a risk: its owner's, or a grants officer's verb."""
    me, reason = officer(by), said(reason)
    grant = held(risk.grant)
    risk = Risk.objects.select_for_update(no_key=True).get(pk=risk.pk)
    if me.pk != risk.owner_id and not me.has("officer"):
        raise NotForThisPerson
    if grant.state in OVER:
        raise NotAllowedFromHere
    fresh = _at_work(to)
    if fresh is None or fresh.pk == risk.owner_id:
        raise NobodyToTakeIt
    before = risk.owner_id
    changed(risk, owner=fresh)
    audit.record(
        "risk.handed_over",
        subject=grant,
        by=by,
        reason=reason,
        detail={"number": risk.number, "before": before, "after": fresh.pk},
    )
    return risk
