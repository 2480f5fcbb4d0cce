import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import grants.models.payroll
from ceasefire.database.operations import Access, QuickMigration

# Of rows that are written once, as in 0002.
APPEND_ONLY = "".join(
    f"""
CREATE TRIGGER grants_never_changes BEFORE UPDATE OR DELETE ON public.grants_{table}
  FOR EACH ROW EXECUTE FUNCTION public.grants_never_changes();
"""
    for table in ("visitpaper", "findingescalation", "handover")
) + "".join(
    f"""
CREATE TRIGGER grants_never_goes BEFORE DELETE ON public.grants_{table}
  FOR EACH ROW EXECUTE FUNCTION public.grants_never_changes();
"""
    for table in ("plannedvisit", "payrolllist", "payrollrow", "payrollflag")
)

VISITS = """
CREATE FUNCTION public.grants_guard_planned_visit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  free text[] := ARRAY['visit_id', 'called_off_by_id', 'called_off_at', 'reason'];
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.visit_id IS NOT NULL OR NEW.called_off_at IS NOT NULL THEN
      PERFORM public.grants_refuse('a visit is planned before it is made');
    END IF;
    IF NEW.planned_by_id IS NULL AND NEW.kind NOT IN ('sustain_90', 'sustain_180') THEN
      PERFORM public.grants_refuse('the program plans sustainment visits only');
    END IF;
    RETURN NEW;
  END IF;
  IF to_jsonb(NEW) - free IS DISTINCT FROM to_jsonb(OLD) - free
     OR OLD.visit_id IS NOT NULL OR OLD.called_off_at IS NOT NULL THEN
    PERFORM public.grants_refuse('a planned visit stands as it was planned');
  END IF;
  IF NEW.visit_id IS NOT NULL AND NOT EXISTS (
       SELECT FROM public.grants_monitoringvisit
        WHERE id = NEW.visit_id AND grant_id = NEW.grant_id AND kind = NEW.kind) THEN
    PERFORM public.grants_refuse('a planned visit is made by one of its grant and kind');
  END IF;
  IF NEW.called_off_at IS NOT NULL AND NEW.kind IN ('sustain_90', 'sustain_180') THEN
    PERFORM public.grants_refuse('a sustainment visit is not called off');
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_guard_planned_visit BEFORE INSERT OR UPDATE ON public.grants_plannedvisit
  FOR EACH ROW EXECUTE FUNCTION public.grants_guard_planned_visit();

CREATE FUNCTION public.grants_guard_visit_paper() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  IF NOT EXISTS (
       SELECT FROM public.grants_document d
         JOIN public.grants_monitoringvisit v ON v.id = NEW.visit_id AND v.grant_id = d.grant_id
        WHERE d.id = NEW.document_id AND d.type IN ('photo', 'visit_report')) THEN
    PERFORM public.grants_refuse('a visit has photos and reports of its own grant');
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_guard_visit_paper BEFORE INSERT ON public.grants_visitpaper
  FOR EACH ROW EXECUTE FUNCTION public.grants_guard_visit_paper();
"""

# Another owner comes by a handover that says who gave it to whom, and why.
OWNERS = """
CREATE FUNCTION public.grants_guard_owner() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  last public.grants_handover;
BEGIN
  IF NOT EXISTS (SELECT FROM public.grants_officer
                  WHERE user_id = NEW.owner_id AND is_active AND duties <> '{}') THEN
    PERFORM public.grants_refuse('an owner is at work and has a duty');
  END IF;
  IF TG_TABLE_NAME = 'grants_grant' THEN
    SELECT * INTO last FROM public.grants_handover
     WHERE grant_id = NEW.id AND finding_id IS NULL ORDER BY at DESC, id DESC LIMIT 1;
  ELSE
    SELECT * INTO last FROM public.grants_handover
     WHERE finding_id = NEW.id ORDER BY at DESC, id DESC LIMIT 1;
  END IF;
  IF last.id IS NULL OR last.from_officer_id <> OLD.owner_id OR last.to_officer_id <> NEW.owner_id
  THEN
    PERFORM public.grants_refuse('an owner changes by a handover');
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_guard_owner BEFORE UPDATE OF owner_id ON public.grants_grant
  FOR EACH ROW WHEN (OLD.owner_id IS DISTINCT FROM NEW.owner_id)
  EXECUTE FUNCTION public.grants_guard_owner();
CREATE TRIGGER grants_guard_owner BEFORE UPDATE OF owner_id ON public.grants_finding
  FOR EACH ROW WHEN (OLD.owner_id IS DISTINCT FROM NEW.owner_id)
  EXECUTE FUNCTION public.grants_guard_owner();
"""

PAYROLL = """
CREATE FUNCTION public.grants_guard_payroll_row() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  l public.grants_payrolllist;
  places int;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF to_jsonb(NEW) - ARRAY['key_id', 'sealed'] = to_jsonb(OLD) - ARRAY['key_id', 'sealed'] THEN
      -- Sealed anew under another key: the same person.
      RETURN NEW;
    END IF;
    IF to_jsonb(NEW) - ARRAY['struck_by_id', 'struck_at', 'strike_reason'] IS DISTINCT FROM
       to_jsonb(OLD) - ARRAY['struck_by_id', 'struck_at', 'strike_reason']
       OR OLD.struck_at IS NOT NULL THEN
      PERFORM public.grants_refuse('a payroll row stands as it was entered, or is struck out');
    END IF;
  ELSIF NEW.struck_at IS NOT NULL THEN
    PERFORM public.grants_refuse('a payroll row is struck out later');
  END IF;
  -- Whoever certifies and whoever still writes come one after the other.
  SELECT * INTO l FROM public.grants_payrolllist WHERE id = NEW.list_id FOR NO KEY UPDATE;
  IF l.state <> 'DRAFT' THEN
    PERFORM public.grants_refuse('a payroll list that is not a draft stands');
  END IF;
  places := CASE l.currency WHEN 'USD' THEN 2 ELSE 3 END;
  IF NEW.rate <> round(NEW.rate, places) THEN
    PERFORM public.grants_refuse('a rate has the places of its currency');
  END IF;
  NEW.amount := round(NEW.days * NEW.rate, places);
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_guard_payroll_row BEFORE INSERT OR UPDATE ON public.grants_payrollrow
  FOR EACH ROW EXECUTE FUNCTION public.grants_guard_payroll_row();

CREATE FUNCTION public.grants_guard_payroll_flag() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  l public.grants_payrolllist;
  free text[] := ARRAY['verdict', 'decided_by_id', 'decided_at', 'reason'];
BEGIN
  SELECT * INTO l FROM public.grants_payrolllist WHERE id = NEW.list_id FOR NO KEY UPDATE;
  IF l.state <> 'DRAFT' THEN
    PERFORM public.grants_refuse('a payroll list that is not a draft stands');
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF NEW.verdict <> '' OR (NEW.row_id IS NOT NULL AND NOT EXISTS (
         SELECT FROM public.grants_payrollrow WHERE id = NEW.row_id AND list_id = l.id)) THEN
      PERFORM public.grants_refuse('a sign is found first, on a row of its list');
    END IF;
    RETURN NEW;
  END IF;
  IF to_jsonb(NEW) - free IS DISTINCT FROM to_jsonb(OLD) - free THEN
    PERFORM public.grants_refuse('a sign stands as it was found');
  END IF;
  IF NOT EXISTS (SELECT FROM public.grants_officer
                  WHERE user_id = NEW.decided_by_id AND is_active
                    AND duties && ARRAY['certifier', 'vetting', 'monitor']::varchar[])
     OR NEW.decided_by_id = l.made_by_id
     OR NEW.decided_by_id = ANY (public.grants_people(l.grant_id, 'requester'))
     OR NEW.decided_by_id::text <> coalesce(nullif(current_setting('app.user_id', true), ''),
                                            NEW.decided_by_id::text) THEN
    PERFORM public.grants_refuse('a sign is decided by somebody else than who asks or made the list');
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_guard_payroll_flag BEFORE INSERT OR UPDATE ON public.grants_payrollflag
  FOR EACH ROW EXECUTE FUNCTION public.grants_guard_payroll_flag();

CREATE FUNCTION public.grants_guard_payroll_list() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  p public.grants_paymentrequest;
  free text[] := ARRAY['control_total', 'payment_id', 'state', 'certified_by_id', 'certified_at',
                       'reason'];
BEGIN
  IF NEW.payment_id IS NOT NULL THEN
    SELECT * INTO p FROM public.grants_paymentrequest WHERE id = NEW.payment_id FOR NO KEY UPDATE;
    IF p.grant_id <> NEW.grant_id OR p.currency <> NEW.currency THEN
      PERFORM public.grants_refuse('a payroll list supports a payment of its grant and currency');
    END IF;
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'DRAFT' OR NOT EXISTS (
         SELECT FROM public.grants_officer
          WHERE user_id = NEW.made_by_id AND is_active
            AND duties && ARRAY['requester', 'officer']::varchar[]) THEN
      PERFORM public.grants_refuse('a payroll list begins as the draft of a requester or officer');
    END IF;
    RETURN NEW;
  END IF;
  IF OLD.state <> 'DRAFT' OR to_jsonb(NEW) - free IS DISTINCT FROM to_jsonb(OLD) - free THEN
    PERFORM public.grants_refuse('a payroll list that is not a draft stands');
  END IF;
  IF NEW.state = 'CERTIFIED' THEN
    PERFORM public.grants_acts(NEW.certified_by_id, 'certifier');
    IF NEW.certified_by_id = ANY (public.grants_people(NEW.grant_id, 'requester')
                               || public.grants_people(NEW.grant_id, 'approver')) THEN
      PERFORM public.grants_refuse('who asks or approves certifies no payroll list');
    END IF;
    IF p.state = 'REFUSED' OR p.amount IS DISTINCT FROM NEW.control_total OR NEW.control_total <> (
         SELECT coalesce(sum(amount), 0) FROM public.grants_payrollrow
          WHERE list_id = NEW.id AND struck_at IS NULL) THEN
      PERFORM public.grants_refuse('rows, control total and payment are one sum');
    END IF;
    IF EXISTS (
         SELECT FROM public.grants_payrollflag f
           LEFT JOIN public.grants_payrollrow r ON r.id = f.row_id
           LEFT JOIN public.grants_payrollrow o ON o.id = f.other_id
          WHERE f.list_id = NEW.id AND f.verdict <> 'fine'
            AND r.struck_at IS NULL AND o.struck_at IS NULL) THEN
      PERFORM public.grants_refuse('every sign on a payroll list is decided first');
    END IF;
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_guard_payroll_list BEFORE INSERT OR UPDATE ON public.grants_payrolllist
  FOR EACH ROW EXECUTE FUNCTION public.grants_guard_payroll_list();

-- A payment whose payroll list is not in order yet waits for it.
CREATE FUNCTION public.grants_payroll_first() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  IF EXISTS (SELECT FROM public.grants_payrolllist
              WHERE payment_id = NEW.id AND state <> 'CERTIFIED') THEN
    PERFORM public.grants_refuse('the payroll list of a payment is certified first');
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_payroll_first BEFORE UPDATE OF state ON public.grants_paymentrequest
  FOR EACH ROW WHEN (OLD.state = 'REQUESTED' AND NEW.state = 'CERTIFIED')
  EXECUTE FUNCTION public.grants_payroll_first();
"""

# Of what is shared with REO, district by district and week by week; nothing else ever comes here.
SHARED_WEEKS = """
CREATE FUNCTION public.grants_keep_shared_week(
  of_site text, of_week date, in_revision int, document jsonb
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  IF jsonb_typeof(document -> 'districts') IS DISTINCT FROM 'array' THEN
    RETURN;
  END IF;
  INSERT INTO public.grants_districtweek (site_code, week_start, district, revision, incidents)
  SELECT of_site, of_week, one ->> 'place', in_revision,
         -- One or two are hidden here too, whatever the document says.
         CASE WHEN (one ->> 'incidents')::int IN (1, 2) THEN NULL
              ELSE (one ->> 'incidents')::int END
    FROM jsonb_array_elements(document -> 'districts') AS one
   WHERE coalesce(one ->> 'place', '') <> ''
  ON CONFLICT ON CONSTRAINT a_districts_week_is_shared_once_a_site DO UPDATE
     SET revision = EXCLUDED.revision, incidents = EXCLUDED.incidents
   WHERE EXCLUDED.revision > public.grants_districtweek.revision;
  DELETE FROM public.grants_districtweek kept
   WHERE kept.site_code = of_site AND kept.week_start = of_week AND EXISTS (
     SELECT FROM public.grants_districtweek newer
      WHERE newer.site_code = of_site AND newer.week_start = of_week
        AND newer.revision > kept.revision);
END
$$;

CREATE FUNCTION public.grants_week_was_shared() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  PERFORM public.grants_keep_shared_week(NEW.site_code, NEW.week_start, NEW.revision, NEW.body);
  RETURN NULL;
END
$$;
CREATE TRIGGER grants_week_was_shared AFTER INSERT ON public.reports_sharedweeklyreport
  FOR EACH ROW EXECUTE FUNCTION public.grants_week_was_shared();
SELECT public.grants_keep_shared_week(site_code, week_start, revision, body)
  FROM public.reports_sharedweeklyreport ORDER BY revision;
"""

BACKWARDS = """
DROP TRIGGER grants_week_was_shared ON public.reports_sharedweeklyreport;
DROP TRIGGER grants_payroll_first ON public.grants_paymentrequest;
DROP TRIGGER grants_guard_owner ON public.grants_grant;
DROP TRIGGER grants_guard_owner ON public.grants_finding;
DROP FUNCTION public.grants_week_was_shared, public.grants_keep_shared_week,
  public.grants_payroll_first, public.grants_guard_owner CASCADE;
DROP FUNCTION public.grants_guard_planned_visit, public.grants_guard_visit_paper,
  public.grants_guard_payroll_row, public.grants_guard_payroll_flag,
  public.grants_guard_payroll_list CASCADE;
"""

ONCE = "SELECT, INSERT"
RIGHTS = {
    "plannedvisit":
        "SELECT, INSERT, UPDATE (visit_id, called_off_by_id, called_off_at, reason)",
    "visitpaper": ONCE,
    "handover": ONCE,
    "payrolllist":
        "SELECT, INSERT, UPDATE (control_total, payment_id, state, certified_by_id, certified_at,"
        " reason)",
    "payrollrow":
        "SELECT, INSERT, UPDATE (key_id, sealed, struck_by_id, struck_at, strike_reason)",
    "payrollflag": "SELECT, INSERT, UPDATE (verdict, decided_by_id, decided_at, reason)",
    # Filled by the trigger of the shared reports.
    "districtweek": "SELECT",
}


class Migration(QuickMigration):
    """Visits that are planned, handovers, payroll lists, and the weeks that were shared."""

    dependencies = [
        ('grants', '0004_papers'),
        ('reports', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='DistrictWeek',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('site_code', models.CharField(max_length=40)),
                ('week_start', models.DateField()),
                ('district', models.CharField(max_length=40)),
                ('revision', models.PositiveSmallIntegerField(default=0)),
                ('incidents', models.PositiveIntegerField(null=True)),
            ],
            options={
                'ordering': ['district', 'week_start', 'site_code'],
            },
        ),
        migrations.CreateModel(
            name='FindingEscalation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('days', models.PositiveSmallIntegerField()),
                ('at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'ordering': ['finding', 'days'],
            },
        ),
        migrations.CreateModel(
            name='Handover',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('reason', models.CharField(max_length=1000)),
                ('at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'ordering': ['-at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='PayrollFlag',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('name', 'The name sounds alike'), ('phone', 'The same phone'), ('mark', 'The same signature or thumb'), ('days', 'More days than the period has'), ('no_mark', 'Rows without a mark'), ('round', 'A round sum for the whole list'), ('alike', 'Everybody has the same days and pay')], max_length=8)),
                ('found_with', models.CharField(blank=True, max_length=60)),
                ('found_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('verdict', models.CharField(blank=True, choices=[('fine', 'Looked at: in order'), ('wrong', 'Not in order')], max_length=5)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('reason', models.CharField(blank=True, max_length=1000)),
            ],
            options={
                'ordering': ['list', 'found_at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='PayrollList',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveSmallIntegerField()),
                ('period_from', models.DateField()),
                ('period_to', models.DateField()),
                ('currency', models.CharField(choices=[('USD', 'USD'), ('IQD', 'IQD')], max_length=3)),
                ('control_total', models.DecimalField(decimal_places=3, max_digits=18)),
                ('state', models.CharField(choices=[('DRAFT', 'Being made'), ('CERTIFIED', 'Certified'), ('DROPPED', 'Dropped')], default='DRAFT', max_length=9)),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('certified_at', models.DateTimeField(blank=True, null=True)),
                ('reason', models.CharField(blank=True, max_length=1000)),
            ],
            options={
                'ordering': ['grant', 'number'],
            },
        ),
        migrations.CreateModel(
            name='PayrollRow',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveSmallIntegerField()),
                ('key_id', models.CharField(db_index=True, max_length=40)),
                ('sealed', models.BinaryField()),
                ('person_key', models.CharField(max_length=64)),
                ('name_key', models.CharField(max_length=64)),
                ('prefix_keys', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), default=grants.models.payroll._no_keys, size=None)),
                ('phone_key', models.CharField(blank=True, max_length=64)),
                ('mark', models.CharField(choices=[('signature', 'Signature'), ('thumb', 'Thumb'), ('none', 'None')], default='none', max_length=9)),
                ('mark_hash', models.CharField(blank=True, max_length=64)),
                ('days', models.DecimalField(decimal_places=1, max_digits=5)),
                ('rate', models.DecimalField(decimal_places=3, max_digits=18)),
                ('amount', models.DecimalField(decimal_places=3, max_digits=18)),
                ('added_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('struck_at', models.DateTimeField(blank=True, null=True)),
                ('strike_reason', models.CharField(blank=True, max_length=1000)),
            ],
            options={
                'ordering': ['list', 'number'],
            },
        ),
        migrations.CreateModel(
            name='PlannedVisit',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('routine', 'Routine'), ('completion', 'Completion'), ('sustain_90', '90 days after hand-over'), ('sustain_180', '180 days after hand-over')], max_length=11)),
                ('due_on', models.DateField()),
                ('planned_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('called_off_at', models.DateTimeField(blank=True, null=True)),
                ('reason', models.CharField(blank=True, max_length=1000)),
            ],
            options={
                'ordering': ['due_on', 'id'],
            },
        ),
        migrations.CreateModel(
            name='VisitPaper',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('linked_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'ordering': ['visit', 'linked_at'],
            },
        ),
        migrations.AddField(
            model_name='monitoringvisit',
            name='exactness',
            field=models.CharField(blank=True, choices=[('1', 'Exact'), ('2', 'Approximate')], max_length=1),
        ),
        migrations.AddField(
            model_name='monitoringvisit',
            name='lat',
            field=models.DecimalField(blank=True, decimal_places=6, max_digits=8, null=True),
        ),
        migrations.AddField(
            model_name='monitoringvisit',
            name='lon',
            field=models.DecimalField(blank=True, decimal_places=6, max_digits=9, null=True),
        ),
        migrations.AddConstraint(
            model_name='monitoringvisit',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('exactness', ''), ('lat__isnull', True), ('lon__isnull', True)), models.Q(('lat__gte', -90), ('lat__lte', 90), ('lon__gte', -180), ('lon__lte', 180), ('exactness__in', ['1', '2'])), _connector='OR'), name='a_visits_point_says_how_exact_it_is'),
        ),
        migrations.AddConstraint(
            model_name='districtweek',
            constraint=models.UniqueConstraint(fields=('district', 'week_start', 'site_code'), name='a_districts_week_is_shared_once_a_site'),
        ),
        migrations.AddConstraint(
            model_name='districtweek',
            constraint=models.CheckConstraint(condition=models.Q(('incidents__isnull', True), ('incidents', 0), ('incidents__gte', 3), _connector='OR'), name='one_or_two_incidents_are_hidden'),
        ),
        migrations.AddField(
            model_name='findingescalation',
            name='finding',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='escalations', to='grants.finding'),
        ),
        migrations.AddField(
            model_name='handover',
            name='by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='grants.officer'),
        ),
        migrations.AddField(
            model_name='handover',
            name='finding',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='handovers', to='grants.finding'),
        ),
        migrations.AddField(
            model_name='handover',
            name='from_officer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='grants.officer'),
        ),
        migrations.AddField(
            model_name='handover',
            name='grant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='handovers', to='grants.grant'),
        ),
        migrations.AddField(
            model_name='handover',
            name='to_officer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='grants.officer'),
        ),
        migrations.AddField(
            model_name='payrollflag',
            name='decided_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='grants.officer'),
        ),
        migrations.AddField(
            model_name='payrolllist',
            name='certified_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='grants.officer'),
        ),
        migrations.AddField(
            model_name='payrolllist',
            name='grant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payroll_lists', to='grants.grant'),
        ),
        migrations.AddField(
            model_name='payrolllist',
            name='made_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='grants.officer'),
        ),
        migrations.AddField(
            model_name='payrolllist',
            name='payment',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='payroll', to='grants.paymentrequest'),
        ),
        migrations.AddField(
            model_name='payrollflag',
            name='list',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='flags', to='grants.payrolllist'),
        ),
        migrations.AddField(
            model_name='payrollrow',
            name='added_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='grants.officer'),
        ),
        migrations.AddField(
            model_name='payrollrow',
            name='list',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='rows', to='grants.payrolllist'),
        ),
        migrations.AddField(
            model_name='payrollrow',
            name='struck_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='grants.officer'),
        ),
        migrations.AddField(
            model_name='payrollflag',
            name='other',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='grants.payrollrow'),
        ),
        migrations.AddField(
            model_name='payrollflag',
            name='row',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='flags', to='grants.payrollrow'),
        ),
        migrations.AddField(
            model_name='plannedvisit',
            name='called_off_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='grants.officer'),
        ),
        migrations.AddField(
            model_name='plannedvisit',
            name='grant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='planned_visits', to='grants.grant'),
        ),
        migrations.AddField(
            model_name='plannedvisit',
            name='planned_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='grants.officer'),
        ),
        migrations.AddField(
            model_name='plannedvisit',
            name='visit',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='planned_as', to='grants.monitoringvisit'),
        ),
        migrations.AddField(
            model_name='visitpaper',
            name='document',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='of_visit', to='grants.document'),
        ),
        migrations.AddField(
            model_name='visitpaper',
            name='linked_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='grants.officer'),
        ),
        migrations.AddField(
            model_name='visitpaper',
            name='visit',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='papers', to='grants.monitoringvisit'),
        ),
        migrations.AddConstraint(
            model_name='findingescalation',
            constraint=models.UniqueConstraint(fields=('finding', 'days'), name='a_finding_comes_up_once_a_level'),
        ),
        migrations.AddConstraint(
            model_name='findingescalation',
            constraint=models.CheckConstraint(condition=models.Q(('days__in', [15, 30, 60])), name='findings_come_up_at_15_30_60_days'),
        ),
        migrations.AddConstraint(
            model_name='handover',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('from_officer', models.F('to_officer')), _negated=True), models.Q(('reason', ''), _negated=True)), name='a_handover_is_to_somebody_else_for_a_reason'),
        ),
        migrations.AddIndex(
            model_name='payrolllist',
            index=models.Index(fields=['period_from', 'period_to'], name='payroll_by_period'),
        ),
        migrations.AddConstraint(
            model_name='payrolllist',
            constraint=models.UniqueConstraint(fields=('grant', 'number'), name='a_payroll_list_has_its_number'),
        ),
        migrations.AddConstraint(
            model_name='payrolllist',
            constraint=models.CheckConstraint(condition=models.Q(('period_to__gte', models.F('period_from'))), name='a_payroll_period_ends_after_it_begins'),
        ),
        migrations.AddConstraint(
            model_name='payrolllist',
            constraint=models.CheckConstraint(condition=models.Q(('control_total__gt', 0)), name='a_control_total_is_an_amount'),
        ),
        migrations.AddConstraint(
            model_name='payrolllist',
            constraint=models.CheckConstraint(condition=models.Q(('certified_by__isnull', True), models.Q(('certified_by', models.F('made_by')), _negated=True), _connector='OR'), name='who_makes_a_list_does_not_certify_it'),
        ),
        migrations.AddConstraint(
            model_name='payrolllist',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('certified_by__isnull', True), ('reason', ''), ('state', 'DRAFT')), models.Q(('certified_at__isnull', False), ('certified_by__isnull', False), ('payment__isnull', False), ('state', 'CERTIFIED')), models.Q(('certified_by__isnull', True), ('payment__isnull', True), ('state', 'DROPPED'), models.Q(('reason', ''), _negated=True)), _connector='OR'), name='a_payroll_list_is_certified_or_dropped_by_the_rules'),
        ),
        migrations.AddIndex(
            model_name='payrollrow',
            index=models.Index(fields=['name_key'], name='payroll_by_name'),
        ),
        migrations.AddIndex(
            model_name='payrollrow',
            index=models.Index(condition=models.Q(('phone_key', ''), _negated=True), fields=['phone_key'], name='payroll_by_phone'),
        ),
        migrations.AddIndex(
            model_name='payrollrow',
            index=models.Index(condition=models.Q(('mark_hash', ''), _negated=True), fields=['mark_hash'], name='payroll_by_mark'),
        ),
        migrations.AddConstraint(
            model_name='payrollrow',
            constraint=models.UniqueConstraint(fields=('list', 'number'), name='a_payroll_row_has_its_number'),
        ),
        migrations.AddConstraint(
            model_name='payrollrow',
            constraint=models.UniqueConstraint(condition=models.Q(('struck_at__isnull', True)), fields=('list', 'person_key'), name='a_person_stands_once_on_a_payroll_list'),
        ),
        migrations.AddConstraint(
            model_name='payrollrow',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', 0), ('days__gt', 0), ('rate__gt', 0)), name='a_payroll_row_pays_for_days'),
        ),
        migrations.AddConstraint(
            model_name='payrollrow',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('mark', 'none'), ('mark_hash', '')), models.Q(models.Q(('mark', 'none'), _negated=True), ('mark_hash__regex', '^[0-9a-f]{64}$')), _connector='OR'), name='a_mark_is_known_by_its_hash'),
        ),
        migrations.AddConstraint(
            model_name='payrollrow',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('strike_reason', ''), ('struck_at__isnull', True), ('struck_by__isnull', True)), models.Q(('struck_at__isnull', False), ('struck_by__isnull', False), models.Q(('strike_reason', ''), _negated=True)), _connector='OR'), name='a_payroll_row_is_struck_by_somebody_for_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='payrollflag',
            constraint=models.UniqueConstraint(fields=('list', 'kind', 'row', 'other', 'found_with'), name='a_sign_is_raised_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='payrollflag',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_by__isnull', True), ('reason', ''), ('verdict', '')), models.Q(models.Q(('verdict', ''), _negated=True), ('decided_at__isnull', False), ('decided_by__isnull', False), models.Q(('reason', ''), _negated=True)), _connector='OR'), name='a_sign_is_decided_by_somebody_for_a_reason'),
        ),
        migrations.AddIndex(
            model_name='plannedvisit',
            index=models.Index(condition=models.Q(('called_off_at__isnull', True), ('visit__isnull', True)), fields=['due_on'], name='visits_that_wait'),
        ),
        migrations.AddConstraint(
            model_name='plannedvisit',
            constraint=models.UniqueConstraint(fields=('grant', 'kind', 'due_on'), name='a_visit_is_planned_once_a_day'),
        ),
        migrations.AddConstraint(
            model_name='plannedvisit',
            constraint=models.UniqueConstraint(condition=models.Q(('called_off_at__isnull', True), ('kind__in', ['sustain_90', 'sustain_180'])), fields=('grant', 'kind'), name='a_sustainment_visit_is_planned_once'),
        ),
        migrations.AddConstraint(
            model_name='plannedvisit',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('called_off_at__isnull', True), ('called_off_by__isnull', True), ('reason', '')), models.Q(('called_off_at__isnull', False), ('called_off_by__isnull', False), ('visit__isnull', True), models.Q(('reason', ''), _negated=True)), _connector='OR'), name='a_visit_is_called_off_by_somebody_for_a_reason'),
        ),
        *(Access(f"grants_{table}", app=rights, reo=rights) for table, rights in RIGHTS.items()),
        Access("grants_findingescalation", app=ONCE, reo="SELECT"),
        migrations.RunSQL(APPEND_ONLY + VISITS + OWNERS + PAYROLL + SHARED_WEEKS, BACKWARDS),
    ]
