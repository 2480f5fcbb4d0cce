"""The audit pack: whole, checkable, the same bytes for the same state, stopped, gone."""

import csv
import hashlib
import io
import re
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from ceasefire import jobs, periods
from ceasefire.audit.models import AuditEvent
from ceasefire.database.roles import as_owner
from ceasefire.database.session import acting
from ceasefire.jobs.models import Job
from grants.models import Document, LedgerEntry, Officer, Pack, PackPiece, StoredPiece
from grants.services import amendments, monitoring, packs, uploads, verification
from tests.grants import office as world
from tests.grants.test_uploads import LARGE

pytestmark = pytest.mark.django_db(transaction=True)


def made(grant: Any, by: Any) -> Pack:
    with acting(by):
        pack = packs.ask(grant, by=by)
    jobs.work_due()
    return Pack.objects.get(pk=pack.pk)


def bytes_of(pack: Pack, by: Any) -> bytes:
    return b"".join(packs.pieces_of(pack, by=by) or [])


def test_a_pack_is_whole_checkable_and_the_same_again(
    office, grant_in, signed_in: Callable[..., Any], monkeypatch: Any
):
    grant = grant_in("AWARDED")
    witness = Officer.objects.get(pk=office.officer.pk)
    payment = world.certified(office, grant.tranches.get(), 3000, method="CASH")
    world.pay_it(office, payment, witness=witness)
    with acting(office.monitor):
        monitoring.record_visit(
            grant,
            kind="routine",
            visited_on=periods.today(),
            seen="Forty chairs",
            controlled_by="Abu Reed",
            by=office.monitor,
        )
        monitoring.raise_finding(
            grant,
            severity="low",
            text="A chair is broken",
            due_on=periods.today(),
            owner=witness,
            by=office.monitor,
        )
    with acting(office.requester):
        amendments.open_amendment(grant, new_usd=3500, reason="more", by=office.requester)
        large = uploads.file_whole(
            grant,
            name="x.pdf",
            chunks=[LARGE],
            size=len(LARGE),
            type="evidence",
            language="ar",
            title="=1+1 <b>",
            by=office.requester,
        )
    first = made(grant, office.officer)
    assert (first.state, first.percent) == ("ready", 100)
    content = bytes_of(first, office.officer)
    assert (first.size, first.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    second = made(grant, office.auditor)
    assert bytes_of(second, office.auditor) == content

    archive = zipfile.ZipFile(io.BytesIO(content))
    names = archive.namelist()
    assert archive.testzip() is None
    sums = dict(
        reversed(line.split("  ", 1)) for line in archive.read("SHA256SUMS").decode().splitlines()
    )
    assert sorted(sums) == sorted(set(names) - {"SHA256SUMS"})
    for name, digest in sums.items():
        assert hashlib.sha256(archive.read(name)).hexdigest() == digest
    assert all(entry.date_time == (1980, 1, 1, 0, 0, 0) for entry in archive.infolist())
    # Every paper is listed; those with bytes are in it, under a name that says nothing typed.
    table = rows(archive, "data/papers.csv")
    assert len(table) == Document.objects.filter(grant=grant).count()
    (one,) = [row for row in table if row["name_in_pack"]]
    assert re.fullmatch(r"papers/07-payment/\d{3}-evidence\.pdf", one["name_in_pack"])
    assert one["sha256"] == one["sha256_in_pack"] == large.sha256
    assert one["title"] == "'=1+1 <b>"
    assert archive.read(one["name_in_pack"]) == LARGE
    # The ledger with its head, which is the chain's.
    postings = rows(archive, "data/ledger.csv")
    assert [int(row["seq"]) for row in postings] == list(
        LedgerEntry.objects.values_list("seq", flat=True)
    )
    head = verification.head()
    assert archive.read("data/ledger-head.txt").decode() == f"{head['seq']} {head['hash']}\n"
    assert [row["to_state"] for row in rows(archive, "data/steps.csv")][-1] == "ACTIVE"
    assert "approval" in {row["step"] for row in rows(archive, "data/decisions.csv")}
    assert [row["description"] for row in rows(archive, "data/invoices.csv")] == ["All of it"]
    _whole_story(office, archive, grant)
    for name, language, word in (
        ("index.html", "en", "Papers"),
        ("index-ar.html", "ar", 'dir="rtl"'),
    ):
        page = archive.read(name).decode()
        assert f'<html lang="{language}"' in page
        assert word in page
        assert "<script" not in page
        assert "&lt;b&gt;" in page
        assert {one for one in re.findall(r'href="([^"]+)"', page)} <= set(names)
        assert archive.read(f"summary-{language}.pdf").startswith(b"%PDF")
    # Who asked, and when, stands in the trail alone.
    verbs = AuditEvent.objects.filter(verb__startswith="grant.pack").values_list("verb", flat=True)
    assert sorted(verbs) == [
        "grant.pack_asked",
        "grant.pack_asked",
        "grant.pack_made",
        "grant.pack_made",
    ]

    client = signed_in(office.auditor)
    address = reverse("grants:pack_download", args=[grant.ref, first.pk])
    answer = client.get(address)
    assert b"".join(answer.streaming_content) == content
    assert answer["Content-Disposition"] == f'attachment; filename="audit-pack-{grant.ref}.zip"'
    assert AuditEvent.objects.filter(verb="grant.pack_taken").count() == 1
    client.force_login(office.viewer)
    assert client.get(address).status_code == 403
    # Nothing readable lies in the table; nothing is left when it ran out.
    assert not any(b"index.html" in bytes(one.ciphertext) for one in PackPiece.objects.all())
    with as_owner():
        Pack.objects.update(expires_at=periods.now() - timedelta(seconds=1))
    client.force_login(office.auditor)
    assert client.get(address).status_code == 404
    packs.expire()
    assert not PackPiece.objects.exists()

    _stopped_and_broken(office, grant, client, monkeypatch)


def _whole_story(office: Any, archive: zipfile.ZipFile, grant: Any) -> None:
    """What was planned, asked for, paid and seen, each person as a code name."""
    (line,) = rows(archive, "data/budget.csv")
    assert (line["description"], line["amount_usd"]) == ("All of it", "3000.00")
    (tranche,) = rows(archive, "data/tranches.csv")
    assert (tranche["planned_usd"], tranche["paid_usd"]) == ("3000.00", "3000.00")
    (payment,) = rows(archive, "data/payments.csv")
    proof = next(
        one["sha256"] for one in rows(archive, "data/papers.csv") if one["type"] == "receipt"
    )
    people = {key: payment[key] for key in ("requested_by", "certified_by", "paid_by", "witness")}
    assert people == {
        "requested_by": office.requester.code_name,
        "certified_by": office.certifier.code_name,
        "paid_by": office.payer.code_name,
        "witness": office.officer.code_name,
    }
    assert (payment["method"], payment["state"], payment["payee"], payment["proof_sha256"]) == (
        *("CASH", "PAID"),
        grant.grantee.code,
        proof,
    )
    (visit,) = rows(archive, "data/visits.csv")
    assert (visit["visitor"], visit["seen"]) == (office.monitor.code_name, "Forty chairs")
    assert not {"lat", "lon", "controlled_by"} & set(visit)
    (finding,) = rows(archive, "data/findings.csv")
    assert (finding["text"], finding["owner"]) == ("A chair is broken", office.officer.code_name)
    (amendment,) = rows(archive, "data/amendments.csv")
    assert (amendment["old_usd"], amendment["new_usd"]) == ("3000.00", "3500.00")
    # Where it was paid to stands as a code, not as a name.
    assert grant.grantee.name_en not in archive.read("data/payments.csv").decode()


def rows(archive: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(archive.read(name).decode("utf-8-sig"))))


def _stopped_and_broken(office: Any, grant: Any, client: Any, monkeypatch: Any) -> None:
    """Asked twice it is one; stopped before or half-way, nothing is left; a torn paper is told."""
    ask = reverse("grants:pack_new", args=[grant.ref])
    page = client.post(ask)
    assert client.post(ask).url == page.url
    pack = Pack.objects.get(state="waiting")
    progress = client.get(reverse("grants:pack_progress", args=[grant.ref, pack.pk]))
    assert "HX-Refresh" not in progress
    client.post(reverse("grants:pack_cancel", args=[grant.ref, pack.pk]))
    jobs.work_due()
    pack.refresh_from_db()
    assert pack.state == "cancelled"
    assert client.get(reverse("grants:pack_progress", args=[grant.ref, pack.pk]))["HX-Refresh"]
    assert client.get(reverse("grants:pack_download", args=[grant.ref, pack.pk])).status_code == 302

    # Half-way: after its first piece.
    real = packs._Sink._seal

    def stops(sink: Any, number: int, content: bytes) -> None:
        if number == 1:
            Pack.objects.filter(pk=sink.pack.pk).update(cancel_requested=True)
        real(sink, number, content)

    monkeypatch.setattr(packs._Sink, "_seal", stops)
    half = made(grant, office.officer)
    assert (half.state, half.size, PackPiece.objects.count()) == ("cancelled", 0, 0)
    monkeypatch.setattr(packs._Sink, "_seal", real)

    # A fault of the moment: it waits for its next attempt.
    def falls(told: Any, sink: Any, *, within: Any) -> None:
        raise OSError("away")

    monkeypatch.setattr(packs, "write", falls)
    later = made(grant, office.officer)
    assert (later.state, Job.objects.newest_first()[0].state) == ("waiting", "queued")
    monkeypatch.undo()
    with pytest.raises(packs.Stopped):
        _moved_on(later, office)

    # Bytes that do not open end it, and the trail is told.
    Pack.objects.update(state="cancelled")
    StoredPiece.objects.update(key_id="gone")
    broken = made(grant, office.officer)
    assert (broken.state, PackPiece.objects.count()) == ("failed", 0)
    assert AuditEvent.objects.filter(verb="vault.seal_broken").count() == 1
    # One whose worker is silent is given up for a new one.
    Pack.objects.filter(pk=broken.pk).update(
        state="running", touched_at=periods.now() - timedelta(minutes=11)
    )
    with acting(office.officer):
        assert packs.ask(grant, by=office.officer).pk != broken.pk


def _moved_on(pack: Pack, office: Any) -> None:
    """A pack that somebody else settled is written no further."""
    sink = packs._Sink(pack, office.officer, 0)
    sink.write(b"0" * 10)
    sink.finish()
