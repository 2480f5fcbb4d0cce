"""Papers that show what lies sealed in rows: who opens their bytes, in pages and in audit packs."""

import zipfile
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.urls import reverse

from ceasefire import jobs
from ceasefire.database.session import acting
from grants.exceptions import NotForThisPerson
from grants.models import Document, Pack
from grants.services import documents, packs, uploads
from tests.attachments.conftest import scene, written
from tests.grants.test_packs import bytes_of, made, rows
from tests.grants.test_uploads import pdf

pytestmark = pytest.mark.django_db(transaction=True)

#: Who opens the bytes of each type; of a paper like any other everybody who reads grants.
EVERYBODY = ("requester", "officer", "certifier", "monitor", "vetting", "viewer", "auditor")
OPEN_TO = {
    "screening": {"vetting"},
    "payroll": {"certifier", "vetting"},
    "invoice": set(EVERYBODY),
}


def on_file(grant: Any, kind: str, by: Any) -> Document:
    """A picture of its own, so that page, picture and small picture are all there."""
    content = written(scene(40, 30), "JPEG") if kind != "invoice" else pdf(kind.encode())
    name = "x.jpg" if kind != "invoice" else "x.pdf"
    with acting(by):
        return uploads.file_whole(
            grant,
            name=name,
            chunks=[content + kind.encode() if name == "x.jpg" else content],
            size=len(content) + (len(kind) if name == "x.jpg" else 0),
            type=kind,
            language="ar",
            by=by,
        )


@pytest.mark.parametrize("kind", OPEN_TO)
def test_the_bytes_of_a_paper_under_seal_are_for_those_who_read_the_rows(
    office, grant_in, signed_in: Callable[..., Any], kind: str
):
    grant = grant_in("DRAFT")
    paper = on_file(grant, kind, office.officer2)
    views = ["document_file"]
    if kind != "invoice":
        views += ["document_picture", "document_thumbnail"]
    client = signed_in(office.viewer)

    for name in EVERYBODY:
        client.force_login(getattr(office, name))
        opens = name in OPEN_TO[kind]
        for view in views:
            answer = client.get(reverse(f"grants:{view}", args=[grant.ref, paper.pk]))
            assert answer.status_code == (200 if opens else 403), (name, view)
        page = client.get(reverse("grants:document_detail", args=[grant.ref, paper.pk]))
        # Row and hash are for everybody; the way to the bytes for who may take it.
        assert paper.sha256 in page.content.decode()
        way = reverse("grants:document_file", args=[grant.ref, paper.pk])
        assert (way in page.content.decode()) is opens
        assert ("<img" in page.content.decode()) is (opens and kind != "invoice")


def test_who_asked_for_the_grant_reads_no_screening_record_with_the_duty_either(
    office, grant_in, signed_in: Callable[..., Any]
):
    grant = grant_in("DRAFT")
    paper = on_file(grant, "screening", office.vetting)
    office.requester.duties = ["requester", "vetting"]
    office.requester.save()
    client = signed_in(office.requester)
    address = reverse("grants:document_file", args=[grant.ref, paper.pk])
    assert client.get(address).status_code == 403


def test_nobody_says_that_a_paper_is_in_order_who_may_not_open_it(office, grant_in):
    paper = on_file(grant_in("DRAFT"), "screening", office.officer2)
    with acting(office.monitor), pytest.raises(NotForThisPerson):
        documents.check_document(paper, good=True, by=office.monitor)
    with acting(office.vetting):
        assert documents.check_document(paper, good=True, by=office.vetting).good


def test_a_pack_holds_a_paper_under_seal_for_who_may_open_it_alone(
    office, grant_in, signed_in: Callable[..., Any]
):
    grant = grant_in("DRAFT")
    papers = {kind: on_file(grant, kind, office.officer2) for kind in OPEN_TO}
    seen: dict[str, set[str]] = {}
    taken = {}
    for name in ("auditor", "certifier", "vetting"):
        taken[name] = made(grant, getattr(office, name))
        archive = zipfile.ZipFile(BytesIO(bytes_of(taken[name], getattr(office, name))))
        table = {one["sha256"]: one for one in rows(archive, "data/papers.csv")}
        # Row and hash of all of them, whoever asked.
        assert {one.sha256 for one in papers.values()} <= set(table)
        seen[name] = {kind for kind, one in papers.items() if table[one.sha256]["name_in_pack"]}
        names = [one for one in archive.namelist() if one.startswith("papers/")]
        inside = {one.split("-")[-1].split(".")[0] for one in names}
        assert inside == seen[name]
        shut = set(OPEN_TO) - seen[name]
        assert all(table[papers[kind].sha256]["under_seal"] == "yes" for kind in shut)
        said = "under seal, not in this pack" in archive.read("index.html").decode()
        assert said is bool(shut)
    assert seen == {
        "auditor": {"invoice"},
        "certifier": {"invoice", "payroll"},
        "vetting": {"invoice", "payroll", "screening"},
    }

    # A pack made for one who may is not there for one who may not; the other way it is.
    client = signed_in(office.auditor)
    may_take = {
        "auditor": {"auditor"},
        "requester": {"auditor"},
        "certifier": {"auditor", "certifier"},
        "vetting": {"auditor", "certifier", "vetting"},
    }
    for name, others in may_take.items():
        client.force_login(getattr(office, name))
        for whose, pack in taken.items():
            answer = client.get(reverse("grants:pack_download", args=[grant.ref, pack.pk]))
            assert answer.status_code == (200 if whose in others else 404), (name, whose)

    # While one is made that holds more, it is not handed to who may not open all of it.
    with acting(office.vetting):
        packs.ask(grant, by=office.vetting)
    with acting(office.auditor), pytest.raises(packs.PackUnderWay):
        packs.ask(grant, by=office.auditor)
    Pack.objects.filter(state="waiting").update(state="cancelled")
    # A duty that was taken away before the worker came counts no more.
    with acting(office.vetting):
        asked = packs.ask(grant, by=office.vetting)
    office.vetting.duties = ["monitor"]
    office.vetting.save()
    jobs.work_due()
    asked.refresh_from_db()
    assert (asked.state, asked.holds) == ("ready", [])
