from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("incidents", "0007_links_and_merges")]

    operations = []
