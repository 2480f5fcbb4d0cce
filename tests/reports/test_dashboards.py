"""The dashboards: what each role begins with, and that every number is the records behind it."""

import csv
import html
import io
from datetime import datetime, time, timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from ceasefire import periods
from ceasefire.audit.models import AuditEvent
from ceasefire.people.models import User
from ceasefire.people.roles import Role
from ceasefire.periods import BAGHDAD
from ceasefire.places.models import Place, Site
from ceasefire.reports import dashboard_views, services
from ceasefire.reports.dashboards import quality
from ceasefire.reports.dashboards.parts import Known, change_words
from ceasefire.reports.dashboards.shared import masked, shown_week
from ceasefire.reports.models import SharedWeeklyReport, WeeklyReport
from incidents.models import Incident, IncidentResponse, Victimization
from incidents.views.desk import filters_of
from outreach.measures.staffing import Staffing
from tests.reports.conftest import AS_OF, WEEK

pytestmark = pytest.mark.django_db
WEEK_PAGE, QUALITY = "/dashboard/week/", "/dashboard/quality/"
BEFORE = WEEK - timedelta(weeks=1)


def asked(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer


def question(answer, key):
    return next(block for block in answer.context["blocks"] if getattr(block, "key", "") == key)


def listed(client, url):
    """How many rows a list holds, all its pages together."""
    total, more = 0, url
    while more:
        page = asked(client, more).context["page"]
        total += len(page)
        more = f"{url}&after={page.after}" if page.after else ""
    return total


@pytest.fixture
def mixed(basrah, zubair, put, put_weeks, make_user):
    """A week of everything that is counted apart, some of it sensitive, some of another site."""
    put_weeks(basrah, [4, 3, 5])
    for facts in (
        {"verification": "unverified"},
        {"verification": "disputed"},
        {"verification": "refuted"},
        {"time_precision": 3},
        {"delay": 9},
        {"place": "IQG02"},
        {"place": "IQG02Q02", "geo_precision": 4},
        {"place": "IQG02Q02N01", "type": "KID"},
        {"workflow_state": "returned"},
        {"workflow_state": "draft"},
        {"is_sensitive": True, "type": "SXV"},
        {"is_sensitive": True, "verification": "unverified"},
        {"is_sensitive": True, "reporter": make_user(Role.WORKER, basrah, username="own")},
    ):
        put(basrah, WEEK + timedelta(days=6), **facts)
    put(zubair, WEEK, 7, place="IQG02Q06N01")
    first = Incident.objects.filter(site=basrah, occurred_on__lt=BEFORE).order_by("code").first()
    put(basrah, WEEK, workflow_state="duplicate", duplicate_of=first)
    answered = datetime.combine(WEEK, time(20), BAGHDAD)
    rows = Incident.objects.filter(site=basrah, workflow_state="accepted", occurred_on__gte=BEFORE)
    for number, row in enumerate(rows.order_by("code")[:6]):
        # Five end in the week, at its very edges too; two of these were answered in time.
        clock = IncidentResponse(incident=row, site=basrah)
        edge = (WEEK, WEEK, WEEK + timedelta(days=7), WEEK + timedelta(days=2))[number % 4]
        start = datetime.combine(edge, time(0, number // 4), BAGHDAD) - timedelta(hours=72)
        clock.begin(start, late=False)
        if number in (0, 3):
            clock.first_contact_at = clock.community_response_at = clock.due_at
            clock.closed_at, clock.closed_reason = answered, "answered"
        clock.save()
    return basrah


def counted_by(user, url):
    """How many incidents a link of a number holds for its reader."""
    filters = filters_of(url.partition("?")[2], user)
    assert filters.is_valid(), (url, filters.errors)
    return filters.apply(Incident.objects.visible_to(user)).count()


@pytest.mark.parametrize(
    ("role", "paths"),
    [
        (Role.MANAGER, (WEEK_PAGE, f"{WEEK_PAGE}?place=IQG02Q02N02", QUALITY)),
        (Role.DATA_OFFICER, (QUALITY, f"{WEEK_PAGE}?period=4&beside=year&place=IQG02Q02")),
        (Role.WORKER, (WEEK_PAGE,)),
    ],
)
def test_every_number_is_that_of_the_list_it_opens(role, paths, mixed, make_user, signed_in):
    # The worker wrote a sensitive one down: it is on their list, and in no report's count.
    user = (
        User.objects.get(username="own")
        if role == Role.WORKER
        else make_user(role, mixed, zubair())
    )
    client = signed_in(user)
    seen, link = 0, ""
    for path in paths:
        answer = asked(client, f"{path}{'&' if '?' in path else '?'}site=BASRAH-CENTRE")
        for row, _change in answer.context["rows"]:
            if row.of_people:
                # Behind people stand the incidents in which they were.
                column = {"Killed": "killed_best", "Injured": "injured_best"}.get(str(row.label))
                filters = filters_of(row.url.partition("?")[2], user)
                rows = filters.apply(Incident.objects.visible_to(user))
                people = rows.values_list(F(column or "abducted"), flat=True)
                assert sum(people) == row.now.value, (path, str(row.label))
                assert 0 not in people
                continue
            for known, url in ((row.now, row.url), (row.then, row.then_url)):
                if known is not None and known.value is not None:
                    assert counted_by(user, url) == known.value, (path, str(row.label))
                    seen += known.value
        for block in answer.context["blocks"]:
            link = getattr(block, "figure_url", "")
            if link.startswith("/incidents/?"):
                assert counted_by(user, link) == block.value, block.title
            lines = [line for line in getattr(block, "lines", ()) if not isinstance(line, str)]
            for item in [*lines, *block.items]:
                if item.count and item.url.startswith("/incidents/?"):
                    assert counted_by(user, item.url) == item.count, item
                    seen += 1
        for shown in answer.context["charts"]:
            links = [cell for line in shown.lines for cell in line if cell.url]
            assert links
            for cell in links:
                assert counted_by(user, cell.url) == int(cell.text), cell
        if path in (WEEK_PAGE, f"{WEEK_PAGE}?place=IQG02Q02N02"):
            where = question(answer, "where")
            wider = [line.count for line in where.lines]
            assert sum([item.count for item in where.items] + wider) == where.value
            link = question(answer, "week").figure_url
            assert listed(client, link) == question(answer, "week").value
    assert seen > 20


def zubair():
    return Site.objects.get(code="AL-ZUBAIR")


def test_the_week_is_equal_to_the_raw_count(mixed, manager, signed_in):
    answer = asked(signed_in(manager), WEEK_PAGE)
    week = question(answer, "week")

    # Five of the series; late, without a district, at the district, kidnapped, and two sensitive.
    assert week.value == 11
    assert question(answer, "answers").value == 2
    assert question(answer, "answers").lines[0].label == "of 5 whose 72 hours ended"
    assert counted_by(manager, question(answer, "answers").items[0].url) == 3


def test_killed_that_nobody_knows_is_no_zero(basrah, put, put_weeks, manager, signed_in):
    put_weeks(basrah, [0, 0])
    rows = put(basrah, WEEK, 3, killed_best=None, killed_unknown=True)
    Victimization.objects.create(incident=rows[0], harm="killed")
    shown = {
        str(row.label): row for row, _change in asked(signed_in(manager), WEEK_PAGE).context["rows"]
    }
    unknown = shown["Killed unknown, incidents"]

    # Of one a victim tells it.
    assert (shown["Killed"].now.value, shown["Killed"].now.unknown) == (1, 2)
    assert unknown.now.value == counted_by(manager, unknown.url) == 2


def test_a_clock_that_ends_later_is_not_unanswered_yet(
    basrah, zubair, put, make_user, signed_in, settings, monkeypatch
):
    settings.CEASEFIRE_TODAY = ""
    monkeypatch.delenv("CEASEFIRE_TODAY", raising=False)
    manager = make_user(Role.MANAGER, basrah, zubair)
    client, now = signed_in(manager), periods.now()
    today = now.date()
    for site, hours in ((basrah, 73), (basrah, 71), (zubair, 1)):
        [row] = put(site, today - timedelta(days=4))
        clock = IncidentResponse(incident=row, site=site)
        clock.begin(now - timedelta(hours=hours), late=False)
        clock.save()
    days = [today + timedelta(days=away) for away in (-7, 7)]
    since, until = (f"{day:%d/%m/%Y}" for day in days)
    query = f"?site={basrah.code}&period=days&since={since}&until={until}"
    for more in ("", "&place=IQG02Q02N02"):
        answers = question(asked(client, WEEK_PAGE + query + more), "answers")
        late, running, red = answers.items

        assert answers.lines[0].count == counted_by(manager, answers.lines[0].url) == 1
        assert late.label.startswith("1 ")
        assert counted_by(manager, late.url) == 1
        assert running.label.startswith("2 ")
        # Clocks that run are of the site, whatever place is asked for.
        assert ("at the whole site" in running.note) is bool(more)
        for item, most in ((running, 2), (red, 1)):
            columns = asked(client, item.url).context["groups"]
            assert item.count == sum(column["count"] for column in columns) == most
            assert item.count == sum(len(column["rows"]) for column in columns)

    clocks, review = asked(client, f"/dashboard/team/?site={basrah.code}").context["blocks"][:2]
    assert (clocks.value, clocks.url) == (2, f"/incidents/board/?site={basrah.code}")
    assert review.note.startswith("At all my sites.")
    clocks, review = asked(client, "/dashboard/team/").context["blocks"][:2]
    assert clocks.value == 3
    assert "At all my sites." not in review.note


# --- the usual range ------------------------------------------------------------------------------


def test_the_state_is_the_reports_until_the_records_change(
    basrah, put, put_weeks, manager, signed_in
):
    put_weeks(basrah, [3, 2, 4] * 60 + [25])
    services.compile_week(site=basrah, week_start=WEEK)
    client = signed_in(manager)
    answer = asked(client, WEEK_PAGE)
    week, alerts = question(answer, "week"), question(answer, "alerts")

    assert (week.value, week.state) == (25, "unusual")
    assert "in a usual week between" in week.note
    assert alerts.value == 2
    finding = alerts.items[0]
    assert listed(client, finding.checks[0].url) == 25
    assert [str(one.label) for one in finding.checks] == [
        "Read the records",
        "Are some told late, all at once?",
    ]
    assert "tag-unusual" in answer.content.decode()

    put(basrah, WEEK)
    week = question(asked(client, WEEK_PAGE), "week")
    assert (week.value, week.state) == (26, "")
    assert "25 when the report was compiled" in week.note


def test_a_week_without_a_report_says_which_is_the_newest(basrah, put_weeks, manager, signed_in):
    put_weeks(basrah, [3] * 12)
    services.compile_week(site=basrah, week_start=BEFORE)
    week = question(asked(signed_in(manager), WEEK_PAGE), "week")

    assert (week.value, week.state) == (3, "")
    assert "not compiled yet; the newest is of the week 1 to 7 November 2026" in week.note


@pytest.mark.parametrize(
    ("now", "then", "words"),
    [
        (Known(4, 1), Known(2, 1), "from 2 to 4"),
        (Known(11, 4), Known(10, 4), "from 10 to 11 (10% more)"),
        (Known(5, 4), Known(10, 4), "from 10 to 5 (50% fewer)"),
        (Known(3, 1), Known(3, 1), "the same"),
        (Known(3, 1), Known(30, 4), ""),
        (Known(3, 4), Known(30, 4, missing=1), ""),
        (Known(3, 4, hidden=1), Known(30, 4), ""),
        (Known(None, 1), Known(30, 1), ""),
        (Known(12, 1, incomplete=True), Known(20, 1), "from 20 to 12, still coming in"),
        (
            Known(12, 1),
            Known(20, 1, early=True),
            "from 20 to 12, counted before all reports were in",
        ),
        (Known(12, 1, unknown=3), Known(20, 1), "from 20 to 12"),
    ],
)
def test_a_change_is_said_in_numbers_and_never_as_a_share_of_few(now, then, words):
    assert change_words(now, then, "western") == words


def test_no_fall_is_told_while_reports_still_come_in(basrah, put_weeks, manager, signed_in):
    put_weeks(basrah, [20, 12] * 6)
    client = signed_in(manager)

    def change(query):
        return asked(client, WEEK_PAGE + query).context["rows"][0][1]

    assert change("") == "from 20 to 12, still coming in"
    assert change("?period=days&since=15/11/2026&until=15/11/2026") == (
        "from 12 to 0, still coming in"
    )
    assert change("?period=days&since=13/9/2026&until=13/9/2026") == "from 20 to 12 (40% fewer)"


def test_a_week_outside_the_coverage_is_missing_and_not_compared(
    basrah, put_weeks, manager, signed_in
):
    put_weeks(basrah, [3, 3])
    rows = asked(signed_in(manager), f"{WEEK_PAGE}?period=4").context["rows"]

    assert (rows[0][0].now.value, rows[0][0].now.missing) == (6, 2)
    assert (rows[0][0].then.value, rows[0][0].then.missing, rows[0][1]) == (None, 4, "")


# --- what is asked --------------------------------------------------------------------------------


def test_days_are_read_in_either_digits_and_widened_to_whole_weeks(
    basrah, put_weeks, manager, signed_in
):
    put_weeks(basrah, [1] * 8)
    answer = asked(
        signed_in(manager),
        f"{WEEK_PAGE}?period=days&since=٠٣/١١/٢٠٢٦&until=10/11/2026&beside=year",
    )

    assert question(answer, "week").value == 2
    assert (answer.context["period"], answer.context["beside"]) == (
        "1 to 14 November 2026",
        "2 to 15 November 2025",
    )
    assert "1 to 14 November 2026" in answer.content.decode()


MISTAKES = [
    ("period=days&since=31/02/2026&until=1/3/2026", "since", "Write the day as day/month/year"),
    ("period=days&since=&until=1/3/2026", "since", "Write the day, or choose another period."),
    ("period=days&since=2/3/2026&until=1/3/2026", "until", "The last day is before the first."),
    ("period=days&since=1/3/1990&until=1/3/2026", "until", "At most two years at once"),
    ("period=days&since=1/3/2030&until=2/3/2030", "since", "This day is still to come."),
    ("place=IQG02Q06", "place", "This is no place of the chosen site."),
    ("period=moon", "period", "Select a valid choice"),
    ("site=NOWHERE", "site", "Select a valid choice"),
    ("beside=days&beside_since=x&beside_until=y", "beside_until", "Write the day as"),
]


def test_what_is_not_understood_is_said_at_its_field_and_kept(
    basrah, put_weeks, manager, signed_in
):
    put_weeks(basrah, [5])
    client = signed_in(manager)
    for query, field, words in MISTAKES:
        answer = asked(client, f"{WEEK_PAGE}?{query}")
        page = answer.content.decode()
        assert words in " ".join(answer.context["form"].errors[field]), query
        assert words in page
        assert not answer.context["blocks"]
        for typed in ("31/02/2026", "1/3/1990", "2/3/2026"):
            assert (f'value="{typed}"' in page) == (f"={typed}" in query), query


# --- the pages of a role --------------------------------------------------------------------------


FIRST = [
    (Role.INTERRUPTER, "week", 1),
    (Role.WORKER, "week", 1),
    (Role.SUPERVISOR, "team", 2),
    (Role.MANAGER, "week", 3),
    (Role.DATA_OFFICER, "quality", 2),
    (Role.REO_STAFF, "shared", 1),
    (Role.REO_VIEWER, "shared", 1),
]


def test_each_role_begins_with_its_own_questions(basrah, put_weeks, manager, make_user, signed_in):
    put_weeks(basrah, [4] * 12)
    services.freeze_report(services.compile_week(site=basrah, week_start=WEEK), by=manager)
    for role, first, tabs in FIRST:
        client = signed_in(make_user(role, basrah))
        answer = asked(client, "/dashboard/")
        shown = answer.context["blocks"]
        assert answer.context["page_name"] == first
        assert len(answer.context["tabs"]) == tabs
        assert 4 <= len(shown) <= 7
        assert all(str(block.title).endswith("?") for block in shown)
        for url in {block.url.split("#")[0] for block in shown} - {""}:
            assert client.get(url).status_code == 200, url
        full = asked(client, answer.context["full_url"]).content.decode()
        assert "data-escape" in full
        assert 'class="side"' not in full
        assert "btn-leave" in full


def test_a_page_in_full_screen_is_told_of_news_only(basrah, put, manager, signed_in):
    put(basrah, WEEK, 2)
    client = signed_in(manager)
    part = asked(client, f"{WEEK_PAGE}?full=1&period=4").context["part_url"]
    assert client.get(part).status_code == 204

    put(basrah, WEEK)
    fresh = client.get(part)
    assert fresh.status_code == 200
    assert question(fresh, "week").value == 3
    # What it asks next is of the same period.
    assert "period=4" in fresh.context["part_url"]
    assert client.get("/dashboard/part/?page=shared").status_code == 403
    assert client.get("/dashboard/part/?page=none").status_code == 404


def test_more_records_ask_the_database_no_more(mixed, put, make_user, signed_in):
    client = signed_in(make_user(Role.MANAGER, mixed))
    services.compile_week(site=mixed, week_start=WEEK)

    def count(path):
        with CaptureQueriesContext(connection) as queries:
            asked(client, path)
        return len(queries)

    few = {path: count(path) for path in (WEEK_PAGE, QUALITY, "/dashboard/team/")}
    put(mixed, WEEK, 40, place="IQG02Q02N01")
    for path, before in few.items():
        assert count(path) <= before <= 45, path


def test_the_data_officer_sees_groups_and_never_a_person(
    basrah, put, make_user, data_officer, signed_in
):
    workers = [make_user(Role.WORKER, basrah, username=f"writer{number}") for number in range(3)]
    lone = make_user(Role.INTERRUPTER, basrah, username="lone")
    for person in workers:
        put(basrah, WEEK, 2, reporter=person, delay=9)
        # Of the week before, and entered in this one.
        put(basrah, WEEK - timedelta(days=7), 1, reporter=person, delay=9)
    put(basrah, WEEK, 1, reporter=lone, motive="tribal")
    # Entered on the first day after it: of the next week, and not of this one.
    put(basrah, WEEK - timedelta(days=7), 1, reporter=workers[0], delay=14)
    services.compile_week(site=basrah, week_start=WEEK)
    answer = asked(signed_in(data_officer), QUALITY)

    found = {group.label: group.counts[:2] for group in answer.context["groups"]}
    # One person's row would stand beside that of the workers.
    assert found == {"The others together": (7, 3)}
    page = answer.content.decode()
    for person in (*workers, lone):
        assert person.code_name not in page
    assert question(answer, "late").value == 6

    User.objects.filter(pk=workers[0].pk).update(is_active=False)
    User.objects.filter(pk=lone.pk).update(is_active=False)
    answer = asked(signed_in(data_officer), QUALITY)
    assert answer.context["groups"] is None
    assert "Too few people write down here to tell groups apart." in answer.content.decode()


@pytest.mark.parametrize(
    ("people", "written", "shown"),
    [
        # Interrupters, workers, supervisors.
        ((3, 4, 3), ("interrupters", "workers", "leads"), ["interrupters", "workers", "leads"]),
        (
            (1, 5, 4),
            ("interrupters", "workers", "leads", "imported"),
            ["workers", "imported", "others"],
        ),
        ((2, 5, 2), ("interrupters", "workers", "leads"), ["workers", "others"]),
        ((1, 5, 1), ("interrupters", "workers", "leads"), ["others"]),
        ((1, 1, 0), ("interrupters", "workers", "imported"), None),
        ((0, 2, 3), ("workers",), None),
        ((0, 0, 0), ("imported",), ["imported"]),
    ],
)
def test_what_few_wrote_stands_with_others_or_is_not_shown(people, written, shown, monkeypatch):
    staff = Staffing(1, 0, people[2], people[1], people[0])
    monkeypatch.setattr(quality.outreach_measures, "staffing", lambda _sites: [staff])
    page = quality.QualityDashboard.__new__(quality.QualityDashboard)
    page.site = SimpleNamespace(pk=1)
    found = page._grouped({group: [2] * len(quality.FIELDS) for group in written})

    assert (found and list(found)) == shown
    # Nothing is lost where groups come together.
    assert found is None or sum(counts[0] for counts in found.values()) == 2 * len(written)


# --- what leaves the program ----------------------------------------------------------------------


def test_the_file_of_a_chart_holds_the_values_of_its_table(
    mixed, manager, put, signed_in, make_user
):
    services.compile_week(site=mixed, week_start=WEEK)
    client = signed_in(manager)
    for path, slugs in ((WEEK_PAGE, ["weeks", "types"]), (QUALITY, ["late"])):
        answer = asked(client, f"{path}?period=4&place=IQG02Q02")
        assert [shown.slug for shown in answer.context["charts"]] == slugs
        for shown in answer.context["charts"]:
            assert shown.csv_url in html.unescape(answer.content.decode())
            file = asked(client, shown.csv_url)
            assert file.headers["Content-Disposition"] == (
                'attachment; filename="dashboard-BASRAH-CENTRE-IQG02Q02-2026-10-18-2026-11-14-'
                f'{path.split("/")[2]}-{shown.slug}.csv"'
            )
            head, *rows = csv.reader(io.StringIO(file.content.decode("utf-8-sig")))
            assert head == list(shown.chart.head)
            told = [[cell.text for cell in line] for line in shown.lines]
            assert len(rows) == len(told) >= 2
            assert [row[1] or "–" for row in rows] == [line[1] for line in told]
    drawn = question(asked(client, WEEK_PAGE), "where")
    rows = list(csv.reader(io.StringIO(asked(client, drawn.csv_url).content.decode("utf-8-sig"))))
    assert {(name, int(count)) for name, count in rows[1:] if int(count)} == {
        (item.label.partition(":")[0], item.count) for item in drawn.items
    }
    exported = AuditEvent.objects.filter(verb="dashboard.exported").order_by("-seq").first()
    assert (exported.subject_id, exported.detail["chart"]) == ("BASRAH-CENTRE", "week.map")


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        # What a role does not open, it takes out no more than it reads.
        (Role.WORKER, "quality/charts/late", 403),
        (Role.REO_VIEWER, "week/charts/weeks", 403),
        (Role.REO_VIEWER, "shared/charts/weeks", 404),
        (Role.MANAGER, "shared/charts/weeks", 403),
        (Role.MANAGER, "team/charts/weeks", 404),
        (Role.MANAGER, "week/charts/late", 404),
        (Role.MANAGER, "week/charts/types", 404),
        (Role.MANAGER, "week/charts/weeks", 200),
    ],
)
def test_who_may_take_a_chart_out(role, path, status, basrah, make_user, signed_in):
    client = signed_in(make_user(role, basrah))
    assert client.get(f"/dashboard/{path}.csv").status_code == status
    assert client.get(f"/dashboard/{path}.csv?period=moon").status_code in (403, 404)


def test_reo_reads_what_was_published_and_no_small_number(
    basrah, put, put_weeks, manager, make_user, signed_in, monkeypatch, settings
):
    put_weeks(basrah, [6] * 11 + [4])
    put(basrah, WEEK, 5, is_sensitive=True, type="SXV")
    for start in (BEFORE, WEEK):
        draft = services.compile_week(site=basrah, week_start=start, as_of=AS_OF)
        services.freeze_report(draft, by=manager)
    assert SharedWeeklyReport.objects.get(week_start=WEEK).body["total"] == 4
    viewer, roles = make_user(Role.REO_VIEWER), []

    def as_whom(user):
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            roles.extend(cursor.fetchone())
        return real(user)

    real = dashboard_views.shared.newest_by_site
    monkeypatch.setattr(dashboard_views.shared, "newest_by_site", as_whom)
    with CaptureQueriesContext(connection) as queries:
        answer = asked(signed_in(viewer), "/dashboard/")
    week = question(answer, "week")
    page = answer.content.decode()

    # Four were published; a page that many read says fewer than five.
    assert week.value is None
    assert week.said == "fewer than 5, or hidden"
    [row, total] = [row for row, _change in answer.context["rows"]]
    assert (row.now.value, row.now.hidden, total.then.value) == (None, 1, 6)
    # Both weeks were published while their reports came in.
    assert total.then.incomplete
    assert total.then.early
    assert "4 incidents" not in page
    assert roles == [settings.REO_ROLE]
    assert not [q for q in queries if "incidents_" in q["sql"] or "outreach_" in q["sql"]]
    for path in (WEEK_PAGE, QUALITY, "/dashboard/team/"):
        assert signed_in(viewer).get(path).status_code == 403


def test_a_hidden_number_can_not_be_worked_out_from_those_beside_it():
    def body(total, *counts):
        rows = [{"place": f"D{n}", "incidents": count} for n, count in enumerate(counts)]
        return {"total": total, "districts": rows}

    one_small = shown_week(body(20, 4, 6, 10))
    assert one_small.total == 20
    assert list(one_small.districts.values()).count(None) == 2
    assert one_small.districts["D0"] is None
    assert shown_week(body(16, 0, 6, 10)) == shown_week(body(16, 0, 6, 10))
    assert shown_week(body(16, 0, 6, 10)).districts == {"D0": 0, "D1": 6, "D2": 10}
    # Hidden already by the report: what is small goes too, and nothing comes back.
    assert shown_week(body(None, None, 4, None)).districts == {"D0": None, "D1": None, "D2": None}
    assert [masked(count) for count in (None, 0, 1, 4, 5)] == [None, 0, None, None, 5]


def test_without_a_published_report_the_grants_are_there_all_the_same(make_user, signed_in):
    answer = asked(signed_in(make_user(Role.REO_VIEWER)), "/dashboard/")

    assert len(answer.context["blocks"]) == 4
    assert not WeeklyReport.objects.exists()


def test_a_sum_of_several_weeks_opens_the_reports_that_published_them(
    basrah, put, put_weeks, manager, make_site, make_user, signed_in
):
    basrah.places.add(Place.objects.get(pcode="IQG02Q06"))
    put_weeks(basrah, [9, 8, 7, 6])
    put(basrah, WEEK, 6, place="IQG02Q06N01")
    put(basrah, BEFORE, 3, place="IQG02Q06N01")
    starts = [WEEK - timedelta(weeks=back) for back in (3, 2, 1, 0)]
    for start in starts:
        services.freeze_report(
            services.compile_week(site=basrah, week_start=start, as_of=AS_OF), by=manager
        )
    client = signed_in(make_user(Role.REO_VIEWER))
    answer = asked(client, "/dashboard/?period=days&since=2026-10-25&until=2026-11-14&beside=none")

    rows = {row.label: row for row, _change in answer.context["rows"]}
    url = rows["Together"].url
    assert rows["Together"].now.value == 8 + 7 + 3 + 6 + 6
    assert html.escape(url) in answer.content.decode()
    listing = asked(client, url)
    assert [one.week_start for one in listing.context["page"]] == starts[:0:-1]
    drawn = {shown.slug: shown for shown in answer.context["charts"]}
    assert list(drawn) == ["weeks", "districts"]
    cells = [[(cell.text, cell.url) for cell in line] for line in drawn["districts"].lines]
    # The week with three of a district is hidden in both, one to keep the other.
    assert [line[1] for line in cells] == [("14", url), ("6", url)]
    assert [line[2][0] for line in cells] == ["1", "1"]
    file = asked(client, drawn["districts"].csv_url).content.decode("utf-8-sig")
    assert [row[1:3] for row in csv.reader(io.StringIO(file))][1:] == [["14", "1"], ["6", "1"]]
    assert "By district" in drawn["districts"].chart.svg
    before = asked(client, "/dashboard/?period=days&since=2026-11-08&until=2026-11-14")
    [line] = [one for one in question(before, "week").lines if not isinstance(one, str)]
    assert (line.count, line.url) == (10, f"/reports/BASRAH-CENTRE/{BEFORE}/")
    # One district alone needs no chart of districts, and no week that was published no link.
    alone = asked(client, "/dashboard/?period=4&place=IQG02Q02")
    assert [shown.slug for shown in alone.context["charts"]] == ["weeks"]
    none = asked(client, "/dashboard/?period=days&since=2025-01-05&until=2025-01-18&beside=none")
    assert {row.url for row, _change in none.context["rows"]} == {""}
    assert [shown.slug for shown in none.context["charts"]] == ["weeks"]


def test_the_list_of_shared_reports_is_narrowed_by_site_and_days(
    basrah, zubair, put_weeks, manager, make_user, signed_in
):
    for site in (basrah, zubair):
        put_weeks(site, [9, 8, 7], place="IQG02Q06N01" if site == zubair else "IQG02Q02N02")
        for back in (2, 1, 0):
            start = WEEK - timedelta(weeks=back)
            draft = services.compile_week(site=site, week_start=start, as_of=AS_OF)
            services.freeze_report(draft, by=manager)
    client = signed_in(make_user(Role.REO_VIEWER))

    def found(query):
        page = asked(client, f"/reports/?{query}").context["page"]
        return [(one.site_code, one.week_start) for one in page]

    assert len(found("")) == 6
    assert found("site=AL-ZUBAIR&since=2026-11-03&until=2026-11-07") == [("AL-ZUBAIR", BEFORE)]
    both = [("AL-ZUBAIR", WEEK), ("BASRAH-CENTRE", WEEK)]
    assert sorted(found("since=9/11/2026")) == both
    assert found("until=2026-10-01") == []
    assert (
        "No report of these days has been shared."
        in asked(client, "/reports/?until=2026-10-01").content.decode()
    )
    # What is not understood narrows nothing, and is said at its field.
    wrong = asked(client, "/reports/?since=yesterday")
    assert len(wrong.context["page"]) == 6
    assert "day/month/year" in wrong.content.decode()


def test_what_groups_lack_stands_as_a_chart_beside_its_table(
    basrah, put, make_user, data_officer, signed_in
):
    workers = [make_user(Role.WORKER, basrah) for _number in range(3)]
    others = [make_user(Role.INTERRUPTER, basrah) for _number in range(3)]
    for person in workers:
        put(basrah, WEEK, 4, reporter=person)
        put(basrah, WEEK, 1, reporter=person, verification="unverified")
    for person in others:
        put(basrah, WEEK, 2, reporter=person)
    services.compile_week(site=basrah, week_start=WEEK)
    client = signed_in(data_officer)
    answer = asked(client, QUALITY)

    [shown] = answer.context["group_charts"]
    assert shown.chart.head == ("What is missing", "Violence interrupters", "Outreach workers")
    table = {line[0].text: [cell.text for cell in line[1:]] for line in shown.lines}
    assert table["Records"] == ["6", "15"]
    assert table["Not verified"] == ["0", "3"]
    # Three of fifteen, and no share of six.
    assert ">20<" in shown.chart.svg
    assert ">–<" in shown.chart.svg
    assert "Told late" not in shown.chart.svg
    assert str(shown.body) in answer.content.decode()
    assert shown.slug not in [one.slug for one in answer.context["charts"]]
    file = asked(client, shown.csv_url).content.decode("utf-8-sig")
    assert ["Not verified", "0", "3"] in list(csv.reader(io.StringIO(file)))
