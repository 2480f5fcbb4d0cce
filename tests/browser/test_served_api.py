"""What the served document promises, asked of the program as it is served, over the wire."""

import json
import urllib.request
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from uuid import uuid4

import pytest

from ceasefire.api.operations import OPERATIONS
from ceasefire.api.services import create_token, revoke_token
from ceasefire.database.session import acting
from ceasefire.oversight.place_api import EXAMPLE
from ceasefire.people.models import User
from incidents.models import Incident
from tests.api.conftest import REPORT
from tests.api.test_document import is_as_described, operation_of
from tests.demo_world import World

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("served_connection")]


class Answer:
    """An answer with the names that the other tests of the API know."""

    def __init__(self, answer: Any) -> None:
        self.status_code, self.headers, self.content = answer.status, answer.headers, answer.read()

    def __contains__(self, name: str) -> bool:
        return name in self.headers

    def json(self) -> Any:
        return json.loads(self.content)


class Tablet:
    """A device on the network."""

    def __init__(self, world: World, token: str) -> None:
        self.address, self.token = f"{world.address}/api/v1", token

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        request = urllib.request.Request(  # noqa: S310 - the program of this test
            self.address + quote(path, safe="/?=&%"), data=body, method=method, headers=headers
        )
        request.add_header("Authorization", f"Bearer {self.token}")
        try:
            return Answer(urllib.request.urlopen(request, timeout=30))  # noqa: S310
        except HTTPError as refused:
            return Answer(refused)

    def send(self, body: bytes, key: str, *, path: str = "/incidents/", **headers: str) -> Answer:
        given = {"Content-Type": "application/json", "Idempotency-Key": key, **headers}
        return self.ask("POST", path, body, **given)


def _tablet_of(username: str, demo_world: World) -> Any:
    person = User.objects.get(username=username)
    with acting(person):
        made, token = create_token(person, device="tablet", scopes=("read", "write"))
    yield Tablet(demo_world, token)
    with acting(person):
        revoke_token(made, by=person)


@pytest.fixture
def tablet(demo_world: World) -> Any:
    """The tablet of a worker of Basrah Centre; its token ends with the test."""
    yield from _tablet_of("worker", demo_world)


@pytest.fixture
def office(demo_world: World) -> Any:
    """That of the administrator."""
    yield from _tablet_of("admin", demo_world)


def test_the_served_program_answers_as_its_document_says(
    tablet: Tablet, office: Tablet, demo_world: World
) -> None:
    described = tablet.ask("GET", "/openapi.json").json()
    asked = set()
    for path in (
        "/openapi.json",
        "/me/",
        "/places/?q=الزبير&size=3",
        "/places/IQG02Q02N02-ASHAR/",
        "/places/NOWHERE/",
        "/incidents/?size=2",
        "/incidents/?after=%00",
        f"/incidents/{demo_world.incidents['accepted']}/",
        "/incidents/INC-2026-999999/",
    ):
        answer = tablet.ask("GET", path)
        is_as_described(described, "GET", path, answer)
        asked.add(operation_of(described, "GET", path)["operationId"])
        if "ETag" in answer:
            again = tablet.ask("GET", path, **{"If-None-Match": answer.headers["ETag"]})
            assert again.status_code == 304, path
            is_as_described(described, "GET", path, again)

    key, report = str(uuid4()), json.dumps(REPORT | {"summary": "by the canal"}).encode()
    other = json.dumps(REPORT | {"killed_best": 9}).encode()
    for body, status in ((report, 201), (report, 200), (other, 409)):
        answer = tablet.send(body, key)
        assert answer.status_code == status, answer.content
        is_as_described(described, "POST", "/incidents/", answer)
        asked.add("logIncident")
    for body, kind, status in (
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'{"summary": "' + b"x" * 1_000_000 + b'"}', "application/json", 413),
        (b"type=MUR", "application/x-www-form-urlencoded", 415),
    ):
        answer = tablet.send(body, str(uuid4()), **{"Content-Type": kind})
        assert answer.status_code == status, answer.content
        is_as_described(described, "POST", "/incidents/", answer)
    place = json.dumps(EXAMPLE | {"short": "SERVED"}).encode()
    for status in (201, 200):
        answer = office.send(place, key, path="/places/")
        assert answer.status_code == status, answer.content
        is_as_described(described, "POST", "/places/", answer)
        asked.add("addPlace")
    assert tablet.send(place, key, path="/places/").status_code == 403
    assert asked == {operation.key for operation in OPERATIONS}
    assert Incident.objects.filter(summary="by the canal").count() == 1


def test_without_a_right_token_the_served_program_says_nothing(demo_world: World) -> None:
    stranger = Tablet(demo_world, "cft_00000000_" + "x" * 43)
    for path in ("/openapi.json", "/me/", "/incidents/", "/places/"):
        answer = stranger.ask("GET", path)
        assert answer.status_code == 401
        assert set(answer.json()) == {"code", "message"}
        assert "WWW-Authenticate" in answer
