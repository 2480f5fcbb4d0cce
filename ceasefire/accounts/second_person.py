"""What one person asks for and another confirms: help with a lost second step, power, and links.

An administrator who could do these alone could make themself manager, or sign in as somebody who
has lost a phone. Who confirms: another administrator; where there is none, a manager of one of the
person's sites. An installation with one administrator and no manager at all has nobody to confirm:
there a role and a link are given alone (it is how the second person comes to be), a second step is
not taken away.
"""

from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from ceasefire import audit
from ceasefire.accounts.exceptions import (
    ChangeIsClosed,
    NobodyToConfirm,
    NotForThisPerson,
    NotYourself,
    ReasonNeeded,
)
from ceasefire.api.services import revoke_all
from ceasefire.people.models import PendingChange, User
from ceasefire.people.roles import ALL_SITE_ROLES, Role

Kind = PendingChange.Kind
#: Roles that reach names, or can make somebody who does.
POWERFUL = frozenset({Role.MANAGER, Role.ADMINISTRATOR})
#: How long it may be confirmed, and a confirmed link be made.
LIFE = timedelta(hours=48)


def confirmers(subject: User, *, asked_by: User) -> QuerySet[User]:
    """Who may confirm a change of `subject`: other administrators, else the person's managers."""
    others = User.objects.active().exclude(pk__in=[subject.pk, asked_by.pk])
    administrators = others.filter(role=Role.ADMINISTRATOR)
    if administrators.exists():
        return administrators
    managers = others.filter(role=Role.MANAGER)
    if subject.role in ALL_SITE_ROLES or not subject.sites.exists():
        return managers
    return managers.filter(sites__in=subject.sites.all()).distinct()


def needs_second_person(subject: User, *, role: str, by: User | None) -> bool:
    """Whether giving `role`, or a link to somebody who has it, waits for a second person."""
    if by is None or role not in POWERFUL:
        return False
    others = User.objects.active().filter(role__in=POWERFUL)
    return others.exclude(pk__in=[subject.pk, by.pk]).exists()


def _open(subject: User, kind: str) -> PendingChange | None:
    return (
        PendingChange.objects.select_for_update()
        .filter(subject=subject, kind=kind, closed_at__isnull=True)
        .first()
    )


def _close(change: PendingChange) -> None:
    change.closed_at = timezone.now()
    change.save(update_fields=["closed_at", "confirmed_by", "confirmed_at"])


@transaction.atomic
def ask(subject: User, *, kind: str, by: User, reason: str = "", role: str = "") -> PendingChange:
    """Ask for a change; an older question of the same kind about the same person ends."""
    subject = User.objects.select_for_update().get(pk=subject.pk)
    if not by.has_perm("people.change_user"):
        raise NotForThisPerson
    if subject.pk == by.pk:
        raise NotYourself
    reason = reason.strip()[:400]
    if kind == Kind.SECOND_STEP and not reason:
        raise ReasonNeeded
    if not confirmers(subject, asked_by=by).exists():
        raise NobodyToConfirm
    older = _open(subject, kind)
    if older is not None:
        _close(older)
    change = PendingChange.objects.create(
        kind=kind,
        subject=subject,
        role=role,
        reason=reason,
        asked_by=by,
        expires_at=timezone.now() + LIFE,
    )
    detail = {"kind": str(kind), **({"role": role} if role else {})}
    audit.record("people.change_asked", subject=subject, by=by, reason=reason, detail=detail)
    return change


def waiting_for(user: User) -> list[PendingChange]:
    """What this person may confirm now, and what they asked for and nobody has confirmed yet."""
    found = _waiting().filter(Q(asked_by=user) | Q(pk__in=to_confirm(user).values("pk")))
    return list(found.select_related("subject", "asked_by").order_by("-asked_at"))


def _waiting() -> QuerySet[PendingChange]:
    return PendingChange.objects.filter(
        closed_at__isnull=True, confirmed_at__isnull=True, expires_at__gt=timezone.now()
    )


def to_confirm(user: User) -> QuerySet[PendingChange]:
    """What waits for this person: the rule of `confirmers` from their side, in one query."""
    waiting = _waiting().exclude(Q(subject=user) | Q(asked_by=user))
    if not user.has_perm("people.confirm_change"):
        return waiting.none()
    if user.role == Role.ADMINISTRATOR:
        return waiting
    administrators = (
        User.objects.active()
        .filter(role=Role.ADMINISTRATOR)
        .exclude(Q(pk=OuterRef("subject")) | Q(pk=OuterRef("asked_by")))
    )
    sites = User.sites.through.objects.filter(user=OuterRef("subject"))
    return waiting.filter(
        ~Exists(administrators),
        Q(subject__role__in=ALL_SITE_ROLES)
        | ~Exists(sites)
        | Exists(sites.filter(site__in=user.sites.all())),
    )


def may_confirm(change: PendingChange, user: User) -> bool:
    """Whether this person is one of those who confirm this change."""
    return (
        user.has_perm("people.confirm_change")
        and confirmers(change.subject, asked_by=change.asked_by).filter(pk=user.pk).exists()
    )


def _locked(change: PendingChange) -> PendingChange:
    # The person first, as every verb about accounts does.
    User.objects.select_for_update().get(pk=change.subject_id)
    change = (
        PendingChange.objects.select_for_update(of=("self",))
        .select_related("subject", "asked_by")
        .get(pk=change.pk)
    )
    if change.closed_at or change.confirmed_at or change.expires_at <= timezone.now():
        raise ChangeIsClosed
    return change


@transaction.atomic
def confirm(change: PendingChange, *, by: User) -> PendingChange:
    """Confirm as the second person, and carry it out; a link is then made by who asked for it."""
    change = _locked(change)
    if not may_confirm(change, by):
        raise NotForThisPerson
    if not change.asked_by.has_perm("people.change_user"):
        raise ChangeIsClosed
    change.confirmed_by, change.confirmed_at = by, timezone.now()
    audit.record(
        "people.change_confirmed",
        subject=change.subject,
        by=by,
        reason=change.reason,
        detail={"kind": change.kind, "asked_by": change.asked_by.code_name},
    )
    if change.kind == Kind.LINK:
        change.save(update_fields=["confirmed_by", "confirmed_at"])
        return change
    if change.kind == Kind.SECOND_STEP:
        _take_second_step_away(change.subject, by=by)
    else:
        _give_role(change.subject, change.role, by=by)
    _close(change)
    return change


@transaction.atomic
def refuse(change: PendingChange, *, by: User) -> PendingChange:
    """Say no, or take back what one asked for oneself."""
    change = _locked(change)
    if change.asked_by_id != by.pk and not may_confirm(change, by):
        raise NotForThisPerson
    _close(change)
    audit.record(
        "people.change_refused", subject=change.subject, by=by, detail={"kind": change.kind}
    )
    return change


def use_confirmed_link(subject: User, *, by: User) -> bool:
    """Use up the confirmation of a one-time link; the person's row is locked by the caller."""
    change = _open(subject, Kind.LINK)
    if (
        change is None
        or change.confirmed_at is None
        or change.asked_by_id != by.pk
        or change.expires_at <= timezone.now()
    ):
        return False
    _close(change)
    return True


def _take_second_step_away(user: User, *, by: User) -> None:
    from allauth.mfa.models import Authenticator

    from ceasefire.accounts.services import end_all_sessions

    for authenticator in Authenticator.objects.filter(user=user):
        authenticator.changed_by = by  # for the trail, see second_step.py
        authenticator.delete()
    end_all_sessions(user)
    revoke_all(user, by=by)


def _give_role(user: User, role: str, *, by: User) -> None:
    from ceasefire.accounts.services import refuse_the_last_administrator

    if user.role == Role.ADMINISTRATOR and role != Role.ADMINISTRATOR:
        refuse_the_last_administrator(user)
    before, user.role, user.duties = user.role, role, []
    user.version += 1
    user.save(update_fields=["role", "duties", "version"])
    if role in ALL_SITE_ROLES:
        user.sites.clear()
    revoke_all(user, by=by)
    audit.record(
        "people.user_changed",
        subject=user,
        by=by,
        detail={"before": {"role": before}, "after": {"role": role}},
    )
