"""The pages and files: who may open them, what they say, and that they open."""

import io
import json
from datetime import timedelta

import openpyxl
import pypdf
import pytest
from django.test import Client

from ceasefire import periods
from ceasefire.audit.models import AuditEvent
from ceasefire.jobs.models import Job
from ceasefire.people.roles import Role
from ceasefire.periods import Week
from ceasefire.reports import services
from ceasefire.reports.exports import report_file
from ceasefire.reports.models import WeeklyReport
from tests.reports.conftest import AS_OF, WEEK, full

pytestmark = pytest.mark.django_db
URL = "/reports/BASRAH-CENTRE/2026-11-08/"
EVERYBODY = [
    Role.INTERRUPTER,
    Role.WORKER,
    Role.SUPERVISOR,
    Role.MANAGER,
    Role.DATA_OFFICER,
]


@pytest.fixture
def draft(basrah, put_weeks):
    put_weeks(basrah, [3, 2, 4] * 60 + [25])
    return services.compile_week(site=basrah, week_start=WEEK, as_of=AS_OF)


@pytest.mark.parametrize("role", EVERYBODY)
def test_program_staff_read_the_reports_of_their_sites_only(
    role, draft, basrah, zubair, make_user, signed_in
):
    assert signed_in(make_user(role, basrah)).get(URL).status_code == 200
    assert signed_in(make_user(role, zubair)).get(URL).status_code == 404


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.ADMINISTRATOR])
def test_auditor_and_administrator_read_none(role, draft, make_user, signed_in):
    assert signed_in(make_user(role)).get(URL).status_code == 403


@pytest.mark.parametrize(
    ("path", "roles"),
    [
        ("narrative/", {Role.DATA_OFFICER}),
        ("approve/", {Role.MANAGER}),
        ("correct/", {Role.MANAGER, Role.DATA_OFFICER}),
    ],
)
@pytest.mark.parametrize("role", EVERYBODY)
def test_who_tells_approves_and_corrects(path, roles, role, draft, basrah, make_user, signed_in):
    answer = signed_in(make_user(role, basrah)).get(URL + path)

    assert answer.status_code == (200 if role in roles else 403)


def test_the_page_says_health_the_week_the_alerts_and_what_was_not_tested(
    draft, manager, signed_in
):
    page = signed_in(manager).get(URL).content.decode()

    for words in (
        "Data health",
        "25 incidents verified: 25 killed, 0 injured.",
        "2 counts are unusual.",
        "in a usual week between",
        "Reports of this week still come in",
        "Not tested: whether the program changed anything",
        "2 counts were tested this week",
        "Approve",
    ):
        assert words in page, words
    assert "style=" not in page
    assert page.index("Data health") < page.index("by district and type") < page.index("Alerts")


def test_a_page_of_any_other_day_leads_to_the_week(draft, manager, signed_in):
    answer = signed_in(manager).get("/reports/BASRAH-CENTRE/2026-11-11/")

    assert (answer.status_code, answer["Location"]) == (302, URL)


@pytest.mark.parametrize(
    "path",
    [
        "/reports/BASRAH-CENTRE/2026-13-08/",
        "/reports/BASRAH-CENTRE/yesterday/",
        "/reports/NOWHERE/2026-11-08/",
        URL + "?format=exe",
        URL + "?revision=7",
        URL + "?revision=x",
        "/reports/BASRAH-CENTRE/2024-01-07/",
    ],
)
def test_an_address_that_is_none_is_not_found(path, draft, manager, signed_in):
    assert signed_in(manager).get(path).status_code == 404


def test_the_history_credits_its_source(history, make_user, signed_in, settings):
    manager = make_user(Role.MANAGER, history)
    services.compile_week(site=history, week_start=WEEK.replace(2007, 10, 8))
    page = signed_in(manager).get("/reports/BASRAH-HISTORY/2007-10-08/").content.decode()

    assert "Uppsala Conflict Data Program, CC BY 4.0" in page
    assert "OCHA" in page


# --- files ----------------------------------------------------------------------------------------


def test_json_is_the_document_byte_for_byte(draft, manager, signed_in):
    answer = signed_in(manager).get(URL + "?format=json")

    assert answer["Content-Type"] == "application/json"
    assert json.loads(answer.content) == draft.body
    assert answer.content == report_file(full(draft), "json", "en")[0]
    assert AuditEvent.objects.filter(verb="weeklyreport.exported").count() == 1


@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_pdf_opens_and_its_text_can_be_read(draft, manager, signed_in, language):
    answer = signed_in(manager).get(URL + f"?format=pdf&language={language}")
    text = "\n".join(
        page.extract_text() for page in pypdf.PdfReader(io.BytesIO(answer.content)).pages
    )

    assert answer["Content-Type"] == "application/pdf"
    assert "25" in text
    assert draft.checksum[:16] in text
    if language == "en":
        assert "25 incidents; in a usual week between" in " ".join(text.split())
        assert "Draft" in text


@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_sheet_has_real_numbers(draft, manager, signed_in, language):
    answer = signed_in(manager).get(URL + f"?format=xlsx&language={language}")
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    sheet = book.worksheets[0]
    rows = list(sheet.iter_rows(values_only=True))
    first = dict(zip(rows[0], rows[1], strict=True))

    assert bool(sheet.sheet_view.rightToLeft) == (language == "ar")
    assert rows[1][0:1] + rows[1][2:3] == ("IQG02Q02", "ALL")
    assert 25 in first.values()
    assert any(isinstance(value, float) for value in first.values())
    assert any(draft.checksum in row for row in book.worksheets[-1].iter_rows(values_only=True))


@pytest.mark.parametrize("kind", ["json", "pdf", "xlsx"])
@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_file_made_again_is_the_same_file(draft, basrah, put_weeks, kind, language):
    first = report_file(full(draft), kind, language)
    draft.delete()
    again = services.compile_week(site=basrah, week_start=WEEK, as_of=AS_OF)

    assert report_file(full(WeeklyReport.objects.get(pk=again.pk)), kind, language) == first


# --- what people do -------------------------------------------------------------------------------


def test_a_data_officer_tells_it_and_a_manager_approves_it(draft, data_officer, manager, client):
    client.force_login(data_officer)
    form = client.get(URL + "narrative/").context["form"]
    sent = {"narrative_en": "Two shops were hit.", "narrative_ar": "", **form.initial}
    sent["narrative_en"] = "Two shops were hit."
    assert client.post(URL + "narrative/", sent)["Location"] == URL

    other = Client()
    other.force_login(manager)
    version = other.get(URL + "approve/").context["form"].initial["version"]
    assert "never changes" in other.get(URL + "approve/").content.decode()
    assert other.post(URL + "approve/", {"version": version})["Location"] == URL
    draft.refresh_from_db()
    assert (draft.status, draft.narrative_en) == ("frozen", "Two shops were hit.")


def test_a_narrative_on_a_draft_that_moved_is_kept_on_the_page(draft, data_officer, client):
    client.force_login(data_officer)
    answer = client.post(
        URL + "narrative/", {"narrative_en": "Mine.", "narrative_ar": "", "version": 99}
    )

    assert answer.status_code == 409
    assert b"Mine." in answer.content
    again = answer.context["form"].data
    assert client.post(URL + "narrative/", again).status_code == 302


def test_compile_now_is_a_job_and_not_two(basrah, put_weeks, manager, client):
    put_weeks(basrah, [3] * 10)
    client.force_login(manager)
    for _twice in range(2):
        answer = client.post("/reports/compile/", {"site": basrah.pk, "day": "10/11/2026"})
        assert answer["Location"] == URL
    job = Job.objects.get(kind="reports.compile_week")
    assert (job.payload, job.by) == ({"site_code": "BASRAH-CENTRE", "week": "2026-11-08"}, manager)
    assert b"waits to be compiled" in client.get(URL).content
    progress = client.get(URL + "progress/")
    assert b'hx-trigger="every 2s"' in progress.content
    assert "HX-Refresh" not in progress

    job.state, job.finished_at = "done", AS_OF
    job.save()
    assert client.get(URL + "progress/")["HX-Refresh"] == "true"


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("20/11/2026", b"This week is not over yet."),
        ("31/02/2026", b"Write the day as day/month/year"),
        ("", b"This field is required."),
    ],
)
def test_a_wrong_day_is_said_where_it_was_typed(basrah, manager, client, day, words):
    client.force_login(manager)
    answer = client.post("/reports/compile/", {"site": basrah.pk, "day": day})

    assert answer.status_code == 200
    assert words in answer.content
    assert not Job.objects.filter(kind="reports.compile_week").exists()


@pytest.mark.parametrize(
    ("weeks_on", "words"),
    [
        (1, "The week is not over yet."),  # the coming one
        (0, "The week is not over yet."),  # the one that runs
        (-400, "The site was not recording in this week"),  # before coverage
    ],
)
def test_a_week_that_cannot_be_compiled_is_not_offered_and_says_why(
    basrah, manager, client, weeks_on, words
):
    client.force_login(manager)
    week = Week.of(periods.today(), basrah.week_start).plus(weeks_on)

    answer = client.get(f"/reports/BASRAH-CENTRE/{week}/")

    assert answer.status_code == 404
    assert words in answer.content.decode()
    assert "/reports/compile/" not in answer.content.decode().split("<main")[1]


def test_a_week_that_can_be_compiled_is_offered(basrah, put_weeks, manager, client):
    put_weeks(basrah, [1, 2])
    client.force_login(manager)
    week = Week.of(periods.today(), basrah.week_start).previous()

    page = client.get(f"/reports/BASRAH-CENTRE/{week}/").content.decode()

    assert "/reports/compile/" in page.split("<main")[1]


def test_somebody_elses_site_is_not_compiled(basrah, zubair, manager, client):
    client.force_login(manager)
    client.post("/reports/compile/", {"site": zubair.pk, "day": "10/11/2026"})

    assert not Job.objects.filter(kind="reports.compile_week").exists()


def test_a_changed_week_offers_the_correction(draft, basrah, put, manager, client):
    services.freeze_report(draft, by=manager)
    put(basrah, WEEK, 2)
    client.force_login(manager)
    assert b"The records say otherwise by now" in client.get(URL).content
    assert client.post(URL + "correct/", {"reason": "late"})["Location"] == URL
    page = client.get(URL).content.decode()

    assert "Corrected since the approved report" in page
    assert "+2" in page
    assert "Draft" in page
    assert client.get(URL + "?revision=0").status_code == 200


# --- lists, homes, dashboard ----------------------------------------------------------------------


def test_the_list_narrows_by_site_state_and_week(draft, basrah, put_weeks, manager, client):
    services.compile_week(site=basrah, week_start=WEEK - timedelta(weeks=1))
    client.force_login(manager)

    def weeks(query):
        return [str(one.week_start) for one in client.get("/reports/" + query).context["page"]]

    assert weeks("") == ["2026-11-08", "2026-11-01"]
    assert weeks("?week=2026-11-05") == ["2026-11-01"]
    assert weeks("?status=frozen") == []
    assert weeks("?site=BASRAH-CENTRE&status=draft") == ["2026-11-08", "2026-11-01"]


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_role_has_a_home(role, language, draft, basrah, make_user, signed_in, manager):
    services.freeze_report(draft, by=manager)
    client = signed_in(make_user(role, basrah, language=language))
    answer = client.get("/")

    assert answer.status_code == 200
    for block in answer.context["blocks"]:
        for item in block.items:
            if item.url:
                assert client.get(item.url.split("#")[0]).status_code == 200, item.url
        if block.url:
            assert client.get(block.url).status_code == 200, block.url


def test_a_figure_of_a_home_is_the_number_of_records_behind_it(
    basrah, put, make_user, signed_in, manager
):
    reporter, colleague = make_user(Role.WORKER, basrah), make_user(Role.WORKER, basrah)
    for state, by in (
        ("returned", reporter),
        ("returned", colleague),
        ("submitted", reporter),
        ("submitted", colleague),
        ("in_review", colleague),
    ):
        put(basrah, WEEK, workflow_state=state, reporter=by)

    def listed(user, url):
        return [one.workflow_state for one in signed_in(user).get(url).context["page"]]

    own = signed_in(reporter).get("/").context["blocks"][1].items[0]
    assert (str(own.label), listed(reporter, own.url)) == (
        "1 returned with a question",
        ["returned"],
    )
    waiting = signed_in(manager).get("/").context["blocks"][3]
    for figure, url in (
        (waiting.value, waiting.url),
        (waiting.items[0].count, waiting.items[0].url),  # all are killings
    ):
        behind = sorted(listed(manager, url))
        assert (figure, behind) == (3, ["in_review", "submitted", "submitted"]), url


def test_pages_ask_the_database_no_more_for_many_reports_than_for_few(
    draft, basrah, zubair, put_weeks, make_user, client, django_assert_max_num_queries
):
    for weeks in range(1, 30):
        services.compile_week(site=basrah, week_start=WEEK - timedelta(weeks=weeks), as_of=AS_OF)
    client.force_login(make_user(Role.MANAGER, basrah, zubair))
    client.get("/")
    for path, most in (("/", 26), ("/dashboard/", 40), ("/reports/", 16), (URL, 20)):
        with django_assert_max_num_queries(most):
            client.get(path)


def test_an_empty_program_says_what_comes_next(basrah, manager, client):
    client.force_login(manager)

    assert b"No report yet" in client.get("/reports/").content
    assert b"No report has been compiled yet" in client.get("/dashboard/").content
    assert client.get("/").status_code == 200


# --- health ---------------------------------------------------------------------------------------


def test_livez_and_readyz_answer_whoever_asks(client):
    for path in ("/livez", "/readyz"):
        answer = client.get(path)
        assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.parametrize("broken", ["key", "disk", "database", "migrations"])
def test_readyz_says_no_without_saying_why(broken, client, settings, tmp_path, monkeypatch):
    from django.db import OperationalError

    from ceasefire.reports import home_views

    def fail(*args, **kwargs):
        raise OperationalError("secret detail")

    if broken == "key":
        settings.VAULT_KEYS_FILE = str(tmp_path / "none")
    elif broken == "disk":
        monkeypatch.setattr(home_views, "LEAST_FREE_BYTES", 10**18)
    elif broken == "database":
        monkeypatch.setattr(home_views.connection, "cursor", fail)
    else:
        monkeypatch.setattr(home_views, "_all_applied", fail)
    answer = client.get("/readyz")

    assert (answer.status_code, answer.content) == (503, b"not ready\n")


def test_readyz_leaves_nothing_behind(client):
    from ceasefire.codes.models import Counter

    client.get("/readyz")
    assert not Counter.objects.filter(series__startswith="readyz").exists()
