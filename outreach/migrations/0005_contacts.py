import datetime
import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from ceasefire.database.operations import Access, QuickMigration

# Nobody carries more active cases than the hard cap of the site's rules, whoever asks: two that are
# given at once are counted one after the other. What a manager let through by name is let through.
# The rules are read where they stand; without any, the program's own number counts.
GUARD = """
CREATE FUNCTION public.outreach_hold_caseload(worker uuid) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT pg_advisory_xact_lock(hashtextextended('outreach.caseload.' || worker::text, 0))
$$;

CREATE FUNCTION public.outreach_refuse_beyond_cap() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  cap integer;
  carried integer;
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.status = 'active' AND OLD.worker_id = NEW.worker_id THEN
    RETURN NEW;
  END IF;
  -- To the end of the transaction: the next one counts what this one gave.
  PERFORM public.outreach_hold_caseload(NEW.worker_id);
  SELECT count(*) INTO carried FROM public.outreach_participant
   WHERE worker_id = NEW.worker_id AND status = 'active' AND id <> NEW.id;
  SELECT (content ->> 'hard_cap')::integer INTO cap FROM public.rulesets_ruleset
   WHERE kind = 'caseload_band' AND (site_id IS NULL OR site_id = NEW.site_id)
     AND valid_from <= (clock_timestamp() AT TIME ZONE 'Asia/Baghdad')::date
   ORDER BY site_id NULLS LAST, valid_from DESC, version DESC LIMIT 1;
  IF carried < coalesce(cap, 25) OR EXISTS (
    SELECT FROM public.outreach_caseloadoverride
     WHERE participant_id = NEW.id AND worker_id = NEW.worker_id
  ) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'this worker carries as many active cases as the hard cap allows'
    USING ERRCODE = 'check_violation', CONSTRAINT = 'a_worker_carries_no_more_than_the_cap';
END
$$;
CREATE TRIGGER a_worker_carries_no_more_than_the_cap
  BEFORE INSERT OR UPDATE OF worker_id, status ON public.outreach_participant
  FOR EACH ROW WHEN (NEW.status = 'active')
  EXECUTE FUNCTION public.outreach_refuse_beyond_cap();
"""
UNGUARD = """
DROP TRIGGER a_worker_carries_no_more_than_the_cap ON public.outreach_participant;
DROP FUNCTION public.outreach_refuse_beyond_cap();
DROP FUNCTION public.outreach_hold_caseload(uuid);
"""


class Migration(QuickMigration):
    dependencies = [
        ("outreach", "0004_casework"),
        ("rulesets", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name='Contact',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('at', models.DateTimeField(verbose_name='When')),
                ('minutes', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='Minutes')),
                ('mode', models.CharField(max_length=16, verbose_name='How')),
                ('face', models.BooleanField(default=False)),
                ('attempt_only', models.BooleanField(default=False, verbose_name='Not met, only tried')),
                ('topics', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=16), blank=True, default=list, size=None, verbose_name='About what')),
                ('risk_signal', models.CharField(blank=True, max_length=16, verbose_name='How is it with him?')),
                ('next_contact_on', models.DateField(blank=True, null=True, verbose_name='Next visit')),
                ('idempotency_key', models.UUIDField(blank=True, null=True, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('received_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('accompanied_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='Together with')),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='contacts', to='outreach.participant')),
            ],
            options={
                'ordering': ['-at', '-id'],
                'indexes': [
                    models.Index(fields=['participant', '-at', '-id'], include=('mode', 'face', 'attempt_only'), name='contacts_of_case'),
                    models.Index(fields=['created_by', 'at'], name='contacts_of_person'),
                ],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('mode', ''), _negated=True), name='a_contact_says_how'),
                    models.CheckConstraint(condition=models.Q(('minutes__isnull', True), models.Q(('minutes__gte', 1), ('minutes__lte', 1440)), _connector='OR'), name='a_contact_lasts_up_to_a_day'),
                    models.CheckConstraint(condition=models.Q(('at__lte', django.db.models.expressions.CombinedExpression(models.F('received_at'), '+', models.Value(datetime.timedelta(seconds=600))))), name='a_contact_does_not_lie_ahead'),
                    models.CheckConstraint(condition=models.Q(('accompanied_by__isnull', True), models.Q(('accompanied_by', models.F('created_by')), _negated=True), _connector='OR'), name='nobody_goes_together_with_themself'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ContactTakenBack',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(max_length=16, verbose_name='What was wrong?')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('contact', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='taken_back', to='outreach.contact')),
            ],
            options={
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='what_is_taken_back_says_why'),
                ],
            },
        ),
        migrations.CreateModel(
            name='CaseloadOverride',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('participant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='overrides', to='outreach.participant')),
                ('worker', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-at', '-id'],
                'indexes': [models.Index(fields=['participant', 'worker'], name='override_of_case')],
            },
        ),
        # Written once; a mistake is taken back by a row of its own.
        Access("outreach_contact", app="SELECT, INSERT"),
        Access("outreach_contacttakenback", app="SELECT, INSERT"),
        Access("outreach_caseloadoverride", app="SELECT, INSERT"),
        migrations.RunSQL(GUARD, UNGUARD),
    ]
