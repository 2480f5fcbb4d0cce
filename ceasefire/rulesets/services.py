"""Which rules count, and the one verb: another version."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q

from ceasefire import audit, periods
from ceasefire.people.models import User
from ceasefire.places.models import Site
from ceasefire.rulesets.exceptions import MadeMeanwhile, NothingChanged, TooEarly
from ceasefire.rulesets.models import Ruleset
from ceasefire.rulesets.schemas import validate


def current(kind: str, site: Site | None = None, on: date | None = None) -> Ruleset:
    """The rules of a kind that count for a site (or by default) on a day, today in Baghdad.

    Of those that have begun, a site's own comes before the default, the latest first. One query.
    Raises `Ruleset.DoesNotExist` for a kind that was never shipped.
    """
    return (
        _begun(kind, on)
        .filter(Q(site=None) | Q(site=site))
        .order_by(F("site").asc(nulls_last=True), "-valid_from", "-version")[:1]
        .get()
    )


def by_site(kind: str, sites: Iterable[Site], on: date | None = None) -> dict[Any, Ruleset]:
    """The rules that count for each of some sites, by the site's key, in one query."""
    keys = [site.pk for site in sites]
    rows = list(
        _begun(kind, on).filter(Q(site=None) | Q(site__in=keys)).order_by("valid_from", "version")
    )
    default = [row for row in rows if row.site_id is None][-1]
    own = {row.site_id: row for row in rows if row.site_id is not None}
    return {key: own.get(key, default) for key in keys}


def upcoming(kind: str, site: Site, on: date | None = None) -> Ruleset | None:
    """The site's own next rules, which have not begun yet; None where there are none."""
    day = on or periods.now().date()
    rows = Ruleset.objects.filter(kind=kind, site=site, valid_from__gt=day)
    return rows.order_by("valid_from", "-version").first()


def _begun(kind: str, on: date | None) -> Any:
    return Ruleset.objects.select_related("site").filter(
        kind=kind, valid_from__lte=on or periods.now().date()
    )


@transaction.atomic
def make(
    kind: str,
    *,
    site: Site,
    content: dict[str, Any],
    by: User,
    valid_from: date | None = None,
    based_on: int | None = None,
) -> Ruleset:
    """Make another version of a site's rules; from today, or from a later day.

    `based_on` is the key of the rules that the form showed; others made meanwhile are not passed
    over silently. Who may is the caller's to ask. Raises `InvalidRules`, `TooEarly`,
    `MadeMeanwhile`, `NothingChanged`.
    """
    validate(kind, content)
    today = periods.now().date()
    day = valid_from or today
    if day < today:
        raise TooEarly
    with connection.cursor() as cursor:
        # Two who make rules for one site follow one another; no row stands for that to lock.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"rulesets.{kind}.{site.pk}"])
    counts = current(kind, site, day)
    if based_on is not None and counts.pk != based_on:
        raise MadeMeanwhile
    if counts.content == content:
        raise NothingChanged
    last = (
        Ruleset.objects.filter(kind=kind, site=site)
        .order_by("-version")
        .values_list("version", flat=True)
        .first()
    )
    made = Ruleset.objects.create(
        kind=kind,
        site=site,
        version=(last or 0) + 1,
        content=content,
        valid_from=day,
        created_by=by,
        approved_by=by,
    )
    audit.record(
        "rules.made",
        subject=made,
        by=by,
        detail={"from": str(day), "before": counts.code},
    )
    return made
