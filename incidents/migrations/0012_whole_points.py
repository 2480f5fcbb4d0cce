"""A latitude without a longitude passed: a comparison with nothing is no refusal in SQL."""

from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    # Each step by itself, so that no lock is held while the rows are looked through.
    atomic = False
    dependencies = [("incidents", "0011_map")]

    operations = [
        migrations.RemoveConstraint("incident", "a_point_has_both_coordinates"),
        AddConstraintNotValid(
            "incident",
            models.CheckConstraint(
                condition=(Q(lat__isnull=True) & Q(lon__isnull=True))
                | Q(
                    lat__isnull=False,
                    lon__isnull=False,
                    lat__gte=-90,
                    lat__lte=90,
                    lon__gte=-180,
                    lon__lte=180,
                ),
                name="a_point_has_both_coordinates",
            ),
        ),
        ValidateConstraint("incident", "a_point_has_both_coordinates"),
    ]
