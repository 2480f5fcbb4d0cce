"""The money of one grant as its page shows it: what may be done, the gates, the ledger."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Case, F, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce

from ceasefire.look.paging import KeysetPage, keyset_page
from grants.exceptions import ChangedMeanwhile
from grants.models import (
    ExchangeRate,
    Grant,
    LedgerEntry,
    Officer,
    Organisation,
    PaymentRequest,
    State,
    Tranche,
)
from grants.services import ledger, machine, requirements, stops
from grants.services.held import held
from grants.services.parts import requesters
from grants.services.proposals import BEFORE_AWARD
from grants.services.requirements import Missing

#: By how much a posting changes what is obligated and not yet paid.
_SIGN = {"OBLIGATE": 1, "DEOBLIGATE": -1, "DISBURSE": -1, "REFUND": 1}
LEDGER_SIZE = 30


@dataclass(frozen=True)
class Line:
    """A posting, and what was obligated and unpaid after it."""

    entry: LedgerEntry
    balance: Decimal
    change: Decimal
    may_reverse: bool

    @property
    def short_hash(self) -> str:
        return bytes(self.entry.hash).hex()[:12]


def _change(entry: LedgerEntry) -> Decimal:
    if entry.kind == "REVERSAL" and entry.reverses is not None:
        return -_SIGN.get(entry.reverses.kind, 0) * entry.amount_usd
    return _SIGN.get(entry.kind, 0) * entry.amount_usd


def _balance_up_to(grant: Grant, seq: int) -> Decimal:
    kind = Case(When(kind="REVERSAL", then=F("reverses__kind")), default=F("kind"))
    rows = LedgerEntry.objects.filter(grant=grant, seq__lte=seq).annotate(of=kind)
    plus = Case(
        When(of__in=["OBLIGATE", "REFUND"], then=F("amount_usd")),
        When(of__in=["DEOBLIGATE", "DISBURSE"], then=-F("amount_usd")),
        default=Value(Decimal(0)),
    )
    signed = Case(When(kind="REVERSAL", then=-plus), default=plus)
    found = rows.aggregate(all=Coalesce(Sum(signed), Value(Decimal(0))))["all"]
    return Decimal(found)


def ledger_page(
    grant: Grant, who: Officer | None, *, after: str | None, before: str | None
) -> tuple[KeysetPage[LedgerEntry], list[Line]]:
    """One page of the ledger, the newest posting first, each with the balance after it."""
    page = keyset_page(
        LedgerEntry.objects.filter(grant=grant).select_related(
            "actor", "tranche", "reverses", "reversed_by", "payment"
        ),
        ordering=("-seq",),
        after=after,
        before=before,
        size=LEDGER_SIZE,
    )
    if not page.rows:
        return page, []
    balance = _balance_up_to(grant, page.rows[0].seq)
    lines = []
    for entry in page.rows:
        change = _change(entry)
        lines.append(Line(entry, balance, change, may_reverse(grant, entry, who)))
        balance -= change
    return page, lines


def last_posting(grant: Grant) -> int:
    """The number of the grant's last posting, 0 where there is none: what a form was made for."""
    found = LedgerEntry.objects.filter(grant=grant).order_by("-seq").values_list("seq", flat=True)
    return found.first() or 0


def may_reverse(grant: Grant, entry: LedgerEntry, who: Officer | None) -> bool:
    """Whether somebody would be let take a posting back, before its sums are looked at."""
    if who is None or entry.kind == "REVERSAL" or entry.actor_id == who.pk:
        return False
    if grant.state == State.CLOSED or getattr(entry, "reversed_by", None) is not None:
        return False
    if not any(map(who.has, ledger.reversers(entry.kind))):
        return False
    if entry.kind == "DEOBLIGATE":
        return who.pk not in ledger.may_not_bind(grant)
    return entry.kind == "COMMIT" or who.pk not in requesters(grant)


@dataclass(frozen=True)
class Gate:
    """A tranche and what keeps it from being paid; empty where it is open or paid."""

    tranche: Tranche
    missing: tuple[Missing, ...]
    #: Paid, and neither receipts for it nor given back.
    unaccounted_usd: Decimal

    @property
    def is_paid(self) -> bool:
        return 0 < self.tranche.planned_usd <= self.tranche.paid_usd

    @property
    def is_cut(self) -> bool:
        """Cut down to nothing by an amendment."""
        return not self.tranche.planned_usd

    @property
    def left_usd(self) -> Decimal:
        return self.tranche.planned_usd - self.tranche.paid_usd


def gates(grant: Grant, day: date) -> list[Gate]:
    """Every tranche in its order with what its gate lacks that day, once the grant is awarded."""
    waits = grant.state in (State.AWARDED, State.ACTIVE, State.SUSPENDED)
    found, out = [], requirements.unaccounted(grant)
    for tranche in grant.tranches.all():
        open_part = waits and tranche.paid_usd < tranche.planned_usd
        lacks = requirements.for_tranche(grant, tranche, day) if open_part else []
        found.append(Gate(tranche, tuple(lacks), out[tranche.pk]))
    return found


def verbs(grant: Grant, who: Officer | None, *, stopped: bool | None = None) -> set[str]:
    """What somebody may do with the money of a grant now: names of the pages of `money_urls`."""
    if who is None:
        return set()
    found = set()
    has = who.has
    if stopped is None:
        stopped = stops.holding(grant) is not None
    asks = has("requester") or has("officer")
    if grant.state in (State.AWARDED, State.ACTIVE) and asks and not stopped:
        found.add("ask")
    if grant.state in BEFORE_AWARD and asks:
        found.add("tranches")
    if (
        grant.state in (State.AWARDED, State.ACTIVE)
        and grant.net_obligated_usd < grant.approved_usd
        and has("officer")
        and who.pk not in ledger.may_not_bind(grant)
    ):
        found.add("obligate")
    if grant.state in ledger.AFTER_AWARD and who.pk not in requesters(grant):
        if grant.net_disbursed_usd > 0 and any(map(has, ("payer", "closeout", "officer"))):
            found.add("refund")
        if grant.unliquidated_usd > 0 and any(map(has, ("officer", "closeout"))):
            found.add("deobligate")
        if any(map(has, ("certifier", "monitor"))):
            found.add("expense")
    return found


def payment_verbs(payment: PaymentRequest, who: Officer | None) -> set[str]:
    """What somebody may do with a payment now: certify, pay, refuse."""
    if who is None or payment.state not in ("REQUESTED", "CERTIFIED"):
        return set()
    found = set()
    grant = payment.grant
    verb, duty = ("certify", "certifier") if payment.state == "REQUESTED" else ("pay", "payer")
    others = {payment.requested_by_id, payment.certifier_id}
    if (
        who.has(duty)
        and grant.state in (State.AWARDED, State.ACTIVE)
        and stops.holding(grant) is None
        and who.pk not in machine.excluded(grant, duty) | others
    ):
        found.add(verb)
    if (who.has("certifier") or who.has("payer")) and who.pk not in requesters(grant):
        found.add("refuse")
    return found


def payees(grant: Grant) -> QuerySet[Organisation]:
    """Those a clearance of the grant is about and who may be paid: nobody else ever is."""
    keys = [one.pk for one in requirements.subjects(grant)]
    return Organisation.objects.filter(pk__in=keys, status=Organisation.Status.ACTIVE)


def unchanged(grant: Grant, after: int) -> None:
    """Refuse where something was posted since a form was shown, a first click on it included.

    Inside the caller's transaction, which holds the grant from here on.
    """
    held(grant)
    if last_posting(grant) != after:
        raise ChangedMeanwhile


def offered_rates(day: date) -> list[Any]:
    """Of every source the key of the last rate that counts on a day and is not too old for it."""
    rows = ExchangeRate.objects.filter(
        confirmed_at__isnull=False,
        withdrawn_at__isnull=True,
        day__lte=day,
        day__gte=day - ledger.RATE_HOLDS,
    )
    return list(rows.order_by("source", "-day").distinct("source").values_list("pk", flat=True))
