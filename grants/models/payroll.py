"""Payroll lists: who was paid for how many days, under seal, and what is odd about them."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from grants.models.amounts import Currency, amount_field
from grants.models.grants import Grant
from grants.models.money import PaymentRequest
from grants.models.officers import Officer


def _no_keys() -> list[str]:
    # A field is called `list` below.
    return []


class PayrollList(models.Model):
    """The people who worked on a grant in a period, and what each was paid.

    A draft is filled and looked over; a certified list never changes. It is certified by somebody
    else than who made it and who asked for the grant, when every sign was decided and its sum is
    the control total and the payment it supports. The database checks all of that again.
    """

    class State(models.TextChoices):
        DRAFT = "DRAFT", _("Being made")
        CERTIFIED = "CERTIFIED", _("Certified")
        DROPPED = "DROPPED", _("Dropped")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    grant = models.ForeignKey(Grant, models.PROTECT, related_name="payroll_lists")
    number = models.PositiveSmallIntegerField()
    period_from = models.DateField()
    period_to = models.DateField()
    currency = models.CharField(max_length=3, choices=Currency.choices)
    #: The sum written under the paper list.
    control_total = amount_field()
    payment = models.OneToOneField(
        PaymentRequest, models.PROTECT, null=True, blank=True, related_name="payroll"
    )
    state = models.CharField(max_length=9, choices=State.choices, default=State.DRAFT)
    made_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    certified_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    certified_at = models.DateTimeField(null=True, blank=True)
    #: Why it was dropped.
    reason = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ["grant", "number"]
        indexes = [models.Index(fields=["period_from", "period_to"], name="payroll_by_period")]
        constraints = [
            models.UniqueConstraint(
                fields=["grant", "number"], name="a_payroll_list_has_its_number"
            ),
            models.CheckConstraint(
                condition=Q(period_to__gte=F("period_from")),
                name="a_payroll_period_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=Q(control_total__gt=0), name="a_control_total_is_an_amount"
            ),
            models.CheckConstraint(
                condition=Q(certified_by__isnull=True) | ~Q(certified_by=F("made_by")),
                name="who_makes_a_list_does_not_certify_it",
            ),
            models.CheckConstraint(
                condition=Q(state="DRAFT", certified_by__isnull=True, reason="")
                | Q(
                    state="CERTIFIED",
                    certified_by__isnull=False,
                    certified_at__isnull=False,
                    payment__isnull=False,
                )
                | Q(state="DROPPED", certified_by__isnull=True, payment__isnull=True)
                & ~Q(reason=""),
                name="a_payroll_list_is_certified_or_dropped_by_the_rules",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.grant_id}/{self.number}"

    @property
    def days(self) -> int:
        """Days of the period, both ends counted."""
        return (self.period_to - self.period_from).days + 1


class PayrollRow(models.Model):
    """One person on a list. Name and phone lie under seal; what compares them are keyed hashes.

    `sealed` is JSON under the vault's keys, bound to the row. `person_key` is of name and phone
    together, `name_key` and `prefix_keys` of how the name sounds (its whole, and its first two,
    three, ... parts), `phone_key` of the number: HMAC-SHA256 under the key of the blind index.
    `mark_hash` is the SHA-256 of the image of a signature or thumb; the image is not kept.
    `amount` is days x rate, rounded half up to the cent or the thousandth, by the database.
    """

    class Mark(models.TextChoices):
        SIGNATURE = "signature", _("Signature")
        THUMB = "thumb", _("Thumb")
        NONE = "none", _("None")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    list = models.ForeignKey(PayrollList, models.PROTECT, related_name="rows")
    number = models.PositiveSmallIntegerField()
    key_id = models.CharField(max_length=40, db_index=True)
    sealed = models.BinaryField()
    person_key = models.CharField(max_length=64)
    name_key = models.CharField(max_length=64)
    prefix_keys = ArrayField(models.CharField(max_length=64), default=_no_keys)
    phone_key = models.CharField(max_length=64, blank=True)
    mark = models.CharField(max_length=9, choices=Mark.choices, default=Mark.NONE)
    mark_hash = models.CharField(max_length=64, blank=True)
    days = models.DecimalField(max_digits=5, decimal_places=1)
    rate = amount_field()
    amount = amount_field()
    added_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    added_at = models.DateTimeField(default=timezone.now, editable=False)
    #: Struck out: kept, and no longer part of the sum.
    struck_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    struck_at = models.DateTimeField(null=True, blank=True)
    strike_reason = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ["list", "number"]
        indexes = [
            models.Index(fields=["name_key"], name="payroll_by_name"),
            models.Index(fields=["phone_key"], condition=~Q(phone_key=""), name="payroll_by_phone"),
            models.Index(fields=["mark_hash"], condition=~Q(mark_hash=""), name="payroll_by_mark"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["list", "number"], name="a_payroll_row_has_its_number"),
            models.UniqueConstraint(
                fields=["list", "person_key"],
                condition=Q(struck_at__isnull=True),
                name="a_person_stands_once_on_a_payroll_list",
            ),
            models.CheckConstraint(
                condition=Q(days__gt=0, rate__gt=0, amount__gt=0),
                name="a_payroll_row_pays_for_days",
            ),
            models.CheckConstraint(
                condition=Q(mark="none", mark_hash="")
                | ~Q(mark="none") & Q(mark_hash__regex="^[0-9a-f]{64}$"),
                name="a_mark_is_known_by_its_hash",
            ),
            models.CheckConstraint(
                condition=Q(struck_at__isnull=True, struck_by__isnull=True, strike_reason="")
                | Q(struck_at__isnull=False, struck_by__isnull=False) & ~Q(strike_reason=""),
                name="a_payroll_row_is_struck_by_somebody_for_a_reason",
            ),
        ]


class PayrollFlag(models.Model):
    """Something about a list that a person has to look at. Found by the program, never decided."""

    class Kind(models.TextChoices):
        NAME = "name", _("The name sounds alike")
        PHONE = "phone", _("The same phone")
        MARK = "mark", _("The same signature or thumb")
        DAYS = "days", _("More days than the period has")
        NO_MARK = "no_mark", _("Rows without a mark")
        ROUND = "round", _("A round sum for the whole list")
        ALIKE = "alike", _("Everybody has the same days and pay")

    class Verdict(models.TextChoices):
        FINE = "fine", _("Looked at: in order")
        WRONG = "wrong", _("Not in order")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    list = models.ForeignKey(PayrollList, models.PROTECT, related_name="flags")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    #: Null: about the whole list.
    row = models.ForeignKey(PayrollRow, models.PROTECT, null=True, related_name="flags")
    #: The other row it is like, on this list or another.
    other = models.ForeignKey(PayrollRow, models.PROTECT, null=True, related_name="+")
    #: Of a flag about the whole list: what it was found with. Another sum is another flag.
    found_with = models.CharField(max_length=60, blank=True)
    found_at = models.DateTimeField(default=timezone.now, editable=False)
    verdict = models.CharField(max_length=5, choices=Verdict.choices, blank=True)
    decided_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ["list", "found_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["list", "kind", "row", "other", "found_with"],
                nulls_distinct=False,
                name="a_sign_is_raised_once",
            ),
            models.CheckConstraint(
                condition=Q(verdict="", decided_by__isnull=True, reason="")
                | ~Q(verdict="")
                & Q(decided_by__isnull=False, decided_at__isnull=False)
                & ~Q(reason=""),
                name="a_sign_is_decided_by_somebody_for_a_reason",
            ),
        ]
