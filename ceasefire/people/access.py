"""`@requires`: which permission a view asks for. 403 without it, sign-in where nobody is signed in."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

View = Callable[..., HttpResponse]


def requires(permission: str) -> Callable[[View], View]:
    """Answer 403 unless the person's role holds `permission` (LoginRequiredMiddleware came first)."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.has_perm(permission):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.required_permission = permission  # type: ignore[attr-defined]
        return guarded

    return decorate


def everyone_signed_in(view: View) -> View:
    """Mark a view that every signed-in person may open (home, own account)."""
    view.required_permission = None  # type: ignore[attr-defined]
    return view
