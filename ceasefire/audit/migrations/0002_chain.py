from django.db import migrations

# The canonical encoding of an event (verifier.py builds the same bytes on its own):
# every column in the order below, each as <octets>:<text> in UTF-8, `-` for NULL, then SHA-256.
# `at` is whole microseconds since 1970 in UTC, since a timestamp's text hangs on the session's time
# zone; `fields` is one such piece that holds the pieces of its members; `prev` is in hex.
FORWARDS = """
CREATE FUNCTION public.audit_piece(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  -- No search_path of its own, so that it is woven into its one caller, which sets one.
  SELECT CASE WHEN value IS NULL THEN '-'
              ELSE octet_length(convert_to(value, 'UTF8'))::text || ':' || value END
$$;

CREATE FUNCTION public.audit_chain() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  last record;
BEGIN
  -- One writer at a time, to the end of its transaction: without this the chain forks silently.
  PERFORM pg_advisory_xact_lock(4707186135263044);
  SELECT seq, hash INTO last FROM public.audit_auditevent ORDER BY seq DESC LIMIT 1;
  -- Whatever the caller supplied for these is thrown away.
  NEW.seq := coalesce(last.seq, 0) + 1;
  NEW.prev := coalesce(last.hash, decode(repeat('00', 32), 'hex'));
  NEW.at := clock_timestamp();
  NEW.acting_id := nullif(current_setting('app.user_id', true), '')::uuid;
  -- The role of the statement, not of this function's owner.
  NEW.database_role := coalesce(nullif(current_setting('role'), 'none'), session_user);
  NEW.hash := sha256(convert_to(
       public.audit_piece(NEW.seq::text)
    || public.audit_piece((extract(epoch FROM NEW.at) * 1000000)::bigint::text)
    || public.audit_piece(NEW.actor_id::text)
    || public.audit_piece(NEW.actor_name)
    || public.audit_piece(NEW.acting_id::text)
    || public.audit_piece(NEW.verb)
    || public.audit_piece(NEW.subject_label)
    || public.audit_piece(NEW.subject_id)
    || public.audit_piece(NEW.site_id::text)
    || public.audit_piece((
         SELECT coalesce(string_agg(public.audit_piece(field), '' ORDER BY place), '')
           FROM unnest(NEW.fields) WITH ORDINALITY AS member (field, place)))
    || public.audit_piece(NEW.reason)
    || public.audit_piece(NEW.detail::text)
    || public.audit_piece(NEW.address_hash)
    || public.audit_piece(NEW.session_hash)
    || public.audit_piece(NEW.database_role)
    || public.audit_piece(encode(NEW.prev, 'hex')), 'UTF8'));
  PERFORM set_config('app.audit_seq', NEW.seq::text, true);
  RETURN NEW;
END
$$;

CREATE FUNCTION public.audit_refuse() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;

REVOKE ALL ON FUNCTION public.audit_piece(text), public.audit_chain(), public.audit_refuse()
  FROM PUBLIC;

CREATE TRIGGER audit_chain BEFORE INSERT ON public.audit_auditevent
  FOR EACH ROW EXECUTE FUNCTION public.audit_chain();
CREATE TRIGGER audit_refuse_change BEFORE UPDATE OR DELETE ON public.audit_auditevent
  FOR EACH ROW EXECUTE FUNCTION public.audit_refuse();
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON public.audit_auditevent
  FOR EACH STATEMENT EXECUTE FUNCTION public.audit_refuse();
"""

BACKWARDS = """
DROP TRIGGER audit_refuse_truncate ON public.audit_auditevent;
DROP TRIGGER audit_refuse_change ON public.audit_auditevent;
DROP TRIGGER audit_chain ON public.audit_auditevent;
DROP FUNCTION public.audit_refuse();
DROP FUNCTION public.audit_chain();
DROP FUNCTION public.audit_piece(text);
"""


class Migration(migrations.Migration):
    """The chain: number, time and hash by the database; no change and no removal by anybody."""

    dependencies = [("audit", "0001_initial")]
    operations = [
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
