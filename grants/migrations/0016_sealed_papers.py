import django.contrib.postgres.fields
from django.conf import settings
from django.db import migrations, models

from ceasefire.database.roles import quoted

# Packs that were made before may hold both. What a pack holds is known when it is made.
BEFORE = """
UPDATE public.grants_pack SET holds = ARRAY['payroll', 'screening'];
GRANT UPDATE (holds) ON public.grants_pack TO @APP, @REO;
""".replace("@APP", quoted(settings.APP_ROLE)).replace("@REO", quoted(settings.REO_ROLE))


class Migration(migrations.Migration):
    """Which papers under seal an audit pack holds, so that only who may open them takes it."""

    dependencies = [("grants", "0015_numbers")]
    operations = [
        migrations.AddField(
            model_name="pack",
            name="holds",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=16), default=list, size=None
            ),
        ),
        migrations.RunSQL(BEFORE, migrations.RunSQL.noop),
    ]
