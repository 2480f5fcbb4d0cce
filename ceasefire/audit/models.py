"""One event of the trail. The database fills in number, time and hashes (migration 0002)."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from ceasefire.audit.exceptions import AppendOnly
from ceasefire.people.models import User
from ceasefire.places.models import Site


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    """Events, read as the auditor speaks."""

    def visible_to(self, user: Any) -> "AuditEventQuerySet":
        """The whole trail for those who may read it, nothing for anybody else."""
        return self.all() if user.has_perm("audit.view_auditevent") else self.none()

    def about(self, subject: models.Model) -> "AuditEventQuerySet":
        """The history of one record; whoever may see the record may be shown it."""
        from ceasefire.audit.services import name_of

        label, key = name_of(subject)
        return self.filter(subject_label=label, subject_id=key)

    def by(self, user: Any) -> "AuditEventQuerySet":
        """What one person did."""
        return self.filter(actor=user)

    def newest_first(self) -> "AuditEventQuerySet":
        return self.order_by("-seq")


class AuditEvent(models.Model):
    """Somebody did or read something. Kept for good; holds codes, no identities."""

    #: Dense: 1, 2, 3 … without a gap. A database sequence leaves gaps when a transaction fails.
    seq = models.BigIntegerField(_("Number"), primary_key=True)
    at = models.DateTimeField(_("When"))
    actor = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("Who")
    )
    #: The code name at that time; `system` where nobody acted.
    actor_name = models.CharField(_("Code name"), max_length=60)
    #: The database session's acting user, set by the database itself: a cross-check on `actor`.
    acting_id = models.UUIDField(null=True)
    verb = models.CharField(_("What"), max_length=80)
    subject_label = models.CharField(_("Kind of record"), max_length=80, blank=True)
    subject_id = models.CharField(_("Record"), max_length=80, blank=True)
    site = models.ForeignKey(
        Site, models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("Site")
    )
    fields = ArrayField(models.CharField(max_length=80), default=list, verbose_name=_("Fields"))
    reason = models.CharField(_("Reason"), max_length=1000, blank=True)
    detail = models.JSONField(_("Detail"), default=dict)
    address_hash = models.CharField(max_length=64, blank=True)
    session_hash = models.CharField(max_length=64, blank=True)
    database_role = models.CharField(max_length=63)
    prev = models.BinaryField()
    hash = models.BinaryField()

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        ordering = ["seq"]
        verbose_name = _("Audit event")
        verbose_name_plural = _("Audit trail")
        indexes = [
            models.Index(fields=["subject_label", "subject_id", "seq"], name="audit_by_subject"),
            models.Index(fields=["actor", "seq"], name="audit_by_actor"),
            models.Index(fields=["site", "seq"], name="audit_by_site"),
            models.Index(fields=["verb", "seq"], name="audit_by_verb"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(seq__gte=1), name="audit_numbers_begin_at_one"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.verb}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        raise AppendOnly("An audit event is written by audit.record.")

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise AppendOnly("An audit event is never removed.")
