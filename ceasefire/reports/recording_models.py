"""When what a site records changed: from there on its weeks are compared with each other alone."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ceasefire.people.roles import ALL_SITE_ROLES
from ceasefire.places.models import Site


class RecordingChangeQuerySet(models.QuerySet["RecordingChange"]):
    """Changes of what sites record."""

    def visible_to(self, user: Any) -> "RecordingChangeQuerySet":
        """Those of the sites for which a person may note one."""
        if not user.has_perm("reports.note_recording_change"):
            return self.none()
        return self.filter(site__in=sites_of(user))

    def standing(self, at: datetime | None) -> "RecordingChangeQuerySet":
        """Those that stood at a moment, noted by then and not withdrawn by then; None: now."""
        if at is None:
            return self.filter(withdrawn_at=None)
        return self.filter(noted_at__lte=at).exclude(withdrawn_at__lte=at)


def sites_of(user: Any) -> models.QuerySet[Site]:
    """The sites whose changes a person may note: their own, or all; never an imported history."""
    sites = Site.objects.filter(read_only=False).order_by("code")
    return sites if user.role in ALL_SITE_ROLES else sites.filter(pk__in=user.site_ids)


class RecordingChange(models.Model):
    """The day on which a site began to record something else: other types, sources, another rule.

    What was recorded before counts by another measure, so the baseline of every series of the site
    begins anew with the first whole week since that day. Nothing in a row is ever changed; what was
    a mistake is withdrawn. The database holds both.
    """

    site = models.ForeignKey(Site, models.PROTECT, related_name="+")
    #: 1, 2, 3 … within the site.
    number = models.PositiveSmallIntegerField()
    #: The first day on which the new rule held.
    changed_on = models.DateField(_("Changed on"))
    #: In words without names of people; no report says it.
    what = models.TextField(_("What changed"), max_length=300)
    noted_at = models.DateTimeField(default=timezone.now)
    noted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True
    )

    objects = RecordingChangeQuerySet.as_manager()

    class Meta:
        ordering = ["site", "number"]
        verbose_name = _("Change of what is recorded")
        verbose_name_plural = _("Changes of what is recorded")
        constraints = [
            models.UniqueConstraint(
                fields=["site", "number"], name="a_recording_change_number_stands_once_a_site"
            ),
            models.UniqueConstraint(
                fields=["site", "changed_on"],
                condition=Q(withdrawn_at=None),
                name="one_recording_change_stands_a_site_and_day",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_by=None)
                | (~Q(withdrawn_at=None) & ~Q(withdrawn_by=None)),
                name="a_withdrawn_recording_change_says_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return self.audit_code

    @property
    def audit_code(self) -> str:
        """How the trail names it: BASRAH-CENTRE-RECORDING-1."""
        return f"{self.site.code}-RECORDING-{self.number}"

    @property
    def is_withdrawn(self) -> bool:
        return self.withdrawn_at is not None
