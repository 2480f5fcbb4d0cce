"""What the mails say: a report announced, and the question whether an address is theirs.

A mail lies in somebody's mailbox, on a server of somebody else, on a phone that may be looked
through. So it says no more than what REO may read (`sharing`: without sexual violence, minors and
staff, small counts hidden), of the whole site only: no place within it, no type, no sentence that a
person wrote. The subject says number and week. It is the same for all readers of a language.

Text and HTML, with links only: no picture is loaded, so opening it tells nobody anything, and no
chart goes along, since each shows weeks and districts finer than a mail may say (and most mail
programs show no SVG).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext, ngettext

from ceasefire.look.numbers import number_text
from ceasefire.people.models import User
from ceasefire.reports import subscriptions
from ceasefire.reports.models import ReportMail, Subscription, WeeklyReport
from ceasefire.reports.presentation import week_words
from ceasefire.reports.sentences import incidents


def letter(mail: ReportMail, subscription: Subscription, address: str) -> EmailMultiAlternatives:
    """The mail as it goes out, in its reader's language and digits."""
    with translation.override(mail.user.language):
        told = _confirmation(subscription) if mail.report is None else _report(mail.user, mail)
        stop = link("reports:mail_stop", subscriptions.stopping_token(subscription))
        told |= {
            "language": mail.user.language,
            "direction": "rtl" if translation.get_language_bidi() else "ltr",
            "stop": stop,
        }
        message = EmailMultiAlternatives(
            subject=told["subject"],
            body=render_to_string("reports/mail.txt", told),
            from_email=settings.DEFAULT_FROM_EMAIL,
            to=[address],
            headers=_headers(mail, stop),
        )
        message.attach_alternative(render_to_string("reports/mail.html", told), "text/html")
    return message


def link(name: str, *parts: object) -> str:
    """A whole address of one of our pages."""
    return settings.PUBLIC_URL.rstrip("/") + reverse(name, args=parts)


def _headers(mail: ReportMail, stop: str) -> dict[str, str]:
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    headers = {
        # Of the row, so that a mail sent a second time is known by its reader's server.
        "Message-ID": f"<{mail.pk}@{host}>",
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
