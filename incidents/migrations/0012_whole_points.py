"""A latitude without a longitude passed: a comparison with nothing is no refusal in SQL."""

from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models
from django.db.models import Q

from ceasefire.database.operations import Once


class Migration(migrations.Migration):
    # No lock is held while the rows are looked through; the table is never without the rule.
    atomic = False
    dependencies = [("incidents", "0011_map")]

    operations = [
        Once(
            "SELECT FROM pg_constraint WHERE conname = 'a_point_has_both_coordinates'"
            " AND pg_get_constraintdef(oid) LIKE '%(lat IS NOT NULL)%'",
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
        ),
        ValidateConstraint("incident", "a_point_has_both_coordinates"),
    ]
