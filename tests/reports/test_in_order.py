"""A report of a quarter's last week: sections 0 to 9, charts 1 to 9, each with the same numbers."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import numpy as np
import openpyxl
import pypdf
import pytest
from django.db import DatabaseError, connection, transaction
from django.template.loader import render_to_string
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from ceasefire import periods
from ceasefire.people.roles import Role
from ceasefire.periods import BAGHDAD, Week
from ceasefire.places.models import CoveragePeriod, Place
from ceasefire.reports import effects, exports, services
from ceasefire.reports.effect_forms import EffectPlanForm
from ceasefire.reports.effect_models import EffectPlan
from ceasefire.reports.exceptions import NotOwnRecords, OutcomeIsSensitive, PlanWasRead
from ceasefire.reports.exports import report_file
from ceasefire.reports.figures import cell, charts_as_svg, figure_csv
from ceasefire.reports.models import SharedWeeklyReport, WeeklyReport
from ceasefire.reports.presentation import ReportPage
from ceasefire.reports.sections import effect_lines, effect_words
from incidents.models import Incident
from tests.conftest import maker_of_users, site_of
from tests.reports.conftest import full, incident, incident_like

pytestmark = pytest.mark.django_db
#: The week that holds 30 September.
WEEK = date(2026, 9, 27)
AS_OF = datetime(2026, 10, 5, 6, 0, tzinfo=BAGHDAD)
START = date(2025, 9, 7)
NUMBERS = ["0", "1", "2", "2b", "3", "4", "5", "5b", "6", "7", "8", "9"]
CHARTS = [
    "weeks", "districts", "states", "delays", "trend-line", "pairs", "pairs-by-kind", "circles",
    "areas", "places", "index-1", "placebo-1",
]  # fmt: skip
SVG = "{http://www.w3.org/2000/svg}"


def records(site: Any) -> list[Incident]:
    """170 weeks of seven districts; in Basrah points with near repeats and a burst at the end."""
    rng = np.random.default_rng(3)
    rows = []
    places = {
        district: Place.objects.filter(level="subdistrict", district__pcode=district)
        .order_by("pcode")
        .values_list("pcode", flat=True)[0]
        for district in (f"IQG02Q0{number}" for number in range(1, 8))
    }
    for pcode in places.values():
        template = incident(site, WEEK, place=pcode)
        for at in range(170):
            for _number in range(int(rng.poisson(1.0))):
                rows.append(incident_like(template, WEEK - timedelta(weeks=at, days=-2)))
    near = list(Place.objects.filter(level="neighbourhood", district__pcode="IQG02Q02")[:7])

    def add(day: int, north: float, place: Any) -> None:
        row = incident(site, WEEK + timedelta(days=6 - day), place=place.pcode, delay=0)
        row.geo_precision, row.lat, row.lon = 1, 30.5123456 + north / 111_195, 47.8123456
        rows.append(row)

    for at in range(150):
        day, place = int(rng.integers(8, 720)), near[at % 6]
        north = float(rng.normal(0, 300)) + near.index(place) * 4_000
        add(day, north, place)
        if at < 60:
            add(day - 1, north + 100, place)
    for at in range(12):
        add(at % 6, float(rng.normal(0, 150)), near[0])
    rows.append(incident(site, WEEK, place=near[6].pcode))  # alone in its neighbourhood
    hidden = incident(site, WEEK, type="SXV", is_sensitive=True)
    rows += [incident_like(hidden, WEEK + timedelta(days=1)) for _number in range(4)]
    return rows


@pytest.fixture(scope="module")
def stage(django_db_setup: None, django_db_blocker: Any) -> Iterator[SimpleNamespace]:
    """A site of seven districts, a plan set down in time, and the report of a quarter's end."""
    with django_db_blocker.unblock(), override_settings(CEASEFIRE_TODAY="2026-10-05"):
        everything = transaction.atomic()
        everything.__enter__()
        try:
            site = site_of("BASRAH-ALL", place="IQG02")
            CoveragePeriod.objects.create(site=site, start=WEEK - timedelta(weeks=169))
            Incident.objects.bulk_create(records(site), batch_size=2000)
            manager = maker_of_users()(Role.MANAGER, site)
            plan = effects.register_plan(
                site=site, starts_on=START, treated=["IQG02Q03", "IQG02Q05"],
                comparison=["IQG02Q01", "IQG02Q02", "IQG02Q04", "IQG02Q06", "IQG02Q07"],
                outcome="ALL", grounds="drawn by lot", by=manager,
                at=datetime(2025, 8, 1, 9, 0, tzinfo=BAGHDAD),
            )  # fmt: skip
            report = services.compile_week(site=site, week_start=WEEK, as_of=AS_OF)
            yield SimpleNamespace(site=site, manager=manager, plan=plan, report=report)
        finally:
            transaction.set_rollback(True)
            everything.__exit__(None, None, None)


@pytest.fixture
def report(stage: SimpleNamespace, db: None, settings: Any) -> WeeklyReport:
    settings.CEASEFIRE_TODAY = "2026-10-05"
    return WeeklyReport.objects.select_related("site").get(pk=stage.report.pk)


def page_of(report: WeeklyReport, language: str = "en") -> tuple[ReportPage, str]:
    """The report as a page in a language."""
    with translation.override(language):
        page = ReportPage(full(report))
        return page, render_to_string("reports/_report.html", {"page": page, "report": report})


def pdf_text(content: bytes) -> str:
    pages = pypdf.PdfReader(io.BytesIO(content)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


# --- sections and charts --------------------------------------------------------------------------


def test_sections_stand_in_their_order_and_the_watch_list_in_no_file(report, stage, signed_in):
    page, file = page_of(report)
    assert [section.number for section in page.sections] == NUMBERS
    assert re.findall(r'data-section="(\w+)"', file) == [n for n in NUMBERS if n != "5b"]
    shown = signed_in(stage.manager).get(report.get_absolute_url()).content.decode()
    assert re.findall(r'data-section="(\w+)"', shown) == NUMBERS
    assert 'href="/incidents/board/"' in shown.split('data-section="5b"')[1].split("</section")[0]
    assert "style=" not in shown
    for kind in ("pdf", "json", "xlsx"):
        content = report_file(full(report), kind, "en")[0]
        said = pdf_text(content) if kind == "pdf" else str(content)
        assert "Retaliation watch" not in said
    text = pdf_text(report_file(full(report), "pdf", "en")[0])
    titles = [section.title for section in page.sections if not section.on_page_only]
    places = [text.find(title) for title in titles]
    assert -1 not in places
    assert list(page.figures) == CHARTS


def test_picture_table_file_and_sheet_hold_the_same_values(report):
    page, _html = page_of(report)
    book = openpyxl.load_workbook(io.BytesIO(report_file(full(report), "xlsx", "en")[0]))
    for slug, found in page.figures.items():
        text = figure_csv(found).decode("utf-8-sig")
        lines = list(csv.reader(io.StringIO(text)))
        assert lines[0] == [str(column.label) for column in found.columns] == list(found.chart.head)
        assert len(lines) - 1 == len(found.rows) == len(found.chart.rows) > 0, slug
        for line, row, told in zip(lines[1:], found.rows, found.chart.rows, strict=True):
            for column, said, written in zip(found.columns, line, told, strict=True):
                value = row[column.key]
                if value is None:
                    assert (said, written) == ("", "–")
                elif column.kind in ("int", "decimal"):
                    places = column.places if column.kind == "decimal" else 0
                    assert float(said) == pytest.approx(float(value), abs=0.51 * 10**-places)
                    assert written == cell(column, row, "western")
                    assert float(written) == pytest.approx(float(said), abs=1e-9)
        sheet = next(one for one in book.worksheets if one.title == found.label)
        assert sheet.max_row == len(found.rows) + 1


def marks_of(found: Any) -> list[str]:
    """What the marks of a picture say on hover."""
    root = ElementTree.fromstring(found.chart.svg)  # noqa: S314 - our own
    return [
        title.text or ""
        for shape in root.iter()
        if shape.tag != f"{SVG}svg"
        for title in shape.findall(f"{SVG}title")
    ]


def test_the_marks_of_each_picture_are_the_rows_of_its_table(report):
    figures = page_of(report)[0].figures
    said = {slug: marks_of(found) for slug, found in figures.items()}

    def in_order(slug: str, pattern: str) -> list[list[str]]:
        return [re.findall(pattern, words) for words in said[slug] if re.search(pattern, words)]

    bars = {(one[0][0], one[0][1]) for one in in_order("weeks", r"^(\d+/\d+/\d+): (\d+) incidents")}
    shown = figures["weeks"].rows
    assert bars == {
        (f"{row['week_start'].day}/{row['week_start'].month}/{row['week_start'].year}",
         str(row["incidents"]))
        for row in shown if row["incidents"]
    }  # fmt: skip
    states = {tuple(words.rsplit(": ", 1)) for words in said["states"]}
    assert states == {
        (f"{row['district']}, {row['type']}", f"{row['incidents']}, {row['state']}")
        for row in figures["states"].rows
    }
    pairs = [words.split(": ")[1] for words in said["pairs"]]
    assert pairs == [
        f"{row['ratio']:.1f} ×, {row['observed']} {'pair' if row['observed'] == 1 else 'pairs'}"
        for row in figures["pairs"].rows
        if row["ratio"] is not None
    ]
    assert len(said["trend-line"]) == len(figures["trend-line"].rows)
    for words, row in zip(said["trend-line"], figures["trend-line"].rows, strict=True):
        assert f"{row['line']:.2f} ({row['low']:.2f} to {row['high']:.2f})" in words
    assert [words.split(" %")[0] for words in said["delays"]] == [
        str(round(row["percent"])) for row in figures["delays"].rows
    ]
    index = figures["index-1"].rows
    assert len(said["index-1"]) == sum(
        row[name] is not None for row in index for name in ("ours", "others")
    )
    ratios = sorted(float(words.rsplit(": ", 1)[1]) for words in said["placebo-1"])
    assert ratios == sorted(round(row["ratio"], 2) for row in figures["placebo-1"].rows)
    (cluster,) = figures["circles"].rows
    assert said["circles"][-1].startswith(f"{cluster['name']}: {cluster['observed']} in ")
    hidden = sum(words.endswith(": hidden") for words in said["places"])
    assert hidden == sum(row["incidents"] is None for row in figures["places"].rows)


def test_the_same_picture_on_the_page_in_the_pdf_and_for_a_letter(report, monkeypatch):
    seen: dict[str, Any] = {}
    monkeypatch.setattr(
        exports, "write_pdf", lambda _name, data, **_more: seen.update(data) or b"%PDF"
    )
    for language in ("en", "ar"):
        html = page_of(report, language)[1]
        exports.write_report_pdf(full(report), language)
        letter = charts_as_svg(full(report), language)
        paper = [block["svg"] for block in seen["blocks"] if block["kind"] == "chart"]
        assert sorted(paper) == sorted(letter.values())
        assert list(letter) == CHARTS
        for svg in paper:
            assert svg in html
            root = ElementTree.fromstring(svg)  # noqa: S314 - our own
            assert [child.tag for child in root][:2] == [f"{SVG}title", f"{SVG}desc"]
            assert all(child.text for child in list(root)[:2])
            assert "style" not in svg
            assert "<script" not in svg
            mapped = "viewBox" in svg
            assert root.get("direction") == ("rtl" if language == "ar" and not mapped else "ltr")
            if language == "ar":
                words = "".join(root.find(f"{SVG}title").text)
                assert any("\u0600" <= letter <= "\u06ff" for letter in words), words


def test_states_are_told_apart_without_colour(report):
    svg = page_of(report)[0].figures["states"].chart.svg
    words = [key.label for key in page_of(report)[0].figures["states"].chart.legend]
    assert words == ["Unusual", "Usual", "Too few to say"]
    assert "url(#states-dots)" in svg
    assert "url(#states-hatch)" in svg
    weeks = page_of(report)[0].figures["weeks"]
    assert "url(#weeks-calendar)" in weeks.chart.svg
    assert "url(#weeks-dots)" in weeks.chart.svg  # an alert
    assert any("Ramadan" in (row["calendar"] or "") for row in weeks.rows)


@pytest.mark.parametrize("kind", ["json", "pdf", "xlsx"])
def test_a_report_made_again_with_its_cut_is_the_same_to_the_byte(report, stage, kind):
    first = report_file(full(report), kind, "ar")[0]
    with transaction.atomic():
        report.delete()
        late = AS_OF + timedelta(hours=1)
        Incident.objects.bulk_create(
            [incident(stage.site, WEEK, reported_at=late, submitted_at=late) for _one in range(9)]
        )
        again = services.compile_week(site=stage.site, week_start=WEEK, as_of=AS_OF)
        made = report_file(full(WeeklyReport.objects.get(pk=again.pk)), kind, "ar")[0]
        transaction.set_rollback(True)
    assert made == first


# --- what must not be there -----------------------------------------------------------------------

#: The design's list: scores of people, sect, tribe, forecasts, rankings, R numbers, arrows.
FORBIDDEN = re.compile(
    r"risk score|\bscore|\bsect\b|\btribe|\bpredict|forecast|\branked?\b|ranking|\bR0\b"
    r"|reproduction number|hot ?spot|[↑↓↗↘⇧⇩]|\b0 %",
    re.IGNORECASE,
)


def test_nothing_of_the_list_of_what_must_not_be_in_it(report):
    html = page_of(report)[1]
    body = json.dumps(report.body)
    for said in (re.sub(r"<[^>]*>", " ", html), body, pdf_text(
        report_file(full(report), "pdf", "en")[0]
    )):  # fmt: skip
        assert FORBIDDEN.search(said) is None, FORBIDDEN.search(said)
    # No point of an incident, in any document: every one of them begins with these digits.
    whole = json.dumps([report.body, report.basis, report.body_open, report.basis_open]) + html
    assert "30.5123" not in whole
    assert "47.8123" not in whole
    # Counts of one and two stay hidden in the 90 days.
    held = [
        row["incidents"]
        for district in report.body["concentration"]["districts"]
        for row in district["places"]
    ]
    assert None in held
    assert not {1, 2} & set(held)


def test_reo_reads_ratios_and_districts_and_no_more(report, stage, make_user, signed_in):
    services.freeze_report(report, by=stage.manager)
    shared = SharedWeeklyReport.objects.get(site_code="BASRAH-ALL")
    client = signed_in(make_user(Role.REO_VIEWER))
    page = client.get(shared.get_absolute_url()).content.decode()
    html = re.sub(r"<[^>]*>", " ", page)
    pdf = pdf_text(report_file(shared, "pdf", "en")[0])
    body = json.dumps(shared.body)
    inner = re.compile(r"IQG02Q0\dN\d")
    for said in (html, pdf, body):
        for words in ("near repeat", "Near repeat", "cluster", "within 200", "SXV", "atch list",
                      "concentration", "30.5", "47.8"):  # fmt: skip
            assert words not in said, words
        assert inner.search(said) is None
    assert set(shared.body["trend"]) == {"yearly", "has_season", "calendar"}
    (effect,) = shared.body["effect"]
    assert "placebo" not in effect
    assert "index" not in effect
    assert "Set down on 1 August 2025" in html
    # The charts they see have their numbers; the program's other charts are not there for them.
    address = f"{shared.get_absolute_url()}charts/"
    for slug in CHARTS:
        there = slug in ("weeks", "districts", "states")
        answer = client.get(f"{address}{slug}.csv")
        assert answer.status_code == (200 if there else 404), slug
        assert not there or "SXV" not in answer.content.decode()


def test_a_chart_is_read_as_the_report_is(report, stage, make_user, signed_in):
    address = f"{report.get_absolute_url()}charts/states.csv"
    hidden = report.basis["types"]["SXV"]["name_en"]
    manager = signed_in(stage.manager)
    assert hidden in manager.get(address).content.decode()
    assert "القضاء" in manager.get(f"{address}?language=ar").content.decode()
    for wrong in ("charts/none.csv", "charts/states.csv?revision=7"):
        assert manager.get(report.get_absolute_url() + wrong).status_code == 404
    worker = signed_in(make_user(Role.WORKER, stage.site))
    assert hidden not in worker.get(address).content.decode()
    outsider = make_user(Role.MANAGER, site_of("ELSEWHERE", place="IQG02Q06"))
    assert signed_in(outsider).get(address).status_code == 404


# --- too little -----------------------------------------------------------------------------------

TOO_LITTLE = {
    "en": {
        "1": ["known of fewer than 200 incidents", "Too few to say how late reports come: 200"],
        "2": ["there is too little to compare with"],
        "2b": ["the early watch needs 26 weeks"],
        "3": ["a trend needs 104 weeks of records with 50 incidents"],
        "4": ["a period must have come 3 times, with 100 incidents"],
        "5": ["100 incidents with an exact point in 24 months are needed"],
        "6": ["50 incidents placed in a sub-district or better in 180 days"],
        "8": ["52 weeks of records before the start and 26 after it"],
    },
    "ar": dict.fromkeys(("1", "2", "2b", "3", "4", "5", "6", "8"), ()),
}


@pytest.mark.parametrize("language", ["en", "ar"])
def test_too_little_has_its_fixed_sentence_in_both_languages(language, basrah, put_weeks, manager):
    put_weeks(basrah, [1] * 5, last=WEEK)
    EffectPlan.objects.create(
        site=basrah, number=1, starts_on=START, treated=["IQG02Q02"], comparison=[],
        grounds="one", registered_at=AS_OF - timedelta(days=400), registered_by=manager,
    )  # fmt: skip
    report = services.compile_week(site=basrah, week_start=WEEK, as_of=AS_OF)
    with translation.override(language):
        page = ReportPage(full(report))
        assert list(page.figures) == ["weeks", "states", "areas"]
        for section in page.sections:
            said = " ".join(" ".join([part.text, *part.items]) for part in section.parts)
            for words in TOO_LITTLE[language].get(section.number, ()):
                assert words in said
            if language == "ar" and section.number in TOO_LITTLE["ar"]:
                assert any("\u0600" <= letter <= "\u06ff" for letter in said)
                assert not re.search("[A-Za-z]{4,}", said), said
        total = page.districts[0].total.sentence
        if language == "en":
            assert total == "Not enough history: 4 weeks. No comparison is made."


# --- the effect -----------------------------------------------------------------------------------


def test_the_effect_is_told_in_a_quarters_last_week_and_in_no_other(report, stage):
    (told,) = report.body["effect"]
    assert told["verdict"] in ("cannot_tell", "fewer", "more")
    assert told["choices"] == 20  # 21 choices of two of seven, ours left out
    before = [step for step in told["index"] if not step["after"]]
    assert told["index"][len(before)]["week_start"] == START.isoformat()
    weeks = sum(step["weeks"] for step in before)
    ours = sum(step["ours"] * step["weeks"] for step in before) / weeks
    assert ours == pytest.approx(100, abs=0.5)
    other = services.compile_week(
        site=stage.site, week_start=WEEK - timedelta(weeks=1), as_of=AS_OF
    )
    assert other.body["effect"] is None
    section = ReportPage(full(other)).sections[10]
    assert "next with 30 September 2026" in section.parts[0].text


@pytest.mark.parametrize(
    ("week", "is_told"),
    [
        (date(2026, 9, 27), True),
        (date(2026, 9, 24), True),  # its last day is the 30th
        (date(2026, 9, 23), False),  # up to the 29th
        (date(2026, 10, 1), False),
        (date(2026, 12, 27), True),
        (date(2027, 3, 28), True),
    ],
)
def test_which_weeks_hold_a_quarters_last_day(week, is_told):
    assert effects.is_told(Week(week)) is is_told


def test_what_was_set_down_is_never_changed_and_stands_once_it_was_read(report, stage, manager):
    plan = EffectPlan.objects.get(pk=stage.plan.pk)
    assert plan.is_read
    with pytest.raises(PlanWasRead):
        effects.withdraw_plan(plan, by=stage.manager)
    fresh = effects.register_plan(
        site=stage.site, starts_on=START, treated=["IQG02Q01"], comparison=["IQG02Q02"],
        outcome="killing", grounds="x", by=manager,
    )  # fmt: skip
    for chosen, change in (
        (plan, {"starts_on": date(2025, 1, 5)}),
        (plan, {"withdrawn_at": AS_OF, "withdrawn_by": manager}),
        (plan, {"first_read_at": None}),
        (fresh, {"treated": ["IQG02Q03"]}),
        (fresh, {"first_read_at": fresh.registered_at - timedelta(days=1)}),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            EffectPlan.objects.filter(pk=chosen.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        EffectPlan.objects.filter(pk=fresh.pk).delete()
    effects.withdraw_plan(fresh, by=manager)
    assert EffectPlan.objects.get(pk=fresh.pk).is_withdrawn


def test_a_manager_sets_it_down_on_a_page(stage, report, client):
    client.force_login(stage.manager)
    address = "/reports/effect/BASRAH-ALL/new/"
    facts = {"starts_on": "7/9/2025", "treated": ["IQG02Q03"], "outcome": "ALL", "grounds": "lot"}
    assert b"all the same" not in client.get(address).content
    every = [f"IQG02Q0{number}" for number in range(1, 8)]
    assert b"Leave at least one district out" in client.post(
        address, {**facts, "treated": every}
    ).content  # fmt: skip
    # One of seven can be chosen in seven ways only: no data could ever say anything.
    warned = client.post(address, facts).content.decode()
    assert "There would be 7 ways to choose as many districts" in warned
    assert "Set it down all the same" in warned
    assert EffectPlan.objects.count() == 1
    assert client.post(address, facts | {"anyway": "on"}).status_code == 302
    plan = EffectPlan.objects.get(number=2)
    assert plan.comparison == [pcode for pcode in every if pcode != "IQG02Q03"]
    assert "Not judged yet" in client.get("/reports/effect/").content.decode()
    assert client.post("/reports/effect/BASRAH-ALL/2/withdraw/").status_code == 302
    assert "Withdrawn" in client.get("/reports/effect/").content.decode()
    assert client.post("/reports/effect/BASRAH-ALL/1/withdraw/").status_code == 302
    assert not EffectPlan.objects.get(number=1).is_withdrawn


def test_two_of_seven_need_no_warning(stage, db):
    facts = {"starts_on": "7/9/2025", "outcome": "ALL", "grounds": "lot"}
    treated = ["IQG02Q03", "IQG02Q05"]
    form = EffectPlanForm(facts | {"treated": treated}, site=stage.site, by=stage.manager)
    assert form.is_valid()
    assert "anyway" not in form.fields


def test_a_plan_says_which_look_it_is_and_whether_it_came_after_the_start(report, stage):
    (told,) = report.body["effect"]
    # Set down in August 2025; the reports of September 2025 to September 2026 are five.
    assert (told["look"], told["tested"]) == (5, True)
    set_down, _said = effect_lines(ReportPage(full(report)), told)
    assert "Look 5 at it, one a quarter" in set_down
    assert "after the program had begun" not in set_down
    late = told | {"registered_on": "2025-09-08"}
    assert "It was set down after the program had begun" in effect_lines(
        ReportPage(full(report)), late
    )[0]  # fmt: skip
    assert "1 plan of the program effect was tested." in " ".join(
        ReportPage(full(report)).how_to_read
    )


@pytest.mark.parametrize(
    ("registered", "week", "look"),
    [
        (date(2026, 9, 30), date(2026, 9, 27), 1),
        (date(2026, 10, 1), date(2026, 9, 27), 1),  # set down since, of a report made again
        (date(2026, 6, 30), date(2026, 9, 27), 2),
        (date(2025, 12, 31), date(2026, 3, 29), 2),
        (date(2024, 1, 1), date(2026, 12, 27), 12),
    ],
)
def test_the_how_manieth_look_is_told_by_the_calendar(registered, week, look):
    assert effects.looks(registered, Week(week)) == look


@pytest.mark.parametrize(
    ("reason", "verdict", "says"),
    [
        ("events_each", "too_little", "needs 10 incidents before the start"),
        ("spread", "too_little", "changed all alike"),
        ("weeks_after", "too_little", "26 after it"),
        ("choices", "cannot_tell", "can be chosen in 7 ways"),
        ("many", "cannot_tell", "among all plans that were judged together"),
        ("chance", "cannot_tell", "cannot tell yet"),
        ("apart_before", "cannot_tell", "went apart before"),
    ],
)
def test_why_nothing_is_said_has_a_sentence_of_its_own(reason, verdict, says):
    plan = {"reason": reason, "verdict": verdict, "ratio": 0.8, "low": 0.5, "high": 1.1}
    plan |= {"choices_of_all": 7}
    assert says in effect_words(plan)
    with translation.override("ar"):
        assert not re.search("[a-z]{4}", effect_words(plan))


def test_the_weeks_before_the_start_stay_the_same_however_late_it_is_judged(stage, report):
    """Their first one is fixed; a report of years later used to forget them."""
    plan = EffectPlan.objects.get(pk=stage.plan.pk)
    first = WEEK - timedelta(weeks=169)
    assert plan.first_week == first
    much_later = WEEK + timedelta(weeks=52 * 7)
    end = effects.quarter_end(much_later)
    week = Week.of(end, stage.site.week_start)
    later = datetime.combine(week.end, time(9), BAGHDAD)
    (judged,) = effects.judged_effects(stage.site, week, as_of=later, cut=None)
    assert judged["first_week"] == first.isoformat()
    before = [step for step in judged["index"] if not step["after"]]
    (told,) = report.body["effect"]
    then = [step for step in told["index"] if not step["after"]]
    assert before == then
    assert sum(step["ours_incidents"] for step in before) > 0


def test_what_is_imported_of_earlier_years_does_not_move_the_first_week(
    make_site, put_weeks, manager
):
    site = make_site("YOUNG", place="IQG02")
    put_weeks(site, [1] * 60, last=WEEK)
    plan = effects.register_plan(
        site=site, starts_on=WEEK, treated=["IQG02Q03"], comparison=["IQG02Q01"],
        outcome="ALL", grounds="x", by=manager,
    )  # fmt: skip
    assert plan.first_week == WEEK - timedelta(weeks=59)
    site.coverage.update(start=date(2005, 1, 2))
    plan.refresh_from_db()
    assert effects.first_week(plan, site) == WEEK - timedelta(weeks=59)
    # One from before it was kept: five years before its start.
    plan.first_week = None
    assert effects.first_week(plan, site) == WEEK - timedelta(weeks=260)


@pytest.fixture
def neighbours(make_site, put_weeks, make_user):
    """A site of one district, a manager of its own and of another site of seven."""
    small, large = make_site("SMALL", place="IQG02Q02"), make_site("LARGE", place="IQG02")
    person = make_user(Role.MANAGER, small, username="both")
    large.staff.add(person)
    for number in range(1, 8):
        facts = {"place": f"IQG02Q0{number}N01"}
        put_weeks(large, [number % 2 + (at + number) % 3 for at in range(160)], last=WEEK, **facts)
    put_weeks(small, [2] * 160, last=WEEK)
    return SimpleNamespace(small=small, large=large, manager=person)


def test_a_site_in_one_district_is_compared_with_other_records(neighbours, client, settings):
    settings.CEASEFIRE_TODAY = "2026-10-05"
    client.force_login(neighbours.manager)
    address = "/reports/effect/SMALL/new/"
    page = client.get(address).content.decode()
    assert 'value="LARGE/IQG02Q01"' in page
    assert 'value="LARGE/IQG02Q02"' not in page  # its own district
    facts = {"starts_on": "7/9/2025", "treated": ["IQG02Q02"], "outcome": "ALL", "grounds": "x"}
    assert b"Leave at least one district out" in client.post(address, facts).content
    beside = [f"LARGE/IQG02Q0{number}" for number in (1, 3, 4, 5, 6, 7)]
    few = client.post(address, facts | {"elsewhere": beside[:2]}).content.decode()
    assert "There would be 2 districts to compare with; 4 are needed" in few
    assert client.post(
        address, facts | {"elsewhere": beside, "anyway": "on"}
    ).status_code == 302  # fmt: skip
    plan = EffectPlan.objects.get(site=neighbours.small)
    assert (plan.comparison, plan.elsewhere) == ([], beside)
    assert "(Large)" in client.get("/reports/effect/").content.decode()

    report = services.compile_week(site=neighbours.small, week_start=WEEK)
    (told,) = report.body["effect"]
    assert told["comparison"] == beside
    assert (told["verdict"], told["reason"]) == ("cannot_tell", "choices")
    shown = sum(step["others_incidents"] for step in told["index"])
    assert shown == sum(
        number % 2 + (at + number) % 3 for number in (1, 3, 4, 5, 6, 7) for at in range(160)
    )
    lines = " ".join(effect_lines(ReportPage(full(report)), told))
    assert "can be chosen in 7 ways" in lines
    assert "(Large)" in lines
    with pytest.raises(DatabaseError), transaction.atomic():
        EffectPlan.objects.filter(pk=plan.pk).update(elsewhere=[])
    with pytest.raises(DatabaseError), transaction.atomic():
        EffectPlan.objects.filter(pk=plan.pk).update(first_week=date(2026, 1, 4))


def test_of_another_site_no_sensitive_count_is_read_and_no_strangers_at_all(
    neighbours, make_site, put, manager, settings
):
    settings.CEASEFIRE_TODAY = "2026-10-05"
    beside = [f"LARGE/IQG02Q0{number}" for number in (1, 3, 4, 5, 6, 7)]

    def registered(by, elsewhere):
        return effects.register_plan(
            site=neighbours.small, starts_on=date(2025, 9, 7), treated=["IQG02Q02"],
            comparison=[], elsewhere=elsewhere, outcome="ALL", grounds="x", by=by,
        )  # fmt: skip

    for by, elsewhere in ((manager, beside), (neighbours.manager, ["LARGE/IQG01Q01"])):
        with pytest.raises(NotOwnRecords):
            registered(by, elsewhere)
    registered(neighbours.manager, beside)
    week = Week(WEEK)
    (before,) = effects.judged_effects(neighbours.small, week, as_of=periods.now(), cut=None)
    assert before["verdict"] == "cannot_tell", before["reason"]
    hidden = {"place": "IQG02Q01N01", "is_sensitive": True}
    put(neighbours.large, WEEK, 5, **hidden)
    assert effects.judged_effects(neighbours.small, week, as_of=periods.now(), cut=None) == [before]
    put(neighbours.large, WEEK, 5, **hidden | {"is_sensitive": False})
    assert effects.judged_effects(neighbours.small, week, as_of=periods.now(), cut=None) != [before]


def test_plans_are_listed_page_by_page(basrah, manager, client):
    EffectPlan.objects.bulk_create(
        EffectPlan(
            site=basrah, number=number, starts_on=START, treated=["IQG02Q02"], comparison=[],
            grounds=f"ground {number}.", registered_at=AS_OF + timedelta(minutes=number),
            registered_by=manager,
        )
        for number in range(1, 36)
    )  # fmt: skip
    client.force_login(manager)
    first = client.get("/reports/effect/").content.decode()
    assert "ground 35." in first
    assert "ground 5." not in first
    further = re.search(r'href="(\?after=[^"]+)"', first)
    second = client.get("/reports/effect/" + html.unescape(further[1])).content.decode()
    assert "ground 5." in second
    assert "ground 1." in second


@pytest.fixture
def planned(basrah, put_weeks, manager, settings):
    """Put plans that the report of this week judges; nothing is compared, so it is quick."""
    settings.CEASEFIRE_TODAY = "2026-10-05"
    put_weeks(basrah, [1] * 5, last=WEEK)

    def plan(number: int, outcome: str) -> EffectPlan:
        return EffectPlan.objects.create(
            site=basrah, number=number, starts_on=START, treated=["IQG02Q02"], comparison=[],
            outcome=outcome, grounds="one", registered_at=AS_OF - timedelta(days=400),
            registered_by=manager,
        )  # fmt: skip

    return plan


def test_no_effect_is_judged_by_sexual_violence(planned, basrah, manager):
    """Its plan would stand before those who may not read of it."""
    offered = [
        code for code, _name in EffectPlanForm(site=basrah, by=manager).fields["outcome"].choices
    ]
    assert {"ALL", "killing", "other"} <= set(offered)
    assert "sexual" not in offered
    with pytest.raises(OutcomeIsSensitive):
        effects.register_plan(
            site=basrah, starts_on=START, treated=["IQG02Q02"], comparison=[], outcome="sexual",
            grounds="x", by=manager,
        )  # fmt: skip
    # One from before is read by those alone who read such incidents anyhow.
    planned(1, "killing")
    planned(2, "sexual")
    report = services.compile_week(site=basrah, week_start=WEEK, as_of=AS_OF)
    assert [one["plan"] for one in report.body["effect"]] == [1, 2]
    assert [one["plan"] for one in report.body_open["effect"]] == [1]
    services.freeze_report(report, by=manager)
    (shared,) = SharedWeeklyReport.objects.all()
    assert [one["outcome"] for one in shared.body["effect"]] == ["killing"]
    for document in (report.body_open, report.basis_open, shared.body):
        assert "sexual" not in json.dumps(document).lower()


def test_a_plan_withdrawn_while_it_is_judged_is_not_in_the_report(
    planned, basrah, manager, monkeypatch
):
    """The site's turn comes before the plans, as for whoever withdraws: they wait in no ring."""
    plan, kept = planned(1, "ALL"), planned(2, "killing")
    real = services._content
    made = []

    def content(*arguments: Any) -> Any:
        with CaptureQueriesContext(connection) as questions:
            made.append(real(*arguments))
        assert not any(re.search("FOR (NO KEY )?UPDATE", one["sql"]) for one in questions)
        if len(made) == 1:
            effects.withdraw_plan(plan, by=manager)
        return made[-1]

    monkeypatch.setattr(services, "_content", content)
    report = services.compile_week(site=basrah, week_start=WEEK, as_of=AS_OF)
    for body in (report.body, report.body_open):
        assert [one["plan"] for one in body["effect"]] == [2]
    kept.refresh_from_db()
    assert kept.is_read


# --- corrections and older reports ----------------------------------------------------------------


def test_a_correction_says_since_which_report_and_why(report, stage):
    frozen = services.freeze_report(report, by=stage.manager)
    day = incident(stage.site, WEEK + timedelta(days=1))
    more = [incident_like(day, WEEK + timedelta(days=1)) for _number in range(2)]
    Incident.objects.bulk_create(more)
    draft = services.revise_report(frozen, by=stage.manager, reason="Two came in late.")
    _page, html = page_of(draft)
    approved = periods.long_date(periods.local_day(frozen.frozen_at), "en")
    pdf = pdf_text(report_file(full(draft), "pdf", "en")[0])
    for said in (html, pdf):
        plain = said.replace("\N{LEFT-TO-RIGHT MARK}", "")
        assert f"+2 since the report of {approved}" in plain
        assert "Two came in late." in said


def test_a_report_from_before_is_shown_as_it_was(report):
    """A document of version 3: no section of the new order, the headings of its time, no sheet."""
    for name in ("delays", "concentration", "effect", "software"):
        del report.body[name]
    del report.body["trend"]["line"]
    report.body["version"] = 3
    for name in ("calendar", "map", "outcomes"):
        del report.basis[name]
    page, html = page_of(report)
    assert (page.sections, page.figures) == ([], {})
    assert "data-section" not in html
    assert re.findall(r'<h2 id="([\w-]+)"', html) == [
        "alerts", "counts", "weeks-before", "still-coming", "trend", "near-repeats", "clusters",
        "how",
    ]  # fmt: skip
    assert "calendar" not in html.split('id="weeks-before"')[1].split("</figure>")[0]
    book = openpyxl.load_workbook(io.BytesIO(report_file(full(report), "xlsx", "en")[0]))
    assert len(book.worksheets) == 2
    assert charts_as_svg(full(report), "en") == {}
