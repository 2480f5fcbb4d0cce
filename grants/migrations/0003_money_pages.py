import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from ceasefire.database.operations import Access, QuickMigration

# As in 0002, and what was refused stays refused.
CONFIRMED = """
CREATE OR REPLACE FUNCTION public.grants_guard_confirmed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  free text[] := ARRAY['confirmed_by_id', 'confirmed_at', 'valid_to', 'withdrawn_by_id',
                       'withdrawn_at', 'refused_by_id', 'refused_at', 'refused_reason'];
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.confirmed_at IS NOT NULL THEN
      PERFORM public.grants_refuse('a second person confirms later');
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
  IF TG_TABLE_NAME = 'grants_exchangerate' THEN
    IF OLD.withdrawn_at IS NOT NULL THEN
      PERFORM public.grants_refuse('a withdrawn rate stays so');
    END IF;
  ELSE
    IF OLD.refused_at IS NOT NULL THEN
      PERFORM public.grants_refuse('what was refused stays so');
    END IF;
    IF OLD.valid_to IS NOT NULL AND NEW.valid_to IS DISTINCT FROM OLD.valid_to THEN
      PERFORM public.grants_refuse('what was closed stays so');
    END IF;
  END IF;
  RETURN NEW;
END
$$;
"""

STOPS = """
-- Somebody who holds one of these duties acts for themself.
CREATE FUNCTION public.grants_acts_as_one_of(who uuid, duties_asked text[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  session_user_id text := nullif(current_setting('app.user_id', true), '');
BEGIN
  IF session_user_id IS NOT NULL AND session_user_id <> who::text THEN
    PERFORM public.grants_refuse('nobody acts in the name of somebody else');
  END IF;
  IF NOT EXISTS (SELECT FROM public.grants_officer
                  WHERE user_id = who AND is_active AND duties && duties_asked::varchar[]) THEN
    PERFORM public.grants_refuse('this officer holds no duty for that');
  END IF;
END
$$;

CREATE FUNCTION public.grants_guard_stop() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  second text[] := ARRAY['officer', 'approver', 'certifier', 'payer', 'closeout'];
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.confirmed_at IS NOT NULL OR NEW.dropped_at IS NOT NULL OR NEW.lift_asked_at IS NOT NULL
       OR NEW.lifted_at IS NOT NULL THEN
      PERFORM public.grants_refuse('a second person confirms later');
    END IF;
    PERFORM public.grants_acts(NEW.entered_by_id, 'officer');
    RETURN NEW;
  END IF;
  IF (NEW.fund_id, NEW.district_id, NEW.reason, NEW.entered_by_id, NEW.entered_at)
     IS DISTINCT FROM (OLD.fund_id, OLD.district_id, OLD.reason, OLD.entered_by_id, OLD.entered_at)
     OR OLD.dropped_at IS NOT NULL OR OLD.lifted_at IS NOT NULL
     OR (OLD.confirmed_at IS NOT NULL
         AND (NEW.confirmed_at, NEW.confirmed_by_id) IS DISTINCT FROM
             (OLD.confirmed_at, OLD.confirmed_by_id)) THEN
    PERFORM public.grants_refuse('a stop stands as it was entered and confirmed');
  END IF;
  -- No payment is under way while a stop begins to hold: payments hold their fund.
  PERFORM FROM public.grants_fund WHERE id = NEW.fund_id FOR NO KEY UPDATE;
  IF OLD.confirmed_at IS NULL AND NEW.confirmed_at IS NOT NULL THEN
    PERFORM public.grants_acts_as_one_of(NEW.confirmed_by_id, second);
  END IF;
  IF NEW.dropped_at IS NOT NULL THEN
    PERFORM public.grants_acts_as_one_of(NEW.dropped_by_id, second);
  END IF;
  IF NEW.lift_asked_by_id IS DISTINCT FROM OLD.lift_asked_by_id
     AND NEW.lift_asked_by_id IS NOT NULL THEN
    PERFORM public.grants_acts(NEW.lift_asked_by_id, 'officer');
  END IF;
  IF NEW.lifted_at IS NOT NULL THEN
    IF NEW.lift_asked_by_id IS DISTINCT FROM OLD.lift_asked_by_id THEN
      PERFORM public.grants_refuse('lifting is asked for before it is done');
    END IF;
    PERFORM public.grants_acts_as_one_of(NEW.lifted_by_id, second);
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_guard_stop BEFORE INSERT OR UPDATE ON public.grants_paymentstop
  FOR EACH ROW EXECUTE FUNCTION public.grants_guard_stop();
CREATE TRIGGER grants_never_goes BEFORE DELETE ON public.grants_paymentstop
  FOR EACH ROW EXECUTE FUNCTION public.grants_never_changes();
CREATE TRIGGER grants_never_changes BEFORE UPDATE OR DELETE ON public.grants_ledgercheck
  FOR EACH ROW EXECUTE FUNCTION public.grants_never_changes();

-- By its name it runs after grants_post, which holds the fund: a stop and a payment that come at
-- once are one after the other.
CREATE FUNCTION public.grants_stopped() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  IF EXISTS (
    SELECT FROM public.grants_paymentstop s
      JOIN public.grants_grant g ON g.fund_id = s.fund_id AND g.district_id = s.district_id
     WHERE g.id = NEW.grant_id AND s.confirmed_at IS NOT NULL AND s.lifted_at IS NULL) THEN
    PERFORM public.grants_refuse('payments of this fund are stopped in the district');
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_stopped BEFORE INSERT ON public.grants_ledgerentry
  FOR EACH ROW WHEN (NEW.kind = 'DISBURSE') EXECUTE FUNCTION public.grants_stopped();
CREATE TRIGGER grants_stopped BEFORE INSERT OR UPDATE ON public.grants_paymentrequest
  FOR EACH ROW WHEN (NEW.state <> 'REFUSED') EXECUTE FUNCTION public.grants_stopped();
"""

BACKWARDS = """
DROP TRIGGER grants_stopped ON public.grants_ledgerentry;
DROP TRIGGER grants_stopped ON public.grants_paymentrequest;
DROP FUNCTION public.grants_stopped;
DROP FUNCTION public.grants_guard_stop CASCADE;
DROP FUNCTION public.grants_acts_as_one_of;
"""

REFUSABLE = (
    "SELECT, INSERT, UPDATE (confirmed_by_id, confirmed_at, valid_to, refused_by_id, refused_at,"
    " refused_reason)"
)
STOP_STEPS = (
    "confirmed_by_id, confirmed_at, dropped_by_id, dropped_at, lift_asked_by_id, lift_asked_at,"
    " lift_reason, lifted_by_id, lifted_at"
)


class Migration(QuickMigration):
    dependencies = [
        ("grants", "0002_guards"),
        ("places", "0004_places_for_reo"),
    ]

    operations = [
        migrations.CreateModel(
            name="LedgerCheck",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("WHOLE", "Everything holds"),
                            ("BROKEN", "Something does not hold"),
                            ("FAILED", "The check could not run"),
                        ],
                        max_length=6,
                    ),
                ),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("entries", models.PositiveBigIntegerField(default=0)),
                ("head_hash", models.CharField(blank=True, max_length=64)),
                ("broken", models.PositiveBigIntegerField(null=True)),
                ("why", models.CharField(blank=True, max_length=200)),
                ("fault_count", models.PositiveIntegerField(default=0)),
                ("faults", models.JSONField(blank=True, default=list)),
                ("error_kind", models.CharField(blank=True, max_length=80)),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="PaymentStop",
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
                ("reason", models.CharField(max_length=1000)),
                ("dropped_at", models.DateTimeField(null=True)),
                ("lift_asked_at", models.DateTimeField(null=True)),
                ("lift_reason", models.CharField(blank=True, max_length=1000)),
                ("lifted_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["-entered_at", "id"],
            },
        ),
        migrations.AddField(
            model_name="authorityrule",
            name="refused_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="authorityrule",
            name="refused_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="grants.officer",
            ),
        ),
        migrations.AddField(
            model_name="authorityrule",
            name="refused_reason",
            field=models.CharField(blank=True, max_length=400),
        ),
        migrations.AddField(
            model_name="authorityseat",
            name="refused_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="authorityseat",
            name="refused_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="grants.officer",
            ),
        ),
        migrations.AddField(
            model_name="authorityseat",
            name="refused_reason",
            field=models.CharField(blank=True, max_length=400),
        ),
        migrations.AddIndex(
            model_name="paymentrequest",
            index=models.Index(fields=["-requested_at", "-id"], name="payments_newest_first"),
        ),
        migrations.AddIndex(
            model_name="paymentrequest",
            index=models.Index(fields=["state", "-requested_at", "-id"], name="payments_by_state"),
        ),
        migrations.AddIndex(
            model_name="paymentrequest",
            index=models.Index(fields=["payee", "amount"], name="payments_to_a_payee"),
        ),
        migrations.AddConstraint(
            model_name="authorityrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("refused_at__isnull", True),
                        ("refused_by__isnull", True),
                        ("refused_reason", ""),
                    ),
                    models.Q(
                        ("confirmed_at__isnull", True),
                        ("refused_at__isnull", False),
                        ("refused_by__isnull", False),
                        models.Q(("refused_reason", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="a_confirmed_rule_is_not_refused",
            ),
        ),
        migrations.AddConstraint(
            model_name="authorityseat",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("refused_at__isnull", True),
                        ("refused_by__isnull", True),
                        ("refused_reason", ""),
                    ),
                    models.Q(
                        ("confirmed_at__isnull", True),
                        ("refused_at__isnull", False),
                        ("refused_by__isnull", False),
                        models.Q(("refused_reason", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="a_confirmed_seat_is_not_refused",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgercheck",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("broken__isnull", True),
                        ("error_kind", ""),
                        ("fault_count", 0),
                        ("outcome", "WHOLE"),
                    ),
                    models.Q(
                        ("outcome", "BROKEN"),
                        models.Q(
                            ("broken__isnull", False), ("fault_count__gt", 0), _connector="OR"
                        ),
                    ),
                    models.Q(("outcome", "FAILED"), models.Q(("error_kind", ""), _negated=True)),
                    _connector="OR",
                ),
                name="a_check_says_what_it_found",
            ),
        ),
        migrations.AddField(
            model_name="paymentstop",
            name="confirmed_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="grants.officer",
            ),
        ),
        migrations.AddField(
            model_name="paymentstop",
            name="district",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="places.place"
            ),
        ),
        migrations.AddField(
            model_name="paymentstop",
            name="dropped_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="grants.officer",
            ),
        ),
        migrations.AddField(
            model_name="paymentstop",
            name="entered_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="grants.officer"
            ),
        ),
        migrations.AddField(
            model_name="paymentstop",
            name="fund",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="stops", to="grants.fund"
            ),
        ),
        migrations.AddField(
            model_name="paymentstop",
            name="lift_asked_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="grants.officer",
            ),
        ),
        migrations.AddField(
            model_name="paymentstop",
            name="lifted_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="grants.officer",
            ),
        ),
        migrations.AddConstraint(
            model_name="paymentstop",
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
                name="a_stop_is_confirmed_by_a_second_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="paymentstop",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="a_stop_has_a_reason"
            ),
        ),
        migrations.AddConstraint(
            model_name="paymentstop",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("dropped_at__isnull", True), ("dropped_by__isnull", True)),
                    models.Q(
                        ("confirmed_at__isnull", True),
                        ("dropped_at__isnull", False),
                        ("dropped_by__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="what_holds_is_lifted_not_dropped",
            ),
        ),
        migrations.AddConstraint(
            model_name="paymentstop",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("lift_asked_at__isnull", True),
                        ("lift_asked_by__isnull", True),
                        ("lift_reason", ""),
                    ),
                    models.Q(
                        ("confirmed_at__isnull", False),
                        ("lift_asked_at__isnull", False),
                        ("lift_asked_by__isnull", False),
                        models.Q(("lift_reason", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="lifting_a_stop_is_asked_for_with_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="paymentstop",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("lifted_at__isnull", True), ("lifted_by__isnull", True)),
                    models.Q(
                        ("lift_asked_by__isnull", False),
                        ("lifted_at__isnull", False),
                        ("lifted_by__isnull", False),
                        models.Q(("lifted_by", models.F("lift_asked_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="a_stop_is_lifted_by_a_second_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="paymentstop",
            constraint=models.UniqueConstraint(
                condition=models.Q(("dropped_at__isnull", True), ("lifted_at__isnull", True)),
                fields=("fund", "district"),
                name="one_stop_a_fund_and_district",
            ),
        ),
        *(
            Access(table, app=REFUSABLE, reo=REFUSABLE)
            for table in ("grants_authorityrule", "grants_authorityseat")
        ),
        Access(
            "grants_paymentstop",
            app=f"SELECT, INSERT, UPDATE ({STOP_STEPS})",
            reo=f"SELECT, INSERT, UPDATE ({STOP_STEPS})",
        ),
        # Written by the nightly job alone, which runs under the application's role.
        Access("grants_ledgercheck", app="SELECT, INSERT", reo="SELECT"),
        migrations.RunSQL(CONFIRMED, migrations.RunSQL.noop),
        migrations.RunSQL(STOPS, BACKWARDS),
    ]
