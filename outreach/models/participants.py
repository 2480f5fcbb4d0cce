"""A participant's case: a code, a status, who works it. The person's identity is never here.

Name, alias, phone, address, family and tribe are sealed in the vault under the record's key; case
notes too. Screens show the code; alias and notes are opened for those who may see the case, the
name by a reveal only.
"""

import uuid
from datetime import date
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ceasefire import codes, periods
from ceasefire.people.models import User
from ceasefire.people.roles import Role
from ceasefire.places.models import Site, Zone

#: Sealed fields of a participant, and the kind of blind index of those that can be found again.
SEALED: dict[str, str | None] = {
    "name": "name",
    "alias": "alias",
    "phone": "phone",
    "address": None,
    "family": None,
    "tribe": None,
}
#: Of these, what the case team reads without a reveal.
OPEN_TO_TEAM = ("alias",)


class DelegationQuerySet(models.QuerySet["Delegation"]):
    """Who stands in for whom."""

    def in_force(self, on: date | None = None) -> "DelegationQuerySet":
        """Those that count on a day (today, in Baghdad, by default)."""
        day = on or periods.now().date()
        return self.filter(starts_on__lte=day, ends_on__gte=day, ended_at__isnull=True)


class Delegation(models.Model):
    """A supervisor's team in somebody else's hands for some days. Both days count."""

    from_user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    to_user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    starts_on = models.DateField(_("From"))
    ends_on = models.DateField(_("Until"))
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    #: Taken back before its last day.
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = DelegationQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_on", "-id"]
        indexes = [
            models.Index(
                fields=["to_user", "ends_on"],
                condition=Q(ended_at__isnull=True),
                name="delegation_to_person",
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(from_user=F("to_user")), name="nobody_stands_in_for_themself"
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="a_delegation_ends_after_it_begins"
            ),
        ]


def stands_in_for(user: Any) -> list[Any]:
    """Keys of those for whom somebody stands in now; read once a request."""
    if not hasattr(user, "_stands_in_for_ids"):
        rows = Delegation.objects.in_force().filter(to_user=user)
        user._stands_in_for_ids = list(rows.values_list("from_user_id", flat=True))
    return user._stands_in_for_ids  # type: ignore[no-any-return]


def team_ids(user: Any) -> list[Any]:
    """Keys of those whose work a supervisor sees: the own team, and teams they stand in for now.

    Read once a request. A supervisor's own cases are among them.
    """
    if not hasattr(user, "_outreach_team_ids"):
        heads = [user.pk, *stands_in_for(user)]
        found = User.objects.filter(Q(supervisor__in=heads) | Q(pk__in=heads))
        user._outreach_team_ids = list(found.values_list("pk", flat=True))
    return user._outreach_team_ids  # type: ignore[no-any-return]


class ParticipantQuerySet(models.QuerySet["Participant"]):
    """Participants, as the office speaks of them."""

    def visible_to(self, user: Any) -> "ParticipantQuerySet":
        """Whose case a person may see, code and all; everything else answers like absent.

        Workers and interrupters: cases they carry or are on the team of now. Supervisors: those of
        their team, and of teams they stand in for. Managers: those of their sites. Data officers,
        REO roles, auditors and administrators: none.
        """
        if not user.is_authenticated or not user.has_perm("outreach.view_participant"):
            return self.none()
        here = self.filter(site__in=user.site_ids)
        if user.role == Role.MANAGER:
            return here
        if user.role == Role.SUPERVISOR:
            return here.filter(worker__in=team_ids(user))
        on_team = CaseMember.objects.filter(
            participant=OuterRef("pk"), user=user, until__isnull=True
        )
        return here.filter(Q(worker=user) | Exists(on_team))

    def on_caseload(self) -> "ParticipantQuerySet":
        """Active or paused: those who count against a worker's band are the active ones."""
        return self.filter(status__in=Participant.CARRIED)

    def active(self) -> "ParticipantQuerySet":
        return self.filter(status=Participant.Status.ACTIVE)


class Participant(models.Model):
    """One person's case at a site. A person who moves site gets a new one."""

    class Status(models.TextChoices):
        PROSPECT = "prospect", _("Prospect")
        SCREENING = "screening", _("Being screened")
        ELIGIBLE = "eligible", _("Eligible, waits for approval")
        NOT_ELIGIBLE = "not_eligible", _("Not eligible")
        EXCEPTION = "exception", _("Exception asked for")
        ACTIVE = "active", _("Active")
        PAUSED = "paused", _("Paused")
        CLOSED = "closed", _("Closed")

    CARRIED = (Status.ACTIVE, Status.PAUSED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(max_length=16, unique=True)
    site = models.ForeignKey(Site, models.PROTECT, related_name="+")
    zone = models.ForeignKey(
        Zone, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("Zone")
    )
    #: The primary worker. Somebody always carries a case, also a closed one: who carried it last.
    worker = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("Worker")
    )
    #: Made with the form; a form sent twice makes one case.
    idempotency_key = models.UUIDField(unique=True, null=True, blank=True)
    content_hash = models.CharField(max_length=64, blank=True)

    status = models.CharField(
        _("Status"), max_length=16, choices=Status.choices, default=Status.PROSPECT
    )
    status_since = models.DateTimeField(default=timezone.now)
    pause_reason = models.CharField(_("Why paused"), max_length=16, blank=True)
    #: When somebody looks again; asked of every pause.
    pause_until = models.DateField(_("Look again on"), null=True, blank=True)
    close_reason = models.CharField(_("Why closed"), max_length=16, blank=True)
    #: With which reason somebody asked to close it, while the answer is awaited.
    asked_close_reason = models.CharField(_("Why it is to close"), max_length=16, blank=True)

    sex = models.CharField(_("Sex"), max_length=8, default="unknown")
    birth_year = models.PositiveSmallIntegerField(_("Year of birth"), null=True, blank=True)
    age_band = models.CharField(_("Age"), max_length=8, default="unknown")
    language = models.CharField(_("Language"), max_length=8, default="ar")
    safety_flags = ArrayField(
        models.CharField(max_length=16), default=list, blank=True, verbose_name=_("Safety")
    )

    #: Kept by the verbs of contacts, for the caseload: the last successful contact, the last face
    #: to face, what was heard then, and when to go next.
    last_contact_at = models.DateTimeField(null=True, blank=True)
    last_face_at = models.DateTimeField(null=True, blank=True)
    risk_signal = models.CharField(max_length=16, blank=True)
    next_contact_on = models.DateField(_("Next visit"), null=True, blank=True)
    #: Kept by the verbs of screening.
    screened_on = models.DateField(null=True, blank=True)
    rescreen_due_on = models.DateField(null=True, blank=True)
    #: From here on nothing is sealed for this case any more, whoever asks.
    consent_withdrawn_at = models.DateTimeField(null=True, blank=True)
    #: After a withdrawal: the vault holds nothing of this case any more.
    identity_erased_at = models.DateTimeField(null=True, blank=True)

    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)
    version = models.PositiveIntegerField(default=1)

    objects = ParticipantQuerySet.as_manager()

    class Meta:
        ordering = ["code"]
        indexes = [
            # A worker's caseload, the longest without a contact first.
            models.Index(
                fields=["worker", "status", "last_contact_at"], name="participant_carried"
            ),
            models.Index(fields=["site", "status", "code"], name="participant_of_site"),
            # The list of all, closed ones too, the latest moved first.
            models.Index(fields=["site", "-status_since", "-id"], name="participant_lately"),
            # What the sweep looks for: withdrawn, and not yet erased.
            models.Index(
                fields=["consent_withdrawn_at"],
                condition=Q(consent_withdrawn_at__isnull=False, identity_erased_at__isnull=True),
                name="participant_to_erase",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    status__in=[
                        "prospect",
                        "screening",
                        "eligible",
                        "not_eligible",
                        "exception",
                        "active",
                        "paused",
                        "closed",
                    ]
                ),
                name="a_case_has_one_of_the_known_states",
            ),
            models.CheckConstraint(
                condition=Q(status="paused", pause_until__isnull=False) & ~Q(pause_reason="")
                | ~Q(status="paused") & Q(pause_reason="", pause_until__isnull=True),
                name="a_paused_case_says_why_and_until_when",
            ),
            models.CheckConstraint(
                condition=Q(status="closed") & ~Q(close_reason="")
                | ~Q(status="closed") & Q(close_reason=""),
                name="a_closed_case_says_why",
            ),
            models.CheckConstraint(
                condition=Q(asked_close_reason="") | Q(status__in=["active", "paused"]),
                name="a_closure_is_asked_for_an_open_case",
            ),
            models.CheckConstraint(
                condition=Q(birth_year__isnull=True)
                | Q(birth_year__gte=1900, birth_year__lte=2100),
                name="a_participant_was_born_in_a_sane_year",
            ),
            models.CheckConstraint(
                condition=Q(consent_withdrawn_at__isnull=True) | Q(status="closed"),
                name="a_case_without_consent_is_closed",
            ),
            models.CheckConstraint(
                condition=Q(identity_erased_at__isnull=True)
                | Q(consent_withdrawn_at__isnull=False),
                name="an_erased_case_was_withdrawn",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    def get_absolute_url(self) -> str:
        return reverse("outreach:participant_detail", args=[self.code])

    @property
    def reason_label(self) -> str:
        """Why it is paused or closed, in the reader's language; empty otherwise."""
        if self.pause_reason:
            return codes.label("pause_reason", self.pause_reason)
        return codes.label("close_reason", self.close_reason) if self.close_reason else ""


class CaseMember(models.Model):
    """Somebody on the team of a case beside its worker: an interrupter, a second worker."""

    participant = models.ForeignKey(Participant, models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    since = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True, blank=True)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["since", "id"]
        indexes = [
            models.Index(
                fields=["user", "participant"],
                condition=Q(until__isnull=True),
                name="case_member_now",
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "user"],
                condition=Q(until__isnull=True),
                name="somebody_is_on_a_case_once",
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("since")),
                name="a_member_leaves_after_coming",
            ),
        ]


class ParticipantStep(models.Model):
    """One move of a case from state to state. Written once, never changed.

    Who carried the case then is in the step, so that a past week can be counted as it was.
    """

    participant = models.ForeignKey(Participant, models.CASCADE, related_name="steps")
    from_status = models.CharField(max_length=16, blank=True)
    to_status = models.CharField(max_length=16)
    reason = models.CharField(max_length=16, blank=True)
    worker = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["participant", "at"], name="participant_steps")]
