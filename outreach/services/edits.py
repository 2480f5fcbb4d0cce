"""Editing the facts of a case when somebody else does the same: merged, or kept twice.

A form says of which version of the case it was made. What it showed is read from the history of
changes, never from the form itself, so that no sealed value lies hidden on a page. From there:

    changed by one of the two     taken over, and said
    changed by both to the same   nothing to do
    changed by both, differently  what stands stays, both are kept, and a person chooses

Safety flags are a fact each: what one adds and what another takes away both count. A field that a
form does not show (name, phone, …) counts as changed when something is typed into it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ceasefire import audit, codes, periods, vault, worklist
from ceasefire.people.models import User
from ceasefire.places.models import Zone
from ceasefire.vault.blind import normalised
from outreach.exceptions import (
    CaseIsClosed,
    ChangedMeanwhile,
    NotAllowedFromHere,
    NotForThisPerson,
    OutreachRefusal,
)
from outreach.models import OPEN_TO_TEAM, SEALED, EditConflict, FieldChange, Participant
from outreach.models.edits import BEFORE, MINE, THEIRS
from outreach.services import caseload, cases, consent, identity
from outreach.services.participants import COMPARED, seal_identity, tell_of_twins

CHANGE = "outreach.change_participant"
FLAGS = "safety_flags"
#: Facts that the case holds openly. The year of birth, or else the band, is one fact: the age.
OPEN_FACTS: dict[str, Any] = {
    "zone": _("Zone"),
    "sex": _("Sex"),
    "age": _("Age"),
    "language": _("Language"),
    FLAGS: _("Safety"),
}
LABELS: dict[str, Any] = {**OPEN_FACTS, **identity.LABELS}
#: Shown by a reveal only; on a form they stand empty.
NOT_SHOWN = tuple(field for field in SEALED if field not in OPEN_TO_TEAM)
#: The code list of each fact that is a code.
LISTS = {"sex": "sex", "language": "spoken_language", FLAGS: "safety_flag"}
#: So long until somebody has chosen.
CHOOSE_WITHIN = timedelta(days=3)
EDITS_MET = "participant.edits_met"


def _page(code: str) -> str:
    return reverse("outreach:participant_detail", args=[code])


worklist.task_kind(
    EDITS_MET,
    _("Two people wrote different things. Choose one."),
    tone="due",
    address=_page,
    by_hand=False,
)
worklist.kind(EDITS_MET, _("Somebody wrote something else than you. Both are kept."), address=_page)


def _not_opened(row: FieldChange | EditConflict) -> str:
    """On the sheet of what is held: names and phones are opened as reveals only, old ones too."""
    return gettext("%(field)s: an older value is kept. It is not opened here.") % {
        "field": LABELS.get(row.field, row.field)
    }


consent.erases(
    FieldChange,
    "participant",
    (BEFORE,),
    title=_("What stood there before"),
    instead=_not_opened,
)
consent.erases(
    EditConflict,
    "participant",
    (THEIRS, MINE),
    title=_("Two values to choose from"),
    instead=_not_opened,
)


class ZoneClosed(OutreachRefusal):
    message = _("Nobody walks this zone any more. Choose another.")


class SettledAlready(OutreachRefusal):
    message = _("Somebody has chosen already.")


@dataclass(frozen=True)
class Outcome:
    """What became of a save: fields taken over, whose other changes it met, what is kept twice."""

    participant: Participant
    changed: tuple[str, ...] = ()
    #: field -> code name of who changed it meanwhile; those that were merged.
    merged: tuple[tuple[str, str], ...] = ()
    conflicts: tuple[EditConflict, ...] = ()


# --- a fact as a text -----------------------------------------------------------------------------


def age_of(birth_year: int | None, age_band: str) -> str:
    """The age as one fact: the year where it is known, else the band."""
    return str(birth_year) if birth_year is not None else age_band


def open_facts(participant: Participant) -> dict[str, str]:
    """The facts that the case holds openly, each as a text."""
    return {
        "zone": participant.zone.code if participant.zone else "",
        "sex": participant.sex,
        "age": age_of(participant.birth_year, participant.age_band),
        "language": participant.language,
        FLAGS: " ".join(sorted(participant.safety_flags)),
    }


def shown(field: str, value: str, zones: Mapping[str, str]) -> str:
    """A fact in words of the active language; `zones` are names by code."""
    if field == "zone":
        return zones.get(value, value)
    if field == "age":
        return value if value.isdigit() else codes.label("age_band", value)
    if field in LISTS:
        return " · ".join(codes.label(LISTS[field], one) for one in value.split())
    return value


def _same(field: str, one: str, other: str) -> bool:
    """Whether two texts say the same; a phone number in any digits and with any signs."""
    if one == other:
        return True
    return SEALED.get(field) == "phone" and normalised("phone", one) == normalised("phone", other)


def _put(participant: Participant, field: str, value: str) -> list[str]:
    """Set an open fact of a held case; which columns that were."""
    if field == "zone":
        zone = None
        if value:
            zone = Zone.objects.filter(site=participant.site_id, code=value).first()
            if zone is None or zone.closed_on:
                raise ZoneClosed
        participant.zone = zone
        return ["zone"]
    if field == "age":
        year = int(value) if value.isdigit() else None
        participant.birth_year = year
        participant.age_band = (
            value if year is None else consent.band_of_age(periods.now().year - year)
        )
        return ["birth_year", "age_band"]
    if field == FLAGS:
        participant.safety_flags = value.split()
        return [FLAGS]
    setattr(participant, field, value)
    return [field]


def _refuse_unknown(field: str, value: str, current: str) -> None:
    """Refuse what is no code; one that is out of use may stay where it stands."""
    name = "age_band" if field == "age" and not value.isdigit() else LISTS.get(field)
    known = {code for code, _label in codes.choices(name)} if name else set()
    if name and not (known | set(current.split())).issuperset(value.split()):
        raise ValueError(f"{value!r} is not of the list {name}.")


# --- edit -----------------------------------------------------------------------------------------


@transaction.atomic
def edit_participant(
    participant: Participant, *, typed: Mapping[str, str], version: int, by: User
) -> Outcome:
    """Take over what somebody changed on a form of an older or the present version of a case.

    `typed` has the fields as the form was left: the open facts and the alias always, of the others
    those that were typed anew or taken away (an empty text). Sent twice it changes nothing more.
    Raises `ConsentWithdrawn`, `CaseIsClosed`, and `ChangedMeanwhile` for a version that never was.
    """
    participant = cases.held(participant, by=by, permission=CHANGE)
    if participant.status == Participant.Status.CLOSED:
        raise CaseIsClosed
    if not 1 <= version <= participant.version:
        raise ChangedMeanwhile(version=participant.version)
    typed = {field: value.strip() for field, value in typed.items() if field in LABELS}
    since = _since(participant, version) if version < participant.version else {}
    now_there = _current(participant, typed)
    based_on = now_there | _before(since, typed)

    take: dict[str, str] = {}
    twice: dict[str, str] = {}
    for field, mine in typed.items():
        current = now_there[field]
        if field not in NOT_SHOWN and _same(field, mine, based_on[field]):
            continue
        if field == FLAGS:
            mine = _both(current, based_on[field], mine)
        if _same(field, mine, current):
            continue
        (twice if field in since and field != FLAGS else take)[field] = mine

    for field, value in (take | twice).items():
        _refuse_unknown(field, value, now_there[field])
    _apply(participant, take, now_there, by=by)
    conflicts = [
        made
        for field, mine in twice.items()
        if (made := _keep_both(participant, field, now_there[field], mine, since[field], by=by))
    ]
    if take:
        audit.record("participant.changed", subject=participant, by=by, fields=list(take))
    if conflicts:
        _tell(participant, conflicts, by=by)
        audit.record(
            "participant.edits_met",
            subject=participant,
            by=by,
            fields=[one.field for one in conflicts],
        )
    merged = [
        (field, changes[-1].by.code_name)
        for field, changes in since.items()
        if take and field not in twice
    ]
    return Outcome(participant, tuple(take), tuple(merged), tuple(conflicts))


def _since(participant: Participant, version: int) -> dict[str, list[FieldChange]]:
    """What was changed after a version, by field, the first change first."""
    found: dict[str, list[FieldChange]] = {}
    rows = FieldChange.objects.filter(participant=participant, version__gt=version)
    for change in rows.select_related("by").order_by("version", "id"):
        found.setdefault(change.field, []).append(change)
    return found


def _current(participant: Participant, fields: Iterable[str]) -> dict[str, str]:
    """The fields as they stand: compared by the program and shown to nobody, so read by no one."""
    found = open_facts(participant)
    sealed = [field for field in fields if field in SEALED]
    if sealed:
        opened = vault.unseal_rows([participant], sealed, by=None)[participant.pk]
        found |= {field: opened[field] or "" for field in sealed}
    return found


def _before(since: Mapping[str, list[FieldChange]], fields: Iterable[str]) -> dict[str, str]:
    """What the form showed of the fields that changed since it was made."""
    first = {field: since[field][0] for field in fields if field in since}
    opened = vault.unseal_rows(first.values(), [BEFORE], by=None)
    return {field: opened[change.pk][BEFORE] or "" for field, change in first.items()}


def _both(current: str, base: str, mine: str) -> str:
    """Flags as they stand, with those that somebody added and without those they took away."""
    there, seen, wanted = set(current.split()), set(base.split()), set(mine.split())
    return " ".join(sorted((there | (wanted - seen)) - (seen - wanted)))


def _apply(
    participant: Participant, take: Mapping[str, str], before: Mapping[str, str], *, by: User
) -> None:
    """Change the fields of a held case, one version on, and keep what stood there."""
    if not take:
        return
    columns: list[str] = []
    for field, value in take.items():
        if field in OPEN_FACTS:
            columns += _put(participant, field, value)
    consent.touch(participant, *columns, by=by)
    sealed = {field: value for field, value in take.items() if field in SEALED}
    if sealed:
        seal_identity(participant, sealed, by=by)
    now = periods.now()
    made = FieldChange.objects.bulk_create(
        FieldChange(
            participant=participant, field=field, version=participant.version, by=by, at=now
        )
        for field in take
    )
    vault.seal_rows([vault.Item(one, BEFORE, before[one.field]) for one in made], by=by)
    # Where somebody is still to choose, this is what stands now.
    waiting = EditConflict.objects.open().filter(participant=participant, field__in=list(take))
    waiting.update(theirs_by=by, theirs_at=now)
    telling = {field: value for field, value in sealed.items() if field in COMPARED and value}
    if telling:
        tell_of_twins(participant, telling, by=by)


def _keep_both(
    participant: Participant,
    field: str,
    theirs: str,
    mine: str,
    changes: list[FieldChange],
    *,
    by: User,
) -> EditConflict | None:
    """Keep both values; None where the same person was here with the same value already."""
    same = list(
        EditConflict.objects.open().filter(participant=participant, field=field, mine_by=by)
    )
    opened = vault.unseal_rows(same, [MINE], by=None)
    if any(_same(field, opened[one.pk][MINE] or "", mine) for one in same):
        return None
    made = EditConflict.objects.create(
        participant=participant,
        field=field,
        theirs_by=changes[-1].by,
        theirs_at=changes[-1].at,
        mine_by=by,
        at=periods.now(),
    )
    vault.seal_rows([vault.Item(made, THEIRS, theirs), vault.Item(made, MINE, mine)], by=by)
    return made


def _tell(participant: Participant, conflicts: Iterable[EditConflict], *, by: User) -> None:
    """Give the worker the choice as a task, and tell those whose value stands."""
    due = periods.now() + CHOOSE_WITHIN
    caseload.give_task(participant, EDITS_MET, due_at=due, by=by)
    for one in conflicts:
        person = one.theirs_by
        if person.pk != by.pk and cases.may(participant, person, CHANGE):
            worklist.notify([person], EDITS_MET, subject=participant, key=f"{EDITS_MET}:{one.pk}")


# --- choose ---------------------------------------------------------------------------------------


@transaction.atomic
def settle(
    conflict: EditConflict, *, choice: str, version: int, by: User, text: str = ""
) -> EditConflict:
    """Choose between what stands and what came second, or write a third.

    `version` is the case's that the chooser saw: raises `ChangedMeanwhile` where the field was
    changed since or the version never was, `SettledAlready` where somebody has chosen, and what
    `edit_participant` raises.
    """
    participant = cases.held(conflict.participant, by=by, permission=CHANGE)
    conflict = EditConflict.objects.select_for_update(of=("self",)).get(pk=conflict.pk)
    field = conflict.field
    if conflict.settled_at is not None:
        raise SettledAlready
    if participant.status == Participant.Status.CLOSED:
        raise CaseIsClosed
    if version > participant.version or field in _since(participant, version):
        raise ChangedMeanwhile(version=participant.version)
    current = _current(participant, [field])[field]
    if choice == EditConflict.Choice.THEIRS:
        wanted = current
    elif choice == EditConflict.Choice.MINE:
        wanted = vault.unseal_rows([conflict], [MINE], by=None)[conflict.pk][MINE] or ""
    elif choice == EditConflict.Choice.THIRD:
        wanted = text.strip()
        _refuse_unknown(field, wanted, current)
    else:
        raise NotAllowedFromHere
    conflict.choice, conflict.settled_by, conflict.settled_at = choice, by, periods.now()
    conflict.save(update_fields=["choice", "settled_by", "settled_at"])
    if not _same(field, wanted, current):
        _apply(participant, {field: wanted}, {field: current}, by=by)
    if not EditConflict.objects.open().filter(participant=participant).exists():
        worklist.close_tasks(EDITS_MET, subject=participant, by=by)
    audit.record(
        "participant.edit_settled",
        subject=participant,
        by=by,
        fields=[field],
        detail={"choice": choice},
    )
    return conflict


def both_values(
    participant: Participant, conflicts: Iterable[EditConflict], *, by: User
) -> dict[Any, tuple[str | None, str | None]]:
    """What stands and what came second, of those fields that the case team reads anyway.

    {key of the conflict: both}, in words of the active language; None is a text that does not
    open, and a field that is shown by a reveal only is left out. The readings are recorded.
    """
    rows = [one for one in conflicts if one.field not in NOT_SHOWN]
    if not rows:
        return {}
    sealed = {one.field for one in rows if one.field in SEALED}
    stand: dict[str, str | None] = {**open_facts(participant)}
    if sealed:
        stand |= vault.unseal_rows([participant], sealed, by=by)[participant.pk]
    second = vault.unseal_rows(rows, [MINE], by=by)
    zones = dict[str, str]()
    if any(one.field == "zone" for one in rows):
        zones = {zone.code: zone.name for zone in Zone.objects.filter(site=participant.site_id)}

    def said(field: str, value: str | None) -> str | None:
        return shown(field, value, zones) if value else value

    return {
        one.pk: (said(one.field, stand[one.field]), said(one.field, second[one.pk][MINE]))
        for one in rows
    }


def reveal_both(conflict: EditConflict, *, by: User, reason: str) -> tuple[str, str]:
    """What stands and what came second of a name, a phone, …: two of the day's reveals.

    Raises what `identity.reveal` raises; with fewer than two left, none is shown and it is told.
    The caller's transaction stands, so that a refusal stays in the trail.
    """
    participant, field = conflict.participant, conflict.field
    if not identity.may_reveal(participant, by):
        raise NotForThisPerson
    wanted: list[tuple[Any, str]] = [(participant, field), (conflict, MINE)]
    wanted = [(row, name) for row, name in wanted if name in vault.sealed_fields(row)]
    if vault.reveals_left(by) < len(wanted):
        audit.record(
            "vault.reveal_refused",
            subject=participant,
            by=by,
            fields=[field],
            detail={"why": "limit"},
        )
        identity.tell_guardians(identity.REVEAL_LIMIT, participant.site, by=by)
        raise identity.RevealLimit
    try:
        opened = {id(row): vault.reveal(row, name, by=by, reason=reason) for row, name in wanted}
    except vault.RevealLimitReached:
        identity.tell_guardians(identity.REVEAL_LIMIT, participant.site, by=by)
        raise identity.RevealLimit from None
    except (vault.SealBroken, vault.UnknownKey):
        raise identity.DoesNotOpen from None
    return opened.get(id(participant), ""), opened.get(id(conflict), "")
