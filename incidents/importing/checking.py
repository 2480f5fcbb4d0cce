"""The look through a file before it is read in: what would be done, kept with its batch."""

from __future__ import annotations

from typing import Any

from ceasefire import codes, periods
from incidents.importing import files, table
from incidents.importing.entry import Entry
from incidents.importing.plan import Progress
from incidents.importing.problems import from_json
from incidents.importing.verbs import KEPT, OF_THE_FILE, Outcome, import_file
from incidents.models import ImportBatch


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
    kept = files.findings_of(batch)
    return Outcome(
        read=batch.read,
        created=batch.created,
        updated=batch.updated,
        unchanged=batch.unchanged,
        problems=kept[0] if kept is not None else from_json(batch.rejects),
        warnings=from_json(batch.warnings),
    )


def label_of(ours: str, code: str) -> str:
    """The label of a code in one of our columns."""
    return codes.label(table.LISTED[ours], code)
