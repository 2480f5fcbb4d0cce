"""Reports: their columns, their sums against the ledger in every format, and runs that stay."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import openpyxl
import pypdf
import pytest
from django.core.management import CommandError, call_command
from django.db import Error, connection, transaction
from django.urls import reverse
from django.utils import translation

from ceasefire import jobs, periods
from ceasefire.database import roles
from ceasefire.database.session import acting
from ceasefire.exports import unescape_cell
from ceasefire.people.roles import Role
from grants.exceptions import DistrictStopped
from grants.models import (
    Grant,
    LedgerEntry,
    Officer,
    Organisation,
    ReportFile,
    ReportRequest,
    ReportRun,
    ReportRunPart,
)
from grants.reports import asking, rows, sheet, snapshots, writers
from grants.reports.columns import REPORTS
from grants.services import (
    completeness,
    deferrals,
    funds,
    ledger,
    machine,
    monitoring,
    organisations,
    payments,
    proposals,
    requirements,
    stops,
    vetting,
)
from tests.conftest import maker_of_users
from tests.grants import office as world

pytestmark = pytest.mark.django_db

#: The columns of the design, in its order, and no others.
DESIGN = {
    "portfolio": "ref, fund, award_type, title_en, title_ar, grantee_en, grantee_ar, implementer,"
    " sector, dac_code, district, state, requested_usd, approved_usd, obligated_usd,"
    " disbursed_usd, refunded_usd, unliquidated_usd, deobligated_usd, planned_start, planned_end,"
    " actual_start, actual_end, risk, doc_complete_pct, requester, grants_officer",
    "months": "period, fund, obligated_usd, deobligated_usd, net_obligated_usd, disbursed_usd,"
    " refunded_usd, net_disbursed_usd, cum_obligated_usd, cum_disbursed_usd, burn_rate_pct",
    "pipeline": "ref, title_en, state, entered_state_on, days_in_state, days_since_submitted,"
    " amount_usd, waiting_on_role, waiting_on_person, band_0_7, band_8_14, band_15_30,"
    " band_31_60, band_60_plus",
    "districts": "district_code, district_en, district_ar, grants, approved_usd, obligated_usd,"
    " disbursed_usd, pct_of_total, open, overdue, closed, beneficiaries, usd_per_beneficiary",
    "implementers": "key, name_en, name_ar, grants, obligated_usd, disbursed_usd, burn_rate_pct,"
    " avg_days_submit_to_award, avg_days_award_to_first_payment, overdue_reports, open_findings",
    "closeouts": "ref, grantee_en, actual_end, closeout_due, days_overdue, unliquidated_usd,"
    " unaccounted_advance_usd, missing_documents, owner, next_step",
    "payments": "payment_id, ref, tranche, voucher_no, date, payee, method, amount, currency,"
    " rate_iqd_per_usd, rate_date, rate_source, amount_usd, requested_by, certified_by, paid_by,"
    " witness, evidence_doc_id, reversed_by",
    "documents": "ref, state, stage, document_type, required, present, verified_by, verified_on,"
    " sha256, days_missing",
    "decisions": "ref, step, role, actor, verdict, amount_usd, limit_usd, rule_id, decided_at,"
    " conflict_check",
    "tranches": "ref, tranche, planned_usd, paid_usd, accounted_usd, unaccounted_usd,"
    " gate_status, due, days_overdue",
    "results": "ref, indicator, level, unit, baseline, target, actual, as_of, verified_by,"
    " usd_per_unit",
    "screening": "run_id, ref, subject_code, list, list_date, algorithm, threshold, hits,"
    " disposition, officer, valid_to",
}
DESIGN["sectors"] = DESIGN["implementers"]
#: Which sum of the ledger a column of a report is.
SUMS = {
    "portfolio": {
        "obligated_usd": "OBLIGATE",
        "deobligated_usd": "DEOBLIGATE",
        "disbursed_usd": "DISBURSE",
        "refunded_usd": "REFUND",
    },
    "months": {
        "obligated_usd": "OBLIGATE",
        "deobligated_usd": "DEOBLIGATE",
        "disbursed_usd": "DISBURSE",
        "refunded_usd": "REFUND",
    },
    "districts": {"obligated_usd": "OBLIGATE", "disbursed_usd": "DISBURSE"},
    "implementers": {"obligated_usd": "OBLIGATE", "disbursed_usd": "DISBURSE"},
    "sectors": {"obligated_usd": "OBLIGATE", "disbursed_usd": "DISBURSE"},
    "tranches": {"paid_usd": "DISBURSE"},
}


@pytest.fixture(scope="module")
def scene(django_db_setup: None, django_db_blocker: Any) -> Iterator[SimpleNamespace]:
    """Two funds; grants in many states; dinars paid and given back; a payment taken back."""
    with django_db_blocker.unblock():
        everything = transaction.atomic()
        everything.__enter__()
        try:
            yield _played()
        finally:
            transaction.set_rollback(True)
            everything.__exit__(None, None, None)


def _played() -> SimpleNamespace:
    office = world.people(maker_of_users())
    fund = world.open_fund(office)
    other = world.open_fund(office, "QRF-FY27")
    running = world.move(
        office,
        world.draft(office, fund, 3000, title_ar="أسبوع ألعاب"),
        "AWARDED",
        tranches=[1000, 2000],
    )
    rate = world.rate(office, "1300.000000")
    first = running.tranches.get(number=1)
    # 1,299,999 / 1,300 = 999.99923…, which is 1,000.00 to the cent.
    entry = world.pay(office, first, "1299999", rate=rate, currency="IQD")
    with acting(office.closeout):
        ledger.refund(
            running,
            amount="130000",
            currency="IQD",
            rate=world.rate(office, "1310.500000", source="MARKET"),
            reason="not used",
            by=office.closeout,
        )
    taken_back = world.move(office, world.draft(office, other, 700), "AWARDED")
    paid = world.pay(office, taken_back.tranches.get(), "333.33")
    with acting(office.officer2):
        ledger.reverse(paid, reason="paid twice", by=office.officer2)
    closed = world.move(office, world.draft(office, fund, 900), "CLOSED")
    asked = world.move(
        office, world.draft(office, other, 1200, title_en="=SUM(A1:A9)"), "SUBMITTED"
    )
    waiting = world.move(office, world.draft(office, fund, 4000), "PENDING_APPROVAL")
    drafted = world.draft(office, fund, 50)
    return SimpleNamespace(
        gated=_gated(office, fund),
        office=office,
        viewer=office.viewer,
        fund=fund,
        other=other,
        running=running,
        closed=closed,
        asked=asked,
        waiting=waiting,
        drafted=drafted,
        taken_back=taken_back,
        entry=entry,
    )


def _gated(office: Any, fund: Any) -> Grant:
    """Awarded, and nothing keeps it from being paid: a hit was judged, a vendor chosen."""
    grantee = world.organisation(office, "Heron Friends")
    vendor = world.organisation(office, "Lamp Stores")
    with acting(office.vetting):
        organisations.add_person(grantee, name_en="Qays Abd al-Latif Marsumi", by=office.vetting)
    grant = world.draft(office, fund, 600, grantee=grantee)
    with acting(office.requester):
        offer = proposals.Offer(vendor, Decimal(600), periods.today(), chosen=True)
        proposals.set_quotes(grant, [offer], by=office.requester)
    return world.move(office, grant, "AWARDED")


def in_ledger(kind: str, **narrowed: Any) -> Decimal:
    """The sum of a kind, posting by posting: what reports must come to, worked out apart."""
    total = Decimal("0.00")
    for entry in LedgerEntry.objects.filter(**narrowed).select_related("reverses"):
        if entry.kind == kind:
            total += entry.amount_usd
        elif entry.kind == "REVERSAL" and entry.reverses.kind == kind:
            total -= entry.amount_usd
    return total


def taken(scene: SimpleNamespace, slug: str, **filters: Any) -> ReportRun:
    """A run, made by the viewer under REO's role of the database."""
    with acting(scene.viewer):
        return snapshots.take(slug, filters, by=scene.viewer)


def octets(scene: SimpleNamespace, run: ReportRun, format: str, language: str = "en") -> bytes:
    with acting(scene.viewer):
        file = snapshots.make_file(run, format, language=language)
        return b"".join(snapshots.pieces_of(file))


def csv_rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def pdf_text(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)


# --- columns and sums ----------------------------------------------------------------------------


def test_the_columns_are_those_of_the_design_in_its_order():
    assert {slug: ", ".join(report.keys) for slug, report in REPORTS.items()} == DESIGN


@pytest.mark.parametrize("slug", SUMS)
def test_csv_xlsx_and_json_add_up_to_the_ledger_to_the_cent(scene: SimpleNamespace, slug: str):
    run = taken(scene, slug)
    expected = {key: in_ledger(kind) for key, kind in SUMS[slug].items()}
    keys = REPORTS[slug].keys

    lines = csv_rows(octets(scene, run, "csv"))
    book = openpyxl.load_workbook(io.BytesIO(octets(scene, run, "xlsx")))
    table = list(book.worksheets[0].iter_rows(values_only=True))
    told = json.loads(octets(scene, run, "json"), parse_float=Decimal)

    assert list(lines[0]) == list(table[0]) == keys
    for key, total in expected.items():
        at = keys.index(key)
        assert sum(Decimal(row[key]) for row in lines) == total
        cells = [row[at] for row in table[2:]]
        assert all(isinstance(cell, int | float) for cell in cells)
        assert sum(Decimal(str(cell)) for cell in cells) == total
        assert sum(Decimal(row[key]) for row in told["rows"]) == told["totals"][key] == total
    notes = dict(book.worksheets[-1].iter_rows(values_only=True))
    assert notes["Run"] == run.number
    head = LedgerEntry.objects.order_by("-seq").first()
    assert head is not None
    assert notes["Head of the ledger"] == bytes(head.hash).hex() == run.ledger_hash


def test_the_register_of_payments_keeps_their_rates_and_says_what_was_taken_back(
    scene: SimpleNamespace,
):
    run = taken(scene, "payments")
    lines = {row["voucher_no"]: row for row in csv_rows(octets(scene, run, "csv"))}
    dinars = lines[scene.entry.payment.voucher_no]

    assert (dinars["amount"], dinars["currency"]) == ("1299999.000", "IQD")
    assert (dinars["rate_iqd_per_usd"], dinars["rate_source"]) == ("1300.000000", "CBI")
    assert dinars["amount_usd"] == "1000.00"
    assert dinars["paid_by"] == scene.office.payer.code_name
    reversal = LedgerEntry.objects.get(kind="REVERSAL", reverses__kind="DISBURSE")
    assert [row["reversed_by"] for row in lines.values() if row["reversed_by"]] == [
        str(reversal.pk)
    ]
    lines_of = dict(run.lines)
    assert Decimal(lines_of["net_paid_usd"]) == in_ledger("DISBURSE")
    assert Decimal(lines_of["reversed_usd"]) == Decimal("-333.33")


def test_dinars_that_come_back_at_another_rate_are_a_line_of_their_own(scene: SimpleNamespace):
    # 130,000 dinars came back as 99.20; at the rate they were paid at they were 100.00.
    lines = dict(taken(scene, "months").lines)

    assert Decimal(lines["exchange_usd"]) == Decimal("-0.80")


def test_filters_narrow_rows_and_sums_alike_and_are_said(scene: SimpleNamespace):
    yesterday = periods.today() - timedelta(days=1)
    one = taken(scene, "portfolio", fund="QRF-FY27", state="ACTIVE")
    before = taken(scene, "months", to=yesterday)

    assert (one.rows, one.totals["obligated_usd"]) == (1, "700.00")
    assert in_ledger("OBLIGATE", fund=scene.other) == Decimal("700.00")
    assert (before.rows, before.totals["obligated_usd"]) == (0, "0.00")
    assert "Fund QRF-FY27 · State ACTIVE" in pdf_text(octets(scene, one, "pdf"))
    assert b"Fund QRF-FY27" in octets(scene, one, "control")


# --- cells, heads, directions --------------------------------------------------------------------


def test_text_never_becomes_a_formula_and_heads_stand_in_both_languages(scene: SimpleNamespace):
    run = taken(scene, "portfolio")
    english, arabic = (octets(scene, run, "csv", language) for language in ("en", "ar"))
    books = {
        language: openpyxl.load_workbook(io.BytesIO(octets(scene, run, "xlsx", language)))
        for language in ("en", "ar")
    }
    titles = [row["title_en"] for row in csv_rows(english)]

    assert english.startswith(b"\xef\xbb\xbf")
    assert "'=SUM(A1:A9)" in titles
    assert unescape_cell("'=SUM(A1:A9)") == "=SUM(A1:A9)"
    assert len(arabic.splitlines()) == len(english.splitlines()) + 1
    for book in books.values():
        table = book.worksheets[0]
        with translation.override("ar"):
            assert table["A2"].value == str(REPORTS["portfolio"].columns[0].label)
        cell = next(row[3] for row in table.iter_rows(min_row=3) if row[3].value == "=SUM(A1:A9)")
        assert cell.data_type != "f"
    assert books["ar"].worksheets[0].sheet_view.rightToLeft
    assert not books["en"].worksheets[0].sheet_view.rightToLeft


def test_an_arabic_paper_has_its_refs_whole_and_arabic_digits_where_asked(scene: SimpleNamespace):
    run = taken(scene, "portfolio")
    with acting(scene.viewer):
        western = snapshots.make_file(run, "pdf", language="ar")
        eastern = snapshots.make_file(run, "pdf", language="ar", digits="arabic")
        plain, turned = (
            pdf_text(b"".join(snapshots.pieces_of(file))) for file in (western, eastern)
        )

    assert scene.running.ref in plain
    assert scene.running.ref in turned
    total = f"{in_ledger('OBLIGATE'):,.2f}"
    assert total in plain
    assert total not in turned


# --- what other parts say of the same ------------------------------------------------------------


def told(scene: SimpleNamespace, slug: str, day: date | None = None) -> list[dict[str, Any]]:
    """The rows of a report on a day (today), as the viewer reads them."""
    with acting(scene.viewer), rows.found(slug, {}, day or periods.today()) as found:
        return [dict(zip(REPORTS[slug].keys, row, strict=True)) for row in found.rows]


def gates_told(scene: SimpleNamespace, day: date) -> list[dict[str, Any]]:
    """R10 with why each gate is shut, which stands in none of its files."""
    with acting(scene.viewer), connection.cursor() as cursor:
        cursor.execute(rows.STATEMENTS["tranches"]({}), rows.parameters({}, day))
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def waits_for(scene: SimpleNamespace) -> dict[str, set[str]]:
    """By grant whom R3 names, each compared with the state machine."""
    named = {}
    for row in told(scene, "pipeline"):
        step = machine.missing_for(Grant.objects.get(ref=row["ref"]))
        assert step is not None
        assert row["waiting_on_role"] == "; ".join(step.duties), row
        named[row["ref"]] = set(filter(None, (row["waiting_on_person"] or "").split("; ")))
        assert named[row["ref"]] == {one.code_name for one in step.officers}, row
        assert row["band_0_7"] == 1
    return named


def test_who_a_grant_waits_for_is_whom_the_state_machine_names_in_every_state(
    scene: SimpleNamespace, make_user: Any
):
    office, fund, other = scene.office, scene.fund, scene.other
    first, second = office.approver.code_name, office.approver2.code_name
    lead = make_user(Role.REO_STAFF, username="reo.lead", duties=["approver"])
    # On the other fund two of the lowest level speak, and then one of the level above.
    with acting(office.officer):
        rules = [
            funds.propose_rule(
                other,
                award_type="GRANT_CASH",
                role=role,
                max_amount_usd=25000,
                quorum=quorum,
                sequence=sequence,
                valid_from=periods.today(),
                by=office.officer,
            )
            for role, quorum, sequence in (("OFFICER", 2, 1), ("LEAD", 1, 2))
        ]
        seats = [
            funds.propose_seat(
                one,
                who=Officer.objects.get(pk=lead.pk),
                role="LEAD",
                valid_from=world.BEGAN,
                by=office.officer,
            )
            for one in (fund, other)
        ]
    with acting(office.certifier):
        for rule in rules:
            funds.confirm_rule(rule, by=office.certifier)
        for seat in seats:
            funds.confirm_seat(seat, by=office.certifier)
    returned = world.move(office, world.draft(office, fund, 70), "SUBMITTED")
    with acting(office.reviewer):
        machine.give_back(returned, reason="no map", by=office.reviewer)
    vetted = world.move(office, world.draft(office, fund, 80), "VETTING")
    approved = world.move(office, world.draft(office, fund, 90), "APPROVED")
    # Alone each is of the lowest level; together they are of the level above.
    half = world.move(office, world.draft(office, fund, 3000), "PENDING_APPROVAL")
    grantee = Organisation.objects.get(pk=half.grantee_id)
    world.move(office, world.draft(office, fund, 3000, grantee=grantee), "SUBMITTED")
    levels = world.move(office, world.draft(office, other, 3000), "PENDING_APPROVAL")

    named = waits_for(scene)

    assert {one.state for one in Grant.objects.filter(ref__in=named)} == {
        *("DRAFT", "RETURNED", "SUBMITTED", "VETTING", "PENDING_APPROVAL", "APPROVED", "AWARDED")
    }
    assert {returned.ref, vetted.ref, approved.ref, scene.gated.ref} <= set(named)
    assert named[scene.waiting.ref] == named[levels.ref] == {first, second}
    assert named[half.ref] == {first, second, lead.code_name}
    with acting(office.approver):
        machine.approve(levels, by=office.approver)
    assert waits_for(scene)[levels.ref] == {second}
    with acting(office.approver2):
        machine.approve(levels, by=office.approver2)
    assert waits_for(scene)[levels.ref] == {lead.code_name}

    # Who asked for a payment neither certifies nor pays it, whatever else they may.
    hands = make_user(
        Role.REO_STAFF, username="reo.hands", duties=["officer", "certifier", "payer"]
    )
    tranche = scene.gated.tranches.get()
    with acting(hands):
        payment = payments.ask(
            tranche,
            amount=100,
            currency="USD",
            method="EFT",
            voucher_no="V-hands",
            payee=scene.gated.grantee,
            invoiced_on=periods.today(),
            by=hands,
        )
    certifiers = {office.certifier.code_name, office.certifier2.code_name}
    assert waits_for(scene)[scene.gated.ref] == certifiers
    with acting(office.certifier):
        payments.certify(payment, by=office.certifier)
    payers = {office.payer.code_name, office.payer2.code_name}
    assert waits_for(scene)[scene.gated.ref] == payers


def _visit_overdue(scene: SimpleNamespace) -> None:
    with acting(scene.office.officer):
        monitoring.plan_visit(
            scene.gated, kind="routine", due_on=periods.today(), by=scene.office.officer
        )


def _hit_open(scene: SimpleNamespace) -> None:
    with acting(scene.office.vetting):
        vetting.screen(scene.gated, by=scene.office.vetting)


def _list_stale(scene: SimpleNamespace) -> None:
    world.ask_for_list(scene.office, scene.fund, max_days=29)


def _vendor_blocked(scene: SimpleNamespace) -> None:
    vendor = scene.gated.quotes.get().vendor
    with acting(scene.office.vetting):
        organisations.block_organisation(vendor, reason="ghosts", by=scene.office.vetting)


def _district_stopped(scene: SimpleNamespace) -> None:
    office = scene.office
    with acting(office.officer):
        stop = stops.propose(
            scene.fund, district=scene.gated.district, reason="ghosts", by=office.officer
        )
    with acting(office.certifier):
        stops.confirm(stop, by=office.certifier)
    with pytest.raises(DistrictStopped):
        world.ask(office, scene.gated.tranches.get(), 100)


@pytest.mark.parametrize(
    ("shut", "status", "lacks"),
    [
        (_visit_overdue, "locked", ["visit_overdue"]),
        (_hit_open, "locked", ["clearance", "screening"]),
        (_list_stale, "locked", ["lists_stale"]),
        (_vendor_blocked, "locked", ["clearance"]),
        (_district_stopped, "stopped", ["payment_stop"]),
    ],
)
def test_a_gate_that_the_verbs_keep_shut_is_never_called_open(
    scene: SimpleNamespace,
    shut: Callable[[SimpleNamespace], None],
    status: str,
    lacks: list[str],
):
    # A visit that is due today is overdue tomorrow.
    day = periods.today() + timedelta(days=1)
    grant, tranche = scene.gated, scene.gated.tranches.get()

    def gate() -> tuple[str, list[str]]:
        row = next(row for row in gates_told(scene, day) if row["ref"] == grant.ref)
        return row["gate_status"], list(filter(None, (row["gate_lacks"] or "").split("; ")))

    assert gate() == ("open", [])
    shut(scene)
    assert gate() == (status, lacks)
    verb = [one.code for one in requirements.for_tranche(
        Grant.objects.get(pk=grant.pk), tranche, day
    )]  # fmt: skip
    assert [code for code in lacks if code != "payment_stop"] == verb


def test_a_paper_that_was_put_off_is_said_with_whom_and_until_when_until_it_comes(
    scene: SimpleNamespace, client: Any
):
    office, due = scene.office, periods.today() + timedelta(days=5)
    grant = world.draft(office, scene.fund, 100, kind="park")
    client.force_login(scene.viewer)

    def said_of(kind: str, day: date | None = None) -> str:
        row = next(
            row
            for row in told(scene, "documents", day)
            if (row["ref"], row["document_type"]) == (grant.ref, kind)
        )
        return row["present"]

    def on_sheet(language: str = "en") -> str:
        answer = client.get(reverse("grants:grant_sheet", args=[grant.ref]), {"language": language})
        return " ".join(pdf_text(b"".join(answer.streaming_content)).split())

    def put_off_in_all(**filters: Any) -> set[int]:
        runs = [taken(scene, slug, **filters) for slug in DESIGN]
        return {int(dict(run.lines)["papers_put_off"]) for run in runs}

    assert said_of("owner_consent") == "no"
    assert office.officer.code_name not in on_sheet()
    (before,) = put_off_in_all()
    with acting(office.officer):
        deferrals.defer(grant, type="owner_consent", due_on=due, reason="flood", by=office.officer)

    assert said_of("owner_consent") == "no"
    assert said_of("owner_consent", due + timedelta(days=30)) == "no"
    for language in ("en", "ar"):
        assert office.officer.code_name in on_sheet(language)
    assert f"put off until {due:%d/%m/%Y} by" in on_sheet()
    # Every run of R1 to R12 says how many there are, of the grants that it is about.
    assert put_off_in_all() == {before + 1}
    assert put_off_in_all(state="CLOSED") == {0}
    assert "Papers put off" in octets(scene, taken(scene, "months"), "control").decode()
    with acting(office.requester):
        world.paper(grant, "owner_consent", office.requester)
    assert said_of("owner_consent") == "yes"
    assert office.officer.code_name not in on_sheet()
    assert put_off_in_all() == {before}


def test_gates_and_papers_are_those_of_the_verbs(scene: SimpleNamespace):
    today = periods.today()
    gates = gates_told(scene, today)
    papers = csv_rows(octets(scene, taken(scene, "documents"), "csv"))
    portfolio = csv_rows(octets(scene, taken(scene, "portfolio"), "csv"))

    for row in gates:
        grant = Grant.objects.get(ref=row["ref"])
        tranche = grant.tranches.get(number=row["tranche"])
        lacks = requirements.for_tranche(grant, tranche, today)
        if row["gate_status"] in ("open", "locked"):
            assert (row["gate_status"] == "locked") == bool(lacks)
            assert (row["gate_lacks"] or "") == "; ".join(one.code for one in lacks)
    assert {row["gate_status"] for row in gates} >= {"paid", "locked", "open"}
    for row in portfolio:
        counted = completeness.of(Grant.objects.get(ref=row["ref"]))
        mine = [paper for paper in papers if paper["ref"] == row["ref"]]
        assert len(mine) == counted.required
        assert sum(paper["present"] == "yes" for paper in mine) == counted.present
        assert int(row["doc_complete_pct"]) == counted.present * 100 // (counted.required or 1)


def test_duties_that_were_kept_apart_are_said_so(scene: SimpleNamespace):
    lines = csv_rows(octets(scene, taken(scene, "decisions"), "csv"))

    assert {row["conflict_check"] for row in lines} == {"apart"}
    assert {"review", "approval", "certification", "payment"} <= {row["step"] for row in lines}
    approval = next(row for row in lines if row["step"] == "approval")
    assert Decimal(approval["limit_usd"]) >= Decimal(approval["amount_usd"])


# --- runs stay -----------------------------------------------------------------------------------


def test_a_run_gives_the_same_octets_when_everything_else_has_moved_on(scene: SimpleNamespace):
    run = taken(scene, "months")
    first = {format: octets(scene, run, format) for format in ("csv", "xlsx", "pdf", "json")}
    with acting(scene.office.closeout):
        ledger.refund(scene.running, amount="1", reason="more", by=scene.office.closeout)

    again = ReportRun.objects.get(number=run.number)
    for format, content in first.items():
        assert octets(scene, again, format) == content
    with translation.override("en"):
        for format in ("csv", "xlsx", "pdf", "json"):
            # And made anew of the frozen rows, not only kept.
            assert _written(again, format) == first[format]
    later = taken(scene, "months")
    assert later.number == run.number + 1
    assert later.totals["refunded_usd"] != run.totals["refunded_usd"]


def test_a_run_of_before_a_column_was_taken_away_is_still_read(
    scene: SimpleNamespace, client: Any, monkeypatch: pytest.MonkeyPatch
):
    report = REPORTS["tranches"]
    more = (*report.columns, replace(report.columns[0], key="gate_lacks"))
    with monkeypatch.context() as then:
        then.setitem(REPORTS, "tranches", replace(report, columns=more))
        run = taken(scene, "tranches")

    (first, *_others) = csv_rows(octets(scene, run, "csv"))
    assert list(first) == list(report.keys)
    assert first["ref"] == scene.running.ref
    client.force_login(scene.viewer)
    assert client.get(run.get_absolute_url()).status_code == 200


def test_a_run_of_before_a_column_was_added_is_still_read(
    scene: SimpleNamespace, client: Any, monkeypatch: pytest.MonkeyPatch
):
    report = REPORTS["tranches"]
    with monkeypatch.context() as then:
        then.setitem(REPORTS, "tranches", replace(report, columns=report.columns[:-1]))
        run = taken(scene, "tranches")

    (first, *_others) = csv_rows(octets(scene, run, "csv"))
    assert (first["days_overdue"], first["ref"]) == ("", scene.running.ref)
    assert "days_overdue" not in json.loads(octets(scene, run, "json"))["rows"][0]
    client.force_login(scene.viewer)
    assert client.get(run.get_absolute_url()).status_code == 200


def _written(run: ReportRun, format: str) -> bytes:
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "again"
        writers.write(run, format, path, language="en")
        return path.read_bytes()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE grants_reportrun SET totals = '{}'",
        "DELETE FROM grants_reportrunpart",
        "UPDATE grants_reportrunpart SET packed = ''",
        "DELETE FROM grants_reportfile",
        "UPDATE grants_reportfilepart SET octets = ''",
        "INSERT INTO grants_reportrunpart (run_id, number, rows, packed)"
        " SELECT id, 99, 1, '' FROM grants_reportrun LIMIT 1",
    ],
)
def test_nobody_changes_a_run_not_even_the_owner(scene: SimpleNamespace, statement: str):
    octets(scene, taken(scene, "months"), "csv")

    with (
        roles.as_owner(connection),
        pytest.raises(Error, match="never changed|nothing is added"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_rows_that_are_not_those_that_were_frozen_are_not_given_out(scene: SimpleNamespace):
    run = taken(scene, "months")
    run.sha256 = "0" * 64

    with pytest.raises(snapshots.RunBroken):
        list(snapshots.rows_of(run))


# --- long ones -----------------------------------------------------------------------------------


def test_a_long_report_is_made_by_a_worker_with_progress_and_a_stop(
    scene: SimpleNamespace, client: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(asking, "ROWS_AT_ONCE", 0)
    client.force_login(scene.viewer)
    path = reverse("grants:report_detail", args=["payments"])

    answer = client.get(path, {"format": "csv", "fund": "QRF-FY27"})
    asked = ReportRequest.objects.get(by=scene.viewer)
    assert answer["Location"] == asked.get_absolute_url()
    assert client.get(path, {"format": "csv", "fund": "QRF-FY27"})["Location"] == answer["Location"]
    assert b"waits to be made" in client.get(answer["Location"]).content

    seen: list[tuple[int, int]] = []
    asking.make(str(asked.pk), progress=lambda done, total: seen.append((done, total)))
    asked.refresh_from_db()
    assert asked.done
    assert asked.run is not None
    assert seen[-1][0] == seen[-1][1]
    content = b"".join(client.get(answer["Location"], {"take": "1"}).streaming_content)
    assert [row["ref"] for row in csv_rows(content)] == [scene.taken_back.ref]

    client.get(path, {"format": "xlsx"})
    second = ReportRequest.objects.get(by=scene.viewer, done=False)
    client.post(reverse("grants:report_request_stop", args=[second.pk]))
    assert jobs.Job.objects.get(pk=second.job_id).state == "cancelled"
    assert b"was stopped" in client.get(second.get_absolute_url()).content
    client.force_login(scene.office.auditor)
    assert client.get(second.get_absolute_url()).status_code == 404


def test_what_is_stopped_half_way_leaves_no_run(
    scene: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
):
    before = ReportRunPart.objects.count(), ReportRun.objects.count()

    def stop(_done: int) -> None:
        raise jobs.Cancelled

    monkeypatch.setattr(snapshots, "PART", 1)
    with pytest.raises(jobs.Cancelled), acting(scene.viewer):
        snapshots.take("decisions", {}, by=scene.viewer, progress=stop)

    assert (ReportRunPart.objects.count(), ReportRun.objects.count()) == before


# --- pages, command, sheet -----------------------------------------------------------------------


@pytest.mark.parametrize("slug", REPORTS)
def test_a_page_shows_what_a_run_of_it_holds(scene: SimpleNamespace, client: Any, slug: str):
    client.force_login(scene.viewer)
    page = client.get(reverse("grants:report_detail", args=[slug]), {"from": "1/1/2020"})
    run = taken(scene, slug, **{"from": "2020-01-01"})
    frozen = client.get(run.get_absolute_url())

    assert page.status_code == frozen.status_code == 200
    assert page.context["shown"].count == run.rows == frozen.context["shown"].count
    assert page.context["shown"].sums == frozen.context["shown"].sums
    assert page.context["shown"].rows == frozen.context["shown"].rows


def test_a_page_asks_few_questions_and_a_filter_that_is_none_makes_nothing(
    scene: SimpleNamespace, client: Any, django_assert_max_num_queries: Any
):
    client.force_login(scene.viewer)
    path = reverse("grants:report_detail", args=["portfolio"])
    client.get(path)
    with django_assert_max_num_queries(16):
        client.get(path)
    before = ReportRun.objects.count()

    assert b"Nothing is shown" in client.get(path, {"from": "31/2/2026"}).content
    assert client.get(path, {"format": "csv", "fund": "NONE"}).status_code == 302
    assert client.get(path, {"format": "doc"}).status_code == 302
    assert ReportRun.objects.count() == before


def test_the_command_writes_the_same_file_and_refuses_what_it_does_not_know(
    scene: SimpleNamespace, tmp_path: Any
):
    target = tmp_path / "out.csv"
    call_command("export_grants", "months", "--format", "csv", "--output", str(target))
    run = ReportRun.objects.filter(report="months").first()
    assert run is not None
    assert run.by is None
    assert target.read_bytes() == octets(scene, run, "csv")
    old = tmp_path / "old.csv"
    call_command(
        "export_grants",
        *("months", "--format", "csv", "--run", str(run.number), "--output", str(old)),
    )
    assert old.read_bytes() == target.read_bytes()
    for wrong in (
        ["months", "--format", "xml"],
        ["months", "--format", "csv", "--fund", "NONE"],
        ["sf-425", "--format", "xlsx"],
        ["iati", "--format", "xml", "--fund", "QRF-FY26"],
    ):
        with pytest.raises(CommandError) as refused:
            call_command("export_grants", *wrong, "--output", str(tmp_path / "no"))
        assert refused.value.returncode == (1 if wrong[0] == "iati" else 2)
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_grants_sheet_is_one_page_and_the_same_while_nothing_changed(
    scene: SimpleNamespace, client: Any, language: str
):
    client.force_login(scene.viewer)
    path = reverse("grants:grant_sheet", args=[scene.running.ref])
    first = client.get(path, {"language": language})
    content = b"".join(first.streaming_content)
    text = pdf_text(content)

    assert len(pypdf.PdfReader(io.BytesIO(content)).pages) == 1
    assert scene.running.ref in text
    assert "3,000.00" in text
    again = client.get(path, {"language": language})
    assert b"".join(again.streaming_content) == content
    assert ReportRun.objects.filter(report=sheet.SLUG).count() == 1
    assert ReportFile.objects.filter(run__report=sheet.SLUG).count() >= 1


def test_a_statement_holds_no_value_of_a_filter():
    wicked = {"fund": "x' OR 1=1 --", "state": "%s", "from": "2026-01-01"}

    for slug in REPORTS:
        assert "OR 1=1" not in rows.statement(REPORTS[slug], wicked)
