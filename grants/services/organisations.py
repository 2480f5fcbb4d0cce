"""Organisations and the people behind them; names of people are read by vetting officers only."""

from collections.abc import Iterable
from typing import Any

from django.db import connection, transaction
from django.db.models import Model

from ceasefire import audit, periods
from ceasefire.people.models import User
from ceasefire.places.models import Place
from ceasefire.text import search_key, strip_bidi_controls
from ceasefire.vault.exceptions import SealBroken, UnknownKey
from ceasefire.vault.keys import keyring
from grants.exceptions import (
    ChangedMeanwhile,
    NameMissing,
    NotAllowedFromHere,
    NotForThisPerson,
)
from grants.models import (
    Organisation,
    OrganisationBlock,
    OrganisationPerson,
    ScreeningDisposition,
    ScreeningHit,
    ScreeningRun,
)
from grants.screening import compare
from grants.screening.names import parts_of
from grants.services import sealed
from grants.services.held import changed, officer, said

#: What is sealed of a person. All texts; unknown parts are empty.
FACTS = ("full_name_ar", "father_name", "grandfather_name", "name_en", "birth_year", "function")
#: From so much on another organisation may be this one, and so many are shown.
ALIKE = 0.75
_MOST_ALIKE = 10
_SEARCH_LENGTH = 400
_SKELETON_LENGTH = 40
#: Parts of a name that weigh less (company, association) set none apart.
_OF_WEIGHT = 0.5
_KEEPERS = ("requester", "officer", "vetting")
_CHANGEABLE = (
    "name_en",
    "name_ar",
    "kind",
    "district",
    "registration_no",
    "has_bank_account",
    "publish_ok",
)


def clean(name: str) -> str:
    """A name as it reads: without marks that reorder text, single spaces."""
    return " ".join(strip_bidi_controls(name).split())


def next_code() -> str:
    """ORG-0001 and so on, without a gap."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO grants_organisationcounter (id, last) VALUES (1, 1)
            ON CONFLICT (id) DO UPDATE SET last = grants_organisationcounter.last + 1
            RETURNING last
            """
        )
        return f"ORG-{cursor.fetchone()[0]:04}"


@transaction.atomic
def add_organisation(
    *,
    kind: str,
    district: Place,
    by: User,
    name_en: str = "",
    name_ar: str = "",
    **facts: Any,
) -> Organisation:
    """A new grantee, implementer or vendor; one of the two names at least.

    That it agreed to be named (`publish_ok`) is for a grants officer to write down.
    """
    who = officer(by, *_KEEPERS)
    if facts.get("publish_ok") and not who.has("officer"):
        raise NotForThisPerson
    name_en, name_ar = clean(name_en), clean(name_ar)
    if not (name_en or name_ar):
        raise NameMissing
    code = next_code()
    made = Organisation.objects.create(
        code=code,
        kind=Organisation.Kind(kind),
        district=district,
        name_en=name_en,
        name_ar=name_ar,
        created_by=who,
        **found_by(name_en, name_ar, code, facts.get("registration_no", "")),
        **facts,
    )
    audit.record("organisation.added", subject=made, by=by)
    return made


def found_by(name_en: str, name_ar: str, code: str, registration_no: str) -> dict[str, Any]:
    """What an organisation is found by: its search text, and the skeletons of its names."""
    text = " ".join(map(search_key, (name_en, name_ar, code, registration_no)))
    return {"search_text": text[:_SEARCH_LENGTH], "skeletons": skeletons(name_en, name_ar)}


def skeletons(*names: str) -> list[str]:
    """The consonants of what sets names apart, the same from either script."""
    parts = [part for name in names for part in parts_of(name)]
    found = {part.skeleton[:_SKELETON_LENGTH] for part in parts if part.weight >= _OF_WEIGHT}
    return sorted(found - {""})


def alike(name_en: str, name_ar: str, *, but: Organisation | None = None) -> list[Organisation]:
    """Organisations that may be the one of these names, the likest first; for who enters one.

    Those that share a word by its consonants are compared by ear, in either script.
    """
    asked = [name for name in (clean(name_en), clean(name_ar)) if name]
    rows = Organisation.objects.filter(skeletons__overlap=skeletons(*asked))
    if but is not None:
        rows = rows.exclude(pk=but.pk)
    scored = []
    for row in rows.order_by("code")[:200]:
        listed = [name for name in (row.name_en, row.name_ar) if name]
        score = max(compare(one, other).score for one in asked for other in listed)
        if score >= ALIKE:
            scored.append((-score, row.code, row))
    return [row for _score, _code, row in sorted(scored, key=lambda one: one[:2])[:_MOST_ALIKE]]


@transaction.atomic
def change_organisation(
    organisation: Organisation, *, by: User, version: int | None = None, **facts: Any
) -> Organisation:
    """Change what is said of it. Another name or registration voids its clearance.

    That it agreed to be named (`publish_ok`) is for a grants officer to write down. Raises
    `ChangedMeanwhile` where `version` is given and its names were changed since.
    """
    who = officer(by, *_KEEPERS)
    if set(facts) - set(_CHANGEABLE):
        raise ValueError("These facts of an organisation are not changed here.")
    found = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    if version is not None and version != found.version:
        raise ChangedMeanwhile
    if facts.get("publish_ok") and not found.publish_ok and not who.has("officer"):
        raise NotForThisPerson
    for name in ("name_en", "name_ar"):
        if name in facts:
            facts[name] = clean(facts[name])
    if not (facts.get("name_en", found.name_en) or facts.get("name_ar", found.name_ar)):
        raise NameMissing
    fields = sorted(name for name, value in facts.items() if getattr(found, name) != value)
    if _shown(found).intersection(fields) or "publish_ok" in fields:
        found.shown_since = periods.now()
    for name, value in facts.items():
        setattr(found, name, value)
    changed(
        found,
        *facts,
        "shown_since",
        **found_by(found.name_en, found.name_ar, found.code, found.registration_no),
    )
    found.refresh_from_db()
    audit.record("organisation.changed", subject=found, by=by, fields=fields)
    return found


def _shown(organisation: Organisation) -> set[str]:
    """What published files say of it: its kind always, its names where it agreed."""
    return {"kind", "name_en", "name_ar"} if organisation.publish_ok else {"kind"}


@transaction.atomic
def block_organisation(
    organisation: Organisation, *, reason: str, blocked: bool = True, by: User
) -> Organisation:
    """Stop, or allow again, every payment that would reach it; the reason is kept beside it."""
    who, reason = officer(by, "vetting", "officer"), said(reason)
    found = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    status = Organisation.Status.BLOCKED if blocked else Organisation.Status.ACTIVE
    if found.status == status:
        raise NotAllowedFromHere
    changed(found, status=status)
    OrganisationBlock.objects.create(
        organisation=found, blocked=blocked, reason=reason, officer=who
    )
    audit.record(
        "organisation.blocked" if blocked else "organisation.unblocked",
        subject=found,
        by=by,
        reason=reason,
    )
    return found


def _facts(given: dict[str, str]) -> dict[str, str]:
    if set(given) - set(FACTS):
        raise ValueError("Only the facts that are sealed may be given.")
    facts = {name: clean(given.get(name, "")) for name in FACTS}
    if not (facts["full_name_ar"] or facts["name_en"]):
        raise NameMissing
    return facts


@transaction.atomic
def add_person(organisation: Organisation, *, by: User, **facts: str) -> OrganisationPerson:
    """Somebody behind an organisation, under seal (`FACTS`). Voids its clearance."""
    who = officer(by, *_KEEPERS)
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    row = OrganisationPerson(organisation=organisation, added_by=who)
    sealed.seal(row, _facts(facts))
    row.save(force_insert=True)
    audit.record(
        "organisation_person.added",
        subject=row,
        by=by,
        detail={"organisation": organisation.code},
    )
    return row


@transaction.atomic
def change_person(person: OrganisationPerson, *, by: User, **facts: str) -> OrganisationPerson:
    """Seal other facts of somebody; the old clearance is void. For vetting officers."""
    officer(by, "vetting")
    Organisation.objects.select_for_update(no_key=True).get(pk=person.organisation_id)
    row = OrganisationPerson.objects.select_for_update(no_key=True).get(pk=person.pk)
    sealed.seal(row, _facts(facts))
    changed(row, "key_id", "sealed", version=row.version + 1)
    audit.record("organisation_person.changed", subject=row, by=by)
    return row


@transaction.atomic
def part_with_person(person: OrganisationPerson, *, by: User) -> OrganisationPerson:
    """Somebody left the organisation; the row stays, and the clearance is void."""
    officer(by, *_KEEPERS)
    Organisation.objects.select_for_update(no_key=True).get(pk=person.organisation_id)
    row = OrganisationPerson.objects.select_for_update(no_key=True).get(pk=person.pk)
    if row.left_at is not None:
        raise NotAllowedFromHere
    changed(row, left_at=periods.now())
    audit.record("organisation_person.left", subject=row, by=by)
    return row


@transaction.atomic
def names_of(people: Iterable[OrganisationPerson], *, by: User) -> dict[Any, dict[str, str] | None]:
    """The sealed facts of people, to a vetting officer; the trail names each row that was read.

    A seal that does not open is None, and said in the trail.
    """
    officer(by, "vetting")
    found: dict[Any, dict[str, str] | None] = {}
    read: list[OrganisationPerson] = []
    broken: list[str] = []
    for row in people:
        try:
            found[row.pk] = sealed.opened(row)
            read.append(row)
        except (SealBroken, UnknownKey):
            found[row.pk] = None
            broken.append(str(row.pk))
    if broken:
        audit.record("organisation_person.seal_broken", by=by, detail={"subjects": broken})
    record_reading(read, by=by)
    return found


def record_reading(people: Iterable[OrganisationPerson], *, by: User) -> None:
    """Say in the trail whose sealed facts somebody read; nothing where it was nobody's."""
    read = [str(row.pk) for row in people]
    if read:
        audit.record("organisation_person.read", by=by, detail={"subjects": read})


def counts_by_key() -> dict[str, int]:
    """Key id -> how many rows it seals, for the rotation of the vault's keys."""
    return sealed.counts_by_key(
        OrganisationPerson, ScreeningRun, ScreeningHit, ScreeningDisposition
    )


def seal_again() -> list[str]:
    """Seal anew what an older key seals, row by committed row; the places that did not open.

    It may be killed and run again. The names stay the same, so no clearance is void.
    """
    return [
        *_sealed_again("organisation_person.sealed_again", OrganisationPerson),
        *_sealed_again("screening.sealed_again", ScreeningRun, ScreeningHit, ScreeningDisposition),
    ]


def _sealed_again(verb: str, *tables: type[Model]) -> list[str]:
    moved, broken = sealed.seal_again(tables)
    if moved or broken:
        detail = {"key": keyring().current, "moved": moved, "broken": len(broken)}
        audit.record(verb, detail=detail)
    return broken
