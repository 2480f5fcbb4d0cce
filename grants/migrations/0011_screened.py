from django.conf import settings
from django.db import migrations

from ceasefire.database.roles import quoted

# By their names both run after `grants_decide` and `grants_post`, which hold the grant.
GUARDS = """
CREATE FUNCTION public.grants_decide_screened() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  -- Whoever edits a name, blocks or judges a hit waits, or is waited for.
  PERFORM FROM public.grants_organisation
    WHERE id IN (SELECT public.grants_subjects(NEW.grant_id)) ORDER BY id FOR SHARE;
  IF EXISTS (SELECT FROM public.grants_organisation
              WHERE id IN (SELECT public.grants_subjects(NEW.grant_id)) AND status <> 'ACTIVE') THEN
    PERFORM public.grants_refuse('who is blocked is not cleared');
  END IF;
  IF EXISTS (SELECT FROM public.grants_screening_obstacles(
               NEW.grant_id, public.grants_day(NEW.at))) THEN
    PERFORM public.grants_refuse('nobody is cleared before the screening is finished');
  END IF;
  SELECT coalesce(jsonb_object_agg(id::text, version), '{}') INTO NEW.subjects
    FROM public.grants_organisation
   WHERE id IN (SELECT public.grants_subjects(NEW.grant_id));
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_decide_screened BEFORE INSERT ON public.grants_decision
  FOR EACH ROW WHEN (NEW.step = 'vetting' AND NEW.verdict = 'YES')
  EXECUTE FUNCTION public.grants_decide_screened();

CREATE FUNCTION public.grants_post_screened() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  clearance public.grants_decision;
  paid uuid;
BEGIN
  SELECT payee_id INTO paid FROM public.grants_paymentrequest WHERE id = NEW.payment_id;
  PERFORM FROM public.grants_organisation
    WHERE id = paid OR id IN (SELECT public.grants_subjects(NEW.grant_id))
    ORDER BY id FOR SHARE;
  SELECT * INTO clearance FROM public.grants_decision
   WHERE grant_id = NEW.grant_id AND step = 'vetting' ORDER BY id DESC LIMIT 1;
  IF clearance.verdict IS DISTINCT FROM 'YES'
     OR paid NOT IN (SELECT public.grants_subjects(NEW.grant_id))
     OR EXISTS (
       SELECT FROM public.grants_organisation o
        WHERE o.id IN (SELECT public.grants_subjects(NEW.grant_id))
          AND (o.status <> 'ACTIVE'
               OR (clearance.subjects ->> o.id::text)::int IS DISTINCT FROM o.version)) THEN
    PERFORM public.grants_refuse('nobody is paid without a clearance that holds that day');
  END IF;
  IF EXISTS (SELECT FROM public.grants_screening_obstacles(NEW.grant_id, NEW.effective_on)) THEN
    PERFORM public.grants_refuse('nobody is paid on a screening that is unfinished or too old');
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_post_screened BEFORE INSERT ON public.grants_ledgerentry
  FOR EACH ROW WHEN (NEW.kind = 'DISBURSE') EXECUTE FUNCTION public.grants_post_screened();
"""

# Asked by the pages and the verbs of REO, and by the two guards above: keys and codes, no name.
ASKED = """
ALTER FUNCTION public.grants_screening_obstacles(uuid, date) SECURITY DEFINER;
REVOKE ALL ON FUNCTION public.grants_screening_obstacles(uuid, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.grants_screening_obstacles(uuid, date) TO @APP, @REO;
"""
for word, name in {
    "@REO": quoted(settings.REO_ROLE),
    "@APP": quoted(settings.APP_ROLE),
}.items():
    ASKED = ASKED.replace(word, name)

BACKWARDS = """
DROP TRIGGER grants_decide_screened ON public.grants_decision;
DROP TRIGGER grants_post_screened ON public.grants_ledgerentry;
DROP FUNCTION public.grants_decide_screened, public.grants_post_screened;
"""


class Migration(migrations.Migration):
    """Nobody is cleared or paid before the screening is finished, on lists that are new enough."""

    dependencies = [("grants", "0010_gates")]
    operations = [migrations.RunSQL(GUARDS + ASKED, BACKWARDS)]
