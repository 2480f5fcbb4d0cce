import uuid

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from ceasefire.database.operations import Access, QuickMigration
from ceasefire.text import search_key

#: Rows that are never changed but for their seal, which another key of the vault may renew.
SEALED = ("screeningrun", "screeninghit", "screeningdisposition")

SUBJECTS = """
-- The organisations that a clearance of a grant is about: grantee, implementer, chosen vendor.
CREATE FUNCTION public.grants_subjects(of_grant uuid) RETURNS SETOF uuid
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT grantee_id FROM public.grants_grant WHERE id = of_grant AND grantee_id IS NOT NULL
  UNION SELECT implementer_id FROM public.grants_grant
   WHERE id = of_grant AND implementer_id IS NOT NULL
  UNION SELECT vendor_id FROM public.grants_quote WHERE grant_id = of_grant AND chosen
$$;

-- What a run lacks to speak for its subject: everything decided, nobody the same.
CREATE FUNCTION public.grants_run_obstacles(of_run uuid) RETURNS SETOF text
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT 'TRUE_MATCH' WHERE EXISTS (
    SELECT FROM public.grants_screeningdisposition
     WHERE run_id = of_run AND disposition = 'TRUE_MATCH')
  UNION ALL
  SELECT 'HIT_ESCALATED' WHERE EXISTS (
    SELECT FROM public.grants_screeningdisposition d
     WHERE d.run_id = of_run AND d.disposition = 'ESCALATED' AND NOT EXISTS (
       SELECT FROM public.grants_screeningdisposition later WHERE later.corrects_id = d.id))
  UNION ALL
  SELECT 'HIT_OPEN' FROM public.grants_screeningrun r
   WHERE r.id = of_run AND r.hit_count > (
     SELECT count(DISTINCT d.hit_id) FROM public.grants_screeningdisposition d
      WHERE d.run_id = of_run)
  UNION ALL
  SELECT 'NOT_SIGNED' FROM public.grants_screeningrun r
   WHERE r.id = of_run AND r.hit_count = 0 AND NOT EXISTS (
     SELECT FROM public.grants_screeningdisposition d WHERE d.run_id = of_run)
$$;

-- All that stands between a grant and being screened on a day. The run that counts is the last one
-- of the subject as it is named now, made on that day or before; and nothing may be open in the
-- last one of all, or a later finding would be passed by with an earlier day.
CREATE FUNCTION public.grants_screening_obstacles(of_grant uuid, day date)
RETURNS TABLE (organisation uuid, person uuid, run uuid, obstacle text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp
AS $$
  WITH asked AS (
    SELECT r.sources, r.max_days FROM public.grants_screeningrule r
      JOIN public.grants_grant g ON g.fund_id = r.fund_id
     WHERE g.id = of_grant AND r.confirmed_at IS NOT NULL
       AND r.valid_from <= day AND (r.valid_to IS NULL OR r.valid_to > day)),
  subject AS (
    SELECT o.id AS organisation, NULL::uuid AS person, o.version
      FROM public.grants_organisation o
     WHERE o.id IN (SELECT public.grants_subjects(of_grant))
    UNION ALL
    SELECT p.organisation_id, p.id, p.version FROM public.grants_organisationperson p
     WHERE p.organisation_id IN (SELECT public.grants_subjects(of_grant)) AND p.left_at IS NULL),
  ran AS (
    SELECT s.organisation, s.person,
      (SELECT r.id FROM public.grants_screeningrun r
        WHERE r.organisation_id = s.organisation AND r.person_id IS NOT DISTINCT FROM s.person
          AND r.version = s.version
        ORDER BY r.at DESC, r.written_at DESC, r.id LIMIT 1) AS latest,
      (SELECT r.id FROM public.grants_screeningrun r
        WHERE r.organisation_id = s.organisation AND r.person_id IS NOT DISTINCT FROM s.person
          AND r.version = s.version AND public.grants_day(r.at) <= day
        ORDER BY r.at DESC, r.written_at DESC, r.id LIMIT 1) AS on_day
      FROM subject s)
  SELECT NULL::uuid, NULL::uuid, NULL::uuid, 'NO_RULE' WHERE NOT EXISTS (SELECT FROM asked)
  UNION ALL
  SELECT organisation, person, NULL::uuid, 'UNSCREENED' FROM ran WHERE on_day IS NULL
  UNION ALL
  SELECT organisation, person, on_day, 'LIST_MISSING' FROM ran, asked
   WHERE on_day IS NOT NULL AND EXISTS (
     SELECT FROM unnest(asked.sources) AS wanted WHERE NOT EXISTS (
       SELECT FROM public.grants_screeningrunlist u
         JOIN public.grants_screeninglist l ON l.id = u.list_id
        WHERE u.run_id = on_day AND l.source = wanted))
  UNION ALL
  SELECT organisation, person, on_day, 'LIST_STALE' FROM ran, asked
   WHERE on_day IS NOT NULL AND EXISTS (
     SELECT FROM public.grants_screeningrunlist u
       JOIN public.grants_screeninglist l ON l.id = u.list_id
      WHERE u.run_id = on_day AND l.source = ANY (asked.sources)
        AND NOT (day - l.dated BETWEEN 0 AND asked.max_days))
  UNION ALL
  SELECT organisation, person, latest, public.grants_run_obstacles(latest) FROM ran
   WHERE latest IS NOT NULL
  UNION ALL
  SELECT organisation, person, on_day, public.grants_run_obstacles(on_day) FROM ran
   WHERE on_day IS NOT NULL AND on_day <> latest
$$;
"""

LISTS = """
CREATE FUNCTION public.grants_guard_list() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'WAITING' OR NEW.entries <> 0 OR NEW.names <> 0 THEN
      PERFORM public.grants_refuse('a list file waits to be read');
    END IF;
    PERFORM public.grants_acts(NEW.uploaded_by_id, 'vetting');
    RETURN NEW;
  END IF;
  IF (NEW.source, NEW.format, NEW.sha256, NEW.size, NEW.uploaded_by_id, NEW.uploaded_at)
     IS DISTINCT FROM
     (OLD.source, OLD.format, OLD.sha256, OLD.size, OLD.uploaded_by_id, OLD.uploaded_at)
     OR (OLD.dated IS NOT NULL AND NEW.dated IS DISTINCT FROM OLD.dated)
     OR OLD.state IN ('READY', 'REFUSED', 'STOPPED')
     OR (OLD.state = 'READING' AND NEW.state = 'WAITING')
     OR (OLD.state = 'WAITING' AND NEW.state = 'READY') THEN
    PERFORM public.grants_refuse('a list stands as it was uploaded and read');
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_guard_list BEFORE INSERT OR UPDATE ON public.grants_screeninglist
  FOR EACH ROW EXECUTE FUNCTION public.grants_guard_list();

CREATE FUNCTION public.grants_guard_list_part() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  stands text;
BEGIN
  SELECT state INTO stands FROM public.grants_screeninglist
   WHERE id = CASE WHEN TG_OP = 'DELETE' THEN OLD.list_id ELSE NEW.list_id END FOR SHARE;
  IF TG_OP = 'INSERT' AND stands = 'WAITING' THEN
    RETURN NEW;
  END IF;
  IF TG_OP = 'DELETE' AND stands IN ('REFUSED', 'STOPPED') THEN
    RETURN OLD;
  END IF;
  PERFORM public.grants_refuse('the pieces of a list stand as they were uploaded');
END
$$;
CREATE TRIGGER grants_guard_list_part
  BEFORE INSERT OR UPDATE OR DELETE ON public.grants_screeninglistpart
  FOR EACH ROW EXECUTE FUNCTION public.grants_guard_list_part();

CREATE FUNCTION public.grants_guard_screening_rule() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  free text[] := ARRAY['confirmed_by_id', 'confirmed_at', 'valid_to'];
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.confirmed_at IS NOT NULL THEN
      PERFORM public.grants_refuse('a second person confirms later');
    END IF;
    IF NOT EXISTS (SELECT FROM public.grants_officer
                    WHERE user_id = NEW.entered_by_id AND is_active
                      AND duties && ARRAY['vetting', 'officer']::varchar[]) THEN
      PERFORM public.grants_refuse('vetting and grants officers say which lists are asked for');
    END IF;
    RETURN NEW;
  END IF;
  IF to_jsonb(NEW) - free IS DISTINCT FROM to_jsonb(OLD) - free THEN
    PERFORM public.grants_refuse('what one person entered is never edited');
  END IF;
  IF OLD.confirmed_at IS NOT NULL
     AND (NEW.confirmed_at, NEW.confirmed_by_id) IS DISTINCT FROM
         (OLD.confirmed_at, OLD.confirmed_by_id) THEN
    PERFORM public.grants_refuse('what was confirmed stays so');
  END IF;
  IF OLD.valid_to IS NOT NULL AND NEW.valid_to IS DISTINCT FROM OLD.valid_to THEN
    PERFORM public.grants_refuse('what was closed stays so');
  END IF;
  IF OLD.confirmed_at IS NULL AND NEW.confirmed_at IS NOT NULL AND NOT EXISTS (
       SELECT FROM public.grants_officer
        WHERE user_id = NEW.confirmed_by_id AND is_active
          AND duties && ARRAY['vetting', 'officer', 'approver', 'certifier', 'payer',
                              'closeout']::varchar[]) THEN
    PERFORM public.grants_refuse('this officer holds no duty for that');
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_guard_screening_rule
  BEFORE INSERT OR UPDATE ON public.grants_screeningrule
  FOR EACH ROW EXECUTE FUNCTION public.grants_guard_screening_rule();
"""

RUNS = """
CREATE FUNCTION public.grants_guard_screening() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'WAITING' THEN
      PERFORM public.grants_refuse('a screening waits to be done');
    END IF;
    PERFORM public.grants_acts(NEW.asked_by_id, 'vetting');
    IF NEW.asked_by_id = ANY (public.grants_people(NEW.grant_id, 'requester')) THEN
      PERFORM public.grants_refuse('who asks does not screen');
    END IF;
    RETURN NEW;
  END IF;
  IF (NEW.grant_id, NEW.asked_by_id, NEW.asked_at)
     IS DISTINCT FROM (OLD.grant_id, OLD.asked_by_id, OLD.asked_at)
     OR OLD.state IN ('DONE', 'FAILED', 'STOPPED') THEN
    PERFORM public.grants_refuse('a screening stands as it was asked for and done');
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_guard_screening BEFORE INSERT OR UPDATE ON public.grants_screening
  FOR EACH ROW EXECUTE FUNCTION public.grants_guard_screening();

CREATE FUNCTION public.grants_run() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  asked public.grants_screening;
  stands int;
BEGIN
  PERFORM public.grants_acts(NEW.officer_id, 'vetting');
  SELECT * INTO asked FROM public.grants_screening WHERE id = NEW.screening_id;
  IF asked.grant_id <> NEW.grant_id OR asked.asked_by_id <> NEW.officer_id
     OR asked.state NOT IN ('WAITING', 'RUNNING') THEN
    PERFORM public.grants_refuse('a run belongs to the screening that was asked for');
  END IF;
  IF NEW.organisation_id NOT IN (SELECT public.grants_subjects(NEW.grant_id)) THEN
    PERFORM public.grants_refuse('only subjects of the grant are screened for it');
  END IF;
  IF NEW.at > clock_timestamp() + interval '1 second' THEN
    PERFORM public.grants_refuse('nobody is screened ahead of time');
  END IF;
  -- A name that is being edited is waited for, and then it is another version.
  SELECT version INTO stands FROM public.grants_organisation
   WHERE id = NEW.organisation_id FOR SHARE;
  IF NEW.person_id IS NOT NULL THEN
    SELECT version INTO stands FROM public.grants_organisationperson
     WHERE id = NEW.person_id AND organisation_id = NEW.organisation_id;
  END IF;
  IF stands IS DISTINCT FROM NEW.version THEN
    PERFORM public.grants_refuse('the subject is another version by now');
  END IF;
  NEW.written_at := clock_timestamp();
  NEW.written_in := txid_current();
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_run BEFORE INSERT ON public.grants_screeningrun
  FOR EACH ROW EXECUTE FUNCTION public.grants_run();

CREATE FUNCTION public.grants_run_part() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  run public.grants_screeningrun;
  used public.grants_screeninglist;
BEGIN
  SELECT * INTO run FROM public.grants_screeningrun WHERE id = NEW.run_id;
  IF run.written_in IS DISTINCT FROM txid_current() THEN
    PERFORM public.grants_refuse('a run is written whole');
  END IF;
  IF TG_TABLE_NAME = 'grants_screeningrunlist' THEN
    SELECT * INTO used FROM public.grants_screeninglist WHERE id = NEW.list_id;
    IF used.state <> 'READY' OR EXISTS (
         SELECT FROM public.grants_screeningrunlist u
           JOIN public.grants_screeninglist l ON l.id = u.list_id
          WHERE u.run_id = NEW.run_id AND l.source = used.source) THEN
      PERFORM public.grants_refuse('a run is made against one edition of a list that was read');
    END IF;
  ELSIF NEW.number > run.hit_count THEN
    PERFORM public.grants_refuse('a run has as many hits as it says');
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_run_part BEFORE INSERT ON public.grants_screeningrunlist
  FOR EACH ROW EXECUTE FUNCTION public.grants_run_part();
CREATE TRIGGER grants_run_part BEFORE INSERT ON public.grants_screeninghit
  FOR EACH ROW EXECUTE FUNCTION public.grants_run_part();

CREATE FUNCTION public.grants_dispose() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  run public.grants_screeningrun;
  before public.grants_screeningdisposition;
BEGIN
  PERFORM public.grants_acts(NEW.officer_id, 'vetting');
  SELECT * INTO run FROM public.grants_screeningrun WHERE id = NEW.run_id;
  IF NEW.officer_id = ANY (public.grants_people(run.grant_id, 'requester')) THEN
    PERFORM public.grants_refuse('who asks does not judge a hit');
  END IF;
  IF NEW.at > clock_timestamp() + interval '1 second' OR NEW.at < run.at THEN
    PERFORM public.grants_refuse('a hit is decided after it was found');
  END IF;
  IF NEW.hit_id IS NULL THEN
    IF run.hit_count <> 0 OR NEW.corrects_id IS NOT NULL THEN
      PERFORM public.grants_refuse('a run is signed once, and only without hits');
    END IF;
  ELSIF NOT EXISTS (SELECT FROM public.grants_screeninghit
                     WHERE id = NEW.hit_id AND run_id = NEW.run_id) THEN
    PERFORM public.grants_refuse('a hit is decided in its run');
  END IF;
  IF NEW.corrects_id IS NOT NULL THEN
    SELECT * INTO before FROM public.grants_screeningdisposition WHERE id = NEW.corrects_id;
    IF before.hit_id IS DISTINCT FROM NEW.hit_id OR before.disposition = 'TRUE_MATCH' THEN
      PERFORM public.grants_refuse('the same is taken back by another screening alone');
    END IF;
  END IF;
  -- A clearance or a payment under way is waited for, and waits for this.
  PERFORM FROM public.grants_organisation WHERE id = run.organisation_id FOR NO KEY UPDATE;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_dispose BEFORE INSERT ON public.grants_screeningdisposition
  FOR EACH ROW EXECUTE FUNCTION public.grants_dispose();

-- Only the seal of a row may be renewed, under another key of the vault.
CREATE FUNCTION public.grants_sealed_anew() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF to_jsonb(NEW) - ARRAY['key_id', 'sealed'] IS DISTINCT FROM
     to_jsonb(OLD) - ARRAY['key_id', 'sealed'] THEN
    RAISE EXCEPTION 'a row of % is never changed or removed', TG_TABLE_NAME
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END
$$;
"""

LASTING = (
    "".join(
        f"""
CREATE TRIGGER grants_sealed_anew BEFORE UPDATE ON public.grants_{table}
  FOR EACH ROW EXECUTE FUNCTION public.grants_sealed_anew();
"""
        for table in SEALED
    )
    + "".join(
        f"""
CREATE TRIGGER grants_never_goes BEFORE DELETE ON public.grants_{table}
  FOR EACH ROW EXECUTE FUNCTION public.grants_never_changes();
"""
        for table in (*SEALED, "screeninglist", "screeningrule", "screening")
    )
    + "".join(
        f"""
CREATE TRIGGER grants_never_changes BEFORE UPDATE OR DELETE ON public.grants_{table}
  FOR EACH ROW EXECUTE FUNCTION public.grants_never_changes();
"""
        for table in ("screeningrunlist", "organisationblock")
    )
)

BACKWARDS = """
DROP FUNCTION public.grants_screening_obstacles, public.grants_run_obstacles, public.grants_subjects;
DROP FUNCTION public.grants_guard_list, public.grants_guard_list_part,
  public.grants_guard_screening_rule, public.grants_guard_screening, public.grants_run,
  public.grants_run_part, public.grants_dispose, public.grants_sealed_anew CASCADE;
"""


ORGANISATION_FACTS = (
    "name_en, name_ar, kind, district_id, registration_no, has_bank_account, status, publish_ok,"
    " search_text, skeletons"
)
ONCE = "SELECT, INSERT"
#: REO staff work under REO's role; the worker, and whoever renews the vault's keys, as the
#: application.
RIGHTS = {
    "organisation": (f"SELECT, INSERT, UPDATE ({ORGANISATION_FACTS})",) * 2,
    "organisationblock": (ONCE, ONCE),
    "screeninglist": (
        "SELECT, INSERT, UPDATE (state, done, dated, entries, names, refusal, refused_at_entry,"
        " read_at)",
    )
    * 2,
    "screeninglistpart": ("SELECT, INSERT, DELETE",) * 2,
    "screeningrule": ("SELECT, INSERT, UPDATE (confirmed_by_id, confirmed_at, valid_to)",) * 2,
    "screening": ("SELECT, INSERT, UPDATE (state, done, fault)",) * 2,
    "screeningrunlist": (ONCE, ONCE),
    **{table: ("SELECT, INSERT, UPDATE (key_id, sealed)", ONCE) for table in SEALED},
}


def find_again(apps, schema_editor):
    """Fill what organisations are found by."""
    from grants.screening.names import parts_of

    Organisation = apps.get_model("grants", "Organisation")
    for row in Organisation.objects.all():
        said = [row.name_en, row.name_ar, row.code, row.registration_no]
        row.search_text = " ".join(map(search_key, said))[:400]
        parts = [*parts_of(row.name_en), *parts_of(row.name_ar)]
        row.skeletons = sorted({part.skeleton[:40] for part in parts if part.weight >= 0.5} - {""})
        row.save(update_fields=["search_text", "skeletons"])


class Migration(QuickMigration):
    dependencies = [
        ("grants", "0007_report_runs"),
    ]

    operations = [
        migrations.AddField(
            model_name="organisation",
            name="search_text",
            field=models.CharField(blank=True, max_length=400),
        ),
        migrations.AddField(
            model_name="organisation",
            name="skeletons",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=40), blank=True, default=list, size=None
            ),
        ),
        migrations.CreateModel(
            name="Screening",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("asked_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("WAITING", "Waits"),
                            ("RUNNING", "Under way"),
                            ("DONE", "Done"),
                            ("FAILED", "Not done"),
                            ("STOPPED", "Stopped"),
                        ],
                        default="WAITING",
                        max_length=7,
                    ),
                ),
                ("done", models.PositiveSmallIntegerField(default=0)),
                ("fault", models.CharField(blank=True, max_length=40)),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="grants.officer",
                    ),
                ),
                (
                    "grant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="screenings",
                        to="grants.grant",
                    ),
                ),
            ],
            options={
                "ordering": ["-asked_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="ScreeningList",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("OFAC", "OFAC, specially designated nationals"),
                            ("UN", "UN Security Council, consolidated list"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "format",
                    models.CharField(
                        choices=[
                            ("ofac-csv", "OFAC, SDN.CSV and ALT.CSV"),
                            ("ofac-xml", "OFAC, SDN.XML"),
                            ("un-xml", "UN, consolidated XML"),
                        ],
                        max_length=8,
                    ),
                ),
                ("dated", models.DateField(null=True)),
                ("sha256", models.CharField(max_length=64)),
                ("size", models.PositiveBigIntegerField()),
                ("entries", models.PositiveIntegerField(default=0)),
                ("names", models.PositiveIntegerField(default=0)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("WAITING", "Waits to be read"),
                            ("READING", "Being read"),
                            ("READY", "Read"),
                            ("REFUSED", "Refused"),
                            ("STOPPED", "Stopped"),
                        ],
                        default="WAITING",
                        max_length=7,
                    ),
                ),
                ("done", models.PositiveSmallIntegerField(default=0)),
                ("refusal", models.CharField(blank=True, max_length=40)),
                ("refused_at_entry", models.CharField(blank=True, max_length=40)),
                (
                    "uploaded_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                ("read_at", models.DateTimeField(null=True)),
                (
                    "uploaded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="grants.officer",
                    ),
                ),
            ],
            options={
                "ordering": ["-uploaded_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="ScreeningListPart",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("file", models.PositiveSmallIntegerField()),
                ("number", models.PositiveSmallIntegerField()),
                ("content", models.BinaryField()),
                (
                    "list",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parts",
                        to="grants.screeninglist",
                    ),
                ),
            ],
            options={
                "ordering": ["list", "file", "number"],
            },
        ),
        migrations.CreateModel(
            name="ScreeningRule",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "entered_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                ("confirmed_at", models.DateTimeField(null=True)),
                (
                    "sources",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("OFAC", "OFAC, specially designated nationals"),
                                ("UN", "UN Security Council, consolidated list"),
                            ],
                            max_length=8,
                        ),
                        size=None,
                    ),
                ),
                ("max_days", models.PositiveSmallIntegerField()),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField(blank=True, null=True)),
                (
                    "confirmed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="grants.officer",
                    ),
                ),
                (
                    "entered_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="grants.officer",
                    ),
                ),
                (
                    "fund",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="screening_rules",
                        to="grants.fund",
                    ),
                ),
            ],
            options={
                "ordering": ["fund", "-valid_from", "-entered_at"],
            },
        ),
        migrations.CreateModel(
            name="ScreeningRun",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("subject_code", models.CharField(max_length=24)),
                ("version", models.PositiveIntegerField()),
                ("algorithm", models.CharField(max_length=40)),
                ("algorithm_version", models.CharField(max_length=10)),
                ("threshold", models.DecimalField(decimal_places=3, max_digits=4)),
                ("hit_count", models.PositiveIntegerField()),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "written_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                ("written_in", models.BigIntegerField(default=0, editable=False)),
                ("key_id", models.CharField(db_index=True, max_length=40)),
                ("sealed", models.BinaryField()),
                (
                    "grant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="screening_runs",
                        to="grants.grant",
                    ),
                ),
                (
                    "officer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="grants.officer",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="screening_runs",
                        to="grants.organisation",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="screening_runs",
                        to="grants.organisationperson",
                    ),
                ),
                (
                    "screening",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="runs",
                        to="grants.screening",
                    ),
                ),
            ],
            options={
                "ordering": ["-at", "-written_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="ScreeningHit",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("OFAC", "OFAC, specially designated nationals"),
                            ("UN", "UN Security Council, consolidated list"),
                        ],
                        max_length=8,
                    ),
                ),
                ("score", models.DecimalField(decimal_places=3, max_digits=4)),
                ("key_id", models.CharField(db_index=True, max_length=40)),
                ("sealed", models.BinaryField()),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="hits",
                        to="grants.screeningrun",
                    ),
                ),
            ],
            options={
                "ordering": ["run", "number"],
            },
        ),
        migrations.CreateModel(
            name="ScreeningDisposition",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "disposition",
                    models.CharField(
                        choices=[
                            ("CLEAR_NO_HIT", "Nobody found, signed"),
                            ("FALSE_POSITIVE", "Somebody else"),
                            ("ESCALATED", "Passed on"),
                            ("TRUE_MATCH", "The same"),
                        ],
                        max_length=14,
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("key_id", models.CharField(db_index=True, max_length=40)),
                ("sealed", models.BinaryField()),
                (
                    "corrects",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="corrected_by",
                        to="grants.screeningdisposition",
                    ),
                ),
                (
                    "officer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="grants.officer",
                    ),
                ),
                (
                    "hit",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="dispositions",
                        to="grants.screeninghit",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="dispositions",
                        to="grants.screeningrun",
                    ),
                ),
            ],
            options={
                "ordering": ["at", "id"],
            },
        ),
        migrations.CreateModel(
            name="ScreeningRunList",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "list",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="grants.screeninglist",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="used",
                        to="grants.screeningrun",
                    ),
                ),
            ],
            options={
                "ordering": ["run", "list"],
            },
        ),
        migrations.AddField(
            model_name="screeningrun",
            name="lists",
            field=models.ManyToManyField(
                related_name="runs", through="grants.ScreeningRunList", to="grants.screeninglist"
            ),
        ),
        migrations.CreateModel(
            name="OrganisationBlock",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("blocked", models.BooleanField()),
                ("reason", models.CharField(max_length=1000)),
                ("at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "officer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="grants.officer",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="blocks",
                        to="grants.organisation",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True),
                        name="a_block_has_a_reason",
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="screening",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["WAITING", "RUNNING"])),
                fields=("grant",),
                name="one_screening_of_a_grant_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="screening",
            constraint=models.CheckConstraint(
                condition=models.Q(("done__lte", 100)), name="a_screening_ends_at_its_end"
            ),
        ),
        migrations.AddConstraint(
            model_name="screeninglist",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["WAITING", "READING", "READY"])),
                fields=("sha256",),
                name="a_list_file_is_taken_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="screeninglist",
            constraint=models.CheckConstraint(
                condition=models.Q(("sha256__regex", "^[0-9a-f]{64}$")),
                name="a_list_is_known_by_its_hash",
            ),
        ),
        migrations.AddConstraint(
            model_name="screeninglist",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "READY"), _negated=True),
                    models.Q(
                        ("dated__isnull", False),
                        ("entries__gte", 1),
                        ("names__gte", 1),
                        ("read_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="a_list_that_was_read_has_a_day_and_entries",
            ),
        ),
        migrations.AddConstraint(
            model_name="screeninglist",
            constraint=models.CheckConstraint(
                condition=models.Q(("done__lte", 100)), name="a_list_is_read_to_its_end"
            ),
        ),
        migrations.AddConstraint(
            model_name="screeninglistpart",
            constraint=models.UniqueConstraint(
                fields=("list", "file", "number"), name="a_piece_of_a_list_stands_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="screeningrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("confirmed_at__isnull", True), ("confirmed_by__isnull", True)),
                    models.Q(
                        ("confirmed_at__isnull", False),
                        ("confirmed_by__isnull", False),
                        models.Q(("confirmed_by", models.F("entered_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="a_screening_rule_is_confirmed_by_a_second_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="screeningrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("sources__len__gte", 1)),
                name="a_screening_rule_asks_for_a_list",
            ),
        ),
        migrations.AddConstraint(
            model_name="screeningrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("max_days__gte", 1), ("max_days__lte", 730)),
                name="a_list_grows_old_within_two_years",
            ),
        ),
        migrations.AddConstraint(
            model_name="screeningrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_to__isnull", True),
                    ("valid_to__gte", models.F("valid_from")),
                    _connector="OR",
                ),
                name="a_screening_rule_ends_after_it_begins",
            ),
        ),
        migrations.AddConstraint(
            model_name="screeningrule",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("confirmed_at__isnull", False)),
                expressions=[
                    ("fund", "="),
                    (
                        models.Func(
                            models.F("valid_from"),
                            models.F("valid_to"),
                            function="daterange",
                            output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="screening_rules_of_a_fund_do_not_overlap",
            ),
        ),
        migrations.AddConstraint(
            model_name="screeninghit",
            constraint=models.UniqueConstraint(
                fields=("run", "number"), name="a_hit_has_its_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="screeninghit",
            constraint=models.CheckConstraint(
                condition=models.Q(("number__gte", 1), ("score__gt", 0), ("score__lte", 1)),
                name="a_score_is_a_share",
            ),
        ),
        migrations.AddConstraint(
            model_name="screeningdisposition",
            constraint=models.UniqueConstraint(
                condition=models.Q(("corrects__isnull", True), ("hit__isnull", True)),
                fields=("run",),
                name="a_run_is_signed_first_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="screeningdisposition",
            constraint=models.UniqueConstraint(
                condition=models.Q(("corrects__isnull", True), ("hit__isnull", False)),
                fields=("hit",),
                name="a_hit_is_decided_first_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="screeningdisposition",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("disposition", "CLEAR_NO_HIT"), ("hit__isnull", True)),
                    models.Q(
                        models.Q(("disposition", "CLEAR_NO_HIT"), _negated=True),
                        ("hit__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="a_run_without_hits_is_signed_and_a_hit_is_decided",
            ),
        ),
        migrations.AddConstraint(
            model_name="screeningrunlist",
            constraint=models.UniqueConstraint(
                fields=("run", "list"), name="a_list_is_used_once_a_run"
            ),
        ),
        migrations.AddIndex(
            model_name="screeningrun",
            index=models.Index(
                fields=["organisation", "person", "version", "-at", "-written_at"],
                name="runs_of_a_subject",
            ),
        ),
        migrations.AddIndex(
            model_name="screeningrun",
            index=models.Index(fields=["grant", "-at"], name="runs_for_a_grant"),
        ),
        migrations.AddConstraint(
            model_name="screeningrun",
            constraint=models.UniqueConstraint(
                fields=("screening", "subject_code"), name="a_subject_is_screened_once_a_time"
            ),
        ),
        migrations.RunSQL(SUBJECTS + LISTS + RUNS + LASTING, BACKWARDS),
        *(Access(f"grants_{table}", app=app, reo=reo) for table, (app, reo) in RIGHTS.items()),
        migrations.RunPython(find_again, migrations.RunPython.noop),
    ]
