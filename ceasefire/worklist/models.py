"""A notice to one person."""

from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from ceasefire.people.models import User
from ceasefire.worklist.kinds import kind_of, subjects


class NotificationQuerySet(models.QuerySet["Notification"]):
    """Notices, as their page asks for them."""

    def visible_to(self, user: Any) -> "NotificationQuerySet":
        """One's own, nobody else's, of records that one may see at this moment.

        Each is looked up by its code, so that the bell stays quick whatever the records.
        """
        if not user.is_authenticated or not user.has_perm("worklist.view_notification"):
            return self.none()
        own = self.filter(recipient=user)
        for label, visible_to in subjects().items():
            seen = visible_to(user).order_by().filter(code=OuterRef("subject_code"))
            own = own.filter(~Q(subject_label=label) | Exists(seen))
        return own

    def unread(self) -> "NotificationQuerySet":
        return self.filter(read_at__isnull=True)


class Notification(models.Model):
    """One notice to one person about one record: a kind and a code, no other word."""

    recipient = models.ForeignKey(User, models.CASCADE, related_name="+")
    #: Name of a kind of `ceasefire.worklist.kinds`; its sentence is shown.
    kind = models.CharField(max_length=60)
    #: The kind of record, as the audit trail calls it, and its code.
    subject_label = models.CharField(max_length=80)
    subject_code = models.CharField(max_length=60)
    #: Once for each person.
    key = models.CharField(max_length=140)
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["recipient", "-created_at", "-id"], name="notification_newest"),
            # The bell of every page asks this.
            models.Index(
                fields=["recipient"],
                condition=Q(read_at__isnull=True),
                name="notification_unread",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["recipient", "key"], name="a_notice_comes_once_to_a_person"
            ),
            models.CheckConstraint(
                condition=~Q(subject_code=""), name="a_notice_is_about_something"
            ),
            models.CheckConstraint(
                condition=Q(read_at__isnull=True) | Q(read_at__gte=models.F("created_at")),
                name="a_notice_is_read_after_it_came",
            ),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def sentence(self) -> str:
        """What it says, in the reader's language; the bare kind where it is no longer known."""
        known = kind_of(self.kind)
        return self.kind if known is None else str(known.sentence)

    @property
    def tone(self) -> str:
        known = kind_of(self.kind)
        return "" if known is None else known.tone

    @property
    def address(self) -> str:
        """The path of the record; empty where there is none."""
        known = kind_of(self.kind)
        return "" if known is None or known.address is None else known.address(self.subject_code)
