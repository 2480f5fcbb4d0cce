"""What a file says to be sensitive, and until when a record was so: its history stays guarded.

Columns with a constant default or none; no lock is held while rows are looked through.
"""

from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models
from django.db.models import Q

from ceasefire.database.operations import Once

#: What can still be known of records that were sensitive once: a correction that speaks of staff,
#: of sexual violence or of a minor, and a sensitive record that was merged into them for a time.
#: A change before acceptance left no trace of it.
PAST = """
UPDATE incidents_incident i SET guarded_until = was.at
  FROM (SELECT incident_id, max(at) AS at
          FROM (SELECT incident_id, at FROM incidents_incidentrevision
                 WHERE changes ? 'staff_involved' OR changes ? 'is_sensitive'
                    OR changes -> 'type' @> '"SXV"'
                    OR changes ->> 'victims' ~
                       '"sexual"|"child"|"0-11"|"12-17"|"age": (1[0-7]|[0-9])[,}]'
                UNION ALL
                SELECT m.kept_id, m.undone_at
                  FROM incidents_incidentmerge m JOIN incidents_incident g ON g.id = m.gone_id
                 WHERE m.undone_at IS NOT NULL AND g.is_sensitive) AS found
         GROUP BY incident_id) AS was
 WHERE was.incident_id = i.id AND NOT i.is_sensitive AND i.guarded_until IS NULL
"""


def column(table, name):
    return (
        f"SELECT FROM pg_attribute WHERE attrelid = '{table}'::regclass"  # noqa: S608
        f" AND attname = '{name}' AND NOT attisdropped"
    )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("incidents", "0016_set_aside")]

    operations = [
        Once(
            column("incidents_incident", "guarded_until"),
            migrations.AddField(
                "incident", "said_sensitive", models.BooleanField(default=False, db_default=False)
            ),
            migrations.AddField(
                "incident", "guarded_until", models.DateTimeField(blank=True, null=True)
            ),
            AddConstraintNotValid(
                "incident",
                models.CheckConstraint(
                    condition=Q(said_sensitive=False) | Q(is_sensitive=True),
                    name="what_a_file_said_to_be_sensitive_is",
                ),
            ),
        ),
        Once(
            column("incidents_importbatch", "all_sensitive"),
            migrations.AddField("importbatch", "all_sensitive", models.BooleanField(default=False)),
        ),
        ValidateConstraint("incident", "what_a_file_said_to_be_sensitive_is"),
        migrations.RunSQL(PAST, migrations.RunSQL.noop),
    ]
