"""REO's map: districts by what was shared of the last 13 weeks, and by nothing else.

The program's map counts 90 days. Beside the weekly counts that REO holds, such a window would give
a hidden week away, since two of them can be subtracted. So this one adds up what was shared: a
week whose count is hidden is left out of the sum, and the sum then is said to be at least so much;
a week in which the site was not recording is left out as well, and no week of the map.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ceasefire.exports import Column
from ceasefire.look import area_maps
from ceasefire.places import outlines
from ceasefire.reports.figures import Figure, figure

if TYPE_CHECKING:
    from ceasefire.reports.presentation import SharedPage

#: Weeks that are added up, the report's own included.
WEEKS = 13


def district_map(page: SharedPage) -> list[Figure]:
    """7: districts in classes; one of which every incident is hidden is hatched, never zero."""
    first = page.report.week_start - timedelta(weeks=WEEKS - 1)
    weeks = [one for one in (*page.before, page.report) if one.week_start >= first]
    held = [one.body for one in weeks if one.body.get("is_covered", True)]
    if not held:
        return []
    rows: list[dict[str, Any]] = []
    areas = []
    for line in sorted(page.lines, key=lambda one: one.pcode):
        counts = [
            row["incidents"]
            for body in held
            for row in body["districts"]
            if row["place"] == line.pcode
        ]
        hidden = counts.count(None)
        total = sum(count or 0 for count in counts)
        count = None if not total and (hidden or not counts) else total
        rows.append(
            {"district": line.name, "incidents": count, "weeks": len(counts), "hidden": hidden}
        )
        shape = outlines.shapes(line.pcode[:5]).get("districts", {}).get(line.pcode)
        if shape:
            said = page.hidden if count is None else page.number(count)
            words = gettext("%(place)s: %(count)s; weeks hidden: %(weeks)s") % {
                "place": line.name,
                "count": said,
                "weeks": page.number(hidden),
            }
            areas.append(
                area_maps.MapArea(
                    name=line.name,
                    rings=[outlines.points(ring) for ring in shape],
                    at=tuple(outlines.shapes(line.pcode[:5])["at"][line.pcode]),
                    count=count,
                    words=words,
                    partly=bool(hidden),
                )
            )
    if not areas:
        return []
    drawn = area_maps.classed_areas(
        "district-map",
        gettext("Where the incidents of the last weeks were, by district"),
        gettext("Sum of what was shared of %(weeks)s weeks; +: of some weeks the count is hidden")
        % {"weeks": page.number(len(held))},
        areas,
        [one.rings for one in areas],
        hidden=gettext("hidden in every week in which it was not zero"),
        digits=page.digits,
    )
    columns = [
        Column("district", _("District"), width=22),
        Column("incidents", _("Incidents"), kind="int"),
        Column("weeks", _("Weeks shared"), kind="int"),
        Column("hidden", _("Weeks hidden"), kind="int"),
    ]
    label = gettext("Districts on the map")
    return [figure("district-map", label, drawn, columns, rows, page.digits)]
