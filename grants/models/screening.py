"""Name screening as rows: list files, which lists a fund asks for, runs, hits, what was decided.

Names of list entries and of those who were screened lie under seal: the rows tell who screened what
version of whom against which lists, how many hits there were and how each was decided. That a
clearance needs all of it is kept by the database (migration 0004).
"""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ceasefire.database.constraints import never_overlapping
from grants.models.funds import Confirmed, Fund, second_person
from grants.models.grants import Grant
from grants.models.officers import Officer
from grants.models.organisations import Organisation, OrganisationPerson


class ListSource(models.TextChoices):
    """Whose list."""

    OFAC = "OFAC", _("OFAC, specially designated nationals")
    UN = "UN", _("UN Security Council, consolidated list")


class ScreeningList(models.Model):
    """One edition of a list, as somebody uploaded it. READY ones are never changed.

    The bytes stand in `ScreeningListPart` and are known by `sha256`; whoever makes an index of them
    compares it. Of a source the READY edition of the latest date is in force.
    """

    class Format(models.TextChoices):
        OFAC_CSV = "ofac-csv", _("OFAC, SDN.CSV and ALT.CSV")
        OFAC_XML = "ofac-xml", _("OFAC, SDN.XML")
        UN_XML = "un-xml", _("UN, consolidated XML")

    class State(models.TextChoices):
        WAITING = "WAITING", _("Waits to be read")
        READING = "READING", _("Being read")
        READY = "READY", _("Read")
        REFUSED = "REFUSED", _("Refused")
        STOPPED = "STOPPED", _("Stopped")

    UNDER_WAY = (State.WAITING, State.READING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source = models.CharField(max_length=8, choices=ListSource.choices)
    format = models.CharField(max_length=8, choices=Format.choices)
    #: The day of publication; the CSV files have none of their own, so it is given with them.
    dated = models.DateField(null=True)
    #: Of the file; of a list in two files, of both, one after the other.
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    entries = models.PositiveIntegerField(default=0)
    names = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    #: How far the reading is, in percent.
    done = models.PositiveSmallIntegerField(default=0)
    #: Of a refused file: which refusal of `grants.screening.problems`, and the line or entry.
    refusal = models.CharField(max_length=40, blank=True)
    refused_at_entry = models.CharField(max_length=40, blank=True)
    uploaded_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(default=timezone.now, editable=False)
    read_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-uploaded_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["sha256"],
                condition=Q(state__in=["WAITING", "READING", "READY"]),
                name="a_list_file_is_taken_once",
            ),
            models.CheckConstraint(
                condition=Q(sha256__regex="^[0-9a-f]{64}$"), name="a_list_is_known_by_its_hash"
            ),
            models.CheckConstraint(
                condition=~Q(state="READY")
                | Q(dated__isnull=False, read_at__isnull=False, entries__gte=1, names__gte=1),
                name="a_list_that_was_read_has_a_day_and_entries",
            ),
            models.CheckConstraint(condition=Q(done__lte=100), name="a_list_is_read_to_its_end"),
        ]


class ScreeningListPart(models.Model):
    """A piece of a list file, compressed (zlib). Goes where the file is refused or stopped."""

    list = models.ForeignKey(ScreeningList, models.PROTECT, related_name="parts")
    #: 1, and 2 of a list in two files.
    file = models.PositiveSmallIntegerField()
    number = models.PositiveSmallIntegerField()
    content = models.BinaryField()

    class Meta:
        ordering = ["list", "file", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["list", "file", "number"], name="a_piece_of_a_list_stands_once"
            ),
        ]


class ScreeningRule(Confirmed):
    """Which lists a fund asks for and how old they may be. Without a rule nobody is cleared.

    Never edited: a change opens another row, and confirming it closes this one (`valid_to` is the
    first day it no longer holds).
    """

    fund = models.ForeignKey(Fund, models.PROTECT, related_name="screening_rules")
    sources = ArrayField(models.CharField(max_length=8, choices=ListSource.choices))
    #: In days, on the day of a clearance and of each payment.
    max_days = models.PositiveSmallIntegerField()
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["fund", "-valid_from", "-entered_at"]
        constraints = [
            second_person("a_screening_rule_is_confirmed_by_a_second_person"),
            models.CheckConstraint(
                condition=Q(sources__len__gte=1), name="a_screening_rule_asks_for_a_list"
            ),
            models.CheckConstraint(
                condition=Q(max_days__gte=1, max_days__lte=730),
                name="a_list_grows_old_within_two_years",
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=models.F("valid_from")),
                name="a_screening_rule_ends_after_it_begins",
            ),
            never_overlapping(
                "screening_rules_of_a_fund_do_not_overlap",
                "fund",
                begin="valid_from",
                end="valid_to",
                condition=Q(confirmed_at__isnull=False),
            ),
        ]


class Screening(models.Model):
    """Somebody asked that all subjects of a grant are screened; its runs come together or not."""

    class State(models.TextChoices):
        WAITING = "WAITING", _("Waits")
        RUNNING = "RUNNING", _("Under way")
        DONE = "DONE", _("Done")
        FAILED = "FAILED", _("Not done")
        STOPPED = "STOPPED", _("Stopped")

    UNDER_WAY = (State.WAITING, State.RUNNING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    grant = models.ForeignKey(Grant, models.PROTECT, related_name="screenings")
    asked_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    done = models.PositiveSmallIntegerField(default=0)
    #: Which refusal, by its name.
    fault = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["grant"],
                condition=Q(state__in=["WAITING", "RUNNING"]),
                name="one_screening_of_a_grant_at_a_time",
            ),
            models.CheckConstraint(condition=Q(done__lte=100), name="a_screening_ends_at_its_end"),
        ]


class ScreeningRun(models.Model):
    """One version of one subject screened once. Written whole in one transaction, never changed.

    The subject is an organisation, or a person behind it. `sealed` holds what was compared (names,
    birth year, places, their digest) as JSON, sealed like `OrganisationPerson.sealed`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    screening = models.ForeignKey(Screening, models.PROTECT, related_name="runs")
    grant = models.ForeignKey(Grant, models.PROTECT, related_name="screening_runs")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="screening_runs")
    person = models.ForeignKey(
        OrganisationPerson, models.PROTECT, null=True, related_name="screening_runs"
    )
    #: ORG-0001, or of the second person behind it ORG-0001/2.
    subject_code = models.CharField(max_length=24)
    #: Of the organisation or of the person, as it stood.
    version = models.PositiveIntegerField()
    algorithm = models.CharField(max_length=40)
    algorithm_version = models.CharField(max_length=10)
    threshold = models.DecimalField(max_digits=4, decimal_places=3)
    lists = models.ManyToManyField(ScreeningList, through="ScreeningRunList", related_name="runs")
    hit_count = models.PositiveIntegerField()
    officer = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    #: Set by the database: when it was really written, and in which transaction. What belongs to a
    #: run comes with it.
    written_at = models.DateTimeField(default=timezone.now, editable=False)
    written_in = models.BigIntegerField(default=0, editable=False)
    key_id = models.CharField(max_length=40, db_index=True)
    sealed = models.BinaryField()

    class Meta:
        ordering = ["-at", "-written_at", "-id"]
        indexes = [
            models.Index(
                fields=["organisation", "person", "version", "-at", "-written_at"],
                name="runs_of_a_subject",
            ),
            models.Index(fields=["grant", "-at"], name="runs_for_a_grant"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["screening", "subject_code"], name="a_subject_is_screened_once_a_time"
            ),
        ]

    @property
    def audit_code(self) -> str:
        """How the trail names it: whom it is of, by code."""
        return f"{self.subject_code}@{self.version}"


class ScreeningRunList(models.Model):
    """An edition that a run was made against; its date and hash stand there."""

    run = models.ForeignKey(ScreeningRun, models.PROTECT, related_name="used")
    list = models.ForeignKey(ScreeningList, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["run", "list"]
        constraints = [
            models.UniqueConstraint(fields=["run", "list"], name="a_list_is_used_once_a_run"),
        ]


class ScreeningHit(models.Model):
    """An entry that the subject may be. Which entry, and why, is sealed; the score is not.

    `sealed` holds JSON: list, entry, names, kind, birth years, places, and the explanation in both
    languages.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(ScreeningRun, models.PROTECT, related_name="hits")
    #: 1 for the likest.
    number = models.PositiveIntegerField()
    source = models.CharField(max_length=8, choices=ListSource.choices)
    score = models.DecimalField(max_digits=4, decimal_places=3)
    key_id = models.CharField(max_length=40, db_index=True)
    sealed = models.BinaryField()

    class Meta:
        ordering = ["run", "number"]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="a_hit_has_its_number"),
            models.CheckConstraint(
                condition=Q(score__gt=0, score__lte=1, number__gte=1), name="a_score_is_a_share"
            ),
        ]


class ScreeningDisposition(models.Model):
    """What an officer decided about a hit, or about a run without any. The last one counts.

    The reason may name somebody, so it is sealed. Never changed: a later one corrects.
    """

    class Kind(models.TextChoices):
        CLEAR_NO_HIT = "CLEAR_NO_HIT", _("Nobody found, signed")
        FALSE_POSITIVE = "FALSE_POSITIVE", _("Somebody else")
        ESCALATED = "ESCALATED", _("Passed on")
        TRUE_MATCH = "TRUE_MATCH", _("The same")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(ScreeningRun, models.PROTECT, related_name="dispositions")
    hit = models.ForeignKey(ScreeningHit, models.PROTECT, null=True, related_name="dispositions")
    disposition = models.CharField(max_length=14, choices=Kind.choices)
    officer = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    #: The disposition that its officer saw as the last one; so two at once do not pass unseen.
    corrects = models.OneToOneField("self", models.PROTECT, null=True, related_name="corrected_by")
    key_id = models.CharField(max_length=40, db_index=True)
    sealed = models.BinaryField()

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["run"],
                condition=Q(hit__isnull=True, corrects__isnull=True),
                name="a_run_is_signed_first_once",
            ),
            models.UniqueConstraint(
                fields=["hit"],
                condition=Q(hit__isnull=False, corrects__isnull=True),
                name="a_hit_is_decided_first_once",
            ),
            models.CheckConstraint(
                condition=Q(disposition="CLEAR_NO_HIT", hit__isnull=True)
                | ~Q(disposition="CLEAR_NO_HIT") & Q(hit__isnull=False),
                name="a_run_without_hits_is_signed_and_a_hit_is_decided",
            ),
        ]


class OrganisationBlock(models.Model):
    """An organisation was blocked, or let be used again: by whom, when and why. Written once."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="blocks")
    blocked = models.BooleanField()
    reason = models.CharField(max_length=1000)
    officer = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="a_block_has_a_reason"),
        ]
