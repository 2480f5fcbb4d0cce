"""After the award: reports due and accepted, visits, values of indicators, findings."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max

from ceasefire import audit, periods
from ceasefire.people.models import User
from grants.exceptions import (
    InTheFuture,
    NotAllowedFromHere,
    NotForThisPerson,
    WrongDocument,
)
from grants.models import (
    Document,
    Finding,
    Grant,
    Indicator,
    IndicatorValue,
    MonitoringVisit,
    Officer,
    Report,
    State,
)
from grants.services.held import apart, auditor, changed, held, officer, said

#: States in which somebody may look at what was built.
VISITED = (
    State.AWARDED,
    State.ACTIVE,
    State.SUSPENDED,
    State.COMPLETED,
    State.CLOSING,
    State.CLOSED,
    State.TERMINATED,
    State.REOPENED,
)


def _not_ahead(day: date) -> None:
    if day > periods.now().date():
        raise InTheFuture


@transaction.atomic
def plan_report(grant: Grant, *, kind: str, due_on: date, by: User) -> Report:
    """A report the grantee will owe."""
    officer(by, "officer")
    grant = held(grant)
    if grant.state in (State.CLOSED, State.REJECTED, State.CANCELLED, State.WITHDRAWN):
        raise NotAllowedFromHere
    made, _new = Report.objects.get_or_create(grant=grant, kind=Report.Kind(kind), due_on=due_on)
    audit.record(
        "grant.report_planned", subject=grant, by=by, detail={"kind": kind, "due_on": due_on}
    )
    return made


@transaction.atomic
def receive_report(report: Report, *, received_on: date, document: Document, by: User) -> Report:
    """The grantee's report came in; its paper is on file."""
    officer(by, "officer", "monitor")
    _not_ahead(received_on)
    grant = held(report.grant)
    report = Report.objects.select_for_update(no_key=True).get(pk=report.pk)
    if report.accepted_at is not None:
        raise NotAllowedFromHere
    if document.grant_id != grant.pk:
        raise WrongDocument
    changed(report, received_on=received_on, document=document)
    audit.record("grant.report_received", subject=grant, by=by, detail={"kind": report.kind})
    return report


@transaction.atomic
def accept_report(report: Report, *, by: User) -> Report:
    """Accept a report that was received; never by the requester."""
    who = officer(by, "officer", "monitor")
    grant = held(report.grant)
    apart(grant.requester_id == who.pk)
    report = Report.objects.select_for_update(no_key=True).get(pk=report.pk)
    if report.received_on is None or report.accepted_at is not None:
        raise NotAllowedFromHere
    changed(report, accepted_by=who, accepted_at=periods.now())
    audit.record("grant.report_accepted", subject=grant, by=by, detail={"kind": report.kind})
    return report


@transaction.atomic
def record_visit(
    grant: Grant, *, kind: str, visited_on: date, seen: str, by: User, **facts: Any
) -> MonitoringVisit:
    """Somebody was there. Sustainment visits say if it is open, used and safe, and who holds it."""
    who = officer(by, "monitor")
    _not_ahead(visited_on)
    seen = said(seen)
    grant = held(grant)
    if grant.state not in VISITED:
        raise NotAllowedFromHere
    apart(grant.requester_id == who.pk)
    report = facts.get("report")
    if report is not None and report.grant_id != grant.pk:
        raise WrongDocument
    made = MonitoringVisit.objects.create(
        grant=grant,
        kind=MonitoringVisit.Kind(kind),
        visited_on=visited_on,
        visitor=who,
        seen=seen,
        **facts,
    )
    audit.record(
        "grant.visited", subject=grant, by=by, detail={"kind": kind, "visited_on": visited_on}
    )
    return made


@transaction.atomic
def record_value(indicator: Indicator, *, as_of: date, value: Decimal, by: User) -> IndicatorValue:
    """What was measured on a day."""
    who = officer(by, "monitor")
    _not_ahead(as_of)
    grant = held(indicator.grant)
    if grant.state not in VISITED:
        raise NotAllowedFromHere
    apart(grant.requester_id == who.pk)
    made = IndicatorValue.objects.create(
        indicator=indicator, as_of=as_of, value=value, recorded_by=who
    )
    audit.record(
        "grant.measured",
        subject=grant,
        by=by,
        detail={"indicator": indicator.number, "value": value},
    )
    return made


@transaction.atomic
def raise_finding(
    grant: Grant,
    *,
    severity: str,
    text: str,
    due_on: date,
    owner: Officer,
    by: User,
    visit: MonitoringVisit | None = None,
) -> Finding:
    """Something is not right; by when it is to be, and who sees to it. By staff or the auditor."""
    if by.has_perm("grants.flag_grant"):
        who = auditor(by)
    else:
        who = officer(by, "monitor", "officer", "vetting", "certifier", "reviewer")
    text = said(text)
    grant = held(grant)
    if not Officer.objects.filter(pk=owner.pk, is_active=True).exists():
        raise NotForThisPerson
    if visit is not None and visit.grant_id != grant.pk:
        raise WrongDocument
    last = grant.findings.aggregate(last=Max("number"))["last"] or 0
    made = Finding.objects.create(
        grant=grant,
        number=last + 1,
        visit=visit,
        severity=Finding.Severity(severity),
        text=text,
        due_on=due_on,
        owner=owner,
        raised_by=who,
    )
    audit.record(
        "finding.raised",
        subject=grant,
        by=by,
        detail={"number": made.number, "severity": severity, "due_on": due_on},
    )
    return made


@transaction.atomic
def close_finding(finding: Finding, *, remedy: str, by: User) -> Finding:
    """Say how a finding was put right; somebody other than its owner, unless it is a low one."""
    if by.has_perm("grants.flag_grant"):
        who = auditor(by)
    else:
        who = officer(by, "monitor", "officer", "vetting", "certifier", "reviewer")
    remedy = said(remedy)
    grant = held(finding.grant)
    finding = Finding.objects.select_for_update(no_key=True).get(pk=finding.pk)
    if finding.closed_at is not None:
        raise NotAllowedFromHere
    apart(
        grant.requester_id == who.pk
        or (finding.owner_id == who.pk and finding.severity != Finding.Severity.LOW)
    )
    changed(finding, closed_by=who, closed_at=periods.now(), remedy=remedy)
    audit.record("finding.closed", subject=grant, by=by, detail={"number": finding.number})
    return finding
