"""The document tells the truth about the running program, whatever is sent to it."""

import json
import re
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import validate

from ceasefire.api.document import document
from ceasefire.api.operations import OPERATIONS
from ceasefire.oversight.place_api import EXAMPLE as PLACE
from ceasefire.people.roles import Role
from incidents.services import ActorFacts, SourceFacts, VictimFacts
from tests.api.conftest import REPORT
from tests.test_architecture import API_VIEWS, URLS

pytestmark = pytest.mark.django_db


@pytest.fixture
def described(device: Any, worker: Any) -> dict[str, Any]:
    """The document as a device gets it."""
    served: dict[str, Any] = device(worker).get("/openapi.json").json()
    return served


@pytest.fixture
def phone(device: Any, worker: Any) -> Any:
    """One device for many requests."""
    return device(worker)


def operation_of(described: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    """The operation that a request meets."""
    bare = path.split("?")[0]
    for template, operations in sorted(described["paths"].items(), key=lambda one: "{" in one[0]):
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), bare):
            found: dict[str, Any] = operations[method.lower()]
            return found
    raise AssertionError(path)


def is_as_described(described: dict[str, Any], method: str, path: str, answer: Any) -> None:
    """Fail where status, headers or body are not what the document says."""
    operation = operation_of(described, method, path)
    status = str(answer.status_code)
    assert status in operation["responses"], f"{method} {path} answered {status}"
    said = operation["responses"][status]
    for name in said.get("headers", {}):
        assert name in answer, f"{status} without {name}"
    for name in ("Location", "ETag", "Idempotency-Replayed", "Retry-After", "WWW-Authenticate"):
        assert name not in answer or name in said.get("headers", {}), f"{status} with {name}"
    if "content" not in said:
        assert not answer.content
        return
    schema = {
        **said["content"]["application/json"]["schema"],
        "components": described["components"],
    }
    found = Draft202012Validator(schema, format_checker=FormatChecker()).iter_errors(answer.json())
    assert [f"{list(error.path)}: {error.message[:200]}" for error in found] == []


def test_it_is_openapi_and_served_as_it_is_made(described):
    validate(described)
    assert described == json.loads(json.dumps(document(), default=str))


def test_it_names_every_address_and_no_other(described):
    served = {
        "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", path.removeprefix("api/v1/"))
        for name, path, _view in URLS
        if name in API_VIEWS
    }

    assert served == set(described["paths"])
    assert {path for _n, path, _v in URLS if path.startswith("api/")} == {
        path for name, path, _v in URLS if name in API_VIEWS
    }


def test_every_operation_answers_as_it_says(described, device, worker, make_user, log):
    incident = log(
        sources=[SourceFacts("family", "C", "3", text="words"), SourceFacts("media", "B", "2")],
        victims=[VictimFacts("killed", age=41)],
        actors=[ActorFacts("tribal", named_group="A", note="B")],
        lat=30.51,
        lon=47.83,
        geo_precision=1,
        injured_best=2,
    )
    log(killed_best=None, killed_unknown=True, state="returned")
    phone, key = device(worker), uuid4()
    asked = set()
    requests = [
        "/openapi.json",
        "/me/",
        "/places/",
        "/places/?q=Zubair&size=3",
        "/places/?level=district&parent=IQG02",
        "/places/?level=planet",
        "/places/?parent=NOWHERE",
        "/places/IQG02Q02N02-ASHAR/",
        "/places/NOWHERE/",
        "/incidents/",
        "/incidents/?size=1",
        "/incidents/?week=never",
        "/incidents/?after=%00",
        "/incidents/?after=nonsense",
        f"/incidents/{incident.code}/",
        "/incidents/INC-2026-999999/",
    ]
    for path in requests:
        answer = phone.get(path)
        is_as_described(described, "GET", path, answer)
        asked.add(operation_of(described, "GET", path)["operationId"])
        if "ETag" in answer:
            again = phone.get(path, **{"If-None-Match": answer["ETag"]})
            assert again.status_code == 304
            is_as_described(described, "GET", path, again)
    example = operation_of(described, "POST", "/incidents/")["requestBody"]["content"][
        "application/json"
    ]["example"]
    asks = REPORT | {"likely_duplicates": "ask"}
    again = uuid4()
    for body, status, under in (
        (example, 201, key),
        (example, 200, key),
        (REPORT | {"killed_best": 9}, 409, key),
        (example, 201, uuid4()),
        (example | {"likely_duplicates": "ask"}, 409, again),
        (asks | {"second_report_of": incident.code}, 201, again),
    ):
        answer = phone.send(body, key=under)
        assert answer.status_code == status, answer.content
        is_as_described(described, "POST", "/incidents/", answer)
        asked.add("logIncident")

    office = device(make_user(Role.ADMINISTRATOR))
    for body, status in ((PLACE, 201), (PLACE, 200), ({**PLACE, "short": ""}, 400)):
        answer = office.send(body, path="/places/")
        assert answer.status_code == status, answer.content
        is_as_described(described, "POST", "/places/", answer)
        asked.add("addPlace")

    assert asked == {operation.key for operation in OPERATIONS}


def test_every_field_a_report_may_hold_is_described(described, device, worker):
    """A field that the document names is taken, one that it does not name is refused."""
    schema = operation_of(described, "POST", "/incidents/")["requestBody"]["content"][
        "application/json"
    ]["schema"]
    samples: dict[str, Any] = {"string": "", "boolean": False, "array": [], "integer": 1}
    phone = device(worker)
    for name, field in schema["properties"].items():
        kinds = field["type"] if isinstance(field["type"], list) else [field["type"]]
        value = None if "null" in kinds else samples[kinds[0]]
        errors = phone.send({**REPORT, name: value}).json().get("fields", {})
        assert errors.get(name, [{}])[0].get("code") not in {"type", "additionalProperties"}, name
    refused = phone.send({**REPORT, "workflow_state": "accepted"})
    assert list(refused.json()["fields"]) == ["workflow_state"]


BAD_BODIES: dict[str, tuple[bytes, int]] = {
    "no json": (b"{", 400),
    "a list": (b"[]", 400),
    "a text": (b'"x"', 400),
    "null": (b"null", 400),
    "not a number": (b'{"lat": NaN}', 400),
    "a number beyond all": (b'{"killed_best": 1' + b"0" * 5000 + b"}", 400),
    "broken UTF-8": (b'{"summary": "\xff\xfe"}', 400),
    "half a character": (b'{"summary": "\\ud800"}', 400),
    "named twice": (b'{"type": "MUR", "type": "KID"}', 400),
    "nested": (b"[" * 100_000, 400),
    "nested rows": (b'{"sources": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", 400),
    "a megabyte": (b'{"summary": "' + b"x" * 1_000_000 + b'"}', 413),
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_a_body_that_is_no_report_is_refused_as_described(name, described, device, worker):
    body, status = BAD_BODIES[name]

    answer = device(worker).send(body)

    assert answer.status_code == status
    is_as_described(described, "POST", "/incidents/", answer)


def test_another_kind_of_content_is_refused(described, device, worker):
    answer = device(worker).ask(
        "POST",
        "/incidents/",
        data="type=MUR",
        content_type="application/x-www-form-urlencoded",
        headers={"Idempotency-Key": str(uuid4())},
    )

    assert answer.status_code == 415
    is_as_described(described, "POST", "/incidents/", answer)


WRONG: list[Any] = [
    *(None, True, 0, -1, 1.5, 10**30, 1e308, -1e-300, "", " ", "x" * 5000, "\x00", "\u202e"),
    *("=1+1", "'; --", "<b>", "٣", "2026-02-31", "٢٢/١١/٢٠٢٦", [], [None], [[]], {}, {"a": {}}),
]


def test_wrong_values_in_every_field_are_refused_or_taken_but_break_nothing(
    described, device, worker
):
    schema = operation_of(described, "POST", "/incidents/")["requestBody"]["content"][
        "application/json"
    ]["schema"]
    phone = device(worker)
    for name in schema["properties"]:
        for value in WRONG:
            answer = phone.send({**REPORT, name: value})
            assert answer.status_code in {201, 400}, (name, value, answer.content)
            if answer.status_code == 400:
                is_as_described(described, "POST", "/incidents/", answer)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*REPORT, "name", "kind", "victims", "harm"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
    derandomize=True,
)
@given(body=ANYTHING)
def test_whatever_is_sent_gets_a_described_answer(body, described, phone):
    answer = phone.send(json.dumps(body))

    assert answer.status_code == 400
    is_as_described(described, "POST", "/incidents/", answer)
