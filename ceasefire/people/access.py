"""`@requires`: which permission a view asks for. 403 without it, sign-in for the signed out."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

View = Callable[..., HttpResponseBase]


def requires(*permissions: str) -> Callable[[View], View]:
    """Answer 403 unless the person's role holds one of `permissions`, mostly a single one.

    LoginRequiredMiddleware came first, so somebody is signed in.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not any(map(request.user.has_perm, permissions)):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        asked = permissions[0] if len(permissions) == 1 else permissions
        guarded.required_permission = asked  # type: ignore[attr-defined]
        return guarded

    return decorate


def everyone_signed_in(view: View) -> View:
    """Mark a view that every signed-in person may open (home, own account)."""
    view.required_permission = None  # type: ignore[attr-defined]
    return view


def asked_by_itself(view: View) -> View:
    """Mark a view that an open page asks without anybody at it: it keeps no session alive."""
    view.asked_by_itself = True  # type: ignore[attr-defined]
    return view
