"""After the award: visits that hold payments back, findings that come up, what is measured."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from ceasefire import periods
from ceasefire.database.session import acting
from ceasefire.worklist.models import Notification
from grants.exceptions import (
    AlreadyLinked,
    DayGoneBy,
    NotAllowedFromHere,
    PlannedAlready,
    StepIsMissingSomething,
    WrongDocument,
)
from grants.models import Finding, FindingEscalation, MonitoringVisit, Officer, PlannedVisit
from grants.services import monitoring, payments, requirements
from tests.grants import office as world


def today() -> Any:
    return periods.now().date()


def plan(office: Any, grant: Any, days: int = 0, kind: str = "routine") -> PlannedVisit:
    with acting(office.officer):
        return monitoring.plan_visit(
            grant, kind=kind, due_on=today() + timedelta(days=days), by=office.officer
        )


def finding(office: Any, grant: Any, days_late: int, **facts: Any) -> Finding:
    with acting(office.monitor):
        return monitoring.raise_finding(
            grant,
            text="A gap in the fence",
            due_on=today() - timedelta(days=days_late),
            by=office.monitor,
            **{
                "severity": "high",
                "owner": Officer.objects.get(pk=office.officer.pk),
                **facts,
            },
        )


@pytest.mark.django_db
def test_an_overdue_visit_holds_the_next_payment_back_until_it_is_made(
    office, grant_in, monkeypatch
):
    grant = grant_in("AWARDED")
    planned = plan(office, grant)
    payment = world.ask(office, grant.tranches.get(), 100)
    later = today() + timedelta(days=1)
    lacks = {one.code for one in requirements.for_tranche(grant, payment.tranche, later)}
    assert "visit_overdue" in lacks
    monkeypatch.setattr(payments.periods, "local_day", lambda _at: later)
    with acting(office.certifier), pytest.raises(StepIsMissingSomething):
        payments.certify(payment, by=office.certifier)
    monkeypatch.undo()
    with acting(office.monitor):
        visit = monitoring.record_visit(
            grant, kind="routine", visited_on=today(), seen="Lines\nof text", by=office.monitor
        )
    planned.refresh_from_db()
    assert planned.visit_id == visit.pk
    assert not requirements.for_tranche(grant, payment.tranche, later)


@pytest.mark.django_db
def test_a_visit_is_planned_ahead_once_and_called_off_for_a_reason(office, grant_in):
    grant = grant_in("AWARDED")
    planned = plan(office, grant, 3)
    with pytest.raises(PlannedAlready):
        plan(office, grant, 3)
    with pytest.raises(DayGoneBy):
        plan(office, grant, -1)
    with acting(office.officer):
        monitoring.call_off_visit(planned, reason="the road is closed", by=office.officer)
        with pytest.raises(NotAllowedFromHere):
            monitoring.call_off_visit(planned, reason="again", by=office.officer)
        for statement in (
            f"UPDATE grants_plannedvisit SET reason = 'x' WHERE id = '{planned.pk}'",
            f"DELETE FROM grants_plannedvisit WHERE id = '{planned.pk}'",
        ):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)


@pytest.mark.django_db
def test_sustainment_visits_are_planned_at_90_and_180_days_and_never_called_off(office, grant_in):
    grant = grant_in("COMPLETED")
    planned = PlannedVisit.objects.filter(grant=grant).order_by("due_on")
    assert [(one.due_on - grant.actual_end).days for one in planned] == [90, 180]
    assert monitoring.plan_sustainment_visits() == 0
    with acting(office.officer), pytest.raises(NotAllowedFromHere):
        monitoring.call_off_visit(planned[0], reason="no", by=office.officer)
    with (
        acting(office.officer),
        pytest.raises(DatabaseError, match="not called off"),
        transaction.atomic(),
    ):
        PlannedVisit.objects.filter(pk=planned[0].pk).update(
            called_off_by=office.officer.pk, called_off_at=periods.now(), reason="x"
        )


@pytest.mark.django_db
def test_findings_come_up_at_15_30_and_60_days_once_and_the_auditor_hears_at_60(office, grant_in):
    grant = grant_in("AWARDED")
    late = {days: finding(office, grant, days) for days in (14, 15, 31, 61)}
    for _run in range(2):
        monitoring.escalate_findings(on=today())
    came = {number: [one.days for one in row.escalations.all()] for number, row in late.items()}
    assert came == {14: [], 15: [15], 31: [15, 30], 61: [15, 30, 60]}
    assert monitoring.late_findings(today()) == {15: 1, 30: 1, 60: 1}
    told = Notification.objects.get()
    assert (told.recipient_id, told.kind) == (office.auditor.pk, "grants.finding_old")
    with acting(office.monitor):
        monitoring.close_finding(late[61], remedy="mended", by=office.monitor)
    assert monitoring.late_findings(today())[60] == 0
    with pytest.raises(DatabaseError), transaction.atomic():
        FindingEscalation.objects.all().delete()


@pytest.mark.django_db
def test_a_photo_on_file_is_linked_to_one_visit_of_its_grant(office, grant_in):
    grant, elsewhere = grant_in("AWARDED"), grant_in("AWARDED")
    with acting(office.monitor):
        visit = monitoring.record_visit(
            grant,
            kind="routine",
            visited_on=today(),
            seen="It stands",
            lat="30.5",
            lon="47.8",
            exactness="1",
            by=office.monitor,
        )
        photo = world.paper(grant, "photo", office.monitor)
        monitoring.link_paper(visit, photo, by=office.monitor)
        with pytest.raises(AlreadyLinked):
            monitoring.link_paper(visit, photo, by=office.monitor)
        for paper in (
            world.paper(elsewhere, "photo", office.monitor),
            world.paper(grant, "memo", office.monitor),
        ):
            with pytest.raises(WrongDocument):
                monitoring.link_paper(visit, paper, by=office.monitor)
            with pytest.raises(DatabaseError, match="photos and reports"), transaction.atomic():
                visit.papers.create(document=paper, linked_by_id=office.monitor.pk)
    with pytest.raises(DatabaseError, match="how_exact"), transaction.atomic():
        MonitoringVisit.objects.create(
            grant=grant,
            kind="routine",
            visited_on=today(),
            visitor_id=office.monitor.pk,
            seen="x",
            lat="30.5",
            lon="47.8",
        )


@pytest.mark.django_db
def test_monitoring_from_its_pages(office, grant_in, client, django_assert_max_num_queries):
    grant = grant_in("AWARDED")

    def at(name: str, *args: Any) -> str:
        return reverse(f"grants:{name}", args=[grant.ref, *args])

    client.force_login(office.monitor)
    day = f"{today():%d/%m/%Y}"
    refused = client.post(at("visit_new"), {"kind": "routine", "visited_on": day, "seen": ""})
    assert refused.status_code == 422
    client.post(
        at("visit_new"),
        {
            "kind": "sustain_90",
            "visited_on": day,
            "seen": "الملعب مفتوح",
            "is_open": "yes",
            "lat": "٣٠٫٥",
            "lon": "47.8",
            "exactness": "2",
        },
    )
    visit = grant.visits.get()
    assert visit.is_open is True
    assert visit.is_safe is None
    assert visit.lat == Decimal("30.5")
    client.post(
        f"{at('finding_new')}?visit={visit.pk}",
        {"severity": "high", "text": "A gap", "due_on": day, "owner": office.officer.pk},
    )
    found = grant.findings.get()
    assert found.visit_id == visit.pk
    client.post(at("value_new", 1), {"as_of": day, "value": "٧"})
    client.post(at("reached_edit"), {"reached_f_18_24": "12"})
    assert grant.beneficiaries.get(sex="f", age_band="18-24").actual == 12
    assert not grant.beneficiaries.filter(actual=0).exists()

    paper = world.paper(grant, "narrative_report", office.officer)
    report = grant.reports.get()
    client.force_login(office.officer)
    client.post(at("report_receive", report.pk), {"received_on": day, "document": paper.pk})
    client.post(at("report_accept", report.pk))
    report.refresh_from_db()
    assert report.accepted_by_id == office.officer.pk
    # It is the officer's own to see to: somebody else closes it.
    assert client.post(at("finding_detail", 1), {"remedy": "x"}).status_code == 422
    client.force_login(office.monitor)
    client.post(at("finding_detail", 1), {"remedy": "mended"})
    found.refresh_from_db()
    assert found.remedy == "mended"

    with django_assert_max_num_queries(60):
        shown = client.get(at("grant_monitoring")).content.decode()
    for words in ("الملعب", "Games", "Women and girls"):
        assert words in shown or words == "الملعب"
    assert "الملعب" in client.get(at("visit_detail", visit.pk)).content.decode()
    sheet = client.get(at("visit_form")).content.decode()
    assert "Field visit" in sheet
    finding(office, grant, 31)
    monitoring.escalate_findings(on=today())
    client.force_login(office.viewer)
    for page in (at("grant_monitoring"), reverse("grants:finding_list")):
        assert "Over 30 days late" in client.get(page).content.decode()
    assert "A gap" in client.get(reverse("grants:finding_list") + "?show=closed").content.decode()
    assert client.post(at("visit_new")).status_code == 403
