"""A person's tasks: all that are open, and ticking one off."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ceasefire import worklist
from ceasefire.look.paging import keyset_page
from ceasefire.people.access import requires
from ceasefire.worklist.exceptions import NotForThisPerson, WorklistRefusal
from ceasefire.worklist.models import Task

VIEW, CLOSE = "worklist.view_task", "worklist.close_task"


@require_safe
@requires(VIEW)
def task_list(request: HttpRequest) -> HttpResponse:
    """Every open task of the person, the longest due first."""
    page = keyset_page(
        Task.objects.visible_to(request.user).open().select_related("assignee"),
        ordering=("due_at", "id"),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
    )
    return render(request, "accounts/task_list.html", {"page": page})


@require_POST
@requires(CLOSE)
def task_done(request: HttpRequest, pk: int) -> HttpResponse:
    """Tick one off."""
    by: Any = request.user
    task = get_object_or_404(Task.objects.visible_to(by), pk=pk)
    try:
        worklist.close_by_hand(task, by=by)
    except NotForThisPerson:
        raise PermissionDenied from None
    except WorklistRefusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The task is done."))
    return redirect("notification_list")
