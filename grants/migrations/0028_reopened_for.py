import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

REOPENED_FOR = """
-- By its name after grants_decide, which holds the grant.
CREATE FUNCTION public.grants_decide_reopening() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM public.grants_finding
                  WHERE id = NEW.finding_id AND grant_id = NEW.grant_id AND closed_at IS NULL) THEN
    PERFORM public.grants_refuse('a grant is opened again for an open finding of its own');
  END IF;
  IF NEW.role = 'approver' AND NOT EXISTS (
       SELECT FROM public.grants_decision
        WHERE grant_id = NEW.grant_id AND round = NEW.round AND step = 'reopening'
          AND role = 'auditor' AND verdict = 'YES' AND finding_id = NEW.finding_id) THEN
    PERFORM public.grants_refuse('a grant is opened again for what the auditor found');
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_decide_reopening BEFORE INSERT ON public.grants_decision
  FOR EACH ROW WHEN (NEW.step = 'reopening') EXECUTE FUNCTION public.grants_decide_reopening();
"""


class Migration(migrations.Migration):
    """A closed grant is opened again for a finding. What was opened before stays as it was said."""

    dependencies = [("grants", "0027_by_two")]
    operations = [
        migrations.AddField(
            "decision",
            "finding",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reopenings",
                to="grants.finding",
            ),
        ),
        AddConstraintNotValid(
            "decision",
            models.CheckConstraint(
                condition=models.Q(step="reopening", finding__isnull=False)
                | ~models.Q(step="reopening") & models.Q(finding__isnull=True),
                name="a_grant_is_opened_again_for_a_finding",
            ),
        ),
        migrations.RunSQL(
            REOPENED_FOR, "DROP FUNCTION public.grants_decide_reopening() CASCADE;"
        ),
    ]
