"""Carrying out a verb for a page, and saying how it went."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from outreach.exceptions import NotForThisPerson, OutreachRefusal


def attempt(request: HttpRequest, act: Callable[[], Any], said: Any) -> bool:
    """Do it and say so; a refusal is said instead, one of rights is 403. Whether it was done."""
    try:
        act()
    except NotForThisPerson:
        raise PermissionDenied from None
    except OutreachRefusal as refusal:
        messages.error(request, str(refusal))
        return False
    messages.success(request, str(said))
    return True


def me(request: HttpRequest) -> Any:
    """Who asks: somebody signed in, since `@requires` came first."""
    return request.user


def retype(form: Any, **values: str) -> None:
    """Put hidden values of a sent form as they stand now; what was typed stays as it was."""
    form.data = form.data.copy()
    for name, value in values.items():
        form.data[name] = value
