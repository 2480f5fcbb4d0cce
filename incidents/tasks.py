"""Background work of incidents: large imports and exports, and files nobody came back for."""

from collections.abc import Iterable

from django.core.exceptions import PermissionDenied

from ceasefire import jobs, periods
from ceasefire.database.session import as_system
from incidents import export_files, importing
from incidents.importing import files, pairs
from incidents.models import ImportBatch
from incidents.services import bulk, escalation, rollups

RUN, EXPIRE = "incidents.import_batch", "incidents.expire_import_files"
CHECK, READ = "incidents.check_batch", "incidents.read_workbook"
FOLD, VERIFY = "incidents.fold_rollups", "incidents.verify_rollups"


@jobs.handler(READ)
def read_workbook(job: jobs.Job, batch_id: str) -> None:
    """Make a long workbook into text and find its columns. Writes no record."""
    batch = (
        ImportBatch.objects.select_for_update(of=("self",))
        .select_related("site", "by")
        .get(pk=batch_id)
    )
    if batch.state != ImportBatch.State.CHECKING:
        return
    content = files.content_of(batch)
    if content is None:
        batch.state = ImportBatch.State.DISCARDED
        batch.save(update_fields=["state"])
        return
    importing.read_workbook(
        batch, content, progress=lambda done, total: jobs.progress(job, done, total)
    )


@jobs.handler(CHECK)
def check_batch(job: jobs.Job, batch_id: str) -> None:
    """Look through a large file, and keep what would be done. Writes no record."""
    batch = (
        ImportBatch.objects.select_for_update(of=("self",))
        .select_related("site", "by")
        .get(pk=batch_id)
    )
    if batch.state != ImportBatch.State.CHECKING:
        return
    content = files.content_of(batch)
    try:
        if content is None or batch.by is None:
            raise PermissionDenied
        importing.check_file(
            batch, content, progress=lambda done, total: jobs.progress(job, done, total)
        )
    except PermissionDenied:
        batch.state = ImportBatch.State.DISCARDED
        batch.save(update_fields=["state"])


@jobs.handler(RUN)
def import_batch(job: jobs.Job, batch_id: str) -> None:
    """Import the file of a batch that waits. Run again after it was done, it does nothing."""
    batch = (
        ImportBatch.objects.select_for_update(of=("self",))
        .select_related("site", "by")
        .get(pk=batch_id)
    )
    if batch.state != ImportBatch.State.QUEUED:
        return
    content = files.content_of(batch)
    try:
        if content is None or batch.by is None:
            raise PermissionDenied
        outcome = importing.import_file(
            content,
            format=batch.format,
            site=batch.site,
            by=batch.by,
            mapping=batch.mapping,
            values=batch.values,
            default_state=batch.default_state,
            all_sensitive=batch.all_sensitive,
            skip_rejected=batch.skip_rejected,
            batch=batch,
            progress=lambda done, total: jobs.progress(job, done, total),
        )
    except PermissionDenied:
        # The file has expired, or the person may no longer import: nothing to try again.
        batch.state = ImportBatch.State.DISCARDED
        batch.save(update_fields=["state"])
        return
    if not outcome.done:
        batch.state = ImportBatch.State.PREVIEWED
        batch.save(update_fields=["state"])
        return
    jobs.enqueue(FOLD, key=f"{FOLD}:{batch_id}")


@jobs.handler(importing.UNDO)
def undo_import(job: jobs.Job, batch_id: str) -> None:
    """Take a long import back, all of it or nothing. Run again after it was done: nothing."""
    batch = ImportBatch.objects.get(pk=batch_id)
    if batch.state != ImportBatch.State.UNDOING:
        return
    blocked: list[tuple[str, str]] = []
    try:
        importing.undo_batch(
            batch, by=job.by, progress=lambda done, total: jobs.progress(job, done, total)
        )
    except importing.UndoRefused as refused:
        blocked = refused.rows
    except (importing.NothingToUndo, importing.UndoTooLate, PermissionDenied):
        # Too late meanwhile, or no longer for this person: it stays.
        pass
    else:
        jobs.enqueue(FOLD, key=f"{FOLD}:undo:{batch_id}")
        return
    ImportBatch.objects.filter(pk=batch_id, state=ImportBatch.State.UNDOING).update(
        state=ImportBatch.State.IMPORTED, undo_blocked=blocked[: importing.KEPT]
    )


@jobs.handler(importing.PAIR, atomic=False)
def pair_import(job: jobs.Job, batch_id: str) -> None:
    """Look for likely twins of what was imported, for the reviewers. Run again, the same."""
    pairs.find_pairs(
        ImportBatch.objects.get(pk=batch_id),
        progress=lambda done, total: jobs.progress(job, done, total),
    )


@jobs.handler(export_files.MAKE, atomic=False)
def export_file(job: jobs.Job, file_id: str) -> None:
    """Make a file that was asked for. Stopped half-way, nothing of it is left."""
    export_files.make(file_id, progress=lambda done, total: jobs.progress(job, done, total))


@jobs.handler(EXPIRE)
def expire_import_files() -> None:
    """Forget uploaded files, and files made for taking out, after 24 hours."""
    files.expire()
    export_files.expire()


@jobs.periodic("incidents.expire_import_files")
def hours() -> Iterable[jobs.Due]:
    """Once an hour."""
    yield jobs.Due(periods.now().strftime("%Y-%m-%dT%H"), EXPIRE)


@jobs.handler(bulk.RUN, atomic=False)
def bulk_action(job: jobs.Job, action_id: str) -> None:
    """Carry out one verb on many incidents. Run again, it goes on with what is left."""
    bulk.run_bulk(action_id, progress=lambda done, total: jobs.progress(job, done, total))


@jobs.handler(bulk.RUN_BACK, atomic=False)
def bulk_undo(job: jobs.Job, action_id: str) -> None:
    """Take back what a bulk action did, where nobody touched it since."""
    bulk.run_undo(action_id, progress=lambda done, total: jobs.progress(job, done, total))


ESCALATE = "incidents.escalate_responses"


@jobs.handler(ESCALATE, atomic=False)
def escalate_responses() -> None:
    """Tell supervisors and managers of clocks that ran and watches without anybody."""
    escalation.escalate(at=periods.now())


@jobs.periodic("incidents.escalate_responses")
def minutes() -> Iterable[jobs.Due]:
    """Now, where somebody is to be told of something."""
    now = periods.now()
    if escalation.is_due(now):
        yield jobs.Due(now.strftime("%Y-%m-%dT%H:%M"), ESCALATE)


@jobs.handler(FOLD, atomic=False)
def fold_rollups() -> None:
    """Fold what changes of incidents appended to the counts, so that they are read sooner."""
    rollups.fold()


@jobs.periodic("incidents.fold_rollups")
def moments() -> Iterable[jobs.Due]:
    """Now, where anything waits to be folded."""
    if rollups.waiting():
        yield jobs.Due(periods.now().strftime("%Y-%m-%dT%H:%M"), FOLD)


class CountsDiffer(Exception):
    """Counts that are kept were not as the incidents say; they are by now."""


@jobs.handler(VERIFY, atomic=False)
def verify_rollups() -> None:
    """Count all anew and compare; set right what differs, which the trail keeps.

    The job fails then, so that the log says so: counts that differ are a fault of the program.
    """
    with as_system():
        cells = rollups.mend()
    if cells:
        raise CountsDiffer(str(cells))


@jobs.periodic("incidents.verify_rollups")
def nights() -> Iterable[jobs.Due]:
    """Today; a missed night is made up for by the next."""
    yield jobs.Due(periods.now().date().isoformat(), VERIFY)
