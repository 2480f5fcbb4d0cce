import django.db.models.deletion
from django.db import migrations, models

from ceasefire.database.operations import Access

# What was made lies in pieces from now on. Files live for a day: those that are made already are
# forgotten, and whoever wants one asks again.
FORGET = "DELETE FROM incidents_exportfile WHERE size > 0"


class Migration(migrations.Migration):
    dependencies = [("incidents", "0013_quicker_imports")]

    operations = [
        migrations.RunSQL(FORGET, migrations.RunSQL.noop),
        migrations.RemoveConstraint(
            model_name="exportfile", name="an_export_file_has_content_when_made"
        ),
        migrations.RemoveField(model_name="exportfile", name="ciphertext"),
        migrations.CreateModel(
            name="ExportFilePart",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("ciphertext", models.BinaryField()),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parts",
                        to="incidents.exportfile",
                    ),
                ),
            ],
            options={
                "ordering": ["file", "number"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=["file", "number"], name="a_piece_of_a_file_stands_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ciphertext", b""), _negated=True),
                        name="a_piece_is_not_empty",
                    ),
                ],
            },
        ),
        Access("incidents_exportfilepart", app="SELECT, INSERT, DELETE"),
    ]
