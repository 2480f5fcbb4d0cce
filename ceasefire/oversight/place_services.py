"""What an administrator may do to places and sites."""

from collections.abc import Iterable
from datetime import date

from django.db import transaction

from ceasefire import audit, periods
from ceasefire.oversight.exceptions import CodeIsTaken, WeekIsFixed, ZoneIsClosed, ZoneIsOpen
from ceasefire.people.models import User
from ceasefire.places import weeks, zones
from ceasefire.places.models import CoveragePeriod, Place, Site, Zone
from ceasefire.places.services import names_key

#: The source of a place that no boundary set knows.
ADDED = "Added by the program"


@transaction.atomic
def add_neighbourhood(
    *, pcode: str, parent: Place, name_en: str, name_ar: str, alt_names: Iterable[str], by: User
) -> Place:
    """Add a neighbourhood under a sub-district, without a boundary.

    Two at once for one code: the second is refused (`CodeIsTaken`), since both hold the parent.
    """
    Place.objects.select_for_update(no_key=True).only("pk").get(pk=parent.pk)
    if Place.objects.filter(pcode=pcode).exists():
        raise CodeIsTaken
    names = list(alt_names)
    place = Place.objects.create(
        pcode=pcode,
        level=Place.Level.NEIGHBOURHOOD,
        parent=parent,
        name_en=name_en,
        name_ar=name_ar,
        alt_names=names,
        search_key=names_key(pcode, [name_en, name_ar, *names]),
        district=parent.district,
        governorate=parent.governorate,
        source=ADDED,
    )
    audit.record("places.place_added", subject=place, by=by)
    return place


@transaction.atomic
def rename_place(
    place: Place, *, name_en: str, name_ar: str, alt_names: Iterable[str], by: User
) -> Place:
    """Change a place's names; its P-code and boundary stay."""
    place = Place.objects.select_for_update().get(pk=place.pk)
    place.name_en, place.name_ar, place.alt_names = name_en, name_ar, list(alt_names)
    place.search_key = names_key(place.pcode, [name_en, name_ar, *place.alt_names])
    place.save(update_fields=["name_en", "name_ar", "alt_names", "search_key"])
    audit.record("places.place_renamed", subject=place, by=by)
    return place


@transaction.atomic
def change_site(
    site: Site,
    *,
    name_en: str,
    name_ar: str,
    week_start: int,
    reporting_since: date | None,
    by: User,
) -> Site:
    """Change a site's names, the first day of its week, and since when reports are made.

    Refuses another first day once a report of the site was made: weeks of both kinds overlap.
    """
    site = Site.objects.select_for_update().get(pk=site.pk)
    if week_start != site.week_start and weeks.are_fixed(site):
        raise WeekIsFixed
    site.name_en, site.name_ar = name_en, name_ar
    site.week_start, site.reporting_since = week_start, reporting_since
    site.save(update_fields=["name_en", "name_ar", "week_start", "reporting_since"])
    audit.record("places.site_changed", subject=site, by=by, detail={"week_start": week_start})
    return site


@transaction.atomic
def add_site(
    *,
    code: str,
    name_en: str,
    name_ar: str,
    week_start: int,
    reporting_since: date | None,
    places: Iterable[Place],
    recording_since: date,
    by: User,
) -> Site:
    """Set up a site that records from a day on; earlier weeks are missing, never zero."""
    site = Site.objects.create(
        code=code,
        name_en=name_en,
        name_ar=name_ar,
        week_start=week_start,
        reporting_since=reporting_since,
    )
    site.places.set(places)
    CoveragePeriod.objects.create(site=site, start=recording_since)
    audit.record("places.site_added", subject=site, by=by)
    return site


@transaction.atomic
def add_zone(
    site: Site, *, code: str, name_en: str, name_ar: str, places: Iterable[Place], by: User
) -> Zone:
    """Add a beat to a site. Refuses a code that the site has, closed zones included."""
    site = Site.objects.select_for_update(no_key=True).get(pk=site.pk)
    if site.zones.filter(code=code).exists():
        raise CodeIsTaken
    zone = Zone.objects.create(site=site, code=code, name_en=name_en, name_ar=name_ar)
    zone.places.set(places)
    audit.record("places.zone_added", subject=zone, by=by)
    return zone


@transaction.atomic
def change_zone(
    zone: Zone, *, name_en: str, name_ar: str, places: Iterable[Place], by: User
) -> Zone:
    """Change a zone's names and places; its code stays. Refuses a closed one."""
    zone = Zone.objects.select_for_update().get(pk=zone.pk)
    if zone.closed_on is not None:
        raise ZoneIsClosed
    zone.name_en, zone.name_ar = name_en, name_ar
    zone.save(update_fields=["name_en", "name_ar"])
    zone.places.set(places)
    audit.record(
        "places.zone_changed", subject=zone, by=by, fields=["name_ar", "name_en", "places"]
    )
    return zone


@transaction.atomic
def close_zone(zone: Zone, *, by: User) -> Zone:
    """Close a zone from today on. It is not deleted: records may name it. Refuses a closed one.

    Who works there is told and what is to be done there rests; `places.zones` lets them follow.
    """
    zone = Zone.objects.select_for_update().get(pk=zone.pk)
    if zone.closed_on is not None:
        raise ZoneIsClosed
    zone.closed_on = periods.today()
    zone.save(update_fields=["closed_on"])
    zones.changed(zone, closed=True, by=by)
    audit.record("places.zone_closed", subject=zone, by=by)
    return zone


@transaction.atomic
def open_zone(zone: Zone, *, by: User) -> Zone:
    """Use a closed zone again. Refuses an open one."""
    zone = Zone.objects.select_for_update().get(pk=zone.pk)
    if zone.closed_on is None:
        raise ZoneIsOpen
    zone.closed_on = None
    zone.save(update_fields=["closed_on"])
    zones.changed(zone, closed=False, by=by)
    audit.record("places.zone_opened", subject=zone, by=by)
    return zone
