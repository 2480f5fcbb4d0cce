"""Opening an identity for a reason, and finding somebody by it.

What is refused for its number is told to the managers of the site and to the auditors at once.
"""

import re
from collections.abc import Sequence
from copy import copy
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from ceasefire import audit, periods, vault, worklist
from ceasefire.people.models import User
from ceasefire.people.roles import Role
from incidents.services.names import sealed_names_in
from outreach.exceptions import NotForThisPerson, OutreachRefusal
from outreach.models import SEALED, SEARCHES_A_DAY, Participant

REVEAL = "vault.reveal_identity"
REVEAL_LIMIT, SEARCH_LIMIT = "identity.reveal_limit", "identity.search_limit"

#: Stands for what may not be in the trail.
MASK = "…"
#: Seven digits or more, in any digit set, with the signs that people put between them.
_LIKE_A_PHONE = re.compile(r"\+?\d(?:[\s()./-]*\d){6,}")

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


def without_names(text: str, *, by: User) -> str:
    """A reason as it may stand in the trail: sealed names and anything like a phone taken out.

    Silently, or the form would tell which names are kept here, without limit or scope.
    """
    for passage in sealed_names_in(text, by=by):
        text = re.sub(r"\W+".join(map(re.escape, passage.split())), MASK, text)
    return _LIKE_A_PHONE.sub(MASK, text)


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
