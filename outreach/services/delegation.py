"""While a supervisor is away: somebody of the same site holds the team, and the tasks, meanwhile.

Only a supervisor or manager, who shares a site and is not away themselves. What a stand-in sees is
bounded by their own sites all the same.
"""

from datetime import date, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ceasefire import audit, periods, worklist
from ceasefire.people.models import User
from ceasefire.people.roles import Role
from outreach.exceptions import NotForThisPerson, OutreachRefusal
from outreach.models import Delegation, stands_in_for
from outreach.services.approvals import stand_ins_of

SET = "outreach.delegate"
#: Who has a team, or may hold one.
HEADS = (Role.SUPERVISOR, Role.MANAGER)
LONGEST = timedelta(days=92)


class NoStandIn(OutreachRefusal):
    """Not a supervisor or manager of the same site, or not at work then."""

    message = _("This person cannot stand in: not of the site, or away as well.")


class AwayAlready(OutreachRefusal):
    message = _("Somebody stands in on some of these days already. End that first.")


class BadDays(OutreachRefusal):
    message = _("Choose days from today on, the last one after the first, at most three months.")


class EndedAlready(OutreachRefusal):
    message = _("This is over already.")


def _page(_code: str) -> str:
    return reverse("outreach:delegation_list")


worklist.kind("delegation.given", _("You stand in for a supervisor."), address=_page)
worklist.kind("delegation.ended", _("You no longer stand in for a supervisor."), address=_page)


def _represented(person: Any) -> list[Any]:
    """Keys of those for whom somebody stands in now; read once a request."""
    return stands_in_for(person) if person.role in HEADS else []


worklist.stand_ins(represented=_represented, representing=stand_ins_of)


def visible_to(user: Any) -> Any:
    """Delegations that concern a person: their own, those to them; a manager's, of the sites."""
    if not user.is_authenticated or not user.has_perm(SET):
        return Delegation.objects.none()
    concerned = Q(from_user=user) | Q(to_user=user)
    if user.role == Role.MANAGER:
        concerned |= Q(from_user__in=_of_sites(user))
    return Delegation.objects.filter(concerned)


def _of_sites(user: User) -> models.QuerySet[User]:
    """Supervisors and managers of somebody's sites."""
    return User.objects.filter(role__in=HEADS, sites__in=user.site_ids)


def heads_of(by: User) -> list[User]:
    """For whom somebody may set a stand-in: themselves; a manager also for the sites' heads."""
    if by.role != Role.MANAGER:
        return [by]
    rows = _of_sites(by).filter(pk__in=User.objects.active().values("pk")).exclude(pk=by.pk)
    return [by, *rows.distinct().order_by("code_name")]


def candidates(by: User) -> list[User]:
    """Who could stand in for one of `heads_of`: active heads who share a site."""
    rows = _of_sites(by).filter(pk__in=User.objects.active().values("pk"))
    return list(rows.distinct().order_by("code_name"))


@transaction.atomic
def set_stand_in(
    from_user: User, to_user: User, *, starts_on: date, ends_on: date, by: User
) -> Delegation:
    """Let somebody hold a team for some days, both included.

    A supervisor or manager for themselves, a manager also for the heads of their sites. Refuses
    who is not a head of a shared site or is away on one of the days (`NoStandIn`), days that touch
    another stand-in of the same team (`AwayAlready`), and days past or too many (`BadDays`).
    """
    # Both rows in the order of their keys: two people who name each other wait, then one fails.
    keys = sorted({from_user.pk, to_user.pk})
    list(User.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk"))
    if not by.has_perm(SET) or from_user.pk not in {one.pk for one in heads_of(by)}:
        raise NotForThisPerson
    today = periods.now().date()
    if starts_on < today or ends_on < starts_on or ends_on - starts_on > LONGEST:
        raise BadDays
    if starts_on > today + timedelta(days=366):
        raise BadDays
    shared = set(from_user.sites.values_list("pk", flat=True)) & set(
        to_user.sites.values_list("pk", flat=True)
    )
    if (
        to_user.pk == from_user.pk
        or to_user.role not in HEADS
        or not shared
        or not to_user.may_sign_in(starts_on)
    ):
        raise NoStandIn
    touching = Delegation.objects.filter(
        ended_at__isnull=True, starts_on__lte=ends_on, ends_on__gte=starts_on
    )
    if touching.filter(from_user=to_user).exists():
        raise NoStandIn
    # Who stands in for another then cannot be away as well.
    if touching.filter(Q(from_user=from_user) | Q(to_user=from_user)).exists():
        raise AwayAlready
    delegation = Delegation.objects.create(
        from_user=from_user,
        to_user=to_user,
        starts_on=starts_on,
        ends_on=ends_on,
        created_by=by,
        created_at=periods.now(),
    )
    worklist.notify([to_user], "delegation.given", subject=delegation)
    audit.record(
        "delegation.set",
        subject=delegation,
        by=by,
        detail={
            "from": from_user.pk,
            "to": to_user.pk,
            "starts": starts_on,
            "ends": ends_on,
        },
    )
    return delegation


@transaction.atomic
def end(delegation: Delegation, *, by: User) -> Delegation:
    """Take a team back before the last day. Who set it, whose team it is, or a manager."""
    if not may_end(delegation, by):
        raise NotForThisPerson
    delegation = Delegation.objects.select_for_update(of=("self",)).get(pk=delegation.pk)
    if delegation.ended_at is not None or delegation.ends_on < periods.now().date():
        raise EndedAlready
    delegation.ended_at = periods.now()
    delegation.save(update_fields=["ended_at"])
    worklist.notify([delegation.to_user], "delegation.ended", subject=delegation)
    audit.record("delegation.ended", subject=delegation, by=by)
    return delegation


def may_end(delegation: Delegation, by: User) -> bool:
    """Whether a person may take it back: whose team it is, who set it, a manager of the site."""
    return visible_to(by).filter(pk=delegation.pk).exists() and (
        by.pk in {delegation.from_user_id, delegation.created_by_id} or by.role == Role.MANAGER
    )
