"""Every person of the demo signs in, and every link they are shown answers; and what they must not
see is on no page, in no file and in no log line.

An incident with planted words goes through the real services into a compiled and approved week.
Then each role's pages are read link by link. Sealed words must be nowhere; a source's words, a
named group and a reporter's code name only where design decisions 1 to 3 allow; REO sees none.
"""

import io
import logging
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urldefrag, urljoin, urlsplit
from uuid import UUID

import pypdf
import pytest
from django.test import Client

from ceasefire import periods, vault
from ceasefire.database.session import as_system
from ceasefire.people.models import User
from ceasefire.people.roles import REO_ROLES, Role
from ceasefire.places.models import Place, Site
from ceasefire.reports import services as reports
from ceasefire.reports.models import WeeklyReport
from incidents import services
from incidents.demo.people import CAST
from incidents.services import ActorFacts, SourceFacts, VictimFacts
from outreach.demo.words import LABEL_EN as SEALED_LABEL
from outreach.services import conflicts, contacts, participants
from tests.demo_world import PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

#: Links of one shape (codes, days and values left out) that are followed at most.
EACH_SHAPE = 2
#: Of one page with all its combinations of filters.
EACH_PATH = 12
#: Of these, one each is enough: every value of a filter makes another one.
PASSED_OVER = ("/static/", "/accounts/logout/", "/accounts/leave/")
#: A role is crawled once; the second worker reads Arabic, the third works at the other site.
CRAWLED = [
    person.username
    for person in CAST
    if person.username in {"worker2", "worker.zubair"}
    or person.username == next(other.username for other in CAST if other.role == person.role)
]
#: Who never reads a case.
OUTSIDE = {*REO_ROLES, Role.AUDITOR, Role.ADMINISTRATOR}


class Links(HTMLParser):
    """The addresses a page offers: links, GET forms with their fields, and what htmx would get."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base
        self.found: list[str] = []
        self._form: str | None = None
        self._fields: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in given:
            self.found.append(urljoin(self.base, given["href"]))
        if "hx-get" in given:
            self.found.append(urljoin(self.base, given["hx-get"]))
        if tag == "form" and given.get("method", "get").lower() == "get":
            self._form = urljoin(self.base, given.get("action", ""))
        if self._form is not None and tag in ("input", "select") and given.get("name"):
            self._fields.append((given["name"], given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._form is not None:
            address = self._form.split("?")[0]
            query = "&".join(f"{name}={value}" for name, value in self._fields)
            self.found.append(f"{address}?{query}" if query else address)
            self._form, self._fields = None, []


def shape(address: str) -> tuple[str, ...]:
    """What an address has in common with those of the same page: figures and values left out."""
    parts = urlsplit(address)
    path = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "*", parts.path)
    path = re.sub(r"\d+", "#", path)
    path = re.sub(r"^/places/(?!new/|sites/)[^/]+/$", "/places/*/", path)
    if "format=" in parts.query:
        # Every report of grants is made as the same files.
        path = re.sub(r"^/grants/reports/[a-z]+/$", "/grants/reports/*/", path)
    names = [
        f"{name}={value}" if name == "format" else name
        for name, value in parse_qsl(parts.query)
        if value
    ]
    return (path, *sorted(names))


@dataclass
class Crawl:
    """What a person was shown: {address: words}, and the addresses that did not answer."""

    seen: dict[str, str] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)

    def holding(self, word: str) -> list[str]:
        return [address for address, text in self.seen.items() if word in text]


def words_of(answer: Any) -> tuple[str, str]:
    """The kind of an answer and all that can be read in it."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    kind = answer.headers.get("Content-Type", "").split(";")[0]
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
    if kind == "application/pdf":
        pages = pypdf.PdfReader(io.BytesIO(body)).pages
        text = "\n".join(page.extract_text() for page in pages)
    elif body[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(body)) as package:
            text = "\n".join(
                package.read(name).decode("utf-8", "replace") for name in package.namelist()
            )
    else:
        text = body.decode("utf-8", "replace")
    return kind, f"{headers}\n{text}"


def crawl(client: Client, *, always: str = "") -> Crawl:
    """Read every page that can be reached from a person's home."""
    found, counts = Crawl(), dict[tuple[str, ...], int]()
    queue, known = ["/"], {"/"}
    while queue:
        address = queue.pop(0)
        answer = client.get(address)
        if answer.status_code == 302:
            target = urldefrag(urljoin(address, answer["Location"]))[0]
            if target.startswith("/accounts/login/"):
                found.broken.append(f"{address} asks to sign in")
            elif target not in known:
                known.add(target)
                queue.append(target)
            continue
        kind, text = words_of(answer)
        if answer.status_code == 204:  # a board that has not changed
            continue
        if answer.status_code != 200:
            found.broken.append(f"{address} answers {answer.status_code}")
            continue
        found.seen[address] = text
        found.kinds.add(kind)
        if kind != "text/html":
            continue
        page = Links(address)
        page.feed(text)
        for link in page.found:
            link = urldefrag(link)[0]
            if urlsplit(link).netloc or not link.startswith("/") or link in known:
                continue
            if link.startswith(PASSED_OVER):
                continue
            known.add(link)
            kin = shape(link)
            counts[kin] = counts.get(kin, 0) + 1
            path = ("", kin[0])
            counts[path] = counts.get(path, 0) + 1
            few = counts[kin] <= EACH_SHAPE and counts[path] <= EACH_PATH
            if few or (always and always in link):
                queue.append(link)
    return found


def sign_in(username: str) -> Client:
    """Through the form, with its token, as a browser does."""
    client = Client(enforce_csrf_checks=True, headers={"accept-language": "en"})
    page = client.get("/accounts/login/").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token is not None
    answer = client.post(
        "/accounts/login/",
        {"login": username, "password": PASSWORD, "csrfmiddlewaretoken": token.group(1)},
    )
    assert answer.status_code == 302, f"{username} is not let in"
    assert answer["Location"] == "/"
    return client


@pytest.mark.parametrize("username", [person.username for person in CAST])
def test_everybody_of_the_demo_signs_in_and_has_a_home(demo_connection, db, username):
    answer = sign_in(username).get("/")

    assert answer.status_code == 200
    assert b"<h1" in answer.content


# --- what nobody, or not everybody, may read -----------------------------------------------------


@dataclass(frozen=True)
class Canaries:
    """The planted words, by how far they may go, and the incident they belong to."""

    code: str
    #: In the vault: on no page of anybody, in no file, in no log line.
    sealed: tuple[str, ...]
    #: Of the case: in no log line, and nothing of it outside the program.
    words: str
    group: str
    note: str
    reason: str
    reporter: str
    #: Of a participant and a conflict, sealed: for who may see the case, and nobody outside.
    case_code: str = ""
    case: tuple[str, ...] = ("Karkadann", "0771 555 2288", "كركدن", "Simurghi", "Anqaville")

    @property
    def of_the_case(self) -> tuple[str, ...]:
        return (self.code, self.words, self.group, self.note, self.reason, self.reporter)


@pytest.fixture
def canaries(demo_connection: Any, db: None) -> Canaries:
    """An incident of last week, logged, returned, sent again and accepted; its week approved."""
    planted = Canaries(
        code="",
        sealed=("Qastalani", "0770 555 1199", "Zubaidawi", "قسطلاني", "Hawraziya"),
        words="kanarienwort from the source سنونوةمزروعة",
        group="Brigade Canarium",
        note="canarynote of the actor",
        reason="canaryreason of the return",
        reporter="Rallus 7731",
    )
    site = Site.objects.get(code="BASRAH-CENTRE")
    case_code = _plant_a_case(site, planted.case)
    User.objects.filter(username="worker").update(code_name=planted.reporter)
    worker = User.objects.get(username="worker")
    supervisor = User.objects.get(username="supervisor")
    manager = User.objects.get(username="manager")
    week = periods.Week.of(periods.today(), site.week_start).previous()
    at = datetime.combine(week.start + timedelta(days=2), time(21), periods.BAGHDAD)
    with as_system():
        incident = services.create_incident(
            site=site,
            facts={
                "type": "MUR",
                "occurred_from": at,
                "place": Place.objects.get(pcode="IQG02Q02N02-ASHAR"),
                "killed_best": 1,
                "geo_precision": 2,
                "time_precision": 1,
            },
            sources=[
                SourceFacts(
                    "family", "B", "2", planted.words, planted.sealed[0], planted.sealed[1]
                ),
                SourceFacts("media", "B", "2", "", planted.sealed[3]),
            ],
            victims=[VictimFacts("killed", name=planted.sealed[2])],
            actors=[ActorFacts("tribe", planted.group, note=planted.note)],
            key=UUID("6f1f5f2e-9f3e-4d5e-8a53-0c6a1f0a7731"),
            submit=True,
            by=worker,
        )
        vault.seal(worker, "alias", planted.sealed[4], by=supervisor, index="alias")
        services.return_incident(incident, reason=planted.reason, by=supervisor)
        services.submit_incident(incident, by=worker)
        services.accept_incident(incident, by=supervisor)
        draft = reports.compile_week(site=site, week_start=week.start)
        reports.freeze_report(draft, by=manager)
    incident.refresh_from_db()
    return Canaries(**{**planted.__dict__, "code": incident.code, "case_code": case_code})


def _plant_a_case(site: Site, planted: tuple[str, ...]) -> str:
    """A participant of the site and a conflict, with words of their own; by the real verbs. The
    participant's code."""
    alias, phone, name, note, party = planted
    worker = User.objects.get(username="worker")
    case = participants.register_participant(
        site=site,
        facts=participants.Facts(sex="m", birth_year=2001),
        identity={"name": f"{name} علي", "alias": alias, "phone": phone, "address": note},
        agreed=participants.Agreed(("case_work", "sharing"), "spoken", periods.today()),
        worker=worker,
        by=worker,
        key=UUID("0d7c2f8e-5a43-4c0b-9b51-6f7a1c9e2288"),
    )
    contacts.record_contact(
        case, mode="home", note=f"He says {note}", by=worker,
        key=UUID("0d7c2f8e-5a43-4c0b-9b51-6f7a1c9e2289"),
    )  # fmt: skip
    conflicts.open_conflict(
        site,
        facts={
            "kind": "land",
            "how_learned": "street",
            "place": Place.objects.get(pcode="IQG02Q02N02-HAYANIYA"),
        },
        parties=[conflicts.PartyFacts("tribe", party), conflicts.PartyFacts("family", name)],
        note=f"They met {note}",
        by=worker,
    )
    return case.code


@pytest.fixture
def log_lines(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """All that any logger said, at any level, with what a formatter would put beside it."""
    caplog.set_level(logging.DEBUG)

    def said() -> str:
        return "\n".join(
            f"{line.getMessage()} {line.args!r} {line.exc_text or ''}" for line in caplog.records
        )

    return said


#: What of the planted a person of the site finds, which shows that the crawl can find it, and what
#: they do not; the others find the code at most.
FOUND = {
    "supervisor": ("code", "words", "reporter"),
    "manager": ("code", "words", "reporter", "group"),
    "data": ("code",),
    "worker": ("code",),
    "worker2": ("code",),
    "interrupter": ("code",),
}
HIDDEN = {
    "supervisor": ("group",),
    "interrupter": ("words", "group", "note"),
    "worker2": ("words", "group", "note"),
    "worker.zubair": ("code", "words", "group", "note", "reason"),
}


@pytest.mark.parametrize("username", CRAWLED)
def test_every_link_a_person_is_shown_answers_and_shows_no_more_than_they_may_see(
    canaries: Canaries, log_lines: Callable[[], str], username: str
) -> None:
    client = sign_in(username)
    found = crawl(client, always=canaries.code)
    person = User.objects.get(username=username)
    hidden = {getattr(canaries, name) for name in HIDDEN.get(username, ())}
    if person.role in OUTSIDE:
        hidden |= {canaries.words, canaries.group, canaries.note, *canaries.case}
    if person.role in REO_ROLES:
        hidden |= set(canaries.of_the_case)
        # Every sealed text of the demonstration's case files in Latin letters ends with this.
        hidden |= {SEALED_LABEL}
        read_what_is_shared(client, canaries, found)
        reads_grants_and_no_case(found)

    assert found.broken == []
    assert len(found.seen) >= 4
    for name in FOUND.get(username, ()):
        assert found.holding(getattr(canaries, name)), name
    if username == "worker":
        # Who carries the case reads it, so there is something that could leak.
        shown = client.get(f"/outreach/participants/{canaries.case_code}/").content.decode()
        assert canaries.case[0] in shown
    for word in {*hidden, *canaries.sealed}:
        assert found.holding(word) == [], word
    for word in {*hidden, *canaries.sealed, *canaries.case, canaries.words, canaries.group,
                 canaries.note}:  # fmt: skip
        # An address may say which record it is of.
        assert word == canaries.code or word not in log_lines(), word


def reads_grants_and_no_case(found: Crawl) -> None:
    """Grants, their money, papers and surroundings were read; no participant, conflict or sheet."""
    for page in ("money", "documents", "monitoring", "surroundings", "vetting", "history"):
        assert any(re.search(rf"/grants/QRF-[\d-]+/{page}/", one) for one in found.seen), page
    for address, text in found.seen.items():
        assert not re.search(r"\b(INC-\d{4}-\d{6}|(P|CON|SUP)-\d{3,})", text), address


def read_what_is_shared(client: Client, canaries: Canaries, found: Crawl) -> None:
    """The approved week that holds the incident, as a page and as every file; nothing beside it."""
    week = WeeklyReport.objects.filter(site__code="BASRAH-CENTRE").order_by("-week_start").first()
    assert week is not None
    for kind in ("html", "json", "pdf", "xlsx"):
        answer = client.get(f"{week.get_absolute_url()}?format={kind}")
        assert answer.status_code == 200
        found.seen[f"the week as {kind}"] = words_of(answer)[1]
    for address in ("/incidents/", f"/incidents/{canaries.code}/", "/incidents/export/"):
        answer = client.get(address)
        assert answer.status_code in (403, 404), address
        found.seen[address] = words_of(answer)[1].replace(address, "")
