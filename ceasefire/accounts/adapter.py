"""What sign-in by django-allauth may do here: no sign-up, our lock-out, and audited outcomes."""

from datetime import timedelta
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django import forms
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ceasefire import audit
from ceasefire.api.services import revoke_all
from ceasefire.people import lockout


def too_many_tries(wait: timedelta) -> forms.ValidationError:
    """What somebody reads who is locked out for a while."""
    minutes = max(1, round(wait.total_seconds() / 60))
    return forms.ValidationError(
        ngettext(
            "Too many wrong tries from this place. Try again in %(minutes)d minute.",
            "Too many wrong tries from this place. Try again in %(minutes)d minutes.",
            minutes,
        )
        % {"minutes": minutes},
        code="too_many_tries",
    )


class AccountAdapter(DefaultAccountAdapter):
    """Closed to new people; locks a name from one address only; answers alike for all failures."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        username = credentials.get("username") or ""
        wait = lockout.locked_for(username, lockout.client_address(request))
        if wait is not None:
            raise too_many_tries(wait)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        username = credentials.get("username") or ""
        lockout.note_failure(username, lockout.client_address(request))
        user = get_user_model().objects.filter(username__iexact=username).first()
        if user is not None:
            # Names nobody has are not kept: a password typed in the wrong field would stand here.
            audit.record("people.sign_in_failed", subject=user)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        user = super().authenticate(request, **credentials)
        if user is not None and not user.may_sign_in():
            return None
        return user

    def login(self, request: HttpRequest, user: Any) -> None:
        super().login(request, user)
        lockout.forget_failures(user.username, lockout.client_address(request))
        audit.record("people.signed_in", subject=user, by=user)

    def logout(self, request: HttpRequest) -> None:
        user = request.user if request.user.is_authenticated else None
        super().logout(request)
        if user is not None:
            audit.record("people.signed_out", subject=user, by=user)

    def set_password(self, user: Any, password: str) -> None:
        super().set_password(user, password)
        revoke_all(user, by=user)
        audit.record("people.password_set", subject=user, by=user)

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        raise forms.ValidationError(_("The user name or the password is not right."))

    def get_client_ip(self, request: HttpRequest) -> str:
        return lockout.client_address(request)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """No mail leaves: a subject line or an address can give a person away."""
