from django.db import migrations

# A signed sheet stands as it was signed, with its reviews and its decisions. Whoever writes one of
# these waits for a signing that is under way.
GUARD = """
CREATE FUNCTION public.outreach_refuse_signed_sheet() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE EXCEPTION 'a signed sheet is never changed' USING ERRCODE = 'restrict_violation';
END
$$;
CREATE FUNCTION public.outreach_refuse_beside_signed_sheet() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  signed timestamptz;
BEGIN
  SELECT signed_at INTO signed
    FROM public.outreach_supervisionsheet WHERE id = NEW.sheet_id FOR SHARE;
  IF signed IS NOT NULL THEN
    RAISE EXCEPTION 'a signed sheet is never changed' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER a_signed_sheet_never_changes
  BEFORE UPDATE OR DELETE ON public.outreach_supervisionsheet
  FOR EACH ROW WHEN (OLD.signed_at IS NOT NULL)
  EXECUTE FUNCTION public.outreach_refuse_signed_sheet();
CREATE TRIGGER a_signed_sheet_takes_no_review
  BEFORE INSERT OR UPDATE ON public.outreach_casereview
  FOR EACH ROW EXECUTE FUNCTION public.outreach_refuse_beside_signed_sheet();
CREATE TRIGGER a_signed_sheet_takes_no_decision
  BEFORE INSERT OR UPDATE ON public.outreach_supervisiondecision
  FOR EACH ROW EXECUTE FUNCTION public.outreach_refuse_beside_signed_sheet();
"""
UNGUARD = """
DROP TRIGGER a_signed_sheet_takes_no_decision ON public.outreach_supervisiondecision;
DROP TRIGGER a_signed_sheet_takes_no_review ON public.outreach_casereview;
DROP TRIGGER a_signed_sheet_never_changes ON public.outreach_supervisionsheet;
DROP FUNCTION public.outreach_refuse_beside_signed_sheet();
DROP FUNCTION public.outreach_refuse_signed_sheet();
"""


class Migration(migrations.Migration):
    dependencies = [("outreach", "0008_supervision")]

    operations = [migrations.RunSQL(GUARD, UNGUARD)]
