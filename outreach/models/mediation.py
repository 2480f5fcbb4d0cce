"""What is done about a conflict: sessions, truces, the tribe's settlement, and looking again.

Notes, guarantors and terms are sealed in the vault under the row's key.
"""

import uuid
from datetime import date

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ceasefire import codes
from ceasefire.places.models import Place
from outreach.models.conflicts import Conflict, ConflictParty

#: Days after a session that ended well on which somebody looks again.
LADDER = (1, 3, 7, 14, 30, 60, 90)


class MediationSession(models.Model):
    """One sitting with the sides of a conflict. Written once, never changed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conflict = models.ForeignKey(Conflict, models.CASCADE, related_name="sessions")
    idempotency_key = models.UUIDField(unique=True, null=True, blank=True)
    at = models.DateTimeField(_("When"))
    place = models.ForeignKey(
        Place, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("Where")
    )
    mediators = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+")
    present = models.ManyToManyField(ConflictParty, related_name="+", blank=True)
    tactics = ArrayField(models.CharField(max_length=16), default=list, blank=True)
    outcome = models.CharField(_("Result"), max_length=2)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-at", "-created_at"]
        indexes = [
            models.Index(fields=["conflict", "-at"], name="session_of_conflict"),
            models.Index(fields=["at", "outcome"], name="session_by_time"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome__in=["R1", "R2", "R3", "U", "V", "E", "X", "T"]),
                name="a_session_has_one_of_eight_outcomes",
            )
        ]

    @property
    def outcome_label(self) -> str:
        return codes.label("mediation_outcome", self.outcome)

    @property
    def tactic_labels(self) -> list[str]:
        return [codes.label("tactic", tactic) for tactic in self.tactics]


class FollowUp(models.Model):
    """One rung of the ladder: how it is so many days after a session that ended well."""

    class State(models.TextChoices):
        OPEN = "open", _("To be made")
        ANSWERED = "answered", _("Made")
        #: A later one was made first.
        MISSED = "missed", _("Missed")
        #: Another session, a new outbreak or the closing made it needless.
        ENDED = "ended", _("No longer needed")

    class Finding(models.TextChoices):
        CALM = "calm", _("Calm")
        TENSE = "tense", _("Tense")
        REIGNITED = "reignited", _("Flared up again")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conflict = models.ForeignKey(Conflict, models.CASCADE, related_name="follow_ups")
    session = models.ForeignKey(MediationSession, models.CASCADE, related_name="follow_ups")
    rung = models.PositiveSmallIntegerField()
    due_on = models.DateField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    finding = models.CharField(
        _("How is it?"), max_length=10, choices=Finding.choices, blank=True, default=""
    )
    at = models.DateTimeField(null=True, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    #: When its task was made, once.
    asked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["due_on", "rung"]
        indexes = [
            models.Index(fields=["due_on"], condition=Q(state="open"), name="follow_up_due"),
            models.Index(fields=["conflict", "due_on"], name="follow_up_of_conflict"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["session", "rung"], name="a_ladder_has_a_rung_once"),
            models.CheckConstraint(
                condition=Q(rung__in=[1, 3, 7, 14, 30, 60, 90]), name="a_rung_is_one_of_seven"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["open", "answered", "missed", "ended"]),
                name="a_follow_up_has_one_of_four_states",
            ),
            models.CheckConstraint(
                condition=Q(state="answered", at__isnull=False, by__isnull=False)
                & Q(finding__in=["calm", "tense", "reignited"])
                | ~Q(state="answered") & Q(finding=""),
                name="an_answered_follow_up_says_how_it_was",
            ),
        ]

    def is_overdue(self, today: date) -> bool:
        """Its day is over and nobody looked."""
        return self.state == self.State.OPEN and self.due_on < today


class Truce(models.Model):
    """A hudna or atwa: until when, on whose word. The guarantor is sealed."""

    class State(models.TextChoices):
        IN_FORCE = "in_force", _("In force")
        KEPT = "kept", _("Kept to its end")
        BROKEN = "broken", _("Broken")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conflict = models.ForeignKey(Conflict, models.CASCADE, related_name="truces")
    idempotency_key = models.UUIDField(unique=True, null=True, blank=True)
    starts_at = models.DateTimeField(_("From"))
    ends_at = models.DateTimeField(_("Until"))
    state = models.CharField(max_length=10, choices=State.choices, default=State.IN_FORCE)
    #: When the mediator was reminded, and the supervisor told that nobody confirmed; each once for
    #: an end, so an extension empties both.
    reminded_at = models.DateTimeField(null=True, blank=True)
    lapsed_told_at = models.DateTimeField(null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-starts_at", "-created_at"]
        indexes = [
            models.Index(fields=["ends_at"], condition=Q(state="in_force"), name="truce_in_force")
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="a_truce_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["in_force", "kept", "broken"]),
                name="a_truce_has_one_of_three_states",
            ),
            models.UniqueConstraint(
                fields=["conflict"],
                condition=Q(state="in_force"),
                name="a_conflict_has_one_truce_in_force",
            ),
        ]


class TruceEvent(models.Model):
    """What became of a truce. Written once; words to a breach are sealed."""

    class Kind(models.TextChoices):
        MADE = "made", _("Agreed")
        EXTENDED = "extended", _("Extended")
        BREACH = "breach", _("Breach")
        KEPT = "kept", _("Kept to its end")
        BROKEN = "broken", _("Broken")
        LAPSED = "lapsed", _("Ran out, nobody confirmed it")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    truce = models.ForeignKey(Truce, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    #: Until when it held as of this event.
    ends_at = models.DateTimeField()
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["at", "id"]


class TribalSettlement(models.Model):
    """A fasl: the sitting that settles, and what is owed. Who vouches and the terms are sealed."""

    class Currency(models.TextChoices):
        IQD = "IQD", _("Iraqi dinar")
        USD = "USD", _("US dollar")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conflict = models.OneToOneField(Conflict, models.CASCADE, related_name="settlement")
    sits_on = models.DateField(_("Day of the settlement session"), null=True, blank=True)
    compensation_due = models.DecimalField(
        _("Compensation agreed"), max_digits=14, decimal_places=2, null=True, blank=True
    )
    compensation_paid = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    currency = models.CharField(
        _("Currency"), max_length=3, choices=Currency.choices, default=Currency.IQD
    )
    displaced = models.BooleanField(_("Somebody has to move away"), default=False)
    pledged_on = models.DateField(_("Written pledge given on"), null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(compensation_due__isnull=True) | Q(compensation_due__gt=0),
                name="compensation_agreed_is_more_than_nothing",
            ),
            models.CheckConstraint(
                condition=Q(compensation_paid__gte=0)
                & (
                    Q(compensation_paid=0)
                    | Q(compensation_due__isnull=False)
                    & Q(compensation_paid__lte=F("compensation_due"))
                ),
                name="no_more_compensation_is_paid_than_agreed",
            ),
            models.CheckConstraint(
                condition=Q(currency__in=["IQD", "USD"]),
                name="compensation_is_in_one_of_two_currencies",
            ),
        ]


class CompensationPayment(models.Model):
    """A part of the compensation that was handed over. Written once, never changed."""

    settlement = models.ForeignKey(TribalSettlement, models.CASCADE, related_name="payments")
    idempotency_key = models.UUIDField(unique=True, null=True, blank=True)
    amount = models.DecimalField(_("Amount"), max_digits=14, decimal_places=2)
    paid_on = models.DateField(_("Paid on"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["paid_on", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_payment_is_of_something")
        ]
