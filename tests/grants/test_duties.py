"""Each pair of duties kept apart in one grant: refused by the verb and by the rows.

One person is given every duty, so that nothing but the separation itself can refuse them. Raw SQL
is tried under the application's role and under REO's.
"""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import Error, connection, transaction
from django.db.models import ProtectedError

from ceasefire import periods
from ceasefire.database.roles import as_owner
from ceasefire.database.session import acting
from ceasefire.people.roles import Duty, Role
from grants.exceptions import DutiesKeptApart, NotAllowedFromHere, NotForThisPerson
from grants.models import (
    Amendment,
    Decision,
    Fund,
    Grant,
    LedgerEntry,
    Officer,
    PaymentLook,
    PaymentRequest,
    Transition,
)
from grants.services import amendments, funds, ledger, machine, payments
from tests.conftest import maker_of_users
from tests.grants import office as world

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def stage(django_db_setup: None, django_db_blocker: Any) -> Iterator[SimpleNamespace]:
    """An office with a grant in each state, made once; each test plays in a savepoint above."""
    with django_db_blocker.unblock():
        everything = transaction.atomic()
        everything.__enter__()
        try:
            office = world.people(maker_of_users())
            fund = world.open_fund(office)
            states = [state for state in world.WAY if state != "COMPLETED"]
            grants = {
                state: world.move(office, world.draft(office, fund), state) for state in states
            }
            yield SimpleNamespace(office=office, fund=fund, grants=grants)
        finally:
            transaction.set_rollback(True)
            everything.__exit__(None, None, None)


@pytest.fixture
def office(stage: SimpleNamespace, db: None) -> SimpleNamespace:
    """The people, as they stand in the rows: what a test changes of them is its own."""
    return copy.deepcopy(stage.office)


@pytest.fixture
def fund(stage: SimpleNamespace, db: None) -> Fund:
    return Fund.objects.get(pk=stage.fund.pk)


@pytest.fixture
def grant_in(stage: SimpleNamespace, db: None) -> Callable[[str], Grant]:
    """A grant of 3,000 dollars in a state of the straight way."""
    return lambda state: Grant.objects.get(pk=stage.grants[state].pk)


@pytest.fixture
def all_duties(office: Any, make_user: Callable[..., Any]) -> Any:
    """Lets somebody of the office hold every duty from now on."""

    def give(person: Any) -> Any:
        person.duties = [duty.value for duty in Duty]
        person.save(update_fields=["duties"])
        return person

    return give


@contextmanager
def role_of(person: Any, role: str) -> Any:
    """Their own session (REO's role), or the application's role without anybody."""
    if role == "reo":
        with acting(person):
            yield
    else:
        with transaction.atomic():
            yield


def decide(grant: Grant, who: Any, step: str, role: str, verdict: str = "YES") -> None:
    """A decision straight into the table, with every list of people forged to be empty."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO grants_decision
              (grant_id, round, step, role, actor_id, verdict, amount_usd, authority, reason,
               conditions, subjects, at, requesters, reviewers, approvers, awarders, certifiers,
               payers, valid_to, rule_id)
            VALUES (%s, 1, %s, %s, %s, %s, %s, '', 'why', '', '{}', clock_timestamp(), '{}', '{}',
                    '{}', '{}', '{}', '{}', current_date + 9,
                    (SELECT id FROM grants_authorityrule
                      WHERE award_type = 'GRANT_CASH' AND role = 'OFFICER'))
            """,
            [grant.pk, step, role, who.pk, verdict, grant.requested_usd],
        )


def seat(office: Any, who: Any, fund: Any) -> None:
    """A seat on the lowest level, so that it is not the seat that is missing."""
    with acting(office.officer):
        made = funds.propose_seat(
            fund,
            who=Officer.objects.get(pk=who.pk),
            role="OFFICER",
            valid_from=world.BEGAN,
            by=office.officer,
        )
    with acting(office.closeout):
        funds.confirm_seat(made, by=office.closeout)


#: (state, who had the other part, the duty they now try, the verb, the raw decision)
DECISIONS: dict[str, tuple[str, str, Callable[..., Any], tuple[str, str]]] = {
    "requester reviews": (
        "SUBMITTED", "requester", lambda g, by: machine.review(g, risk="low", by=by),
        ("review", "reviewer"),
    ),
    "requester vets": (
        "VETTING", "requester", lambda g, by: machine.clear(g, by=by), ("vetting", "vetting"),
    ),
    "requester approves": (
        "PENDING_APPROVAL", "requester", lambda g, by: machine.approve(g, by=by),
        ("approval", "approver"),
    ),
    "reviewer approves": (
        "PENDING_APPROVAL", "reviewer", lambda g, by: machine.approve(g, by=by),
        ("approval", "approver"),
    ),
    "requester awards": (
        "APPROVED", "requester", lambda g, by: machine.award(g, by=by), ("award", "officer"),
    ),
    "approver awards": (
        "APPROVED", "approver", lambda g, by: machine.award(g, by=by), ("award", "officer"),
    ),
    "officer terminates what they awarded": (
        "AWARDED", "officer", lambda g, by: machine.terminate(g, reason="why", by=by),
        ("termination", "approver"),
    ),
    "certifier terminates": (
        "ACTIVE", "certifier", lambda g, by: machine.terminate(g, reason="why", by=by),
        ("termination", "approver"),
    ),
    "payer terminates": (
        "ACTIVE", "payer", lambda g, by: machine.terminate(g, reason="why", by=by),
        ("termination", "approver"),
    ),
    "requester completes": (
        "ACTIVE", "requester",
        lambda g, by: machine.complete(g, actual_end=g.awarded_on, by=by),
        ("completion", "monitor"),
    ),
    "requester closes": (
        "CLOSING", "requester", lambda g, by: machine.close(g, by=by), ("closeout", "closeout"),
    ),
    "payer closes": (
        "CLOSING", "payer", lambda g, by: machine.close(g, by=by), ("closeout", "closeout"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("pair", sorted(DECISIONS))
def test_a_verb_refuses_who_had_the_other_part(office, fund, grant_in, all_duties, pair):
    state, part, verb, _raw = DECISIONS[pair]
    grant = grant_in(state)
    person = all_duties(getattr(office, part))
    before = Decision.objects.count()

    with pytest.raises(DutiesKeptApart), acting(person):
        verb(grant, person)

    assert Decision.objects.count() == before
    assert Grant.objects.get(pk=grant.pk).state == state


@pytest.mark.parametrize("role", ["reo", "app"])
@pytest.mark.parametrize("pair", sorted(DECISIONS))
def test_the_rows_refuse_who_had_the_other_part(office, fund, grant_in, all_duties, pair, role):
    state, part, _verb, (step, duty) = DECISIONS[pair]
    grant = grant_in(state)
    person = all_duties(getattr(office, part))
    if step == "approval":
        seat(office, person, fund)
    if step == "vetting":
        world.screen(office, grant)

    with pytest.raises(Error, match="violates check constraint|who_"), role_of(person, role):
        decide(grant, person, step, duty)


@pytest.mark.parametrize("role", ["reo", "app"])
def test_the_raw_decision_is_right_but_for_the_person(office, fund, grant_in, role):
    """What the test before tries goes through for somebody without another part."""
    grant = grant_in("PENDING_APPROVAL")

    with role_of(office.approver, role):
        decide(grant, office.approver, "approval", "approver")

    made = Decision.objects.get(grant=grant, step="approval")
    # Forged lists were thrown away, and the rule was copied in.
    assert made.requesters == [office.requester.pk]
    assert made.reviewers == [office.reviewer.pk]
    assert (made.limit_usd, made.quorum) == (5000, 1)


# --- payments -----------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["requester", "approver"])
def test_who_asked_or_approved_does_not_certify(office, grant_in, all_duties, part):
    payment = world.ask(office, grant_in("AWARDED").tranches.get(), 100)
    person = all_duties(getattr(office, part))

    with pytest.raises(DutiesKeptApart), acting(person):
        payments.certify(payment, by=person)


@pytest.mark.parametrize("part", ["requester", "approver", "certifier"])
def test_who_asked_approved_or_certified_does_not_pay(office, grant_in, all_duties, part):
    payment = world.certified(office, grant_in("AWARDED").tranches.get(), 100)
    person = all_duties(getattr(office, part))
    with acting(person):
        proof = world.paper(payment.grant, "receipt", person)

    with pytest.raises(DutiesKeptApart), acting(person):
        payments.pay(payment, proof=proof, by=person)


@pytest.mark.parametrize("role", ["reo", "app"])
@pytest.mark.parametrize("part", ["requester", "approver"])
def test_the_rows_refuse_a_certifier_who_had_another_part(office, grant_in, all_duties, part, role):
    payment = world.ask(office, grant_in("AWARDED").tranches.get(), 100)
    person = all_duties(getattr(office, part))
    with role_of(office.certifier, role):
        world.match_raw(payment, office.certifier)

    with pytest.raises(Error, match="violates check constraint"), role_of(person, role):
        PaymentRequest.objects.filter(pk=payment.pk).update(
            state="CERTIFIED", certifier_id=person.pk, certified_at="2026-01-01T00:00Z"
        )


@pytest.mark.parametrize("role", ["reo", "app"])
@pytest.mark.parametrize("part", ["requester", "approver", "certifier"])
def test_the_rows_refuse_a_payer_who_had_another_part(office, grant_in, all_duties, part, role):
    payment = world.certified(office, grant_in("AWARDED").tranches.get(), 100)
    person = all_duties(getattr(office, part))
    with acting(person):
        proof = world.paper(payment.grant, "receipt", person)

    with pytest.raises(Error, match="violates check constraint"), role_of(person, role):
        PaymentRequest.objects.filter(pk=payment.pk).update(
            state="PAID",
            payer_id=person.pk,
            paid_at="2026-01-01T00:00Z",
            paid_on="2026-01-01",
            proof_id=proof.pk,
        )


def test_an_approver_of_an_amendment_did_not_certify_or_pay(office, fund, grant_in, all_duties):
    grant = grant_in("ACTIVE")
    with acting(office.requester):
        made = amendments.open_amendment(grant, new_usd=3500, reason="more", by=office.requester)
    with acting(office.vetting):
        made = amendments.vet_amendment(made, by=office.vetting)

    for part in ("certifier", "payer", "officer", "requester"):
        person = all_duties(getattr(office, part))
        with pytest.raises(DutiesKeptApart), acting(person):
            amendments.approve_amendment(made, by=person)


def test_every_pair_that_is_kept_apart_is_tried_here():
    """(the duty, the part that excludes it): a pair that is new in the machine has to come here."""
    parts = {"officer": "awarder"}
    decided = {
        (duty, parts.get(part, part) if duty == "approver" else part)
        for _state, part, _verb, (_step, duty) in DECISIONS.values()
    }
    paid = {
        *(("certifier", part) for part in ("requester", "approver")),
        *(("payer", part) for part in ("requester", "approver", "closer")),
    }
    asked = {("requester", part) for part in ("decided", "certifier", "payer")}

    assert decided | paid | asked | {("reviewer", "approver")} == {
        (duty, part) for duty, parts in machine.EXCLUDES.items() for part in parts
    }


# --- nobody walks round the machine -------------------------------------------------------------


@pytest.mark.parametrize("role", ["reo", "app"])
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE grants_grant SET state = 'CLOSED'",
        "UPDATE grants_grant SET obligated_usd = 0",
        "UPDATE grants_grant SET disbursed_usd = 0",
        "UPDATE grants_grant SET round = 9",
        "UPDATE grants_grant SET awarded_on = '2020-01-01'",
        "UPDATE grants_grant SET requester_id = owner_id",
        "UPDATE grants_fund SET obligated_usd = 0",
        "UPDATE grants_tranche SET paid_usd = 0",
        "UPDATE grants_tranche SET due_on = '2020-01-01'",
        "UPDATE grants_ledgerentry SET amount_usd = 1",
        "UPDATE grants_decision SET verdict = 'NO'",
        "UPDATE grants_transition SET reason = ''",
        "UPDATE grants_document SET sha256 = ''",
        "UPDATE grants_paymentrequest SET amount = 1",
        "UPDATE grants_authorityrule SET max_amount_usd = 1",
        "UPDATE grants_exchangerate SET iqd_per_usd = 1",
        "UPDATE grants_officer SET duties = '{approver}'",
        "UPDATE grants_organisation SET version = 1",
        "UPDATE grants_statestep SET roles = '{payer}'",
        "DELETE FROM grants_grant",
        "DELETE FROM grants_ledgerentry",
        "DELETE FROM grants_decision",
        "DELETE FROM grants_transition",
        "DELETE FROM grants_document",
        "DELETE FROM grants_paymentrequest",
        "DELETE FROM grants_fund",
        "DELETE FROM grants_organisation",
        "TRUNCATE grants_ledgerentry",
    ],
)
def test_no_role_may_write_what_the_database_keeps(office, grant_in, role, sql):
    grant_in("AWARDED")

    with (
        pytest.raises(Error, match="permission denied"),
        role_of(office.payer, role),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE grants_ledgerentry SET amount_usd = 1",
        "DELETE FROM grants_ledgerentry",
        "UPDATE grants_decision SET verdict = 'NO'",
        "DELETE FROM grants_transition",
        "UPDATE grants_document SET title = 'x'",
        "DELETE FROM grants_grant",
        "UPDATE grants_authorityrule SET max_amount_usd = max_amount_usd + 1",
    ],
)
def test_not_even_the_owner_edits_what_was_written_once(office, grant_in, sql):
    grant_in("AWARDED")

    with (
        as_owner(),
        pytest.raises(Error, match="never"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


@pytest.mark.parametrize("role", ["reo", "app"])
@pytest.mark.parametrize(
    ("before", "after", "acts_as", "part"),
    [
        ("DRAFT", "AWARDED", "officer", "officer"),
        ("SUBMITTED", "APPROVED", "approver", "approver"),
        ("PENDING_APPROVAL", "APPROVED", "approver", "approver"),
        ("VETTING", "PENDING_APPROVAL", "vetting", "vetting"),
        ("VETTING", "REJECTED", "vetting", "vetting"),
        ("APPROVED", "AWARDED", "officer", "officer"),
        ("ACTIVE", "TERMINATED", "approver", "approver"),
        ("ACTIVE", "SUSPENDED", "requester", "requester"),
        ("ACTIVE", "CLOSED", "closeout", "closeout"),
        ("CLOSED", "REOPENED", "approver", "approver"),
    ],
)
def test_a_raw_step_without_what_it_needs_is_refused(
    office, grant_in, role, before, after, acts_as, part
):
    grant = grant_in(before)
    person = getattr(office, part)

    with pytest.raises(Error), role_of(person, role):
        Transition.objects.create(
            grant=grant,
            from_state=before,
            to_state=after,
            role=acts_as,
            actor_id=person.pk,
            reason="why",
            documents_hash="",
            round=1,
        )

    assert Grant.objects.get(pk=grant.pk).state == before


def test_nobody_decides_in_the_name_of_another(office, grant_in):
    grant = grant_in("PENDING_APPROVAL")

    with pytest.raises(Error, match="in the name of somebody else"), acting(office.payer):
        decide(grant, office.approver, "approval", "approver")


def test_nobody_acts_without_the_duty(office, grant_in):
    grant = grant_in("PENDING_APPROVAL")

    for person in (office.payer, office.viewer, office.auditor):
        with pytest.raises(NotForThisPerson), acting(person):
            machine.approve(grant, by=person)
    with pytest.raises(Error, match="does not hold the duty"), acting(office.payer):
        decide(grant, office.payer, "approval", "approver")


def test_a_duty_that_was_taken_away_counts_at_once(office, grant_in):
    grant = grant_in("PENDING_APPROVAL")
    stale = type(office.approver).objects.get(pk=office.approver.pk)
    office.approver.duties = []
    office.approver.save(update_fields=["duties"])

    with pytest.raises(NotForThisPerson), acting(stale):
        machine.approve(grant, by=stale)


@pytest.mark.parametrize("role", ["reo", "app"])
def test_a_raw_payment_that_is_paid_but_not_posted_is_refused_at_the_commit(office, grant_in, role):
    payment = world.certified(office, grant_in("AWARDED").tranches.get(), 100)
    with acting(office.payer):
        proof = world.paper(payment.grant, "receipt", office.payer)

    def pay_without_posting() -> None:
        PaymentRequest.objects.filter(pk=payment.pk).update(
            state="PAID",
            payer_id=office.payer.pk,
            paid_at="2026-01-01T00:00Z",
            paid_on="2026-01-01",
            proof_id=proof.pk,
        )
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(Error, match="what is paid is posted"), role_of(office.payer, role):
        pay_without_posting()


@pytest.mark.parametrize("role", ["reo", "app"])
def test_a_raw_posting_by_who_may_not_is_refused(office, grant_in, role):
    grant = grant_in("AWARDED")

    with (
        pytest.raises(Error, match="may not make this posting"),
        role_of(office.payer, role),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            """
            INSERT INTO grants_ledgerentry (fund_id, grant_id, kind, amount, currency, rate_source,
                                            amount_usd, effective_on, actor_id, reason)
            VALUES (%s, %s, 'DEOBLIGATE', 5, 'USD', '', 5, public.grants_day(now()), %s,
                    'why')
            """,
            [grant.fund_id, grant.pk, office.payer.pk],
        )
    assert LedgerEntry.objects.filter(grant=grant).count() == 2


#: What a requester must not post, on a grant in a state in which somebody else may.
POSTED = {"REFUND": "ACTIVE", "EXPENSE_VERIFIED": "ACTIVE", "DEOBLIGATE": "AWARDED",
          "REVERSAL": "ACTIVE"}  # fmt: skip


def post(grant: Grant, who: Any, kind: str, amount: Any = 5, on: Any = None) -> None:
    """Dollars straight into the ledger; a reversal of the expense that was verified."""
    taken_back = grant.entries.get(kind="EXPENSE_VERIFIED").pk if kind == "REVERSAL" else None
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO grants_ledgerentry (fund_id, grant_id, kind, amount, currency, rate_source,
                                            amount_usd, effective_on, actor_id, reverses_id, reason)
            VALUES (%s, %s, %s, %s, 'USD', '', %s, coalesce(%s, public.grants_day(now())), %s, %s,
                    'why')
            """,
            [grant.fund_id, grant.pk, kind, amount, amount, on, who.pk, taken_back],
        )


@pytest.mark.parametrize("role", ["reo", "app"])
@pytest.mark.parametrize("kind", POSTED)
def test_the_rows_refuse_a_posting_of_the_requester_and_of_nobody_else(
    office, grant_in, all_duties, kind, role
):
    grant = grant_in(POSTED[kind])
    asked, other = all_duties(office.requester), all_duties(office.monitor)
    if kind == "EXPENSE_VERIFIED":
        # All that was paid is verified; taken back, so much may be verified anew.
        with acting(other):
            post(grant, other, "REVERSAL")
    before = LedgerEntry.objects.count()

    with pytest.raises(Error, match="may not make this posting"), role_of(asked, role):
        post(grant, asked, kind)
    assert LedgerEntry.objects.count() == before
    with role_of(other, role):
        post(grant, other, kind)
    assert LedgerEntry.objects.count() == before + 1


def test_who_posted_does_not_take_it_back_by_hand(office, grant_in, all_duties):
    grant, person = grant_in("ACTIVE"), all_duties(office.certifier)

    with pytest.raises(Error, match="who posted does not reverse"), acting(person):
        post(grant, person, "REVERSAL")


# --- the suspension, and the closeout -------------------------------------------------------------


def lift(grant: Grant, who: Any, acts_as: str = "officer") -> None:
    """The step by which a suspension is lifted, straight into the table."""
    Transition.objects.create(
        grant=grant,
        from_state="SUSPENDED",
        to_state="ACTIVE",
        role=acts_as,
        actor_id=who.pk,
        reason="why",
        documents_hash="",
        round=1,
    )


@pytest.mark.parametrize("role", ["reo", "app"])
def test_a_suspension_is_not_lifted_by_hand_by_who_must_not(office, grant_in, all_duties, role):
    grant = grant_in("ACTIVE")
    with acting(office.auditor):
        grant = machine.suspend(grant, reason="ghosts", by=office.auditor)
    with acting(office.officer2):
        world.paper(grant, "memo", office.officer2)

    def refused(why: str, who: Any, acts_as: str = "officer") -> None:
        with pytest.raises(Error, match=why), role_of(who, role):
            lift(grant, who, acts_as)
        assert Grant.objects.get(pk=grant.pk).state == "SUSPENDED"

    # Nobody but a grants officer, and not by calling oneself one.
    for part in ("requester", "payer", "certifier", "monitor", "vetting", "closeout", "approver"):
        refused("no such step", getattr(office, part), part)
        refused("does not hold the duty", getattr(office, part))
    refused("no such step|permission denied|row-level", office.auditor, "auditor")
    refused("an officer and an approver", office.officer)
    # One of the two alone, also with every duty: a word of one person counts once.
    alone = all_duties(office.officer2)
    with role_of(alone, role):
        decide(grant, alone, "reinstatement", "officer")
    with pytest.raises(Error, match="one_live_decision"), role_of(alone, role):
        decide(grant, alone, "reinstatement", "approver")
    refused("an officer and an approver", alone)
    asked = all_duties(office.requester)
    with pytest.raises(Error, match="who_asks_decides_nothing"), role_of(asked, role):
        decide(grant, asked, "reinstatement", "approver")
    refused("who asks does not move", asked)
    for part in ("certifier", "payer", "reviewer"):
        had = all_duties(getattr(office, part))
        with pytest.raises(Error, match="approve"), role_of(had, role):
            decide(grant, had, "reinstatement", "approver")

    # With a second person's word the same step is taken.
    with role_of(office.approver2, role):
        decide(grant, office.approver2, "reinstatement", "approver")
    with role_of(alone, role):
        lift(grant, alone)
    assert Grant.objects.get(pk=grant.pk).state == "ACTIVE"


@pytest.mark.parametrize("role", ["reo", "app"])
def test_who_closed_does_not_pay_when_it_is_open_again(office, grant_in, all_duties, role):
    grant = grant_in("CLOSED")
    finding = world.found(office, grant)
    with acting(office.auditor):
        machine.ask_reopening(grant, finding=finding, reason="a finding", by=office.auditor)
    with acting(office.approver2):
        grant = machine.reopen(grant, reason="a finding", by=office.approver2)
    closer, now = all_duties(office.closeout), periods.now()
    # The verbs ask for no payment any more; a row of one is made by hand.
    with pytest.raises(NotAllowedFromHere):
        world.ask(office, grant.tranches.get(), 5)
    with role_of(office.officer, role):
        payment = PaymentRequest.objects.create(
            fund_id=grant.fund_id,
            grant=grant,
            tranche=grant.tranches.get(),
            amount=5,
            currency="USD",
            method="EFT",
            voucher_no="by hand",
            payee=grant.grantee,
            invoiced_on=now.date(),
            requested_by_id=office.officer.pk,
        )
    rows = PaymentRequest.objects.filter(pk=payment.pk)
    with role_of(office.certifier, role):
        world.match_raw(payment, office.certifier)
        PaymentLook.objects.create(
            payment=payment,
            step="certify",
            kinds=["line"],
            reason="used up",
            by_id=office.certifier.pk,
        )
        rows.update(state="CERTIFIED", certifier_id=office.certifier.pk, certified_at=now)
    with acting(closer):
        proof = world.paper(grant, "receipt", closer)
        with pytest.raises(NotAllowedFromHere):
            payments.pay(payment, proof=proof, by=closer)

    def pay(who: Any) -> None:
        rows.update(
            state="PAID", payer_id=who.pk, paid_at=now, paid_on=now.date(), proof_id=proof.pk
        )

    def pay_and_post(who: Any) -> None:
        pay(who)
        facts = [grant.fund_id, grant.pk, payment.tranche_id, payment.pk, now.date(), who.pk]
        with connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO grants_ledgerentry
                  (fund_id, grant_id, tranche_id, payment_id, kind, amount, currency, rate_source,
                   amount_usd, effective_on, actor_id, reason)
                VALUES (%s, %s, %s, %s, 'DISBURSE', 5, 'USD', '', 5, %s, %s, '')
                """,
                facts,
            )

    with pytest.raises(Error, match="who closes does not pay"), role_of(closer, role):
        pay(closer)
    assert closer.pk in machine.excluded(grant, "payer")
    # Nor does anybody else: nothing is paid after the closeout began.
    with pytest.raises(Error, match="does not allow this posting"), role_of(office.payer, role):
        pay_and_post(office.payer)


# --- who decided does not ask, who is not of the office does nothing ------------------------------


@pytest.mark.parametrize(
    "part", ["reviewer", "vetting", "approver", "officer", "certifier", "payer"]
)
def test_who_decided_or_paid_asks_for_no_more(office, grant_in, all_duties, part):
    grant, person = grant_in("ACTIVE"), all_duties(getattr(office, part))

    with pytest.raises(DutiesKeptApart), acting(person):
        amendments.open_amendment(grant, new_usd=3500, reason="more", by=person)
    for role in ("reo", "app"):
        with pytest.raises(Error, match="who decided or paid does not ask"), role_of(person, role):
            Amendment.objects.create(
                grant=grant,
                number=1,
                old_usd=grant.approved_usd,
                new_usd=3500,
                reason="more",
                opened_by_id=person.pk,
            )
    assert not grant.amendments.exists()


def test_an_approver_who_sent_it_back_does_not_review_it(office, grant_in, all_duties):
    grant = grant_in("PENDING_APPROVAL")
    with acting(office.approver2):
        grant = machine.send_back(grant, reason="cheaper", by=office.approver2)
    with acting(office.requester):
        grant = machine.submit(grant, by=office.requester)
    person = all_duties(office.approver2)

    with pytest.raises(DutiesKeptApart), acting(person):
        machine.review(grant, risk="low", by=person)
    for role in ("reo", "app"):
        with pytest.raises(Error, match="who_reviews_does_not_approve"), role_of(person, role):
            decide(grant, person, "review", "reviewer")


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.MANAGER])
def test_an_administrator_and_a_manager_move_no_grant_and_no_money(
    office, grant_in, make_user, role
):
    who, grant = make_user(role), grant_in("ACTIVE")

    for verb in (
        lambda: machine.suspend(grant, reason="why", by=who),
        lambda: ledger.refund(grant, amount=1, reason="x", by=who),
        lambda: world.ask(SimpleNamespace(requester=who), grant.tranches.get(), 5),
    ):
        with pytest.raises(NotForThisPerson), acting(who):
            verb()
    # Not in their session, nor with none, nor in the name of an officer.
    for session in ("own", "app"):
        for actor in (who, office.payer):
            if (session, actor) == ("app", office.payer):
                continue
            with (
                pytest.raises(Error),
                acting(who) if session == "own" else transaction.atomic(),
            ):
                post(grant, actor, "REFUND")


def test_a_user_with_a_grant_is_not_deleted(office, grant_in):
    grant_in("DRAFT")
    with pytest.raises(ProtectedError):
        office.requester.delete()


def test_the_mirror_follows_the_user(make_user):
    person = make_user(Role.REO_STAFF, duties=["payer"])
    assert Officer.objects.get(pk=person.pk).duties == ["payer"]
    person.is_active = False
    person.save()
    assert not Officer.objects.get(pk=person.pk).is_active
    person.role, person.duties, person.is_active = Role.REO_VIEWER, [], True
    person.save()
    gone = Officer.objects.get(pk=person.pk)
    assert (gone.duties, gone.is_active) == ([], False)
    assert not Officer.objects.filter(pk=make_user(Role.WORKER).pk).exists()


def test_ledger_verbs_refuse_the_requester_whatever_duties_they_hold(office, grant_in, all_duties):
    grant = grant_in("ACTIVE")
    person = all_duties(office.requester)

    for verb in (
        lambda: ledger.obligate(grant, amount_usd=1, by=person),
        lambda: ledger.deobligate(grant, amount_usd=1, reason="x", by=person),
        lambda: ledger.refund(grant, amount=1, reason="x", by=person),
        lambda: ledger.verify_expense(grant, amount=1, by=person),
        lambda: ledger.reverse(grant.entries.get(kind="DISBURSE"), reason="x", by=person),
    ):
        with pytest.raises(DutiesKeptApart), acting(person):
            verb()
