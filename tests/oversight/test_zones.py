"""Zones of a site: added, changed, closed and opened again by the administrator."""

import threading
from contextlib import suppress

import pytest
from django.db import connection

from ceasefire.audit.models import AuditEvent
from ceasefire.oversight import place_services
from ceasefire.oversight.exceptions import CodeIsTaken, ZoneIsClosed, ZoneIsOpen
from ceasefire.people.roles import Role
from ceasefire.places.models import Place, Zone

pytestmark = pytest.mark.django_db
ADDRESS = "/places/sites/BASRAH-CENTRE/"
GIVEN = {"code": "NORTH-1", "name_en": "North", "name_ar": "الشمال", "places": ["IQG02Q02N02"]}


@pytest.fixture
def admin(make_user):
    return make_user(Role.ADMINISTRATOR, username="admin")


@pytest.fixture
def zone(basrah, admin):
    places = Place.objects.filter(pcode="IQG02Q02N02")
    return place_services.add_zone(basrah, **{**GIVEN, "places": places}, by=admin)


def verbs():
    found = AuditEvent.objects.filter(verb__startswith="places.zone").order_by("seq")
    return [(one.verb, one.subject_id, one.site_id) for one in found]


def test_a_zone_is_added_and_stands_on_the_page_of_its_site(basrah, admin, signed_in):
    client = signed_in(admin)

    answer = client.post(f"{ADDRESS}zones/new/", GIVEN)

    assert answer.status_code == 302
    zone = Zone.objects.get(site=basrah, code="NORTH-1")
    assert [place.pcode for place in zone.places.all()] == ["IQG02Q02N02"]
    assert verbs() == [("places.zone_added", "NORTH-1", basrah.pk)]
    page = client.get(ADDRESS).content.decode()
    assert "/zones/NORTH-1/" in page
    assert "North" in page


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"code": "north 1"}, "Use 2 to 40 capital Latin letters, digits or dashes."),
        ({"code": "NEW"}, "This code is taken."),  # the address of the form itself
        ({"code": "NORTH-1"}, "This code is taken."),
        ({"name_ar": ""}, "This field is required."),
        ({"places": ["IQG02Q01N01"]}, "is not one of the available choices"),  # another district's
    ],
)
def test_what_is_wrong_is_said_at_its_field(zone, admin, signed_in, given, words):
    answer = signed_in(admin).post(f"{ADDRESS}zones/new/", {**GIVEN, "code": "SOUTH", **given})

    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert Zone.objects.count() == 1


def test_a_zone_is_renamed_and_keeps_its_code(zone, admin, signed_in):
    given = {"name_en": "North bank", "name_ar": "الضفة الشمالية", "code": "OTHER"}

    signed_in(admin).post(f"{ADDRESS}zones/NORTH-1/", given)

    zone.refresh_from_db()
    assert (zone.code, zone.name_en, zone.places.count()) == ("NORTH-1", "North bank", 0)
    assert verbs()[-1][0] == "places.zone_changed"


def test_a_zone_is_closed_and_opened_again_and_never_deleted(zone, admin, signed_in):
    client = signed_in(admin)

    client.post(f"{ADDRESS}zones/NORTH-1/close/")
    zone.refresh_from_db()
    assert zone.closed_on is not None
    closed = client.get(f"{ADDRESS}zones/NORTH-1/").content.decode()
    assert "This zone is closed." in closed
    assert 'name="name_en"' not in closed
    client.post(f"{ADDRESS}zones/NORTH-1/close/")  # a second press changes nothing
    client.post(f"{ADDRESS}zones/NORTH-1/open/")
    zone.refresh_from_db()
    assert zone.closed_on is None

    assert [verb for verb, _code, _site in verbs()][1:] == [
        "places.zone_closed",
        "places.zone_opened",
    ]


def test_the_services_refuse_by_name(zone, basrah, admin):
    with pytest.raises(CodeIsTaken):
        place_services.add_zone(basrah, **{**GIVEN, "places": []}, by=admin)
    with pytest.raises(ZoneIsOpen):
        place_services.open_zone(zone, by=admin)
    place_services.close_zone(zone, by=admin)
    with pytest.raises(ZoneIsClosed):
        place_services.close_zone(zone, by=admin)
    with pytest.raises(ZoneIsClosed):
        place_services.change_zone(zone, name_en="X", name_ar="X", places=[], by=admin)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verb", ["add", "close"])
def test_two_at_once_are_one(basrah, admin, verb):
    """Both lock, so the second one is refused and the trail has one event."""
    made = None
    if verb == "close":
        made = place_services.add_zone(basrah, **{**GIVEN, "places": []}, by=admin)
    together = threading.Barrier(2)

    def press():
        together.wait(5)
        try:
            with suppress(CodeIsTaken, ZoneIsClosed):
                if made is None:
                    place_services.add_zone(basrah, **{**GIVEN, "places": []}, by=admin)
                else:
                    place_services.close_zone(made, by=admin)
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    expected = ["places.zone_added"] + (["places.zone_closed"] if made else [])
    assert [found for found, _code, _site in verbs()] == expected
