"""Every template in a real browser, in both languages, on a phone and on a desk.

A row is a template with the role that sees most on it. Each page is loaded once a language; then it
is looked at at both widths: axe, overflow, language and direction, heading, title, the console, the
content policy, other hosts, and its weight as it came over the wire.
"""

import gzip
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.browser.conftest import DESK, LANGUAGES, PHONE, axe, overflow, use_language
from tests.browser.ways import WAYS
from tests.demo_world import World

pytestmark = [pytest.mark.browser, pytest.mark.slow]

#: (name, user name or "" for signed out, path)
PAGES: list[tuple[str, str, str]] = [
    ("sign in", "", "/accounts/login/"),
    ("away", "", "/accounts/away/"),
    ("not found", "", "/nowhere/"),
    ("home of a worker", "worker", "/"),
    ("log", "worker", "/incidents/new/"),
    ("type sheets in", "worker", "/incidents/entry/"),
    ("tokens", "worker", "/account/tokens/"),
    ("list", "worker", "/incidents/"),
    ("list, nothing fits", "worker", "/incidents/?q=zzzzzz"),
    ("map", "worker", "/incidents/map/"),
    ("map, nothing fits", "worker", "/incidents/map/?since=01/01/1990&until=02/01/1990"),
    ("list with boxes", "supervisor", "/incidents/?status=accepted"),
    ("caseload", "worker", "/outreach/"),
    ("caseloads of a team", "supervisor", "/outreach/"),
    ("caseloads of the sites", "manager", "/outreach/"),
    ("daily log", "worker", "/outreach/log/"),
    ("logs of the team", "supervisor", "/outreach/log/team/"),
    ("out and back", "worker", "/outreach/shift/"),
    ("events", "worker", "/outreach/events/"),
    ("a sort of event", "worker", "/outreach/events/new/"),
    ("new community event", "worker", "/outreach/events/new/?sort=event"),
    ("new group session", "worker", "/outreach/events/new/?sort=group"),
    ("conflicts", "worker", "/outreach/conflicts/"),
    ("conflicts, nothing fits", "worker", "/outreach/conflicts/?state=referred&risk=low"),
    ("open a conflict", "worker", "/outreach/conflicts/new/"),
    ("conflict", "manager", "/outreach/conflicts/CON-0001/"),
    ("assess a conflict", "manager", "/outreach/conflicts/CON-0001/assess/"),
    ("a side", "manager", "/outreach/conflicts/CON-0001/sides/new/"),
    ("who mediates", "manager", "/outreach/conflicts/CON-0001/mediators/"),
    ("neutral mediators", "manager", "/outreach/conflicts/CON-0001/neutral/?ask=1"),
    ("session", "manager", "/outreach/conflicts/CON-0001/sessions/new/"),
    ("truce", "manager", "/outreach/conflicts/CON-0001/truce/new/"),
    ("settlement", "manager", "/outreach/conflicts/CON-0001/settlement/"),
    ("mediators", "manager", "/outreach/staff/"),
    ("own profile", "worker", "/outreach/staff/me/"),
    ("participants", "worker", "/outreach/participants/"),
    ("new participant", "worker", "/outreach/participants/new/"),
    ("find a participant", "worker", "/outreach/participants/find/"),
    ("transfers", "worker", "/outreach/transfers/"),
    ("handover", "supervisor", "/outreach/handover/"),
    ("rules", "manager", "/outreach/rules/"),
    ("rules of eligibility", "manager", "/outreach/rules/BASRAH-CENTRE/eligibility/"),
    ("rules of contact", "manager", "/outreach/rules/BASRAH-CENTRE/contact_standard/"),
    ("keys", "worker2", "/account/keys/"),
    ("keep a filter", "supervisor", "/incidents/filters/?type=MUR"),
    ("incident, in review", "supervisor", "/incidents/{in_review}/"),
    ("incident, accepted", "supervisor", "/incidents/{accepted}/"),
    ("incident of UCDP", "manager", "/incidents/{history}/"),
    ("photo", "supervisor", "/photos/{photo}/"),
    ("edit", "supervisor", "/incidents/{in_review}/edit/"),
    ("correct", "supervisor", "/incidents/{accepted}/revise/"),
    ("home of a supervisor", "supervisor", "/"),
    ("review", "supervisor", "/incidents/review/"),
    ("72-hour board", "supervisor", "/incidents/board/"),
    ("72-hour board of a worker", "worker", "/incidents/board/"),
    ("give to somebody", "supervisor", "/incidents/{submitted}/response/assign/"),
    ("notices", "supervisor", "/notifications/"),
    ("tasks", "supervisor", "/notifications/tasks/"),
    ("supervision", "supervisor", "/outreach/supervision/"),
    ("supervision of the sites", "manager", "/outreach/supervision/"),
    ("signed sheets", "supervisor", "/outreach/supervision/sheets/"),
    ("approvals", "supervisor", "/outreach/supervision/approvals/"),
    ("stand-ins", "supervisor", "/outreach/supervision/away/"),
    ("fidelity", "manager", "/outreach/fidelity/"),
    ("fidelity for an auditor", "auditor", "/outreach/fidelity/"),
    ("who may read it", "supervisor", "/incidents/{sensitive}/named/"),
    ("possible duplicates", "supervisor", "/incidents/duplicates/"),
    ("possible duplicates of an import", "supervisor", "/incidents/import/{import}/pairs/"),
    ("merge", "supervisor", "/incidents/{in_review}/merge/{accepted}/"),
    ("chain", "supervisor", "/incidents/{accepted}/chain/"),
    ("home of a data officer", "data", "/"),
    ("import", "data", "/incidents/import/"),
    ("kept columns", "data", "/incidents/import/mappings/"),
    ("export", "manager", "/incidents/export/?type=MUR"),
    ("export, waiting", "manager", "/incidents/export/{export}/"),
    ("narrative", "data", "{draft_report}narrative/"),
    ("home of the manager", "manager", "/"),
    ("dashboard", "manager", "/dashboard/?period=4&beside=year"),
    ("dashboard, not understood", "manager", "/dashboard/?period=days&since=31/02/2026"),
    ("dashboard in full screen", "manager", "/dashboard/?full=1"),
    ("dashboard of a team", "supervisor", "/dashboard/"),
    ("dashboard of the records", "data", "/dashboard/"),
    ("dashboard of REO", "reo.viewer", "/dashboard/"),
    ("reports", "manager", "/reports/"),
    ("report, draft", "manager", "{draft_report}"),
    ("report, approved", "manager", "{frozen_report}"),
    ("approve", "manager", "{draft_report}approve/"),
    ("correct a report", "manager", "{frozen_report}correct/"),
    ("compile", "manager", "/reports/compile/"),
    ("report on one page", "manager", "{frozen_report}summary/"),
    ("reports by e-mail", "worker", "/account/mail/"),
    ("mails of reports", "manager", "/reports/mail/"),
    ("evaluator's pack", "data", "/reports/evaluators/"),
    ("effect", "manager", "/reports/effect/"),
    ("effect, set down", "manager", "/reports/effect/BASRAH-CENTRE/new/"),
    ("what is recorded", "manager", "/reports/recording/"),
    ("what is recorded, a change", "manager", "/reports/recording/BASRAH-CENTRE/new/"),
    ("report of a coming week", "manager", "/reports/BASRAH-CENTRE/2099-01-04/"),
    ("jobs", "manager", "/jobs/"),
    ("home of REO", "reo.viewer", "/"),
    ("reports of REO", "reo.viewer", "/reports/"),
    ("report of REO", "reo.viewer", "{frozen_report}"),
    ("report of REO on one page", "reo.viewer", "{frozen_report}summary/"),
    ("no permission", "reo.viewer", "/incidents/"),
    ("home of REO staff", "reo.reviewer", "/"),
    ("grants", "reo.viewer", "/grants/"),
    ("grants, nothing fits", "reo.viewer", "/grants/?q=zzzzzz"),
    ("grants that wait for me", "reo.officer", "/grants/?waits=on"),
    ("new grant", "reo.requester", "/grants/new/"),
    ("grant, a draft", "reo.requester", "/grants/{grant_draft}/"),
    ("grant, edit", "reo.requester", "/grants/{grant_draft}/edit/"),
    ("grant, budget", "reo.requester", "/grants/{grant_draft}/budget/"),
    ("grant, quotes", "reo.requester", "/grants/{grant_draft}/quotes/"),
    ("grant, indicators", "reo.requester", "/grants/{grant_draft}/indicators/"),
    ("grant, whom it is for", "reo.requester", "/grants/{grant_draft}/beneficiaries/"),
    ("grant, submit", "reo.requester", "/grants/{grant_draft}/steps/submit/"),
    ("grant, review", "reo.reviewer", "/grants/{grant_submitted}/steps/review/"),
    ("grant, approve", "reo.approver", "/grants/{grant_pending_approval}/steps/approve/"),
    ("grant, terminate", "reo.approver2", "/grants/{grant_active}/steps/terminate/"),
    ("grant under award", "reo.viewer", "/grants/{grant_active}/"),
    ("grant, history", "reo.viewer", "/grants/{grant_active}/history/"),
    ("amendments", "reo.approver", "/grants/{grant_active}/amendments/"),
    ("papers of a grant", "reo.officer", "/grants/{grant_active}/documents/"),
    ("papers of a draft", "reo.officer", "/grants/{grant_draft}/documents/"),
    ("file a paper", "reo.requester", "/grants/{grant_draft}/documents/new/"),
    ("a paper", "reo.viewer", "/grants/{grant_active}/documents/{document}/"),
    ("let a paper come later", "reo.officer", "/grants/{grant_submitted}/documents/later/"),
    ("missing papers", "reo.viewer", "/grants/papers/missing/"),
    ("grant reports", "reo.viewer", "/grants/reports/"),
    ("portfolio", "reo.viewer", "/grants/reports/portfolio/"),
    ("grants by month", "reo.viewer", "/grants/reports/months/"),
    ("grants by district", "auditor", "/grants/reports/districts/"),
    ("papers of grants", "auditor", "/grants/reports/documents/"),
    ("report of grants, nothing fits", "auditor", "/grants/reports/payments/?to=1/1/2000"),
    ("runs of reports", "auditor", "/grants/reports/runs/"),
    ("SF-425", "reo.viewer", "/grants/reports/sf-425/"),
    ("figure of a donor", "reo.officer", "/grants/reports/sf-425/QRF-FY26/figures/"),
    ("ask for an amendment", "reo.requester", "/grants/{grant_awarded}/amendments/new/"),
    ("money of a grant", "reo.officer", "/grants/{grant_active}/money/"),
    ("tranches of a grant", "reo.officer", "/grants/{grant_approved}/money/tranches/"),
    ("ask for a payment", "reo.requester", "/grants/{grant_active}/money/ask/"),
    ("obligate again", "reo.officer", "/grants/{grant_awarded}/money/obligate/"),
    ("payments", "reo.certifier", "/grants/payments/"),
    ("payment", "reo.certifier", "/grants/payments/{payment}/"),
    ("certify a payment", "reo.certifier", "/grants/payments/{payment}/certify/"),
    ("risk sheet", "reo.reviewer", "/grants/{grant_submitted}/risks/"),
    ("numbers given", "auditor", "/grants/numbers/"),
    ("odd payments", "auditor", "/grants/payments/odd/"),
    ("stops of payments", "reo.officer", "/grants/payments/stops/"),
    ("funds", "reo.officer", "/grants/funds/"),
    ("fund", "reo.officer", "/grants/funds/{fund}/"),
    ("other rules", "reo.officer", "/grants/funds/{fund}/what-if/"),
    ("exchange rates", "reo.certifier", "/grants/rates/"),
    ("publishing", "reo.officer", "/grants/publishing/"),
    ("who publishes", "auditor", "/grants/publishing/publisher/"),
    ("say who publishes", "reo.officer", "/grants/publishing/publisher/new/"),
    ("what the world sees", "reo.officer", "/grants/{grant_active}/publishing/?level=FULL"),
    ("monitoring of a grant", "reo.reviewer", "/grants/{grant_active}/monitoring/"),
    ("visit", "reo.reviewer", "/grants/{grant_active}/monitoring/visits/{visit}/"),
    ("new visit", "reo.reviewer", "/grants/{grant_active}/monitoring/visits/new/"),
    ("visit form", "reo.reviewer", "/grants/{grant_active}/monitoring/visits/form/"),
    ("planned visits", "reo.officer", "/grants/visits/"),
    ("people reached", "reo.reviewer", "/grants/{grant_active}/monitoring/reached/"),
    ("findings", "auditor", "/grants/findings/"),
    ("finding", "reo.reviewer", "/grants/{grant_active}/findings/1/"),
    ("payroll lists", "reo.officer", "/grants/{grant_active}/payroll/"),
    ("payroll list, made", "reo.officer", "/grants/{grant_active}/payroll/1/"),
    ("payroll list, looked at", "reo.certifier", "/grants/{grant_active}/payroll/1/"),
    ("payroll, a person", "reo.officer", "/grants/{grant_active}/payroll/1/person/"),
    ("payroll, many people", "reo.officer", "/grants/{grant_active}/payroll/1/people/"),
    ("payroll list, certified", "reo.viewer", "/grants/{grant_dinars}/payroll/1/"),
    ("handover of grants", "reo.officer", "/grants/handover/"),
    ("incidents around a grant", "reo.viewer", "/grants/{grant_active}/surroundings/"),
    ("organisations", "reo.viewer", "/grants/organisations/"),
    ("organisations, nothing fits", "reo.viewer", "/grants/organisations/?q=zzzzzz"),
    ("organisation", "reo.reviewer", "/grants/organisations/{organisation}/"),
    ("new organisation", "reo.requester", "/grants/organisations/new/"),
    ("block an organisation", "reo.officer", "/grants/organisations/{organisation}/block/"),
    ("names behind one", "reo.reviewer", "/grants/organisations/{organisation}/people/"),
    ("a person behind one", "reo.reviewer", "/grants/organisations/{organisation}/people/new/"),
    ("screening lists", "reo.reviewer", "/grants/lists/"),
    ("screening list", "auditor", "/grants/lists/{list}/"),
    ("upload a list", "reo.reviewer", "/grants/lists/new/"),
    ("which lists a fund asks for", "reo.officer", "/grants/lists/rules/new/"),
    ("vetting of a grant", "reo.reviewer", "/grants/{grant_hits}/vetting/"),
    ("vetting, to who asked", "reo.requester", "/grants/{grant_hits}/vetting/"),
    ("hits of a screening", "reo.reviewer", "/grants/{grant_hits}/vetting/runs/{run}/"),
    ("checks of the ledger", "auditor", "/grants/ledger/"),
    ("home of the auditor", "auditor", "/"),
    ("audit", "auditor", "/audit/"),
    ("home of the administrator", "admin", "/"),
    ("users", "admin", "/people/"),
    ("new user", "admin", "/people/new/"),
    ("user", "admin", "/people/worker/"),
    ("places", "admin", "/places/"),
    ("new place", "admin", "/places/new/"),
    ("place", "admin", "/places/IQG02Q02/"),
    ("sites", "admin", "/places/sites/"),
    ("new site", "admin", "/places/sites/new/"),
    ("site", "admin", "/places/sites/BASRAH-CENTRE/"),
    ("new zone", "admin", "/places/sites/BASRAH-CENTRE/zones/new/"),
    ("zone", "admin", "/places/sites/BASRAH-CENTRE/zones/OPEN-1/"),
    ("zone, closed", "admin", "/places/sites/BASRAH-CENTRE/zones/CLOSED-1/"),
    ("account", "admin", "/account/"),
    ("change password", "admin", "/accounts/password/change/"),
    ("two-step sign-in", "admin", "/accounts/2fa/"),
    ("sign out", "admin", "/accounts/logout/"),
]
#: Templates of pages that answer with an error on purpose.
REFUSALS = {"not found": 404, "no permission": 403, "report of a coming week": 404}
TABLE = (
    "type,occurred_from,place,killed_best,source_kind\n"
    "MUR,2026-03-31,IQG02Q02,1,media\n"
    "XXX,31/02/2026,Nowhere,many,media\n"
)


def _sign_in_wrongly(page: Any, world: World) -> None:
    page.goto(world.url("/accounts/login/"))
    page.locator("[name=login]").fill("nobody")
    page.locator("[name=password]").fill("not the password")
    page.locator("main form button[type=submit]").click()
    page.locator("main .note, main .field-error, [data-error-summary]").first.wait_for()


def _log_with_faults(page: Any, world: World) -> None:
    page.goto(world.url("/incidents/new/"))
    page.locator("label:has(input[name=when][value=pick])").click()
    page.locator("[name=day]").fill("31/02/2026")
    page.locator("main form .form-actions .btn-primary").click()
    page.locator("[data-error-summary]").wait_for()


def _upload(page: Any, world: World) -> None:
    page.goto(world.url("/incidents/import/"))
    page.locator("[type=file]").set_input_files(
        {"name": "rows.csv", "mimeType": "text/csv", "buffer": TABLE.encode()}
    )
    page.locator("main form .form-actions .btn-primary").first.click()
    page.wait_for_url(re.compile("/incidents/import/.+"))


def _columns(page: Any, world: World) -> None:
    _upload(page, world)
    if "/columns/" not in page.url:
        page.goto(page.url + "columns/")


def _words(page: Any, world: World) -> None:
    _columns(page, world)
    page.locator("main form .form-actions .btn-primary").first.click()
    page.wait_for_url(re.compile("/incidents/import/[^/]+/values/$"))


def _preview(page: Any, world: World) -> None:
    _words(page, world)
    page.locator("main form .form-actions .btn-primary").first.click()
    page.wait_for_url(re.compile("/incidents/import/[^/]+/$"))


def _check_the_chain(page: Any, world: World) -> None:
    page.goto(world.url("/audit/"))
    page.locator("form[action$='/audit/check/'] button").click()
    page.locator(".message").first.wait_for()


def _user_with_faults(page: Any, world: World) -> None:
    page.goto(world.url("/people/new/"))
    page.locator("main form:not(.languages) button[type=submit]").last.click()
    page.locator("[data-error-summary], .field-error").first.wait_for()


#: Pages that only an answer leads to: name: (user name, how to get there).
REACHED: dict[str, tuple[str, Callable[[Any, World], None]]] = {
    "sign-in refused": ("", _sign_in_wrongly),
    "log, with faults": ("worker", _log_with_faults),
    "import, columns": ("data", _columns),
    "import, words": ("data", _words),
    "import, preview": ("data", _preview),
    "audit, checked": ("auditor", _check_the_chain),
    "new user, with faults": ("admin", _user_with_faults),
    **WAYS,
}
HTML_LIMIT, FIRST_LOAD_LIMIT = 30 * 1024, 150 * 1024
CAST = {"Heron", "Falcon", "Kingfisher", "Swallow", "Sparrow", "Lark", "Pelican", "Ibis", "Stork"}


@dataclass
class Seen:
    """What a page did while it loaded."""

    console: list[str]
    hosts: set[str]
    weights: dict[str, int]


@pytest.fixture(scope="module")
def booths(chromium: Any, demo_world: World, signed_in_state: Any) -> Any:
    """One page for each person, kept open from test to test."""
    kept: dict[str, Any] = {}

    def booth(username: str) -> Any:
        if username not in kept:
            state = signed_in_state(username) if username else None
            context = chromium.new_context(viewport=DESK, storage_state=state)
            page = context.new_page()
            page.set_default_timeout(30_000)
            page.username, page.language = username, ""
            page.seen = Seen([], set(), {})
            page.on("console", lambda line: _hear(page, line))
            page.on("pageerror", lambda error: page.seen.console.append(str(error)))
            page.on("request", lambda request: page.seen.hosts.add(_host(request.url)))
            page.on("requestfinished", lambda request: _weigh(page, request))
            kept[username] = page
        return kept[username]

    yield booth
    for page in kept.values():
        page.context.close()


def _hear(page: Any, line: Any) -> None:
    # Chromium writes a line of its own for a page that answers 403 or 404, which these do.
    if line.type in ("error", "warning") and "Failed to load resource" not in line.text:
        page.seen.console.append(line.text)


def _host(url: str) -> str:
    return "" if url.startswith(("data:", "blob:", "about:")) else "/".join(url.split("/")[:3])


def _weigh(page: Any, request: Any) -> None:
    page.seen.weights[request.url] = request.sizes()["responseBodySize"]


@pytest.mark.parametrize(("name", "username", "path"), PAGES, ids=[name for name, _u, _p in PAGES])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_is_as_every_page_must_be(
    language: str, name: str, username: str, path: str, booths: Any, demo_world: World
) -> None:
    page = booths(username)
    _begin(page, demo_world, language)
    answer = page.goto(demo_world.url(path))
    page.wait_for_load_state("load")
    faults = [] if answer.status == REFUSALS.get(name, 200) else [f"answered {answer.status}"]
    faults += _look(page, demo_world, language, is_ours=name != "away")
    weight = page.seen.weights.get(answer.url, 0)
    if not 0 < weight <= HTML_LIMIT:
        faults.append(f"the page weighs {weight} bytes")

    assert not faults, "\n" + "\n".join(faults)


@pytest.mark.parametrize("name", list(REACHED))
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_that_follows_an_answer_is_so_too(
    language: str, name: str, booths: Any, demo_world: World
) -> None:
    username, go = REACHED[name]
    page = booths(username)
    _begin(page, demo_world, language)
    go(page, demo_world)
    page.wait_for_load_state("load")
    faults = _look(page, demo_world, language)

    assert not faults, "\n" + "\n".join(faults)


def _begin(page: Any, world: World, language: str) -> None:
    """In the language, on a desk, with nothing heard yet."""
    page.set_viewport_size(DESK)
    if page.language != language:
        page.goto(world.url("/account/" if page.username else "/accounts/login/"))
        use_language(page, language)
        page.language = language
    page.seen.console, page.seen.hosts, page.seen.weights = [], set(), {}


def _look(page: Any, world: World, language: str, *, is_ours: bool = True) -> list[str]:
    """What is wrong with the page in view, at every width."""
    faults: list[str] = []
    for width, viewport in (("desk", DESK), ("phone", PHONE)):
        page.set_viewport_size(viewport)
        # Not while a script scrolls: what passes under a bar is no target just then.
        page.evaluate("scrollTo({top: 0, behavior: 'instant'})")
        # Colours are the same in both languages: English is read on the desk, Arabic on the phone.
        contrast = (width == "desk") == (language == "en")
        faults += [f"{width}: {found}" for found in axe(page, contrast=contrast)]
        faults += [f"{width}: too wide: {found}" for found in overflow(page)]
    page.set_viewport_size({"width": 320, "height": 640})
    faults += [f"320 px: too wide: {found}" for found in overflow(page)]
    faults += _head_faults(page, language, is_ours=is_ours)
    faults += [f"console: {line}" for line in page.seen.console]
    if page.seen.hosts - {world.address, ""}:
        faults.append(f"asks other hosts: {page.seen.hosts}")
    return faults


def _head_faults(page: Any, language: str, *, is_ours: bool) -> list[str]:
    faults = []
    html = page.locator("html")
    if is_ours:
        if (html.get_attribute("lang"), html.get_attribute("dir")) != (
            language,
            LANGUAGES[language],
        ):
            faults.append("language or direction is wrong")
        headings = page.locator("h1").count()
        if headings != 1:
            faults.append(f"{headings} headings of the first rank")
    title = page.title()
    if any(code_name in title for code_name in CAST):
        faults.append(f"the title names a person: {title}")
    inline = page.locator("[style], script:not([src]), [onclick], [onchange], [onsubmit]").count()
    # Only what the server sent counts; the browser's own view of it is what the policy allowed.
    if inline:
        source = page.evaluate("async () => (await fetch(location.href)).text()")
        if " style=" in source or "<script>" in source:
            faults.append("inline style or script in the page")
    return faults


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("username", "path"), [("", "/accounts/login/"), ("worker", "/")])
def test_a_first_load_is_light(
    username: str, path: str, language: str, chromium: Any, demo_world: World, signed_in_state: Any
) -> None:
    """Everything that comes over the wire for somebody whose phone holds nothing of it yet."""
    context = chromium.new_context(
        viewport=PHONE,
        storage_state=signed_in_state(username) if username else None,
        locale=language,
    )
    page = context.new_page()
    sizes: dict[str, int] = {}
    page.on(
        "requestfinished",
        lambda request: sizes.update({request.url: request.sizes()["responseBodySize"]}),
    )
    page.goto(demo_world.url(path))
    page.wait_for_load_state("networkidle")
    context.close()

    # The page, one file of styles, one of scripts: less would mean that something was not counted.
    assert len(sizes) >= 3
    assert sum(sizes.values()) <= FIRST_LOAD_LIMIT, sizes


def test_the_log_form_itself_is_light_for_a_client_that_knows_only_gzip(
    demo_world: World, signed_in_state: Any
) -> None:
    import urllib.request

    cookies = "; ".join(
        f"{cookie['name']}={cookie['value']}" for cookie in signed_in_state("worker")["cookies"]
    )
    request = urllib.request.Request(
        demo_world.url("/incidents/new/"), headers={"Cookie": cookies, "Accept-Encoding": "gzip"}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        body = answer.read()
        assert answer.headers["Content-Encoding"] == "gzip"

    assert b"<form" in gzip.decompress(body)
    assert len(body) <= HTML_LIMIT
