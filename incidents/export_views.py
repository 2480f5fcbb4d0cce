"""A long list that a worker makes: how far it is, stopping it, taking it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ceasefire import audit
from ceasefire.exports import file_response
from ceasefire.people.access import asked_by_itself, requires
from incidents import export_files
from incidents.models import ExportFile

EXPORT = "incidents.export_incident"


def _file(request: HttpRequest, pk: UUID, *, whole: bool = False) -> ExportFile:
    """The person's own file of an address; anybody else's is not there."""
    files = ExportFile.objects.visible_to(request.user).select_related("job")
    if not whole:
        files = files.defer("ciphertext", "sought")
    file: ExportFile = get_object_or_404(files, pk=pk)
    return file


def _waits(file: ExportFile) -> bool:
    return not file.size and file.job is not None and not file.job.is_finished


@requires(EXPORT)
@require_safe
def export_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How far the file is; when it is made, the way to it."""
    file = _file(request, pk)
    return render(
        request,
        "incidents/export_detail.html",
        {"file": file, "job": file.job, "waits": _waits(file)},
    )


@asked_by_itself
@requires(EXPORT)
@require_safe
def export_progress(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The line of progress; tells the page to load anew when there is nothing to wait for."""
    file = _file(request, pk)
    response = render(request, "incidents/_export_progress.html", {"file": file, "job": file.job})
    if not _waits(file):
        response["HX-Refresh"] = "true"
    return response


@require_POST
@requires(EXPORT)
def export_cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask the worker to stop."""
    file = _file(request, pk)
    if _waits(file):
        export_files.cancel(file, by=request.user)  # type: ignore[arg-type]
        messages.info(request, _("The file is not made any further."))
    return redirect(file)


@requires(EXPORT)
@require_safe
def export_download(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The finished file."""
    file = _file(request, pk, whole=True)
    content = export_files.content_of(file)
    if content is None:
        return redirect(file)
    audit.record(
        "incident.export_taken",
        subject=file,
        by=request.user,  # type: ignore[arg-type]
        detail={"format": file.format},
    )
    return file_response(content, export_files.name_of(file))
