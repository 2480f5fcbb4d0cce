"""Taking the list out: which file, at once or made by a worker; what its columns mean."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ceasefire import audit, periods
from ceasefire.database.session import acting
from ceasefire.exports import (
    ahead,
    csv_response,
    file_response,
    safe_filename,
    stream_response,
    table_data,
    write_pdf,
)
from ceasefire.exports.responses import CONTENT_TYPES
from ceasefire.people.access import asked_by_itself, requires
from incidents import export_files, exports, research
from incidents.forms.exports import CHOICES, FORMATS, ExportForm
from incidents.forms.filters import IncidentFilter
from incidents.models import ExportFile, Incident
from incidents.views.scope import places_of, sites_of

EXPORT = "incidents.export_incident"
#: More than so many are counted as "more than".
COUNTED = 100_000


@requires(EXPORT)
@require_safe
def incident_export(request: HttpRequest) -> HttpResponseBase:
    """The incidents of the list, filtered as there, as a file; without a format, the choice."""
    user = request.user
    sites = sites_of(user)
    filters = IncidentFilter(
        request.GET, user=user, sites=sites, places=places_of(sites, "governorate", "district")
    )
    if not filters.is_valid():
        # A filter that is not understood must not come to a file of everything.
        messages.error(request, _("A filter was not understood. Nothing was exported."))
        given = request.GET.copy()
        for name in CHOICES:
            given.pop(name, None)
        return redirect(f"{reverse('incidents:incident_list')}?{given.urlencode()}")
    wanted = request.GET.get("format", "")
    if not wanted:
        return _choice(request, filters)
    form = ExportForm(request.GET)
    if wanted not in FORMATS or not form.is_valid():
        messages.error(request, _("Choose csv, xlsx, geojson, acled or acled-xlsx."))
        return redirect("incidents:incident_list")

    def found() -> Any:
        return exports.rows(filters.apply(Incident.objects.visible_to(user)))

    options = form.options
    if wanted not in ("csv", "acled") and exports.is_long(found()):
        return redirect(
            export_files.ask(
                format=wanted,
                filters=filters,
                language=translation.get_language() or "en",
                options=options,
                by=user,  # type: ignore[arg-type]
            )
        )
    counted = research.fit(found()) if wanted.startswith("acled") else found()
    # A long CSV begins at once: its rows are not counted twice, but said when the last one is sent.
    number = counted.order_by().values("pk")[: exports.ROWS_AT_ONCE + 1].count()
    is_long = number > exports.ROWS_AT_ONCE
    audit.record(
        "incident.exported",
        by=user,  # type: ignore[arg-type]
        detail={
            "format": wanted,
            "rows": min(number, exports.ROWS_AT_ONCE),
            **({"more": True} if is_long else {}),
            "filters": export_files.in_trail(
                export_files.answers_of(filters), searched=bool(filters.cleaned_data.get("q"))
            ),
        },
    )

    def sent(rows: int) -> None:
        if is_long:
            audit.record(
                "incident.export_sent",
                by=user,  # type: ignore[arg-type]
                detail={"format": wanted, "rows": rows},
            )

    what = "events" if wanted.startswith("acled") else "incidents"
    extension = {"acled": "csv", "acled-xlsx": "xlsx"}.get(wanted, wanted)
    name = safe_filename(what, periods.today(), extension=extension)
    if wanted == "acled":
        return csv_response(
            research.COLUMNS,
            lambda: research.rows(found()),
            name,
            user=user,
            tags=bool(options.get("hxl")),
            sent=sent,
        )
    if wanted == "csv":
        columns, header = exports.layout(options.get("labels", ""))
        return csv_response(
            columns,
            lambda: ahead(exports.slim(found())),
            name,
            user=user,
            header=header or "key",  # type: ignore[arg-type]
            tags=bool(options.get("hxl")),
            sent=sent,
        )
    if wanted == "geojson":
        return _geojson(found, name, user)
    return _workbook(wanted, found(), name, user, options)


def _choice(request: HttpRequest, filters: IncidentFilter) -> HttpResponse:
    """The form: what is taken out, as which file; and the files of the last day."""
    path = reverse("incidents:incident_export")
    number = exports.rows(filters.apply(Incident.objects.visible_to(request.user)))[
        : COUNTED + 1
    ].count()
    kept = [
        (name, value)
        for name, values in request.GET.lists()
        if name not in (*CHOICES, "after", "before")
        for value in values
        if value
    ]
    return render(
        request,
        "incidents/export_new.html",
        {
            "form": ExportForm(),
            "kept": kept,
            "chips": filters.chips(path),
            "number": min(number, COUNTED),
            "is_more": number > COUNTED,
            "files": ExportFile.objects.visible_to(request.user)
            .select_related("job")
            .defer("sought"),
        },
    )


def _geojson(found: Any, name: str, user: Any) -> StreamingHttpResponse:
    language = translation.get_language() or "en"

    def stream() -> Iterator[bytes]:
        with translation.override(language), acting(user):
            yield from exports.write_geojson(found())

    response = StreamingHttpResponse(stream(), content_type=CONTENT_TYPES[".geojson"])
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _workbook(
    format: str, incidents: Any, name: str, user: Any, options: dict[str, Any]
) -> HttpResponseBase:
    """Written whole before it is sent: the format has its table of contents at its end."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        export_files.write_workbook(
            format,
            incidents,
            path,
            options=options,
            language=translation.get_language() or "en",
            by=user.code_name,
        )
        # The file is open when its folder goes: its space is freed when it has been sent.
        return file_response(path, name)


@requires(EXPORT)
@require_safe
def export_columns(request: HttpRequest) -> HttpResponseBase:
    """What the columns of the CSV mean, and with `?codes=1` what its codes mean, as a file."""
    if request.GET.get("codes"):
        return csv_response(
            exports.CODES, exports.code_rows(), "incident-codes.csv", user=request.user
        )
    rows = exports.dictionary_rows()
    return csv_response(
        exports.DICTIONARY, rows, "incident-columns.csv", user=request.user, header="label"
    )


@requires(EXPORT)
@require_safe
def export_codebook(request: HttpRequest) -> HttpResponseBase:
    """The codebook of the research file, as PDF or, with `?format=csv`, as a table."""
    rows = research.codebook_rows()
    if request.GET.get("format") == "csv":
        return csv_response(
            research.CODEBOOK, rows, "codebook.csv", user=request.user, header="label"
        )
    language = translation.get_language() or "en"
    data = table_data(research.CODEBOOK, rows, title=_("Codebook of the research file"))
    return file_response(write_pdf("table", data, language=language), "codebook.pdf")


def _file(request: HttpRequest, pk: UUID) -> ExportFile:
    """The person's own file of an address; anybody else's is not there."""
    files = ExportFile.objects.visible_to(request.user).select_related("job", "by")
    file: ExportFile = get_object_or_404(files.defer("sought"), pk=pk)
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
    file = _file(request, pk)
    pieces = export_files.pieces_of(file)
    if pieces is None:
        return redirect(file)
    audit.record(
        "incident.export_taken",
        subject=file,
        by=request.user,  # type: ignore[arg-type]
        detail={"format": file.format},
    )
    return stream_response(pieces, export_files.name_of(file), size=file.size)
