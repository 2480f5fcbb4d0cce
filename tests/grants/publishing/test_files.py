"""Levels of publishing held by two people, and files that are issued or kept as drafts."""

import hashlib
import json
import time
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import Error, connection, transaction
from django.urls import reverse
from lxml import etree

from ceasefire import jobs, periods
from ceasefire.audit.models import AuditEvent
from ceasefire.database.session import acting
from grants.exceptions import (
    ChangedMeanwhile,
    NotAllowedFromHere,
    NotForThisPerson,
    ReasonMissing,
    SecondPersonNeeded,
)
from grants.models import Grant, LevelChange, PublishedFile, Publisher
from grants.publishing import levels
from grants.reports import snapshots
from grants.services import amendments, ledger, organisations, proposals, publishing
from tests.conftest import maker_of_users
from tests.grants import office as world
from tests.grants.test_duties import role_of

pytestmark = pytest.mark.django_db

PLANTED = "Qasim Zzplanted"
PLANTED_AR = "قاسم الزرعزرع"


@pytest.fixture(scope="module")
def scene(django_db_setup: None, django_db_blocker: Any) -> Iterator[SimpleNamespace]:
    """Grants of every level: whole, without names, none, with dinars, a refund and a reversal."""
    with django_db_blocker.unblock():
        everything = transaction.atomic()
        everything.__enter__()
        try:
            office = world.people(maker_of_users())
            fund = world.open_fund(office)
            named = world.organisation(office, "Basra Youth Association")
            with acting(office.officer):
                organisations.change_organisation(named, publish_ok=True, by=office.officer)
            hidden = world.organisation(office, f"{PLANTED} Stores")
            with acting(office.officer):
                organisations.change_organisation(hidden, name_ar=PLANTED_AR, by=office.officer)
            facts = {
                "purpose": f"A park, says {PLANTED}",
                "site_name": f"House of {PLANTED_AR}",
                "title_en": f"Park of {PLANTED}",
                "lat": Decimal("30.512345"),
                "lon": Decimal("47.812345"),
                "planned_start": date(2026, 1, 1),
                "planned_end": date(2027, 6, 30),
            }
            rate = world.rate(office)
            kept = world.move(
                office, world.draft(office, fund, 900, grantee=hidden, **facts), "AWARDED"
            )
            secret = world.draft(office, fund, 800, grantee=hidden, **facts)
            whole = world.move(
                office,
                world.draft(office, fund, 3000, grantee=named, **{**facts, "purpose": "A park",
                    "title_en": "A park", "site_name": "By the river"}),
                "AWARDED",
                tranches=[2000, 1000],
            )  # fmt: skip
            first = whole.tranches.get(number=1)
            world.pay(office, first, "1310500", currency="IQD", rate=rate)
            wrong = world.pay(office, first, 100)
            with acting(office.payer2):
                ledger.reverse(wrong, reason="paid to the wrong account", by=office.payer2)
            with acting(office.officer):
                ledger.refund(whole, amount=Decimal("50.25"), reason="not used", by=office.officer)
            yield SimpleNamespace(
                office=office, fund=fund, whole=whole, kept=kept, secret=secret,
                named=named, hidden=hidden,
            )  # fmt: skip
        finally:
            transaction.set_rollback(True)
            everything.__exit__(None, None, None)


@pytest.fixture
def at(scene: SimpleNamespace, db: None) -> SimpleNamespace:
    """The scene, in a savepoint, with somebody who publishes."""
    with acting(scene.office.officer):
        row = publishing.enter_publisher(by=scene.office.officer, **PUBLISHER)
    with acting(scene.office.approver):
        publishing.confirm_publisher(row, by=scene.office.approver)
    return scene


PUBLISHER = {
    "org_ref": "XI-IATI-REOBASRA",
    "org_type": "10",
    "name_en": "Regional Embassy Office",
    "name_ar": "المكتب الإقليمي",
    "prefix": "360G-reobasra",
    "licence": "https://creativecommons.org/licenses/by/4.0/",
}


def raised(at: SimpleNamespace, grant: Grant, level: str) -> None:
    with acting(at.office.officer):
        change = publishing.change_level(grant, level, reason="asked for", by=at.office.officer)
    with acting(at.office.approver):
        publishing.confirm_level(change, by=at.office.approver)


def made(at: SimpleNamespace, kind: str = "iati", **facts: Any) -> tuple[PublishedFile, bytes]:
    with acting(at.office.officer):
        file = publishing.ask_file(kind, at.fund, by=at.office.officer, **facts)
    job = jobs.Job.objects.get(kind=publishing.MAKE, payload={"file_id": str(file.pk)})
    assert jobs.run(job.pk) == "done"
    file.refresh_from_db()
    content = b"".join(publishing.pieces_of(file) or ())
    return file, content


# --- levels -------------------------------------------------------------------------------------


def test_showing_more_takes_two_people_and_showing_less_one(at: SimpleNamespace) -> None:
    office, grant = at.office, at.whole
    with acting(office.officer):
        change = publishing.change_level(grant, "FULL", reason="agreed", by=office.officer)
        assert Grant.objects.get(pk=grant.pk).publish_level == "NONE"
        with pytest.raises(NotAllowedFromHere):
            publishing.change_level(grant, "REDACTED", reason="again", by=office.officer)
        with pytest.raises(SecondPersonNeeded):
            publishing.confirm_level(change, by=office.officer)
    with acting(office.payer), pytest.raises(NotForThisPerson):
        publishing.confirm_level(change, by=office.payer)
    with acting(office.approver):
        publishing.confirm_level(change, by=office.approver)
        with pytest.raises(NotAllowedFromHere):
            publishing.refuse_level(change, by=office.approver)
    assert Grant.objects.get(pk=grant.pk).publish_level == "FULL"
    with acting(office.officer2):
        lower = publishing.change_level(grant, "AGGREGATE", reason="a threat", by=office.officer2)
    assert not lower.raises
    assert Grant.objects.get(pk=grant.pk).publish_level == "AGGREGATE"
    events = AuditEvent.objects.filter(subject_id__in=[grant.ref, str(grant.pk)]).order_by("pk")
    verbs = list(events.filter(verb__startswith="grant.level").values_list("verb", flat=True))
    assert verbs == ["grant.level_asked", "grant.level_raised", "grant.level_lowered"]


def test_a_level_is_changed_with_a_reason_by_an_officer_who_saw_the_grant(
    at: SimpleNamespace,
) -> None:
    office, grant = at.office, Grant.objects.get(pk=at.whole.pk)
    with acting(office.officer):
        with pytest.raises(ReasonMissing):
            publishing.change_level(grant, "FULL", reason=" ", by=office.officer)
        with pytest.raises(ChangedMeanwhile):
            publishing.change_level(
                grant, "FULL", reason="x", version=grant.version + 1, by=office.officer
            )
    with acting(office.requester), pytest.raises(NotForThisPerson):
        publishing.change_level(grant, "FULL", reason="x", by=office.requester)


def test_wanting_less_takes_back_a_raise_that_waits(at: SimpleNamespace) -> None:
    raised(at, at.whole, "REDACTED")
    with acting(at.office.officer):
        change = publishing.change_level(at.whole, "FULL", reason="x", by=at.office.officer)
        publishing.change_level(at.whole, "NONE", reason="a threat", by=at.office.officer)
    with acting(at.office.approver), pytest.raises(NotAllowedFromHere):
        publishing.confirm_level(change, by=at.office.approver)
    assert Grant.objects.get(pk=at.whole.pk).publish_level == "NONE"


@pytest.mark.parametrize("by_reo", [True, False], ids=["REO's role", "the application's role"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE grants_grant SET publish_level = 'FULL' WHERE id = %(grant)s",
        "UPDATE grants_levelchange SET to_level = 'FULL' WHERE id = %(change)s",
        "UPDATE grants_levelchange SET confirmed_by_id = %(asker)s, confirmed_at = now()"
        " WHERE id = %(change)s",
        # In the name of somebody else.
        "UPDATE grants_levelchange SET confirmed_by_id = %(other)s, confirmed_at = now()"
        " WHERE id = %(change)s",
        "INSERT INTO grants_levelchange (id, grant_id, from_level, to_level, raises, reason,"
        " asked_by_id, asked_at, confirmed_by_id, confirmed_at)"
        " VALUES (gen_random_uuid(), %(grant)s, 'NONE', 'FULL', false, 'x', %(asker)s, now(),"
        " %(other)s, now())",
        "DELETE FROM grants_levelchange WHERE id = %(change)s",
    ],
    ids=["the column", "another level", "alone", "for another", "at once", "away"],
)  # fmt: skip
def test_no_statement_gets_around_the_second_person(
    at: SimpleNamespace, statement: str, by_reo: bool
) -> None:
    office = at.office
    with acting(office.officer):
        change = publishing.change_level(at.whole, "FULL", reason="x", by=office.officer)
    facts = {"grant": at.whole.pk, "change": change.pk, "asker": office.officer.pk,
             "other": office.approver.pk}  # fmt: skip
    role = role_of(office.officer, "reo" if by_reo else "app")
    cursor = connection.cursor()
    with acting(office.officer), role, pytest.raises(Error), transaction.atomic():
        cursor.execute(statement, facts)
    assert Grant.objects.get(pk=at.whole.pk).publish_level == "NONE"


def test_a_lie_about_what_a_change_raises_is_set_right_by_the_database(at: SimpleNamespace) -> None:
    with acting(at.office.officer):
        change = LevelChange.objects.create(
            grant=at.whole, from_level="FULL", to_level="REDACTED", raises=False, reason="x",
            asked_by_id=at.office.officer.pk,
        )  # fmt: skip
    change.refresh_from_db()
    assert (change.from_level, change.raises) == ("NONE", True)
    assert Grant.objects.get(pk=at.whole.pk).publish_level == "NONE"


# --- what stands in a file ----------------------------------------------------------------------


def _planted(content: bytes) -> bool:
    text = content.decode("utf-8-sig")
    pieces = [*PLANTED.split(), *PLANTED_AR.split(), "47.81", "30.51", "ORG-0"]
    # Whatever is written as escapes is read as it would be by anybody.
    return any(piece in text or piece in text.encode().decode("unicode_escape", "ignore")
               for piece in pieces)  # fmt: skip


def test_the_moment_of_an_entry_moves_with_what_is_shown_and_only_then(at: SimpleNamespace) -> None:
    """Who took an entry over once reads it again only where its moment moved."""

    def told() -> tuple[str, str]:
        _, content = made(at, "360json")
        [grant] = json.loads(content)["grants"]
        _, content = made(at, "iati")
        [entry] = etree.fromstring(content).findall("iati-activity")
        moment = entry.get("last-updated-datetime")
        assert moment is not None
        return grant["dateModified"], moment

    raised(at, at.whole, "FULL")
    first = told()
    assert told() == first
    seen = [first]
    office = at.office
    time.sleep(1.1)

    def moved() -> None:
        seen.append(told())
        # A moment is told in whole seconds.
        time.sleep(1.1)
        assert all(now > before for now, before in zip(seen[-1], seen[-2], strict=True)), seen

    with acting(office.officer):
        publishing.change_level(at.whole, "REDACTED", reason="a threat", by=office.officer)
    moved()
    with acting(office.officer):
        waits = publishing.change_level(at.whole, "FULL", reason="it is over", by=office.officer)
    assert told() == seen[-1]
    with acting(office.approver):
        publishing.confirm_level(waits, by=office.approver)
    moved()
    at.whole.refresh_from_db()
    amendment = world.amended(office, at.whole, at.whole.approved_usd - 500)
    assert told() == seen[-1]
    with acting(office.officer):
        world.paper(at.whole, "amendment", office.officer)
        part = proposals.Part(Decimal(500), periods.now().date() + timedelta(days=9))
        amendments.sign_amendment(amendment, parts=[part], by=office.officer)
    moved()
    with acting(office.officer):
        organisations.change_organisation(
            at.named, has_bank_account=not at.named.has_bank_account, by=office.officer
        )
    assert told() == seen[-1]
    with acting(office.officer):
        organisations.change_organisation(at.named, name_en="Friends of it", by=office.officer)
    moved()
    with acting(office.officer):
        organisations.change_organisation(at.named, publish_ok=False, by=office.officer)
    moved()
    with acting(office.officer):
        organisations.change_organisation(at.named, name_en="Others", by=office.officer)
    assert told() == seen[-1]


@pytest.mark.parametrize("kind", ["iati", "360json", "360csv"])
def test_no_byte_of_any_file_names_who_is_not_to_be_named(at: SimpleNamespace, kind: str) -> None:
    raised(at, at.kept, "REDACTED")
    for draft_only in (False, True):
        file, content = made(at, kind, draft_only=draft_only)
        assert file.state == ("DRAFT" if draft_only else "ISSUED"), file.problems
        assert at.kept.ref.encode() in content
        assert at.secret.ref.encode() not in content
        assert not _planted(content)


def test_a_whole_grant_names_only_who_agreed(at: SimpleNamespace) -> None:
    raised(at, at.whole, "FULL")
    _file, content = made(at)
    assert "Basra Youth Association" in content.decode()
    assert b"By the river" in content
    assert b"<pos>30.512345 47.812345</pos>" in content
    with acting(at.office.officer):
        organisations.change_organisation(at.named, publish_ok=False, by=at.office.officer)
    _file, content = made(at)
    assert "Basra Youth Association" not in content.decode()
    assert f"{at.whole.ref}-G" in content.decode()


def test_a_text_that_names_who_did_not_agree_keeps_the_file_from_being_issued(
    at: SimpleNamespace,
) -> None:
    raised(at, at.kept, "FULL")
    file, content = made(at)
    assert file.state == "DRAFT"
    assert {(one["code"], one["ref"], one["field"]) for one in file.problems} == {
        ("name", at.kept.ref, "site_name")
    }
    # "Qasim Zzplanted Stores" is the name; two words of it are not.
    assert b"draft-not-valid" in content
    assert PLANTED_AR not in content.decode()


def test_a_grant_that_is_shown_less_while_its_file_is_made_keeps_it_from_being_issued(
    at: SimpleNamespace, monkeypatch: Any
) -> None:
    raised(at, at.kept, "REDACTED")
    raised(at, at.whole, "FULL")
    write, check, extension = publishing.KINDS["iati"]

    def meanwhile(path: Any, **facts: Any) -> Any:
        with acting(at.office.officer2):
            publishing.change_level(at.kept, "NONE", reason="a threat", by=at.office.officer2)
        return check(path, **facts)

    monkeypatch.setitem(publishing.KINDS, "iati", (write, meanwhile, extension))
    file, content = made(at)
    assert (file.state, [one["code"] for one in file.problems]) == ("DRAFT", ["moved"])
    assert at.kept.ref.encode() not in content


def test_an_organisation_that_takes_its_word_back_keeps_a_file_from_being_issued(
    at: SimpleNamespace, monkeypatch: Any
) -> None:
    raised(at, at.whole, "FULL")
    write, check, extension = publishing.KINDS["360json"]

    def meanwhile(path: Any, **facts: Any) -> Any:
        with acting(at.office.officer2):
            organisations.change_organisation(at.named, publish_ok=False, by=at.office.officer2)
        return check(path, **facts)

    monkeypatch.setitem(publishing.KINDS, "360json", (write, meanwhile, extension))
    file, content = made(at, "360json")
    assert (file.state, file.problems[0]["code"]) == ("DRAFT", "moved")
    assert b"Basra Youth" not in content


def test_nothing_is_issued_without_somebody_who_publishes(scene: SimpleNamespace, db: None) -> None:
    raised(scene, scene.kept, "REDACTED")
    file, content = made(scene)
    assert file.state == "DRAFT"
    assert file.problems[0]["code"] == "publisher"
    assert file.problem_count >= 1
    assert b"draft, not valid" in content


def test_a_fund_of_which_nothing_is_shown_has_no_file(at: SimpleNamespace) -> None:
    file, _content = made(at, "360json")
    assert (file.state, file.problems[0]["code"]) == ("DRAFT", "empty")


# --- sums ---------------------------------------------------------------------------------------

#: The ledger as an inspector would ask it: postings that were reversed and reversals are out.
SUMS = """
SELECT e.kind, e.currency, sum(e.amount), sum(e.amount_usd)
  FROM grants_ledgerentry e JOIN grants_grant g ON g.id = e.grant_id
 WHERE g.ref = ANY (%s) AND e.kind IN ('OBLIGATE', 'DEOBLIGATE', 'DISBURSE', 'REFUND')
   AND NOT EXISTS (SELECT FROM grants_ledgerentry r WHERE r.reverses_id = e.seq)
 GROUP BY e.kind, e.currency
"""


def test_the_sums_of_the_file_are_those_of_the_ledger(at: SimpleNamespace) -> None:
    raised(at, at.whole, "FULL")
    raised(at, at.kept, "REDACTED")
    file, content = made(at)
    assert file.state == "ISSUED", file.problems
    found: dict[tuple[str, str], Decimal] = {}
    for moved in etree.fromstring(content).iter("transaction"):
        value = moved.find("value")
        amount = Decimal(value.text)
        type = moved.find("transaction-type").get("code")
        kind = {"2": ("OBLIGATE", "DEOBLIGATE"), "3": ("DISBURSE", "REFUND")}[type][amount < 0]
        key = (kind, value.get("currency"))
        found[key] = found.get(key, Decimal(0)) + abs(amount)
    with connection.cursor() as cursor:
        cursor.execute(SUMS, [[at.whole.ref, at.kept.ref]])
        rows = cursor.fetchall()
    assert found == {(kind, currency): amount for kind, currency, amount, _usd in rows}
    assert found["DISBURSE", "IQD"] == 1310500
    assert found["REFUND", "USD"] == Decimal("50.25")
    usd = {kind: Decimal(0) for kind, *_rest in rows}
    for kind, _currency, _amount, dollars in rows:
        usd[kind] += dollars
    # As report R2 has them, from the sums that the database keeps.
    grants = [Grant.objects.get(pk=one.pk) for one in (at.whole, at.kept)]
    assert usd["OBLIGATE"] == sum(one.obligated_usd for one in grants)
    assert usd["DISBURSE"] == sum(one.disbursed_usd for one in grants)
    assert Decimal(file.totals["3+"]["usd"]) == usd["DISBURSE"]
    assert Decimal(file.totals["3-"]["usd"]) == -usd["REFUND"]


def test_the_sums_by_type_of_both_standards_are_those_of_a_run_of_r2(at: SimpleNamespace) -> None:
    # Every grant of the fund on which anything was posted.
    raised(at, at.whole, "FULL")
    raised(at, at.kept, "REDACTED")
    with acting(at.office.viewer):
        run = snapshots.take("months", {"fund": at.fund.code}, by=at.office.viewer)
    sums = {
        "2": Decimal(run.totals["net_obligated_usd"]),
        "3": Decimal(run.totals["net_disbursed_usd"]),
    }
    assert sums == {"2": Decimal("3900.00"), "3": Decimal("949.75")}

    def usd(amount: Any, currency: str) -> Decimal:
        # At the rate of the scene.
        value = Decimal(str(amount))
        return value if currency == "USD" else (value / Decimal("1310.5")).quantize(Decimal("0.01"))

    file, content = made(at)
    assert file.state == "ISSUED", file.problems
    iati = dict.fromkeys(sums, Decimal(0))
    for moved in etree.fromstring(content).iter("transaction"):
        value = moved.find("value")
        type = moved.find("transaction-type").get("code")
        iati[type] += usd(value.text, value.get("currency"))
    file, content = made(at, "360json")
    assert file.state == "ISSUED", file.problems
    giving = dict.fromkeys(sums, Decimal(0))
    names = {"commitmentTransaction": "2", "disbursementTransaction": "3"}
    for grant in json.loads(content)["grants"]:
        for name, type in names.items():
            for moved in grant.get(name, ()):
                giving[type] += usd(moved["value"], moved["currency"])
    assert iati == giving == sums


def test_a_file_whose_sums_are_not_the_ledgers_is_not_issued(
    at: SimpleNamespace, monkeypatch: Any
) -> None:
    raised(at, at.whole, "FULL")
    counted = levels._COUNTED.copy()
    monkeypatch.setitem(levels._COUNTED, "REFUND", ("3", 1))
    file, _content = made(at)
    assert (file.state, file.problems[0]["code"]) == ("DRAFT", "moved")
    assert counted["REFUND"] == ("3", -1)


def test_grants_that_are_shown_in_sums_have_no_entry_and_are_never_few(
    at: SimpleNamespace, monkeypatch: Any
) -> None:
    raised(at, at.whole, "FULL")
    raised(at, at.kept, "AGGREGATE")
    _file, content = made(at)
    assert b"-SUM" not in content
    assert at.kept.ref.encode() not in content
    monkeypatch.setattr(levels, "FEWEST", 1)
    file, content = made(at)
    assert file.state == "ISSUED", file.problems
    assert file.has_sum
    summed = etree.fromstring(content)[-1]
    assert summed.findtext("iati-identifier").endswith(f"{at.fund.code}-SUM")
    assert [one.findtext("value") for one in summed.iter("transaction")] == ["900"]
    assert at.kept.ref.encode() not in content
    assert not _planted(etree.tostring(summed))
    file, content = made(at, "360json")
    assert [one["id"] for one in json.loads(content)["grants"]] == [f"360G-reobasra-{at.whole.ref}"]


# --- files --------------------------------------------------------------------------------------


def test_an_issued_file_has_a_number_and_never_changes(at: SimpleNamespace) -> None:
    raised(at, at.kept, "REDACTED")
    first, content = made(at)
    second, _content = made(at, "360csv")
    assert second.number == first.number + 1
    assert first.sha256 == hashlib.sha256(content).hexdigest()
    assert first.size == len(content)
    for statement in (
        "UPDATE grants_publishedfile SET grants = 9 WHERE id = %s",
        "DELETE FROM grants_publishedfile WHERE id = %s",
        "DELETE FROM grants_publishedpart WHERE file_id = %s",
        "UPDATE grants_publishedpart SET content = '' WHERE file_id = %s",
        "INSERT INTO grants_publishedpart (file_id, number, content) VALUES (%s, 9, '')",
    ):
        with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, [first.pk])


def test_a_file_is_not_made_twice_and_can_be_stopped(at: SimpleNamespace) -> None:
    raised(at, at.kept, "REDACTED")
    with acting(at.office.officer):
        file = publishing.ask_file("iati", at.fund, by=at.office.officer)
        assert publishing.ask_file("iati", at.fund, by=at.office.officer) == file
        publishing.stop_file(file, by=at.office.officer)
    publishing.make(str(file.pk))
    file.refresh_from_db()
    assert file.state == "CANCELLED"
    assert publishing.pieces_of(file) is None
    publishing.make(str(file.pk))


def test_who_publishes_is_settled_by_two_people(at: SimpleNamespace) -> None:
    office = at.office
    with acting(office.officer):
        row = publishing.enter_publisher(by=office.officer, **{**PUBLISHER, "name_en": "Another"})
        with pytest.raises(SecondPersonNeeded):
            publishing.confirm_publisher(row, by=office.officer)
        with pytest.raises(publishing.BadPublisher):
            publishing.enter_publisher(by=office.officer, **{**PUBLISHER, "prefix": "reobasra"})
        with pytest.raises(Error), transaction.atomic():
            Publisher.objects.filter(pk=row.pk).update(
                confirmed_by_id=office.officer.pk, confirmed_at=periods.now()
            )
    standing = publishing.publisher()
    assert standing is not None
    assert standing.name_en == PUBLISHER["name_en"]


# --- pages --------------------------------------------------------------------------------------


def test_the_pages_show_what_the_world_would_see_and_what_to_mend(
    at: SimpleNamespace, client: Any
) -> None:
    office = at.office
    client.force_login(office.officer)
    page = client.get(reverse("grants:grant_publishing", args=[at.kept.ref]), {"level": "REDACTED"})
    seen = page.content.decode().split('id="world"')[1]
    assert f"{at.kept.ref}-G" in seen
    assert not _planted(seen.encode())
    sent = client.post(
        reverse("grants:grant_publishing", args=[at.kept.ref]),
        {"level": "FULL", "reason": "agreed"},
    )
    assert sent.status_code == 302
    change = LevelChange.objects.get(grant=at.kept, confirmed_at=None)
    client.force_login(office.approver)
    assert client.post(reverse("grants:level_confirm", args=[change.pk])).status_code == 302
    file, content = made(at)
    page = client.get(reverse("grants:published_detail", args=[file.pk]))
    # Sent long ago, so its facts stand: the way out is to show less of it.
    assert reverse("grants:grant_publishing", args=[at.kept.ref]) in page.content.decode()
    taken = client.get(reverse("grants:published_download", args=[file.pk]))
    assert b"".join(taken.streaming_content) == content
    assert "DRAFT-NOT-VALID" in taken["Content-Disposition"]
    listed = client.get(reverse("grants:publishing_list")).content.decode()
    assert str(file.pk) in listed


def test_the_list_asks_the_database_no_more_for_more_files(
    at: SimpleNamespace, client: Any, django_assert_max_num_queries: Any
) -> None:
    client.force_login(at.office.viewer)
    for _number in range(3):
        made(at, draft_only=True)
    with django_assert_max_num_queries(20):
        client.get(reverse("grants:publishing_list"))
