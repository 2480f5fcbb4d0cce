import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from ceasefire.database.operations import Access

# What was set down is never changed; once a report has judged it, nothing about it is; and no row
# ever goes.
GUARD = """
CREATE FUNCTION public.reports_guard_effect_plan() RETURNS trigger
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
  IF (NEW.id, NEW.site_id, NEW.number, NEW.starts_on, NEW.treated, NEW.comparison, NEW.outcome,
      NEW.grounds, NEW.registered_at, NEW.registered_by_id)
     IS DISTINCT FROM
     (OLD.id, OLD.site_id, OLD.number, OLD.starts_on, OLD.treated, OLD.comparison, OLD.outcome,
      OLD.grounds, OLD.registered_at, OLD.registered_by_id) THEN
    RAISE EXCEPTION 'what was set down to be judged is never changed'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER an_effect_plan_stands
  BEFORE UPDATE OR DELETE ON public.reports_effectplan
  FOR EACH ROW EXECUTE FUNCTION public.reports_guard_effect_plan();
"""
UNGUARD = """
DROP TRIGGER an_effect_plan_stands ON public.reports_effectplan;
DROP FUNCTION public.reports_guard_effect_plan();
"""


class Migration(migrations.Migration):
    """What is judged of the program's effect, set down beforehand. REO reads none of it."""

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("places", "0002_iraq"),
        ("reports", "0003_mail_and_packs"),
    ]

    operations = [
        migrations.CreateModel(
            name="EffectPlan",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                ("starts_on", models.DateField(verbose_name="The program began on")),
                (
                    "treated",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), size=None
                    ),
                ),
                (
                    "comparison",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), size=None
                    ),
                ),
                (
                    "outcome",
                    models.CharField(default="ALL", max_length=40, verbose_name="What is counted"),
                ),
                (
                    "grounds",
                    models.TextField(max_length=1000, verbose_name="Why these districts"),
                ),
                ("registered_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("first_read_at", models.DateTimeField(blank=True, null=True)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                (
                    "registered_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="places.site",
                    ),
                ),
                (
                    "withdrawn_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "Plan of the program effect",
                "verbose_name_plural": "Plans of the program effect",
                "ordering": ["site", "number"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("site", "number"),
                        name="an_effect_plan_number_stands_once_a_site",
                    ),
                    models.CheckConstraint(
                        condition=~models.Q(treated=[])
                        & ~models.Q(treated__overlap=models.F("comparison")),
                        name="an_effect_plan_tells_its_districts_apart",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(first_read_at=None)
                        | models.Q(first_read_at__gte=models.F("registered_at")),
                        name="an_effect_plan_is_set_down_before_it_is_read",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(first_read_at=None) | models.Q(withdrawn_at=None),
                        name="an_effect_plan_that_was_read_stands",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(withdrawn_at=None, withdrawn_by=None)
                        | (~models.Q(withdrawn_at=None) & ~models.Q(withdrawn_by=None)),
                        name="a_withdrawn_effect_plan_says_by_whom",
                    ),
                ],
            },
        ),
        migrations.RunSQL(GUARD, UNGUARD),
        # Written and withdrawn by verbs; no row ever goes.
        Access("reports_effectplan", app="SELECT, INSERT, UPDATE"),
    ]
