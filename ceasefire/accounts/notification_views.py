"""A person's own notices beside their tasks: the list, opening one, and taking note of them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ceasefire import worklist
from ceasefire.look.paging import keyset_page
from ceasefire.people.access import requires
from ceasefire.worklist.models import Notification, Task

VIEW = "worklist.view_notification"
#: So many tasks stand above the notices; the rest have a list of their own.
TASKS_SHOWN = 20


@require_safe
@requires(VIEW)
def notification_list(request: HttpRequest) -> HttpResponse:
    """What is to be done, the longest due first; then the notices, the newest first."""
    tasks = (
        Task.objects.visible_to(request.user)
        .open()
        .select_related("assignee")
        .order_by("due_at", "pk")[: TASKS_SHOWN + 1]
    )
    first_page = not (request.GET.get("after") or request.GET.get("before"))
    open_tasks = list(tasks) if first_page else []
    page = keyset_page(
        Notification.objects.visible_to(request.user),
        ordering=("-created_at", "-id"),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
    )
    return render(
        request,
        "accounts/notification_list.html",
        {
            "page": page,
            "has_tasks": request.user.has_perm("worklist.view_task") and first_page,
            "tasks": open_tasks[:TASKS_SHOWN],
            "more_tasks": len(open_tasks) > TASKS_SHOWN,
            # What comes while the page is looked at is not taken note of with the rest.
            "newest": max((one.pk for one in page), default=0),
            "any_unread": any(one.read_at is None for one in page),
        },
    )


@require_POST
@requires(VIEW)
def notification_open(request: HttpRequest, pk: int) -> HttpResponse:
    """Take note of one and go to its record."""
    notice = get_object_or_404(Notification.objects.visible_to(request.user), pk=pk)
    worklist.mark_read(notice, by=request.user)
    address = notice.address
    if address and url_has_allowed_host_and_scheme(address, allowed_hosts=None):
        return redirect(address)
    return redirect("notification_list")


@require_POST
@requires(VIEW)
def notification_read_all(request: HttpRequest) -> HttpResponse:
    """Take note of all that was there when the page was made."""
    newest = request.POST.get("newest", "")
    known = newest.isascii() and newest.isdigit() and len(newest) < 19
    worklist.mark_all_read(by=request.user, up_to=int(newest) if known else None)
    messages.success(request, _("All are marked as read."))
    return redirect("notification_list")
