"""How incidents belong together: links, merges, what is not the same, and what was told twice.

A link says that two events have to do with each other. A merge says that two records tell of one
event: the sources of the one go to the other, the one becomes its duplicate, and all that was
done is kept so that it can be undone exactly.
"""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest, Least
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from incidents.models.record import Incident


class IncidentLink(models.Model):
    """One event has to do with another. The direction counts for the first two kinds only."""

    class Kind(models.TextChoices):
        RETALIATION_FOR = "retaliation_for", _("Retaliation for")
        FOLLOW_UP_OF = "follow_up_of", _("Follow-up of")
        SAME_EVENT_AS = "same_event_as", _("Part of the same event as")
        SAME_CONFLICT_AS = "same_conflict_as", _("Part of the same conflict as")

    #: Kinds that lead from the later event to the earlier one, and so never in a ring.
    DIRECTED = (Kind.RETALIATION_FOR, Kind.FOLLOW_UP_OF)

    kind = models.CharField(_("How they belong together"), max_length=20, choices=Kind.choices)
    from_incident = models.ForeignKey(Incident, models.CASCADE, related_name="links_from")
    to_incident = models.ForeignKey(Incident, models.CASCADE, related_name="links_to")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                "kind",
                Least("from_incident", "to_incident"),
                Greatest("from_incident", "to_incident"),
                name="two_incidents_are_linked_once_a_kind",
            ),
            models.CheckConstraint(
                condition=~Q(from_incident=F("to_incident")), name="no_incident_links_to_itself"
            ),
        ]


class IncidentMerge(models.Model):
    """Two records of one event made one. Undone, it stays here with who undid it and why."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kept = models.ForeignKey(Incident, models.PROTECT, related_name="merges")
    gone = models.ForeignKey(Incident, models.PROTECT, related_name="merged_into")
    reason = models.CharField(max_length=400, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    #: {kind of row: [keys]} of the rows that went from the one to the other.
    moved = models.JSONField(default=dict)
    #: {"kept" | "gone": {field: value}} as it was, and the same fields as the merge left them.
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    undone_reason = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["gone"],
                condition=Q(undone_at__isnull=True),
                name="an_incident_is_merged_into_one_other",
            ),
            models.CheckConstraint(
                condition=~Q(kept=F("gone")), name="no_incident_is_merged_into_itself"
            ),
            models.CheckConstraint(
                condition=Q(undone_at__isnull=True) | ~Q(undone_reason=""),
                name="an_undone_merge_says_why",
            ),
        ]


class NotATwin(models.Model):
    """Somebody looked at two records and said that they tell of two events; `first` < `second`."""

    first = models.ForeignKey(Incident, models.CASCADE, related_name="+")
    second = models.ForeignKey(Incident, models.CASCADE, related_name="+")
    #: Said by the reporter when logging: not asked again, but still shown to a reviewer.
    at_entry = models.BooleanField(default=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="a_pair_is_decided_once"),
            models.CheckConstraint(
                condition=Q(first__lt=F("second")), name="a_pair_stands_in_one_order"
            ),
        ]

    @staticmethod
    def pair(one: Any, other: Any) -> dict[str, Any]:
        """The columns of a pair of keys, whichever is given first."""
        first, second = sorted([one, other])
        return {"first_id": first, "second_id": second}


class SecondReport(models.Model):
    """A form that told of an incident which was here already: its sources went to that one.

    What else the form held is kept, for the reviewer; its names are in the vault.
    """

    #: The form's own key: sent again, it adds nothing.
    key = models.UUIDField(primary_key=True)
    content_hash = models.CharField(max_length=64)
    incident = models.ForeignKey(Incident, models.CASCADE, related_name="second_reports")
    content = models.JSONField(default=dict)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at", "key"]
