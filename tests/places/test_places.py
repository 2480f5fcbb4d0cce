"""Places: loaded whole, found by any spelling, and under any point of Iraq."""

from datetime import date

import pytest
from django.db import IntegrityError

from ceasefire.places.models import CoveragePeriod, Place
from ceasefire.places.services import locate, search

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("level", "count"),
    [("country", 1), ("governorate", 18), ("district", 101), ("subdistrict", 294)],
)
def test_all_of_iraq_is_loaded(level, count):
    assert Place.objects.filter(level=level).count() == count


def test_every_sub_district_knows_its_district_and_governorate():
    rows = Place.objects.filter(level__in=["subdistrict", "neighbourhood"])

    assert not rows.filter(district=None).exists()
    assert not rows.filter(governorate=None).exists()
    assert Place.objects.get(pcode="IQG02Q02N02-ASHAR").district.pcode == "IQG02Q02"


@pytest.mark.parametrize(
    ("typed", "pcode"),
    [
        ("الزبير", "IQG02Q06"),
        ("زبير", "IQG02Q06"),
        ("Zubair", "IQG02Q06"),
        ("zubayr", "IQG02Q06"),
        ("أبو الخصيب", "IQG02Q01"),
        ("ابي الخصيب", "IQG02Q01"),
        ("الحيانيه", "IQG02Q02N02-HAYANIYA"),  # ta marbuta typed as ha
        ("الأصمعي", "IQG02Q02N02-ASMAI"),
        ("الاصمعى", "IQG02Q02N02-ASMAI"),  # hamza left out, ya as alif maqsura
        ("العَشَّار", "IQG02Q02N02-ASHAR"),  # with its vowel marks
        ("IQG02Q07", "IQG02Q07"),
        ("iqg02q07", "IQG02Q07"),
    ],
)
def test_search_finds_a_place_by_what_people_type(typed, pcode):
    assert search(typed)[0].pcode == pcode


@pytest.mark.parametrize("typed", ["", "   ", "ـــ", "؟", "\x00"])
def test_a_search_for_nothing_finds_nothing(typed):
    assert search(typed) == []


@pytest.mark.parametrize(
    ("lat", "lon", "pcode"),
    [
        (30.508, 47.783, "IQG02Q02N02"),  # the middle of Basrah
        (30.39, 47.70, "IQG02Q06N01"),  # Zubair town
        (33.315, 44.366, "IQG08"),  # Baghdad
    ],
)
def test_a_point_answers_which_sub_district_it_lies_in(lat, lon, pcode):
    found = locate(lat, lon)

    assert found.level == "subdistrict"
    assert found.pcode.startswith(pcode)


def test_a_point_outside_iraq_lies_nowhere():
    assert locate(29.37, 47.97) is None  # Kuwait City


def test_every_place_that_has_a_shape_holds_its_own_inner_point():
    rows = Place.objects.filter(level="subdistrict").order_by("pcode")[::20]
    for place in rows:
        assert locate(place.lat, place.lon) == place


def test_coverage_periods_of_a_site_do_not_overlap(basrah):
    CoveragePeriod.objects.create(site=basrah, start=date(2024, 1, 1), end=date(2024, 6, 1))
    CoveragePeriod.objects.create(site=basrah, start=date(2024, 6, 1), end=None)

    with pytest.raises(IntegrityError):
        CoveragePeriod.objects.create(site=basrah, start=date(2025, 1, 1), end=date(2025, 2, 1))
