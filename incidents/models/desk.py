"""What makes the list quick to work with: kept filters, and one verb carried out on many rows."""

import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ceasefire import periods
from ceasefire.places.models import Site
from incidents.models.record import Incident

#: How long the outcome of a bulk action can be looked at.
BULK_KEPT_FOR = timedelta(days=7)


class SavedFilterQuerySet(models.QuerySet["SavedFilter"]):
    """Kept filters."""

    def visible_to(self, user: Any) -> "SavedFilterQuerySet":
        """The person's own, and those shared with a site of theirs; none without reading rights."""
        if not user.is_authenticated or not user.has_perm("incidents.view_incident"):
            return self.none()
        return self.filter(Q(owner=user) | Q(shared_with__in=user.site_ids))


class SavedFilter(models.Model):
    """Answers of the list's filters under a name; searched words are sealed in the vault."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    name = models.CharField(_("Name"), max_length=40)
    #: Codes and days by the names of the filter form; never the searched words.
    answers = models.JSONField(default=dict)
    has_words = models.BooleanField(default=False)
    #: Opened when its owner comes to the list with no filter at all.
    is_default = models.BooleanField(_("Open the list with it"), default=False)
    shared_with = models.ForeignKey(
        Site,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("Shared with"),
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = SavedFilterQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="a_person_names_a_filter_once"),
            models.UniqueConstraint(
                fields=["owner"],
                condition=Q(is_default=True),
                name="a_person_has_one_default_filter",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="a_saved_filter_has_a_name"),
        ]


class BulkActionQuerySet(models.QuerySet["BulkAction"]):
    """Verbs on many rows."""

    def visible_to(self, user: Any) -> "BulkActionQuerySet":
        """The person's own of the last days."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(by=user, at__gt=periods.now() - BULK_KEPT_FOR)


class BulkAction(models.Model):
    """One verb asked for on many incidents; each row is tried by itself, its rights read again."""

    class Verb(models.TextChoices):
        TAKE = "take", _("Take for review")
        RETURN = "return", _("Return to the reporter")
        ACCEPT = "accept", _("Accept")
        ARCHIVE = "archive", _("Archive")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    #: Made with the form: a confirmation sent twice is carried out once.
    key = models.UUIDField(unique=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    verb = models.CharField(max_length=8, choices=Verb.choices)
    reason = models.CharField(max_length=400, blank=True)
    job = models.ForeignKey("jobs.Job", models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    objects = BulkActionQuerySet.as_manager()

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(verb="return") | ~Q(reason=""), name="a_bulk_return_says_why"
            ),
            models.CheckConstraint(
                condition=Q(undone_at__isnull=True) | Q(finished_at__isnull=False),
                name="only_a_finished_bulk_action_is_undone",
            ),
        ]

    def get_absolute_url(self) -> str:
        return reverse("incidents:bulk_detail", args=[self.pk])


class BulkRow(models.Model):
    """One incident of a bulk action: the version that was seen, and what became of it."""

    class Outcome(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DONE = "done", _("Done")
        REFUSED = "refused", _("Not done")
        UNDONE = "undone", _("Undone")

    action = models.ForeignKey(BulkAction, models.CASCADE, related_name="rows")
    incident = models.ForeignKey(Incident, models.CASCADE, related_name="+")
    position = models.PositiveIntegerField()
    #: As the person saw it; a row changed since is refused.
    version = models.PositiveIntegerField()
    outcome = models.CharField(max_length=8, choices=Outcome.choices, default=Outcome.WAITING)
    #: Name of the refusal's class, worded when shown.
    refusal = models.CharField(max_length=40, blank=True)
    #: The incident's version after the verb: only what nobody touched since is undone.
    version_after = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["action", "incident"], name="a_bulk_action_holds_an_incident_once"
            ),
            models.CheckConstraint(
                condition=(Q(outcome__in=["done", "undone"]) & Q(version_after__isnull=False))
                | Q(outcome__in=["waiting", "refused"]),
                name="a_done_row_knows_its_version",
            ),
        ]
