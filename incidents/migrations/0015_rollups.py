# ruff: noqa: S608 - statements are put together of fixed parts
"""Counts by week, place and type, kept by the database itself as incidents change.

Each statement that changes incidents, their victims or their clocks appends what it adds to a cell
(or takes from it) to `incidents_weeklydelta`, in its own transaction. Nothing is summed up in place:
two people who record for the same week would wait for each other's commit, and two imports could
wait for each other for ever. `incident_rollups_fold` moves what was appended into the two tables
that are read (`incidents_weeklycount`, `incidents_weeklyplacecount`); a number is the sum of both,
so it is right before, during and after.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from ceasefire.database.operations import Access, Once
from ceasefire.database.roles import quoted

DISTRICT_KEYS = ("site_id", "week_start", "area_id", "has_district", "type", "is_sensitive")
PLACE_KEYS = (*DISTRICT_KEYS, "place_id")
MEASURES = (
    "incidents",
    "unverified",
    "killed",
    "killed_unknown",
    "injured",
    "abducted",
    "received",
    "undated",
    "unverified_undated",
    "late",
    "without_place",
    "duplicates",
    "due",
    "within_72h",
)


def listed(*names):
    return ", ".join(names)


def sums(sign=""):
    return listed(*(f"sum({sign}{name}) AS {name}" for name in MEASURES))


def added(table):
    """Add to the cell that stands; only the fold and the mending write, one at a time."""
    return listed(*(f"{name} = {table}.{name} + excluded.{name}" for name in MEASURES))


#: Some of the sums is not zero; every one is.
SOME = " OR ".join(f"sum({{sign}}{name}) <> 0" for name in MEASURES)
NONE = " AND ".join(f"{name} = 0" for name in MEASURES)

#: The rule of incidents/measures.py: what one incident adds to its cell, and what its clock adds to
#: the cell of the week in which the 72 hours end. @INCIDENTS is the table, or the rows a statement
#: changed as they were or as they are.
ROWS = """
SELECT i.site_id,
       i.occurred_on - ((extract(isodow FROM i.occurred_on)::int - 1 - s.week_start + 7) % 7)
         AS week_start,
       coalesce(i.district_id, i.place_id) AS area_id, i.district_id IS NOT NULL AS has_district,
       i.type, i.is_sensitive, i.place_id,
       solid::int AS incidents,
       (counts AND dated AND hatched)::int AS unverified,
       coalesce(dead, 0) AS killed,
       (solid AND dead IS NULL)::int AS killed_unknown,
       CASE WHEN solid THEN coalesce(i.injured_best, 0) ELSE 0 END AS injured,
       CASE WHEN solid THEN coalesce(i.abducted, 0) ELSE 0 END AS abducted,
       counts::int AS received,
       (counts AND NOT dated)::int AS undated,
       (counts AND NOT dated AND hatched)::int AS unverified_undated,
       (counts AND i.origin NOT IN ('ucdp-ged', 'acled')
         AND i.reported_at - i.occurred_from > interval '7 days')::int AS late,
       (counts AND (i.geo_precision = 5 OR i.district_id IS NULL))::int AS without_place,
       (NOT counts)::int AS duplicates,
       0 AS due, 0 AS within_72h
FROM @INCIDENTS i
JOIN public.places_site s ON s.id = i.site_id
CROSS JOIN LATERAL (
  SELECT i.workflow_state <> 'duplicate' AS counts,
         i.time_precision < 3 AS dated,
         i.verification IN ('unverified', 'disputed') AS hatched,
         i.workflow_state <> 'duplicate' AND i.time_precision < 3
           AND i.verification IN ('provisional', 'corroborated', 'confirmed') AS solid
) said
CROSS JOIN LATERAL (
  SELECT CASE WHEN solid THEN coalesce(i.killed_best, nullif((
    SELECT count(*) FROM public.incidents_victimization v
     WHERE v.incident_id = i.id AND (v.harm = 'killed' OR v.outcome = 'killed')), 0)) END AS dead
) harmed
WHERE i.workflow_state IN ('submitted', 'in_review', 'accepted', 'archived', 'duplicate')
UNION ALL
""" + (
    CLOCKS := """
SELECT c.site_id,
       day - ((extract(isodow FROM day)::int - 1 - s.week_start + 7) % 7) AS week_start,
       coalesce(i.district_id, i.place_id) AS area_id, i.district_id IS NOT NULL AS has_district,
       i.type, i.is_sensitive, i.place_id,
       0 AS incidents, 0 AS unverified, 0 AS killed, 0 AS killed_unknown, 0 AS injured,
       0 AS abducted, 0 AS received, 0 AS undated, 0 AS unverified_undated, 0 AS late,
       0 AS without_place, 0 AS duplicates,
       1 AS due, coalesce(c.community_response_at <= c.due_at, false)::int AS within_72h
FROM @INCIDENTS i
JOIN @CLOCKS c ON c.incident_id = i.id
JOIN public.places_site s ON s.id = c.site_id
CROSS JOIN LATERAL (SELECT (c.due_at AT TIME ZONE 'Asia/Baghdad')::date AS day) ended
WHERE i.workflow_state IN ('submitted', 'in_review', 'accepted', 'archived')
  AND c.closed_reason NOT IN ('duplicate', 'withdrawn', 'returned', 'retyped')
"""
)

#: Every column of an incident that ROWS reads.
COUNTED = (
    "id",
    "site_id",
    "type",
    "occurred_on",
    "occurred_from",
    "reported_at",
    "time_precision",
    "place_id",
    "district_id",
    "geo_precision",
    "killed_best",
    "injured_best",
    "abducted",
    "verification",
    "workflow_state",
    "is_sensitive",
    "origin",
)


def rows(incidents):
    return ROWS.replace("@INCIDENTS", incidents).replace(
        "@CLOCKS", "public.incidents_incidentresponse"
    )


def clocks(changed):
    return CLOCKS.replace("@INCIDENTS", "public.incidents_incident").replace("@CLOCKS", changed)


def append(*parts):
    """Append what the parts add up to: each is a sign and rows."""
    both = " UNION ALL ".join(f"SELECT {sign} AS sign, r.* FROM ({part}) r" for sign, part in parts)
    return f"""
INSERT INTO public.incidents_weeklydelta ({listed(*PLACE_KEYS, *MEASURES)})
SELECT {listed(*PLACE_KEYS)}, {sums("sign * ")}
  FROM ({both}) moved GROUP BY {listed(*PLACE_KEYS)} HAVING {SOME.format(sign="sign * ")}
"""


def off(keys, table):
    """What the rows say less what is kept, cell by cell: empty while everything holds."""
    return f"""
SELECT {listed(*keys)}, {sums()} FROM (
  SELECT {listed(*keys, *MEASURES)} FROM ({rows("public.incidents_incident")}) said
  UNION ALL
  SELECT {listed(*keys, *("-" + name for name in MEASURES))} FROM public.{table}
  UNION ALL
  SELECT {listed(*keys, *("-" + name for name in MEASURES))} FROM public.incidents_weeklydelta
) together GROUP BY {listed(*keys)} HAVING {SOME.format(sign="")}
"""


def upserted(keys, table, source):
    return f"""
INSERT INTO public.{table} AS kept ({listed(*keys, *MEASURES)})
SELECT {listed(*keys, *MEASURES)} FROM {source}
ON CONFLICT ({listed(*keys)}) DO UPDATE SET {added("kept")}
"""


#: Of two who change an incident and its victims (or its clock) at once, each would count with what
#: the other is about to change. So whoever changes the one holds the other first; services do so
#: anyway. What this transaction wrote itself nobody else can change.
HOLD = """
  PERFORM FROM unnest(touched) AS t (id) JOIN public.incidents_incident i ON i.id = t.id
    WHERE i.xmin <> pg_current_xact_id()::xid
    ORDER BY i.id FOR NO KEY UPDATE OF i
"""

KILLED = "harm = 'killed' OR outcome = 'killed'"


def changed(wanted, by_op):
    """The keys of incidents touched, into `touched`, as the operation has old and new rows."""
    return (
        "\n".join(
            f"  {'IF' if at == 0 else 'ELSIF'} TG_OP = '{op}' THEN\n    {wanted.format(rows=found)};"
            for at, (op, found) in enumerate(by_op.items())
        )
        + "\n  END IF;"
    )


VICTIM_ROWS = {
    "INSERT": f"SELECT incident_id, 1 AS one FROM new_rows WHERE {KILLED}",
    "DELETE": f"SELECT incident_id, -1 AS one FROM old_rows WHERE {KILLED}",
}
VICTIM_ROWS["UPDATE"] = f"{VICTIM_ROWS['INSERT']} UNION ALL {VICTIM_ROWS['DELETE']}"

#: What the clocks said of the week, told apart by what a change of them can change.
_SAID = "incident_id, site_id, due_at, closed_reason, community_response_at"
CLOCK_ROWS = {
    "INSERT": "SELECT incident_id FROM new_rows",
    "DELETE": "SELECT incident_id FROM old_rows",
    "UPDATE": f"(SELECT {_SAID} FROM new_rows EXCEPT SELECT {_SAID} FROM old_rows) UNION ALL"
    f" (SELECT {_SAID} FROM old_rows EXCEPT SELECT {_SAID} FROM new_rows)",
}

DEFINER = """plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp"""

#: Stands for the fold and the mending, which take turns.
TURN = "hashtextextended('incidents: kept counts', 0)"

FUNCTIONS = f"""
CREATE VIEW public.incidents_weeklyoff AS {off(DISTRICT_KEYS, "incidents_weeklycount")};
CREATE VIEW public.incidents_weeklyplaceoff AS {off(PLACE_KEYS, "incidents_weeklyplacecount")};

CREATE FUNCTION public.incident_counts_follow() RETURNS trigger LANGUAGE {DEFINER} AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN {append(("1", rows("new_rows")))};
  ELSIF TG_OP = 'DELETE' THEN {append(("-1", rows("old_rows")))};
  -- Most changes change nothing that is counted: a review begun, words found, a newer version.
  ELSIF EXISTS (SELECT {listed(*COUNTED)} FROM new_rows
                EXCEPT ALL SELECT {listed(*COUNTED)} FROM old_rows) THEN
    {append(("1", rows("new_rows")), ("-1", rows("old_rows")))};
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER counts_follow_new_incidents AFTER INSERT ON public.incidents_incident
  REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION public.incident_counts_follow();
CREATE TRIGGER counts_follow_changed_incidents AFTER UPDATE ON public.incidents_incident
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION public.incident_counts_follow();
CREATE TRIGGER counts_follow_removed_incidents AFTER DELETE ON public.incidents_incident
  REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION public.incident_counts_follow();

CREATE FUNCTION public.incident_counts_follow_victims() RETURNS trigger LANGUAGE {DEFINER} AS $$
DECLARE
  touched uuid[];
  more int[];
BEGIN
{
    changed(
        "SELECT array_agg(incident_id), array_agg(number) INTO touched, more FROM ("
        "SELECT incident_id, sum(one)::int AS number FROM ({rows}) them"
        " GROUP BY incident_id HAVING sum(one) <> 0) t",
        VICTIM_ROWS,
    )
}
  IF touched IS NULL THEN
    RETURN NULL;
  END IF;
  {HOLD};
  INSERT INTO public.incidents_weeklydelta ({listed(*PLACE_KEYS, *MEASURES)})
  SELECT {listed(*PLACE_KEYS)}, 0, 0, sum(number), sum(unknown), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
    FROM (
      SELECT r.site_id,
             r.occurred_on - ((extract(isodow FROM r.occurred_on)::int - 1 - s.week_start + 7) % 7)
               AS week_start,
             coalesce(r.district_id, r.place_id) AS area_id,
             r.district_id IS NOT NULL AS has_district,
             r.type, r.is_sensitive, r.place_id, t.number,
             (v.known = 0)::int - (v.known = t.number)::int AS unknown
        FROM unnest(touched, more) AS t (id, number)
        JOIN public.incidents_incident r ON r.id = t.id
        JOIN public.places_site s ON s.id = r.site_id
        CROSS JOIN LATERAL (SELECT count(*) AS known FROM public.incidents_victimization v
                             WHERE v.incident_id = r.id AND ({KILLED})) v
       WHERE r.killed_best IS NULL AND r.time_precision < 3
         AND r.workflow_state IN ('submitted', 'in_review', 'accepted', 'archived')
         AND r.verification IN ('provisional', 'corroborated', 'confirmed')
    ) moved GROUP BY {listed(*PLACE_KEYS)};
  RETURN NULL;
END $$;
CREATE TRIGGER counts_follow_new_victims AFTER INSERT ON public.incidents_victimization
  REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION public.incident_counts_follow_victims();
CREATE TRIGGER counts_follow_changed_victims AFTER UPDATE ON public.incidents_victimization
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION public.incident_counts_follow_victims();
CREATE TRIGGER counts_follow_removed_victims AFTER DELETE ON public.incidents_victimization
  REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION public.incident_counts_follow_victims();

CREATE FUNCTION public.incident_counts_follow_clocks() RETURNS trigger LANGUAGE {DEFINER} AS $$
DECLARE
  touched uuid[];
BEGIN
{
    changed(
        "SELECT array_agg(DISTINCT incident_id) INTO touched FROM ({rows}) them",
        CLOCK_ROWS,
    )
}
  IF touched IS NULL THEN
    RETURN NULL;
  END IF;
  {HOLD};
  IF TG_OP = 'INSERT' THEN {append(("1", clocks("new_rows")))};
  ELSIF TG_OP = 'DELETE' THEN {append(("-1", clocks("old_rows")))};
  ELSE {append(("1", clocks("new_rows")), ("-1", clocks("old_rows")))};
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER counts_follow_new_clocks AFTER INSERT ON public.incidents_incidentresponse
  REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION public.incident_counts_follow_clocks();
CREATE TRIGGER counts_follow_changed_clocks AFTER UPDATE ON public.incidents_incidentresponse
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION public.incident_counts_follow_clocks();
CREATE TRIGGER counts_follow_removed_clocks AFTER DELETE ON public.incidents_incidentresponse
  REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION public.incident_counts_follow_clocks();

-- Fold some of what was appended, the oldest first; how many rows that were, -1 where another
-- folds or mends now.
CREATE FUNCTION public.incident_rollups_fold(most int) RETURNS int LANGUAGE {DEFINER} AS $$
DECLARE
  folded int;
  last bigint;
BEGIN
  IF NOT pg_try_advisory_xact_lock({TURN}) THEN
    RETURN -1;
  END IF;
  -- By a bound and not by a list of keys: the table is mostly empty when it is analysed, and a join
  -- that is planned for one row takes minutes for the changes of an import.
  SELECT max(id) INTO last FROM (
    SELECT id FROM public.incidents_weeklydelta ORDER BY id LIMIT most) AS oldest;
  WITH taken AS (
    DELETE FROM public.incidents_weeklydelta WHERE id <= last
    RETURNING {listed(*PLACE_KEYS, *MEASURES)}
  ), by_place AS (
    SELECT {listed(*PLACE_KEYS)}, {sums()} FROM taken
     GROUP BY {listed(*PLACE_KEYS)} HAVING {SOME.format(sign="")}
  ), by_district AS (
    SELECT {listed(*DISTRICT_KEYS)}, {sums()} FROM by_place GROUP BY {listed(*DISTRICT_KEYS)}
  ), places AS ({upserted(PLACE_KEYS, "incidents_weeklyplacecount", "by_place")}
  ), districts AS ({upserted(DISTRICT_KEYS, "incidents_weeklycount", "by_district")}
  ) SELECT count(*) INTO folded FROM taken;
  RETURN folded;
END $$;

-- Set right what is kept of some sites (null: of all); how many cells were not right. Each table in
-- one statement, which sees the rows and what was appended with them as one, whoever writes
-- meanwhile.
CREATE FUNCTION public.incident_rollups_mend(sites bigint[]) RETURNS int LANGUAGE {DEFINER} AS $$
DECLARE
  cells int;
  finer int;
BEGIN
  PERFORM pg_advisory_xact_lock({TURN});
  {
    upserted(
        DISTRICT_KEYS,
        "incidents_weeklycount",
        "public.incidents_weeklyoff WHERE sites IS NULL OR site_id = ANY (sites)",
    )
};
  GET DIAGNOSTICS cells = ROW_COUNT;
  {
    upserted(
        PLACE_KEYS,
        "incidents_weeklyplacecount",
        "public.incidents_weeklyplaceoff WHERE sites IS NULL OR site_id = ANY (sites)",
    )
};
  GET DIAGNOSTICS finer = ROW_COUNT;
  DELETE FROM public.incidents_weeklycount
   WHERE (sites IS NULL OR site_id = ANY (sites)) AND {NONE};
  DELETE FROM public.incidents_weeklyplacecount
   WHERE (sites IS NULL OR site_id = ANY (sites)) AND {NONE};
  RETURN cells + finer;
END $$;

-- A site that begins its week on another day has other weeks. Who records meanwhile waits, and then
-- counts by the new ones.
CREATE FUNCTION public.incident_counts_follow_weeks() RETURNS trigger LANGUAGE {DEFINER} AS $$
BEGIN
  LOCK TABLE public.incidents_incident, public.incidents_incidentresponse,
    public.incidents_victimization IN SHARE ROW EXCLUSIVE MODE;
  PERFORM public.incident_rollups_mend(ARRAY[NEW.id]);
  RETURN NULL;
END $$;
CREATE TRIGGER counts_follow_the_week AFTER UPDATE OF week_start ON public.places_site
  FOR EACH ROW WHEN (OLD.week_start <> NEW.week_start)
  EXECUTE FUNCTION public.incident_counts_follow_weeks();

REVOKE ALL ON FUNCTION public.incident_rollups_fold(int),
  public.incident_rollups_mend(bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.incident_rollups_fold(int),
  public.incident_rollups_mend(bigint[]) TO {quoted(settings.APP_ROLE)};
"""

NO_FUNCTIONS = """
DROP TRIGGER counts_follow_the_week ON public.places_site;
DROP TRIGGER counts_follow_removed_clocks ON public.incidents_incidentresponse;
DROP TRIGGER counts_follow_changed_clocks ON public.incidents_incidentresponse;
DROP TRIGGER counts_follow_new_clocks ON public.incidents_incidentresponse;
DROP TRIGGER counts_follow_removed_victims ON public.incidents_victimization;
DROP TRIGGER counts_follow_changed_victims ON public.incidents_victimization;
DROP TRIGGER counts_follow_new_victims ON public.incidents_victimization;
DROP TRIGGER counts_follow_removed_incidents ON public.incidents_incident;
DROP TRIGGER counts_follow_changed_incidents ON public.incidents_incident;
DROP TRIGGER counts_follow_new_incidents ON public.incidents_incident;
DROP FUNCTION public.incident_counts_follow_weeks(), public.incident_counts_follow_clocks(),
  public.incident_counts_follow_victims(), public.incident_counts_follow(),
  public.incident_rollups_fold(int), public.incident_rollups_mend(bigint[]);
DROP VIEW public.incidents_weeklyoff, public.incidents_weeklyplaceoff;
"""


def count_what_is_there(apps, schema_editor):
    """Count site by site, each in a transaction; stopped, it may run again."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT id FROM places_site ORDER BY id")
        for (site,) in cursor.fetchall():
            cursor.execute("SELECT public.incident_rollups_mend(ARRAY[%s]::bigint[])", [site])


def key(to):
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to=to,
    )


def counted(*more):
    """The columns that the three tables share."""
    wide = ("killed", "injured", "abducted")
    return [
        (
            "id",
            models.BigAutoField(
                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
            ),
        ),
        ("week_start", models.DateField()),
        ("has_district", models.BooleanField()),
        ("type", models.CharField(max_length=8)),
        ("is_sensitive", models.BooleanField()),
        *(
            (name, models.BigIntegerField() if name in wide else models.IntegerField())
            for name in MEASURES
        ),
        ("site", key("places.site")),
        ("area", key("places.place")),
        *more,
    ]


class Migration(migrations.Migration):
    """Nobody waits while what is there is counted: the triggers stand before that."""

    atomic = False
    dependencies = [
        ("incidents", "0014_export_file_parts"),
        ("places", "0001_initial"),
    ]

    operations = [
        Once(
            "SELECT WHERE to_regclass('incidents_weeklydelta') IS NOT NULL",
            migrations.CreateModel(
                name="WeeklyCount",
                fields=counted(),
                options={
                    "abstract": False,
                    "constraints": [
                        models.UniqueConstraint(
                            fields=(
                                "site",
                                "week_start",
                                "area",
                                "has_district",
                                "type",
                                "is_sensitive",
                            ),
                            name="a_weekly_cell_stands_once",
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="WeeklyPlaceCount",
                fields=counted(("place", key("places.place"))),
                options={
                    "abstract": False,
                    "constraints": [
                        models.UniqueConstraint(
                            fields=(
                                "site",
                                "week_start",
                                "place",
                                "area",
                                "has_district",
                                "type",
                                "is_sensitive",
                            ),
                            name="a_weekly_cell_of_a_place_stands_once",
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="WeeklyDelta",
                fields=counted(("place", key("places.place"))),
                options={
                    "abstract": False,
                    "indexes": [
                        models.Index(fields=["site", "week_start"], name="weekly_delta_of_site")
                    ],
                },
            ),
            Access("incidents_weeklycount", app="SELECT"),
            Access("incidents_weeklyplacecount", app="SELECT"),
            Access("incidents_weeklydelta", app="SELECT"),
            migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS),
            Access("incidents_weeklyoff", app="SELECT"),
            Access("incidents_weeklyplaceoff", app="SELECT"),
        ),
        migrations.RunPython(count_what_is_there, migrations.RunPython.noop, atomic=False),
    ]
