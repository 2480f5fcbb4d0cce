from django.db import migrations


def load(apps, schema_editor):
    """Iraq's boundaries and the neighbourhoods of Basrah, from the files shipped beside."""
    from ceasefire.places.services import load_boundaries

    load_boundaries(apps.get_model("places", "Place"))


class Migration(migrations.Migration):
    dependencies = [("places", "0001_initial")]
    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
