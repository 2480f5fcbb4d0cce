import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from ceasefire.database.operations import Access, QuickMigration

RUNS = """
-- Runs and files of reports are complete when they are entered and never change afterwards: their
-- pieces come first, the row that names them last.
CREATE FUNCTION public.grants_number_run() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  there bigint;
  session_user_id text := nullif(current_setting('app.user_id', true), '');
BEGIN
  IF session_user_id IS NOT NULL AND session_user_id IS DISTINCT FROM NEW.by_id::text THEN
    PERFORM public.grants_refuse('nobody acts in the name of somebody else');
  END IF;
  SELECT coalesce(sum(rows), 0) INTO there FROM public.grants_reportrunpart WHERE run_id = NEW.id;
  IF there <> NEW.rows THEN
    PERFORM public.grants_refuse('a run holds all of its rows');
  END IF;
  -- One at a time, so that no number is left out.
  PERFORM pg_advisory_xact_lock(4707186135263056);
  NEW.number := (SELECT coalesce(max(number), 0) + 1 FROM public.grants_reportrun);
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_number_run BEFORE INSERT ON public.grants_reportrun
  FOR EACH ROW EXECUTE FUNCTION public.grants_number_run();

CREATE FUNCTION public.grants_whole_file() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  octets bigint;
BEGIN
  SELECT coalesce(sum(length(p.octets)), 0) INTO octets
    FROM public.grants_reportfilepart p WHERE p.file_id = NEW.id;
  IF octets <> NEW.size THEN
    PERFORM public.grants_refuse('a file holds all of its octets');
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_whole_file BEFORE INSERT ON public.grants_reportfile
  FOR EACH ROW EXECUTE FUNCTION public.grants_whole_file();

CREATE FUNCTION public.grants_part_of_a_whole() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  IF TG_TABLE_NAME = 'grants_reportrunpart' THEN
    IF EXISTS (SELECT FROM public.grants_reportrun WHERE id = NEW.run_id) THEN
      PERFORM public.grants_refuse('nothing is added to a run');
    END IF;
  ELSIF EXISTS (SELECT FROM public.grants_reportfile WHERE id = NEW.file_id) THEN
    PERFORM public.grants_refuse('nothing is added to a file');
  END IF;
  RETURN NEW;
END
$$;
"""

TRIGGERS = "".join(
    f"""
CREATE TRIGGER grants_part_of_a_whole BEFORE INSERT ON public.grants_{table}
  FOR EACH ROW EXECUTE FUNCTION public.grants_part_of_a_whole();
"""
    for table in ("reportrunpart", "reportfilepart")
) + "".join(
    f"""
CREATE TRIGGER grants_never_changes BEFORE UPDATE OR DELETE ON public.grants_{table}
  FOR EACH ROW EXECUTE FUNCTION public.grants_never_changes();
"""
    for table in ("reportrun", "reportrunpart", "reportfile", "reportfilepart")
)

# REO's role may not read jobs: of its own request it learns how far the worker is, and may stop it.
JOBS = """
CREATE FUNCTION public.grants_request_progress(request uuid)
RETURNS TABLE (state text, done int, total int, stopping boolean)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT j.state::text, j.done_count::int, j.total_count::int, j.cancel_requested
    FROM public.grants_reportrequest r JOIN public.jobs_job j ON j.id = r.job_id
   WHERE r.id = request AND j.kind = 'grants.report'
     AND r.by_id::text = current_setting('app.user_id', true)
$$;

CREATE FUNCTION public.grants_request_stop(request uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  UPDATE public.jobs_job j
     SET cancel_requested = true,
         state = CASE j.state WHEN 'queued' THEN 'cancelled' ELSE j.state END,
         finished_at = CASE j.state WHEN 'queued' THEN clock_timestamp() ELSE j.finished_at END
    FROM public.grants_reportrequest r
   WHERE r.id = request AND r.job_id = j.id AND j.kind = 'grants.report'
     AND j.state IN ('queued', 'running')
     AND r.by_id::text = current_setting('app.user_id', true);
  RETURN FOUND;
END
$$;
"""

# A figure from the donor: entered by one officer, confirmed by another, withdrawn, never edited.
FIGURES = """
CREATE FUNCTION public.grants_guard_figure() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  free text[] := ARRAY['confirmed_by_id', 'confirmed_at', 'withdrawn_by_id', 'withdrawn_at'];
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.confirmed_at IS NOT NULL OR NEW.withdrawn_at IS NOT NULL THEN
      PERFORM public.grants_refuse('a second person confirms later');
    END IF;
    PERFORM public.grants_acts(NEW.entered_by_id, 'officer');
    RETURN NEW;
  END IF;
  IF to_jsonb(NEW) - free IS DISTINCT FROM to_jsonb(OLD) - free THEN
    PERFORM public.grants_refuse('what one person entered is never edited');
  END IF;
  IF OLD.withdrawn_at IS NOT NULL THEN
    PERFORM public.grants_refuse('a withdrawn figure stays so');
  END IF;
  IF OLD.confirmed_at IS NOT NULL
     AND (NEW.confirmed_at, NEW.confirmed_by_id) IS DISTINCT FROM
         (OLD.confirmed_at, OLD.confirmed_by_id) THEN
    PERFORM public.grants_refuse('what was confirmed stays so');
  END IF;
  IF OLD.confirmed_at IS NULL AND NEW.confirmed_at IS NOT NULL THEN
    PERFORM public.grants_acts(NEW.confirmed_by_id, 'certifier');
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_guard_figure BEFORE INSERT OR UPDATE ON public.grants_fundfigure
  FOR EACH ROW EXECUTE FUNCTION public.grants_guard_figure();
CREATE TRIGGER grants_never_goes BEFORE DELETE ON public.grants_fundfigure
  FOR EACH ROW EXECUTE FUNCTION public.grants_never_changes();
"""

BACKWARDS = """
DROP TRIGGER grants_never_changes ON public.grants_reportrun;
DROP TRIGGER grants_never_changes ON public.grants_reportrunpart;
DROP TRIGGER grants_never_changes ON public.grants_reportfile;
DROP TRIGGER grants_never_changes ON public.grants_reportfilepart;
DROP TRIGGER grants_never_goes ON public.grants_fundfigure;
DROP FUNCTION public.grants_number_run() CASCADE;
DROP FUNCTION public.grants_whole_file() CASCADE;
DROP FUNCTION public.grants_part_of_a_whole() CASCADE;
DROP FUNCTION public.grants_request_progress(uuid);
DROP FUNCTION public.grants_request_stop(uuid);
DROP FUNCTION public.grants_guard_figure() CASCADE;
"""

ONCE = "SELECT, INSERT"
#: The application's rights and REO's.
RIGHTS = {
    "reportrun": ONCE,
    "reportrunpart": ONCE,
    "reportfile": ONCE,
    "reportfilepart": ONCE,
    "reportrequest": "SELECT, INSERT, UPDATE (run_id, done)",
    "fundfigure": "SELECT, INSERT, UPDATE (confirmed_by_id, confirmed_at, withdrawn_by_id, withdrawn_at)",
}


class Migration(QuickMigration):
    """Numbered runs of reports and their files, and figures of a fund from its donor."""

    dependencies = [
        ("grants", "0006_publishing"),
        ("jobs", "0002_outbox"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ReportRun",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.PositiveBigIntegerField(unique=True)),
                ("report", models.CharField(max_length=16)),
                ("filters", models.JSONField(default=dict)),
                ("by_code", models.CharField(blank=True, max_length=60)),
                ("at", models.DateTimeField()),
                ("day", models.DateField()),
                ("ledger_seq", models.PositiveBigIntegerField()),
                ("ledger_hash", models.CharField(blank=True, max_length=64)),
                ("rows", models.PositiveIntegerField()),
                ("totals", models.JSONField(default=dict)),
                ("lines", models.JSONField(default=list)),
                ("chart", models.JSONField(null=True)),
                ("sha256", models.CharField(max_length=64)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-number"],
            },
        ),
        migrations.CreateModel(
            name="ReportRequest",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("report", models.CharField(max_length=16)),
                ("filters", models.JSONField(default=dict)),
                (
                    "format",
                    models.CharField(
                        choices=[
                            ("csv", "CSV"),
                            ("control", "Control sheet (CSV)"),
                            ("xlsx", "XLSX"),
                            ("pdf", "PDF"),
                            ("json", "JSON"),
                        ],
                        max_length=8,
                    ),
                ),
                ("language", models.CharField(max_length=2)),
                (
                    "digits",
                    models.CharField(
                        choices=[("western", "1, 2, 3"), ("arabic", "١، ٢، ٣")],
                        default="western",
                        max_length=8,
                    ),
                ),
                ("done", models.BooleanField(default=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="jobs.job",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="grants.reportrun",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at"],
            },
        ),
        migrations.CreateModel(
            name="ReportFile",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "format",
                    models.CharField(
                        choices=[
                            ("csv", "CSV"),
                            ("control", "Control sheet (CSV)"),
                            ("xlsx", "XLSX"),
                            ("pdf", "PDF"),
                            ("json", "JSON"),
                        ],
                        max_length=8,
                    ),
                ),
                ("language", models.CharField(max_length=2)),
                (
                    "digits",
                    models.CharField(
                        choices=[("western", "1, 2, 3"), ("arabic", "١، ٢، ٣")],
                        default="western",
                        max_length=8,
                    ),
                ),
                ("size", models.PositiveBigIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                (
                    "made_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="files",
                        to="grants.reportrun",
                    ),
                ),
            ],
            options={
                "ordering": ["run", "format", "language", "digits"],
            },
        ),
        migrations.CreateModel(
            name="ReportRunPart",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("rows", models.PositiveIntegerField()),
                ("packed", models.BinaryField()),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parts",
                        to="grants.reportrun",
                    ),
                ),
            ],
            options={
                "ordering": ["run", "number"],
            },
        ),
        migrations.CreateModel(
            name="FundFigure",
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
                    "kind",
                    models.CharField(
                        choices=[
                            ("receipt", "Cash received from the donor (10a)"),
                            ("required", "Recipient share required (10i)"),
                            ("share", "Recipient share of expenditures (10j)"),
                            ("earned", "Program income earned (10l)"),
                            ("deducted", "Program income spent, deduction (10m)"),
                            ("added", "Program income spent, addition (10n)"),
                            ("indirect", "Indirect expense (11)"),
                        ],
                        max_length=8,
                    ),
                ),
                ("amount_usd", models.DecimalField(decimal_places=2, default=0, max_digits=14)),
                ("on", models.DateField()),
                ("reference", models.CharField(max_length=60)),
                ("withdrawn_at", models.DateTimeField(null=True)),
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
                        related_name="figures",
                        to="grants.fund",
                    ),
                ),
                (
                    "withdrawn_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="grants.officer",
                    ),
                ),
            ],
            options={
                "ordering": ["fund", "on", "entered_at"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("confirmed_at__isnull", True), ("confirmed_by__isnull", True)
                            ),
                            models.Q(
                                ("confirmed_at__isnull", False),
                                ("confirmed_by__isnull", False),
                                models.Q(("confirmed_by", models.F("entered_by")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="a_figure_is_confirmed_by_a_second_person",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount_usd__gt", 0)), name="a_figure_is_of_an_amount"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reference", ""), _negated=True),
                        name="a_figure_has_a_reference",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("withdrawn_at__isnull", True), ("withdrawn_by__isnull", True)
                            ),
                            models.Q(
                                ("withdrawn_at__isnull", False), ("withdrawn_by__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="a_figure_is_withdrawn_by_somebody",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReportFilePart",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("octets", models.BinaryField()),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parts",
                        to="grants.reportfile",
                    ),
                ),
            ],
            options={
                "ordering": ["file", "number"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("file", "number"), name="a_piece_of_a_run_stands_once"
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="reportrun",
            index=models.Index(fields=["report", "-number"], name="runs_of_a_report"),
        ),
        migrations.AddConstraint(
            model_name="reportrun",
            constraint=models.CheckConstraint(
                condition=models.Q(("number__gte", 1)), name="runs_are_numbered_from_one"
            ),
        ),
        migrations.AddConstraint(
            model_name="reportrun",
            constraint=models.CheckConstraint(
                condition=models.Q(("sha256__regex", "^[0-9a-f]{64}$")),
                name="a_run_is_known_by_its_hash",
            ),
        ),
        migrations.AddConstraint(
            model_name="reportfile",
            constraint=models.UniqueConstraint(
                fields=("run", "format", "language", "digits"), name="a_file_of_a_run_is_made_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="reportrunpart",
            constraint=models.UniqueConstraint(
                fields=("run", "number"), name="a_part_of_a_run_stands_once"
            ),
        ),
        migrations.RunSQL(RUNS + TRIGGERS + JOBS + FIGURES, BACKWARDS),
        *(Access(f"grants_{table}", app=rights, reo=rights) for table, rights in RIGHTS.items()),
    ]
