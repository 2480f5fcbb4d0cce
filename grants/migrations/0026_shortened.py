from importlib import import_module

from django.conf import settings
from django.db import migrations, models

from ceasefire.database.roles import quoted

_guards = import_module("grants.migrations.0002_guards").GRANTS
_gate = import_module("grants.migrations.0023_accounted").GATE


def _with(text: str, *changes: tuple[str, str]) -> str:
    for before, after in changes:
        if text.count(before) != 1:
            raise ValueError(f"Not once in the function as it stood: {before}")
        text = text.replace(before, after)
    return text


_begins = _guards.index("CREATE FUNCTION public.grants_guard_part()")
_PART = _guards[_begins : _guards.index("\n$$;\n", _begins) + len("\n$$;\n")].replace(
    "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
)

# What a tranche holds: what was paid of it, and what is asked for and neither paid nor refused. What
# dinars that are asked for come to is known when they are paid: they hold all of it.
HOLDS = """
CREATE FUNCTION public.grants_tranche_holds(of_tranche uuid) RETURNS numeric
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT CASE WHEN coalesce(bool_or(p.currency <> 'USD'), false) THEN t.planned_usd
              ELSE t.paid_usd + coalesce(sum(p.amount), 0) END
    FROM public.grants_tranche t
    LEFT JOIN public.grants_paymentrequest p
      ON p.tranche_id = t.id AND p.state IN ('REQUESTED', 'CERTIFIED')
   WHERE t.id = of_tranche
   GROUP BY t.id
$$;
"""

PART = _with(
    _PART,
    (
        """      IF (NEW.grant_id, NEW.number, NEW.planned_usd, NEW.due_on, NEW.needs_report, NEW.needs_visit)
         IS DISTINCT FROM
         (OLD.grant_id, OLD.number, OLD.planned_usd, OLD.due_on, OLD.needs_report, OLD.needs_visit)
      THEN
        PERFORM public.grants_refuse('a tranche stands as it was planned');
      END IF;
""",
        """      IF (NEW.grant_id, NEW.number, NEW.due_on, NEW.needs_report, NEW.needs_visit)
         IS DISTINCT FROM
         (OLD.grant_id, OLD.number, OLD.due_on, OLD.needs_report, OLD.needs_visit)
         OR NEW.planned_usd > OLD.planned_usd
         OR (NEW.planned_usd < OLD.planned_usd AND NOT EXISTS (
               SELECT FROM public.grants_amendment
                WHERE grant_id = whose AND state = 'APPROVED' AND new_usd <> old_usd)) THEN
        PERFORM public.grants_refuse('a tranche stands as it was planned');
      END IF;
      IF NEW.planned_usd < OLD.planned_usd
         AND NEW.planned_usd < public.grants_tranche_holds(OLD.id) THEN
        PERFORM public.grants_refuse('a tranche is cut down to what is paid and asked for');
      END IF;
    ELSIF TG_OP = 'INSERT' AND NEW.planned_usd <= 0 THEN
      PERFORM public.grants_refuse('a tranche begins with an amount');
""",
    ),
)

# A tranche that was cut down to nothing is none that goes before another.
GATE = _with(
    _gate,
    (
        "FROM public.grants_tranche WHERE grant_id = g.id AND number < t.number;",
        "FROM public.grants_tranche\n"
        "   WHERE grant_id = g.id AND number < t.number AND planned_usd > 0;",
    ),
)

# By its name after grants_guard_amendment, which holds the grant.
PLAN = """
CREATE FUNCTION public.grants_guard_amendment_plan() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  planned numeric;
  holds numeric;
  back numeric;
BEGIN
  SELECT coalesce(sum(t.planned_usd), 0), coalesce(sum(public.grants_tranche_holds(t.id)), 0)
    INTO planned, holds
    FROM public.grants_tranche t WHERE t.grant_id = NEW.grant_id;
  SELECT refunded_usd INTO back FROM public.grants_grant WHERE id = NEW.grant_id;
  -- Of what was paid and came back, the tranche keeps the sum that it was paid.
  IF planned <> NEW.new_usd AND NOT (
       planned = holds AND planned > NEW.new_usd AND planned - back <= NEW.new_usd) THEN
    PERFORM public.grants_refuse('the tranches of an amendment sum to its new sum');
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_guard_amendment_plan BEFORE UPDATE ON public.grants_amendment
  FOR EACH ROW WHEN (
    NEW.state = 'SIGNED' AND OLD.state <> 'SIGNED' AND NEW.new_usd <> NEW.old_usd)
  EXECUTE FUNCTION public.grants_guard_amendment_plan();
"""

RIGHTS = "GRANT UPDATE (planned_usd) ON public.grants_tranche TO @APP, @REO;".replace(
    "@APP", quoted(settings.APP_ROLE)
).replace("@REO", quoted(settings.REO_ROLE))

BACKWARDS = (
    RIGHTS.replace("GRANT", "REVOKE").replace(" TO ", " FROM ")
    + """
DROP FUNCTION public.grants_guard_amendment_plan() CASCADE;
"""
    + _gate
    + _PART
    + "DROP FUNCTION public.grants_tranche_holds(uuid);"
)


class Migration(migrations.Migration):
    """A cut of an award goes down to what its tranches hold, and refused requests hold nothing."""

    dependencies = [("grants", "0025_bound")]
    operations = [
        migrations.RemoveConstraint("tranche", "a_tranche_is_of_an_amount"),
        migrations.AddConstraint(
            "tranche",
            models.CheckConstraint(
                condition=models.Q(number__gte=1, planned_usd__gte=0),
                name="a_tranche_is_of_an_amount",
            ),
        ),
        migrations.RunSQL(HOLDS + PART + GATE + PLAN + RIGHTS, BACKWARDS),
    ]
