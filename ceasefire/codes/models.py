"""Code lists. A code is never renumbered or deleted: it is closed by `valid_to`."""

from django.db import models
from django.utils.translation import get_language


class Code(models.Model):
    """One entry of a list, e.g. list `incident_type`, code `MUR`."""

    list = models.CharField(max_length=40)
    code = models.CharField(max_length=40)
    label_en = models.CharField(max_length=120)
    label_ar = models.CharField(max_length=120)
    #: The type family of an incident type (killing, attempt …); empty for other lists.
    family = models.CharField(max_length=40, blank=True)
    order = models.PositiveSmallIntegerField(default=0)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)
    #: The same thing in other people's lists, e.g. {"acled": "Attack"}.
    crosswalk = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["list", "order", "code"]
        constraints = [
            models.UniqueConstraint(fields=["list", "code"], name="a_code_stands_once_in_its_list"),
            models.CheckConstraint(
                condition=models.Q(valid_to__isnull=True)
                | models.Q(valid_from__isnull=True)
                | models.Q(valid_to__gt=models.F("valid_from")),
                name="a_code_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The label in the reader's language."""
        return self.label_ar if (get_language() or "en").startswith("ar") else self.label_en


class Counter(models.Model):
    """The last number given in a series such as INC of 2026."""

    series = models.CharField(max_length=20)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["series", "year"], name="one_counter_a_series_and_year")
        ]
