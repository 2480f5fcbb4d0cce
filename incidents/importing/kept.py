"""Kept columns of a site: taken for a file, kept, given more words, renamed, forgotten.

Whoever writes holds the kept columns before the batch, so that two never wait for each other, and
looks again whether they are still there: somebody else of the site may have deleted them.
"""

from __future__ import annotations

from django.db import IntegrityError, transaction

from ceasefire import audit, periods
from ceasefire.people.models import User
from incidents.exceptions import MappingNameTaken
from incidents.importing.reading import Sheet
from incidents.models import ImportBatch, ImportMapping


def _held(pk: object) -> ImportMapping | None:
    """Kept columns as they stand now, held to the end of the transaction; None where deleted."""
    return ImportMapping.objects.select_for_update(of=("self",)).filter(pk=pk).first()


@transaction.atomic
def use(batch: ImportBatch, sheet: Sheet) -> ImportMapping | None:
    """Take the columns that were saved for files like this one, if there are any."""
    batch.signature = sheet.signature
    found = ImportMapping.objects.for_header(batch.site, sheet.signature)
    saved = None if found is None else _held(found.pk)
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
    """Say which column is which, and keep that under a name for the next file of this kind.

    A name that stands at the site already now means these columns.
    """
    # What a worker read of it is answered by that.
    batch.mapping, batch.checked, batch.job = columns, False, None
    if keep_as:
        given = {"signature": batch.signature, "columns": columns, "values": batch.values}
        saved, _made = ImportMapping.objects.update_or_create(
            site=batch.site,
            name=keep_as,
            defaults={**given, "used_at": periods.now()},
            create_defaults={**given, "by": by},
        )
        batch.saved = saved
        audit.record("incident.mapping_kept", subject=saved, by=by, site=batch.site)
    elif batch.saved_id is not None:
        kept = _held(batch.saved_id)
        # Other columns than the saved ones are for this file only.
        batch.saved = kept if kept is not None and kept.columns == columns else None
    batch.save(update_fields=["mapping", "checked", "saved", "job"])


@transaction.atomic
def mean(batch: ImportBatch, values: dict[str, dict[str, str]]) -> None:
    """Say what words mean, for this file and for those whose columns were saved with it.

    What others said of other words with the same columns stays; of one word the last counts.
    """
    kept = None if batch.saved_id is None else _held(batch.saved_id)
    batch.values, batch.checked = values, False
    batch.save(update_fields=["values", "checked"])
    if kept is not None:
        kept.values = {
            ours: {**kept.values.get(ours, {}), **values.get(ours, {})}
            for ours in (*kept.values, *(new for new in values if new not in kept.values))
        }
        kept.save(update_fields=["values"])


@transaction.atomic
def rename(mapping: ImportMapping, *, name: str, by: User) -> ImportMapping | None:
    """Give kept columns another name; None where somebody deleted them meanwhile.

    A name that others of the site have is refused (`MappingNameTaken`), also where it was given
    to them at the same moment.
    """
    kept = _held(mapping.pk)
    if kept is None:
        return None
    kept.name = name
    try:
        with transaction.atomic():
            kept.save(update_fields=["name"])
    except IntegrityError as error:
        raise MappingNameTaken from error
    audit.record("incident.mapping_renamed", subject=kept, by=by, site=kept.site)
    return kept


@transaction.atomic
def forget(mapping: ImportMapping, *, by: User) -> bool:
    """Delete kept columns, and whether that was still to be done; what was imported stays."""
    kept = _held(mapping.pk)
    if kept is None:
        return False
    audit.record("incident.mapping_deleted", subject=kept, by=by, site=kept.site)
    kept.delete()
    return True
