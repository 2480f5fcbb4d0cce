"""What people, phones and attackers send: an error where it was typed, nothing lost, no traceback.

Files to import and photos have tests of their own (test_import.py, tests/attachments).
"""

import uuid
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from incidents import services
from incidents.exceptions import TooLongAgo
from incidents.models import Incident
from tests.incidents.conftest import FAIR, facts
from tests.incidents.test_pages import NEW, minimal

pytestmark = pytest.mark.django_db

#: (what is sent, at which field it is said, words of the message)
CASES: list[tuple[dict[str, Any], str, str]] = [
    # dates
    ({"when": "pick", "day": "1/1/1900"}, "day", "That is before 1950."),
    ({"when": "pick", "day": "1/1/2100"}, "day", "That is later than now."),
    ({"when": "pick", "day": "١/١/٢١٠٠"}, "day", "That is later than now."),
    ({"when": "pick", "day": "29/2/2025"}, "day", "Write the day as day/month/year"),
    ({"when": "pick", "day": "1/1/99999"}, "day", "Write the day as day/month/year"),
    ({"when": "pick", "day": "22/11/0000"}, "day", "Write the day as day/month/year"),
    ({"when": "pick", "day": "1/11/2026", "clock": "25:00"}, "clock", "Write the time as"),
    ({"when": "pick", "day": "2/11/2026", "until": "1/11/2026"}, "until", "It ends before"),
    ({"when": "pick", "day": "2/11/2026", "until": "1/1/2100"}, "until", "later than today"),
    # places
    ({"lat": "47.78", "lon": "30.51"}, "lat", "look exchanged"),
    ({"place": None, "lat": "47.78", "lon": "30.51"}, "lat", "look exchanged"),
    ({"lat": "35.70", "lon": "51.40"}, "lat", "The point lies outside Iraq."),
    ({"lat": "0", "lon": "0"}, "lat", "The point lies outside Iraq."),
    ({"lat": "91", "lon": "47.8"}, "lat", "Write degrees with a point"),
    ({"lat": "NaN", "lon": "47.8"}, "lat", "Write degrees with a point"),
    ({"lat": "1e1", "lon": "47.8"}, "lat", "Write degrees with a point"),
    ({"place": "IQG02' OR 1=1"}, "place", "No such place is known."),
    # counts
    ({"killed_best": "-1"}, "killed_best", "Write a whole number, 0 or more."),
    ({"killed_best": "1.5"}, "killed_best", "Write a whole number, 0 or more."),
    ({"killed_best": "1e9"}, "killed_best", "Write a whole number, 0 or more."),
    ({"killed_best": "9" * 11}, "killed_best", "This can be at most 99999."),
    ({"killed_best": "٩" * 5000}, "killed_best", "This can be at most 99999."),
    ({"injured_best": "3", "injured_min": "4"}, "injured_min", "At least cannot be more"),
    ({"injured_best": "3", "injured_max": "2"}, "injured_max", "At most cannot be less"),
    ({"killed_best": "3", "killed_min": "3", "killed_max": "2"}, "killed_max", "At most cannot"),
    # texts
    ({"summary": "x" * 4001}, "summary", "at most 4000 characters"),
    ({"subtype": "x" * 61}, "subtype", "at most 60 characters"),
    ({"source_text": "x" * 2001}, "source_text", "at most 2000 characters"),
    ({"summary": "a\x00b"}, "summary", "Null characters are not allowed."),
    ({"type": "MUR\x00"}, "type", ""),
    # choices that are none
    ({"type": "XYZ"}, "type", ""),
    ({"motive": "=cmd|' /C calc'!A0"}, "motive", ""),
    ({"source_reliability": "G"}, "source_reliability", ""),
    ({"weapons": ["rifle", "moon"]}, "weapons", ""),
    ({"key": "not a key"}, "key", ""),
    ({"site": "BASRAH-HISTORY"}, "site", ""),
]


@pytest.mark.parametrize(
    ("change", "field", "words"), CASES, ids=[f"{f}-{n}" for n, (_c, f, _w) in enumerate(CASES)]
)
def test_it_is_said_at_its_field_and_the_rest_stays(signed_in, worker, change, field, words):
    kept = {"summary": "رصاص قرب السوق", "source_name": "ابو علي"}
    answer = signed_in(worker).post(NEW, minimal(**{**kept, **change}))

    assert answer.status_code == 200
    said = " ".join(str(message) for message in answer.context["form"].errors.get(field, []))
    assert said
    assert words in said
    if "summary" not in change:
        assert kept["summary"] in answer.content.decode()
    assert not Incident.objects.exists()


@pytest.mark.parametrize(
    ("rows", "given", "words"),
    [
        ("victims", {"harm": "killed", "age": "-1"}, "Write a whole number, 0 or more."),
        ("victims", {"harm": "killed", "age": "١٢١"}, "This can be at most 120."),
        ("victims", {"harm": "killed", "nationality": "x" * 41}, "at most 40 characters"),
        ("victims", {"harm": "eaten"}, "Select a valid choice"),
        ("actors", {"category": "tribal", "note": "x" * 201}, "at most 200 characters"),
        ("sources", {"kind": "media", "reliability": "G"}, "Select a valid choice"),
        ("sources", {"kind": "media", "text": "a\x00b"}, "Null characters are not allowed."),
    ],
)
def test_it_is_said_in_its_row(signed_in, worker, rows, given, words):
    sent = {f"{rows}-{number}": "1" for number in ("TOTAL_FORMS", "INITIAL_FORMS")}
    sent[f"{rows}-INITIAL_FORMS"] = "0"
    sent |= {f"{rows}-0-{name}": value for name, value in given.items()}
    answer = signed_in(worker).post(NEW, minimal(**sent))

    assert answer.status_code == 200
    assert words in str(answer.context["rows"][rows].errors)
    assert words in answer.content.decode()
    assert not Incident.objects.exists()


@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_message_is_in_the_persons_language(signed_in, worker, language):
    worker.language = language
    worker.save(update_fields=["language"])
    page = signed_in(worker).post(NEW, minimal(killed_best="-1")).content.decode()
    said = {"en": "Write a whole number, 0 or more.", "ar": "اكتب"}[language]
    assert said in page
    assert ("Write a whole number" in page) == (language == "en")


def test_a_megabyte_of_text_is_refused_with_words_and_not_searched_by_rules(signed_in, worker):
    answer = signed_in(worker).post(NEW, minimal(summary="ا" * 500_000))
    assert answer.status_code == 200
    assert "summary" in answer.context["form"].errors
    assert not Incident.objects.exists()


def test_more_than_the_server_takes_is_a_plain_page(signed_in, worker):
    answer = signed_in(worker).post(NEW, minimal(summary="x" * 6_000_000))
    assert answer.status_code in {400, 413}
    assert "Traceback" not in answer.content.decode()


def test_marks_that_reorder_text_are_taken_out(signed_in, worker):
    signed_in(worker).post(NEW, minimal(summary="car \u202egpj.exe\u202c \u2066x\u2069"))
    assert Incident.objects.get().summary == "car gpj.exe x"


def test_a_formula_is_text_on_the_page_and_in_the_record(signed_in, worker):
    client = signed_in(worker)
    client.post(NEW, minimal(summary='=HYPERLINK("http://x") <script>alert(1)</script>'))
    incident = Incident.objects.get()
    page = client.get(incident.get_absolute_url()).content.decode()
    assert incident.summary.startswith("=HYPERLINK")
    assert "<script>alert(1)" not in page


@pytest.mark.parametrize("body", [b"summary=%FF%FE%80&type=MUR", b"summary=\xff\xfe\x80&type=MUR"])
def test_broken_utf8_is_a_form_with_errors(signed_in, worker, body):
    answer = signed_in(worker).post(NEW, body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code in {200, 400}
    assert not Incident.objects.exists()


@pytest.mark.parametrize(
    "query",
    [
        {"q": "\x00"},
        {"q": "x" * 5000},
        {"place": "\x00"},
        {"type": "\x00"},
        {"week": "9999-12-31"},
        {"week": "0001-01-01"},
        {"week": "31/12/9999"},
        {"status": "%s"},
        {"after": "x" * 3000},
        {"before": "🙂"},
        {"site": "\x00"},
        {"q": "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")},
    ],
    ids=range(12),
)
def test_an_address_typed_wrong_is_a_page(signed_in, worker, log, query):
    log()
    # A null character is refused before any page looks at it.
    expected = 400 if "\x00" in str(next(iter(query.values()))) else 200
    assert signed_in(worker).get("/incidents/", query, follow=True).status_code == expected


@pytest.mark.parametrize(
    ("address", "sent", "status"),
    [
        (NEW, {"place": "a\x00b"}, 200),
        # The question about twins, answered with what is no code.
        (NEW, {"twin": "\x00"}, 302),
        (NEW, {"twin": "other", "twins_seen": "\x00"}, 302),
        # The address of a list, sent in a form.
        ("/incidents/filters/", {"name": "mine", "query": "place=%00"}, 302),
        # A filter that is not understood aims a verb at nothing.
        ("/incidents/bulk/", {"verb": "take", "everything": "1", "query": "place=%00"}, 302),
    ],
)
def test_a_null_where_no_field_stands_before_the_database(
    signed_in, supervisor, log, address, sent, status
):
    log()
    given = minimal(**sent) if address == NEW else sent
    assert signed_in(supervisor).post(address, given).status_code == status


def test_an_address_of_broken_octets_is_a_page(signed_in, worker):
    answer = signed_in(worker).get("/incidents/?q=%FF%FE&place=%80")
    assert answer.status_code == 200


def test_the_verbs_refuse_what_the_form_refuses(basrah, worker):
    from datetime import UTC, datetime

    with pytest.raises(TooLongAgo):
        services.create_incident(
            site=basrah,
            facts=facts(occurred_from=datetime(1900, 1, 1, tzinfo=UTC)),
            sources=[FAIR],
            by=worker,
        )


@pytest.mark.parametrize(
    "change",
    [
        {"killed_best": -1},
        {"killed_min": 5, "killed_best": 1},
        {"killed_max": 0, "killed_best": 1},
        {"injured_min": 2, "injured_max": 1},
        {"lat": 91.0, "lon": 1.0},
        {"lat": 30.5, "lon": None},
        {"time_precision": 9},
        {"geo_precision": 0},
    ],
    ids=lambda change: "-".join(change),
)
def test_the_database_refuses_it_as_well(log, change):
    incident = log()
    with pytest.raises(DatabaseError), transaction.atomic():
        Incident.objects.filter(pk=incident.pk).update(**change)


def test_a_form_without_its_token_is_refused_with_a_plain_page(worker):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(worker)
    answer = strict.post(NEW, minimal(key=str(uuid.uuid4())))
    assert answer.status_code == 403
    assert "Traceback" not in answer.content.decode()
