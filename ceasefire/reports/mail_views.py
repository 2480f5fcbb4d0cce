"""What became of the mails of reports, for the managers of their sites: numbers, never people."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from ceasefire import periods
from ceasefire.people.access import requires
from ceasefire.places.models import Site
from ceasefire.reports import mailing, post, subscriptions
from ceasefire.reports.models import ReportMail, WeeklyReport
from ceasefire.reports.presentation import week_words

MANAGES = "reports.freeze_weeklyreport"
#: Reports on the page; older ones have long been settled.
SHOWN = 26
_State = ReportMail.State


@requires(MANAGES)
@require_safe
def mail_list(request: HttpRequest) -> HttpResponse:
    """How many hear of each site's reports, and how the mails of the last reports went."""
    user: Any = request.user
    lost = Q(mails__state=_State.WAITING, mails__touched_at__lt=periods.now() - mailing.LOST_AFTER)
    reports = list(
        WeeklyReport.objects.visible_to(user)
        .filter(mails__isnull=False)
        .without_content()
        .select_related("site")
        .annotate(
            sent=Count("mails", filter=Q(mails__state=_State.SENT)),
            waiting=Count("mails", filter=Q(mails__state__in=ReportMail.OPEN) & ~lost),
            failed=Count("mails", filter=Q(mails__state=_State.FAILED) | lost),
            unsure=Count("mails", filter=Q(mails__state=_State.UNSURE)),
        )
        .newest_first()[:SHOWN]
    )
    reasons: dict[Any, list[str]] = {}
    named = (
        ReportMail.objects.filter(report__in=[one.pk for one in reports])
        .filter(state__in=[_State.FAILED, _State.UNSURE, _State.WAITING])
        .exclude(why="")
        .order_by("why")
        .values_list("report_id", "why")
        .distinct()
    )
    for pk, why in named:
        reasons.setdefault(pk, []).append(str(ReportMail.Why(why).label))
    for report in reports:
        report.week_words = week_words(report.week_start, digits=user.digits)  # type: ignore[attr-defined]
        report.reasons = reasons.get(report.pk, [])  # type: ignore[attr-defined]
    sites = Site.objects.filter(pk__in=user.site_ids).order_by("code")
    return render(
        request,
        "reports/mail_list.html",
        {
            "reports": reports,
            "sites": [(site, subscriptions.how_many(site)) for site in sites],
            "keeps_files": post.keeps_files(),
        },
    )


@require_POST
@requires(MANAGES)
def mail_again(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Let the failed mails of a report be tried again; those perhaps sent only where asked for."""
    user: Any = request.user
    report = get_object_or_404(WeeklyReport.objects.visible_to(user).select_related("site"), pk=pk)
    count = mailing.send_again(report, by=user, unsure="unsure" in request.POST)
    if count:
        words = ngettext(
            "%(count)s mail is tried again.", "%(count)s mails are tried again.", count
        )
        messages.success(request, words % {"count": count})
    else:
        messages.info(request, _("No mail of this report has failed."))
    return redirect("reports:mail_list")
