"""Mails to a real mail server, which is a process of its own and does not always behave."""

import datetime
import ipaddress
import subprocess
import sys
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ceasefire import jobs
from ceasefire.reports import mailing, services, subscriptions
from ceasefire.reports.models import ReportMail
from ceasefire.reports.shared_figures import shared_charts_as_svg
from tests.reports.conftest import WEEK
from tests.reports.test_mail import State, subscribed

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of 127.0.0.1 that nobody else trusts, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture(scope="module")
def server(certificate, tmp_path_factory):
    """Its port and the folder of what it took; it wants STARTTLS and a password."""
    folder = tmp_path_factory.mktemp("taken")
    program = Path(__file__).with_name("smtp_server.py")
    command = [sys.executable, program, folder, "--tls", *certificate]
    process = subprocess.Popen(
        [*map(str, command), "--login", "ceasefire", "salt"], stdout=subprocess.PIPE, text=True
    )
    yield int(process.stdout.readline()), folder
    process.terminate()
    process.wait(timeout=10)


@pytest.fixture
def post(server, certificate, settings, monkeypatch):
    """The settings of that server; the folder, emptied."""
    port, folder = server
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL = True, False
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "ceasefire", "salt"
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    for one in folder.iterdir():
        one.unlink()
    return folder


@pytest.fixture
def mail_to(basrah, put_weeks, manager, worker):
    """A mail of an approved report that waits, to an address of a name."""

    def make(name):
        put_weeks(basrah, [5] * 9)
        subscribed(worker, f"{name}@example.org")
        report = services.freeze_report(
            services.compile_week(site=basrah, week_start=WEEK), by=manager
        )
        mailing.make_mails(report.pk)
        return ReportMail.objects.get(report=report)

    return make


def taken(folder):
    return [
        message_from_bytes(one.read_bytes(), policy=policy.default)
        for one in sorted(folder.iterdir())
    ]


def test_a_mail_arrives_encrypted_signed_in_and_whole(post, mail_to, worker):
    worker.language = "ar"
    worker.save()
    mail = mail_to("good")

    assert mailing.send(mail.pk) == State.SENT
    (arrived,) = taken(post)
    assert arrived["To"] == "good@example.org"
    assert arrived["Message-ID"].startswith(f"<{mail.pk}@")
    assert [part.get_content_type() for part in arrived.iter_parts()] == ["text/plain", "text/html"]
    assert "التقرير" in arrived["Subject"]
    assert 'dir="rtl"' in arrived.get_body(("html",)).get_content()
    assert mailing.send(mail.pk) == State.SENT
    assert len(taken(post)) == 1


def test_charts_arrive_as_they_were_drawn(post, mail_to, worker):
    worker.language = "ar"
    worker.save()
    mail = mail_to("charts")
    subscriptions.choose_charts(with_charts=True, by=worker)

    assert mailing.send(mail.pk) == State.SENT
    (arrived,) = taken(post)
    kinds = [part.get_content_type() for part in arrived.walk()]
    assert kinds[:4] == ["multipart/alternative", "text/plain", "multipart/related", "text/html"]
    assert set(kinds[4:]) == {"image/svg+xml"}
    html = arrived.get_body(("html",)).get_content()
    drawn = shared_charts_as_svg(subscriptions.shared_version(mail.report), "ar")
    pictures = [one for one in arrived.walk() if one.get_content_type() == "image/svg+xml"]
    for part, svg in zip(pictures, drawn.values(), strict=True):
        assert part.get_content() == svg.encode()
        assert f'src="cid:{part["Content-ID"].strip("<>")}"' in html


@pytest.mark.parametrize(
    ("name", "state", "why", "kept"),
    [
        ("refused", State.FAILED, "recipient", 0),
        ("busy", State.WAITING, "recipient", 0),
        ("unwanted", State.FAILED, "content", 0),
        ("early", State.WAITING, "connection", 0),
        # The server has it, and could not say so.
        ("late", State.UNSURE, "lost", 1),
    ],
)
def test_what_the_server_does_decides_whether_it_is_tried_again(
    post, mail_to, name, state, why, kept, caplog
):
    mail = mail_to(name)
    entered = jobs.Job.objects.count()
    mailing.send(mail.pk)
    mail.refresh_from_db()

    assert (mail.state, mail.why) == (state, why)
    assert jobs.Job.objects.count() - entered == (state == State.WAITING)
    assert len(taken(post)) == kept
    assert "example.org" not in caplog.text


def test_a_mail_sent_once_more_by_a_manager_is_known_as_the_same(post, mail_to, manager):
    mail = mail_to("late")
    mailing.send(mail.pk)
    assert mailing.send_again(mail.report, by=manager) == 0
    assert mailing.send_again(mail.report, by=manager, unsure=True) == 1
    mailing.send(mail.pk)

    first, second = taken(post)
    assert first["Message-ID"] == second["Message-ID"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"EMAIL_HOST_PASSWORD": "pepper"}, "login"),
        ({"EMAIL_HOST": "localhost"}, "encryption"),  # the certificate is not of that name
        ({"EMAIL_USE_TLS": False}, "encryption"),
    ],
)
def test_a_way_in_that_is_refused_waits_for_who_mends_it(post, mail_to, settings, change, why):
    for name, value in change.items():
        setattr(settings, name, value)
    mail = mail_to("good")
    mailing.send(mail.pk)
    mail.refresh_from_db()

    assert (mail.state, mail.why) == (State.WAITING, why)
    assert taken(post) == []
