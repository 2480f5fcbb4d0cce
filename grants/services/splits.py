"""Awards that together pass a ceiling that each stays under: found at submission, across funds.

Near are awards to the same grantee, at the same site, or with the same chosen vendor, submitted
within the fund's days, whatever became of them since. Where their sum needs other rules than each
alone, they get one split group and are decided at their sum; groups that meet become one
(`put_together`, which the database asks for at a submission). Beside them stand the grants that
are for the same thing (`alike`), which one office begins without knowing of the other's.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.contrib.postgres.search import TrigramSimilarity
from django.db import connection
from django.db.models import Case, Q, When
from django.utils.translation import gettext_lazy as _

from ceasefire import periods
from grants.exceptions import NoRuleForThis
from grants.models import Grant, Quote
from grants.services import funds, reading

#: About 200 m in degrees of latitude; two points so near are one site.
NEAR_DEGREES = Decimal("0.002")
#: The advisory lock of submissions, beside those of the ledger's chain and of the runs of reports.
_SUBMISSIONS = 4707186135263057


#: Why two awards may be one.
WHY = {
    "grantee": _("the same grantee"),
    "site": _("the same site"),
    "vendor": _("the same vendor"),
}
#: Two purposes read alike from this share of common letters in threes (pg_trgm) upwards.
ALIKE = 0.5
#: How far back purposes are compared, and how many grants are named at most.
ALIKE_DAYS = 365
MOST_ALIKE = 5


def _alike(grant: Grant) -> dict[str, Q]:
    """What makes another award near, by its reason."""
    found: dict[str, Q] = {}
    if grant.grantee_id is not None:
        found["grantee"] = Q(grantee_id=grant.grantee_id)
    site = Q(pk__in=[])
    if grant.site_name:
        site |= Q(district_id=grant.district_id, site_name__iexact=grant.site_name)
    if grant.lat is not None and grant.lon is not None:
        site |= Q(
            lat__range=(grant.lat - NEAR_DEGREES, grant.lat + NEAR_DEGREES),
            lon__range=(grant.lon - NEAR_DEGREES, grant.lon + NEAR_DEGREES),
        )
    found["site"] = site
    vendors = [one.vendor_id for one in grant.quotes.all() if one.chosen]
    if vendors:
        chosen = Quote.objects.filter(chosen=True, vendor__in=vendors).values("grant")
        found["vendor"] = Q(pk__in=chosen)
    return found


def one_at_a_time() -> None:
    """Let submissions be one after the other to the end of the transaction, on all funds.

    Two awards for one grantee or site on two funds hold no row in common, and neither would see
    the other. Taken before the fund's lock, which whoever waits here does not hold.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_SUBMISSIONS])


def near(grant: Grant, at: datetime) -> list[Grant]:
    """Other awards that may be one with this, oldest first; `by_grantee` and so on say why."""
    alike = _alike(grant)
    same = Q(pk__in=[])
    for one in alike.values():
        same |= one
    since = at - timedelta(days=grant.fund.split_days)
    reasons = {
        f"by_{reason}": Case(When(condition, then=True), default=False)
        for reason, condition in alike.items()
    }
    return list(
        Grant.objects.filter(same, submitted_at__gte=since)
        .exclude(pk=grant.pk)
        .exclude(state__in=funds.CALLED_OFF)
        .annotate(**reasons)
        .select_related("fund")
        .order_by("submitted_at", "ref")
    )


def alike(grant: Grant, at: datetime) -> list[Grant]:
    """Grants of any fund for the same thing (C7), the most alike first; `by_purpose` says how far.

    Of one kind, for the same district or grantee, whose purposes read alike: a second one would do
    the work of the first again. For a person to look at; it changes no sum and no rule.
    """
    if not grant.purpose.strip():
        return []
    place = Q(district_id=grant.district_id)
    if grant.grantee_id is not None:
        place |= Q(grantee_id=grant.grantee_id)
    rows = (
        Grant.objects.filter(
            place, kind=grant.kind, submitted_at__gte=at - timedelta(days=ALIKE_DAYS)
        )
        .exclude(pk=grant.pk)
        .exclude(state__in=funds.CALLED_OFF)
        .annotate(by_purpose=TrigramSimilarity("purpose", grant.purpose))
        .filter(by_purpose__gte=ALIKE)
        .select_related("fund", "district")
        .defer("district__geometry")
    )
    return list(rows.order_by("-by_purpose", "-ref")[:MOST_ALIKE])


def _levels(grant: Grant, amount: Decimal, at: datetime) -> tuple[str, ...]:
    try:
        rules = reading.rules_for(grant, amount, periods.local_day(at))
    except NoRuleForThis:
        return ("outside",)
    return tuple(rule.role for rule in rules)


def group_for(grant: Grant, others: Sequence[Grant], at: datetime) -> uuid.UUID | None:
    """The split group a grant falls into, or None where its sum passes no ceiling."""
    if not others:
        return None
    known = next((one.split_group for one in (grant, *others) if one.split_group is not None), None)
    if known is not None:
        return known
    whole = grant.requested_usd + sum((one.requested_usd for one in others), Decimal(0))
    alone = _levels(grant, grant.requested_usd, at)
    return uuid.uuid4() if _levels(grant, whole, at) != alone else None


def put_together(grant: Grant, others: Sequence[Grant], at: datetime) -> uuid.UUID | None:
    """Give a grant and what is near it one split group; None where their sum passes no ceiling.

    Awards and closed grants belong to it too: the first half of a split is often paid before the
    second is asked for. Groups that meet are merged whole, in one statement, or those who stay
    behind would be decided at less than their sum.
    """
    group = group_for(grant, others, at)
    if group is not None:
        _all_of(grant, others).exclude(split_group=group).update(split_group=group)
        grant.split_group = group
    return group


def _all_of(grant: Grant, others: Sequence[Grant]) -> Any:
    """A grant, what is near it, and everybody who is in a group with one of them."""
    met = {one.split_group for one in (grant, *others)} - {None}
    return Grant.objects.filter(
        Q(pk__in=[grant.pk, *(one.pk for one in others)]) | Q(split_group__in=met)
    )


class Near(NamedTuple):
    """An award that may be one with another, and why."""

    grant: Grant
    reasons: tuple[str, ...]

    @property
    def words(self) -> list[str]:
        return [str(WHY[one]) for one in self.reasons]


@dataclass(frozen=True)
class Together:
    """What a grant comes to with the awards near it.

    `ceiling_usd` is the highest sum of the levels that the grant alone asks for; `passes` whether
    the whole needs other levels, so that it is decided at the sum.
    """

    near: tuple[Near, ...]
    whole_usd: Decimal
    ceiling_usd: Decimal | None
    passes: bool
    days: int
    #: Those that are for the same thing, near or not.
    alike: tuple[Grant, ...] = ()


def look(grant: Grant, at: datetime | None = None, *, twice: bool = False) -> Together:
    """What is near a grant across all funds, and whether together they pass a ceiling.

    With `twice` also what may be the same work, which is asked before a step, not on every page.
    """
    at = at or periods.now()
    others = near(grant, at)
    # Those who are in a group with one of them count, too, as they do for the rules.
    whole = grant.requested_usd + sum((one.requested_usd for one in others), Decimal(0))
    if any(one.split_group is not None for one in (grant, *others)):
        rest = _all_of(grant, others).exclude(pk=grant.pk).exclude(state__in=funds.CALLED_OFF)
        whole = grant.requested_usd + sum(rest.values_list("requested_usd", flat=True), Decimal(0))
    try:
        rules = reading.rules_for(grant, grant.requested_usd, periods.local_day(at))
        ceiling = max(rule.max_amount_usd for rule in rules)
    except NoRuleForThis:
        ceiling = None
    return Together(
        near=tuple(
            Near(one, tuple(reason for reason in WHY if getattr(one, f"by_{reason}", False)))
            for one in others
        ),
        whole_usd=whole,
        ceiling_usd=ceiling,
        passes=group_for(grant, others, at) is not None,
        days=grant.fund.split_days,
        alike=tuple(alike(grant, at)) if twice else (),
    )
