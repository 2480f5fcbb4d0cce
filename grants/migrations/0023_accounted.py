from importlib import import_module

from django.db import migrations

_ONCE = import_module("grants.migrations.0020_occasions").GATE


def _with(text: str, *changes: tuple[str, str]) -> str:
    for before, after in changes:
        if text.count(before) != 1:
            raise ValueError(f"Not once in the function as it stood: {before}")
        text = text.replace(before, after)
    return text


# What came back is accounted for, and so are receipts of no tranche: out is what was paid, did not
# come back and has no receipts. It is of the youngest advances (`requirements.unaccounted`).
GATE = _with(
    _ONCE,
    (
        "coalesce(sum(accounted_usd), 0) AS accounted\n",
        "\n         coalesce(sum(greatest(paid_usd - accounted_usd, 0)), 0) AS without_receipts\n",
    ),
    (
        "  IF earlier.accounted * 100 < earlier.paid * share THEN\n",
        """  SELECT greatest(earlier.without_receipts
                  - coalesce(sum(greatest(paid_usd - accounted_usd, 0)), 0)
                  + greatest(g.disbursed_usd - g.refunded_usd - g.expensed_usd, 0), 0)
    INTO out_usd FROM public.grants_tranche WHERE grant_id = g.id;
  IF out_usd * 100 > earlier.paid * (100 - share) THEN
""",
    ),
    ("  since date;\n", "  since date;\n  out_usd numeric;\n"),
)

CEILING = """
-- By its name after grants_post, which holds the grant and has moved its sums.
CREATE FUNCTION public.grants_post_verified() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  IF EXISTS (SELECT FROM public.grants_grant
              WHERE id = NEW.grant_id AND expensed_usd > disbursed_usd - refunded_usd) THEN
    PERFORM public.grants_refuse('no more expenses are verified than was paid and not given back');
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_post_verified BEFORE INSERT ON public.grants_ledgerentry
  FOR EACH ROW WHEN (NEW.kind = 'EXPENSE_VERIFIED') EXECUTE FUNCTION public.grants_post_verified();
"""
NO_CEILING = "DROP FUNCTION public.grants_post_verified() CASCADE;"


class Migration(migrations.Migration):
    """Refunds account for an advance, and no more is accounted for than was paid."""

    dependencies = [("grants", "0021_wages")]
    operations = [migrations.RunSQL(GATE + CEILING, NO_CEILING + _ONCE)]
