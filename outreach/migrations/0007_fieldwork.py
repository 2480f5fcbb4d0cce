import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from ceasefire.database.operations import Access, QuickMigration

# A signed log stands as it was signed, and its hours with it. Whoever writes hours waits for a
# signing that is under way.
GUARD = """
CREATE FUNCTION public.outreach_refuse_signed() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE EXCEPTION 'a signed daily log is never changed' USING ERRCODE = 'restrict_violation';
END
$$;
CREATE FUNCTION public.outreach_refuse_signed_hours() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  signed timestamptz;
BEGIN
  IF TG_OP <> 'INSERT' THEN
    SELECT signed_at INTO signed FROM public.outreach_dailylog WHERE id = OLD.log_id FOR SHARE;
    IF signed IS NOT NULL THEN
      RAISE EXCEPTION 'a signed daily log is never changed' USING ERRCODE = 'restrict_violation';
    END IF;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    SELECT signed_at INTO signed FROM public.outreach_dailylog WHERE id = NEW.log_id FOR SHARE;
    IF signed IS NOT NULL THEN
      RAISE EXCEPTION 'a signed daily log is never changed' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
  END IF;
  RETURN OLD;
END
$$;
CREATE TRIGGER a_signed_log_never_changes
  BEFORE UPDATE OR DELETE ON public.outreach_dailylog
  FOR EACH ROW WHEN (OLD.signed_at IS NOT NULL)
  EXECUTE FUNCTION public.outreach_refuse_signed();
CREATE TRIGGER hours_of_a_signed_log_never_change
  BEFORE INSERT OR UPDATE OR DELETE ON public.outreach_loghours
  FOR EACH ROW EXECUTE FUNCTION public.outreach_refuse_signed_hours();
"""
UNGUARD = """
DROP TRIGGER hours_of_a_signed_log_never_change ON public.outreach_loghours;
DROP TRIGGER a_signed_log_never_changes ON public.outreach_dailylog;
DROP FUNCTION public.outreach_refuse_signed_hours();
DROP FUNCTION public.outreach_refuse_signed();
"""


class Migration(QuickMigration):
    dependencies = [
        ("outreach", "0006_conflicts"),
        ("incidents", "0013_quicker_imports"),
        ("places", "0002_iraq"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name='DailyLog',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('day', models.DateField(verbose_name='Day')),
                ('signed_at', models.DateTimeField(blank=True, null=True)),
                ('counts', models.JSONField(blank=True, default=dict)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('version', models.PositiveIntegerField(default=1)),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='places.site')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-day', 'user'],
                'indexes': [
                    models.Index(fields=['site', '-day'], name='logs_of_site'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('user', 'day'), name='somebody_has_one_log_a_day'),
                ],
            },
        ),
        migrations.CreateModel(
            name='FieldEvent',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('code', models.CharField(max_length=20, unique=True)),
                ('sort', models.CharField(choices=[('canvass', 'Canvass'), ('event', 'Community event'), ('materials', 'Materials'), ('group', 'Group session')], max_length=10)),
                ('kind', models.CharField(blank=True, max_length=16, verbose_name='What kind')),
                ('at', models.DateTimeField(verbose_name='When')),
                ('minutes', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='Minutes')),
                ('people', models.PositiveIntegerField(blank=True, null=True, verbose_name='People reached')),
                ('quantity', models.PositiveIntegerField(blank=True, null=True, verbose_name='How many pieces')),
                ('cost', models.DecimalField(blank=True, decimal_places=2, max_digits=14, null=True, verbose_name='Cost')),
                ('currency', models.CharField(blank=True, choices=[('IQD', 'Iraqi dinar'), ('USD', 'US dollar')], max_length=3)),
                ('idempotency_key', models.UUIDField(blank=True, null=True, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('taken_back_at', models.DateTimeField(blank=True, null=True)),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('incident', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='outreach_events', to='incidents.incident')),
                ('place', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='places.place', verbose_name='Place')),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='places.site', verbose_name='Site')),
                ('zone', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='places.zone', verbose_name='Zone')),
            ],
            options={
                'ordering': ['-at', '-id'],
                'indexes': [
                    models.Index(fields=['site', '-at', '-id'], name='field_events_newest'),
                    models.Index(fields=['created_by', 'at'], name='field_events_of_person'),
                ],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(models.Q(('kind', ''), ('sort', 'canvass')), models.Q(('sort__in', ['event', 'materials', 'group']), models.Q(('kind', ''), _negated=True)), _connector='OR'), name='a_field_event_is_of_a_kind_of_its_sort'),
                    models.CheckConstraint(condition=models.Q(models.Q(('quantity__gte', 1), ('sort', 'materials')), models.Q(models.Q(('sort', 'materials'), _negated=True), ('quantity__isnull', True)), _connector='OR'), name='materials_alone_have_pieces'),
                    models.CheckConstraint(condition=models.Q(models.Q(('cost__isnull', True), ('currency', '')), models.Q(('cost__gte', 0), ('currency__in', ['IQD', 'USD'])), _connector='OR'), name='a_cost_has_a_currency'),
                    models.CheckConstraint(condition=models.Q(('people__isnull', True), ('people__lte', 20000), _connector='OR'), name='a_field_event_reaches_at_most_20000'),
                    models.CheckConstraint(condition=models.Q(('quantity__isnull', True), ('quantity__lte', 1000000), _connector='OR'), name='at_most_a_million_pieces'),
                    models.CheckConstraint(condition=models.Q(('minutes__isnull', True), models.Q(('minutes__gte', 1), ('minutes__lte', 1440)), _connector='OR'), name='a_field_event_lasts_up_to_a_day'),
                ],
            },
        ),
        migrations.CreateModel(
            name='EventAttendance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sex', models.CharField(max_length=8)),
                ('age_band', models.CharField(max_length=8)),
                ('people', models.PositiveIntegerField()),
                ('event', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attendance', to='outreach.fieldevent')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [
                    models.UniqueConstraint(fields=('event', 'sex', 'age_band'), name='who_came_is_counted_once'),
                    models.CheckConstraint(condition=models.Q(('people__gte', 1), ('people__lte', 20000)), name='somebody_came'),
                ],
            },
        ),
        migrations.CreateModel(
            name='LogHours',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('activity', models.CharField(max_length=16)),
                ('minutes', models.PositiveSmallIntegerField()),
                ('log', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='hours', to='outreach.dailylog')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [
                    models.UniqueConstraint(fields=('log', 'activity'), name='an_activity_stands_once'),
                    models.CheckConstraint(condition=models.Q(('minutes__gte', 1), ('minutes__lte', 1440)), name='hours_of_a_day'),
                ],
            },
        ),
        migrations.CreateModel(
            name='SessionPresence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('contact', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='session', to='outreach.contact')),
                ('event', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='presences', to='outreach.fieldevent')),
            ],
        ),
        migrations.CreateModel(
            name='Shift',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('started_at', models.DateTimeField()),
                ('expected_end_at', models.DateTimeField(verbose_name='Back by')),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('checked_in_at', models.DateTimeField()),
                ('supervisor_alarm_at', models.DateTimeField(blank=True, null=True)),
                ('manager_alarm_at', models.DateTimeField(blank=True, null=True)),
                ('idempotency_key', models.UUIDField(blank=True, null=True, unique=True)),
                ('buddy', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='Buddy')),
                ('cleared_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='places.site')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('zone', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='places.zone', verbose_name='Zone')),
            ],
            options={
                'ordering': ['-started_at', '-id'],
                'indexes': [
                    models.Index(condition=models.Q(('ended_at__isnull', True)), fields=['expected_end_at'], name='shifts_out'),
                    models.Index(fields=['user', 'started_at'], name='shifts_of_person'),
                ],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('user',), name='somebody_is_on_one_shift_at_a_time'),
                    models.CheckConstraint(condition=models.Q(('expected_end_at__gt', models.F('started_at'))), name='a_shift_has_a_length'),
                    models.CheckConstraint(condition=models.Q(('ended_at__isnull', True), ('ended_at__gte', models.F('started_at')), _connector='OR'), name='a_shift_ends_after_it_begins'),
                    models.CheckConstraint(condition=models.Q(('buddy__isnull', True), models.Q(('buddy', models.F('user')), _negated=True), _connector='OR'), name='nobody_is_their_own_buddy'),
                ],
            },
        ),
        # Written once; what was a mistake is taken back, nothing else of it changes.
        Access("outreach_fieldevent", app="SELECT, INSERT, UPDATE (taken_back_at)"),
        Access("outreach_eventattendance", app="SELECT, INSERT"),
        Access("outreach_sessionpresence", app="SELECT, INSERT"),
        Access("outreach_shift", app="SELECT, INSERT, UPDATE"),
        Access("outreach_dailylog", app="SELECT, INSERT, UPDATE"),
        # The hours of a day are written anew as a whole.
        Access("outreach_loghours", app="SELECT, INSERT, DELETE"),
        migrations.RunSQL(GUARD, UNGUARD),
    ]
