"""Reading lists in: what a row becomes, what is refused, and that nothing is ever doubled."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.utils import translation

from ceasefire import periods, vault, worklist
from ceasefire.audit.models import AuditEvent
from ceasefire.people.roles import Role
from ceasefire.places.models import Site
from incidents import importing, services
from incidents.importing import reading
from incidents.importing.problems import WORDS, FileRefused
from incidents.models import (
    ImportBatch,
    ImportChange,
    Incident,
    IncidentResponse,
    IncidentRevision,
    RetaliationWatch,
    Source,
)
from tests.incidents.files_to_import import ROW, SLICE, as_csv, published, table, ucdp_rows

pytestmark = pytest.mark.django_db


def ucdp(content: bytes | None = None, **kw: Any) -> importing.Outcome:
    """Import the slice as the system."""
    kw = {"by": None, **kw}
    return importing.import_file(content or SLICE.read_bytes(), format="ucdp-ged", **kw)


def rows_in(content: bytes, basrah: Any, **kw: Any) -> importing.Outcome:
    """Import a table into Basrah Centre as the system."""
    kw = {"by": None, "site": basrah, **kw}
    return importing.import_file(content, format="table", **kw)


def found(outcome: importing.Outcome) -> list[tuple[int, str, str]]:
    return [(problem.row, problem.column, problem.code) for problem in outcome.problems]


# --- UCDP GED -----------------------------------------------------------------------------------


def test_a_ucdp_file_is_read_whole_into_the_list_of_its_own_site() -> None:
    outcome = ucdp()
    assert outcome.counts() == {
        "read": 42,
        "created": 42,
        "updated": 0,
        "unchanged": 0,
        "rejected": 0,
    }
    site = Site.objects.get(code="UCDP-GED")
    assert site.read_only
    assert Incident.objects.filter(site=site, origin="ucdp-ged").count() == 42


def test_the_same_file_again_makes_nothing() -> None:
    ucdp()
    before = list(Incident.objects.order_by("pk").values())
    again = ucdp()
    assert again.counts() == {
        "read": 42,
        "created": 0,
        "updated": 0,
        "unchanged": 42,
        "rejected": 0,
    }
    assert list(Incident.objects.order_by("pk").values()) == before


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"type_of_violence": "1"}, {"type": "CLS"}),
        ({"type_of_violence": "2"}, {"type": "CLS"}),
        ({"type_of_violence": "3"}, {"type": "MUR"}),
        ({"date_prec": "1"}, {"time_precision": 1}),
        ({"date_prec": "2"}, {"time_precision": 2}),
        ({"date_prec": "3"}, {"time_precision": 2}),
        ({"date_prec": "4"}, {"time_precision": 3}),
        ({"date_prec": "5"}, {"time_precision": 4}),
        (
            {"where_prec": "1"},
            {"geo_precision": 1, "place__pcode": "IQG02Q02N02", "lat": 30.533016},
        ),
        (
            {"where_prec": "2"},
            {"geo_precision": 2, "place__pcode": "IQG02Q02N02", "lat": 30.533016},
        ),
        ({"where_prec": "3"}, {"geo_precision": 4, "place__pcode": "IQG02Q02", "lat": None}),
        ({"where_prec": "4"}, {"geo_precision": 5, "place__pcode": "IQG02", "lat": None}),
        ({"where_prec": "5"}, {"geo_precision": 5, "place__pcode": "IQG02"}),
        ({"where_prec": "6"}, {"geo_precision": 5, "place__pcode": "IQ"}),
        ({"where_prec": "7"}, {"geo_precision": 5, "place__pcode": "IQ", "district": None}),
        (
            {"low": "2", "best": "5", "high": "9"},
            {"killed_min": 2, "killed_best": 5, "killed_max": 9},
        ),
        # Bounds that do not hold the best figure are widened; the best figure stays.
        (
            {"low": "7", "best": "5", "high": "5"},
            {"killed_min": 5, "killed_best": 5, "killed_max": 7},
        ),
        ({"number_of_sources": "2"}, {"verification": "corroborated"}),
        ({"number_of_sources": "1"}, {"verification": "provisional"}),
        ({"number_of_sources": "-1"}, {"verification": "provisional"}),
    ],
)
def test_a_ucdp_row_is_mapped_as_decided(facts: dict[str, str], expected: dict[str, Any]) -> None:
    row = next(row for row in ucdp_rows() if row["id"] == "145155")
    renamed = {"id": "9", "low": "1", "best": "1", "high": "1", "number_of_sources": "", **facts}
    outcome = ucdp(published([row], **renamed))
    assert outcome.done, outcome.problems
    assert Incident.objects.filter(**expected).count() == 1, Incident.objects.values()[0]


def test_a_ucdp_row_keeps_its_days_source_and_original() -> None:
    row = {**ucdp_rows()[0], "date_start": "2007-03-04", "date_end": "2007-03-06"}
    ucdp(as_csv([row]))
    incident = Incident.objects.get()
    assert incident.occurred_from == datetime(2007, 3, 3, 21, 0, tzinfo=UTC)  # 00:00 in Baghdad
    assert incident.occurred_to == datetime(2007, 3, 6, 20, 59, 59, tzinfo=UTC)
    assert str(incident.occurred_on) == "2007-03-04"
    assert incident.workflow_state == "accepted"
    assert incident.submitted_at is not None
    assert incident.accepted_at is not None
    assert incident.original["side_b"] == row["side_b"]
    assert incident.origin_id == row["id"]
    source = incident.sources.get()
    assert (source.kind, source.reliability, source.credibility) == ("media", "B", "2")
    assert row["side_a"] in incident.summary


def test_names_of_the_press_are_not_kept() -> None:
    ucdp(published(ucdp_rows()[:1]))
    incident = Incident.objects.get()
    assert "Someone Named" not in json.dumps(incident.original) + incident.summary


@pytest.mark.parametrize("tags", [False, True])
def test_the_published_file_gives_the_same_incidents_as_the_reduced_one(tags: bool) -> None:
    ucdp()
    reduced = {
        (i.origin_id, i.place_id, i.killed_best, i.occurred_from) for i in Incident.objects.all()
    }
    Source.objects.all().delete()
    Incident.objects.all()._raw_delete("default")
    outcome = ucdp(published(ucdp_rows(), tags=tags))
    assert outcome.counts()["created"] == 42
    assert outcome.warnings[0].row >= (3 if tags else 2)
    assert reduced == {
        (i.origin_id, i.place_id, i.killed_best, i.occurred_from) for i in Incident.objects.all()
    }


def test_a_point_outside_the_border_takes_the_nearest_place_or_is_refused() -> None:
    near = next(row for row in ucdp_rows() if row["latitude"] == "34.301004")
    outcome = ucdp(as_csv([near]))
    assert [warning.code for warning in outcome.warnings] == ["near_border"]
    assert Incident.objects.get().place.governorate.pcode == "IQG01"
    tehran = {**near, "id": "1", "latitude": "35.7", "longitude": "51.4"}
    outcome = ucdp(as_csv([tehran]))
    assert found(outcome) == [(2, "latitude", "point_outside_iraq")]
    # A row about all of Iraq needs no point inside it.
    assert ucdp(as_csv([{**tehran, "where_prec": "6"}])).done


def test_another_governorate_than_the_point_says_is_a_remark() -> None:
    row = {**ucdp_rows()[0], "governorate": "Baghdad"}
    outcome = ucdp(as_csv([row]))
    assert outcome.done
    assert [warning.code for warning in outcome.warnings if "gov" in warning.code] == [
        "governorate_differs"
    ]


def test_rows_beside_the_site_they_are_meant_for_are_remarked_once(basrah: Any) -> None:
    rows = ucdp_rows()
    outcome = ucdp(as_csv(rows), site=basrah)
    assert outcome.done
    said = [warning for warning in outcome.warnings if warning.code == "outside_site"]
    wide = Incident.objects.filter(place__pcode__in=["IQG02", "IQ"]).count()
    inside = len(_ids_in("IQG02Q02"))
    assert [warning.value for warning in said] == [str(len(rows) - inside - wide)]
    assert 0 < inside + wide < len(rows)


def test_rows_in_the_area_of_their_site_are_not_remarked(basrah: Any) -> None:
    ucdp()
    here = [row for row in ucdp_rows() if row["id"] in _ids_in("IQG02Q02")]
    outcome = ucdp(as_csv(here), site=basrah)
    assert here
    assert "outside_site" not in {warning.code for warning in outcome.warnings}


def _ids_in(pcode: str) -> set[str]:
    return set(Incident.objects.filter(district__pcode=pcode).values_list("origin_id", flat=True))


@pytest.mark.parametrize(
    "name", ["Basrah", "Basra province", "Al Başrah governorate", "البصرة", "محافظة البصرة"]
)
def test_a_governorate_is_known_by_its_spellings(name: str) -> None:
    outcome = ucdp(as_csv([{**ucdp_rows()[0], "governorate": name}]))
    assert "governorate_differs" not in {warning.code for warning in outcome.warnings}


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("id", "", "required"),
        ("type_of_violence", "4", "code_unknown"),
        ("type_of_violence", "state", "not_a_number"),
        ("date_prec", "0", "code_unknown"),
        ("where_prec", "8", "code_unknown"),
        ("latitude", "north", "not_a_coordinate"),
        ("latitude", "300", "not_a_coordinate"),
        ("longitude", "", "required"),
        ("date_start", "11/12/2026", "date_not_iso"),
        ("date_start", "2007-02-30", "date_impossible"),
        ("date_end", "1980-01-01", "ends_before_start"),
        ("deaths_best", "-1", "number_negative"),
        ("deaths_best", "many", "not_a_number"),
        ("deaths_high", "1e9", "not_a_number"),
        ("deaths_high", "999999999", "number_too_large"),
    ],
)
def test_a_bad_ucdp_cell_is_named_by_row_and_column(column: str, value: str, code: str) -> None:
    good, bad = ucdp_rows()[0], {**ucdp_rows()[3], column: value}
    outcome = ucdp(as_csv([good, bad]))
    assert (3, column, code) in found(outcome)
    assert not outcome.done
    assert not Incident.objects.exists()
    assert not ImportBatch.objects.exists()


def test_another_country_is_refused_and_may_be_skipped() -> None:
    rows = ucdp_rows()[:2]
    content = published(rows).replace(b",Iraq,", b",Syria,", 1)
    assert found(ucdp(content))[0][2] == "other_country"
    assert ucdp(content, skip_rejected=True).counts() == {
        "read": 2,
        "created": 1,
        "updated": 0,
        "unchanged": 0,
        "rejected": 1,
    }


# --- the file ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b" \n\n", "file_empty"),
        (b"PK\x03\x04 a workbook", "file_not_workbook"),
        (b"\x89PNG\r\n\x1a\n", "file_not_text"),
        (b"id,type\x00\n1,2\n", "null_character"),
        (b"a,b\n1,2\n", "column_missing"),
        (SLICE.read_bytes().split(b"\n")[0] + b"\n", "file_without_rows"),
        (b"id,id\n1,2\n", "column_twice"),
        (b'id,date_start\n1,"' + b"x" * 200_000 + b'"\n', "cell_too_long"),
        (b'id,date_start\n1,"never closed\n' + b"2,3\n" * 60_000, "cell_too_long"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_file_that_is_no_list_is_refused_whole(content: bytes, code: str) -> None:
    outcome = importing.import_file(content or b"", format="ucdp-ged", by=None)
    assert [problem.code for problem in outcome.problems] == [code]
    assert not outcome.done
    assert outcome.counts()["read"] == 0


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_usual_encoding_and_delimiter_is_read(
    basrah: Any, encoding: str, delimiter: str
) -> None:
    content = table({"summary": "قُتل رجل, في; السوق"}, delimiter=delimiter, encoding=encoding)
    assert rows_in(content, basrah).done
    assert Incident.objects.get().summary == "قُتل رجل, في; السوق"


def test_arabic_windows_text_is_read_with_a_remark(basrah: Any) -> None:
    outcome = rows_in(table({"summary": "قتل رجل"}, encoding="cp1256"), basrah)
    assert [warning.code for warning in outcome.warnings] == ["encoding_guessed"]
    assert Incident.objects.get().summary == "قتل رجل"


def test_rows_are_numbered_as_a_spreadsheet_numbers_them() -> None:
    sheet = reading.read_sheet(b'a,b\n#x,#y\n"two\nlines",1\n\n3,4\n5\n')
    assert [row.number for row in sheet.rows] == [3, 5]
    assert [(problem.row, problem.code) for problem in sheet.problems] == [(6, "cells_missing")]


def test_a_first_line_that_names_the_separator_is_understood(basrah: Any) -> None:
    assert rows_in(b"sep=;\r\n" + table({}, delimiter=";"), basrah).done


# --- our own table -------------------------------------------------------------------------------


def test_a_table_row_with_all_columns_becomes_an_incident(basrah: Any) -> None:
    outcome = rows_in(
        table(
            {
                "type": "ATM",
                "occurred_from": "05/03/2026 22:15",
                "time_of_day": "night",
                "latitude": "30.512",
                "longitude": "47.835",
                "killed_min": "0",
                "killed_best": "unknown",
                "killed_max": "2",
                "injured_best": "٣",
                "weapons": "pistol; rifle",
                "actor_category": "tribal;tribal",
                "source_kind": "police;family",
                "source_reliability": "C;B",
                "source_credibility": "3;2",
                "workflow_state": "accepted",
                "method": "Drive_By",
            }
        ),
        basrah,
    )
    assert outcome.done, outcome.problems
    incident = Incident.objects.get()
    assert incident.occurred_from == datetime(2026, 3, 5, 19, 15, tzinfo=UTC)
    assert (incident.killed_best, incident.killed_unknown, incident.killed_max) == (None, True, 2)
    assert incident.injured_best == 3
    assert incident.weapons == ["pistol", "rifle"]
    assert incident.method == "drive_by"
    assert [actor.category for actor in incident.actors.all()] == ["tribal", "tribal"]
    assert [source.kind for source in incident.sources.all()] == ["police", "family"]
    assert (incident.verification, incident.verification_rule) == ("corroborated", "two_strong")
    assert incident.workflow_state == "accepted"
    assert incident.origin == f"table/{basrah.pk}"
    assert incident.district.pcode == "IQG02Q02"
    assert incident.code.lower().replace("-", " ") in incident.search_key


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-03-05", "2026-03-05"),
        ("5/3/2026", "2026-03-05"),
        ("05.03.2026", "2026-03-05"),
        # Day first, always: Django's Arabic format reads this one as the 12th of November.
        ("11/12/2025", "2025-12-11"),
        ("٠٥/٠٣/٢٠٢٦", "2026-03-05"),
        ("۰۵/۰۳/۲۰۲۶", "2026-03-05"),
        ("2026-03-05T23:30:00+00:00", "2026-03-06"),
        ("2026-03-05 23:30", "2026-03-05"),
    ],
)
def test_days_are_read_day_first_in_either_digits(basrah: Any, written: str, day: str) -> None:
    assert rows_in(table({"occurred_from": written}), basrah).done
    assert str(Incident.objects.get().occurred_on) == day


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"type": "WAR"}, "code_unknown"),
        ({"type": ""}, "required"),
        ({"occurred_from": "13/13/2026"}, "date_impossible"),
        ({"occurred_from": "3/31/2026"}, "date_impossible"),
        ({"occurred_from": "yesterday"}, "not_a_date"),
        ({"occurred_from": "2999-01-01"}, "date_in_future"),
        ({"occurred_from": "1066-10-14"}, "date_too_early"),
        ({"occurred_to": "2026-03-01"}, "ends_before_start"),
        ({"place": "Atlantis"}, "place_unknown"),
        ({"place": ""}, "required"),
        ({"killed_best": ""}, "required"),
        ({"killed_best": "two"}, "not_a_number"),
        ({"killed_best": "-2"}, "number_negative"),
        ({"killed_best": "1.5"}, "not_a_number"),
        ({"killed_min": "3"}, "out_of_order"),
        ({"latitude": "30.5"}, "point_incomplete"),
        ({"geo_precision": "7"}, "code_unknown"),
        ({"weapons": "pistol; spoon"}, "code_unknown"),
        ({"source_kind": ""}, "required"),
        (
            {
                "source_kind": "police;family",
                "source_reliability": "C",
                "source_credibility": "3;3",
            },
            "lists_differ",
        ),
        ({"site": "NOWHERE"}, "site_unknown"),
        ({"workflow_state": "returned"}, "state_not_importable"),
        ({"workflow_state": "asleep"}, "code_unknown"),
        ({"verification": "sure"}, "code_unknown"),
        ({"summary": "x" * 4001}, "text_too_long"),
        ({"subtype": "x" * 61}, "text_too_long"),
        ({"code": "=1+1"}, None),
    ],
)
def test_a_bad_table_cell_is_refused_with_its_reason(
    basrah: Any, change: dict[str, str], code: str | None
) -> None:
    outcome = rows_in(table(change), basrah)
    if code is None:
        assert outcome.done
        return
    [problem] = outcome.problems
    assert (problem.row, problem.code) == (2, code)
    assert problem.column in {*change, "source_reliability", "killed_best", "longitude"}
    assert not Incident.objects.exists()


def test_every_reason_has_words_in_the_readers_language(basrah: Any) -> None:
    outcome = rows_in(table({"killed_best": "two"}), basrah)
    assert outcome.problems[0].reason == "This is not a whole number."
    with translation.override("ar"):
        assert outcome.problems[0].reason
    assert all(str(words) for words in WORDS.values())


def test_a_place_is_found_by_any_of_its_names_and_by_a_point(basrah: Any) -> None:
    content = table(
        {"place": "العشار"},
        {"place": "al-ashar"},
        {"place": "Ashar"},
        {"place": "", "latitude": "30.512", "longitude": "47.835"},
    )
    outcome = rows_in(content, basrah)
    assert outcome.done, outcome.problems
    assert sorted(Incident.objects.values_list("place__pcode", flat=True)) == [
        "IQG02Q02N02",
        "IQG02Q02N02-ASHAR",
        "IQG02Q02N02-ASHAR",
        "IQG02Q02N02-ASHAR",
    ]


def test_a_name_of_a_source_goes_to_the_vault_and_nowhere_else(basrah: Any) -> None:
    outcome = rows_in(table({"source_name": "Karim Hassan"}), basrah)
    source = Source.objects.get()
    assert source.has_sealed_name
    assert vault.unseal(source, "name", by=None) == "Karim Hassan"
    everything = json.dumps(
        [*Incident.objects.values(), *ImportBatch.objects.values(), *Source.objects.values()],
        default=str,
    )
    assert "Karim" not in everything
    assert outcome.done


def test_a_name_in_a_refused_row_is_not_repeated(basrah: Any) -> None:
    outcome = rows_in(
        table(
            {
                "source_name": "Karim; Hassan; Ali",
                "source_kind": "police;ngo",
                "source_reliability": "C;C",
                "source_credibility": "3;3",
            }
        ),
        basrah,
    )
    assert found(outcome) == [(2, "source_name", "lists_differ")]
    assert outcome.problems[0].value == ""


def test_the_same_row_twice_in_a_file_is_refused(basrah: Any) -> None:
    outcome = rows_in(table({"source_id": "7"}, {"source_id": "7"}), basrah)
    assert found(outcome) == [(3, "source_id", "twice_in_file")]
    outcome = rows_in(table({"source_id": ""}, {"source_id": ""}), basrah)
    assert found(outcome) == [(3, "source_id", "twice_in_file")]


def test_rows_without_an_id_are_known_by_what_they_hold(basrah: Any) -> None:
    content = table({"source_id": None}, {"source_id": None, "killed_best": "2"})
    assert rows_in(content, basrah).created == 2
    assert rows_in(content, basrah).unchanged == 2


def test_two_sites_may_number_their_rows_alike(basrah: Any, zubair: Any) -> None:
    content = table(
        {"source_id": "1"}, {"source_id": "1", "site": "AL-ZUBAIR", "place": "IQG02Q06"}
    )
    assert rows_in(content, basrah).created == 2


def test_formula_cells_are_text_and_come_back_as_they_were(basrah: Any) -> None:
    assert rows_in(table({"summary": "'=HYPERLINK(1)"}), basrah).done
    assert Incident.objects.get().summary == "=HYPERLINK(1)"


def test_sexual_violence_is_sensitive_from_the_first_moment(basrah: Any) -> None:
    assert rows_in(table({"type": "SXV", "killed_best": "0"}), basrah).done
    assert Incident.objects.get().is_sensitive


def test_a_grade_that_differs_from_the_sources_gives_its_reason(basrah: Any) -> None:
    assert rows_in(table({"verification": "disputed"}), basrah).done
    incident = Incident.objects.get()
    assert (incident.verification, incident.verification_computed) == ("disputed", "provisional")
    assert incident.verification_reason


# --- rows that were imported before ---------------------------------------------------------------


def test_a_changed_row_updates_its_record_as_a_revision() -> None:
    first = ucdp(
        as_csv([{**ucdp_rows()[0], "deaths_best": "4", "deaths_low": "4", "deaths_high": "9"}])
    )
    changed = {**ucdp_rows()[0], "deaths_best": "6", "deaths_low": "4", "deaths_high": "9"}
    second = ucdp(as_csv([changed]))
    assert second.counts()["updated"] == 1
    incident = Incident.objects.get()
    assert (incident.killed_best, incident.version) == (6, 2)
    assert incident.batch == first.batch
    revision = IncidentRevision.objects.get()
    assert revision.changes == {"killed_best": [4, 6]}
    assert ImportChange.objects.get().before["fields"]["killed_best"] == 4


def test_a_record_that_staff_worked_on_is_not_changed_by_a_file() -> None:
    ucdp(as_csv(ucdp_rows()[:2]))
    Incident.objects.filter(origin_id="145155").update(version=2, summary="Checked by staff.")
    rows = [{**row, "side_a": "Somebody else"} for row in ucdp_rows()[:2]]
    outcome = ucdp(as_csv(rows))
    assert [problem.code for problem in outcome.problems] == ["worked_on"]
    assert ucdp(as_csv(rows), skip_rejected=True).counts()["updated"] == 1
    assert Incident.objects.get(origin_id="145155").summary == "Checked by staff."
    # The same file as before says nothing new, whatever staff did since.
    assert ucdp(as_csv(ucdp_rows()[:1])).counts()["unchanged"] == 1


def test_a_table_without_a_column_leaves_that_field_alone(basrah: Any) -> None:
    rows_in(table({"summary": "First words.", "motive": "tribal"}), basrah)
    outcome = rows_in(table({"summary": None, "motive": None, "injured_best": "2"}), basrah)
    assert outcome.counts()["updated"] == 1
    incident = Incident.objects.get()
    assert (incident.summary, incident.motive, incident.injured_best) == (
        "First words.",
        "tribal",
        2,
    )


# --- undo ----------------------------------------------------------------------------------------


def test_undo_removes_what_the_batch_made(basrah: Any) -> None:
    outcome = rows_in(table({"source_name": "Karim"}, {}), basrah)
    assert outcome.batch is not None
    importing.undo_batch(outcome.batch, by=None)
    assert not Incident.objects.exists()
    assert not Source.objects.exists()
    assert not vault.find("name", "Karim")
    outcome.batch.refresh_from_db()
    assert outcome.batch.state == "undone"
    assert AuditEvent.objects.newest_first()[1].verb == "incident.import_undone"
    with pytest.raises(importing.NothingToUndo):
        importing.undo_batch(outcome.batch, by=None)
    assert rows_in(table({}, {}), basrah).counts()["created"] == 2


def test_undo_restores_what_the_batch_changed() -> None:
    ucdp(as_csv(ucdp_rows()[:1]))
    before = Incident.objects.values("killed_best", "summary", "place", "verification").get()
    changed = {**ucdp_rows()[0], "deaths_best": "9", "deaths_high": "30", "where_prec": "4"}
    second = ucdp(as_csv([changed]))
    assert second.batch is not None
    importing.undo_batch(second.batch, by=None)
    assert (
        Incident.objects.values("killed_best", "summary", "place", "verification").get() == before
    )
    assert Incident.objects.get().version == 3
    # And the list may be read again.
    assert ucdp(as_csv([changed])).counts()["updated"] == 1


def test_undo_refuses_whole_and_names_the_record_that_staff_worked_on(basrah: Any) -> None:
    outcome = rows_in(table({}, {}), basrah)
    assert outcome.batch is not None
    touched = Incident.objects.order_by("code").first()
    assert touched is not None
    Incident.objects.filter(pk=touched.pk).update(version=2)
    with pytest.raises(importing.UndoRefused) as refused:
        importing.undo_batch(outcome.batch, by=None)
    assert refused.value.rows == [(touched.code, "worked_on")]
    assert Incident.objects.count() == 2


def test_a_refusal_names_no_record_that_the_person_may_not_see(
    basrah: Any, data_officer: Any, signed_in: Any
) -> None:
    rows = [{}, {}]
    outcome = rows_in(table(*rows), basrah, by=data_officer)
    assert outcome.batch is not None
    hidden, open_one = Incident.objects.order_by("code")
    Incident.objects.filter(pk=hidden.pk).update(version=2, staff_involved=True, is_sensitive=True)
    Incident.objects.filter(pk=open_one.pk).update(version=2)

    with pytest.raises(importing.UndoRefused) as refused:
        importing.undo_batch(outcome.batch, by=data_officer)
    assert set(refused.value.rows) == {("", "worked_on"), (open_one.code, "worked_on")}
    page = signed_in(data_officer).post(f"{outcome.batch.get_absolute_url()}undo/")
    assert hidden.code not in page.content.decode()
    assert "A record that is not shown to you" in page.content.decode()


def test_a_changed_list_names_no_record_that_the_person_may_not_see(data_officer: Any) -> None:
    ucdp(as_csv(ucdp_rows()[:2]))
    Incident.objects.filter(origin_id="145155").update(
        version=2, staff_involved=True, is_sensitive=True
    )
    rows = [{**row, "side_a": "Somebody else"} for row in ucdp_rows()[:2]]
    [named] = ucdp(as_csv(rows)).problems
    assert (named.code, named.value) == ("worked_on", Incident.objects.get(origin_id="145155").code)
    data_officer.sites.set(Incident.objects.values_list("site", flat=True))
    [problem] = ucdp(as_csv(rows), by=data_officer).problems
    assert (problem.code, problem.value) == ("elsewhere", "145155")


def test_a_later_import_is_undone_first() -> None:
    first = ucdp(as_csv(ucdp_rows()[:1]))
    ucdp(as_csv([{**ucdp_rows()[0], "side_a": "Somebody else"}]))
    assert first.batch is not None
    with pytest.raises(importing.UndoRefused) as refused:
        importing.undo_batch(first.batch, by=None)
    assert refused.value.rows[0][1] == "undone_order"


# --- clocks -------------------------------------------------------------------------------------


def days_ago(days: int) -> str:
    return (periods.today() - timedelta(days=days)).isoformat()


def test_a_killing_of_the_last_days_is_on_the_clock_when_its_table_is_read_in(
    basrah: Any, make_user: Any
) -> None:
    supervisor = make_user(Role.SUPERVISOR, basrah)
    before = periods.now()
    outcome = rows_in(
        table(
            {"occurred_from": days_ago(3), "actor_category": "tribal"},
            {"occurred_from": days_ago(3), "reported_at": f"{days_ago(3)}T13:00"},
            {"occurred_from": days_ago(15)},
            {"occurred_from": days_ago(3), "type": "ROB", "killed_best": "0"},
        ),
        basrah,
    )
    assert found(outcome) == []
    unheard, heard = IncidentResponse.objects.order_by("incident__code")

    # Nobody said when it was heard of: with the import, and its 72 hours run from there.
    assert (unheard.incident.origin_id, unheard.late_notice) == ("A-1", True)
    assert unheard.started_at == unheard.incident.reported_at >= before
    assert (heard.incident.origin_id, heard.late_notice) == ("A-2", False)
    assert heard.started_at == heard.incident.occurred_from
    old = Incident.objects.get(origin_id="A-3")
    assert old.reported_at == old.occurred_from
    # A tribe is known: both sides are watched.
    assert RetaliationWatch.objects.get().incident == unheard.incident
    assert worklist.unread(supervisor) == 2


def test_a_row_that_was_changed_moves_its_clock(basrah: Any) -> None:
    rows_in(table({"occurred_from": days_ago(3), "type": "ROB", "killed_best": "0"}), basrah)
    assert not IncidentResponse.objects.exists()
    second = rows_in(table({"occurred_from": days_ago(3)}), basrah)
    assert second.counts()["updated"] == 1
    assert IncidentResponse.objects.get().closed_at is None

    assert second.batch is not None
    importing.undo_batch(second.batch, by=None)
    assert IncidentResponse.objects.get().closed_reason == IncidentResponse.Closed.RETYPED


def test_a_clock_that_nobody_answered_goes_with_its_import(basrah: Any, make_user: Any) -> None:
    rows = {"occurred_from": days_ago(3), "actor_category": "tribal"}
    batch = rows_in(table(rows), basrah).batch
    assert batch is not None
    importing.undo_batch(batch, by=None)
    assert not IncidentResponse.objects.exists()
    assert not RetaliationWatch.objects.exists()

    batch = rows_in(table(rows), basrah).batch
    supervisor = make_user(Role.SUPERVISOR, basrah)
    assert batch is not None
    services.take_response(Incident.objects.get(), by=supervisor)
    with pytest.raises(importing.UndoRefused) as refused:
        importing.undo_batch(batch, by=None)
    assert [why for _code, why in refused.value.rows] == ["worked_on"]


def test_an_outside_list_begins_no_clock() -> None:
    today = periods.today().isoformat()
    row = {**ucdp_rows()[0], "date_start": today, "date_end": today, "year": today[:4]}
    outcome = ucdp(as_csv([row]))
    assert outcome.counts()["created"] == 1
    assert not IncidentResponse.objects.exists()


# --- who may ------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [role for role in Role.values if role != Role.DATA_OFFICER])
def test_only_data_officers_import(make_user: Any, basrah: Any, role: str) -> None:
    with pytest.raises(PermissionDenied):
        rows_in(table(), basrah, by=make_user(role, basrah))


def test_nobody_imports_into_another_site(data_officer: Any, zubair: Any, basrah: Any) -> None:
    with pytest.raises(PermissionDenied):
        rows_in(table(), zubair, by=data_officer)
    outcome = rows_in(table({"site": "AL-ZUBAIR"}), basrah, by=data_officer)
    assert found(outcome) == [(2, "site", "site_unknown")]


def test_a_row_of_another_site_is_not_changed(data_officer: Any, basrah: Any, zubair: Any) -> None:
    ucdp(as_csv(ucdp_rows()[:1]), site=zubair)
    changed = as_csv([{**ucdp_rows()[0], "side_a": "Somebody else"}])
    outcome = ucdp(changed, site=basrah, by=data_officer)
    assert found(outcome) == [(2, "id", "elsewhere")]


def test_the_trail_ends_with_one_entry_for_the_batch(data_officer: Any, basrah: Any) -> None:
    rows_in(table({}, {}), basrah, by=data_officer)
    event = AuditEvent.objects.newest_first().first()
    assert event is not None
    assert (event.verb, event.actor, event.site) == ("incident.imported", data_officer, basrah)
    assert event.detail["created"] == 2


# --- ACLED ---------------------------------------------------------------------------------------

ACLED = {
    "event_id_cnty": "IRQ1",
    "event_date": "15 January 2023",
    "event_type": "Violence against civilians",
    "sub_event_type": "Attack",
    "time_precision": "1",
    "geo_precision": "1",
    "latitude": "30.5081",
    "longitude": "47.7835",
    "fatalities": "1",
    "actor1": "Unidentified Armed Group (Iraq)",
    "actor2": "Civilians (Iraq)",
    "admin1": "Al Basrah",
    "location": "Basrah",
    "country": "Iraq",
    "source": "Al Mirbad; NINA",
    "notes": "On 15 January, gunmen killed Ahmad Somebody.",
}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, {"type": "MUR", "verification": "corroborated", "geo_precision": 2}),
        ({"fatalities": "0"}, {"type": "ATM"}),
        ({"sub_event_type": "Suicide bomb"}, {"type": "SUI"}),
        ({"sub_event_type": "Sexual violence"}, {"type": "SXV", "is_sensitive": True}),
        ({"geo_precision": "3"}, {"geo_precision": 5, "lat": None, "place__pcode": "IQG02"}),
        ({"event_date": "2023-01-15", "source": "NINA"}, {"verification": "provisional"}),
    ],
)
def test_an_acled_row_is_mapped(change: dict[str, str], expected: dict[str, Any]) -> None:
    outcome = importing.import_file(as_csv([{**ACLED, **change}]), format="acled", by=None)
    assert outcome.done, outcome.problems
    assert Incident.objects.filter(**expected).exists(), Incident.objects.values()[0]
    assert "Somebody" not in json.dumps(list(Incident.objects.values()), default=str)


def test_peaceful_acled_events_are_refused_by_name() -> None:
    content = as_csv([{**ACLED, "sub_event_type": "Peaceful protest"}])
    outcome = importing.import_file(content, format="acled", by=None)
    assert found(outcome) == [(2, "sub_event_type", "not_violence")]


# --- the command ---------------------------------------------------------------------------------


def test_the_command_ends_with_the_counts_as_json(capsys: Any) -> None:
    call_command("import_incidents", str(SLICE), format="ucdp-ged")
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {
        "read": 42,
        "created": 42,
        "updated": 0,
        "unchanged": 0,
        "rejected": 0,
    }


def test_a_dry_run_writes_nothing(capsys: Any) -> None:
    call_command("import_incidents", str(SLICE), format="ucdp-ged", dry_run=True)
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["created"] == 42
    assert not Incident.objects.exists()
    assert not ImportBatch.objects.exists()
    assert not Site.objects.exists()
    assert not AuditEvent.objects.exists()


def test_the_command_refuses_all_names_each_fault_and_writes_them_down(
    tmp_path: Any, capsys: Any
) -> None:
    rows = ucdp_rows()[:3]
    rows[1] = {**rows[1], "deaths_best": "some"}
    file, rejects = tmp_path / "in.csv", tmp_path / "rejects.csv"
    file.write_bytes(as_csv(rows))
    with pytest.raises(CommandError) as stopped:
        call_command("import_incidents", str(file), format="ucdp-ged", rejects=str(rejects))
    assert stopped.value.returncode == 1
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {
        "read": 3,
        "created": 0,
        "updated": 0,
        "unchanged": 0,
        "rejected": 1,
    }
    written = rejects.read_text(encoding="utf-8-sig").splitlines()
    assert written[0] == "row,column,reason,value"
    assert written[1].startswith('3,"deaths_best","This is not a whole number."')
    assert not Incident.objects.exists()
    with pytest.raises(CommandError) as stopped:
        call_command("import_incidents", str(file), format="ucdp-ged", skip_rejected=True)
    assert stopped.value.returncode == 1
    assert Incident.objects.count() == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["/no/such/file.csv", "--format", "table"],
        [str(SLICE), "--format", "ucdp-ged", "--site", "NOWHERE"],
        [str(SLICE), "--format", "excel"],
    ],
)
def test_wrong_arguments_are_exit_two(arguments: list[str]) -> None:
    with pytest.raises(CommandError) as stopped:
        call_command("import_incidents", *arguments)
    assert getattr(stopped.value, "returncode", 1) == 2 or "invalid choice" in str(stopped.value)


def test_a_file_refused_names_the_missing_columns() -> None:
    with pytest.raises(FileRefused):
        reading.read_sheet(b"")
    outcome = importing.import_file(b"id,best\n1,2\n", format="ucdp-ged", by=None)
    assert "type_of_violence" in outcome.problems[0].column
    assert ROW["type"] == "MUR"
