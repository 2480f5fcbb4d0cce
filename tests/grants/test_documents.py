"""Papers: what a grant has to have and lacks, two that may come later, versions, checks, pages."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.urls import reverse

from ceasefire import periods
from ceasefire.database.session import acting
from grants.exceptions import DutiesKeptApart, NotForThisPerson, StepIsMissingSomething
from grants.models import DEFERRABLE, Deferral, Document, Grant, PaperNeed
from grants.services import completeness, deferrals, documents, funds, machine
from tests.grants import office as world

pytestmark = pytest.mark.django_db


def missing(grant: Any) -> set[str]:
    return set(completeness.missing_types(grant))


def in_days(days: int) -> Any:
    return periods.now().date() + timedelta(days=days)


def test_every_state_asks_for_what_its_step_asks_for(office, fund):
    """The view of the database and the machine's lists tell the same, from draft to closeout."""
    grant = world.draft(office, fund, 3000)
    with acting(office.viewer):
        assert completeness.of(grant).percent == 100
    seen = []
    while grant.state != "CLOSED":
        step = machine.missing_for(grant)
        asked = {one.document for one in step.missing if one.code == "document"}
        assert asked <= missing(grant), grant.state
        seen.append((grant.state, sorted(missing(grant))))
        grant = world.onward(office, grant, [1000, 2000])

    assert seen == [
        ("DRAFT", []),
        ("SUBMITTED", ["review_sheet", "risk_sheet"]),
        ("VETTING", ["screening"]),
        ("PENDING_APPROVAL", []),
        ("APPROVED", ["award_letter", "monitoring_plan", "report_plan"]),
        ("AWARDED", []),
        ("ACTIVE", ["photo"]),
        ("COMPLETED", ["narrative_report"]),
        ("CLOSING", ["asset_handover", "closeout_memo", "financial_report", "reconciliation"]),
    ]
    assert completeness.of(grant) == completeness.Completeness(17, 17)
    assert completeness.drift() == []


def test_works_and_purchases_ask_for_more_and_what_is_called_off_for_nothing(office, fund):
    with acting(office.officer):
        # Without rules nothing is a micro-purchase, so every purchase compares.
        bare = funds.open_fund(
            code="QRF-BARE",
            ceiling_usd=90000,
            by=office.officer,
            name_en="Bare",
            name_ar="مجرد",
            start=world.BEGAN,
            end=in_days(90),
        )
    works = world.draft(office, bare, 30000, award_type="GRANT_IN_KIND", kind="park")
    other = world.draft(office, fund, 3000)

    assert missing(works) == {"owner_consent", "environment", "quote", "comparison"}
    assert missing(works) == {one.value for one in DEFERRABLE} & missing(works)
    world.paper(works, "sole_source", office.requester)
    world.paper(works, "quote", office.requester)
    assert missing(works) == {"owner_consent", "environment"}
    # Of many at once: one query, and the same as one by one and as the database's own column.
    with acting(office.viewer), transaction.atomic():
        with connection.execute_wrapper(counted := Counted()):
            told = completeness.of_many(Grant.objects.all())
        assert counted.number == 1
        column = dict(
            completeness.with_percent(Grant.objects.all()).values_list("pk", "doc_complete_pct")
        )
    assert told[works.pk] == completeness.of(works) == completeness.Completeness(6, 4)
    assert column == {works.pk: 66, other.pk: 100}
    debt = completeness.debt()
    assert (debt.papers, debt.grants, debt.deferred, debt.days) == (2, 1, 0, 0)
    mine = Grant.objects.filter(owner=office.officer.pk)
    assert completeness.debt(mine).papers == 0
    rows = list(completeness.register(Grant.objects.filter(pk=works.pk)))
    assert [row.document_type for row in rows if not row.present] == [
        "environment",
        "owner_consent",
    ]
    with acting(office.officer):
        machine.cancel(works, reason="no land", by=office.officer)
    assert completeness.of(works) == completeness.Completeness()
    assert completeness.of(works).percent == 100
    assert completeness.drift() == []


class Counted:
    """How many statements were sent."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self, execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        self.number += 1
        return execute(sql, params, many, context)


def test_two_papers_come_later_and_no_more_until_one_is_there(office, fund):
    grant = world.draft(office, fund, 3000, kind="park")

    def defer(kind: str, days: int = 5, by: Any = None) -> Deferral:
        who = by or office.officer
        with acting(who):
            return deferrals.defer(grant, type=kind, due_on=in_days(days), reason="flood", by=who)

    for kind in ("proposal", "budget", "screening", "receipt", "award_letter", "closeout_memo"):
        with pytest.raises(deferrals.NeverDeferred):
            defer(kind)
    for days in (0, 31):
        with pytest.raises(deferrals.DueTooLate):
            defer("owner_consent", days)
    with pytest.raises(NotForThisPerson):
        defer("owner_consent", by=office.requester)
    first = defer("owner_consent")
    with pytest.raises(deferrals.DeferredAlready):
        defer("owner_consent")
    defer("environment")
    with pytest.raises(deferrals.TwoDeferredAlready):
        defer("monitoring_plan")
    # The step goes on; the papers are missing all the same, on every count.
    with acting(office.requester):
        machine.submit(grant, by=office.requester)
    assert completeness.of(grant) == completeness.Completeness(6, 2, 2)
    assert completeness.debt().deferred == 2
    assert {row.deferred_until for row in completeness.register(Grant.objects.all())} == {
        None,
        in_days(5),
    }
    # The paper ends it by itself; the slot is free again.
    made = world.paper(grant, "owner_consent", office.requester)
    first.refresh_from_db()
    assert (first.document_id, first.ended_by_id) == (made.pk, office.requester.pk)
    third = defer("monitoring_plan")
    with acting(office.officer):
        deferrals.take_back(third, reason="it is here", by=office.officer)
    _held_by_the_database(grant, office)
    # After its day it is asked for again.
    late = periods.now().date() + timedelta(days=6)
    assert "environment" in documents.types_to_go_on(grant, in_days(5))
    assert "environment" not in documents.types_to_go_on(grant, late)
    assert Deferral.objects.get(type="environment").is_overdue(late)


def _held_by_the_database(grant: Grant, office: Any) -> None:
    """Raw SQL as the application's role: no third slot, no paper of payment, no end undone."""
    row = {
        "grant": grant,
        "due_on": in_days(3),
        "deferred_on": in_days(0),
        "reason": "x",
        "deferred_by_id": office.officer.pk,
    }
    open_one = Deferral.objects.get(grant=grant, ended_at__isnull=True)
    for other in (
        {"type": "quote", "slot": 3},
        {"type": "quote", "slot": open_one.slot},
        {"type": "receipt", "slot": 1},
        {"type": "photo", "slot": 1},
        {"type": "quote", "slot": 1, "due_on": in_days(40)},
        {"type": "quote", "slot": 1, "reason": ""},
        {"type": "quote", "slot": 1, "deferred_by_id": office.requester.pk},
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            Deferral.objects.create(**{**row, **other})
    ended = Deferral.objects.filter(grant=grant, ended_at__isnull=False)
    for change in ({"ended_at": None}, {"end_reason": "y"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            ended.update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        Deferral.objects.filter(pk=open_one.pk).update(due_on=F("due_on") + timedelta(days=1))
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM grants_deferral WHERE id = %s", [open_one.pk])


def test_nothing_is_closed_while_a_paper_is_put_off(office, fund):
    grant = world.move(office, world.draft(office, fund, 3000), "ACTIVE")
    with acting(office.officer):
        deferrals.defer(
            grant, type="visit_report", due_on=in_days(3), reason="no power", by=office.officer
        )
    with acting(office.monitor):
        world.visited(office, grant, kind="completion")
        for indicator in grant.indicators.all():
            world.monitoring.record_value(indicator, as_of=in_days(0), value=7, by=office.monitor)
        machine.complete(grant, actual_end=in_days(0), by=office.monitor)
    grant = world.onward(office, Grant.objects.get(pk=grant.pk))
    with pytest.raises(StepIsMissingSomething) as refused:
        world.onward(office, grant)
    assert [one.document for one in refused.value.missing] == ["visit_report"]


def test_a_second_person_checks_and_a_later_version_stands_in_its_place(
    office, grant_in, signed_in: Callable[..., Any]
):
    grant = grant_in("DRAFT")
    old = Document.objects.get(grant=grant, type="proposal")
    client = signed_in(office.reviewer)
    check = reverse("grants:document_check", args=[grant.ref, old.pk])

    assert client.post(check, {"good": "2"}).status_code == 302
    assert not old.checks.exists()
    client.post(check, {"good": "1"})
    client.post(check, {"good": "0"})
    assert [(one.by_id, one.good) for one in old.checks.all()] == [(office.reviewer.pk, True)]
    client.force_login(office.requester)
    # Who filed it does not check it, and an approver's duty is another.
    assert client.post(check, {"good": "1"}).status_code == 403
    client.force_login(office.approver)
    assert client.post(check, {"good": "1"}).status_code == 403
    client.force_login(office.requester)
    sent = {"language": "ar", "title": "النسخة الثانية"}
    address = f"{reverse('grants:document_new', args=[grant.ref])}?supersedes={old.pk}"
    from django.core.files.uploadedfile import SimpleUploadedFile

    answer = client.post(address, {**sent, "file": SimpleUploadedFile("a.txt", b"second")})

    assert answer.status_code == 302
    new = Document.objects.get(supersedes=old)
    assert (new.type, new.stage, new.mime) == ("proposal", "proposal", "text/plain")
    assert Document.objects.filter(grant=grant).count() == 3
    assert PaperNeed.objects.get(grant=grant, type="proposal").document_id == new.pk
    # What was superseded is not superseded a second time.
    assert client.get(address).status_code == 404
    page = client.get(reverse("grants:document_list", args=[grant.ref]))
    assert [len(row["older"]) for row in page.context["stages"][0]["rows"]] == [1]
    detail = client.get(reverse("grants:document_detail", args=[grant.ref, old.pk]))
    assert detail.context["later"] == new
    # Bytes of which only the hash is known are nowhere to be taken.
    assert client.get(reverse("grants:document_file", args=[grant.ref, old.pk])).status_code == 404


def test_the_page_of_missing_papers_and_the_list_ask_a_fixed_number_of_queries(
    office, fund, signed_in: Callable[..., Any], django_assert_max_num_queries: Any
):
    grants = [world.draft(office, fund, 3000, kind="park") for _number in range(3)]
    client = signed_in(office.officer)
    with acting(office.officer):
        deferrals.defer(
            grants[0], type="environment", due_on=in_days(3), reason="flood", by=office.officer
        )
    address = reverse("grants:paper_missing")
    client.get(address)
    with django_assert_max_num_queries(16):
        page = client.get(address)
    assert len(page.context["rows"]) == 6
    assert page.context["debt"].papers == 6
    assert client.get(f"{address}?mine=1").context["rows"] == []
    listed = reverse("grants:document_list", args=[grants[0].ref])
    with django_assert_max_num_queries(50):
        page = client.get(listed)
    assert page.context["complete"] == completeness.Completeness(4, 2, 1)
    # The form offers what is missing, may come later, and is not put off.
    later = client.get(reverse("grants:document_defer", args=[grants[0].ref]))
    assert [one[0] for one in later.context["form"].fields["type"].choices] == ["", "owner_consent"]
    day = in_days(3).strftime("%d/%m/%Y")
    done = client.post(
        reverse("grants:document_defer", args=[grants[0].ref]),
        {"type": "owner_consent", "due_on": day, "reason": "flood"},
    )
    assert done.status_code == 302
    deferral = Deferral.objects.get(type="owner_consent")
    end = reverse("grants:deferral_end", args=[grants[0].ref, deferral.pk])
    assert client.post(end, {"reason": ""}).status_code == 200
    assert client.post(end, {"reason": "now"}).status_code == 302
    assert client.get(end).status_code == 404


def test_an_approver_of_the_grant_does_not_put_its_papers_off(office, fund):
    grant = world.move(office, world.draft(office, fund, 3000), "APPROVED")
    office.approver.duties = ["approver", "officer"]
    office.approver.save()
    with acting(office.approver), pytest.raises(DutiesKeptApart):
        deferrals.defer(
            grant, type="report_plan", due_on=in_days(3), reason="x", by=office.approver
        )
