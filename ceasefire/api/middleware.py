"""Whose device asks. Sessions never serve the API, tokens never serve a page."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import gettext as _

from ceasefire import audit
from ceasefire.api import services
from ceasefire.api.answers import is_api, problem
from ceasefire.api.exceptions import Refused
from ceasefire.people import lockout

#: Stands for all unknown tokens of an address; no user name holds a colon.
UNKNOWN = "api:token"
#: So many an address may send before it has to wait.
FREE_TOKENS = 20
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="ceasefire"'}


class DeviceMiddleware:
    """Knows the device of a request under /api/ by its token, before the view's database session.

    Stands before the session's middleware: what a browser sends by itself is dropped, so no page of
    another site can use somebody's session here, and no session is made.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if is_api(request):
            request.COOKIES = {}
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if not is_api(request):
            return None
        request.user = AnonymousUser()
        try:
            device = known_device(request)
        except Refused as refused:
            return problem(refused)
        request.user, request.device = device.user, device  # type: ignore[attr-defined]
        if not _names_language(request):
            translation.activate(device.user.language)
            request.LANGUAGE_CODE = device.user.language
        services.note_use(device)
        return None


def known_device(request: HttpRequest) -> Any:
    """The token of a request, or the refusal of it.

    A wrong one is counted by address; a right one is always let in, so that nobody's wrong tokens
    lock out a colleague behind the same line. 256 random bits are not guessed: the count keeps the
    database from being asked without end.
    """
    kind, _space, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise Refused(401, "no_token", _("Send a device's token."), headers=CHALLENGE)
    token = token.strip()
    device = services.find_token(token)
    if device is None:
        _refuse(request, token)
    if services.lacks_second_step(device.user):
        raise Refused(403, "second_step", _("Set up two-step sign-in first."))
    return device


def _refuse(request: HttpRequest, token: str) -> None:
    address = lockout.client_address(request)
    wait = lockout.locked_for(UNKNOWN, address)
    if wait is not None:
        again = {"Retry-After": str(max(1, int(wait.total_seconds())))}
        words = _("Too many unknown tokens from this address. Wait.")
        raise Refused(429, "too_many", words, headers=again)
    if not services.was_once_known(token):
        lockout.note_failure(UNKNOWN, address, free=FREE_TOKENS)
        if lockout.locked_for(UNKNOWN, address) is not None:
            audit.record("api.address_locked")
    raise Refused(
        401, "unknown_token", _("This token opens nothing, or no longer."), headers=CHALLENGE
    )


def _names_language(request: HttpRequest) -> bool:
    asked = request.headers.get("Accept-Language", "").lower()
    return any(part.strip()[:2] in {"ar", "en"} for part in asked.split(","))
