"""What comes back and what is refused: rounds, two officers, offers, papers, and the way back."""

from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.migrations import RunSQL
from django.db.migrations.loader import MigrationLoader

from ceasefire.database import roles as database_roles
from ceasefire.database.operations import Access
from ceasefire.database.session import acting
from grants.exceptions import (
    BadAmount,
    DutiesKeptApart,
    NotAllowedFromHere,
    NotForThisPerson,
    ReasonMissing,
    StepIsMissingSomething,
    WrongDocument,
)
from grants.models import Decision, Grant, Organisation
from grants.services import completeness, documents, ledger, machine, proposals, verification
from tests.bench.upkeep import standing
from tests.grants import office as world

by_pairs = pytest.mark.parametrize(
    ("first", "second"), [("vetting", "payer"), ("payer", "vetting")], ids=["vetting", "other"]
)


@by_pairs
@pytest.mark.django_db
def test_two_officers_reject_at_vetting_one_of_them_of_vetting(office, grant_in, first, second):
    grant = grant_in("VETTING")

    for name, state in ((first, "VETTING"), (second, "REJECTED")):
        who = getattr(office, name)
        with acting(who), pytest.raises(ReasonMissing):
            machine.reject_at_vetting(grant, reason=" ", by=who)
        with acting(who):
            grant = machine.reject_at_vetting(grant, reason="not this group", by=who)
        assert grant.state == state

    assert Decision.objects.filter(step="vetting", verdict="NO").count() == 2


@pytest.mark.django_db
def test_two_officers_without_the_vetting_officer_reject_nothing(office, grant_in):
    grant = grant_in("VETTING")
    for who in (office.payer, office.certifier):
        with acting(who):
            grant = machine.reject_at_vetting(grant, reason="why", by=who)
    with acting(office.requester), pytest.raises(NotForThisPerson):
        machine.reject_at_vetting(grant, reason="why", by=office.requester)

    assert grant.state == "VETTING"


@pytest.mark.django_db
def test_a_grant_that_comes_again_is_reviewed_vetted_and_approved_anew(office, grant_in):
    grant = grant_in("PENDING_APPROVAL")
    with acting(office.approver):
        grant = machine.send_back(grant, reason="cheaper", by=office.approver)
    assert (grant.state, grant.round) == ("RETURNED", 1)
    with acting(office.requester):
        proposals.set_budget(
            grant, [proposals.Line("Less", Decimal(1), Decimal(2500))], by=office.requester
        )
        proposals.edit(grant, requested_usd=2500, by=office.requester)
        grant = machine.submit(Grant.objects.get(), by=office.requester)
    assert (grant.state, grant.round) == ("SUBMITTED", 2)

    # Whoever spoke in the first round may speak again; what was said then does not count.
    with acting(office.vetting), pytest.raises(NotAllowedFromHere):
        machine.clear(Grant.objects.get(), valid_to=None, by=office.vetting)
    grant = world.move(office, grant, "APPROVED")

    rounds = Decision.objects.order_by("id").values_list("round", "step", "verdict")
    assert list(rounds) == [
        (1, "review", "YES"),
        (1, "vetting", "YES"),
        (1, "approval", "RETURN"),
        (2, "review", "YES"),
        (2, "vetting", "YES"),
        (2, "approval", "YES"),
    ]
    assert grant.approved_usd == 2500


@pytest.mark.django_db
def test_a_reviewer_returns_and_then_may_not_approve(office, grant_in):
    grant = grant_in("SUBMITTED")
    with acting(office.reviewer):
        grant = machine.give_back(grant, reason="no plan", by=office.reviewer)
    with acting(office.requester):
        machine.submit(grant, by=office.requester)
    grant = world.move(office, grant, "PENDING_APPROVAL")
    office.reviewer.duties = ["reviewer", "approver"]
    office.reviewer.save(update_fields=["duties"])

    with acting(office.reviewer), pytest.raises(DutiesKeptApart):
        machine.approve(grant, by=office.reviewer)


def _offers(office: Any, grant: Grant, number: int, chosen: int = 0) -> None:
    """So many offers of 1,000, 1,100 …; one of them chosen."""
    for place in range(number):
        vendor = world.organisation(office, f"Vendor {place}")
        with acting(office.requester):
            proposals.add_quote(
                grant,
                vendor=Organisation.objects.get(pk=vendor.pk),
                amount_usd=1000 + 100 * place,
                quoted_on=world.BEGAN,
                chosen=place == chosen,
                reason="better guarantee" if chosen else "",
                by=office.requester,
            )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asks", "offers", "paper", "lacks"),
    [
        # In this office a micro-purchase goes up to 200,000.
        (200_000, 0, "", {"quotes"}),
        (200_000, 1, "", set()),
        ("200000.01", 2, "comparison", {"quotes"}),
        ("200000.01", 3, "", {"comparison"}),
        ("200000.01", 3, "comparison", set()),
        ("200000.01", 1, "sole_source", set()),
        ("200000.01", 0, "sole_source", {"quotes"}),
    ],
)
def test_offers_by_the_rule(office, fund, asks, offers, paper, lacks):
    grant = world.draft(office, fund, asks, award_type="GRANT_IN_KIND")
    _offers(office, grant, offers)
    with acting(office.requester):
        if paper:
            world.paper(grant, paper, office.requester)
        if not lacks:
            assert machine.submit(grant, by=office.requester).state == "SUBMITTED"
            return
        with pytest.raises(StepIsMissingSomething) as refused:
            machine.submit(grant, by=office.requester)

    assert {one.code for one in refused.value.missing} == lacks


@pytest.mark.django_db
def test_a_dearer_offer_is_chosen_for_a_reason_and_one_at_a_time(office, fund):
    grant = world.draft(office, fund, 3000, award_type="GRANT_IN_KIND")
    _offers(office, grant, 2)
    dearer = world.organisation(office, "Dearer")
    with acting(office.requester), pytest.raises(ReasonMissing):
        proposals.add_quote(
            grant,
            vendor=dearer,
            amount_usd=3000,
            quoted_on=world.BEGAN,
            chosen=True,
            by=office.requester,
        )
    with acting(office.requester):
        proposals.add_quote(
            grant,
            vendor=dearer,
            amount_usd=3000,
            quoted_on=world.BEGAN,
            chosen=True,
            reason="delivers at once",
            by=office.requester,
        )

    assert grant.quotes.get(chosen=True).vendor == dearer


@pytest.mark.django_db
@pytest.mark.parametrize("before", ["AWARDED", "SUSPENDED"])
def test_an_award_that_ends_early_is_recovered_and_closed(office, grant_in, before):
    grant = grant_in("AWARDED", tranches=[1000, 2000])
    first, owed = grant.tranches.get(number=1), 0
    if before == "SUSPENDED":
        world.pay(office, first, 1000)
        world.account(office, first, 400)
        owed = 600
        with acting(office.vetting):
            machine.suspend(grant, reason="a hit", by=office.vetting)
    with acting(office.approver2):
        if owed:
            with pytest.raises(BadAmount):
                machine.terminate(grant, reason="over", recovery_usd=1001, by=office.approver2)
        grant = machine.terminate(grant, reason="over", recovery_usd=owed, by=office.approver2)
    assert grant.state == "TERMINATED"
    with acting(office.officer):
        grant = machine.start_closing(grant, by=office.officer)
    with acting(office.closeout), pytest.raises(StepIsMissingSomething) as refused:
        machine.close(grant, by=office.closeout)
    lacks = {one.code for one in refused.value.missing}
    assert lacks >= {"document", "unliquidated"} | ({"unaccounted"} if owed else set())
    with acting(office.closeout):
        if owed:
            ledger.refund(grant, amount=owed, reason="came back", by=office.closeout)
        for kind in completeness.missing_types(grant):
            world.paper(grant, kind, office.closeout)

    grant = world.onward(office, grant)

    assert grant.state == "CLOSED"
    steps = list(grant.transitions.order_by("id").values_list("from_state", "to_state"))
    assert steps[-3:] == [
        (before, "TERMINATED"), ("TERMINATED", "CLOSING"), ("CLOSING", "CLOSED")
    ]  # fmt: skip
    assert grant.net_obligated_usd == grant.net_disbursed_usd == (400 if owed else 0)
    assert grant.unliquidated_usd == grant.unaccounted_usd == 0
    ended = grant.decisions.get(step="termination")
    assert (ended.amount_usd, ended.actor_id) == (owed, office.approver2.pk)
    assert verification.verify().whole


@pytest.mark.django_db
def test_a_superseded_paper_stays_and_no_longer_counts(office, grant_in):
    grant = grant_in("DRAFT")
    first = grant.documents.get(type="budget")

    def file(kind: str, of: Grant, superseded: Any, digest: str) -> Any:
        with acting(office.requester), transaction.atomic():
            return documents.file_document(
                of,
                type=kind,
                sha256=digest * 64,
                size=5,
                mime="application/pdf",
                language="en",
                supersedes=superseded,
                by=office.requester,
            )

    with pytest.raises(WrongDocument):
        file("proposal", grant, first, "a")
    with pytest.raises(WrongDocument):
        file("budget", grant_in("DRAFT"), first, "a")
    before = documents.set_hash(grant)
    newer = file("budget", grant, first, "b")
    # One paper has one successor.
    with pytest.raises(WrongDocument):
        file("budget", grant, first, "c")

    standing_now = grant.documents.filter(type="budget").standing()
    assert [one.pk for one in standing_now] == [newer.pk]
    assert grant.documents.filter(type="budget").count() == 2
    assert documents.set_hash(grant) != before


@pytest.mark.django_db
def test_the_guards_go_back_and_come_again() -> None:
    """Down to the bare tables and up again, as their owner: all that stood stands."""
    loader = MigrationLoader(connection)
    assert len(loader.graph.leaf_nodes("grants")) == 1
    names = [name for app, name in loader.graph.forwards_plan(loader.graph.leaf_nodes("grants")[0])
             if app == "grants"]  # fmt: skip
    guards = [
        one
        for name in names
        for one in loader.get_migration("grants", name).operations
        if isinstance(one, RunSQL | Access)
    ]
    assert len(guards) > 5
    with database_roles.as_owner(connection), connection.cursor() as cursor:
        before = _all_that_stands(cursor)
        # What a grant lacks was a view before it was a table: the table waits under another name.
        cursor.execute("ALTER TABLE grants_paperneed RENAME TO paperneed_for_later")
        for one in reversed(guards):
            # Where this says nothing, the guards go with their tables or functions.
            if isinstance(one, RunSQL) and one.reverse_sql:
                cursor.execute(one.reverse_sql)
        cursor.execute("SELECT count(*) FROM pg_proc WHERE proname LIKE 'grants\\_%'")
        assert cursor.fetchone()[0] == 0
        with connection.schema_editor(atomic=False) as editor:
            for one in guards:
                if isinstance(one, Access):
                    one.database_forwards("grants", editor, None, None)
                else:
                    cursor.execute(one.sql)
                    if "DROP VIEW IF EXISTS public.grants_paperneed" in one.sql:
                        cursor.execute("ALTER TABLE paperneed_for_later RENAME TO grants_paperneed")
        import_module("grants.migrations.0002_guards").load_steps(apps, None)
        after = _all_that_stands(cursor)

    for was, there_is in zip(before, after, strict=True):
        assert was == there_is


def _all_that_stands(cursor: Any) -> tuple[Any, ...]:
    """Constraints, indexes, triggers; functions; rights; the table of steps."""
    found = sorted(standing(cursor))
    cursor.execute(
        """
        SELECT proname, pg_get_functiondef(oid), proacl::text FROM pg_proc
         WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'grants\\_%'
         ORDER BY 1, 2
        """
    )
    functions = cursor.fetchall()
    cursor.execute(
        "SELECT relname, relacl::text FROM pg_class WHERE relname LIKE 'grants\\_%' ORDER BY 1"
    )
    rights = cursor.fetchall()
    cursor.execute(
        "SELECT number, from_state, to_state, roles FROM grants_statestep ORDER BY 1, 2, 3"
    )
    return found, functions, rights, cursor.fetchall()
