"""What a second person decides: whether a case begins, its plan stands, a case ends.

Why something was returned is sealed in the vault under the row's key.
"""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from outreach.models.participants import Participant


class ApprovalQuerySet(models.QuerySet["Approval"]):
    """Approvals, as their inbox asks for them."""

    def visible_to(self, user: Any) -> "ApprovalQuerySet":
        """Those of cases that the person may see."""
        return self.filter(participant__in=Participant.objects.visible_to(user).values("pk"))

    def open(self) -> "ApprovalQuerySet":
        """Not decided."""
        return self.filter(decided_at__isnull=True)


class Approval(models.Model):
    """One question to a supervisor about a case, and the answer. Nobody answers their own."""

    class Kind(models.TextChoices):
        INTAKE = "intake", _("Intake")
        PLAN = "plan", _("Plan")
        CLOSURE = "closure", _("Closure")

    class Decision(models.TextChoices):
        APPROVED = "approved", _("Approved")
        RETURNED = "returned", _("Returned")
        # Taken back by who asked, or overtaken by what became of the case.
        WITHDRAWN = "withdrawn", _("Withdrawn")

    participant = models.ForeignKey(Participant, models.CASCADE, related_name="approvals")
    kind = models.CharField(_("What for"), max_length=8, choices=Kind.choices)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    #: Nobody where a rule withdrew it.
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    #: The supervisor for whom a stand-in decided.
    on_behalf_of = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision = models.CharField(
        _("Decision"), max_length=9, choices=Decision.choices, blank=True, default=""
    )
    version = models.PositiveIntegerField(default=1)

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        ordering = ["asked_at", "id"]
        indexes = [
            models.Index(
                fields=["asked_at", "id"],
                condition=Q(decided_at__isnull=True),
                name="approval_waiting",
            ),
            models.Index(fields=["participant", "-asked_at"], name="approval_of_case"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "kind"],
                condition=Q(decided_at__isnull=True),
                name="a_case_waits_once_for_an_approval_of_a_kind",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["intake", "plan", "closure"]),
                name="an_approval_is_of_a_known_kind",
            ),
            models.CheckConstraint(
                condition=Q(
                    decided_at__isnull=True,
                    decided_by__isnull=True,
                    on_behalf_of__isnull=True,
                    decision="",
                )
                | Q(
                    decided_at__isnull=False,
                    decided_by__isnull=False,
                    decision__in=["approved", "returned"],
                )
                | Q(decided_at__isnull=False, on_behalf_of__isnull=True, decision="withdrawn"),
                name="a_decided_approval_says_when_how_and_by_whom",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True)
                | Q(decision="withdrawn")
                | ~Q(decided_by=F("asked_by")),
                name="nobody_approves_what_they_asked_for",
            ),
            models.CheckConstraint(
                condition=Q(on_behalf_of__isnull=True)
                | (~Q(on_behalf_of=F("asked_by")) & ~Q(on_behalf_of=F("decided_by"))),
                name="nobody_has_their_own_approved_on_their_behalf",
            ),
            models.CheckConstraint(
                condition=Q(decided_at__isnull=True) | Q(decided_at__gte=F("asked_at")),
                name="an_approval_is_decided_after_it_was_asked",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.participant_id}:{self.kind}"
