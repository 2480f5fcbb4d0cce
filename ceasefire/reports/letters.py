"""What the mails say: a report announced, and the question whether an address is theirs.

A mail lies in somebody's mailbox, on a server of somebody else, on a phone that may be looked
through. So it says no more than what REO may read (`sharing`: without sexual violence, minors and
staff, small counts hidden), of the whole site only: no place within it, no type, no sentence that a
person wrote. The subject says number and week. It is the same for all readers of a language.

Text and HTML, with links only: nothing is loaded from anywhere, so opening it tells nobody.
Who asked for it gets the charts of REO's version along: pictures inside the mail itself, the same
octets as on REO's page, and their tables. Where the report was not shared there are none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message
from email.mime.image import MIMEImage
from email.mime.multipart import MIMEMultipart
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext, ngettext

from ceasefire.look.charts import Chart
from ceasefire.look.numbers import number_text
from ceasefire.people.models import User
from ceasefire.reports import subscriptions
from ceasefire.reports.models import ReportMail, Subscription, WeeklyReport
from ceasefire.reports.presentation import SharedPage, week_words
from ceasefire.reports.sentences import incidents

#: No mail weighs more octets: slow lines, and servers that refuse. The heaviest charts stay out.
MOST_OCTETS = 400_000


@dataclass(frozen=True)
class Picture:
    """A chart in a mail: `cid` names its part of the mail to the HTML."""

    cid: str
    chart: Chart

    @property
    def octets(self) -> bytes:
        """What the page shows, to the byte."""
        return str(self.chart.svg).encode()

    @property
    def words(self) -> str:
        """What stands in its place where a mail program shows no SVG, as most do."""
        return gettext("%(title)s. %(subtitle)s. The numbers stand in the table below.") % {
            "title": self.chart.title,
            "subtitle": self.chart.subtitle,
        }


class Letter(EmailMultiAlternatives):
    """A mail with pictures that only its HTML shows: parts of it, related to it (RFC 2387)."""

    def __init__(self, *, pictures: Sequence[Picture] = (), **given: Any) -> None:
        super().__init__(**given)
        self.pictures = pictures

    def message(self, **given: Any) -> Any:
        """The mail as it is sent."""
        made: Any = super().message(**given)
        if self.pictures:
            text, html = made.get_payload()
            made.set_payload([text, self._related(html)])
        return made

    def _related(self, html: Message) -> MIMEMultipart:
        related = MIMEMultipart("related", type="text/html")
        related.attach(html)
        for picture in self.pictures:
            part = MIMEImage(picture.octets, "svg+xml")
            part["Content-ID"] = f"<{picture.cid}>"
            name = f"{picture.chart.slug}.svg"
            part.add_header("Content-Disposition", "inline", filename=name)
            related.attach(part)
        return related


def letter(mail: ReportMail, subscription: Subscription, address: str) -> Letter:
    """The mail as it goes out, in its reader's language and digits."""
    with translation.override(mail.user.language):
        told = _confirmation(subscription) if mail.report is None else _report(mail.user, mail)
        stop = link("reports:mail_stop", subscriptions.stopping_token(subscription))
        told |= {
            "language": mail.user.language,
            "direction": "rtl" if translation.get_language_bidi() else "ltr",
            "stop": stop,
        }
        pictures = _pictures(mail) if subscription.with_charts else []
        wanted = subscription.with_charts and mail.report is not None
        while True:
            told["pictures"] = pictures
            told["no_pictures"] = wanted and not pictures
            message = Letter(
                subject=told["subject"],
                body=render_to_string("reports/mail.txt", told),
                from_email=settings.DEFAULT_FROM_EMAIL,
                to=[address],
                headers=_headers(mail, stop),
                pictures=pictures,
            )
            message.attach_alternative(render_to_string("reports/mail.html", told), "text/html")
            if not pictures or len(message.message().as_bytes()) <= MOST_OCTETS:
                return message
            heaviest = max(pictures, key=lambda one: len(one.octets))
            pictures = [one for one in pictures if one is not heaviest]


def _pictures(mail: ReportMail) -> list[Picture]:
    """The charts of REO's version of a report; none where this very version was not shared.

    Never those of the program's own versions, and nothing is suppressed anew here: what REO was not
    given could be worked out beside what it was.
    """
    shared = subscriptions.shared_version(mail.report) if mail.report is not None else None
    if shared is None:
        return []
    page = SharedPage(shared, digits=mail.user.digits)
    if not page.has_charts:
        return []
    return [
        Picture(f"{slug}.{mail.pk}@{_host()}", found.chart) for slug, found in page.figures.items()
    ]


def link(name: str, *parts: object) -> str:
    """A whole address of one of our pages."""
    return settings.PUBLIC_URL.rstrip("/") + reverse(name, args=parts)


def _host() -> str:
    return urlsplit(settings.PUBLIC_URL).hostname or "localhost"


def _headers(mail: ReportMail, stop: str) -> dict[str, str]:
    headers = {
        # Of the row, so that a mail sent a second time is known by its reader's server.
        "Message-ID": f"<{mail.pk}@{_host()}>",
        "Auto-Submitted": "auto-generated",
        "Content-Language": mail.user.language,
        "List-Unsubscribe": f"<{stop}>",
    }
    if stop.startswith("https:"):
        # RFC 8058 knows one click over https alone.
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def _confirmation(subscription: Subscription) -> dict[str, Any]:
    return {
        "subject": gettext("Is this address yours?"),
        "lines": [
            gettext("Somebody asked to be told here when a weekly report is ready."),
            gettext(
                "If it was you, open the link, sign in, and say yes. It opens for three days. If it"
                " was not you, do nothing: no other mail comes."
            ),
        ],
        "action": gettext("Confirm the address"),
        "url": link("reports:mail_confirm", subscriptions.confirming_token(subscription)),
    }


def _report(user: User, mail: ReportMail) -> dict[str, Any]:
    report: Any = mail.report
    number = number_text(report.number, user.digits)
    week = week_words(report.week_start, digits=user.digits)
    words = (
        gettext("Report %(number)s, a correction: %(week)s")
        if report.revision
        else gettext("Report %(number)s: %(week)s")
    )
    lines = [
        gettext("%(site)s: the weekly report is approved. Number %(number)s, %(week)s.")
        % {"site": report.site.name, "number": number, "week": week}
    ]
    if report.revision:
        lines.append(gettext("It corrects the report of the same week."))
    lines += _counts(report, user)
    if report.site.is_demo:
        lines.append(gettext("Demo data: the incidents are made up."))
    return {
        "subject": words % {"number": number, "week": week},
        "lines": lines,
        "action": gettext("Sign in and read it"),
        "url": settings.PUBLIC_URL.rstrip("/") + report.get_absolute_url(),
    }


def _counts(report: WeeklyReport, user: User) -> list[str]:
    """The week in the whole site as it may leave the program."""

    def shown(value: Any) -> str:
        return number_text(value, user.digits)

    shared = subscriptions.shared_version(report)
    total = shared.body["total"] if shared is not None else None
    if shared is None or total is None:
        return [gettext("Its counts are not sent by mail.")]
    told = [incidents(total, shown)]
    # Of some nobody knows how many were killed: the sum of the others is no number of killed.
    known = not (report.basis_open or {}).get("recorded", {}).get("killed_unknown")
    killed = shared.body["killed"] if known else None
    if "killed" in shared.body.get("unknown", ()):
        told.append(gettext("number of killed unknown"))
    for harm, words in (
        (killed, lambda n: ngettext("%(count)s killed", "%(count)s killed", n)),
        (shared.body["injured"], lambda n: ngettext("%(count)s injured", "%(count)s injured", n)),
    ):
        if harm is not None:
            told.append(words(harm) % {"count": shown(harm)})
    return [
        gettext("Verified in the whole site: %(counts)s.") % {"counts": gettext(", ").join(told)},
        gettext(
            "Sexual violence and incidents with minors or staff are not counted in mails; counts of"
            " one or two are not sent, nor a number of killed that is not wholly known."
        ),
    ]
