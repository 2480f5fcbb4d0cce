"""Who receives, builds or sells: organisations, and the people behind them under seal."""

import uuid
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ceasefire.places.models import Named, Place
from grants.models.officers import Officer


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    def visible_to(self, user: Any) -> "OrganisationQuerySet":
        """All of them for whoever reads grants."""
        return self.all() if user.has_perm("grants.view_grant") else self.none()


class Organisation(Named):
    """A grantee, an implementer or a vendor.

    `version` grows with its names and with the people behind it: a clearance names the version it
    was made for, so that an edited name voids it.
    """

    class Kind(models.TextChoices):
        COMMUNITY = "COMMUNITY", _("Community group")
        NGO = "NGO", _("Registered organisation")
        COMPANY = "COMPANY", _("Company or trader")
        COUNCIL = "COUNCIL", _("Council or directorate")
        OTHER = "OTHER", _("Other")

    class Status(models.TextChoices):
        ACTIVE = "ACTIVE", _("In use")
        BLOCKED = "BLOCKED", _("Blocked")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(max_length=20, unique=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    district = models.ForeignKey(Place, models.PROTECT, related_name="+")
    registration_no = models.CharField(max_length=40, blank=True)
    has_bank_account = models.BooleanField(default=False)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.ACTIVE)
    publish_ok = models.BooleanField(default=False)
    created_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=1)
    #: When what published files say of it last changed: its names where it agreed to be named, that
    #: it agreed, its kind. Empty where nothing changed since it was entered.
    shown_since = models.DateTimeField(null=True, blank=True, editable=False)
    #: What it is found by: its names as a reader searches them, its number, its registration.
    search_text = models.CharField(max_length=400, blank=True)
    #: The consonants of what sets its names apart, in either script; for duplicates.
    skeletons = ArrayField(models.CharField(max_length=40), default=list, blank=True)

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        ordering = ["name_en", "code"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(name_en="") | ~Q(name_ar=""), name="an_organisation_has_a_name"
            ),
            # Marks that reorder text make one name read as another.
            models.CheckConstraint(
                condition=~Q(name_en__regex="[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
                & ~Q(name_ar__regex="[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"),
                name="an_organisations_name_reads_as_it_stands",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    def get_absolute_url(self) -> str:
        return reverse("grants:organisation_detail", args=[self.code])

    @property
    def name(self) -> str:
        """The name in the reader's language, or the one there is."""
        return super().name or self.name_en or self.name_ar


class OrganisationPerson(models.Model):
    """An officer or signatory of an organisation, for name screening.

    Names, birth year and function lie sealed in `sealed` (JSON, AES-256-GCM with the vault's keys,
    bound to this row): read by vetting officers only, through `grants.services.organisations`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="people")
    key_id = models.CharField(max_length=40, db_index=True)
    sealed = models.BinaryField()
    added_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    added_at = models.DateTimeField(default=timezone.now, editable=False)
    #: No longer with the organisation; kept, since a screening may have named the row.
    left_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["added_at", "id"]
