"""What may be done to accounts. An administrator starts a password reset and never chooses one."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import date, timedelta

from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from ceasefire import audit
from ceasefire.accounts import second_person
from ceasefire.accounts.exceptions import (
    LastAdministrator,
    LinkIsUsedUp,
    NotYourself,
    SecondPersonNeeded,
    UserChangedMeanwhile,
)
from ceasefire.api.services import revoke_all
from ceasefire.people.models import OneTimeLink, User
from ceasefire.people.roles import Role
from ceasefire.places.models import Site

LINK_LIFE = timedelta(hours=24)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def add_user(
    *,
    username: str,
    code_name: str,
    role: str,
    by: User | None,
    sites: Iterable[Site] = (),
    supervisor: User | None = None,
    duties: Iterable[str] = (),
    language: str = "ar",
    expires_on: date | None = None,
) -> User:
    """Add a person without a password; they choose one by a one-time link (`make_link`).

    `by` None is the first account of an installation. Names taken already are the form's to refuse;
    the database holds the rule too.
    """
    user = User(
        username=username,
        code_name=code_name,
        role=role,
        duties=sorted(duties) if role == Role.REO_STAFF else [],
        supervisor=supervisor,
        language=language,
        expires_on=expires_on,
    )
    user.set_unusable_password()
    user.save(force_insert=True)
    user.sites.set(sites)
    audit.record("people.user_added", subject=user, by=by, detail={"role": role})
    return user


@transaction.atomic
def change_user(
    user: User,
    *,
    code_name: str,
    role: str,
    sites: Iterable[Site],
    supervisor: User | None,
    duties: Iterable[str],
    language: str,
    expires_on: date | None,
    version: int,
    by: User,
) -> User:
    """Change a person's role, sites or dates; it holds from their next request.

    Nobody changes their own role, and the last active administrator keeps it. The role of manager
    or administrator is given by `second_person`.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.version != version:
        raise UserChangedMeanwhile
    if user.pk == by.pk and role != user.role:
        raise NotYourself
    if role != user.role and second_person.needs_second_person(user, role=role, by=by):
        raise SecondPersonNeeded
    if user.role == Role.ADMINISTRATOR and role != Role.ADMINISTRATOR:
        refuse_the_last_administrator(user)
    before = {"role": user.role, "sites": sorted(user.sites.values_list("code", flat=True))}
    user.code_name = code_name
    user.role = role
    user.duties = sorted(duties) if role == Role.REO_STAFF else []
    user.supervisor = supervisor
    user.language = language
    user.expires_on = expires_on
    user.version += 1
    user.save()
    user.sites.set(sites)
    if before["role"] != role:
        revoke_all(user, by=by)
    after = {"role": role, "sites": sorted(site.code for site in sites)}
    audit.record(
        "people.user_changed", subject=user, by=by, detail={"before": before, "after": after}
    )
    return user


def refuse_the_last_administrator(user: User) -> None:
    # Locks every other administrator's row, so two cannot step back at once.
    others = User.objects.select_for_update().active().filter(role=Role.ADMINISTRATOR)
    if not others.exclude(pk=user.pk).exists():
        raise LastAdministrator


@transaction.atomic
def disable_user(user: User, *, by: User) -> User:
    """Take a person's access away; their sessions end with their next request.

    Nothing of theirs is deleted. Nobody disables themself, nor the last administrator.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.pk == by.pk:
        raise NotYourself
    if not user.is_active:
        return user
    if user.role == Role.ADMINISTRATOR:
        refuse_the_last_administrator(user)
    user.is_active = False
    user.version += 1
    user.save(update_fields=["is_active", "version"])
    user.one_time_links.filter(used_at__isnull=True).delete()
    end_all_sessions(user)
    revoke_all(user, by=by)
    audit.record("people.user_disabled", subject=user, by=by)
    return user


@transaction.atomic
def enable_user(user: User, *, by: User) -> User:
    """Give a disabled person access again, with the password they had."""
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.is_active:
        return user
    user.is_active = True
    user.version += 1
    user.save(update_fields=["is_active", "version"])
    audit.record("people.user_enabled", subject=user, by=by)
    return user


def end_all_sessions(user: User) -> int:
    """Delete every signed-in session of a person; returns how many there were known."""
    from allauth.usersessions.models import UserSession

    keys = list(UserSession.objects.filter(user=user).values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    UserSession.objects.filter(user=user).delete()
    return len(keys)


@transaction.atomic
def make_link(user: User, *, by: User | None) -> str:
    """A one-time link token, valid 24 hours; earlier unused ones end. Only its hash is kept.

    For a manager or an administrator a second person has confirmed it (`second_person`).
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    if (
        by is not None
        and second_person.needs_second_person(user, role=user.role, by=by)
        and not second_person.use_confirmed_link(user, by=by)
    ):
        raise SecondPersonNeeded
    user.one_time_links.filter(used_at__isnull=True).delete()
    token = secrets.token_urlsafe(32)
    OneTimeLink.objects.create(
        user=user,
        digest=_digest(token),
        expires_at=timezone.now() + LINK_LIFE,
        created_by=by or user,
    )
    audit.record("people.link_made", subject=user, by=by)
    return token


def find_link(token: str) -> OneTimeLink:
    """The open link of a token, or LinkIsUsedUp."""
    link = (
        OneTimeLink.objects.select_related("user")
        .filter(digest=_digest(token), used_at__isnull=True, expires_at__gt=timezone.now())
        .first()
    )
    if link is None or not link.user.may_sign_in():
        raise LinkIsUsedUp
    return link


@transaction.atomic
def set_password_by_link(token: str, *, password: str) -> User:
    """Set the person's own password and use the link up; all their sessions end."""
    # The person first, as every verb here does: the other way round two of them could wait for each
    # other for ever.
    user = (
        User.objects.select_for_update(of=("self",))
        .filter(one_time_links__digest=_digest(token))
        .first()
    )
    if user is None or not user.may_sign_in():
        raise LinkIsUsedUp
    link = user.one_time_links.select_for_update().filter(digest=_digest(token)).first()
    if link is None or link.used_at is not None or link.expires_at <= timezone.now():
        raise LinkIsUsedUp
    link.used_at = timezone.now()
    link.save(update_fields=["used_at"])
    user.set_password(password)
    user.save(update_fields=["password"])
    end_all_sessions(user)
    revoke_all(user, by=user)
    audit.record("people.password_set", subject=user, by=user)
    return user


@transaction.atomic
def choose_preferences(
    user: User,
    *,
    language: str | None = None,
    digits: str | None = None,
    shortcuts: bool | None = None,
) -> User:
    """A person's own language, digits and keyboard shortcuts."""
    if language is not None:
        user.language = language
    if digits is not None:
        user.digits = digits
    if shortcuts is not None:
        user.shortcuts = shortcuts
    user.save(update_fields=["language", "digits", "shortcuts"])
    return user
