"""A conflict between people: what it is about, who mediates, who is in it, where it stands.

It has a code and no title: a title could name people. What is known in words, the names of the
parties and their ties are sealed in the vault, never in these tables.
"""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ceasefire import codes
from ceasefire.people.roles import Role
from ceasefire.places.models import Place, Site
from incidents.models import Incident
from outreach.models.participants import Participant, team_ids


class TieKind(models.TextChoices):
    """What can bind somebody to a side."""

    TRIBE = "tribe", _("Tribe")
    PARTY = "party", _("Party or armed group")
    FAMILY = "family", _("Family")


class ConflictQuerySet(models.QuerySet["Conflict"]):
    """Conflicts, as the office speaks of them."""

    def visible_to(self, user: Any) -> "ConflictQuerySet":
        """Which conflicts a person may see, code and all; everything else answers like absent.

        Workers and interrupters: those they lead or mediate in now. Supervisors: those that one of
        their team leads or mediates in, and of teams they stand in for. Managers: those of their
        sites. Data officers, REO roles, auditors and administrators: none.
        """
        if not user.is_authenticated or not user.has_perm("outreach.view_conflict"):
            return self.none()
        here = self.filter(site__in=user.site_ids)
        if user.role == Role.MANAGER:
            return here
        people = team_ids(user) if user.role == Role.SUPERVISOR else [user.pk]
        mediates = ConflictMediator.objects.filter(
            conflict=OuterRef("pk"), user__in=people, until__isnull=True
        )
        return here.filter(Q(lead__in=people) | Exists(mediates))

    def open(self) -> "ConflictQuerySet":
        return self.exclude(state=Conflict.State.CLOSED)


class Conflict(models.Model):
    """One conflict, from the day it was heard of to the day it is laid aside."""

    class State(models.TextChoices):
        DETECTED = "detected", _("Heard of")
        ASSESSED = "assessed", _("Assessed")
        MEDIATING = "mediating", _("In mediation")
        RESOLVED = "resolved", _("Resolved")
        COOLED = "cooled", _("Cooled down")
        UNRESOLVED = "unresolved", _("Unresolved")
        REFERRED = "referred", _("Handed on")
        MONITORING = "monitoring", _("Watched")
        REIGNITED = "reignited", _("Flared up again")
        CLOSED = "closed", _("Closed")

    class Risk(models.TextChoices):
        UNKNOWN = "", _("Not assessed")
        LOW = "low", _("Low")
        MEDIUM = "medium", _("Medium")
        HIGH = "high", _("High")

    #: The outcome of a session that leads to a rest: from here it is watched.
    SETTLED = (State.RESOLVED, State.COOLED, State.UNRESOLVED, State.REFERRED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(max_length=16, unique=True)
    site = models.ForeignKey(Site, models.PROTECT, related_name="+")
    place = models.ForeignKey(Place, models.PROTECT, related_name="+", verbose_name=_("Where"))
    geo_precision = models.PositiveSmallIntegerField(_("How sure of the place"), default=2)
    #: Made with the form; a form sent twice makes one conflict.
    idempotency_key = models.UUIDField(unique=True, null=True, blank=True)

    kind = models.CharField(_("What it is about"), max_length=16)
    how_learned = models.CharField(_("How we heard of it"), max_length=16)
    # The four dimensions that the risk is made of.
    violent_history = models.CharField(
        _("Key persons used violence before"), max_length=8, default="unknown"
    )
    weapons = models.CharField(_("Weapons are present"), max_length=8, default="unknown")
    retaliation_for = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="retaliations"
    )
    persons_band = models.CharField(_("How many people"), max_length=8, default="unknown")
    shooting = models.CharField(_("How likely is a shooting?"), max_length=16, default="unknown")
    imminent = models.BooleanField(_("It may happen any hour"), default=False)

    #: Kept by the services from the dimensions and the parties.
    risk = models.CharField(
        _("Risk"), max_length=8, choices=Risk.choices, default=Risk.UNKNOWN, blank=True
    )
    #: Kept by the services: what needs somebody first stands first in the list.
    rank = models.PositiveSmallIntegerField(default=3)
    #: Kept by the services: the next follow-up still to be made, and the end of the truce in force.
    next_follow_up_on = models.DateField(null=True, blank=True)
    truce_ends_at = models.DateTimeField(null=True, blank=True)

    state = models.CharField(
        _("State"), max_length=12, choices=State.choices, default=State.DETECTED
    )
    state_since = models.DateTimeField(default=timezone.now)
    #: The last session, tense follow-up, breach or new outbreak: the quiet days run from here.
    unquiet_at = models.DateTimeField(default=timezone.now)
    #: Closed before 90 quiet days, by a supervisor; why is sealed.
    closed_early = models.BooleanField(default=False)

    lead = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name=_("Lead mediator"),
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)
    version = models.PositiveIntegerField(default=1)

    objects = ConflictQuerySet.as_manager()

    class Meta:
        ordering = ["rank", "-state_since", "-id"]
        indexes = [
            # The list: of a site, and of a lead mediator, what needs somebody first.
            models.Index(fields=["site", "rank", "-state_since", "-id"], name="conflict_of_site"),
            models.Index(fields=["lead", "rank", "-state_since", "-id"], name="conflict_of_lead"),
            models.Index(
                fields=["truce_ends_at"],
                condition=Q(truce_ends_at__isnull=False),
                name="conflict_truce_ends",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        "detected",
                        "assessed",
                        "mediating",
                        "resolved",
                        "cooled",
                        "unresolved",
                        "referred",
                        "monitoring",
                        "reignited",
                        "closed",
                    ]
                ),
                name="a_conflict_has_one_of_the_known_states",
            ),
            models.CheckConstraint(
                condition=Q(risk__in=["", "low", "medium", "high"]),
                name="a_conflict_has_one_of_three_risks_or_none",
            ),
            models.CheckConstraint(
                condition=Q(retaliation_for__isnull=True) | ~Q(retaliation_for=F("id")),
                name="no_conflict_avenges_itself",
            ),
            models.CheckConstraint(
                condition=Q(closed_early=False) | Q(state="closed"),
                name="only_a_closed_conflict_was_closed_early",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    def get_absolute_url(self) -> str:
        return reverse("outreach:conflict_detail", args=[self.code])

    @property
    def kind_label(self) -> str:
        """What it is about, in the reader's language."""
        return codes.label("conflict_kind", self.kind)

    @property
    def is_open(self) -> bool:
        return self.state != self.State.CLOSED


class ConflictMediator(models.Model):
    """Somebody who mediates beside the lead."""

    conflict = models.ForeignKey(Conflict, models.CASCADE, related_name="mediators")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    since = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True, blank=True)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["since", "id"]
        indexes = [
            models.Index(
                fields=["user", "conflict"],
                condition=Q(until__isnull=True),
                name="conflict_mediator_now",
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["conflict", "user"],
                condition=Q(until__isnull=True),
                name="somebody_mediates_a_conflict_once",
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("since")),
                name="a_mediator_leaves_after_coming",
            ),
        ]


class ConflictStep(models.Model):
    """One move of a conflict from state to state. Written once, never changed."""

    conflict = models.ForeignKey(Conflict, models.CASCADE, related_name="steps")
    from_state = models.CharField(max_length=12, blank=True)
    to_state = models.CharField(max_length=12)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    #: Who led it then, so that a past week can be counted as it was.
    lead = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at", "id"]
        indexes = [
            models.Index(fields=["conflict", "at"], name="conflict_steps"),
            models.Index(fields=["to_state", "at"], name="conflict_steps_by_state"),
        ]


class ConflictParty(models.Model):
    """A side of a conflict. Its name is sealed; that of a participant is not kept a second time."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conflict = models.ForeignKey(Conflict, models.CASCADE, related_name="parties")
    #: 1 is party A.
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(_("Who is it"), max_length=16)
    participant = models.ForeignKey(
        Participant, models.PROTECT, null=True, blank=True, related_name="+"
    )
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    added_at = models.DateTimeField(default=timezone.now)
    #: Entered by mistake: its name and ties are erased, the row stays for what refers to it.
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["number"]
        indexes = [
            models.Index(
                fields=["participant"],
                condition=Q(participant__isnull=False, removed_at__isnull=True),
                name="party_participant",
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["conflict", "number"], name="a_party_has_one_letter"),
            models.UniqueConstraint(
                fields=["conflict", "participant"],
                condition=Q(participant__isnull=False, removed_at__isnull=True),
                name="a_participant_is_one_side_of_a_conflict",
            ),
            models.CheckConstraint(
                condition=Q(number__gte=1, number__lte=26), name="a_party_has_a_letter"
            ),
        ]

    @property
    def letter(self) -> str:
        """A for the first, B for the second."""
        return chr(ord("A") + self.number - 1)

    @property
    def kind_label(self) -> str:
        return codes.label("party_kind", self.kind)


class PartyTie(models.Model):
    """A tribe, party or family that a side belongs to; which one is sealed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    party = models.ForeignKey(ConflictParty, models.CASCADE, related_name="ties")
    kind = models.CharField(max_length=8, choices=TieKind.choices)

    class Meta:
        ordering = ["kind", "id"]


class ConflictIncident(models.Model):
    """An incident and a conflict that belong together."""

    conflict = models.ForeignKey(Conflict, models.CASCADE, related_name="incident_links")
    incident = models.ForeignKey(Incident, models.PROTECT, related_name="+")
    #: The conflict is in revenge for it.
    is_cause = models.BooleanField(default=False)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["added_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["conflict", "incident"], name="an_incident_belongs_to_a_conflict_once"
            )
        ]


class NeutralityWaiver(models.Model):
    """A mediator whose ties meet a side took it on nevertheless; why is sealed. Never changed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conflict = models.ForeignKey(Conflict, models.CASCADE, related_name="waivers")
    mediator = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["conflict", "mediator"], name="a_mediator_says_once_why_nevertheless"
            )
        ]
