"""Background work: what waits, runs, failed; stop it or try again."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ceasefire import audit, jobs
from ceasefire.jobs.exceptions import JobRefusal
from ceasefire.jobs.models import Job
from ceasefire.look.paging import keyset_page
from ceasefire.oversight.work import in_words
from ceasefire.people.access import requires


@requires("jobs.view_job")
def job_list(request: HttpRequest) -> HttpResponse:
    """Jobs newest first; unfinished and failed ones by a filter."""
    visible = Job.objects.visible_to(request.user).select_related("site")
    state = request.GET.get("status", "")
    if state in Job.State.values:
        visible = visible.filter(state=state)
    page = keyset_page(
        visible,
        ordering=("-id",),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
    )
    for job in page.rows:
        job.words = in_words(job.kind)
    context = {
        "page": page,
        "state": state,
        "states": Job.State.choices,
        "may_change": request.user.has_perm("jobs.change_job"),
        "parked": Job.objects.visible_to(request.user).parked().exists(),
    }
    return render(request, "oversight/job_list.html", context)


@require_POST
@requires("jobs.change_job")
def job_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask a job to stop; one that has begun stops at its next step."""
    job = get_object_or_404(Job.objects.visible_to(request.user), pk=pk)
    jobs.cancel(job, by=request.user)
    audit.record("job.cancelled", subject=job, by=request.user)
    messages.success(request, _("It stops at its next step."))
    return redirect("oversight:job_list")


@require_POST
@requires("jobs.change_job")
def job_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Try a job again that stopped after failing."""
    job = get_object_or_404(Job.objects.visible_to(request.user), pk=pk)
    try:
        jobs.retry(job, by=request.user)
    except JobRefusal:
        messages.info(request, _("It is not stopped any more."))
    else:
        audit.record("job.retried", subject=job, by=request.user)
        messages.success(request, _("It is tried again."))
    return redirect("oversight:job_list")
