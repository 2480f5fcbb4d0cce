"""Reports by e-mail: whose address it is, what a mail says, once to a person, and what fails."""

import json
import re
from datetime import timedelta
from email import message_from_bytes, policy
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.html import escape

from ceasefire import codes, jobs, periods, vault
from ceasefire.audit.models import AuditEvent
from ceasefire.people.roles import Role
from ceasefire.reports import letters, mailing, services, subscriptions
from ceasefire.reports.exceptions import LinkIsNoMore, NotForThisRole, TooManyConfirmations
from ceasefire.reports.models import ReportMail, Subscription
from ceasefire.reports.presentation import SharedPage
from ceasefire.reports.shared_figures import shared_charts_as_svg
from tests.reports.conftest import WEEK

pytestmark = pytest.mark.django_db
ADDRESS = "somebody.reading@example.org"
State = ReportMail.State


def subscribed(user, address=ADDRESS):
    """Asked for, and proved by the link that was sent there."""
    subscription = subscriptions.subscribe(address=address, by=user)
    return subscriptions.confirm(subscriptions.confirming_token(subscription), by=user)


def work():
    """Run what is due, and what that enters."""
    while jobs.work_due():
        pass


def approved(site, manager):
    draft = services.compile_week(site=site, week_start=WEEK)
    report = services.freeze_report(draft, by=manager)
    work()
    return report


@pytest.fixture
def week(basrah, put_weeks):
    put_weeks(basrah, [5] * 9, killed_best=1)
    return basrah


def reports_sent():
    return [one for one in mail.outbox if "confirm" not in one.body]


def test_nothing_goes_to_an_address_before_its_owner_has_said_yes(week, manager, worker, signed_in):
    client = signed_in(worker)
    client.post(reverse("reports:subscription"), {"address": f"\u200e {ADDRESS} "})
    work()
    question = mail.outbox.pop()
    link = re.search(r"/account/mail/confirm/[^/]+/", question.body)[0]

    assert question.to == [ADDRESS]
    assert worker.username not in question.body
    assert client.get(link).status_code == 200  # as a scanner of mail does
    approved(week, manager)
    assert mail.outbox == []
    client.post(link)
    assert Subscription.objects.confirmed().get().user == worker


def test_a_report_is_announced_once_whoever_asks_again(week, manager, worker):
    subscribed(worker)
    report = approved(week, manager)
    again = mailing.make_mails(report.pk)
    for row in ReportMail.objects.all():
        mailing.send(row.pk)

    assert again == 0
    assert len(reports_sent()) == 1
    assert ReportMail.objects.get(report=report).state == State.SENT


def test_the_address_is_in_the_vault_and_nowhere_else(week, manager, worker, caplog):
    subscription = subscribed(worker)
    approved(week, manager)

    assert vault.sealed_fields(subscription) == ["address"]
    assert vault.unseal(subscription, "address", by=worker) == ADDRESS
    kept = [
        *jobs.Job.objects.values_list("payload", flat=True),
        *AuditEvent.objects.values_list("detail", flat=True),
        *ReportMail.objects.values(),
        *Subscription.objects.values(),
    ]
    assert "example.org" not in json.dumps(kept, default=str) + caplog.text


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_mail_says_no_more_than_what_may_leave_the_program(
    basrah, put, put_weeks, manager, worker, data_officer, language, settings
):
    settings.PUBLIC_URL = "https://field.example.org"
    worker.language = language
    worker.save()
    put_weeks(basrah, [5] * 9, killed_best=1)
    put(basrah, WEEK, 4, type="SXV", is_sensitive=True)
    put(basrah, WEEK, 1, type="KID", injured_best=2)
    subscribed(worker)
    draft = services.compile_week(site=basrah, week_start=WEEK)
    services.write_narrative(draft, narrative_en="Heron", narrative_ar="مالك", by=data_officer)
    services.freeze_report(draft, by=manager)
    work()
    sent = reports_sent()[0]
    html, kind = sent.alternatives[0]
    wire = sent.message().as_string()

    for text in (re.sub(r"https?://[^\s\"]+", "", one) for one in (sent.body, html)):
        # 5 killings and 1 kidnapping in the whole site; 2 injured are too few to send.
        assert re.search(r"\b6\b", text)
        for word in ("IQG02Q02", "MUR", "SXV", "KID", "Heron", "مالك", "10", worker.username):
            assert word not in text
        for name in ("Al-Basrah", "قضاء", "<img", "<svg", "<script"):
            assert name not in text
    assert kind == "text/html"
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}"' in html
    assert "https://field.example.org/reports/BASRAH-CENTRE/2026-11-08/" in sent.body
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in wire
    assert re.search(r"List-Unsubscribe:\s+<https://field\.example\.org/reports/mail/stop/", wire)


def test_a_total_of_two_is_not_sent(basrah, put, put_weeks, manager, worker):
    put_weeks(basrah, [5] * 8 + [0])
    put(basrah, WEEK, 2, killed_best=2)
    subscribed(worker)
    approved(basrah, manager)

    assert "Its counts are not sent by mail." in reports_sent()[0].body
    assert "killed" not in reports_sent()[0].body


def test_a_number_of_killed_that_is_not_wholly_known_is_not_sent(
    basrah, put, put_weeks, manager, worker
):
    put_weeks(basrah, [5] * 9, killed_best=1)
    put(basrah, WEEK, 1, killed_best=None, killed_unknown=True, injured_best=3)
    subscribed(worker)
    approved(basrah, manager)
    body = reports_sent()[0].body

    assert "3 injured" in body
    assert "5 killed" not in body
    assert "nor a number of killed that is not wholly known" in body


def test_a_report_for_supervisors_and_managers_only_is_announced_to_nobody(
    basrah, put, manager, supervisor
):
    # Not recording then; only what is sensitive was logged.
    put(basrah, WEEK, 3, type="SXV", is_sensitive=True)
    subscribed(supervisor)
    approved(basrah, manager)

    assert reports_sent() == []


def leave_site(user, basrah):
    user.sites.remove(basrah)


def lose_account(user, basrah):
    user.is_active = False
    user.save()


def become_administrator(user, basrah):
    user.role = Role.ADMINISTRATOR
    user.save()


def unsubscribe(user, basrah):
    subscriptions.unsubscribe(user, by=user)


@pytest.mark.parametrize("event", [leave_site, lose_account, become_administrator, unsubscribe])
def test_who_may_not_hear_of_it_any_more_gets_nothing(week, manager, worker, event):
    subscribed(worker)
    report = services.freeze_report(services.compile_week(site=week, week_start=WEEK), by=manager)
    mailing.make_mails(report.pk)
    event(worker, week)
    work()

    assert reports_sent() == []
    assert ReportMail.objects.get(report=report).state == State.DROPPED


def test_reo_hears_of_what_was_shared(week, manager, make_user):
    viewer = make_user(Role.REO_VIEWER, username="reo.viewer")
    subscribed(viewer)
    approved(week, manager)

    assert len(reports_sent()) == 1


def test_who_reads_no_report_can_not_subscribe(make_user):
    with pytest.raises(NotForThisRole):
        subscriptions.subscribe(address=ADDRESS, by=make_user(Role.AUDITOR, username="auditor"))


def test_nobodys_mailbox_is_flooded(worker):
    for _number in range(subscriptions.CONFIRMATIONS_A_DAY):
        subscriptions.subscribe(address=ADDRESS, by=worker)
    with pytest.raises(TooManyConfirmations):
        subscriptions.subscribe(address=ADDRESS, by=worker)


def test_a_link_is_of_one_address_and_one_person(worker, supervisor):
    first = subscriptions.confirming_token(subscriptions.subscribe(address=ADDRESS, by=worker))
    second = subscriptions.subscribe(address="other@example.org", by=worker)
    good = subscriptions.confirming_token(second)

    for token, who in ((first, worker), (good, supervisor), (good + "x", worker)):
        with pytest.raises(LinkIsNoMore):
            subscriptions.confirm(token, by=who)
    subscriptions.confirm(good, by=worker)


def test_one_click_of_the_mail_program_ends_it_and_forgets_the_address(worker):
    subscription = subscribed(worker)
    stop = reverse("reports:mail_stop", args=[subscriptions.stopping_token(subscription)])
    stranger = Client(enforce_csrf_checks=True)

    assert stranger.get(stop).status_code == 200
    assert Subscription.objects.exists()  # a scanner that opens links ends nothing
    for _press in range(2):
        assert stranger.post(stop, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not Subscription.objects.exists()
    assert vault.sealed_fields(subscription) == []
    assert stranger.get(stop[:-3] + "AA/").status_code == 404


def test_what_no_longer_holds_is_forgotten(worker, supervisor, manager):
    asked = subscriptions.subscribe(address=ADDRESS, by=worker)
    Subscription.objects.filter(pk=asked.pk).update(created_at=periods.now() - timedelta(days=8))
    subscribed(supervisor)
    lose_account(supervisor, None)
    subscribed(manager)

    assert subscriptions.clear() == 2
    assert Subscription.objects.get().user == manager


# --- charts, for who asked for them ---------------------------------------------------------------

#: What a picture in a mail is drawn of; nothing of it runs, loads or points anywhere.
DRAWN = {
    "svg", "title", "desc", "defs", "pattern", "path", "rect", "circle", "line", "text",
}  # fmt: skip


def with_charts(user):
    subscribed(user)
    assert subscriptions.choose_charts(with_charts=True, by=user)


@pytest.fixture
def wide(make_site, put, put_weeks, manager, worker, supervisor):
    """A site of a whole governorate: what may be told, and beside it what may not."""
    site = make_site("WIDE", place="IQG02")
    for user in (manager, worker, supervisor):
        user.sites.add(site)
    put_weeks(site, [5] * 9, place="IQG02Q02N02-ASHAR", lat=30.5123, lon=47.8321)
    for district in ("IQG02Q01N02", "IQG02Q05N03"):
        put(site, WEEK, 7, place=district, type="KID")
    put(site, WEEK, 2, place="IQG02Q06N01", type="THR")
    put(site, WEEK, 4, type="SXV", is_sensitive=True)
    return site


def laid_down(settings, tmp_path):
    """Mails go into files, as where no server is set; reads them back whole."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"

    def read():
        found = []
        for one in sorted((tmp_path / "mail").iterdir()):
            # The file backend ends each mail with a line of dashes of its own.
            text = one.read_bytes().rsplit(b"\n" + b"-" * 79, 1)[0]
            found.append(message_from_bytes(text, policy=policy.default))
        return [one for one in found if "confirm" not in one.get_body(("plain",)).get_content()]

    return read


@pytest.mark.parametrize("language", ["en", "ar"])
def test_who_asks_gets_the_charts_that_reo_reads_and_no_other_number(
    wide, manager, worker, make_user, signed_in, settings, tmp_path, language
):
    worker.language = language
    worker.save()
    with_charts(worker)
    read = laid_down(settings, tmp_path)
    report = approved(wide, manager)
    (sent,) = read()
    shared = subscriptions.shared_version(report)
    html = sent.get_body(("html",)).get_content()
    text = sent.get_body(("plain",)).get_content()
    pictures = {
        part["Content-ID"].strip("<>"): part
        for part in sent.walk()
        if part.get_content_type() == "image/svg+xml"
    }

    # The same octets as the function draws and as REO's page shows.
    drawn = shared_charts_as_svg(shared, language)
    assert list(drawn) == ["weeks", "districts", "states", "district-map"]
    assert [part.get_content().decode() for part in pictures.values()] == list(drawn.values())
    page = signed_in(make_user(Role.REO_VIEWER, language=language)).get(
        shared.get_absolute_url(), headers={"accept-language": language}
    )
    for svg in drawn.values():
        assert svg in page.content.decode()
    # Parts of the mail itself that its HTML shows, each with words and a table.
    assert re.findall(r'<img src="cid:([^"]+)" alt="[^"]+"', html) == list(pictures)
    assert {part.get_content_disposition() for part in pictures.values()} == {"inline"}
    with translation.override(language):
        for one in SharedPage(shared).figures.values():
            assert one.chart.title in text
            for cell in (*one.chart.head, *one.chart.rows[-1]):
                assert html.count(f">{escape(cell)}<")
    # Two threats, four of sexual violence: hidden, and told by nothing else.
    assert re.findall(r">(\d+)</text>", drawn["states"]).count("7") >= 2
    assert not set(re.findall(r">(\d+)</text>", drawn["states"])) & {"1", "2", "4", "6", "9"}
    sexual = codes.label("type_family", "sexual", language)
    for part in (*drawn.values(), html.split("cid:", 1)[1]):
        assert sexual not in part
        for word in ("Ashar", "العشار", "30.5", "47.8", "IQG02", "SXV", worker.username):
            assert word not in part + text


def test_the_pictures_of_a_mail_run_and_load_nothing(wide, manager):
    shared = subscriptions.shared_version(approved(wide, manager))
    shared.body["names"]["places"]["IQG02Q01"]["name_en"] = '"><script href="http://x.example">'
    for svg in shared_charts_as_svg(shared, "en").values():
        for one in ElementTree.fromstring(svg).iter():
            assert one.tag.removeprefix("{http://www.w3.org/2000/svg}") in DRAWN
            for name, value in one.attrib.items():
                assert not name.lower().startswith(("on", "style")), name
                assert "href" not in name, name
                assert not re.search(r"url\((?!#)|script:|https?:|data:", value), value


def test_without_a_tick_no_chart_and_where_nothing_was_shared_neither(
    wide, put, manager, worker, supervisor
):
    with_charts(worker)
    subscribed(supervisor, "other@example.org")
    report = approved(wide, manager)
    by_address = {one.to[0]: one for one in reports_sent()}
    assert by_address["other@example.org"].message().get_content_type() == "multipart/alternative"
    assert [
        part.get_content_type() for part in by_address["other@example.org"].message().walk()
    ] == ["multipart/alternative", "text/plain", "text/html"]
    assert by_address[ADDRESS].pictures

    # One more would show by subtraction: REO keeps what it has, and so do mails.
    mail.outbox.clear()
    put(wide, WEEK, 1, place="IQG02Q01N02", type="KID")
    draft = services.revise_report(report, by=manager, reason="one more")
    assert subscriptions.shared_version(services.freeze_report(draft, by=manager)) is None
    work()
    (one,) = [one for one in reports_sent() if one.to == [ADDRESS]]
    assert one.pictures == []
    assert "No charts: this report was not shared with REO" in one.body
    assert "<img" not in one.alternatives[0].content


def test_a_mail_that_would_be_too_heavy_leaves_its_heaviest_chart_out(
    wide, manager, worker, monkeypatch
):
    worker.language = "ar"
    worker.save()
    with_charts(worker)
    report = approved(wide, manager)
    shared = subscriptions.shared_version(report)
    for weeks in range(1, 30):
        shared.pk, shared.week_start = None, WEEK - timedelta(weeks=weeks)
        shared.save(force_insert=True)
    row = ReportMail.objects.get(report=report, user=worker)
    whole = letters.letter(row, subscriptions.of(worker), ADDRESS)
    weight = len(whole.message().as_bytes())
    assert [len(one.chart.rows) for one in whole.pictures[:2]] == [26, 26]
    assert weight < 200_000 < letters.MOST_OCTETS

    monkeypatch.setattr(letters, "MOST_OCTETS", weight - 1)
    light = letters.letter(row, subscriptions.of(worker), ADDRESS)
    assert len(light.message().as_bytes()) < weight - 1
    assert [one.chart.slug for one in light.pictures] == ["weeks", "states", "district-map"]


def test_charts_are_asked_for_on_ones_own_page_for_one_address(worker, signed_in):
    client = signed_in(worker)
    where = reverse("reports:subscription_charts")
    client.post(where, {"with_charts": "on"})  # no address yet: nothing to choose
    subscribed(worker)
    assert (
        "Whoever sees the mailbox" in client.get(reverse("reports:subscription")).content.decode()
    )
    for given in ({"with_charts": "on"}, {"with_charts": "on"}, {}):
        client.post(where, given)
    client.post(where, {"with_charts": "on"})
    assert subscriptions.of(worker).with_charts
    verbs = AuditEvent.objects.filter(verb__startswith="reportmail.charts")
    assert list(verbs.order_by("seq").values_list("verb", flat=True)) == [
        "reportmail.charts_wanted", "reportmail.charts_unwanted", "reportmail.charts_wanted",
    ]  # fmt: skip

    subscribed(worker, "elsewhere@example.org")
    assert not subscriptions.of(worker).with_charts


# --- what fails -----------------------------------------------------------------------------------


@pytest.fixture
def waiting(week, manager, worker, monkeypatch):
    """A mail of a report that waits."""
    monkeypatch.setattr(jobs.services, "hint", lambda pk: True)
    subscribed(worker)
    report = services.freeze_report(services.compile_week(site=week, week_start=WEEK), by=manager)
    mailing.make_mails(report.pk)
    return ReportMail.objects.get(report=report)


def test_a_worker_that_died_while_handing_over_sends_nothing_twice(waiting):
    ReportMail.objects.filter(pk=waiting.pk).update(state=State.HANDING)
    for _attempt in range(2):
        mailing.send(waiting.pk)

    waiting.refresh_from_db()
    assert (waiting.state, waiting.why) == (State.UNSURE, "lost")
    assert reports_sent() == []


def test_attempts_wait_longer_each_time_and_end(waiting, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1  # nobody listens there
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    before = jobs.Job.objects.filter(kind=subscriptions.SEND).count()
    states = [mailing.send(waiting.pk) for _attempt in range(mailing.ATTEMPTS + 1)]
    entered = jobs.Job.objects.filter(kind=subscriptions.SEND).order_by("id")[before:]
    waits = [job.run_after for job in entered]

    assert states == [State.WAITING] * 5 + [State.FAILED] * 2
    assert waits == sorted(waits)
    assert waits[-1] > periods.now() + timedelta(hours=15)


def test_the_manager_sees_how_many_and_why_but_not_who_and_tries_again(
    waiting, manager, worker, signed_in
):
    ReportMail.objects.filter(pk=waiting.pk).update(state=State.FAILED, why="login", attempts=6)
    client = signed_in(manager)
    page = client.get(reverse("reports:mail_list")).content.decode()
    client.post(reverse("reports:mail_again", args=[waiting.report_id]))
    work()

    assert "1 subscriber" in page
    assert "refuses the program" in page
    for word in (worker.code_name, worker.username, "example.org"):
        assert word not in page
    assert len(reports_sent()) == 1


def test_without_a_server_mails_lie_in_the_data_folder_for_its_owner_only(
    waiting, settings, tmp_path
):
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    assert mailing.send(waiting.pk) == State.SENT
    folder = SimpleNamespace(mode=settings.EMAIL_FILE_PATH.stat().st_mode & 0o777)

    assert folder.mode == 0o700
    assert ADDRESS in next(settings.EMAIL_FILE_PATH.iterdir()).read_text()
