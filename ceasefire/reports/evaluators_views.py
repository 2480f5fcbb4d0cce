"""The evaluator's pack: asked for, waited for, taken."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ceasefire import audit
from ceasefire.exports import stream_response
from ceasefire.people.access import asked_by_itself, requires
from ceasefire.places.models import Site
from ceasefire.reports import evaluators
from ceasefire.reports.evaluators_models import TAKE
from ceasefire.reports.models import EvaluatorsPack


def _pack(request: HttpRequest, pk: UUID) -> EvaluatorsPack:
    """The person's own pack of an address; anybody else's is not there."""
    packs = EvaluatorsPack.objects.visible_to(request.user).select_related("job", "by")
    found: EvaluatorsPack = get_object_or_404(packs, pk=pk)
    return found


@requires(TAKE)
@require_http_methods(["GET", "HEAD", "POST"])
def pack_list(request: HttpRequest) -> HttpResponse:
    """What stands in a pack, the button, and one's packs of the last day."""
    user: Any = request.user
    if request.method == "POST":
        return redirect(evaluators.ask(by=user))
    return render(
        request,
        "reports/pack_list.html",
        {
            "sites": Site.objects.filter(pk__in=user.site_ids).order_by("code"),
            "packs": EvaluatorsPack.objects.visible_to(user).select_related("job"),
        },
    )


@requires(TAKE)
@require_safe
def pack_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How far the pack is; when it is made, the way to it."""
    return render(request, "reports/pack_detail.html", {"pack": _pack(request, pk)})


@asked_by_itself
@requires(TAKE)
@require_safe
def pack_progress(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The line of progress; tells the page to load anew when there is nothing to wait for."""
    pack = _pack(request, pk)
    response = render(request, "reports/_pack_progress.html", {"pack": pack})
    if not pack.waits:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@requires(TAKE)
def pack_cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask the worker to stop."""
    pack = _pack(request, pk)
    if pack.waits:
        evaluators.cancel(pack, by=request.user)  # type: ignore[arg-type]
        messages.info(request, _("The pack is not made any further."))
    return redirect(pack)


@requires(TAKE)
@require_safe
def pack_download(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The finished pack."""
    pack = _pack(request, pk)
    pieces = evaluators.pieces_of(pack)
    if pieces is None:
        return redirect(pack)
    audit.record(
        "evaluatorspack.taken",
        subject=pack,
        by=request.user,  # type: ignore[arg-type]
        detail={"sha256": pack.sha256},
    )
    return stream_response(pieces, evaluators.name_of(pack), size=pack.size)
