"""An incident, its sources, victims and actors, and the trail of what was done to the record.

Names and contacts of sources and victims are never here: they are sealed in the vault under the
record's key. Code lists are in `ceasefire.codes`; a field holds the code.
"""

import uuid
from datetime import time
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ceasefire import codes
from ceasefire.people.roles import Role
from ceasefire.places.models import Place, Site

#: The hour at which a part of the day is taken to begin when nobody knows the clock.
BAND_HOURS = {"dawn": 4, "morning": 8, "afternoon": 13, "evening": 18, "night": 21, "unknown": 12}
#: Roles that see the sensitive incidents of their sites (sexual violence, minors, staff involved).
SEES_SENSITIVE = frozenset({Role.SUPERVISOR, Role.MANAGER})
#: Roles that a sensitive incident can be opened to, a person at a time (`IncidentNaming`).
NAMED = frozenset({Role.INTERRUPTER, Role.WORKER})
#: Roles that read incidents of their own sites at all.
READERS = frozenset(
    {Role.INTERRUPTER, Role.WORKER, Role.SUPERVISOR, Role.MANAGER, Role.DATA_OFFICER}
)
#: The order in which incidents are reviewed: gravest family first, then the oldest.
REVIEW_ORDER = ("killing", "abduction", "sexual", "attempt")


class IncidentWords(models.Func):
    """What is indexed of an incident: its words, as lexemes behind who may search them."""

    function = "incident_words"
    output_field = SearchVectorField()
    arity = 4


class IncidentQuerySet(models.QuerySet["Incident"]):
    """Incidents, read as staff speak."""

    def visible_to(self, user: Any, *, by_site: bool = True) -> "IncidentQuerySet":
        """Those a person may see at all; everything else answers like absent.

        Field staff: their own, the non-sensitive ones of their sites, and the sensitive ones that
        they are named for. Data officers: the
        non-sensitive ones of their sites. Supervisors and managers: all of their sites. What was
        never sent, a draft or one thrown away, is its reporter's alone. REO roles, auditors and
        administrators: none.
        """
        if not user.is_authenticated or user.role not in READERS:
            return self.none()
        # Two questions, not one: the first follows from the condition of `incident_map`, which then
        # answers for the map without the rows.
        seen = [~Incident.NEVER_SENT | Q(reporter=user)]
        if user.role not in SEES_SENSITIVE:
            open_to = Q(is_sensitive=False) | Q(reporter=user)
            if user.role in NAMED:
                open_to |= Q(pk__in=IncidentNaming.of(user))
            seen.append(open_to)
        if by_site:
            return self.filter(Q(site__in=user.site_ids), *seen)
        # Beside words, whose index holds the site already, that of the sites is hidden.
        rows = self.alias(_site=F("site_id") + 0).filter(_site__in=user.site_ids)
        return rows.filter(*seen)

    def counted(self) -> "IncidentQuerySet":
        """Those that reports count: never draft, returned, duplicate or withdrawn."""
        return self.filter(workflow_state__in=Incident.COUNTED_STATES)

    def waiting_for_review(self) -> "IncidentQuerySet":
        """Submitted or in review."""
        return self.filter(workflow_state__in=Incident.WAITING)


class Incident(models.Model):
    """One event of violence or threat, as recorded by staff or imported."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SUBMITTED = "submitted", _("Submitted")
        IN_REVIEW = "in_review", _("In review")
        RETURNED = "returned", _("Returned")
        ACCEPTED = "accepted", _("Accepted")
        ARCHIVED = "archived", _("Archived")
        DUPLICATE = "duplicate", _("Duplicate")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    class Verification(models.TextChoices):
        UNVERIFIED = "unverified", _("Unverified")
        PROVISIONAL = "provisional", _("Provisional")
        CORROBORATED = "corroborated", _("Corroborated")
        CONFIRMED = "confirmed", _("Confirmed")
        DISPUTED = "disputed", _("Disputed")
        REFUTED = "refuted", _("Refuted")

    #: Sent, and not decided on yet.
    WAITING = (State.SUBMITTED, State.IN_REVIEW)
    #: States of records that another report can repeat: alive, and not their reporter's alone.
    REPEATABLE = (
        State.SUBMITTED,
        State.IN_REVIEW,
        State.RETURNED,
        State.ACCEPTED,
        State.ARCHIVED,
    )
    COUNTED_STATES = (State.SUBMITTED, State.IN_REVIEW, State.ACCEPTED, State.ARCHIVED)
    SOLID = (
        Verification.PROVISIONAL,
        Verification.CORROBORATED,
        Verification.CONFIRMED,
    )
    OPEN_TO_REPORTER = (State.DRAFT, State.SUBMITTED, State.IN_REVIEW, State.RETURNED)
    #: Drafts, and drafts that were thrown away: nobody but the reporter has ever read them.
    NEVER_SENT = Q(workflow_state=State.DRAFT) | Q(
        workflow_state=State.WITHDRAWN, submitted_at__isnull=True
    )

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(max_length=24, unique=True)
    #: Neither has an index of its own: `incident_by_site` and `incident_by_reporter` begin so.
    site = models.ForeignKey(Site, models.PROTECT, related_name="+", db_index=False)
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    #: Made with the form; a form sent twice makes one incident.
    idempotency_key = models.UUIDField(unique=True, null=True, blank=True)
    #: SHA-256 of what that form held, so that a resend with other content is noticed.
    content_hash = models.CharField(max_length=64, blank=True)

    type = models.CharField(_("What happened"), max_length=8)
    subtype = models.CharField(_("More exactly"), max_length=60, blank=True)
    occurred_from = models.DateTimeField(_("When"))
    occurred_to = models.DateTimeField(_("Until"), null=True, blank=True)
    #: The day in Baghdad of `occurred_from`, kept for indexes and weeks.
    occurred_on = models.DateField(editable=False)
    time_precision = models.PositiveSmallIntegerField(_("How sure of the day"), default=1)
    time_of_day = models.CharField(_("Time of day"), max_length=12, default="unknown")

    place = models.ForeignKey(Place, models.PROTECT, related_name="+")
    district = models.ForeignKey(Place, models.PROTECT, null=True, blank=True, related_name="+")
    geo_precision = models.PositiveSmallIntegerField(_("How sure of the place"), default=2)
    lat = models.FloatField(_("Latitude"), null=True, blank=True)
    lon = models.FloatField(_("Longitude"), null=True, blank=True)
    place_type = models.CharField(_("Kind of place"), max_length=16, default="unknown")

    killed_min = models.PositiveIntegerField(null=True, blank=True)
    killed_best = models.PositiveIntegerField(_("Killed"), null=True, blank=True)
    killed_max = models.PositiveIntegerField(null=True, blank=True)
    #: Asked and not known, as against not asked yet.
    killed_unknown = models.BooleanField(default=False)
    injured_min = models.PositiveIntegerField(null=True, blank=True)
    injured_best = models.PositiveIntegerField(_("Injured"), null=True, blank=True)
    injured_max = models.PositiveIntegerField(null=True, blank=True)
    abducted = models.PositiveIntegerField(_("Abducted"), null=True, blank=True)

    motive = models.CharField(_("Motive"), max_length=16, default="unknown")
    method = models.CharField(_("Method"), max_length=16, default="unknown")
    weapons = ArrayField(models.CharField(max_length=16), default=list, blank=True)
    summary = models.TextField(_("What is known, without names"), blank=True, max_length=4000)
    public_safety = models.BooleanField(_("Danger to the public goes on"), default=False)
    staff_involved = models.BooleanField(_("Program staff involved"), default=False)
    #: Computed by the services: sexual violence, a minor, staff involved, or a file said so.
    is_sensitive = models.BooleanField(default=False)
    #: A file that was read in said so. It stays: what stood in that file of people is not here.
    said_sensitive = models.BooleanField(default=False, db_default=False)
    #: Sensitive up to this moment and no more: who may not see such records sees nothing of what
    #: was done or said of it by then. Empty where it never stopped being so, or never was.
    guarded_until = models.DateTimeField(null=True, blank=True)
    #: Nothing sets it yet, so every record is its site's. The map draws no "aggregate" one, and the
    #: research file leaves out those of "team" and "aggregate".
    sharing = models.CharField(_("Who may see it"), max_length=12, default="site")

    workflow_state = models.CharField(max_length=12, choices=State.choices, default=State.DRAFT)
    returned_reason = models.CharField(max_length=400, blank=True)
    duplicate_of = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="duplicates"
    )
    verification = models.CharField(
        max_length=12, choices=Verification.choices, default=Verification.UNVERIFIED
    )
    #: What the sources alone give, and the key of the rule that gave it.
    verification_computed = models.CharField(
        max_length=12, choices=Verification.choices, default=Verification.UNVERIFIED
    )
    verification_rule = models.CharField(max_length=24, default="no_source")
    #: A supervisor's reason for another grade; empty where the computed grade holds.
    verification_reason = models.CharField(max_length=400, blank=True)

    reported_at = models.DateTimeField(_("Reported"), default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    submitted_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    version = models.PositiveIntegerField(default=1)

    batch = models.ForeignKey(
        "ImportBatch", models.PROTECT, null=True, blank=True, related_name="incidents"
    )
    #: The outside list a row came from and its key there; unique together.
    origin = models.CharField(max_length=40, blank=True)
    origin_id = models.CharField(max_length=80, blank=True)
    #: The outside row as it was, for the record's page and for a second reading.
    original = models.JSONField(null=True, blank=True)
    #: The words of code, summary and place names, folded, with stems; kept by the services.
    search_key = models.TextField(blank=True)
    #: The words of what sources said, folded, with stems, behind "@" and the key of who wrote each
    #: down; kept by the services. Searched only by those who may read the words.
    source_key = models.TextField(blank=True, default="")

    objects = IncidentQuerySet.as_manager()

    class Meta:
        ordering = ["-occurred_from", "-id"]
        indexes = [
            models.Index(F("occurred_from").desc(), F("id").desc(), name="incident_newest"),
            models.Index(
                "site",
                F("occurred_from").desc(),
                F("id").desc(),
                name="incident_by_site",
            ),
            # Nobody reads beyond their sites, so the site leads every index of a filter.
            models.Index(
                "site",
                "type",
                F("occurred_from").desc(),
                F("id").desc(),
                name="incident_by_type",
            ),
            models.Index(
                "site",
                "district",
                F("occurred_from").desc(),
                F("id").desc(),
                name="incident_by_district",
            ),
            models.Index(
                "site",
                "place",
                F("occurred_from").desc(),
                F("id").desc(),
                name="incident_by_place",
            ),
            models.Index(
                "site",
                "workflow_state",
                F("occurred_from").desc(),
                F("id").desc(),
                name="incident_by_state",
            ),
            models.Index(
                "site",
                "verification",
                F("occurred_from").desc(),
                F("id").desc(),
                name="incident_by_grade",
            ),
            models.Index("reporter", F("occurred_from").desc(), name="incident_by_reporter"),
            models.Index("site", "occurred_on", "district", "type", name="incident_weekly"),
            # All that the map asks of what counts: it reads the index and never the rows.
            models.Index(
                fields=["site", "occurred_on"],
                include=[
                    "place",
                    "geo_precision",
                    "lat",
                    "lon",
                    "verification",
                    "workflow_state",
                    "type",
                    "is_sensitive",
                    "sharing",
                    "time_precision",
                    "reporter",
                    "district",
                    "id",
                ],
                condition=Q(workflow_state__in=["submitted", "in_review", "accepted", "archived"]),
                name="incident_map",
            ),
            # Each word behind the key of its site or of who may read it: a word that is frequent
            # elsewhere costs nothing here (migration 0010 makes the function).
            GinIndex(
                OpClass(
                    IncidentWords("site", "reporter", "search_key", "source_key"),
                    name="tsvector_ops",
                ),
                name="incident_words",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["origin", "origin_id"],
                condition=~Q(origin=""),
                name="an_outside_row_is_imported_once",
            ),
            models.CheckConstraint(
                condition=Q(occurred_to__isnull=True) | Q(occurred_to__gte=F("occurred_from")),
                name="an_incident_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=Q(time_precision__gte=1, time_precision__lte=4),
                name="time_precision_is_1_to_4",
            ),
            models.CheckConstraint(
                condition=Q(geo_precision__gte=1, geo_precision__lte=5),
                name="geo_precision_is_1_to_5",
            ),
            models.CheckConstraint(
                condition=(Q(lat__isnull=True) & Q(lon__isnull=True))
                | Q(
                    # Said outright: a comparison with nothing is no refusal in SQL.
                    lat__isnull=False,
                    lon__isnull=False,
                    lat__gte=-90,
                    lat__lte=90,
                    lon__gte=-180,
                    lon__lte=180,
                ),
                name="a_point_has_both_coordinates",
            ),
            models.CheckConstraint(
                condition=(
                    Q(killed_best__isnull=True)
                    | (
                        (Q(killed_min__isnull=True) | Q(killed_min__lte=F("killed_best")))
                        & (Q(killed_max__isnull=True) | Q(killed_max__gte=F("killed_best")))
                    )
                )
                & (
                    Q(killed_min__isnull=True)
                    | Q(killed_max__isnull=True)
                    | Q(killed_min__lte=F("killed_max"))
                ),
                name="killed_min_best_max_stand_in_order",
            ),
            models.CheckConstraint(
                condition=(
                    Q(injured_best__isnull=True)
                    | (
                        (Q(injured_min__isnull=True) | Q(injured_min__lte=F("injured_best")))
                        & (Q(injured_max__isnull=True) | Q(injured_max__gte=F("injured_best")))
                    )
                )
                & (
                    Q(injured_min__isnull=True)
                    | Q(injured_max__isnull=True)
                    | Q(injured_min__lte=F("injured_max"))
                ),
                name="injured_min_best_max_stand_in_order",
            ),
            models.CheckConstraint(
                condition=Q(killed_unknown=False) | Q(killed_best__isnull=True),
                name="unknown_is_not_a_number_of_killed",
            ),
            models.CheckConstraint(
                condition=Q(workflow_state="draft")
                | Q(killed_best__isnull=False)
                | Q(killed_unknown=True),
                name="a_sent_incident_says_how_many_were_killed_or_unknown",
            ),
            models.CheckConstraint(
                condition=Q(workflow_state__in=["draft", "withdrawn"])
                | Q(submitted_at__isnull=False),
                name="a_sent_incident_says_when",
            ),
            models.CheckConstraint(
                condition=~Q(workflow_state__in=["accepted", "archived"])
                | Q(accepted_at__isnull=False),
                name="an_accepted_incident_says_when",
            ),
            models.CheckConstraint(
                condition=(Q(workflow_state="duplicate") & Q(duplicate_of__isnull=False))
                | (~Q(workflow_state="duplicate") & Q(duplicate_of__isnull=True)),
                name="a_duplicate_names_its_original",
            ),
            models.CheckConstraint(
                condition=Q(duplicate_of__isnull=True) | ~Q(duplicate_of=F("id")),
                name="no_incident_duplicates_itself",
            ),
            models.CheckConstraint(
                condition=~Q(workflow_state="returned") | ~Q(returned_reason=""),
                name="a_returned_incident_says_why",
            ),
            models.CheckConstraint(
                condition=Q(verification=F("verification_computed")) | ~Q(verification_reason=""),
                name="an_overridden_verification_says_why",
            ),
            models.CheckConstraint(
                condition=~Q(type="SXV") | Q(is_sensitive=True),
                name="sexual_violence_is_always_sensitive",
            ),
            models.CheckConstraint(
                condition=Q(staff_involved=False) | Q(is_sensitive=True),
                name="an_incident_with_staff_is_always_sensitive",
            ),
            models.CheckConstraint(
                condition=Q(said_sensitive=False) | Q(is_sensitive=True),
                name="what_a_file_said_to_be_sensitive_is",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    def get_absolute_url(self) -> str:
        return reverse("incidents:incident_detail", args=[self.code])

    def is_visible_to(self, user: Any) -> bool:
        """The rule of `visible_to` for one row in hand: asked again where the row is locked."""
        if not user.is_authenticated or user.role not in READERS:
            return False
        if self.site_id not in user.site_ids:
            return False
        if self.reporter_id == user.pk:
            return True
        if self.was_never_sent:
            return False
        if user.role in SEES_SENSITIVE or not self.is_sensitive:
            return True
        return user.role in NAMED and self.namings.filter(person=user).exists()

    @property
    def was_never_sent(self) -> bool:
        """The rule of `NEVER_SENT` for one row in hand."""
        return self.workflow_state == Incident.State.DRAFT or (
            self.workflow_state == Incident.State.WITHDRAWN and self.submitted_at is None
        )

    @property
    def type_label(self) -> str:
        """The type in the reader's language."""
        return codes.label("incident_type", self.type)

    @property
    def family(self) -> str:
        """The family of the type: killing, attempt, abduction …"""
        from ceasefire.codes.services import family

        return family("incident_type", self.type)

    @property
    def knows_clock(self) -> bool:
        """Whether the hour was told, as against standing for a part of the day or for none.

        Nothing is shown more exactly than it is known: without a clock a page shows the day.
        """
        at = timezone.localtime(self.occurred_from).time()
        if at == time(BAND_HOURS.get(self.time_of_day, 12)):
            return False
        return not (at == time(0) and self.time_of_day == "unknown")

    @property
    def time_of_day_label(self) -> str:
        """The part of the day in the reader's language; empty where it is not known."""
        return "" if self.time_of_day == "unknown" else codes.label("time_of_day", self.time_of_day)

    @property
    def may_show_point(self) -> bool:
        """A point is drawn only where the place is known to the neighbourhood or better."""
        return self.lat is not None and self.geo_precision <= 2

    @property
    def is_drawn(self) -> bool:
        """Whether it stands on the map as a point: `services.mapping.DRAWN` for one row in hand."""
        return self.may_show_point and not self.is_sensitive and self.sharing != "aggregate"

    @property
    def is_solid(self) -> bool:
        """Provisional or better: counted solid; unverified ones are hatched beside them."""
        return self.verification in self.SOLID


class Source(models.Model):
    """Who says so, graded. A name and a contact, if any, are in the vault."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.ForeignKey(Incident, models.CASCADE, related_name="sources")
    kind = models.CharField(_("Who told us"), max_length=12)
    reliability = models.CharField(_("How often has this source been right?"), max_length=1)
    credibility = models.CharField(_("Does it hold together?"), max_length=1)
    #: Heard from the same origin as that one: the two are not independent.
    same_origin_as = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    text = models.TextField(_("What they said, without names"), blank=True, max_length=2000)
    received_at = models.DateTimeField(default=timezone.now)
    has_sealed_name = models.BooleanField(default=False)
    has_sealed_contact = models.BooleanField(default=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(reliability__in=list("ABCDEF")),
                name="reliability_is_a_to_f",
            ),
            models.CheckConstraint(
                condition=Q(credibility__in=list("123456")),
                name="credibility_is_1_to_6",
            ),
            models.CheckConstraint(
                condition=Q(same_origin_as__isnull=True) | ~Q(same_origin_as=F("id")),
                name="no_source_repeats_itself",
            ),
        ]


class Victimization(models.Model):
    """One person harmed in one event; a name, if any, is in the vault."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.ForeignKey(Incident, models.CASCADE, related_name="victimizations")
    harm = models.CharField(_("Harm"), max_length=12)
    sex = models.CharField(_("Sex"), max_length=8, default="unknown")
    age = models.PositiveSmallIntegerField(_("Age"), null=True, blank=True)
    age_band = models.CharField(_("Age group"), max_length=8, default="unknown")
    roles = ArrayField(models.CharField(max_length=16), default=list, blank=True)
    nationality = models.CharField(_("Nationality"), max_length=40, blank=True)
    gunshot = models.CharField(_("Gunshot wound"), max_length=8, default="unknown")
    hospital = models.CharField(_("Taken to hospital"), max_length=8, default="unknown")
    outcome = models.CharField(_("What became of them"), max_length=12, default="unknown")
    outcome_on = models.DateField(_("Since"), null=True, blank=True)
    has_sealed_name = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(age__isnull=True) | Q(age__lte=120),
                name="an_age_is_at_most_120",
            )
        ]


class IncidentActor(models.Model):
    """The perpetrators' side. A named group is restricted to managers."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.ForeignKey(Incident, models.CASCADE, related_name="actors")
    category = models.CharField(_("Who did it"), max_length=16, default="unknown")
    named_group = models.CharField(_("Named group"), max_length=120, blank=True)
    certainty = models.CharField(_("How do we know"), max_length=12, default="suspected")
    count_band = models.CharField(_("How many"), max_length=8, default="unknown")
    note = models.CharField(_("Uniform, vehicle"), max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["created_at", "id"]


class IncidentStep(models.Model):
    """One move of an incident from a state to a state; never changed or removed."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="steps")
    from_state = models.CharField(max_length=12, blank=True)
    to_state = models.CharField(max_length=12)
    reason = models.CharField(max_length=400, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at", "id"]


class IncidentRevision(models.Model):
    """A correction after acceptance: what was changed, why, by whom; never changed or removed."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    reason = models.CharField(max_length=400)
    #: {field: [before, after]} as codes, numbers and text of the plain fields.
    changes = models.JSONField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "number"], name="a_revision_number_stands_once"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="a_revision_says_why"),
        ]


class ConflictingSubmission(models.Model):
    """A form that came again under its old key with other content: kept, until a person decides."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="conflicting_submissions")
    content = models.JSONField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )


class IncidentNaming(models.Model):
    """A field worker of the site whom a sensitive incident was opened to; gone when taken back."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="namings", db_index=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "person"], name="a_worker_is_named_once_for_an_incident"
            )
        ]

    @classmethod
    def of(cls, person: Any) -> "models.QuerySet[Any]":
        """The keys of the incidents that a person is named for: one look at an index."""
        return cls.objects.filter(person=person).order_by().values("incident")
