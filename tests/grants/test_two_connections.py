"""Two people at once, on two connections: the second waits, reads anew, and is refused.

Each has its own session under REO's role. Each test fails when the fund or the grant is not locked.
"""

from collections.abc import Callable
from typing import Any

import pytest

from ceasefire import periods
from ceasefire.database.session import acting
from grants.exceptions import (
    CeilingTooLow,
    ChangedMeanwhile,
    DistrictStopped,
    DutiesKeptApart,
    GrantRefusal,
    NoRuleForThis,
    NotAllowedFromHere,
    NotReversible,
    ObligationExceeded,
    ReversedAlready,
    SettledAlready,
    StepIsMissingSomething,
)
from grants.models import (
    Decision,
    Grant,
    LedgerEntry,
    Organisation,
    PaymentRequest,
    ScreeningHit,
)
from grants.services import (
    funds,
    ledger,
    machine,
    organisations,
    payments,
    publishing,
    rates,
    requirements,
    stops,
    verification,
    vetting,
)
from tests.grants import office as world
from tests.incidents.test_two_connections import meet

pytestmark = pytest.mark.django_db(transaction=True)


def by(person: Any, verb: Callable[..., Any], *rows: Any, **facts: Any) -> Callable[[], Any]:
    """The verb in the person's own session."""

    def act() -> Any:
        with acting(person):
            return verb(*rows, by=person, **facts)

    return act


@pytest.fixture(autouse=True)
def _the_books_hold() -> Any:
    yield
    assert verification.verify().whole


def test_of_two_payments_that_together_pass_the_obligation_one_posts(office, grant_in):
    grant = grant_in("AWARDED")
    tranche = grant.tranches.get()
    rate = world.rate(office, 1000)
    # In dinars, so that the tranche does not refuse the second request already.
    waiting = [world.certified(office, tranche, 2_000_000, currency="IQD") for _number in range(2)]
    pays = []
    for payment, payer in zip(waiting, (office.payer, office.payer2), strict=True):
        with acting(payer):
            proof = world.paper(grant, "receipt", payer)
        pays.append(by(payer, payments.pay, payment, proof=proof, rate=rate))

    outcome = meet(*pays)

    assert isinstance(outcome, ObligationExceeded)
    assert LedgerEntry.objects.filter(kind="DISBURSE").count() == 1
    assert PaymentRequest.objects.filter(state="PAID").count() == 1
    assert Grant.objects.get().net_disbursed_usd == 2000


def test_the_same_payment_is_paid_once(office, grant_in):
    payment = world.certified(office, grant_in("AWARDED").tranches.get(), 100)
    pays = []
    for payer in (office.payer, office.payer2):
        with acting(payer):
            proof = world.paper(payment.grant, "receipt", payer)
        pays.append(by(payer, payments.pay, payment, proof=proof))

    assert isinstance(meet(*pays), NotAllowedFromHere)
    assert LedgerEntry.objects.filter(kind="DISBURSE").count() == 1


def test_a_payment_waits_for_a_stop_that_is_being_confirmed(office, grant_in, fund):
    payment = world.certified(office, grant_in("AWARDED").tranches.get(), 100)
    with acting(office.payer):
        proof = world.paper(payment.grant, "receipt", office.payer)
    with acting(office.officer):
        stop = stops.propose(
            fund, district=payment.grant.district, reason="ghosts", by=office.officer
        )

    outcome = meet(
        by(office.certifier, stops.confirm, stop),
        by(office.payer, payments.pay, payment, proof=proof),
    )

    assert isinstance(outcome, DistrictStopped)
    assert not LedgerEntry.objects.filter(kind="DISBURSE").exists()


def test_a_stop_is_lifted_once(office, grant_in, fund):
    with acting(office.officer):
        stop = stops.propose(
            fund, district=grant_in("AWARDED").district, reason="ghosts", by=office.officer
        )
    with acting(office.certifier):
        stops.confirm(stop, by=office.certifier)
    with acting(office.officer):
        stops.ask_lift(stop, reason="checked", by=office.officer)

    lifts = [by(who, stops.lift, stop) for who in (office.payer, office.payer2)]

    assert isinstance(meet(*lifts), SettledAlready)


def test_an_approval_waits_for_a_rule_that_is_being_lowered(office, grant_in, fund):
    grant = grant_in("PENDING_APPROVAL")
    with acting(office.officer):
        lower = funds.propose_rule(
            fund,
            award_type="GRANT_CASH",
            role="OFFICER",
            max_amount_usd=100,
            valid_from=periods.now().date(),
            by=office.officer,
        )

    outcome = meet(
        by(office.payer, funds.confirm_rule, lower), by(office.approver, machine.approve, grant)
    )

    assert isinstance(outcome, NoRuleForThis)
    assert not Decision.objects.filter(step="approval").exists()


def test_a_rule_that_is_lowered_after_an_approval_leaves_it(office, grant_in, fund):
    grant = grant_in("PENDING_APPROVAL")
    with acting(office.officer):
        lower = funds.propose_rule(
            fund,
            award_type="GRANT_CASH",
            role="OFFICER",
            max_amount_usd=100,
            valid_from=periods.now().date(),
            by=office.officer,
        )

    meet(by(office.approver, machine.approve, grant), by(office.payer, funds.confirm_rule, lower))

    assert Grant.objects.get().state == "APPROVED"
    assert Decision.objects.get(step="approval").limit_usd == 5000


def test_a_ceiling_is_not_lowered_below_an_award_under_way(office, grant_in, fund):
    grant = grant_in("APPROVED")
    with acting(office.officer):
        for kind in ("award_letter", "monitoring_plan", "report_plan"):
            world.paper(grant, kind, office.officer)
        world.monitoring.plan_report(grant, kind="final", due_on=world.BEGAN, by=office.officer)
        world.proposals.plan_tranches(
            grant,
            [world.proposals.Part(grant.approved_usd, world.BEGAN)],
            by=office.officer,
        )

    outcome = meet(
        by(office.officer, machine.award, grant),
        by(office.officer2, funds.set_ceiling, fund, ceiling_usd=2999),
    )

    assert isinstance(outcome, CeilingTooLow)


def test_a_rate_is_not_paid_at_while_it_is_withdrawn(office, grant_in):
    payment = world.certified(office, grant_in("AWARDED").tranches.get(), 100_000, currency="IQD")
    rate = world.rate(office, 1000)
    with acting(office.payer):
        proof = world.paper(payment.grant, "receipt", office.payer)

    meet(
        by(office.payer, payments.pay, payment, proof=proof, rate=rate),
        by(office.officer, rates.withdraw_rate, rate, reason="misread"),
    )

    entry = LedgerEntry.objects.get(kind="DISBURSE")
    assert (entry.amount_usd, entry.rate) == (100, 1000)


def test_a_posting_is_reversed_once_and_a_reversal_never(office, grant_in):
    grant = grant_in("ACTIVE")
    entry = grant.entries.get(kind="DISBURSE")

    outcome = meet(
        by(office.certifier, ledger.reverse, entry, reason="twice"),
        by(office.officer, ledger.reverse, entry, reason="twice"),
    )

    assert isinstance(outcome, ReversedAlready)
    made = LedgerEntry.objects.get(kind="REVERSAL")
    outcome = meet(
        by(office.closeout, ledger.deobligate, grant, amount_usd=1, reason="x"),
        by(office.payer, ledger.reverse, made, reason="no"),
    )
    assert isinstance(outcome, NotReversible)


def test_a_refund_at_the_closeout_comes_before_it_or_not_at_all(office, grant_in):
    grant = grant_in("CLOSING")
    with acting(office.closeout):
        for kind in ("reconciliation", "asset_handover", "closeout_memo", "financial_report"):
            world.paper(grant, kind, office.closeout)

    outcome = meet(
        by(office.closeout, machine.close, grant),
        by(office.payer, ledger.refund, grant, amount=10, reason="late"),
    )

    assert isinstance(outcome, GrantRefusal)
    assert Grant.objects.get().state == "CLOSED"


def test_a_grant_with_a_refund_under_way_is_not_closed(office, grant_in):
    grant = grant_in("CLOSING")
    with acting(office.closeout):
        for kind in ("reconciliation", "asset_handover", "closeout_memo", "financial_report"):
            world.paper(grant, kind, office.closeout)

    outcome = meet(
        by(office.payer, ledger.refund, grant, amount=10, reason="late"),
        by(office.closeout, machine.close, grant),
    )

    assert isinstance(outcome, GrantRefusal)
    assert Grant.objects.get().state == "CLOSING"


def test_nobody_approves_an_amendment_while_they_certify(office, grant_in):
    """Each alone may be done; together one person would hold two duties."""
    grant = grant_in("AWARDED", tranches=[1000, 2000])
    person = office.certifier
    person.duties = ["certifier", "approver"]
    person.save(update_fields=["duties"])
    payment = world.ask(office, grant.tranches.get(number=1), 100)

    outcome = meet(
        by(person, payments.certify, payment),
        by(person, machine.terminate, grant, reason="why"),
    )

    assert isinstance(outcome, DutiesKeptApart)


def test_two_halves_that_are_submitted_at_once_on_two_funds_are_put_together(office, fund):
    other = world.open_fund(office, "QRF-FY27")
    half = world.draft(office, fund, 3000)
    second = world.draft(office, other, 3000, grantee=Organisation.objects.get(pk=half.grantee_id))

    meet(
        by(office.requester, machine.submit, half),
        by(office.requester, machine.submit, second),
    )

    groups = set(Grant.objects.values_list("split_group", flat=True))
    assert len(groups) == 1
    assert None not in groups
    assert set(Grant.objects.values_list("state", flat=True)) == {"SUBMITTED"}


# --- name screening ------------------------------------------------------------------------------


@pytest.fixture
def vetted(office, make_user, grant_in):
    """A grant that is screened and judged, the person behind its grantee, two vetting officers."""
    grantee = world.organisation(office)
    with acting(office.vetting):
        person = organisations.add_person(grantee, name_en="Qays Marsumi", by=office.vetting)
    grant = grant_in("VETTING", grantee=grantee)
    world.screen(office, grant)
    with acting(office.vetting):
        world.paper(grant, "screening", office.vetting)
    other = make_user("reo_staff", username="reo.vetting2", duties=["vetting"])
    return grant, person, office.vetting, other


def test_a_name_is_edited_while_a_clearance_is_being_given(vetted):
    grant, person, officer, other = vetted

    outcome = meet(
        by(other, organisations.change_person, person, name_en="Samir Hadi"),
        by(officer, machine.clear, grant),
    )

    assert isinstance(outcome, StepIsMissingSomething)
    assert not Decision.objects.filter(step="vetting").exists()


def test_a_clearance_that_was_first_is_void_by_the_edit_behind_it(vetted):
    grant, person, officer, other = vetted

    meet(
        by(officer, machine.clear, grant),
        by(other, organisations.change_person, person, name_en="Samir Hadi"),
    )

    grant = Grant.objects.get()
    assert grant.state == "PENDING_APPROVAL"
    assert not requirements.cleared(grant, periods.now().date())


def test_of_two_who_decide_a_hit_at_once_the_second_is_told(vetted):
    grant, _person, officer, other = vetted
    with acting(officer):
        made = vetting.screen(grant, by=officer)
    hit = ScreeningHit.objects.get(run__screening=made)

    outcome = meet(
        by(officer, vetting.decide_hit, hit, disposition="TRUE_MATCH", reason="the same"),
        by(other, vetting.decide_hit, hit, disposition="FALSE_POSITIVE", reason="another"),
    )

    assert isinstance(outcome, ChangedMeanwhile)
    assert hit.dispositions.get().disposition == "TRUE_MATCH"


# --- publishing ----------------------------------------------------------------------------------


@pytest.fixture
def published(office, fund, grant_in):
    """A grant that may be shown whole, and a file of its fund that somebody asked for."""
    grant = grant_in("AWARDED")
    with acting(office.officer):
        row = publishing.enter_publisher(
            org_ref="XI-IATI-REOBASRA",
            org_type="10",
            name_en="Regional Embassy Office",
            prefix="360G-reobasra",
            licence="https://creativecommons.org/licenses/by/4.0/",
            by=office.officer,
        )
        change = publishing.change_level(grant, "FULL", reason="asked for", by=office.officer)
    with acting(office.approver):
        publishing.confirm_publisher(row, by=office.approver)
        publishing.confirm_level(change, by=office.approver)
    with acting(office.officer):
        file = publishing.ask_file("iati", fund, by=office.officer)
    return grant, file


def lower(office: Any, grant: Any) -> Callable[[], Any]:
    return by(office.officer2, publishing.change_level, grant, "NONE", reason="a threat")


def test_a_file_waits_for_a_grant_that_is_being_shown_less_and_is_not_issued(office, published):
    grant, file = published

    meet(lower(office, grant), lambda: publishing.make(str(file.pk)))

    file.refresh_from_db()
    content = b"".join(publishing.pieces_of(file) or ())
    assert (file.state, [one["code"] for one in file.problems]) == ("DRAFT", ["moved"])
    assert grant.ref.encode() not in content


def test_a_grant_is_shown_less_once_the_file_that_shows_it_is_issued(office, published):
    grant, file = published

    meet(lambda: publishing.make(str(file.pk)), lower(office, grant))

    file.refresh_from_db()
    assert (file.state, file.number) == ("ISSUED", 1)
    assert Grant.objects.get().publish_level == "NONE"
