import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from ceasefire.database.operations import Access, QuickMigration


class Migration(QuickMigration):

    initial = True

    dependencies = [
        ('places', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=80, verbose_name='Kind')),
                ('key', models.CharField(max_length=200, null=True, unique=True)),
                ('payload', models.JSONField(default=dict)),
                ('state', models.CharField(choices=[('queued', 'Waiting'), ('running', 'Running'), ('done', 'Done'), ('parked', 'Stopped after failing'), ('cancelled', 'Cancelled')], default='queued', max_length=10, verbose_name='State')),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='Attempts')),
                ('run_after', models.DateTimeField(verbose_name='Not before')),
                ('created_at', models.DateTimeField(verbose_name='Entered')),
                ('started_at', models.DateTimeField(null=True, verbose_name='Begun')),
                ('finished_at', models.DateTimeField(null=True, verbose_name='Finished')),
                ('heartbeat_at', models.DateTimeField(null=True, verbose_name='Last sign of life')),
                ('hinted_at', models.DateTimeField(null=True)),
                ('done_count', models.PositiveIntegerField(default=0, verbose_name='Done so far')),
                ('total_count', models.PositiveIntegerField(default=0, verbose_name='Of')),
                ('cancel_requested', models.BooleanField(default=False)),
                ('error_kind', models.CharField(blank=True, max_length=80, verbose_name='Error')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('site', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='places.site')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='PeriodicRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80)),
                ('period', models.CharField(max_length=80)),
                ('entered_at', models.DateTimeField()),
                ('job', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='jobs.job')),
            ],
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(condition=models.Q(('state', 'queued')), fields=['run_after', 'id'], name='jobs_queued'),
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(condition=models.Q(('state', 'running')), fields=['id'], name='jobs_running'),
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(fields=['state', '-id'], name='jobs_by_state'),
        ),
        migrations.AddConstraint(
            model_name='job',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['queued', 'running', 'done', 'parked', 'cancelled'])), name='a_job_is_in_a_known_state'),
        ),
        migrations.AddConstraint(
            model_name='job',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', False), ('state__in', ['done', 'parked', 'cancelled'])), models.Q(('finished_at__isnull', True), ('state__in', ['queued', 'running'])), _connector='OR'), name='a_job_is_finished_when_it_says_when'),
        ),
        migrations.AddConstraint(
            model_name='job',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'running'), _negated=True), ('started_at__isnull', False), _connector='OR'), name='a_running_job_has_begun'),
        ),
        migrations.AddConstraint(
            model_name='job',
            constraint=models.CheckConstraint(condition=models.Q(('total_count', 0), ('done_count__lte', models.F('total_count')), _connector='OR'), name='a_job_does_no_more_than_its_total'),
        ),
        migrations.AddConstraint(
            model_name='periodicrun',
            constraint=models.UniqueConstraint(fields=('name', 'period'), name='a_period_is_entered_once'),
        ),
        Access("jobs_job"),
        Access("jobs_periodicrun"),
    ]
