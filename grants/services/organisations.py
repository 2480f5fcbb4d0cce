"""Organisations and the people behind them; names of people are read by vetting officers only."""

import json
from collections.abc import Iterable
from typing import Any

from django.db import connection, transaction
from django.db.models import Count

from ceasefire import audit, periods
from ceasefire.people.models import User
from ceasefire.places.models import Place
from ceasefire.text import strip_bidi_controls
from ceasefire.vault.exceptions import SealBroken, UnknownKey
from ceasefire.vault.keys import keyring
from ceasefire.vault.sealing import open_text, seal_text
from grants.exceptions import NameMissing, NotAllowedFromHere
from grants.models import Organisation, OrganisationPerson
from grants.services.held import changed, officer

#: What is sealed of a person. All texts; unknown parts are empty.
FACTS = ("full_name_ar", "father_name", "grandfather_name", "name_en", "birth_year", "function")
_TABLE, _COLUMN = "grants_organisationperson", "sealed"
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
    """A new grantee, implementer or vendor; one of the two names at least."""
    who = officer(by, *_KEEPERS)
    name_en, name_ar = clean(name_en), clean(name_ar)
    if not (name_en or name_ar):
        raise NameMissing
    made = Organisation.objects.create(
        code=next_code(),
        kind=Organisation.Kind(kind),
        district=district,
        name_en=name_en,
        name_ar=name_ar,
        created_by=who,
        **facts,
    )
    audit.record("organisation.added", subject=made, by=by)
    return made


@transaction.atomic
def change_organisation(organisation: Organisation, *, by: User, **facts: Any) -> Organisation:
    """Change what is said of it. Another name or registration voids its clearance."""
    officer(by, *_KEEPERS)
    if set(facts) - set(_CHANGEABLE):
        raise ValueError("These facts of an organisation are not changed here.")
    found = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    for name in ("name_en", "name_ar"):
        if name in facts:
            facts[name] = clean(facts[name])
    if not (facts.get("name_en", found.name_en) or facts.get("name_ar", found.name_ar)):
        raise NameMissing
    changed(found, **facts)
    found.refresh_from_db()
    audit.record("organisation.changed", subject=found, by=by, fields=sorted(facts))
    return found


@transaction.atomic
def block_organisation(
    organisation: Organisation, *, blocked: bool = True, by: User
) -> Organisation:
    """Stop, or allow again, every payment that would reach it."""
    officer(by, "vetting", "officer")
    found = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    status = Organisation.Status.BLOCKED if blocked else Organisation.Status.ACTIVE
    if found.status == status:
        raise NotAllowedFromHere
    changed(found, status=status)
    audit.record(
        "organisation.blocked" if blocked else "organisation.unblocked", subject=found, by=by
    )
    return found


def _seal(row: OrganisationPerson, facts: dict[str, str]) -> None:
    ring = keyring()
    row.key_id = ring.current
    row.sealed = seal_text(
        json.dumps(facts, ensure_ascii=False, sort_keys=True),
        key=ring.key(ring.current),
        table=_TABLE,
        column=_COLUMN,
        row=str(row.pk),
        key_id=ring.current,
    )


def _open(row: OrganisationPerson) -> dict[str, str]:
    text = open_text(
        bytes(row.sealed),
        key=keyring().key(row.key_id),
        table=_TABLE,
        column=_COLUMN,
        row=str(row.pk),
        key_id=row.key_id,
    )
    facts: dict[str, str] = json.loads(text)
    return facts


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
    _seal(row, _facts(facts))
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
    _seal(row, _facts(facts))
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
    read: list[str] = []
    broken: list[str] = []
    for row in people:
        try:
            found[row.pk] = _open(row)
            read.append(str(row.pk))
        except (SealBroken, UnknownKey):
            found[row.pk] = None
            broken.append(str(row.pk))
    if broken:
        audit.record("organisation_person.seal_broken", by=by, detail={"subjects": broken})
    if read:
        audit.record("organisation_person.read", by=by, detail={"subjects": read})
    return found


def counts_by_key() -> dict[str, int]:
    """Key id -> how many people it seals, for the rotation of the vault's keys."""
    rows = OrganisationPerson.objects.order_by("key_id").values_list("key_id")
    return dict(rows.annotate(number=Count("pk")))


def seal_again() -> list[str]:
    """Seal anew what an older key seals, row by committed row; the places that did not open.

    It may be killed and run again. The names stay the same, so no clearance is void.
    """
    moved, faults = 0, list[str]()
    older = OrganisationPerson.objects.exclude(key_id=keyring().current).order_by("pk")
    for pk in list(older.values_list("pk", flat=True)):
        with transaction.atomic():
            row = OrganisationPerson.objects.select_for_update(no_key=True).get(pk=pk)
            try:
                _seal(row, _open(row))
            except (SealBroken, UnknownKey) as error:
                faults.append(f"{_TABLE}.{_COLUMN} {pk}: {type(error).__name__}")
                continue
            changed(row, "key_id", "sealed")
            moved += 1
    if moved or faults:
        audit.record(
            "organisation_person.sealed_again",
            detail={"key": keyring().current, "moved": moved, "broken": len(faults)},
        )
    return faults
