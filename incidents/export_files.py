"""A long list between the asking and the taking: made by a worker, sealed, gone in 24 hours.

It is made as the person who asked: their sites and rights are read again when the worker begins.
Sealed under the vault's key and bound to its row like an uploaded file: a list of incidents is not
to lie readable on a disk. Searched words may be a name, so they are sealed too.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from django.db import transaction
from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from ceasefire import audit, jobs, periods
from ceasefire.database.session import acting, as_system
from ceasefire.exports import ahead, safe_filename, write_xlsx
from ceasefire.people.models import User
from ceasefire.vault import pieces
from ceasefire.vault.exceptions import VaultError
from ceasefire.vault.keys import keyring
from ceasefire.vault.sealing import open_text, seal_text
from incidents import exports, research
from incidents.forms.filters import IncidentFilter
from incidents.models import ExportFile, ExportFilePart, Incident

MAKE = "incidents.export_file"
PERMISSION = "incidents.export_incident"
KEPT_FOR = timedelta(hours=24)
_TABLE, _PARTS = "incidents_exportfile", "incidents_exportfilepart"


# --- asking -------------------------------------------------------------------------------------


@transaction.atomic
def ask(
    *,
    format: str,
    filters: IncidentFilter,
    language: str,
    by: User,
    options: dict[str, Any] | None = None,
) -> ExportFile:
    """Have a file made; asked twice while the first is not made, it is the same one."""
    words = filters.cleaned_data.get("q") or ""
    answers = answers_of(filters)
    # Two askings at once by the same person come one after the other.
    User.objects.select_for_update(no_key=True).get(pk=by.pk)
    waiting = ExportFile.objects.visible_to(by).filter(
        format=format,
        language=language,
        filters=answers,
        options=options or {},
        size=0,
        job__finished_at__isnull=True,
        job__cancel_requested=False,
    )
    for other in waiting:
        if _open(other, "sought") == words.encode():
            return other
    file = ExportFile(
        by=by,
        format=format,
        language=language,
        filters=answers,
        options=options or {},
        key_id=keyring().current,
        expires_at=periods.now() + KEPT_FOR,
    )
    if words:
        file.sought = _sealed(file, "sought", words.encode())
    file.job = jobs.enqueue(MAKE, by=by, file_id=file.pk)
    file.save(force_insert=True)
    audit.record(
        "incident.export_asked",
        subject=file,
        by=by,
        detail={"format": format, "filters": in_trail(answers, searched=bool(words))},
    )
    return file


def answers_of(filters: IncidentFilter) -> dict[str, Any]:
    """The answers of the list's filters as codes and days, without what is searched for."""
    given = {name: value for name, value in filters.cleaned_data.items() if name != "q"}
    return {name: _code(value) for name, value in sorted(given.items()) if value}


def in_trail(answers: dict[str, Any], *, searched: bool) -> list[str]:
    """The filters as the trail keeps them: their codes, and only that something was searched."""
    said = [f"{name}:{value}" for name, value in answers.items()]
    return sorted([*said, *(["q"] if searched else [])])


def _code(value: Any) -> Any:
    """An answer as it is kept: a place's P-code, a day, a code, yes."""
    if hasattr(value, "pcode"):
        return value.pcode
    return value.isoformat() if hasattr(value, "isoformat") else value


# --- making -------------------------------------------------------------------------------------


def make(file_id: str, *, progress: Callable[[int, int], None]) -> None:
    """Write the file and seal it. Does nothing where it is made, expired or no longer allowed.

    `progress` is told (rows done, rows in all) and may raise `jobs.Cancelled`: then nothing of the
    file is left.
    """
    with as_system():
        file = ExportFile.objects.filter(pk=file_id, expires_at__gt=periods.now()).first()
        if file is None or file.size:
            return
        person = User.objects.get(pk=file.by_id)
    # In one transaction of the person's: the rows, the file, and that it was made.
    with acting(person), translation.override(file.language):
        incidents = _incidents(file, person)
        if incidents is None:
            return
        is_research = file.format == ExportFile.Format.ACLED_XLSX
        total = (research.fit(incidents) if is_research else incidents).count()
        written = 0

        def tell(done: int) -> None:
            nonlocal written
            written = done
            progress(done, max(total, done))

        tell(0)
        used = in_trail(file.filters, searched=bool(file.sought))
        with _written(file, incidents, person, tell) as content:
            # Held, so that a second worker with the same job finds it made and stops.
            if not ExportFile.objects.select_for_update().filter(pk=file.pk, size=0).exists():
                return
            file.key_id = keyring().current
            size = _keep(file, content)
        made = ExportFile.objects.filter(pk=file.pk).update(
            key_id=file.key_id,
            size=size,
            rows=written,
            sought=b"",
            role=person.role,
            sites=sorted(person.site_ids),
        )
        if made:
            audit.record(
                "incident.exported",
                subject=file,
                by=person,
                detail={"format": file.format, "rows": written, "filters": used},
            )


def _incidents(file: ExportFile, person: User) -> QuerySet[Incident] | None:
    """The rows as the person may see them now; None where nothing may be made any more."""
    words = _open(file, "sought")
    if words is None or not person.has_perm(PERMISSION):
        return None
    sites = list(person.sites.all())
    asked_site = file.filters.get("site")
    if asked_site and asked_site not in {site.code for site in sites}:
        # With one site left the filter has no question for it, and would leave the answer out.
        return None
    given = {**file.filters, "q": words.decode()}
    filters = IncidentFilter(given, user=person, sites=sites, places=[])
    if not filters.is_valid():
        return None
    return exports.rows(filters.apply(Incident.objects.visible_to(person)))


@contextmanager
def _written(
    file: ExportFile, incidents: QuerySet[Incident], person: User, tell: Callable[[int], None]
) -> Iterator[BinaryIO]:
    """The file as it was written on the disk, unsealed, for as long as it is read from there."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "incidents"
        if file.format == ExportFile.Format.GEOJSON:
            with path.open("wb") as out:
                out.writelines(exports.write_geojson(incidents, progress=tell))
        else:
            write_workbook(
                file.format,
                incidents,
                path,
                options=file.options,
                language=file.language,
                by=person.code_name,
                progress=tell,
            )
        with path.open("rb") as content:
            yield content


def _keep(file: ExportFile, content: BinaryIO) -> int:
    """Seal what was written, piece by piece; how many octets."""
    size = 0
    for number, piece in enumerate(iter(partial(content.read, pieces.PIECE), b"")):
        ExportFilePart.objects.create(
            file=file,
            number=number,
            ciphertext=pieces.seal_piece(
                piece, table=_PARTS, file=file.pk, number=number, key_id=file.key_id
            ),
        )
        size += len(piece)
    return size


def write_workbook(
    format: str,
    incidents: QuerySet[Incident],
    path: Path,
    *,
    options: dict[str, Any],
    language: str,
    by: str = "",
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write the list as XLSX: as it is, with what the columns mean; or for research, likewise."""
    hxl = bool(options.get("hxl"))
    if format == ExportFile.Format.ACLED_XLSX:
        write_xlsx(
            research.COLUMNS,
            research.rows(incidents),
            title=_("Events"),
            language=language,
            file=path,
            notes=exports.notes(periods.now(), by=by),
            header="key",
            progress=progress,
            tags=hxl,
            sheets=[(_("Codebook"), research.CODEBOOK, research.codebook_rows())],
        )
        return
    with translation.override(language):
        columns, header = exports.layout(options.get("labels", ""))
        sheets = exports.sheets()
    with closing(ahead(exports.slim(incidents))) as rows:
        write_xlsx(
            columns,
            rows,
            title=_("Incidents"),
            language=language,
            file=path,
            notes=exports.notes(periods.now(), by=by),
            header=header or "label",  # type: ignore[arg-type]
            progress=progress,
            tags=hxl,
            sheets=sheets,
        )


# --- taking -------------------------------------------------------------------------------------


def pieces_of(file: ExportFile) -> Iterator[bytes] | None:
    """The finished file, piece by piece, as who asked for it; None where it is not made or gone.

    The first piece is opened at once: where its key was retired since, there is no file.
    """

    def read(number: int) -> bytes | None:
        with acting(file.by):
            part = ExportFilePart.objects.filter(file=file, number=number).first()
        if part is None:
            return None
        return pieces.open_piece(
            part.ciphertext, table=_PARTS, file=file.pk, number=number, key_id=file.key_id
        )

    return pieces.opened(read, file.size)


def name_of(file: ExportFile) -> str:
    """What the file is called when it is saved: the day it was asked for, none of its filters."""
    what = "events" if file.format == ExportFile.Format.ACLED_XLSX else "incidents"
    extension = file.format.rsplit("-", 1)[-1]
    return safe_filename(what, periods.local_day(file.created_at), extension=extension)


@transaction.atomic
def cancel(file: ExportFile, *, by: User) -> None:
    """Stop the making of a file; a finished one stays."""
    if file.job is not None and not file.job.is_finished:
        jobs.cancel(file.job, by=by)
        audit.record("job.cancelled", subject=file.job, by=by)


@transaction.atomic
def expire() -> int:
    """Forget every file older than a day, made or not; how many."""
    return ExportFile.objects.filter(expires_at__lte=periods.now()).delete()[0]


def _sealed(file: ExportFile, column: str, content: bytes) -> bytes:
    return seal_text(
        content.decode("latin-1"),
        key=keyring().key(file.key_id),
        table=_TABLE,
        column=column,
        row=str(file.pk),
        key_id=file.key_id,
    )


def _open(file: ExportFile, column: str) -> bytes | None:
    """A sealed column opened, empty where nothing is in it; None where it does not open."""
    kept = bytes(getattr(file, column))
    if not kept:
        return b""
    try:
        return open_text(
            kept,
            key=keyring().key(file.key_id),
            table=_TABLE,
            column=column,
            row=str(file.pk),
            key_id=file.key_id,
        ).encode("latin-1")
    except VaultError:
        return None
