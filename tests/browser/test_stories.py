"""The days of an interrupter, an outreach worker, a supervisor and a participant, end to end.

Each test is one story, told on a phone of 360 px in Arabic against the real program, and holds what
is seen there and what stands in the books afterwards. Stories take other cases than each other.
"""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from ceasefire import periods
from ceasefire.audit.models import AuditEvent
from ceasefire.database.session import as_system
from ceasefire.periods import BAGHDAD
from incidents.models import Incident
from incidents.services import in_review_order
from outreach.models import (
    Approval,
    Conflict,
    ConflictIncident,
    Contact,
    DailyLog,
    EditConflict,
    MediationSession,
    Participant,
    Referral,
    SupervisionDecision,
    SupervisionSheet,
    Truce,
)
from outreach.services import consent, referrals, staff, status, supervision, supervision_reading
from outreach.services.conflict_notices import NOT_NEUTRAL, TRUCE_ENDING
from outreach.tasks.casework import REMIND as REMIND_OF_CASEWORK
from outreach.tasks.conflicts import REMIND as REMIND_OF_CONFLICTS
from tests.browser.conftest import PHONE
from tests.browser.story import (
    SEND,
    Phone,
    agrees_to,
    arabic,
    case_of,
    clock_at,
    in_no_column,
    label,
    run_job,
    run_queued,
    sealed,
    to_do,
    told,
    who,
)
from tests.browser.test_night import ON_THE_DEVICE
from tests.demo_world import PASSWORD, World

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("served_connection")]

Open = Callable[[str], Phone]
CASE = re.compile(r"/outreach/participants/P-\d+/(#\w+)?$")
CONFLICT = re.compile(r"/outreach/conflicts/CON-\d+/(#[\w-]+)?$")
NOTICES = "/notifications/"
HAYANIYA = "IQG02Q02N02-HAYANIYA"


@pytest.fixture
def phone_of(visit: Any, demo_world: World) -> Open:
    """The phone of somebody who signed in on it."""

    def open_phone(username: str) -> Phone:
        page = visit(username, viewport=PHONE, language="ar", has_touch=True, locale="ar-IQ")
        return Phone(page, demo_world)

    return open_phone


def day(on: date) -> str:
    return f"{on:%d/%m/%Y}"


def code_in(url: str) -> str:
    """The code of the record that an address leads to."""
    return re.findall(r"(?:P|CON|SUP)-[\d-]+", url)[-1]


# --- the interrupter ------------------------------------------------------------------------------


def open_conflict(phone: Phone, *, tribe: str, family: str) -> None:
    """Fill in the form of a conflict that stands open: a family here, a tribe there."""
    phone.choose("kind", "retaliation")
    phone.page.locator("[name=place]").select_option(HAYANIYA)
    phone.choose("how_learned", "incident")
    phone.choose("shooting", "likely")
    phone.page.locator("[name=side1-kind]").select_option("family")
    phone.unfold("fieldset:has([name=side1-kind]) details")
    phone.write("side1-family", family)
    phone.page.locator("[name=side2-kind]").select_option("tribe")
    phone.write("side2-tribe", tribe)


def test_4_a_conflict_from_an_incident_warns_of_a_tie_and_suggests_two_others(
    phone_of: Open,
) -> None:
    worker, manager = who("worker"), who("manager")
    with as_system():
        staff.add_tie(worker, kind="tribe", words="عشيرة الصافي", by=manager)
        staff.add_tie(who("worker2"), kind="family", words="بيت العذب", by=manager)
    incident = (
        Incident.objects.visible_to(worker)
        .filter(workflow_state="accepted", site__code="BASRAH-CENTRE", type="MUR")
        .latest("occurred_from")
    )
    phone = phone_of("worker")
    phone.go(incident.get_absolute_url())

    phone.tap("#conflicts a[href*='/conflicts/new/']")
    phone.page.locator("[name=side1-kind]").wait_for()
    phone.fits()
    open_conflict(phone, tribe="الصافي", family="العذب")
    phone.send(to="**/outreach/conflicts/CON-*/neutral/")

    assert arabic("You may not be neutral here.") in phone.words("main")
    proposed = phone.page.locator("#colleagues li h3").all_inner_texts()
    # Not the other worker: her family is the other side.
    assert {name.strip() for name in proposed} == {"Kingfisher", "Heron"}
    conflict = Conflict.objects.get(code=code_in(phone.page.url))
    assert (conflict.kind, conflict.shooting, conflict.lead) == ("retaliation", "likely", worker)
    assert ConflictIncident.objects.get(conflict=conflict).incident == incident
    assert conflict.parties.count() == 2
    in_no_column(conflict, "الصافي", "العذب")

    phone.send("form[action$='/replace/'] button", to=CONFLICT)
    assert told("supervisor", "conflict.replacement", conflict) == 1
    assert told("supervisor", NOT_NEUTRAL, conflict) == 0
    phone.go(incident.get_absolute_url())
    assert conflict.code in phone.words("#conflicts")

    heron = phone_of("supervisor")
    heron.go(NOTICES)
    assert arabic("A mediator asks for somebody neutral instead.") in heron.words("main")


def test_5_a_session_cools_it_and_the_end_of_its_truce_is_brought_to_mind(phone_of: Open) -> None:
    worker = who("worker")
    phone = phone_of("worker")
    phone.go("/outreach/conflicts/new/")
    open_conflict(phone, tribe="البو رمح", family="بيت الرمان")
    phone.send(to=CONFLICT)
    conflict = Conflict.objects.get(code=code_in(phone.page.url))

    phone.tap("a[href$='/sessions/new/']")
    phone.page.locator("[name=outcome]").first.wait_for(state="attached")
    phone.fits()
    phone.choose("outcome", "R3")
    for number in ("1", "2"):
        phone.choose("present", number)
    for tactic in ("separated", "elder"):
        phone.choose("tactics", tactic)
    phone.write("note", "جلسنا عند كبير المحلة")
    phone.send(to=CONFLICT)
    session = MediationSession.objects.get(conflict=conflict)
    assert (session.outcome, session.tactics) == ("R3", ["separated", "elder"])
    assert [person.username for person in session.mediators.all()] == ["worker"]
    assert sealed(session) == {"note": "جلسنا عند كبير المحلة"}
    conflict.refresh_from_db()
    assert conflict.state == Conflict.State.COOLED
    assert label("mediation_outcome", "R3") in phone.words("main")

    today = periods.now().date()
    thursday = next(
        on for ahead in range(3, 10) if (on := today + timedelta(days=ahead)).weekday() == 3
    )
    phone.tap("#truce a[href$='/truce/new/']")
    phone.write("ends_at", f"{day(thursday)} 18:00")
    phone.write("guarantor", "الشيخ أبو نهر")
    phone.send(to=CONFLICT)
    assert "الشيخ أبو نهر" in phone.words("#truce")
    truce = Truce.objects.get(conflict=conflict)
    assert truce.ends_at == datetime.combine(thursday, time(18), BAGHDAD)
    assert sealed(truce) == {"guarantor": "الشيخ أبو نهر"}

    # Another truce, which ends before that one, is confirmed in time: nobody hears of its end.
    other = Conflict.objects.get(lead=who("interrupter"), state=Conflict.State.COOLED)
    assert other.truce_ends_at is not None
    assert other.truce_ends_at < truce.ends_at
    kingfisher = phone_of("interrupter")
    kingfisher.go(other.get_absolute_url())
    kingfisher.unfold("#truce details:has(form[action$='/extend/'])")
    kingfisher.write("extend-until", f"{day(thursday + timedelta(days=7))} 18:00")
    kingfisher.send("form[action$='/extend/'] button[type=submit]", to=CONFLICT)

    with clock_at(truce.ends_at - timedelta(hours=24, minutes=1)):
        run_job(REMIND_OF_CONFLICTS)
    assert told("worker", TRUCE_ENDING, conflict) == 0
    with clock_at(truce.ends_at - timedelta(hours=24)):
        run_job(REMIND_OF_CONFLICTS)
    assert told("worker", TRUCE_ENDING, conflict) == 1
    assert [task.due_at for task in to_do("worker", TRUCE_ENDING, conflict)] == [truce.ends_at]
    assert told("supervisor", "conflict.truce_lapsed", conflict) == 0
    phone.go(NOTICES)
    assert arabic("A truce ends within 24 hours.") in phone.words("main")
    assert conflict.code in phone.words("main")

    with clock_at(truce.ends_at + timedelta(days=1)):
        run_job(REMIND_OF_CONFLICTS)
        run_job(REMIND_OF_CONFLICTS)
    assert told("supervisor", "conflict.truce_lapsed", other) == 0
    assert told("supervisor", "conflict.truce_lapsed", conflict) == 1
    assert truce.events.filter(kind="lapsed").count() == 1
    heron = phone_of("supervisor")
    heron.go(NOTICES)
    notice = heron.page.locator(".notices > li", has_text=conflict.code).first
    assert arabic("A truce ran out and nobody confirmed it.") in notice.inner_text()
    assert not any(worker.code_name in one for one in notice.all_inner_texts())


def test_6_at_a_checkpoint_the_phone_shows_a_neutral_page_and_holds_no_name(
    phone_of: Open,
) -> None:
    case = case_of("worker", 0)
    secrets = [sealed(case)["alias"], sealed(case)["name"], case.code]
    phone = phone_of("worker")
    phone.go(case.get_absolute_url() + "reveal/")
    phone.choose("fields_wanted", "name")
    phone.write("reason", "للتأكد قبل الزيارة")
    phone.write("password", PASSWORD)
    phone.send(to="**/reveal/")
    assert secrets[1] in phone.words("main")
    phone.go(case.get_absolute_url())
    phone.go("/outreach/")
    assert secrets[0] in phone.words("main")

    phone.tap("[data-leave-url]")
    phone.page.wait_for_url("**/accounts/away/")

    page = phone.page
    page.wait_for_load_state("networkidle")
    assert arabic("Nothing here yet") in phone.words()
    shown = page.content() + page.title() + page.url
    kept = page.evaluate(ON_THE_DEVICE)
    for secret in secrets:
        assert secret not in shown
        assert secret not in kept
    assert kept.strip() == ""
    page.go_back()
    page.wait_for_load_state("networkidle")
    # Back is the sign-in, which knows the address only: a code and no name.
    assert "/accounts/login/" in page.url
    assert not any(name in page.content() for name in secrets[:2])
    page.goto(phone.world.url("/outreach/"))
    page.wait_for_url("**/accounts/login/**")
    assert AuditEvent.objects.about(case).filter(verb="vault.revealed").count() == 1


# --- the outreach worker --------------------------------------------------------------------------


def test_7_the_caseload_is_one_screen_and_a_visit_takes_two_taps(phone_of: Open) -> None:
    worker = who("worker")
    phone = phone_of("worker")
    phone.go("/outreach/")

    rows = phone.page.locator("table.caseload tbody tr")
    carried = Participant.objects.visible_to(worker).on_caseload()
    assert {row.split("row-")[1] for row in rows.evaluate_all("all => all.map(one => one.id)")} == {
        one.code for one in carried
    }
    assert carried.active().count() >= 17
    assert phone.page.locator("main nav.pager").count() == 0
    for one in carried.active():
        row = phone.page.locator(f"#row-{one.code}")
        assert row.locator(".caseload-last .tag").inner_text().strip(), one.code
        assert row.locator(".dots-list > li").count() >= 1, one.code
    planned = carried.active().filter(next_contact_on__isnull=False).first()
    assert planned is not None
    assert arabic("Next visit") in phone.page.locator(
        f"#row-{planned.code} [data-label]"
    ).first.get_attribute("data-label")
    alarming = carried.active().filter(risk_signal="planning").first()
    assert label("risk_signal", "planning") in phone.words(f"#row-{alarming.code}")

    start = datetime.combine(periods.now().date(), time(), BAGHDAD)
    case = carried.active().exclude(last_contact_at__gte=start).order_by("code").first()
    before = Contact.objects.filter(participant=case).count()
    phone.taps = 0
    phone.tap(f"#row-{case.code} .caseload-seen")
    phone.tap(f"#doing-{case.code} button[name=mode][value=home]")
    phone.page.locator(f"#row-{case.code} .caseload-just").wait_for()

    assert phone.taps == 2
    assert label("contact_mode", "home") in phone.words(f"#row-{case.code} .caseload-just")
    assert arabic("seen today") in phone.words(f"#row-{case.code} .caseload-last")
    assert Contact.objects.filter(participant=case).count() == before + 1
    made = Contact.objects.filter(participant=case).latest("created_at")
    assert (made.mode, made.face, made.created_by) == ("home", True, worker)
    case.refresh_from_db()
    assert case.last_contact_at == made.at
    phone.fits()


def test_8_a_prospect_is_screened_in_arabic_approved_and_agrees_in_spoken_words(
    phone_of: Open,
) -> None:
    phone = phone_of("worker")
    phone.go("/outreach/participants/new/")
    phone.write("alias", "أبو القصب")
    phone.write("name", "كاظم جبار العمارة")
    phone.write("phone", "٠٧٧١ ٨٢٣ ٤٥٩٧")
    phone.choose("sex", "m")
    phone.send(to=CASE)
    case = Participant.objects.get(code=code_in(phone.page.url))
    assert sealed(case)["name"] == "كاظم جبار العمارة"
    in_no_column(case, "كاظم", "أبو القصب", "8234597")

    phone.tap("#screening a[href$='/screen/']")
    answers = phone.page.locator("main fieldset:has(input[name^='answer_'])")
    answers.first.wait_for()
    phone.fits()
    assert answers.count() == 7
    names = answers.locator("input[value=yes]").evaluate_all("all => all.map(one => one.name)")
    for number, name in enumerate(names):
        assert re.search("[\u0600-\u06ff]", answers.nth(number).locator("legend").inner_text())
        phone.choose(name, "yes" if number < 5 else "no")
        if number < 5:
            phone.write(name.replace("answer_", "why_"), f"سمعته من أهله {'ابجده'[number]}")
    phone.send(to="**/screenings/")
    said = phone.words("main")
    assert arabic("%(score)s of %(asked)s", score=5, asked=7) in said
    assert arabic("Criteria met") in said
    for letter in "ابجده":
        assert f"سمعته من أهله {letter}" in said
    screening = case.screenings.get()
    assert (screening.score, screening.qualifies) == (5, True)
    in_no_column(screening, "سمعته من أهله")

    phone.go(case.get_absolute_url())
    assert arabic("No consent is recorded. Without it the case cannot become active.") in (
        phone.words("main")
    )
    phone.tap("a[href$='/consent/']")
    for purpose in ("case_work", "phone"):
        phone.choose("purposes", purpose)
    phone.choose("manner", "spoken")
    phone.send(to=CASE)
    assert label("consent_manner", "spoken") in phone.words()
    phone.send("form[action$='/ask-intake/'] button", to=CASE)
    assert arabic("The intake waits for approval.") in phone.words("main")
    case.refresh_from_db()
    assert case.status == Participant.Status.ELIGIBLE

    heron = phone_of("supervisor")
    heron.go("/outreach/supervision/approvals/")
    heron.page.locator("a.row-link", has_text=case.code).tap()
    heron.page.locator("[name=answer]").first.wait_for()
    heron.fits()
    heron.page.locator("[name=answer][value=approve]").check()
    heron.send(to="**/approvals/")
    case.refresh_from_db()
    assert case.status == Participant.Status.ACTIVE
    approval = Approval.objects.get(participant=case)
    assert (approval.decision, approval.decided_by) == ("approved", who("supervisor"))
    agreed = consent.in_force(case)
    assert agreed is not None
    assert (agreed.manner, sorted(agreed.purposes)) == ("spoken", ["case_work", "phone"])
    assert told("worker", "approval.approved", case) == 1
    phone.go("/outreach/")
    assert "أبو القصب" in phone.words(f"#row-{case.code}")


def refer(phone: Phone, case: Participant, domain: str, provider: str, sent_on: date) -> Referral:
    before = set(Referral.objects.filter(participant=case).values_list("pk", flat=True))
    phone.go(case.get_absolute_url() + "referrals/new/")
    phone.choose("domain", domain)
    phone.write("provider", provider)
    phone.write("sent_on", day(sent_on))
    phone.send(to=re.compile(r"/outreach/participants/P-\d+/(referrals/)?(#\w+)?$"))
    made = Referral.objects.filter(participant=case).exclude(pk__in=before).get()
    assert sealed(made)["provider"] == provider
    return made


def test_9_a_referral_is_told_of_when_it_is_accepted_or_after_seven_silent_days(
    phone_of: Open,
) -> None:
    today = periods.now().date()
    case = next(
        one
        for place in range(2, 12)
        if agrees_to(one := case_of("worker", place), "sharing")
        and not one.referrals.filter(state="sent").exists()
    )
    phone = phone_of("worker")
    accepted = refer(phone, case, "education", "مركز تدريب الميناء", today - timedelta(days=2))

    # Somebody else of the team writes the answer down; nobody is told of their own.
    heron = phone_of("supervisor")
    heron.go(f"{case.get_absolute_url()}referrals/")
    heron.tap(f"a[href$='{accepted.pk}/']")
    heron.choose("to", "accepted")
    heron.send(to="**/referrals/")
    accepted.refresh_from_db()
    assert (accepted.state, accepted.answered_on) == ("accepted", today)
    assert told("worker", referrals.ACCEPTED, case) == 1
    phone.go(NOTICES)
    notice = phone.page.locator(".notices > li", has_text=case.code).first
    assert arabic("A referral was accepted.") in notice.inner_text()
    assert "مركز تدريب" not in notice.inner_text()

    refer(phone, case, "papers", "دائرة الأحوال", today - timedelta(days=6))
    run_job(REMIND_OF_CASEWORK)
    assert told("worker", referrals.SILENT, case) == 0
    refer(phone, case, "health", "المركز الصحي", today - timedelta(days=7))
    run_job(REMIND_OF_CASEWORK)
    run_job(REMIND_OF_CASEWORK)
    assert told("worker", referrals.SILENT, case) == 1
    assert len(to_do("worker", referrals.SILENT, case)) == 1
    phone.go(NOTICES)
    assert arabic("A referral had no answer for seven days.") in phone.words("main")
    phone.go(f"{case.get_absolute_url()}referrals/")
    silent = phone.page.locator("main li", has_text=arabic("No answer for seven days"))
    assert silent.count() == 1
    assert "المركز الصحي" in silent.inner_text()


def test_10_two_edits_meet_both_are_shown_and_a_person_chooses(phone_of: Open) -> None:
    case = case_of("worker", 12)
    stood = sealed(case)["alias"]
    phone, heron = phone_of("worker"), phone_of("supervisor")
    for one in (phone, heron):
        one.go(case.get_absolute_url() + "edit/")
        assert one.page.locator("[name=alias]").input_value() == stood
    phone.page.context.set_offline(True)
    phone.write("alias", "الغريب")
    phone.tap(SEND)
    phone.page.locator("[data-unsent]").first.wait_for(state="visible")
    heron.write("alias", "البحّار")
    heron.send(to=CASE)
    assert sealed(case)["alias"] == "البحّار"

    phone.page.context.set_offline(False)
    phone.page.locator("#edits").wait_for()
    phone.fits()
    both = phone.words("#edits")
    for seen in ("البحّار", "الغريب", "Heron", "Swallow"):
        assert seen in both, seen
    assert arabic("What came second") in phone.page.locator(
        "#edits td[data-label]"
    ).last.get_attribute("data-label")
    met = EditConflict.objects.get(participant=case, field="alias")
    assert (met.theirs_by, met.mine_by) == (who("supervisor"), who("worker"))
    assert met.settled_at is None
    assert sealed(case)["alias"] == "البحّار"

    phone.tap("#edits a[href*='/edit/']")
    phone.page.locator("[name=choice]").first.wait_for(state="attached")
    phone.fits()
    assert "البحّار" in phone.words("main")
    assert "الغريب" in phone.words("main")
    phone.choose("choice", EditConflict.Choice.MINE)
    phone.send("main form:has([name=choice]) button[type=submit]", to=CASE)
    met.refresh_from_db()
    assert (met.choice, met.settled_by) == ("mine", who("worker"))
    assert met.settled_at is not None
    assert sealed(case)["alias"] == "الغريب"
    assert phone.page.locator("#edits").count() == 0
    in_no_column(case, "الغريب", "البحّار")


def test_11_the_daily_log_is_written_already_and_only_wants_hours_and_a_signature(
    phone_of: Open,
) -> None:
    worker, today = who("worker2"), periods.now().date()
    case = case_of("worker2", 3)
    phone = phone_of("worker2")
    phone.go(case.get_absolute_url() + "contacts/new/")
    phone.choose("mode", "home")
    phone.write("minutes", "٤٥")
    phone.write("note", "شربنا الشاي مع أخيه")
    phone.send(to=re.compile(r"/outreach/"))

    phone.go("/outreach/log/")
    entry = phone.page.locator(".log-entries li", has_text=case.code)
    assert entry.count() == 1
    assert label("contact_mode", "home") in entry.inner_text()
    assert phone.page.locator("[name=caseload]").input_value() == "0:45"
    assert "الشاي" not in phone.words()
    phone.write("caseload", "١:٣٠")
    phone.write("documentation", "0:30")
    phone.send("button[name=sign]", to=f"**/outreach/log/{today}/")

    assert arabic("Signed") in phone.words("main")
    assert phone.page.locator("[name=caseload]").count() == 0
    log = DailyLog.objects.get(user=worker, day=today)
    assert log.signed_at is not None
    assert log.counts["contacts"] >= 1
    assert dict(log.hours.values_list("activity", "minutes")) == {
        "caseload": 90,
        "documentation": 30,
    }


def test_12_a_detained_participant_is_paused_in_one_step_and_the_visit_is_on_the_list(
    phone_of: Open,
) -> None:
    case, until = case_of("worker", 14), periods.now().date() + timedelta(days=10)
    phone = phone_of("worker")
    phone.go(case.get_absolute_url())
    phone.tap("a[href$='/pause/']")
    phone.choose("reason", "detained")
    phone.write("until", day(until))
    phone.send(to=CASE)

    assert arabic("Paused. A visit stands on the list for that day.") in phone.words()
    case.refresh_from_db()
    assert (case.status, case.pause_reason, case.pause_until) == ("paused", "detained", until)
    (task,) = to_do("worker", status.LOOK_AGAIN, case)
    assert periods.local_day(task.due_at) == until
    phone.go("/outreach/")
    row = phone.words(f"#row-{case.code}")
    assert label("pause_reason", "detained") in row
    assert arabic("The clock stands still.") in row
    assert phone.page.locator(f"#row-{case.code} .dots-list").count() == 0
    phone.go(f"{NOTICES}tasks/")
    visit = phone.page.locator("main li", has_text=case.code)
    assert arabic("Visit or look again: a paused case.") in visit.first.inner_text()


# --- the supervisor -------------------------------------------------------------------------------


def test_13_the_review_leads_from_the_gravest_to_accept_return_and_merge(phone_of: Open) -> None:
    supervisor = who("supervisor")
    heron = phone_of("supervisor")
    heron.go("/incidents/review/")
    listed = re.findall(r"INC-\d{4}-\d+", heron.page.locator("main ul.review").inner_text())
    waiting = in_review_order(Incident.objects.visible_to(supervisor).waiting_for_review())
    expected = list(
        waiting.order_by("gravity", "occurred_from", "id").values_list("code", flat=True)
    )
    assert listed == expected[: len(listed)]
    assert len(listed) >= 2
    assert arabic("Still open:") in heron.words("main")

    foreign = [
        one
        for one in Incident.objects.filter(code__in=listed).order_by("code")
        if one.reporter_id != supervisor.pk
    ]
    good, poor = foreign[:2]
    heron.go(good.get_absolute_url())
    heron.send("form[action$='/accept/'] button", to="**/incidents/**")
    good.refresh_from_db()
    assert good.workflow_state == "accepted"
    assert AuditEvent.objects.about(good).get(verb="incident.accepted").actor == supervisor
    heron.go(poor.get_absolute_url())
    heron.unfold("details:has(form[action$='/return/'])")
    heron.page.locator("form[action$='/return/'] [name=return-reason]").fill("من أين عرفت العدد؟")
    heron.send("form[action$='/return/'] button[type=submit]", to="**/incidents/**")
    poor.refresh_from_db()
    assert poor.workflow_state == "returned"

    heron.go("/incidents/duplicates/")
    pair = heron.page.locator(".twin-pair").first
    gone, kept = re.findall(
        r"INC-\d{4}-\d+", pair.locator("a[href*='/merge/']").get_attribute("href")
    )
    pair.locator("a[href*='/merge/']").tap()
    heron.page.locator("form.merge").wait_for()
    heron.fits()
    heron.page.locator("form.merge [name=reason]").fill("حادث واحد رُوي مرتين")
    heron.send("form.merge .form-actions button", to="**/incidents/**")
    one = Incident.objects.get(code=gone)
    assert (one.workflow_state, one.duplicate_of.code) == ("duplicate", kept)


def test_14_the_supervision_sheet_is_filled_already_and_its_decisions_become_tasks(
    phone_of: Open,
) -> None:
    supervisor, worker, today = who("supervisor"), who("worker"), periods.now().date()
    site = worker.sites.get()
    heron = phone_of("supervisor")
    heron.go("/outreach/supervision/")
    heron.page.locator("a.row-link", has_text="Swallow").tap()
    heron.page.locator("#cases").wait_for()
    heron.fits()

    sheet = supervision_reading.sheet(worker, site, supervisor, on=today)
    figures = sheet.figures()
    shown = heron.words("main .figures")
    assert re.search(rf"{arabic('Active')} {figures['active']}\b", shown)
    assert re.search(rf"{arabic('Met the standard')} {figures['standard_met']}\b", shown)
    assert figures["stale"] > 0
    assert figures["follow_ups_late"] > 0
    for late in sheet.follow_ups:
        assert late.conflict.code in heron.words("section[aria-labelledby=late]")
    for line in sheet.lines:
        row = heron.page.locator("section[aria-labelledby=cases] tr", has_text=line.case.code)
        if line.counted:
            assert f"{line.contacts.done}/{line.contacts.wanted}" in row.inner_text()
            assert (arabic("Below the standard") in row.inner_text()) != line.standard_met

    case = next(line.case for line in sheet.lines if line.stale)
    heron.unfold("details:has(form[action$='/decide/'])")
    heron.write("words", "زيارة أهله مع المختار")
    heron.page.locator("[name=participant]").select_option(case.code)
    heron.page.locator("[name=assignee]").select_option(str(worker.pk))
    heron.write("due_on", day(today + timedelta(days=3)))
    heron.send("form[action$='/decide/'] button[type=submit]", to="**#decisions")
    assert "زيارة أهله مع المختار" in heron.words("section[aria-labelledby=decisions]")
    decision = SupervisionDecision.objects.get(participant=case, created_at__date__gte=today)
    (task,) = to_do("worker", supervision.DECIDED, decision)
    assert periods.local_day(task.due_at) == today + timedelta(days=3)
    in_no_column(decision, "المختار")
    in_no_column(task, "المختار")
    # A sheet is signed where at least one case was gone through.
    heron.choose(f"case-{case.code}", "attention")
    heron.send("form[action$='/review/'] button[type=submit]", to="**/BASRAH-CENTRE/")
    heron.write("comment", "أسبوع جيد")
    heron.send("form[action$='/sign/'] button[type=submit]", to="**/supervision/sheets/**")
    assert arabic("Signed and locked.") in heron.words()
    kept = SupervisionSheet.objects.get(
        worker=worker, site=site, week_start=supervision_reading.week_of(site, today).start
    )
    assert (kept.signed_by, kept.figures["active"]) == (supervisor, figures["active"])

    phone = phone_of("worker")
    phone.go(f"{NOTICES}tasks/")
    mine = phone.page.locator("main li", has_text=decision.code)
    assert arabic("Something was decided in supervision that you are to do.") in mine.inner_text()
    mine.locator("a").first.tap()
    phone.page.wait_for_url(f"**{decision.code}**")
    phone.fits()
    assert "زيارة أهله مع المختار" in phone.words("main")


# --- the participant ------------------------------------------------------------------------------


def test_31_what_is_held_is_printed_in_arabic_and_a_withdrawn_consent_erases_the_name(
    phone_of: Open,
) -> None:
    case = next(
        one
        for place in range(4, 18)
        if Contact.objects.filter(participant=(one := case_of("worker2", place))).count() > 2
        and one.notes.exists()
    )
    held = sealed(case)
    contacts, cases = Contact.objects.filter(participant=case).count(), Participant.objects.count()
    phone = phone_of("worker2")
    phone.go(case.get_absolute_url() + "held/")
    phone.choose("language", "ar")
    phone.write("reason", "طلب صاحب الشأن")
    phone.write("password", PASSWORD)
    phone.tap(SEND)
    phone.page.locator("[data-print]").wait_for()
    phone.fits()
    sheet = phone.words("main")
    assert arabic("What we hold about you") in phone.words()
    for name, text in held.items():
        assert " ".join(text.split()) in sheet, name
    assert f"{arabic('All together')} {contacts}" in sheet
    phone.page.evaluate("window.print = () => { window.printed = true; }")
    phone.tap("[data-print]")
    assert phone.page.evaluate("window.printed") is True
    phone.page.emulate_media(media="print")
    assert not phone.page.locator("[data-print]").is_visible()
    assert held["name"].split()[0] in phone.words("main")
    assert phone.page.pdf().startswith(b"%PDF")
    phone.page.emulate_media(media="screen")

    phone.go(case.get_absolute_url())
    phone.tap("a[href$='/consent/withdraw/']")
    phone.choose("manner", "spoken")
    phone.send(to=CASE)
    assert arabic("Done. Names and notes of this case are being erased.") in phone.words()
    run_queued(f"erase.{case.pk}")
    phone.go(case.get_absolute_url())
    assert arabic("Consent was taken back. Everything sealed of this case is erased.") in (
        phone.words("main")
    )
    for text in held.values():
        assert text not in phone.page.content()

    case.refresh_from_db()
    assert case.status == Participant.Status.CLOSED
    assert case.identity_erased_at is not None
    assert sealed(case) == {}
    assert not any(sealed(note) for note in case.notes.all())
    assert Participant.objects.count() == cases
    assert Contact.objects.filter(participant=case).count() == contacts
    phone.go("/outreach/participants/find/")
    phone.choose("kind", "name")
    phone.write("value", held["name"])
    phone.tap(SEND)
    phone.page.wait_for_load_state()
    assert case.code not in phone.words("main")
