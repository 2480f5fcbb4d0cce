import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from ceasefire.database.operations import Access


class Migration(migrations.Migration):
    initial = True

    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name="Notification",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=60)),
                ("subject_label", models.CharField(max_length=80)),
                ("subject_code", models.CharField(max_length=60)),
                ("key", models.CharField(max_length=140)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("read_at", models.DateTimeField(blank=True, null=True)),
                (
                    "recipient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-id"],
                "indexes": [
                    models.Index(
                        fields=["recipient", "-created_at", "-id"], name="notification_newest"
                    ),
                    models.Index(
                        condition=models.Q(("read_at__isnull", True)),
                        fields=["recipient"],
                        name="notification_unread",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("recipient", "key"), name="a_notice_comes_once_to_a_person"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("subject_code", ""), _negated=True),
                        name="a_notice_is_about_something",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("read_at__isnull", True),
                            ("read_at__gte", models.F("created_at")),
                            _connector="OR",
                        ),
                        name="a_notice_is_read_after_it_came",
                    ),
                ],
            },
        ),
        Access("worklist_notification"),
    ]
