"""After the award: visits, reports due, and findings that stay open until somebody closes them."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from grants.models.documents import Document
from grants.models.grants import Grant
from grants.models.officers import Officer


class MonitoringVisit(models.Model):
    """Somebody was there and wrote down what they saw. Written once."""

    class Kind(models.TextChoices):
        ROUTINE = "routine", _("Routine")
        COMPLETION = "completion", _("Completion")
        SUSTAIN_90 = "sustain_90", _("90 days after hand-over")
        SUSTAIN_180 = "sustain_180", _("180 days after hand-over")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    grant = models.ForeignKey(Grant, models.PROTECT, related_name="visits")
    kind = models.CharField(max_length=11, choices=Kind.choices)
    visited_on = models.DateField()
    visitor = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    report = models.ForeignKey(Document, models.PROTECT, null=True, related_name="+")
    seen = models.TextField(max_length=4000)
    #: Of a sustainment visit; null = not asked.
    is_open = models.BooleanField(null=True)
    is_used = models.BooleanField(null=True)
    is_safe = models.BooleanField(null=True)
    controlled_by = models.CharField(max_length=160, blank=True)
    recorded_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["grant", "visited_on", "recorded_at"]


class Report(models.Model):
    """A report the grantee owes: due, received, accepted."""

    class Kind(models.TextChoices):
        NARRATIVE = "narrative", _("Narrative report")
        FINANCIAL = "financial", _("Financial report")
        FINAL = "final", _("Final report")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    grant = models.ForeignKey(Grant, models.PROTECT, related_name="reports")
    kind = models.CharField(max_length=9, choices=Kind.choices)
    due_on = models.DateField()
    received_on = models.DateField(null=True, blank=True)
    document = models.ForeignKey(Document, models.PROTECT, null=True, related_name="+")
    accepted_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    accepted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["grant", "due_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["grant", "kind", "due_on"], name="a_report_is_due_once"
            ),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True)
                | Q(received_on__isnull=False, accepted_by__isnull=False),
                name="a_report_is_received_before_it_is_accepted",
            ),
        ]


class Finding(models.Model):
    """Something that is not right, by when it is to be, and who sees to it."""

    class Severity(models.TextChoices):
        LOW = "low", _("Low")
        MEDIUM = "medium", _("Medium")
        HIGH = "high", _("High")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    grant = models.ForeignKey(Grant, models.PROTECT, related_name="findings")
    number = models.PositiveSmallIntegerField()
    visit = models.ForeignKey(MonitoringVisit, models.PROTECT, null=True, related_name="findings")
    severity = models.CharField(max_length=6, choices=Severity.choices)
    text = models.TextField(max_length=2000)
    due_on = models.DateField()
    owner = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    raised_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    raised_at = models.DateTimeField(default=timezone.now, editable=False)
    closed_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    remedy = models.TextField(max_length=2000, blank=True)

    class Meta:
        ordering = ["grant", "number"]
        constraints = [
            models.UniqueConstraint(fields=["grant", "number"], name="a_finding_has_its_number"),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, closed_by__isnull=True)
                | Q(closed_at__isnull=False, closed_by__isnull=False) & ~Q(remedy=""),
                name="a_finding_is_closed_by_somebody_with_a_remedy",
            ),
            models.CheckConstraint(
                condition=Q(closed_by__isnull=True) | ~Q(closed_by=F("owner")) | Q(severity="low"),
                name="who_owns_a_finding_does_not_close_it",
            ),
        ]
