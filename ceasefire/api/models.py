"""The tokens by which a person's devices speak for them."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Scope(models.TextChoices):
    READ = "read", _("Read")
    WRITE = "write", _("Log incidents, add places")


class DeviceTokenQuerySet(models.QuerySet["DeviceToken"]):
    def visible_to(self, user: Any) -> "DeviceTokenQuerySet":
        """Administrators see everybody's, others their own."""
        return self if user.has_perm("people.change_user") else self.filter(user=user)

    def live(self) -> "DeviceTokenQuerySet":
        """Those that still open something."""
        return self.filter(revoked_at__isnull=True, expires_at__gt=timezone.now())


class DeviceToken(models.Model):
    """One device of one person. Of its secret only the digest is kept."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    #: What its owner calls it, e.g. "site tablet 2".
    device = models.CharField(_("Device"), max_length=60)
    #: The first letters of the token, to tell one from another; no secret.
    prefix = models.CharField(max_length=16)
    #: SHA-256 of the whole token. It holds 256 random bits, so a slow hash would add nothing.
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=8, choices=Scope.choices))
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    #: Written at most once an hour, so that reading is mostly no write.
    last_used_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = DeviceTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["user", "-created_at"], name="token_by_user")]
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="a_token_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=Q(scopes__contained_by=["read", "write"]) & ~Q(scopes=[]),
                name="a_token_reads_or_writes",
            ),
        ]

    def __str__(self) -> str:
        return self.prefix

    @property
    def audit_code(self) -> str:
        """How the trail names it."""
        return self.prefix

    @property
    def is_live(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()

    @property
    def scope_labels(self) -> list[str]:
        names = dict(Scope.choices)
        return [str(names[scope]) for scope in self.scopes if scope in names]
