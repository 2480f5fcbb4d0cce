import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from ceasefire.database.operations import Access


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('places', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditEvent',
            fields=[
                ('seq', models.BigIntegerField(primary_key=True, serialize=False, verbose_name='Number')),
                ('at', models.DateTimeField(verbose_name='When')),
                ('actor_name', models.CharField(max_length=60, verbose_name='Code name')),
                ('acting_id', models.UUIDField(null=True)),
                ('verb', models.CharField(max_length=80, verbose_name='What')),
                ('subject_label', models.CharField(blank=True, max_length=80, verbose_name='Kind of record')),
                ('subject_id', models.CharField(blank=True, max_length=80, verbose_name='Record')),
                ('fields', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80), default=list, size=None, verbose_name='Fields')),
                ('reason', models.CharField(blank=True, max_length=1000, verbose_name='Reason')),
                ('detail', models.JSONField(default=dict, verbose_name='Detail')),
                ('address_hash', models.CharField(blank=True, max_length=64)),
                ('session_hash', models.CharField(blank=True, max_length=64)),
                ('database_role', models.CharField(max_length=63)),
                ('prev', models.BinaryField()),
                ('hash', models.BinaryField()),
                ('actor', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='Who')),
                ('site', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='places.site', verbose_name='Site')),
            ],
            options={
                'verbose_name': 'Audit event',
                'verbose_name_plural': 'Audit trail',
                'ordering': ['seq'],
                'indexes': [models.Index(fields=['subject_label', 'subject_id', 'seq'], name='audit_by_subject'), models.Index(fields=['actor', 'seq'], name='audit_by_actor'), models.Index(fields=['site', 'seq'], name='audit_by_site'), models.Index(fields=['verb', 'seq'], name='audit_by_verb')],
                'constraints': [models.CheckConstraint(condition=models.Q(('seq__gte', 1)), name='audit_numbers_begin_at_one')],
            },
        ),
        Access("audit_auditevent", app="SELECT, INSERT", reo="INSERT"),
    ]
