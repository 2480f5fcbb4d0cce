"""One version of the rules of a kind, for a site or as the default of all. Written once."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from ceasefire.places.models import Site


class Ruleset(models.Model):
    """What counts from a day on. The latest that has begun counts, a site's own before the default.

    Rows are added and never changed: the application's role may not.
    """

    kind = models.CharField(max_length=24)
    #: Nothing: the default of every site.
    site = models.ForeignKey(Site, models.PROTECT, null=True, blank=True, related_name="+")
    version = models.PositiveIntegerField()
    #: As `schemas` says for the kind.
    content = models.JSONField()
    valid_from = models.DateField()
    #: Nobody for what was shipped.
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["kind", "-version"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "site", "version"],
                nulls_distinct=False,
                name="a_version_of_rules_is_there_once",
            ),
            models.CheckConstraint(condition=Q(version__gte=1), name="rules_count_from_version_1"),
            models.CheckConstraint(
                condition=Q(kind__in=["eligibility", "contact_standard", "caseload_band"]),
                name="rules_are_of_a_known_kind",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def code(self) -> str:
        """How the trail calls it: kind, site, version."""
        return f"{self.kind}/{self.site.code if self.site else 'default'}/{self.version}"

    @property
    def label(self) -> str:
        """Its name and version as a page shows them, e.g. `CV-7 · 2`."""
        name: Any = self.content.get("name", "") if isinstance(self.content, dict) else ""
        return f"{name} · {self.version}" if name else str(self.version)
