"""The weekly report of a site, and the version of it that leaves the program.

Who gets it by e-mail stands in `subscription_models`, the evaluator's pack in `evaluators_models`,
what is judged of the program's effect in `effect_models`.
"""

import uuid
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from ceasefire.places.models import Site
from ceasefire.reports.effect_models import EffectPlan
from ceasefire.reports.evaluators_models import EvaluatorsPack, EvaluatorsPackPiece
from ceasefire.reports.recording_models import RecordingChange
from ceasefire.reports.subscription_models import ReportMail, Subscription

__all__ = [
    "Audience",
    "EffectPlan",
    "EvaluatorsPack",
    "EvaluatorsPackPiece",
    "RecordingChange",
    "ReportMail",
    "SharedWeeklyReport",
    "Subscription",
    "WeeklyReport",
]


class Audience(models.TextChoices):
    """For whom a version of a report is: `editions` says who reads which."""

    #: With sexual violence, minors and staff: supervisors and managers of the site.
    FULL = "full", _("Supervisors and managers")
    #: Without them: all staff of the site.
    OPEN = "open", _("All staff of the site")


class WeeklyReportQuerySet(models.QuerySet["WeeklyReport"]):
    """Weekly reports, read as the office speaks."""

    def visible_to(self, user: Any) -> "WeeklyReportQuerySet":
        """Those of the person's sites; REO roles, auditors and administrators have none.

        A report that stands only because of sensitive incidents is for those who count them.
        """
        if not user.has_perm("reports.view_weeklyreport"):
            return self.none()
        reports = self.filter(site__in=user.site_ids)
        if user.has_perm("reports.view_sensitive_counts"):
            return reports
        return reports.filter(is_open=True)

    def latest_for(self, user: Any) -> "WeeklyReportQuerySet":
        """The last revision of each site and week among those a person may see."""
        newer = WeeklyReport.objects.visible_to(user).filter(
            site=models.OuterRef("site"),
            week_start=models.OuterRef("week_start"),
            revision__gt=models.OuterRef("revision"),
        )
        return self.visible_to(user).filter(~models.Exists(newer))

    def drafts(self) -> "WeeklyReportQuerySet":
        """Waiting for their narrative or for approval."""
        return self.filter(status=WeeklyReport.Status.DRAFT)

    def frozen(self) -> "WeeklyReportQuerySet":
        """Approved by a manager."""
        return self.filter(status=WeeklyReport.Status.FROZEN)

    def newest_first(self) -> "WeeklyReportQuerySet":
        return self.order_by("-week_start", "-id")

    def without_content(self) -> "WeeklyReportQuerySet":
        """Leave the large columns in the database: for lists."""
        return self.defer(
            "body", "basis", "body_open", "basis_open", "narrative_en", "narrative_ar"
        )


class WeeklyReport(models.Model):
    """What is known of a site's week at a moment. Once approved it never changes.

    `body` is the published JSON (interfaces, section 5) with English sentences; `checksum` is the
    SHA-256 of its canonical form, which is what `?format=json` sends. `basis` holds what the page
    needs beside it: names, the key and numbers of each sentence, the series behind the charts.
    A correction after approval is another row with the next `revision`.

    `body_open`, `basis_open` and `checksum_open` are the same of the version without sensitive
    incidents; `editions` says who reads which. Null in reports from before it was kept.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        FROZEN = "frozen", _("Approved")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey(Site, models.PROTECT, related_name="+")
    week_start = models.DateField(_("Week"))
    #: 1, 2, 3 … within the site, in the order of compiling.
    number = models.PositiveIntegerField()
    #: 0 for the first report of a week, 1 for its first correction.
    revision = models.PositiveSmallIntegerField(default=0)
    revision_of = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.DRAFT)
    data_as_of = models.DateTimeField(_("Records as of"))
    body = models.JSONField()
    basis = models.JSONField()
    checksum = models.CharField(max_length=64)
    body_open = models.JSONField(null=True)
    basis_open = models.JSONField(null=True)
    checksum_open = models.CharField(max_length=64, blank=True)
    #: Whether it says anything to those who read the open version: not where the week was recorded,
    #: or a correction made, because of sensitive incidents alone.
    is_open = models.BooleanField(default=True)
    narrative_en = models.TextField(_("In English"), blank=True, max_length=4000)
    narrative_ar = models.TextField(_("In Arabic"), blank=True, max_length=4000)
    narrative_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    compiled_at = models.DateTimeField(default=timezone.now)
    #: Null where the program compiled it by itself.
    compiled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    frozen_at = models.DateTimeField(null=True, blank=True)
    frozen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    version = models.PositiveIntegerField(default=1)

    objects = WeeklyReportQuerySet.as_manager()

    class Meta:
        ordering = ["-week_start", "site", "-revision"]
        verbose_name = _("Weekly report")
        verbose_name_plural = _("Weekly reports")
        indexes = [
            models.Index(F("week_start").desc(), F("id").desc(), name="weekly_report_newest"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "week_start", "revision"],
                name="one_report_a_site_week_and_revision",
            ),
            models.UniqueConstraint(
                fields=["site", "week_start"],
                condition=Q(status="draft"),
                name="one_draft_a_site_and_week",
            ),
            models.UniqueConstraint(
                fields=["site", "number"], name="a_report_number_stands_once_a_site"
            ),
            models.CheckConstraint(
                condition=(Q(status="draft") & Q(frozen_at=None) & Q(frozen_by=None))
                | (Q(status="frozen") & ~Q(frozen_at=None) & ~Q(frozen_by=None)),
                name="an_approved_report_says_when_and_by_whom",
            ),
            models.CheckConstraint(
                condition=(Q(revision=0) & Q(revision_of=None))
                | (Q(revision__gt=0) & ~Q(revision_of=None)),
                name="a_revision_names_what_it_revises",
            ),
            models.CheckConstraint(
                condition=Q(body_open__isnull=True, basis_open__isnull=True, checksum_open="")
                | (Q(body_open__isnull=False, basis_open__isnull=False) & ~Q(checksum_open="")),
                name="an_open_version_is_whole_or_absent",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    def get_absolute_url(self) -> str:
        return reverse("reports:report_detail", args=[self.site.code, self.week_start.isoformat()])

    @property
    def code(self) -> str:
        """How people name it: BASRAH-CENTRE-2026-11-15, with -R1 for a first revision."""
        tail = f"-R{self.revision}" if self.revision else ""
        return f"{self.site.code}-{self.week_start.isoformat()}{tail}"

    @property
    def audit_code(self) -> str:
        return self.code

    @property
    def week_end(self) -> date:
        """The first day after the week."""
        return self.week_start + timedelta(days=7)

    @property
    def last_day(self) -> date:
        """The seventh day, for people to read."""
        return self.week_start + timedelta(days=6)

    @property
    def is_frozen(self) -> bool:
        return self.status == self.Status.FROZEN

    @property
    def narrative(self) -> str:
        """The narrative in the reader's language, else the other one."""
        first, second = self.narrative_en, self.narrative_ar
        if (get_language() or "en").startswith("ar"):
            first, second = second, first
        return first or second


class SharedWeeklyReportQuerySet(models.QuerySet["SharedWeeklyReport"]):
    """Shared versions; every REO role reads all of them."""

    def visible_to(self, user: Any) -> "SharedWeeklyReportQuerySet":
        return self.all() if user.has_perm("reports.view_sharedweeklyreport") else self.none()

    def latest(self) -> "SharedWeeklyReportQuerySet":  # type: ignore[override]
        """The last revision of each site and week."""
        newer = SharedWeeklyReport.objects.filter(
            site_code=models.OuterRef("site_code"),
            week_start=models.OuterRef("week_start"),
            revision__gt=models.OuterRef("revision"),
        )
        return self.filter(~models.Exists(newer))

    def newest_first(self) -> "SharedWeeklyReportQuerySet":
        return self.order_by("-week_start", "-id")


class SharedWeeklyReport(models.Model):
    """What REO reads of an approved report: districts only, small counts hidden; append-only.

    REO's database role reads this table and no other of the reports, so a row holds the names it
    needs and no key into another table.
    """

    site_code = models.CharField(max_length=40)
    site_name_en = models.CharField(max_length=120)
    site_name_ar = models.CharField(max_length=120)
    is_demo = models.BooleanField(default=False)
    week_start = models.DateField(_("Week"))
    revision = models.PositiveSmallIntegerField(default=0)
    body = models.JSONField()
    checksum = models.CharField(max_length=64)
    frozen_at = models.DateTimeField()

    objects = SharedWeeklyReportQuerySet.as_manager()

    class Meta:
        ordering = ["-week_start", "site_code", "-revision"]
        verbose_name = _("Shared weekly report")
        verbose_name_plural = _("Shared weekly reports")
        indexes = [
            models.Index(F("week_start").desc(), F("id").desc(), name="shared_report_newest"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["site_code", "week_start", "revision"],
                name="one_shared_report_a_site_week_and_revision",
            )
        ]

    def __str__(self) -> str:
        return self.code

    def get_absolute_url(self) -> str:
        return reverse("reports:report_detail", args=[self.site_code, self.week_start.isoformat()])

    @property
    def code(self) -> str:
        tail = f"-R{self.revision}" if self.revision else ""
        return f"{self.site_code}-{self.week_start.isoformat()}{tail}"

    @property
    def site_name(self) -> str:
        """The site's name in the reader's language."""
        arabic = (get_language() or "en").startswith("ar")
        return self.site_name_ar if arabic else self.site_name_en

    @property
    def last_day(self) -> date:
        return self.week_start + timedelta(days=6)

    @property
    def moment(self) -> datetime:
        """The moment the published document names: later records are not in it."""
        return datetime.fromisoformat(self.body["data_as_of"])
