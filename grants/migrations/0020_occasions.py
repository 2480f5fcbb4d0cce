from importlib import import_module

from django.db import migrations

_papers = import_module("grants.migrations.0019_last_word").PAPERS_OF
_gates = import_module("grants.migrations.0010_gates").GATES


def _function(text: str, name: str) -> str:
    """One function of an earlier migration, to be put in the place of what stands."""
    text = text.replace("CREATE OR REPLACE FUNCTION", "CREATE FUNCTION")
    begins = text.index(f"CREATE FUNCTION public.{name}(")
    ends = text.index("\n$$;\n", begins) + len("\n$$;\n")
    return text[begins:ends].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


def _with(text: str, *changes: tuple[str, str]) -> str:
    for before, after in changes:
        if text.count(before) != 1:
            raise ValueError(f"Not once in the function as it stood: {before}")
        text = text.replace(before, after)
    return text


# A paper of an earlier occasion says nothing of a later one.
SINCE = """
CREATE FUNCTION public.grants_on_file_since(of_grant uuid, kind text, since timestamptz)
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT EXISTS (
    SELECT FROM public.grants_document d
     WHERE d.grant_id = of_grant AND d.type = kind AND d.uploaded_at >= since
       AND NOT EXISTS (SELECT FROM public.grants_document later WHERE later.supersedes_id = d.id)
       AND public.grants_in_order(d.id))
$$;

-- Since when a grant is open again; always, where it was closed at most once.
CREATE FUNCTION public.grants_open_since(of_grant uuid) RETURNS timestamptz
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT coalesce(max(at), '-infinity') FROM public.grants_transition
   WHERE grant_id = of_grant AND to_state = 'REOPENED'
$$;

CREATE FUNCTION public.grants_has_photo(of_visit uuid) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT EXISTS (SELECT FROM public.grants_visitpaper w
                   JOIN public.grants_document d ON d.id = w.document_id
                  WHERE w.visit_id = of_visit AND d.type = 'photo'
                    AND public.grants_in_order(d.id))
$$;
"""

GATE = _with(
    _function(_gates, "grants_gate"),
    ("  since date;\n", "  since date;\n  paid timestamptz;\n"),
    (
        """  IF earlier.number > 0 AND NOT public.grants_on_file(g.id, 'evidence') THEN
    RETURN 'it is shown first what the last tranche was used for';
  END IF;
  SELECT coalesce(max(p.paid_on), g.awarded_on) INTO since
""",
        """  SELECT coalesce(max(p.paid_on), g.awarded_on), coalesce(max(p.paid_at), '-infinity')
    INTO since, paid
""",
    ),
    (
        """  IF t.needs_report AND NOT EXISTS (""",
        """  IF earlier.number > 0 AND NOT public.grants_on_file_since(g.id, 'evidence', paid) THEN
    RETURN 'it is shown first what the last tranche was used for';
  END IF;
  IF t.needs_report AND NOT EXISTS (""",
    ),
    (
        """    RETURN 'somebody visits first after the last payment';
  END IF;
""",
        """    RETURN 'somebody visits first after the last payment';
  END IF;
  IF t.needs_visit AND NOT EXISTS (
       SELECT FROM public.grants_monitoringvisit
        WHERE grant_id = g.id AND visited_on >= since AND public.grants_has_photo(id)) THEN
    RETURN 'the visit after the last payment has a photo';
  END IF;
""",
    ),
)

STEPS = _with(
    _function(_gates, "grants_step_papers"),
    (
        """                       WHERE grant_id = g.id AND kind = 'completion')
""",
        """                       WHERE grant_id = g.id AND kind = 'completion'
                         AND public.grants_has_photo(id))
""",
    ),
    ("without a visit, an end", "without a visit and its photo, an end"),
    *(
        (
            f"public.grants_on_file(g.id, '{kind}')",
            f"public.grants_on_file_since(g.id, '{kind}', public.grants_open_since(g.id))",
        )
        for kind in ("reconciliation", "closeout_memo", "financial_report")
    ),
)

OCCASIONS = """
-- By their names after grants_step and grants_guard_amendment, which hold the grant.
CREATE FUNCTION public.grants_step_reinstated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  IF NOT public.grants_on_file_since(NEW.grant_id, 'memo', (
       SELECT state_since FROM public.grants_grant WHERE id = NEW.grant_id)) THEN
    PERFORM public.grants_refuse('a suspension is lifted on a memo of its own');
  END IF;
  IF EXISTS (SELECT FROM public.grants_finding
              WHERE grant_id = NEW.grant_id AND closed_at IS NULL) THEN
    PERFORM public.grants_refuse('a suspension is lifted when every finding is closed');
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_step_reinstated BEFORE INSERT ON public.grants_transition
  FOR EACH ROW WHEN (NEW.from_state = 'SUSPENDED' AND NEW.to_state = 'ACTIVE')
  EXECUTE FUNCTION public.grants_step_reinstated();

CREATE FUNCTION public.grants_guard_amendment_paper() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  IF NOT public.grants_on_file_since(NEW.grant_id, 'amendment', NEW.opened_at) THEN
    PERFORM public.grants_refuse('an amendment is in force with a signed paper of its own');
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_guard_amendment_paper BEFORE UPDATE ON public.grants_amendment
  FOR EACH ROW WHEN (NEW.state = 'SIGNED' AND OLD.state <> 'SIGNED')
  EXECUTE FUNCTION public.grants_guard_amendment_paper();

CREATE FUNCTION public.grants_guard_photo_deferral() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  PERFORM public.grants_refuse('the photo of a visit is not put off');
  RETURN NULL;
END
$$;
CREATE TRIGGER grants_guard_photo_deferral BEFORE INSERT ON public.grants_deferral
  FOR EACH ROW WHEN (NEW.type = 'photo') EXECUTE FUNCTION public.grants_guard_photo_deferral();
"""

# The list of papers says the same: what the last stop or the last opening asks for anew is missing.
PAPERS = _with(
    _function(_papers, "grants_papers_of"),
    (
        "         max(at) FILTER (WHERE to_state = 'CLOSING') AS closing\n",
        "         max(at) FILTER (WHERE to_state = 'CLOSING') AS closing,\n"
        "         max(at) FILTER (WHERE to_state = 'REOPENED') AS reopened\n",
    ),
    ("SELECT DISTINCT ON (counts_as) d.id, counts_as\n", "SELECT DISTINCT ON (counts_as) d.*\n"),
    (
        "newest ON newest.counts_as = n.type\n",
        """newest ON newest.counts_as = n.type
     AND newest.uploaded_at >= CASE
           WHEN n.type = 'memo' THEN g.state_since
           WHEN n.type IN ('financial_report', 'reconciliation', 'closeout_memo')
             THEN coalesce(t.reopened, '-infinity')
           ELSE '-infinity' END
""",
    ),
    *(
        (f"('{kind}', 'closeout', closing, t.closing)", f"('{kind}', 'closeout', closing, {since})")
        for since in ("greatest(t.closing, t.reopened)",)
        for kind in ("financial_report", "reconciliation", "closeout_memo")
    ),
)
COUNT_AGAIN = """
SELECT public.grants_count_papers(g.id) FROM public.grants_grant g
 WHERE g.state = 'SUSPENDED' OR EXISTS (
   SELECT FROM public.grants_transition WHERE grant_id = g.id AND to_state = 'REOPENED');
"""

BACKWARDS = (
    """
DROP FUNCTION public.grants_step_reinstated() CASCADE;
DROP FUNCTION public.grants_guard_amendment_paper() CASCADE;
DROP FUNCTION public.grants_guard_photo_deferral() CASCADE;
"""
    + _function(_gates, "grants_gate")
    + _function(_gates, "grants_step_papers")
    + _function(_papers, "grants_papers_of")
    + """
DROP FUNCTION public.grants_on_file_since(uuid, text, timestamptz);
DROP FUNCTION public.grants_open_since(uuid);
DROP FUNCTION public.grants_has_photo(uuid);
"""
)


class Migration(migrations.Migration):
    """Papers and photos count for the occasion they are of, by the database too."""

    dependencies = [("grants", "0019_last_word")]
    operations = [
        migrations.RunSQL(SINCE + GATE + STEPS + OCCASIONS + PAPERS, BACKWARDS),
        migrations.RunSQL(COUNT_AGAIN, COUNT_AGAIN),
    ]
