"""Who changed what of a case and when, and where two people wrote different things.

No value stands in these tables: what a field held before is sealed under the row of the change, the
two values of a conflict under the row of the conflict; also those that the case itself holds
openly, so that nothing of them is left when consent is taken back.
"""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from outreach.models.participants import Participant

#: What is sealed under a change, and under a conflict.
BEFORE = "before"
THEIRS, MINE = "theirs", "mine"


class FieldChange(models.Model):
    """One field of a case that somebody changed; `version` is the case's from then on.

    What a form of an older version showed is read from here: it is what the first change after
    that version found.
    """

    participant = models.ForeignKey(Participant, models.CASCADE, related_name="changes")
    field = models.CharField(max_length=16)
    version = models.PositiveIntegerField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["version", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "version", "field"],
                name="a_field_changes_once_a_version",
            )
        ]


class EditConflictQuerySet(models.QuerySet["EditConflict"]):
    """Where two people wrote different things."""

    def visible_to(self, user: Any) -> "EditConflictQuerySet":
        """Those of cases that the person may see."""
        return self.filter(participant__in=Participant.objects.visible_to(user).values("pk"))

    def open(self) -> "EditConflictQuerySet":
        """Nobody has chosen yet."""
        return self.filter(settled_at__isnull=True)


class EditConflict(models.Model):
    """Two values for one field, both kept until a person chooses; the first stands meanwhile."""

    class Choice(models.TextChoices):
        THEIRS = "theirs", _("What stands")
        MINE = "mine", _("What came second")
        THIRD = "third", _("Something else")

    participant = models.ForeignKey(Participant, models.CASCADE, related_name="edit_conflicts")
    field = models.CharField(max_length=16)
    #: Whose value stands, and since when; `theirs` is what stood when the second came.
    theirs_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    theirs_at = models.DateTimeField()
    mine_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    settled_at = models.DateTimeField(null=True, blank=True)
    choice = models.CharField(max_length=8, choices=Choice.choices, blank=True)

    objects = EditConflictQuerySet.as_manager()

    class Meta:
        ordering = ["at", "id"]
        indexes = [
            models.Index(
                fields=["participant", "at"],
                condition=Q(settled_at__isnull=True),
                name="edit_conflicts_open",
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(settled_at__isnull=True, settled_by__isnull=True, choice="")
                | Q(
                    settled_at__isnull=False,
                    settled_by__isnull=False,
                    choice__in=["theirs", "mine", "third"],
                ),
                name="a_settled_edit_says_who_chose_what",
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)
