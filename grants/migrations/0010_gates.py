from django.conf import settings
from django.db import migrations

from ceasefire.database.roles import quoted

# The same as `requirements.for_tranche`, `for_award`, `for_completion`, `for_closing` and
# `for_closeout`, as far as money hangs on it: also for whoever writes past the verbs.
GATES = """
CREATE FUNCTION public.grants_on_file(of_grant uuid, kind text) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT EXISTS (
    SELECT FROM public.grants_document d
     WHERE d.grant_id = of_grant AND d.type = kind
       AND NOT EXISTS (SELECT FROM public.grants_document later WHERE later.supersedes_id = d.id))
$$;

-- Which gate of a tranche is shut on a day, in words; NULL where it is open.
CREATE FUNCTION public.grants_gate(of_tranche uuid, day date) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  t public.grants_tranche;
  g public.grants_grant;
  earlier record;
  share int;
  since date;
BEGIN
  SELECT * INTO t FROM public.grants_tranche WHERE id = of_tranche;
  SELECT * INTO g FROM public.grants_grant WHERE id = t.grant_id;
  SELECT accounted_pct INTO share FROM public.grants_fund WHERE id = g.fund_id;
  SELECT count(*) AS number, coalesce(bool_or(paid_usd < planned_usd), false) AS unpaid,
         coalesce(sum(paid_usd), 0) AS paid, coalesce(sum(accounted_usd), 0) AS accounted
    INTO earlier
    FROM public.grants_tranche WHERE grant_id = g.id AND number < t.number;
  IF earlier.unpaid THEN
    RETURN 'the tranche before this one is paid first';
  END IF;
  IF earlier.accounted * 100 < earlier.paid * share THEN
    RETURN 'what was paid before is accounted for first';
  END IF;
  IF earlier.number > 0 AND NOT public.grants_on_file(g.id, 'evidence') THEN
    RETURN 'it is shown first what the last tranche was used for';
  END IF;
  SELECT coalesce(max(p.paid_on), g.awarded_on) INTO since
    FROM public.grants_paymentrequest p
    JOIN public.grants_tranche e ON e.id = p.tranche_id
   WHERE p.grant_id = g.id AND p.state = 'PAID' AND e.number < t.number;
  IF t.needs_report AND NOT EXISTS (
       SELECT FROM public.grants_report
        WHERE grant_id = g.id AND accepted_at IS NOT NULL AND received_on >= since) THEN
    RETURN 'a report since the last payment is accepted first';
  END IF;
  IF t.needs_visit AND NOT EXISTS (
       SELECT FROM public.grants_monitoringvisit
        WHERE grant_id = g.id AND visited_on >= since) THEN
    RETURN 'somebody visits first after the last payment';
  END IF;
  IF EXISTS (
       SELECT FROM public.grants_plannedvisit
        WHERE grant_id = g.id AND visit_id IS NULL AND called_off_at IS NULL AND due_on < day) THEN
    RETURN 'a visit is overdue';
  END IF;
  RETURN NULL;
END
$$;

-- After grants_post by its name: fund, grant and tranche are held by then.
CREATE FUNCTION public.grants_post_gate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  shut text := public.grants_gate(NEW.tranche_id, NEW.effective_on);
BEGIN
  IF shut IS NOT NULL THEN
    PERFORM public.grants_refuse(shut);
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_post_gate BEFORE INSERT ON public.grants_ledgerentry
  FOR EACH ROW WHEN (NEW.kind = 'DISBURSE') EXECUTE FUNCTION public.grants_post_gate();

-- After grants_step by its name: the grant is held by then.
CREATE FUNCTION public.grants_step_papers() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  g public.grants_grant;
BEGIN
  SELECT * INTO g FROM public.grants_grant WHERE id = NEW.grant_id;
  IF NEW.to_state = 'AWARDED' AND NOT (
       public.grants_on_file(g.id, 'award_letter')
       AND EXISTS (SELECT FROM public.grants_report WHERE grant_id = g.id)) THEN
    PERFORM public.grants_refuse('nothing is awarded without a signed letter and a report due');
  ELSIF NEW.to_state = 'COMPLETED' AND (
       g.actual_end IS NULL
       OR NOT EXISTS (SELECT FROM public.grants_monitoringvisit
                       WHERE grant_id = g.id AND kind = 'completion')
       OR EXISTS (SELECT FROM public.grants_indicator i
                   WHERE i.grant_id = g.id AND NOT EXISTS (
                     SELECT FROM public.grants_indicatorvalue WHERE indicator_id = i.id))) THEN
    PERFORM public.grants_refuse('nothing is complete without a visit, an end and its values');
  ELSIF NEW.from_state = 'COMPLETED' AND NEW.to_state = 'CLOSING' AND NOT EXISTS (
       SELECT FROM public.grants_report
        WHERE grant_id = g.id AND kind = 'final' AND accepted_at IS NOT NULL) THEN
    PERFORM public.grants_refuse('a closeout begins with an accepted final report');
  ELSIF NEW.to_state = 'CLOSED' AND (
       NOT public.grants_on_file(g.id, 'reconciliation')
       OR NOT public.grants_on_file(g.id, 'closeout_memo')
       OR NOT public.grants_on_file(g.id, 'financial_report')
       OR g.disbursed_usd - g.refunded_usd > g.expensed_usd
       OR EXISTS (SELECT FROM public.grants_finding
                   WHERE grant_id = g.id AND closed_at IS NULL)
       OR EXISTS (SELECT FROM public.grants_paymentrequest
                   WHERE grant_id = g.id AND state IN ('REQUESTED', 'CERTIFIED'))) THEN
    PERFORM public.grants_refuse('nothing is closed before all of it is accounted for');
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_step_papers BEFORE INSERT ON public.grants_transition
  FOR EACH ROW WHEN (NEW.to_state IN ('AWARDED', 'COMPLETED', 'CLOSING', 'CLOSED'))
  EXECUTE FUNCTION public.grants_step_papers();
"""

# REO asks what screening still lacks by the function that the guards ask.
ASKED = """
GRANT EXECUTE ON FUNCTION
  public.grants_screening_obstacles(uuid, date), public.grants_run_obstacles(uuid),
  public.grants_subjects(uuid), public.grants_day(timestamptz) TO @REO;
""".replace("@REO", quoted(settings.REO_ROLE))

BACKWARDS = """
DROP TRIGGER grants_post_gate ON public.grants_ledgerentry;
DROP TRIGGER grants_step_papers ON public.grants_transition;
DROP FUNCTION public.grants_post_gate();
DROP FUNCTION public.grants_step_papers();
DROP FUNCTION public.grants_gate(uuid, date);
DROP FUNCTION public.grants_on_file(uuid, text);
"""


class Migration(migrations.Migration):
    """The gates of tranches, and the papers that an award and its end hang on, by the database."""

    dependencies = [("grants", "0009_search")]
    operations = [migrations.RunSQL(GATES + ASKED, BACKWARDS)]
