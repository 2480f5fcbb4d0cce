"""Screening the subjects of a grant: hits wait for a person, and nothing is cleared or paid before.

One office is made for the whole file; each test plays in a savepoint above it.
"""

import base64
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from ceasefire import jobs, periods
from ceasefire.audit.models import AuditEvent
from ceasefire.database.roles import as_owner
from ceasefire.database.session import acting
from grants import screening
from grants.demo import vetting as demo
from grants.exceptions import (
    ChangedMeanwhile,
    DutiesKeptApart,
    GrantRefusal,
    ListTooOld,
    NameNotComparable,
    NoScreeningRule,
    NotAllowedFromHere,
    NotForThisPerson,
    SecondOfficerClears,
    StepIsMissingSomething,
)
from grants.models import (
    Decision,
    Grant,
    Organisation,
    OrganisationPerson,
    Screening,
    ScreeningDisposition,
    ScreeningHit,
    ScreeningRun,
)
from grants.reports import rows
from grants.services import (
    kept_indexes,
    lists,
    machine,
    organisations,
    requirements,
    sealed,
    vetting,
)
from tests.conftest import maker_of_users
from tests.grants import office as world

#: On the made-up list as "Qais Latif al-Marsoumi" and قيس لطيف المرسومي.
LISTED = "Qays Abd al-Latif Marsumi"
OTHERS = "Samir Hadi"


@pytest.fixture(scope="module")
def stage(django_db_setup: None, django_db_blocker: Any) -> Iterator[SimpleNamespace]:
    """An office, and a grant in vetting whose grantee is signed for by somebody with a hit."""
    with django_db_blocker.unblock():
        everything = transaction.atomic()
        everything.__enter__()
        try:
            office = world.people(maker_of_users())
            fund = world.open_fund(office)
            grantee = world.organisation(office, "Heron Friends of Basra")
            with acting(office.vetting):
                organisations.add_person(
                    grantee, name_en=LISTED, birth_year="1990", by=office.vetting
                )
            grant = world.move(office, world.draft(office, fund, grantee=grantee), "VETTING")
            yield SimpleNamespace(office=office, fund=fund, grant=grant, grantee=grantee)
        finally:
            transaction.set_rollback(True)
            everything.__exit__(None, None, None)


@pytest.fixture
def office(stage: SimpleNamespace, db: None) -> SimpleNamespace:
    return stage.office


@pytest.fixture
def grant(stage: SimpleNamespace, db: None) -> Grant:
    """In vetting, with its paper on file."""
    with acting(stage.office.vetting):
        world.paper(stage.grant, "screening", stage.office.vetting)
    return Grant.objects.get(pk=stage.grant.pk)


@pytest.fixture
def cleared(office: SimpleNamespace, grant: Grant) -> Grant:
    """The same, awarded."""
    return world.move(office, grant, "AWARDED")


def today() -> Any:
    return periods.now().date()


def codes(grant: Grant) -> set[str]:
    return {one.code for one in vetting.obstacles(grant, today())}


def screened(office: Any, grant: Grant) -> dict[str, ScreeningRun]:
    """The runs of a new screening by the end of their subject's code."""
    with acting(office.vetting):
        made = vetting.screen(grant, by=office.vetting)
    assert made.state == Screening.State.DONE
    return {run.subject_code.partition("/")[2]: run for run in made.runs.all()}


def decide(office: Any, hit: ScreeningHit, disposition: str, **facts: Any) -> Any:
    with acting(office.vetting):
        return vetting.decide_hit(
            hit, disposition=disposition, reason="looked at", by=office.vetting, **facts
        )


def sign(office: Any, run: ScreeningRun) -> Any:
    with acting(office.vetting):
        return vetting.sign_run(run, reason="nobody", by=office.vetting)


def decide_raw(person: Any, hit: ScreeningHit, corrects: Any = None) -> None:
    """Somebody else, past every service."""
    made = ScreeningDisposition(
        run=hit.run,
        hit=hit,
        disposition="FALSE_POSITIVE",
        corrects=corrects,
        officer_id=person.pk,
    )
    sealed.seal(made, {"reason": "by hand"})
    with acting(person), transaction.atomic():
        made.save(force_insert=True)


def clear_raw(office: Any, grant: Grant) -> None:
    """A vetting officer's YES past every service."""
    with acting(office.vetting), transaction.atomic():
        Decision.objects.create(
            grant=grant,
            round=grant.round,
            step="vetting",
            role="vetting",
            actor_id=office.vetting.pk,
            verdict="YES",
            valid_to=today() + timedelta(days=90),
        )


def never_cleared(office: Any, grant: Grant) -> None:
    """Neither by the verb nor by hand."""
    with (
        acting(office.vetting),
        pytest.raises(StepIsMissingSomething),
        transaction.atomic(),
    ):
        machine.clear(grant, by=office.vetting)
    with pytest.raises(IntegrityError, match="before the screening is finished"):
        clear_raw(office, grant)


# --- before a clearance ---------------------------------------------------------------------------


def test_every_hit_is_decided_by_a_person_before_anybody_is_cleared(office, grant):
    assert codes(grant) == {"UNSCREENED"}
    never_cleared(office, grant)

    runs = screened(office, grant)

    assert {key: run.hit_count for key, run in runs.items()} == {"": 0, "1": 1}
    assert codes(grant) == {"NOT_SIGNED", "HIT_OPEN"}
    never_cleared(office, grant)
    hit = runs["1"].hits.get()
    escalated = decide(office, hit, "ESCALATED")
    sign(office, runs[""])
    assert codes(grant) == {"HIT_ESCALATED"}
    never_cleared(office, grant)
    with pytest.raises(ChangedMeanwhile):
        decide(office, hit, "FALSE_POSITIVE")
    decide(office, hit, "FALSE_POSITIVE", seen=escalated.pk)
    assert codes(grant) == set()

    with acting(office.vetting):
        machine.clear(grant, by=office.vetting)

    decision = Decision.objects.get(grant=grant, step="vetting")
    organisation = Organisation.objects.get(pk=grant.grantee_id)
    assert decision.subjects == {str(organisation.pk): organisation.version}
    assert [
        (row.subject_code.partition("/")[2], row.list, row.hits, row.disposition, row.valid_to)
        for row in vetting.log_rows(grants=[grant], first=today(), last=today())
    ] == [
        ("", "UN", 0, "CLEAR_NO_HIT", decision.valid_to),
        ("1", "UN", 1, "FALSE_POSITIVE", decision.valid_to),
    ]
    assert list(vetting.log_rows(last=today() - timedelta(days=1))) == []


def test_report_r12_says_what_the_log_says_at_every_turn(office, grant, make_user):
    seen = set()
    second = make_user("reo_staff", username="reo.vetting2", duties=["vetting"])

    def the_same() -> None:
        sql = rows.STATEMENTS["screening"]({})
        with acting(office.viewer), connection.cursor() as cursor:
            cursor.execute(sql, rows.parameters({}, today()))
            names = [column.name for column in cursor.description]
            report = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        log = [vars(row) for row in vetting.log_rows()]
        assert len(report) == len(log)
        for told, logged in zip(report, log, strict=True):
            expected = {name: logged[name] for name in names}
            expected["threshold"] = Decimal(expected["threshold"])
            assert told == expected
            seen.add((told["disposition"], told["valid_to"] is not None))

    def officers() -> list[str | None]:
        return [one.officer for one in vetting.log_rows()]

    the_same()
    runs = screened(office, grant)
    the_same()
    # Whoever ran it decided nothing yet.
    assert officers() == [None, None]
    hit = runs["1"].hits.get()
    with acting(second):
        first = vetting.decide_hit(hit, disposition="ESCALATED", reason="unsure", by=second)
    the_same()
    assert officers() == [None, second.code_name]
    decide(office, hit, "FALSE_POSITIVE", seen=first.pk)
    with acting(second):
        vetting.sign_run(runs[""], reason="nobody", by=second)
    the_same()
    assert officers() == [second.code_name, office.vetting.code_name]
    with acting(office.vetting):
        machine.clear(grant, by=office.vetting)
    the_same()
    again = screened(office, Grant.objects.get(pk=grant.pk))
    decide(office, again["1"].hits.get(), "TRUE_MATCH")
    the_same()

    assert {kind for kind, _cleared in seen} == {
        "OPEN", "ESCALATED", "FALSE_POSITIVE", "CLEAR_NO_HIT", "TRUE_MATCH"
    }  # fmt: skip
    assert ("FALSE_POSITIVE", True) in seen


def test_a_true_match_is_never_cleared_and_taken_back_by_another_screening_alone(office, grant):
    runs = screened(office, grant)
    sign(office, runs[""])
    found = decide(office, runs["1"].hits.get(), "TRUE_MATCH")

    assert codes(grant) == {"TRUE_MATCH"}
    never_cleared(office, grant)
    with pytest.raises(NotAllowedFromHere):
        decide(office, runs["1"].hits.get(), "FALSE_POSITIVE", seen=found.pk)
    with pytest.raises(IntegrityError, match="another screening"):
        decide_raw(office.vetting, found.hit, corrects=found)

    again = screened(office, grant)

    assert codes(grant) == {"NOT_SIGNED", "HIT_OPEN"}
    with acting(office.vetting):
        earlier = vetting.opened(again["1"], by=office.vetting).hits[0].earlier
    assert [one.disposition for one in earlier] == ["TRUE_MATCH"]


def test_one_vetting_officer_does_not_take_a_true_match_back_by_screening_again(
    office, grant, make_user
):
    second = make_user("reo_staff", username="reo.vetting2", duties=["vetting"])
    runs = screened(office, grant)
    # In the same screening the others are still signed for.
    decide(office, runs["1"].hits.get(), "TRUE_MATCH")
    sign(office, runs[""])

    again = screened(office, grant)
    hit = again["1"].hits.get()
    with pytest.raises(SecondOfficerClears):
        decide(office, hit, "FALSE_POSITIVE")
    with pytest.raises(SecondOfficerClears):
        sign(office, again[""])
    with pytest.raises(IntegrityError, match="does not clear it"):
        decide_raw(office.vetting, hit)
    never_cleared(office, grant)
    # Nor by screening and deciding alone against who said so.
    with acting(second):
        alone = vetting.screen(grant, by=second)
        run = alone.runs.get(subject_code__endswith="/1")
        with pytest.raises(SecondOfficerClears):
            vetting.decide_hit(
                run.hits.get(), disposition="FALSE_POSITIVE", reason="another man", by=second
            )
    with pytest.raises(IntegrityError, match="does not clear it"):
        decide_raw(second, run.hits.get())

    # Nor by taking the person out and in again.
    grantee = Organisation.objects.get(pk=grant.grantee_id)
    with acting(office.vetting):
        organisations.part_with_person(grantee.people.get(), by=office.vetting)
        organisations.add_person(grantee, name_en=LISTED, birth_year="1990", by=office.vetting)
    anew = screened(office, grant)
    with pytest.raises(SecondOfficerClears):
        decide(office, anew["2"].hits.get(), "FALSE_POSITIVE")
    with acting(second):
        vetting.decide_hit(
            anew["2"].hits.get(), disposition="FALSE_POSITIVE", reason="another man", by=second
        )
        vetting.sign_run(anew[""], reason="nobody", by=second)
    assert codes(grant) == set()


def test_after_another_officer_cleared_it_anybody_judges_again(office, grant, make_user):
    second = make_user("reo_staff", username="reo.vetting2", duties=["vetting"])
    decide(office, screened(office, grant)["1"].hits.get(), "TRUE_MATCH")
    again = screened(office, grant)
    with acting(second):
        vetting.decide_hit(
            again["1"].hits.get(), disposition="FALSE_POSITIVE", reason="another man", by=second
        )
        vetting.sign_run(again[""], reason="nobody", by=second)

    last = screened(office, grant)
    decide(office, last["1"].hits.get(), "FALSE_POSITIVE")
    sign(office, last[""])
    assert codes(grant) == set()


def test_rows_of_a_screening_are_written_once_and_whole(office, grant):
    run = screened(office, grant)["1"]
    # As the owner of the tables, whom no missing right stops.
    with as_owner(connection), connection.cursor() as cursor:
        for statement in (
            "UPDATE grants_screeningrun SET hit_count = 0",
            "UPDATE grants_screeninghit SET score = 0.1",
            "DELETE FROM grants_screeninghit",
            "DELETE FROM grants_screeningrunlist",
        ):
            with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
                cursor.execute(statement)
    more = ScreeningHit(run=run, number=2, source="UN", score="0.9", key_id="k", sealed=b"x")
    with pytest.raises(IntegrityError, match="as many hits"), acting(office.vetting):
        more.save(force_insert=True)


@pytest.mark.parametrize("who", ["requester", "officer", "viewer", "auditor"])
def test_only_a_vetting_officer_screens_decides_and_reads(office, grant, who):
    run = screened(office, grant)["1"]
    other = getattr(office, who)
    for verb in (
        lambda: vetting.screen(grant, by=other),
        lambda: vetting.opened(run, by=other),
        lambda: vetting.decide_hit(
            run.hits.get(), disposition="FALSE_POSITIVE", reason="x", by=other
        ),
    ):
        with acting(other), pytest.raises(NotForThisPerson):
            verb()


def test_whoever_asked_for_the_grant_neither_screens_nor_reads_with_the_duty(office, grant):
    run = screened(office, grant)["1"]
    office.requester.duties = ["requester", "vetting"]
    office.requester.save(update_fields=["duties"])
    try:
        with acting(office.requester):
            with pytest.raises(DutiesKeptApart):
                vetting.screen(grant, by=office.requester)
            with pytest.raises(DutiesKeptApart):
                vetting.opened(run, by=office.requester)
            with pytest.raises(IntegrityError, match="does not judge"):
                decide_raw(office.requester, run.hits.get())
    finally:
        office.requester.duties = ["requester"]


def by_a_worker(monkeypatch: Any, folder: Path) -> None:
    """No index is at hand, so a worker makes it."""
    monkeypatch.setattr(lists, "AT_ONCE", 0)
    monkeypatch.setattr(kept_indexes, "folder", lambda: folder)
    lists._ready.clear()


def test_no_name_stands_in_a_row_in_the_trail_or_in_a_job(office, grant, monkeypatch, tmp_path):
    by_a_worker(monkeypatch, tmp_path)
    with acting(office.vetting):
        made = vetting.screen(grant, by=office.vetting)
        assert made.state == Screening.State.WAITING
        with pytest.raises(GrantRefusal, match="already"):
            vetting.screen(grant, by=office.vetting)

    jobs.work_due()

    made.refresh_from_db()
    assert (made.state, made.done) == ("DONE", 100)
    run = made.runs.get(person__isnull=False)
    decide(office, run.hits.get(), "ESCALATED")
    kept = [bytes(row.sealed) for row in (run, run.hits.get(), run.dispositions.get())]
    trail = [str(event.detail) + event.reason for event in AuditEvent.objects.all()]
    payloads = [str(job.payload) for job in jobs.Job.objects.all()]
    for name in ("Marsumi", "Marsoumi", "المرسومي", "Latif"):
        assert not any(name.encode() in octets for octets in kept)
        assert not any(name in text for text in [*trail, *payloads])
    assert AuditEvent.objects.filter(verb="organisation_person.read").exists()


def test_a_rotation_of_the_keys_reaches_runs_hits_and_reasons(office, grant, settings, tmp_path):
    run = screened(office, grant)["1"]
    decide(office, run.hits.get(), "ESCALATED")
    file = tmp_path / "vault-keys"
    line = f"newer:{base64.b64encode(secrets.token_bytes(32)).decode()}\n"
    file.write_text(Path(settings.VAULT_KEYS_FILE).read_text() + line)
    settings.VAULT_KEYS_FILE = str(file)

    assert organisations.seal_again() == []

    assert set(organisations.counts_by_key()) == {"newer"}
    with acting(office.vetting):
        hit = vetting.opened(ScreeningRun.objects.get(pk=run.pk), by=office.vetting).hits[0]
    assert hit.told["asked"] == LISTED
    assert hit.decisions[0][1] == "looked at"
    assert codes(grant) == {"NOT_SIGNED", "HIT_ESCALATED"}


def test_a_screening_that_waits_is_stopped_and_one_that_cannot_be_done_says_why(
    office, grant, monkeypatch, tmp_path
):
    by_a_worker(monkeypatch, tmp_path)
    with acting(office.vetting):
        made = vetting.screen(grant, by=office.vetting)
        vetting.stop(made, by=office.vetting)
        person = OrganisationPerson.objects.get(organisation=grant.grantee_id)
        organisations.change_person(person, name_en="Иван Петров", by=office.vetting)
        failed = vetting.screen(grant, by=office.vetting)

    jobs.work_due()

    made.refresh_from_db()
    failed.refresh_from_db()
    assert made.state == "STOPPED"
    assert failed.state == "FAILED"
    assert "Arabic or Latin" in vetting.why_failed(failed)
    assert not ScreeningRun.objects.exists()
    monkeypatch.setattr(lists, "AT_ONCE", 1000)
    with acting(office.vetting), pytest.raises(NameNotComparable), transaction.atomic():
        vetting.screen(grant, by=office.vetting)


def test_a_chosen_vendor_is_a_subject_too_and_nobody_else_is_paid(office, stage, db):
    vendor = world.organisation(office, "Reed Boats")
    other = world.organisation(office, "Salt Traders")
    with acting(office.requester):
        draft = world.draft(office, stage.fund, award_type="GRANT_IN_KIND")
        for one, chosen in ((vendor, True), (other, False)):
            world.proposals.add_quote(
                draft,
                vendor=one,
                amount_usd=3000,
                quoted_on=today(),
                chosen=chosen,
                by=office.requester,
            )
    grant = world.move(office, draft, "AWARDED")

    assert {one.code for one in requirements.subjects(grant)} == {
        grant.grantee.code,
        vendor.code,
    }
    tranche = grant.tranches.get()
    wrong = world.certified(office, tranche, 100, payee=other)
    with pytest.raises(StepIsMissingSomething):
        world.pay_it(office, wrong)
    world.pay(office, tranche, 100, payee=vendor)


# --- after a clearance ----------------------------------------------------------------------------


def payable(office: Any, grant: Grant) -> Any:
    return world.certified(office, grant.tranches.get(), 100)


def never_paid(office: Any, payment: Any, why: str) -> None:
    """Neither by the verb nor by hand."""
    with pytest.raises(StepIsMissingSomething), transaction.atomic():
        world.pay_it(office, payment)
    with acting(office.payer):
        proof = world.paper(payment.grant, "receipt", office.payer)
    with pytest.raises(IntegrityError, match=why):
        pay_raw(office, payment, proof)


def pay_raw(office: Any, payment: Any, proof: Any) -> None:
    """The payment put to PAID and posted, past every service."""
    with acting(office.payer), transaction.atomic(), connection.cursor() as cursor:
        type(payment).objects.filter(pk=payment.pk).update(
            state="PAID",
            payer_id=office.payer.pk,
            paid_at=periods.now(),
            paid_on=today(),
            proof=proof,
        )
        cursor.execute(
            """
            INSERT INTO grants_ledgerentry (fund_id, grant_id, tranche_id, payment_id, kind,
              amount, currency, rate_source, amount_usd, effective_on, actor_id, reason)
            VALUES (%s, %s, %s, %s, 'DISBURSE', 100, 'USD', '', 100, %s, %s, '')
            """,
            [
                payment.fund_id,
                payment.grant_id,
                payment.tranche_id,
                payment.pk,
                today(),
                office.payer.pk,
            ],
        )


def test_an_edited_name_voids_the_clearance_and_the_payment(office, cleared):
    payment = payable(office, cleared)
    person = OrganisationPerson.objects.get(organisation=cleared.grantee_id)
    with acting(office.vetting):
        organisations.change_person(person, name_en=OTHERS, by=office.vetting)

    assert not requirements.cleared(cleared, today())
    assert codes(cleared) == {"UNSCREENED"}
    never_paid(office, payment, "nobody is paid")

    world.screen(office, cleared)
    assert not requirements.cleared(cleared, today())
    with acting(office.vetting):
        machine.clear(cleared, by=office.vetting)
    world.pay_it(office, payment)


def test_old_lists_stop_a_payment_until_everybody_is_screened_against_a_new_one(office, cleared):
    payment = payable(office, cleared)
    world.ask_for_list(office, cleared.fund, max_days=29)
    lacks = requirements.for_tranche(cleared, cleared.tranches.get(), today())

    assert [one.code for one in lacks] == ["lists_stale"]
    assert requirements.cleared(cleared, today())
    never_paid(office, payment, "unfinished or too old")
    with acting(office.vetting):
        with pytest.raises(ListTooOld):
            vetting.screen(cleared, by=office.vetting)
        demo.upload_list(today(), by=office.vetting)
    world.screen(office, cleared)
    world.pay_it(office, payment)


def test_a_hit_of_a_later_screening_stops_payments_and_no_earlier_day_goes_around_it(
    office, cleared
):
    payment = payable(office, cleared)
    found = screened(office, cleared)
    sign(office, found[""])
    decide(office, found["1"].hits.get(), "TRUE_MATCH")

    assert not requirements.cleared(cleared, today())
    never_paid(office, payment, "unfinished or too old")


def test_a_fund_that_asks_for_no_list_clears_nobody(office, grant):
    rule = lists.rule_on(grant.fund_id, today())
    with acting(office.officer):
        type(rule).objects.filter(pk=rule.pk).update(valid_to=today())

    assert "NO_RULE" in codes(grant)
    with acting(office.vetting), pytest.raises(NoScreeningRule):
        vetting.screen(grant, by=office.vetting)
    never_cleared(office, grant)


def test_a_blocked_organisation_is_not_cleared_by_hand(office, grant):
    world.screen(office, grant)
    with acting(office.officer):
        organisations.block_organisation(
            Organisation.objects.get(pk=grant.grantee_id), reason="asked to", by=office.officer
        )

    with pytest.raises(IntegrityError, match="who is blocked"):
        clear_raw(office, grant)


# --- the same answer as the pure functions, whatever happens --------------------------------------

#: What the database calls an obstacle -> what `grants.screening.validity` calls it.
SAME = {
    "LIST_STALE": screening.Obstacle.LIST_STALE,
    "NOT_SIGNED": screening.Obstacle.NOT_SIGNED,
    "HIT_OPEN": screening.Obstacle.HIT_OPEN,
    "HIT_ESCALATED": screening.Obstacle.HIT_ESCALATED,
    "TRUE_MATCH": screening.Obstacle.TRUE_MATCH,
}
STEPS = ["screen", "screen", "judge", "judge", "sign", "edit", "rename", "add", "left", "clear",
         "clear", "block", "unblock"]  # fmt: skip


class _Undo(Exception):
    pass


def one_step(office: Any, grant: Grant, what: str, number: int) -> None:
    by = office.vetting
    organisation = Organisation.objects.get(pk=grant.grantee_id)
    person = organisation.people.filter(left_at__isnull=True).first()
    last = ScreeningRun.objects.order_by("-at", "-written_at")
    with acting(by):
        if what == "screen":
            vetting.screen(grant, by=by)
        elif what == "judge":
            hit = ScreeningHit.objects.filter(run__in=last[:2]).first()
            if hit is not None:
                seen = hit.dispositions.filter(corrected_by__isnull=True).first()
                kind = ("FALSE_POSITIVE", "FALSE_POSITIVE", "ESCALATED", "TRUE_MATCH")[number % 4]
                vetting.decide_hit(
                    hit, disposition=kind, reason="x", seen=seen.pk if seen else None, by=by
                )
        elif what == "sign":
            for run in last.filter(hit_count=0, dispositions__isnull=True)[:2]:
                vetting.sign_run(run, reason="x", by=by)
        elif what == "edit" and person is not None:
            name = (LISTED, OTHERS)[number % 2]
            organisations.change_person(person, name_en=name, by=by)
        elif what == "rename":
            organisations.change_organisation(organisation, name_en=f"Heron {number}", by=by)
        elif what == "add":
            organisations.add_person(organisation, name_en=(OTHERS, LISTED)[number % 2], by=by)
        elif what == "left" and person is not None:
            organisations.part_with_person(person, by=by)
        elif what in ("block", "unblock"):
            organisations.block_organisation(
                organisation, reason="x", blocked=what == "block", by=by
            )
        elif what == "clear":
            machine.clear(grant, by=by)


def judged(run: ScreeningRun, subject: vetting.SubjectNow, grant: Grant) -> set[Any]:
    """What `validity` says of a run, built anew from its rows."""
    found = vetting._compared(subject.code, subject.version, subject.organisation, subject.person)
    list_ = run.lists.get()
    index = lists.index_of([list_])
    result = index.screen(found)
    keys = {hit.number: one.key for hit, one in zip(run.hits.all(), result.hits, strict=True)}
    decisions = tuple(
        screening.Decision(
            screening.Disposition(one.disposition),
            one.officer.code_name,
            sealed.opened(one)["reason"],
            one.at,
            keys[one.hit.number] if one.hit else "",
        )
        for one in run.dispositions.order_by("at")
    )
    rule = lists.rule_on(grant.fund_id, today())
    return set(
        screening.obstacles(
            screening.Run(result, decisions),
            subject=found,
            today=today(),
            max_days=rule.max_days,
            lists=["UN Security Council"],
        )
    )


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    sequence=some.lists(
        some.tuples(some.sampled_from(STEPS), some.integers(0, 7)), min_size=6, max_size=14
    )
)
def test_a_clearance_never_stands_after_an_edit_whatever_comes_in_whatever_order(
    office, grant, sequence
):
    with suppress(_Undo), transaction.atomic():
        for what, number in sequence:
            with suppress(GrantRefusal), transaction.atomic():
                one_step(office, Grant.objects.get(pk=grant.pk), what, number)
            now = Grant.objects.get(pk=grant.pk)
            found = vetting.obstacles(now, today())
            organisation = Organisation.objects.get(pk=now.grantee_id)
            last = Decision.objects.filter(grant=now, step="vetting").order_by("-id").first()
            if requirements.cleared(now, today()):
                assert last is not None
                assert last.subjects == {str(organisation.pk): organisation.version}
                assert organisation.status == "ACTIVE"
                assert not found
            for state in vetting.states(now, today()):
                if state.run is None:
                    assert state.obstacles == ["UNSCREENED"]
                else:
                    mine = {SAME[code] for code in state.obstacles}
                    assert mine == judged(state.run, state.subject, now)
        raise _Undo


# --- pages ----------------------------------------------------------------------------------------


@pytest.fixture
def browser(office: SimpleNamespace) -> Callable[[Any], Client]:
    def sign_in(person: Any) -> Client:
        client = Client()
        client.force_login(person)
        return client

    return sign_in


def test_an_officer_screens_and_decides_one_after_another(office, grant, browser):
    client = browser(office.vetting)
    tab = reverse("grants:grant_vetting", args=[grant.ref])
    assert "Not screened" in client.get(tab).content.decode()

    sent = client.post(reverse("grants:vetting_screen", args=[grant.ref]))

    organisation_run = ScreeningRun.objects.get(person__isnull=True)
    person_run = ScreeningRun.objects.get(person__isnull=False)
    first = reverse("grants:vetting_run", args=[grant.ref, organisation_run.pk])
    second = reverse("grants:vetting_run", args=[grant.ref, person_run.pk])
    assert sent["Location"] == first
    assert "Nobody was found" in client.get(first).content.decode()
    signing = reverse("grants:run_sign", args=[grant.ref, organisation_run.pk])
    assert client.post(signing, {"sign-reason": " "}).status_code == 422
    assert client.post(signing, {"sign-reason": "both names"})["Location"] == second
    page = client.get(second).content.decode()
    for shown in (LISTED, "قيس لطيف المرسومي", "1963", "born 1990", "alike by"):
        assert shown in page
    deciding = reverse("grants:hit_decide", args=[grant.ref, person_run.pk, 1])
    refused = client.post(deciding, {"hit1-reason": "other father"})
    assert refused.status_code == 422
    assert "other father" in refused.content.decode()
    done = client.post(
        deciding, {"hit1-disposition": "FALSE_POSITIVE", "hit1-reason": "other father"}
    )
    assert done["Location"] == tab
    assert "Everybody is screened" in client.get(tab).content.decode()
    stale = client.post(deciding, {"hit1-disposition": "TRUE_MATCH", "hit1-reason": "late"})
    assert "meanwhile" in stale.content.decode()
    assert AuditEvent.objects.filter(verb="screening_run.read").exists()


def test_the_requester_reads_no_word_of_hits_and_nobody_else_a_name(office, grant, browser):
    run = screened(office, grant)["1"]
    tab = reverse("grants:grant_vetting", args=[grant.ref])
    page = reverse("grants:vetting_run", args=[grant.ref, run.pk])

    asked = browser(office.requester).get(tab).content.decode()
    assert "Vetting is not finished." in asked
    for word in ("Hits", "hit", "Open"):
        assert word not in asked.partition('id="subjects"')[2].partition("</section>")[0]
    for person in (office.viewer, office.auditor, office.reviewer):
        client = browser(person)
        read = client.get(tab).content.decode()
        assert "A hit waits" in read
        assert "Marsumi" not in read
        assert "Marsoumi" not in read
        assert client.get(page).status_code == 403
    assert browser(office.requester).get(page).status_code == 403
    assert browser(office.vetting).get(page).status_code == 200


def test_the_tab_asks_the_database_the_same_however_many_people_there_are(
    office, grant, browser, django_assert_max_num_queries
):
    with acting(office.vetting):
        for number in range(6):
            organisations.add_person(
                grant.grantee, name_en=f"{OTHERS} {number * 'a'}", by=office.vetting
            )
    screened(office, grant)
    with django_assert_max_num_queries(60):
        assert (
            browser(office.vetting)
            .get(reverse("grants:grant_vetting", args=[grant.ref]))
            .status_code
            == 200
        )
