from django.db import migrations

from ceasefire.database.operations import EVERYTHING, Access


class Migration(migrations.Migration):
    """A grant stands in a district: REO's role reads names, codes and outlines of places."""

    dependencies = [("places", "0003_zone_closed_on")]
    operations = [Access("places_place", app=EVERYTHING, reo="SELECT")]
