"""A meeting with a participant, written once; and who may carry more cases than the cap allows."""

import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ceasefire import codes
from outreach.models.participants import Participant

#: Sealed fields of a contact.
NOTE = "note"
#: Modes of `contact_mode` that the contact standard asks for by name.
HOME, GROUP = "home", "group"
#: What of `risk_signal` the supervisor hears of at once.
ALARMING = ("planning", "threatened")
#: A phone's clock may run ahead by as much.
CLOCK_TOLERANCE = timedelta(minutes=10)


class ContactQuerySet(models.QuerySet["Contact"]):
    """Contacts, as the pages ask for them."""

    def visible_to(self, user: Any) -> "ContactQuerySet":
        """Those of cases that the person may see."""
        return self.filter(participant__in=Participant.objects.visible_to(user).values("pk"))

    def standing(self) -> "ContactQuerySet":
        """Without those that were taken back."""
        return self.filter(taken_back__isnull=True)

    def met(self) -> "ContactQuerySet":
        """Without attempts: somebody was spoken to."""
        return self.filter(attempt_only=False)


class Contact(models.Model):
    """One meeting, call or visit, or the attempt. Never changed: a mistake is taken back.

    What was said is sealed in the vault under the contact's key, field `note`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    participant = models.ForeignKey(Participant, models.PROTECT, related_name="contacts")
    at = models.DateTimeField(_("When"))
    minutes = models.PositiveSmallIntegerField(_("Minutes"), null=True, blank=True)
    mode = models.CharField(_("How"), max_length=16)
    #: The mode's family is face to face; kept for counting.
    face = models.BooleanField(default=False)
    attempt_only = models.BooleanField(_("Not met, only tried"), default=False)
    topics = ArrayField(
        models.CharField(max_length=16), default=list, blank=True, verbose_name=_("About what")
    )
    #: Empty is not looked at, which is not calm.
    risk_signal = models.CharField(_("How is it with him?"), max_length=16, blank=True)
    next_contact_on = models.DateField(_("Next visit"), null=True, blank=True)
    accompanied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("Together with"),
    )
    #: Made with the form; a form sent twice records once.
    idempotency_key = models.UUIDField(unique=True, null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    #: When it was written on the device, and when it came here.
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    received_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ContactQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            # A case's contacts, and its count against the standard without reading the rows.
            models.Index(
                fields=["participant", "-at", "-id"],
                include=["mode", "face", "attempt_only"],
                name="contacts_of_case",
            ),
            # Somebody's day and week.
            models.Index(fields=["created_by", "at"], name="contacts_of_person"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(mode=""), name="a_contact_says_how"),
            models.CheckConstraint(
                condition=Q(minutes__isnull=True) | Q(minutes__gte=1, minutes__lte=1440),
                name="a_contact_lasts_up_to_a_day",
            ),
            models.CheckConstraint(
                condition=Q(at__lte=F("received_at") + CLOCK_TOLERANCE),
                name="a_contact_does_not_lie_ahead",
            ),
            models.CheckConstraint(
                condition=Q(accompanied_by__isnull=True) | ~Q(accompanied_by=F("created_by")),
                name="nobody_goes_together_with_themself",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def mode_label(self) -> str:
        return codes.label("contact_mode", self.mode)

    @property
    def risk_label(self) -> str:
        return codes.label("risk_signal", self.risk_signal) if self.risk_signal else ""

    @property
    def topic_labels(self) -> list[str]:
        return [codes.label("contact_topic", topic) for topic in self.topics]


class ContactTakenBack(models.Model):
    """A contact that does not count: it was a mistake. The contact itself stays as it was."""

    contact = models.OneToOneField(Contact, models.PROTECT, related_name="taken_back")
    reason = models.CharField(_("What was wrong?"), max_length=16)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="what_is_taken_back_says_why")
        ]

    @property
    def reason_label(self) -> str:
        return codes.label("contact_mistake", self.reason)


class CaseloadOverride(models.Model):
    """A manager let somebody carry a case beyond the hard cap; the reason is sealed, `reason`.

    Counts for that case with that worker, for as long as they carry it. Written once.
    """

    participant = models.ForeignKey(Participant, models.CASCADE, related_name="overrides")
    worker = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["participant", "worker"], name="override_of_case")]
