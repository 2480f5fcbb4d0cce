"""After the award: visits planned and made, reports, values of indicators, findings that age."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ceasefire import audit, periods, worklist
from ceasefire.people.models import User
from ceasefire.people.roles import Role
from grants.exceptions import (
    AlreadyLinked,
    DayGoneBy,
    InTheFuture,
    NotAllowedFromHere,
    NotForThisPerson,
    PlannedAlready,
    ReasonMissing,
    WrongDocument,
)
from grants.models import (
    Beneficiaries,
    Document,
    DocumentType,
    Finding,
    FindingEscalation,
    Grant,
    Indicator,
    IndicatorValue,
    MonitoringVisit,
    Officer,
    PlannedVisit,
    Report,
    State,
    VisitPaper,
)
from grants.services import documents
from grants.services.held import apart, auditor, changed, held, officer, or_else, said
from grants.services.parts import requesters

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


#: Days after the work ended, by the kind of sustainment visit (design of the program, G8).
SUSTAINMENT = {
    MonitoringVisit.Kind.SUSTAIN_90: 90,
    MonitoringVisit.Kind.SUSTAIN_180: 180,
}
#: States in which what was built stands and is looked at again.
BUILT = (State.COMPLETED, State.CLOSING, State.CLOSED, State.REOPENED)
#: An open finding comes up so many days past the day it was due (control C17).
LEVELS = (15, 30, 60)
#: From so many days on the auditors are told.
AUDITORS_HEAR_AT = 60
_OLD_FINDING = "grants.finding_old"
_PAPERS_OF_A_VISIT = (DocumentType.PHOTO, DocumentType.VISIT_REPORT)

worklist.kind(
    _OLD_FINDING,
    _("A finding is open 60 days past its day."),
    tone="overdue",
    address=lambda ref: reverse("grants:grant_monitoring", args=[ref]),
)


def told(text: str, most: int) -> str:
    """A text that says something, its lines kept; raises `ReasonMissing`."""
    text = text.strip()
    if not text:
        raise ReasonMissing
    return text[:most]


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
    documents.refuse_wanting(document)
    changed(report, received_on=received_on, document=document)
    audit.record("grant.report_received", subject=grant, by=by, detail={"kind": report.kind})
    return report


@transaction.atomic
def accept_report(report: Report, *, by: User) -> Report:
    """Accept a report that was received; never by the requester."""
    who = officer(by, "officer", "monitor")
    grant = held(report.grant)
    apart(who.pk in requesters(grant))
    report = Report.objects.select_for_update(no_key=True).get(pk=report.pk)
    if report.received_on is None or report.accepted_at is not None:
        raise NotAllowedFromHere
    documents.refuse_wanting(report.document)
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
    seen = told(seen, 4000)
    grant = held(grant)
    if grant.state not in VISITED:
        raise NotAllowedFromHere
    apart(who.pk in requesters(grant))
    report = facts.get("report")
    if report is not None and report.grant_id != grant.pk:
        raise WrongDocument
    if facts.get("lat") is None:
        facts = {**facts, "lat": None, "lon": None, "exactness": ""}
    made = MonitoringVisit.objects.create(
        grant=grant,
        kind=MonitoringVisit.Kind(kind),
        visited_on=visited_on,
        visitor=who,
        seen=seen,
        **facts,
    )
    # It is the visit of its kind that has waited longest.
    planned = PlannedVisit.objects.waiting().filter(grant=grant, kind=made.kind).first()
    if planned is not None:
        changed(planned, visit=made)
    audit.record(
        "grant.visited", subject=grant, by=by, detail={"kind": kind, "visited_on": visited_on}
    )
    return made


@transaction.atomic
def plan_visit(grant: Grant, *, kind: str, due_on: date, by: User) -> PlannedVisit:
    """Somebody is to be there by a day. Raises `DayGoneBy`, `PlannedAlready`."""
    who = officer(by, "officer", "monitor")
    grant = held(grant)
    if grant.state not in (State.APPROVED, *VISITED):
        raise NotAllowedFromHere
    if due_on < periods.now().date():
        raise DayGoneBy
    with or_else(
        {
            "a_visit_is_planned_once_a_day": PlannedAlready,
            "a_sustainment_visit_is_planned_once": PlannedAlready,
        }
    ):
        made = PlannedVisit.objects.create(
            grant=grant, kind=MonitoringVisit.Kind(kind), due_on=due_on, planned_by=who
        )
    audit.record(
        "grant.visit_planned", subject=grant, by=by, detail={"kind": kind, "due_on": due_on}
    )
    return made


@transaction.atomic
def call_off_visit(planned: PlannedVisit, *, reason: str, by: User) -> PlannedVisit:
    """A planned visit is not made, for a reason; by a grants officer who did not ask for the grant.

    The sustainment visits are always made.
    """
    who = officer(by, "officer")
    reason = said(reason)
    grant = held(planned.grant)
    apart(who.pk in requesters(grant))
    planned = PlannedVisit.objects.select_for_update(no_key=True).get(pk=planned.pk)
    if (
        planned.visit_id is not None
        or planned.called_off_at is not None
        or planned.kind in SUSTAINMENT
    ):
        raise NotAllowedFromHere
    changed(planned, called_off_by=who, called_off_at=periods.now(), reason=reason)
    audit.record(
        "grant.visit_called_off",
        subject=grant,
        by=by,
        reason=reason,
        detail={"kind": planned.kind, "due_on": planned.due_on},
    )
    return planned


@transaction.atomic
def link_paper(visit: MonitoringVisit, document: Document, *, by: User) -> VisitPaper:
    """A photo or report on file was brought back from a visit."""
    who = officer(by, "monitor", "officer")
    grant = held(visit.grant)
    if document.grant_id != grant.pk or document.type not in _PAPERS_OF_A_VISIT:
        raise WrongDocument
    with or_else({"document_id": AlreadyLinked}):
        made = VisitPaper.objects.create(visit=visit, document=document, linked_by=who)
    audit.record(
        "grant.visit_paper_linked", subject=grant, by=by, detail={"document": document.sha256[:12]}
    )
    return made


def plan_sustainment_of(grant: Grant) -> int:
    """Plan the two sustainment visits of a grant whose work has ended; how many are new.

    Counted from the actual end. Inside the caller's transaction; a second call plans nothing.
    """
    if grant.actual_end is None or grant.state not in BUILT:
        return 0
    there = set(
        PlannedVisit.objects.filter(grant=grant, kind__in=SUSTAINMENT).values_list(
            "kind", flat=True
        )
    )
    rows = [
        PlannedVisit(grant=grant, kind=kind, due_on=grant.actual_end + timedelta(days=days))
        for kind, days in SUSTAINMENT.items()
        if kind not in there
    ]
    PlannedVisit.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


@transaction.atomic
def plan_sustainment_visits() -> int:
    """Plan what is not planned yet of all grants whose work has ended; for the daily job."""
    rows = Grant.objects.filter(state__in=BUILT, actual_end__isnull=False)
    rows = rows.exclude(planned_visits__kind=MonitoringVisit.Kind.SUSTAIN_180)
    return sum(map(plan_sustainment_of, rows))


@transaction.atomic
def escalate_findings(*, on: date) -> int:
    """Write down which open findings are 15, 30 and 60 days past their day, each level once.

    The register and the homes of REO show the level; the auditors, who have notices, are told at
    60 days. Returns how many levels are new.
    """
    auditors = list(User.objects.active().filter(role=Role.AUDITOR))
    new = 0
    late = Finding.objects.filter(
        closed_at__isnull=True, due_on__lte=on - timedelta(days=LEVELS[0])
    ).select_related("grant")
    for finding in late.prefetch_related("escalations"):
        past = (on - finding.due_on).days
        there = {one.days for one in finding.escalations.all()}
        reached = [days for days in LEVELS if days <= past and days not in there]
        FindingEscalation.objects.bulk_create(
            [FindingEscalation(finding=finding, days=days) for days in reached],
            ignore_conflicts=True,
        )
        if AUDITORS_HEAR_AT in reached:
            worklist.notify(
                auditors,
                _OLD_FINDING,
                subject=finding.grant,
                key=f"{_OLD_FINDING}:{finding.grant.ref}:{finding.number}",
            )
        if reached:
            audit.record(
                "finding.escalated",
                subject=finding.grant,
                detail={"number": finding.number, "days": max(reached)},
            )
        new += len(reached)
    return new


@transaction.atomic
def count_beneficiaries(
    grant: Grant, reached: dict[tuple[str, str], int | None], *, by: User
) -> None:
    """How many of each sex and age a grant reached; None is not known, never zero."""
    who = officer(by, "monitor")
    grant = held(grant)
    if grant.state not in VISITED:
        raise NotAllowedFromHere
    apart(who.pk in requesters(grant))
    for (sex, age_band), number in reached.items():
        row, _new = Beneficiaries.objects.get_or_create(grant=grant, sex=sex, age_band=age_band)
        changed(row, actual=number)
    audit.record(
        "grant.beneficiaries_counted",
        subject=grant,
        by=by,
        detail={"known": sum(number is not None for number in reached.values())},
    )


@transaction.atomic
def record_value(indicator: Indicator, *, as_of: date, value: Decimal, by: User) -> IndicatorValue:
    """What was measured on a day."""
    who = officer(by, "monitor")
    _not_ahead(as_of)
    grant = held(indicator.grant)
    if grant.state not in VISITED:
        raise NotAllowedFromHere
    apart(who.pk in requesters(grant))
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
    text = told(text, 2000)
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
    remedy = told(remedy, 2000)
    grant = held(finding.grant)
    finding = Finding.objects.select_for_update(no_key=True).get(pk=finding.pk)
    if finding.closed_at is not None:
        raise NotAllowedFromHere
    apart(
        who.pk in requesters(grant)
        or (finding.owner_id == who.pk and finding.severity != Finding.Severity.LOW)
    )
    changed(finding, closed_by=who, closed_at=periods.now(), remedy=remedy)
    audit.record("finding.closed", subject=grant, by=by, detail={"number": finding.number})
    return finding


def at_level(level: int, on: date) -> Q:
    """Open findings so many days past their day, and not yet on the next level of `LEVELS`."""
    later = [one for one in LEVELS if one > level]
    found = Q(closed_at__isnull=True, due_on__lte=on - timedelta(days=level))
    return found & Q(due_on__gt=on - timedelta(days=later[0])) if later else found


def late_findings(on: date) -> dict[int, int]:
    """How many open findings are 15, 30 and 60 days past their day, each in its highest level."""
    found = dict.fromkeys(LEVELS, 0)
    days = Finding.objects.filter(
        closed_at__isnull=True, due_on__lte=on - timedelta(days=LEVELS[0])
    ).values_list("due_on", flat=True)
    for due_on in days:
        found[max(level for level in LEVELS if level <= (on - due_on).days)] += 1
    return found
