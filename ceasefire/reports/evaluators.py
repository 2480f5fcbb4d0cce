"""The evaluator's pack: asked for in one click, made by a worker, sealed, gone in 24 hours.

It is made as the person who asked: their sites and rights are read again when the worker begins.
What stands in it is `evaluators_tables`' business. It holds no word of who asked for it and when,
so the same cut of the same records gives the same bytes; `SHA256SUMS` is for
`sha256sum --check`.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.db import transaction

from ceasefire import audit, jobs, periods
from ceasefire.database.session import acting, as_system
from ceasefire.exports import safe_filename
from ceasefire.people.models import User
from ceasefire.reports import evaluators_tables
from ceasefire.reports.evaluators_models import TAKE
from ceasefire.reports.exceptions import NotForThisRole
from ceasefire.reports.models import EvaluatorsPack, EvaluatorsPackPiece
from ceasefire.vault import pieces
from ceasefire.vault.keys import keyring

MAKE = "reports.make_evaluators_pack"
#: A finished pack can be fetched for so long.
KEPT_FOR = timedelta(hours=24)
_TABLE = "reports_evaluatorspackpiece"
#: Every entry carries this moment: the first that the format can hold.
_MOMENT = (1980, 1, 1, 0, 0, 0)


@transaction.atomic
def ask(*, by: User) -> EvaluatorsPack:
    """Have a pack made of the person's sites as of now; while one is being made it is that one."""
    if not by.has_perm(TAKE):
        raise NotForThisRole
    # Two askings at once by the same person come one after the other.
    User.objects.select_for_update(no_key=True).get(pk=by.pk)
    waiting = (
        EvaluatorsPack.objects.visible_to(by)
        .filter(size=0, job__finished_at__isnull=True, job__cancel_requested=False)
        .first()
    )
    if waiting is not None:
        return waiting
    now = periods.now()
    pack = EvaluatorsPack(by=by, cut=now.replace(microsecond=0), expires_at=now + KEPT_FOR)
    pack.job = jobs.enqueue(MAKE, by=by, pack_id=pack.pk)
    pack.save(force_insert=True)
    audit.record("evaluatorspack.asked", subject=pack, by=by, detail={"sites": _codes(by)})
    return pack


def make(pack_id: str, *, progress: Callable[[int, int], None]) -> None:
    """Write the pack and seal it. Does nothing where it is made, expired or no longer allowed.

    `progress` is told (sites done, sites in all) and may raise `jobs.Cancelled`: then nothing of
    the pack is left.
    """
    with as_system():
        pack = EvaluatorsPack.objects.filter(
            pk=pack_id, size=0, expires_at__gt=periods.now()
        ).first()
        if pack is None:
            return
        person = User.objects.get(pk=pack.by_id)
    with acting(person):
        if not person.has_perm(TAKE):
            return
        # Held, so that a second worker with the same job finds it made and stops.
        if not EvaluatorsPack.objects.select_for_update().filter(pk=pack.pk, size=0).exists():
            return
        key_id = keyring().current

        def put(number: int, content: bytes) -> None:
            place: dict[str, Any] = {"table": _TABLE, "file": pack.pk, "number": number}
            EvaluatorsPackPiece.objects.create(
                pack=pack,
                number=number,
                key_id=key_id,
                ciphertext=pieces.seal_piece(content, key_id=key_id, **place),
            )

        cutter = pieces.Cutter(put)
        sites = list(person.sites.order_by("code"))
        told = evaluators_tables.gathered(sites, cut=pack.moment, progress=progress)
        write(evaluators_tables.files(told), cutter)
        cutter.finish()
        EvaluatorsPack.objects.filter(pk=pack.pk).update(size=cutter.size, sha256=cutter.sha256)
        audit.record(
            "evaluatorspack.made",
            subject=pack,
            by=person,
            detail={"sites": _codes(person), "sha256": cutter.sha256},
        )


def write(files: Iterable[tuple[str, Iterable[bytes]]], sink: Any) -> None:
    """Write the archive into `sink`: the files in their order, and the list of their hashes."""
    sums: list[tuple[str, str]] = []
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, chunks in files:
            sums.append((name, _entry(archive, name, chunks)))
        lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(sums))
        _entry(archive, "SHA256SUMS", [lines.encode()])


def _entry(archive: zipfile.ZipFile, name: str, chunks: Iterable[bytes]) -> str:
    entry = zipfile.ZipInfo(name, _MOMENT)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3
    entry.external_attr = 0o644 << 16
    digest = hashlib.sha256()
    with archive.open(entry, "w") as out:
        for chunk in chunks:
            digest.update(chunk)
            out.write(chunk)
    return digest.hexdigest()


def pieces_of(pack: EvaluatorsPack) -> Iterator[bytes] | None:
    """The finished pack, piece by piece, as who asked for it; None where it is not there."""

    def read(number: int) -> bytes | None:
        with acting(pack.by):
            row = EvaluatorsPackPiece.objects.filter(pack=pack, number=number).first()
        if row is None:
            return None
        return pieces.open_piece(
            row.ciphertext, table=_TABLE, file=pack.pk, number=number, key_id=row.key_id
        )

    return pieces.opened(read, pack.size)


def name_of(pack: EvaluatorsPack) -> str:
    """What the file is called when it is saved: the day of its cut."""
    return safe_filename("evaluators-pack", periods.local_day(pack.cut), extension="zip")


@transaction.atomic
def cancel(pack: EvaluatorsPack, *, by: User) -> None:
    """Stop the making of a pack; a finished one stays."""
    if pack.job is not None and not pack.job.is_finished:
        jobs.cancel(pack.job, by=by)
        audit.record("job.cancelled", subject=pack.job, by=by)


@transaction.atomic
def expire() -> int:
    """Forget every pack older than a day, made or not; how many."""
    return EvaluatorsPack.objects.filter(expires_at__lte=periods.now()).delete()[0]


def _codes(person: User) -> list[str]:
    return list(person.sites.order_by("code").values_list("code", flat=True))
