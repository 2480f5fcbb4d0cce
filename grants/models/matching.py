"""What a certifier found when an invoice was looked at: its budget lines, and what it resembles."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from grants.models.amounts import amount_field
from grants.models.grants import BudgetLine
from grants.models.money import PaymentRequest
from grants.models.officers import Officer


class PaymentLine(models.Model):
    """How much of an invoice belongs to a line of the budget, in the payment's currency (C5).

    The lines of a payment come to its amount before it is certified; the database checks it.
    """

    payment = models.ForeignKey(PaymentRequest, models.PROTECT, related_name="lines")
    budget_line = models.ForeignKey(BudgetLine, models.PROTECT, related_name="+")
    amount = amount_field()
    matched_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["payment", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["payment", "budget_line"], name="an_invoice_names_a_budget_line_once"
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0), name="a_matched_line_is_of_an_amount"
            ),
        ]


class PaymentLook(models.Model):
    """Why a payment goes on that resembles another: whoever certified or paid it looked (C5)."""

    class Step(models.TextChoices):
        CERTIFY = "certify", _("Certified")
        PAY = "pay", _("Paid")

    payment = models.ForeignKey(PaymentRequest, models.PROTECT, related_name="looks")
    step = models.CharField(max_length=7, choices=Step.choices)
    #: What was found: kinds of `services.anomalies.SIGNS`.
    kinds = ArrayField(models.CharField(max_length=8))
    reason = models.CharField(max_length=1000)
    by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["payment", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["payment", "step"], name="a_payment_is_looked_at_once_a_step"
            ),
            models.CheckConstraint(
                condition=~Q(reason="") & Q(kinds__len__gt=0), name="a_look_says_what_and_why"
            ),
        ]
