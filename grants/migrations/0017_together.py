from django.db import migrations

# The same as `services.splits`: what is near a grant is decided together with it where their sum
# needs other levels than the grant alone, whatever became of the others since.
TOGETHER = """
CREATE FUNCTION public.grants_near(of_grant uuid, moment timestamptz) RETURNS SETOF uuid
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT o.id FROM public.grants_grant g
    JOIN public.grants_fund f ON f.id = g.fund_id
    JOIN public.grants_grant o ON o.id <> g.id
   WHERE g.id = of_grant AND o.submitted_at >= moment - f.split_days * interval '24 hours'
     AND o.state NOT IN ('REJECTED', 'CANCELLED', 'WITHDRAWN')
     AND (o.grantee_id = g.grantee_id
       OR (g.site_name <> '' AND o.district_id = g.district_id
           AND upper(o.site_name) = upper(g.site_name))
       OR (o.lat BETWEEN g.lat - 0.002 AND g.lat + 0.002
           AND o.lon BETWEEN g.lon - 0.002 AND g.lon + 0.002)
       OR EXISTS (SELECT FROM public.grants_quote mine
                    JOIN public.grants_quote its ON its.vendor_id = mine.vendor_id
                   WHERE mine.grant_id = g.id AND mine.chosen
                     AND its.grant_id = o.id AND its.chosen))
$$;

-- The levels that the rules of a day ask for at a sum, in their order.
CREATE FUNCTION public.grants_levels(of_grant uuid, amount numeric, day date) RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT coalesce(array_agg(r.role::text ORDER BY r.sequence, r.max_amount_usd), '{outside}')
    FROM public.grants_authorityrule r
    JOIN public.grants_grant g ON g.fund_id = r.fund_id AND g.award_type = r.award_type
   WHERE g.id = of_grant AND r.confirmed_at IS NOT NULL
     AND r.valid_from <= day AND (r.valid_to IS NULL OR r.valid_to > day)
     AND amount BETWEEN r.min_amount_usd AND r.max_amount_usd
$$;

-- After grants_step by its name: the grant is held by then.
CREATE FUNCTION public.grants_step_together() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  g public.grants_grant;
  others record;
BEGIN
  -- Submissions are one after the other, as in `splits.one_at_a_time`.
  PERFORM pg_advisory_xact_lock(4707186135263057);
  SELECT * INTO g FROM public.grants_grant WHERE id = NEW.grant_id;
  SELECT count(*) AS number, bool_or(split_group IS NOT NULL) AS grouped,
         bool_and(split_group IS NOT DISTINCT FROM g.split_group) AS one_group,
         sum(requested_usd) AS usd
    INTO others
    FROM public.grants_grant WHERE id IN (SELECT public.grants_near(g.id, NEW.at));
  IF others.number = 0 OR (g.split_group IS NOT NULL AND others.one_group) THEN
    RETURN NEW;
  END IF;
  IF g.split_group IS NOT NULL OR others.grouped
     OR public.grants_levels(g.id, g.requested_usd, public.grants_day(NEW.at))
        <> public.grants_levels(g.id, g.requested_usd + others.usd, public.grants_day(NEW.at)) THEN
    PERFORM public.grants_refuse('awards that pass a ceiling together are decided together');
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_step_together BEFORE INSERT ON public.grants_transition
  FOR EACH ROW WHEN (NEW.to_state = 'SUBMITTED')
  EXECUTE FUNCTION public.grants_step_together();

-- A group never loses anybody: it goes over into another whole, in one statement, or not at all.
CREATE FUNCTION public.grants_group_stays_whole() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  IF NEW.split_group IS NULL OR EXISTS (
       SELECT FROM public.grants_grant WHERE split_group = OLD.split_group) THEN
    PERFORM public.grants_refuse('awards that are decided together stay together');
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER grants_group_stays_whole AFTER UPDATE OF split_group ON public.grants_grant
  FOR EACH ROW
  WHEN (OLD.split_group IS NOT NULL AND NEW.split_group IS DISTINCT FROM OLD.split_group)
  EXECUTE FUNCTION public.grants_group_stays_whole();
"""

BACKWARDS = """
DROP FUNCTION public.grants_step_together() CASCADE;
DROP FUNCTION public.grants_group_stays_whole() CASCADE;
DROP FUNCTION public.grants_near(uuid, timestamptz);
DROP FUNCTION public.grants_levels(uuid, numeric, date);
"""


class Migration(migrations.Migration):
    """Awards near each other are decided at their sum, and a split group is never left."""

    dependencies = [("grants", "0016_sealed_papers")]
    operations = [migrations.RunSQL(TOGETHER, BACKWARDS)]
