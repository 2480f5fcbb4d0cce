"""What managers keep of the mediators of their sites: profile, and ties, which are sealed."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from ceasefire import audit, vault
from ceasefire.people.models import User
from ceasefire.places.models import Zone
from ceasefire.vault.models import BlindIndex
from outreach.exceptions import ChangedMeanwhile, NotForThisPerson, TieThere
from outreach.models import MEDIATORS, StaffProfile, StaffTie
from outreach.services import neutrality

FACTS = ("gender", "languages", "started_on", "on_duty")
MOST_TIES = 12


def may_keep(person: User, by: User) -> bool:
    """Managers, for the mediators at their sites; nobody for themself."""
    return (
        by.has_perm("outreach.view_ties")
        and person.role in MEDIATORS
        and bool(set(by.site_ids) & set(person.site_ids))
    )


def _held(person: User, *, by: User) -> StaffProfile:
    """The profile, made where there is none yet, held to the end of the transaction."""
    if not may_keep(person, by):
        raise NotForThisPerson
    StaffProfile.objects.bulk_create(
        [StaffProfile(user=person, updated_by=by, version=0)], ignore_conflicts=True
    )
    return (
        StaffProfile.objects.select_for_update(of=("self",)).select_related("user").get(user=person)
    )


@transaction.atomic
def set_profile(
    person: User,
    *,
    facts: dict[str, Any],
    zones: Sequence[Zone],
    by: User,
    version: int | None = None,
) -> StaffProfile:
    """Write languages, gender, duty and beats; beats of other sites stay as they are."""
    profile = _held(person, by=by)
    if version is not None and version != profile.version:
        raise ChangedMeanwhile(version=profile.version)
    changed = []
    for name in FACTS:
        if name in facts and getattr(profile, name) != facts[name]:
            setattr(profile, name, facts[name])
            changed.append(name)
    kept = profile.zones.exclude(site__in=by.site_ids)
    profile.zones.set([*kept, *(zone for zone in zones if zone.site_id in by.site_ids)])
    profile.version += 1
    profile.updated_by = by
    profile.save()
    audit.record("staff.changed", subject=person, by=by, fields=changed)
    return profile


@transaction.atomic
def add_tie(person: User, *, kind: str, words: str, by: User) -> StaffTie:
    """Keep that somebody belongs to a tribe, party or family. `TieThere` where it is kept."""
    profile = _held(person, by=by)
    value = neutrality.tie_value(kind, words)
    digest = vault.blind_index(neutrality.index_of(kind), value)
    there = [str(key) for key in profile.ties.values_list("pk", flat=True)]
    if (
        digest is None
        or len(there) >= MOST_TIES
        or BlindIndex.objects.filter(
            table=StaffTie._meta.db_table, row__in=there, digest=digest
        ).exists()
    ):
        raise TieThere
    tie = StaffTie.objects.create(profile=profile, kind=kind, added_by=by)
    vault.seal(tie, "value", value, by=by, index=neutrality.index_of(kind))
    audit.record("staff.tie_added", subject=person, by=by, detail={"kind": kind})
    return tie


@transaction.atomic
def remove_tie(person: User, key: Any, *, by: User) -> None:
    """Take a tie away and erase what was sealed of it; gone already is no fault."""
    profile = _held(person, by=by)
    tie = profile.ties.filter(pk=key).first()
    if tie is None:
        return
    vault.forget(tie, by=by)
    kind = tie.kind
    tie.delete()
    audit.record("staff.tie_removed", subject=person, by=by, detail={"kind": kind})
