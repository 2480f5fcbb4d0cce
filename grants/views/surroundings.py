"""The incidents around a grant, as REO may see them."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ceasefire import periods
from ceasefire.look.charts import Chart, heat_table
from ceasefire.look.numbers import number_text
from ceasefire.people.access import requires
from grants.services import surroundings
from grants.services.surroundings import District, Side
from grants.views.doing import me
from grants.views.scope import VIEW, grant_page, one_grant

#: What stands for a hidden count; the page says what it means.
HIDDEN = "*"


@requires(VIEW)
@require_safe
def grant_surroundings(request: HttpRequest, ref: str) -> HttpResponse:
    """The district's published weeks before the start and after the end, beside other districts."""
    grant = one_grant(request, ref)
    found = surroundings.around(grant)
    today = periods.today()
    digits = me(request).digits
    charts = []
    if found.start is not None:
        charts.append(_chart("before", _before(found.own, digits), found.districts, digits))
    if found.end is not None and found.end < today:
        charts.append(_chart("after", _after(found.own, digits), found.districts, digits))
    return render(
        request,
        "grants/surroundings_detail.html",
        {
            **grant_page(request, grant, "surroundings"),
            "around": found,
            "is_over": found.end is not None and found.end < today,
            "charts": charts,
            "hidden": HIDDEN,
            "weeks": surroundings.WEEKS,
        },
    )


def _before(own: District, digits: str) -> str:
    return _said(own.before, digits, _("in the 12 weeks before the work began"))


def _after(own: District, digits: str) -> str:
    return _said(own.after, digits, _("in the 12 weeks after the work ended"))


def _said(side: Side, digits: str, when: str) -> str:
    """The finding in words: what may be shown of the own district."""
    if side.shown is None:
        return _("Nothing can be shown of the grant's district %(when)s") % {"when": when}
    words = {"count": number_text(side.shown, digits), "when": when}
    if side.is_whole:
        return _("Incidents in the grant's district %(when)s: %(count)s") % words
    return _("Incidents in the grant's district %(when)s: %(count)s, as far as shown") % words


def _chart(name: str, title: str, districts: Sequence[District], digits: str) -> Chart:
    sides: list[tuple[str, Side]] = [(str(one.place.name), getattr(one, name)) for one in districts]
    weeks = sides[0][1].cells if sides else ()
    rows: list[tuple[str, list[Any]]] = [
        (label, [HIDDEN if cell.is_hidden else cell.incidents for cell in side.cells])
        for label, side in sides
    ]
    return heat_table(
        f"weeks-{name}",
        title,
        _("Incidents a week by district, from the weekly reports shared with REO"),
        [f"{cell.start.day}/{cell.start.month}" for cell in weeks],
        rows,
        corner=_("District"),
        digits=digits,
    )
