from django.db import migrations

# PostgreSQL's numeric holds NaN, which is above every bound and equal to itself: as one posting it
# would come through every constraint on the sums and make NaN of all of them. In every column of
# every table of grants, so that none is forgotten.
NUMBERS = """
DO $$ DECLARE t record; BEGIN
  FOR t IN
    SELECT c.table_name,
           string_agg(format('%I <> ''NaN''', c.column_name), ' AND ' ORDER BY c.column_name) AS test
      FROM information_schema.columns c
      JOIN information_schema.tables b USING (table_schema, table_name)
     WHERE c.table_schema = 'public' AND b.table_type = 'BASE TABLE'
       AND starts_with(c.table_name, 'grants_') AND c.data_type = 'numeric'
     GROUP BY c.table_name
  LOOP
    EXECUTE format('ALTER TABLE public.%I ADD CONSTRAINT amounts_are_numbers CHECK (%s)',
                   t.table_name, t.test);
  END LOOP;
END $$;
"""
BACKWARDS = """
DO $$ DECLARE t record; BEGIN
  FOR t IN
    SELECT conrelid::regclass AS name FROM pg_constraint
     WHERE conname = 'amounts_are_numbers' AND connamespace = 'public'::regnamespace
  LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT amounts_are_numbers', t.name);
  END LOOP;
END $$;
"""


class Migration(migrations.Migration):
    """No amount, rate or measure of grants is "not a number"."""

    dependencies = [("grants", "0014_controls")]
    operations = [migrations.RunSQL(NUMBERS, BACKWARDS)]
