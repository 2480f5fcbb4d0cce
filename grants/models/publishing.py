"""What is published of the grants: who publishes, changes of level, and the files made."""

import uuid
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from grants.models.funds import Confirmed, Fund, second_person
from grants.models.grants import Grant
from grants.models.officers import Officer


class Publisher(Confirmed):
    """The office as IATI and 360Giving know it. The row that was confirmed last counts.

    Never edited: another is entered, and counts once a second person confirmed it.
    """

    #: Organisation identifier, such as US-USAGOV-1900: an agency's prefix, a hyphen, a number.
    org_ref = models.CharField(max_length=60)
    #: IATI organisation type: 10 government, 15 other public sector, 22 national NGO ...
    org_type = models.CharField(max_length=2)
    name_en = models.CharField(max_length=160)
    name_ar = models.CharField(max_length=160, blank=True)
    donor_name_en = models.CharField(max_length=160, blank=True)
    donor_name_ar = models.CharField(max_length=160, blank=True)
    donor_type = models.CharField(max_length=2, blank=True)
    #: 360Giving publisher prefix, such as 360G-reobasra.
    prefix = models.CharField(max_length=40)
    licence = models.URLField(max_length=200)
    website = models.URLField(max_length=200, blank=True)
    withdrawn_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-entered_at"]
        constraints = [
            second_person("a_publisher_is_confirmed_by_a_second_person"),
            models.CheckConstraint(
                condition=Q(org_ref__regex=r"^[A-Za-z0-9]+-[^\s/&|?]+$"),
                name="a_publisher_has_an_organisation_identifier",
            ),
            models.CheckConstraint(
                condition=Q(prefix__regex=r"^360G-[A-Za-z0-9_-]+$"),
                name="a_publisher_has_a_360giving_prefix",
            ),
            models.CheckConstraint(condition=~Q(name_en=""), name="a_publisher_has_a_name"),
            models.CheckConstraint(
                condition=Q(donor_name_en="", donor_name_ar="") | ~Q(donor_type=""),
                name="a_named_donor_has_a_type",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_by__isnull=True, withdrawn_at__isnull=True)
                | Q(withdrawn_by__isnull=False, withdrawn_at__isnull=False, confirmed_at=None),
                name="a_publisher_is_withdrawn_before_it_counts",
            ),
        ]


class LevelChange(models.Model):
    """Somebody asked for another level of publishing. One that shows more counts when confirmed.

    `from_level` and `raises` are filled by the database from what stands, and it is this row's
    trigger that sets the level of the grant: no role may write that column.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    grant = models.ForeignKey(Grant, models.PROTECT, related_name="level_changes")
    from_level = models.CharField(max_length=9, choices=Grant.Publish.choices)
    to_level = models.CharField(max_length=9, choices=Grant.Publish.choices)
    raises = models.BooleanField(default=True)
    reason = models.CharField(max_length=1000)
    asked_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    confirmed_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    refused_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    refused_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["grant"],
                condition=Q(raises=True, confirmed_at=None, refused_at=None),
                name="one_raise_of_a_level_waits_at_a_time",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="a_level_changes_for_a_reason"),
            models.CheckConstraint(
                condition=~Q(from_level=F("to_level")), name="a_level_changes_to_another"
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True, confirmed_at__isnull=True)
                | (
                    Q(confirmed_by__isnull=False, confirmed_at__isnull=False, raises=True)
                    & ~Q(confirmed_by=F("asked_by"))
                ),
                name="a_level_is_raised_by_two_people",
            ),
            models.CheckConstraint(
                condition=Q(refused_by__isnull=True, refused_at__isnull=True)
                | Q(refused_by__isnull=False, refused_at__isnull=False, confirmed_at=None),
                name="a_raise_is_refused_before_it_counts",
            ),
        ]

    @property
    def waits(self) -> bool:
        """Whether it is for a second person to decide."""
        return self.raises and self.confirmed_at is None and self.refused_at is None


class PublishedFileQuerySet(models.QuerySet["PublishedFile"]):
    def visible_to(self, user: Any) -> "PublishedFileQuerySet":
        """All of them for whoever reads grants: they hold what the world may see."""
        return self.all() if user.has_perm("grants.view_grant") else self.none()


class PublishedFile(models.Model):
    """A file of a fund: issued under a number, or a draft with what is wrong. Never changed after.

    The bytes lie in `PublishedPart`, packed and not sealed: they hold what the world may see.
    """

    class Kind(models.TextChoices):
        IATI = "iati", "IATI 2.03 (XML)"
        JSON = "360json", "360Giving 1.4 (JSON)"
        CSV = "360csv", "360Giving 1.4 (CSV)"

    class State(models.TextChoices):
        MAKING = "MAKING", _("Being made")
        ISSUED = "ISSUED", _("Issued")
        DRAFT = "DRAFT", _("Draft, not valid")
        CANCELLED = "CANCELLED", _("Cancelled")
        FAILED = "FAILED", _("Not made")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    #: 1, 2, 3 … of the issued ones.
    number = models.PositiveIntegerField(null=True, unique=True)
    kind = models.CharField(max_length=7, choices=Kind.choices)
    fund = models.ForeignKey(Fund, models.PROTECT, related_name="+")
    publisher = models.ForeignKey(Publisher, models.PROTECT, null=True, related_name="+")
    #: Whether no more than a draft was asked for.
    draft_only = models.BooleanField(default=False)
    state = models.CharField(max_length=9, choices=State.choices, default=State.MAKING)
    asked_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    done_count = models.PositiveIntegerField(default=0)
    total_count = models.PositiveIntegerField(default=0)
    cancel_requested = models.BooleanField(default=False)
    finished_at = models.DateTimeField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    #: Grants with an entry of their own, and whether there is a sum beside them.
    grants = models.PositiveIntegerField(default=0)
    has_sum = models.BooleanField(default=False)
    #: {"2+": {"USD": "3000.00", "usd": "3000.00"}, …}: sums by transaction type and sign.
    totals = models.JSONField(default=dict)
    #: What fails: [{"code", "ref", "field", "said"}], the first thousand.
    problems = models.JSONField(default=list)
    problem_count = models.PositiveIntegerField(default=0)

    objects = PublishedFileQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at", "id"]
        indexes = [models.Index(fields=["-asked_at", "id"], name="published_files_by_day")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="ISSUED", number__isnull=False, problem_count=0)
                & Q(publisher__isnull=False, draft_only=False)
                | ~Q(state="ISSUED") & Q(number__isnull=True),
                name="a_file_is_issued_without_a_problem",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["ISSUED", "DRAFT"])
                | Q(sha256__regex="^[0-9a-f]{64}$", finished_at__isnull=False, size__gt=0),
                name="a_made_file_is_known_by_its_hash",
            ),
        ]

    @property
    def is_made(self) -> bool:
        return self.state in (self.State.ISSUED, self.State.DRAFT)

    @property
    def problem_words(self) -> str:
        """How many things have to be mended."""
        said = ngettext("%(number)s problem", "%(number)s problems", self.problem_count)
        return said % {"number": self.problem_count}

    @property
    def percent(self) -> int | None:
        return self.done_count * 100 // self.total_count if self.total_count else None


class PublishedPart(models.Model):
    """A piece of a file, packed with zlib."""

    file = models.ForeignKey(PublishedFile, models.PROTECT, related_name="parts")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["file", "number"], name="a_piece_has_its_place"),
        ]
