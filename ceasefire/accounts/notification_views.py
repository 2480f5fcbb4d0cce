"""A person's own notices: the list, opening one, and taking note of them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ceasefire import worklist
from ceasefire.look.paging import keyset_page
from ceasefire.people.access import requires
from ceasefire.worklist.models import Notification

VIEW = "worklist.view_notification"


@require_safe
@requires(VIEW)
def notification_list(request: HttpRequest) -> HttpResponse:
    """The newest first; nobody sees anybody else's."""
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
