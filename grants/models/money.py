"""Money as it moved: the ledger, the tranches, and the requests for payment."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from grants.models.amounts import Currency, amount_field, rate_field, usd_field
from grants.models.documents import Document
from grants.models.funds import ExchangeRate, Fund
from grants.models.grants import Grant
from grants.models.officers import Officer
from grants.models.organisations import Organisation


class Tranche(models.Model):
    """A part of the award, paid when its gate is open. The ledger's trigger keeps its sums.

    It begins with an amount; an amendment may cut it down to what is paid of it and asked for, also
    to nothing.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    grant = models.ForeignKey(Grant, models.PROTECT, related_name="tranches")
    number = models.PositiveSmallIntegerField()
    planned_usd = usd_field()
    due_on = models.DateField()
    needs_report = models.BooleanField(default=False)
    needs_visit = models.BooleanField(default=False)
    paid_usd = usd_field()
    accounted_usd = usd_field()

    class Meta:
        ordering = ["grant", "number"]
        constraints = [
            models.UniqueConstraint(fields=["grant", "number"], name="a_tranche_has_its_number"),
            models.CheckConstraint(
                condition=Q(number__gte=1, planned_usd__gte=0), name="a_tranche_is_of_an_amount"
            ),
            models.CheckConstraint(
                condition=Q(paid_usd__gte=0, paid_usd__lte=F("planned_usd")),
                name="no_more_is_paid_than_the_tranche",
            ),
            models.CheckConstraint(
                condition=Q(accounted_usd__gte=0), name="what_is_accounted_for_is_no_debt"
            ),
        ]


class PaymentRequest(models.Model):
    """A request for one payment: raised, certified, paid, by people who are all different.

    `requesters` and `approvers` are filled by the database from the grant and its decisions,
    whatever the writer sends; constraints on them keep the duties apart.
    """

    class State(models.TextChoices):
        REQUESTED = "REQUESTED", _("Asked for")
        CERTIFIED = "CERTIFIED", _("Certified")
        PAID = "PAID", _("Paid")
        REFUSED = "REFUSED", _("Refused")

    class Method(models.TextChoices):
        CASH = "CASH", _("Cash")
        EFT = "EFT", _("Bank transfer")
        CHEQUE = "CHEQUE", _("Cheque")
        HAWALA_AGENT = "HAWALA_AGENT", _("Money agent")
        VENDOR_DIRECT = "VENDOR_DIRECT", _("Straight to the vendor")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    fund = models.ForeignKey(Fund, models.PROTECT, related_name="+")
    grant = models.ForeignKey(Grant, models.PROTECT, related_name="payments")
    tranche = models.ForeignKey(Tranche, models.PROTECT, related_name="payments")
    state = models.CharField(max_length=9, choices=State.choices, default=State.REQUESTED)
    amount = amount_field()
    currency = models.CharField(max_length=3, choices=Currency.choices)
    method = models.CharField(max_length=13, choices=Method.choices)
    voucher_no = models.CharField(max_length=40)
    payee = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    #: From the invoice's day to the payment: the clock of the payers.
    invoiced_on = models.DateField()
    #: The rate of the day it was paid at; set with the payment.
    rate_row = models.ForeignKey(ExchangeRate, models.PROTECT, null=True, related_name="+")
    evidence = models.ForeignKey(Document, models.PROTECT, null=True, related_name="+")
    proof = models.ForeignKey(Document, models.PROTECT, null=True, related_name="+")
    requested_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(default=timezone.now, editable=False)
    certifier = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    certified_at = models.DateTimeField(null=True)
    payer = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    paid_at = models.DateTimeField(null=True)
    paid_on = models.DateField(null=True)
    #: Saw the cash change hands.
    witness = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    refused_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=1000, blank=True)
    requesters = ArrayField(models.UUIDField(), default=list)
    approvers = ArrayField(models.UUIDField(), default=list)

    class Meta:
        ordering = ["-requested_at", "id"]
        indexes = [
            models.Index(fields=["grant", "state"], name="payments_of_a_grant"),
            models.Index(fields=["-requested_at", "-id"], name="payments_newest_first"),
            models.Index(fields=["state", "-requested_at", "-id"], name="payments_by_state"),
            models.Index(fields=["payee", "amount"], name="payments_to_a_payee"),
            models.Index(fields=["invoiced_on", "amount"], name="payments_by_invoice"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["fund", "voucher_no"], name="a_voucher_is_used_once_a_fund"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_payment_is_of_an_amount"),
            models.CheckConstraint(condition=~Q(voucher_no=""), name="a_payment_has_a_voucher"),
            models.CheckConstraint(
                condition=Q(certifier__isnull=True)
                | ~Q(certifier=F("payer")) & ~Q(certifier=F("requested_by"))
                | Q(payer__isnull=True) & ~Q(certifier=F("requested_by")),
                name="who_certifies_neither_asks_nor_pays",
            ),
            models.CheckConstraint(
                condition=Q(payer__isnull=True) | ~Q(payer=F("requested_by")),
                name="who_pays_does_not_ask",
            ),
            models.CheckConstraint(
                condition=Q(state="REQUESTED", certifier__isnull=True, payer__isnull=True)
                | Q(
                    state="CERTIFIED",
                    certifier__isnull=False,
                    certified_at__isnull=False,
                    payer__isnull=True,
                )
                | Q(
                    state="PAID",
                    certifier__isnull=False,
                    payer__isnull=False,
                    paid_at__isnull=False,
                    paid_on__isnull=False,
                    proof__isnull=False,
                )
                | Q(state="REFUSED", payer__isnull=True, refused_by__isnull=False) & ~Q(reason=""),
                name="a_payment_is_certified_before_it_is_paid",
            ),
            models.CheckConstraint(
                condition=Q(witness__isnull=True)
                | ~Q(witness=F("payer")) & ~Q(witness=F("requested_by")),
                name="a_witness_is_somebody_else",
            ),
            models.CheckConstraint(
                condition=~Q(state="PAID", method="CASH") | Q(witness__isnull=False),
                name="cash_has_a_witness",
            ),
        ]


class LedgerEntry(models.Model):
    """One posting. Number, time, rate, hashes and all running sums are the database's own work.

    `amount` is what moved, in `currency`; `amount_usd` is amount / rate rounded half up to the cent
    once and never computed again. A mistake is taken back by a REVERSAL of the same amounts.
    """

    class Kind(models.TextChoices):
        COMMIT = "COMMIT", _("Commitment")
        OBLIGATE = "OBLIGATE", _("Obligation")
        DEOBLIGATE = "DEOBLIGATE", _("De-obligation")
        DISBURSE = "DISBURSE", _("Payment")
        REFUND = "REFUND", _("Refund")
        EXPENSE_VERIFIED = "EXPENSE_VERIFIED", _("Verified expense")
        REVERSAL = "REVERSAL", _("Reversal")

    #: Dense: 1, 2, 3 … over all funds.
    seq = models.BigIntegerField(primary_key=True)
    fund = models.ForeignKey(Fund, models.PROTECT, related_name="+")
    grant = models.ForeignKey(Grant, models.PROTECT, related_name="entries")
    tranche = models.ForeignKey(Tranche, models.PROTECT, null=True, related_name="entries")
    payment = models.OneToOneField(PaymentRequest, models.PROTECT, null=True, related_name="entry")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    amount = amount_field()
    currency = models.CharField(max_length=3, choices=Currency.choices)
    #: Which rate row was used; the three columns after it are the ledger's own copy of it.
    rate_row = models.ForeignKey(ExchangeRate, models.PROTECT, null=True, related_name="+")
    rate = rate_field(null=True)
    rate_on = models.DateField(null=True)
    rate_source = models.CharField(max_length=10, blank=True)
    amount_usd = usd_field()
    #: The day it counts for: never ahead, and for payments never before the award.
    effective_on = models.DateField()
    posted_at = models.DateTimeField()
    actor = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    reverses = models.OneToOneField("self", models.PROTECT, null=True, related_name="reversed_by")
    reason = models.CharField(max_length=1000, blank=True)
    prev_hash = models.BinaryField()
    hash = models.BinaryField()

    class Meta:
        ordering = ["seq"]
        indexes = [
            models.Index(fields=["grant", "seq"], name="ledger_of_a_grant"),
            models.Index(fields=["fund", "effective_on", "kind"], name="ledger_by_month"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(seq__gte=1), name="ledger_numbers_begin_at_one"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, amount_usd__gt=0), name="a_posting_is_of_an_amount"
            ),
            models.CheckConstraint(
                condition=Q(currency="USD", rate__isnull=True, amount=F("amount_usd"))
                | Q(currency="IQD", rate__gt=0, rate_row__isnull=False, rate_on__isnull=False),
                name="dinars_have_a_rate_and_dollars_none",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["COMMIT", "OBLIGATE", "DEOBLIGATE"]) | Q(currency="USD"),
                name="obligations_are_in_dollars",
            ),
            models.CheckConstraint(
                condition=Q(kind="REVERSAL", reverses__isnull=False) & ~Q(reason="")
                | ~Q(kind="REVERSAL") & Q(reverses__isnull=True),
                name="a_reversal_reverses_a_posting_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(kind="DISBURSE", payment__isnull=False, tranche__isnull=False)
                | ~Q(kind="DISBURSE") & Q(payment__isnull=True),
                name="a_payment_is_posted_with_its_request",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}"
