"""A notice to one person, and a task of one person."""

from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q
from django.utils import timezone

from ceasefire import periods
from ceasefire.people.models import User
from ceasefire.worklist.kinds import kind_of, represented_by, subjects, task_kind_of

#: A task that is due within this counts at the bell.
DUE_SOON = timedelta(days=1)


class _SameCode(Func):
    """Two codes are equal, asked so that PostgreSQL looks up the record of each notice.

    Of a plain comparison inside EXISTS it may also read every record that the person may see into
    a hash, and on every page: it does as soon as it expects some hundreds of notices.
    """

    template = "(%(expressions)s]))"
    arg_joiner = " = ANY (ARRAY["
    output_field = models.BooleanField()


def _of_visible_subject(user: Any) -> Q:
    """That the record a notice or task is about is one the person may see at this moment."""
    condition = Q()
    for label, visible_to in subjects().items():
        seen = visible_to(user).order_by()
        seen = seen.filter(_SameCode(F("code"), OuterRef("subject_code")))
        condition &= ~Q(subject_label=label) | Q(Exists(seen))
    return condition


class NotificationQuerySet(models.QuerySet["Notification"]):
    """Notices, as their page asks for them."""

    def visible_to(self, user: Any) -> "NotificationQuerySet":
        """One's own, nobody else's, of records that one may see at this moment.

        Each is looked up by its code, so that the bell stays quick whatever the records.
        """
        return self.addressed_to(user).filter(_of_visible_subject(user))

    def addressed_to(self, user: Any) -> "NotificationQuerySet":
        """One's own, whatever one may see: for counting, never to be shown."""
        if not user.is_authenticated or not user.has_perm("worklist.view_notification"):
            return self.none()
        return self.filter(recipient=user)

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


class TaskQuerySet(models.QuerySet["Task"]):
    """Tasks, as their page asks for them."""

    def visible_to(self, user: Any) -> "TaskQuerySet":
        """One's own, those that came up to one, and those of whom one stands in for.

        Of records that one may see at this moment.
        """
        return self.addressed_to(user).filter(_of_visible_subject(user))

    def addressed_to(self, user: Any) -> "TaskQuerySet":
        """The same, whatever one may see: for counting, never to be shown."""
        if not user.is_authenticated or not user.has_perm("worklist.view_task"):
            return self.none()
        heads = [user.pk, *represented_by(user)]
        return self.filter(
            Q(assignee__in=heads) | Q(escalated_to__in=heads) | Q(raised_to__in=heads)
        )

    def of_visible_subject(self, person: User) -> "TaskQuerySet":
        """Those about records that a person with tasks may see now, whoever has them."""
        if not person.has_perm("worklist.view_task"):
            return self.none()
        return self.filter(_of_visible_subject(person))

    def open(self) -> "TaskQuerySet":
        """Not done, nor ended otherwise; also those that rest."""
        return self.filter(closed_at__isnull=True)

    def waiting(self) -> "TaskQuerySet":
        """Open, and not resting."""
        return self.open().filter(paused_at__isnull=True)

    def about(self, label: str, codes: Any) -> "TaskQuerySet":
        """Those about records of a kind, by their codes."""
        return self.filter(subject_label=label, subject_code__in=codes)


class Task(models.Model):
    """One thing one person is to do about one record: a kind and a code, no other word."""

    assignee = models.ForeignKey(User, models.PROTECT, related_name="+")
    #: Name of a kind of `ceasefire.worklist.kinds`; its sentence is shown.
    kind = models.CharField(max_length=60)
    subject_label = models.CharField(max_length=80)
    subject_code = models.CharField(max_length=60)
    #: Once for each person while it is open.
    key = models.CharField(max_length=140)
    due_at = models.DateTimeField()
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)
    #: Nobody where a rule closed it.
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    #: A word of ours: done, moved, over.
    closed_reason = models.CharField(max_length=20, blank=True)
    #: Rests, as when its zone is closed as unsafe: nobody is reminded and nothing escalates.
    paused_at = models.DateTimeField(null=True, blank=True)
    #: When the next one hears of it; none once the manager did.
    escalate_at = models.DateTimeField(null=True, blank=True)
    #: The supervisor to whom it came up.
    escalated_to = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    escalated_at = models.DateTimeField(null=True, blank=True)
    #: The manager to whom it came up then.
    raised_to = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    raised_at = models.DateTimeField(null=True, blank=True)

    objects = TaskQuerySet.as_manager()

    class Meta:
        ordering = ["due_at", "id"]
        indexes = [
            # The bell of every page asks these two.
            models.Index(
                fields=["assignee", "due_at", "id"],
                condition=Q(closed_at__isnull=True),
                name="task_of_person",
            ),
            models.Index(
                fields=["escalated_to", "due_at"],
                condition=Q(closed_at__isnull=True, escalated_to__isnull=False),
                name="task_escalated",
            ),
            models.Index(
                fields=["raised_to", "due_at"],
                condition=Q(closed_at__isnull=True, raised_to__isnull=False),
                name="task_raised",
            ),
            models.Index(
                fields=["subject_label", "subject_code"],
                condition=Q(closed_at__isnull=True),
                name="task_about",
            ),
            # What the periodic job looks for.
            models.Index(
                fields=["escalate_at"],
                condition=Q(
                    closed_at__isnull=True, paused_at__isnull=True, escalate_at__isnull=False
                ),
                name="task_to_escalate",
            ),
            models.Index(
                fields=["closed_at"],
                condition=Q(closed_at__isnull=False),
                name="task_closed",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["assignee", "key"],
                condition=Q(closed_at__isnull=True),
                name="an_open_task_comes_once_to_a_person",
            ),
            models.CheckConstraint(condition=~Q(subject_code=""), name="a_task_is_about_something"),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, closed_by__isnull=True, closed_reason="")
                | (Q(closed_at__isnull=False) & ~Q(closed_reason="")),
                name="a_task_that_ended_says_when_and_why",
            ),
            models.CheckConstraint(
                condition=Q(escalated_to__isnull=True, escalated_at__isnull=True)
                | Q(escalated_to__isnull=False, escalated_at__isnull=False),
                name="an_escalated_task_says_when_and_to_whom",
            ),
            models.CheckConstraint(
                condition=Q(raised_to__isnull=True, raised_at__isnull=True)
                | Q(raised_to__isnull=False, raised_at__isnull=False),
                name="a_raised_task_says_when_and_to_whom",
            ),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def sentence(self) -> str:
        """What is to be done, in the reader's language; the bare kind where it is not known."""
        known = task_kind_of(self.kind)
        return self.kind if known is None else str(known.sentence)

    @property
    def tone(self) -> str:
        known = task_kind_of(self.kind)
        return "" if known is None else known.tone

    @property
    def by_hand(self) -> bool:
        """Whether a tick ends it, rather than the deed."""
        known = task_kind_of(self.kind)
        return known is None or known.by_hand

    @property
    def address(self) -> str:
        """The path of where it is done; empty where there is none."""
        known = task_kind_of(self.kind)
        return "" if known is None or known.address is None else known.address(self.subject_code)

    def stage(self, at: datetime) -> str:
        """Where it stands: `closed`, `paused`, `overdue`, `due` (today or tomorrow) or `later`."""
        if self.closed_at is not None:
            return "closed"
        if self.paused_at is not None:
            return "paused"
        if at >= self.due_at:
            return "overdue"
        return "due" if self.due_at - at <= DUE_SOON else "later"

    @property
    def stage_now(self) -> str:
        """Where it stands at this moment, for pages."""
        return self.stage(periods.now())
