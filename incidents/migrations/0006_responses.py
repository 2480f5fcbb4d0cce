from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("incidents", "0005_export_files")]

    operations = []
