"""Whatever arrives at a form of outreach: refused in words, nothing written, nothing typed lost.

One entry for every address that takes answers. `test_every_form_is_here` fails for a form without
one; those of `TESTED_BESIDE` have their own test, field by field, beside their other tests.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.forms import BaseForm
from django.urls import reverse

from ceasefire import periods, vault
from ceasefire.audit.models import AuditEvent
from ceasefire.people.models import User
from outreach.services import (
    contacts,
    edits,
    neutrality,
    notes,
    plans,
    referrals,
    settlements,
    shifts,
    status,
    supervision,
)
from tests.conftest import PASSWORD
from tests.outreach.conflict_world import now_of, shift_ladder, tie
from tests.outreach.test_casework import age, agree, approved
from tests.test_permissions import TABLE, incident_of

pytestmark = pytest.mark.django_db

#: What is typed and is to be there still when something else of the form is refused.
KEPT = "kept words"
#: Events of the trail that say no more than that somebody looked.
LOOKED = {"vault.read", "vault.list_read", "conflict.colleagues_asked", "people.sign_in_failed"}
LONG = "x" * 9000
NEVER = ("31/02/2026", "1/1/1900", "1/1/2100", "soon")
NEVER_AT = ("31/02/2026 10:00", "01/01/1900 10:00", "01/01/2100 10:00", "soon", "22/11/2026")

World = Any


@dataclass(frozen=True)
class Form:
    """One address: who sends it, good answers, and values of fields that are refused."""

    who: str
    address: Callable[[World], list[Any]]
    good: Callable[[World], dict[str, Any]]
    bad: dict[str, tuple[Any, ...]] = field(default_factory=dict)


def day(days: int = 0) -> str:
    return f"{periods.now().date() + timedelta(days=days):%d/%m/%Y}"


def at(hours: int) -> str:
    moment = (periods.now() + timedelta(hours=hours)).astimezone(periods.BAGHDAD)
    return f"{moment:%d/%m/%Y %H:%M}"


def clock(hours: int) -> str:
    return at(hours).split(" ")[1]


def nothing(_world: World) -> list[Any]:
    return []


def case(world: World) -> list[Any]:
    return [world.case.code]


def conflict(world: World) -> list[Any]:
    return [world.conflict.code]


def sheet(world: World) -> list[Any]:
    return [world.worker.pk, world.site.code]


def key() -> str:
    return str(uuid4())


FORMS: dict[str, Form] = {
    # --- contacts
    "contact_many": Form(
        "worker",
        nothing,
        lambda w: {"pick": [w.case.code], "mode": "street", "key": key()},
        {"pick": ([], ["P-0000"]), "mode": ("", "teleport", LONG), "key": ("", "1")},
    ),
    "contact_seen": Form(
        "worker",
        case,
        lambda w: {"mode": "street", "risk_signal": "calm", "key": key()},
        {"mode": ("", "teleport"), "risk_signal": ("x", LONG), "key": ("", "1")},
    ),
    "contact_take_back": Form(
        "worker",
        lambda w: [w.contact.pk],
        lambda w: {"reason": "slip"},
        {"reason": ("", "weather", LONG)},
    ),
    # --- the day
    "shift": Form(
        "worker2",
        nothing,
        lambda w: {"back_at": clock(2), "zone": "", "buddy": "", "key": key()},
        {
            "back_at": ("", "25:00", "10:99", "soon", clock(-1), LONG),
            "zone": ("x", "999999"),
            "buddy": ("x", str(uuid4())),
            "key": ("", "1"),
        },
    ),
    "shift_later": Form(
        "worker",
        lambda w: [w.shift.pk],
        lambda w: {"back_at": clock(3)},
        {"back_at": ("", "25:00", "soon", clock(-1))},
    ),
    "log": Form(
        "worker",
        nothing,
        lambda w: {"street": "2", "version": ""},
        {"street": ("25", "-1", "1:75", "soon", LONG), "version": ("x", "1.5")},
    ),
    "log_day": Form(
        "worker",
        lambda w: [periods.now().date()],
        lambda w: {"street": "2", "caseload": "1:30", "version": ""},
        {"street": ("24", "two"), "caseload": ("x",), "version": ("x",)},
    ),
    # --- identity
    "participant_find": Form(
        "worker",
        nothing,
        lambda w: {"kind": "name", "value": "Ali Jasim"},
        {"kind": ("", "notes"), "value": ("", "x" * 161)},
    ),
    "participant_reveal": Form(
        "worker",
        case,
        lambda w: {"fields_wanted": ["name"], "reason": KEPT, "password": PASSWORD},
        {
            "fields_wanted": ([], ["photo"], ["code"]),
            "reason": ("", " ", "x" * 401),
            "password": ("", "wrong"),
        },
    ),
    "participant_held": Form(
        "worker",
        case,
        lambda w: {"language": "ar", "reason": KEPT, "password": PASSWORD},
        {"language": ("", "la"), "reason": ("", "x" * 401), "password": ("", "wrong")},
    ),
    # --- the way of a case
    "consent_record": Form(
        "worker",
        case,
        lambda w: {
            "purposes": ["case_work"],
            "manner": "written",
            "agreed_on": day(-1),
            "version": w.case.version,
        },
        {
            "purposes": ([], ["x"]),
            "manner": ("", "x"),
            "agreed_on": NEVER,
            "version": ("x", "99"),
        },
    ),
    "consent_withdraw": Form(
        "worker",
        case,
        lambda w: {"manner": "written", "version": w.case.version},
        {"manner": ("", "x", LONG), "version": ("x", "99")},
    ),
    "pause": Form(
        "worker",
        case,
        lambda w: {"reason": "unsafe", "until": day(9), "version": w.case.version},
        {"reason": ("", "x"), "until": ("", day(), day(400), *NEVER), "version": ("x", "99")},
    ),
    "close": Form(
        "worker",
        case,
        lambda w: {"reason": "declined", "version": w.case.version},
        {"reason": ("", "boredom", "goals_met"), "version": ("x", "99")},
    ),
    "exception_ask": Form(
        "worker",
        lambda w: [w.left_out.code],
        lambda w: {"words": KEPT, "version": w.left_out.version},
        {"words": ("", "  ", "x" * 1001), "version": ("x", "99")},
    ),
    "exception_decide": Form(
        "manager",
        lambda w: [w.asked.code],
        lambda w: {"answer": "refuse", "words": KEPT, "version": w.asked.version},
        {"answer": ("", "x"), "words": ("", "  ", "x" * 1001), "version": ("x", "99")},
    ),
    "edit_settle": Form(
        "worker",
        lambda w: [w.edited.code, w.met.pk],
        lambda w: {"choice": "third", "third": KEPT, "version": w.edited.version},
        {"choice": ("", "fourth"), "third": ("", "x" * 81), "version": ("", "x", "99")},
    ),
    # --- case work
    "plan_review": Form(
        "worker",
        case,
        lambda w: {"note": KEPT, "version": w.plan.version},
        {"note": (LONG,), "version": ("x", "99")},
    ),
    "goal_end": Form("worker", lambda w: [w.case.code, w.goal.pk], lambda w: {"reached": "1"}),
    "referral_move": Form(
        "worker",
        lambda w: [w.case.code, w.referral.pk],
        lambda w: {"to": "accepted", "on": day(), "version": w.referral.version},
        {"to": ("", "completed", "x"), "on": NEVER, "version": ("x", "99")},
    ),
    "note_change": Form(
        "worker",
        lambda w: [w.case.code, w.note.pk],
        lambda w: {"kind": "safety", "text": KEPT, "version": w.note.version},
        {"kind": ("", "weather"), "text": ("", "  ", "x" * 8001), "version": ("x", "99")},
    ),
    "note_amend": Form(
        "worker",
        lambda w: [w.case.code, w.old_note.pk],
        lambda w: {"text": KEPT, "key": key()},
        {"text": ("", "  ", "x" * 8001), "key": ("", "1")},
    ),
    "transfer_answer": Form("worker2", lambda w: [w.transfer.pk], lambda w: {"decline": "1"}),
    "handover": Form(
        "supervisor",
        lambda w: [w.worker.pk],
        lambda w: {
            **{f"case_{code}": str(w.worker2.pk) for code in w.carried()},
            "rest": str(w.worker2.pk),
            "key": key(),
        },
        {"rest": ("", "x", str(uuid4())), "key": ("", "1")},
    ),
    # --- a conflict
    "conflict_assess": Form(
        "worker",
        conflict,
        lambda w: {
            "kind": "land",
            "place": w.conflict.place.pcode,
            "geo_precision": "2",
            "how_learned": "street",
            "shooting": "likely",
            "persons_band": "4-6",
            "violent_history": "yes",
            "weapons": "no",
            "retaliation_for": "",
            "note": KEPT,
            "version": w.conflict.version,
        },
        {
            "kind": ("", "weather"),
            "place": ("", "IQG01"),
            "geo_precision": ("9", "x"),
            "how_learned": ("", "x"),
            "shooting": ("perhaps",),
            "persons_band": ("1",),
            "weapons": ("x",),
            "retaliation_for": ("CON-9999", LONG),
            "note": ("x" * 4001,),
            "version": ("x", "99"),
        },
    ),
    "party_add": Form(
        "worker",
        conflict,
        lambda w: {"kind": "group", "name": KEPT, "tribe": "", "party": "", "family": ""},
        {
            "kind": ("", "crowd"),
            "name": ("x" * 121,),
            "participant": ("P-0000", LONG),
            "tribe": ("x" * 201,),
            "family": ("x" * 201,),
        },
    ),
    "conflict_mediators": Form(
        "supervisor",
        conflict,
        lambda w: {
            "lead": str(w.worker2.pk),
            "beside": [str(w.worker.pk)],
            "version": w.conflict.version,
        },
        {"lead": ("", "x", str(uuid4())), "beside": (["x"],), "version": ("x", "99")},
    ),
    "conflict_neutral": Form(
        "worker",
        lambda w: [w.tied.code],
        lambda w: {"reason": KEPT},
        {"reason": ("", "  ", "x" * 1001)},
    ),
    "conflict_close": Form(
        "supervisor",
        conflict,
        lambda w: {"close-reason": KEPT, "close-version": w.conflict.version},
        {"close-reason": ("", "  ", "x" * 1001), "close-version": ("x", "99")},
    ),
    "conflict_incident_link": Form(
        "worker",
        conflict,
        lambda w: {"link-incident": w.incident.code},
        {"link-incident": ("", "INC-2026-999999", LONG)},
    ),
    "session_new": Form(
        "worker",
        conflict,
        lambda w: {
            "outcome": "R3",
            "at": at(-1),
            "mediators": [str(w.worker.pk)],
            "present": ["1"],
            "tactics": ["elder"],
            "place": w.conflict.place.pcode,
            "note": KEPT,
            "key": key(),
            "version": w.conflict.version,
        },
        {
            "outcome": ("", "Z"),
            "at": NEVER_AT,
            "mediators": ([], ["x"], [str(uuid4())]),
            "present": (["9"], ["x"]),
            "tactics": (["x"],),
            "place": ("IQG01",),
            "note": ("x" * 4001,),
            "key": ("", "1"),
            "version": ("x", "99"),
        },
    ),
    "follow_up_answer": Form(
        "worker",
        lambda w: [w.watched.code],
        lambda w: {
            "follow-finding": "calm",
            "follow-note": KEPT,
            "follow-version": w.watched.version,
        },
        {
            "follow-finding": ("", "lively"),
            "follow-note": ("x" * 1001,),
            "follow-version": ("x", "99"),
        },
    ),
    "truce_new": Form(
        "worker",
        conflict,
        lambda w: {
            "starts_at": at(-1),
            "ends_at": at(50),
            "guarantor": KEPT,
            "key": key(),
            "version": w.conflict.version,
        },
        {
            "starts_at": (*NEVER_AT, at(60)),
            "ends_at": ("", *NEVER_AT, at(-2)),
            "guarantor": ("x" * 201,),
            "key": ("", "1"),
            "version": ("x", "99"),
        },
    ),
    "truce_extend": Form(
        "worker",
        lambda w: [w.watched.code],
        lambda w: {"extend-until": at(90), "extend-version": w.watched.version},
        {"extend-until": ("", *NEVER_AT, at(1)), "extend-version": ("x", "99")},
    ),
    "truce_end": Form(
        "worker",
        lambda w: [w.watched.code],
        lambda w: {
            "truce-outcome": "broken",
            "truce-words": KEPT,
            "truce-version": w.watched.version,
        },
        {
            "truce-outcome": ("", "x", "kept"),
            "truce-words": ("x" * 1001,),
            "truce-version": ("x", "99"),
        },
    ),
    "settlement_edit": Form(
        "worker",
        conflict,
        lambda w: {
            "sits_on": day(3),
            "compensation_due": "500",
            "currency": "IQD",
            "terms": KEPT,
            "guarantor": "x",
            "pledged_on": day(),
            "version": "0",
        },
        {
            "sits_on": NEVER,
            "compensation_due": ("-5", "1e9", "0", LONG),
            "currency": ("", "EUR"),
            "terms": ("x" * 4001,),
            "guarantor": ("x" * 201,),
            "pledged_on": NEVER,
            "version": ("x", "99"),
        },
    ),
    "settlement_pay": Form(
        "worker",
        lambda w: [w.watched.code],
        lambda w: {"pay-amount": "100", "pay-paid_on": day(), "pay-key": key()},
        {
            "pay-amount": ("", "0", "-5", "1e9", "99999999"),
            "pay-paid_on": NEVER,
            "pay-key": ("", "1"),
        },
    ),
    # --- supervision
    "supervision_review": Form(
        "supervisor",
        sheet,
        lambda w: {f"case-{w.case.code}": "on_course"},
    ),
    "supervision_sign": Form(
        "supervisor",
        sheet,
        lambda w: {"comment": KEPT, "version": w.sheet.version},
        {"comment": ("x" * 4001,), "version": ("x", "99")},
    ),
    "approval_detail": Form(
        "supervisor",
        lambda w: [w.approval.pk],
        lambda w: {"answer": "return", "reason": KEPT},
        {"answer": ("", "x"), "reason": ("", "  ", "x" * 2001)},
    ),
    # --- staff
    "staff_change": Form(
        "manager",
        lambda w: [w.worker.pk],
        lambda w: {
            "profile-gender": "f",
            "profile-languages": ["ar"],
            "profile-started_on": day(-99),
            "profile-version": w.profile.version,
        },
        {
            "profile-gender": ("x", LONG),
            "profile-languages": (["klingon"],),
            "profile-started_on": NEVER,
            "profile-version": ("x", "99"),
        },
    ),
    "tie_add": Form(
        "manager",
        lambda w: [w.worker.pk],
        lambda w: {"tie-kind": "tribe", "tie-words": KEPT},
        {"tie-kind": ("", "x"), "tie-words": ("", "  ", "؟!", "x" * 121)},
    ),
}

#: Forms whose bad input is tested field by field beside their other tests.
TESTED_BESIDE = {
    "contact_new",
    "conflict_new",
    "delegation_list",
    "event_new",
    "goal_new",
    "needs_new",
    "note_new",
    "participant_edit",
    "participant_new",
    "referral_new",
    "rules_change",
    "screening_new",
    "supervision_decide",
    "transfer_new",
}
#: A button each: nothing is asked but the version of what was seen.
BUTTONS = {
    "ask_intake",
    "conflict_begin",
    "conflict_incident_unlink",
    "conflict_reignite",
    "conflict_replace",
    "conflict_watch",
    "delegation_end",
    "event_take_back",
    "party_remove",
    "plan_ask",
    "plan_take_back",
    "reopen",
    "reopen_active",
    "resume",
    "shift_end",
    "tie_remove",
    "transfer_take_back",
}


def test_every_form_is_here() -> None:
    sent = {
        name.removeprefix("outreach:")
        for name, method, _scene, _statuses in TABLE
        if method == "POST" and name.startswith("outreach:")
    }
    assert sent == set(FORMS) | TESTED_BESIDE | BUTTONS


@pytest.fixture
def world(
    case: Any,
    conflict: Any,
    session: Any,
    team: Any,
    manager: Any,
    make_user: Any,
    basrah: Any,
    request: pytest.FixtureRequest,
) -> SimpleNamespace:
    """A record for each form, in the state in which the form is sent."""
    now = periods.now()
    made = SimpleNamespace(site=basrah, manager=manager, **vars(team))
    made.case = case()
    agree(made.case, team.worker, "sharing")
    vault.seal(made.case, "name", "Ali Jasim", by=team.worker, index="name")
    made.contact = contacts.record_contact(made.case, mode="street", by=team.worker)
    made.plan = approved(made.case, team.worker, team.supervisor)
    made.goal = made.plan.goals.get()
    made.referral = referrals.send(made.case, domain="income", provider="x", by=team.worker)
    made.note = notes.write(made.case, kind="progress", text="x", by=team.worker)
    made.old_note = age(notes.write(made.case, kind="progress", text="x", by=team.worker))
    plans.add_goal(made.case, domain="income", step="x", due_on=now.date(), by=team.worker)
    plans.ask_approval(made.case, by=team.worker)
    made.approval = made.case.approvals.open().get()
    made.shift = shifts.start_shift(by=team.worker, site=basrah, back_at=now + timedelta(hours=1))
    from outreach.services import transfers

    made.transfer = transfers.ask(case(), team.worker2, by=team.worker)
    made.left_out, made.asked = case(status="not_eligible"), case(status="not_eligible")
    status.ask_exception(made.asked, words="x", by=team.worker)
    made.edited = case()
    for alias in ("Reed", "Rush"):
        outcome = edits.edit_participant(
            made.edited, typed={"alias": alias}, version=1, by=team.worker
        )
    made.met = outcome.conflicts[0]
    made.conflict, made.tied, made.watched = conflict(), conflict(), conflict()
    tie(team.worker, "tribe", "بني مالك", manager)
    for one in (made.conflict, made.watched):
        neutrality.take_nevertheless(one, reason="x", by=team.worker)
    session(made.watched)
    shift_ladder(made.watched, 1)
    settlements.make_truce(made.watched, ends_at=now + timedelta(hours=9), by=team.worker)
    settlements.write_settlement(
        made.watched,
        facts={"compensation_due": 1000, "currency": "IQD"},
        guarantor="",
        terms="",
        by=team.worker,
    )
    made.incident = incident_of(basrah, make_user)
    supervision.review_cases(
        team.worker, basrah, {made.edited.code: "on_course"}, by=team.supervisor
    )
    return _anew(made)


def _anew(made: SimpleNamespace) -> SimpleNamespace:
    """The records as they stand now."""
    from outreach.models import Participant, StaffProfile, SupervisionSheet

    for name in ("case", "left_out", "asked", "edited"):
        setattr(made, name, Participant.objects.get(pk=getattr(made, name).pk))
    for name in ("conflict", "tied", "watched"):
        setattr(made, name, now_of(getattr(made, name)))
    for name in ("plan", "referral", "note"):
        getattr(made, name).refresh_from_db()
    made.sheet = SupervisionSheet.objects.get()
    made.profile = StaffProfile.objects.get()
    made.carried = lambda: list(
        Participant.objects.filter(worker=made.worker).values_list("code", flat=True)
    )
    return made


def written() -> int:
    """How many events say that something was changed, or shown for a reason."""
    return AuditEvent.objects.exclude(verb__in=LOOKED).count()


def complaints(answer: Any) -> list[Any]:
    """What the forms of a page say is wrong."""
    held = {
        id(one): one
        for context in answer.context or []
        for one in context.flatten().values()
        if isinstance(one, BaseForm)
    }
    return [one.errors for one in held.values() if one.is_bound and one.errors]


def attempts(form: Form, good: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each field with each of its bad values; and every field with a null letter."""
    for name, values in form.bad.items():
        for value in values:
            yield name, value
    for name, value in good.items():
        yield name, ["a\x00b"] if isinstance(value, list) else "a\x00b"


#: What they find stands on the page that answers.
SHOW = {"participant_find", "participant_held", "participant_reveal"}


@pytest.mark.parametrize("name", sorted(FORMS))
def test_what_is_no_answer_is_refused_in_words_and_writes_nothing(
    name: str, world: World, client: Any
) -> None:
    form = FORMS[name]
    client.force_login(User.objects.get(pk=getattr(world, form.who).pk))
    there = reverse(f"outreach:{name}", args=form.address(world))
    before = written()
    for bad, value in attempts(form, form.good(world)):
        if bad in {"reached", "decline"}:
            continue
        shown = f"{bad}={value!r:.60}"
        with transaction.atomic():
            answer = client.post(there, form.good(world) | {bad: value})
        assert answer.status_code in (200, 302), shown
        assert written() == before, shown
        if answer.status_code == 200:
            assert complaints(answer), shown
            typed = [one for one, held in form.good(world).items() if held == KEPT and one != bad]
            assert all(KEPT in answer.content.decode() for _one in typed), shown
    # And good answers are taken: else a form that refuses everything would pass.
    answer = client.post(there, form.good(world))
    assert answer.status_code == (200 if name in SHOW else 302), complaints(answer)
    assert written() > before


@pytest.mark.parametrize("name", ["goal_end", "transfer_answer"])
def test_a_form_without_an_answer_decides_nothing(name: str, world: World, client: Any) -> None:
    form = FORMS[name]
    client.force_login(User.objects.get(pk=getattr(world, form.who).pk))
    before = written()
    answer = client.post(reverse(f"outreach:{name}", args=form.address(world)), {})
    assert answer.status_code == 302
    assert written() == before


@pytest.mark.parametrize("sent", [{"case-\x00": "on_course"}, {"case-P-0000": "urgent"}, {}])
def test_a_review_of_no_case_reviews_none(sent: dict[str, str], world: World, client: Any) -> None:
    client.force_login(User.objects.get(pk=world.supervisor.pk))
    there = reverse("outreach:supervision_review", args=sheet(world))
    before = written()
    assert client.post(there, sent).status_code == 302
    assert written() == before
