import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from ceasefire.database.operations import Access

# What was noted is never changed; a mistake is withdrawn, once; no row ever goes.
GUARD = """
CREATE FUNCTION public.reports_guard_recording_change() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'a change of what is recorded is never deleted'
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.withdrawn_at IS NOT NULL THEN
    RAISE EXCEPTION 'a withdrawn note is never changed'
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF (NEW.id, NEW.site_id, NEW.number, NEW.changed_on, NEW.what, NEW.noted_at, NEW.noted_by_id)
     IS DISTINCT FROM
     (OLD.id, OLD.site_id, OLD.number, OLD.changed_on, OLD.what, OLD.noted_at, OLD.noted_by_id)
  THEN
    RAISE EXCEPTION 'what was noted of a change is never changed'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER a_recording_change_stands
  BEFORE UPDATE OR DELETE ON public.reports_recordingchange
  FOR EACH ROW EXECUTE FUNCTION public.reports_guard_recording_change();
"""
UNGUARD = """
DROP TRIGGER a_recording_change_stands ON public.reports_recordingchange;
DROP FUNCTION public.reports_guard_recording_change();
"""


class Migration(migrations.Migration):
    """Since when a site records something else. REO reads none of it."""

    dependencies = [
        ('places', '0004_places_for_reo'),
        ('reports', '0006_plans_beside_other_records'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='RecordingChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField()),
                ('changed_on', models.DateField(verbose_name='Changed on')),
                ('what', models.TextField(max_length=300, verbose_name='What changed')),
                ('noted_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
                ('noted_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='places.site')),
                ('withdrawn_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'Change of what is recorded',
                'verbose_name_plural': 'Changes of what is recorded',
                'ordering': ['site', 'number'],
                'constraints': [models.UniqueConstraint(fields=('site', 'number'), name='a_recording_change_number_stands_once_a_site'), models.UniqueConstraint(condition=models.Q(('withdrawn_at', None)), fields=('site', 'changed_on'), name='one_recording_change_stands_a_site_and_day'), models.CheckConstraint(condition=models.Q(models.Q(('withdrawn_at', None), ('withdrawn_by', None)), models.Q(models.Q(('withdrawn_at', None), _negated=True), models.Q(('withdrawn_by', None), _negated=True)), _connector='OR'), name='a_withdrawn_recording_change_says_by_whom')],
            },
        ),
        migrations.RunSQL(GUARD, UNGUARD),
        Access("reports_recordingchange", app="SELECT, INSERT, UPDATE"),
    ]
