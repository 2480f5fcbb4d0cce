import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# The same lexemes as before (0010_search), found by whole texts and not word by word: an import of
# 200,000 rows asks for them 200,000 times. What is in the index stays as it is.
FUNCTION = """
CREATE OR REPLACE FUNCTION incident_words(site bigint, reporter uuid, told text, said text)
RETURNS tsvector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 5000 AS $$
DECLARE
  mark text := site || '.';
  found text[] := array_remove(string_to_array(mark || replace(told, ' ', ' ' || mark), ' '), mark);
  owner text;
  author text;
  part text;
  words text;
  at int := 0;
BEGIN
  IF said <> '' THEN
    owner := replace(reporter::text, '-', '');
    FOREACH part IN ARRAY
      string_to_array(array_to_string((string_to_array(said, ' '))[1:2000], ' '), '@')
    LOOP
      at := at + 1;
      IF at = 1 THEN
        words := btrim(part);
      ELSE
        author := nullif(split_part(part, ' ', 1), '');
        words := btrim(substr(part, strpos(part || ' ', ' ')));
      END IF;
      IF words <> '' THEN
        FOREACH mark IN ARRAY ARRAY[
          site || '~', author || '~', nullif(owner, coalesce(author, '')) || '~']
        LOOP
          IF mark IS NOT NULL THEN
            found := found || array_remove(
              string_to_array(mark || replace(words, ' ', ' ' || mark), ' '), mark);
          END IF;
        END LOOP;
      END IF;
    END LOOP;
  END IF;
  RETURN array_to_tsvector(found);
END $$;
"""


class Migration(migrations.Migration):
    """An import writes less: fewer indexes, and the words of a record are found in a few steps.

    The indexes of `site` alone and of `reporter` alone are dropped: others begin with the same
    column (`incident_by_site`, `incident_by_reporter`).
    """

    dependencies = [
        ("incidents", "0012_whole_points"),
        ("places", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        # Backwards nothing: the function of before gives the same.
        migrations.RunSQL(FUNCTION, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="incident",
            name="site",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="places.site",
            ),
        ),
        migrations.AlterField(
            model_name="incident",
            name="reporter",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
