"""Addresses of a test: two people who each hold what the other wants next."""

import threading
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.urls import path

from ceasefire import audit
from ceasefire.places.models import Site
from ceasefire.urls import handler400, handler403, handler404, handler500  # noqa: F401
from ceasefire.urls import urlpatterns as of_the_program

#: Both hold their first row before either asks for the second; set anew by each test.
met: dict[str, Any] = {"barrier": threading.Barrier(2), "times": 1, "runs": []}


def _hold(code: str) -> Site:
    return Site.objects.select_for_update().get(code=code)


def _cross(request: HttpRequest, first: str, second: str) -> None:
    met["runs"].append(first)
    _hold(first)
    if met["runs"].count(first) <= met["times"]:
        met["barrier"].wait(10)
    _hold(second)
    audit.record("incident.linked", subject=Site.objects.get(code=first), by=request.user)
    request.session["said"] = request.session.get("said", 0) + 1
    messages.success(request, f"done {first}")


def cross(request: HttpRequest, first: str, second: str) -> HttpResponse:
    """Hold one site, then the other; say what was sent."""
    request.seen = getattr(request, "seen", 0) + 1
    note = request.POST.get("note", "")
    sent = request.FILES["paper"].read().decode() if request.FILES else ""
    # What was said before the loss is not said twice.
    messages.info(request, f"begun {first}")
    _cross(request, first, second)
    return HttpResponse(f"{note}{sent} {request.seen} {request.session['said']}")


def cross_late(request: HttpRequest, first: str, second: str) -> HttpResponse:
    """The same while the page is rendered, after the view."""

    class Late:
        def __str__(self) -> str:
            _cross(request, first, second)
            return "late"

    template = engines["django"].from_string("{{ it }}")
    return TemplateResponse(request, template, {"it": Late()})


def cross_once(request: HttpRequest, first: str, second: str) -> HttpResponse:
    """A view that may not run twice."""
    _cross(request, first, second)
    return HttpResponse("once")


cross_once.only_once = True  # type: ignore[attr-defined]

urlpatterns = [
    path("cross/<str:first>/<str:second>/", cross),
    path("late/<str:first>/<str:second>/", cross_late),
    path("once/<str:first>/<str:second>/", cross_once),
    *of_the_program,
]
