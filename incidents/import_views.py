"""Reading a list in through the browser."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ceasefire import audit, codes, jobs, periods
from ceasefire.exports import Column, csv_response, safe_filename
from ceasefire.look.paging import keyset_page
from ceasefire.people.access import requires
from ceasefire.places.models import Place
from ceasefire.text import search_key
from incidents import exports, importing, tasks
from incidents.forms.imports import ColumnsForm, ConfirmForm, UploadForm, ValuesForm, worded
from incidents.importing import checking, files, kept, table
from incidents.importing.plan import columns_of, look_through
from incidents.importing.problems import Problem, from_json
from incidents.models import ImportBatch, ImportMapping, ImportPair
from incidents.views.scope import sites_of

IMPORT = "incidents.import_incident"
#: Larger files are looked through, and imported, by a worker; the page shows how far it is. Behind
#: the upload, which counts the rows, no page reads more of them than that.
CHECKED_AT_ONCE = 5000
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
    place: Place | None
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
        batch.all_sensitive = given["all_sensitive"]
        batch.warnings = [remark.as_json() for remark in form.remarks]
        batch.read = 0 if form.sheet is None else len(form.sheet.rows) + len(form.sheet.problems)
        batch.save(update_fields=["default_state", "all_sensitive", "warnings", "read"])
        if form.sheet is None:
            return _work(request, batch, tasks.READ)
        if batch.format == ImportBatch.Format.TABLE:
            kept.use(batch, form.sheet)
        return _onward(request, batch)
    visible = ImportBatch.objects.visible_to(request.user).exclude(state__in=[State.DISCARDED])
    lately = request.GET.get("lately") == "1"
    if lately:
        visible = visible.lately(timezone.now())
    page = keyset_page(
        visible.select_related("site", "by"),
        ordering=("-at", "-id"),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
        size=BATCHES,
    )
    return render(
        request,
        "incidents/import_new.html",
        {
            "form": form,
            "page": page,
            "lately": lately,
            "has_sites": bool(sites),
            "mappings": ImportMapping.objects.visible_to(request.user).exists(),
        },
    )


def _batch(request: HttpRequest, pk: UUID) -> ImportBatch:
    """The batch of an address. One that is not imported yet is its sender's alone."""
    batch: ImportBatch = get_object_or_404(
        ImportBatch.objects.visible_to(request.user).select_related("site", "by", "job", "saved"),
        pk=pk,
    )
    if batch.state in (State.CHECKING, State.PREVIEWED, State.QUEUED, State.DISCARDED):
        get_object_or_404(ImportBatch.objects.filter(pk=pk, by=request.user))
    return batch


def _gone(request: HttpRequest) -> HttpResponse:
    messages.warning(request, _("This file is no longer here. Upload it again."))
    return redirect("incidents:import_new")


def _onward(request: HttpRequest, batch: ImportBatch) -> HttpResponse:
    """From a file that has just been read to its columns, or with kept ones to its preview."""
    if batch.format == ImportBatch.Format.TABLE:
        if batch.saved is None:
            return redirect("incidents:import_columns", pk=batch.pk)
        messages.info(
            request,
            _("The columns were read as kept under “%(name)s”.") % {"name": batch.saved.name},
        )
    return _look(request, batch)


def _look(request: HttpRequest, batch: ImportBatch) -> HttpResponse:
    """To the preview of a file; a large one is looked through by a worker first."""
    if batch.read > CHECKED_AT_ONCE and not batch.checked:
        return _work(request, batch, tasks.CHECK)
    return redirect(batch)


def _work(request: HttpRequest, batch: ImportBatch, kind: str) -> HttpResponse:
    """Leave a large file to a worker; its page shows how far that is and stops it."""
    batch.state = State.CHECKING
    batch.job = jobs.enqueue(
        kind,
        by=request.user,  # type: ignore[arg-type]
        site=batch.site,
        batch_id=str(batch.pk),
    )
    batch.save(update_fields=["state", "job"])
    return redirect(batch)


@requires(IMPORT)
def import_columns(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Which column is which; then what words mean, where some are not understood.

    Of a large file the first rows are read; words that come further down are found by its check.
    """
    batch = _batch(request, pk)
    if batch.state != State.PREVIEWED or batch.format != ImportBatch.Format.TABLE:
        return redirect(batch)
    content = files.content_of(batch)
    if content is None:
        return _gone(request)
    sheet = look_through(content, batch.format, most=CHECKED_AT_ONCE)
    form = ColumnsForm(_sent(request), sheet=sheet, chosen=batch.mapping, saved=batch.saved)
    if request.method == "POST" and form.is_valid():
        keep_as = form.cleaned_data["keep_as"]
        kept.choose(
            batch,
            columns=form.mapping,
            by=request.user,  # type: ignore[arg-type]
            keep_as=keep_as,
        )
        if keep_as:
            messages.success(request, _("The columns are kept as “%(name)s”.") % {"name": keep_as})
        if table.unknown_words(sheet, batch.mapping, batch.values):
            return redirect("incidents:import_values", pk=batch.pk)
        return _look(request, batch)
    return render(
        request,
        "incidents/import_columns.html",
        {"form": form, "batch": batch, "rows": batch.read},
    )


@requires(IMPORT)
def import_values(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What the words of the file mean, where they are neither codes nor labels of ours.

    Of a large file those of the first rows, and those that its check stumbled over.
    """
    batch = _batch(request, pk)
    if batch.state != State.PREVIEWED or batch.format != ImportBatch.Format.TABLE:
        return redirect(batch)
    content = files.content_of(batch)
    if content is None:
        return _gone(request)
    sheet = look_through(content, batch.format, most=CHECKED_AT_ONCE)
    words = table.unknown_words(sheet, batch.mapping, batch.values)
    found = files.findings_of(batch) if batch.checked else None
    for ours, more in table.refused_words(found[0] if found else (), batch.mapping).items():
        known = words.setdefault(ours, [])
        asked = {search_key(word) for word in known}
        known += [word for word in more if search_key(word) not in asked]
    form = ValuesForm(_sent(request), words=words, meant=batch.values)
    if (request.method == "POST" and form.is_valid()) or not words:
        if words:
            kept.mean(batch, form.values)
        return _look(request, batch)
    return render(request, "incidents/import_values.html", {"form": form, "batch": batch})


@requires(IMPORT)
def import_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    batch = _batch(request, pk)
    if batch.state == State.DISCARDED:
        if batch.rejects:
            # A worker could not read it.
            return _unread(request, from_json(batch.rejects)[0])
        return _gone(request)
    if batch.state == State.PREVIEWED:
        return _preview(request, batch)
    problems, warnings = from_json(batch.rejects), from_json(batch.warnings)
    waits = batch.state in (State.QUEUED, State.CHECKING, State.UNDOING)
    response = render(
        request,
        "incidents/import_result.html",
        {
            "batch": batch,
            "problems": problems[:SHOWN_PROBLEMS],
            "warnings": warnings[:SHOWN_PROBLEMS],
            # The first thousand are kept with the batch, their number with it.
            "more_problems": max(0, max(len(problems), batch.rejected) - SHOWN_PROBLEMS),
            "more_warnings": max(0, len(warnings) - SHOWN_PROBLEMS),
            "waits": waits,
            "is_stuck": waits and batch.job is not None and batch.job.is_finished,
            "list_url": reverse("incidents:incident_list"),
            "blocked": _worded_rows(batch.undo_blocked)[:SHOWN_PROBLEMS],
            "more_blocked": max(0, len(batch.undo_blocked) - SHOWN_PROBLEMS),
            "pairs": ImportPair.objects.visible_to(request.user).open().filter(batch=batch).count()
            if batch.state == State.IMPORTED and request.user.has_perm("incidents.review_incident")
            else 0,
            "may_undo": batch.state == State.IMPORTED and periods.now() <= batch.undo_until,
        },
    )
    if waits:
        # The page asks again by itself, without script.
        response["Refresh"] = "3"
    return response


def _preview(request: HttpRequest, batch: ImportBatch) -> HttpResponse:
    """What would be done; the same form confirms it."""
    if not files.is_kept(batch):
        return _gone(request)
    if batch.checked:
        outcome = checking.outcome_of(batch)
        kept = files.findings_of(batch)
        rows = kept[1] if kept is not None else []
        warnings = outcome.warnings
    else:
        content = files.content_of(batch)
        if content is None:
            return _gone(request)
        if batch.job is not None and batch.job.kind == tasks.READ:
            batch.job = None
            batch.save(update_fields=["job"])
            return _onward(request, batch)
        if batch.read > CHECKED_AT_ONCE:
            return _not_checked(request, batch, content)
        outcome = checking.look(batch, content)
        if outcome.plan is None:
            return _unreadable(request, batch, outcome.problems[0])
        rows = [checking.row_as_taken(entry) for entry in outcome.plan.first]
        warnings = [*from_json(batch.warnings), *outcome.warnings]
    form = ConfirmForm(_sent(request), rejected=outcome.rejected)
    if request.method == "POST" and form.is_valid():
        return _run(request, batch, outcome, skip=outcome.rejected > 0)
    return render(
        request,
        "incidents/import_preview.html",
        {
            "batch": batch,
            "outcome": outcome,
            "form": form,
            "to_do": outcome.created + outcome.updated,
            "rows": _shown(rows),
            "problems": outcome.problems[:SHOWN_PROBLEMS],
            "more_problems": max(0, len(outcome.problems) - SHOWN_PROBLEMS),
            "warnings": warnings[:SHOWN_PROBLEMS],
            "more_warnings": max(0, len(warnings) - SHOWN_PROBLEMS),
            "in_background": outcome.read > ROWS_AT_ONCE,
            "words_open": any(problem.code == "code_unknown" for problem in outcome.problems),
        },
    )


def _not_checked(request: HttpRequest, batch: ImportBatch, content: bytes) -> HttpResponse:
    """To the step that a large file waits at: no page looks through it."""
    try:
        sheet = look_through(content, batch.format, most=CHECKED_AT_ONCE)
        columns_of(batch.format, sheet, batch.mapping or None)
    except importing.FileRefused as refused:
        return _unreadable(request, batch, refused.problem)
    if batch.format == ImportBatch.Format.TABLE:
        return redirect("incidents:import_columns", pk=batch.pk)
    return _look(request, batch)


def _unreadable(request: HttpRequest, batch: ImportBatch, problem: Problem) -> HttpResponse:
    """Nothing of the file can be read this way: a column that must be there is not chosen."""
    unread = _unread(request, problem)
    if batch.format == ImportBatch.Format.TABLE:
        return redirect("incidents:import_columns", pk=batch.pk)
    return unread


def _unread(request: HttpRequest, problem: Problem) -> HttpResponse:
    """Say why nothing of a file can be read; to where another can be sent."""
    messages.error(
        request, worded(importing.FileRefused(problem.code, column=problem.column, row=problem.row))
    )
    return redirect("incidents:import_new")


def _shown(rows: list[dict[str, Any]]) -> list[PreviewRow]:
    places = {
        place.pcode: place
        for place in Place.objects.filter(pcode__in={row["place"] for row in rows}).defer(
            "geometry"
        )
    }
    return [
        PreviewRow(
            row["number"],
            codes.label("incident_type", row["type"]),
            parse_date(row["day"]) if row["day"] else None,
            parse_date(row["until"]) if row["until"] else None,
            places.get(row["place"]),
            row["killed"],
            row["summary"],
        )
        for row in rows[:FIRST_ROWS]
    ]


def _run(
    request: HttpRequest,
    batch: ImportBatch,
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
        if not locked.numbers:
            importing.set_numbers_aside(locked, outcome.created)
        locked.job = jobs.enqueue(
            tasks.RUN, by=request.user, site=locked.site, batch_id=str(locked.pk)
        )
        locked.save(update_fields=["state", "job", "skip_rejected", "numbers"])
        return redirect(batch)
    content = files.content_of(locked)
    if content is None:
        return _gone(request)
    done = importing.import_file(
        content,
        format=locked.format,
        site=locked.site,
        by=request.user,
        mapping=locked.mapping,
        values=locked.values,
        default_state=locked.default_state,
        all_sensitive=locked.all_sensitive,
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


@require_POST
@requires(IMPORT)
def import_stop(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Stop the work on a large file: nothing of it is imported, and the file can be tried again."""
    batch = _batch(request, pk)
    if batch.state not in (State.CHECKING, State.QUEUED, State.UNDOING):
        return redirect(batch)
    if batch.job is not None and not batch.job.is_finished:
        jobs.cancel(batch.job, by=request.user)
        audit.record("job.cancelled", subject=batch.job, by=request.user)  # type: ignore[arg-type]
        batch.job.refresh_from_db()
    if batch.job is None or batch.job.is_finished:
        # Waited for: a job that was done in between has moved the batch on.
        for waiting, before in ((State.QUEUED, State.PREVIEWED), (State.UNDOING, State.IMPORTED)):
            ImportBatch.objects.filter(pk=batch.pk, state=waiting).update(state=before)
        if batch.state == State.CHECKING:
            files.discard(batch)
    if batch.state == State.UNDOING:
        messages.info(request, _("The work was stopped. The import stays."))
    else:
        messages.info(request, _("The work was stopped. Nothing was imported."))
    return redirect(batch)


def _worded_rows(rows: Iterable[Sequence[str]]) -> list[tuple[str, str]]:
    """What stands in the way of an undo: (code, or nothing where it is not shown; why)."""
    return [(code, Problem(0, "", why).reason) for code, why in rows]


@requires(IMPORT)
def import_undo(request: HttpRequest, pk: UUID) -> HttpResponse:
    batch = _batch(request, pk)
    blocked: list[tuple[str, str]] = []
    if request.method == "POST":
        try:
            remarks = importing.ask_undo(batch, by=request.user)  # type: ignore[arg-type]
        except importing.UndoRefused as refused:
            blocked = _worded_rows(refused.rows)
        except (importing.NothingToUndo, importing.UndoTooLate) as refused:
            messages.warning(request, str(refused))
            return redirect(batch)
        else:
            if remarks is None:
                # By a worker; the page of the batch says how far it is.
                return redirect(batch)
            messages.success(request, _("The import is undone."))
            for remark in remarks[:SHOWN_PROBLEMS]:
                messages.warning(request, f"{remark.column}: {remark.reason}")
            return redirect(batch)
    elif batch.state != State.IMPORTED:
        return redirect(batch)
    elif periods.now() > batch.undo_until:
        messages.warning(request, str(importing.UndoTooLate()))
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
    kept = files.findings_of(batch) if batch.checked or batch.state == State.IMPORTED else None
    problems = kept[0] if kept is not None else from_json(batch.rejects)
    if kept is None and batch.state == State.PREVIEWED and batch.read <= CHECKED_AT_ONCE:
        content = files.content_of(batch)
        if content is not None:
            problems = checking.look(batch, content).problems
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
