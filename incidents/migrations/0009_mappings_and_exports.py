import datetime
import uuid

import django.db.models.deletion
import django.db.models.expressions
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from ceasefire.database.operations import Access, QuickMigration


class Migration(QuickMigration):
    dependencies = [
        ("incidents", "0008_saved_filters"),
        ("places", "0002_iraq"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="exportfile",
            name="options",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="exportfile",
            name="rows",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="importbatch",
            name="checked",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="importbatch",
            name="signature",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name="importbatch",
            name="values",
            field=models.JSONField(default=dict),
        ),
        migrations.AlterField(
            model_name="exportfile",
            name="format",
            field=models.CharField(
                choices=[
                    ("xlsx", "XLSX"),
                    ("geojson", "GeoJSON"),
                    ("acled-xlsx", "Research file, XLSX"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="importbatch",
            name="state",
            field=models.CharField(
                choices=[
                    ("checking", "Being checked"),
                    ("previewed", "Previewed"),
                    ("queued", "Waiting to run"),
                    ("imported", "Imported"),
                    ("undone", "Undone"),
                    ("discarded", "Discarded"),
                ],
                default="previewed",
                max_length=12,
            ),
        ),
        migrations.CreateModel(
            name="ImportFindings",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key_id", models.CharField(max_length=40)),
                ("ciphertext", models.BinaryField()),
                ("expires_at", models.DateTimeField(db_index=True)),
                (
                    "batch",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="findings",
                        to="incidents.importbatch",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ImportMapping",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=60, verbose_name="Name")),
                ("signature", models.CharField(max_length=64)),
                ("columns", models.JSONField(default=dict)),
                ("values", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("used_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="places.site",
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.AddField(
            model_name="importbatch",
            name="saved",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="incidents.importmapping",
            ),
        ),
        migrations.AddConstraint(
            model_name="importbatch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("undone_at__isnull", True),
                    (
                        "undone_at__lte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("at"), "+", models.Value(datetime.timedelta(days=30))
                        ),
                    ),
                    _connector="OR",
                ),
                name="a_batch_is_undone_within_30_days",
            ),
        ),
        migrations.AddIndex(
            model_name="importmapping",
            index=models.Index(fields=["site", "signature", "-used_at"], name="mapping_by_header"),
        ),
        migrations.AddConstraint(
            model_name="importmapping",
            constraint=models.UniqueConstraint(
                fields=("site", "name"), name="a_site_names_a_mapping_once"
            ),
        ),
        Access("incidents_importmapping"),
        Access("incidents_importfindings", app="SELECT, INSERT, DELETE"),
    ]
