"""Awards that together pass a ceiling that each stays under: found at submission, across funds.

Near are awards to the same grantee, at the same site, or with the same chosen vendor, submitted
within the fund's days. Where their sum needs other rules than each alone, they get one split group
and are decided at their sum.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Q

from ceasefire import periods
from grants.exceptions import NoRuleForThis
from grants.models import Grant
from grants.services import funds

#: About 200 m in degrees of latitude; two points so near are one site.
NEAR_DEGREES = Decimal("0.002")


def near(grant: Grant, at: datetime) -> list[Grant]:
    """Other awards that may be one with this, oldest first."""
    same = Q(pk__in=[])
    if grant.grantee_id is not None:
        same |= Q(grantee_id=grant.grantee_id)
    if grant.site_name:
        same |= Q(district_id=grant.district_id, site_name__iexact=grant.site_name)
    if grant.lat is not None and grant.lon is not None:
        same |= Q(
            lat__range=(grant.lat - NEAR_DEGREES, grant.lat + NEAR_DEGREES),
            lon__range=(grant.lon - NEAR_DEGREES, grant.lon + NEAR_DEGREES),
        )
    vendors = list(grant.quotes.filter(chosen=True).values_list("vendor_id", flat=True))
    if vendors:
        same |= Q(quotes__chosen=True, quotes__vendor_id__in=vendors)
    since = at - timedelta(days=grant.fund.split_days)
    return list(
        Grant.objects.filter(same, submitted_at__gte=since)
        .exclude(pk=grant.pk)
        .exclude(state__in=funds.CALLED_OFF)
        .distinct()
        .order_by("submitted_at", "ref")
    )


def _levels(grant: Grant, amount: Decimal, at: datetime) -> tuple[str, ...]:
    try:
        rules = funds.rules_for(grant.fund_id, grant.award_type, amount, periods.local_day(at))
    except NoRuleForThis:
        return ("outside",)
    return tuple(rule.role for rule in rules)


def group_for(grant: Grant, others: Sequence[Grant], at: datetime) -> uuid.UUID | None:
    """The split group a grant falls into, or None where its sum passes no ceiling."""
    if not others:
        return None
    known = next((one.split_group for one in others if one.split_group is not None), None)
    if known is not None:
        return known
    whole = grant.requested_usd + sum((one.requested_usd for one in others), Decimal(0))
    alone = _levels(grant, grant.requested_usd, at)
    return uuid.uuid4() if _levels(grant, whole, at) != alone else None
