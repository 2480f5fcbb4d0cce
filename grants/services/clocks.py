"""How long people wait: for a decision, for the signature, for the money; and for whom now.

All of it is worked out by the database in a fixed number of questions, however many grants.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from ceasefire import periods
from ceasefire.people.roles import Duty
from ceasefire.places.models import Place
from grants.models import PaymentRequest, State

#: The clocks of a fund in the order of a grant's life.
CLOCKS: dict[str, Any] = {
    "decision": _("Submitted to decision"),
    "signature": _("Decision to signature"),
    "payment": _("Invoice to payment"),
}

# From the first submission, so that what went back and forth counts too; to the last decision.
_SPANS = """
WITH steps AS (
  SELECT g.district_id,
         min(t.at) FILTER (WHERE t.to_state = 'SUBMITTED') AS submitted,
         max(t.at) FILTER (WHERE t.to_state IN ('APPROVED', 'REJECTED')) AS decided,
         max(t.at) FILTER (WHERE t.to_state = 'APPROVED') AS approved,
         min(t.at) FILTER (WHERE t.to_state = 'AWARDED') AS awarded
    FROM grants_transition t JOIN grants_grant g ON g.id = t.grant_id
   WHERE %(fund)s::uuid IS NULL OR g.fund_id = %(fund)s::uuid
   GROUP BY g.id),
spans AS (
  SELECT 'decision' AS clock, district_id, extract(epoch FROM decided - submitted) / 86400 AS days
    FROM steps WHERE decided >= submitted
  UNION ALL
  SELECT 'signature', district_id, extract(epoch FROM awarded - approved) / 86400
    FROM steps WHERE awarded >= approved
  UNION ALL
  SELECT 'payment', g.district_id, p.paid_on - p.invoiced_on
    FROM grants_paymentrequest p JOIN grants_grant g ON g.id = p.grant_id
   WHERE p.state = 'PAID' AND (%(fund)s::uuid IS NULL OR p.fund_id = %(fund)s::uuid))
SELECT clock, district_id, count(*),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY days),
       percentile_cont(0.9) WITHIN GROUP (ORDER BY days)
  FROM spans GROUP BY GROUPING SETS ((clock), (clock, district_id))
"""


@dataclass(frozen=True)
class Clock:
    """Days between two steps: of how many, the middle one, and what nine of ten stay within."""

    n: int
    median: float
    p90: float


@dataclass(frozen=True)
class ClockRow:
    """The clocks of one district, or of all of them where `district` is None."""

    district: Place | None
    clocks: tuple[Clock | None, ...]


def clocks(fund_id: Any = None) -> list[ClockRow]:
    """The row of the whole first, then one a district by its name; empty rows are left out."""
    with connection.cursor() as cursor:
        cursor.execute(_SPANS, {"fund": str(fund_id) if fund_id else None})
        rows = cursor.fetchall()
    found: dict[Any, dict[str, Clock]] = {}
    for clock, district, n, median, p90 in rows:
        found.setdefault(district, {})[clock] = Clock(n, float(median), float(p90))
    places = Place.objects.defer("geometry").in_bulk([key for key in found if key is not None])
    keys = sorted((key for key in found if key is not None), key=lambda key: places[key].name)
    return [
        ClockRow(places.get(key), tuple(found.get(key, {}).get(name) for name in CLOCKS))
        for key in [None, *keys]
    ]


#: Whom each state waits for.
WAITS_FOR: dict[str, tuple[str, ...]] = {
    "SUBMITTED": ("reviewer",),
    "RETURNED": ("requester",),
    "VETTING": ("vetting",),
    "PENDING_APPROVAL": ("approver",),
    "APPROVED": ("officer",),
    "SUSPENDED": ("approver", "officer"),
    "COMPLETED": ("officer",),
    "TERMINATED": ("officer",),
    "REOPENED": ("officer",),
    "CLOSING": ("closeout",),
    "payment.REQUESTED": ("certifier",),
    "payment.CERTIFIED": ("payer",),
}

# A grant that runs waits for nobody by itself: its payments and reports are counted by themselves.
_WAITS = """
WITH waits AS (
  SELECT g.state AS what, g.ref, g.state_since AS since FROM grants_grant g
   WHERE g.state IN ('SUBMITTED', 'RETURNED', 'VETTING', 'PENDING_APPROVAL', 'APPROVED',
                     'SUSPENDED', 'COMPLETED', 'TERMINATED', 'REOPENED', 'CLOSING')
     AND (%(fund)s::uuid IS NULL OR g.fund_id = %(fund)s::uuid)
  UNION ALL
  SELECT 'payment.' || p.state, g.ref,
         CASE p.state WHEN 'REQUESTED' THEN p.requested_at ELSE p.certified_at END
    FROM grants_paymentrequest p JOIN grants_grant g ON g.id = p.grant_id
   WHERE p.state IN ('REQUESTED', 'CERTIFIED')
     AND (%(fund)s::uuid IS NULL OR p.fund_id = %(fund)s::uuid))
SELECT what, count(*), min(since), (array_agg(ref ORDER BY since, ref))[1],
       percentile_cont(0.5) WITHIN GROUP (
         ORDER BY extract(epoch FROM %(now)s::timestamptz - since) / 86400)
  FROM waits GROUP BY what ORDER BY min(since), what
"""


@dataclass(frozen=True)
class Wait:
    """What waits in one state: how many, the longest since when and which, whom it waits for."""

    label: Any
    duties: tuple[Any, ...]
    n: int
    since: datetime
    ref: str
    median: float

    @property
    def days(self) -> float:
        """How long the longest has waited, in days."""
        return (periods.now() - self.since) / timedelta(days=1)


def waits(fund_id: Any = None) -> list[Wait]:
    """Every state in which something waits for somebody, the longest wait first: the bottleneck."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITS, {"fund": str(fund_id) if fund_id else None, "now": periods.now()})
        rows = cursor.fetchall()
    return [
        Wait(
            label=_label(what),
            duties=tuple(Duty(duty).label for duty in WAITS_FOR[what]),
            n=n,
            since=since,
            ref=ref,
            median=float(median),
        )
        for what, n, since, ref, median in rows
    ]


def _label(what: str) -> Any:
    if what.startswith("payment."):
        return {
            PaymentRequest.State.REQUESTED: _("Payment asked for"),
            PaymentRequest.State.CERTIFIED: _("Payment certified"),
        }[PaymentRequest.State(what.removeprefix("payment."))]
    return State(what).label
