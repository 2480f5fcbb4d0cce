import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations, models

from ceasefire.database.operations import Access, BuildIndex, Once
from incidents.models.record import IncidentWords

# The words of an incident as lexemes: "7.word" may be found by whoever reads site 7, "7~word" stands
# in what a source said and may be found by whoever reads sources there, "<key of a person>~word" by
# that person: the reporter, and who wrote the source down. Lexemes are taken as they are; the words
# were folded and cut by the services. Not more than 2,000 words of sources: a vector has a limit.
FUNCTION = """
CREATE OR REPLACE FUNCTION incident_words(site bigint, reporter uuid, told text, said text)
RETURNS tsvector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 5000 AS $$
DECLARE
  found text[];
  owner text := replace(reporter::text, '-', '');
  author text;
  word text;
BEGIN
  found := ARRAY(
    SELECT site || '.' || part FROM unnest(string_to_array(told, ' ')) AS part WHERE part <> '');
  IF said <> '' THEN
    FOREACH word IN ARRAY (string_to_array(said, ' '))[1:2000] LOOP
      IF left(word, 1) = '@' THEN
        author := nullif(substr(word, 2), '');
      ELSIF word <> '' THEN
        found := found || (site || '~' || word);
        IF author IS NOT NULL THEN
          found := found || (author || '~' || word);
        END IF;
        IF owner IS NOT NULL AND owner IS DISTINCT FROM author THEN
          found := found || (owner || '~' || word);
        END IF;
      END IF;
    END LOOP;
  END IF;
  RETURN array_to_tsvector(found);
END $$;
"""

# Minors are found in rows of another table, so no check constraint can know of them. Deferred: a
# form writes its rows first and the incident they belong to afterwards.
MINORS = """
CREATE OR REPLACE FUNCTION incident_hides_minors() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  about uuid := CASE WHEN TG_TABLE_NAME = 'incidents_incident' THEN NEW.id END;
BEGIN
  IF TG_TABLE_NAME = 'incidents_victimization' THEN
    about := NEW.incident_id;
  END IF;
  IF EXISTS (
    SELECT FROM public.incidents_incident i
      JOIN public.incidents_victimization v ON v.incident_id = i.id
     WHERE i.id = about AND NOT i.is_sensitive
       AND (v.harm = 'sexual' OR v.age < 18
            OR (v.age IS NULL AND (v.age_band IN ('0-11', '12-17') OR 'child' = ANY (v.roles))))
  ) THEN
    RAISE EXCEPTION 'incident % has a minor or sexual violence among its victims: is_sensitive',
      about USING ERRCODE = 'check_violation', CONSTRAINT = 'an_incident_with_minors_is_sensitive';
  END IF;
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS victims_that_are_minors_are_hidden ON incidents_victimization;
CREATE CONSTRAINT TRIGGER victims_that_are_minors_are_hidden
  AFTER INSERT OR UPDATE ON incidents_victimization DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (
    NEW.harm = 'sexual' OR NEW.age < 18 OR NEW.age_band IN ('0-11', '12-17')
    OR 'child' = ANY (NEW.roles))
  EXECUTE FUNCTION incident_hides_minors();
DROP TRIGGER IF EXISTS an_incident_with_minors_stays_hidden ON incidents_incident;
CREATE CONSTRAINT TRIGGER an_incident_with_minors_stays_hidden
  AFTER UPDATE OF is_sensitive ON incidents_incident DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (OLD.is_sensitive AND NOT NEW.is_sensitive)
  EXECUTE FUNCTION incident_hides_minors();
"""
NO_MINORS = """
DROP TRIGGER an_incident_with_minors_stays_hidden ON incidents_incident;
DROP TRIGGER victims_that_are_minors_are_hidden ON incidents_victimization;
DROP FUNCTION incident_hides_minors();
"""


#: Those of `PART` incidents after a key that have a minor or sexual violence among their victims
#: and are not marked. Beyond these the triggers see to it: nothing can come in behind the reader.
OPEN = """
SELECT DISTINCT v.incident_id
  FROM incidents_victimization v JOIN incidents_incident i ON i.id = v.incident_id
 WHERE v.incident_id > %s AND NOT i.is_sensitive
   AND (v.harm = 'sexual' OR v.age < 18
        OR (v.age IS NULL AND (v.age_band IN ('0-11', '12-17') OR 'child' = ANY (v.roles))))
 ORDER BY v.incident_id LIMIT %s
"""
PART = 1000


def hide_what_was_open(apps, schema_editor, size=PART):
    """Mark what should have been sensitive already, so that no later change of it is refused.

    In the order of their keys, some at a time, each part a transaction: stopped, it may run again.
    """
    last = "00000000-0000-0000-0000-000000000000"
    with schema_editor.connection.cursor() as cursor:
        while True:
            cursor.execute(OPEN, [last, size])
            found = [str(row[0]) for row in cursor.fetchall()]
            if not found:
                return
            cursor.execute(
                "UPDATE incidents_incident SET is_sensitive = true"
                " WHERE id = ANY (%s::uuid[]) AND NOT is_sensitive",
                [found],
            )
            last = found[-1]


def write_words(apps, schema_editor):
    """Write the words of every incident anew, some hundreds at a time, each in a transaction."""
    from incidents.services.search import Tables, rebuild

    for _done in rebuild(Tables.of(lambda name: apps.get_model(*name.split(".")))):
        pass


class Migration(migrations.Migration):
    """Search by words: sources too, one wrong letter, names by ear; and minors are always hidden.

    Nothing here locks the table for long: the new column has a constant default, the triggers stand
    before the rows are gone through, those are written in small transactions, and the index is built
    beside the work. Stopped anywhere, it may be run again and goes on.
    """

    atomic = False

    dependencies = [
        ("incidents", "0009_mappings_and_exports"),
        ("places", "0001_initial"),
    ]

    operations = [
        Once(
            "SELECT FROM pg_attribute WHERE attrelid = 'incidents_incident'::regclass"
            " AND attname = 'source_key'",
            migrations.AddField(
                model_name="incident",
                name="source_key",
                field=models.TextField(blank=True, default=""),
            ),
        ),
        Once(
            "SELECT WHERE to_regclass('incidents_searchword') IS NOT NULL",
            migrations.CreateModel(
                name="SearchWord",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("word", models.CharField(max_length=60)),
                    (
                        "kind",
                        models.CharField(choices=[("w", "Written"), ("n", "Name")], max_length=1),
                    ),
                    (
                        "keys",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=61), size=None
                        ),
                    ),
                ],
                options={
                    "indexes": [
                        models.Index("word", name="search_word_itself"),
                        django.contrib.postgres.indexes.GinIndex(
                            fields=["keys"], name="search_word_keys"
                        ),
                        django.contrib.postgres.indexes.GinIndex(
                            fields=["word"], name="search_word_inside", opclasses=["gin_trgm_ops"]
                        ),
                    ],
                },
            ),
        ),
        Access("incidents_searchword", app="SELECT, INSERT, DELETE"),
        migrations.RunSQL(FUNCTION, "DROP FUNCTION incident_words(bigint, uuid, text, text)"),
        migrations.RunSQL(MINORS, NO_MINORS),
        RemoveIndexConcurrently(model_name="incident", name="incident_search"),
        migrations.RunPython(write_words, migrations.RunPython.noop, atomic=False),
        BuildIndex(
            model_name="incident",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    IncidentWords("site", "reporter", "search_key", "source_key"),
                    name="tsvector_ops",
                ),
                name="incident_words",
            ),
        ),
        migrations.RunPython(hide_what_was_open, migrations.RunPython.noop, atomic=False),
    ]
