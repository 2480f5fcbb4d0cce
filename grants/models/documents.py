"""Papers by stage: what they are and their hash. Added, superseded, never changed or removed."""

import uuid

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from grants.models.grants import Grant
from grants.models.officers import Officer


class Stage(models.TextChoices):
    PROPOSAL = "proposal", _("Proposal")
    BUDGET = "budget", _("Budget")
    PROCUREMENT = "procurement", _("Procurement")
    VETTING = "vetting", _("Vetting")
    APPROVAL = "approval", _("Approval")
    AWARD = "award", _("Award")
    PAYMENT = "payment", _("Payment")
    MONITORING = "monitoring", _("Monitoring")
    CLOSEOUT = "closeout", _("Closeout")


class DocumentType(models.TextChoices):
    PROPOSAL = "proposal", _("Proposal form")
    OWNER_CONSENT = "owner_consent", _("Consent of the land's owner")
    ENVIRONMENT = "environment", _("Environment check")
    BUDGET = "budget", _("Budget")
    QUOTE = "quote", _("Quote")
    COMPARISON = "comparison", _("Comparison of quotes")
    SOLE_SOURCE = "sole_source", _("Sole-source memo")
    REVIEW_SHEET = "review_sheet", _("Review sheet")
    RISK_SHEET = "risk_sheet", _("Risk sheet")
    SCREENING = "screening", _("Screening record")
    AWARD_LETTER = "award_letter", _("Signed award letter")
    MONITORING_PLAN = "monitoring_plan", _("Monitoring plan")
    REPORT_PLAN = "report_plan", _("Report plan")
    AMENDMENT = "amendment", _("Signed amendment")
    PAYMENT_REQUEST = "payment_request", _("Payment request")
    INVOICE = "invoice", _("Invoice")
    EVIDENCE = "evidence", _("Evidence of use")
    PAYROLL = "payroll", _("Payroll list")
    RECEIPT = "receipt", _("Payee's signature or transfer proof")
    VISIT_REPORT = "visit_report", _("Visit report")
    PHOTO = "photo", _("Photo")
    MEMO = "memo", _("Memo")
    NARRATIVE_REPORT = "narrative_report", _("Final narrative report")
    FINANCIAL_REPORT = "financial_report", _("Final financial report")
    ASSET_HANDOVER = "asset_handover", _("Hand-over of assets")
    RECONCILIATION = "reconciliation", _("Reconciled receipts")
    CLOSEOUT_MEMO = "closeout_memo", _("Closeout memo")
    OTHER = "other", _("Other paper")


#: The stage a paper belongs to; photos and memos are filed where they are added.
STAGE_OF: dict[str, str] = {
    "proposal": "proposal",
    "owner_consent": "proposal",
    "environment": "proposal",
    "budget": "budget",
    "quote": "procurement",
    "comparison": "procurement",
    "sole_source": "procurement",
    "review_sheet": "vetting",
    "risk_sheet": "vetting",
    "screening": "vetting",
    "award_letter": "award",
    "monitoring_plan": "award",
    "report_plan": "award",
    "amendment": "award",
    "payment_request": "payment",
    "invoice": "payment",
    "evidence": "payment",
    "payroll": "payment",
    "receipt": "payment",
    "visit_report": "monitoring",
    "photo": "monitoring",
    "narrative_report": "closeout",
    "financial_report": "closeout",
    "asset_handover": "closeout",
    "reconciliation": "closeout",
    "closeout_memo": "closeout",
}


#: Papers that show what lies sealed in rows: the names that a screening compared, and those on a
#: payroll list. Whose duties open the bytes of each; of other papers whoever may read the grant.
SEALED: dict[str, tuple[str, ...]] = {
    DocumentType.SCREENING: ("vetting",),
    DocumentType.PAYROLL: ("certifier", "vetting"),
}


class DocumentQuerySet(models.QuerySet["Document"]):
    def standing(self) -> "DocumentQuerySet":
        """Those that no later one supersedes."""
        return self.filter(superseded_by__isnull=True)

    def with_last_word(self) -> "DocumentQuerySet":
        """`last_good`: what the last check of each said; None where nobody checked it."""
        last = DocumentCheck.objects.filter(document=OuterRef("pk")).order_by("-id")
        return self.annotate(last_good=Subquery(last.values("good")[:1]))

    def in_order(self) -> "DocumentQuerySet":
        """Those that count: they stand, and the last who checked them did not find them wanting.

        The database's `grants_in_order` says the same of one.
        """
        rows = self.standing().with_last_word()
        return rows.filter(Q(last_good=True) | Q(last_good__isnull=True))


class Document(models.Model):
    """One paper of a grant. The row tells what it is; the bytes are known by their SHA-256."""

    class Language(models.TextChoices):
        ARABIC = "ar", _("Arabic")
        ENGLISH = "en", _("English")
        BOTH = "both", _("Both languages")
        NONE = "none", _("No text")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    grant = models.ForeignKey(Grant, models.PROTECT, related_name="documents")
    type = models.CharField(max_length=16, choices=DocumentType.choices)
    stage = models.CharField(max_length=12, choices=Stage.choices)
    title = models.CharField(max_length=160, blank=True)
    language = models.CharField(max_length=4, choices=Language.choices)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    mime = models.CharField(max_length=80)
    #: The day the paper itself carries.
    dated = models.DateField(null=True, blank=True)
    supersedes = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )
    uploaded_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        ordering = ["grant", "uploaded_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["sha256", "grant"], name="a_paper_is_filed_once_a_grant"
            ),
            models.CheckConstraint(
                condition=Q(sha256__regex="^[0-9a-f]{64}$"), name="a_paper_is_known_by_its_hash"
            ),
            models.CheckConstraint(condition=Q(size__gte=1), name="a_paper_is_not_empty"),
            models.CheckConstraint(
                condition=Q(supersedes__isnull=True) | ~Q(supersedes=F("id")),
                name="no_paper_supersedes_itself",
            ),
        ]


class DocumentCheck(models.Model):
    """Somebody other than the uploader looked at a paper. Written once."""

    document = models.ForeignKey(Document, models.PROTECT, related_name="checks")
    by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)
    good = models.BooleanField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["document", "by"], name="a_paper_is_checked_once_by_one"
            ),
        ]
