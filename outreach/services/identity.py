"""Opening an identity for a reason, finding somebody by it, and saying all that is held.

What is refused for its number is told to the managers of the site and to the auditors at once.
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from ceasefire import audit, codes, periods, vault, worklist
from ceasefire.people.models import User
from ceasefire.people.roles import Role
from outreach.exceptions import NotForThisPerson, OutreachRefusal
from outreach.models import SEALED, SEARCHES_A_DAY, Contact, Participant
from outreach.services import consent

REVEAL = "vault.reveal_identity"
REVEAL_LIMIT, SEARCH_LIMIT = "identity.reveal_limit", "identity.search_limit"

#: What each sealed field is called.
LABELS: dict[str, Any] = {
    "name": _("Name"),
    "alias": _("Alias"),
    "phone": _("Phone"),
    "address": _("Address"),
    "family": _("Family"),
    "tribe": _("Tribe"),
}

worklist.kind(
    REVEAL_LIMIT,
    _("Somebody asked for more identities than a day allows, and was refused."),
    tone="overdue",
)
worklist.kind(
    SEARCH_LIMIT,
    _("Somebody searched for more people than a day allows, and was refused."),
    tone="overdue",
)


class RevealLimit(OutreachRefusal):
    message = _(
        "You have opened as many identities today as a day allows. The manager and the auditor"
        " are told."
    )


class SearchLimit(OutreachRefusal):
    message = _(
        "You have searched for as many people today as a day allows. The manager and the auditor"
        " are told."
    )


class NothingThere(OutreachRefusal):
    message = _("Nothing is written there.")


class DoesNotOpen(OutreachRefusal):
    message = _("It does not open. Tell the administrator.")


def may_reveal(participant: Participant, by: User) -> bool:
    """Workers their own, supervisors their team's, managers their site's; an interrupter none."""
    return (
        by.has_perm(REVEAL)
        and Participant.objects.visible_to(by).filter(pk=participant.pk).exists()
    )


def reveal(
    participant: Participant, fields: Sequence[str], *, by: User, reason: str
) -> dict[str, str]:
    """Sealed fields of a case, each counted and written down before it is shown.

    Raises `NotForThisPerson`, `NothingThere`, `DoesNotOpen`, and `RevealLimit` where fewer are left
    today than were asked for: then none is shown, and it is told. The caller's transaction stands,
    so that the refusal stays in the trail.
    """
    if not may_reveal(participant, by):
        raise NotForThisPerson
    wanted = [name for name in vault.sealed_fields(participant) if name in fields]
    if not wanted:
        raise NothingThere
    shown = {}
    try:
        for name in sorted(wanted, key=list(SEALED).index):
            shown[name] = vault.reveal(participant, name, by=by, reason=reason)
    except vault.RevealLimitReached:
        tell_guardians(REVEAL_LIMIT, participant.site, by=by)
        raise RevealLimit from None
    except (vault.SealBroken, vault.UnknownKey):
        raise DoesNotOpen from None
    return shown


def tell_guardians(kind: str, site: Any, *, by: User) -> None:
    """Tell the managers of a site and the auditors, once a day a person; never who did it."""
    people = User.objects.active().exclude(pk=by.pk)
    heard = [
        *people.filter(role=Role.MANAGER, sites=site),
        *people.filter(role=Role.AUDITOR),
    ]
    # Known on a notice by the code name, as in the trail.
    who: Any = copy(by)
    who.code = by.code_name
    worklist.notify(heard, kind, subject=who, key=f"{kind}:{by.pk}:{periods.now().date()}")


# --- find -----------------------------------------------------------------------------------------


def searches_left(by: User) -> int:
    """How many searches the person may still make today."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count FROM outreach_searchcount WHERE user_id = %s AND day = %s",
            [by.pk, periods.now().date()],
        )
        row = cursor.fetchone()
    return SEARCHES_A_DAY - (row[0] if row else 0)


def _count_search(by: User) -> bool:
    """Take one of today's searches; False where none is left. The row is locked to the commit."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO outreach_searchcount (user_id, day, count) VALUES (%s, %s, 1)
            ON CONFLICT (user_id, day) DO UPDATE SET count = outreach_searchcount.count + 1
              WHERE outreach_searchcount.count < %s
            RETURNING count
            """,
            [by.pk, periods.now().date(), SEARCHES_A_DAY],
        )
        return cursor.fetchone() is not None


def find(kind: str, value: str, *, by: User) -> list[Participant]:
    """The cases that the person may see and that hold this very name, phone or alias.

    Another's case and none at all give the same: nothing. Every search counts, found or not; one
    too many is `SearchLimit`, told and written down in the caller's transaction, which stands.
    """
    if not by.has_perm(REVEAL):
        raise NotForThisPerson
    if not _count_search(by):
        audit.record("participant.search_refused", by=by, detail={"kind": kind, "why": "limit"})
        for site in by.sites.all():
            tell_guardians(SEARCH_LIMIT, site, by=by)
        raise SearchLimit
    found = vault.find(kind, value, by=by, model=Participant)
    keys = [match.row for match in found if SEALED.get(match.column) == kind]
    rows = Participant.objects.visible_to(by).filter(pk__in=keys)
    return list(rows.select_related("site", "zone", "worker").order_by("code")[:50])


# --- what is held ---------------------------------------------------------------------------------


@dataclass
class Part:
    """One heading of the sheet: facts (what, how it stands) and texts (when, words)."""

    title: Any
    facts: list[tuple[Any, Any]] = field(default_factory=list)
    texts: list[tuple[Any, str]] = field(default_factory=list)
    count: int | None = None


def all_held(participant: Participant, *, by: User, reason: str) -> list[Part]:
    """Everything that is held about somebody, in words of the active language.

    Each sealed field of the identity counts as one reveal (`RevealLimit` where too few are left);
    the other sealed texts are read as the case team reads them. Written down as a whole too.
    """
    if not may_reveal(participant, by):
        raise NotForThisPerson
    identity = vault.sealed_fields(participant)
    if vault.reveals_left(by) < len(identity):
        audit.record(
            "vault.reveal_refused",
            subject=participant,
            by=by,
            fields=identity,
            detail={"why": "limit"},
        )
        tell_guardians(REVEAL_LIMIT, participant.site, by=by)
        raise RevealLimit
    shown = reveal(participant, identity, by=by, reason=reason) if identity else {}
    parts = [
        Part(_("Identity"), facts=[(LABELS[name], text) for name, text in shown.items()]),
        Part(_("Facts"), facts=_facts(participant)),
        Part(_("Consent"), texts=_consents(participant)),
        Part(_("Steps of the case"), texts=_steps(participant)),
        Part(_("Contacts"), facts=_contacts(participant)),
        *_texts(participant, by=by),
        Part(_("Number of records"), facts=_counts(participant)),
    ]
    audit.record("participant.held_shown", subject=participant, by=by, reason=reason)
    return [part for part in parts if part.facts or part.texts]


def _facts(participant: Participant) -> list[tuple[Any, Any]]:
    rows: list[tuple[Any, Any]] = [
        (_("Code"), participant.code),
        (_("Site"), participant.site.name),
        (_("Zone"), participant.zone.name if participant.zone else ""),
        (_("Status"), participant.get_status_display()),
        (_("Why"), participant.reason_label),
        (_("Sex"), codes.label("sex", participant.sex)),
        (_("Year of birth"), participant.birth_year or ""),
        (_("Age"), codes.label("age_band", participant.age_band)),
        (_("Language"), codes.label("spoken_language", participant.language)),
        (
            _("Safety"),
            " · ".join(codes.label("safety_flag", flag) for flag in participant.safety_flags),
        ),
        (
            _("Risk signal"),
            codes.label("risk_signal", participant.risk_signal) if participant.risk_signal else "",
        ),
        (_("Screened on"), participant.screened_on or ""),
        (_("Held since"), periods.local_day(participant.created_at)),
    ]
    return [(what, how) for what, how in rows if how != ""]


def _consents(participant: Participant) -> list[tuple[Any, str]]:
    rows = []
    for one in participant.consents.order_by("recorded_at"):
        words = f"{' · '.join(one.purpose_labels)} ({one.manner_label})"
        rows.append((one.agreed_on, words))
    return rows


def _steps(participant: Participant) -> list[tuple[Any, str]]:
    return [
        (periods.local_day(step.at), str(Participant.Status(step.to_status).label))
        for step in participant.steps.order_by("at", "id")
    ]


def _contacts(participant: Participant) -> list[tuple[Any, Any]]:
    rows = (
        Contact.objects.filter(participant=participant)
        .order_by()
        .values_list("mode")
        .annotate(number=models.Count("pk"))
    )
    return [(codes.label("contact_mode", mode), number) for mode, number in sorted(rows)]


def _texts(participant: Participant, *, by: User) -> list[Part]:
    """The sealed texts of every part of the work, under its heading, with their day."""
    parts = []
    for one in consent.held():
        if one.model is Participant:
            continue
        rows = list(one.rows(participant)[:2000])
        opened = vault.unseal_rows(rows, one.fields, by=by)
        texts = []
        for row in rows:
            words = [text for text in opened[row.pk].values() if text]
            if words:
                texts.append((_day_of(row), "\n".join(words)))
        if texts:
            parts.append(Part(one.title, texts=texts))
    return parts


def _day_of(row: models.Model) -> Any:
    """The day of a record, by whichever column says when it was made."""
    for name in ("at", "created_at", "recorded_at", "asked_at", "screened_at", "on"):
        moment = getattr(row, name, None)
        if moment is not None:
            return periods.local_day(moment)
    return None


def _counts(participant: Participant) -> list[tuple[Any, Any]]:
    """How many rows each part keeps of the case, also those without a word in them."""
    found = []
    for relation in Participant._meta.related_objects:
        model = relation.related_model
        number = model._base_manager.filter(**{relation.field.name: participant.pk}).count()
        if number:
            found.append((str(model._meta.verbose_name_plural), number))
    return found
