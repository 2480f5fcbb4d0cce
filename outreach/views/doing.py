"""Carrying out a verb for a page, and saying how it went."""

from functools import partial
from typing import Any

from django.http import HttpRequest

from ceasefire.look import doing
from outreach.exceptions import NotForThisPerson, OutreachRefusal

#: Do it and say so, or say the refusal; True where it was done.
attempt = partial(doing.attempt, refusal=OutreachRefusal, forbidden=NotForThisPerson)


def me(request: HttpRequest) -> Any:
    """Who asks: somebody signed in, since `@requires` came first."""
    return request.user


def retype(form: Any, **values: str) -> None:
    """Put hidden values of a sent form as they stand now; what was typed stays as it was."""
    form.data = form.data.copy()
    for name, value in values.items():
        form.data[name] = value
