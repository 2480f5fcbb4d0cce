"""What waits for whom: of many grants at once, and of one officer.

`machine.missing_for` says the same of one grant, with everything that it lacks. Here the database
is asked a fixed number of times, however many grants there are.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db.models import Case, Count, Exists, F, Min, OuterRef, Q, QuerySet, When

from ceasefire import periods
from grants.models import (
    Amendment,
    AuthoritySeat,
    Decision,
    Grant,
    Officer,
    PaymentRequest,
    State,
    Tranche,
    Transition,
)
from grants.services import machine, requirements

#: Who carries a grant on, where its state alone says so.
_BY_STATE: dict[str, tuple[str, ...]] = {
    State.DRAFT: ("requester",),
    State.RETURNED: ("requester",),
    State.SUBMITTED: ("reviewer",),
    State.VETTING: ("vetting",),
    State.PENDING_APPROVAL: ("approver",),
    State.APPROVED: ("officer",),
    State.COMPLETED: ("officer",),
    State.TERMINATED: ("officer",),
    State.REOPENED: ("officer",),
    State.CLOSING: ("closeout",),
}
#: Where a payment is next and nobody asked for it yet.
_ASKS = ("requester", "officer")
PAYS = (State.AWARDED, State.ACTIVE)


def _unpaid() -> Exists:
    return Exists(Tranche.objects.filter(grant=OuterRef("pk"), paid_usd__lt=F("planned_usd")))


def _unbound() -> Q:
    """Something is to be paid, and nothing is obligated for it any more."""
    return Q(
        _unpaid(),
        disbursed_usd__gte=F("obligated_usd") - F("deobligated_usd") + F("refunded_usd"),
    )


def _payment(state: str, **facts: Any) -> Exists:
    return Exists(PaymentRequest.objects.filter(grant=OuterRef("pk"), state=state, **facts))


def _supported() -> Exists:
    return Exists(
        Decision.objects.filter(
            grant=OuterRef("pk"),
            round=OuterRef("round"),
            step="reinstatement",
            role="approver",
            verdict="YES",
        )
    )


def duties_of(grants: Iterable[Grant]) -> dict[Any, tuple[str, ...]]:
    """Of each grant the duties that it waits for; none at its end. One question at most."""
    grants = list(grants)
    asked = [one.pk for one in grants if one.state in (*PAYS, State.SUSPENDED)]
    told: dict[Any, dict[str, Any]] = {}
    if asked:
        rows = Grant.objects.filter(pk__in=asked).order_by().values("pk")
        for row in rows.annotate(
            unpaid=_unpaid(),
            unbound=Case(When(_unbound(), then=True), default=False),
            certified=_payment("CERTIFIED"),
            requested=_payment("REQUESTED"),
            supported=_supported(),
        ):
            told[row["pk"]] = dict(row)
    return {one.pk: _duties(one, told.get(one.pk, {})) for one in grants}


def _duties(grant: Grant, told: dict[str, Any]) -> tuple[str, ...]:
    if grant.state == State.SUSPENDED:
        return ("officer",) if told["supported"] else ("approver", "officer")
    if grant.state in PAYS:
        if grant.state == State.ACTIVE and not told["unpaid"]:
            return ("monitor",)
        if told["unbound"]:
            return ("officer",)
        if told["certified"]:
            return ("payer",)
        return ("certifier",) if told["requested"] else _ASKS
    return _BY_STATE.get(grant.state, ())


# --- of one officer ------------------------------------------------------------------------------


def _had(who: Officer, part: str) -> Q:
    """The grants in which an officer had a part, as `parts.parts` says of one grant."""
    decided = Decision.objects.filter(actor=who).values("grant")
    paid = PaymentRequest.objects.values("grant")
    if part == "requester":
        return (
            Q(requester=who)
            | Q(pk__in=Transition.objects.filter(actor=who, role="requester").values("grant"))
            | Q(pk__in=Amendment.objects.filter(opened_by=who).values("grant"))
        )
    return Q(
        pk__in={
            "reviewer": decided.filter(step="review"),
            "approver": decided.filter(role="approver"),
            "awarder": decided.filter(step="award"),
            "closer": decided.filter(step="closeout"),
            "certifier": paid.filter(certifier=who),
            "payer": paid.filter(payer=who),
            "decided": decided,
        }[part]
    )


def _free(who: Officer, duty: str) -> Q:
    """Grants in which an officer had no part that excludes a duty."""
    free = Q()
    for part in machine.EXCLUDES.get(duty, ()):
        free &= ~_had(who, part)
    return free


def for_officer(who: Officer, *, on: date | None = None) -> QuerySet[Grant]:
    """The grants whose next step this officer may take: entrusted with it, and no part excludes."""
    day = on or periods.now().date()
    if not who.is_active or not who.duties:
        return Grant.objects.none()
    mine = Q(state__in=(State.DRAFT, State.RETURNED), owner=who)
    for duty in who.duties:
        here = Q(pk__in=[])
        states = [state for state, duties in _BY_STATE.items() if duties == (duty,)]
        if duty == "approver":
            here |= Q(pk__in=_to_approve(who, day))
            agreed = Decision.objects.filter(
                grant=OuterRef("pk"), round=OuterRef("round"), step="reinstatement", actor=who
            )
            here |= Q(~Exists(agreed), ~_supported(), state=State.SUSPENDED)
        elif duty != "requester":
            here |= Q(state__in=states)
        if duty == "officer":
            here |= Q(state=State.SUSPENDED) | Q(_unbound(), state__in=PAYS)
        if duty == "monitor":
            here |= Q(~_unpaid(), state=State.ACTIVE)
        if duty in _ASKS:
            here |= _to_pay() & Q(~_payment("CERTIFIED"), ~_payment("REQUESTED"))
        if duty == "certifier":
            others = PaymentRequest.objects.filter(grant=OuterRef("pk"), state="REQUESTED")
            here |= _to_pay() & Q(~_payment("CERTIFIED"), Exists(others.exclude(requested_by=who)))
        if duty == "payer":
            others = PaymentRequest.objects.filter(grant=OuterRef("pk"), state="CERTIFIED")
            here |= _to_pay() & Q(Exists(others.exclude(Q(requested_by=who) | Q(certifier=who))))
        mine |= here & _free(who, duty)
    return Grant.objects.filter(mine)


def _to_pay() -> Q:
    return (Q(state=State.AWARDED) | Q(_unpaid(), state=State.ACTIVE)) & ~_unbound()


def _seats(who: Officer, day: date) -> dict[Any, set[str]]:
    """By fund the levels of approval on which an officer sits."""
    seats: dict[Any, set[str]] = {}
    held = AuthoritySeat.objects.filter(
        officer=who, confirmed_at__isnull=False, valid_from__lte=day
    ).filter(Q(valid_to__isnull=True) | Q(valid_to__gt=day))
    for fund, level in held.values_list("fund_id", "role"):
        seats.setdefault(fund, set()).add(level)
    return seats


def _to_approve(who: Officer, day: date) -> list[Any]:
    """Grants whose next approval is on a level on which the officer sits, and not given by them."""
    seats = _seats(who, day)
    if not seats:
        return []
    said = Decision.objects.filter(
        grant=OuterRef("pk"),
        round=OuterRef("round"),
        step="approval",
        verdict="YES",
        amendment__isnull=True,
        actor=who,
    )
    waiting = list(
        Grant.objects.filter(~Exists(said), state=State.PENDING_APPROVAL, fund__in=seats).only(
            "fund_id", "award_type", "requested_usd", "split_group", "round"
        )
    )
    levels = requirements.next_levels(waiting, day)
    return [one.pk for one in waiting if levels.get(one.pk) in seats[one.fund_id]]


def amendments_for(who: Officer, *, on: date | None = None) -> list[Amendment]:
    """The open amendments whose next step this officer may take, oldest first."""
    day = on or periods.now().date()
    if not who.is_active:
        return []
    rises = Q(new_usd__gt=F("old_usd"))
    here = {
        "vetting": Q(rises, state=Amendment.State.OPEN),
        "approver": Q(state=Amendment.State.VETTED) | Q(~rises, state=Amendment.State.OPEN),
        "officer": Q(state=Amendment.State.APPROVED),
    }
    mine = Q(pk__in=[])
    for duty, waits in here.items():
        if who.has(duty):
            mine |= waits & Q(grant__in=Grant.objects.filter(_free(who, duty)))
    found = list(
        Amendment.objects.filter(mine, grant__state__in=PAYS)
        .select_related("grant")
        .order_by("opened_at", "id")
    )
    if not who.has("approver"):
        return found
    approving = [one for one in found if _waits_for_approval(one)]
    said = set(
        Decision.objects.filter(
            amendment__in=[one.pk for one in approving], step="approval", actor=who
        ).values_list("amendment_id", flat=True)
    )
    levels = requirements.next_amendment_levels(approving, day) if approving else {}
    seats = _seats(who, day)
    return [
        one
        for one in found
        if one not in approving
        or (one.pk not in said and levels.get(one.pk) in seats.get(one.grant.fund_id, set()))
    ]


def _waits_for_approval(amendment: Amendment) -> bool:
    return amendment.state == Amendment.State.VETTED or (
        amendment.state == Amendment.State.OPEN and amendment.new_usd <= amendment.old_usd
    )


class Waits(NamedTuple):
    """How many grants stand in a state, and since when the first of them."""

    state: str
    number: int
    since: datetime

    @property
    def words(self) -> Any:
        return State(self.state).label


def by_state(grants: QuerySet[Grant]) -> list[Waits]:
    """How many in each state, in the order of the way; states at the end are left out."""
    rows = {
        row["state"]: Waits(row["state"], row["number"], row["since"])
        for row in grants.order_by()
        .values("state")
        .annotate(number=Count("pk"), since=Min("state_since"))
    }
    return [rows[state] for state in State.values if state in rows and state not in AT_END]


#: Nothing waits any more.
AT_END = (State.CLOSED, State.REJECTED, State.CANCELLED, State.WITHDRAWN)


def stranded(*, but: Any = None, on: date | None = None) -> QuerySet[Grant]:
    """Grants whose next step nobody at work may take: the duty is empty, or all had another part.

    `but`: as it would be without this officer. For lists and the nightly watch, not for every page.
    """
    found = Grant.objects.exclude(state__in=AT_END).order_by("ref")
    for who in Officer.objects.filter(is_active=True).exclude(duties=[]).exclude(pk=but):
        found = found.exclude(pk__in=for_officer(who, on=on).order_by().values("pk"))
    return found
