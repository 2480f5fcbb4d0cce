"""A session lives while its person may sign in, is not idle too long, and is not too old."""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import translation
from django.utils.translation import gettext as _

STARTED = "started_at"
SEEN = "seen_at"
#: The last-seen mark is written at most this often, so that reading a page is no write.
SEEN_STEP_SECONDS = 60


class LiveSessionMiddleware:
    """Ends a session at the next request once the person is disabled, idle or signed in too long.

    Also puts the person's own language first, before cookie and browser.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if user.is_authenticated:
            ended = self._why_ended(request)
            if ended:
                logout(request)
                request.ended_because = ended  # type: ignore[attr-defined]
            else:
                translation.activate(user.language)
                request.LANGUAGE_CODE = user.language
        elif SESSION_KEY in request.session:
            # The sign-in already sees nobody (disabled meanwhile); let nothing of theirs linger.
            logout(request)
        return self.get_response(request)

    def _why_ended(self, request: HttpRequest) -> str:
        user, session, now = request.user, request.session, int(time.time())
        if not user.may_sign_in():
            return "disabled"
        started = session.setdefault(STARTED, now)
        seen = session.get(SEEN, now)
        idle = settings.SESSION_IDLE_MINUTES["field" if user.is_field else "office"] * 60
        if now - started > settings.SESSION_ABSOLUTE_HOURS * 3600:
            return "too old"
        if now - seen > idle:
            return "idle"
        session.setdefault(SEEN, now)
        return ""

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> None:
        """Count a request as a sign of life, unless the page asked by itself."""
        if not request.user.is_authenticated or getattr(view, "asked_by_itself", False):
            return
        now = int(time.time())
        if now - request.session.get(SEEN, now) >= SEEN_STEP_SECONDS:
            request.session[SEEN] = now


class SecondStepMiddleware:
    """Where two-step sign-in is forced, a person without it sees only the page to set it up."""

    OPEN_PREFIXES = (
        "/accounts/",
        "/account/",
        "/static/",
        "/livez",
        "/readyz",
        "/language/",
    )

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if (
            settings.REQUIRE_MFA
            and request.user.is_authenticated
            and not request.path.startswith(self.OPEN_PREFIXES)
            and not self._enrolled(request)
        ):
            messages.info(request, _("Set up two-step sign-in first."))
            return redirect("mfa_activate_totp")
        return self.get_response(request)

    def _enrolled(self, request: HttpRequest) -> bool:
        from allauth.mfa.utils import is_mfa_enabled

        return bool(is_mfa_enabled(request.user))
