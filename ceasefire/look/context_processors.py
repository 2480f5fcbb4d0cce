"""What the base templates need on every page, and nothing that asks the database twice."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language, get_language_bidi

from ceasefire import worklist
from ceasefire.look.navigation import navigation

#: Each language is offered in its own words.
LANGUAGES = (("ar", "العربية", "rtl"), ("en", "English", "ltr"))


def look(request: HttpRequest) -> dict[str, Any]:
    """Return language, direction, navigation and site name for the templates.

    Everything that would touch the session or the database is lazy, so that a page which shows none
    of it (an error page, a health check) stays free of both.
    """
    language = (get_language() or settings.LANGUAGE_CODE).split("-")[0]
    return {
        "language": language,
        "direction": "rtl" if get_language_bidi() else "ltr",
        "other_languages": [entry for entry in LANGUAGES if entry[0] != language],
        "navigation": SimpleLazyObject(lambda: _navigation(request)),
        "site_name": SimpleLazyObject(lambda: _site_name(request)),
        "is_demo": _is_demo(),
        "language_url": _url("language_set"),
        "leave_url": _url("leave"),
        "away_url": _url("away"),
        "token_url": _url("token"),
        "account_url": _url("account"),
        "notices_url": SimpleLazyObject(lambda: _notices_url(request)),
        # Called by the template, once however often it is named; a number is no object to be lazy.
        "unread": lru_cache(maxsize=1)(lambda: _unread(request)),
    }


def _is_demo() -> bool:
    """True in demo mode, where every page says that the people and cases are made up."""
    return getattr(settings, "MODE", "demo") == "demo"


def _navigation(request: HttpRequest) -> Any:
    return navigation(getattr(request, "user", None), request.path_info)


def _site_name(request: HttpRequest) -> str:
    """Return the name of the person's site, or nothing when there are several or none.

    REO's database role may not read the sites, and needs none: its figures are of districts.
    """
    user = getattr(request, "user", None)
    if not getattr(user, "is_authenticated", False) or user.is_reo:
        return ""
    try:
        sites = list(user.sites.all()[:2])
    except DatabaseError:  # an error page is shown inside a transaction that already failed
        return ""
    return str(sites[0].name) if len(sites) == 1 else ""


def _notices_url(request: HttpRequest) -> str:
    """Return the address of the person's notices; nothing for roles that have none."""
    user = getattr(request, "user", None)
    if not getattr(user, "is_authenticated", False):
        return ""
    return _url("notification_list") if user.has_perm("worklist.view_notification") else ""


def _unread(request: HttpRequest) -> int:
    """Return how many notices wait to be read: one look at a small index, and only for the bell."""
    if not _notices_url(request):
        return 0
    try:
        return worklist.unread(request.user)
    except DatabaseError:  # an error page is shown inside a transaction that already failed
        return 0


def _url(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
