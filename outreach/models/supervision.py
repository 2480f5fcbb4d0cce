"""The weekly sheet of a worker: which cases were reviewed, and what was decided.

The comment and the words of a decision are sealed in the vault under the row's key. The figures of
a week are counted from the records; those that stood when the sheet was signed are kept with it.
"""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ceasefire.people.roles import Role
from ceasefire.places.models import Site
from outreach.models.participants import Participant, team_ids


class SheetQuerySet(models.QuerySet["SupervisionSheet"]):
    """Sheets, as the pages ask for them."""

    def visible_to(self, user: Any) -> "SheetQuerySet":
        """The supervisor's of the own team and of teams stood in for; the manager's of the sites.

        A worker sees their own, once it is signed.
        """
        if not user.is_authenticated or not user.has_perm("outreach.view_participant"):
            return self.none()
        here = self.filter(site__in=user.site_ids)
        own = Q(worker=user, signed_at__isnull=False)
        if user.has_perm("outreach.supervise"):
            if user.role == Role.MANAGER:
                return here.filter(~Q(worker=user) | own)
            return here.filter(Q(worker__in=team_ids(user)) & ~Q(worker=user) | own)
        return here.filter(own)


class SupervisionSheet(models.Model):
    """One worker's sheet of one week. Signed, it is locked."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(max_length=20, unique=True)
    site = models.ForeignKey(Site, models.PROTECT, related_name="+")
    worker = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    #: The first day of the week.
    week_start = models.DateField()
    #: Counts as they stood when it was signed; empty before.
    figures = models.JSONField(default=dict, blank=True)
    signed_at = models.DateTimeField(null=True, blank=True)
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    #: The supervisor for whom a stand-in signed.
    on_behalf_of = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=1)

    objects = SheetQuerySet.as_manager()

    class Meta:
        ordering = ["-week_start", "code"]
        indexes = [models.Index(fields=["site", "week_start"], name="sheet_of_site_and_week")]
        constraints = [
            models.UniqueConstraint(
                fields=["worker", "site", "week_start"], name="a_worker_has_one_sheet_a_week"
            ),
            models.CheckConstraint(
                condition=Q(
                    signed_at__isnull=True, signed_by__isnull=True, on_behalf_of__isnull=True
                )
                | Q(signed_at__isnull=False, signed_by__isnull=False),
                name="a_signed_sheet_says_when_and_by_whom",
            ),
            models.CheckConstraint(
                condition=Q(signed_by__isnull=True) | ~Q(signed_by=F("worker")),
                name="nobody_signs_their_own_sheet",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    def get_absolute_url(self) -> str:
        return reverse("outreach:supervision_sheet", args=[self.code])


class CaseReview(models.Model):
    """That a case was gone through with its worker. Written once, never changed."""

    class Finding(models.TextChoices):
        ON_COURSE = "on_course", _("On course")
        ATTENTION = "attention", _("Needs attention")
        URGENT = "urgent", _("Urgent")

    sheet = models.ForeignKey(SupervisionSheet, models.CASCADE, related_name="reviews")
    participant = models.ForeignKey(Participant, models.CASCADE, related_name="reviews")
    finding = models.CharField(_("How it goes"), max_length=9, choices=Finding.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["participant", "-at"], name="review_of_case")]
        constraints = [
            models.UniqueConstraint(
                fields=["sheet", "participant"], name="a_case_is_reviewed_once_on_a_sheet"
            ),
            models.CheckConstraint(
                condition=Q(finding__in=["on_course", "attention", "urgent"]),
                name="a_review_finds_one_of_three",
            ),
        ]


class DecisionQuerySet(models.QuerySet["SupervisionDecision"]):
    """Decisions, as their page asks for them."""

    def visible_to(self, user: Any) -> "DecisionQuerySet":
        """What one is to do oneself, and what stands on sheets that one may see.

        Not what is about a case that one does not see, as when it went to another worker.
        """
        if not user.is_authenticated or not user.has_perm("outreach.view_participant"):
            return self.none()
        return self.filter(
            Q(assignee=user) | Q(sheet__in=SupervisionSheet.objects.visible_to(user).values("pk")),
            Q(participant__isnull=True)
            | Q(participant__in=Participant.objects.visible_to(user).values("pk")),
            sheet__site__in=user.site_ids,
        )


class SupervisionDecision(models.Model):
    """What somebody is to do, decided over a sheet; it becomes their task."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    #: The sheet's and a number.
    code = models.CharField(max_length=24, unique=True)
    sheet = models.ForeignKey(SupervisionSheet, models.CASCADE, related_name="decisions")
    #: The case it is about, if one.
    participant = models.ForeignKey(
        Participant, models.CASCADE, null=True, blank=True, related_name="decisions"
    )
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    due_on = models.DateField(_("Until"))
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    #: Made with the form; a form sent twice decides once.
    idempotency_key = models.UUIDField(unique=True, null=True, blank=True)

    objects = DecisionQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "code"]

    def __str__(self) -> str:
        return self.code

    @property
    def site_id(self) -> int:
        """The sheet's, for the trail."""
        return self.sheet.site_id
