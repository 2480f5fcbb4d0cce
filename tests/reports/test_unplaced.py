"""What is known to the governorate at best has a row, so that the rows add up to all."""

import io
import json
from typing import Any

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from ceasefire.people.roles import Role
from ceasefire.reports import services
from ceasefire.reports.exports import report_file
from ceasefire.reports.models import Audience, SharedWeeklyReport
from ceasefire.reports.presentation import ReportPage, SharedPage
from tests.reports.conftest import WEEK, full

pytestmark = pytest.mark.django_db
SAID = "Place not known closer than the governorate"


@pytest.fixture
def report(basrah: Any, put: Any, put_weeks: Any) -> Any:
    """Five in the district, four somewhere in the governorate, one of these not verified."""
    put_weeks(basrah, [5] * 20)
    put(basrah, WEEK, 3, place="IQG02", type="KID", injured_best=1)
    put(basrah, WEEK, 1, place="IQG02", verification="unverified")
    return services.compile_week(site=basrah, week_start=WEEK)


def totals(body: dict[str, Any], name: str = "incidents") -> int:
    return sum(row[name] for row in body["counts"] if row["type"] == "ALL")


def test_the_rows_add_up_to_all_that_was_recorded(report: Any) -> None:
    recorded = report.basis["recorded"]
    for name in ("incidents", "killed", "injured", "abducted"):
        assert totals(report.body, name) == recorded[name], name
    rows = {row["type"]: row for row in report.body["counts"] if row["place"] == ""}
    assert {kind: row["incidents"] for kind, row in rows.items()} == {"ALL": 3, "KID": 3, "MUR": 0}
    for row in rows.values():
        assert row["state"] == "untested"
        assert row["expected"] is row["upper"] is row["p"] is None
    # Nothing of it is tested, so no other count is judged otherwise.
    assert report.body["tests_made"] == 0


def test_a_week_without_any_has_no_such_row(basrah: Any, put_weeks: Any) -> None:
    put_weeks(basrah, [5] * 20)
    report = services.compile_week(site=basrah, week_start=WEEK)
    assert {row["place"] for row in report.body["counts"]} == {"IQG02Q02"}


def test_the_page_and_every_file_have_the_row(
    report: Any, signed_in: Any, manager: Any, basrah: Any
) -> None:
    page = signed_in(manager).get(f"/reports/{basrah.code}/{WEEK}/").content.decode()
    assert SAID in page
    assert "Counted in no district" in page
    edition = full(report)
    rows = json.loads(report_file(edition, "json", "en")[0])["counts"]
    assert sum(row["incidents"] for row in rows if row["type"] == "ALL") == 8
    sheet = load_workbook(io.BytesIO(report_file(edition, "xlsx", "en")[0])).worksheets[0]
    cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    head = next(row for row in cells if "Incidents" in row)
    place, kind, number = (head.index(name) for name in ("District", "Code", "Incidents"))
    counted = {row[place]: row[number] for row in cells if row[kind] == "ALL"}
    assert counted[SAID] == 3
    assert sum(counted.values()) == 8
    pdf = PdfReader(io.BytesIO(report_file(edition, "pdf", "en")[0]))
    assert SAID in " ".join(" ".join(one.extract_text().split()) for one in pdf.pages)


def test_it_is_no_district_of_a_chart(report: Any) -> None:
    page = ReportPage(full(report))
    assert [one.pcode for one in page.districts] == ["IQG02Q02"]
    assert [one.pcode for one in page.active] == ["IQG02Q02", ""]
    assert page.active[-1].name == SAID
    assert page.type_chart is not None


def test_in_arabic_it_has_a_name_as_well(report: Any) -> None:
    names = report.basis["places"][""]
    assert names["name_en"] == SAID
    assert names["name_ar"] != SAID


def test_the_shared_version_adds_up_too(report: Any, manager: Any) -> None:
    services.freeze_report(report, by=manager)
    shared = SharedWeeklyReport.objects.get()
    assert {row["place"]: row["incidents"] for row in shared.body["districts"]} == {
        "IQG02Q02": 5,
        "": 3,
    }
    assert (shared.body["total"], shared.body["injured"]) == (8, 3)
    assert [line.name for line in SharedPage(shared).lines][-1] == SAID


def test_a_small_count_of_it_is_hidden_and_with_it_what_would_give_it_away(
    basrah: Any, put: Any, put_weeks: Any, manager: Any, signed_in: Any, make_user: Any
) -> None:
    put_weeks(basrah, [5] * 20)
    put(basrah, WEEK, 2, place="IQG02", type="KID")
    services.freeze_report(services.compile_week(site=basrah, week_start=WEEK), by=manager)
    body = SharedWeeklyReport.objects.get().body
    shown = [row["incidents"] for row in body["districts"]]
    assert shown[-1] is None
    # Total and district together would tell the third.
    assert body["total"] is None or shown[0] is None
    page = signed_in(make_user(Role.REO_VIEWER)).get(f"/reports/{basrah.code}/{WEEK}/")
    assert SAID in page.content.decode()


def test_a_correction_sees_it_change(report: Any, manager: Any, basrah: Any, put: Any) -> None:
    frozen = services.freeze_report(report, by=manager)
    assert services.changes_since(frozen, Audience.FULL) == []
    put(basrah, WEEK, 2, place="IQG02", type="KID")
    assert {
        (one["place"], one["type"]): one["after"]
        for one in services.changes_since(frozen, Audience.FULL)
    } == {("", "ALL"): 5, ("", "KID"): 5}


def test_an_older_report_without_the_row_is_not_changed_by_it(report: Any) -> None:
    for body, basis in ((report.body, report.basis), (report.body_open, report.basis_open)):
        body["version"] = 1
        rows = zip(body["counts"], basis["rows"], strict=True)
        basis["rows"] = [more for row, more in rows if row["place"]]
        body["counts"] = [row for row in body["counts"] if row["place"]]
    assert services.changes_since(report, Audience.FULL) == []
