"""Runs each view inside the asking person's own database session."""

import copy
import logging
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from django.contrib.auth import get_user
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from ceasefire.database import races
from ceasefire.database.session import acting

log = logging.getLogger(__name__)

#: Views that only ever touch the signed-in person's own account (password, sessions, second step)
#: run under the application's role for everybody: a module's views are listed by prefix.
OWN_ACCOUNT_MODULES = (
    "allauth.",
    "ceasefire.accounts.own_views",
    "ceasefire.reports.subscription_views",
)

#: What was read of a request's body, which can be read but once.
_READ = ("_body", "_post", "_files", "_read_started", "_data", "_stream", "_post_parse_error")


class DatabaseSessionMiddleware:
    """Opens `acting(request.user)` just before the view and closes it after the page is rendered.

    The last middleware, so nothing else runs inside. A view that raises rolls everything back
    before any error page is made; a template response is rendered inside, so that what it reads is
    read under the same role. A streamed response opens its own session (ceasefire.exports).

    A request that PostgreSQL ended because it and another waited for each other is run again from
    its view on, at most `races.ATTEMPTS` times in all: it was rolled back whole. Not a view of
    one's own account, which writes to the session, and none marked `only_once`. What still fails
    is answered with 503.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        before = _Before(request)
        attempt = 1
        while True:
            request.may_run_again = attempt < races.ATTEMPTS  # type: ignore[attr-defined]
            response = self.get_response(request)
            try:
                # Still open unless the view failed: the commit happens here, before the answer
                # leaves.
                self._close(request)
            except Exception as error:
                if not self._runs_again(request, error):
                    raise
            if not request.__dict__.pop("lost_to_another", False):
                return response
            # Not `response.close()`: to Django that is the end of the request.
            log.warning("a request lost to another and is run again, attempt %s", attempt)
            races.pause(attempt)
            before.restore(request)
            attempt += 1

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
        if user is None or not user.is_authenticated or getattr(view, "only_once", False):
            request.may_run_again = False  # type: ignore[attr-defined]
        stack = ExitStack()
        stack.enter_context(acting(user))
        request.database_session = stack  # type: ignore[attr-defined]

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Roll back; what becomes of the error is decided by others, or the view is run again."""
        had_session = "database_session" in request.__dict__
        self._close(request, error)
        if had_session and self._runs_again(request, error):
            # Never sent: __call__ asks again.
            return HttpResponse(status=503)
        return None

    def _runs_again(self, request: HttpRequest, error: Exception) -> bool:
        again = (
            bool(getattr(request, "may_run_again", False))
            and races.is_lost(error)
            and _can_be_read_again(request)
        )
        if again:
            request.lost_to_another = True  # type: ignore[attr-defined]
        return again

    def _close(self, request: HttpRequest, error: Exception | None = None) -> None:
        stack = request.__dict__.pop("database_session", None)
        if stack is None:
            return
        if error is None:
            stack.close()
        else:
            stack.__exit__(type(error), error, error.__traceback__)


def _can_be_read_again(request: HttpRequest) -> bool:
    """Whether the body was not touched, or is kept as it was read."""
    kept = request.__dict__
    if kept.get("_read_started") and not ("_body" in kept or "_post" in kept):
        return False
    files = kept.get("_files") or {}
    return not any(
        file.closed for name in files for file in files.getlist(name) if hasattr(file, "closed")
    )


class _Before:
    """A request as it came to the view, to be put back before the view runs again."""

    def __init__(self, request: HttpRequest) -> None:
        self.names = dict(request.__dict__)
        session = request.__dict__.get("session")
        self.session = None
        if session is not None:
            self.session = (
                copy.deepcopy(session.__dict__.get("_session_cache")),
                session.accessed,
                session.modified,
            )

    def restore(self, request: HttpRequest) -> None:
        """Drop what the attempt left on the request, its session and its messages."""
        read = {name: request.__dict__[name] for name in _READ if name in request.__dict__}
        request.__dict__.clear()
        request.__dict__.update(self.names, **read)
        for name in read.get("_files") or {}:
            for file in read["_files"].getlist(name):
                file.seek(0)
        if self.session is not None:
            session = request.session
            cache, session.accessed, session.modified = self.session
            if cache is None:
                session.__dict__.pop("_session_cache", None)
            else:
                session._session_cache = copy.deepcopy(cache)
        said = request.__dict__.get("_messages")
        if said is not None:
            said._queued_messages.clear()
            said.used = said.added_new = False
        if "_cached_user" in request.__dict__:
            # Read again: the view may have changed it.
            del request._cached_user  # type: ignore[attr-defined]
            request.user = SimpleLazyObject(lambda: get_user(request))  # type: ignore[assignment]
