"""The risk sheet of a grant, line by line: what may go wrong, what is done, who sees to it."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from grants.models.grants import Grant
from grants.models.officers import Officer


class Risk(models.Model):
    """One risk. From medium upwards something is done about it, and somebody sees to that (C9).

    The reviewer writes the lines while a grant is reviewed; afterwards only the owner changes. The
    grant's own level is that of its gravest line, low where there is none: a trigger asks for it
    at the review, the approval and the award.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    grant = models.ForeignKey(Grant, models.PROTECT, related_name="risks")
    number = models.PositiveSmallIntegerField()
    level = models.CharField(max_length=6, choices=Grant.Risk.choices)
    text = models.CharField(max_length=400)
    #: What is done against it.
    mitigation = models.CharField(max_length=400, blank=True)
    owner = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    entered_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    entered_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["grant", "number"]
        constraints = [
            models.UniqueConstraint(fields=["grant", "number"], name="a_risk_has_its_number"),
            models.CheckConstraint(
                condition=Q(level__in=Grant.Risk.values) & ~Q(text=""),
                name="a_risk_says_what_it_is",
            ),
            models.CheckConstraint(
                condition=Q(level="low") | ~Q(mitigation="") & Q(owner__isnull=False),
                name="a_risk_from_medium_is_seen_to_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.grant_id}/{self.number}"
