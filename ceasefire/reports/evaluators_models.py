"""The evaluator's pack while it is asked for, made and fetched."""

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from ceasefire import periods

#: Who may have one made: manager and data officer, of their own sites.
TAKE = "reports.take_evaluators_pack"


class EvaluatorsPackQuerySet(models.QuerySet["EvaluatorsPack"]):
    def visible_to(self, user: Any) -> "EvaluatorsPackQuerySet":
        """The person's own, until they expire; nothing for who may not take one."""
        if not user.is_authenticated or not user.has_perm(TAKE):
            return self.none()
        return self.filter(by=user, expires_at__gt=periods.now())


class EvaluatorsPack(models.Model):
    """The weekly series of a person's sites for an outside evaluator; sealed, gone in 24 hours."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    #: Records received later are not in it.
    cut = models.DateTimeField()
    #: How far it is: the state of the pack is its job's.
    job = models.ForeignKey("jobs.Job", models.SET_NULL, null=True, related_name="+")
    #: Of the opened file, in octets; 0 until it is made.
    size = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)

    objects = EvaluatorsPackQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(size=0, sha256="") | Q(size__gte=1) & ~Q(sha256=""),
                name="an_evaluators_pack_that_is_made_has_its_hash",
            ),
        ]

    def __str__(self) -> str:
        return f"pack {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("reports:pack_detail", args=[self.pk])

    @property
    def moment(self) -> datetime:
        """The cut as the pack says it."""
        return self.cut.astimezone(periods.BAGHDAD)

    @property
    def waits(self) -> bool:
        """Whether something is still to come of it."""
        return not self.size and self.job is not None and not self.job.is_finished


class EvaluatorsPackPiece(models.Model):
    """A piece of a pack, sealed by itself; gone with its pack."""

    pack = models.ForeignKey(EvaluatorsPack, models.CASCADE, related_name="pieces")
    number = models.PositiveIntegerField()
    key_id = models.CharField(max_length=40)
    ciphertext = models.BinaryField()

    class Meta:
        ordering = ["pack", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["pack", "number"], name="a_piece_of_an_evaluators_pack_once"
            ),
        ]
