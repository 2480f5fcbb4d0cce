"""A grant, its budget, quotes, indicators, and the amendments of its amount and dates."""

import uuid
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from ceasefire.places.models import Place
from grants.models.amounts import usd_field
from grants.models.funds import AwardType, Fund
from grants.models.officers import Officer
from grants.models.organisations import Organisation


class State(models.TextChoices):
    DRAFT = "DRAFT", _("Draft")
    SUBMITTED = "SUBMITTED", _("Submitted")
    RETURNED = "RETURNED", _("Returned")
    VETTING = "VETTING", _("Vetting")
    PENDING_APPROVAL = "PENDING_APPROVAL", _("Waiting for approval")
    APPROVED = "APPROVED", _("Approved")
    AWARDED = "AWARDED", _("Awarded")
    ACTIVE = "ACTIVE", _("Active")
    SUSPENDED = "SUSPENDED", _("Suspended")
    COMPLETED = "COMPLETED", _("Completed")
    CLOSING = "CLOSING", _("Closing")
    CLOSED = "CLOSED", _("Closed")
    TERMINATED = "TERMINATED", _("Terminated")
    REJECTED = "REJECTED", _("Rejected")
    CANCELLED = "CANCELLED", _("Cancelled")
    WITHDRAWN = "WITHDRAWN", _("Withdrawn")
    REOPENED = "REOPENED", _("Reopened")


class ProjectKind(models.TextChoices):
    """What is built or done; the program's list (quick response funds of Basrah)."""

    PARK = "park", _("Park")
    PLAYGROUND = "playground", _("Playground")
    SPORTS = "sports", _("Sports pitch or centre")
    YOUTH_CENTRE = "youth_centre", _("Community or youth centre")
    WOMEN_CENTRE = "women_centre", _("Women's centre")
    LIGHTING = "lighting", _("Street lighting")
    CLEAN_UP = "clean_up", _("Clean-up")
    SCHOOL = "school", _("School repair")
    WATER = "water", _("Water point")
    VOCATIONAL = "vocational", _("Vocational training")
    CASH_FOR_WORK = "cash_for_work", _("Cash for work")
    SMALL_BUSINESS = "small_business", _("Small business")
    CULTURE = "culture", _("Cultural event")
    MEDIATION = "mediation", _("Support of a mediation council")
    OTHER = "other", _("Other")


class Sector(models.TextChoices):
    """Sectors by the purpose codes of the OECD DAC (the value is the code)."""

    PEACE = "15220", _("Peacebuilding")
    CULTURE = "16061", _("Culture and recreation")
    VOCATIONAL = "11330", _("Vocational training")
    LIFE_SKILLS = "11230", _("Basic life skills for adults")
    CIVIL_SOCIETY = "15150", _("Civil society")
    HUMAN_RIGHTS = "15160", _("Human rights")
    WOMEN = "15170", _("Women's organisations")
    ENDING_VIOLENCE = "15180", _("Ending violence against women and girls")
    EMPLOYMENT = "16020", _("Employment")
    URBAN = "43030", _("Urban development")
    HEALTH_EDUCATION = "12261", _("Health education")


class GrantQuerySet(models.QuerySet["Grant"]):
    """Grants, as the office speaks of them."""

    def visible_to(self, user: Any) -> "GrantQuerySet":
        """All of them for whoever reads grants; they hold no case."""
        return self.all() if user.has_perm("grants.view_grant") else self.none()

    def running(self) -> "GrantQuerySet":
        """Under obligation and not closed."""
        return self.filter(
            state__in=["AWARDED", "ACTIVE", "SUSPENDED", "COMPLETED", "CLOSING", "REOPENED"]
        )


class Grant(models.Model):
    """One grant from proposal to closeout.

    Its state and round are set by the trigger of `Transition`, its amounts from `committed_usd` on
    by the trigger of `LedgerEntry`: no role may write these columns. All amounts are US dollars.
    The net form of the sums holds at every commit: 0 <= disbursed - refunded <=
    obligated - deobligated <= approved <= requested.
    """

    class Risk(models.TextChoices):
        LOW = "low", _("Low")
        MEDIUM = "medium", _("Medium")
        HIGH = "high", _("High")

    class Publish(models.TextChoices):
        NONE = "NONE", _("Nothing")
        AGGREGATE = "AGGREGATE", _("Only in sums")
        REDACTED = "REDACTED", _("Without names")
        FULL = "FULL", _("All of it")

    class Exactness(models.TextChoices):
        EXACT = "1", _("Exact")
        APPROXIMATE = "2", _("Approximate")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    #: QRF-2026-0001: given once, never again.
    ref = models.CharField(max_length=20, unique=True)
    fund = models.ForeignKey(Fund, models.PROTECT, related_name="grants")
    award_type = models.CharField(max_length=20, choices=AwardType.choices)
    kind = models.CharField(max_length=16, choices=ProjectKind.choices)
    sector = models.CharField(max_length=5, choices=Sector.choices)
    title_en = models.CharField(max_length=160, blank=True)
    title_ar = models.CharField(max_length=160, blank=True)
    purpose = models.TextField(max_length=4000, blank=True)
    rationale = models.TextField(max_length=4000, blank=True)
    #: Who keeps it going after hand-over.
    sustainment = models.TextField(max_length=1000, blank=True)
    district = models.ForeignKey(Place, models.PROTECT, related_name="+")
    site_name = models.CharField(max_length=160, blank=True)
    lat = models.DecimalField(max_digits=8, decimal_places=6, null=True, blank=True)
    lon = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    exactness = models.CharField(
        max_length=1, choices=Exactness.choices, default=Exactness.APPROXIMATE
    )
    implementer = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    grantee = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="grants"
    )
    #: Who asked; the separation of duties hangs on it, so it never changes.
    requester = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    #: Who sees to it now; another after a handover.
    owner = models.ForeignKey(Officer, models.PROTECT, related_name="owned_grants")
    #: A proposal that came from the program: site and code name of its proposer, no more.
    program_site = models.CharField(max_length=40, blank=True)
    program_code_name = models.CharField(max_length=60, blank=True)
    endorsed_on = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.DRAFT)
    state_since = models.DateTimeField(default=timezone.now)
    #: Grows when a grant comes again or is amended; decisions count in their round only.
    round = models.PositiveSmallIntegerField(default=1)
    requested_usd = usd_field()
    own_contribution_usd = usd_field()
    approved_usd = usd_field()
    committed_usd = usd_field()
    obligated_usd = usd_field()
    deobligated_usd = usd_field()
    disbursed_usd = usd_field()
    refunded_usd = usd_field()
    #: Expenses that were verified against receipts.
    expensed_usd = usd_field()
    planned_start = models.DateField(null=True, blank=True)
    planned_end = models.DateField(null=True, blank=True)
    actual_start = models.DateField(null=True, blank=True)
    actual_end = models.DateField(null=True, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    awarded_on = models.DateField(null=True, blank=True)
    closed_on = models.DateField(null=True, blank=True)
    risk = models.CharField(max_length=6, choices=Risk.choices, blank=True)
    #: How likely an armed group takes hold of what is built.
    capture_risk = models.CharField(max_length=6, choices=Risk.choices, blank=True)
    publish_level = models.CharField(max_length=9, choices=Publish.choices, default=Publish.NONE)
    #: Awards that are decided at their sum: one key for all of a group.
    split_group = models.UUIDField(null=True, blank=True, db_index=True)
    #: Words and sounds of number, titles and site (`grants.services.search`).
    search_key = models.TextField(blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=1)

    objects = GrantQuerySet.as_manager()

    #: What a page read with it in one statement (`services.reading`); no column.
    read_together: Any = None

    class Meta:
        ordering = ["-ref"]
        indexes = [
            models.Index(fields=["state", "-ref"], name="grants_by_state"),
            models.Index(fields=["district", "-ref"], name="grants_by_district"),
            models.Index(fields=["fund", "-ref"], name="grants_by_fund"),
            models.Index(fields=["grantee", "submitted_at"], name="grants_by_grantee"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(ref__regex=r"^QRF-\d{4}-\d{4,}$"), name="a_grant_has_a_ref"
            ),
            models.CheckConstraint(
                condition=~Q(title_en="") | ~Q(title_ar=""), name="a_grant_has_a_title"
            ),
            models.CheckConstraint(condition=Q(requested_usd__gt=0), name="a_grant_asks_for_money"),
            models.CheckConstraint(
                condition=Q(own_contribution_usd__gte=0), name="an_own_contribution_is_no_debt"
            ),
            models.CheckConstraint(
                condition=Q(deobligated_usd__gte=0, deobligated_usd__lte=F("obligated_usd")),
                name="no_more_is_deobligated_than_was_obligated",
            ),
            models.CheckConstraint(
                condition=Q(refunded_usd__gte=0, refunded_usd__lte=F("disbursed_usd")),
                name="no_more_is_refunded_than_was_paid",
            ),
            models.CheckConstraint(
                condition=Q(
                    disbursed_usd__lte=F("obligated_usd") - F("deobligated_usd") + F("refunded_usd")
                ),
                name="no_more_is_paid_than_is_obligated",
            ),
            models.CheckConstraint(
                condition=Q(obligated_usd__lte=F("approved_usd") + F("deobligated_usd")),
                name="no_more_is_obligated_than_was_approved",
            ),
            models.CheckConstraint(
                condition=Q(approved_usd__gte=0, approved_usd__lte=F("requested_usd")),
                name="no_more_is_approved_than_was_asked_for",
            ),
            models.CheckConstraint(
                condition=Q(committed_usd__gte=0), name="a_commitment_is_no_debt"
            ),
            models.CheckConstraint(
                condition=Q(expensed_usd__gte=0), name="verified_expenses_are_no_debt"
            ),
            models.CheckConstraint(
                condition=Q(obligated_usd=0) | Q(awarded_on__isnull=False),
                name="nothing_is_obligated_before_the_award",
            ),
            models.CheckConstraint(
                condition=~Q(state="CLOSED")
                | Q(obligated_usd=F("deobligated_usd") + F("disbursed_usd") - F("refunded_usd")),
                name="a_closed_grant_has_no_open_obligation",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["REJECTED", "CANCELLED", "WITHDRAWN"]) | Q(obligated_usd=0),
                name="nothing_is_obligated_on_what_was_called_off",
            ),
            models.CheckConstraint(
                condition=Q(planned_end__isnull=True)
                | Q(planned_start__isnull=True)
                | Q(planned_end__gte=F("planned_start")),
                name="a_plan_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=Q(actual_end__isnull=True) | Q(actual_end__gte=F("actual_start")),
                name="the_work_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=Q(lat__isnull=True, lon__isnull=True)
                | Q(lat__gte=-90, lat__lte=90, lon__gte=-180, lon__lte=180),
                name="a_grants_site_stands_on_the_earth",
            ),
            models.CheckConstraint(
                condition=Q(state__in=State.values), name="a_grant_is_in_a_state"
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def title(self) -> str:
        """The title in the reader's language, or the one there is."""
        arabic = (get_language() or "en").startswith("ar")
        first, second = (self.title_ar, self.title_en) if arabic else (self.title_en, self.title_ar)
        return first or second

    @property
    def net_obligated_usd(self) -> Decimal:
        return self.obligated_usd - self.deobligated_usd

    @property
    def net_disbursed_usd(self) -> Decimal:
        return self.disbursed_usd - self.refunded_usd

    @property
    def unliquidated_usd(self) -> Decimal:
        """Obligated and not paid: obligated - deobligated - disbursed + refunded."""
        return self.net_obligated_usd - self.net_disbursed_usd

    @property
    def unaccounted_usd(self) -> Decimal:
        """Paid and not yet accounted for by verified expenses; never less than 0."""
        return max(self.net_disbursed_usd - self.expensed_usd, Decimal(0))


class RefCounter(models.Model):
    """The last number given in a year. Of its own: REO's role may not read other counters."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    last = models.PositiveIntegerField(default=0)


class OrganisationCounter(models.Model):
    """The last number given to an organisation, in its only row."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    last = models.PositiveIntegerField(default=0)


class Beneficiaries(models.Model):
    """How many of a sex and an age a grant is for, and how many it reached."""

    grant = models.ForeignKey(Grant, models.PROTECT, related_name="beneficiaries")
    sex = models.CharField(max_length=8)
    age_band = models.CharField(max_length=8)
    expected = models.PositiveIntegerField(default=0)
    actual = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["grant", "sex", "age_band"], name="beneficiaries_are_counted_once"
            ),
            models.CheckConstraint(
                condition=Q(expected__lte=1_000_000)
                & (Q(actual__isnull=True) | Q(actual__lte=1_000_000)),
                name="at_most_a_million_beneficiaries",
            ),
        ]


class BudgetLine(models.Model):
    """One line of the budget: so many at so much. The lines paid by the fund sum to the request."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    grant = models.ForeignKey(Grant, models.PROTECT, related_name="budget_lines")
    number = models.PositiveSmallIntegerField()
    description = models.CharField(max_length=200)
    unit = models.CharField(max_length=40, blank=True)
    quantity = models.DecimalField(max_digits=12, decimal_places=2)
    unit_cost_usd = usd_field()
    #: Paid by the grantee, not by the fund.
    own = models.BooleanField(default=False)
    #: quantity x unit cost, rounded to the cent once.
    amount_usd = usd_field()

    class Meta:
        ordering = ["grant", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["grant", "number"], name="a_budget_line_has_its_number"
            ),
            models.CheckConstraint(
                condition=Q(quantity__gt=0, unit_cost_usd__gt=0, amount_usd__gt=0),
                name="a_budget_line_costs_something",
            ),
        ]


class Quote(models.Model):
    """A vendor's offer. Three are needed above the micro ceiling, or a sole-source memo."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    grant = models.ForeignKey(Grant, models.PROTECT, related_name="quotes")
    vendor = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    amount_usd = usd_field()
    quoted_on = models.DateField()
    chosen = models.BooleanField(default=False)
    #: Why this one, where it is not the lowest.
    reason = models.CharField(max_length=400, blank=True)
    added_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    added_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["grant", "amount_usd"]
        constraints = [
            models.UniqueConstraint(fields=["grant", "vendor"], name="a_vendor_quotes_once"),
            models.UniqueConstraint(
                fields=["grant"], condition=Q(chosen=True), name="one_quote_is_chosen"
            ),
            models.CheckConstraint(condition=Q(amount_usd__gt=0), name="a_quote_costs_something"),
        ]


class Indicator(models.Model):
    """What is measured: an output or an outcome, from a baseline to a target."""

    class Level(models.TextChoices):
        OUTPUT = "output", _("Output")
        OUTCOME = "outcome", _("Outcome")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    grant = models.ForeignKey(Grant, models.PROTECT, related_name="indicators")
    number = models.PositiveSmallIntegerField()
    level = models.CharField(max_length=8, choices=Level.choices)
    title = models.CharField(max_length=200)
    unit = models.CharField(max_length=40, blank=True)
    baseline = models.DecimalField(max_digits=14, decimal_places=2)
    target = models.DecimalField(max_digits=14, decimal_places=2)

    class Meta:
        ordering = ["grant", "number"]
        constraints = [
            models.UniqueConstraint(fields=["grant", "number"], name="an_indicator_has_its_number"),
        ]


class IndicatorValue(models.Model):
    """What was found on a day. Written once; a later one corrects it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    indicator = models.ForeignKey(Indicator, models.PROTECT, related_name="values")
    as_of = models.DateField()
    value = models.DecimalField(max_digits=14, decimal_places=2)
    recorded_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["indicator", "as_of", "recorded_at"]


class Amendment(models.Model):
    """A change of amount or end date after the award, with a chain of decisions of its own.

    A rise is vetted and approved again at the new sum of all (`new_usd`), never at the difference.
    """

    class State(models.TextChoices):
        OPEN = "OPEN", _("Asked for")
        VETTED = "VETTED", _("Vetted")
        APPROVED = "APPROVED", _("Approved")
        SIGNED = "SIGNED", _("Signed")
        REJECTED = "REJECTED", _("Rejected")
        WITHDRAWN = "WITHDRAWN", _("Withdrawn")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    grant = models.ForeignKey(Grant, models.PROTECT, related_name="amendments")
    number = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    old_usd = usd_field()
    new_usd = usd_field()
    old_end = models.DateField(null=True, blank=True)
    new_end = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=1000)
    opened_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(default=timezone.now, editable=False)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["grant", "number"]
        constraints = [
            models.UniqueConstraint(fields=["grant", "number"], name="an_amendment_has_its_number"),
            models.UniqueConstraint(
                fields=["grant"],
                condition=Q(state__in=["OPEN", "VETTED", "APPROVED"]),
                name="one_amendment_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(new_usd__gt=0, old_usd__gt=0), name="an_amendment_is_of_an_amount"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="an_amendment_has_a_reason"),
            models.CheckConstraint(
                condition=~Q(new_usd=F("old_usd")) | Q(new_end__isnull=False),
                name="an_amendment_changes_something",
            ),
        ]
