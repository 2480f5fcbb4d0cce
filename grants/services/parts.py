"""Who had which part in a grant: what keeps duties apart. The database keeps the same lists."""

from typing import Any

from ceasefire.database.together import together
from grants.models import Amendment, Decision, Grant, PaymentRequest, Transition
from grants.services import reading


def parts(grant: Grant) -> dict[str, set[Any]]:
    """Who had which part in a grant so far; the database keeps the same lists by itself."""
    decisions, steps, amendments, payments = _rows(grant)
    found: dict[str, set[Any]] = {
        "requester": {
            grant.requester_id,
            *(one.actor_id for one in steps if one.role == "requester"),
            *(one.opened_by_id for one in amendments),
        },
        "reviewer": {one.actor_id for one in decisions if one.step == "review"},
        "approver": {one.actor_id for one in decisions if one.role == "approver"},
        "awarder": {one.actor_id for one in decisions if one.step == "award"},
        "closer": {one.actor_id for one in decisions if one.step == "closeout"},
        "certifier": {one.certifier_id for one in payments} - {None},
        "payer": {one.payer_id for one in payments} - {None},
        "decided": {one.actor_id for one in decisions},
    }
    return found


def _rows(grant: Grant) -> tuple[Any, Any, Any, Any]:
    """Decisions, steps, amendments and payments: as a page read them, else in one statement."""
    if reading.has(grant, "transitions"):
        return (
            grant.decisions.all(),
            grant.transitions.all(),
            grant.amendments.all(),
            grant.payments.all(),
        )
    found = together(
        {
            "decisions": Decision.objects.filter(grant=grant).only("step", "role", "actor"),
            "steps": Transition.objects.filter(grant=grant).only("role", "actor"),
            "amendments": Amendment.objects.filter(grant=grant).only("opened_by").order_by("id"),
            "payments": PaymentRequest.objects.filter(grant=grant).only("certifier", "payer"),
        }
    )
    return found["decisions"], found["steps"], found["amendments"], found["payments"]


def known(grant: Grant) -> dict[str, set[Any]]:
    """`parts`, of a grant that a page read worked out a single time."""
    found: dict[str, set[Any]] = reading.once(grant, "parts", lambda: parts(grant))
    return found


def requesters(grant: Grant) -> set[Any]:
    """Everybody who asks for a grant: who began it, who handed it in again, who had it amended."""
    return known(grant)["requester"]
