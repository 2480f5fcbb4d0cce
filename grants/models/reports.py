"""Runs of reports: what a report said on a day, for ever; the files made of it; and what a donor
said that no ledger of ours holds."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from grants.models.amounts import usd_field
from grants.models.funds import Confirmed, Fund, second_person
from grants.models.officers import Officer


class FileFormat(models.TextChoices):
    CSV = "csv", "CSV"
    CONTROL = "control", _("Control sheet (CSV)")
    XLSX = "xlsx", "XLSX"
    PDF = "pdf", "PDF"
    JSON = "json", "JSON"


class Digits(models.TextChoices):
    WESTERN = "western", _("1, 2, 3")
    ARABIC = "arabic", _("١، ٢، ٣")


class ReportQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> "ReportQuerySet":
        """All of them for whoever reads grants: they hold no case and no name of a person."""
        return self.all() if user.has_perm("grants.view_grant") else self.none()


class ReportRun(models.Model):
    """A report as it stood at one moment: numbered, complete, never changed, never removed.

    Its rows lie in `ReportRunPart`. The number is given by the database, 1, 2, 3 … without a gap,
    when the row is written as the last of its run; from then on no part can be added.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.PositiveBigIntegerField(unique=True)
    report = models.CharField(max_length=16)
    #: fund, district, state, sector, from, to, and of a sheet the grant: codes and days.
    filters = models.JSONField(default=dict)
    #: Null: made by a command.
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    by_code = models.CharField(max_length=60, blank=True)
    at = models.DateTimeField()
    #: The day that ages and days overdue were counted to.
    day = models.DateField()
    #: The last posting that was counted, and its hash; 0 and nothing for an empty ledger.
    ledger_seq = models.PositiveBigIntegerField()
    ledger_hash = models.CharField(max_length=64, blank=True)
    rows = models.PositiveIntegerField()
    totals = models.JSONField(default=dict)
    #: Control lines beside the totals: [code, value] pairs.
    lines = models.JSONField(default=list)
    #: The numbers behind the chart.
    chart = models.JSONField(null=True)
    #: Over the rows as they lie in the parts, before packing.
    sha256 = models.CharField(max_length=64)

    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        indexes = [models.Index(fields=["report", "-number"], name="runs_of_a_report")]
        constraints = [
            models.CheckConstraint(condition=Q(number__gte=1), name="runs_are_numbered_from_one"),
            models.CheckConstraint(
                condition=Q(sha256__regex="^[0-9a-f]{64}$"), name="a_run_is_known_by_its_hash"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.report}/{self.number}"

    def get_absolute_url(self) -> str:
        return reverse("grants:report_run", args=[self.number])


class ReportRunPart(models.Model):
    """Some rows of a run: JSON, one row a line, packed."""

    run = models.ForeignKey(ReportRun, models.PROTECT, related_name="parts")
    number = models.PositiveIntegerField()
    rows = models.PositiveIntegerField()
    packed = models.BinaryField()

    class Meta:
        ordering = ["run", "number"]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="a_part_of_a_run_stands_once"),
        ]


class ReportFile(models.Model):
    """A file made of a run, kept so that the same octets are there next year. Written once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(ReportRun, models.PROTECT, related_name="files")
    format = models.CharField(max_length=8, choices=FileFormat.choices)
    language = models.CharField(max_length=2)
    digits = models.CharField(max_length=8, choices=Digits.choices, default=Digits.WESTERN)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    made_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["run", "format", "language", "digits"]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "format", "language", "digits"], name="a_file_of_a_run_is_made_once"
            ),
        ]


class ReportFilePart(models.Model):
    """A piece of a file of a run."""

    file = models.ForeignKey(ReportFile, models.PROTECT, related_name="parts")
    number = models.PositiveIntegerField()
    octets = models.BinaryField()

    class Meta:
        ordering = ["file", "number"]
        constraints = [
            models.UniqueConstraint(fields=["file", "number"], name="a_piece_of_a_run_stands_once"),
        ]


class RequestQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> "RequestQuerySet":
        """The person's own."""
        return self.filter(by=user) if user.has_perm("grants.view_grant") else self.none()


class ReportRequest(models.Model):
    """A long report that somebody waits for: made by a worker, which enters the run when done."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    report = models.CharField(max_length=16)
    filters = models.JSONField(default=dict)
    format = models.CharField(max_length=8, choices=FileFormat.choices)
    language = models.CharField(max_length=2)
    digits = models.CharField(max_length=8, choices=Digits.choices, default=Digits.WESTERN)
    job = models.ForeignKey("jobs.Job", models.SET_NULL, null=True, related_name="+")
    #: Of an old run, in a format not made before; else the run that was made.
    run = models.ForeignKey(ReportRun, models.PROTECT, null=True, related_name="+")
    #: Whether the file is there.
    done = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = RequestQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def get_absolute_url(self) -> str:
        return reverse("grants:report_request", args=[self.pk])


class FundFigure(Confirmed):
    """Money that no ledger of grants holds, for the federal worksheet: dated, by two people.

    A wrong one is withdrawn and another entered; nothing is edited.
    """

    class Kind(models.TextChoices):
        RECEIPT = "receipt", _("Cash received from the donor (10a)")
        SHARE_REQUIRED = "required", _("Recipient share required (10i)")
        SHARE_SPENT = "share", _("Recipient share of expenditures (10j)")
        INCOME_EARNED = "earned", _("Program income earned (10l)")
        INCOME_DEDUCTED = "deducted", _("Program income spent, deduction (10m)")
        INCOME_ADDED = "added", _("Program income spent, addition (10n)")
        INDIRECT = "indirect", _("Indirect expense (11)")

    fund = models.ForeignKey(Fund, models.PROTECT, related_name="figures")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    amount_usd = usd_field()
    on = models.DateField()
    #: The donor's own number: a letter of credit, a transfer.
    reference = models.CharField(max_length=60)
    withdrawn_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["fund", "on", "entered_at"]
        constraints = [
            second_person("a_figure_is_confirmed_by_a_second_person"),
            models.CheckConstraint(condition=Q(amount_usd__gt=0), name="a_figure_is_of_an_amount"),
            models.CheckConstraint(condition=~Q(reference=""), name="a_figure_has_a_reference"),
            models.CheckConstraint(
                condition=Q(withdrawn_by__isnull=True, withdrawn_at__isnull=True)
                | Q(withdrawn_by__isnull=False, withdrawn_at__isnull=False),
                name="a_figure_is_withdrawn_by_somebody",
            ),
        ]
