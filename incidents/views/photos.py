"""Adding photos to an incident. Their own pages are those of ceasefire.attachments."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from ceasefire import attachments
from ceasefire.attachments.uploads import in_memory
from ceasefire.people.access import requires
from incidents.forms.photos import PhotosForm
from incidents.models import Incident
from incidents.views.reading import detail_page
from incidents.views.scope import one


@in_memory
@require_POST
@requires("attachments.add_attachment")
def photo_add(request: HttpRequest, code: str) -> HttpResponse:
    """Keep those that can be kept, and say of each other one why not, where it was chosen."""
    incident = one(request, code)
    if not attachments.may_add(incident, request.user):
        raise PermissionDenied
    if request.is_too_large:
        form = PhotosForm({}, {}, by=request.user)
        form.full_clean()
        form.errors.clear()
        form.refuse_request()
        return _again(request, incident, form, status=413)
    form = PhotosForm(request.POST, request.FILES, by=request.user)
    form.is_valid()
    if form.pictures and "caption" not in form.errors:
        try:
            added = attachments.attach_photos(
                incident, form.pictures, by=request.user, caption=form.cleaned_data["caption"]
            )
        except attachments.NotForThisPerson:
            raise PermissionDenied from None
        except attachments.AttachmentRefusal as refusal:
            form.add_error("photos", str(refusal))
        else:
            _say(request, added)
    if form.errors:
        return _again(request, incident, form)
    return redirect(f"{incident.get_absolute_url()}#photos")


def _again(
    request: HttpRequest, incident: Incident, form: PhotosForm, status: int = 200
) -> HttpResponse:
    response = detail_page(request, incident, photo_form=form)
    response.status_code = status
    return response


def _say(request: HttpRequest, added: Any) -> None:
    if added.new:
        number = len(added.new)
        text = ngettext("%(number)d photo added.", "%(number)d photos added.", number)
        messages.success(request, text % {"number": number})
    if added.known:
        messages.info(request, _("A photo that is here already was not added again."))
