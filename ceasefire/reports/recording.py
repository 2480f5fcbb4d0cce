"""Since when a site records, and where: what tells a week without incidents from a missing one."""

from __future__ import annotations

from datetime import date, datetime

from ceasefire.periods import Week
from ceasefire.places.models import Place, Site
from ceasefire.reports.panel import Period
from ceasefire.reports.recording_models import RecordingChange
from incidents import measures

#: What reports from before changes were noted knew of them.
_NEVER: list[date] = []


@measures.kept
def coverage(
    site: Site, *, cut: datetime | None = None, exclude_sensitive: bool = False
) -> list[Period]:
    """The site's coverage periods; where none is kept, since its reporting began.

    Where neither is known, the weeks in which something was recorded, each by itself: that it
    recorded in the others nobody knows, so they are missing, and nothing is compared
    (`knows_since`).
    """
    periods = list(site.coverage.order_by("start").values_list("start", "end"))
    if periods:
        return periods
    if site.reporting_since is not None:
        return [(Week.of(site.reporting_since, site.week_start).start, None)]
    days = measures.days_with_any(site.pk, as_of=cut, exclude_sensitive=exclude_sensitive)
    weeks = sorted({Week.of(day, site.week_start).start for day in days})
    return [(start, Week(start).end) for start in weeks]


@measures.kept
def knows_since(site: Site) -> bool:
    """Whether it is known since when a site records: without, counts alone are told."""
    return site.reporting_since is not None or site.coverage.exists()


@measures.kept_since(_NEVER)
def changes(site: Site, *, cut: datetime | None = None) -> list[date]:
    """The days on which what the site records changed, as noted by the cut, the earliest first."""
    noted = RecordingChange.objects.filter(site=site).standing(cut)
    return list(noted.order_by("changed_on").values_list("changed_on", flat=True))


@measures.kept
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
