import django.contrib.postgres.fields
from django.db import migrations, models

# As before, and the new columns are among what is never changed.
GUARD = """
CREATE OR REPLACE FUNCTION public.reports_guard_effect_plan() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'what was set down to be judged is never deleted'
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.first_read_at IS NOT NULL THEN
    RAISE EXCEPTION 'a report has judged this plan: it stands'
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.withdrawn_at IS NOT NULL THEN
    RAISE EXCEPTION 'a withdrawn plan is never changed'
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF (NEW.id, NEW.site_id, NEW.number, NEW.starts_on, NEW.treated, NEW.comparison, %(mine)s
      NEW.outcome, NEW.grounds, NEW.registered_at, NEW.registered_by_id)
     IS DISTINCT FROM
     (OLD.id, OLD.site_id, OLD.number, OLD.starts_on, OLD.treated, OLD.comparison, %(its)s
      OLD.outcome, OLD.grounds, OLD.registered_at, OLD.registered_by_id) THEN
    RAISE EXCEPTION 'what was set down to be judged is never changed'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END
$$;
"""
NEW = GUARD % {
    "mine": "NEW.elsewhere, NEW.first_week,",
    "its": "OLD.elsewhere, OLD.first_week,",
}
OLD = GUARD % {"mine": "", "its": ""}


class Migration(migrations.Migration):
    """A plan of the effect compares with other sites' records too, and fixes its first week."""

    dependencies = [("reports", "0005_charts_in_mails")]

    operations = [
        migrations.AddField(
            model_name="effectplan",
            name="elsewhere",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=81), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="effectplan",
            name="first_week",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.RunSQL(NEW, OLD),
    ]
