import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from ceasefire.database.operations import Access


class Migration(migrations.Migration):
    dependencies = [
        ("outreach", "0002_consent_and_edits"),
        ("rulesets", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RiskScreening",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("intake", "At intake"),
                            ("rescreen", "Screened again"),
                            ("closure", "At closure"),
                        ],
                        max_length=8,
                        verbose_name="What for",
                    ),
                ),
                ("answers", models.JSONField()),
                ("score", models.PositiveSmallIntegerField()),
                ("is_incomplete", models.BooleanField()),
                ("qualifies", models.BooleanField()),
                ("idempotency_key", models.UUIDField(blank=True, null=True, unique=True)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "participant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="screenings",
                        to="outreach.participant",
                    ),
                ),
                (
                    "ruleset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="rulesets.ruleset",
                    ),
                ),
            ],
            options={
                "ordering": ["-at", "-id"],
                "indexes": [
                    models.Index(fields=["participant", "-at"], name="screenings_of_case"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("purpose__in", ["intake", "rescreen", "closure"])),
                        name="a_screening_is_for_a_known_purpose",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("score__lte", 20)), name="a_screening_has_a_sane_score"
                    ),
                ],
            },
        ),
        Access("outreach_riskscreening", app="SELECT, INSERT"),
    ]
