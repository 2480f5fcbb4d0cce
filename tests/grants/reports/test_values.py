"""The reports against a small ledger that was worked out by hand, in every format, to the cent.

Six grants, told on their days with the clock that the demonstration has (days before today):

  A  Madina    16061  Builders  3,000 asked 100, awarded 90; 1,000 paid 85, receipts for 600;
                                50 came back and 200 were let go 70; runs, should have ended 20
  B  Madina    16061  Builders  1,310 asked 60, awarded 40; 786,000 dinars paid 37 at 1,310, which
                                are 600.00; 100 paid 36 and taken back 35; runs
  C  Abu al-Khaseeb  15150      500 asked, awarded and paid 200, receipts for 300; completed 150
  D  Abu al-Khaseeb  15150      800 asked 10, waits for approval
  E  Abu al-Khaseeb  15150      400 asked, paid, accounted for and closed 30
  F  Madina    15150  Sweepers  700 asked 130, awarded 120; 250 paid 118 with receipts;
                                terminated 100
"""

import csv
import io
import tracemalloc
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.db import transaction
from django.urls import reverse

from ceasefire import periods
from ceasefire.database.session import acting
from ceasefire.places.models import Place
from grants.demo.clock import Clock, told
from grants.demo.loading import without_savepoints
from grants.models import Grant, LedgerEntry, Officer, ReportRun
from grants.reports import rows as statements
from grants.reports import sheet, snapshots
from grants.reports.columns import REPORTS
from grants.services import ledger, machine, monitoring, requirements, verification
from tests.conftest import maker_of_users
from tests.grants import office as world
from tests.grants.reports.test_agreement import found
from tests.grants.reports.test_reports import csv_rows, pdf_text

pytestmark = pytest.mark.django_db

MADINA, KHASEEB = "IQG02Q02", "IQG02Q03"
CULTURE, CIVIL = "16061", "15150"


class Story:
    """The office at a moment of the past."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.today = periods.today()
        self.office = world.people(maker_of_users())
        with told(self.clock):
            self.ago(230)
            self.fund = world.open_fund(self.office)
            self.builders = world.organisation(self.office, "Builders")
            self.sweepers = world.organisation(self.office, "Sweepers")
            self.grants = {
                name: getattr(self, f"_{name.lower()}")() for name in ("C", "F", "A", "B", "E", "D")
            }
        self.ref = {name: grant.ref for name, grant in self.grants.items()}

    def ago(self, days: int) -> date:
        day = self.today - timedelta(days=days)
        if periods.now().date() != day:
            self.clock.set(datetime.combine(day, time(9), periods.BAGHDAD))
        return day

    def begun(self, days: int, asks: int, district: str, sector: str, **facts: Any) -> Grant:
        """Asked for and submitted on a day."""
        self.ago(days)
        place = Place.objects.get(pcode=district)
        grant = world.draft(self.office, self.fund, asks, district=place, sector=sector, **facts)
        return world.move(self.office, grant, "SUBMITTED")

    def awarded(self, days: int, grant: Grant, tranches: Any = None) -> Grant:
        self.ago(days)
        return world.move(self.office, grant, "AWARDED", tranches=tranches)

    def paid(self, days: int, grant: Grant, amount: Any, accounted: int = 0, **facts: Any) -> Any:
        self.ago(days)
        tranche = grant.tranches.get(number=1)
        entry = world.pay(self.office, tranche, amount, **facts)
        if accounted:
            world.account(self.office, tranche, accounted)
        return entry

    def _a(self) -> Grant:
        office, day = self.office, self.today
        grant = self.begun(
            *(100, 3000, MADINA, CULTURE),
            implementer=self.builders,
            planned_start=day - timedelta(days=95),
            planned_end=day - timedelta(days=20),
        )
        grant = self.awarded(90, grant, [1000, 2000])
        self.paid(85, grant, 1000, accounted=600)
        day = self.ago(70)
        with acting(office.closeout):
            ledger.refund(grant, amount=50, reason="left over", by=office.closeout)
            ledger.deobligate(grant, amount_usd=200, reason="spared", by=office.closeout)
        games = grant.indicators.get(level="output")
        with acting(office.monitor):
            monitoring.record_value(games, as_of=day, value=Decimal(4), by=office.monitor)
            monitoring.count_beneficiaries(
                grant, {("m", "18-24"): 30, ("f", "18-24"): 40}, by=office.monitor
            )
            world.paper(grant, "photo", office.monitor)
            monitoring.record_visit(
                grant, kind="routine", visited_on=day, seen="Forty chairs", by=office.monitor
            )
            monitoring.raise_finding(
                grant,
                severity="low",
                text="A chair is broken",
                due_on=day + timedelta(days=9),
                owner=Officer.objects.get(pk=office.officer.pk),
                by=office.monitor,
            )
            day = self.ago(30)
            monitoring.record_value(games, as_of=day, value=Decimal(8), by=office.monitor)
        return grant

    def _b(self) -> Grant:
        grant = self.begun(60, 1310, MADINA, CULTURE, implementer=self.builders)
        grant = self.awarded(40, grant)
        self.ago(37)
        rate = world.rate(self.office, "1310")
        self.paid(37, grant, 786_000, currency="IQD", rate=rate)
        wrong = self.paid(36, grant, 100)
        self.ago(35)
        with acting(self.office.officer):
            ledger.reverse(wrong, reason="twice", by=self.office.officer)
        return grant

    def _c(self) -> Grant:
        grant = self.awarded(200, self.begun(200, 500, KHASEEB, CIVIL))
        self.paid(200, grant, 500, accounted=300)
        self.ago(150)
        return world.move(self.office, grant, "COMPLETED")

    def _d(self) -> Grant:
        return world.move(self.office, self.begun(10, 800, KHASEEB, CIVIL), "PENDING_APPROVAL")

    def _e(self) -> Grant:
        return world.move(self.office, self.begun(30, 400, KHASEEB, CIVIL), "CLOSED")

    def _f(self) -> Grant:
        grant = self.begun(130, 700, MADINA, CIVIL, implementer=self.sweepers)
        grant = self.awarded(120, grant)
        self.paid(118, grant, 250, accounted=250)
        self.ago(100)
        with acting(self.office.approver2):
            return machine.terminate(grant, reason="gave up", by=self.office.approver2)


@pytest.fixture(scope="module")
def story(django_db_setup: None, django_db_blocker: Any) -> Iterator[Story]:
    with django_db_blocker.unblock():
        everything = transaction.atomic()
        everything.__enter__()
        try:
            # As the demonstration is loaded: a story of days that are past is told in one piece.
            with without_savepoints():
                story = Story()
            yield story
        finally:
            transaction.set_rollback(True)
            everything.__exit__(None, None, None)


def rows_of(story: Story, slug: str, **filters: Any) -> list[dict[str, str]]:
    """The rows of a new run, as its CSV has them."""
    with acting(story.office.viewer):
        run = snapshots.take(slug, filters, by=story.office.viewer)
        file = snapshots.make_file(run, "csv", language="en")
        return csv_rows(b"".join(snapshots.pieces_of(file)))


def picked(rows: list[dict[str, str]], *keys: str) -> list[tuple[str, ...]]:
    return [tuple(row[key] for key in keys) for row in rows]


def test_the_ledger_is_the_one_that_was_worked_out(story: Story) -> None:
    assert verification.verify().whole
    assert verification.ledger_totals() == {
        "COMMIT": 5910,
        "OBLIGATE": 5910,
        "DEOBLIGATE": 200,
        "DISBURSE": 2750,
        "REFUND": 50,
        "EXPENSE_VERIFIED": 1550,
    }


# --- R4, R5, R6, R11: every value ----------------------------------------------------------------


def test_r4_counts_the_grants_of_each_district(story: Story) -> None:
    rows = rows_of(story, "districts")

    assert [list(row.values()) for row in rows] == [
        # grants, approved, obligated, disbursed, share, open, overdue, closed, people, USD each
        ["IQG02Q02", rows[0]["district_en"], rows[0]["district_ar"],
         "3", "5010.00", "5010.00", "1850.00", "84.8", "3", "2", "0", "70", "25.71"],
        ["IQG02Q03", rows[1]["district_en"], rows[1]["district_ar"],
         "3", "900.00", "900.00", "900.00", "15.2", "1", "1", "1", "0", ""],
    ]  # fmt: skip
    for row in rows:
        place = Place.objects.get(pcode=row["district_code"])
        assert (row["district_en"], row["district_ar"]) == (place.name_en, place.name_ar)
    # In a span stand the postings of its days: of A what came 70 days ago, of B all it paid.
    since = {"from": (story.today - timedelta(days=75)).isoformat()}
    assert picked(rows_of(story, "districts", **since), "obligated_usd", "disbursed_usd") == [
        ("1310.00", "600.00"),
        ("400.00", "400.00"),
    ]


FIGURES = (
    *("grants", "obligated_usd", "disbursed_usd", "burn_rate_pct", "avg_days_submit_to_award"),
    *("avg_days_award_to_first_payment", "overdue_reports", "open_findings"),
)


def test_r5_measures_implementers_and_sectors(story: Story) -> None:
    by_implementer = rows_of(story, "implementers")
    by_sector = rows_of(story, "sectors")

    # Burn: (1,600 - 50) / (4,310 - 200); days: (10 + 20) / 2 and (5 + 3) / 2, a payment that was
    # taken back counting for none.
    builders = ("2", "4310.00", "1600.00", "37.7", "15.0", "4.0", "2", "1")
    assert picked(by_implementer, "key", "name_en", *FIGURES) == [
        ("'-", "No implementer named", "3", "900.00", "900.00", "100.0", "0.0", "0.0", "1", "0"),
        (story.builders.code, "Builders", *builders),
        (story.sweepers.code, "Sweepers",
         *("1", "700.00", "250.00", "35.7", "10.0", "2.0", "1", "0")),
    ]  # fmt: skip
    assert picked(by_sector, "key", "name_en", "name_ar", *FIGURES) == [
        (CIVIL, "Civil society", by_sector[0]["name_ar"],
         *("4", "1600.00", "1150.00", "71.9", "3.3", "0.7", "2", "0")),
        (CULTURE, "Culture and recreation", by_sector[1]["name_ar"], *builders),
    ]  # fmt: skip


#: What a completed and a terminated grant still lack on file, as `world` files papers.
LACKS = {"C": 1, "F": 0}


def test_r6_names_the_closeouts_that_are_overdue(story: Story) -> None:
    office, rows = story.office, rows_of(story, "closeouts")

    def day(days: int) -> str:
        return (story.today - timedelta(days=days)).isoformat()

    # Ninety days after the end of the work, or after it was broken off.
    assert [list(row.values())[0] for row in rows] == [story.ref["C"], story.ref["F"]]
    assert picked(rows, *list(rows[0])[2:]) == [
        (day(150), day(60), "60", "0.00", "200.00", str(LACKS["C"]), office.requester.code_name,
         "CLOSING"),
        ("", day(10), "10", "450.00", "0.00", str(LACKS["F"]), office.requester.code_name,
         "CLOSING"),
    ]  # fmt: skip
    for row in rows:
        assert row["grantee_en"] == Grant.objects.get(ref=row["ref"]).grantee.name_en


def test_the_clock_of_a_closeout_goes_on_and_begins_anew_with_a_reopening(story: Story) -> None:
    """A first step towards the end does not set it back; what is opened again has all its days."""
    office, grants = story.office, story.grants

    def due(name: str, *, days: int) -> date | None:
        found_ = found(office, "closeouts", story.today + timedelta(days=days))
        told_ = {row["ref"]: row["closeout_due"] for row in found_}
        row = Grant.objects.get(pk=grants[name].pk)
        if story.ref[name] in told_:
            assert told_[row.ref] == requirements.closeout_due(row)
        return told_.get(story.ref[name])

    with transaction.atomic():
        with acting(office.officer):
            machine.start_closing(grants["F"], by=office.officer)
        assert due("F", days=0) == story.today - timedelta(days=10)
        # E ended thirty days ago and is closed: opened today, it has ninety days from today.
        finding = world.found(office, grants["E"])
        with acting(office.auditor):
            machine.ask_reopening(
                grants["E"], finding=finding, reason="a receipt is false", by=office.auditor
            )
        with acting(office.approver):
            grant = machine.reopen(grants["E"], reason="as asked", by=office.approver)
        assert (due("E", days=70), due("E", days=91)) == (None, story.today + timedelta(days=90))
        with acting(office.officer):
            machine.start_closing(grant, by=office.officer)
        assert (due("E", days=70), due("E", days=91)) == (None, story.today + timedelta(days=90))
        transaction.set_rollback(True)


def test_r11_divides_what_was_paid_by_what_was_reached(story: Story) -> None:
    def found(**filters: Any) -> dict[tuple[str, str], tuple[str, ...]]:
        keys = ("baseline", "target", "actual", "as_of", "verified_by", "usd_per_unit")
        return {
            (row["ref"], row["indicator"]): tuple(row[key] for key in keys)
            for row in rows_of(story, "results", **filters)
        }

    def day(days: int) -> str:
        return (story.today - timedelta(days=days)).isoformat()

    rows, who, ref = found(), story.office.monitor.code_name, story.ref
    assert len(rows) == 12
    # A: (1,000 - 50) / (8 - 0), of the value that was measured last; where nothing was, nothing.
    assert rows[ref["A"], "Games"] == ("0.00", "10.00", "8.00", day(30), who, "118.75")
    assert rows[ref["A"], "Who comes"] == ("0.00", "100.00", "", "", "", "")
    assert rows[ref["C"], "Who comes"] == ("0.00", "100.00", "7.00", day(150), who, "71.43")
    assert rows[ref["E"], "Games"] == ("0.00", "10.00", "7.00", day(30), who, "57.14")
    assert rows[ref["B"], "Games"] == rows[ref["D"], "Games"] == ("0.00", "10.00", *("",) * 4)
    until = found(to=day(60))
    assert until[ref["A"], "Games"] == ("0.00", "10.00", "4.00", day(70), who, "237.50")


# --- R13 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "ar"])
def test_r13_has_amounts_tranches_results_visits_and_findings(
    story: Story, client: Any, language: str
) -> None:
    client.force_login(story.office.viewer)
    path = reverse("grants:grant_sheet", args=[story.ref["A"]])
    content = b"".join(client.get(path, {"language": language}).streaming_content)
    text = " ".join(pdf_text(content).split())
    seventy = story.today - timedelta(days=70)

    # 3,000 - 200 - 1,000 + 50 unpaid; 1,000 - 50 - 600 without receipts.
    amounts = ("3,000.00", "200.00", "1,000.00", "50.00", "600.00", "1,850.00", "350.00")
    said = [
        *amounts,
        "2,000.00",
        f"{seventy:%d/%m/%Y}",
        "Forty chairs",
        "A chair is broken",
        "8.00",
    ]
    assert [one for one in said if one not in text] == []
    assert story.office.monitor.code_name in text
    whole = sheet.content(Grant.objects.get(ref=story.ref["A"]))
    assert whole["beneficiaries"] == 70
    assert [[str(value) for value in row[2:]] for row in whole["tranches"]] == [
        ["1000.00", "1000.00", "600.00"],
        ["2000.00", "0.00", "0.00"],
    ]
    assert whole["visits"] == [[seventy, "routine", story.office.monitor.code_name, "Forty chairs"]]
    assert len(whole["photos"]) == 1


def test_r13_is_a_table_too_on_its_page_and_in_its_files(story: Story, client: Any) -> None:
    client.force_login(story.office.viewer)
    path = reverse("grants:grant_sheet", args=[story.ref["A"]])
    files = {
        format: b"".join(client.get(path, {"format": format, "language": "en"}).streaming_content)
        for format in ("csv", "xlsx")
    }
    rows = list(csv.reader(io.StringIO(files["csv"].decode("utf-8-sig"))))[1:]
    book = openpyxl.load_workbook(io.BytesIO(files["xlsx"]))
    money = {row[2]: Decimal(row[4]) for row in rows if row[0] == "Money"}
    notes = {row[0]: row[1] for row in book.worksheets[-1].iter_rows(values_only=True)}

    totals = {
        "Requested, USD": 3000,
        "Approved, USD": 3000,
        "Obligated, USD": 3000,
        "De-obligated, USD": 200,
        "Disbursed, USD": 1000,
        "Refunded, USD": 50,
        "Receipts for, USD": 600,
        "Unliquidated, USD": 1850,
        "Without receipts, USD": 350,
    }
    assert money == totals
    assert {label: notes[label] for label in totals} == totals
    paid = [(row[1], Decimal(row[4])) for row in rows if row[2] == "Paid, USD"]
    assert paid == [("1", 1000), ("2", 0)]
    visit = (story.today - timedelta(days=70)).isoformat()
    seen = f"{story.office.monitor.code_name}: Forty chairs"
    assert ["Visits", "1", "Routine", visit, "", "", seen] in rows
    in_book = [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]
    # The CSV ends with what the last sheet of the XLSX says of the run.
    told_ = {row[2]: row[6] for row in rows if row[0] == "Control"}
    assert len(in_book) == len(rows) - len(told_) + 1
    assert told_["Head of the ledger"] == notes["Head of the ledger"]
    assert told_["Made by"] == story.office.viewer.code_name
    assert (told_["Papers put off"], notes["Papers put off"]) == ("0", 0)
    assert all(isinstance(row[4], int | float) for row in in_book[1:] if row[0] == "Money")
    run = ReportRun.objects.filter(report="sheet").latest("number")
    assert told_["Run"] == str(run.number)
    page = client.get(run.get_absolute_url()).content.decode()
    assert all(f"{amount:,.2f}" in page for amount in totals.values())
    assert "Forty chairs" in page
    assert client.get(path, {"format": "json"}).status_code == 404


# --- every report as a page, CSV, XLSX and PDF ---------------------------------------------------

#: The sums of each report, from the ledger that was worked out.
TOTALS: dict[str, dict[str, str]] = {
    "portfolio": {
        "requested_usd": "6710.00",
        "approved_usd": "5910.00",
        "obligated_usd": "5910.00",
        "disbursed_usd": "2750.00",
        "refunded_usd": "50.00",
        "unliquidated_usd": "3010.00",
        "deobligated_usd": "200.00",
    },
    "months": {
        "obligated_usd": "5910.00",
        "deobligated_usd": "200.00",
        "net_obligated_usd": "5710.00",
        "disbursed_usd": "2750.00",
        "refunded_usd": "50.00",
        "net_disbursed_usd": "2700.00",
    },
    "pipeline": {
        "amount_usd": "800.00",
        "band_0_7": "0",
        "band_8_14": "1",
        "band_15_30": "0",
        "band_31_60": "0",
        "band_60_plus": "0",
    },
    "districts": {
        "grants": "6",
        "approved_usd": "5910.00",
        "obligated_usd": "5910.00",
        "disbursed_usd": "2750.00",
        "open": "4",
        "overdue": "3",
        "closed": "1",
        "beneficiaries": "70",
    },
    "implementers": {
        "grants": "6",
        "obligated_usd": "5910.00",
        "disbursed_usd": "2750.00",
        "overdue_reports": "4",
        "open_findings": "1",
    },
    "closeouts": {
        "unliquidated_usd": "450.00",
        "unaccounted_advance_usd": "200.00",
        "missing_documents": str(sum(LACKS.values())),
    },
    # The payment that was taken back stands in the register; the ledger's line has it not.
    "payments": {"amount_usd": "2850.00"},
    "documents": {},
    "decisions": {},
    "tranches": {
        "planned_usd": "5910.00",
        "paid_usd": "2750.00",
        "accounted_usd": "1550.00",
        "unaccounted_usd": "1150.00",
    },
    "results": {},
    "screening": {"hits": "0"},
}
TOTALS["sectors"] = TOTALS["implementers"]
#: What the ledger says beside the rows, of whatever counts money.
LEDGER = {
    "ledger_obligated_usd": "5910.00",
    "ledger_deobligated_usd": "200.00",
    "ledger_disbursed_usd": "2750.00",
    "ledger_refunded_usd": "50.00",
    "ledger_expensed_usd": "1550.00",
    "exchange_usd": "0",
}
LINES = dict.fromkeys(statements.OF_MONEY, LEDGER) | {
    "payments": {
        "paid_usd": "2850.00",
        "reversed_usd": "-100.00",
        "net_paid_usd": "2750.00",
        "paid_in_usd": "2250.000",
        "paid_in_iqd": "786000.000",
    }
}
#: The charts that the design's table asks for.
CHARTS = {
    "portfolio": ["Amounts by state, USD"],
    "months": ["Obligated and disbursed so far, USD"],
    "pipeline": ["How long grants have been in their state"],
    "districts": ["Obligated by district, USD", "Obligated by district, USD"],
    "implementers": ["Obligated, USD"],
    "sectors": ["Obligated, USD"],
    "closeouts": ["Days that closeouts are overdue"],
    "documents": ["Missing papers by state and stage"],
    "results": ["What was reached of each target, %"],
}


def numbers(text: str) -> str:
    """A sum as people read it."""
    return f"{Decimal(text):,.2f}" if "." in text else f"{int(text):,}"


@pytest.mark.parametrize("slug", REPORTS)
def test_every_report_is_a_page_and_three_files_with_the_sums_of_the_ledger(
    story: Story, client: Any, slug: str
) -> None:
    viewer, report, totals = story.office.viewer, REPORTS[slug], TOTALS[slug]
    client.force_login(viewer)
    page = client.get(reverse("grants:report_detail", args=[slug]))
    with acting(viewer):
        run = snapshots.take(slug, {}, by=viewer)
        files = {
            format: b"".join(snapshots.pieces_of(snapshots.make_file(run, format, language="en")))
            for format in ("csv", "xlsx", "pdf", "control")
        }

    # The page: the sums under their columns, the charts with their titles.
    assert [one.key for one in report.totals] == list(totals)
    shown = page.context["shown"]
    foot = dict(zip(report.keys, (str(cell) for _css, cell in shown.sums), strict=True))
    assert {key: foot[key] for key in totals} == {
        key: numbers(value) for key, value in totals.items()
    }
    assert [chart.title for chart in shown.charts] == CHARTS.get(slug, [])
    assert page.content.count(b"<figure") >= len(shown.charts)
    # The run, which every file is made of.
    assert run.totals == totals
    assert {code: Decimal(value) for code, value in run.lines} == {
        "papers_put_off": 0,
        **{code: Decimal(value) for code, value in LINES.get(slug, {}).items()},
    }
    # The CSV: rows that add up; its control sheet.
    lines = csv_rows(files["csv"])
    assert len(lines) == run.rows > 0
    for key, value in totals.items():
        assert sum(Decimal(row[key] or 0) for row in lines) == Decimal(value), key
    control = dict(list(csv.reader(io.StringIO(files["control"].decode("utf-8-sig"))))[1:])
    # The XLSX: numbers that add up, and the last sheet.
    book = openpyxl.load_workbook(io.BytesIO(files["xlsx"]))
    table = list(book.worksheets[0].iter_rows(values_only=True))
    notes = {row[0]: row[1] for row in book.worksheets[-1].iter_rows(values_only=True)}
    paper = " ".join(pdf_text(files["pdf"]).split())
    assert list(table[0]) == report.keys
    assert len(table) - 2 == len(lines)
    head = LedgerEntry.objects.order_by("-seq")[0]
    assert notes["Head of the ledger"] == control["Head of the ledger"] == bytes(head.hash).hex()
    for column in report.totals:
        value = totals[column.key]
        cells = [row[report.keys.index(column.key)] for row in table[2:]]
        assert sum(Decimal(str(cell or 0)) for cell in cells) == Decimal(value), column.key
        label = f"Total: {column.label}"
        assert Decimal(str(notes[label])) == Decimal(control[label]) == Decimal(value)
        assert numbers(value) in paper
    # The PDF: charts, signatures.
    for title in CHARTS.get(slug, []):
        assert title in paper
    assert "Prepared by" in paper


def test_the_files_of_many_rows_take_the_memory_of_few(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read, frozen and written so many rows at a time: six times the rows, no more memory."""
    real = statements.STATEMENTS["tranches"]
    for module, name, size in (
        (statements, "BATCH", 100), (snapshots, "PART", 100), (snapshots, "PIECE", 16_384)
    ):  # fmt: skip
        monkeypatch.setattr(module, name, size)

    def peak(times: int) -> tuple[int, int]:
        many = f"CROSS JOIN generate_series(1, {times})"
        monkeypatch.setitem(
            statements.STATEMENTS,
            "tranches",
            lambda filters: f"SELECT t.* FROM ({real(filters)}) t {many}",
        )
        tracemalloc.start()
        try:
            with acting(story.office.viewer):
                run = snapshots.take("tranches", {}, by=story.office.viewer)
                for format in ("csv", "xlsx"):
                    snapshots.make_file(run, format, language="en")
            return run.rows, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1)
    few, small = peak(50)
    many, large = peak(300)

    assert (few, many) == (300, 1800)
    # Held at once, the rows alone would take some megabytes more.
    assert large - small < 300_000, (small, large)
