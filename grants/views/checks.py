"""The nightly checks of the ledger: for the auditor, and for who sees to the background work."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ceasefire import jobs, periods
from ceasefire.look.paging import keyset_page
from ceasefire.people.access import requires
from grants.models import LedgerCheck
from grants.services import nightly
from grants.tasks.ledger import CHECK
from grants.views.doing import me
from grants.views.scope import FLAG, VIEW

SEES_JOBS, CHANGES_JOBS = "jobs.view_job", "jobs.change_job"
SIZE = 30


@require_safe
@requires(VIEW, SEES_JOBS)
def ledger_check_list(request: HttpRequest) -> HttpResponse:
    """Every check with what it found, the newest first. Which grant, only to who reads grants."""
    page = keyset_page(
        LedgerCheck.objects.all(),
        ordering=("-id",),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
        size=SIZE,
    )
    return render(
        request,
        "grants/money_checks.html",
        {
            "page": page,
            "is_late": nightly.is_late(),
            "last": nightly.last_check(),
            "sees_faults": request.user.has_perm(VIEW),
            "may_check": request.user.has_perm(FLAG) or request.user.has_perm(CHANGES_JOBS),
        },
    )


@require_POST
@requires(FLAG, CHANGES_JOBS)
def ledger_check_now(request: HttpRequest) -> HttpResponse:
    """Let the check run now, at most once a minute."""
    minute = periods.now().strftime("%Y-%m-%dT%H:%M")
    jobs.enqueue(CHECK, key=f"{CHECK}:now:{minute}", by=me(request))
    messages.success(request, _("The check runs now. Load this page again in a moment."))
    return redirect("grants:ledger_check_list")
