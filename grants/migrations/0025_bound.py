from django.db import migrations

# What was left to the verbs: where a grant stands, the order of decisions, who binds the fund.
BOUND = """
CREATE FUNCTION public.grants_guard_place() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  -- Stops of payments go by the district, and what is near by the site.
  PERFORM public.grants_refuse('what was submitted stands where it is until it is returned');
  RETURN NULL;
END
$$;
CREATE TRIGGER grants_guard_place
  BEFORE UPDATE OF district_id, site_name, lat, lon ON public.grants_grant
  FOR EACH ROW WHEN (
    OLD.state NOT IN ('DRAFT', 'RETURNED')
    AND (NEW.district_id, NEW.site_name, NEW.lat, NEW.lon)
        IS DISTINCT FROM (OLD.district_id, OLD.site_name, OLD.lat, OLD.lon))
  EXECUTE FUNCTION public.grants_guard_place();

-- By its name after grants_decide, which holds the grant and copies round, sequence and sum.
CREATE FUNCTION public.grants_decide_in_order() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  -- A word that is dated back would be given under a rule that has ended since.
  IF NEW.at < (SELECT max(at) FROM public.grants_transition WHERE grant_id = NEW.grant_id)
     OR NEW.at < (SELECT opened_at FROM public.grants_amendment WHERE id = NEW.amendment_id) THEN
    PERFORM public.grants_refuse('a decision does not come before the step that asks for it');
  END IF;
  IF NEW.step = 'approval' AND NEW.verdict = 'YES' AND EXISTS (
       SELECT FROM public.grants_authorityrule r
         JOIN public.grants_grant g ON g.fund_id = r.fund_id AND g.award_type = r.award_type
        WHERE g.id = NEW.grant_id AND r.confirmed_at IS NOT NULL AND r.sequence < NEW.sequence
          AND r.valid_from <= public.grants_day(NEW.at)
          AND (r.valid_to IS NULL OR r.valid_to > public.grants_day(NEW.at))
          AND NEW.routed_usd BETWEEN r.min_amount_usd AND r.max_amount_usd
          AND r.quorum > (
            SELECT count(DISTINCT d.actor_id) FROM public.grants_decision d
             WHERE d.grant_id = g.id AND d.step = 'approval' AND d.verdict = 'YES'
               AND d.authority = r.role AND d.amount_usd = NEW.amount_usd
               AND (CASE WHEN NEW.amendment_id IS NULL
                         THEN d.amendment_id IS NULL AND d.round = NEW.round
                         ELSE d.amendment_id = NEW.amendment_id END))) THEN
    PERFORM public.grants_refuse('the levels of approval speak in their order');
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_decide_in_order BEFORE INSERT ON public.grants_decision
  FOR EACH ROW EXECUTE FUNCTION public.grants_decide_in_order();

-- By its name after grants_post, which holds the grant.
CREATE FUNCTION public.grants_post_bound() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  taken_back text;
BEGIN
  IF NEW.kind = 'REVERSAL' THEN
    SELECT kind INTO taken_back FROM public.grants_ledgerentry WHERE seq = NEW.reverses_id;
    IF taken_back IN ('OBLIGATE', 'DEOBLIGATE') AND NOT EXISTS (
         SELECT FROM public.grants_officer
          WHERE user_id = NEW.actor_id AND is_active
            AND duties && ARRAY['officer', 'closeout']::varchar[]) THEN
      PERFORM public.grants_refuse('who binds the fund takes an obligation back');
    END IF;
  END IF;
  IF (NEW.kind = 'OBLIGATE' OR taken_back = 'DEOBLIGATE')
     AND NEW.actor_id = ANY (public.grants_people(NEW.grant_id, 'approver')) THEN
    PERFORM public.grants_refuse('who approves does not bind the fund');
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_post_bound BEFORE INSERT ON public.grants_ledgerentry
  FOR EACH ROW WHEN (NEW.kind IN ('OBLIGATE', 'REVERSAL'))
  EXECUTE FUNCTION public.grants_post_bound();
"""

BACKWARDS = """
DROP FUNCTION public.grants_guard_place() CASCADE;
DROP FUNCTION public.grants_decide_in_order() CASCADE;
DROP FUNCTION public.grants_post_bound() CASCADE;
"""


class Migration(migrations.Migration):
    """A grant stays where it is, levels speak in their order, binders alone bind the fund."""

    dependencies = [("grants", "0024_by_whom")]
    operations = [migrations.RunSQL(BOUND, BACKWARDS)]
