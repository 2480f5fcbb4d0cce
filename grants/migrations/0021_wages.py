from importlib import import_module

from django.db import migrations

# Ghost workers (C4, C8): whoever made no list had nothing to show. The verb asks by
# `payroll.needs_list`.
WAGES = """
CREATE OR REPLACE FUNCTION public.grants_payroll_first() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  IF EXISTS (SELECT FROM public.grants_payrolllist
              WHERE payment_id = NEW.id AND state <> 'CERTIFIED') THEN
    PERFORM public.grants_refuse('the payroll list of a payment is certified first');
  END IF;
  IF NOT EXISTS (SELECT FROM public.grants_payrolllist WHERE payment_id = NEW.id)
     AND (EXISTS (SELECT FROM public.grants_document
                   WHERE id = NEW.evidence_id AND type = 'payroll')
          OR (NEW.method <> 'VENDOR_DIRECT'
              AND EXISTS (SELECT FROM public.grants_grant
                           WHERE id = NEW.grant_id AND kind = 'cash_for_work'))) THEN
    PERFORM public.grants_refuse('wages are paid by a certified payroll list');
  END IF;
  RETURN NEW;
END
$$;
"""

_ONCE = import_module("grants.migrations.0005_monitoring_payroll").PAYROLL
_BEGIN = _ONCE.index("CREATE FUNCTION public.grants_payroll_first")
ONCE = "CREATE OR REPLACE" + _ONCE[_BEGIN + len("CREATE") : _ONCE.index("$$;", _BEGIN) + 3]


class Migration(migrations.Migration):
    """No wages are certified without a certified payroll list."""

    dependencies = [("grants", "0020_occasions")]
    operations = [migrations.RunSQL(WAGES, ONCE)]
