"""Carrying out a verb for a page, and saying how it went."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest


def attempt(
    request: HttpRequest,
    act: Callable[[], Any],
    said: Any,
    *,
    refusal: type[Exception],
    forbidden: type[Exception],
    in_words: Callable[[Any], str] = str,
) -> bool:
    """Do it and say so; a refusal is said instead, one of rights is 403. Whether it was done.

    `refusal` and `forbidden` are the app's own exceptions; the second may be one of the first.
    `in_words` says a refusal where its own text is not all of it.
    """
    try:
        act()
    except forbidden:
        raise PermissionDenied from None
    except refusal as why:
        messages.error(request, in_words(why))
        return False
    messages.success(request, str(said))
    return True
