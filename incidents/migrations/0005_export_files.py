import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from ceasefire.database.operations import Access


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0004_indexes_by_site"),
        ("jobs", "0002_outbox"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ExportFile",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "format",
                    models.CharField(
                        choices=[("xlsx", "XLSX"), ("geojson", "GeoJSON")], max_length=8
                    ),
                ),
                ("language", models.CharField(max_length=8)),
                ("filters", models.JSONField(default=dict)),
                ("key_id", models.CharField(max_length=40)),
                ("sought", models.BinaryField(default=b"")),
                ("ciphertext", models.BinaryField(default=b"")),
                ("size", models.PositiveBigIntegerField(default=0)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField(db_index=True)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="jobs.job",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ciphertext", b""), ("size", 0)),
                            models.Q(("size__gt", 0), models.Q(("ciphertext", b""), _negated=True)),
                            _connector="OR",
                        ),
                        name="an_export_file_has_content_when_made",
                    )
                ],
            },
        ),
        Access("incidents_exportfile"),
    ]
