"""The daily clearing: what only proves that somebody signed in does not outlive its use."""

from collections.abc import Iterator
from datetime import timedelta

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.utils import timezone

from ceasefire import jobs
from ceasefire.accounts import sealed_secrets
from ceasefire.people import lockout
from ceasefire.people.models import OneTimeLink, SignInFailure

CLEAR = "accounts.clear_expired"
#: A used or expired link stays this long, so that "was it used?" can be answered; the trail has it
#: for good.
LINK_KEPT = timedelta(days=30)


@jobs.handler(CLEAR)
def clear_expired() -> None:
    """Delete ended sessions with their entry in the session list, old failures, old links."""
    now = timezone.now()
    Session.objects.filter(expire_date__lt=now).delete()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    # A lock lasts an hour at most, so nothing that still holds is cleared.
    SignInFailure.objects.filter(updated_at__lt=now - lockout.FORGET_AFTER).delete()
    OneTimeLink.objects.filter(expires_at__lt=now - LINK_KEPT).delete()
    if "" in sealed_secrets.counts_by_key():
        # Second steps of before their secrets were sealed.
        sealed_secrets.seal_again()


@jobs.periodic("accounts.daily")
def due_days() -> Iterator[jobs.Due]:
    """Today; a missed day is made up for by the next."""
    yield jobs.Due(timezone.localdate().isoformat(), CLEAR)
