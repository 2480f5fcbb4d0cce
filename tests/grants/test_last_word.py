"""A paper whose last check found it wanting is missing: at every gate, in every count, on paper."""

from collections.abc import Callable
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from ceasefire import jobs, periods
from ceasefire.database.session import acting
from grants.exceptions import PaperWanting, StepIsMissingSomething
from grants.models import Deferral, Document, Grant, Pack, Transition
from grants.services import completeness, deferrals, documents, machine, packs, payments
from tests.grants import office as world
from tests.grants.reports.test_agreement import found, gates
from tests.grants.test_documents import in_days, missing
from tests.grants.test_packs import rows

pytestmark = pytest.mark.django_db(transaction=True)


def says(office: Any, who: str, paper: Document, good: bool) -> None:
    with acting(getattr(office, who)):
        documents.check_document(paper, good=good, by=getattr(office, who))


def paper_of(grant: Grant, kind: str) -> Document:
    return Document.objects.filter(grant=grant, type=kind).in_order().get()


def in_sql(grant: Grant, kind: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT grants_on_file(%s, %s)", [grant.pk, kind])
        return bool(cursor.fetchone()[0])


def test_the_last_word_decides_whether_a_paper_is_there(office, grant_in):
    """Good, bad, good again by three people, a later version: four places that say the same."""
    grant = grant_in("DRAFT")
    paper = paper_of(grant, "proposal")

    def there() -> set[bool]:
        with acting(office.viewer):
            row = next(
                one for one in found(office, "documents") if one["document_type"] == "proposal"
            )
            listed = next(
                one
                for one in completeness.register(Grant.objects.filter(pk=grant.pk))
                if one.document_type == "proposal"
            )
        assert (row["verified_by"] or "") == listed.verified_by
        assert completeness.drift() == []
        return {
            "proposal" in documents.types_on_file(grant),
            in_sql(grant, "proposal"),
            "proposal" not in missing(grant),
            row["present"] == "yes",
            listed.present,
        }

    def verified_by() -> str | None:
        rows_ = found(office, "documents")
        return next(one["verified_by"] for one in rows_ if one["document_type"] == "proposal")

    assert there() == {True}
    says(office, "reviewer", paper, True)
    assert (there(), verified_by()) == ({True}, office.reviewer.code_name)
    says(office, "monitor", paper, False)
    # Not the first who found it good: the last word is that it is not.
    assert (there(), verified_by()) == ({False}, None)
    with acting(office.requester), pytest.raises(StepIsMissingSomething) as refused:
        machine.submit(grant, by=office.requester)
    assert [one.document for one in refused.value.missing] == ["proposal"]
    says(office, "officer", paper, True)
    assert (there(), verified_by()) == ({True}, office.officer.code_name)
    says(office, "closeout", paper, False)
    with acting(office.requester):
        documents.file_document(
            grant,
            type="proposal",
            sha256="ab" * 32,
            size=10,
            mime="application/pdf",
            language="ar",
            supersedes=paper,
            by=office.requester,
        )
    assert (there(), verified_by()) == ({True}, None)


def test_no_gate_opens_on_a_paper_that_was_found_wanting(office, grant_in):
    """Evidence of the last tranche: for the certifier, in R10, and for whoever writes past both."""
    grant = grant_in("AWARDED", tranches=[1000, 2000])
    first, second = grant.tranches.all()
    world.pay(office, first, 1000)
    world.account(office, first, 1000)
    with acting(office.requester):
        paper = world.paper(grant, "evidence", office.requester)
    certified = world.certified(office, second, 2000)
    says(office, "monitor", paper, False)

    with acting(office.payer):
        proof = world.paper(grant, "receipt", office.payer)
        with pytest.raises(StepIsMissingSomething) as refused:
            payments.pay(certified, proof=proof, by=office.payer)
    assert [one.code for one in refused.value.missing] == ["evidence"]
    assert gates(office)[1]["gate_lacks"] == "evidence"
    with connection.cursor() as cursor:
        # The day in Baghdad: the server's own may still be yesterday's.
        cursor.execute(
            "SELECT grants_gate(%s, %s) LIKE %s",
            [second.pk, periods.today(), "%the last tranche%"],
        )
        assert cursor.fetchone()[0]
    # A proof that was found wanting proves nothing either.
    says(office, "officer", paper, True)
    says(office, "officer", proof, False)
    with acting(office.payer), pytest.raises(PaperWanting):
        payments.pay(certified, proof=proof, by=office.payer)
    world.pay_it(office, certified)


def test_nothing_is_awarded_or_closed_on_a_paper_that_was_found_wanting(office, grant_in):
    grant = grant_in("CLOSING")
    with acting(office.closeout):
        for kind in ("reconciliation", "asset_handover", "closeout_memo", "financial_report"):
            world.paper(grant, kind, office.closeout)
    says(office, "officer", paper_of(grant, "reconciliation"), False)
    with acting(office.closeout), pytest.raises(StepIsMissingSomething) as refused:
        machine.close(grant, by=office.closeout)
    assert [one.document for one in refused.value.missing] == ["reconciliation"]
    # Also raw, past the verb.
    with (
        pytest.raises(DatabaseError, match="accounted for"),
        transaction.atomic(),
        acting(office.closeout),
    ):
        Transition.objects.create(
            grant=grant,
            from_state="CLOSING",
            to_state="CLOSED",
            role="closeout",
            actor_id=office.closeout.pk,
            documents_hash="",
            round=1,
        )


def test_what_was_put_off_and_is_found_good_is_no_longer_put_off(office, grant_in):
    grant = grant_in("APPROVED")
    with acting(office.officer):
        paper = world.paper(grant, "report_plan", office.officer)
    says(office, "monitor", paper, False)
    with acting(office.officer):
        deferrals.defer(
            grant, type="report_plan", due_on=in_days(3), reason="flood", by=office.officer
        )
    says(office, "reviewer", paper, True)
    assert Deferral.objects.get(grant=grant).document_id == paper.pk


def test_pages_and_packs_say_the_last_word(
    office, grant_in, signed_in: Callable[..., Any], django_assert_max_num_queries: Any
):
    grant = grant_in("DRAFT")
    paper = paper_of(grant, "budget")
    says(office, "reviewer", paper, True)
    says(office, "monitor", paper, False)
    client = signed_in(office.requester)
    with django_assert_max_num_queries(50):
        page = client.get(reverse("grants:document_list", args=[grant.ref]))
    (stage,) = [one for one in page.context["stages"] if one["key"] == "budget"]
    assert [one["is_wanting"] for one in stage["rows"]] == [True]
    assert [one["need"].type for one in stage["missing"]] == ["budget"]
    # The page of the grant, which reads everything at once, lists it among what the step lacks.
    detail = client.get(reverse("grants:grant_detail", args=[grant.ref])).content.decode()
    assert ('#budget"' in detail, '#proposal"' in detail) == (True, False)

    with acting(office.auditor):
        pack = packs.ask(grant, by=office.auditor)
    jobs.work_due()
    pack = Pack.objects.get(pk=pack.pk)
    archive = ZipFile(BytesIO(b"".join(packs.pieces_of(pack, by=office.auditor) or [])))
    (row,) = [one for one in rows(archive, "data/papers.csv") if one["type"] == "budget"]
    assert (row["checked_good"], row["checked_by"]) == ("no", office.monitor.code_name)
    needs = {one["type"]: one["present"] for one in rows(archive, "data/required-papers.csv")}
    assert (needs["budget"], needs["proposal"]) == ("no", "yes")
