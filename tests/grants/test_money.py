"""Amounts, rates, vouchers, days: what the ledger takes and what it refuses."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import Error, connection
from hypothesis import given
from hypothesis import strategies as some

from ceasefire import money, periods
from ceasefire.database.session import acting
from grants.exceptions import (
    AfterTheCloseout,
    BadAmount,
    BeforeTheAward,
    CeilingTooLow,
    InTheFuture,
    NoConfirmedRate,
    NotAllowedFromHere,
    NotReversible,
    ObligationExceeded,
    PaymentsStopped,
    RateStands,
    RateTooOld,
    RefundExceeded,
    ReversedAlready,
    SamePersonReverses,
    SecondPersonNeeded,
    StepIsMissingSomething,
    TrancheExceeded,
    VoucherUsed,
    WitnessMissing,
)
from grants.models import (
    AuthorityRule,
    Decision,
    Grant,
    LedgerEntry,
    Officer,
    Organisation,
    PaymentRequest,
)
from grants.services import (
    amendments,
    funds,
    ledger,
    machine,
    money_reading,
    monitoring,
    organisations,
    payments,
    proposals,
    rates,
    splits,
)
from tests.grants import office as world
from tests.grants.test_duties import post, role_of


@pytest.mark.parametrize("value", [0, -1, "-0.01", "1.001", "NaN", "Infinity", "x", 10**12, 1.5])
def test_no_amount_of_dollars(value):
    with pytest.raises(money.BadAmount):
        money.amount(value)


def test_dinars_have_three_places_and_dollars_two():
    assert money.amount("1.125", "IQD") == Decimal("1.125")
    assert money.amount("1.1000") == Decimal("1.10")
    with pytest.raises(money.BadAmount):
        money.amount("1.1255", "IQD")
    with pytest.raises(money.BadAmount):
        money.amount(1, "EUR")


@given(some.integers(min_value=1, max_value=10**12), some.integers(min_value=1, max_value=10**10))
def test_dollars_are_the_nearest_cent_and_a_half_goes_up(thousandths, millionths):
    amount, rate = Decimal(thousandths).scaleb(-3), Decimal(millionths).scaleb(-6)
    # amount / rate in cents, exactly: (a / 10^3) / (r / 10^6) * 100
    cents, rest = divmod(2 * thousandths * 10**5 + millionths, 2 * millionths)
    assert rest >= 0
    if cents == 0:
        with pytest.raises(money.BadAmount):
            money.dollars(amount, "IQD", rate)
    else:
        assert money.dollars(amount, "IQD", rate) == Decimal(cents).scaleb(-2)


pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("value", [0, -5, "1.001", "x"])
def test_no_verb_takes_a_bad_amount(office, grant_in, value):
    grant = grant_in("ACTIVE")
    with acting(office.closeout), pytest.raises(BadAmount):
        ledger.refund(grant, amount=value, reason="x", by=office.closeout)
    with acting(office.certifier), pytest.raises(BadAmount):
        ledger.verify_expense(grant, amount=value, by=office.certifier)
    with acting(office.requester), pytest.raises(BadAmount):
        payments.ask(
            grant.tranches.get(),
            amount=value,
            currency="USD",
            method="EFT",
            voucher_no="V",
            payee=grant.grantee,
            invoiced_on=world.yesterday(),
            by=office.requester,
        )


def test_a_voucher_is_used_once(office, grant_in):
    tranche = grant_in("AWARDED").tranches.get()
    world.ask(office, tranche, 10, voucher_no="A-1")

    with pytest.raises(VoucherUsed):
        world.ask(office, tranche, 10, voucher_no=" A-1 ")


@pytest.mark.parametrize("role", ["reo", "app"])
def test_the_rows_refuse_what_the_forms_refuse(office, grant_in, role):
    """Zero, negative, a third place, a day before the award or ahead, a used voucher, marks."""
    grant = grant_in("ACTIVE")
    today = periods.now().date()
    before, ahead = grant.awarded_on - timedelta(days=1), today + timedelta(days=2)
    for amount, on, why in (
        (0, today, "violates check constraint"),
        (-5, today, "violates check constraint"),
        ("1.001", today, "dollars have two places"),
        ("NaN", today, "amounts_are_numbers|violates check constraint"),
        (5, before, "before the award"),
        (5, ahead, "ahead of time"),
    ):
        with pytest.raises(Error, match=why), role_of(office.payer, role):
            post(grant, office.payer, "REFUND", amount, on)
    first = PaymentRequest.objects.get(grant=grant)
    again = dict(PaymentRequest.objects.filter(pk=first.pk).values().get(), state="REQUESTED")
    for name in (
        "id",
        "certifier_id",
        "certified_at",
        "payer_id",
        "paid_at",
        "paid_on",
        "proof_id",
    ):
        del again[name]
    for facts, why in (
        ({}, "a_voucher_is_used_once_a_fund"),
        ({"voucher_no": "new", "amount": "0"}, "violates check constraint"),
        ({"voucher_no": "new", "amount": "1.001"}, "places of its currency"),
    ):
        with pytest.raises(Error, match=why), role_of(office.requester, role):
            PaymentRequest.objects.create(**{**again, **facts})
    with pytest.raises(Error, match="reads_as_it_stands"), role_of(office.officer, role):
        Organisation.objects.filter(pk=grant.grantee_id).update(name_en="Basra \u202ehtuoY")
    post(grant, office.payer, "REFUND", 5, today)


def test_every_column_of_numbers_holds_numbers_alone():
    """NaN is above every bound: as one posting it would come through all limits."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname, a.attname FROM pg_class c
              JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
             WHERE c.relkind = 'r' AND starts_with(c.relname, 'grants_')
               AND a.atttypid = 'numeric'::regtype AND NOT EXISTS (
                 SELECT FROM pg_constraint n WHERE n.conrelid = c.oid
                    AND n.conname = 'amounts_are_numbers' AND a.attnum = ANY (n.conkey))
            """
        )
        assert cursor.fetchall() == []


def test_no_payment_before_the_award_or_ahead_or_after_the_closeout(office, grant_in):
    grant = grant_in("AWARDED")
    payment = world.certified(office, grant.tranches.get(), 100)
    now = periods.now()
    with pytest.raises(BeforeTheAward):
        world.pay_it(office, payment, at=now - timedelta(days=1))
    with pytest.raises(InTheFuture):
        world.pay_it(office, payment, at=now + timedelta(days=1))
    closed = grant_in("CLOSED")
    with acting(office.closeout), pytest.raises(AfterTheCloseout):
        ledger.refund(closed, amount=1, reason="x", by=office.closeout)
    with acting(office.requester), pytest.raises(NotAllowedFromHere):
        payments.ask(
            closed.tranches.get(),
            amount=1,
            currency="USD",
            method="EFT",
            voucher_no="late",
            payee=closed.grantee,
            invoiced_on=now.date(),
            by=office.requester,
        )


def test_dinars_are_paid_at_a_confirmed_rate_that_is_kept(office, grant_in):
    tranche = grant_in("AWARDED").tranches.get()
    payment = world.certified(office, tranche, "131050.500", currency="IQD")
    with acting(office.officer):
        raw = rates.enter_rate(
            day=world.yesterday(), source="MARKET", iqd_per_usd="1310.5", by=office.officer
        )
    for rate in (None, raw):
        with pytest.raises(NoConfirmedRate):
            world.pay_it(office, payment, rate=rate)
    with acting(office.officer), pytest.raises(SecondPersonNeeded):
        rates.confirm_rate(raw, by=office.officer)
    with acting(office.payer2):
        rate = rates.confirm_rate(raw, by=office.payer2)

    entry = world.pay_it(office, payment, rate=rate)

    assert (entry.amount, entry.currency) == (Decimal("131050.500"), "IQD")
    assert (entry.rate, entry.rate_source, entry.rate_on) == (
        Decimal("1310.500000"),
        "MARKET",
        world.yesterday(),
    )
    assert entry.amount_usd == Decimal("100.00")
    with acting(office.payer):
        with pytest.raises(RateStands):
            rates.enter_rate(
                day=world.yesterday(), source="MARKET", iqd_per_usd="1400", by=office.payer
            )
        rates.withdraw_rate(rate, reason="misread", by=office.payer)
    entry.refresh_from_db()
    assert entry.amount_usd == Decimal("100.00")


def test_no_more_is_paid_than_the_tranche_or_the_obligation(office, grant_in):
    grant = grant_in("AWARDED", tranches=[1000, 2000])
    first = grant.tranches.get(number=1)
    with pytest.raises(TrancheExceeded):
        world.ask(office, first, "1000.01")
    rate = world.rate(office, 1000)
    payment = world.certified(office, first, 1_000_010, currency="IQD")
    with pytest.raises(TrancheExceeded):
        world.pay_it(office, payment, rate=rate)


def test_the_gate_of_the_second_tranche(office, grant_in):
    grant = grant_in("AWARDED", tranches=[1000, 2000])
    first, second = grant.tranches.all()
    waiting = world.ask(office, second, 2000)

    def gate():
        with acting(office.certifier), pytest.raises(StepIsMissingSomething) as refused:
            payments.certify(waiting, by=office.certifier)
        return {one.code for one in refused.value.missing}

    assert gate() == {"earlier_tranche", "evidence"}
    world.pay(office, first, 1000)
    assert gate() == {"accounted", "evidence"}
    world.account(office, first, 799)
    assert gate() == {"accounted", "evidence"}
    world.account(office, first, 1)
    assert gate() == {"evidence"}
    with acting(office.requester):
        world.paper(grant, "evidence", office.requester)
    with acting(office.certifier):
        payments.certify(waiting, by=office.certifier)


def test_cash_needs_a_witness(office, grant_in):
    payment = world.certified(office, grant_in("AWARDED").tranches.get(), 5, method="CASH")
    for witness in (None, office.payer, office.requester):
        seen = Officer.objects.get(pk=witness.pk) if witness else None
        with pytest.raises(WitnessMissing):
            world.pay_it(office, payment, witness=seen)

    entry = world.pay_it(office, payment, witness=Officer.objects.get(pk=office.monitor.pk))
    assert entry.amount_usd == 5


def test_an_edited_name_voids_the_clearance_and_stops_the_payment(office, grant_in):
    grant = grant_in("AWARDED")
    payment = world.certified(office, grant.tranches.get(), 100)
    with acting(office.requester):
        organisations.change_organisation(grant.grantee, name_en="Another", by=office.requester)

    with pytest.raises(StepIsMissingSomething):
        world.pay_it(office, payment)

    world.screen(office, grant)
    with acting(office.vetting):
        machine.clear(grant, by=office.vetting)
    assert world.pay_it(office, payment).amount_usd == 100


def test_somebody_new_behind_an_organisation_voids_the_clearance_too(office, grant_in):
    grant = grant_in("AWARDED")
    payment = world.certified(office, grant.tranches.get(), 100)
    with acting(office.requester):
        person = organisations.add_person(grant.grantee, name_en="Ali", by=office.requester)

    with pytest.raises(StepIsMissingSomething):
        world.pay_it(office, payment)
    assert b"Ali" not in bytes(person.sealed)
    with acting(office.vetting):
        assert organisations.names_of([person], by=office.vetting)[person.pk]["name_en"] == "Ali"


def test_a_suspension_stops_payments_at_once(office, grant_in):
    grant = grant_in("AWARDED", tranches=[1000, 2000])
    world.pay(office, grant.tranches.get(number=1), 500)
    payment = world.certified(office, grant.tranches.get(number=1), 500)
    with acting(office.auditor):
        machine.suspend(grant, reason="look at it", by=office.auditor)

    with pytest.raises(PaymentsStopped):
        world.pay_it(office, payment)

    with acting(office.officer):
        world.paper(grant, "memo", office.officer)
        with pytest.raises(StepIsMissingSomething):
            machine.reinstate(grant, reason="fine", by=office.officer)
    with acting(office.approver):
        machine.support_reinstatement(grant, by=office.approver)
    with acting(office.officer):
        machine.reinstate(grant, reason="fine", by=office.officer)
    assert world.pay_it(office, payment).amount_usd == 500


def test_what_a_reversal_may_do(office, grant_in):
    grant = grant_in("ACTIVE")
    entry = grant.entries.get(kind="DISBURSE")
    with acting(office.payer), pytest.raises(SamePersonReverses):
        ledger.reverse(entry, reason="twice", by=office.payer)
    with acting(office.closeout), pytest.raises(ObligationExceeded):
        ledger.reverse(grant.entries.get(kind="OBLIGATE"), reason="x", by=office.closeout)
    with acting(office.certifier):
        made = ledger.reverse(entry, reason="twice", by=office.certifier)
        with pytest.raises(ReversedAlready):
            ledger.reverse(entry, reason="twice", by=office.certifier)
    with acting(office.payer), pytest.raises(NotReversible):
        ledger.reverse(made, reason="no", by=office.payer)

    grant.refresh_from_db()
    assert (grant.disbursed_usd, grant.unliquidated_usd) == (0, 3000)
    assert grant.tranches.get().paid_usd == 0


def test_a_refund_is_at_most_what_was_paid_and_the_closeout_frees_the_rest(office, grant_in):
    grant = grant_in("CLOSING")
    with acting(office.closeout):
        with pytest.raises(RefundExceeded):
            ledger.refund(grant, amount="3000.01", reason="x", by=office.closeout)
        ledger.refund(grant, amount=500, reason="not used", by=office.closeout)

    closed = world.move(office, grant, "CLOSED")

    assert (closed.disbursed_usd, closed.refunded_usd, closed.deobligated_usd) == (3000, 500, 500)
    assert closed.unliquidated_usd == 0


def test_a_closed_grant_is_opened_again_when_the_auditor_asks(office, grant_in):
    grant = grant_in("CLOSED")
    with acting(office.approver), pytest.raises(StepIsMissingSomething):
        machine.reopen(grant, reason="receipt", by=office.approver)
    finding = world.found(office, grant)
    with acting(office.auditor):
        machine.ask_reopening(
            grant, finding=finding, reason="a receipt is false", by=office.auditor
        )
    with acting(office.approver):
        grant = machine.reopen(grant, reason="receipt", by=office.approver)
    assert (grant.state, grant.closed_on) == ("REOPENED", None)


def test_the_fund_is_never_overdrawn(office, grant_in, fund):
    grant = grant_in("APPROVED")
    with acting(office.officer):
        funds.set_ceiling(fund, ceiling_usd=2999, by=office.officer)
        for kind in ("award_letter", "monitoring_plan", "report_plan"):
            world.paper(grant, kind, office.officer)
        monitoring.plan_report(grant, kind="final", due_on=world.BEGAN, by=office.officer)
        proposals.plan_tranches(
            grant, [proposals.Part(Decimal(3000), world.BEGAN)], by=office.officer
        )
        with pytest.raises(StepIsMissingSomething) as refused:
            machine.award(grant, by=office.officer)
        assert {one.code for one in refused.value.missing} == {"fund_balance"}
        funds.set_ceiling(fund, ceiling_usd=3000, by=office.officer)
        machine.award(grant, by=office.officer)
        with pytest.raises(CeilingTooLow):
            funds.set_ceiling(fund, ceiling_usd=2999, by=office.officer)


def test_a_changed_rule_leaves_the_decision_as_it_was(office, grant_in, fund):
    grant = grant_in("APPROVED")
    rule = AuthorityRule.objects.get(award_type="GRANT_CASH", role="OFFICER")
    today = periods.now().date()
    with acting(office.officer):
        new = funds.propose_rule(
            fund,
            award_type="GRANT_CASH",
            role="OFFICER",
            max_amount_usd=100,
            valid_from=today,
            by=office.officer,
        )
        with pytest.raises(SecondPersonNeeded):
            funds.confirm_rule(new, by=office.officer)
    with acting(office.payer):
        funds.confirm_rule(new, by=office.payer)
    rule.refresh_from_db()
    assert rule.valid_to == today

    said = Decision.objects.get(grant=grant, step="approval")
    assert (said.rule_id, said.limit_usd) == (rule.pk, 5000)
    assert world.move(office, grant, "AWARDED").state == "AWARDED"
    asked = [funds.Proposed("GRANT_CASH", "PANEL", Decimal(0), Decimal(10_000), quorum=2)]
    (other,) = funds.what_if(fund, asked)
    assert (other.ref, other.before, other.after) == (
        grant.ref,
        (("OFFICER", 1),),
        (("PANEL", 2),),
    )
    assert other.differs


def test_awards_that_together_pass_a_ceiling_are_decided_at_their_sum(office, grant_in):
    first = grant_in("APPROVED", asks=3000)
    second = grant_in("PENDING_APPROVAL", asks=3000, grantee=first.grantee)

    assert second.split_group is not None
    assert Grant.objects.get(pk=first.pk).split_group == second.split_group
    second = world.move(office, second, "APPROVED")
    said = Decision.objects.get(grant=second, step="approval")
    assert (said.authority, said.routed_usd, said.amount_usd) == ("LEAD", 6000, 3000)


def test_awards_of_two_funds_at_one_site_or_with_one_vendor_are_put_together(office, fund):
    other = world.open_fund(office, "QRF-FY27")
    vendor = world.organisation(office, "Lamp Stores")

    def drafted(of, chosen=None, **facts):
        grant = world.draft(office, of, 3000, **facts)
        if chosen is not None:
            offer = proposals.Offer(chosen, Decimal(3000), periods.today(), chosen=True)
            with acting(office.requester):
                proposals.set_quotes(grant, [offer], by=office.requester)
        return Grant.objects.get(pk=grant.pk)

    def point(lat, lon):
        return {"lat": Decimal(lat), "lon": Decimal(lon)}

    for reason, first, second in (
        ("site", point("30.5120", "47.8120"), point("30.5135", "47.8105")),
        ("site", {"site_name": "Palm school"}, {"site_name": "PALM SCHOOL"}),
        ("vendor", {"chosen": vendor}, {"chosen": vendor}),
    ):
        one = world.move(office, drafted(fund, **first), "SUBMITTED")
        two = drafted(other, **second)
        together = splits.look(two)
        assert [(near.grant, near.reasons) for near in together.near] == [(one, (reason,))]
        assert (together.whole_usd, together.passes) == (6000, True)

        two = world.move(office, two, "SUBMITTED")

        assert two.split_group is not None
        assert Grant.objects.get(pk=one.pk).split_group == two.split_group
    # Some 300 m from the nearer one it is another site.
    assert splits.look(drafted(other, **point("30.5160", "47.8160"))).near == ()


def test_an_amendment_is_approved_at_the_new_sum(office, grant_in):
    grant = grant_in("ACTIVE", tranches=[3000])
    made = world.amended(office, grant, 6000)
    with acting(office.officer):
        world.paper(grant, "amendment", office.officer)
        with pytest.raises(StepIsMissingSomething):
            amendments.sign_amendment(
                made, parts=[proposals.Part(Decimal(1), world.BEGAN)], by=office.officer
            )
        grant = amendments.sign_amendment(
            made, parts=[proposals.Part(Decimal(3000), world.BEGAN)], by=office.officer
        )
    said = Decision.objects.get(amendment=made, step="approval")
    assert (said.authority, said.routed_usd) == ("LEAD", 6000)
    assert (grant.approved_usd, grant.obligated_usd, grant.requested_usd) == (6000, 6000, 6000)
    assert LedgerEntry.objects.filter(grant=grant, kind="OBLIGATE").count() == 2


def test_a_form_offers_for_its_day_the_last_rate_of_each_source(office, fund):
    """Not the newest forty of all, among which the rate of the day may not be."""
    today = periods.now().date()
    days_of = {"CBI": (0, 3, 5, 40), "MARKET": (4, 9, 60)}
    made = {
        (source, days): world.rate(
            office, 1300 + days, day=today - timedelta(days=days), source=source
        )
        for source, ages in days_of.items()
        for days in ages
    }

    def offered(days: int) -> set[tuple[str, int]]:
        keys = money_reading.offered_rates(today - timedelta(days=days))
        return {one for one, rate in made.items() if rate.pk in keys}

    assert offered(0) == {("CBI", 0), ("MARKET", 4)}
    assert offered(4) == {("CBI", 5), ("MARKET", 4)}
    assert offered(8) == {("MARKET", 9)}
    assert offered(39) == {("CBI", 40), ("MARKET", 60)}
    assert offered(200) == set()
    with acting(office.officer):
        rates.withdraw_rate(made["CBI", 0], reason="typed wrongly", by=office.officer)
    assert offered(0) == {("CBI", 3), ("MARKET", 4)}


def test_a_rate_is_used_for_thirty_days_and_no_longer(office, fund):
    today = periods.now().date()
    rate = world.rate(office, 1000, day=today - timedelta(days=31))
    last = today - timedelta(days=1)
    assert ledger.in_dollars(Decimal(1000), "IQD", rate, last) == 1
    with pytest.raises(RateTooOld):
        ledger.in_dollars(Decimal(1000), "IQD", rate, today)


def test_other_rules_are_tried_at_the_sum_that_was_approved_last(office, fund, grant_in):
    """A rise is what was decided in the end; the same levels in another order are the same."""
    grant = grant_in("ACTIVE", tranches=[3000])
    ladder = [
        funds.Proposed("GRANT_CASH", "OFFICER", Decimal(0), Decimal(5000)),
        funds.Proposed("GRANT_CASH", "LEAD", Decimal("5000.01"), Decimal(25000), sequence=2),
    ]
    (before,) = funds.what_if(fund, ladder)
    assert (before.amount_usd, before.before, before.differs) == (3000, (("OFFICER", 1),), False)
    made = world.amended(office, grant, 6000)
    # Not before it is signed.
    assert funds.what_if(fund, ladder)[0].amount_usd == 3000
    with acting(office.officer):
        world.paper(grant, "amendment", office.officer)
        amendments.sign_amendment(
            made, parts=[proposals.Part(Decimal(3000), world.BEGAN)], by=office.officer
        )
    (after,) = funds.what_if(fund, ladder)
    assert (after.amount_usd, after.before, after.differs) == (6000, (("LEAD", 1),), False)
    assert after.after == (("LEAD", 1),)

    two = (("LEAD", 1), ("PANEL", 2))
    assert not funds.Otherwise("QRF", Decimal(1), before=two, after=two[::-1]).differs
    assert funds.Otherwise("QRF", Decimal(1), before=two, after=(("LEAD", 1),)).differs
    assert funds.Otherwise("QRF", Decimal(1), two, (("LEAD", 1), ("PANEL", 1))).differs
