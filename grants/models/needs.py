"""Papers that a grant has to have, and those that may come later."""

import uuid
from datetime import date, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from grants.models.documents import Document, DocumentType, Stage
from grants.models.grants import Grant
from grants.models.officers import Officer

#: What the emergency path may put off. Never what is screened, decided, signed or paid by, nor
#: the photo of a visit, and nothing of the closeout, which asks for every paper.
DEFERRABLE = (
    DocumentType.OWNER_CONSENT,
    DocumentType.ENVIRONMENT,
    DocumentType.QUOTE,
    DocumentType.COMPARISON,
    DocumentType.MONITORING_PLAN,
    DocumentType.REPORT_PLAN,
    DocumentType.VISIT_REPORT,
)
#: So many at a time in one grant, and for so long at most.
DEFERRED_AT_ONCE = 2
DEFERRED_FOR = timedelta(days=30)


class Deferral(models.Model):
    """A paper that may come later, for a reason and until a day. Open until it is filed.

    At most two are open in a grant: each takes one of two slots.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    grant = models.ForeignKey(Grant, models.PROTECT, related_name="deferrals")
    type = models.CharField(max_length=16, choices=DocumentType.choices)
    slot = models.PositiveSmallIntegerField()
    due_on = models.DateField()
    reason = models.CharField(max_length=1000)
    deferred_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    deferred_on = models.DateField()
    deferred_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    #: The paper that came; null where the deferral was taken back for `end_reason`.
    document = models.ForeignKey(Document, models.PROTECT, null=True, related_name="+")
    end_reason = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ["deferred_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["grant", "slot"],
                condition=Q(ended_at__isnull=True),
                name="two_papers_are_deferred_at_once",
            ),
            models.CheckConstraint(
                condition=Q(slot__gte=1, slot__lte=DEFERRED_AT_ONCE),
                name="a_deferral_takes_one_of_two_slots",
            ),
            models.UniqueConstraint(
                fields=["grant", "type"],
                condition=Q(ended_at__isnull=True),
                name="a_paper_is_deferred_once",
            ),
            models.CheckConstraint(
                # Photos were put off before completion asked for that of its own visit; since then
                # a trigger refuses them.
                condition=Q(type__in=[*map(str, DEFERRABLE), str(DocumentType.PHOTO)]),
                name="no_paper_of_vetting_approval_or_payment_is_deferred",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="a_deferral_has_a_reason"),
            models.CheckConstraint(
                condition=Q(due_on__gt=F("deferred_on"))
                & Q(due_on__lte=F("deferred_on") + DEFERRED_FOR),
                name="a_deferral_is_due_within_thirty_days",
            ),
            models.CheckConstraint(
                condition=Q(
                    ended_at__isnull=True,
                    ended_by__isnull=True,
                    document__isnull=True,
                    end_reason="",
                )
                | Q(ended_at__isnull=False, ended_by__isnull=False, document__isnull=False)
                | Q(ended_at__isnull=False, ended_by__isnull=False) & ~Q(end_reason=""),
                name="a_deferral_ends_by_its_paper_or_for_a_reason",
            ),
        ]

    def is_overdue(self, day: date) -> bool:
        """Whether the paper was due before `day` and has not come."""
        return self.ended_at is None and self.due_on < day


class PaperNeed(models.Model):
    """A paper that a grant has to have as it stands, and whether it does.

    Kept by triggers from the rule `grants_papers_of` (migration `0012_paper_needs`), which stands
    in the database beside the steps that ask for them; no role writes it. Over thousands of grants
    a count is a look at an index.
    """

    #: The grant's key and the type.
    id = models.CharField(primary_key=True, max_length=60)
    grant = models.ForeignKey(Grant, models.PROTECT, related_name="paper_needs")
    type = models.CharField(max_length=16, choices=DocumentType.choices)
    stage = models.CharField(max_length=12, choices=Stage.choices)
    #: When the step that asks for it came into view.
    since = models.DateTimeField()
    #: The newest that stands; of a comparison a sole-source memo does too.
    document = models.ForeignKey(
        Document, models.PROTECT, null=True, related_name="+", db_index=False
    )
    #: The deferral that is open.
    deferral = models.ForeignKey(
        Deferral, models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        ordering = ["since", "id"]
        indexes = [
            models.Index(
                fields=["since", "id"],
                condition=Q(document__isnull=True),
                name="papers_missing",
                include=["grant", "deferral"],
            ),
        ]
