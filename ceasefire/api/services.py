"""Making, knowing and revoking the tokens of devices."""

import hashlib
import re
import secrets
from collections.abc import Iterable
from datetime import timedelta

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from ceasefire import audit
from ceasefire.api.exceptions import NotForThisPerson, SecondStepFirst, TooManyTokens
from ceasefire.api.models import DeviceToken, Scope
from ceasefire.people.models import User

LIFE = timedelta(days=90)
MOST_TOKENS = 10
#: How exactly it is known when a token was last used.
LAST_USED_STEP = timedelta(hours=1)
#: Eight letters that tell tokens apart, then 256 random bits.
SHAPE = re.compile(r"cft_[0-9a-f]{8}_[A-Za-z0-9_-]{43}")


def digest_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def lacks_second_step(user: User) -> bool:
    """Whether two-step sign-in is forced and this person has none: no other way in then either."""
    return bool(settings.REQUIRE_MFA) and not is_mfa_enabled(user)


@transaction.atomic
def create_token(user: User, *, device: str, scopes: Iterable[str]) -> tuple[DeviceToken, str]:
    """A token of one's own for a device; the second value is the token, shown this once."""
    user = User.objects.select_for_update().get(pk=user.pk)
    if not user.has_perm("api.use_api"):
        raise NotForThisPerson
    if lacks_second_step(user):
        raise SecondStepFirst
    if DeviceToken.objects.filter(user=user).live().count() >= MOST_TOKENS:
        raise TooManyTokens
    prefix = f"cft_{secrets.token_hex(4)}"
    token = f"{prefix}_{secrets.token_urlsafe(32)}"
    now = timezone.now()
    made = DeviceToken.objects.create(
        user=user,
        device=device,
        prefix=prefix,
        digest=digest_of(token),
        scopes=sorted(set(scopes)) or [Scope.READ.value],
        created_at=now,
        expires_at=now + LIFE,
    )
    audit.record("api.token_made", subject=made, by=user, detail={"scopes": made.scopes})
    return made, token


def find_token(token: str) -> DeviceToken | None:
    """The live token of somebody who may sign in; None for anything else."""
    if not SHAPE.fullmatch(token):
        return None
    found = DeviceToken.objects.select_related("user").filter(digest=digest_of(token)).first()
    if found is None or not found.is_live or not found.user.may_sign_in():
        return None
    return found


def was_once_known(token: str) -> bool:
    """Whether this was a token of somebody: revoked or past its day, but never guessed."""
    return bool(SHAPE.fullmatch(token)) and (
        DeviceToken.objects.filter(digest=digest_of(token)).exists()
    )


def note_use(token: DeviceToken) -> None:
    """Keep when it was last used, to the hour."""
    now = timezone.now()
    if token.last_used_at is None or token.last_used_at <= now - LAST_USED_STEP:
        DeviceToken.objects.filter(pk=token.pk).filter(
            Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - LAST_USED_STEP)
        ).update(last_used_at=now)


@transaction.atomic
def revoke_token(token: DeviceToken, *, by: User) -> DeviceToken:
    """Close one token at once: its owner, or an administrator."""
    token = DeviceToken.objects.select_for_update().get(pk=token.pk)
    if token.user_id != by.pk and not by.has_perm("people.change_user"):
        raise NotForThisPerson
    if token.revoked_at is None:
        _close(token, by=by)
    return token


@transaction.atomic
def revoke_all(user: User, *, by: User | None) -> int:
    """Close every token of a person, e.g. with a new password or another role; how many."""
    tokens = list(DeviceToken.objects.select_for_update().filter(user=user).live())
    for token in tokens:
        _close(token, by=by)
    return len(tokens)


def _close(token: DeviceToken, *, by: User | None) -> None:
    token.revoked_at, token.revoked_by = timezone.now(), by
    token.save(update_fields=["revoked_at", "revoked_by"])
    audit.record("api.token_revoked", subject=token, by=by)
