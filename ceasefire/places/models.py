"""Where things are, and the sites a program works in.

Boundaries: Iraq CSO / OCHA Common Operational Dataset, valid on 2019-06-03, CC BY 3.0 IGO.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from ceasefire.database.constraints import never_overlapping


class Named(models.Model):
    """Something with a name in English and in Arabic."""

    name_en = models.CharField(max_length=120)
    name_ar = models.CharField(max_length=120)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return self.name_ar if (get_language() or "en").startswith("ar") else self.name_en


class Place(Named):
    """A governorate, district, sub-district or neighbourhood, as it stood in a period.

    A record keeps the place as entered; when places change, `successors` say what became of it.
    """

    class Level(models.TextChoices):
        COUNTRY = "country", _("Country")
        GOVERNORATE = "governorate", _("Governorate")
        DISTRICT = "district", _("District")
        SUBDISTRICT = "subdistrict", _("Sub-district")
        NEIGHBOURHOOD = "neighbourhood", _("Neighbourhood")

    pcode = models.CharField(max_length=40, unique=True)
    level = models.CharField(max_length=16, choices=Level.choices)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="parts")
    alt_names = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    #: Every name, normalised by `ceasefire.text.search_key`, for the place search.
    search_key = models.TextField(blank=True)
    #: GeoJSON geometry, WGS 84 longitude and latitude; null where only the name is known.
    geometry = models.JSONField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    lon = models.FloatField(null=True, blank=True)
    west = models.FloatField(null=True, blank=True)
    south = models.FloatField(null=True, blank=True)
    east = models.FloatField(null=True, blank=True)
    north = models.FloatField(null=True, blank=True)
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)
    successors = models.ManyToManyField("self", symmetrical=False, blank=True, related_name="+")
    source = models.CharField(max_length=80, blank=True)
    #: District and governorate of this place (itself at its own level): lists filter by index.
    district = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    governorate = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["pcode"]
        indexes = [
            models.Index(fields=["level", "pcode"], name="place_by_level"),
            GinIndex(fields=["search_key"], opclasses=["gin_trgm_ops"], name="place_search"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True)
                | Q(valid_from__isnull=True)
                | Q(valid_to__gt=F("valid_from")),
                name="a_place_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=(Q(lat__isnull=True) & Q(lon__isnull=True))
                | (Q(lat__gte=-90) & Q(lat__lte=90) & Q(lon__gte=-180) & Q(lon__lte=180)),
                name="a_place_stands_on_the_earth",
            ),
        ]


class Site(Named):
    """A program's target area: where it works and whose records it keeps."""

    code = models.CharField(max_length=40, unique=True)
    #: Python's weekday number of the first day of the week; 6 = Sunday.
    week_start = models.PositiveSmallIntegerField(default=6)
    #: The first week of which a report is compiled by itself; null = only on request.
    reporting_since = models.DateField(null=True, blank=True)
    #: An imported history: read, never written by hand.
    read_only = models.BooleanField(default=False)
    #: Holds made-up records, and every page that shows them says so.
    is_demo = models.BooleanField(default=False)
    places = models.ManyToManyField(Place, blank=True, related_name="+")

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(week_start__lte=6), name="a_week_starts_on_a_weekday"
            )
        ]


class Zone(Named):
    """A beat within a site. A closed one stays, for the records that name it."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="zones")
    code = models.CharField(max_length=40)
    places = models.ManyToManyField(Place, blank=True, related_name="+")
    #: The first day on which nobody walks it any more; null = in use.
    closed_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["site", "code"]
        constraints = [
            models.UniqueConstraint(fields=["site", "code"], name="a_zone_code_stands_once_a_site")
        ]


class CoveragePeriod(models.Model):
    """A period in which a site recorded what happened. A week outside is missing, never zero.

    Half-open: `end` is the first day not covered; null = still recording.
    """

    site = models.ForeignKey(Site, models.CASCADE, related_name="coverage")
    start = models.DateField()
    end = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["site", "start"]
        constraints = [
            models.CheckConstraint(
                condition=Q(end__isnull=True) | Q(end__gt=F("start")),
                name="a_coverage_period_ends_after_it_begins",
            ),
            never_overlapping(
                "coverage_periods_of_a_site_do_not_overlap", "site", begin="start", end="end"
            ),
        ]
