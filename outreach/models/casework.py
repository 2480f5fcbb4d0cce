"""Needs, plan, referrals and notes of a case. Every word about a person is sealed in the vault.

Columns hold codes, days, numbers and who; the sealed fields of each model stand at its head.
"""

import uuid
from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ceasefire import codes, periods
from outreach.models.participants import Participant

#: A plan is looked at again so many days after it was approved or looked at last.
REVIEW_DAYS = 30
#: A referral is silent when nobody answered for so long.
SILENT_AFTER = timedelta(days=7)
#: A note can be changed by who wrote it for so long; the database holds to it too.
NOTE_OPEN_FOR = timedelta(hours=24)


class OfCaseQuerySet(models.QuerySet[Any]):
    """Rows that belong to a case."""

    def visible_to(self, user: Any) -> "OfCaseQuerySet":
        """Those of cases that the person may see."""
        return self.filter(participant__in=Participant.objects.visible_to(user).values("pk"))


class NeedsAssessment(models.Model):
    """How heavy each of the domains weighs, at one time. Written once; a later one replaces it.

    Sealed: `strengths`.
    """

    SEVERITIES = {
        0: _("No need"),
        1: _("Some"),
        2: _("Serious"),
        3: _("Urgent"),
    }

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    participant = models.ForeignKey(Participant, models.CASCADE, related_name="needs")
    number = models.PositiveSmallIntegerField()
    #: Of each domain's code: 0 to 3; a domain nobody asked about is not there.
    severities = models.JSONField()
    idempotency_key = models.UUIDField(unique=True, null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    objects = OfCaseQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "number"], name="needs_are_numbered_once"
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="needs_are_numbered_from_1"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class RiskReductionPlan(models.Model):
    """What is to change, step by step; a supervisor approves it. A case has one at a time."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Being written")
        WAITING = "waiting", _("Waits for approval")
        RETURNED = "returned", _("Returned")
        APPROVED = "approved", _("Approved")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    participant = models.OneToOneField(Participant, models.CASCADE, related_name="plan")
    state = models.CharField(_("State"), max_length=8, choices=State.choices, default=State.DRAFT)
    approved_at = models.DateTimeField(null=True, blank=True)
    review_due_on = models.DateField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=1)

    objects = OfCaseQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["review_due_on"],
                condition=Q(review_due_on__isnull=False),
                name="plan_reviews",
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["draft", "waiting", "returned", "approved"]),
                name="a_plan_is_in_a_known_state",
            ),
            models.CheckConstraint(
                condition=~Q(state="approved")
                | Q(approved_at__isnull=False, review_due_on__isnull=False),
                name="an_approved_plan_says_when_and_is_reviewed",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def overdue(self, on: date | None = None) -> bool:
        """The review is due on an earlier day than this."""
        return self.review_due_on is not None and self.review_due_on < (on or periods.now().date())


class PlanGoal(models.Model):
    """One step of a plan. Its wording is never changed: it is dropped and written anew.

    Sealed: `step`.
    """

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        REACHED = "reached", _("Reached")
        DROPPED = "dropped", _("Dropped")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    plan = models.ForeignKey(RiskReductionPlan, models.CASCADE, related_name="goals")
    domain = models.CharField(_("About what"), max_length=16)
    due_on = models.DateField(_("Until"))
    #: Nobody of the staff: the participant does it.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    state = models.CharField(_("State"), max_length=8, choices=State.choices, default=State.OPEN)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    idempotency_key = models.UUIDField(unique=True, null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["due_on", "created_at", "id"]
        indexes = [models.Index(fields=["plan", "due_on"], name="goals_of_plan")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="open", ended_at__isnull=True, ended_by__isnull=True)
                | Q(
                    state__in=["reached", "dropped"],
                    ended_at__isnull=False,
                    ended_by__isnull=False,
                ),
                name="an_ended_goal_says_when_and_by_whom",
            ),
            models.CheckConstraint(condition=~Q(domain=""), name="a_goal_is_about_something"),
        ]

    @property
    def domain_label(self) -> str:
        return codes.label("need_domain", self.domain)


class PlanReview(models.Model):
    """Somebody looked at the plan with the participant. Written once. Sealed: `note`."""

    plan = models.ForeignKey(RiskReductionPlan, models.CASCADE, related_name="reviews")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    next_due_on = models.DateField()

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["plan", "-at"], name="reviews_of_plan")]


class Referral(models.Model):
    """Somebody else who can help, and what became of it.

    Sealed: `provider` (who, and whom to ask there) and `note`.
    """

    class State(models.TextChoices):
        SENT = "sent", _("Sent")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")
        STARTED = "started", _("Started")
        COMPLETED = "completed", _("Completed")
        DROPPED = "dropped", _("Dropped")

    OPEN = (State.SENT, State.ACCEPTED, State.STARTED)
    #: From which state to which.
    STEPS: dict[str, tuple[str, ...]] = {
        State.SENT: (State.ACCEPTED, State.DECLINED, State.DROPPED),
        State.ACCEPTED: (State.STARTED, State.DROPPED),
        State.STARTED: (State.COMPLETED, State.DROPPED),
    }

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    participant = models.ForeignKey(Participant, models.CASCADE, related_name="referrals")
    domain = models.CharField(_("For what"), max_length=16)
    #: The worker goes along, or calls there; else the participant was only told.
    is_warm = models.BooleanField(_("I take him there or call them"), default=False)
    state = models.CharField(_("State"), max_length=9, choices=State.choices, default=State.SENT)
    sent_on = models.DateField(_("Sent on"))
    answered_on = models.DateField(null=True, blank=True)
    started_on = models.DateField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    #: Said by the participant, not by the provider; only of what is completed or dropped.
    is_confirmed = models.BooleanField(_("The participant says so too"), default=False)
    idempotency_key = models.UUIDField(unique=True, null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=1)

    objects = OfCaseQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["participant", "-created_at"], name="referrals_of_case"),
            models.Index(
                fields=["sent_on"], condition=Q(state="sent"), name="referrals_without_answer"
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(domain=""), name="a_referral_says_for_what"),
            models.CheckConstraint(
                condition=Q(state="sent", answered_on__isnull=True, started_on__isnull=True)
                & Q(ended_on__isnull=True)
                | Q(state="accepted", answered_on__isnull=False, started_on__isnull=True)
                & Q(ended_on__isnull=True)
                | Q(state="declined", answered_on__isnull=False, started_on__isnull=True)
                & Q(ended_on__isnull=False)
                | Q(state="started", answered_on__isnull=False, started_on__isnull=False)
                & Q(ended_on__isnull=True)
                | Q(state="completed", answered_on__isnull=False, started_on__isnull=False)
                & Q(ended_on__isnull=False)
                | Q(state="dropped", ended_on__isnull=False),
                name="a_referral_has_the_days_of_its_state",
            ),
            models.CheckConstraint(
                condition=(Q(answered_on__isnull=True) | Q(answered_on__gte=F("sent_on")))
                & (Q(started_on__isnull=True) | Q(started_on__gte=F("sent_on")))
                & (Q(ended_on__isnull=True) | Q(ended_on__gte=F("sent_on"))),
                name="a_referral_moves_after_it_was_sent",
            ),
            models.CheckConstraint(
                condition=Q(is_confirmed=False)
                | Q(state__in=["started", "completed", "dropped", "declined"]),
                name="a_participant_confirms_what_happened",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def domain_label(self) -> str:
        return codes.label("need_domain", self.domain)

    @property
    def days_to_start(self) -> int | None:
        """From sending to the start; None where it has not started."""
        return None if self.started_on is None else (self.started_on - self.sent_on).days

    @property
    def silent_from(self) -> datetime:
        """When it counts as silent, if nobody answers."""
        start = datetime.combine(self.sent_on, time.min, periods.BAGHDAD)
        return start + SILENT_AFTER

    def is_silent(self) -> bool:
        """Nobody answered for seven days."""
        return self.state == self.State.SENT and periods.now() >= self.silent_from


class ReferralStep(models.Model):
    """One move of a referral. Written once."""

    referral = models.ForeignKey(Referral, models.CASCADE, related_name="steps")
    to_state = models.CharField(max_length=9)
    happened_on = models.DateField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at", "id"]


class CaseNote(models.Model):
    """A note about a case. Open to its writer for 24 hours, then only amended.

    Sealed: `text`. The database refuses a later change, of the row and of the sealed text.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    participant = models.ForeignKey(Participant, models.CASCADE, related_name="notes")
    kind = models.CharField(_("About what"), max_length=16)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    #: From when on nobody changes it; the database lets this move to earlier only.
    locked_at = models.DateTimeField()
    #: When the words were changed last, within the 24 hours.
    changed_at = models.DateTimeField(null=True, blank=True)
    idempotency_key = models.UUIDField(unique=True, null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = OfCaseQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["participant", "-at", "-id"], name="notes_of_case")]
        constraints = [
            models.CheckConstraint(condition=~Q(kind=""), name="a_note_is_about_something"),
            models.CheckConstraint(
                condition=Q(locked_at__lte=F("at") + NOTE_OPEN_FOR),
                name="a_note_is_open_for_24_hours_at_most",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def kind_label(self) -> str:
        return codes.label("note_kind", self.kind)

    def is_locked(self) -> bool:
        """24 hours have passed."""
        return periods.now() >= self.locked_at


class NoteAmendment(models.Model):
    """What is added to a locked note. Written once. Sealed: `text`."""

    note = models.ForeignKey(CaseNote, models.CASCADE, related_name="amendments")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    idempotency_key = models.UUIDField(unique=True, null=True, blank=True)

    class Meta:
        ordering = ["at", "id"]


class TransferQuerySet(models.QuerySet["Transfer"]):
    """Transfers, as their pages ask for them."""

    def visible_to(self, user: Any) -> "TransferQuerySet":
        """Those of cases that the person may see, and the open ones that wait for their answer."""
        if not user.is_authenticated or not user.has_perm("outreach.view_participant"):
            return self.none()
        seen = Participant.objects.visible_to(user).values("pk")
        return self.filter(
            Q(participant__in=seen)
            | Q(to_user=user, state="asked", participant__site__in=user.site_ids)
        )

    def open(self) -> "TransferQuerySet":
        """Not answered."""
        return self.filter(state="asked")


class Transfer(models.Model):
    """A case that goes from one worker to another: one asks, the other answers.

    Until the receiver accepts, the receiver reads the code, the site and who asks, nothing else.
    With a handover the case goes at once. Sealed: `reason`.
    """

    class State(models.TextChoices):
        ASKED = "asked", _("Waits for an answer")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")
        WITHDRAWN = "withdrawn", _("Taken back")
        HANDED_OVER = "handed_over", _("Handed over")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    participant = models.ForeignKey(Participant, models.CASCADE, related_name="transfers")
    from_user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    to_user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    state = models.CharField(_("State"), max_length=11, choices=State.choices, default=State.ASKED)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    idempotency_key = models.UUIDField(unique=True, null=True, blank=True)

    objects = TransferQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at", "-id"]
        indexes = [
            models.Index(fields=["participant", "-asked_at"], name="transfers_of_case"),
            models.Index(fields=["to_user"], condition=Q(state="asked"), name="transfers_waiting"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["participant"],
                condition=Q(state="asked"),
                name="a_case_goes_to_one_person_at_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(from_user=F("to_user")), name="a_transfer_goes_to_somebody_else"
            ),
            models.CheckConstraint(
                condition=Q(state="asked", answered_at__isnull=True, answered_by__isnull=True)
                | Q(
                    state__in=["accepted", "declined", "handed_over"],
                    answered_at__isnull=False,
                    answered_by__isnull=False,
                )
                | Q(state="withdrawn", answered_at__isnull=False),
                name="an_answered_transfer_says_when_and_by_whom",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["accepted", "declined"]) | Q(answered_by=F("to_user")),
                name="the_receiver_alone_answers",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Handover(models.Model):
    """All that somebody carried was given on in one step. Written once; counts, no cases."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    from_user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    cases = models.PositiveIntegerField()
    memberships = models.PositiveIntegerField()
    tasks = models.PositiveIntegerField()
    idempotency_key = models.UUIDField(unique=True, null=True, blank=True)

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return str(self.pk)
