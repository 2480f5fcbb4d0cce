from importlib import import_module

from django.db import migrations

# What visitors, those who accept reports and those who close findings may do, and that two persons
# stand behind every rule, seat and rate: in rows too, not by the verbs alone.
LOOKED_AFTER = """
-- Somebody with one of these duties, or the auditor, who did not ask for the grant. One at a time:
-- who begins to ask for it meanwhile waits.
CREATE FUNCTION public.grants_looks_after(of_grant uuid, who uuid, duties_asked text[])
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  PERFORM FROM public.grants_grant WHERE id = of_grant FOR NO KEY UPDATE;
  IF 'auditor' = ANY (duties_asked)
     AND EXISTS (SELECT FROM public.grants_officer WHERE user_id = who AND role = 'auditor') THEN
    PERFORM public.grants_acts(who, 'auditor');
  ELSE
    PERFORM public.grants_acts_as_one_of(who, duties_asked);
  END IF;
  IF who = ANY (public.grants_people(of_grant, 'requester')) THEN
    PERFORM public.grants_refuse('who asks for a grant does not look after it');
  END IF;
END
$$;

CREATE FUNCTION public.grants_guard_visit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  PERFORM public.grants_looks_after(NEW.grant_id, NEW.visitor_id, ARRAY['monitor']);
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_guard_visit BEFORE INSERT ON public.grants_monitoringvisit
  FOR EACH ROW EXECUTE FUNCTION public.grants_guard_visit();

CREATE FUNCTION public.grants_guard_value() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  PERFORM public.grants_looks_after(
    (SELECT grant_id FROM public.grants_indicator WHERE id = NEW.indicator_id),
    NEW.recorded_by_id, ARRAY['monitor']);
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_guard_value BEFORE INSERT ON public.grants_indicatorvalue
  FOR EACH ROW EXECUTE FUNCTION public.grants_guard_value();

CREATE FUNCTION public.grants_guard_report() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  who text := nullif(current_setting('app.user_id', true), '');
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.received_on IS NOT NULL OR NEW.accepted_at IS NOT NULL THEN
      PERFORM public.grants_refuse('a report is owed before it comes');
    END IF;
    RETURN NEW;
  END IF;
  IF OLD.accepted_at IS NOT NULL OR NEW.grant_id <> OLD.grant_id THEN
    PERFORM public.grants_refuse('an accepted report stays so');
  END IF;
  IF NEW.accepted_at IS NOT NULL THEN
    IF OLD.received_on IS NULL OR OLD.document_id IS NULL
       OR (NEW.received_on, NEW.document_id) IS DISTINCT FROM (OLD.received_on, OLD.document_id)
    THEN
      PERFORM public.grants_refuse('a report is received before it is accepted');
    END IF;
    PERFORM public.grants_looks_after(
      NEW.grant_id, NEW.accepted_by_id, ARRAY['officer', 'monitor']);
    RETURN NEW;
  END IF;
  IF NEW.received_on IS NULL OR NEW.received_on > public.grants_day(clock_timestamp())
     OR NOT EXISTS (SELECT FROM public.grants_document
                     WHERE id = NEW.document_id AND grant_id = NEW.grant_id) THEN
    PERFORM public.grants_refuse('a report came in on a day, with a paper of its grant');
  END IF;
  IF who IS NOT NULL THEN
    PERFORM public.grants_acts_as_one_of(who::uuid, ARRAY['officer', 'monitor']);
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_guard_report BEFORE INSERT OR UPDATE ON public.grants_report
  FOR EACH ROW EXECUTE FUNCTION public.grants_guard_report();

CREATE FUNCTION public.grants_guard_finding() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  finders text[] := ARRAY['monitor', 'officer', 'vetting', 'certifier', 'reviewer', 'auditor'];
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.closed_at IS NOT NULL THEN
      PERFORM public.grants_refuse('a finding begins open');
    END IF;
    RETURN NEW;
  END IF;
  IF OLD.closed_at IS NOT NULL
     AND (NEW.closed_at, NEW.closed_by_id, NEW.remedy) IS DISTINCT FROM
         (OLD.closed_at, OLD.closed_by_id, OLD.remedy) THEN
    PERFORM public.grants_refuse('a closed finding stays so');
  END IF;
  IF OLD.closed_at IS NULL AND NEW.closed_at IS NOT NULL THEN
    -- Whoever is handed it in the same breath would close it in place of its owner.
    IF NEW.owner_id <> OLD.owner_id THEN
      PERFORM public.grants_refuse('a finding is handed over before it is closed');
    END IF;
    PERFORM public.grants_looks_after(NEW.grant_id, NEW.closed_by_id, finders);
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_guard_finding BEFORE INSERT OR UPDATE ON public.grants_finding
  FOR EACH ROW EXECUTE FUNCTION public.grants_guard_finding();
"""

# As in 0003, and whoever enters, confirms, refuses, ends or withdraws does so for themself and holds
# the duty: `funds.CONFIRMERS`, `rates.DUTIES`.
CONFIRMED = """
CREATE OR REPLACE FUNCTION public.grants_guard_confirmed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  free text[] := ARRAY['confirmed_by_id', 'confirmed_at', 'valid_to', 'withdrawn_by_id',
                       'withdrawn_at', 'refused_by_id', 'refused_at', 'refused_reason'];
  is_rate boolean := TG_TABLE_NAME = 'grants_exchangerate';
  second text[] := CASE WHEN is_rate THEN ARRAY['officer', 'certifier', 'payer', 'approver']
                        ELSE ARRAY['officer', 'approver', 'certifier', 'payer', 'closeout'] END;
  who text := nullif(current_setting('app.user_id', true), '');
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.confirmed_at IS NOT NULL THEN
      PERFORM public.grants_refuse('a second person confirms later');
    END IF;
    PERFORM public.grants_acts_as_one_of(
      NEW.entered_by_id, CASE WHEN is_rate THEN second ELSE ARRAY['officer'] END);
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
  IF OLD.confirmed_at IS NULL AND NEW.confirmed_at IS NOT NULL THEN
    PERFORM public.grants_acts_as_one_of(NEW.confirmed_by_id, second);
  END IF;
  IF is_rate THEN
    IF OLD.withdrawn_at IS NOT NULL THEN
      PERFORM public.grants_refuse('a withdrawn rate stays so');
    END IF;
    IF NEW.withdrawn_at IS NOT NULL THEN
      PERFORM public.grants_acts_as_one_of(NEW.withdrawn_by_id, second);
    END IF;
  ELSE
    IF OLD.refused_at IS NOT NULL THEN
      PERFORM public.grants_refuse('what was refused stays so');
    END IF;
    IF NEW.refused_at IS NOT NULL THEN
      PERFORM public.grants_acts_as_one_of(NEW.refused_by_id, second);
    END IF;
    IF OLD.valid_to IS NOT NULL AND NEW.valid_to IS DISTINCT FROM OLD.valid_to THEN
      PERFORM public.grants_refuse('what was closed stays so');
    END IF;
    IF NEW.valid_to IS DISTINCT FROM OLD.valid_to AND who IS NOT NULL THEN
      PERFORM public.grants_acts_as_one_of(who::uuid, second);
    END IF;
  END IF;
  RETURN NEW;
END
$$;

-- After grants_guard_screening_rule by its name, which asks for the duty alone.
CREATE FUNCTION public.grants_rule_of_whom() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM public.grants_acts_as_one_of(NEW.entered_by_id, ARRAY['vetting', 'officer']);
  ELSIF OLD.confirmed_at IS NULL AND NEW.confirmed_at IS NOT NULL THEN
    PERFORM public.grants_acts_as_one_of(
      NEW.confirmed_by_id,
      ARRAY['vetting', 'officer', 'approver', 'certifier', 'payer', 'closeout']);
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_rule_of_whom BEFORE INSERT OR UPDATE ON public.grants_screeningrule
  FOR EACH ROW EXECUTE FUNCTION public.grants_rule_of_whom();
"""

BACKWARDS = """
DROP FUNCTION public.grants_guard_visit() CASCADE;
DROP FUNCTION public.grants_guard_value() CASCADE;
DROP FUNCTION public.grants_guard_report() CASCADE;
DROP FUNCTION public.grants_guard_finding() CASCADE;
DROP FUNCTION public.grants_rule_of_whom() CASCADE;
DROP FUNCTION public.grants_looks_after(uuid, uuid, text[]);
""" + import_module("grants.migrations.0003_money_pages").CONFIRMED


class Migration(migrations.Migration):
    """Who visits, measures, accepts, closes and confirms, held by rows."""

    dependencies = [("grants", "0023_accounted")]
    operations = [migrations.RunSQL(LOOKED_AFTER + CONFIRMED, BACKWARDS)]
