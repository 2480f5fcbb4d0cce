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
