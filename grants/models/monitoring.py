"""After the award: visits planned and done, reports due, findings until somebody closes them."""

import uuid
from datetime import date

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from grants.models.documents import Document, DocumentType
from grants.models.grants import Grant
from grants.models.officers import Officer


class MonitoringVisitQuerySet(models.QuerySet["MonitoringVisit"]):
    def with_photos(self) -> "MonitoringVisitQuerySet":
        """Each with `has_photo`: whether a photo that counts was brought back from it."""
        photos = Document.objects.filter(type=DocumentType.PHOTO).with_last_word()
        photos = photos.filter(Q(last_good=True) | Q(last_good__isnull=True))
        brought = VisitPaper.objects.filter(visit=OuterRef("pk"), document__in=photos.values("pk"))
        return self.annotate(has_photo=Exists(brought))


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
    #: Where the visitor stood, and how exactly that is known; empty = not said.
    lat = models.DecimalField(max_digits=8, decimal_places=6, null=True, blank=True)
    lon = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    exactness = models.CharField(max_length=1, choices=Grant.Exactness.choices, blank=True)
    recorded_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = MonitoringVisitQuerySet.as_manager()

    class Meta:
        ordering = ["grant", "visited_on", "recorded_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(lat__isnull=True, lon__isnull=True, exactness="")
                | Q(lat__gte=-90, lat__lte=90, lon__gte=-180, lon__lte=180)
                & Q(exactness__in=Grant.Exactness.values),
                name="a_visits_point_says_how_exact_it_is",
            ),
        ]


class PlannedVisitQuerySet(models.QuerySet["PlannedVisit"]):
    def waiting(self) -> "PlannedVisitQuerySet":
        """Neither made nor called off."""
        return self.filter(visit__isnull=True, called_off_at__isnull=True)

    def overdue(self, day: date) -> "PlannedVisitQuerySet":
        """Waiting, and their day has gone by."""
        return self.waiting().filter(due_on__lt=day)


class PlannedVisit(models.Model):
    """A visit that is to be made by a day. One that is overdue holds the next payment back.

    The program plans the two sustainment visits itself, 90 and 180 days after the work ended.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    grant = models.ForeignKey(Grant, models.PROTECT, related_name="planned_visits")
    kind = models.CharField(max_length=11, choices=MonitoringVisit.Kind.choices)
    due_on = models.DateField()
    #: Null: by the program.
    planned_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    planned_at = models.DateTimeField(default=timezone.now, editable=False)
    visit = models.OneToOneField(
        MonitoringVisit, models.PROTECT, null=True, related_name="planned_as"
    )
    called_off_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    called_off_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=1000, blank=True)

    objects = PlannedVisitQuerySet.as_manager()

    class Meta:
        ordering = ["due_on", "id"]
        indexes = [
            models.Index(
                fields=["due_on"],
                condition=Q(visit__isnull=True, called_off_at__isnull=True),
                name="visits_that_wait",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["grant", "kind", "due_on"], name="a_visit_is_planned_once_a_day"
            ),
            models.UniqueConstraint(
                fields=["grant", "kind"],
                condition=Q(kind__in=["sustain_90", "sustain_180"], called_off_at__isnull=True),
                name="a_sustainment_visit_is_planned_once",
            ),
            models.CheckConstraint(
                condition=Q(called_off_at__isnull=True, called_off_by__isnull=True, reason="")
                | Q(called_off_at__isnull=False, called_off_by__isnull=False, visit__isnull=True)
                & ~Q(reason=""),
                name="a_visit_is_called_off_by_somebody_for_a_reason",
            ),
        ]

    @property
    def waits(self) -> bool:
        """Neither made nor called off."""
        return self.visit_id is None and self.called_off_at is None

    def is_overdue(self, day: date) -> bool:
        """As `PlannedVisitQuerySet.overdue` says of many."""
        return self.waits and self.due_on < day


class VisitPaper(models.Model):
    """A photo or report on file that was brought back from a visit. Written once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    visit = models.ForeignKey(MonitoringVisit, models.PROTECT, related_name="papers")
    document = models.OneToOneField(Document, models.PROTECT, related_name="of_visit")
    linked_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    linked_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["visit", "linked_at"]


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

    @property
    def level(self) -> int:
        """How far it came up: 0, or 15, 30, 60 days past its day. Lists prefetch `escalations`."""
        return max((one.days for one in self.escalations.all()), default=0)


class FindingEscalation(models.Model):
    """A finding came up: so many days past its day it was still open. Written once, by the job."""

    finding = models.ForeignKey(Finding, models.PROTECT, related_name="escalations")
    #: Days past the day it was due: 15, 30 or 60.
    days = models.PositiveSmallIntegerField()
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["finding", "days"]
        constraints = [
            models.UniqueConstraint(
                fields=["finding", "days"], name="a_finding_comes_up_once_a_level"
            ),
            models.CheckConstraint(
                condition=Q(days__in=[15, 30, 60]), name="findings_come_up_at_15_30_60_days"
            ),
        ]


class Handover(models.Model):
    """A grant, or a finding in it, went from one officer to another. Written once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    grant = models.ForeignKey(Grant, models.PROTECT, related_name="handovers")
    #: Null: the grant itself.
    finding = models.ForeignKey(Finding, models.PROTECT, null=True, related_name="handovers")
    from_officer = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    to_officer = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    reason = models.CharField(max_length=1000)
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(from_officer=F("to_officer")) & ~Q(reason=""),
                name="a_handover_is_to_somebody_else_for_a_reason",
            ),
        ]


class DistrictWeek(models.Model):
    """What an approved weekly report, shared with REO, says of one district and week.

    Filled by a trigger of the shared reports and by nothing else, so it never holds more than was
    published: `incidents` is null where the count was hidden, and a corrected report replaces it.
    """

    site_code = models.CharField(max_length=40)
    week_start = models.DateField()
    #: P-code of the district.
    district = models.CharField(max_length=40)
    revision = models.PositiveSmallIntegerField(default=0)
    #: At least 3, or 0; null: hidden.
    incidents = models.PositiveIntegerField(null=True)

    class Meta:
        ordering = ["district", "week_start", "site_code"]
        constraints = [
            models.UniqueConstraint(
                fields=["district", "week_start", "site_code"],
                name="a_districts_week_is_shared_once_a_site",
            ),
            models.CheckConstraint(
                condition=Q(incidents__isnull=True) | Q(incidents=0) | Q(incidents__gte=3),
                name="one_or_two_incidents_are_hidden",
            ),
        ]
