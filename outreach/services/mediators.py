"""Who mediates in a conflict: the lead, those beside, and what a leaving one gives on."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q

from ceasefire import audit, periods, worklist
from ceasefire.people.models import User
from ceasefire.places.models import Site
from outreach.exceptions import NotForThisPerson
from outreach.models import MEDIATORS, Conflict, ConflictMediator
from outreach.services import conflict_notices, conflicts, neutrality
from outreach.services.transfers import counts_conflicts, on_handover


def colleagues_of(site: Site) -> list[User]:
    """Who may mediate at a site, by code name."""
    rows = User.objects.active().filter(role__in=MEDIATORS, sites=site)
    return list(rows.order_by("code_name"))


def may_choose_lead(conflict: Conflict, by: User) -> bool:
    """Supervisors and managers, for conflicts they see."""
    return conflicts.may(conflict, by) and by.has_perm(conflicts.SUPERVISE)


def may_choose_beside(conflict: Conflict, by: User) -> bool:
    """The lead too says who mediates beside them."""
    return conflicts.may(conflict, by) and (
        conflict.lead_id == by.pk or by.has_perm(conflicts.SUPERVISE)
    )


@transaction.atomic
def set_mediators(
    conflict: Conflict,
    *,
    lead: User,
    beside: Sequence[User],
    by: User,
    version: int | None = None,
) -> Conflict:
    """Say who leads and who mediates beside. Tasks of the old lead go to the new one.

    The supervisors hear of a newcomer whose ties meet a side; whoever names them does not.
    """
    conflict = conflicts.held(conflict, by=by, version=version)
    if not may_choose_beside(conflict, by) or not conflict.is_open:
        raise NotForThisPerson
    old = conflict.lead
    if lead.pk != old.pk:
        if not by.has_perm(conflicts.SUPERVISE):
            raise NotForThisPerson
        conflicts.refuse_stranger(conflict.site, lead)
    wanted = {person.pk: person for person in beside if person.pk != lead.pk}
    rows = {row.user_id: row for row in conflict.mediators.filter(until__isnull=True)}
    fresh = [person for key, person in wanted.items() if key not in rows]
    for person in fresh:
        conflicts.refuse_stranger(conflict.site, person)
    now = periods.now()
    for key, row in rows.items():
        if key not in wanted:
            row.until = now
            row.save(update_fields=["until"])
    ConflictMediator.objects.bulk_create(
        [
            ConflictMediator(conflict=conflict, user=person, since=now, added_by=by)
            for person in fresh
        ]
    )
    if lead.pk != old.pk:
        conflict.lead = lead
        worklist.move_tasks(old, lead, by=by, subject=conflict)
        fresh.append(lead)
    conflicts.save(conflict, by=by)
    conflict_notices.tell(fresh, "conflict.assigned", conflict, by=by, more=str(conflict.version))
    neutrality.tell_of_ties(conflict, fresh, by=by)
    audit.record(
        "conflict.mediators_set",
        subject=conflict,
        by=by,
        detail={"lead": lead.pk, "beside": sorted(str(key) for key in wanted)},
    )
    return conflict


def _may_be_given_on(by: User) -> Any:
    """The open conflicts that somebody sees, at sites where anything may be written."""
    return Conflict.objects.visible_to(by).open().filter(site__read_only=False)


@transaction.atomic
def hand_over_all(from_user: User, to_user: User, *, by: User) -> int:
    """Give what somebody leads to a colleague, as when they leave; how many conflicts.

    Where they mediate beside somebody they are taken off. What the person who hands over does not
    see stays where it is.
    """
    done = 0
    beside_now = ConflictMediator.objects.filter(user=from_user, until__isnull=True)
    mine = _may_be_given_on(by).filter(Q(lead=from_user) | Q(pk__in=beside_now.values("conflict")))
    for key in mine.order_by("pk").values_list("pk", flat=True):
        conflict = conflicts.held(Conflict(pk=key), by=by, permission=conflicts.SUPERVISE)
        lead, *others = conflict_notices.mediators_of(conflict)
        if from_user not in {lead, *others}:
            continue
        done += lead == from_user
        set_mediators(
            conflict,
            lead=to_user if lead == from_user else lead,
            beside=[one for one in others if one != from_user],
            by=by,
        )
    return done


@on_handover
def hand_over_conflicts(from_user: User, to_user: User, *, by: User) -> None:
    """With a caseload that is handed over go the conflicts."""
    hand_over_all(from_user, to_user, by=by)


@counts_conflicts
def mediated(by: User) -> list[tuple[Any, Any]]:
    """Who leads or mediates, and where: what goes with a caseload, or alone where there is none."""
    mine = _may_be_given_on(by).order_by()
    beside = ConflictMediator.objects.filter(conflict__in=mine.values("pk"), until__isnull=True)
    return [
        *mine.values_list("lead", "site"),
        *beside.order_by().values_list("user", "conflict__site"),
    ]
