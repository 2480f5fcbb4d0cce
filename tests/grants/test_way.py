"""A grant from its draft to its closeout, each step under the database role of who takes it."""

from io import StringIO
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import Error, connection, transaction
from django.urls import reverse

from ceasefire import periods
from ceasefire.database.roles import as_owner
from ceasefire.database.session import acting
from ceasefire.people.roles import Role
from grants.exceptions import DutiesKeptApart
from grants.models import FundFigure, Grant, LedgerEntry, Officer, StateStep, Transition
from grants.services import figures, machine, verification
from tests.grants import office as world

pytestmark = pytest.mark.django_db


def test_a_grant_goes_the_whole_way_and_the_ledger_holds(office, grant_in):
    grant = grant_in("CLOSED", tranches=[1000, 2000])

    assert list(grant.transitions.order_by("id").values_list("to_state", flat=True)) == [
        "DRAFT",
        "SUBMITTED",
        "VETTING",
        "PENDING_APPROVAL",
        "APPROVED",
        "AWARDED",
        "ACTIVE",
        "ACTIVE",
        "COMPLETED",
        "CLOSING",
        "CLOSED",
    ]
    assert grant.net_obligated_usd == grant.net_disbursed_usd == grant.expensed_usd == 3000
    assert grant.closed_on is not None
    out = StringIO()
    call_command("verify_ledger", stdout=out)
    assert out.getvalue().startswith("6 postings, head ")
    assert verification.ledger_totals()["DISBURSE"] == 3000


def test_an_office_of_four_runs_a_grant_from_the_proposal_to_the_closeout(make_user, client):
    """One asks, one approves, one pays, one does all the rest; the second person is the payer."""
    desk_duties = ["reviewer", "vetting", "officer", "certifier", "monitor", "closeout"]
    four = {
        name: make_user(Role.REO_STAFF, username=f"reo.{name}", duties=duties)
        for name, duties in {
            "requester": ["requester"],
            "approver": ["approver"],
            "desk": desk_duties,
            "payer": ["payer"],
        }.items()
    }
    office = SimpleNamespace(**four, approver2=four["approver"])
    for duty in desk_duties:
        setattr(office, duty, four["desk"])
    # What the desk enters for the fund, its rules and its lists, the payer confirms.
    fund = world.open_fund(SimpleNamespace(**{**vars(office), "certifier": office.payer}))
    assert Officer.objects.exclude(duties=[]).count() == 4

    grant = world.move(office, world.draft(office, fund, 3000), "CLOSED", tranches=[1000, 2000])

    assert grant.state == "CLOSED"
    assert grant.net_disbursed_usd == grant.expensed_usd == 3000
    acted = {one.pk for one in four.values()}
    assert set(Transition.objects.values_list("actor", flat=True)) == acted
    assert verification.verify().whole
    _figure_of_four(office, fund, client)


def _figure_of_four(office, fund, client):
    """The desk, the only certifier, enters a figure of the SF-425; the payer or approver is the
    second person, as the page says, and nobody is the desk's own second."""
    with acting(office.desk):
        entered = [
            figures.enter(
                fund,
                kind="receipt",
                amount_usd=3000,
                on=periods.today(),
                reference=reference,
                by=office.desk,
            )
            for reference in ("LOC 1", "LOC 2")
        ]
        with pytest.raises(DutiesKeptApart):
            figures.confirm(entered[0], by=office.desk)
    with (
        pytest.raises(Error),
        transaction.atomic(),
        acting(office.requester),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "UPDATE grants_fundfigure SET confirmed_at = now(), confirmed_by_id = %s",
            [office.requester.pk],
        )
    client.force_login(office.payer)
    page = reverse("grants:worksheet")
    waits = client.get(page).content.decode().split("Waits for one of:")[1].split("</td>")[0]
    assert office.payer.code_name in waits
    assert office.approver.code_name in waits
    assert office.desk.code_name not in waits
    client.post(reverse("grants:figure_confirm", args=[entered[0].pk]))
    with acting(office.approver):
        figures.confirm(entered[1], by=office.approver)
    kept = set(FundFigure.objects.values_list("confirmed_by", flat=True))
    assert kept == {office.payer.pk, office.approver.pk}


def test_the_table_of_steps_is_the_machines():
    kept = {
        (one.number, one.from_state, one.to_state, tuple(one.roles), one.renews, one.needs_reason)
        for one in StateStep.objects.all()
    }

    assert kept == {tuple(one) for one in machine.STEPS}
    assert {one.number for one in machine.STEPS} == set(range(1, 20))


@pytest.mark.parametrize("state", world.WAY)
def test_every_state_says_what_is_missing_and_whom_it_waits_for(office, grant_in, state):
    grant = grant_in(state)

    with acting(office.viewer):
        step = machine.missing_for(Grant.objects.get(pk=grant.pk))

    if state == "CLOSED":
        assert step is None
        return
    assert step.officers, step
    assert step.since == grant.state_since
    assert (grant.state, step.to_state) in {(one.from_state, one.to_state) for one in machine.STEPS}
    for one in step.missing:
        assert one.words != one.code


def test_the_first_payment_starts_the_clock_of_nothing_but_the_state(office, grant_in):
    grant = grant_in("ACTIVE", tranches=[1000, 2000])
    last = Transition.objects.filter(grant=grant).order_by("id").last()

    assert (last.from_state, last.to_state) == ("ACTIVE", "ACTIVE")
    assert grant.state_since < last.at


def test_a_changed_posting_is_found(office, grant_in):
    grant_in("CLOSED")
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE grants_ledgerentry DISABLE TRIGGER USER")
        cursor.execute("UPDATE grants_ledgerentry SET reason = 'x' WHERE seq = 2")
        cursor.execute("ALTER TABLE grants_ledgerentry ENABLE TRIGGER USER")
    out = StringIO()

    with pytest.raises(CommandError, match="Posting 2: changed"):
        call_command("verify_ledger", stdout=out)

    assert out.getvalue().splitlines()[0] == "2"


def test_a_drifted_sum_is_found(office, grant_in):
    grant = grant_in("AWARDED")
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("UPDATE grants_grant SET obligated_usd = 2999")
    out = StringIO()

    with pytest.raises(CommandError, match="do not hold"):
        call_command("verify_ledger", stdout=out)

    assert f"grant.obligated_usd {grant.ref}: 3000.00 / 2999.00" in out.getvalue()


def test_a_cut_tail_is_found_with_a_copy_of_the_head(office, grant_in, tmp_path):
    grant_in("AWARDED")
    head = tmp_path / "head.json"
    head.write_text('{"seq": 9, "hash": "00"}')
    assert LedgerEntry.objects.count() == 2

    with pytest.raises(CommandError, match="cut off"):
        call_command("verify_ledger", head=str(head), stdout=StringIO())


def test_a_file_that_is_no_head_is_a_wrong_argument(tmp_path):
    with pytest.raises(CommandError) as refused:
        call_command("verify_ledger", head=str(tmp_path / "none"))

    assert refused.value.returncode == 2
