"""Adding a place by a device: once, by the form of the page, by administrators alone."""

from typing import Any
from uuid import uuid4

import pytest

from ceasefire.audit.models import AuditEvent
from ceasefire.oversight import place_services
from ceasefire.oversight.exceptions import CodeIsTaken
from ceasefire.oversight.place_api import EXAMPLE
from ceasefire.people.roles import Role
from ceasefire.places.models import Place
from ceasefire.places.services import search
from tests.incidents.test_two_connections import meet

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(device: Any, make_user: Any) -> Any:
    """The device of an administrator."""
    return device(make_user(Role.ADMINISTRATOR))


def test_a_place_is_added_once_however_often_it_is_sent(office: Any) -> None:
    key = uuid4()
    first = office.send(EXAMPLE, key=key, path="/places/")
    again = office.send(EXAMPLE, key=key, path="/places/")
    other_key = office.send(EXAMPLE, path="/places/")

    assert first.status_code == 201, first.content
    place = Place.objects.get(pcode="IQG02Q02N02-ASHAR2")
    assert first.json()["pcode"] == place.pcode
    assert first["Location"].endswith(f"/api/v1/places/{place.pcode}/")
    assert (place.parent.pcode, place.district.pcode) == ("IQG02Q02N02", "IQG02Q02")
    assert [one.pcode for one in search("العشار الشرقي", limit=1)] == [place.pcode]
    for answer in (again, other_key):
        assert (answer.status_code, answer["Idempotency-Replayed"]) == (200, "true")
        assert answer.json() == first.json()
    assert AuditEvent.objects.filter(verb="places.place_added").count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"parent": "NOWHERE"}, "parent"),
        ({"parent": "IQG01Q01N01"}, "parent"),
        ({"short": "a b!"}, "short"),
        ({"short": "ASHAR"}, "short"),
        ({"name_ar": ""}, "name_ar"),
        ({"name_en": "x" * 121}, "name_en"),
        ({"alt_names": ["x" * 121]}, "alt_names"),
        ({"lat": 30.5}, "lat"),
        ({"name_en": 5}, "name_en"),
        ({"parent": "IQG02Q02N02\x00"}, "parent"),
    ],
)
def test_a_fault_stands_at_its_field(office: Any, change: Any, field: str) -> None:
    before = Place.objects.count()
    refused = office.send({**EXAMPLE, **change}, path="/places/")

    assert refused.status_code == 400
    assert list(refused.json()["fields"]) == [field]
    assert Place.objects.count() == before


def test_a_place_of_other_names_is_no_second_sending(office: Any) -> None:
    office.send(EXAMPLE, path="/places/")
    refused = office.send({**EXAMPLE, "name_en": "Another"}, path="/places/")

    assert refused.json()["fields"]["short"][0]["message"]
    assert Place.objects.get(pcode="IQG02Q02N02-ASHAR2").name_en == EXAMPLE["name_en"]


def test_without_a_key_or_the_scope_nothing_is_added(
    office: Any, device: Any, make_user: Any
) -> None:
    assert office.send(EXAMPLE, key="none", path="/places/").json()["code"] == "idempotency_key"
    reads = device(make_user(Role.ADMINISTRATOR), "read")
    assert reads.send(EXAMPLE, path="/places/").json()["code"] == "scope"
    assert not Place.objects.filter(pcode="IQG02Q02N02-ASHAR2").exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_adds_the_place(make_user: Any) -> None:
    administrator = make_user(Role.ADMINISTRATOR)

    def add() -> Any:
        return place_services.add_neighbourhood(
            pcode="IQG02Q02N02-TWICE",
            parent=Place.objects.get(pcode="IQG02Q02N02"),
            name_en="Twice",
            name_ar="مرتين",
            alt_names=[],
            by=administrator,
        )

    second = meet(add, add)

    assert isinstance(second, CodeIsTaken)
    made = Place.objects.filter(pcode="IQG02Q02N02-TWICE")
    assert made.count() == 1
    # Places stay between tests.
    made.delete()
