"""Who visits, measures, accepts, closes, confirms and posts: by the verb and by the rows.

Somebody who was not the first to ask counts as a requester, too: who handed a grant in again, and
who asked for an amendment of it.
"""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import Error

from ceasefire import periods
from ceasefire.database.session import acting
from grants.exceptions import DutiesKeptApart
from grants.models import (
    AuthorityRule,
    AuthoritySeat,
    ExchangeRate,
    Finding,
    Grant,
    IndicatorValue,
    LedgerEntry,
    MonitoringVisit,
    Officer,
    Report,
    ScreeningRule,
)
from grants.services import amendments, ledger, money_reading, monitoring, payments
from tests.grants import office as world
from tests.grants.test_duties import all_duties, post, role_of  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db
ROLES = pytest.mark.parametrize("role", ["reo", "app"])


def today() -> date:
    return periods.now().date()


@pytest.fixture
def second(office: Any, grant_in: Callable[..., Grant], all_duties: Any) -> Any:  # noqa: F811
    """A running grant, and somebody with every duty who asked for an amendment of it."""
    grant = grant_in("ACTIVE")
    with acting(office.requester2):
        made = amendments.open_amendment(
            grant, new_end=today(), reason="rain", by=office.requester2
        )
        amendments.refuse_amendment(made, reason="no rain", by=office.requester2)
    return grant, all_duties(office.requester2)


def received(office: Any, grant: Grant) -> Report:
    due = grant.reports.get()
    with acting(office.officer):
        paper = world.paper(grant, "narrative_report", office.officer)
        return monitoring.receive_report(
            due, received_on=today(), document=paper, by=office.officer
        )


def found(office: Any, grant: Grant) -> Finding:
    with acting(office.monitor):
        return monitoring.raise_finding(
            grant,
            severity="low",
            text="x",
            due_on=today(),
            owner=Officer.objects.get(pk=office.officer.pk),
            by=office.monitor,
        )


# --- a second requester ---------------------------------------------------------------------------


def test_a_second_requester_moves_no_money_and_is_offered_none(office, second, client):
    grant, person = second
    with acting(office.certifier):
        entry = grant.entries.get(kind="DISBURSE")
    who = Officer.objects.get(pk=person.pk)

    assert money_reading.verbs(grant, who) == {"ask"}
    assert not money_reading.may_reverse(grant, entry, who)
    for verb in (
        lambda: ledger.obligate(grant, amount_usd=1, by=person),
        lambda: ledger.deobligate(grant, amount_usd=1, reason="x", by=person),
        lambda: ledger.refund(grant, amount=1, reason="x", by=person),
        lambda: ledger.verify_expense(grant, amount=1, by=person),
        lambda: ledger.reverse(entry, reason="x", by=person),
    ):
        with pytest.raises(DutiesKeptApart), acting(person):
            verb()
    client.force_login(person)
    typed = {
        "amount": "1",
        "currency": "USD",
        "on": f"{today():%d/%m/%Y}",
        "reason": "x",
        "after": money_reading.last_posting(grant),
    }
    answer = client.post(f"/grants/{grant.ref}/money/refund/", typed)
    assert answer.status_code == 200
    assert answer.context["form"].non_field_errors()
    for role in ("reo", "app"):
        with pytest.raises(Error, match="may not make this posting"), role_of(person, role):
            post(grant, person, "REFUND")
    assert LedgerEntry.objects.filter(grant=grant).count() == 4


def test_a_second_requester_refuses_no_payment(office, grant_in, all_duties):  # noqa: F811
    grant = grant_in("AWARDED")
    payment = world.ask(office, grant.tranches.get(), 100)
    with acting(office.requester2):
        amendments.open_amendment(grant, new_end=today(), reason="rain", by=office.requester2)
    person = all_duties(office.requester2)

    assert money_reading.payment_verbs(payment, Officer.objects.get(pk=person.pk)) == set()
    with pytest.raises(DutiesKeptApart), acting(person):
        payments.refuse(payment, reason="x", by=person)


# --- who looks after a grant ----------------------------------------------------------------------


def visit_row(grant: Grant, who: Any, _made: Any) -> None:
    MonitoringVisit.objects.create(
        grant=grant, kind="routine", visited_on=today(), seen="x", visitor_id=who.pk
    )


def value_row(grant: Grant, who: Any, _made: Any) -> None:
    IndicatorValue.objects.create(
        indicator=grant.indicators.first(), as_of=today(), value=1, recorded_by_id=who.pk
    )


def accept_row(_grant: Grant, who: Any, made: Report) -> None:
    Report.objects.filter(pk=made.pk).update(accepted_at=periods.now(), accepted_by_id=who.pk)


def close_row(_grant: Grant, who: Any, made: Finding) -> None:
    Finding.objects.filter(pk=made.pk).update(
        closed_at=periods.now(), closed_by_id=who.pk, remedy="x"
    )


#: What is prepared, the verb, the row, and who may.
LOOKED_AFTER: dict[str, tuple[Any, Any, Any, str]] = {
    "visit": (
        lambda office, grant: None,
        lambda grant, made, by: monitoring.record_visit(
            grant, kind="routine", visited_on=today(), seen="x", by=by
        ),
        visit_row,
        "monitor",
    ),
    "value": (
        lambda office, grant: None,
        lambda grant, made, by: monitoring.record_value(
            grant.indicators.first(), as_of=today(), value=1, by=by
        ),
        value_row,
        "monitor",
    ),
    "report": (
        received,
        lambda grant, made, by: monitoring.accept_report(made, by=by),
        accept_row,
        "monitor",
    ),
    "finding": (
        found,
        lambda grant, made, by: monitoring.close_finding(made, remedy="x", by=by),
        close_row,
        "auditor",
    ),
}


@ROLES
@pytest.mark.parametrize("what", LOOKED_AFTER)
def test_who_asks_for_a_grant_does_not_look_after_it(office, second, what, role):
    grant, person = second
    prepare, verb, row, part = LOOKED_AFTER[what]
    made = prepare(office, grant)
    first = Officer.objects.get(pk=grant.requester_id)

    with pytest.raises(DutiesKeptApart), acting(person):
        verb(grant, made, person)
    with pytest.raises(Error, match="does not look after it"), role_of(person, role):
        row(grant, person, made)
    # Nor who holds no such duty, nor in the name of who may.
    with pytest.raises(Error, match="no duty for that|does not hold"), role_of(office.payer, role):
        row(grant, office.payer, made)
    with pytest.raises(Error, match="no duty for that|does not hold"), role_of(first, "app"):
        row(grant, first, made)
    may = getattr(office, part)
    with pytest.raises(Error, match="in the name of somebody else"), acting(office.payer):
        row(grant, may, made)
    with role_of(may, role):
        row(grant, may, made)


@ROLES
def test_an_accepted_report_and_a_closed_finding_stay_so(office, grant_in, role):
    grant = grant_in("ACTIVE")
    report, finding = received(office, grant), found(office, grant)
    rows = Report.objects.filter(pk=report.pk)
    now = {"accepted_at": periods.now(), "accepted_by_id": office.monitor.pk}
    # Not received and accepted in one breath.
    with pytest.raises(Error, match="received before"), role_of(office.monitor, role):
        rows.update(received_on=today().replace(day=1), **now)
    with acting(office.monitor):
        monitoring.accept_report(report, by=office.monitor)
        monitoring.close_finding(finding, remedy="done", by=office.monitor)

    for facts in ({"accepted_at": None, "accepted_by_id": None}, {"received_on": today()}, now):
        with pytest.raises(Error, match="accepted report stays so"), role_of(office.officer, role):
            rows.update(**facts)
    with pytest.raises(Error, match="closed finding stays so"), role_of(office.officer, role):
        Finding.objects.filter(pk=finding.pk).update(closed_at=None, closed_by=None, remedy="")
    with pytest.raises(Error, match="owed before it comes"), role_of(office.officer, role):
        Report.objects.create(
            grant=grant,
            kind="narrative",
            due_on=today(),
            received_on=today(),
            accepted_at=periods.now(),
            accepted_by_id=office.officer.pk,
        )


def test_who_holds_no_duty_for_it_receives_no_report_by_hand(office, grant_in):
    grant = grant_in("ACTIVE")
    due = Report.objects.filter(pk=grant.reports.get().pk)
    with acting(office.officer):
        paper = world.paper(grant, "narrative_report", office.officer)

    with pytest.raises(Error, match="no duty for that"), acting(office.requester):
        due.update(received_on=today(), document_id=paper.pk)
    for facts in ({"received_on": today()}, {"document_id": paper.pk}):
        with pytest.raises(Error, match="came in on a day"), acting(office.officer):
            due.update(**facts)


# --- two persons behind rules, seats and rates ----------------------------------------------------


def rule_row(fund: Any, who: Any) -> Any:
    return AuthorityRule.objects.create(
        fund=fund,
        award_type="DIRECT_PROCUREMENT",
        role="LEAD",
        min_amount_usd=0,
        max_amount_usd=9,
        valid_from=today(),
        entered_by_id=who.pk,
    )


def seat_row(fund: Any, who: Any) -> Any:
    sits = Officer.objects.filter(duties__contains=["reviewer"]).first()
    return AuthoritySeat.objects.create(
        fund=fund, officer=sits, role="LEAD", valid_from=today(), entered_by_id=who.pk
    )


def rate_row(_fund: Any, who: Any) -> Any:
    return ExchangeRate.objects.create(
        day=today(), source="CBI", iqd_per_usd=1310, entered_by_id=who.pk
    )


def lists_row(fund: Any, who: Any) -> Any:
    return ScreeningRule.objects.create(
        fund=fund, sources=["ofac"], max_days=9, valid_from=today(), entered_by_id=who.pk
    )


@ROLES
@pytest.mark.parametrize("make", [rule_row, seat_row, rate_row, lists_row])
def test_one_person_alone_brings_nothing_into_force_by_hand(office, fund, make, role):
    ScreeningRule.objects.filter(fund=fund).update(valid_to=today())
    # Neither who holds no duty, nor in the name of somebody else.
    with pytest.raises(Error, match="no duty|say which lists"), role_of(office.monitor, role):
        make(fund, office.monitor)
    with pytest.raises(Error, match="in the name of somebody else"), acting(office.payer):
        make(fund, office.officer)
    with role_of(office.officer, role):
        made = make(fund, office.officer)
    rows = type(made).objects.filter(pk=made.pk)

    def confirm(who: Any) -> None:
        rows.update(confirmed_at=periods.now(), confirmed_by_id=who.pk)

    with pytest.raises(Error, match="in the name of somebody else"), acting(office.officer):
        confirm(office.certifier)
    with pytest.raises(Error, match="second_person"), role_of(office.officer, role):
        confirm(office.officer)
    with pytest.raises(Error, match="no duty for that"), role_of(office.monitor, role):
        confirm(office.monitor)
    with role_of(office.certifier, role):
        confirm(office.certifier)
    assert rows.get().confirmed_by_id == office.certifier.pk


def test_nobody_ends_a_rule_or_withdraws_a_rate_in_the_name_of_another(office, fund):
    rate = world.rate(office)
    rates = ExchangeRate.objects.filter(pk=rate.pk)
    rules = AuthorityRule.objects.filter(fund=fund, role="PANEL")

    with pytest.raises(Error, match="in the name of somebody else"), acting(office.payer):
        rates.update(withdrawn_at=periods.now(), withdrawn_by_id=office.officer.pk)
    with pytest.raises(Error, match="no duty for that"), acting(office.monitor):
        rules.update(valid_to=today())
    assert not rules.filter(valid_to__isnull=False).exists()
