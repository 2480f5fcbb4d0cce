"""A large file, piece by piece, as the page's script sends it.

Begin (or go on), put piece n, and again until all are there; then the form itself is sent, with the
key of the upload in the place of the file. Every answer is JSON; `error` is for the person.
"""

import json
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ceasefire.people.access import requires
from grants.exceptions import GrantRefusal, NotForThisPerson
from grants.models import PIECE
from grants.services import uploads
from grants.services.uploads import PieceBroken, UploadGone
from grants.views.doing import me
from grants.views.scope import WORK, one_grant


def _refused(refusal: GrantRefusal) -> JsonResponse:
    """409: send the piece again. 410: begin again. 422: nothing helps but another file."""
    status = 422
    if isinstance(refusal, PieceBroken):
        status = 409
    elif isinstance(refusal, UploadGone):
        status = 410
    return JsonResponse({"error": str(refusal)}, status=status)


@require_POST
@requires(WORK)
def upload_begin(request: HttpRequest, ref: str) -> HttpResponse:
    """Begin a file, or say which pieces of it are here already."""
    grant = one_grant(request, ref)
    asked = _asked(request)
    if asked is None:
        return JsonResponse({"error": _("The file could not be begun.")}, status=422)
    try:
        upload = uploads.begin(grant, by=me(request), **asked)
    except NotForThisPerson:
        raise PermissionDenied from None
    except GrantRefusal as refusal:
        return _refused(refusal)
    return JsonResponse(
        {
            "id": str(upload.pk),
            "url": reverse("grants:upload_piece", args=[grant.ref, upload.pk, 0])[:-2],
            "piece": PIECE,
            "received": uploads.received(upload),
        }
    )


def _asked(request: HttpRequest) -> dict[str, Any] | None:
    """Name, size and fingerprint of a file that is begun; None where they are not such."""
    try:
        given = json.loads(request.body)
        size = given["size"]
        if isinstance(size, bool) or not isinstance(size, int):
            return None
        return {
            "name": str(given["name"]),
            "size": size,
            "fingerprint": str(given["fingerprint"]),
        }
    except (ValueError, KeyError, TypeError):
        return None


@require_POST
@requires(WORK)
def upload_piece(request: HttpRequest, ref: str, pk: UUID, number: int) -> HttpResponse:
    """Take piece `number`, with `?offset=` and `?sha256=` of what is meant to be sent."""
    one_grant(request, ref)
    offset = request.GET.get("offset", "")
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not offset.isdecimal() or not length.isdecimal() or int(length) > PIECE:
        return _refused(PieceBroken())
    try:
        uploads.put(
            pk,
            number,
            request.body,
            offset=int(offset),
            sha256=request.GET.get("sha256", ""),
            by=me(request),
        )
    except NotForThisPerson:
        raise PermissionDenied from None
    except GrantRefusal as refusal:
        return _refused(refusal)
    return JsonResponse({"received": number})


@require_POST
@requires(WORK)
def upload_drop(request: HttpRequest, ref: str, pk: UUID) -> HttpResponse:
    """Let an upload go. Gone already, or somebody else's, nothing happens and nothing is said."""
    one_grant(request, ref)
    uploads.drop(pk, by=me(request))
    return HttpResponse(status=204)
