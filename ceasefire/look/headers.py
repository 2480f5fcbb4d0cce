"""Headers that every answer carries beside those of Django's own security middleware."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

#: What no page of ours may use. The place of an incident may be asked of the phone, by our own
#: pages.
PERMISSIONS_POLICY = ", ".join(
    (
        "accelerometer=()",
        "autoplay=()",
        "browsing-topics=()",
        "camera=()",
        "display-capture=()",
        "fullscreen=(self)",
        "geolocation=(self)",
        "gyroscope=()",
        "magnetometer=()",
        "microphone=()",
        "midi=()",
        "payment=()",
        "usb=()",
    )
)


class SafeHeadersMiddleware:
    """Keep answers off the device and the browser's reach small.

    `no-store` goes on everything that may belong to a person: any answer to a request with a
    session cookie, and any answer that sets a cookie. Static files are served before this
    middleware and stay cacheable. It reads no session and no database, so it works while both are
    down.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method == "GET" and request.headers.get("X-Requested-With") == "fetch":
            # A form that was sent by script only asks where it leads: the browser loads that page
            # itself, so it is not made twice, and what it has to say is not used up unseen.
            return HttpResponse(status=204)
        response = self.get_response(request)
        if settings.SESSION_COOKIE_NAME in request.COOKIES or response.cookies:
            response.headers["Cache-Control"] = "no-store, private"
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        return response


def forget(response: HttpResponse) -> HttpResponse:
    """Ask the browser to drop what it cached; put on the answers of signing out and of leaving."""
    response.headers["Clear-Site-Data"] = '"cache"'
    return response
