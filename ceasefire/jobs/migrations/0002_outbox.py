from django.conf import settings
from django.db import migrations

from ceasefire.database.roles import quoted

# The one door into the outbox, for every role. REO's role can not read or write the table, and may
# enter only work of its own side: jobs run as the system, so a kind of the case files would be a
# way around the wall.
FORWARDS = """
CREATE FUNCTION public.jobs_enqueue(
  new_kind varchar, new_key varchar, new_payload jsonb, new_site bigint, new_by uuid,
  new_run_after timestamptz,
  OUT id bigint, OUT state varchar, OUT is_new boolean)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  IF coalesce(nullif(current_setting('role'), 'none'), session_user) = @REO_NAME
     AND new_kind !~ '^(grants|reports)\\.' THEN
    RAISE EXCEPTION 'this role may not enter such a job' USING ERRCODE = 'insufficient_privilege';
  END IF;
  INSERT INTO public.jobs_job AS j
    (kind, key, payload, state, attempts, run_after, created_at, done_count, total_count,
     cancel_requested, error_kind, site_id, by_id)
  VALUES
    (new_kind, new_key, new_payload, 'queued', 0, coalesce(new_run_after, now()), now(), 0, 0,
     false, '', new_site, new_by)
  ON CONFLICT (key) DO NOTHING
  RETURNING j.id, j.state, true INTO id, state, is_new;
  IF id IS NULL THEN
    SELECT j.id, j.state, false INTO STRICT id, state, is_new
      FROM public.jobs_job j WHERE j.key = new_key;
  END IF;
END
$$;
REVOKE ALL ON FUNCTION
  public.jobs_enqueue(varchar, varchar, jsonb, bigint, uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  public.jobs_enqueue(varchar, varchar, jsonb, bigint, uuid, timestamptz)
  TO @APP, @REO;
"""

for word, name in {
    "@REO_NAME": "'" + settings.REO_ROLE.replace("'", "''") + "'",
    "@REO": quoted(settings.REO_ROLE),
    "@APP": quoted(settings.APP_ROLE),
}.items():
    FORWARDS = FORWARDS.replace(word, name)

BACKWARDS = (
    "DROP FUNCTION public.jobs_enqueue(varchar, varchar, jsonb, bigint, uuid, timestamptz)"
)


class Migration(migrations.Migration):
    """Who may enter a job, and how."""

    dependencies = [("jobs", "0001_initial")]
    operations = [
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
