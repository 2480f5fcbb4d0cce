"""The audit pack of a grant: asked for, waited for, taken."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ceasefire import audit
from ceasefire.exports import safe_filename, stream_response
from ceasefire.people.access import asked_by_itself, requires
from grants.exceptions import GrantRefusal
from grants.models import Pack
from grants.services import packs
from grants.views.doing import attempt, me
from grants.views.scope import FLAG, WORK, grant_page, one_grant


def _pack(request: HttpRequest, ref: str, pk: UUID) -> Pack:
    grant = one_grant(request, ref)
    rows = Pack.objects.visible_to(request.user).filter(grant=grant)
    found: Pack = get_object_or_404(rows.select_related("grant", "by"), pk=pk)
    return found


@require_POST
@requires(WORK, FLAG)
def pack_new(request: HttpRequest, ref: str) -> HttpResponse:
    """Have a pack made; one that is under way is that one."""
    grant = one_grant(request, ref)
    try:
        return redirect(packs.ask(grant, by=me(request)))
    except GrantRefusal as refusal:
        messages.error(request, str(refusal))
        return redirect("grants:document_list", ref=ref)


@requires(WORK, FLAG)
@require_safe
def pack_detail(request: HttpRequest, ref: str, pk: UUID) -> HttpResponse:
    """How far it is; when it is made, the way to it."""
    pack = _pack(request, ref, pk)
    page = grant_page(request, one_grant(request, ref), "documents")
    return render(request, "grants/pack_detail.html", {**page, "pack": pack})


@asked_by_itself
@requires(WORK, FLAG)
@require_safe
def pack_progress(request: HttpRequest, ref: str, pk: UUID) -> HttpResponse:
    """The line of progress; tells the page to load anew when there is nothing to wait for."""
    pack = _pack(request, ref, pk)
    response = render(request, "grants/_pack_progress.html", {"pack": pack, "grant": pack.grant})
    if not pack.waits:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@requires(WORK, FLAG)
def pack_cancel(request: HttpRequest, ref: str, pk: UUID) -> HttpResponse:
    """Ask the worker to stop."""
    pack = _pack(request, ref, pk)
    if pack.waits:
        attempt(
            request,
            lambda: packs.cancel(pack, by=me(request)),
            _("The pack is not made any further."),
        )
    return redirect(pack)


@requires(WORK, FLAG)
@require_safe
def pack_download(request: HttpRequest, ref: str, pk: UUID) -> HttpResponseBase:
    """The finished pack."""
    pack = _pack(request, ref, pk)
    pieces = packs.pieces_of(pack, by=me(request))
    if pieces is None:
        return redirect(pack)
    audit.record("grant.pack_taken", subject=pack.grant, by=me(request), detail={"pack": pack.pk})
    name = safe_filename("audit-pack", pack.grant.ref, extension="zip")
    return stream_response(pieces, name, size=pack.size)
