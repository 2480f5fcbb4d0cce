"""The days of REO's officers: stories 24 to 28, each walked in both languages to its end.

What comes before a story begins is made by the verbs, as the demonstration is; what the story tells
is done on the pages.
"""

import hashlib
import io
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation
from django.utils.translation import gettext

from ceasefire import periods
from ceasefire.database.session import as_system
from ceasefire.people.models import User
from grants.demo import vetting, words
from grants.demo.office import Office, Walk
from grants.demo.papers import photo
from grants.models import Decision, Fund, Grant, LedgerEntry, Organisation
from grants.services import proposals
from incidents.demo.people import CAST
from tests.browser.conftest import DESK, overflow
from tests.demo_world import World

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("served_connection")]

both = pytest.mark.parametrize("language", ["en", "ar"])
SEND = "main form .form-actions button[type=submit]"
Open = Callable[[str], Any]
#: Each language plays with groups of its own, or their awards would be decided together.
#: How the caution about the weeks around a grant begins.
NO_CLAIM = {"en": "This says nothing about cause.", "ar": "هذا لا يقول شيئاً عن السبب."}
GROUPS = {"en": ("palm", "chess"), "ar": ("harbour", "council")}


@pytest.fixture
def desk_of(visit: Any, demo_world: World, language: str) -> Open:
    """The desk of somebody who signed in, in the language of the walk."""

    def open_desk(username: str) -> Desk:
        return Desk(visit(username, viewport=DESK, language=language), demo_world, language)

    return open_desk


class Desk:
    """A page at a desk: where to go, what to send, what is read there."""

    def __init__(self, page: Any, world: World, language: str) -> None:
        self.page, self.world, self.language = page, world, language

    def go(self, path: str) -> None:
        answer = self.page.goto(path if path.startswith("http") else self.world.url(path))
        assert answer.status == 200, path
        assert overflow(self.page) == []
        direction = "rtl" if self.language == "ar" else "ltr"
        assert self.page.locator("html").get_attribute("dir") == direction

    def status(self, path: str) -> int:
        return int(self.page.request.get(self.world.url(path), max_redirects=0).status)

    def fill(self, **values: str) -> None:
        for name, value in values.items():
            field = self.page.locator(f"main [name='{name}']").first
            if field.evaluate("one => one.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)

    def send(self, selector: str = SEND, to: Any = None) -> None:
        with self.page.expect_navigation(url=to):
            self.page.locator(selector).first.click()

    def words(self, selector: str = "main") -> str:
        text = self.page.locator(selector).first.inner_text()
        return " ".join(re.sub("[\u2066-\u2069\u200e\u200f]", "", text).split())

    def said(self, text: str) -> str:
        with translation.override(self.language):
            return str(gettext(text))


def office() -> Office:
    """The office of the demonstration, as it stands in the served database."""
    made = Office({one.username: one for one in User.objects.all()}, periods.now())
    made.funds = {one.code: one for one in Fund.objects.all()}
    known = {one.name_en: one for one in Organisation.objects.all()}
    made.organisations = {group.key: known[group.name_en] for group in words.ORGANISATIONS}
    return made


def walk(key: str, grantee: str, asks: int, began: int, **facts: Any) -> Walk:
    """A grant that is about to be told of."""
    facts = {"kind": "culture", "award_type": "GRANT_CASH", **facts}
    return Walk(
        office(),
        words.Plan(
            key=key,
            began=began,
            title_en=f"Story {key}",
            title_ar=f"حكاية {key}",
            sector="16061",
            district="IQG02Q02",
            grantee=grantee,
            asks=asks,
            **facts,
        ),
    )


def _now(told: Walk) -> Walk:
    """The clock goes on while pages are open."""
    told.office.now = told.clock = periods.now()
    return told


# --- 24: from a proposal to its approval ----------------------------------------------------------


@both
def test_24_a_park_is_registered_checked_and_approved_within_the_limit(
    desk_of: Open, language: str
) -> None:
    group = GROUPS[language][0]
    requester = desk_of("reo.requester")
    requester.go("/grants/new/")
    requester.fill(
        fund="QRF-FY26",
        title_en=f"Small park {language}",
        title_ar="متنزه صغير",
        award_type="GRANT_CASH",
        kind="park",
        sector="16061",
        requested_usd="٣٬٠٠٠",
        district="IQG02Q02",
        purpose=f"{words.LABEL_EN} {words.PURPOSE}",
        sustainment=words.SUSTAINMENT,
    )
    with as_system():
        chosen = office().organisations[group]
    requester.fill(grantee=chosen.code)
    requester.send(to=re.compile(r"/grants/QRF-\d{4}-\d{4}/"))
    grant = Grant.objects.get(title_en=f"Small park {language}")
    assert (grant.state, grant.requested_usd) == ("DRAFT", 3000)

    # What is missing is said, the budget that is not what is asked for among it.
    missing = lambda: requester.words("#next")  # noqa: E731
    requester.go(f"/grants/{grant.ref}/")
    budget = requester.said("The budget lines sum to what is asked for")
    assert budget in missing()
    requester.go(f"/grants/{grant.ref}/budget/")
    requester.page.locator("main [name$='-0-description']").fill("Trees / أشجار")
    requester.page.locator("main [name$='-0-quantity']").fill("10")
    requester.page.locator("main [name$='-0-unit_cost_usd']").fill("300")
    requester.send(to=re.compile(grant.ref))
    requester.go(f"/grants/{grant.ref}/")
    assert budget not in missing()

    with as_system():
        told = walk("24", group, 3000, 0)
        told.grant = grant
        _rest_of_the_proposal(told)
    requester.go(f"/grants/{grant.ref}/steps/submit/")
    requester.send(to=re.compile(rf"/{grant.ref}/$"))
    with as_system():
        told.grant = Grant.objects.get(pk=grant.pk)
        _now(told).review(0)
    reviewer = desk_of("reo.reviewer")
    reviewer.go(f"/grants/{grant.ref}/vetting/")
    assert chosen.code in reviewer.words()
    with as_system():
        _now(told).clear(0)

    approver = desk_of("reo.approver")
    approver.go(f"/grants/{grant.ref}/steps/approve/")
    approver.send(to=re.compile(rf"/{grant.ref}/$"))
    grant.refresh_from_db()
    assert (grant.state, grant.approved_usd) == ("APPROVED", 3000)
    assert Decision.objects.get(grant=grant, step="approval").limit_usd == 5000

    # Above the limit the page says why not, and whom it waits for.
    with as_system():
        large = walk("24 large", group, 12_000, 14).upto("PENDING_APPROVAL").grant
    approver.go(f"/grants/{large.ref}/")
    assert "Palm 8" in approver.words("#next")
    assert "Palm 3" not in approver.words("#next")
    no_seat = "You have no seat on the level of approval that this sum needs."
    assert approver.said(no_seat) in approver.words("#steps")
    lead = desk_of("reo.approver2")
    lead.go(f"/grants/{large.ref}/steps/approve/")
    lead.send(to=re.compile(rf"/{large.ref}/$"))
    large.refresh_from_db()
    assert large.state == "APPROVED"


def _rest_of_the_proposal(told: Walk) -> None:
    """Indicators and papers."""
    by = told.office.requester
    proposals.set_indicators(
        told.grant,
        [
            proposals.Measure("output", "Benches", Decimal(0), Decimal(8)),
            proposals.Measure("outcome", "Who comes", Decimal(0), Decimal(50)),
        ],
        by=by,
    )
    for kind in ("proposal", "budget", "owner_consent", "environment"):
        told.paper(kind, by)


# --- 25: the second tranche -----------------------------------------------------------------------


@both
def test_25_the_second_tranche_waits_for_receipts_a_visit_and_a_photo(
    desk_of: Open, language: str
) -> None:
    with as_system():
        told = walk("25", GROUPS[language][1], 2000, 60, tranches=(50, 50))
        told.upto("AWARDED").pay(1)
        payment = told.ask(2)
        vetting.screen_where_needed(told.grant, by=told.office.vetting, at=periods.now())
    ref = told.grant.ref
    certifier = desk_of("reo.certifier")

    def gate() -> str:
        certifier.go(f"/grants/{ref}/money/")
        return certifier.words("section[aria-labelledby=tranches]")

    lacks = {
        name: certifier.said(text)
        for name, text in {
            "receipts": "Receipts for the advances before",
            "evidence": "Evidence of what the last tranche was used for",
            "visit": "A visit since the last payment",
            "report": "An accepted report since the last payment",
        }.items()
    }
    assert [name for name, text in lacks.items() if text not in gate()] == []
    certifier.go(f"/grants/payments/{payment.pk}/")
    certifier.send("form[action$='/certify/'] button", to=re.compile(f"/{payment.pk}/"))
    payment.refresh_from_db()
    assert payment.state == "REQUESTED"

    certifier.go(f"/grants/{ref}/money/expense/")
    certifier.fill(tranche="1", amount="1000")
    certifier.send(to=re.compile(rf"/{ref}/money/"))
    assert lacks["receipts"] not in gate()
    monitor = desk_of("reo.reviewer")
    monitor.go(f"/grants/{ref}/documents/new/")
    monitor.fill(type="photo", language="none", dated=f"{periods.today():%d/%m/%Y}")
    monitor.page.locator("main [type=file]").set_input_files(
        {"name": "site.jpg", "mimeType": "image/jpeg", "buffer": photo(f"site {ref}")}
    )
    monitor.send("main form[data-paper-form] .form-actions button[type=submit]",
                 to=re.compile(rf"/{ref}/documents/(?!new)"))  # fmt: skip
    picture = told.grant.documents.get(type="photo")
    assert picture.dated == periods.today()
    monitor.go(f"/grants/{ref}/monitoring/visits/new/")
    monitor.fill(kind="routine", visited_on=f"{periods.today():%d/%m/%Y}", seen="Benches stand.")
    monitor.send(to=re.compile(rf"/{ref}/monitoring/"))
    with as_system():
        _now(told)
        told.paper("evidence", told.office.requester)
        told.report("narrative", 0)
        proof = told.paper("receipt", told.office.payer)
    assert [name for name, text in lacks.items() if text in gate()] == []

    certifier.go(f"/grants/payments/{payment.pk}/")
    certifier.send("form[action$='/certify/'] button", to=re.compile(f"/{payment.pk}/"))
    payer = desk_of("reo.payer")
    payer.go(f"/grants/payments/{payment.pk}/pay/")
    witness = User.objects.get(username="reo.officer").pk
    payer.fill(proof=str(proof.pk), witness=str(witness))
    payer.send(to=re.compile(f"/{payment.pk}/|/{ref}/money/"))
    payment.refresh_from_db()
    assert payment.state == "PAID"
    posted = LedgerEntry.objects.get(payment=payment)
    assert (posted.amount_usd, posted.actor_id) == (1000, payer_key())


def payer_key() -> Any:
    return User.objects.get(username="reo.payer").pk


# --- 26: the report of a quarter ------------------------------------------------------------------


def _taken(desk: Desk, address: str) -> bytes:
    answer = desk.page.request.get(desk.world.url(address))
    assert answer.status == 200, address
    return bytes(answer.body())


@both
def test_26_the_report_of_a_quarter_gives_the_same_figures_next_year(
    desk_of: Open, language: str
) -> None:
    officer = desk_of("reo.officer")
    today = periods.today()
    begin = today.replace(month=3 * ((today.month - 1) // 3) + 1, day=1)
    quarter = f"from={begin:%d/%m/%Y}&to={today:%d/%m/%Y}"
    officer.go(f"/grants/reports/portfolio/?{quarter}")
    link = officer.page.locator(f".file-links a[href*='format=xlsx'][hreflang={language}]")
    with officer.page.expect_download() as started:
        link.first.click()
    assert started.value.suggested_filename.endswith(".xlsx")
    officer.go("/grants/reports/runs/?report=portfolio")
    officer.page.locator("main table a[href*='/grants/reports/runs/']").first.click()
    officer.page.wait_for_url(re.compile(r"/grants/reports/runs/\d+/"))
    address = officer.page.url.removeprefix(officer.world.address).partition("?")[0]
    files = [f"{address}?format={kind}&language={code}" for kind in ("xlsx", "pdf")
             for code in ("en", "ar")]  # fmt: skip
    before = {one: _taken(officer, one) for one in files}
    assert all(before[one][:2] == b"PK" for one in files[:2])
    assert all(before[one][:5] == b"%PDF-" for one in files[2:])
    sums = _sums(before[files[0]])
    assert sums == _sums(before[files[1]])

    # The year goes on: another grant is asked for.
    with as_system():
        walk(f"26 {language}", GROUPS[language][0], 700, 1).draft()
    assert {one: hashlib.sha256(_taken(officer, one)).hexdigest() for one in files} == {
        one: hashlib.sha256(data).hexdigest() for one, data in before.items()
    }
    now = _taken(officer, f"/grants/reports/portfolio/?{quarter}&format=xlsx&language=en")
    assert _sums(now) != sums
    officer.go(address)


def _sums(book: bytes) -> list[Any]:
    """Every number of a workbook but those of its last sheet, which says when it was made."""
    from openpyxl import load_workbook

    sheets = load_workbook(io.BytesIO(book), read_only=True).worksheets[:-1]
    return [
        cell
        for sheet in sheets
        for row in sheet.iter_rows(values_only=True)
        for cell in row
        if isinstance(cell, int | float)
    ]


# --- 27: what happened around, and nothing more ---------------------------------------------------


@both
def test_27_the_weeks_around_a_grant_are_shown_without_a_claim_and_nothing_beside(
    desk_of: Open, demo_world: World, language: str
) -> None:
    viewer = desk_of("reo.viewer")
    viewer.go("/grants/{grant_courtyard}/")
    viewer.page.locator("a[href$='/surroundings/']").first.click()
    viewer.page.wait_for_url(re.compile("/surroundings/"))
    assert overflow(viewer.page) == []

    told = viewer.words()
    assert viewer.said("12 weeks before the start") in told
    assert viewer.said("12 weeks after the end") in told
    note = viewer.page.locator("main .note").first.inner_text()
    assert NO_CLAIM[language] in note
    star = viewer.said(
        "A star stands for a week of one or two incidents, or for one that would give such a week "
        "away. It is never zero."
    )
    viewer.page.locator("main details.fold summary").first.click()
    assert star in viewer.words()
    # One or two of a week stand nowhere: not in the chart, not in its table.
    for cell in viewer.page.locator("main .chart table td").all_inner_texts():
        assert cell.strip() not in ("1", "2", "١", "٢"), cell

    for closed in (
        "/outreach/participants/",
        "/outreach/conflicts/",
        "/incidents/",
        "/incidents/{accepted}/",
        "/incidents/new/",
    ):
        assert viewer.status(closed) in (403, 404), closed


# --- 28: the week on one page ---------------------------------------------------------------------


@both
def test_28_one_page_tells_the_week_and_how_grants_stand_and_names_nobody(
    desk_of: Open, demo_world: World, language: str
) -> None:
    viewer = desk_of("reo.viewer")
    viewer.go("{frozen_report}")

    heads = viewer.page.locator("main h2").all_inner_texts()
    for text in ("Districts", "How to read this", "Where do the grants stand?"):
        assert any(viewer.said(text) in head for head in heads), text
    lines = viewer.page.locator("main table tbody tr")
    assert lines.count() >= 2
    grants = viewer.words("#grants")
    with translation.override(language):
        assert str(Grant(state="SUSPENDED").get_state_display()) in grants
    told = viewer.words("body")
    field = [one.code_name for one in CAST if not one.username.startswith("reo.")]
    assert [name for name in field if name in told] == []
    assert not re.search(r"\b(INC|P|CON)-\d", told)
