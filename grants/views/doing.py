"""Carrying out a verb for a page, and saying how it went."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from grants.exceptions import GrantRefusal, NotForThisPerson


def attempt(request: HttpRequest, act: Callable[[], Any], said: Any) -> bool:
    """Do it and say so; a refusal is said instead, one of rights is 403. Whether it was done."""
    try:
        act()
    except NotForThisPerson:
        raise PermissionDenied from None
    except GrantRefusal as refusal:
        messages.error(request, str(refusal))
        return False
    messages.success(request, str(said))
    return True


def tried(request: HttpRequest, form: Any, act: Callable[[], Any]) -> Any | None:
    """Do what a valid form asks and return it; a refusal stands in the form, nothing typed is lost.

    None where it was refused. What is for somebody else to do is 403.
    """
    try:
        return act()
    except NotForThisPerson:
        raise PermissionDenied from None
    except GrantRefusal as refusal:
        form.add_error(None, str(refusal))
        return None


def me(request: HttpRequest) -> Any:
    """Who asks: somebody signed in, since `@requires` came first."""
    return request.user
