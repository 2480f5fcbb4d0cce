import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from ceasefire.database.operations import Access

# An approved report never changes, whoever asks: a correction is a row of its own.
GUARD = """
CREATE FUNCTION public.reports_refuse_frozen() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE EXCEPTION 'an approved weekly report is never changed'
    USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER an_approved_report_never_changes
  BEFORE UPDATE OR DELETE ON public.reports_weeklyreport
  FOR EACH ROW WHEN (OLD.status = 'frozen')
  EXECUTE FUNCTION public.reports_refuse_frozen();
"""
UNGUARD = """
DROP TRIGGER an_approved_report_never_changes ON public.reports_weeklyreport;
DROP FUNCTION public.reports_refuse_frozen();
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('places', '0002_iraq'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='SharedWeeklyReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('site_code', models.CharField(max_length=40)),
                ('site_name_en', models.CharField(max_length=120)),
                ('site_name_ar', models.CharField(max_length=120)),
                ('is_demo', models.BooleanField(default=False)),
                ('week_start', models.DateField(verbose_name='Week')),
                ('revision', models.PositiveSmallIntegerField(default=0)),
                ('body', models.JSONField()),
                ('checksum', models.CharField(max_length=64)),
                ('frozen_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'Shared weekly report',
                'verbose_name_plural': 'Shared weekly reports',
                'ordering': ['-week_start', 'site_code', '-revision'],
                'indexes': [models.Index(models.OrderBy(models.F('week_start'), descending=True), models.OrderBy(models.F('id'), descending=True), name='shared_report_newest')],
                'constraints': [models.UniqueConstraint(fields=('site_code', 'week_start', 'revision'), name='one_shared_report_a_site_week_and_revision')],
            },
        ),
        migrations.CreateModel(
            name='WeeklyReport',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('week_start', models.DateField(verbose_name='Week')),
                ('number', models.PositiveIntegerField()),
                ('revision', models.PositiveSmallIntegerField(default=0)),
                ('status', models.CharField(choices=[('draft', 'Draft'), ('frozen', 'Approved')], default='draft', max_length=8)),
                ('data_as_of', models.DateTimeField(verbose_name='Records as of')),
                ('body', models.JSONField()),
                ('basis', models.JSONField()),
                ('checksum', models.CharField(max_length=64)),
                ('narrative_en', models.TextField(blank=True, max_length=4000, verbose_name='In English')),
                ('narrative_ar', models.TextField(blank=True, max_length=4000, verbose_name='In Arabic')),
                ('compiled_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('frozen_at', models.DateTimeField(blank=True, null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('compiled_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('frozen_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('narrative_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('revision_of', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='reports.weeklyreport')),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='places.site')),
            ],
            options={
                'verbose_name': 'Weekly report',
                'verbose_name_plural': 'Weekly reports',
                'ordering': ['-week_start', 'site', '-revision'],
                'indexes': [models.Index(models.OrderBy(models.F('week_start'), descending=True), models.OrderBy(models.F('id'), descending=True), name='weekly_report_newest')],
                'constraints': [models.UniqueConstraint(fields=('site', 'week_start', 'revision'), name='one_report_a_site_week_and_revision'), models.UniqueConstraint(condition=models.Q(('status', 'draft')), fields=('site', 'week_start'), name='one_draft_a_site_and_week'), models.UniqueConstraint(fields=('site', 'number'), name='a_report_number_stands_once_a_site'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'draft'), ('frozen_at', None), ('frozen_by', None)), models.Q(('status', 'frozen'), models.Q(('frozen_at', None), _negated=True), models.Q(('frozen_by', None), _negated=True)), _connector='OR'), name='an_approved_report_says_when_and_by_whom'), models.CheckConstraint(condition=models.Q(models.Q(('revision', 0), ('revision_of', None)), models.Q(('revision__gt', 0), models.Q(('revision_of', None), _negated=True)), _connector='OR'), name='a_revision_names_what_it_revises')],
            },
        ),
        migrations.RunSQL(GUARD, UNGUARD),
        Access("reports_weeklyreport"),
        # Written once at approval, read by REO, changed by nobody.
        Access("reports_sharedweeklyreport", app="SELECT, INSERT", reo="SELECT"),
    ]
