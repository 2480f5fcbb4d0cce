"""Who gets the weekly report by e-mail, and what became of each mail.

The address is identity: the vault keeps it, under the row of the subscription (field `address`).
"""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def confirmed(self) -> "SubscriptionQuerySet":
        """Those whose address has answered: only they get a report."""
        return self.filter(confirmed_at__isnull=False)


class Subscription(models.Model):
    """A person asked for the weekly reports of their sites by e-mail.

    `key` is new with each address. It stands, signed, in the links of the mails, so that no address
    of a page says whose it is.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    #: Whether REO's charts of a report go along in its mail.
    with_charts = models.BooleanField(default=False)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"subscription {self.pk}"


class ReportMail(models.Model):
    """One mail to one person: a report, or the question whether an address is theirs.

    The unique row is why nobody gets a report twice. It goes `waiting` -> `handing` just before the
    mail server is given the text, and on to `sent` when the server has taken it. A worker that dies
    in between leaves `handing`: nobody knows whether the mail went, so the program does not send it
    again by itself (`unsure`); a manager may.
    """

    class Purpose(models.TextChoices):
        CONFIRMATION = "confirmation", _("Is this address yours?")
        REPORT = "report", _("Weekly report")

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        HANDING = "handing", _("Being handed over")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Failed")
        UNSURE = "unsure", _("Perhaps sent")
        DROPPED = "dropped", _("Not sent any more")

    class Why(models.TextChoices):
        CONNECTION = "connection", _("The mail server does not answer.")
        ENCRYPTION = "encryption", _("The mail server does not encrypt as it should.")
        LOGIN = "login", _("The mail server refuses the program's sign-in.")
        SENDER = "sender", _("The mail server refuses the sender.")
        RECIPIENT = "recipient", _("The mail server refuses an address.")
        CONTENT = "content", _("The mail server refuses the mail.")
        SEAL = "seal", _("An address does not open: its key is missing.")
        LOST = "lost", _("The line or the worker broke while the mail was handed over.")
        NOT_ENTITLED = "not_entitled", _("No longer subscribed, or no longer of this site.")

    OPEN = (State.WAITING, State.HANDING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.CharField(max_length=12, choices=Purpose.choices)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    #: Null for a confirmation.
    report = models.ForeignKey(
        "reports.WeeklyReport", models.PROTECT, null=True, blank=True, related_name="mails"
    )
    #: Of the subscription a confirmation asks about; null for a report.
    key = models.UUIDField(null=True, blank=True, unique=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    why = models.CharField(max_length=12, choices=Why.choices, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    touched_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "report"], name="a_person_gets_a_report_by_mail_once"
            ),
            models.CheckConstraint(
                condition=Q(purpose="report", report__isnull=False, key__isnull=True)
                | Q(purpose="confirmation", report__isnull=True, key__isnull=False),
                name="a_mail_is_of_a_report_or_of_an_address",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=["waiting", "handing", "sent", "failed", "unsure", "dropped"]
                ),
                name="a_mail_is_in_a_known_state",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["failed", "unsure", "dropped"]) | ~Q(why=""),
                name="a_mail_that_did_not_go_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.pk}"
