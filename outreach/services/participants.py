"""Taking somebody in: the case, the sealed identity, the consent; and who may be one person twice.

`seal_identity` is for every verb that writes a name, an alias, a phone, an address, a family or a
tribe of a case that it holds.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from ceasefire import audit, codes, periods, vault, worklist
from ceasefire.people.models import User
from ceasefire.people.roles import Role
from ceasefire.places.models import Site, Zone
from outreach.exceptions import NotAColleague, NotForThisPerson, SiteIsReadOnly
from outreach.models import SEALED, Participant, ParticipantStep
from outreach.services import caseload, cases, consent

ADD = "outreach.add_participant"
#: Who gives cases to others.
ASSIGN = "outreach.assign_case"
SERIES = "P"
#: What of an identity can show that two cases are of one person.
COMPARED = tuple(field for field, kind in SEALED.items() if kind is not None)
#: Nicknames repeat: an alias alone counts only at one site, and for ages so close together.
NEAR_AGES = 3
TWIN = "participant.twin"

worklist.kind(
    TWIN,
    _("Two cases may be of one person. Compare them."),
    tone="due",
    address=lambda code: reverse("outreach:participant_detail", args=[code]),
)


@dataclass(frozen=True)
class Facts:
    """What is written openly of somebody at intake: codes and a year, no word."""

    zone: Zone | None = None
    sex: str = "unknown"
    birth_year: int | None = None
    age_band: str = "unknown"
    language: str = "ar"
    safety_flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Agreed:
    """A consent as it was given."""

    purposes: tuple[str, ...]
    manner: str
    on: date


# --- intake ---------------------------------------------------------------------------------------


@transaction.atomic
def register_participant(
    *,
    site: Site,
    facts: Facts,
    identity: Mapping[str, str],
    by: User,
    agreed: Agreed | None = None,
    worker: User | None = None,
    key: UUID | None = None,
) -> Participant:
    """Take somebody in as a prospect, carried by `worker` (who writes, by default).

    `key` was made with the form: sent again, the same case comes back; with other content it is
    `KeyTaken`. Whoever sees this case and another that may be of the same person, and does not
    write, is told; the writer never learns here of a case that is not theirs.
    """
    if site.read_only:
        raise SiteIsReadOnly
    if not by.has_perm(ADD) or site.pk not in by.site_ids:
        raise NotForThisPerson
    if facts.zone is not None and (facts.zone.site_id != site.pk or facts.zone.closed_on):
        raise NotForThisPerson
    worker = worker or by
    if worker.pk != by.pk and not (by.has_perm(ASSIGN) and caseload.may_carry(worker, site)):
        raise NotAColleague
    digest = _digest(site, facts, identity, agreed, worker)
    if key is not None:
        cases.hold_form(key)
    if known := cases.sent_before(Participant, key, created_by_id=by.pk, content_hash=digest):
        return known
    now = periods.now()
    band = facts.age_band
    if facts.birth_year is not None:
        band = consent.band_of_age(now.year - facts.birth_year)
    participant = Participant.objects.create(
        code=f"P-{codes.next_number(SERIES, 0):04}",
        site=site,
        zone=facts.zone,
        worker=worker,
        idempotency_key=key,
        content_hash=digest,
        status_since=now,
        sex=facts.sex,
        birth_year=facts.birth_year,
        age_band=band,
        language=facts.language,
        safety_flags=list(dict.fromkeys(facts.safety_flags)),
        created_by=by,
        created_at=now,
        updated_by=by,
    )
    ParticipantStep.objects.create(
        participant=participant, to_status=participant.status, worker=worker, by=by, at=now
    )
    seal_identity(participant, identity, by=by)
    if agreed is not None:
        consent.record_consent(
            participant,
            purposes=agreed.purposes,
            manner=agreed.manner,
            agreed_on=agreed.on,
            by=by,
        )
        participant.refresh_from_db()
    tell_of_twins(participant, identity, by=by)
    audit.record(
        "participant.registered",
        subject=participant,
        by=by,
        fields=[field for field in SEALED if identity.get(field)],
        detail={"worker": str(worker.pk)},
    )
    return participant


def _digest(
    site: Site, facts: Facts, identity: Mapping[str, str], agreed: Agreed | None, worker: User
) -> str:
    """A keyed hash of what the form held: equal for a resend, and no way to guess at a name."""
    content = [
        site.code,
        facts.zone.code if facts.zone else "",
        facts.sex,
        facts.birth_year,
        facts.age_band,
        facts.language,
        sorted(facts.safety_flags),
        [identity.get(field, "") for field in SEALED],
        [*agreed.purposes, agreed.manner, agreed.on.isoformat()] if agreed else [],
        str(worker.pk),
    ]
    text = json.dumps(content, ensure_ascii=False)
    return salted_hmac("outreach.intake", text, algorithm="sha256").hexdigest()


def seal_identity(participant: Participant, identity: Mapping[str, str], *, by: User) -> list[str]:
    """Seal those fields of `identity` that it names, an empty text takes one away; which they were.

    The caller holds the case (`cases.held`, which refuses where consent was taken back), and its
    own event names the fields. Fields that are not named stay as they are.
    """
    changed = [field for field in SEALED if field in identity]
    for field in changed:
        vault.seal(participant, field, identity[field].strip(), by=by, index=SEALED[field])
    return changed


# --- one person twice -----------------------------------------------------------------------------


def likely_twins(
    identity: Mapping[str, str],
    *,
    site: Site,
    by: User,
    birth_year: int | None = None,
    apart_from: Any = None,
) -> list[Participant]:
    """Cases that may be of the same person, whoever's they are: for no screen as it stands.

    The same name or phone; or the same alias at the same site, unless the ages lie apart.
    """
    found: dict[str, set[str]] = {}
    for field in COMPARED:
        kind, text = SEALED[field], identity.get(field, "")
        if not text or kind is None:
            continue
        for match in vault.find(kind, text, by=by, model=Participant):
            if match.column == field:
                found.setdefault(match.row, set()).add(field)
    rows = Participant.objects.filter(pk__in=list(found)).select_related("site", "worker")
    if apart_from is not None:
        rows = rows.exclude(pk=apart_from)
    return [row for row in rows if _is_near(row, found[str(row.pk)], site, birth_year)]


def _is_near(row: Participant, fields: set[str], site: Site, birth_year: int | None) -> bool:
    if fields != {"alias"}:
        return True
    apart = (
        birth_year is not None
        and row.birth_year is not None
        and abs(birth_year - row.birth_year) > NEAR_AGES
    )
    return row.site_id == site.pk and not apart


def twins_for(
    identity: Mapping[str, str], *, site: Site, by: User, birth_year: int | None = None
) -> list[Participant]:
    """Of the likely twins those that the writer sees anyway: to be shown before saving."""
    keys = [twin.pk for twin in likely_twins(identity, site=site, by=by, birth_year=birth_year)]
    if not keys:
        return []
    return list(Participant.objects.visible_to(by).filter(pk__in=keys).select_related("site"))


def tell_of_twins(participant: Participant, identity: Mapping[str, str], *, by: User) -> None:
    """Tell who may see both cases, of each of the two; the writer, and who sees one, hear nothing.

    For intake, and for every change of a name, an alias or a phone.
    """
    twins = likely_twins(
        identity,
        site=participant.site,
        by=by,
        birth_year=participant.birth_year,
        apart_from=participant.pk,
    )
    for twin in twins:
        for person in _seers_of_both(participant, twin, but=by):
            for case, other in ((participant, twin), (twin, participant)):
                worklist.notify(
                    [person], TWIN, subject=case, key=f"{TWIN}:{case.code}:{other.code}"
                )


def _seers_of_both(one: Participant, other: Participant, *, but: User) -> Iterable[User]:
    """The supervisors who see both cases; where there is none, the managers who do."""
    people = User.objects.active().filter(sites=one.site_id).exclude(pk=but.pk)
    for role in (Role.SUPERVISOR, Role.MANAGER):
        seers = [
            person
            for person in people.filter(role=role)
            if Participant.objects.visible_to(person).filter(pk__in=[one.pk, other.pk]).count() == 2
        ]
        if seers:
            return seers
    return []
