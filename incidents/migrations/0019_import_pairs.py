"""Likely twins of what an import brought, found by a worker and offered to reviewers."""

import django.db.models.deletion
from django.db import migrations, models

from ceasefire.database.operations import Access


class Migration(migrations.Migration):

    dependencies = [
        ('incidents', '0018_undo_by_a_worker'),
        ('places', '0004_places_for_reo'),
    ]

    operations = [
        migrations.CreateModel(
            name='ImportPair',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('points', models.IntegerField()),
                ('batch', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='pairs', to='incidents.importbatch')),
                ('first', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='incidents.incident')),
                ('second', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='incidents.incident')),
                ('site', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='places.site')),
            ],
            options={
                'ordering': ['-points', '-id'],
                'indexes': [models.Index(fields=['batch', 'site'], name='import_pair_of_site')],
                'constraints': [models.UniqueConstraint(fields=('first', 'second'), name='an_import_pairs_two_once'), models.CheckConstraint(condition=models.Q(('first__lt', models.F('second'))), name='an_import_pair_stands_in_one_order')],
            },
        ),
        Access("incidents_importpair", app="SELECT, INSERT, DELETE"),
    ]
