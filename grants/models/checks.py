"""Stops of payments in a district, and what the nightly check of the ledger found."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ceasefire.places.models import Place
from grants.models.funds import Confirmed, Fund, second_person
from grants.models.officers import Officer


class PaymentStopQuerySet(models.QuerySet["PaymentStop"]):
    def holding(self) -> "PaymentStopQuerySet":
        """Confirmed and not lifted: no payment is asked for, certified or made."""
        return self.filter(confirmed_at__isnull=False, lifted_at__isnull=True)

    def standing(self) -> "PaymentStopQuerySet":
        """Holding, or waiting for a second person."""
        return self.filter(lifted_at__isnull=True, dropped_at__isnull=True)


class PaymentStop(Confirmed):
    """All payments of a fund in one district stopped: by two people, and lifted by two.

    A grants officer enters it, somebody else confirms it; the same to lift it. Whoever asks for the
    lifting does not lift. One that nobody confirmed may be dropped.
    """

    fund = models.ForeignKey(Fund, models.PROTECT, related_name="stops")
    district = models.ForeignKey(Place, models.PROTECT, related_name="+")
    reason = models.CharField(max_length=1000)
    dropped_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    dropped_at = models.DateTimeField(null=True)
    lift_asked_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    lift_asked_at = models.DateTimeField(null=True)
    lift_reason = models.CharField(max_length=1000, blank=True)
    lifted_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    lifted_at = models.DateTimeField(null=True)

    objects = PaymentStopQuerySet.as_manager()

    class Meta:
        ordering = ["-entered_at", "id"]
        constraints = [
            second_person("a_stop_is_confirmed_by_a_second_person"),
            models.CheckConstraint(condition=~Q(reason=""), name="a_stop_has_a_reason"),
            models.CheckConstraint(
                condition=Q(dropped_by__isnull=True, dropped_at__isnull=True)
                | Q(dropped_by__isnull=False, dropped_at__isnull=False, confirmed_at__isnull=True),
                name="what_holds_is_lifted_not_dropped",
            ),
            models.CheckConstraint(
                condition=Q(lift_asked_by__isnull=True, lift_asked_at__isnull=True, lift_reason="")
                | Q(
                    lift_asked_by__isnull=False,
                    lift_asked_at__isnull=False,
                    confirmed_at__isnull=False,
                )
                & ~Q(lift_reason=""),
                name="lifting_a_stop_is_asked_for_with_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(lifted_by__isnull=True, lifted_at__isnull=True)
                | Q(lifted_by__isnull=False, lifted_at__isnull=False, lift_asked_by__isnull=False)
                & ~Q(lifted_by=F("lift_asked_by")),
                name="a_stop_is_lifted_by_a_second_person",
            ),
            models.UniqueConstraint(
                fields=["fund", "district"],
                condition=Q(lifted_at__isnull=True, dropped_at__isnull=True),
                name="one_stop_a_fund_and_district",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.fund_id}/{self.district_id}"


class LedgerCheck(models.Model):
    """One run over the whole ledger, its sums, limits and duties. Written once.

    The next run is held against the head of the one before, so that a cut tail is found too.
    """

    class Outcome(models.TextChoices):
        WHOLE = "WHOLE", _("Everything holds")
        BROKEN = "BROKEN", _("Something does not hold")
        FAILED = "FAILED", _("The check could not run")

    outcome = models.CharField(max_length=6, choices=Outcome.choices)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(default=timezone.now)
    entries = models.PositiveBigIntegerField(default=0)
    head_hash = models.CharField(max_length=64, blank=True)
    #: The first posting that does not hold, and why.
    broken = models.PositiveBigIntegerField(null=True)
    why = models.CharField(max_length=200, blank=True)
    fault_count = models.PositiveIntegerField(default=0)
    #: The first of the sums and limits that do not hold, as `verify_ledger` prints them.
    faults = models.JSONField(default=list, blank=True)
    #: What stopped a check that could not run: the kind of the error, never its text.
    error_kind = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="WHOLE", broken__isnull=True, fault_count=0, error_kind="")
                | Q(outcome="BROKEN") & (Q(broken__isnull=False) | Q(fault_count__gt=0))
                | Q(outcome="FAILED") & ~Q(error_kind=""),
                name="a_check_says_what_it_found",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.outcome}"

    @property
    def code(self) -> str:
        """Its number, as notices name it."""
        return str(self.pk)
