"""The look through a file before it is read in: what would be done, kept with its batch."""

from __future__ import annotations

from typing import Any

from ceasefire import codes, periods
from incidents.importing import files, kept, table
from incidents.importing.entry import Entry
from incidents.importing.plan import Progress, columns_of, look_through
from incidents.importing.problems import FileRefused, from_json
from incidents.importing.reading import Sheet, as_kept
from incidents.importing.verbs import KEPT, OF_THE_FILE, Outcome, import_file
from incidents.models import ImportBatch, ImportFile


def look(batch: ImportBatch, content: bytes, *, progress: Progress | None = None) -> Outcome:
    """What an import of the batch's file would do; writes nothing."""
    return import_file(
        content,
        format=batch.format,
        site=batch.site,
        by=batch.by,
        mapping=batch.mapping,
        values=batch.values,
        default_state=batch.default_state,
        all_sensitive=batch.all_sensitive,
        dry_run=True,
        progress=progress,
    )


def check_file(batch: ImportBatch, content: bytes, *, progress: Progress | None = None) -> None:
    """Look through a large file and keep what was found: counts, refusals, remarks, first rows."""
    outcome = look(batch, content, progress=progress)
    batch.state = ImportBatch.State.PREVIEWED
    batch.checked = outcome.plan is not None
    if outcome.plan is not None:
        for name, number in outcome.counts().items():
            setattr(batch, name, number)
        own = [one for one in batch.warnings if one.get("code") in OF_THE_FILE]
        batch.warnings = own + [one.as_json() for one in outcome.warnings[:KEPT]]
        batch.rejects = [one.as_json() for one in outcome.problems[:KEPT]]
        files.keep_findings(
            batch, outcome.problems, [row_as_taken(entry) for entry in outcome.plan.first]
        )
    batch.save()


def read_workbook(batch: ImportBatch, content: bytes, *, progress: Progress | None = None) -> None:
    """Make a long workbook into text, which is kept in its place, and find its columns.

    One that cannot be read is thrown away; the reason stays with the batch.
    """
    batch.state = ImportBatch.State.PREVIEWED
    try:
        text, remarks = as_kept(content, progress=progress)
        sheet = look_through(text, batch.format)
        batch.mapping = columns_found(batch.format, sheet)
    except FileRefused as refused:
        ImportFile.objects.filter(batch=batch).delete()
        batch.state, batch.rejects = ImportBatch.State.DISCARDED, [refused.problem.as_json()]
        batch.save(update_fields=["state", "rejects"])
        return
    files.keep_text(batch, text)
    batch.read = len(sheet.rows) + len(sheet.problems)
    batch.warnings = [remark.as_json() for remark in remarks]
    batch.save(update_fields=["state", "mapping", "read", "warnings", "digest"])
    if batch.format == ImportBatch.Format.TABLE:
        kept.use(batch, sheet)


def columns_found(format: str, sheet: Sheet) -> dict[str, str]:
    """Our column -> the file's, as far as they are known. `FileRefused` without rows."""
    if not len(sheet.rows) and not sheet.problems:
        raise FileRefused("file_without_rows")
    if format == ImportBatch.Format.TABLE:
        return table.guess(sheet)
    return columns_of(format, sheet, None)


def row_as_taken(entry: Entry) -> dict[str, Any]:
    """A row as it would be taken: for the eye that checks days and places."""
    facts = entry.facts
    place = facts.get("place")
    start, end = facts.get("occurred_from"), facts.get("occurred_to")
    return {
        "number": entry.row,
        "type": facts["type"] or "",
        "day": periods.local_day(start).isoformat() if start else "",
        "until": periods.local_day(end).isoformat() if end else "",
        "place": place.pcode if place is not None else "",
        "killed": facts.get("killed_best"),
        "summary": facts.get("summary", ""),
    }


def outcome_of(batch: ImportBatch) -> Outcome:
    """What a check found, as its batch keeps it."""
    found = files.findings_of(batch)
    return Outcome(
        read=batch.read,
        created=batch.created,
        updated=batch.updated,
        unchanged=batch.unchanged,
        problems=found[0] if found is not None else from_json(batch.rejects),
        warnings=from_json(batch.warnings),
    )


def label_of(ours: str, code: str) -> str:
    """The label of a code in one of our columns."""
    return codes.label(table.LISTED[ours], code)
