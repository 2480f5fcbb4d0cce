"""An audit pack: asked for, made by a worker, sealed until it is fetched."""

import uuid
from datetime import timedelta
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ceasefire import periods
from grants.models.documents import SEALED, DocumentType
from grants.models.grants import Grant
from grants.models.officers import Officer

#: A worker that gave no sign for so long is taken for dead.
SILENT_FOR = timedelta(minutes=10)


class PackQuerySet(models.QuerySet["Pack"]):
    def visible_to(self, user: Any) -> "PackQuerySet":
        """Until they expire, for REO staff and auditors; nothing for anybody else.

        Those with papers under seal for whoever may open these: screening records never for who
        asked for the grant.
        """
        if not (user.has_perm("grants.work_grant") or user.has_perm("grants.flag_grant")):
            return self.none()
        who = Officer.objects.filter(pk=user.pk, is_active=True).first()
        opens = [
            kind
            for kind, duties in SEALED.items()
            if who is not None and any(who.has(duty) for duty in duties)
        ]
        found = self.filter(expires_at__gt=periods.now(), holds__contained_by=opens)
        return found.exclude(grant__requester=user.pk, holds__contains=[DocumentType.SCREENING])


class Pack(models.Model):
    """All of one grant in one file. The same state of the grant gives the same bytes."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Being made")
        READY = "ready", _("Ready")
        CANCELLED = "cancelled", _("Stopped")
        FAILED = "failed", _("Failed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    grant = models.ForeignKey(Grant, models.PROTECT, related_name="packs")
    by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    #: Types of papers under seal whose bytes are in it, so that only who may open them takes it.
    holds = ArrayField(models.CharField(max_length=16), default=list)
    #: Octets of the papers that are in, of all.
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)
    cancel_requested = models.BooleanField(default=False)
    size = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    #: The worker's last sign of life.
    touched_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)

    objects = PackQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["grant"],
                condition=Q(state__in=["waiting", "running"]),
                name="one_pack_of_a_grant_is_made_at_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="ready") | Q(size__gte=1) & ~Q(sha256=""),
                name="a_ready_pack_is_of_something",
            ),
            models.CheckConstraint(condition=Q(done__lte=F("total")), name="a_pack_is_no_fuller"),
        ]

    def get_absolute_url(self) -> str:
        return reverse("grants:pack_detail", args=[self.grant.ref, self.pk])

    @property
    def waits(self) -> bool:
        """Whether something is still to come of it."""
        return self.state in (self.State.WAITING, self.State.RUNNING)

    @property
    def is_silent(self) -> bool:
        """Whether its worker gave no sign for so long that another may be asked for."""
        return self.waits and periods.now() - self.touched_at > SILENT_FOR

    @property
    def percent(self) -> int:
        return int(self.done * 100 // self.total) if self.total else 0


class PackPiece(models.Model):
    """A piece of a pack, sealed by itself; gone with its pack."""

    pack = models.ForeignKey(Pack, models.CASCADE, related_name="pieces")
    number = models.PositiveIntegerField()
    key_id = models.CharField(max_length=40)
    ciphertext = models.BinaryField()

    class Meta:
        ordering = ["pack", "number"]
        constraints = [
            models.UniqueConstraint(fields=["pack", "number"], name="a_piece_of_a_pack_once"),
        ]
