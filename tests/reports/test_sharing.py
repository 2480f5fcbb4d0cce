"""What REO gets: its own table, suppressed so that nothing hidden can be worked out."""

import io
import json
import random
import re
from datetime import timedelta
from itertools import product
from types import SimpleNamespace

import numpy as np
import openpyxl
import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import translation
from scipy.optimize import linprog

from ceasefire.audit.models import AuditEvent
from ceasefire.database.session import acting
from ceasefire.people.roles import Role
from ceasefire.periods import local_day
from ceasefire.places.models import CoveragePeriod
from ceasefire.reports import services
from ceasefire.reports.dashboards import shared as shared_dashboards
from ceasefire.reports.dashboards.asked import Span
from ceasefire.reports.exports import report_file
from ceasefire.reports.models import SharedWeeklyReport, WeeklyReport
from ceasefire.reports.presentation import SharedPage
from ceasefire.reports.sharing import UNKNOWN, may_follow, says_something_new
from ceasefire.reports.summary import summary_of
from grants.models import DistrictWeek
from tests.reports.conftest import AS_OF, WEEK
from tests.reports.test_in_order import pdf_text

pytestmark = pytest.mark.django_db
URL = "/reports/BASRAH-CENTRE/2026-11-08/"


@pytest.fixture
def viewer(make_user):
    return make_user(Role.REO_VIEWER, username="reo.viewer")


def share(site, manager):
    report = services.compile_week(site=site, week_start=WEEK)
    services.freeze_report(report, by=manager)
    return SharedWeeklyReport.objects.get()


def test_sensitive_incidents_leave_no_trace(basrah, put, put_weeks, manager):
    put_weeks(basrah, [5] * 300)
    put(basrah, WEEK, 6, type="SXV", is_sensitive=True)
    put(basrah, WEEK, 4, type="KID", is_sensitive=True)  # minors, or staff
    shared = share(basrah, manager)

    assert shared.body["total"] == 5
    assert {row["family"] for row in shared.body["families"]} == {"killing"}
    for word in ("SXV", "sexual", "abduction"):
        assert word not in json.dumps(shared.body)


def test_nothing_below_the_district_and_no_point_is_in_it(basrah, put_weeks, manager):
    put_weeks(basrah, [5] * 20, place="IQG02Q02N02-ASHAR", lat=30.5, lon=47.8)
    text = json.dumps(share(basrah, manager).body)

    assert "IQG02Q02N02" not in text
    assert "Ashar" not in text
    assert "47.8" not in text


def test_one_or_two_incidents_are_hidden_and_so_is_what_is_said_of_them(
    basrah, put, put_weeks, manager
):
    put_weeks(basrah, [5] * 300 + [0])
    put(basrah, WEEK, 2, killed_best=2)
    body = share(basrah, manager).body

    assert (body["total"], body["killed"], body["injured"]) == (None, None, None)
    [row] = body["districts"]
    assert (row["incidents"], row["state"], row["expected"], row["sentence"]) == (None,) * 4


def test_killed_and_injured_of_one_or_two_are_hidden(basrah, put, put_weeks, manager):
    put_weeks(basrah, [0] * 20)
    put(basrah, WEEK, 4, killed_best=0, injured_best=0)
    put(basrah, WEEK, 1, killed_best=2, injured_best=7)
    body = share(basrah, manager).body

    assert (body["total"], body["killed"], body["injured"]) == (5, None, 7)


def possible(cells, rows, columns, total):
    """Least and most of each hidden cell that fits what is published; a hidden one is not zero."""
    unknown = [
        (i, j) for i, row in enumerate(cells) for j, count in enumerate(row) if count is None
    ]
    at = {cell: n for n, cell in enumerate(unknown)}
    left, right = [], []

    def equation(members, published):
        if published is None:
            return
        line = np.zeros(len(unknown))
        known = 0
        for i, j in members:
            if (i, j) in at:
                line[at[(i, j)]] = 1
            else:
                known += cells[i][j]
        left.append(line)
        right.append(published - known)

    height, width = len(cells), len(cells[0]) if cells else 0
    for i, published in enumerate(rows):
        equation([(i, j) for j in range(width)], published)
    for j, published in enumerate(columns):
        equation([(i, j) for i in range(height)], published)
    equation([(i, j) for i in range(height) for j in range(width)], total)
    found = {}
    for cell, n in at.items():
        ends = []
        for sign in (1, -1):
            cost = np.zeros(len(unknown))
            cost[n] = sign
            answer = linprog(
                cost,
                A_eq=np.array(left) if left else None,
                b_eq=right if left else None,
                bounds=[(1, 60)] * len(unknown),  # a hidden cell is never zero
                method="highs",
            )
            assert answer.status == 0
            ends.append(round(sign * answer.fun, 6))
        found[cell] = tuple(ends)
    return found


def check_states(reports):
    """Whether a district was tested says no more than the published counts of four weeks do."""
    for at, report in enumerate(reports):
        rows = [{row["place"]: row for row in one.body["districts"]} for one in reports[: at + 1]]
        tested = [row for row in rows[-1].values() if row["state"] in ("usual", "unusual")]
        for place, row in rows[-1].items():
            lately = [week[place]["incidents"] if place in week else 0 for week in rows[-4:]]
            # The weeks before the first report had one or two each.
            lately += [None] * (4 - len(lately))
            hidden = lately.count(None)
            known = sum(count or 0 for count in lately)
            enough = {known + sum(guess) >= 5 for guess in product((1, 2), repeat=hidden)}
            if row["incidents"] is None:
                assert row["state"] is None
            elif row in tested:
                assert enough == {True}, (place, lately)
            elif place:
                assert False in enough, (place, lately)
        assert report.body["tests_made"] == len(tested)
        assert sorted(report.body["alerts"]) == [
            row["place"] for row in tested if row["state"] == "unusual"
        ]


@pytest.mark.parametrize("seed", range(6))
def test_an_attacker_with_the_page_works_out_no_hidden_count(
    make_site, put, put_weeks, manager, viewer, signed_in, seed
):
    """The table is read back from the page and from the file; both are attacked. So are the states
    of four weeks, which say of a district whether it had enough incidents for a test."""
    site = make_site("WIDE", place="IQG02")
    luck = random.Random(seed)
    # The last is known to the governorate alone: a row of its own, hidden like the others.
    districts = ("IQG02Q01N02", "IQG02Q02N02", "IQG02Q05N03", "IQG02Q06N01", "IQG02")
    for district in districts[:-1]:
        put_weeks(site, [2, 1] * 80, last=WEEK - timedelta(weeks=4), place=district)
    for back in (3, 2, 1, 0):
        week = WEEK - timedelta(weeks=back)
        choice = [0, 0, 1, 2, 3, 5, 9] if not back else [0, 0, 0, 0, 0, 0, 0, 1, 1, 2]
        for district in districts:
            for kind in ("MUR", "SHT", "KID", "THR"):
                put(site, week, luck.choice(choice), place=district, type=kind)
        services.freeze_report(services.compile_week(site=site, week_start=week), by=manager)
    check_states(SharedWeeklyReport.objects.order_by("week_start"))
    client = signed_in(viewer)
    body = client.get(f"/reports/WIDE/{WEEK}/?format=json").json()
    page = client.get(f"/reports/WIDE/{WEEK}/").content.decode()

    families = [row["family"] for row in body["families"]]
    places = [row["place"] for row in body["districts"]]
    counts = {(row["place"], row["family"]): row["incidents"] for row in body["counts"]}
    cells = [[counts[(place, family)] for family in families] for place in places]
    rows = [row["incidents"] for row in body["districts"]]
    columns = [row["incidents"] for row in body["families"]]
    # The page shows the same cells as the file.
    shown = re.findall(
        r'<td class="number">(?:<span class="tag tag-few">hidden</span>|(\d+))</td>',
        page[page.index('id="types"') : page.index('id="before"')] if families else "",
    )
    flat = [
        "" if count is None else str(count)
        for j in range(len(families))
        for count in [*(row[j] for row in cells), columns[j]]
    ]
    assert shown == flat

    real = {
        (row["place"], row["type"]): row["incidents"]
        for row in services._latest(site, services.Week(WEEK)).body["counts"]
    }
    for place, published in zip(places, rows, strict=True):
        assert published is None or published == real[(place, "ALL")]
        assert published is None or published == 0 or published >= 3
    if families:
        for (i, j), (least, most) in possible(cells, rows, columns, body["total"]).items():
            assert most - least >= 2, (places[i], families[j], least, most)
    alone = [[count] for count in rows]
    for (i, _j), (least, most) in possible(alone, [], [body["total"]], body["total"]).items():
        assert most - least >= 2, (places[i], least, most)


@pytest.mark.parametrize("hidden", [1, 2])
def test_too_few_and_usual_do_not_tell_one_from_two(basrah, put_weeks, manager, hidden):
    """0, hidden, 0, 3: four together are too few for a test, five are enough."""
    put_weeks(basrah, [2, 1] * 90 + [0, hidden, 0, 3])
    for back in (3, 2, 1, 0):
        week = WEEK - timedelta(weeks=back)
        report = services.compile_week(site=basrah, week_start=week)
        services.freeze_report(report, by=manager)

    assert (report.body["counts"][0]["state"] == "usual") is (hidden == 2)
    *_before, shared = SharedWeeklyReport.objects.order_by("week_start")
    [row] = shared.body["districts"]
    assert (row["incidents"], row["state"], row["key"]) == (3, "too_few", None)
    assert (shared.body["tests_made"], shared.body["false_alerts_expected"]) == (0, 0.0)


@pytest.mark.parametrize(("lately", "state"), [([0, 2, 0, 4], "usual"), ([0, 0, 1, 3], "too_few")])
def test_weeks_that_were_not_shared_are_taken_as_they_would_have_been(
    basrah, put_weeks, manager, lately, state
):
    put_weeks(basrah, [2, 1] * 90 + lately)
    shared = share(basrah, manager)
    assert [row["state"] for row in shared.body["districts"]] == [state]
    assert shared.body["tests_made"] == (state == "usual")
    assert ("tested" in SharedPage(shared).verdict) is (state == "too_few")


def test_of_reports_reo_reads_the_shared_table_alone(basrah, put_weeks, manager, viewer):
    put_weeks(basrah, [5] * 10)
    share(basrah, manager)
    with acting(viewer), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM reports_sharedweeklyreport")
        assert cursor.fetchone() == (1,)
    for statement in (
        "SELECT 1 FROM reports_weeklyreport",
        "SELECT 1 FROM incidents_incident",
        "SELECT 1 FROM places_site",
        "SELECT 1 FROM places_zone",
        "UPDATE places_place SET pcode = pcode",
        "SELECT 1 FROM codes_code",
        "INSERT INTO reports_sharedweeklyreport SELECT * FROM reports_sharedweeklyreport",
        "UPDATE reports_sharedweeklyreport SET revision = 3",
        "DELETE FROM reports_sharedweeklyreport",
    ):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            acting(viewer),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


@pytest.mark.parametrize("path", ["/", "/reports/", "/reports/BASRAH-CENTRE/2026-11-08/"])
@pytest.mark.parametrize("language", ["en", "ar"])
def test_reo_pages_answer_under_reos_database_role(
    basrah, put_weeks, manager, make_user, signed_in, path, language
):
    put_weeks(basrah, [5] * 10)
    share(basrah, manager)
    viewer = make_user(Role.REO_VIEWER, language=language)

    answer = signed_in(viewer).get(path, headers={"accept-language": language})
    assert answer.status_code == 200
    assert b"5" in answer.content


@pytest.mark.parametrize("kind", ["pdf", "xlsx", "json"])
def test_reo_takes_the_shared_version_along(basrah, put_weeks, manager, viewer, signed_in, kind):
    put_weeks(basrah, [5] * 10)
    share(basrah, manager)
    answer = signed_in(viewer).get(f"/reports/BASRAH-CENTRE/2026-11-08/?format={kind}")

    assert answer.status_code == 200
    assert "shared" in answer["Content-Disposition"]


def test_reo_sees_no_draft(basrah, put_weeks, viewer, signed_in):
    put_weeks(basrah, [5] * 10)
    services.compile_week(site=basrah, week_start=WEEK)
    client = signed_in(viewer)

    assert client.get("/reports/BASRAH-CENTRE/2026-11-08/").status_code == 404
    assert b"BASRAH-CENTRE" not in client.get("/reports/").content


def test_the_chart_is_made_of_what_was_shared_before(basrah, put_weeks, manager, viewer, signed_in):
    put_weeks(basrah, [4, 2, 6])
    for weeks in (2, 1, 0):
        report = services.compile_week(site=basrah, week_start=WEEK - timedelta(weeks=weeks))
        services.freeze_report(report, by=manager)
    page = signed_in(viewer).get("/reports/BASRAH-CENTRE/2026-11-08/").content.decode()
    chart = page[page.index('id="weeks"') :]

    assert "no data" in chart  # the week of two is hidden there as well


# --- what nobody knows ----------------------------------------------------------------------------


def test_a_number_of_killed_that_nobody_knows_is_said_as_unknown(
    basrah, put, put_weeks, manager, viewer, signed_in
):
    put_weeks(basrah, [5] * 9, killed_best=1)
    put(basrah, WEEK, 1, killed_best=None, killed_unknown=True, injured_best=3)
    report = services.compile_week(site=basrah, week_start=WEEK)
    # A draft from before it was counted for REO says so for all of the open version.
    del report.basis["shared"]["killed_unknown"]
    services.freeze_report(report, by=manager)
    shared = SharedWeeklyReport.objects.get()
    client = signed_in(viewer)

    assert (shared.body["version"], shared.body["killed"], shared.body["unknown"]) == (
        6, None, ["killed"],
    )  # fmt: skip
    assert shared.body["injured"] == 3
    said = "6 incidents verified: 3 injured. The number of killed is unknown"
    for address in ("", "summary/"):
        assert said in client.get(URL + address).content.decode()
    assert "unknown" in client.get("/dashboard/?site=BASRAH-CENTRE").content.decode()
    assert client.get(URL + "?format=json").json()["unknown"] == ["killed"]
    book = openpyxl.load_workbook(io.BytesIO(report_file(shared, "xlsx", "en")[0]))
    assert ("Killed", "unknown") in {
        row[:2] for row in book.worksheets[-1].iter_rows(values_only=True)
    }
    assert pdf_says(shared, "The number of killed is unknown")


def test_a_version_from_before_is_shown_as_it_was(basrah, put_weeks, manager):
    put_weeks(basrah, [5] * 9, killed_best=1)
    shared = share(basrah, manager)
    for name in ("unknown", "correction"):
        del shared.body[name]
    shared.body["version"] = 3
    page = SharedPage(shared)

    assert page.lead == "5 incidents verified: 5 killed, 0 injured."
    assert (list(page.figures), page.correction) == (["weeks"], [])
    book = openpyxl.load_workbook(io.BytesIO(report_file(shared, "xlsx", "en")[0]))
    assert len(book.worksheets) == 2
    assert not pdf_says(shared, "Incidents a week, as shared")


def pdf_says(shared, words):
    text = pdf_text(report_file(shared, "pdf", "en")[0])
    return words in " ".join(text.split())


@pytest.mark.parametrize(
    ("killed", "may"),
    [
        ([4, UNKNOWN], True),
        ([UNKNOWN, 4], True),
        ([None, 4], False),
        # By way of what was unknown nothing small is told either.
        ([4, UNKNOWN, 5], False),
        ([4, UNKNOWN, 9], True),
    ],
)
def test_what_was_unknown_gives_nothing_away(killed, may):
    versions = [
        {
            "counts": [], "districts": [], "families": [], "total": 20, "injured": 0,
            "killed": None if one == UNKNOWN else one,
            "unknown": ["killed"] if one == UNKNOWN else [],
        }
        for one in killed
    ]  # fmt: skip
    *before, new = versions
    assert says_something_new(new, before[-1])
    assert all(may_follow(new, one) for one in before) is may


# --- why it was corrected -------------------------------------------------------------------------

SECRET = "Two rapes in Ashar"
FIXED = "Records of the week were added or changed after the report was approved."


@pytest.fixture
def approved(basrah, put, put_weeks, manager):
    """An approved report, and five incidents that came in since."""
    put_weeks(basrah, [5] * 9)
    report = services.freeze_report(services.compile_week(site=basrah, week_start=WEEK), by=manager)
    put(basrah, WEEK, 5)
    return report


def newest():
    return SharedWeeklyReport.objects.order_by("-revision").first()


def test_what_supervisors_read_of_a_correction_leaves_their_version_by_no_way(
    basrah, approved, put, manager, worker, viewer, signed_in
):
    services.revise_report(approved, by=manager, reason=SECRET)
    # Compiled again, by itself, it still knows who may read what.
    draft = services.compile_week(site=basrah, week_start=WEEK)
    report = services.freeze_report(draft, by=manager)
    shared = newest()

    assert {row["reason"] for row in report.body["revisions"]} == {SECRET}
    assert {row["reason"] for row in report.body_open["revisions"]} == {FIXED}
    assert shared.body["correction"] == {
        "since": local_day(approved.frozen_at).isoformat(),
        "reason": FIXED,
        "key": "corrected",
        "changes": [{"place": "IQG02Q02", "before": 5, "after": 10}],
    }
    for document in (report.body_open, report.basis_open, shared.body):
        assert SECRET not in json.dumps(document)
    trail = AuditEvent.objects.filter(verb="weeklyreport.revised").values_list("reason", flat=True)
    assert set(trail) == {FIXED}
    for reader in (worker, viewer):
        client = signed_in(reader)
        for address in ("", "summary/", "?format=json"):
            answer = client.get(URL + address).content.decode()
            assert SECRET not in answer
        page = client.get(URL).content.decode().replace("\N{LEFT-TO-RIGHT MARK}", "")
        assert FIXED in page
        assert "+5 since the report of" in page
        arabic = client.get(URL + "?format=json&language=ar").content.decode()
        assert "بعد" in arabic
        assert FIXED not in arabic
    page = signed_in(manager).get(URL).content.decode()
    assert SECRET in page
    assert f"REO reads: “{FIXED}”" in page
    assert pdf_says(shared, FIXED)


def test_what_was_written_for_outside_stands_there(approved, manager, worker, viewer, signed_in):
    draft = services.revise_report(
        approved, by=manager, reason=SECRET, outside="A hospital list came late"
    )
    services.freeze_report(draft, by=manager)
    for reader in (worker, viewer):
        page = signed_in(reader).get(URL).content.decode()
        assert "A hospital list came late" in page
        assert SECRET not in page


def test_who_reads_the_open_version_writes_for_its_readers_and_reo_reads_the_sentence(
    approved, manager, data_officer
):
    draft = services.revise_report(approved, by=data_officer, reason="The list of Heron")
    assert draft.body_open["revisions"][0]["reason"] == "The list of Heron"
    # A draft from before reasons were told apart has but one, and nobody wrote it for REO.
    del draft.basis["correction"], draft.basis_open["reason_key"]
    report = services.freeze_report(draft, by=manager)

    assert report.body_open["revisions"][0]["reason"] == "The list of Heron"
    assert newest().body["correction"]["reason"] == FIXED


@pytest.mark.parametrize(
    ("who", "warned"), [("manager", "sexual violence, minors"), ("data_officer", "small counts")]
)
def test_the_form_says_who_reads_what(approved, signed_in, request, who, warned):
    client = signed_in(request.getfixturevalue(who))
    page = client.get(URL + "correct/").content.decode()
    assert warned in page
    assert FIXED in page
    client.post(URL + "correct/", {"reason": "late", "outside": "A list came late"})
    draft = services._latest(approved.site, services.Week(WEEK))
    assert draft.basis["correction"]["outside"] == "A list came late"


# --- weeks in which the site was not recording ----------------------------------------------------


@pytest.fixture
def gap(basrah, put, put_weeks, manager):
    """Two weeks recorded, one outside coverage in which three were logged, and one recorded."""
    gone = WEEK - timedelta(weeks=1)
    CoveragePeriod.objects.create(site=basrah, start=WEEK - timedelta(weeks=3), end=gone)
    CoveragePeriod.objects.create(site=basrah, start=WEEK)
    put_weeks(basrah, [6, 7, 0, 8])
    put(basrah, gone, 3)
    for back in (3, 2, 1, 0):
        week = WEEK - timedelta(weeks=back)
        report = services.compile_week(site=basrah, week_start=week)
        services.freeze_report(report, by=manager)
    return list(SharedWeeklyReport.objects.order_by("week_start"))


def test_a_week_outside_coverage_has_no_number_for_reo(gap):
    body = gap[2].body
    assert [one.body["is_covered"] for one in gap] == [True, True, False, True]
    assert (body["not_recorded"], body["districts"], body["counts"]) == (["IQG02Q02"], [], [])
    assert (body["total"], body["killed"], body["injured"], body["tests_made"]) == (None,) * 3 + (
        0,
    )
    page = SharedPage(gap[2])
    assert page.lead == "The site was not recording in this week: it is missing, not zero."
    assert [(line.incidents, line.sentence) for line in page.lines] == [(None, page.lead)]
    assert page.harm("killed") == "not recorded"
    with translation.override("ar"):
        assert SharedPage(gap[2]).hidden == "غير مسجل"


@pytest.mark.parametrize("language", ["en", "ar"])
def test_its_page_and_files_say_not_recorded(gap, viewer, signed_in, language):
    client = signed_in(viewer)
    address = gap[2].get_absolute_url()
    word = {"en": "not recorded", "ar": "غير مسجل"}[language]
    viewer.language = language
    viewer.save()
    for path in (address, address + "summary/"):
        said = client.get(path, headers={"accept-language": language}).content.decode()
        assert word in said
        assert ">hidden<" not in said
    assert report_file(gap[2], "pdf", language)[0][:4] == b"%PDF"
    book = openpyxl.load_workbook(io.BytesIO(report_file(gap[2], "xlsx", language)[0]))
    assert word in str([row for row in book.worksheets[0].iter_rows(values_only=True)])
    assert json.loads(report_file(gap[2], "json", language)[0])["is_covered"] is False


def test_charts_map_dashboard_and_surroundings_take_it_as_missing(gap, viewer, signed_in):
    page = SharedPage(gap[3])
    assert [row["incidents"] for row in page.figures["weeks"].rows] == [6, 7, None, 8]
    [row] = page.figures["district-map"].rows
    assert (row["incidents"], row["weeks"], row["hidden"]) == (21, 3, 0)
    assert "states" not in SharedPage(gap[2]).figures
    rows = DistrictWeek.objects.order_by("week_start").values_list("incidents", flat=True)
    assert list(rows) == [6, 7, 8]
    client = signed_in(viewer)
    assert client.get("/dashboard/?site=BASRAH-CENTRE").status_code == 200
    newest = shared_dashboards.newest_by_site(viewer)["BASRAH-CENTRE"]
    asked = SimpleNamespace(span=Span(WEEK - timedelta(weeks=3), WEEK + timedelta(weeks=1)))
    asked.other, asked.pcode = None, ""
    known = shared_dashboards.SharedDashboard(viewer, asked, newest).known(asked.span)
    assert (known.value, known.missing, known.hidden) == (21, 1, 0)


def test_what_was_not_recorded_may_be_told_later(gap, basrah, put, manager):
    basrah.coverage.all().delete()
    CoveragePeriod.objects.create(site=basrah, start=WEEK - timedelta(weeks=3))
    put(basrah, WEEK - timedelta(weeks=1), 2)
    report = WeeklyReport.objects.get(week_start=WEEK - timedelta(weeks=1))
    draft = services.revise_report(report, by=manager, reason="the book was found")
    services.freeze_report(draft, by=manager)
    newest = SharedWeeklyReport.objects.filter(week_start=report.week_start).latest().get()
    assert (newest.revision, newest.body["is_covered"], newest.body["total"]) == (1, True, 5)
    page = SharedPage(newest)
    assert page.correction[0] == FIXED


def test_a_version_from_before_it_was_said_keeps_its_counts(gap):
    for name in ("is_covered", "not_recorded"):
        del gap[3].body[name]
    page = SharedPage(gap[3])
    assert page.lead.startswith("8 incidents verified")
    assert page.hidden == "hidden"


@pytest.mark.parametrize(
    ("as_of", "words"),
    [
        (AS_OF, "Reports of this week still come in: it is complete to"),
        (AS_OF + timedelta(days=60), "Complete to"),
    ],
)
def test_reo_reads_first_how_complete_the_week_was(
    as_of, words, basrah, put_weeks, manager, make_user, signed_in, settings
):
    settings.CEASEFIRE_TODAY = as_of.date().isoformat()
    put_weeks(basrah, [6] * 12)
    draft = services.compile_week(site=basrah, week_start=WEEK, as_of=as_of)
    services.freeze_report(draft, by=manager)
    [shared] = SharedWeeklyReport.objects.all()
    page = SharedPage(shared)

    [line] = page.health
    assert line.startswith(words)
    text = signed_in(make_user(Role.REO_VIEWER)).get(shared.get_absolute_url()).content.decode()
    assert text.index("Data health") < text.index(line) < text.index(page.lead)
    assert line in summary_of(shared).health
    # Nothing that counts what came in: it could be subtracted.
    assert "data_health" not in shared.body
    # A version from before says what it said then.
    shared.body["version"] = 5
    assert SharedPage(shared).health == []
    shared.body |= {"version": 6, "is_covered": False}
    assert SharedPage(shared).health == []
