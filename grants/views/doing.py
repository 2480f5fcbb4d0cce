"""Carrying out a verb for a page, and saying how it went."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.translation import gettext as _

from ceasefire.look import doing
from grants.exceptions import GrantRefusal, NotForThisPerson, StepIsMissingSomething


def said_in_full(refusal: GrantRefusal) -> str:
    """What a refusal says, with all that is missing where something is."""
    if not isinstance(refusal, StepIsMissingSomething) or not refusal.missing:
        return str(refusal)
    between = _("; ")
    return " ".join([str(refusal.opening), between.join(one.words for one in refusal.missing)])


#: Do it and say so, or say the refusal and all that is missing; True where it was done.
attempt = partial(
    doing.attempt, refusal=GrantRefusal, forbidden=NotForThisPerson, in_words=said_in_full
)


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
