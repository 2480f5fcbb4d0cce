"""What was seen after the award: visits, findings, reports due, values of indicators."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django.views.decorators.http import require_POST, require_safe

from ceasefire import periods
from ceasefire.look.charts import Chart, horizontal_bars
from ceasefire.look.paging import keyset_page
from ceasefire.people.access import requires
from grants.exceptions import AlreadyLinked, DayGoneBy, InTheFuture, PlannedAlready
from grants.forms.monitoring import (
    FindingForm,
    PaperForm,
    PlanReportForm,
    PlanVisitForm,
    ReachedForm,
    ReceiveReportForm,
    RemedyForm,
    ValueForm,
    VisitForm,
)
from grants.forms.proposals import AGE_BANDS, SEXES
from grants.forms.steps import ReasonForm
from grants.models import Finding, Grant, Indicator, MonitoringVisit, PlannedVisit, Report, State
from grants.services import monitoring, reading
from grants.services.parts import requesters
from grants.views.doing import attempt, me, tried
from grants.views.scope import FLAG, VIEW, WORK, grant_page, officer_of, one_grant

_SEX, _BAND = dict(SEXES), dict(AGE_BANDS)
#: Duties of those who raise and close findings, beside the auditor.
FINDERS = ("monitor", "officer", "vetting", "certifier", "reviewer")


#: Findings of one level, as their addresses name them.
_LEVELS = {str(days): days for days in monitoring.LEVELS}


def _today() -> date:
    return periods.now().date()


def _holds(page: dict[str, Any], *duties: str) -> bool:
    who = page["officer"]
    return bool(page["may_work"] and who is not None and any(who.has(duty) for duty in duties))


# --- the page of a grant -------------------------------------------------------------------------


@requires(VIEW)
@require_safe
def grant_monitoring(request: HttpRequest, ref: str) -> HttpResponse:
    """Visits, findings, reports, indicators and people reached of one grant."""
    grant = one_grant(request, ref)
    page = grant_page(request, grant, "monitoring")
    today = _today()
    names = ("indicators", "planned_visits", *reading.PARTS)
    reading.read(grant, today, "beneficiaries", "values", names=names)
    planned = grant.planned_visits.all()
    visited = grant.state in monitoring.VISITED
    not_mine = page["officer"] is not None and page["officer"].pk in requesters(grant)
    return render(
        request,
        "grants/monitoring_detail.html",
        {
            **page,
            "today": today,
            "planned": [one for one in planned if one.waits],
            "called_off": [one for one in planned if one.called_off_at is not None],
            "visits": list(
                MonitoringVisit.objects.filter(grant=grant)
                .select_related("visitor", "planned_as")
                .prefetch_related("papers__document")
                .order_by("-visited_on", "-recorded_at")
            ),
            "findings": list(
                grant.findings.select_related("owner", "closed_by")
                .prefetch_related("escalations")
                .order_by("closed_at", "due_on")
            ),
            "reports": list(grant.reports.select_related("accepted_by", "document")),
            "indicators": [
                (one, chart_of(one, me(request).digits)) for one in grant.indicators.all()
            ],
            "reached": [
                (f"{_SEX[one.sex]} · {_BAND[one.age_band]}", one)
                for one in sorted(
                    grant.beneficiaries.all(), key=lambda one: (one.sex, one.age_band)
                )
            ],
            "may_plan": _holds(page, "officer", "monitor")
            and (visited or grant.state == State.APPROVED),
            "may_call_off": _holds(page, "officer") and not not_mine,
            "may_visit": _holds(page, "monitor") and visited and not not_mine,
            "may_find": _holds(page, *FINDERS) or request.user.has_perm(FLAG),
            "may_plan_report": _holds(page, "officer"),
            "may_receive": _holds(page, "officer", "monitor"),
            "may_accept": _holds(page, "officer", "monitor") and not not_mine,
        },
    )


def chart_of(indicator: Indicator, digits: str) -> Chart:
    """One indicator from its baseline over what was measured to its target."""
    values = list(indicator.values.all())
    target = float(indicator.target)
    goal = _("Target")
    rows = [
        (_("Baseline"), float(indicator.baseline)),
        *((periods_day(one.as_of), float(one.value)) for one in values),
        (goal, target),
    ]
    return horizontal_bars(
        f"indicator-{indicator.number}",
        str(indicator.get_level_display()),
        "",
        rows,
        places=0 if all(value == int(value) for _name, value in rows) else 2,
        marked={goal},
        digits=digits,
    )


def periods_day(day: date) -> str:
    """A day as it stands beside a bar."""
    return f"{day.day:02}/{day.month:02}/{day.year}"


# --- forms ---------------------------------------------------------------------------------------


def _asked(
    request: HttpRequest,
    grant: Grant,
    form: Any,
    act: Callable[[], Any],
    *,
    title: str,
    action: str,
    back: str = "",
    lead: str = "",
    at: Any = None,
) -> HttpResponse:
    """A form of a grant's monitoring: shown, or done and back to where it came from."""
    back = back or reverse("grants:grant_monitoring", args=[grant.ref])
    if request.method == "POST" and form.is_valid() and tried(request, form, act, at=at):
        return redirect(back)
    return render(
        request,
        "grants/monitoring_form.html",
        {
            "grant": grant,
            "form": form,
            "form_title": title,
            "action": action,
            "back": back,
            "form_lead": lead,
        },
        status=422 if form.is_bound else 200,
    )


def _data(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _needs(request: HttpRequest, *duties: str, auditor: bool = False) -> None:
    """403 for whoever holds none of the duties; the verb looks once more."""
    if auditor and request.user.has_perm(FLAG):
        return
    who = officer_of(request)
    if not request.user.has_perm(WORK) or who is None or not any(map(who.has, duties)):
        raise PermissionDenied


@requires(VIEW)
@require_safe
def visit_list(request: HttpRequest) -> HttpResponse:
    """Planned visits of every grant that are not made yet, the longest overdue first."""
    overdue = request.GET.get("show") == "overdue"
    waiting = PlannedVisit.objects
    page = keyset_page(
        (waiting.overdue(_today()) if overdue else waiting.waiting())
        .filter(grant__in=Grant.objects.visible_to(request.user))
        .select_related("grant", "grant__owner"),
        ordering=("due_on", "id"),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
    )
    return render(
        request,
        "grants/visit_list.html",
        {"page": page, "today": _today(), "overdue": overdue},
    )


@requires(WORK)
def visit_plan(request: HttpRequest, ref: str) -> HttpResponse:
    """Plan a visit by a day."""
    grant = one_grant(request, ref)
    _needs(request, "officer", "monitor")
    form = PlanVisitForm(_data(request))

    def act() -> Any:
        return monitoring.plan_visit(grant, by=me(request), **form.cleaned_data)

    return _asked(
        request,
        grant,
        form,
        act,
        title=_("Plan a visit"),
        action=_("Plan it"),
        lead=_("An overdue visit holds the next payment back."),
        at={DayGoneBy: "due_on", PlannedAlready: "due_on"},
    )


@requires(WORK)
def visit_call_off(request: HttpRequest, ref: str, key: UUID) -> HttpResponse:
    """Call a planned visit off, for a reason."""
    grant = one_grant(request, ref)
    planned = get_object_or_404(PlannedVisit, grant=grant, pk=key)
    _needs(request, "officer")
    form = ReasonForm(_data(request), grant=grant)

    def act() -> Any:
        return monitoring.call_off_visit(
            planned, reason=form.cleaned_data["reason"], by=me(request)
        )

    return _asked(request, grant, form, act, title=_("Call the visit off"), action=_("Call it off"))


@requires(WORK)
def visit_new(request: HttpRequest, ref: str) -> HttpResponse:
    """Write down a visit (`?kind=`), also of a planned one."""
    grant = one_grant(request, ref)
    _needs(request, "monitor")
    form = VisitForm(_data(request), grant=grant, initial={"kind": request.GET.get("kind", "")})

    def act() -> Any:
        return monitoring.record_visit(grant, by=me(request), **form.facts())

    return _asked(
        request,
        grant,
        form,
        act,
        title=_("Write down a visit"),
        action=_("Keep the visit"),
        lead=_("It is written once. Photos are filed with the papers, then linked to it."),
        at={InTheFuture: "visited_on"},
    )


@requires(VIEW)
def visit_detail(request: HttpRequest, ref: str, key: UUID) -> HttpResponse:
    """One visit with its photos and findings; a filed paper is linked to it here."""
    grant = one_grant(request, ref)
    page = grant_page(request, grant, "monitoring")
    visit = (
        MonitoringVisit.objects.filter(grant=grant, pk=key)
        .select_related("visitor", "planned_as")
        .first()
    )
    if visit is None:
        raise Http404
    may_link = _holds(page, "monitor", "officer")
    form = PaperForm(_data(request), grant=grant)
    if request.method == "POST":
        _needs(request, "monitor", "officer")
        if form.is_valid() and tried(
            request,
            form,
            lambda: monitoring.link_paper(visit, form.cleaned_data["document"], by=me(request)),
            at={AlreadyLinked: "document"},
        ):
            return redirect("grants:visit_detail", grant.ref, visit.pk)
    return render(
        request,
        "grants/visit_detail.html",
        {
            **page,
            "visit": visit,
            "papers": [
                one.document
                for one in visit.papers.select_related("document").order_by("linked_at")
            ],
            "found": list(visit.findings.select_related("owner").prefetch_related("escalations")),
            "form": form if may_link else None,
            "may_find": _holds(page, *FINDERS) or request.user.has_perm(FLAG),
            "today": _today(),
        },
        status=422 if form.is_bound else 200,
    )


@requires(VIEW)
@require_safe
def visit_form(request: HttpRequest, ref: str) -> HttpResponse:
    """The sheet that a monitor takes along, in both languages, to be printed."""
    grant = one_grant(request, ref)
    planned = PlannedVisit.objects.waiting().filter(grant=grant).first()
    planned_on = periods_day(planned.due_on) if planned else ""
    names = grant.district
    return render(
        request,
        "grants/visit_form.html",
        {
            "grant": grant,
            "title": in_both(_FORM_TITLE),
            "filled": [
                (in_both(gettext_lazy("Number")), grant.ref),
                (
                    in_both(gettext_lazy("Grant")),
                    " / ".join(filter(None, [grant.title_en, grant.title_ar])),
                ),
                (in_both(gettext_lazy("District")), f"{names.name_en} / {names.name_ar}"),
                (in_both(gettext_lazy("Site")), grant.site_name),
                (in_both(gettext_lazy("Planned for")), planned_on),
            ],
            "blanks": [in_both(one) for one in _FORM_BLANKS],
            "ticks": [in_both(one) for one in _FORM_TICKS],
            "yes_no": [in_both(one) for one in (gettext_lazy("Yes"), gettext_lazy("No"))],
            "measured": in_both(gettext_lazy("Measured today")),
            "indicators": list(grant.indicators.all()),
            "blocks": [
                (in_both(gettext_lazy("What was seen")), range(6)),
                (
                    in_both(gettext_lazy("What is not right, and by when it is to be put right")),
                    range(4),
                ),
            ],
            "open": in_both(gettext_lazy("Findings that are still open")),
            "open_findings": list(grant.findings.filter(closed_at__isnull=True)),
            "reminder": in_both(
                gettext_lazy("No names of persons on this sheet. Photos show the work, no faces.")
            ),
            "signed": in_both(gettext_lazy("Visitor: code name, day, signature")),
        },
    )


_FORM_TITLE = gettext_lazy("Field visit")
_FORM_BLANKS = (
    gettext_lazy("Day of the visit"),
    gettext_lazy("What for"),
    gettext_lazy("Latitude and longitude, and how exact"),
    gettext_lazy("Who holds it now"),
    gettext_lazy("People there at that moment"),
)
_FORM_TICKS = (
    gettext_lazy("Is it open?"),
    gettext_lazy("Is it used?"),
    gettext_lazy("Is it safe?"),
)


def in_both(text: Any) -> tuple[str, str]:
    """A text in English and in Arabic, for a sheet that holds both."""
    found = []
    for language in ("en", "ar"):
        with override(language):
            found.append(str(text))
    return found[0], found[1]


@requires(WORK, FLAG)
def finding_new(request: HttpRequest, ref: str) -> HttpResponse:
    """Raise a finding, also one of a visit (`?visit=`)."""
    grant = one_grant(request, ref)
    _needs(request, *FINDERS, auditor=True)
    form = FindingForm(_data(request), initial={"owner": grant.owner_id})
    visit = _visit_asked_for(request, grant)

    def act() -> Any:
        return monitoring.raise_finding(grant, by=me(request), visit=visit, **form.cleaned_data)

    return _asked(
        request,
        grant,
        form,
        act,
        title=_("Raise a finding"),
        action=_("Raise it"),
        lead=_("It comes up 15, 30 and 60 days after its day, until somebody closes it."),
    )


def _visit_asked_for(request: HttpRequest, grant: Grant) -> MonitoringVisit | None:
    try:
        key = UUID(request.GET.get("visit", ""))
    except ValueError:
        return None
    return grant.visits.filter(pk=key).first()


@requires(VIEW)
def finding_detail(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    """One finding: how old it is, whom it came up to, and how it is closed."""
    grant = one_grant(request, ref)
    page = grant_page(request, grant, "monitoring")
    finding = (
        grant.findings.filter(number=number)
        .select_related("owner", "raised_by", "closed_by", "visit")
        .first()
    )
    if finding is None:
        raise Http404
    may = _holds(page, *FINDERS) or request.user.has_perm(FLAG)
    form = RemedyForm(_data(request))
    if request.method == "POST":
        _needs(request, *FINDERS, auditor=True)
        if form.is_valid() and tried(
            request,
            form,
            lambda: monitoring.close_finding(
                finding, remedy=form.cleaned_data["remedy"], by=me(request)
            ),
            at=None,
        ):
            return redirect("grants:finding_detail", grant.ref, finding.number)
    who = page["officer"]
    own = who is not None and (
        who.pk in requesters(grant) or (who.pk == finding.owner_id and finding.severity != "low")
    )
    return render(
        request,
        "grants/finding_detail.html",
        {
            **page,
            "finding": finding,
            "escalations": list(finding.escalations.all()),
            "handovers": list(
                finding.handovers.select_related("from_officer", "to_officer").order_by("at")
            ),
            "days_open": (_today() - periods.local_day(finding.raised_at)).days,
            "days_late": max(0, (_today() - finding.due_on).days),
            "form": form if may and finding.closed_at is None and not own else None,
            "is_own": own and finding.closed_at is None,
        },
        status=422 if form.is_bound else 200,
    )


@requires(VIEW)
@require_safe
def finding_list(request: HttpRequest) -> HttpResponse:
    """The register: every finding of every grant, the oldest day first."""
    shown = request.GET.get("show", "")
    rows = Finding.objects.filter(grant__in=Grant.objects.visible_to(request.user))
    who = officer_of(request)
    today = _today()
    late = monitoring.late_findings(today)
    if shown == "closed":
        rows = rows.filter(closed_at__isnull=False)
    elif shown != "all":
        rows = rows.filter(closed_at__isnull=True)
    if shown == "late":
        rows = rows.filter(due_on__lt=today)
    elif shown in _LEVELS:
        rows = rows.filter(monitoring.at_level(_LEVELS[shown], today))
    if shown == "mine" and who is not None:
        rows = rows.filter(owner=who)
    page = keyset_page(
        rows.select_related("grant", "owner").prefetch_related("escalations"),
        ordering=("due_on", "id"),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
    )
    return render(
        request,
        "grants/finding_list.html",
        {
            "page": page,
            "show": shown,
            "choices": [
                ("", _("Open")),
                ("late", _("Past their day")),
                *(
                    (name, _("%(days)s days or more past their day") % {"days": days})
                    for name, days in _LEVELS.items()
                    if name == shown
                ),
                *([("mine", _("Mine"))] if who is not None else []),
                ("closed", _("Closed")),
                ("all", _("All")),
            ],
            "levels": late,
            "today": today,
        },
    )


# --- reports, values, people ---------------------------------------------------------------------


@requires(WORK)
def report_plan(request: HttpRequest, ref: str) -> HttpResponse:
    """Say that the grantee will owe a report."""
    grant = one_grant(request, ref)
    _needs(request, "officer")
    form = PlanReportForm(_data(request))

    def act() -> Any:
        return monitoring.plan_report(grant, by=me(request), **form.cleaned_data)

    return _asked(
        request, grant, form, act, title=_("A report that is owed"), action=_("Put it down")
    )


@requires(WORK)
def report_receive(request: HttpRequest, ref: str, key: UUID) -> HttpResponse:
    """A report came in; its paper is on file."""
    grant = one_grant(request, ref)
    report = get_object_or_404(Report, grant=grant, pk=key)
    _needs(request, "officer", "monitor")
    form = ReceiveReportForm(_data(request), grant=grant)

    def act() -> Any:
        return monitoring.receive_report(report, by=me(request), **form.cleaned_data)

    return _asked(
        request,
        grant,
        form,
        act,
        title=_("A report came in"),
        action=_("It came in"),
        lead=_("File it with the papers first, then choose it here."),
        at={InTheFuture: "received_on"},
    )


@require_POST
@requires(WORK)
def report_accept(request: HttpRequest, ref: str, key: UUID) -> HttpResponse:
    """Accept a report that came in."""
    grant = one_grant(request, ref)
    report = get_object_or_404(Report, grant=grant, pk=key)
    attempt(request, lambda: monitoring.accept_report(report, by=me(request)), _("Accepted."))
    return redirect("grants:grant_monitoring", grant.ref)


@requires(WORK)
def value_new(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    """What was measured of an indicator on a day."""
    grant = one_grant(request, ref)
    indicator = get_object_or_404(Indicator, grant=grant, number=number)
    _needs(request, "monitor")
    form = ValueForm(_data(request))

    def act() -> Any:
        return monitoring.record_value(indicator, by=me(request), **form.cleaned_data)

    return _asked(
        request,
        grant,
        form,
        act,
        title=_("Measure an indicator"),
        action=_("Keep the value"),
        lead=indicator.title,
        at={InTheFuture: "as_of"},
    )


@requires(WORK)
def reached_edit(request: HttpRequest, ref: str) -> HttpResponse:
    """How many people of each sex and age were reached."""
    grant = one_grant(request, ref)
    _needs(request, "monitor")
    known = {(one.sex, one.age_band): one for one in grant.beneficiaries.all()}
    rows = [
        (sex, band, f"{sex_label} · {band_label}", getattr(known.get((sex, band)), "actual", None))
        for sex, sex_label in SEXES
        for band, band_label in AGE_BANDS
    ]
    form = ReachedForm(_data(request), rows=rows)

    def act() -> Any:
        monitoring.count_beneficiaries(grant, form.reached(), by=me(request))
        return True

    return _asked(
        request,
        grant,
        form,
        act,
        title=_("People reached"),
        action=_("Keep the numbers"),
        lead=_("Leave empty what is not known; nobody reached is 0."),
    )
