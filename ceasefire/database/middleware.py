"""Runs each view inside the asking person's own database session."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse

from ceasefire.database.session import acting

#: Views that only ever touch the signed-in person's own account (password, sessions, second step)
#: run under the application's role for everybody: a module's views are listed by prefix.
OWN_ACCOUNT_MODULES = ("allauth.", "ceasefire.accounts.own_views")


class DatabaseSessionMiddleware:
    """Opens `acting(request.user)` just before the view and closes it after the page is rendered.

    The last middleware, so nothing else runs inside. A view that raises rolls everything back
    before any error page is made; a template response is rendered inside, so that what it reads is
    read under the same role. A streamed response opens its own session (ceasefire.exports).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # Still open unless the view failed: the commit happens here, before the answer leaves.
        self._close(request)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> None:
        if "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            # PostgreSQL keeps no NUL in any text; forms refuse it themselves.
            raise BadRequest
        if getattr(view, "without_database", False):
            return
        user = request.user
        if user.is_authenticated and view.__module__.startswith(OWN_ACCOUNT_MODULES):
            user = None
        stack = ExitStack()
        stack.enter_context(acting(user))
        request.database_session = stack  # type: ignore[attr-defined]

    def process_exception(self, request: HttpRequest, error: Exception) -> None:
        """Roll back; what becomes of the error is decided by others."""
        self._close(request, error)

    def _close(self, request: HttpRequest, error: Exception | None = None) -> None:
        stack = request.__dict__.pop("database_session", None)
        if stack is None:
            return
        if error is None:
            stack.close()
        else:
            stack.__exit__(type(error), error, error.__traceback__)
