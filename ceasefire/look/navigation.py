"""Where a person can go: one table of places, ordered by role.

An item names the address it opens. It is shown when that address exists in this version and the
person may open the view behind it, which is read from the view's own `@requires`, so that
navigation and access can never disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.urls import Resolver404, get_script_prefix, resolve
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

#: Keyboard shortcuts of the most visited places (static/js/keys.js).
KEYS = {
    "home": "g h",
    "log": "n",
    "incidents": "g i",
    "board": "g b",
    "review": "g r",
    "map": "g m",
    "dashboard": "g d",
}
#: The bottom bar of a phone holds at most this many.
BAR_SIZE = 5


@dataclass(frozen=True)
class Item:
    """One place to go."""

    key: str
    label: str | Promise
    short: str | Promise
    icon: str
    path: str
    group: str


@dataclass(frozen=True)
class Link:
    """An item as shown to one person on one page."""

    key: str
    label: str | Promise
    short: str | Promise
    icon: str
    url: str
    group: str
    current: bool
    keys: str = ""


@dataclass(frozen=True)
class Navigation:
    """All links of a person (side), those of the bottom bar, and those behind "More"."""

    side: tuple[Link, ...]
    bar: tuple[Link, ...]
    more: tuple[Link, ...]

    @property
    def groups(self) -> list[tuple[Any, list[Link]]]:
        """The side links under their headings, in the order of the table of groups."""
        found: list[tuple[Any, list[Link]]] = []
        for group, heading in GROUPS:
            links = [link for link in self.side if link.group == group]
            if links:
                found.append((heading, links))
        return found

    @property
    def more_is_current(self) -> bool:
        """True when the page in view is one of those behind "More"."""
        return any(link.current for link in self.more)


GROUPS = (
    ("start", ""),
    ("incidents", _("Incidents")),
    ("outreach", _("Outreach")),
    ("grants", _("Grants")),
    ("knowledge", _("Reports")),
    ("oversight", _("Oversight")),
)

ITEMS = (
    Item("home", _("Home"), _("Home"), "home", "/", "start"),
    Item("board", _("72-hour board"), _("Board"), "board", "/incidents/board/", "incidents"),
    Item("log", _("Log an incident"), _("Log"), "log", "/incidents/new/", "incidents"),
    Item("incidents", _("All incidents"), _("Incidents"), "list", "/incidents/", "incidents"),
    Item("review", _("Review"), _("Review"), "review", "/incidents/review/", "incidents"),
    Item("map", _("Map"), _("Map"), "map", "/incidents/map/", "incidents"),
    Item("import", _("Import"), _("Import"), "upload", "/incidents/import/", "incidents"),
    Item("caseload", _("Caseload"), _("Participants"), "people", "/outreach/", "outreach"),
    Item(
        "conflicts", _("Conflicts"), _("Conflicts"), "conflict", "/outreach/conflicts/", "outreach"
    ),
    Item(
        "supervision",
        _("Supervision"),
        _("Team"),
        "person",
        "/outreach/supervision/",
        "outreach",
    ),
    Item("fidelity", _("Fidelity"), _("Fidelity"), "table", "/outreach/fidelity/", "outreach"),
    Item("day-log", _("Daily log"), _("Daily log"), "calendar", "/outreach/log/", "outreach"),
    Item("events", _("Events"), _("Events"), "bell", "/outreach/events/", "outreach"),
    Item("rules", _("Rules"), _("Rules"), "list", "/outreach/rules/", "outreach"),
    Item("grants", _("Grants"), _("Grants"), "money", "/grants/", "grants"),
    Item(
        "organisations",
        _("Organisations"),
        _("Organisations"),
        "organisation",
        "/grants/organisations/",
        "grants",
    ),
    Item("payments", _("Payments"), _("Payments"), "fund", "/grants/payments/", "grants"),
    Item(
        "grant-reports",
        _("Grant reports"),
        _("Reports"),
        "table",
        "/grants/reports/",
        "grants",
    ),
    Item(
        "publishing",
        _("Publishing"),
        _("Publishing"),
        "report",
        "/grants/publishing/",
        "grants",
    ),
    Item("dashboard", _("Dashboard"), _("Dashboard"), "dashboard", "/dashboard/", "knowledge"),
    Item("reports", _("Weekly reports"), _("Reports"), "report", "/reports/", "knowledge"),
    Item("audit", _("Audit trail"), _("Audit"), "audit", "/audit/", "oversight"),
    Item("people", _("Users"), _("Users"), "people", "/people/", "oversight"),
    Item("places", _("Places"), _("Places"), "place", "/places/", "oversight"),
    Item("codes", _("Code lists"), _("Codes"), "list", "/codes/", "oversight"),
    Item("jobs", _("Jobs"), _("Jobs"), "jobs", "/jobs/", "oversight"),
)

#: What a role reaches with the thumb, most used first. What is left goes behind "More".
BAR_ORDER: dict[str, tuple[str, ...]] = {
    "interrupter": ("board", "log", "caseload", "incidents", "reports", "home"),
    "worker": ("board", "log", "caseload", "incidents", "reports", "home"),
    "supervisor": ("home", "review", "board", "log", "supervision", "incidents", "reports"),
    "manager": ("home", "dashboard", "reports", "incidents", "review", "log"),
    "data": ("home", "review", "incidents", "import", "reports", "log"),
    "reo_staff": ("home", "grants", "payments", "reports", "dashboard"),
    "reo_viewer": ("home", "reports", "dashboard", "grants"),
    "auditor": ("home", "audit", "grants", "reports"),
    "administrator": ("home", "people", "places", "jobs", "codes"),
}


@lru_cache(maxsize=256)
def _view_behind(path: str) -> Any | None:
    """Return the view function at an address of this project, or None when there is none."""
    try:
        return resolve(path).func
    except Resolver404:
        return None


def may_open(user: Any, item: Item) -> bool:
    """True when the address exists and the person holds what its view asks for.

    `@requires` leaves `required_permission` on the view: one name, several of which any will do, or
    None for pages that everybody signed in may open.
    """
    view = _view_behind(item.path)
    if view is None:
        return False
    asked = getattr(view, "required_permission", None)
    if not asked:
        return True
    names = (asked,) if isinstance(asked, str) else tuple(asked)
    return any(user.has_perm(name) for name in names)


def navigation(user: Any, path: str) -> Navigation:
    """Return the links of one person, with the one that holds `path` marked as current.

    `path` is the path below the mount point (`request.path_info`). The longest address that begins
    the path wins, so `/incidents/board/` does not light up "All incidents" as well.
    """
    if not getattr(user, "is_authenticated", False):
        return Navigation((), (), ())
    items = [item for item in ITEMS if may_open(user, item)]
    holding = [item.path for item in items if _holds(item.path, path)]
    current = max(holding, key=len, default="")
    prefix = get_script_prefix().rstrip("/")
    links = {
        item.key: Link(
            item.key,
            item.label,
            item.short,
            item.icon,
            prefix + item.path,
            item.group,
            item.path == current,
            KEYS.get(item.key, ""),
        )
        for item in items
    }
    wanted = BAR_ORDER.get(str(getattr(user, "role", "")), ())
    order = [key for key in wanted if key in links]
    order += [key for key in links if key not in order]
    room = BAR_SIZE if len(order) <= BAR_SIZE else BAR_SIZE - 1
    return Navigation(
        side=tuple(links.values()),
        bar=tuple(links[key] for key in order[:room]),
        more=tuple(links[key] for key in order[room:]),
    )


def _holds(item_path: str, path: str) -> bool:
    """True when a page belongs to an item: the same, or one below. Home holds only itself."""
    return path == item_path or (item_path != "/" and path.startswith(item_path))
