"""The look through a file before it is read in: what would be done, kept with its batch."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from ceasefire import audit, codes, periods
from ceasefire.people.models import User
from incidents.importing import files, table
from incidents.importing.entry import Entry
from incidents.importing.plan import Progress
from incidents.importing.problems import from_json
from incidents.importing.reading import Sheet
from incidents.importing.verbs import KEPT, OF_THE_FILE, Outcome, import_file
from incidents.models import ImportBatch, ImportMapping


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


# --- saved columns ------------------------------------------------------------------------------


@transaction.atomic
def use_saved(batch: ImportBatch, sheet: Sheet) -> ImportMapping | None:
    """Take the columns that were saved for files like this one, if there are any."""
    batch.signature = sheet.signature
    saved = ImportMapping.objects.for_header(batch.site, sheet.signature)
    if saved is not None:
        known = set(sheet.columns)
        batch.mapping = {ours: name for ours, name in saved.columns.items() if name in known}
        batch.values, batch.saved = saved.values, saved
        ImportMapping.objects.filter(pk=saved.pk).update(used_at=periods.now())
    batch.save(update_fields=["signature", "mapping", "values", "saved"])
    return saved


@transaction.atomic
def choose(
    batch: ImportBatch,
    *,
    columns: dict[str, str],
    by: User,
    keep_as: str = "",
) -> None:
    """Say which column is which, and keep that under a name for the next file of this kind."""
    batch.mapping, batch.checked = columns, False
    if keep_as:
        saved, _made = ImportMapping.objects.update_or_create(
            site=batch.site,
            name=keep_as,
            defaults={
                "signature": batch.signature,
                "columns": columns,
                "values": batch.values,
                "used_at": periods.now(),
            },
            create_defaults={
                "signature": batch.signature,
                "columns": columns,
                "values": batch.values,
                "by": by,
            },
        )
        batch.saved = saved
        audit.record("incident.mapping_kept", subject=saved, by=by, site=batch.site)
    elif batch.saved is not None and batch.saved.columns != columns:
        # Other columns than the saved ones, for this file only.
        batch.saved = None
    batch.save(update_fields=["mapping", "checked", "saved"])


@transaction.atomic
def mean(batch: ImportBatch, values: dict[str, dict[str, str]]) -> None:
    """Say what words mean, for this file and for those whose columns were saved with it."""
    batch.values, batch.checked = values, False
    batch.save(update_fields=["values", "checked"])
    if batch.saved is not None:
        ImportMapping.objects.filter(pk=batch.saved.pk).update(values=values)


def label_of(ours: str, code: str) -> str:
    """The label of a code in one of our columns."""
    return codes.label(table.LISTED[ours], code)
