"""The 72-hour record of an incident: its clock, what was done, and the watch against revenge."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ceasefire import codes
from ceasefire.places.models import Site
from incidents.models.record import Incident

#: From the clock's start: first contact, amber, community response. Source: the program's standard.
CONTACT_HOURS, AMBER_HOURS, RESPONSE_HOURS = 24, 48, 72
#: How long both sides of a killing are watched.
WATCH_HOURS = 72
#: Heard of later than this after it happened, an incident is answered from the hearing on.
LATE_NOTICE_HOURS = 24


class ResponseQuerySet(models.QuerySet["IncidentResponse"]):
    """Clocks, as the board asks for them."""

    def visible_to(self, user: Any) -> "ResponseQuerySet":
        """Those of incidents that the person may see."""
        return self.filter(
            site__in=user.site_ids if user.is_authenticated else [],
            incident__in=Incident.objects.visible_to(user).values("pk"),
        )

    def running(self) -> "ResponseQuerySet":
        """Not answered, not stopped, not closed."""
        return self.filter(closed_at__isnull=True)


class IncidentResponse(models.Model):
    """The clock of one incident, from when the program could know of it."""

    class Closed(models.TextChoices):
        ANSWERED = "answered", _("Answered by the community")
        UNSAFE = "unsafe", _("Not safe to go")
        DECLINED = "declined", _("The family wants nobody")
        ELSEWHERE = "elsewhere", _("Answered by others")
        MISTAKEN = "mistaken", _("Needed no answer")
        # What the incident's own way did to it.
        DUPLICATE = "duplicate", _("Stopped: a duplicate")
        WITHDRAWN = "withdrawn", _("Stopped: withdrawn")
        # Of older days: a clock runs on while its incident is returned.
        RETURNED = "returned", _("Stopped: returned to the reporter")
        RETYPED = "retyped", _("Stopped: another kind of incident")

    #: What a person may close it with.
    BY_HAND = (Closed.UNSAFE, Closed.DECLINED, Closed.ELSEWHERE, Closed.MISTAKEN)
    #: What ends by itself when the incident comes back.
    STOPPED = (Closed.DUPLICATE, Closed.WITHDRAWN, Closed.RETURNED, Closed.RETYPED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.OneToOneField(Incident, models.CASCADE, related_name="response")
    #: The incident's, for the board's index.
    site = models.ForeignKey(Site, models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    #: It began with the report, since that came more than a day after the event.
    late_notice = models.BooleanField(default=False)
    contact_due_at = models.DateTimeField()
    amber_at = models.DateTimeField()
    due_at = models.DateTimeField()
    #: Put on the clock by a person, not by its kind; so its kind does not take it off again.
    by_hand = models.BooleanField(default=False)

    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    next_step = models.CharField(_("Next step"), max_length=200, blank=True)
    first_contact_at = models.DateTimeField(null=True, blank=True)
    community_response_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_reason = models.CharField(
        _("Why"), max_length=12, choices=Closed.choices, blank=True, default=""
    )

    #: When which of them was told that nothing had been done; each once.
    contact_escalated_at = models.DateTimeField(null=True, blank=True)
    supervisor_escalated_at = models.DateTimeField(null=True, blank=True)
    manager_escalated_at = models.DateTimeField(null=True, blank=True)

    created_at = models.DateTimeField(default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=1)

    objects = ResponseQuerySet.as_manager()

    class Meta:
        ordering = ["due_at", "id"]
        indexes = [
            # The board and the escalation read what runs, the most urgent first.
            models.Index(
                fields=["site", "due_at", "id"],
                condition=Q(closed_at__isnull=True),
                name="response_running",
            ),
            models.Index(fields=["site", "-closed_at"], name="response_closed"),
            # The weekly report: what fell due in a week.
            models.Index(fields=["site", "due_at"], name="response_by_due"),
            models.Index(
                fields=["assigned_to"],
                condition=Q(closed_at__isnull=True),
                name="response_of_person",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(contact_due_at__gt=F("started_at"))
                & Q(amber_at__gt=F("contact_due_at"))
                & Q(due_at__gt=F("amber_at")),
                name="a_clock_runs_start_contact_amber_red",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, closed_reason="")
                | (Q(closed_at__isnull=False) & ~Q(closed_reason="")),
                name="a_clock_that_ended_says_when_and_why",
            ),
            models.CheckConstraint(
                condition=~Q(closed_reason="answered") | Q(community_response_at__isnull=False),
                name="an_answered_clock_says_since_when",
            ),
            models.CheckConstraint(
                condition=Q(community_response_at__isnull=True) | Q(first_contact_at__isnull=False),
                name="a_community_response_is_a_contact_too",
            ),
            models.CheckConstraint(
                condition=Q(
                    closed_reason__in=[
                        "",
                        "answered",
                        "unsafe",
                        "declined",
                        "elsewhere",
                        "mistaken",
                        "duplicate",
                        "withdrawn",
                        "returned",
                        "retyped",
                    ]
                ),
                name="a_clock_ends_for_a_known_reason",
            ),
        ]

    def __str__(self) -> str:
        return self.incident.code

    def begin(self, start: datetime, *, late: bool) -> None:
        """Set the clock to a start and what follows from it."""
        self.started_at, self.late_notice = start, late
        self.contact_due_at = start + timedelta(hours=CONTACT_HOURS)
        self.amber_at = start + timedelta(hours=AMBER_HOURS)
        self.due_at = start + timedelta(hours=RESPONSE_HOURS)

    def stage(self, at: datetime) -> str:
        """Where the clock stands: `closed`, `red`, `amber` or `running`."""
        if self.closed_at is not None:
            return "closed"
        if at >= self.due_at:
            return "red"
        return "amber" if at >= self.amber_at else "running"

    def contact_overdue(self, at: datetime) -> bool:
        """A day has passed and nobody has been there."""
        return self.first_contact_at is None and at >= self.contact_due_at

    @property
    def in_time(self) -> bool:
        """Answered by the community within 72 hours."""
        return self.community_response_at is not None and self.community_response_at <= self.due_at


class ResponseAction(models.Model):
    """One thing that was done for an incident; never changed or removed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    response = models.ForeignKey(IncidentResponse, models.PROTECT, related_name="actions")
    kind = models.CharField(_("What was done"), max_length=16)
    at = models.DateTimeField(_("When"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    #: Empty is not known, which is not nobody.
    people_reached = models.PositiveIntegerField(_("People reached"), null=True, blank=True)
    materials = models.PositiveIntegerField(_("Leaflets, posters"), null=True, blank=True)
    next_step = models.CharField(_("Next step"), max_length=200, blank=True)
    words = models.TextField(_("What came of it, without names"), max_length=1000, blank=True)
    #: Made with the form; a form sent twice records once.
    idempotency_key = models.UUIDField(unique=True, null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-at", "-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(people_reached__isnull=True) | Q(people_reached__lte=20_000),
                name="an_action_reaches_at_most_20000_people",
            ),
            models.CheckConstraint(
                condition=Q(materials__isnull=True) | Q(materials__lte=100_000),
                name="an_action_hands_out_at_most_100000_things",
            ),
            models.CheckConstraint(condition=~Q(kind=""), name="an_action_says_what_was_done"),
        ]

    @property
    def kind_label(self) -> str:
        return codes.label("response_action", self.kind)


class WatchQuerySet(models.QuerySet["RetaliationWatch"]):
    """Watches, as the board asks for them."""

    def visible_to(self, user: Any) -> "WatchQuerySet":
        """Those of incidents that the person may see."""
        return self.filter(
            incident__site__in=user.site_ids if user.is_authenticated else [],
            incident__in=Incident.objects.visible_to(user).values("pk"),
        )

    def open(self) -> "WatchQuerySet":
        return self.filter(ended_at__isnull=True)


class RetaliationWatch(models.Model):
    """72 hours on both sides of a killing, one of the staff on each.

    Open until somebody says how it ended.
    Which side is which stands in words of the record only; no group is named here.
    """

    class Side(models.TextChoices):
        VICTIM = "victim", _("The victim's side")
        OTHER = "other", _("The other side")

    class Outcome(models.TextChoices):
        QUIET = "quiet", _("Stayed quiet")
        CALMED = "calmed", _("Was hot, was calmed")
        RETALIATION = "retaliation", _("There was revenge")
        UNKNOWN = "unknown", _("Not known")
        STOPPED = "stopped", _("Stopped with the incident")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.ForeignKey(Incident, models.PROTECT, related_name="watches")
    started_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    #: Nobody where the rule opened it.
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    victim_side = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    other_side = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(
        _("How it ended"), max_length=12, choices=Outcome.choices, blank=True, default=""
    )
    #: When the supervisors were told that a side has nobody, and that it is over; each once.
    unassigned_escalated_at = models.DateTimeField(null=True, blank=True)
    over_escalated_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=1)

    objects = WatchQuerySet.as_manager()

    class Meta:
        ordering = ["ends_at", "id"]
        indexes = [
            models.Index(
                fields=["ends_at", "id"], condition=Q(ended_at__isnull=True), name="watch_open"
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["incident"],
                condition=Q(ended_at__isnull=True),
                name="an_incident_has_one_open_watch",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("started_at")), name="a_watch_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, outcome="")
                | (Q(ended_at__isnull=False) & ~Q(outcome="")),
                name="a_watch_that_ended_says_when_and_how",
            ),
            models.CheckConstraint(
                condition=Q(victim_side__isnull=True)
                | Q(other_side__isnull=True)
                | ~Q(victim_side=F("other_side")),
                name="nobody_watches_both_sides",
            ),
        ]

    def __str__(self) -> str:
        return self.incident.code

    @property
    def lacks_somebody(self) -> bool:
        """A side has nobody."""
        return self.victim_side_id is None or self.other_side_id is None

    def side_of(self, user: Any) -> str:
        """Which side a person watches; empty where none."""
        if self.victim_side_id == user.pk:
            return str(self.Side.VICTIM)
        return str(self.Side.OTHER) if self.other_side_id == user.pk else ""


class WatchCheck(models.Model):
    """How a side was found at one time; never changed or removed."""

    watch = models.ForeignKey(RetaliationWatch, models.PROTECT, related_name="checks")
    side = models.CharField(_("Which side"), max_length=8, choices=RetaliationWatch.Side.choices)
    finding = models.CharField(_("How is it there?"), max_length=16)
    words = models.CharField(_("In words, without names"), max_length=400, blank=True)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(side__in=["victim", "other"]), name="a_check_is_of_one_of_two_sides"
            ),
            models.CheckConstraint(condition=~Q(finding=""), name="a_check_says_how_it_was"),
        ]

    @property
    def finding_label(self) -> str:
        return codes.label("watch_finding", self.finding)
