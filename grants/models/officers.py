"""Who works on grants, as REO's side of the program may know it."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from ceasefire.people.roles import Duty, Role


class Officer(models.Model):
    """A member of REO staff or an auditor: code name, duties, and whether the account lives.

    A mirror of the user, kept by a trigger of the database: pages of REO staff run under a role
    that may not read users, yet say who did what. Every reference to a person in grants leads here.
    Never written by hand and never removed.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, primary_key=True, related_name="+"
    )
    code_name = models.CharField(max_length=60)
    role = models.CharField(max_length=20, choices=Role.choices)
    #: Empty as soon as the person is no longer REO staff.
    duties = ArrayField(models.CharField(max_length=20, choices=Duty.choices), default=list)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["code_name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(duties=[]) | Q(role=Role.REO_STAFF),
                name="only_staff_officers_have_duties",
            ),
        ]

    def __str__(self) -> str:
        return self.code_name

    def has(self, duty: str) -> bool:
        """Whether the person is entrusted with a duty today."""
        return self.is_active and duty in self.duties
