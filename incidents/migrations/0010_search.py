import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models

from ceasefire.database.operations import Access
from incidents.models.record import IncidentWords

# The words of an incident as lexemes: "7.word" may be found by whoever reads site 7, "7~word" stands
# in what a source said and may be found by whoever reads sources there, "<key of a person>~word" by
# that person: the reporter, and who wrote the source down. Lexemes are taken as they are; the words
# were folded and cut by the services. Not more than 2,000 words of sources: a vector has a limit.
FUNCTION = """
CREATE FUNCTION incident_words(site bigint, reporter uuid, told text, said text)
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
CREATE FUNCTION incident_hides_minors() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE CONSTRAINT TRIGGER victims_that_are_minors_are_hidden
  AFTER INSERT OR UPDATE ON incidents_victimization DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (
    NEW.harm = 'sexual' OR NEW.age < 18 OR NEW.age_band IN ('0-11', '12-17')
    OR 'child' = ANY (NEW.roles))
  EXECUTE FUNCTION incident_hides_minors();
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


def hide_what_was_open(apps, schema_editor):
    """Mark what should have been sensitive already, so that no later change of it is refused."""
    schema_editor.execute(
        """
        UPDATE incidents_incident i SET is_sensitive = true
         WHERE NOT is_sensitive AND EXISTS (
           SELECT FROM incidents_victimization v WHERE v.incident_id = i.id
              AND (v.harm = 'sexual' OR v.age < 18
                   OR (v.age IS NULL AND (v.age_band IN ('0-11', '12-17')
                                          OR 'child' = ANY (v.roles)))))
        """
    )


def write_words(apps, schema_editor):
    """Write the words of every incident anew, some hundreds at a time, each in a transaction."""
    from incidents.services.search import Tables, rebuild

    for _done in rebuild(Tables.of(lambda name: apps.get_model(*name.split(".")))):
        pass


class Migration(migrations.Migration):
    """Search by words: sources too, one wrong letter, names by ear; and minors are always hidden.

    Nothing here locks the table for long: the new column has a constant default, the words are
    written in small transactions, and the index is built beside the work.
    """

    atomic = False

    dependencies = [
        ("incidents", "0009_mappings_and_exports"),
        ("places", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="incident",
            name="source_key",
            field=models.TextField(blank=True, default=""),
        ),
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
                ("kind", models.CharField(choices=[("w", "Written"), ("n", "Name")], max_length=1)),
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
        Access("incidents_searchword", app="SELECT, INSERT, DELETE"),
        migrations.RunSQL(FUNCTION, "DROP FUNCTION incident_words(bigint, uuid, text, text)"),
        RemoveIndexConcurrently(model_name="incident", name="incident_search"),
        migrations.RunPython(write_words, migrations.RunPython.noop, atomic=False),
        AddIndexConcurrently(
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
        migrations.RunSQL(MINORS, NO_MINORS),
    ]
