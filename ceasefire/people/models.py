"""The user: a code name, a role, sites. No real name is kept here, nor an e-mail address."""

import uuid
from datetime import date
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ceasefire.people import roles
from ceasefire.people.roles import Duty, Role
from ceasefire.places.models import Site


class UserQuerySet(models.QuerySet["User"]):
    """Users, read as the office speaks."""

    def active(self, on: date | None = None) -> "UserQuerySet":
        """Those who may sign in on a day (today by default)."""
        day = on or timezone.localdate()
        return self.filter(is_active=True).filter(
            Q(expires_on__isnull=True) | Q(expires_on__gt=day)
        )

    def visible_to(self, user: "User") -> "UserQuerySet":
        """Administrators see everybody; others only themselves."""
        return self if user.has_perm("people.view_user") else self.filter(pk=user.pk)


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(username__iexact=username)


class User(AbstractBaseUser):
    """Somebody who signs in. Shown to others by code name only."""

    class Digits(models.TextChoices):
        WESTERN = "western", _("Western (123)")
        ARABIC = "arabic", _("Arabic (١٢٣)")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = models.CharField(_("User name"), max_length=60)
    code_name = models.CharField(_("Code name"), max_length=60)
    role = models.CharField(_("Role"), max_length=20, choices=Role.choices)
    duties = ArrayField(
        models.CharField(max_length=20, choices=Duty.choices), default=list, blank=True
    )
    sites = models.ManyToManyField(Site, blank=True, related_name="staff")
    supervisor = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="team"
    )
    language = models.CharField(
        _("Language"),
        max_length=2,
        choices=[("ar", "العربية"), ("en", "English")],
        default="ar",
    )
    digits = models.CharField(
        _("Digits"), max_length=8, choices=Digits.choices, default=Digits.WESTERN
    )
    #: Single keys can get in the way of speech input and of screen readers: off by choice.
    shortcuts = models.BooleanField(_("Keyboard shortcuts"), default=True)
    is_active = models.BooleanField(default=True)
    expires_on = models.DateField(_("Expires on"), null=True, blank=True)
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=1)

    objects = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ["code_name", "role"]

    class Meta:
        ordering = ["username"]
        constraints = [
            models.UniqueConstraint(Lower("username"), name="a_user_name_is_taken_once"),
            models.UniqueConstraint(Lower("code_name"), name="a_code_name_is_taken_once"),
            models.CheckConstraint(
                condition=Q(role__in=Role.values),
                name="a_user_has_one_of_the_nine_roles",
            ),
            models.CheckConstraint(
                condition=Q(duties=[]) | Q(role=Role.REO_STAFF),
                name="only_reo_staff_have_duties",
            ),
            models.CheckConstraint(
                condition=Q(supervisor__isnull=True) | ~Q(supervisor=F("id")),
                name="nobody_supervises_themself",
            ),
        ]

    def __str__(self) -> str:
        return self.code_name

    @property
    def is_reo(self) -> bool:
        """True for the roles that never reach a case: they run under REO's database role."""
        return self.role in roles.REO_ROLES

    @property
    def is_field(self) -> bool:
        """True for those who work on the street with a phone."""
        return self.role in roles.FIELD_ROLES

    @property
    def site_ids(self) -> list[int]:
        """The keys of the person's sites, read once a request."""
        if not hasattr(self, "_site_ids"):
            self._site_ids = [site.pk for site in self.sites.all()]
        return self._site_ids

    def has_perm(self, permission: str, obj: Any = None) -> bool:
        """Whether the role holds the permission and the account is alive."""
        return self.may_sign_in() and roles.allows(self.role, permission)

    def has_perms(self, permissions: Any, obj: Any = None) -> bool:
        return all(self.has_perm(permission) for permission in permissions)

    def has_module_perms(self, app_label: str) -> bool:
        prefix = f"{app_label}."
        return any(p.startswith(prefix) for p in roles.PERMISSIONS.get(self.role, ()))

    def may_sign_in(self, on: date | None = None) -> bool:
        """Active, and not past the day the account ends."""
        day = on or timezone.localdate()
        return self.is_active and (self.expires_on is None or self.expires_on > day)


class SignInFailure(models.Model):
    """Wrong passwords of one user name from one address; both kept as keyed hashes only."""

    who = models.CharField(max_length=64)
    address = models.CharField(max_length=64)
    count = models.PositiveIntegerField(default=0)
    locked_until = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["who", "address"], name="one_failure_row_a_name_and_address"
            )
        ]


class OneTimeLink(models.Model):
    """A link by which a person chooses their own password, once. Only its hash is kept."""

    user = models.ForeignKey(User, models.CASCADE, related_name="one_time_links")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")


class PendingChange(models.Model):
    """What one person asks for and a second one confirms. Purpose: nobody gains power alone."""

    class Kind(models.TextChoices):
        SECOND_STEP = "second_step", _("Take two-step sign-in away, so that it is set up anew")
        ROLE = "role", _("Give a role")
        LINK = "link", _("Make a one-time link")

    kind = models.CharField(max_length=12, choices=Kind.choices)
    subject = models.ForeignKey(User, models.PROTECT, related_name="pending_changes")
    role = models.CharField(max_length=20, choices=Role.choices, blank=True)
    reason = models.CharField(max_length=400, blank=True)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    #: Carried out, refused, or past its time: nothing more comes of it.
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("asked_by")),
                name="who_asks_for_a_change_does_not_confirm_it",
            ),
            models.CheckConstraint(
                condition=(Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("subject")))
                & ~Q(asked_by=F("subject")),
                name="nobody_asks_for_or_confirms_a_change_of_themself",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True, confirmed_at__isnull=True)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
                name="a_change_is_confirmed_by_somebody_at_a_moment",
            ),
            models.CheckConstraint(
                condition=Q(kind="role", role__in=Role.values)
                | Q(kind__in=["second_step", "link"], role=""),
                name="a_pending_change_of_role_names_the_role",
            ),
            models.UniqueConstraint(
                fields=["subject", "kind"],
                condition=Q(closed_at__isnull=True),
                name="one_open_change_of_a_kind_for_a_person",
            ),
        ]
