"""Refusals of the token verbs, and of a request."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

Fields = Mapping[str, Sequence[Mapping[str, Any]]]


class TokenRefusal(Exception):
    """A verb on tokens that may not be carried out; `message` says why."""

    message = _("This cannot be done.")

    def __str__(self) -> str:
        return str(self.message)


class NotForThisPerson(TokenRefusal):
    message = _("This is for somebody else to do.")


class TooManyTokens(TokenRefusal):
    message = _("At most 10 devices at a time. Revoke one first.")


class SecondStepFirst(TokenRefusal):
    message = _("Set up two-step sign-in first.")


class Refused(Exception):
    """A request that is answered with an error: status, code, words, and errors by field."""

    def __init__(
        self,
        status: int,
        code: str,
        message: Any,
        *,
        fields: Fields | None = None,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message
        self.fields, self.headers, self.more = fields, headers or {}, more or {}
