"""The days of REO's officers: stories 24 to 28, each walked in both languages to its end.

What comes before a story begins is made by the verbs, as the demonstration is; every step of the
story itself is done on the pages, by who is entrusted with it. For story 26 a second server shows
the same database as it will be looked at in a year.
"""

import io
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation
from django.utils.translation import gettext

from ceasefire import periods
from ceasefire.database.session import as_system
from ceasefire.look.numbers import in_digits
from ceasefire.people.models import User
from grants.demo import papers, vetting, words
from grants.demo.office import Office, Walk, matched
from grants.models import (
    Decision,
    Fund,
    Grant,
    LedgerEntry,
    Organisation,
    PaymentRequest,
    ReportRun,
)
from incidents.demo.people import CAST
from tests.browser.conftest import DESK, overflow, sign_in_browser, use_language
from tests.browser.story import ARABIC
from tests.demo_world import World, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("served_connection")]

SEND = "main form .form-actions button[type=submit]"
FILE = "main form[data-paper-form] .form-actions button[type=submit]"
Open = Callable[[str], Any]
#: Each language plays with groups of its own, or their awards would be decided together.
GROUPS = {"en": ("palm", "chess"), "ar": ("harbour", "council")}
#: How the caution about the weeks around a grant begins.
NO_CLAIM = {"en": "This says nothing about cause.", "ar": "هذا لا يقول شيئاً عن السبب."}
#: Marks that only direct the line.
UNSEEN = re.compile("[\u2066-\u2069\u200e\u200f]")


@pytest.fixture(scope="module", params=["en", "ar"])
def language(request: Any) -> str:
    """First every story in English, then every story in Arabic."""
    return str(request.param)


@pytest.fixture(scope="module")
def page_of(chromium: Any, demo_world: World) -> Iterator[Open]:
    """The page of a person, who signs in once for all stories."""
    pages: dict[str, Any] = {}

    def find(username: str) -> Any:
        if username not in pages:
            page = chromium.new_context(viewport=DESK).new_page()
            page.set_default_timeout(30_000)
            sign_in_browser(page, demo_world, username)
            pages[username] = page
        return pages[username]

    yield find
    for page in pages.values():
        page.context.close()


@pytest.fixture
def desk_of(page_of: Open, demo_world: World, language: str) -> Open:
    """The desk of somebody who signed in, in the language of the walk."""

    def open_desk(username: str) -> Desk:
        page = page_of(username)
        use_language(page, language)
        return Desk(page, demo_world, language)

    return open_desk


@pytest.fixture(scope="module")
def next_year(demo_world: World, demo_database: str, tmp_path_factory: Any) -> Iterator[str]:
    """Where the program answers whose clock is a year ahead."""
    said = tmp_path_factory.mktemp("next-year") / "log"
    with serving(demo_database, said, "tests.browser.next_year:application") as address:
        yield address


class Desk:
    """A page at a desk: where to go, what to send, what is read there."""

    def __init__(self, page: Any, world: World, language: str) -> None:
        self.page, self.world, self.language = page, world, language

    def go(self, path: str) -> None:
        answer = self.page.goto(path if path.startswith("http") else self.world.url(path))
        assert answer.status == 200, path
        self.fits()

    def fits(self) -> None:
        assert overflow(self.page) == []
        direction = "rtl" if self.language == "ar" else "ltr"
        assert self.page.locator("html").get_attribute("dir") == direction

    def status(self, path: str) -> int:
        return int(self.page.request.get(self.world.url(path), max_redirects=0).status)

    def fill(self, **values: Any) -> None:
        """What is typed or chosen, by the name of its field or the end of it after `_of`."""
        for name, value in values.items():
            self.write(f"main [name='{name}']", value)

    def write(self, selector: str, value: Any) -> None:
        field = self.page.locator(selector).first
        if field.evaluate("one => one.tagName") == "SELECT":
            field.select_option(str(value))
        else:
            field.fill(str(value))

    def rows(self, *rows: dict[str, str]) -> None:
        """The rows of a form of several."""
        for number, row in enumerate(rows):
            for name, value in row.items():
                self.write(f"main [name$='-{number}-{name}']", value)

    def send(self, selector: str = SEND, to: Any = None) -> None:
        with self.page.expect_navigation(url=to):
            self.page.locator(selector).first.click()

    def file(self, ref: str, kind: str, name: str = "", data: bytes = b"") -> None:
        """Put a paper on file, by its form."""
        self.go(f"/grants/{ref}/documents/new/")
        self.fill(type=kind, language="none" if name else "ar")
        self.fill(dated=self.day())
        name, data = name or "paper.pdf", data or papers.page(words.LABEL_EN, f"{ref} {kind}")
        mime = "image/jpeg" if name.endswith("jpg") else "application/pdf"
        self.page.locator("main [type=file]").set_input_files(
            {"name": name, "mimeType": mime, "buffer": data}
        )
        self.send(FILE, to=re.compile(rf"/{ref}/documents/(?!new)"))

    def take(self, format: str, language: str) -> bytes:
        """Click a file of the page that is open, and what was saved."""
        link = f".file-links a[href*='format={format}'][hreflang={language}]"
        with self.page.expect_download() as started:
            self.page.locator(link).first.click()
        assert started.value.suggested_filename.endswith(f"{language}.{format}")
        return Path(started.value.path()).read_bytes()

    def words(self, selector: str = "main") -> str:
        return " ".join(UNSEEN.sub("", self.page.locator(selector).first.inner_text()).split())

    def said(self, text: str) -> str:
        """A text of the program in the language of the walk; one without Arabic fails."""
        with translation.override(self.language):
            found = str(gettext(text))
        assert self.language == "en" or ARABIC.search(found), f"not said in Arabic: {text}"
        return found

    def typed(self, text: str) -> str:
        """Digits as who reads this language types them."""
        return in_digits(text, "arabic" if self.language == "ar" else "western")

    def day(self) -> str:
        return self.typed(f"{periods.today():%d/%m/%Y}")


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


def begun(desk: Desk, title: str, grantee: str, asks: str, kind: str = "park") -> Grant:
    """Begin a grant on its page."""
    chosen = next(one for one in words.ORGANISATIONS if one.key == grantee)
    desk.go("/grants/new/")
    desk.fill(
        fund="QRF-FY26",
        title_en=title,
        title_ar="متنزه صغير",
        award_type="GRANT_CASH",
        kind=kind,
        sector="16061",
        requested_usd=asks,
        district="IQG02Q02",
        purpose=f"{words.LABEL_EN} {words.PURPOSE}",
        sustainment=words.SUSTAINMENT,
        grantee=Organisation.objects.get(name_en=chosen.name_en).code,
    )
    desk.send(to=re.compile(r"/grants/QRF-\d{4}-\d{4}/"))
    return Grant.objects.get(title_en=title)


# --- 24: from a proposal to its approval ----------------------------------------------------------


def test_24_a_park_is_registered_checked_and_approved_within_the_limit(
    desk_of: Open, language: str
) -> None:
    group = GROUPS[language][0]
    requester = desk_of("reo.requester")
    grant = begun(requester, f"Small park {language}", group, "٣٬٠٠٠")
    ref = grant.ref
    assert (grant.state, grant.requested_usd) == ("DRAFT", 3000)

    # What is missing is said, the budget that is not what is asked for among it.
    def missing() -> str:
        requester.go(f"/grants/{ref}/")
        return requester.words("#next")

    budget = requester.said("The budget lines sum to what is asked for")
    outcome = requester.said("An outcome indicator with a baseline")
    assert budget in missing()
    requester.go(f"/grants/{ref}/budget/")
    requester.rows(
        {
            "description": "Trees / أشجار",
            "quantity": requester.typed("10"),
            "unit_cost_usd": requester.typed("300"),
        }
    )
    requester.send(to=re.compile(ref))
    said = missing()
    assert budget not in said
    assert outcome in said
    requester.go(f"/grants/{ref}/indicators/")
    facts = {"baseline": requester.typed("0"), "target": requester.typed("80")}
    requester.rows(
        {"level": "output", "title": "Benches / مقاعد", **facts},
        {"level": "outcome", "title": "Who comes / من يأتي", **facts},
    )
    requester.send(to=re.compile(ref))
    for kind in ("proposal", "budget", "owner_consent", "environment"):
        requester.file(ref, kind)
    assert outcome not in missing()
    step(requester, grant, "submit", "SUBMITTED")

    reviewer = desk_of("reo.reviewer")
    for kind in ("review_sheet", "risk_sheet"):
        reviewer.file(ref, kind)
    step(reviewer, grant, "review", "VETTING", risk="low")
    screened(reviewer, grant)
    reviewer.file(ref, "screening")
    step(reviewer, grant, "clear", "PENDING_APPROVAL")
    requester.go(f"/grants/{ref}/vetting/")
    assert requester.said("Cleared until") in requester.words()

    approver = desk_of("reo.approver")
    step(approver, grant, "approve", "APPROVED", amount_usd="٣٬٠٠٠")
    assert grant.approved_usd == 3000
    assert Decision.objects.get(grant=grant, step="approval").limit_usd == 5000

    # Above the limit the page says why not, and whom it waits for.
    with as_system():
        large = walk("24 large", group, 12_000, 14).upto("PENDING_APPROVAL").grant
    approver.go(f"/grants/{large.ref}/")
    assert "Palm 8" in approver.words("#next")
    assert "Palm 3" not in approver.words("#next")
    no_seat = "You have no seat on the level of approval that this sum needs."
    assert approver.said(no_seat) in approver.words("#steps")
    step(desk_of("reo.approver2"), large, "approve", "APPROVED")


def step(desk: Desk, grant: Grant, slug: str, after: str, **typed: str) -> None:
    """Take a step of a grant on its page."""
    desk.go(f"/grants/{grant.ref}/steps/{slug}/")
    desk.fill(**typed)
    desk.send(to=re.compile(rf"/{grant.ref}/$"))
    desk.fits()
    grant.refresh_from_db()
    assert grant.state == after


def screened(desk: Desk, grant: Grant) -> None:
    """Screen everybody behind a grant, and judge what was found, one run after the other."""
    desk.go(f"/grants/{grant.ref}/vetting/")
    desk.send("main form[action$='/vetting/screen/'] button")
    hit, sign = "main article > form[action*='/hits/']", "main form[action$='/sign/']"
    for _run in range(10):
        if "/vetting/runs/" not in desk.page.url:
            break
        desk.fits()
        form = hit if desk.page.locator(hit).count() else sign
        if form == hit:
            desk.page.locator(f"{hit} input[value=FALSE_POSITIVE] + label").first.click()
        desk.write(f"{form} textarea", vetting.REASON if form == hit else vetting.SIGNED)
        desk.send(f"{form} button[type=submit]")
    assert desk.page.url.endswith(f"/{grant.ref}/vetting/")
    assert desk.said("Not screened as it is named now.") not in desk.words()


# --- 25: the second tranche -----------------------------------------------------------------------


def test_25_the_second_tranche_waits_for_receipts_a_visit_and_a_photo(
    desk_of: Open, language: str
) -> None:
    with as_system():
        told = walk("25", GROUPS[language][1], 2000, 60, tranches=(50, 50))
        told.upto("AWARDED")
        # A payment of weeks ago asks for lists that are new enough today, too.
        vetting.screen_where_needed(told.grant, by=told.office.vetting, at=periods.now())
        told.pay(1)
    grant, ref = told.grant, told.grant.ref
    requester, certifier = desk_of("reo.requester"), desk_of("reo.certifier")
    requester.go(f"/grants/{ref}/money/ask/")
    requester.fill(
        tranche="2",
        amount=requester.typed("1000"),
        method="CASH",
        voucher_no=f"25-{language}",
        payee=grant.grantee_id,
        invoiced_on=requester.day(),
    )
    requester.send(to=re.compile(r"/payments/[0-9a-f-]{36}/"))
    payment = PaymentRequest.objects.get(voucher_no=f"25-{language}")
    assert (payment.amount, payment.state) == (1000, "REQUESTED")

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

    def lacking() -> set[str]:
        said = gate()
        return {name for name, text in lacks.items() if text in said}

    # The gate names all that is missing, and so does the refusal of who would certify all the same.
    assert lacking() == set(lacks)
    certify(certifier, payment, "REQUESTED", refusal=lacks["receipts"])
    assert [text for text in lacks.values() if text not in certifier.words("main")] == []

    certifier.go(f"/grants/{ref}/money/expense/")
    certifier.fill(tranche="1", amount=certifier.typed("1000"))
    certifier.send(to=re.compile(rf"/{ref}/money/"))
    assert lacking() == {"evidence", "visit", "report"}
    requester.file(ref, "evidence")
    monitor, officer = desk_of("reo.reviewer"), desk_of("reo.officer")
    monitor.file(ref, "photo", "site.jpg", papers.photo(f"site {ref}"))
    assert grant.documents.get(type="photo").dated == periods.today()
    monitor.go(f"/grants/{ref}/monitoring/visits/new/")
    monitor.fill(kind="routine", visited_on=monitor.day(), seen="Benches stand.")
    monitor.send(to=re.compile(rf"/{ref}/monitoring/"))
    linked(monitor, grant)
    assert lacking() == {"report"}
    reported(officer, grant)
    assert lacking() == set()

    certify(certifier, payment, "CERTIFIED")
    payer = desk_of("reo.payer")
    payer.file(ref, "receipt")
    proof = grant.documents.filter(type="receipt").latest("uploaded_at")
    payer.go(f"/grants/payments/{payment.pk}/")
    payer.send(f"a[href$='/{payment.pk}/pay/']", to=re.compile(f"/{payment.pk}/pay/"))
    payer.fill(proof=proof.pk, witness=User.objects.get(username="reo.officer").pk)
    payer.send(to=re.compile(f"/{payment.pk}/$|/{ref}/money/"))
    payment.refresh_from_db()
    assert payment.state == "PAID"
    posted = LedgerEntry.objects.get(payment=payment)
    assert (posted.amount_usd, posted.actor.code_name) == (1000, told.office.payer.code_name)


def certify(desk: Desk, payment: PaymentRequest, after: str, refusal: str = "") -> None:
    """Say which budget lines an invoice belongs to, on its page, and certify it, or be refused."""
    desk.go(f"/grants/payments/{payment.pk}/")
    desk.send(f"main a[href$='/{payment.pk}/certify/']", to=re.compile("/certify/"))
    for number, value in matched(payment).items():
        desk.write(f"main [name=line_{number}]", desk.typed(f"{value:.2f}"))
    if desk.page.locator("main [name=reason]").count():
        desk.fill(reason=words.LOOKED)
    if refusal:
        # A form that keeps what was typed is sent by its script, which shows what comes back.
        desk.page.locator(SEND).first.click()
        desk.page.locator("main").get_by_text(refusal).first.wait_for()
    else:
        desk.send(to=re.compile(rf"/payments/{payment.pk}/$"))
    desk.fits()
    payment.refresh_from_db()
    assert payment.state == after


def linked(desk: Desk, grant: Grant) -> None:
    """Link the photo on file to the visit, on the visit's page."""
    visit, photo = grant.visits.get(), grant.documents.get(type="photo")
    desk.go(f"/grants/{grant.ref}/monitoring/visits/{visit.pk}/")
    desk.page.locator("main details:has([name=document]) > summary").click()
    desk.fill(document=photo.pk)
    desk.send("main form:has([name=document]) button[type=submit]")
    assert visit.papers.get().document_id == photo.pk


def reported(desk: Desk, grant: Grant) -> None:
    """The grantee's narrative report comes in and is accepted, on the pages of monitoring."""
    due = grant.reports.get(kind="narrative")
    desk.file(grant.ref, "narrative_report")
    desk.go(f"/grants/{grant.ref}/monitoring/")
    here = re.compile(rf"/{grant.ref}/monitoring/$")
    desk.send(f"main a[href$='/{due.pk}/received/']", to=re.compile("/received/"))
    paper = grant.documents.get(type="narrative_report")
    desk.fill(received_on=desk.day(), document=paper.pk)
    desk.send(to=here)
    desk.send(f"main form[action$='/{due.pk}/accept/'] button", to=here)


# --- 26: the report of a quarter ------------------------------------------------------------------


def test_26_the_report_of_a_quarter_gives_the_same_figures_next_year(
    desk_of: Open, language: str, next_year: str
) -> None:
    officer = desk_of("reo.officer")
    today = periods.today()
    begin = today.replace(month=3 * ((today.month - 1) // 3) + 1, day=1)
    quarter = f"/grants/reports/portfolio/?from={begin:%d/%m/%Y}&to={today:%d/%m/%Y}"
    runs = "/grants/reports/runs/?report=portfolio"
    kinds = [(format, code) for format in ("xlsx", "pdf") for code in ("en", "ar")]

    def all_of_it() -> dict[tuple[str, str], bytes]:
        return {kind: officer.take(*kind) for kind in kinds}

    officer.go(quarter)
    officer.take("xlsx", language)
    officer.go(runs)
    officer.send("main table a[href*='/grants/reports/runs/']", to=re.compile(r"/runs/\d+/$"))
    own = officer.page.url.removeprefix(officer.world.address)
    before, figures = all_of_it(), officer.words("main table.table-dense tfoot")
    assert [data[:4] for data in before.values()] == [b"PK\x03\x04"] * 2 + [b"%PDF"] * 2
    sums = _sums(before["xlsx", "en"])
    assert sums == _sums(before["xlsx", "ar"])

    # The year goes on: another grant is asked for.
    begun(desk_of("reo.requester"), f"Another {language}", GROUPS[language][0], "٧٠٠", "culture")
    officer.go(next_year + runs)
    officer.send(f"main table a[href='{own}']", to=re.compile(own))
    officer.fits()
    assert all_of_it() == before
    assert officer.words("main table.table-dense tfoot") == figures
    # The same quarter asked for next year is another run, of that day and with what was added.
    officer.go(next_year + quarter)
    assert _sums(officer.take("xlsx", "en")) != sums
    assert ReportRun.objects.latest("number").day == today + timedelta(days=365)
    officer.go(own)


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


def test_27_the_weeks_around_a_grant_are_shown_without_a_claim_and_nothing_beside(
    desk_of: Open, language: str
) -> None:
    viewer = desk_of("reo.viewer")
    viewer.go("/grants/{grant_courtyard}/")
    viewer.send("a[href$='/surroundings/']", to=re.compile("/surroundings/"))
    viewer.fits()

    told = viewer.words()
    for text in (
        "12 weeks before the start",
        "12 weeks after the end",
        "Weeks before and after by district",
        "Incidents a week by district, from the weekly reports shared with REO",
    ):
        assert viewer.said(text) in told, text
    # The caution is a whole one, in words, and stands before every number.
    note = viewer.words("main .note")
    assert note.startswith(NO_CLAIM[language])
    assert len(note.split(". ")) >= 4
    assert told.index(NO_CLAIM[language]) < told.index(viewer.said("12 weeks before the start"))
    star = viewer.said(
        "A star stands for a week of one or two incidents, or for one that would give such a week "
        "away. It is never zero."
    )
    viewer.page.locator("main details.fold summary").first.click()
    assert star in viewer.words()
    # Nothing of the page's own is left in English: the caution, the charts, the tables, the notes.
    if language == "ar":
        for part in viewer.page.locator("main .note, main figure, main table, main .fold").all():
            assert re.findall("[A-Za-z]{2,}", part.inner_text()) == []
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


def test_28_one_page_tells_the_week_and_how_grants_stand_and_names_nobody(
    desk_of: Open, language: str
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
