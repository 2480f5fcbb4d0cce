from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("places", "0002_iraq")]

    operations = [
        migrations.AddField(
            model_name="zone",
            name="closed_on",
            field=models.DateField(blank=True, null=True),
        ),
    ]
