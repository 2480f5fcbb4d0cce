"""Numbers set aside for a long import, and the rights under which a file was made.

Columns with a default only, which PostgreSQL adds without rewriting a table.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incidents", "0015_rollups")]

    operations = [
        migrations.AddField("importbatch", "numbers", models.JSONField(default=dict)),
        migrations.AddField(
            "exportfile", "role", models.CharField(blank=True, default="", max_length=20)
        ),
        migrations.AddField("exportfile", "sites", models.JSONField(default=list)),
    ]
