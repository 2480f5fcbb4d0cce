"""The money's frame: funds, who may approve how much, and what a dollar was worth on a day.

Every row here is written by one person and counts from when a second one confirmed it.
"""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ceasefire.database.constraints import never_overlapping
from ceasefire.places.models import Named
from grants.models.amounts import Currency, rate_field, usd_field
from grants.models.officers import Officer


class AwardType(models.TextChoices):
    MICRO_PURCHASE = "MICRO_PURCHASE", _("Micro-purchase")
    DIRECT_PROCUREMENT = "DIRECT_PROCUREMENT", _("Direct procurement")
    GRANT_CASH = "GRANT_CASH", _("Grant in cash")
    GRANT_IN_KIND = "GRANT_IN_KIND", _("Grant in kind")
    FIXED_AMOUNT = "FIXED_AMOUNT", _("Fixed amount award")


class AuthorityRole(models.TextChoices):
    """The levels of approval, from the lowest up; who sits where is `AuthoritySeat`."""

    OFFICER = "OFFICER", _("REO officer")
    LEAD = "LEAD", _("REO lead")
    PANEL = "PANEL", _("Embassy panel")


class Confirmed(models.Model):
    """Entered by one person, confirmed by another; counts only then."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    entered_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    entered_at = models.DateTimeField(default=timezone.now, editable=False)
    confirmed_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class Refusable(Confirmed):
    """Entered by one person; another confirms or refuses it, or the first takes it back."""

    refused_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    refused_at = models.DateTimeField(null=True)
    refused_reason = models.CharField(max_length=400, blank=True)

    class Meta:
        abstract = True

    @property
    def waits(self) -> bool:
        """Neither confirmed nor refused."""
        return self.confirmed_at is None and self.refused_at is None


def refused_once(name: str) -> models.CheckConstraint:
    """What was confirmed is not refused; a refusal says by whom and why."""
    return models.CheckConstraint(
        condition=Q(refused_by__isnull=True, refused_at__isnull=True, refused_reason="")
        | Q(refused_by__isnull=False, refused_at__isnull=False, confirmed_at__isnull=True)
        & ~Q(refused_reason=""),
        name=name,
    )


def second_person(name: str) -> models.CheckConstraint:
    """Who confirms is not who entered, and both facts of the confirming stand together."""
    return models.CheckConstraint(
        condition=Q(confirmed_by__isnull=True, confirmed_at__isnull=True)
        | (Q(confirmed_by__isnull=False, confirmed_at__isnull=False))
        & ~Q(confirmed_by=F("entered_by")),
        name=name,
    )


class Fund(Named):
    """A purse with a ceiling. What is obligated on it together never passes the ceiling.

    `obligated_usd` is kept by the ledger's trigger alone: obligations less de-obligations of all
    its grants. Days and shares that steer its grants stand here, not in the code.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(max_length=20, unique=True)
    donor_ref = models.CharField(max_length=60, blank=True)
    #: Obligations are in US dollars.
    currency = models.CharField(max_length=3, choices=Currency.choices, default=Currency.USD)
    ceiling_usd = usd_field()
    obligated_usd = usd_field()
    start = models.DateField()
    end = models.DateField()
    closed_at = models.DateTimeField(null=True, blank=True)
    #: How long a clearance of an organisation holds, in days.
    clearance_days = models.PositiveSmallIntegerField(default=180)
    #: From the actual end to the closeout, in days (2 CFR 200.344: 90 for subrecipients).
    closeout_days = models.PositiveSmallIntegerField(default=90)
    #: Share of the advances before that is accounted for before the next tranche, in percent.
    accounted_pct = models.PositiveSmallIntegerField(default=80)
    #: Awards to one organisation or at one site within so many days are looked at together.
    split_days = models.PositiveSmallIntegerField(default=90)
    hawala_enabled = models.BooleanField(default=False)
    entered_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(obligated_usd__gte=0, obligated_usd__lte=F("ceiling_usd")),
                name="a_fund_never_obligates_more_than_its_ceiling",
            ),
            models.CheckConstraint(
                condition=Q(currency=Currency.USD), name="a_fund_obligates_in_us_dollars"
            ),
            models.CheckConstraint(
                condition=Q(end__gt=F("start")), name="a_fund_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=Q(accounted_pct__lte=100), name="at_most_everything_is_accounted_for"
            ),
            models.CheckConstraint(
                condition=Q(clearance_days__gte=1, closeout_days__gte=1, split_days__gte=1),
                name="the_days_of_a_fund_are_days",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def left_usd(self):  # type: ignore[no-untyped-def]
        """What may still be obligated."""
        return self.ceiling_usd - self.obligated_usd


class AuthorityRule(Refusable):
    """Up to how much a level of approval decides alone, for one type of award, in a period.

    An award of an amount between the two bounds needs `quorum` decisions of this level, after the
    levels with a smaller `sequence`. Never edited: a change closes the row (`valid_to` is the first
    day it no longer holds) and opens a new one, so a decision of last year keeps its rule.
    """

    fund = models.ForeignKey(Fund, models.PROTECT, related_name="rules")
    award_type = models.CharField(max_length=20, choices=AwardType.choices)
    role = models.CharField(max_length=10, choices=AuthorityRole.choices)
    min_amount_usd = usd_field()
    max_amount_usd = usd_field()
    quorum = models.PositiveSmallIntegerField(default=1)
    sequence = models.PositiveSmallIntegerField(default=1)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["fund", "award_type", "sequence", "valid_from"]
        constraints = [
            second_person("a_rule_is_confirmed_by_a_second_person"),
            refused_once("a_confirmed_rule_is_not_refused"),
            models.CheckConstraint(
                condition=Q(min_amount_usd__gte=0, max_amount_usd__gt=F("min_amount_usd")),
                name="a_rule_has_a_span_of_amounts",
            ),
            models.CheckConstraint(
                condition=Q(quorum__gte=1, quorum__lte=9, sequence__gte=1, sequence__lte=9),
                name="a_rule_asks_for_somebody",
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="a_rule_ends_after_it_begins",
            ),
            never_overlapping(
                "rules_of_a_level_do_not_overlap",
                "fund",
                "award_type",
                "role",
                begin="valid_from",
                end="valid_to",
                condition=Q(confirmed_at__isnull=False),
            ),
        ]


class AuthoritySeat(Refusable):
    """Who sits on a level of approval of a fund, in a period. Approving needs seat and duty."""

    fund = models.ForeignKey(Fund, models.PROTECT, related_name="seats")
    officer = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    role = models.CharField(max_length=10, choices=AuthorityRole.choices)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["fund", "role", "valid_from"]
        constraints = [
            second_person("a_seat_is_confirmed_by_a_second_person"),
            refused_once("a_confirmed_seat_is_not_refused"),
            models.CheckConstraint(
                condition=~Q(officer=F("entered_by"))
                & (Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("officer"))),
                name="nobody_seats_themself",
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="a_seat_ends_after_it_begins",
            ),
            never_overlapping(
                "a_seat_is_taken_once_at_a_time",
                "fund",
                "officer",
                "role",
                begin="valid_from",
                end="valid_to",
                condition=Q(confirmed_at__isnull=False),
            ),
        ]


class ExchangeRate(Confirmed):
    """Dinars for a dollar on a day, from a named source; one of a source and day counts at a time.

    Never edited. A wrong one is withdrawn and another entered; what was posted keeps its own copy.
    """

    class Source(models.TextChoices):
        CBI = "CBI", _("Central Bank of Iraq")
        MARKET = "MARKET", _("Basrah market")
        EMBASSY = "EMBASSY", _("Embassy rate")

    day = models.DateField()
    source = models.CharField(max_length=10, choices=Source.choices)
    iqd_per_usd = rate_field()
    withdrawn_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-day", "source"]
        constraints = [
            second_person("a_rate_is_confirmed_by_a_second_person"),
            models.CheckConstraint(condition=Q(iqd_per_usd__gt=0), name="a_rate_is_positive"),
            models.CheckConstraint(
                condition=Q(withdrawn_by__isnull=True, withdrawn_at__isnull=True)
                | Q(withdrawn_by__isnull=False, withdrawn_at__isnull=False),
                name="a_rate_is_withdrawn_by_somebody",
            ),
            models.UniqueConstraint(
                fields=["day", "source"],
                condition=Q(withdrawn_at__isnull=True),
                name="one_rate_a_day_and_source",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source}/{self.day}"
