"""The outbox and the periods that were entered."""

from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ceasefire.people.models import User
from ceasefire.people.roles import Role
from ceasefire.places.models import Site


class JobQuerySet(models.QuerySet["Job"]):
    """Jobs, as the page of jobs asks for them."""

    def visible_to(self, user: Any) -> "JobQuerySet":
        """The administrator sees all; who may change jobs, those of their sites; all their own."""
        own = Q(by=user)
        if not user.has_perm("jobs.change_job"):
            return self.filter(own)
        if user.role == Role.ADMINISTRATOR:
            return self.all()
        return self.filter(own | Q(site__in=user.site_ids))

    def waiting(self) -> "JobQuerySet":
        """Queued: due now, or later after a failure."""
        return self.filter(state=Job.State.QUEUED)

    def due(self, at: Any = None) -> "JobQuerySet":
        """Queued and to be run by now, the longest waiting first."""
        return (
            self.waiting().filter(run_after__lte=at or timezone.now()).order_by("run_after", "id")
        )

    def running(self) -> "JobQuerySet":
        return self.filter(state=Job.State.RUNNING)

    def parked(self) -> "JobQuerySet":
        """Failed too often; somebody has to look."""
        return self.filter(state=Job.State.PARKED)

    def unfinished(self) -> "JobQuerySet":
        return self.filter(state__in=[Job.State.QUEUED, Job.State.RUNNING, Job.State.PARKED])

    def newest_first(self) -> "JobQuerySet":
        return self.order_by("-id")


class Job(models.Model):
    """One piece of background work."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        PARKED = "parked", _("Stopped after failing")
        CANCELLED = "cancelled", _("Cancelled")

    FINISHED = (State.DONE, State.PARKED, State.CANCELLED)
    #: A job that failed this often is parked, a worker it killed included.
    MAX_ATTEMPTS = 5
    #: How long a failed job waits before its next attempt.
    BACK_OFF = (
        timedelta(seconds=10),
        timedelta(minutes=1),
        timedelta(minutes=5),
        timedelta(minutes=15),
    )

    kind = models.CharField(_("Kind"), max_length=80)
    #: The same key is never entered twice; null where a job may stand many times.
    key = models.CharField(max_length=200, null=True, unique=True)
    payload = models.JSONField(default=dict)
    state = models.CharField(_("State"), max_length=10, choices=State.choices, default=State.QUEUED)
    #: Counted and committed before the work, so that a job that kills its worker is found out.
    attempts = models.PositiveSmallIntegerField(_("Attempts"), default=0)
    run_after = models.DateTimeField(_("Not before"))
    created_at = models.DateTimeField(_("Entered"))
    started_at = models.DateTimeField(_("Begun"), null=True)
    finished_at = models.DateTimeField(_("Finished"), null=True)
    heartbeat_at = models.DateTimeField(_("Last sign of life"), null=True)
    #: When the sweeper last sent a hint, so that a long queue is not hinted at every time.
    hinted_at = models.DateTimeField(null=True)
    done_count = models.PositiveIntegerField(_("Done so far"), default=0)
    total_count = models.PositiveIntegerField(_("Of"), default=0)
    cancel_requested = models.BooleanField(default=False)
    #: The class of the last error only: its message may quote a record.
    error_kind = models.CharField(_("Error"), max_length=80, blank=True)
    site = models.ForeignKey(Site, models.PROTECT, null=True, related_name="+")
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["run_after", "id"], condition=Q(state="queued"), name="jobs_queued"
            ),
            models.Index(fields=["id"], condition=Q(state="running"), name="jobs_running"),
            models.Index(fields=["state", "-id"], name="jobs_by_state"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running", "done", "parked", "cancelled"]),
                name="a_job_is_in_a_known_state",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["done", "parked", "cancelled"], finished_at__isnull=False)
                | Q(state__in=["queued", "running"], finished_at__isnull=True),
                name="a_job_is_finished_when_it_says_when",
            ),
            models.CheckConstraint(
                condition=~Q(state="running") | Q(started_at__isnull=False),
                name="a_running_job_has_begun",
            ),
            models.CheckConstraint(
                condition=Q(total_count=0) | Q(done_count__lte=F("total_count")),
                name="a_job_does_no_more_than_its_total",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def is_finished(self) -> bool:
        return self.state in self.FINISHED

    @property
    def percent(self) -> int | None:
        """How far it is, whole percent; None where nobody knows."""
        return self.done_count * 100 // self.total_count if self.total_count else None


class PeriodicRun(models.Model):
    """A period of a periodic job that was entered. The unique row is why it is entered once."""

    name = models.CharField(max_length=80)
    period = models.CharField(max_length=80)
    entered_at = models.DateTimeField()
    job = models.ForeignKey(Job, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "period"], name="a_period_is_entered_once")
        ]
