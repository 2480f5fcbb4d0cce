import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from ceasefire.database.operations import Access, QuickMigration


class Migration(QuickMigration):
    dependencies = [
        ("incidents", "0007_links_and_merges"),
        ("jobs", "0002_outbox"),
        ("places", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='BulkAction',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('key', models.UUIDField(unique=True)),
                ('verb', models.CharField(choices=[('take', 'Take for review'), ('return', 'Return to the reporter'), ('accept', 'Accept'), ('archive', 'Archive')], max_length=8)),
                ('reason', models.CharField(blank=True, max_length=400)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('undone_at', models.DateTimeField(blank=True, null=True)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('job', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='jobs.job')),
            ],
            options={
                'ordering': ['-at'],
            },
        ),
        migrations.CreateModel(
            name='BulkRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField()),
                ('version', models.PositiveIntegerField()),
                ('outcome', models.CharField(choices=[('waiting', 'Waiting'), ('done', 'Done'), ('refused', 'Not done'), ('undone', 'Undone')], default='waiting', max_length=8)),
                ('refusal', models.CharField(blank=True, max_length=40)),
                ('version_after', models.PositiveIntegerField(blank=True, null=True)),
                ('action', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='incidents.bulkaction')),
                ('incident', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='incidents.incident')),
            ],
            options={
                'ordering': ['position'],
            },
        ),
        migrations.CreateModel(
            name='SavedFilter',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=40, verbose_name='Name')),
                ('answers', models.JSONField(default=dict)),
                ('has_words', models.BooleanField(default=False)),
                ('is_default', models.BooleanField(default=False, verbose_name='Open the list with it')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('shared_with', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='places.site', verbose_name='Shared with')),
            ],
            options={
                'ordering': ['name', 'id'],
            },
        ),
        migrations.AddConstraint(
            model_name='bulkaction',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('verb', 'return'), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='a_bulk_return_says_why'),
        ),
        migrations.AddConstraint(
            model_name='bulkaction',
            constraint=models.CheckConstraint(condition=models.Q(('undone_at__isnull', True), ('finished_at__isnull', False), _connector='OR'), name='only_a_finished_bulk_action_is_undone'),
        ),
        migrations.AddConstraint(
            model_name='bulkrow',
            constraint=models.UniqueConstraint(fields=('action', 'incident'), name='a_bulk_action_holds_an_incident_once'),
        ),
        migrations.AddConstraint(
            model_name='bulkrow',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('outcome__in', ['done', 'undone']), ('version_after__isnull', False)), ('outcome__in', ['waiting', 'refused']), _connector='OR'), name='a_done_row_knows_its_version'),
        ),
        migrations.AddConstraint(
            model_name='savedfilter',
            constraint=models.UniqueConstraint(fields=('owner', 'name'), name='a_person_names_a_filter_once'),
        ),
        migrations.AddConstraint(
            model_name='savedfilter',
            constraint=models.UniqueConstraint(condition=models.Q(('is_default', True)), fields=('owner',), name='a_person_has_one_default_filter'),
        ),
        migrations.AddConstraint(
            model_name='savedfilter',
            constraint=models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='a_saved_filter_has_a_name'),
        ),
        Access("incidents_savedfilter", app="SELECT, INSERT, UPDATE, DELETE"),
        Access("incidents_bulkaction", app="SELECT, INSERT, UPDATE, DELETE"),
        Access("incidents_bulkrow", app="SELECT, INSERT, UPDATE, DELETE"),
    ]
