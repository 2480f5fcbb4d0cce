import django.utils.timezone
from django.db import migrations, models

from ceasefire.database.operations import Access


class Migration(migrations.Migration):
    dependencies = [("outreach", "0009_signed_sheets")]

    operations = [
        migrations.CreateModel(
            name="SentForm",
            fields=[
                ("key", models.UUIDField(primary_key=True, serialize=False)),
                ("content_hash", models.CharField(max_length=64)),
                (
                    "at",
                    models.DateTimeField(db_index=True, default=django.utils.timezone.now),
                ),
            ],
        ),
        Access("outreach_sentform", app="SELECT, INSERT, DELETE"),
    ]
