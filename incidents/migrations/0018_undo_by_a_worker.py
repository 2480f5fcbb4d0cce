"""A long undo is made by a worker, and what stood in its way is kept with the batch."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("incidents", "0017_guarded"),
    ]

    operations = [
        migrations.AddField(
            model_name="importbatch",
            name="undo_blocked",
            field=models.JSONField(default=list),
        ),
        migrations.AlterField(
            model_name="importbatch",
            name="state",
            field=models.CharField(choices=[("checking", "Being checked"), ("previewed", "Previewed"), ("queued", "Waiting to run"), ("imported", "Imported"), ("undoing", "Being undone"), ("undone", "Undone"), ("discarded", "Discarded")], default="previewed", max_length=12),
        ),
    ]
