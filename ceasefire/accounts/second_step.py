"""Guesses at a person's own secrets, once somebody is half or wholly signed in.

django-allauth counts them by rate limits in its cache, all of which are off: counting is ours, in
PostgreSQL (`ceasefire.people.lockout`). Without these forms a six-digit code, or the password of an
unlocked phone, could be tried for ever.
"""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import ChangePasswordForm
from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from django import forms
from django.utils.translation import gettext_lazy as _

from ceasefire import audit
from ceasefire.accounts.adapter import too_many_tries
from ceasefire.people import lockout


class _CountedCode(forms.Form):
    """Looks at no code while the person is locked, and counts each wrong one."""

    user: Any

    def clean_code(self) -> str:
        address = lockout.client_address(context.request)
        wait = lockout.code_locked_for(self.user, address)
        if wait is not None:
            raise too_many_tries(wait)
        try:
            code: str = super().clean_code()  # type: ignore[misc]
        except forms.ValidationError:
            lockout.note_wrong_code(self.user, address)
            audit.record("people.second_step_failed", subject=self.user)
            raise
        lockout.forget_wrong_codes(self.user, address)
        return code


class CountedAuthenticateForm(_CountedCode, AuthenticateForm):
    """The code at sign-in."""


class CountedReauthenticateForm(_CountedCode, ReauthenticateForm):
    """The code before a change of one's own sign-in."""


class CountedChangePasswordForm(ChangePasswordForm):
    """The old password counts as any other try of it."""

    def clean_oldpassword(self) -> str:
        password: str = self.cleaned_data["oldpassword"]
        adapter = get_adapter()
        if not adapter.reauthenticate(self.user, password):
            raise adapter.validation_error("enter_current_password")
        return password


class PasswordAgainForm(forms.Form):
    """The password once more, on the form of the step it protects: nothing typed there is lost.

    Tries count as at sign-in; locked out, even the right password is not looked at.
    """

    password = forms.CharField(
        label=_("Your password again"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": _("Type your password once more.")},
    )

    def __init__(self, *args: Any, by: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by = by

    def clean(self) -> dict[str, Any]:
        """Looked at last and only with all else in order: no other fault costs a try."""
        cleaned = super().clean() or self.cleaned_data
        password = cleaned.pop("password", "")
        if self.errors or not password:
            return cleaned
        try:
            right = get_adapter().reauthenticate(self.by, password)
        except forms.ValidationError as locked:
            self.add_error("password", locked)
            return cleaned
        if right:
            lockout.forget_failures(self.by.username, lockout.client_address(context.request))
        else:
            self.add_error("password", _("This is not your password."))
        return cleaned


def note_added(sender: Any, instance: Any, created: bool, **kwargs: Any) -> None:
    """A second step was set up; written with it, so a signal of the table, not django-allauth's own
    one, which comes after the commit."""
    if created:
        _note("people.second_step_added", instance)


def note_removed(sender: Any, instance: Any, **kwargs: Any) -> None:
    """A second step was taken away."""
    _note("people.second_step_removed", instance)


def _note(verb: str, authenticator: Any) -> None:
    user = authenticator.user
    # Somebody else only where two people took it away (second_person.py).
    by = getattr(authenticator, "changed_by", user)
    audit.record(verb, subject=user, by=by, detail={"type": str(authenticator.type)})
