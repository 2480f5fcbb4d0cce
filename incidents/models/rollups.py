"""Counts kept beside the incidents: by week, place and type. Written by triggers only.

Migration 0015 has the triggers, and says what each number is; `incidents.rollups` reads. Nobody
else writes here: the application's role may read, so a number can not be edited.
"""

from django.db import models

from ceasefire.places.models import Place, Site


class Counted(models.Model):
    """What is counted of one cell; `incidents.rollups.Cell` says what each number is.

    No keys into other tables: every change of an incident writes here, and its own keys hold.
    """

    site = models.ForeignKey(
        Site, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    week_start = models.DateField()
    #: The district; where none is known, the place as recorded (a governorate, the country).
    area = models.ForeignKey(
        Place, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    has_district = models.BooleanField()
    type = models.CharField(max_length=8)
    is_sensitive = models.BooleanField()

    incidents = models.IntegerField()
    unverified = models.IntegerField()
    killed = models.BigIntegerField()
    killed_unknown = models.IntegerField()
    injured = models.BigIntegerField()
    abducted = models.BigIntegerField()
    received = models.IntegerField()
    undated = models.IntegerField()
    unverified_undated = models.IntegerField()
    late = models.IntegerField()
    without_place = models.IntegerField()
    duplicates = models.IntegerField()
    due = models.IntegerField()
    within_72h = models.IntegerField()

    class Meta:
        abstract = True


class WeeklyCount(Counted):
    """One week of one site, district, type and sensitivity, as folded so far."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["site", "week_start", "area", "has_district", "type", "is_sensitive"],
                name="a_weekly_cell_stands_once",
            )
        ]


class WeeklyPlaceCount(Counted):
    """The same by the place as recorded, down to the neighbourhood."""

    place = models.ForeignKey(
        Place, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "site",
                    "week_start",
                    "place",
                    "area",
                    "has_district",
                    "type",
                    "is_sensitive",
                ],
                name="a_weekly_cell_of_a_place_stands_once",
            )
        ]


class WeeklyDelta(Counted):
    """What one statement added to a cell, or took from it, and is not folded yet.

    Only ever appended to, so that two people who record for the same week never wait for one
    another; a job folds it into the tables above. A number is the sum of both.
    """

    place = models.ForeignKey(
        Place, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )

    class Meta:
        indexes = [models.Index(fields=["site", "week_start"], name="weekly_delta_of_site")]
