"""Handing over when an officer leaves; nothing is orphaned and nobody with history is deleted."""

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from ceasefire import periods
from ceasefire.audit.models import AuditEvent
from ceasefire.database.roles import as_owner
from ceasefire.database.session import acting
from ceasefire.people.roles import Role
from ceasefire.worklist.models import Notification
from grants.exceptions import NobodyToTakeIt, NotForThisPerson, ReasonMissing
from grants.models import Grant, Handover, Officer
from grants.services import handover, machine, monitoring, waiting
from grants.tasks.monitoring import watch
from tests.grants import office as world
from tests.incidents.test_two_connections import meet


def officer(person: Any) -> Officer:
    return Officer.objects.get(pk=person.pk)


def give(office: Any, grant: Grant, to: Any, by: Any = None) -> Grant:
    by = by or office.officer
    with acting(by):
        return handover.hand_over(grant, to=officer(to), reason="leaves", by=by)


@pytest.mark.django_db
def test_another_sees_to_a_grant_and_the_requester_stays_who_asked(office, grant_in):
    grant = give(office, grant_in("DRAFT"), office.requester2)

    grant.refresh_from_db()
    assert grant.owner_id == office.requester2.pk
    assert grant.requester_id == office.requester.pk
    row = Handover.objects.get()
    assert (row.from_officer_id, row.to_officer_id) == (office.requester.pk, office.requester2.pk)
    event = AuditEvent.objects.get(verb="grant.handed_over")
    assert event.reason == "leaves"


@pytest.mark.django_db
def test_who_had_another_part_or_lacks_the_duty_does_not_get_a_grant(office, grant_in, make_user):
    drafted, waiting = grant_in("DRAFT"), grant_in("VETTING")
    reviewed = make_user(Role.REO_STAFF, username="reo.rr", duties=["requester", "reviewer"])
    for person in (office.payer, office.officer):
        with pytest.raises(NobodyToTakeIt):
            give(office, drafted, person)
    # Who reviewed it may not come to ask for it.
    again = grant_in("SUBMITTED")
    with acting(reviewed):
        for kind in ("review_sheet", "risk_sheet"):
            world.paper(again, kind, reviewed)
        machine.review(again, risk="low", by=reviewed)
    with pytest.raises(NobodyToTakeIt):
        give(office, again, reviewed)
    give(office, waiting, reviewed)
    # After the award a grants officer sees to it as well.
    give(office, grant_in("AWARDED"), office.officer2)


@pytest.mark.django_db
def test_it_is_the_owners_or_a_grants_officers_verb_and_has_a_reason(office, grant_in):
    grant = grant_in("DRAFT")
    with pytest.raises(NotForThisPerson):
        give(office, grant, office.requester2, by=office.payer)
    with acting(office.officer), pytest.raises(ReasonMissing):
        handover.hand_over(grant, to=officer(office.requester2), reason=" ", by=office.officer)
    give(office, grant, office.requester2, by=office.requester)


@pytest.mark.django_db
def test_everything_of_an_officer_goes_in_one_go_and_what_cannot_is_named(office, grant_in):
    award, drafted = grant_in("AWARDED"), grant_in("DRAFT")
    with acting(office.monitor):
        found = monitoring.raise_finding(
            award,
            severity="high",
            text="A gap",
            due_on=periods.today(),
            owner=officer(office.requester),
            by=office.monitor,
        )
    with acting(office.officer):
        outcome = handover.hand_over_all(
            officer(office.requester), to=officer(office.officer2), reason="left", by=office.officer
        )
    assert [one.ref for one in outcome.grants] == [award.ref]
    assert [one.ref for one, _why in outcome.stayed] == [drafted.ref]
    found.refresh_from_db()
    assert found.owner_id == office.officer2.pk


@pytest.mark.django_db
def test_an_owner_changes_by_a_handover_and_by_nothing_else(office, grant_in):
    grant = grant_in("AWARDED")
    for statement in (
        f"UPDATE grants_grant SET owner_id = '{office.officer2.pk}' WHERE id = '{grant.pk}'",
        "DELETE FROM grants_handover",
    ):
        with (
            acting(office.officer),
            pytest.raises(DatabaseError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


@pytest.mark.django_db
def test_disabling_an_owner_says_so_and_lists_what_is_left_behind(
    office, grant_in, make_user, client
):
    grant = grant_in("AWARDED")
    keeper = make_user(Role.ADMINISTRATOR)
    make_user(Role.ADMINISTRATOR)
    client.force_login(keeper)
    before = client.get(reverse("people:user_detail", args=[office.requester.username]))
    assert "1 running grant has this owner" in before.content.decode()
    after = client.post(
        reverse("people:user_disable", args=[office.requester.username]), follow=True
    )
    said = after.content.decode()
    assert "1 running grant has this owner" in said
    assert grant.ref not in said
    assert [one.ref for one in handover.left_behind()] == [grant.ref]

    watch()
    watch()
    told = Notification.objects.get()
    assert (told.kind, told.recipient_id) == ("grants.no_owner", office.auditor.pk)
    assert list(Notification.objects.visible_to(office.auditor)) == [told]
    client.force_login(office.auditor)
    assert grant.ref in client.get(reverse("grants:handover_list")).content.decode()

    give(office, grant, office.officer2)
    assert not handover.left_behind().exists()


@pytest.mark.django_db
def test_a_duty_that_is_left_empty_is_said_before_in_the_list_and_to_the_auditor(
    office, grant_in, make_user, client
):
    waits, paid = grant_in("SUBMITTED"), grant_in("ACTIVE", tranches=[3000])
    closed = grant_in("CLOSED")
    assert not waiting.stranded().exists()
    keeper = make_user(Role.ADMINISTRATOR)
    make_user(Role.ADMINISTRATOR)
    client.force_login(keeper)

    said = client.get(reverse("people:user_detail", args=[office.reviewer.username]))
    assert "The next step of 1 grant then waits for nobody" in said.content.decode()
    client.post(reverse("people:user_disable", args=[office.reviewer.username]))
    # Whoever is left with the duty asked for the grant.
    office.monitor.is_active = False
    office.monitor.save(update_fields=["is_active"])
    office.requester.duties = ["requester", "monitor", "reviewer"]
    office.requester.save(update_fields=["duties"])

    assert [one.ref for one in waiting.stranded()] == sorted([waits.ref, paid.ref])
    for one in (waits, paid):
        assert machine.missing_for(Grant.objects.get(pk=one.pk)).officers == ()
    watch()
    watch()
    assert {one.kind for one in Notification.objects.all()} == {"grants.nobody_next"}
    assert Notification.objects.count() == 2
    client.force_login(office.auditor)
    shown = client.get(reverse("grants:handover_list")).content.decode()
    assert waits.ref in shown
    assert paid.ref in shown
    assert closed.ref not in shown
    office.reviewer.is_active = True
    office.reviewer.save(update_fields=["is_active"])
    assert [one.ref for one in waiting.stranded()] == [paid.ref]


@pytest.mark.django_db
def test_neither_a_user_nor_a_grant_with_history_can_be_deleted(office, grant_in):
    grant = grant_in("AWARDED")
    statements = (
        f"DELETE FROM people_user WHERE id = '{office.requester.pk}'",
        f"DELETE FROM grants_officer WHERE user_id = '{office.requester.pk}'",
        f"DELETE FROM grants_grant WHERE id = '{grant.pk}'",
    )
    for statement in statements:
        with (
            pytest.raises(DatabaseError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"{statement}; SET CONSTRAINTS ALL IMMEDIATE")
    with as_owner(connection):
        for statement in statements:
            with (
                pytest.raises(DatabaseError),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(f"{statement}; SET CONSTRAINTS ALL IMMEDIATE")
    assert Grant.objects.filter(pk=grant.pk).exists()


@pytest.mark.django_db
def test_the_page_of_an_officer_shows_all_that_hangs_on_them_and_hands_it_over(
    office, grant_in, client
):
    grant = grant_in("AWARDED")
    world.ask(office, grant.tranches.get(), 100)
    page = reverse("grants:handover_detail", args=[office.requester.pk])
    client.force_login(office.officer)
    shown = client.get(page).content.decode()
    for words in (grant.ref, "Payments under way", "Reports of grantees that are awaited"):
        assert words in shown
    refused = client.post(page, {"what": f"grant:{grant.ref}", "to": "", "reason": ""})
    assert refused.status_code == 422
    client.post(page, {"what": "all", "to": office.officer2.pk, "reason": "left"})
    grant.refresh_from_db()
    assert grant.owner_id == office.officer2.pk
    client.force_login(office.viewer)
    assert "Hand it over" not in client.get(page).content.decode()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_give_a_grant_away_at_once_the_second_reads_anew(office, grant_in):
    grant = grant_in("AWARDED")

    outcome = meet(
        lambda: give(office, grant, office.officer2),
        lambda: give(office, grant, office.officer2, by=office.requester),
    )

    # It is the other's already, and the one who had it has it no more.
    assert isinstance(outcome, NotForThisPerson)
    assert Handover.objects.count() == 1
