"""Since when a site records, and where: what tells a week without incidents from a missing one."""

from __future__ import annotations

from datetime import datetime

from ceasefire.periods import Week
from ceasefire.places.models import Place, Site
from ceasefire.reports.panel import Period
from incidents import measures


def coverage(
    site: Site, *, cut: datetime | None = None, exclude_sensitive: bool = False
) -> list[Period]:
    """The site's coverage periods; where none is kept, since reporting or the records began."""
    periods = list(site.coverage.order_by("start").values_list("start", "end"))
    if periods:
        return periods
    if site.reporting_since is not None:
        return [(Week.of(site.reporting_since, site.week_start).start, None)]
    known = measures.first_and_last_day(site.pk, as_of=cut, exclude_sensitive=exclude_sensitive)
    return [(Week.of(known[0], site.week_start).start, None)] if known else []


def districts(site: Site) -> list[str]:
    """The P-codes of the districts a site works in, whatever level its places have."""
    own = list(site.places.values_list("pk", "level", "district__pcode"))
    found = {district for _pk, _level, district in own if district}
    wider = [pk for pk, level, _district in own if level == Place.Level.GOVERNORATE]
    if wider:
        found |= set(
            Place.objects.filter(
                level=Place.Level.DISTRICT, governorate__in=wider, valid_to=None
            ).values_list("pcode", flat=True)
        )
    return sorted(found)
