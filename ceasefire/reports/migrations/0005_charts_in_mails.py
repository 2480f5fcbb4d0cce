from django.db import migrations, models


class Migration(migrations.Migration):
    """Charts go along in mails only for who asks for it: nobody has by now."""

    dependencies = [("reports", "0004_effect_plans")]

    operations = [
        migrations.AddField(
            model_name="subscription",
            name="with_charts",
            field=models.BooleanField(default=False),
        ),
    ]
