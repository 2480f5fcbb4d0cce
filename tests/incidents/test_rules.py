"""What follows from the facts."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceasefire.places.models import Place
from incidents.models import Incident
from incidents.services import VictimFacts, rules


@dataclass
class Source:
    id: int
    kind: str = "family"
    reliability: str = "C"
    credibility: str = "3"
    same_origin_as_id: int | None = None


def graded(*grades: str) -> list[Source]:
    return [
        Source(number, reliability=grade[0], credibility=grade[1])
        for number, grade in enumerate(grades)
    ]


@pytest.mark.parametrize(
    ("sources", "grade", "rule"),
    [
        ([], "unverified", "no_source"),
        (graded("C3"), "provisional", "one_good"),
        (graded("C4"), "unverified", "weak"),  # doubtful
        (graded("D1"), "unverified", "weak"),  # rarely right
        (graded("F3"), "unverified", "weak"),  # "cannot say" is not better than C
        (graded("A6"), "unverified", "weak"),
        (graded("C3", "C3"), "corroborated", "two_good"),
        (graded("B2", "D4"), "corroborated", "two_strong"),  # the best is B2
        (graded("B2", "E2"), "provisional", "one_good"),  # one who is never right adds nothing
        (graded("B2", "A5"), "provisional", "one_good"),  # nor what others contradict
        (graded("C3", "D4"), "provisional", "one_good"),  # only one is good enough
        ([Source(0), Source(1, same_origin_as_id=0)], "provisional", "one_good"),  # one origin
        (
            [Source(0), Source(1, same_origin_as_id=0), Source(2, same_origin_as_id=1)],
            "provisional",
            "one_good",
        ),
        (
            [Source(0, same_origin_as_id=1), Source(1, same_origin_as_id=0)],
            "provisional",
            "one_good",
        ),
        ([Source(0, same_origin_as_id=99)], "provisional", "one_good"),  # that one is gone
        ([Source(0, kind="staff", reliability="A")], "confirmed", "staff_saw"),
        ([Source(0, kind="hospital")], "confirmed", "hospital"),
        ([Source(0, kind="letter")], "confirmed", "document"),
        ([Source(0, kind="hospital", credibility="5")], "unverified", "weak"),
        ([Source(0, kind="police"), Source(1, kind="police")], "corroborated", "two_good"),
    ],
)
def test_verification_follows_from_the_sources(sources, grade, rule):
    assert rules.verification_of(sources) == (grade, rule)


ORDER = ["unverified", "provisional", "corroborated", "confirmed"]
SOURCES = st.lists(
    st.tuples(
        st.sampled_from("ABCDEF"),
        st.sampled_from("123456"),
        st.sampled_from(["family", "police", "staff", "hospital"]),
    ),
    max_size=5,
)


@given(SOURCES, SOURCES)
def test_one_more_source_never_lowers_the_grade(some, more):
    def rows(given):
        return [
            Source(n, kind=k, reliability=r, credibility=c) for n, (r, c, k) in enumerate(given)
        ]

    before, _ = rules.verification_of(rows(some))
    after, rule = rules.verification_of(rows(some + more))
    assert ORDER.index(after) >= ORDER.index(before)
    assert rule in rules.RULES


@pytest.mark.parametrize(
    ("facts", "victim", "sensitive"),
    [
        ({"type": "MUR"}, None, False),
        ({"type": "SXV"}, None, True),
        ({"type": "MUR", "staff_involved": True}, None, True),
        ({"type": "KID"}, VictimFacts(harm="sexual"), True),
        ({"type": "MUR"}, VictimFacts(harm="killed", age=17), True),
        ({"type": "MUR"}, VictimFacts(harm="killed", age=18), False),
        ({"type": "MUR"}, VictimFacts(harm="killed", age_band="12-17"), True),
        ({"type": "MUR"}, VictimFacts(harm="killed", age_band="18-24"), False),
        ({"type": "MUR"}, VictimFacts(harm="killed", roles=("child",)), True),
        # The age in years is more exact than the group.
        ({"type": "MUR"}, VictimFacts(harm="killed", age=19, age_band="12-17"), False),
    ],
)
def test_sexual_violence_minors_and_staff_make_an_incident_sensitive(facts, victim, sensitive):
    assert rules.is_sensitive(Incident(**facts), [victim] if victim else []) is sensitive


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("pcode", "lat", "lon", "lies"),
    [
        ("IQG02Q02N02-ASHAR", 30.52, 47.80, "inside"),  # in the sub-district of the neighbourhood
        ("IQG02Q02", 30.52, 47.80, "inside"),
        ("IQG02", 30.52, 47.80, "inside"),
        ("IQG02Q03N02", 30.52, 47.80, "elsewhere"),  # Al-Faw is far away
        ("IQG02Q02N02", 33.3, 44.4, "elsewhere"),  # Baghdad
        ("IQ", 33.3, 44.4, "inside"),
        ("IQG02Q02N02", 0.0, 0.0, "elsewhere"),
    ],
)
def test_a_point_lies_inside_near_or_elsewhere(pcode, lat, lon, lies):
    place = Place.objects.select_related("parent").get(pcode=pcode)
    assert rules.check_point(place, lat, lon).lies == lies


@pytest.mark.django_db
def test_a_point_just_over_the_edge_is_near():
    from shapely.geometry import shape

    place = Place.objects.get(pcode="IQG02Q02N02")
    outline = shape(place.geometry)
    west, _south, _east, _north = outline.bounds
    edge = min(
        outline.exterior.coords
        if outline.geom_type == "Polygon"
        else outline.geoms[0].exterior.coords
    )
    assert rules.check_point(place, edge[1], west - 0.005).lies == "near"


@pytest.mark.django_db
def test_the_search_key_names_a_place_in_both_scripts():
    place = Place.objects.select_related("district").get(pcode="IQG02Q06N01")
    key = rules.search_key_of("INC-2026-000007", "إطلاق نار", place)
    for wanted in ("inc 2026 000007", "اطلاق", "الزبير", "زبير", "zubair", "iqg02q06n01"):
        assert wanted in key
