"""Taking lists out, and reading them back in unchanged."""

import csv
import io
import json
from typing import Any

import openpyxl
import pytest
from django.core.management import CommandError, call_command

from ceasefire.audit.models import AuditEvent
from ceasefire.exports import write_csv
from ceasefire.people.roles import Role
from incidents import exports, importing
from incidents.models import Incident
from incidents.services import ActorFacts, SourceFacts
from tests.incidents.files_to_import import SLICE, table

pytestmark = pytest.mark.django_db
ADDRESS = "/incidents/export/"

COLUMNS = [
    "code",
    "site",
    "type",
    "subtype",
    "occurred_from",
    "occurred_to",
    "time_precision",
    "time_of_day",
    "place",
    "geo_precision",
    "latitude",
    "longitude",
    "place_type",
    "killed_min",
    "killed_best",
    "killed_max",
    "injured_min",
    "injured_best",
    "injured_max",
    "abducted",
    "motive",
    "method",
    "weapons",
    "actor_category",
    "summary",
    "source_kind",
    "source_reliability",
    "source_credibility",
    "source_name",
    "source_id",
    "reported_at",
    "workflow_state",
    "verification",
    "sensitive",
]


def body(response: Any) -> bytes:
    return bytes(b"".join(response.streaming_content) if response.streaming else response.content)


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_the_columns_are_those_decided_in_their_order() -> None:
    assert [column.key for column in exports.COLUMNS] == COLUMNS


@pytest.fixture
def many(log: Any, basrah: Any) -> list[Incident]:
    """Incidents of every sort, written here and imported."""
    importing.import_file(SLICE.read_bytes(), format="ucdp-ged", site=basrah, by=None)
    importing.import_file(
        table(
            {"summary": "=1+1", "source_name": "Karim", "killed_best": "unknown"},
            {"summary": 'a\nb; c, "d"', "weapons": "pistol;rifle", "actor_category": "tribal"},
            {"latitude": "30.512", "longitude": "47.835", "workflow_state": "accepted"},
            {"verification": "disputed", "summary": "'quoted"},
        ),
        format="table",
        site=basrah,
        by=None,
    )
    log(summary="@mention of a market", state="accepted")
    log(
        killed_best=None,
        killed_unknown=True,
        sources=[SourceFacts("police", "C", "3"), SourceFacts("family", "B", "2", name="Hassan")],
        actors=[ActorFacts(category="party_militia", named_group="A named group")],
        state="submitted",
    )
    log(state="returned")
    log(state="draft")
    return list(Incident.objects.all())


def test_what_was_exported_comes_back_in_unchanged(
    many: list[Incident], manager: Any, signed_in: Any, basrah: Any
) -> None:
    content = body(signed_in(manager).get(ADDRESS, {"format": "csv"}))
    assert len(rows(content)) == len(many) - 1  # all but the draft
    before = list(Incident.objects.order_by("pk").values())
    outcome = importing.import_file(content, format="table", by=None)
    assert outcome.done, outcome.problems[:3]
    assert outcome.counts() == {
        "read": len(many) - 1,
        "created": 0,
        "updated": 0,
        "unchanged": len(many) - 1,
        "rejected": 0,
    }
    assert list(Incident.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("precision", [1, 2, 3, 4, 5])
def test_no_file_gives_a_point_finer_than_the_place_is_known(
    log: Any, manager: Any, signed_in: Any, precision: int
) -> None:
    incident = log(state="accepted", lat=30.512345, lon=47.834567)
    Incident.objects.filter(pk=incident.pk).update(geo_precision=precision)
    incident.refresh_from_db()
    given = precision <= 2
    client = signed_in(manager)
    (row,) = rows(body(client.get(ADDRESS, {"format": "csv"})))
    assert (row["latitude"], row["longitude"]) == (
        ("30.512345", "47.834567") if given else ("", "")
    )
    for name, axis in (("latitude", 30.512345), ("longitude", 47.834567)):
        assert exports.BY_KEY[name].reader()(incident) == (axis if given else None)
    sheet = openpyxl.load_workbook(
        io.BytesIO(body(client.get(ADDRESS, {"format": "xlsx"})))
    ).worksheets[0]
    cells = {cell for line in sheet.iter_rows(values_only=True) for cell in line}
    assert (30.512345 in cells, 47.834567 in cells) == (given, given)
    found = json.loads(body(client.get(ADDRESS, {"format": "geojson"})))["features"][0]
    assert (found["geometry"] is not None) == given
    assert "30.512345" not in json.dumps(found["properties"])


def test_a_point_that_no_file_shows_is_kept_by_a_file_that_comes_back(
    manager: Any, signed_in: Any, basrah: Any
) -> None:
    brought = table({"latitude": "30.512345", "longitude": "47.834567", "geo_precision": "4"})
    importing.import_file(brought, format="table", site=basrah, by=None)
    content = body(signed_in(manager).get(ADDRESS, {"format": "csv"}))
    assert b"30.512345" not in content
    for same in (content, brought):
        outcome = importing.import_file(same, format="table", site=basrah, by=None)
        assert (outcome.done, outcome.unchanged, outcome.updated) == (True, 1, 0), outcome.problems
    (row,) = rows(content)
    told = {"source_id": row["source_id"], "latitude": "", "longitude": ""}
    # Something else of it changed: the point stays.
    importing.import_file(
        table({**told, "summary": "Told anew", "geo_precision": "4"}),
        format="table", site=basrah, by=None,
    )  # fmt: skip
    incident = Incident.objects.get()
    assert (incident.summary, incident.lat, incident.version) == ("Told anew", 30.512345, 2)
    # The place is known exactly now, and no point is given: the old one is no exact point.
    importing.import_file(
        table({**told, "summary": "Told anew", "geo_precision": "2"}),
        format="table", site=basrah, by=None,
    )  # fmt: skip
    incident.refresh_from_db()
    assert (incident.geo_precision, incident.lat) == (2, None)


def test_a_copy_of_the_records_elsewhere_says_the_same(
    many: list[Incident], manager: Any, signed_in: Any, zubair: Any
) -> None:
    taken = rows(body(signed_in(manager).get(ADDRESS, {"format": "csv"})))
    fit = [row for row in taken if row["workflow_state"] != "returned"]
    for row in fit:
        row["code"] = row["code"].replace("INC-2026", "INC-1926")
        row["site"] = "AL-ZUBAIR"
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    writer.writerows(fit)
    content = out.getvalue().encode()
    outcome = importing.import_file(content, format="table", by=None)
    assert outcome.done, outcome.problems[:3]
    assert outcome.created == len(fit)
    copies = exports.rows(Incident.objects.filter(site=zubair))
    made = {row["source_id"]: row for row in rows(b"".join(write_csv(exports.COLUMNS, copies)))}
    for row in fit:
        copy = made[row["source_id"] or row["code"]]
        for column in set(COLUMNS) - {"code", "source_id"}:
            assert copy[column] == row[column], column
    assert importing.import_file(content, format="table", by=None).unchanged == len(fit)


def test_a_record_written_here_is_changed_on_its_page_and_not_by_a_file(
    log: Any, manager: Any, signed_in: Any
) -> None:
    log(state="accepted")
    content = body(signed_in(manager).get(ADDRESS, {"format": "csv"})).replace(b'"MUR"', b'"ASN"')
    outcome = importing.import_file(content, format="table", by=None)
    assert [problem.code for problem in outcome.problems] == ["written_here"]


def test_formulas_are_text_names_and_groups_stay(
    many: list[Incident], manager: Any, signed_in: Any
) -> None:
    content = body(signed_in(manager).get(ADDRESS, {"format": "csv"}))
    summaries = {row["summary"] for row in rows(content)}
    assert {"'=1+1", "'@mention of a market"} <= summaries
    for secret in ("Karim", "Hassan", "A named group"):
        assert secret not in content.decode("utf-8-sig")
    assert {row["source_name"] for row in rows(content)} == {""}


def test_a_workbook_has_real_numbers_and_says_what_it_is(
    many: list[Incident], manager: Any, signed_in: Any
) -> None:
    content = body(signed_in(manager).get(ADDRESS, {"format": "xlsx", "type": "MUR"}))
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    killed = [cell.value for cell in sheet[openpyxl.utils.get_column_letter(15)][1:]]
    assert any(isinstance(value, int) for value in killed)
    assert "unknown" in killed
    last = " ".join(str(c.value) for row in book.worksheets[-1].iter_rows() for c in row if c.value)
    assert "CC BY 4.0" in last


def test_a_map_file_has_points_only_where_the_place_is_known_well(
    many: list[Incident], manager: Any, signed_in: Any
) -> None:
    made = json.loads(body(signed_in(manager).get(ADDRESS, {"format": "geojson"})))
    assert made["type"] == "FeatureCollection"
    assert "CC BY 4.0" in made["attribution"]
    by_code = {incident.code: incident for incident in many}
    for feature in made["features"]:
        incident = by_code[feature["id"]]
        assert (feature["geometry"] is not None) == incident.is_drawn
    assert any(feature["geometry"] for feature in made["features"])


def test_filters_are_those_of_the_list_and_a_bad_one_exports_nothing(
    many: list[Incident], manager: Any, signed_in: Any
) -> None:
    client = signed_in(manager)
    found = rows(body(client.get(ADDRESS, {"format": "csv", "type": "CLS"})))
    assert found
    assert {row["type"] for row in found} == {"CLS"}
    assert rows(body(client.get(ADDRESS, {"format": "csv", "place": "IQG02Q05"})))
    before = AuditEvent.objects.count()
    answer = client.get(ADDRESS, {"format": "csv", "type": "NONSENSE"})
    assert answer.status_code == 302
    assert answer["Location"] == "/incidents/?type=NONSENSE"
    assert AuditEvent.objects.count() == before


def test_each_sees_only_what_is_theirs(
    log: Any, data_officer: Any, manager: Any, signed_in: Any, zubair: Any, make_user: Any
) -> None:
    log(state="accepted")
    hidden = log(type="SXV", killed_best=0, state="accepted")
    elsewhere = log(site=zubair, by=make_user(Role.WORKER, zubair), state="submitted")
    codes = {
        row["code"] for row in rows(body(signed_in(data_officer).get(ADDRESS, {"format": "csv"})))
    }
    assert hidden.code not in codes
    assert elsewhere.code not in codes
    codes = {row["code"] for row in rows(body(signed_in(manager).get(ADDRESS, {"format": "csv"})))}
    assert hidden.code in codes
    assert elsewhere.code not in codes


@pytest.mark.parametrize(
    "role", [role for role in Role.values if role not in (Role.MANAGER, Role.DATA_OFFICER)]
)
def test_nobody_else_exports(make_user: Any, basrah: Any, signed_in: Any, role: str) -> None:
    assert signed_in(make_user(role, basrah)).get(ADDRESS).status_code == 403


def test_an_export_is_in_the_trail_with_its_size(
    many: list[Incident], manager: Any, signed_in: Any
) -> None:
    body(signed_in(manager).get(ADDRESS, {"format": "csv", "type": "CLS", "q": "Iraq"}))
    event = AuditEvent.objects.newest_first().filter(verb="incident.exported").first()
    assert event is not None
    assert event.actor == manager
    assert event.detail["filters"] == ["q", "type:CLS"]
    assert "Iraq" not in json.dumps(event.detail)


@pytest.mark.parametrize("format", ["csv", "xlsx", "geojson"])
def test_the_command_writes_every_format(
    many: list[Incident], tmp_path: Any, format: str, basrah: Any
) -> None:
    target = tmp_path / f"out.{format}"
    call_command("export_incidents", format=format, output=str(target), place="IQG02")
    assert target.stat().st_size > 500
    assert not [path for path in tmp_path.iterdir() if path != target]


def test_the_command_refuses_filters_it_does_not_understand(tmp_path: Any, basrah: Any) -> None:
    for given in ({"type": "NONSENSE"}, {"site": "NOWHERE"}, {"week": "soon"}):
        with pytest.raises(CommandError) as stopped:
            call_command("export_incidents", format="csv", output=str(tmp_path / "x"), **given)
        assert stopped.value.returncode == 2
    with pytest.raises(CommandError, match="write YYYY-MM-DD"):
        call_command(
            *("export_incidents", "--format", "csv", "--week", "13/99/2026"),
            *("--output", str(tmp_path / "x")),
        )
    assert not list(tmp_path.iterdir())
