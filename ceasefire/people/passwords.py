"""Password rules: length by role, and a local list of common ones. No forced mixing, no expiry."""

from functools import cache
from pathlib import Path
from typing import Any

from django.contrib.auth.password_validation import (
    CommonPasswordValidator as DjangoCommonPasswordValidator,
)
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ceasefire.people.roles import Role
from ceasefire.text import western_digits

LONG_ROLES = {Role.ADMINISTRATOR, Role.AUDITOR}


class RoleMinimumLengthValidator:
    """At least 12 characters; 15 for administrators and auditors (ASVS 5.0, 6.2.1)."""

    def minimum(self, user: Any) -> int:
        return 15 if getattr(user, "role", None) in LONG_ROLES else 12

    def validate(self, password: str, user: Any = None) -> None:
        least = self.minimum(user)
        if len(password) < least:
            raise ValidationError(
                ngettext(
                    "Use at least %(least)d character.",
                    "Use at least %(least)d characters.",
                    least,
                )
                % {"least": least},
                code="password_too_short",
            )

    def get_help_text(self) -> str:
        return _("At least 12 characters; a few words you can remember are best.")


@cache
def _local_words() -> frozenset[str]:
    path = Path(__file__).with_name("common_passwords.txt")
    return frozenset(
        line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()
    )


class CommonPasswordValidator(DjangoCommonPasswordValidator):
    """Django's 20,000 common passwords and our own list of Arabic and Iraqi ones.

    Nothing is looked up on the network. Arabic-Indic digits count as Western ones.
    """

    def validate(self, password: str, user: Any = None) -> None:
        plain = western_digits(password).lower().strip()
        if plain in self.passwords or plain in _local_words():
            raise ValidationError(
                _("This password is used by many people. Choose another one."),
                code="password_too_common",
            )
