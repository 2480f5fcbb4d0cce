from django.conf import settings
from django.db import migrations

from ceasefire.database.roles import quoted

BY_TWO = """
-- Who said of the organisation of a run, or of somebody behind it, that it is on a list, in an
-- earlier screening: as long as no later run of that subject was decided by others.
CREATE FUNCTION public.grants_said_the_same(of_run uuid) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT DISTINCT d.officer_id
    FROM public.grants_screeningrun mine
    JOIN public.grants_screeningrun r
      ON r.organisation_id = mine.organisation_id AND r.screening_id <> mine.screening_id
    JOIN public.grants_screeningdisposition d
      ON d.run_id = r.id AND d.disposition = 'TRUE_MATCH'
   WHERE mine.id = of_run AND NOT EXISTS (
     SELECT FROM public.grants_screeningrun later
      WHERE later.organisation_id = r.organisation_id
        AND later.person_id IS NOT DISTINCT FROM r.person_id
        AND later.written_at > r.written_at AND later.id <> mine.id
        AND NOT EXISTS (SELECT FROM public.grants_run_obstacles(later.id)))
$$;
REVOKE ALL ON FUNCTION public.grants_said_the_same(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.grants_said_the_same(uuid) TO @APP, @REO;

-- By its name after grants_dispose.
CREATE FUNCTION public.grants_dispose_by_two() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  said uuid[];
BEGIN
  -- grants_dispose holds the organisation: nobody says so meanwhile.
  SELECT array_agg(one) INTO said FROM public.grants_said_the_same(NEW.run_id) one;
  IF NEW.officer_id = ANY (said) OR (cardinality(said) > 0 AND NEW.officer_id = (
       SELECT officer_id FROM public.grants_screeningrun WHERE id = NEW.run_id)) THEN
    PERFORM public.grants_refuse(
      'who found a true match, or screened again after one, does not clear it');
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_dispose_by_two BEFORE INSERT ON public.grants_screeningdisposition
  FOR EACH ROW WHEN (NEW.disposition IN ('FALSE_POSITIVE', 'CLEAR_NO_HIT'))
  EXECUTE FUNCTION public.grants_dispose_by_two();
"""
for word, name in {"@REO": quoted(settings.REO_ROLE), "@APP": quoted(settings.APP_ROLE)}.items():
    BY_TWO = BY_TWO.replace(word, name)

BACKWARDS = """
DROP FUNCTION public.grants_dispose_by_two() CASCADE;
DROP FUNCTION public.grants_said_the_same(uuid);
"""


class Migration(migrations.Migration):
    """A true match is taken back by two: one screens again, another decides."""

    dependencies = [("grants", "0026_shortened")]
    operations = [migrations.RunSQL(BY_TWO, BACKWARDS)]
