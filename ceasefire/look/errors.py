"""What people see when something went wrong: in words, with a way on, and without detail.

403 and 404 look like every other page. The others are made without the database and the session,
since these may be what failed: no context processor, the language from the cookie or the browser.
"""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import REASON_NO_CSRF_COOKIE, get_token
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from ceasefire.look.headers import forget

#: Seconds after which a browser or a waiting form may ask again.
RETRY_AFTER = 10


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: the request could not be read."""
    return _plain(request, "400.html", 400)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: this person may see the record but not do this."""
    return HttpResponse(render_to_string("403.html", {}, request=request), status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: absent, or not for this person, which look the same."""
    return HttpResponse(render_to_string("404.html", {}, request=request), status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500: our fault. When the database is away it is a 503, to be tried again soon."""
    if _database_is_away(sys.exc_info()[1]):
        if request.path in (reverse("leave"), reverse("away")):
            return _left(request)
        return service_unavailable(request)
    return _plain(request, "500.html", 500)


def service_unavailable(request: HttpRequest) -> HttpResponse:
    """503 with Retry-After, made without database and session."""
    response = _plain(request, "503.html", 503)
    response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def _left(request: HttpRequest) -> HttpResponse:
    """The empty page of the quick exit, which has to come also while the database is away.

    The session can not be ended then, so the browser forgets it; its row runs out by itself.
    """
    response = forget(_plain(request, "away.html", 200))
    response.delete_cookie(
        settings.SESSION_COOKIE_NAME,
        path=settings.SESSION_COOKIE_PATH,
        domain=settings.SESSION_COOKIE_DOMAIN,
        samesite="Lax",
    )
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: the form's mark is old or missing. Says how to go on with what was typed."""
    context = {"no_cookie": reason == REASON_NO_CSRF_COOKIE}
    return _plain(request, "403_csrf.html", 403, context)


def _database_is_away(error: BaseException | None) -> bool:
    """True when a chain of exceptions holds a lost or refused database connection."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, OperationalError | InterfaceError):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def _plain(
    request: HttpRequest, template: str, status: int, context: dict[str, Any] | None = None
) -> HttpResponse:
    """Render a page without context processors, in the language of the cookie or the browser."""
    language = translation.get_language_from_request(request)
    with translation.override(language):
        page = render_to_string(
            template,
            {
                "language": language,
                "direction": "rtl" if translation.get_language_bidi() else "ltr",
                "is_demo": getattr(settings, "MODE", "") == "demo",
                "here": request.get_full_path() if request.method == "GET" else "",
                # The cookie alone tells that somebody is signed in; the mark comes from a cookie
                # too.
                "leave_url": reverse("leave"),
                "away_url": reverse("away"),
                "leave": settings.SESSION_COOKIE_NAME in request.COOKIES,
                "csrf_token": get_token(request),
                **(context or {}),
            },
        )
    response = HttpResponse(page, status=status)
    response.headers["Cache-Control"] = "no-store, private"
    response.headers["Content-Language"] = language
    return response
