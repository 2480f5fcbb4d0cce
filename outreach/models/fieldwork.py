"""Work around the caseload: what was done in the street, shifts, and the log of a day.

No participant stands here by name; words about people are sealed. What a group session brought is a
contact of each who was there.
"""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ceasefire import codes
from ceasefire.places.models import Place, Site, Zone
from incidents.models import Incident
from outreach.models.contacts import Contact
from outreach.models.participants import team_ids

#: Sealed field of an event.
EVENT_NOTE = "note"


class EventQuerySet(models.QuerySet["FieldEvent"]):
    """What was done around the caseload, as the pages ask for it."""

    def visible_to(self, user: Any) -> "EventQuerySet":
        """Those of the person's sites: nobody is named in them."""
        if not user.is_authenticated or not user.has_perm("outreach.log_work"):
            return self.none()
        return self.filter(site__in=user.site_ids)

    def standing(self) -> "EventQuerySet":
        return self.filter(taken_back_at__isnull=True)


class FieldEvent(models.Model):
    """A canvass, a community event, materials handed out, or a group session.

    One table for the four, since they are listed, counted and found together; `sort` says which,
    and the database refuses what belongs to another. Not changed afterwards, only taken back.
    """

    class Sort(models.TextChoices):
        CANVASS = "canvass", _("Canvass")
        EVENT = "event", _("Community event")
        MATERIALS = "materials", _("Materials")
        GROUP = "group", _("Group session")

    class Currency(models.TextChoices):
        IQD = "IQD", _("Iraqi dinar")
        USD = "USD", _("US dollar")

    #: Code list of `kind`, by sort; a canvass has none.
    KINDS = {Sort.EVENT: "event_kind", Sort.MATERIALS: "material_kind", Sort.GROUP: "session_topic"}

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(max_length=20, unique=True)
    site = models.ForeignKey(Site, models.PROTECT, related_name="+", verbose_name=_("Site"))
    sort = models.CharField(max_length=10, choices=Sort.choices)
    kind = models.CharField(_("What kind"), max_length=16, blank=True)
    at = models.DateTimeField(_("When"))
    minutes = models.PositiveSmallIntegerField(_("Minutes"), null=True, blank=True)
    zone = models.ForeignKey(
        Zone, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("Zone")
    )
    place = models.ForeignKey(
        Place, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("Place")
    )
    #: After which it was done, where it answers one.
    incident = models.ForeignKey(
        Incident, models.PROTECT, null=True, blank=True, related_name="outreach_events"
    )
    #: People spoken to, or who came; empty is not known.
    people = models.PositiveIntegerField(_("People reached"), null=True, blank=True)
    #: Posters, cards, messages.
    quantity = models.PositiveIntegerField(_("How many pieces"), null=True, blank=True)
    cost = models.DecimalField(_("Cost"), max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, choices=Currency.choices, blank=True)
    idempotency_key = models.UUIDField(unique=True, null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    taken_back_at = models.DateTimeField(null=True, blank=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["site", "-at", "-id"], name="field_events_newest"),
            models.Index(fields=["created_by", "at"], name="field_events_of_person"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(sort="canvass", kind="")
                | (Q(sort__in=["event", "materials", "group"]) & ~Q(kind="")),
                name="a_field_event_is_of_a_kind_of_its_sort",
            ),
            models.CheckConstraint(
                condition=Q(sort="materials", quantity__gte=1)
                | ~Q(sort="materials") & Q(quantity__isnull=True),
                name="materials_alone_have_pieces",
            ),
            models.CheckConstraint(
                condition=Q(cost__isnull=True, currency="")
                | Q(cost__gte=0) & Q(currency__in=["IQD", "USD"]),
                name="a_cost_has_a_currency",
            ),
            models.CheckConstraint(
                condition=Q(people__isnull=True) | Q(people__lte=20_000),
                name="a_field_event_reaches_at_most_20000",
            ),
            models.CheckConstraint(
                condition=Q(quantity__isnull=True) | Q(quantity__lte=1_000_000),
                name="at_most_a_million_pieces",
            ),
            models.CheckConstraint(
                condition=Q(minutes__isnull=True) | Q(minutes__gte=1, minutes__lte=1440),
                name="a_field_event_lasts_up_to_a_day",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def kind_label(self) -> str:
        """Its kind in the reader's language; of a canvass the word itself."""
        name = self.KINDS.get(self.sort)  # type: ignore[call-overload]
        return codes.label(name, self.kind) if name else str(self.get_sort_display())


class EventAttendance(models.Model):
    """How many of a sex and an age came to an event. Written with it."""

    event = models.ForeignKey(FieldEvent, models.CASCADE, related_name="attendance")
    sex = models.CharField(max_length=8)
    age_band = models.CharField(max_length=8)
    people = models.PositiveIntegerField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "sex", "age_band"], name="who_came_is_counted_once"
            ),
            models.CheckConstraint(
                condition=Q(people__gte=1, people__lte=20_000), name="somebody_came"
            ),
        ]


class SessionPresence(models.Model):
    """A participant was at a group session: the contact that says so. Written with it."""

    event = models.ForeignKey(FieldEvent, models.CASCADE, related_name="presences")
    contact = models.OneToOneField(Contact, models.PROTECT, related_name="session")


class ShiftQuerySet(models.QuerySet["Shift"]):
    """Shifts, as the pages ask for them."""

    def visible_to(self, user: Any) -> "ShiftQuerySet":
        """One's own, those one is the buddy of, and those of one's team."""
        if not user.is_authenticated or not user.has_perm("outreach.log_work"):
            return self.none()
        if user.has_perm("outreach.change_rules"):
            return self.filter(site__in=user.site_ids)
        people = team_ids(user) if user.has_perm("outreach.supervise") else [user.pk]
        return self.filter(Q(user__in=people) | Q(buddy=user))

    def open(self) -> "ShiftQuerySet":
        return self.filter(ended_at__isnull=True)


class Shift(models.Model):
    """Somebody is out, until when they will say that they are back, and who misses them first."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, models.PROTECT, related_name="+")
    zone = models.ForeignKey(
        Zone, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("Zone")
    )
    buddy = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("Buddy"),
    )
    started_at = models.DateTimeField()
    expected_end_at = models.DateTimeField(_("Back by"))
    ended_at = models.DateTimeField(null=True, blank=True)
    #: The last sign of life: start, or "I am well".
    checked_in_at = models.DateTimeField()
    #: When who was told that somebody is missed; each once, anew after a sign of life.
    supervisor_alarm_at = models.DateTimeField(null=True, blank=True)
    manager_alarm_at = models.DateTimeField(null=True, blank=True)
    #: Who saw to it, of those who were told.
    cleared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    idempotency_key = models.UUIDField(unique=True, null=True, blank=True)

    objects = ShiftQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-id"]
        indexes = [
            models.Index(
                fields=["expected_end_at"], condition=Q(ended_at__isnull=True), name="shifts_out"
            ),
            models.Index(fields=["user", "started_at"], name="shifts_of_person"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(ended_at__isnull=True),
                name="somebody_is_on_one_shift_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(expected_end_at__gt=F("started_at")), name="a_shift_has_a_length"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")),
                name="a_shift_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=Q(buddy__isnull=True) | ~Q(buddy=F("user")),
                name="nobody_is_their_own_buddy",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class DailyLogQuerySet(models.QuerySet["DailyLog"]):
    """Logs, as the pages ask for them."""

    def visible_to(self, user: Any) -> "DailyLogQuerySet":
        """One's own, those of one's team, those of one's sites for a manager."""
        if not user.is_authenticated or not user.has_perm("outreach.log_work"):
            return self.none()
        if user.has_perm("outreach.change_rules"):
            return self.filter(Q(user=user) | Q(site__in=user.site_ids))
        people = team_ids(user) if user.has_perm("outreach.supervise") else [user.pk]
        return self.filter(user__in=people)


class DailyLog(models.Model):
    """The day of one person: hours by activity beside what the program knows already; signed once.

    A signed log is never changed, nor are its hours: the database refuses.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, models.PROTECT, related_name="+")
    day = models.DateField(_("Day"))
    signed_at = models.DateTimeField(null=True, blank=True)
    #: What the day held when it was signed, in counts: {"contacts": 7, ...}.
    counts = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=1)

    objects = DailyLogQuerySet.as_manager()

    class Meta:
        ordering = ["-day", "user"]
        indexes = [models.Index(fields=["site", "-day"], name="logs_of_site")]
        constraints = [
            models.UniqueConstraint(fields=["user", "day"], name="somebody_has_one_log_a_day")
        ]

    def __str__(self) -> str:
        return str(self.pk)


class LogHours(models.Model):
    """So long of a day for an activity, in minutes."""

    log = models.ForeignKey(DailyLog, models.CASCADE, related_name="hours")
    activity = models.CharField(max_length=16)
    minutes = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["log", "activity"], name="an_activity_stands_once"),
            models.CheckConstraint(
                condition=Q(minutes__gte=1, minutes__lte=1440), name="hours_of_a_day"
            ),
        ]

    @property
    def activity_label(self) -> str:
        return codes.label("work_activity", self.activity)
