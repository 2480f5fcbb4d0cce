"""What is judged of the program's effect, and since when: set down before anybody looks."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ceasefire.places.models import Site


class EffectPlanQuerySet(models.QuerySet["EffectPlan"]):
    """What was set down to be judged."""

    def visible_to(self, user: Any) -> "EffectPlanQuerySet":
        """Those of the person's sites, for whoever sets them down."""
        if not user.has_perm("reports.register_effect"):
            return self.none()
        return self.filter(site__in=user.site_ids)

    def standing(self, at: datetime) -> "EffectPlanQuerySet":
        """Those that stood at a moment: set down by then and not withdrawn by then."""
        return self.filter(registered_at__lte=at).exclude(withdrawn_at__lte=at)


class EffectPlan(models.Model):
    """Where and since when the program's effect is judged, and by what: set down beforehand.

    Nothing in it is ever changed. Before its first reading it can be withdrawn; from then on it
    stands, and every report of a quarter's last week judges it. The database holds both.
    """

    #: The outcome where all verified incidents count; else a family of types.
    ALL_TYPES = "ALL"

    site = models.ForeignKey(Site, models.PROTECT, related_name="+")
    #: 1, 2, 3 … within the site.
    number = models.PositiveSmallIntegerField()
    #: The program's first day in the districts below.
    starts_on = models.DateField(_("The program began on"))
    #: P-codes of the districts where the program works, and of those it is compared with.
    treated = ArrayField(models.CharField(max_length=40))
    comparison = ArrayField(models.CharField(max_length=40))
    #: Further districts that it is compared with, of other sites' records: "AL-ZUBAIR/IQG02Q03".
    elsewhere = ArrayField(models.CharField(max_length=81), default=list, blank=True)
    #: The first week by which it is judged; null in plans from before it was fixed.
    first_week = models.DateField(null=True, blank=True)
    outcome = models.CharField(_("What is counted"), max_length=40, default=ALL_TYPES)
    #: Why these districts, in words without names of people.
    grounds = models.TextField(_("Why these districts"), max_length=1000)
    registered_at = models.DateTimeField(default=timezone.now)
    registered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    #: When a report first judged it; null = nobody has looked yet.
    first_read_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True
    )

    objects = EffectPlanQuerySet.as_manager()

    class Meta:
        ordering = ["site", "number"]
        verbose_name = _("Plan of the program effect")
        verbose_name_plural = _("Plans of the program effect")
        constraints = [
            models.UniqueConstraint(
                fields=["site", "number"], name="an_effect_plan_number_stands_once_a_site"
            ),
            models.CheckConstraint(
                condition=~Q(treated=[]) & ~Q(treated__overlap=F("comparison")),
                name="an_effect_plan_tells_its_districts_apart",
            ),
            models.CheckConstraint(
                condition=Q(first_read_at=None) | Q(first_read_at__gte=F("registered_at")),
                name="an_effect_plan_is_set_down_before_it_is_read",
            ),
            models.CheckConstraint(
                condition=Q(first_read_at=None) | Q(withdrawn_at=None),
                name="an_effect_plan_that_was_read_stands",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_by=None)
                | (~Q(withdrawn_at=None) & ~Q(withdrawn_by=None)),
                name="a_withdrawn_effect_plan_says_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return self.audit_code

    @property
    def audit_code(self) -> str:
        """How the trail names it: BASRAH-CENTRE-EFFECT-1."""
        return f"{self.site.code}-EFFECT-{self.number}"

    @property
    def elsewhere_pairs(self) -> list[tuple[str, str]]:
        """The codes of the other sites and the districts there."""
        return [(site, pcode) for site, pcode in (one.rsplit("/", 1) for one in self.elsewhere)]

    @property
    def elsewhere_sites(self) -> set[str]:
        return {site for site, _pcode in self.elsewhere_pairs}

    @property
    def is_read(self) -> bool:
        return self.first_read_at is not None

    @property
    def is_withdrawn(self) -> bool:
        return self.withdrawn_at is not None
