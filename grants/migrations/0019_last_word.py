from importlib import import_module

from django.conf import settings
from django.db import migrations

from ceasefire.database.roles import quoted

# A paper counts as long as the last who checked it did not find it wanting. One rule: the gates
# (`grants_on_file`), what a grant has to have (`grants_papers_of`) and the reports ask it.
IN_ORDER = """
CREATE FUNCTION public.grants_in_order(of_document uuid) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT coalesce((SELECT good FROM public.grants_documentcheck
                    WHERE document_id = of_document ORDER BY id DESC LIMIT 1), true)
$$;
GRANT EXECUTE ON FUNCTION public.grants_in_order(uuid) TO @APP, @REO;

CREATE OR REPLACE FUNCTION public.grants_on_file(of_grant uuid, kind text) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT EXISTS (
    SELECT FROM public.grants_document d
     WHERE d.grant_id = of_grant AND d.type = kind
       AND NOT EXISTS (SELECT FROM public.grants_document later WHERE later.supersedes_id = d.id)
       AND public.grants_in_order(d.id))
$$;

CREATE FUNCTION public.grants_recount_checked() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  whose uuid;
BEGIN
  FOR whose IN SELECT DISTINCT d.grant_id FROM changed c
                 JOIN public.grants_document d ON d.id = c.document_id ORDER BY 1 LOOP
    PERFORM public.grants_count_papers(whose);
  END LOOP;
  RETURN NULL;
END
$$;
CREATE TRIGGER zz_recount_papers_insert AFTER INSERT ON public.grants_documentcheck
  REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION public.grants_recount_checked();
""".replace("@APP", quoted(settings.APP_ROLE)).replace("@REO", quoted(settings.REO_ROLE))

ONCE_ON_FILE = (
    import_module("grants.migrations.0010_gates")
    .GATES.split("\n\n")[0]
    .replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
)

# The rule of 0012, its papers those that are in order.
_RULE = import_module("grants.migrations.0012_paper_needs").RULE
_BEGIN = _RULE.index("CREATE FUNCTION public.grants_papers_of")
ONCE_OF = "CREATE OR REPLACE" + _RULE[_BEGIN + len("CREATE") : _RULE.index("REVOKE EXECUTE")]
_STANDS = """
                 AND NOT EXISTS (SELECT FROM public.grants_document later
                                  WHERE later.supersedes_id = one.id)"""
PAPERS_OF = ONCE_OF.replace(
    _STANDS, f"{_STANDS}\n                 AND public.grants_in_order(one.id)"
)
if PAPERS_OF == ONCE_OF:
    raise RuntimeError("The rule of the papers is written otherwise than this migration knows.")

# Nobody's papers change but of those grants of which a paper was checked.
COUNT_AGAIN = """
SELECT public.grants_count_papers(id) FROM public.grants_grant
 WHERE id IN (SELECT d.grant_id FROM public.grants_documentcheck c
                JOIN public.grants_document d ON d.id = c.document_id WHERE NOT c.good)
 ORDER BY id;
"""

BACKWARDS = """
DROP TRIGGER zz_recount_papers_insert ON public.grants_documentcheck;
DROP FUNCTION public.grants_recount_checked();
"""
LAST = "DROP FUNCTION public.grants_in_order(uuid);"


class Migration(migrations.Migration):
    """A paper whose last check found it wanting is missing, wherever papers count."""

    dependencies = [("grants", "0018_paid_today")]
    operations = [
        migrations.RunSQL(IN_ORDER + PAPERS_OF, BACKWARDS + ONCE_ON_FILE + ONCE_OF + LAST),
        migrations.RunSQL(COUNT_AGAIN, COUNT_AGAIN),
    ]
