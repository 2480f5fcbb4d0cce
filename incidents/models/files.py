"""Files read in and taken out, and what a file changed, so that it can be undone."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ceasefire import periods
from ceasefire.places.models import Site
from incidents.models.links import NotATwin
from incidents.models.record import Incident

#: Later, reports have been approved and people have worked with what was imported.
UNDO_WITHIN = timedelta(days=30)
#: What was brought in so long ago is what was imported lately.
LATELY = timedelta(days=30)


class ImportBatchQuerySet(models.QuerySet["ImportBatch"]):
    """Batches, read as the data officer speaks."""

    def visible_to(self, user: Any) -> "ImportBatchQuerySet":
        """Batches of the person's sites, for those who import; nothing for anybody else."""
        if not user.is_authenticated or not user.has_perm("incidents.import_incident"):
            return self.none()
        return self.filter(site__in=user.site_ids)

    def with_pairs(self, user: Any) -> "ImportBatchQuerySet":
        """Done, and with likely twins at the person's sites: what is offered to who reviews."""
        own = ImportPair.objects.filter(batch=OuterRef("pk"), site__in=user.site_ids)
        return self.filter(Exists(own), state=ImportBatch.State.IMPORTED)

    def reviewed_by(self, user: Any) -> "ImportBatchQuerySet":
        """Done, and of the person's sites or with a pair of these: for who reviews."""
        own = ImportPair.objects.filter(batch=OuterRef("pk"), site__in=user.site_ids)
        return self.filter(
            Q(site__in=user.site_ids) | Exists(own), state=ImportBatch.State.IMPORTED
        )

    def lately(self, at: datetime) -> "ImportBatchQuerySet":
        """Imported in the `LATELY` before a moment, and not undone."""
        return self.filter(state=ImportBatch.State.IMPORTED, at__gte=at - LATELY)


class ImportBatch(models.Model):
    """One file read in: previewed, imported, perhaps undone."""

    class State(models.TextChoices):
        CHECKING = "checking", _("Being checked")
        PREVIEWED = "previewed", _("Previewed")
        QUEUED = "queued", _("Waiting to run")
        IMPORTED = "imported", _("Imported")
        UNDOING = "undoing", _("Being undone")
        UNDONE = "undone", _("Undone")
        DISCARDED = "discarded", _("Discarded")

    class Format(models.TextChoices):
        UCDP_GED = "ucdp-ged", _("UCDP GED")
        ACLED = "acled", _("ACLED")
        TABLE = "table", _("Our own table")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey(Site, models.PROTECT, related_name="+")
    format = models.CharField(max_length=12, choices=Format.choices)
    state = models.CharField(max_length=12, choices=State.choices, default=State.PREVIEWED)
    #: SHA-256 of the file; its name is not kept, since file names give people away.
    digest = models.CharField(max_length=64)
    read = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    #: Up to 1,000 refusals: [{"row", "column", "code", "value"}], worded when shown.
    rejects = models.JSONField(default=list)
    #: Up to 1,000 remarks on rows that were taken all the same, in the same form.
    warnings = models.JSONField(default=list)
    #: Why a long undo, made by a worker, could not be done: up to 1,000 of [incident's code, or
    #: nothing where it is not shown to who asked; reason's code].
    undo_blocked = models.JSONField(default=list)
    #: Record numbers set aside for a long file when it was sent to a worker, so that nobody who
    #: logs an incident meanwhile waits for its end: {"year", "first", "count"}.
    numbers = models.JSONField(default=dict)
    #: Chosen columns: {our column: file column}.
    mapping = models.JSONField(default=dict)
    #: What the file's words mean: {our column: {word, folded: our code}}.
    values = models.JSONField(default=dict)
    #: The saved columns that were taken for this file, or that it was saved as.
    saved = models.ForeignKey(
        "ImportMapping", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    #: SHA-256 of the file's column names.
    signature = models.CharField(max_length=64, blank=True)
    #: Whether the counts are those of a check that has been made by a worker.
    checked = models.BooleanField(default=False)
    #: State of new rows that name none: "submitted" goes through review, "accepted" does not.
    default_state = models.CharField(
        max_length=12, choices=Incident.State.choices, default="submitted"
    )
    #: Every row is sensitive, as who sent the file said of it.
    all_sensitive = models.BooleanField(default=False)
    #: Take the good rows and leave the others, as chosen at the confirmation.
    skip_rejected = models.BooleanField(default=False)
    #: The background job of a large file.
    job = models.ForeignKey("jobs.Job", models.SET_NULL, null=True, blank=True, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    undone_at = models.DateTimeField(null=True, blank=True)

    objects = ImportBatchQuerySet.as_manager()

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.CheckConstraint(
                condition=(Q(state="undone") & Q(undone_at__isnull=False))
                | (~Q(state="undone") & Q(undone_at__isnull=True)),
                name="an_undone_batch_says_when",
            ),
            models.CheckConstraint(
                condition=Q(undone_at__isnull=True) | Q(undone_at__lte=F("at") + UNDO_WITHIN),
                name="a_batch_is_undone_within_30_days",
            ),
        ]

    def get_absolute_url(self) -> str:
        return reverse("incidents:import_detail", args=[self.pk])

    @property
    def undo_until(self) -> datetime:
        """The moment after which the import stays as it is."""
        return self.at + UNDO_WITHIN


class ImportPairQuerySet(models.QuerySet["ImportPair"]):
    """Likely twins of imports."""

    def visible_to(self, user: Any) -> "ImportPairQuerySet":
        """Pairs of which the person sees both records."""
        seen = Incident.objects.visible_to(user).order_by().values("pk")
        return self.filter(site__in=user.site_ids, first__in=seen, second__in=seen)

    def open(self) -> "ImportPairQuerySet":
        """Both are alive still, neither was merged, and no reviewer said that they are two."""
        decided = ImportPair.said(at_entry=False)
        alive = Incident.REPEATABLE
        return self.filter(
            ~Exists(decided), first__workflow_state__in=alive, second__workflow_state__in=alive
        )


class ImportPair(models.Model):
    """Two records that may tell of one event, of which an import made one or both.

    Found by a worker when the import was done; `first` < `second`, as in `NotATwin`.
    """

    #: The index below begins with it.
    batch = models.ForeignKey(ImportBatch, models.CASCADE, related_name="pairs", db_index=False)
    #: That of both records, which are of one site.
    site = models.ForeignKey(Site, models.PROTECT, related_name="+", db_index=False)
    #: The constraint below has an index that begins with it.
    first = models.ForeignKey(Incident, models.CASCADE, related_name="+", db_index=False)
    second = models.ForeignKey(Incident, models.CASCADE, related_name="+")
    #: Points of the comparison, in hundredths: the more the likelier.
    points = models.IntegerField()

    objects = ImportPairQuerySet.as_manager()

    class Meta:
        ordering = ["-points", "-id"]
        indexes = [models.Index(fields=["batch", "site"], name="import_pair_of_site")]
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="an_import_pairs_two_once"),
            models.CheckConstraint(
                condition=Q(first__lt=F("second")), name="an_import_pair_stands_in_one_order"
            ),
        ]

    @staticmethod
    def said(*, at_entry: bool) -> "models.QuerySet[NotATwin]":
        """What was said of a pair of the query around it, by the reporter or by a reviewer."""
        return NotATwin.objects.filter(
            first=OuterRef("first"), second=OuterRef("second"), at_entry=at_entry
        )


class ImportFile(models.Model):
    """An uploaded file between preview and import, sealed under the vault's key; gone in 24 hours.

    In the database and not on a disk: the worker may run on another machine, a rolled-back upload
    leaves nothing behind, and a file with sources' names is never readable outside the program.
    """

    batch = models.OneToOneField(ImportBatch, models.CASCADE, related_name="file")
    key_id = models.CharField(max_length=40)
    ciphertext = models.BinaryField()
    size = models.PositiveIntegerField()
    expires_at = models.DateTimeField(db_index=True)


class ExportFileQuerySet(models.QuerySet["ExportFile"]):
    """Files that a worker makes, or has made."""

    def visible_to(self, user: Any) -> "ExportFileQuerySet":
        """The person's own, until they expire; nothing for who may not export.

        A file that was made under another role, or of a site that the person has lost since, holds
        what they may not see any more.
        """
        if not user.is_authenticated or not user.has_perm("incidents.export_incident"):
            return self.none()
        rightful = Q(size=0) | Q(role=user.role, sites__contained_by=user.site_ids)
        return self.filter(rightful, by=user, expires_at__gt=periods.now())


class ExportFile(models.Model):
    """A long list taken out: asked for, made by a worker, sealed until it is fetched; 24 hours."""

    class Format(models.TextChoices):
        XLSX = "xlsx", "XLSX"
        GEOJSON = "geojson", "GeoJSON"
        ACLED_XLSX = "acled-xlsx", _("Research file, XLSX")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    format = models.CharField(max_length=12, choices=Format.choices)
    #: HXL tags, names and values: as chosen, {"hxl": true, "labels": "words"}.
    options = models.JSONField(default=dict)
    #: Labels are written in the language of the page that asked.
    language = models.CharField(max_length=8)
    #: Answers of the list's filters as codes and days; searched words are in `sought`.
    filters = models.JSONField(default=dict)
    #: How far it is: the state of the file is its job's.
    job = models.ForeignKey("jobs.Job", models.SET_NULL, null=True, related_name="+")
    key_id = models.CharField(max_length=40)
    #: The searched words, sealed since they may be a name; forgotten when the file is made.
    sought = models.BinaryField(default=b"")
    #: Of the opened file, in octets; 0 until it is made.
    size = models.PositiveBigIntegerField(default=0)
    #: Rows written; 0 until it is made.
    rows = models.PositiveIntegerField(default=0)
    #: The role and the sites (keys) that it was made for; empty until it is made.
    role = models.CharField(max_length=20, default="", blank=True)
    sites = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)

    objects = ExportFileQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def get_absolute_url(self) -> str:
        return reverse("incidents:export_detail", args=[self.pk])


class ExportFilePart(models.Model):
    """A piece of a finished file, sealed by itself: no process holds a long file whole."""

    file = models.ForeignKey(ExportFile, models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    ciphertext = models.BinaryField()

    class Meta:
        ordering = ["file", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["file", "number"], name="a_piece_of_a_file_stands_once"
            ),
            models.CheckConstraint(condition=~Q(ciphertext=b""), name="a_piece_is_not_empty"),
        ]


class ImportChange(models.Model):
    """A row that a later file changed: what stood there before, so that the batch can be undone."""

    batch = models.ForeignKey(ImportBatch, models.PROTECT, related_name="changes")
    incident = models.ForeignKey(Incident, models.CASCADE, related_name="import_changes")
    #: Plain fields and graded sources as they were; never a name.
    before = models.JSONField()
    #: The incident's version after the change; another number means staff worked on it since.
    version = models.PositiveIntegerField()
    undone = models.BooleanField(default=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "incident"], name="a_batch_changes_an_incident_once"
            )
        ]
