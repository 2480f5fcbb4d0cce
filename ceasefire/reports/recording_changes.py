"""Noting that what a site records changed, and taking such a note back."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.db.models import Max

from ceasefire import audit, periods
from ceasefire.people.models import User
from ceasefire.places.models import Site
from ceasefire.reports.exceptions import ChangeIsAhead, ChangeIsNoted, ChangeWasWithdrawn
from ceasefire.reports.recording_models import RecordingChange


@transaction.atomic
def note_change(*, site: Site, changed_on: date, what: str, by: User) -> RecordingChange:
    """Note the day since which a site records something else; its baseline begins anew there.

    Reports that are compiled from now on follow it; approved ones stay, and are corrected by who
    wants to. Refuses a day that is still to come, and one that is noted already.
    """
    Site.objects.select_for_update(no_key=True).only("pk").get(pk=site.pk)
    if changed_on > periods.today():
        raise ChangeIsAhead
    noted = RecordingChange.objects.filter(site=site)
    if noted.standing(None).filter(changed_on=changed_on).exists():
        raise ChangeIsNoted
    last = noted.aggregate(last=Max("number"))["last"] or 0
    change = RecordingChange.objects.create(
        site=site,
        number=last + 1,
        changed_on=changed_on,
        what=what.strip(),
        noted_at=periods.now(),
        noted_by=by,
    )
    audit.record(
        "recordingchange.noted",
        subject=change,
        by=by,
        detail={"changed_on": changed_on.isoformat()},
    )
    return change


@transaction.atomic
def withdraw_change(change: RecordingChange, *, by: User) -> RecordingChange:
    """Take a note back that was a mistake; reports compiled from now on do without it.

    Reports that were made with it keep what was read for them. Refused where it was withdrawn.
    """
    Site.objects.select_for_update(no_key=True).only("pk").get(pk=change.site_id)
    change = (
        RecordingChange.objects.select_for_update(of=("self",))
        .select_related("site")
        .get(pk=change.pk)
    )
    if change.is_withdrawn:
        raise ChangeWasWithdrawn
    change.withdrawn_at, change.withdrawn_by = periods.now(), by
    change.save(update_fields=["withdrawn_at", "withdrawn_by"])
    audit.record(
        "recordingchange.withdrawn",
        subject=change,
        by=by,
        detail={"changed_on": change.changed_on.isoformat()},
    )
    return change
