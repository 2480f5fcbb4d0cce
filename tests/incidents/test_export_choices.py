"""What can be chosen of an export: format, HXL tags, words; the research file; the round trip."""

import csv
import io
import json
import re
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ceasefire.audit.models import AuditEvent
from ceasefire.exports import write_csv
from ceasefire.exports.cells import clean_text
from incidents import exports, importing, research
from incidents.models import ExportFile, Incident
from incidents.services import ActorFacts, SourceFacts
from tests.incidents.conftest import ASHAR, MOMENT
from tests.incidents.files_to_import import table

pytestmark = pytest.mark.django_db
ADDRESS = "/incidents/export/"


def body(response: Any) -> bytes:
    return bytes(b"".join(response.streaming_content) if response.streaming else response.content)


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


# --- choice -------------------------------------------------------------------------------------


def test_without_a_format_the_page_asks_and_keeps_the_filters(
    log: Any, manager: Any, signed_in: Any
) -> None:
    log(type="CLS")
    log()
    page = signed_in(manager).get(ADDRESS, {"type": "CLS", "q": "", "after": "x"})
    text = page.content.decode()
    assert page.context["number"] == 1
    assert '<input type="hidden" name="type" value="CLS">' in text
    assert 'name="after"' not in text
    for format in ("csv", "xlsx", "geojson", "acled", "acled-xlsx"):
        assert f'value="{format}"' in text
    assert not AuditEvent.objects.filter(verb="incident.exported").exists()


def test_my_files_are_listed_and_nobody_elses(
    log: Any, manager: Any, data_officer: Any, signed_in: Any, monkeypatch: Any
) -> None:
    log()
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 0)
    signed_in(manager).get(ADDRESS, {"format": "xlsx"})
    file = ExportFile.objects.get()
    assert file.get_absolute_url() in signed_in(manager).get(ADDRESS).content.decode()
    assert file.get_absolute_url() not in signed_in(data_officer).get(ADDRESS).content.decode()


# --- HXL ----------------------------------------------------------------------------------------

TAG = re.compile(r"#[a-z][a-z0-9_]*(?: ?\+[a-z][a-z0-9_]*)*", re.IGNORECASE)
#: The hashtags of the HXL standard 1.1 that we use.
HASHTAGS = set(
    [
        "#adm1",
        "#adm2",
        "#adm3",
        "#affected",
        "#cause",
        "#country",
        "#date",
        "#description",
        "#event",
        "#geo",
        "#group",
        "#item",
        "#loc",
        "#meta",
        "#org",
        "#region",
        "#status",
    ]
)


@pytest.mark.parametrize(
    "column", [*exports.COLUMNS, *research.COLUMNS], ids=lambda column: column.key
)
def test_every_column_has_a_tag_of_the_standard(column: Any) -> None:
    assert TAG.fullmatch(column.tag), column.tag
    assert column.tag.split("+")[0] in HASHTAGS
    assert str(column.meaning)


def test_no_two_columns_have_one_tag() -> None:
    for columns in (exports.COLUMNS, research.COLUMNS):
        tags = [column.tag for column in columns]
        assert len(set(tags)) == len(tags)


def test_tags_stand_in_the_second_row_and_the_import_passes_over_them(
    log: Any, manager: Any, signed_in: Any
) -> None:
    log(state="accepted")
    content = body(signed_in(manager).get(ADDRESS, {"format": "csv", "hxl": "on"}))
    second = next(iter(rows(content)))
    assert second["killed_best"] == "#affected+killed"
    assert importing.import_file(content, format="table", by=None).unchanged == 1
    book = openpyxl.load_workbook(
        io.BytesIO(body(signed_in(manager).get(ADDRESS, {"format": "xlsx", "hxl": "on"})))
    )
    assert [cell.value for cell in book.worksheets[0][2]] == [c.tag for c in exports.COLUMNS]


# --- words, dictionary --------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "ar"])
def test_words_are_for_people_and_still_read_back(
    log: Any, manager: Any, signed_in: Any, language: str
) -> None:
    manager.language = language
    manager.save(update_fields=["language"])
    log(weapons=["pistol", "rifle"], state="accepted", actors=[ActorFacts(category="tribal")])
    content = body(signed_in(manager).get(ADDRESS, {"format": "csv", "labels": "words"}))
    text = content.decode("utf-8-sig")
    assert {"en": "Murder", "ar": "قتل"}[language] in text
    assert '"MUR"' not in text
    assert importing.import_file(content, format="table", by=None).unchanged == 1


def test_a_workbook_says_what_its_columns_and_codes_mean_and_how_many_rows_it_has(
    log: Any, manager: Any, signed_in: Any
) -> None:
    log(state="accepted")
    book = openpyxl.load_workbook(
        io.BytesIO(body(signed_in(manager).get(ADDRESS, {"format": "xlsx"})))
    )
    assert book.sheetnames == ["Incidents", "Columns", "Codes", "About this file"]
    said = {row[0].value: row[2].value for row in book["Columns"].iter_rows(min_row=2)}
    assert set(said) == {column.key for column in exports.COLUMNS}
    assert all(said.values())
    about = {row[0].value: row[1].value for row in book["About this file"].iter_rows()}
    assert about["Rows"] == 1


def test_csv_has_a_companion_and_the_research_file_a_codebook(manager: Any, signed_in: Any) -> None:
    client = signed_in(manager)
    assert len(rows(body(client.get(f"{ADDRESS}columns/")))) == len(exports.COLUMNS)
    assert any(row["code"] == "MUR" for row in rows(body(client.get(f"{ADDRESS}columns/?codes=1"))))
    text = body(client.get(f"{ADDRESS}codebook/?format=csv")).decode("utf-8-sig")
    assert "event_id_cnty" in text
    assert "Remote explosive/landmine/IED" in text
    assert body(client.get(f"{ADDRESS}codebook/")).startswith(b"%PDF")


def test_a_map_file_says_how_many_rows_it_has(log: Any, manager: Any, signed_in: Any) -> None:
    log()
    log()
    made = json.loads(body(signed_in(manager).get(ADDRESS, {"format": "geojson"})))
    assert made["rows"] == len(made["features"]) == 2


def test_the_trail_holds_the_codes_of_the_filters_and_never_what_was_searched(
    log: Any, manager: Any, signed_in: Any
) -> None:
    log(summary="near Karim's shop")
    body(signed_in(manager).get(ADDRESS, {"format": "acled", "q": "Karim", "place": "IQG02"}))
    event = AuditEvent.objects.newest_first().filter(verb="incident.exported").first()
    assert event is not None
    assert event.detail == {"format": "acled", "rows": 1, "filters": ["place:IQG02", "q"]}


# --- research -----------------------------------------------------------------------------------

ACLED = [
    "event_id_cnty",
    "event_date",
    "year",
    "time_precision",
    "disorder_type",
    "event_type",
    "sub_event_type",
    "actor1",
    "assoc_actor_1",
    "inter1",
    "actor2",
    "assoc_actor_2",
    "inter2",
    "interaction",
    "civilian_targeting",
    "iso",
    "region",
    "country",
    "admin1",
    "admin2",
    "admin3",
    "location",
    "latitude",
    "longitude",
    "geo_precision",
    "source",
    "source_scale",
    "notes",
    "fatalities",
    "tags",
    "timestamp",
]


def taken(client: Any, **more: str) -> dict[str, dict[str, str]]:
    made = rows(body(client.get(ADDRESS, {"format": "acled", **more})))
    return {row["event_id_cnty"]: row for row in made}


def test_the_columns_are_those_that_acled_publishes() -> None:
    assert [column.key for column in research.COLUMNS] == ACLED


def test_only_what_may_leave_is_in_the_research_file(
    log: Any, manager: Any, signed_in: Any, basrah: Any
) -> None:
    secret = "a quarrel about a shop"
    kept = log(
        summary=secret,
        sources=[SourceFacts("family", "C", "3", name="Hassan", text="he said")],
        actors=[ActorFacts(category="party_militia", named_group="Some Brigade")],
        state="accepted",
    )
    log(type="SXV", killed_best=0, state="accepted")
    log(type="THR", killed_best=0, state="accepted")
    log(time_precision=4, state="accepted")
    for state in ("returned", "withdrawn", "draft"):
        log(state=state)
    refuted = log(state="accepted")
    Incident.objects.filter(pk=refuted.pk).update(
        verification="refuted", verification_reason="It was a wedding."
    )
    for sharing in ("team", "aggregate"):
        guarded = log(state="accepted")
        Incident.objects.filter(pk=guarded.pk).update(sharing=sharing)
    client = signed_in(manager)
    content = body(client.get(ADDRESS, {"format": "acled"}))
    assert {row["event_id_cnty"] for row in rows(content)} == {kept.code}
    for word in (secret, "Hassan", "he said", "Some Brigade"):
        assert word not in content.decode("utf-8-sig")
    (row,) = rows(content)
    assert (row["event_type"], row["sub_event_type"]) == ("Violence against civilians", "Attack")
    assert (row["actor1"], row["inter1"]) == ("Party Militia (Iraq)", "Political militia")
    assert row["civilian_targeting"] == "Civilian targeting"
    assert (row["iso"], row["admin1"]) == ("368", "Al-Basrah")
    assert row["source"] == "Family"


@pytest.mark.parametrize(
    ("given", "precision", "places"),
    [
        ({"geo_precision": 1, "lat": 30.512345, "lon": 47.834567}, "1", ("30.512", "47.835")),
        ({"geo_precision": 2, "lat": 30.512345, "lon": 47.834567}, "1", ("30.51", "47.83")),
        ({"geo_precision": 4}, "2", None),
        ({"geo_precision": 5}, "3", None),
    ],
)
def test_a_point_is_never_finer_than_the_place_is_known(
    log: Any, manager: Any, signed_in: Any, given: Any, precision: str, places: Any
) -> None:
    from ceasefire.places.models import Place

    incident = log(state="accepted")
    Incident.objects.filter(pk=incident.pk).update(**given)
    (row,) = taken(signed_in(manager)).values()
    assert row["geo_precision"] == precision
    if places:
        assert (row["latitude"], row["longitude"]) == places
        return
    own = Place.objects.get(pcode=ASHAR)
    area = own.district if given["geo_precision"] == 4 else own.governorate
    assert float(row["latitude"]) == pytest.approx(area.lat, abs=1e-4)
    assert row["admin3"] == ""
    assert (row["admin2"] == "") == (given["geo_precision"] == 5)
    assert row["location"] == area.name_en


def test_a_month_is_given_by_its_middle_and_an_unknown_number_is_not_nought(
    log: Any, manager: Any, signed_in: Any
) -> None:
    log(time_precision=3, killed_best=None, killed_unknown=True, state="accepted")
    (row,) = taken(signed_in(manager)).values()
    assert (row["event_date"], row["time_precision"]) == ("2026-11-15", "3")
    assert row["fatalities"] == ""


def test_the_research_file_read_as_acled_doubles_nothing(
    log: Any, manager: Any, signed_in: Any
) -> None:
    log(state="accepted")
    log(type="CLS", state="accepted")
    content = body(signed_in(manager).get(ADDRESS, {"format": "acled", "hxl": "on"}))
    outcome = importing.import_file(content, format="acled", by=None)
    assert outcome.done, outcome.problems
    assert (outcome.created, outcome.unchanged) == (0, 2)
    assert [remark.code for remark in outcome.warnings] == ["ours_already"]


def test_the_workbook_of_the_research_file_holds_its_codebook(
    log: Any, manager: Any, signed_in: Any
) -> None:
    log(state="accepted")
    answer = signed_in(manager).get(ADDRESS, {"format": "acled-xlsx"})
    book = openpyxl.load_workbook(io.BytesIO(body(answer)))
    assert book.sheetnames[:2] == ["Events", "Codebook"]
    assert [cell.value for cell in book.worksheets[0][1]] == ACLED
    assert "events-" in answer["Content-Disposition"]


# --- round trip ---------------------------------------------------------------------------------

PIECES = [
    *("=1+1", "+9", "-2+3", "@x", "＝1", "'", "''=", '"', '""', ",", ";", "\n", "\r\n", "\t", " "),
    *(
        "\u202e",
        "\u200f",
        "\u2066",
        "\u200c",
        "٣٤",
        "۵",
        "القتلى",
        "a",
        "\x00",
        "\ufeff",
        "|",
        "\\N",
    ),
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=8).map("".join) | st.text(max_size=40)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(texts=st.lists(TEXTS, min_size=1, max_size=6))
def test_whatever_was_written_comes_back_the_same(basrah: Any, worker: Any, texts: Any) -> None:
    from django.db import transaction

    from incidents.services import create_incident
    from tests.incidents.conftest import FAIR, facts

    with transaction.atomic():
        for at, text in enumerate(texts):
            create_incident(
                site=basrah,
                facts=facts(
                    summary=clean_text(text.replace("\r\n", "\n").replace("\r", "\n")).strip(),
                    occurred_from=MOMENT - timedelta(hours=at),
                ),
                sources=[FAIR],
                by=worker,
                submit=True,
                at=MOMENT + timedelta(hours=1),
            )
        found = exports.rows(Incident.objects.all())
        for tags in (False, True):
            content = b"".join(write_csv(exports.COLUMNS, found, tags=tags))
            outcome = importing.import_file(content, format="table", by=None)
            assert outcome.done, outcome.problems
            assert outcome.unchanged == len(texts)
        transaction.set_rollback(True)


def test_the_order_is_that_of_the_days(log: Any, manager: Any, signed_in: Any) -> None:
    for hours in (3, 1, 2):
        log(occurred_from=MOMENT - timedelta(hours=hours))
    found = [
        row["occurred_from"]
        for row in rows(body(signed_in(manager).get(ADDRESS, {"format": "csv"})))
    ]
    assert found == sorted(found)


def test_rows_without_models_say_the_same_as_the_records(basrah: Any, log: Any) -> None:
    log(
        killed_best=None,
        killed_unknown=True,
        weapons=["pistol"],
        sources=[SourceFacts("police", "C", "3"), SourceFacts("family", "B", "2")],
        actors=[ActorFacts(category="tribal"), ActorFacts(category="lone")],
        state="accepted",
    )
    importing.import_file(
        table({"latitude": "30.5", "longitude": "47.8"}), format="table", site=basrah, by=None
    )
    found = exports.rows(Incident.objects.all())
    by_model = b"".join(write_csv(exports.COLUMNS, found))
    assert b"".join(write_csv(exports.SLIM, exports.slim(found))) == by_model


def test_a_row_that_was_imported_comes_out_and_back_in_unchanged(basrah: Any) -> None:
    content = table({"summary": "'=1+1"}, {"summary": "\u202eabc"}, {"killed_best": "٣"})
    importing.import_file(content, format="table", site=basrah, by=None)
    out = b"".join(write_csv(exports.COLUMNS, exports.rows(Incident.objects.all())))
    assert importing.import_file(out, format="table", by=None).unchanged == 3
