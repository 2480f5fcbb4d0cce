"""Who decided what, and every step of a grant. Written once, for ever."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ceasefire.people.roles import Duty
from grants.models.amounts import usd_field
from grants.models.funds import AuthorityRole, AuthorityRule
from grants.models.grants import Amendment, Grant, State
from grants.models.officers import Officer

#: What somebody may act as: a duty of REO staff, or the auditor.
ACTS_AS = [*Duty.choices, ("auditor", _("Auditor"))]


def _people() -> ArrayField:
    return ArrayField(models.UUIDField(), default=list)


class Decision(models.Model):
    """One person's word on one step, with the rule and the limit in force that day.

    The six lists of people are filled by the database from what stands at that moment, whatever the
    writer sends; constraints on them keep the duties apart (see migration 0002).
    """

    class Step(models.TextChoices):
        REVIEW = "review", _("Review")
        VETTING = "vetting", _("Vetting")
        APPROVAL = "approval", _("Approval")
        AWARD = "award", _("Award")
        REINSTATEMENT = "reinstatement", _("Reinstatement")
        COMPLETION = "completion", _("Completion")
        TERMINATION = "termination", _("Termination")
        CLOSEOUT = "closeout", _("Closeout")
        REOPENING = "reopening", _("Reopening")

    class Verdict(models.TextChoices):
        YES = "YES", _("Yes")
        NO = "NO", _("No")
        RETURN = "RETURN", _("Return")

    grant = models.ForeignKey(Grant, models.PROTECT, related_name="decisions")
    amendment = models.ForeignKey(
        Amendment, models.PROTECT, null=True, blank=True, related_name="decisions"
    )
    round = models.PositiveSmallIntegerField()
    step = models.CharField(max_length=13, choices=Step.choices)
    role = models.CharField(max_length=10, choices=ACTS_AS)
    actor = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=6, choices=Verdict.choices)
    amount_usd = usd_field()
    rule = models.ForeignKey(AuthorityRule, models.PROTECT, null=True, related_name="decisions")
    #: The rule as it stood: level, limit, how many, in which order.
    authority = models.CharField(max_length=10, choices=AuthorityRole.choices, blank=True)
    limit_usd = usd_field(null=True, blank=True)
    quorum = models.PositiveSmallIntegerField(null=True)
    sequence = models.PositiveSmallIntegerField(null=True)
    #: The sum the rule was chosen by: with the other awards that are looked at together.
    routed_usd = usd_field(null=True, blank=True)
    #: What a closed grant is opened again for.
    finding = models.ForeignKey(
        "grants.Finding", models.PROTECT, null=True, related_name="reopenings"
    )
    reason = models.CharField(max_length=1000, blank=True)
    conditions = models.CharField(max_length=1000, blank=True)
    #: Of a clearance: until when it holds, and for which versions of the organisations.
    valid_to = models.DateField(null=True, blank=True)
    subjects = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField(default=timezone.now)
    requesters = _people()
    reviewers = _people()
    approvers = _people()
    awarders = _people()
    certifiers = _people()
    payers = _people()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["grant", "round", "step"], name="decisions_of_a_step")]
        constraints = [
            models.UniqueConstraint(
                fields=["grant", "round", "step", "actor"],
                # A clearance is renewed when it runs out; the last one counts.
                condition=Q(amendment__isnull=True) & ~Q(step="vetting"),
                name="one_live_decision_a_grant_step_and_actor",
            ),
            models.UniqueConstraint(
                fields=["amendment", "step", "actor"],
                condition=Q(amendment__isnull=False),
                name="one_decision_an_amendment_step_and_actor",
            ),
            models.CheckConstraint(
                condition=Q(verdict="YES") | ~Q(reason=""), name="who_says_no_gives_a_reason"
            ),
            models.CheckConstraint(
                condition=~Q(step="approval", verdict="YES")
                | Q(
                    rule__isnull=False,
                    limit_usd__isnull=False,
                    quorum__isnull=False,
                    sequence__isnull=False,
                    routed_usd__isnull=False,
                    amount_usd__gt=0,
                    routed_usd__lte=models.F("limit_usd"),
                    amount_usd__lte=models.F("routed_usd"),
                ),
                name="an_approval_is_within_its_limit",
            ),
            models.CheckConstraint(
                condition=~Q(step="vetting", verdict="YES") | Q(valid_to__isnull=False),
                name="a_clearance_runs_out",
            ),
            models.CheckConstraint(
                condition=Q(step="reopening", finding__isnull=False)
                | ~Q(step="reopening") & Q(finding__isnull=True),
                name="a_grant_is_opened_again_for_a_finding",
            ),
        ]


class Transition(models.Model):
    """A grant's step from one state to another. Writing it is what moves the grant."""

    grant = models.ForeignKey(Grant, models.PROTECT, related_name="transitions")
    from_state = models.CharField(max_length=16, choices=State.choices, blank=True)
    to_state = models.CharField(max_length=16, choices=State.choices)
    role = models.CharField(max_length=10, choices=ACTS_AS)
    actor = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=1000, blank=True)
    #: SHA-256 over the sorted hashes of the papers that stood on file.
    documents_hash = models.CharField(max_length=64)
    round = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["grant", "id"], name="steps_of_a_grant")]


class StateStep(models.Model):
    """The pairs of states a grant may move between, who may, and whether it begins a new round.

    Loaded by a migration from the machine's table; no role may write it.
    """

    number = models.PositiveSmallIntegerField()
    from_state = models.CharField(max_length=16, choices=State.choices, blank=True)
    to_state = models.CharField(max_length=16, choices=State.choices)
    roles = ArrayField(models.CharField(max_length=10, choices=ACTS_AS))
    renews = models.BooleanField(default=False)
    needs_reason = models.BooleanField(default=False)

    class Meta:
        ordering = ["number", "from_state", "to_state"]
        constraints = [
            models.UniqueConstraint(
                fields=["from_state", "to_state"], name="a_pair_of_states_once"
            ),
        ]
