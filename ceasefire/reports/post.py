"""The way to the mail server: one mail handed over, and what the answer means.

A mail counts as handed over from the moment the server is given its text (SMTP's DATA). Before
that nothing can have gone, so another attempt is safe; a refusal is final or for now as the
server's answer says. Where the line breaks after it, nobody knows: `HandingBroke`.

No message of an exception leaves here: it would quote the address.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends import filebased, smtp

from ceasefire.reports.subscription_models import ReportMail

Why = ReportMail.Why
#: Answers from here on are final (RFC 5321, 4.2.1).
FINAL = 500


class NotHandedOver(Exception):
    """The mail certainly did not go. `final`: another attempt would end alike."""

    def __init__(self, why: str, *, final: bool = False) -> None:
        super().__init__(why)
        self.why, self.final = why, final


class HandingBroke(Exception):
    """The line broke while the server had the text: the mail went, or it did not."""


def keeps_files() -> bool:
    """Whether no mail server is set, so that mails are laid into the data folder."""
    return not settings.EMAIL_HOST


def hand_over(message: EmailMessage, *, about_to: Callable[[], None]) -> None:
    """Give one mail to the server, or lay it into the folder.

    `about_to` is called just before the text goes, and may raise to leave it. Raises
    `NotHandedOver` or `HandingBroke`; returns when the server has taken the mail.
    """
    post = get_connection()
    given = False

    def give() -> None:
        nonlocal given
        about_to()
        given = True

    try:
        if isinstance(post, smtp.EmailBackend):
            post.open()
            _tell_before_data(post.connection, give)
        else:
            if isinstance(post, filebased.EmailBackend):
                # Mails hold addresses: for this account's eyes only.
                Path(post.file_path).chmod(0o700)
            give()
        post.send_messages([message])
    except smtplib.SMTPDataError as error:
        # The server has read the text and says no.
        raise NotHandedOver(Why.CONTENT, final=error.smtp_code >= FINAL) from None
    except (smtplib.SMTPException, OSError, ValueError) as error:
        if given:
            raise HandingBroke from None
        raise _refusal(error) from None
    finally:
        with suppress(Exception):
            # The mail is taken; how the farewell goes changes nothing.
            post.close()


def _tell_before_data(client: Any, give: Callable[[], None]) -> None:
    """Have `give` called when the client is about to send the text."""
    send = client.data

    def data(content: Any) -> Any:
        give()
        return send(content)

    client.data = data


def _refusal(error: Exception) -> NotHandedOver:
    match error:
        case smtplib.SMTPRecipientsRefused():
            codes = [code for code, _said in error.recipients.values()]
            return NotHandedOver(Why.RECIPIENT, final=all(code >= FINAL for code in codes))
        case smtplib.SMTPAuthenticationError():
            # Somebody may mend the password, so it is tried again.
            return NotHandedOver(Why.LOGIN)
        case smtplib.SMTPSenderRefused():
            return NotHandedOver(Why.SENDER)
        case ssl.SSLError() | smtplib.SMTPNotSupportedError():
            return NotHandedOver(Why.ENCRYPTION)
        case ValueError():
            # An address that no header can carry.
            return NotHandedOver(Why.RECIPIENT, final=True)
    return NotHandedOver(Why.CONNECTION)
