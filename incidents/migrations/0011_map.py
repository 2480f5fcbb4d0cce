from django.db import migrations, models

from ceasefire.database.operations import BuildIndex


class Migration(migrations.Migration):
    """An index that holds all the map asks; built beside the work that goes on."""

    atomic = False
    dependencies = [("incidents", "0010_search")]

    operations = [
        BuildIndex(
            model_name="incident",
            index=models.Index(
                fields=["site", "occurred_on"],
                include=[
                    "place",
                    "geo_precision",
                    "lat",
                    "lon",
                    "verification",
                    "workflow_state",
                    "type",
                    "is_sensitive",
                    "sharing",
                    "time_precision",
                    "reporter",
                    "district",
                    "id",
                ],
                condition=models.Q(
                    workflow_state__in=["submitted", "in_review", "accepted", "archived"]
                ),
                name="incident_map",
            ),
        ),
    ]
