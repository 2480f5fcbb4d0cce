from django.db import migrations

# A payment is typed with the day the money left. 0010 and 0011 ask what held on that day; what shut
# since is asked here, or a payment would come through with the day before.
PAID_TODAY = """
-- By its name after grants_post, grants_post_gate and grants_post_screened, which hold all of it.
CREATE FUNCTION public.grants_post_today() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  today date := public.grants_day(clock_timestamp());
  shut text;
BEGIN
  -- A grant that was begun in the very transaction in which it is paid is a story of months that
  -- are past, which the demonstration tells: it has no other today than the day it is told of.
  IF EXISTS (SELECT FROM public.grants_transition t
               JOIN public.grants_paymentrequest p ON p.xmin = t.xmin
              WHERE t.grant_id = NEW.grant_id AND t.from_state = '' AND p.id = NEW.payment_id) THEN
    RETURN NEW;
  END IF;
  IF (SELECT valid_to FROM public.grants_decision
       WHERE grant_id = NEW.grant_id AND step = 'vetting' AND verdict = 'YES'
       ORDER BY id DESC LIMIT 1) < today THEN
    PERFORM public.grants_refuse('nobody is paid on a clearance that has run out since');
  END IF;
  IF EXISTS (SELECT FROM public.grants_screening_obstacles(NEW.grant_id, today)) THEN
    PERFORM public.grants_refuse('nobody is paid on a screening that is too old by now');
  END IF;
  shut := public.grants_gate(NEW.tranche_id, today);
  IF shut IS NOT NULL THEN
    PERFORM public.grants_refuse(shut || ', today');
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_post_today BEFORE INSERT ON public.grants_ledgerentry
  FOR EACH ROW
  WHEN (NEW.kind = 'DISBURSE') EXECUTE FUNCTION public.grants_post_today();
"""

BACKWARDS = "DROP FUNCTION public.grants_post_today() CASCADE;"


class Migration(migrations.Migration):
    """What has shut since the day of a payment keeps it back."""

    dependencies = [("grants", "0017_together")]
    operations = [migrations.RunSQL(PAID_TODAY, BACKWARDS)]
