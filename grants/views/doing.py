"""Carrying out a verb for a page, and saying how it went."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.translation import gettext as _

from grants.exceptions import GrantRefusal, NotForThisPerson, StepIsMissingSomething


def attempt(request: HttpRequest, act: Callable[[], Any], said: Any) -> bool:
    """Do it and say so; a refusal is said instead, one of rights is 403. Whether it was done."""
    try:
        act()
    except NotForThisPerson:
        raise PermissionDenied from None
    except GrantRefusal as refusal:
        messages.error(request, said_in_full(refusal))
        return False
    messages.success(request, str(said))
    return True


def said_in_full(refusal: GrantRefusal) -> str:
    """What a refusal says, with all that is missing where something is."""
    if not isinstance(refusal, StepIsMissingSomething) or not refusal.missing:
        return str(refusal)
    between = _("; ")
    return " ".join([_("Still missing:"), between.join(one.words for one in refusal.missing)])


def tried(
    request: HttpRequest,
    form: Any,
    act: Callable[[], Any],
    *,
    at: Mapping[type[GrantRefusal], str] | None = None,
) -> Any | None:
    """Do what a valid form asks and return it; a refusal stands in the form, nothing typed is lost.

    None where it was refused. `at` says which refusal belongs to which field. What is for somebody
    else to do is 403.
    """
    try:
        return act()
    except NotForThisPerson:
        raise PermissionDenied from None
    except GrantRefusal as refusal:
        field = (at or {}).get(type(refusal))
        form.add_error(field if field in form.fields else None, said_in_full(refusal))
        return None


def me(request: HttpRequest) -> Any:
    """Who asks: somebody signed in, since `@requires` came first."""
    return request.user
