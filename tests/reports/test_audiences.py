"""Who reads the counts of sexual violence, minors and staff: supervisors and managers alone.

All others of the site read every page and every file as if these had never been logged.
"""

import io
import json
import re
from datetime import date, timedelta

import openpyxl
import pytest
from django.core.management import call_command
from django.test import Client

from ceasefire.audit.models import AuditEvent
from ceasefire.people.roles import PERMISSIONS, Role
from ceasefire.places.models import CoveragePeriod
from ceasefire.reports import compilation, services
from ceasefire.reports.documents import checksum
from ceasefire.reports.editions import audience_of, edition_for, edition_of
from ceasefire.reports.exceptions import NothingChanged, ReportIsNotFrozen
from ceasefire.reports.models import Audience, SharedWeeklyReport, WeeklyReport
from tests.reports.conftest import AS_OF, WEEK

pytestmark = pytest.mark.django_db
URL = "/reports/BASRAH-CENTRE/2026-11-08/"
ADDRESSES = [
    "/",
    "/dashboard/",
    "/dashboard/week/?site=BASRAH-CENTRE&period=12",
    "/dashboard/quality/",
    "/reports/",
    "/reports/?status=draft",
    URL,
    *(
        f"{URL}?format={kind}&language={language}"
        for kind in ("json", "pdf", "xlsx")
        for language in ("en", "ar")
    ),
    *(f"{URL}charts/{chart}.csv" for chart in ("weeks", "states", "trend-line", "areas")),
    f"{URL}narrative/",
    f"{URL}correct/",
    f"{URL}approve/",
]  # fmt: skip
#: Each kind alone, in numbers that make an alert of their own.
KINDS = {
    "sexual violence": {"type": "SXV", "is_sensitive": True},
    "minors": {"is_sensitive": True, "killed_best": 3},
    "staff": {"is_sensitive": True, "staff_involved": True, "type": "THR"},
    "not verified": {"is_sensitive": True, "verification": "unverified"},
    "vague in place": {"is_sensitive": True, "place": "IQG02"},
    "vague in time": {"is_sensitive": True, "time_precision": 3},
    "late": {"is_sensitive": True, "delay": 7},
    "a duplicate": {"is_sensitive": True, "workflow_state": "duplicate"},
    "in a district of no site": {"is_sensitive": True, "place": "IQG02Q03"},
}
OPEN_ROLES = [Role.WORKER, Role.INTERRUPTER, Role.DATA_OFFICER]
_CHANGING = re.compile(
    r'name="(?:csrfmiddlewaretoken|key|opened_at|version)" value="[^"]*"'
    r'|"X-CSRFToken": ?"[^"]*"|content="[A-Za-z0-9]{64}"'
)


def compiled(site):
    return services.compile_week(site=site, week_start=WEEK, as_of=AS_OF)


def shown(user):
    """{address: (status, name of the file, what it says)} for every format."""
    seen = {}
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    for address in ADDRESSES:
        answer = client.get(address)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        if "xlsx" in address and answer.status_code == 200:
            book = openpyxl.load_workbook(io.BytesIO(body))
            said = str([[list(row) for row in sheet.values] for sheet in book])
        else:
            said = _CHANGING.sub("", body.decode("utf-8", "replace"))
        seen[address] = (answer.status_code, answer.get("Content-Disposition"), said)
    return seen


@pytest.fixture
def hide(put):
    """Plant incidents of every kind (or of one) in the week and in weeks before it."""

    def make(site, *kinds):
        for kind in kinds or KINDS:
            facts = KINDS[kind]
            more = {"duplicate_of": _first(site)} if kind == "a duplicate" else {}
            put(site, WEEK + timedelta(days=1), 2, **facts, **more)
            put(site, WEEK - timedelta(weeks=3), 7, **facts, **more)

    return make


def _first(site):
    from incidents.models import Incident

    return Incident.objects.filter(site=site, is_sensitive=False, type="MUR").first()


@pytest.mark.parametrize("role", OPEN_ROLES)
def test_all_other_staff_read_the_same_with_and_without_them(
    role, basrah, put_weeks, hide, make_user
):
    put_weeks(basrah, [3, 2, 4] * 60 + [3])
    user = make_user(role, basrah)
    compiled(basrah)
    before = shown(user)
    hide(basrah)
    report = compiled(basrah)
    after = shown(user)

    assert audience_of(user) == Audience.OPEN
    assert before[URL][0] == 200
    for address in ADDRESSES:
        assert after[address] == before[address], address
    assert "SXV" in json.dumps(report.body)
    assert "SXV" not in json.dumps([report.body_open, report.basis_open])
    assert report.body["counts"][0]["incidents"] > report.body_open["counts"][0]["incidents"]


@pytest.mark.parametrize("kind", KINDS)
def test_no_kind_of_them_moves_a_number_of_the_open_version(kind, basrah, put_weeks, hide):
    put_weeks(basrah, [3, 2, 4] * 20)
    before = compiled(basrah)
    hide(basrah, kind)
    after = compiled(basrah)

    assert (after.body_open, after.basis_open) == (before.body_open, before.basis_open)
    assert after.checksum_open == before.checksum_open
    assert after.body != before.body
    assert after.basis["shared"] == before.basis["shared"]


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.MANAGER])
def test_supervisors_and_managers_read_them(role, basrah, put_weeks, hide, make_user, signed_in):
    put_weeks(basrah, [3, 2, 4] * 20)
    hide(basrah)
    report = compiled(basrah)
    client = signed_in(make_user(role, basrah))

    document = json.loads(client.get(URL + "?format=json").content)
    assert (document, document["audience"]) == (report.body, "full")
    assert [row["incidents"] for row in document["counts"] if row["type"] == "SXV"] == [2]
    page = client.get(URL).content.decode()
    assert "For supervisors and managers only" in page
    assert report.checksum in page
    assert "full" in client.get(URL + "?format=pdf")["Content-Disposition"]
    number = report.basis["recorded"]["incidents"]
    assert f">{number}</td>" in client.get("/reports/").content.decode()


def test_one_permission_decides_and_two_roles_hold_it():
    holders = {
        role for role, held in PERMISSIONS.items() if "reports.view_sensitive_counts" in held
    }
    assert holders == {Role.SUPERVISOR, Role.MANAGER}


@pytest.mark.parametrize("planted", [True, False])
def test_the_page_and_the_files_always_say_that_some_are_left_out(
    planted, basrah, put_weeks, hide, worker, signed_in
):
    put_weeks(basrah, [3] * 10)
    if planted:
        hide(basrah)
    compiled(basrah)
    client = signed_in(worker)

    words = "counted for supervisors and managers only; they are left out here"
    assert words in client.get(URL).content.decode()
    assert words in client.get("/dashboard/").content.decode()
    book = openpyxl.load_workbook(io.BytesIO(client.get(URL + "?format=xlsx").content))
    assert words in str([list(sheet.values) for sheet in book])


def test_alerts_are_judged_on_each_version_by_itself(basrah, put_weeks, put):
    put_weeks(basrah, [3, 2, 4] * 60 + [3])
    put(basrah, WEEK, 25, type="SXV", is_sensitive=True)
    report = compiled(basrah)

    assert report.body["alerts"]
    assert not report.body_open["alerts"]
    compiled_event = AuditEvent.objects.filter(verb="weeklyreport.compiled").last()
    # The trail is read by auditors, who read no counts.
    assert compiled_event.detail["alerts"] == 0


def test_where_nothing_is_hidden_the_week_is_judged_once(basrah, put_weeks, hide, monkeypatch):
    put_weeks(basrah, [3] * 60)
    calls = []
    judge = compilation.judge
    monkeypatch.setattr(
        compilation, "judge", lambda *args, **more: calls.append(more) or judge(*args, **more)
    )
    compiled(basrah)
    assert len(calls) == 2  # the week, and its totals for REO
    hide(basrah)
    compiled(basrah)
    assert len(calls) == 5


# --- approval and correction ----------------------------------------------------------------------


@pytest.fixture
def frozen(basrah, put_weeks, hide, manager):
    put_weeks(basrah, [4] * 12)
    hide(basrah, "sexual violence")
    return services.freeze_report(compiled(basrah), by=manager)


def test_both_versions_are_frozen_with_checksums_of_their_own(frozen):
    assert (frozen.body["status"], frozen.body_open["status"]) == ("frozen", "frozen")
    assert frozen.checksum == checksum(frozen.body)
    assert frozen.checksum_open == checksum(frozen.body_open) != frozen.checksum


def test_a_correction_of_hidden_counts_alone_is_not_seen_by_the_others(
    frozen, basrah, put, manager, data_officer, worker, signed_in
):
    def seen():
        return {user: shown(user) for user in (data_officer, worker)}

    before = seen()
    put(basrah, WEEK, 2, type="SXV", is_sensitive=True)
    # Others are neither told that the records changed, nor can they find out by correcting.
    assert services.changes_since(frozen, Audience.OPEN) == []
    with pytest.raises(NothingChanged):
        services.revise_report(frozen, by=data_officer, reason="is there anything?")
    assert services.changes_since(frozen, Audience.FULL)
    draft = services.revise_report(frozen, by=manager, reason="two came late")

    assert (draft.revision, draft.is_open, draft.body_open["revisions"]) == (1, False, [])
    assert seen() == before
    with pytest.raises(NothingChanged):
        services.revise_report(frozen, by=data_officer, reason="is there anything?")
    assert signed_in(worker).get(URL + "?revision=1").status_code == 404
    assert "Corrected since" in signed_in(manager).get(URL).content.decode()

    # Once something open changes, the correction that waits takes it in and is there for all.
    put(basrah, WEEK, 1)
    draft = services.revise_report(frozen, by=data_officer, reason="one late record")
    assert (draft.revision, draft.is_open) == (1, True)
    assert {(r["type"], r["before"], r["after"]) for r in draft.body_open["revisions"]} == {
        ("ALL", 4, 5), ("MUR", 4, 5),
    }  # fmt: skip
    page = signed_in(worker).get(URL).content.decode()
    assert "Corrected since" in page
    assert "SXV" not in page
    assert "two came late" not in page


def test_a_hidden_correction_that_was_approved_does_not_stand_in_the_way(
    frozen, basrah, put, manager, data_officer
):
    put(basrah, WEEK, 2, type="SXV", is_sensitive=True)
    hidden = services.revise_report(frozen, by=manager, reason="two came late")
    services.freeze_report(hidden, by=manager)
    assert WeeklyReport.objects.latest_for(data_officer).get() == frozen
    # REO's version says the same as before, so there is no second one of it.
    assert SharedWeeklyReport.objects.count() == 1

    put(basrah, WEEK, 1)
    draft = services.revise_report(frozen, by=data_officer, reason="one late record")
    assert (draft.revision, draft.revision_of, draft.is_open) == (2, hidden, True)
    with pytest.raises(ReportIsNotFrozen):
        services.revise_report(draft, by=data_officer, reason="again")


def test_an_incident_found_to_be_sensitive_is_taken_out_of_the_open_version(
    frozen, basrah, manager
):
    one = _first(basrah)
    day = WEEK + timedelta(days=2)
    type(one).objects.filter(site=basrah, type="MUR", occurred_on=day).update(is_sensitive=True)

    assert services.changes_since(frozen, Audience.FULL)
    draft = services.revise_report(frozen, by=manager, reason="a minor")
    assert (draft.body["revisions"], draft.is_open) == ([], True)
    assert {row["after"] for row in draft.body_open["revisions"]} == {0}


def test_a_week_recorded_because_of_them_alone_has_no_report_for_the_others(
    basrah, put, data_officer, manager, make_user, signed_in
):
    CoveragePeriod.objects.create(site=basrah, start=date(2026, 1, 4), end=date(2026, 3, 1))
    put(basrah, WEEK, 1, type="SXV", is_sensitive=True)
    officer = signed_in(data_officer)
    before = officer.get(URL).content
    report = compiled(basrah)

    assert not report.is_open
    assert officer.get(URL).status_code == 404
    assert "it is missing, not zero" in before.decode()
    assert _CHANGING.sub("", officer.get(URL).content.decode()) == _CHANGING.sub(
        "", before.decode()
    )
    assert "BASRAH-CENTRE/2026-11-08" not in officer.get("/reports/").content.decode()
    assert signed_in(manager).get(URL).status_code == 200

    # Nor for REO once it is approved, and approving it stands in no version's way later.
    viewer = signed_in(make_user(Role.REO_VIEWER))
    assert services.freeze_report(report, by=manager).is_frozen
    assert not SharedWeeklyReport.objects.exists()
    assert viewer.get(URL).status_code == 404
    assert "BASRAH-CENTRE" not in viewer.get("/reports/").content.decode()
    assert AuditEvent.objects.filter(verb="weeklyreport.frozen").last().detail["shared"] is False
    put(basrah, WEEK, 3)
    draft = services.revise_report(report, by=manager, reason="three came late")
    services.freeze_report(draft, by=manager)
    assert SharedWeeklyReport.objects.get().revision == draft.revision


def test_who_tells_a_week_begins_its_report_beside_one_that_is_hidden_from_them(
    basrah, put, data_officer, manager, signed_in
):
    CoveragePeriod.objects.create(site=basrah, start=date(2026, 1, 4), end=date(2026, 3, 1))
    put(basrah, WEEK, 1, type="SXV", is_sensitive=True)
    hidden = services.freeze_report(compiled(basrah), by=manager)
    officer = signed_in(data_officer)
    asked = {"site": basrah.pk, "day": "08/11/2026"}

    # Nothing is there for all: it is asked for like any other week, and nothing tells of it.
    answer = officer.post("/reports/compile/", asked, follow=True).content.decode()
    assert "it is missing, not zero" in answer
    assert WeeklyReport.objects.get() == hidden

    put(basrah, WEEK, 3)
    answer = officer.post("/reports/compile/", asked, follow=True).content.decode()
    draft = WeeklyReport.objects.latest_for(data_officer).get()
    assert (draft.revision, draft.revision_of, draft.is_open) == (1, hidden, True)
    assert "Tell it in words" in answer
    assert "SXV" not in answer
    assert "since the report of" not in answer
    assert officer.get(URL + "narrative/").status_code == 200
    assert officer.get(URL + "approve/").status_code == 403
    services.freeze_report(draft, by=manager)
    assert SharedWeeklyReport.objects.get().revision == 1


# --- older reports, and the command ---------------------------------------------------------------


def without_open_version(report):
    """The row as it was before open versions were kept."""
    WeeklyReport.objects.filter(pk=report.pk).update(
        body_open=None, basis_open=None, checksum_open=""
    )
    return WeeklyReport.objects.get(pk=report.pk)


def test_an_older_report_is_not_kept_for_other_roles_until_it_is_compiled_again(
    basrah, put_weeks, hide, worker, data_officer, manager, signed_in
):
    put_weeks(basrah, [4] * 12)
    hide(basrah)
    report = without_open_version(compiled(basrah))

    assert edition_for(report, worker) is None
    page = signed_in(worker).get(URL)
    assert (page.status_code, "not kept for your role" in page.content.decode()) == (200, True)
    for kind in ("json", "pdf", "xlsx"):
        assert signed_in(worker).get(f"{URL}?format={kind}").status_code == 404
    for address in ("/", "/dashboard/", "/reports/"):
        assert signed_in(worker).get(address).status_code == 200
    assert (
        "not kept for your role" in signed_in(data_officer).get(URL + "narrative/").content.decode()
    )
    assert "Compile again" in signed_in(data_officer).get(URL).content.decode()
    assert "For supervisors and managers only" in signed_in(manager).get(URL).content.decode()

    compiled(basrah)
    assert "Data health" in signed_in(worker).get(URL).content.decode()


def test_an_older_approved_report_is_corrected_to_have_an_open_version(
    basrah, put_weeks, manager, data_officer
):
    put_weeks(basrah, [4] * 12)
    report = without_open_version(compiled(basrah))
    frozen = services.freeze_report(report, by=manager)
    assert frozen.body_open is None

    draft = services.revise_report(frozen, by=data_officer, reason="for all staff")
    assert (draft.is_open, draft.body_open["revisions"]) == (True, [])
    assert edition_of(draft, Audience.OPEN) is not None


@pytest.mark.parametrize("audience", list(Audience))
def test_the_command_writes_the_version_it_is_asked_for(
    audience, basrah, put_weeks, hide, capsys, tmp_path
):
    put_weeks(basrah, [4] * 12)
    hide(basrah)
    more = [] if audience == Audience.FULL else ["--audience", str(audience)]
    target = tmp_path / "report.json"
    call_command("weekly_report", "--week", str(WEEK), "--output", str(target), *more)

    report = WeeklyReport.objects.get()
    document = json.loads(target.read_text(encoding="utf-8"))
    assert document == (report.body if audience == Audience.FULL else report.body_open)
    assert ("SXV" in json.dumps(document)) == (audience == Audience.FULL)
