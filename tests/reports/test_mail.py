"""Reports by e-mail: whose address it is, what a mail says, once to a person, and what fails."""

import json
import re
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from ceasefire import jobs, periods, vault
from ceasefire.audit.models import AuditEvent
from ceasefire.people.roles import Role
from ceasefire.reports import mailing, services, subscriptions
from ceasefire.reports.exceptions import LinkIsNoMore, NotForThisRole, TooManyConfirmations
from ceasefire.reports.models import ReportMail, Subscription
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
