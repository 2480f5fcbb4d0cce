"""The dashboard: a handful of questions about one site, answered by its newest report."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ceasefire.people.access import requires
from ceasefire.people.roles import Role
from ceasefire.reports import blocks
from ceasefire.reports.presentation import ReportPage


@requires("reports.view_dashboard")
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """At most seven blocks for the person's role; `?site=` chooses among several sites."""
    user = request.user
    reports = blocks.latest_reports(user)  # type: ignore[arg-type]
    chosen = next(
        (one for one in reports if one.report.site.code == request.GET.get("site")),
        reports[0] if reports else None,
    )
    shown = []
    page = None
    if chosen is not None:
        page = ReportPage(chosen, digits=str(user.digits))  # type: ignore[union-attr]
        shown = [
            blocks.unusual(page),
            blocks.alerts([page]),
            blocks.harmed(page),
            blocks.timeliness(page),
            blocks.certainty(page),
        ]
    if user.role in (Role.SUPERVISOR, Role.MANAGER, Role.DATA_OFFICER):  # type: ignore[union-attr]
        shown.append(blocks.review(user))  # type: ignore[arg-type]
    if user.has_perm("reports.freeze_weeklyreport"):  # type: ignore[union-attr]
        shown.append(blocks.drafts(user, _("Which reports wait for approval?")))  # type: ignore[arg-type]
    elif user.has_perm("reports.write_narrative"):  # type: ignore[union-attr]
        shown.append(blocks.drafts(user, _("Which reports wait for words?"), untold=True))  # type: ignore[arg-type]
    return render(
        request,
        "reports/dashboard.html",
        {"blocks": shown, "editions": reports, "chosen": chosen, "page": page},
    )
