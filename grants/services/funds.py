"""Funds, authority rules, seats of approvers, and what new rules would have done to past grants."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet, Sum

from ceasefire import audit, money, periods
from ceasefire.people.models import User
from grants.exceptions import (
    BadAmount,
    CeilingTooLow,
    ChangedMeanwhile,
    CodeTaken,
    NoRuleForThis,
    NotAllowedFromHere,
    RulesOverlap,
    SecondPersonNeeded,
    SettledAlready,
)
from grants.models import (
    Amendment,
    AuthorityRule,
    AuthoritySeat,
    AwardType,
    Fund,
    Grant,
    Officer,
)
from grants.services.held import changed, held_fund, officer, or_else, said

#: Whoever of these did not enter a rule or a seat may confirm it.
CONFIRMERS = ("officer", "approver", "certifier", "payer", "closeout")
CALLED_OFF = ("REJECTED", "CANCELLED", "WITHDRAWN")


def _usd(value: Decimal | int | str, *, zero: bool = False) -> Decimal:
    if zero and value == 0:
        return Decimal("0.00")
    try:
        return money.amount(value)
    except money.BadAmount as error:
        raise BadAmount from error


@transaction.atomic
def open_fund(*, code: str, ceiling_usd: Decimal | int | str, by: User, **facts: Any) -> Fund:
    """A new fund with its ceiling and its days (`Fund`); opened by a grants officer."""
    who = officer(by, "officer")
    value = _usd(ceiling_usd)
    with or_else({"grants_fund_code": CodeTaken}):
        fund = Fund.objects.create(code=code, ceiling_usd=value, entered_by=who, **facts)
    audit.record("fund.opened", subject=fund, by=by, detail={"ceiling_usd": fund.ceiling_usd})
    return fund


@transaction.atomic
def set_ceiling(fund: Fund, *, ceiling_usd: Decimal | int | str, by: User) -> Fund:
    """Another ceiling. Never below what is obligated (`CeilingTooLow`); the fund is locked."""
    officer(by, "officer")
    value = _usd(ceiling_usd)
    fund = held_fund(fund)
    if value < fund.obligated_usd:
        raise CeilingTooLow
    before = fund.ceiling_usd
    changed(fund, ceiling_usd=value, version=fund.version + 1)
    audit.record("fund.ceiling_set", subject=fund, by=by, detail={"before": before, "after": value})
    return fund


#: What of a fund is changed by `change_fund`; its ceiling has a verb of its own.
FUND_FACTS = (
    "name_en",
    "name_ar",
    "donor_ref",
    "start",
    "end",
    "clearance_days",
    "closeout_days",
    "accounted_pct",
    "split_days",
    "hawala_enabled",
)


@transaction.atomic
def change_fund(fund: Fund, *, by: User, version: int | None = None, **facts: Any) -> Fund:
    """Other names, days or methods (`FUND_FACTS`); what was decided under the old ones stands.

    Raises `ChangedMeanwhile` where `version` is given and somebody wrote since.
    """
    officer(by, "officer")
    unknown = set(facts) - set(FUND_FACTS)
    if unknown:
        raise TypeError(f"A fund has no {unknown} to change.")
    fund = held_fund(fund)
    if version is not None and version != fund.version:
        raise ChangedMeanwhile
    others = {name: value for name, value in facts.items() if getattr(fund, name) != value}
    if others:
        changed(fund, version=fund.version + 1, **others)
        audit.record("fund.changed", subject=fund, by=by, fields=sorted(others))
    return fund


@transaction.atomic
def propose_rule(
    fund: Fund,
    *,
    award_type: str,
    role: str,
    max_amount_usd: Decimal | int | str,
    valid_from: date,
    by: User,
    min_amount_usd: Decimal | int | str = 0,
    quorum: int = 1,
    sequence: int = 1,
) -> AuthorityRule:
    """Enter a rule for a level of approval; it counts once somebody else confirmed it."""
    who = officer(by, "officer")
    low, high = _usd(min_amount_usd, zero=True), _usd(max_amount_usd)
    if high <= low or not 1 <= quorum <= 9 or not 1 <= sequence <= 9:
        raise BadAmount
    made = AuthorityRule.objects.create(
        fund=fund,
        award_type=AwardType(award_type),
        role=role,
        min_amount_usd=low,
        max_amount_usd=high,
        quorum=quorum,
        sequence=sequence,
        valid_from=valid_from,
        entered_by=who,
    )
    audit.record(
        "authority_rule.entered",
        subject=made,
        by=by,
        detail={"type": award_type, "role": role, "from": low, "to": high, "quorum": quorum},
    )
    return made


@transaction.atomic
def confirm_rule(rule: AuthorityRule, *, by: User) -> AuthorityRule:
    """Confirm a rule somebody else entered; the one of the same level before it ends there.

    The fund is locked, so an approval under way either sees the rule or is done before it.
    """
    who = officer(by, *CONFIRMERS)
    held_fund(rule.fund)
    found = AuthorityRule.objects.select_for_update(no_key=True).get(pk=rule.pk)
    if not found.waits:
        raise SettledAlready
    if found.entered_by_id == who.pk:
        raise SecondPersonNeeded
    AuthorityRule.objects.filter(
        fund_id=found.fund_id,
        award_type=found.award_type,
        role=found.role,
        confirmed_at__isnull=False,
        valid_to__isnull=True,
        valid_from__lte=found.valid_from,
    ).update(valid_to=found.valid_from)
    with or_else({"rules_of_a_level_do_not_overlap": RulesOverlap}):
        changed(found, confirmed_by=who, confirmed_at=periods.now())
    audit.record("authority_rule.confirmed", subject=found, by=by)
    return found


@transaction.atomic
def refuse_rule(rule: AuthorityRule, *, reason: str, by: User) -> AuthorityRule:
    """Refuse what somebody entered, or take one's own back, before it is confirmed."""
    who, reason = officer(by, *CONFIRMERS), said(reason)
    held_fund(rule.fund)
    found = AuthorityRule.objects.select_for_update(no_key=True).get(pk=rule.pk)
    if not found.waits:
        raise SettledAlready
    changed(found, refused_by=who, refused_at=periods.now(), refused_reason=reason[:400])
    audit.record("authority_rule.refused", subject=found, by=by, reason=reason)
    return found


@transaction.atomic
def end_rule(rule: AuthorityRule, *, on: date, by: User) -> AuthorityRule:
    """Let a rule hold no more from a day on."""
    officer(by, "officer")
    held_fund(rule.fund)
    found = AuthorityRule.objects.select_for_update(no_key=True).get(pk=rule.pk)
    if found.confirmed_at is None or found.valid_to is not None or on < found.valid_from:
        raise NotAllowedFromHere
    changed(found, valid_to=on)
    audit.record("authority_rule.ended", subject=found, by=by, detail={"on": on})
    return found


@transaction.atomic
def propose_seat(
    fund: Fund, *, who: Officer, role: str, valid_from: date, by: User
) -> AuthoritySeat:
    """Seat an officer on a level of approval; nobody seats themself."""
    me = officer(by, "officer")
    if who.pk == me.pk:
        raise SecondPersonNeeded
    made = AuthoritySeat.objects.create(
        fund=fund, officer=who, role=role, valid_from=valid_from, entered_by=me
    )
    audit.record(
        "authority_seat.entered",
        subject=made,
        by=by,
        detail={"officer": who.pk, "role": role, "from": valid_from},
    )
    return made


@transaction.atomic
def confirm_seat(seat: AuthoritySeat, *, by: User) -> AuthoritySeat:
    """Confirm a seat: neither who entered it nor who sits on it."""
    me = officer(by, *CONFIRMERS)
    held_fund(seat.fund)
    found = AuthoritySeat.objects.select_for_update(no_key=True).get(pk=seat.pk)
    if not found.waits:
        raise SettledAlready
    if me.pk in (found.entered_by_id, found.officer_id):
        raise SecondPersonNeeded
    with or_else({"a_seat_is_taken_once_at_a_time": RulesOverlap}):
        changed(found, confirmed_by=me, confirmed_at=periods.now())
    audit.record("authority_seat.confirmed", subject=found, by=by)
    return found


@transaction.atomic
def refuse_seat(seat: AuthoritySeat, *, reason: str, by: User) -> AuthoritySeat:
    """Refuse what somebody entered, or take one's own back, before it is confirmed."""
    who, reason = officer(by, *CONFIRMERS), said(reason)
    held_fund(seat.fund)
    found = AuthoritySeat.objects.select_for_update(no_key=True).get(pk=seat.pk)
    if not found.waits:
        raise SettledAlready
    changed(found, refused_by=who, refused_at=periods.now(), refused_reason=reason[:400])
    audit.record("authority_seat.refused", subject=found, by=by, reason=reason)
    return found


@transaction.atomic
def end_seat(seat: AuthoritySeat, *, on: date, by: User) -> AuthoritySeat:
    """Let somebody sit on a level no more from a day on."""
    officer(by, "officer")
    held_fund(seat.fund)
    found = AuthoritySeat.objects.select_for_update(no_key=True).get(pk=seat.pk)
    if found.confirmed_at is None or found.valid_to is not None or on < found.valid_from:
        raise NotAllowedFromHere
    changed(found, valid_to=on)
    audit.record("authority_seat.ended", subject=found, by=by, detail={"on": on})
    return found


def rules_on(fund_id: Any, award_type: str, day: date) -> QuerySet[AuthorityRule]:
    """The confirmed rules that hold on a day, in their order."""
    return (
        AuthorityRule.objects.filter(
            fund_id=fund_id, award_type=award_type, confirmed_at__isnull=False, valid_from__lte=day
        )
        .filter(Q(valid_to__isnull=True) | Q(valid_to__gt=day))
        .order_by("sequence", "max_amount_usd")
    )


def rules_of_day(fund_ids: Iterable[Any], day: date) -> QuerySet[AuthorityRule]:
    """The confirmed rules of several funds that hold on a day, each fund's in their order."""
    return (
        AuthorityRule.objects.filter(
            fund__in=fund_ids, confirmed_at__isnull=False, valid_from__lte=day
        )
        .filter(Q(valid_to__isnull=True) | Q(valid_to__gt=day))
        .order_by("fund", "award_type", "sequence", "max_amount_usd")
    )


def rules_for(fund_id: Any, award_type: str, amount: Decimal, day: date) -> list[AuthorityRule]:
    """The rules an amount needs on a day: all of them are met, in their order.

    Raises `NoRuleForThis` where the sum lies outside what the office may decide.
    """
    return within(rules_on(fund_id, award_type, day), amount)


def within(rules: Iterable[AuthorityRule], amount: Decimal) -> list[AuthorityRule]:
    """Those of the rules between whose bounds an amount lies. Raises `NoRuleForThis`."""
    found = [one for one in rules if one.min_amount_usd <= amount <= one.max_amount_usd]
    if not found:
        raise NoRuleForThis
    return found


def routed_usd(grant: Grant, amount: Decimal) -> Decimal:
    """The sum by which rules are chosen: the amount and that of the awards in its split group."""
    if grant.split_group is None:
        return amount
    others = Grant.objects.filter(split_group=grant.split_group).exclude(pk=grant.pk)
    others = others.exclude(state__in=CALLED_OFF)
    return amount + (others.aggregate(all=Sum("requested_usd"))["all"] or Decimal(0))


def group_sums(groups: Iterable[Any]) -> dict[Any, Decimal]:
    """What the awards of each split group ask for together, those called off left out."""
    rows = (
        Grant.objects.filter(split_group__in=list(groups))
        .exclude(state__in=CALLED_OFF)
        .values_list("split_group")
        .annotate(all=Sum("requested_usd"))
        .order_by()
    )
    return dict(rows)


def seats_on(fund_id: Any, day: date) -> QuerySet[AuthoritySeat]:
    """The confirmed seats of a fund that hold on a day."""
    return AuthoritySeat.objects.filter(
        Q(valid_to__isnull=True) | Q(valid_to__gt=day),
        fund_id=fund_id,
        confirmed_at__isnull=False,
        valid_from__lte=day,
    )


def seats_of(who: Officer, fund_id: Any, day: date) -> set[str]:
    """The levels of approval on which somebody sits on a day."""
    return set(seats_on(fund_id, day).filter(officer=who).values_list("role", flat=True))


@dataclass(frozen=True)
class Proposed:
    """A rule that is only thought of, for `what_if`."""

    award_type: str
    role: str
    min_amount_usd: Decimal
    max_amount_usd: Decimal
    quorum: int = 1
    sequence: int = 1


@dataclass(frozen=True)
class Otherwise:
    """What new rules would have asked of a past grant: levels as (role, quorum), in their order.

    `after` empty: it would have lain outside the system.
    """

    ref: str
    amount_usd: Decimal
    before: tuple[tuple[str, int], ...]
    after: tuple[tuple[str, int], ...]

    @property
    def differs(self) -> bool:
        """Whether other levels would have spoken, or more people of one; their order is nothing."""
        return set(self.before) != set(self.after)


def what_if(fund: Fund, rules: Iterable[Proposed]) -> list[Otherwise]:
    """Run rules over every approved grant of a fund, by reference; nothing is written.

    Each at the sum that was approved last, that of its last signed amendment where there is one.
    `before` is what was decided, from the decisions' own copy of their rules.
    """
    new = sorted(rules, key=lambda rule: (rule.sequence, rule.max_amount_usd))
    grants = Grant.objects.filter(fund=fund, approved_usd__gt=0).order_by("ref")
    answers = []
    for grant in grants.prefetch_related("decisions", "amendments"):
        said = [
            one for one in grant.decisions.all() if one.step == "approval" and one.verdict == "YES"
        ]
        last = max((one.round for one in said if one.amendment_id is None), default=0)
        mine = [one for one in said if one.amendment_id is None and one.round == last]
        for amendment in sorted(grant.amendments.all(), key=lambda one: one.number):
            if amendment.state == Amendment.State.SIGNED:
                mine = [one for one in said if one.amendment_id == amendment.pk] or mine
        routed = max((one.routed_usd or Decimal(0) for one in mine), default=grant.approved_usd)
        before = {(one.sequence or 1, one.authority): one.quorum or 1 for one in mine}
        answers.append(
            Otherwise(
                ref=grant.ref,
                amount_usd=routed,
                before=tuple((role, before[key]) for key in sorted(before) for role in [key[1]]),
                after=tuple(
                    (rule.role, rule.quorum)
                    for rule in new
                    if rule.award_type == grant.award_type
                    and rule.min_amount_usd <= routed <= rule.max_amount_usd
                ),
            )
        )
    return answers
