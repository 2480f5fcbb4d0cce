from django.db import migrations, models


class Migration(migrations.Migration):
    """Reports beside which no open version was kept have none: nothing is compiled backwards.

    The trigger on approved reports guards whole rows, so these columns as well.
    """

    dependencies = [("reports", "0001_initial")]

    operations = [
        migrations.AddField("weeklyreport", "body_open", models.JSONField(null=True)),
        migrations.AddField("weeklyreport", "basis_open", models.JSONField(null=True)),
        migrations.AddField(
            "weeklyreport",
            "checksum_open",
            models.CharField(blank=True, default="", max_length=64),
            preserve_default=False,
        ),
        migrations.AddField("weeklyreport", "is_open", models.BooleanField(default=True)),
        migrations.AddConstraint(
            "weeklyreport",
            models.CheckConstraint(
                condition=(
                    models.Q(body_open__isnull=True, basis_open__isnull=True, checksum_open="")
                    | (
                        models.Q(body_open__isnull=False, basis_open__isnull=False)
                        & ~models.Q(checksum_open="")
                    )
                ),
                name="an_open_version_is_whole_or_absent",
            ),
        ),
    ]
