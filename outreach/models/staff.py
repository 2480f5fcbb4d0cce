"""What the program knows of its mediators: languages, beats, duty, and, sealed, their ties."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ceasefire.people.models import User
from ceasefire.people.roles import Role
from ceasefire.places.models import Zone
from outreach.models.conflicts import TieKind

#: Who mediates, and so has a profile.
MEDIATORS = (Role.INTERRUPTER, Role.WORKER, Role.SUPERVISOR)


class StaffProfileQuerySet(models.QuerySet["StaffProfile"]):
    """Profiles, and with them ties: the manager's, and everybody's own."""

    def visible_to(self, user: Any) -> "StaffProfileQuerySet":
        """Managers: of the mediators at their sites. Others: their own, nobody else's."""
        if not user.is_authenticated or not user.has_perm("outreach.view_conflict"):
            return self.none()
        if user.has_perm("outreach.view_ties"):
            there = User.objects.filter(role__in=MEDIATORS, sites__in=user.site_ids)
            return self.filter(user__in=there)
        return self.filter(user=user)


class StaffProfile(models.Model):
    """A mediator as the office plans with them. A person without one counts as on duty."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, primary_key=True, related_name="+"
    )
    gender = models.CharField(_("Gender"), max_length=8, default="unknown")
    languages = ArrayField(
        models.CharField(max_length=8), default=list, blank=True, verbose_name=_("Languages")
    )
    zones = models.ManyToManyField(Zone, blank=True, related_name="+", verbose_name=_("Zones"))
    started_on = models.DateField(_("Works here since"), null=True, blank=True)
    on_duty = models.BooleanField(_("On duty"), default=True)
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)
    version = models.PositiveIntegerField(default=1)

    objects = StaffProfileQuerySet.as_manager()

    def __str__(self) -> str:
        return self.user.code_name

    @property
    def audit_code(self) -> str:
        """How the trail names it."""
        return str(self.pk)


class StaffTie(models.Model):
    """A tribe, party or family that a mediator belongs to; which one is sealed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    profile = models.ForeignKey(StaffProfile, models.CASCADE, related_name="ties")
    kind = models.CharField(max_length=8, choices=TieKind.choices)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["kind", "added_at", "id"]
