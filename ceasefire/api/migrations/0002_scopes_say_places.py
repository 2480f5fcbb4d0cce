"""The wider scope names places too; nothing of the table changes."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("api", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="devicetoken",
            name="scopes",
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[("read", "Read"), ("write", "Log incidents, add places")], max_length=8), size=None),
        ),
    ]
