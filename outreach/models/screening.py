"""A risk screening: what was answered, by which rules, and what came of it. Written once."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ceasefire.rulesets.models import Ruleset
from outreach.models.participants import Participant

#: Sealed field of a screening: why each criterion was answered so, all of them in one text.
EVIDENCE = "evidence"


class ScreeningQuerySet(models.QuerySet["RiskScreening"]):
    """Screenings, as the page of a case asks for them."""

    def visible_to(self, user: Any) -> "ScreeningQuerySet":
        """Those of cases that the person may see."""
        return self.filter(participant__in=Participant.objects.visible_to(user).values("pk"))


class RiskScreening(models.Model):
    """The criteria of one ruleset, answered once. It keeps its ruleset when the rules change.

    The score is for the site team: it is in no export, no measure and no line of the trail.
    """

    class Purpose(models.TextChoices):
        INTAKE = "intake", _("At intake")
        RESCREEN = "rescreen", _("Screened again")
        CLOSURE = "closure", _("At closure")

    class Answer(models.TextChoices):
        YES = "yes", _("Yes")
        NO = "no", _("No")
        UNKNOWN = "unknown", _("Not known")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    participant = models.ForeignKey(Participant, models.CASCADE, related_name="screenings")
    ruleset = models.ForeignKey(Ruleset, models.PROTECT, related_name="+")
    purpose = models.CharField(_("What for"), max_length=8, choices=Purpose.choices)
    #: Of each criterion's code: yes, no or unknown.
    answers = models.JSONField()
    #: How many were answered yes. Unknown counts as no, and is said.
    score = models.PositiveSmallIntegerField()
    is_incomplete = models.BooleanField()
    qualifies = models.BooleanField()
    #: Made with the form; a form sent twice makes one.
    idempotency_key = models.UUIDField(unique=True, null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    objects = ScreeningQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["participant", "-at"], name="screenings_of_case")]
        constraints = [
            models.CheckConstraint(
                condition=Q(purpose__in=["intake", "rescreen", "closure"]),
                name="a_screening_is_for_a_known_purpose",
            ),
            models.CheckConstraint(condition=Q(score__lte=20), name="a_screening_has_a_sane_score"),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def asked(self) -> int:
        """Of how many criteria."""
        return len(self.answers)
