"""Reading a list in through the browser, and taking one out."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ceasefire import audit, codes, jobs, periods
from ceasefire.database.session import acting
from ceasefire.exports import Column, csv_response, file_response, safe_filename, write_xlsx
from ceasefire.exports.responses import CONTENT_TYPES
from ceasefire.people.access import requires
from ceasefire.places.models import Place
from incidents import export_files, exports, importing, tasks
from incidents.forms.filters import IncidentFilter
from incidents.forms.imports import ColumnsForm, ConfirmForm, UploadForm, worded
from incidents.importing import files
from incidents.importing.problems import Problem, from_json
from incidents.importing.reading import read_sheet
from incidents.models import ImportBatch, Incident
from incidents.views.scope import places_of, sites_of

IMPORT, EXPORT = "incidents.import_incident", "incidents.export_incident"
#: Larger files are imported by a worker; the page shows how far it is.
ROWS_AT_ONCE = 2000
BATCHES, FIRST_ROWS, SHOWN_PROBLEMS = 20, 10, 200
State = ImportBatch.State


@dataclass(frozen=True)
class PreviewRow:
    """A row as it would be taken: for the eye that checks days and places."""

    number: int
    type: str
    day: Any
    until: Any
    place: Place
    killed: int | None
    summary: str


def _sent(request: HttpRequest) -> Any:
    """What a form was sent with; a form without fields is sent empty and sent all the same."""
    return request.POST if request.method == "POST" else None


@requires(IMPORT)
def import_new(request: HttpRequest) -> HttpResponse:
    sites = sites_of(request.user)
    form = UploadForm(_sent(request), request.FILES or None, sites=sites)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        batch = files.keep(
            form.content,
            format=given["format"],
            site=given["site_row"],
            by=request.user,
            mapping=form.columns,
        )
        batch.default_state = given["default_state"]
        batch.save(update_fields=["default_state"])
        if batch.format == ImportBatch.Format.TABLE:
            return redirect("incidents:import_columns", pk=batch.pk)
        return redirect(batch)
    batches = (
        ImportBatch.objects.visible_to(request.user)
        .exclude(state__in=[State.DISCARDED])
        .select_related("site", "by")[:BATCHES]
    )
    return render(
        request,
        "incidents/import_new.html",
        {"form": form, "batches": batches, "has_sites": bool(sites)},
    )


def _batch(request: HttpRequest, pk: UUID) -> ImportBatch:
    """The batch of an address. One that is not imported yet is its sender's alone."""
    batch: ImportBatch = get_object_or_404(
        ImportBatch.objects.visible_to(request.user).select_related("site", "by", "job"), pk=pk
    )
    if batch.state in (State.PREVIEWED, State.QUEUED, State.DISCARDED):
        get_object_or_404(ImportBatch.objects.filter(pk=pk, by=request.user))
    return batch


def _gone(request: HttpRequest) -> HttpResponse:
    messages.warning(request, _("This file is no longer here. Upload it again."))
    return redirect("incidents:import_new")


@requires(IMPORT)
def import_columns(request: HttpRequest, pk: UUID) -> HttpResponse:
    batch = _batch(request, pk)
    if batch.state != State.PREVIEWED or batch.format != ImportBatch.Format.TABLE:
        return redirect(batch)
    content = files.content_of(batch)
    if content is None:
        return _gone(request)
    sheet = read_sheet(content)
    form = ColumnsForm(_sent(request), sheet=sheet, chosen=batch.mapping)
    if request.method == "POST" and form.is_valid():
        batch.mapping = form.mapping
        batch.save(update_fields=["mapping"])
        return redirect(batch)
    return render(
        request,
        "incidents/import_columns.html",
        {"form": form, "batch": batch, "rows": len(sheet.rows)},
    )


@requires(IMPORT)
def import_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    batch = _batch(request, pk)
    if batch.state == State.DISCARDED:
        return _gone(request)
    if batch.state == State.PREVIEWED:
        return _preview(request, batch)
    problems, warnings = from_json(batch.rejects), from_json(batch.warnings)
    waits = batch.state == State.QUEUED
    response = render(
        request,
        "incidents/import_result.html",
        {
            "batch": batch,
            "problems": problems[:SHOWN_PROBLEMS],
            "warnings": warnings[:SHOWN_PROBLEMS],
            "more_problems": max(0, len(problems) - SHOWN_PROBLEMS),
            "waits": waits,
            "is_stuck": waits and batch.job is not None and batch.job.is_finished,
            "list_url": reverse("incidents:incident_list"),
        },
    )
    if waits:
        # The page asks again by itself, without script.
        response["Refresh"] = "3"
    return response


def _preview(request: HttpRequest, batch: ImportBatch) -> HttpResponse:
    """What would be done; the same form confirms it."""
    content = files.content_of(batch)
    if content is None:
        return _gone(request)
    user = request.user
    outcome = importing.import_file(
        content,
        format=batch.format,
        site=batch.site,
        by=user,
        mapping=batch.mapping,
        default_state=batch.default_state,
        dry_run=True,
    )
    if outcome.plan is None:
        # Nothing of the file can be read this way: a column that must be there is not chosen.
        problem = outcome.problems[0]
        messages.error(request, worded(importing.FileRefused(problem.code, column=problem.column)))
        if batch.format == ImportBatch.Format.TABLE:
            return redirect("incidents:import_columns", pk=batch.pk)
        return redirect("incidents:import_new")
    form = ConfirmForm(_sent(request), rejected=outcome.rejected)
    if request.method == "POST" and form.is_valid():
        return _run(request, batch, content, outcome, skip=outcome.rejected > 0)
    to_do = outcome.created + outcome.updated
    return render(
        request,
        "incidents/import_preview.html",
        {
            "batch": batch,
            "outcome": outcome,
            "form": form,
            "to_do": to_do,
            "rows": [_preview_row(entry) for entry in outcome.plan.first[:FIRST_ROWS]],
            "problems": outcome.problems[:SHOWN_PROBLEMS],
            "more_problems": max(0, len(outcome.problems) - SHOWN_PROBLEMS),
            "warnings": outcome.warnings[:SHOWN_PROBLEMS],
            "in_background": outcome.read > ROWS_AT_ONCE,
        },
    )


def _preview_row(entry: Any) -> PreviewRow:
    facts = entry.facts
    return PreviewRow(
        entry.row,
        codes.label("incident_type", facts["type"] or ""),
        facts["occurred_from"],
        facts.get("occurred_to"),
        facts.get("place"),
        facts.get("killed_best"),
        facts.get("summary", ""),
    )


def _run(
    request: HttpRequest,
    batch: ImportBatch,
    content: bytes,
    outcome: importing.Outcome,
    *,
    skip: bool,
) -> HttpResponse:
    """Import now, or hand a large file to a worker. Pressed twice, it runs once."""
    locked = ImportBatch.objects.select_for_update().get(pk=batch.pk)
    if locked.state != State.PREVIEWED:
        return redirect(batch)
    locked.skip_rejected = skip
    if outcome.read > ROWS_AT_ONCE:
        locked.state = State.QUEUED
        locked.job = jobs.enqueue(
            tasks.RUN, by=request.user, site=locked.site, batch_id=str(locked.pk)
        )
        locked.save(update_fields=["state", "job", "skip_rejected"])
        return redirect(batch)
    done = importing.import_file(
        content,
        format=locked.format,
        site=locked.site,
        by=request.user,
        mapping=locked.mapping,
        default_state=locked.default_state,
        skip_rejected=skip,
        batch=locked,
    )
    if not done.done:
        messages.error(request, _("Nothing was imported. Look at the rows again."))
    return redirect(batch)


@require_POST
@requires(IMPORT)
def import_discard(request: HttpRequest, pk: UUID) -> HttpResponse:
    files.discard(_batch(request, pk))
    messages.info(request, _("The file was thrown away. Nothing was imported."))
    return redirect("incidents:import_new")


@requires(IMPORT)
def import_undo(request: HttpRequest, pk: UUID) -> HttpResponse:
    batch = _batch(request, pk)
    blocked: list[tuple[str, str]] = []
    if request.method == "POST":
        try:
            remarks = importing.undo_batch(batch, by=request.user)
        except importing.UndoRefused as refused:
            blocked = [(code, Problem(0, "", why).reason) for code, why in refused.rows]
        except importing.NothingToUndo as refused:
            messages.warning(request, str(refused))
            return redirect(batch)
        else:
            messages.success(request, _("The import is undone."))
            for remark in remarks[:SHOWN_PROBLEMS]:
                messages.warning(request, f"{remark.column}: {remark.reason}")
            return redirect(batch)
    elif batch.state != State.IMPORTED:
        return redirect(batch)
    return render(
        request,
        "incidents/import_undo.html",
        {
            "batch": batch,
            "blocked": blocked[:SHOWN_PROBLEMS],
            "more_blocked": max(0, len(blocked) - SHOWN_PROBLEMS),
        },
        status=409 if blocked else 200,
    )


@requires(IMPORT)
def import_rejects(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Every refusal as a file: of the preview while it stands, else those kept with the batch."""
    batch = _batch(request, pk)
    problems = from_json(batch.rejects)
    content = files.content_of(batch) if batch.state == State.PREVIEWED else None
    if content is not None:
        problems = importing.import_file(
            content,
            format=batch.format,
            site=batch.site,
            by=request.user,
            mapping=batch.mapping,
            default_state=batch.default_state,
            dry_run=True,
        ).problems
    columns = [
        Column("row", _("Row"), "int"),
        Column("column", _("Column")),
        Column("reason", _("Reason")),
        Column("value", _("Value")),
    ]
    name = safe_filename("refused-rows", batch.at.date(), extension="csv")
    return csv_response(columns, problems, name, user=request.user, header="label")


@requires(IMPORT)
def import_blank(request: HttpRequest) -> HttpResponse:
    """An empty file with the columns of our own table."""
    return csv_response(exports.COLUMNS, [], "incidents-columns.csv", user=request.user)


# --- out ----------------------------------------------------------------------------------------


@requires(EXPORT)
def incident_export(request: HttpRequest) -> HttpResponse:
    """The incidents of the list, filtered as there, as a file; a long one is made by a worker."""
    wanted = request.GET.get("format", "csv")
    if wanted not in ("csv", "xlsx", "geojson"):
        messages.error(request, _("Choose csv, xlsx or geojson."))
        return redirect("incidents:incident_list")
    user = request.user
    sites = sites_of(user)
    filters = IncidentFilter(
        request.GET, user=user, sites=sites, places=places_of(sites, "governorate", "district")
    )
    if not filters.is_valid():
        # A filter that is not understood must not come to a file of everything.
        messages.error(request, _("A filter was not understood. Nothing was exported."))
        given = request.GET.copy()
        given.pop("format", None)
        return redirect(f"{reverse('incidents:incident_list')}?{given.urlencode()}")

    def incidents() -> Any:
        return exports.rows(filters.apply(Incident.objects.visible_to(user)))

    if wanted != "csv" and exports.is_long(incidents()):
        return redirect(
            export_files.ask(
                format=wanted,
                filters=filters,
                language=translation.get_language() or "en",
                by=user,  # type: ignore[arg-type]
            )
        )
    used = sorted(name for name, value in filters.cleaned_data.items() if value)
    audit.record(
        "incident.exported",
        by=user,
        detail={"format": wanted, "rows": incidents().count(), "filters": used},
    )
    name = safe_filename("incidents", periods.today(), extension=wanted)
    if wanted == "csv":
        return csv_response(exports.COLUMNS, incidents, name, user=user)
    if wanted == "geojson":
        return _geojson(incidents, name, user)
    return _xlsx(incidents(), name, user)


def _geojson(incidents: Any, name: str, user: Any) -> StreamingHttpResponse:
    language = translation.get_language() or "en"

    def stream() -> Iterator[bytes]:
        with translation.override(language), acting(user):
            yield from exports.write_geojson(incidents())

    response = StreamingHttpResponse(stream(), content_type=CONTENT_TYPES[".geojson"])
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _xlsx(incidents: Any, name: str, user: Any) -> FileResponse | HttpResponse:
    """Written whole before it is sent: the format has its table of contents at its end."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_xlsx(
            exports.COLUMNS,
            incidents,
            title=_("Incidents"),
            language=translation.get_language() or "en",
            file=Path(folder) / name,
            notes=exports.notes(periods.now(), by=user.code_name),
        )
        # The file is open when its folder goes: its space is freed when it has been sent.
        return file_response(Path(path), name)  # type: ignore[return-value]
