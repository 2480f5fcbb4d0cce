"""One page of what matters, for each audience, and nothing finer than a district."""

import io
from datetime import timedelta

import pypdf
import pytest
from django.urls import reverse

from ceasefire.people.roles import Role
from ceasefire.reports import services
from ceasefire.reports.editions import edition_of
from ceasefire.reports.models import Audience, SharedWeeklyReport
from ceasefire.reports.presentation import ReportPage
from ceasefire.reports.summary import MOST_ALERTS, summary_of, write_summary_pdf
from tests.reports.conftest import WEEK, full

pytestmark = pytest.mark.django_db


@pytest.fixture
def report(make_site, put, put_weeks, manager, data_officer):
    """Every district of the governorate with something, and a long narrative."""
    site = make_site("BASRAH-WIDE", place="IQG02")
    manager.sites.add(site)
    put_weeks(site, [1, 0, 2, 1] * 3 + [14])
    for number in range(1, 8):
        put(site, WEEK, 3, place=f"IQG02Q0{number}", type="ASL")
    put(site, WEEK, 9, type="SXV", is_sensitive=True, verification="unverified")
    put(site, WEEK, 2, verification="unverified", delay=12)
    draft = services.compile_week(site=site, week_start=WEEK)
    services.write_narrative(draft, narrative_en="Heron. " * 300, narrative_ar="", by=data_officer)
    return services.freeze_report(draft, by=manager)


def sources(report):
    return {
        "full": full(report),
        "open": edition_of(report, Audience.OPEN),
        "shared": SharedWeeklyReport.objects.get(),
    }


def test_the_pdf_is_one_page_in_each_language_for_each_audience_and_its_bytes_stay(report):
    for name, source in sources(report).items():
        for language in ("en", "ar"):
            content, file = write_summary_pdf(source, language)
            reader = pypdf.PdfReader(io.BytesIO(content))

            assert len(reader.pages) == 1
            assert (name in file) is (name != "open")
            assert content == write_summary_pdf(source, language)[0]


def test_data_health_comes_first_and_what_to_check_is_counted(report, manager, signed_in):
    client = signed_in(manager)
    page = client.get(
        reverse("reports:report_summary", args=[report.site.code, str(WEEK)])
    ).content.decode()
    order = [page.index(f'id="{name}"') for name in ("health", "alerts", "checks", "counts")]

    assert order == sorted(order)
    assert "11 incidents are not verified." in page
    for word in ("Heron", "SXV", "exual assault", "metres", "47.8"):
        assert word not in page


def test_what_is_left_out_is_counted(report):
    source = full(report)
    row = source.body["alerts"][0] if source.body["alerts"] else source.body["counts"][0]
    alert = {"place": row["place"], "type": row["type"]}
    source.body["alerts"] = [alert] * (MOST_ALERTS + 3) + [{**alert, "type": "SXV"}]
    source.body["counts"][1]["type"] = "SXV"
    source.body["counts"][1]["place"] = alert["place"]
    told = summary_of(source)

    assert len(told.alerts) == MOST_ALERTS
    assert told.more_alerts.startswith("4 more alerts")

    for one in source.basis["rows"]:
        one["killed_unknown"] = 2
    assert {row.killed.partition(" ")[2] for row in summary_of(source).rows} == {"+2 unknown"}


def test_reo_reads_the_shared_one_and_nobody_reads_what_is_not_theirs(
    report, make_user, zubair, signed_in
):
    address = reverse("reports:report_summary", args=[report.site.code, str(WEEK)])
    shared = SharedWeeklyReport.objects.get()
    viewer = signed_in(make_user(Role.REO_VIEWER, username="reo.viewer"))
    page = viewer.get(address)
    assert page.status_code == 200
    assert page.context["told"].page.body == shared.body
    assert viewer.get(address, {"format": "pdf"})["Content-Type"] == "application/pdf"

    stranger = signed_in(make_user(Role.MANAGER, zubair, username="elsewhere"))
    before = reverse(
        "reports:report_summary", args=[report.site.code, str(WEEK - timedelta(days=7))]
    )
    assert [stranger.get(one).status_code for one in (address, before)] == [404, 404]


def test_districts_are_not_ranked_by_size_but_the_unusual_ones_come_first(report):
    source = full(report)
    codes = [f"IQG02Q0{number}" for number in range(1, 8)]
    assert [one.pcode for one in ReportPage(source).districts] == codes
    names = [one.name for one in ReportPage(source).districts]
    assert [row.name for row in summary_of(source).rows] == names
    # The one chart that has room for one shows where there is most to see.
    assert ReportPage(source).drawn.pcode == "IQG02Q02"

    for row in source.body["counts"]:
        if (row["place"], row["type"]) == ("IQG02Q05", "ALL"):
            row["state"] = "unusual"
    page = ReportPage(source)
    assert [one.pcode for one in page.districts] == [codes[4], *codes[:4], *codes[5:]]
    assert page.drawn.pcode == "IQG02Q05"
    assert summary_of(source).rows[0].name == names[4]

    shared = SharedWeeklyReport.objects.get()
    assert [row["place"] for row in shared.body["districts"]] == codes
    shared.body["districts"][3]["state"] = "unusual"
    assert [row.name for row in summary_of(shared).rows][:2] == [names[3], names[0]]
