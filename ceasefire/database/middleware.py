"""Runs each view inside the asking person's own database session."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from ceasefire.database.session import acting

#: Views that only ever touch the signed-in person's own account (password, sessions, second step)
#: run under the application's role for everybody: a module's views are listed by prefix.
OWN_ACCOUNT_MODULES = ("allauth.", "ceasefire.accounts.own_views")


class DatabaseSessionMiddleware:
    """Opens `acting(request.user)` around the view; the last middleware, so nothing runs inside.

    A view that raises rolls everything back. A template response is rendered inside, so that what
    it reads is read under the same role. A streamed response opens its own session where it is
    made (ceasefire.exports).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if getattr(view, "without_database", False):
            return None
        user = request.user
        if user.is_authenticated and view.__module__.startswith(OWN_ACCOUNT_MODULES):
            user = None
        with acting(user):
            response = view(request, *args, **kwargs)
            if not isinstance(response, StreamingHttpResponse) and callable(
                getattr(response, "render", None)
            ):
                response = response.render()
        return response
