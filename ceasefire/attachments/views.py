"""One photo: its page, its pictures, its removal. The way in is the record that it belongs to."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ceasefire.attachments import services
from ceasefire.attachments.exceptions import AttachmentRefusal, NotForThisPerson
from ceasefire.attachments.forms import RemoveForm
from ceasefire.attachments.models import Attachment
from ceasefire.attachments.registry import subject_of
from ceasefire.people.access import requires

VIEW = "attachments.view_attachment"


def _one(request: HttpRequest, pk: UUID) -> tuple[Attachment, Any]:
    """The photo of an address with its record; 404 alike for absent, removed and not to be seen."""
    attachment = get_object_or_404(
        Attachment.objects.visible_to(request.user).select_related("created_by"), pk=pk
    )
    record = services.record_of(attachment, request.user)
    if record is None:
        raise Http404
    return attachment, record


@requires(VIEW)
def photo_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    attachment, record = _one(request, pk)
    return _page(request, attachment, record)


def _page(
    request: HttpRequest, attachment: Attachment, record: Any, form: RemoveForm | None = None
) -> HttpResponse:
    said = subject_of(record)
    others = services.listed_for(record, request.user)
    at = next((n for n, row in enumerate(others) if row.pk == attachment.pk), 0)
    may_remove = services.may_remove(attachment, record, request.user)
    context = {
        "photo": attachment,
        "number": at + 1,
        "total": len(others),
        "earlier": others[at - 1] if at else None,
        "later": others[at + 1] if at + 1 < len(others) else None,
        "record_title": said.title(record),
        "record_url": said.page(record),
        "is_sensitive": said.is_sensitive(record),
        "remove_form": (form or RemoveForm(use_required_attribute=False)) if may_remove else None,
    }
    if form is not None:
        context["form"] = form
    return render(request, "attachments/photo_detail.html", context)


@requires(VIEW)
def photo_picture(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _picture(request, pk, "picture")


@requires(VIEW)
def photo_thumbnail(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _picture(request, pk, "thumbnail")


def _picture(request: HttpRequest, pk: UUID, column: str) -> HttpResponse:
    attachment, record = _one(request, pk)
    content = services.content_for(attachment, record, column, by=request.user)
    if content is None:
        raise Http404
    response = HttpResponse(content, content_type=attachment.media_type)
    # Shown inside a page and, where it is saved all the same, under a name that says nothing.
    response["Content-Disposition"] = 'inline; filename="photo.jpg"'
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    # Opened by itself, it may run, load and embed nothing, whatever a browser takes it for.
    response["Content-Security-Policy"] = "default-src 'none'; sandbox; frame-ancestors 'none'"
    return response


@require_POST
@requires(VIEW)
def photo_remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    attachment, record = _one(request, pk)
    if not services.may_remove(attachment, record, request.user):
        raise PermissionDenied
    form = RemoveForm(request.POST, use_required_attribute=False)
    if not form.is_valid():
        return _page(request, attachment, record, form)
    try:
        services.remove(attachment, by=request.user, reason=form.cleaned_data["reason"])
    except NotForThisPerson:
        raise PermissionDenied from None
    except AttachmentRefusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Photo removed."))
    return redirect(subject_of(record).page(record))
