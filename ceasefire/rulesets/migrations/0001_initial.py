import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from ceasefire.database.operations import Access


def load(apps, schema_editor):
    """Write the rules as shipped; the rows, not that file, are what the program reads."""
    from ceasefire.rulesets.shipped import load

    load(apps.get_model("rulesets", "Ruleset"))


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("places", "0003_zone_closed_on"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Ruleset",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=24)),
                ("version", models.PositiveIntegerField()),
                ("content", models.JSONField()),
                ("valid_from", models.DateField()),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="places.site",
                    ),
                ),
            ],
            options={
                "ordering": ["kind", "-version"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("kind", "site", "version"),
                        name="a_version_of_rules_is_there_once",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("version__gte", 1)), name="rules_count_from_version_1"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ["eligibility", "contact_standard", "caseload_band"])
                        ),
                        name="rules_are_of_a_known_kind",
                    ),
                ],
            },
        ),
        # A version is never changed or removed: what was judged by it can be read again.
        Access("rulesets_ruleset", app="SELECT, INSERT"),
        migrations.RunPython(load, migrations.RunPython.noop, elidable=False),
    ]
