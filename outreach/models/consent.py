"""What a participant agreed to, and how often somebody searches for one.

Consent stands apart from the case: what, when, how, who wrote it down, and when it was taken back.
"""

import uuid
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ceasefire import codes
from outreach.models.participants import Participant

#: Exact searches by name, phone or alias that one person may make on one day.
SEARCHES_A_DAY = 30


class ConsentQuerySet(models.QuerySet["ConsentRecord"]):
    """Consents, as the page of a case asks for them."""

    def visible_to(self, user: Any) -> "ConsentQuerySet":
        """Those of cases that the person may see."""
        return self.filter(participant__in=Participant.objects.visible_to(user).values("pk"))

    def in_force(self) -> "ConsentQuerySet":
        """Neither taken back nor replaced by a later one; at most one a case."""
        return self.filter(withdrawn_at__isnull=True, replaced_at__isnull=True)


class ConsentRecord(models.Model):
    """What somebody agreed to once. What it says is never changed; a later one replaces it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    participant = models.ForeignKey(Participant, models.CASCADE, related_name="consents")
    purposes = ArrayField(models.CharField(max_length=16), verbose_name=_("Agrees to"))
    manner = models.CharField(_("How"), max_length=16)
    agreed_on = models.DateField(_("On"))
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(default=timezone.now, editable=False)
    #: When a later one took its place.
    replaced_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_manner = models.CharField(_("How"), max_length=16, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = ConsentQuerySet.as_manager()

    class Meta:
        ordering = ["-recorded_at", "-id"]
        indexes = [
            models.Index(fields=["participant", "-recorded_at"], name="consents_of_case"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["participant"],
                condition=Q(withdrawn_at__isnull=True, replaced_at__isnull=True),
                name="a_case_has_one_consent_in_force",
            ),
            models.CheckConstraint(
                condition=Q(purposes__len__gte=1) & ~Q(manner=""),
                name="a_consent_says_to_what_and_how",
            ),
            models.CheckConstraint(
                condition=Q(
                    withdrawn_at__isnull=True, withdrawn_manner="", withdrawn_by__isnull=True
                )
                | Q(withdrawn_at__gte=F("recorded_at"), withdrawn_by__isnull=False)
                & ~Q(withdrawn_manner=""),
                name="a_withdrawal_says_when_how_and_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def purpose_labels(self) -> list[str]:
        return [codes.label("consent_purpose", purpose) for purpose in self.purposes]

    @property
    def manner_label(self) -> str:
        return codes.label("consent_manner", self.manner)


class SearchCount(models.Model):
    """How many people somebody searched for on a day; the row is the lock that counts."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    day = models.DateField()
    count = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "day"], name="one_search_count_a_user_and_day"),
            models.CheckConstraint(
                condition=Q(count__gte=1) & Q(count__lte=SEARCHES_A_DAY),
                name="at_most_thirty_searches_a_user_and_day",
            ),
        ]
