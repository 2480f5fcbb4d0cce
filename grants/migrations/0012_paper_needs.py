from importlib import import_module

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from ceasefire.database.operations import Access
from ceasefire.database.roles import quoted

# The rule: which papers a grant has to have as it stands. Those of the steps it took and of the one
# it waits for (grants/services/requirements.py), and those that the office's list adds to what is
# paid, visited and closed. `since` is when the step came into view. Nothing is asked of a grant
# that was called off. It takes the place of the view of 0004, which read every step and paper of
# all grants for each count.
RULE = """
DROP VIEW IF EXISTS public.grants_paperneed;

CREATE FUNCTION public.grants_papers_of(of_grant uuid)
RETURNS TABLE (paper text, of_stage text, asked_since timestamptz, on_file uuid, put_off uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  g public.grants_grant;
  t record;
  p record;
  visited timestamptz;
  amended timestamptz;
  works boolean;
  procured boolean;
  compares boolean;
  decided boolean;
  closing boolean;
BEGIN
  SELECT * INTO g FROM public.grants_grant WHERE id = of_grant;
  IF g.id IS NULL OR g.state IN ('REJECTED', 'CANCELLED', 'WITHDRAWN') THEN
    RETURN;
  END IF;
  SELECT min(at) FILTER (WHERE to_state = 'SUBMITTED') AS submitted,
         min(at) FILTER (WHERE to_state = 'VETTING') AS vetting,
         min(at) FILTER (WHERE to_state = 'APPROVED') AS approved,
         min(at) FILTER (WHERE to_state = 'ACTIVE') AS paid,
         max(at) FILTER (WHERE to_state = 'COMPLETED') AS completed,
         max(at) FILTER (WHERE to_state = 'CLOSING') AS closing
    INTO t FROM public.grants_transition WHERE grant_id = g.id;
  SELECT count(*) > 1 AS several, coalesce(bool_or(paid_usd < planned_usd), true) AS unpaid
    INTO p FROM public.grants_tranche WHERE grant_id = g.id;
  SELECT min(recorded_at) INTO visited
    FROM public.grants_monitoringvisit WHERE grant_id = g.id;
  SELECT max(closed_at) INTO amended
    FROM public.grants_amendment WHERE grant_id = g.id AND state = 'SIGNED';
  -- Building on somebody's land; awards by which the office itself buys.
  works := g.kind IN ('park', 'playground', 'sports', 'youth_centre', 'women_centre', 'lighting',
                      'school', 'water');
  procured := g.award_type IN ('MICRO_PURCHASE', 'DIRECT_PROCUREMENT', 'GRANT_IN_KIND');
  compares := procured AND g.requested_usd > coalesce((
    SELECT max(r.max_amount_usd) FROM public.grants_authorityrule r
     WHERE r.fund_id = g.fund_id AND r.award_type = 'MICRO_PURCHASE' AND r.confirmed_at IS NOT NULL
       AND r.valid_from <= public.grants_day(coalesce(t.submitted, now()))
       AND (r.valid_to IS NULL
            OR r.valid_to > public.grants_day(coalesce(t.submitted, now())))), 0);
  decided := g.state NOT IN ('DRAFT', 'RETURNED', 'SUBMITTED', 'VETTING', 'PENDING_APPROVAL');
  closing := g.state IN ('CLOSING', 'CLOSED', 'REOPENED');
  RETURN QUERY
  SELECT n.type, n.stage, coalesce(n.since, g.state_since), newest.id, f.id
    FROM (VALUES
      ('proposal', 'proposal', true, g.created_at),
      ('budget', 'budget', true, g.created_at),
      ('owner_consent', 'proposal', works, g.created_at),
      ('environment', 'proposal', works, g.created_at),
      ('quote', 'procurement', procured, g.created_at),
      ('comparison', 'procurement', compares, g.created_at),
      ('review_sheet', 'vetting', g.state NOT IN ('DRAFT', 'RETURNED'), t.submitted),
      ('risk_sheet', 'vetting', g.state NOT IN ('DRAFT', 'RETURNED'), t.submitted),
      ('screening', 'vetting', g.state NOT IN ('DRAFT', 'RETURNED', 'SUBMITTED'), t.vetting),
      ('award_letter', 'award', decided, t.approved),
      ('monitoring_plan', 'award', decided, t.approved),
      ('report_plan', 'award', decided, t.approved),
      ('amendment', 'award', amended IS NOT NULL, amended),
      ('receipt', 'payment', g.disbursed_usd > 0, t.paid),
      ('evidence', 'payment', g.disbursed_usd > 0 AND p.several, t.paid),
      ('visit_report', 'monitoring', visited IS NOT NULL, visited),
      ('photo', 'monitoring',
        g.actual_end IS NOT NULL OR (g.state = 'ACTIVE' AND NOT p.unpaid),
        coalesce(t.completed, g.state_since)),
      ('memo', 'monitoring', g.state = 'SUSPENDED', g.state_since),
      ('narrative_report', 'closeout',
        g.actual_end IS NOT NULL AND g.state IN ('COMPLETED', 'CLOSING', 'CLOSED', 'REOPENED'),
        t.completed),
      ('financial_report', 'closeout', closing, t.closing),
      ('reconciliation', 'closeout', closing, t.closing),
      ('asset_handover', 'closeout', closing, t.closing),
      ('closeout_memo', 'closeout', closing, t.closing)
    ) AS n(type, stage, wanted, since)
    LEFT JOIN (
      SELECT DISTINCT ON (counts_as) d.id, counts_as
        FROM (SELECT one.id, one.uploaded_at,
                     CASE one.type WHEN 'sole_source' THEN 'comparison' ELSE one.type END
                       AS counts_as
                FROM public.grants_document one
               WHERE one.grant_id = g.id
                 AND NOT EXISTS (SELECT FROM public.grants_document later
                                  WHERE later.supersedes_id = one.id)) d
       ORDER BY counts_as, d.uploaded_at DESC, d.id DESC
    ) newest ON newest.counts_as = n.type
    LEFT JOIN public.grants_deferral f
      ON f.grant_id = g.id AND f.type = n.type AND f.ended_at IS NULL
   WHERE n.wanted;
END
$$;
REVOKE EXECUTE ON FUNCTION public.grants_papers_of(uuid) FROM PUBLIC;
-- For the check that what is kept is what the rule says.
GRANT EXECUTE ON FUNCTION public.grants_papers_of(uuid) TO @APP;
""".replace("@APP", quoted(settings.APP_ROLE))

KEPT = """
-- The papers of one grant brought to what the rule says now. The grant is held, so that of two who
-- write at once the second sees what the first did.
CREATE FUNCTION public.grants_count_papers(of_grant uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  PERFORM FROM public.grants_grant WHERE id = of_grant FOR NO KEY UPDATE;
  INSERT INTO public.grants_paperneed AS kept
    (id, grant_id, type, stage, since, document_id, deferral_id)
  SELECT of_grant::text || ':' || paper, of_grant, paper, of_stage, asked_since, on_file, put_off
    FROM public.grants_papers_of(of_grant)
  ON CONFLICT (id) DO UPDATE
     SET since = EXCLUDED.since, document_id = EXCLUDED.document_id,
         deferral_id = EXCLUDED.deferral_id
   WHERE (kept.since, kept.document_id, kept.deferral_id)
         IS DISTINCT FROM (EXCLUDED.since, EXCLUDED.document_id, EXCLUDED.deferral_id);
  DELETE FROM public.grants_paperneed
   WHERE grant_id = of_grant
     AND type NOT IN (SELECT paper FROM public.grants_papers_of(of_grant));
END
$$;
REVOKE EXECUTE ON FUNCTION public.grants_count_papers(uuid) FROM PUBLIC;

-- Once a grant for each statement, however many rows it wrote.
CREATE FUNCTION public.grants_recount_papers() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  whose uuid;
BEGIN
  FOR whose IN SELECT DISTINCT grant_id FROM changed ORDER BY grant_id LOOP
    PERFORM public.grants_count_papers(whose);
  END LOOP;
  RETURN NULL;
END
$$;

CREATE FUNCTION public.grants_recount_own_papers() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  PERFORM public.grants_count_papers(NEW.id);
  RETURN NULL;
END
$$;
-- Named to come after every other trigger: PostgreSQL takes them by name.
CREATE TRIGGER zz_begin_papers AFTER INSERT ON public.grants_grant
  FOR EACH ROW EXECUTE FUNCTION public.grants_recount_own_papers();
CREATE TRIGGER zz_recount_papers AFTER UPDATE ON public.grants_grant
  FOR EACH ROW
  WHEN ((OLD.kind, OLD.award_type, OLD.requested_usd, OLD.disbursed_usd > 0, OLD.actual_end)
        IS DISTINCT FROM
        (NEW.kind, NEW.award_type, NEW.requested_usd, NEW.disbursed_usd > 0, NEW.actual_end))
  EXECUTE FUNCTION public.grants_recount_own_papers();
"""

TRIGGERS = "".join(
    f"""
CREATE TRIGGER zz_recount_papers_{when.lower()} AFTER {when} ON public.grants_{table}
  REFERENCING {"OLD" if when == "DELETE" else "NEW"} TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION public.grants_recount_papers();
"""
    for table, events in {
        "transition": ("INSERT",),
        "document": ("INSERT",),
        "deferral": ("INSERT", "UPDATE"),
        "monitoringvisit": ("INSERT",),
        "tranche": ("INSERT", "UPDATE", "DELETE"),
        "amendment": ("UPDATE",),
    }.items()
    for when in events
)

FILL = "SELECT public.grants_count_papers(id) FROM public.grants_grant;"

BACKWARDS = """
DROP FUNCTION public.grants_recount_papers() CASCADE;
DROP FUNCTION public.grants_recount_own_papers() CASCADE;
DROP FUNCTION public.grants_count_papers(uuid) CASCADE;
"""
BACK_TO_THE_VIEW = (
    "DROP FUNCTION public.grants_papers_of(uuid) CASCADE;"
    + import_module("grants.migrations.0004_papers").NEEDS
)


class Migration(migrations.Migration):
    """Which papers every grant has to have, kept row by row."""

    dependencies = [
        ("grants", "0011_screened"),
    ]

    operations = [
        migrations.RunSQL(RULE, BACK_TO_THE_VIEW),
        # Unmanaged until here, so that nothing happens in the database.
        migrations.DeleteModel("PaperNeed"),
        migrations.CreateModel(
            name="PaperNeed",
            fields=[
                ("id", models.CharField(max_length=60, primary_key=True, serialize=False)),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("proposal", "Proposal form"),
                            ("owner_consent", "Consent of the land's owner"),
                            ("environment", "Environment check"),
                            ("budget", "Budget"),
                            ("quote", "Quote"),
                            ("comparison", "Comparison of quotes"),
                            ("sole_source", "Sole-source memo"),
                            ("review_sheet", "Review sheet"),
                            ("risk_sheet", "Risk sheet"),
                            ("screening", "Screening record"),
                            ("award_letter", "Signed award letter"),
                            ("monitoring_plan", "Monitoring plan"),
                            ("report_plan", "Report plan"),
                            ("amendment", "Signed amendment"),
                            ("payment_request", "Payment request"),
                            ("invoice", "Invoice"),
                            ("evidence", "Evidence of use"),
                            ("payroll", "Payroll list"),
                            ("receipt", "Payee's signature or transfer proof"),
                            ("visit_report", "Visit report"),
                            ("photo", "Photo"),
                            ("memo", "Memo"),
                            ("narrative_report", "Final narrative report"),
                            ("financial_report", "Final financial report"),
                            ("asset_handover", "Hand-over of assets"),
                            ("reconciliation", "Reconciled receipts"),
                            ("closeout_memo", "Closeout memo"),
                            ("other", "Other paper"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("proposal", "Proposal"),
                            ("budget", "Budget"),
                            ("procurement", "Procurement"),
                            ("vetting", "Vetting"),
                            ("approval", "Approval"),
                            ("award", "Award"),
                            ("payment", "Payment"),
                            ("monitoring", "Monitoring"),
                            ("closeout", "Closeout"),
                        ],
                        max_length=12,
                    ),
                ),
                ("since", models.DateTimeField()),
                (
                    "grant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="paper_needs",
                        to="grants.grant",
                    ),
                ),
                (
                    "document",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="grants.document",
                    ),
                ),
                (
                    "deferral",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="grants.deferral",
                    ),
                ),
            ],
            options={
                "ordering": ["since", "id"],
                "indexes": [
                    models.Index(
                        fields=["since", "id"],
                        condition=models.Q(document__isnull=True),
                        include=["grant", "deferral"],
                        name="papers_missing",
                    )
                ],
            },
        ),
        Access("grants_paperneed", app="SELECT", reo="SELECT"),
        migrations.RunSQL(KEPT + TRIGGERS, BACKWARDS),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
