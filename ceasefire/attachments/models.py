"""A photo of a record, and apart from it the sealed pictures."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ceasefire import periods
from ceasefire.attachments import limits, registry


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    """Photos, read through the records that they belong to."""

    def visible_to(self, user: Any) -> "AttachmentQuerySet":
        """Those of records that the person may see. A removed one answers like an absent one."""
        if not user.is_authenticated or not user.has_perm("attachments.view_attachment"):
            return self.none()
        seen = Q(pk__in=[])
        for subject in registry.subjects():
            seen |= Q(
                subject_model=subject.label,
                subject_key__in=subject.visible(user).order_by().values("pk"),
            )
        return self.filter(seen, removed_at__isnull=True)

    def of(self, record: models.Model) -> "AttachmentQuerySet":
        """Those of one record, oldest first, removed ones included."""
        return self.filter(subject_model=record._meta.label_lower, subject_key=record.pk).order_by(
            "created_at", "id"
        )


class Attachment(models.Model):
    """A photo of a record. Nothing of the file it came as: no name, no time, no camera, no place.

    The row stays when the photo is removed; its content goes after thirty days.
    """

    class Kind(models.TextChoices):
        PHOTO = "photo", _("Photo")

    #: Random, and the only name that the photo has.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    #: The model of the record it belongs to, as `incidents.incident`, and that record's key.
    subject_model = models.CharField(max_length=60)
    subject_key = models.UUIDField()
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.PHOTO)
    media_type = models.CharField(max_length=40)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    #: Octets and SHA-256 of the picture that is kept, opened; never of the file that was sent.
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    caption = models.CharField(
        _("What it shows, without names"), max_length=limits.CAPTION, blank=True
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(default=periods.now, editable=False)
    #: Null with a time of removal: the program itself, with the record.
    removed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_reason = models.CharField(max_length=400, blank=True)
    #: Since when there is no content any more.
    erased_at = models.DateTimeField(null=True, blank=True)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "id"]
        indexes = [
            models.Index("subject_model", "subject_key", name="attachment_by_subject"),
            # How many somebody added today.
            models.Index("created_by", "created_at", name="attachment_by_person"),
            models.Index(
                "removed_at",
                name="attachment_to_erase",
                condition=Q(removed_at__isnull=False, erased_at__isnull=True),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["subject_model", "subject_key", "sha256"],
                condition=Q(removed_at__isnull=True),
                name="a_picture_stands_once_on_a_record",
            ),
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True, removed_reason="", removed_by__isnull=True)
                | (Q(removed_at__isnull=False) & ~Q(removed_reason="")),
                name="a_removed_photo_says_when_and_why",
            ),
            models.CheckConstraint(
                condition=Q(erased_at__isnull=True) | Q(removed_at__isnull=False),
                name="only_a_removed_photo_is_erased",
            ),
            models.CheckConstraint(
                condition=Q(width__gte=1, height__gte=1, size__gte=1),
                name="a_photo_has_pixels",
            ),
        ]

    def get_absolute_url(self) -> str:
        return reverse("attachments:photo_detail", args=[self.pk])


class AttachmentContent(models.Model):
    """The picture and its thumbnail, sealed under the vault's key and bound to their photo.

    A table of its own, so that a list of photos never reads a picture, and in the database and not
    on a disk: a rolled-back upload leaves nothing behind, one backup holds all, and nobody who can
    read the disk can look at a picture.
    """

    attachment = models.OneToOneField(
        Attachment, models.CASCADE, primary_key=True, related_name="content"
    )
    key_id = models.CharField(max_length=40, db_index=True)
    picture = models.BinaryField()
    thumbnail = models.BinaryField()
