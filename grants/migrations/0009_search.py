from django.conf import settings
from django.db import migrations, models

from ceasefire.database.roles import quoted
from grants.services import search

#: Beside what staff write of a grant (0001, 0006), the words it is found by.
RIGHTS = """
GRANT UPDATE (search_key) ON public.grants_grant TO @APP, @REO;
"""
NO_RIGHTS = """
REVOKE UPDATE (search_key) ON public.grants_grant FROM @APP, @REO;
"""


def for_roles(sql):
    return sql.replace("@APP", quoted(settings.APP_ROLE)).replace("@REO", quoted(settings.REO_ROLE))


def write_keys(apps, schema_editor):
    grants = apps.get_model("grants", "Grant").objects
    for row in grants.filter(search_key="").iterator():
        grants.filter(pk=row.pk).update(search_key=search.grant_key(row))


class Migration(migrations.Migration):

    dependencies = [
        ('grants', '0008_screening'),
    ]

    operations = [
        migrations.AddField(
            model_name='grant',
            name='search_key',
            field=models.TextField(blank=True, editable=False, default=''),
            preserve_default=False,
        ),
        migrations.RunPython(write_keys, migrations.RunPython.noop),
        migrations.RunSQL(for_roles(RIGHTS), for_roles(NO_RIGHTS)),
    ]
