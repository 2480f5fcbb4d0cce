import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from ceasefire.database.operations import Access


class Migration(migrations.Migration):
    """Reports by e-mail, and the evaluator's pack.

    REO gets no right here: pages of one's own subscription run as the application for everybody.
    """

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("jobs", "0002_outbox"),
        ("reports", "0002_open_version"),
    ]

    operations = [
        migrations.CreateModel(
            name="Subscription",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"ordering": ["id"]},
        ),
        migrations.CreateModel(
            name="ReportMail",
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
                            ("confirmation", "Is this address yours?"),
                            ("report", "Weekly report"),
                        ],
                        max_length=12,
                    ),
                ),
                ("key", models.UUIDField(blank=True, null=True, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("handing", "Being handed over"),
                            ("sent", "Sent"),
                            ("failed", "Failed"),
                            ("unsure", "Perhaps sent"),
                            ("dropped", "Not sent any more"),
                        ],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                (
                    "why",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("connection", "The mail server does not answer."),
                            ("encryption", "The mail server does not encrypt as it should."),
                            ("login", "The mail server refuses the program's sign-in."),
                            ("sender", "The mail server refuses the sender."),
                            ("recipient", "The mail server refuses an address."),
                            ("content", "The mail server refuses the mail."),
                            ("seal", "An address does not open: its key is missing."),
                            (
                                "lost",
                                "The line or the worker broke while the mail was handed over.",
                            ),
                            (
                                "not_entitled",
                                "No longer subscribed, or no longer of this site.",
                            ),
                        ],
                        max_length=12,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("touched_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "report",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="mails",
                        to="reports.weeklyreport",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["created_at"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "report"), name="a_person_gets_a_report_by_mail_once"
                    ),
                    models.CheckConstraint(
                        condition=(
                            models.Q(purpose="report", report__isnull=False, key__isnull=True)
                            | models.Q(
                                purpose="confirmation", report__isnull=True, key__isnull=False
                            )
                        ),
                        name="a_mail_is_of_a_report_or_of_an_address",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            state__in=[
                                "waiting",
                                "handing",
                                "sent",
                                "failed",
                                "unsure",
                                "dropped",
                            ]
                        ),
                        name="a_mail_is_in_a_known_state",
                    ),
                    models.CheckConstraint(
                        condition=(
                            ~models.Q(state__in=["failed", "unsure", "dropped"]) | ~models.Q(why="")
                        ),
                        name="a_mail_that_did_not_go_says_why",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EvaluatorsPack",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("cut", models.DateTimeField()),
                ("size", models.PositiveBigIntegerField(default=0)),
                ("sha256", models.CharField(blank=True, max_length=64)),
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
                        condition=(
                            models.Q(sha256="", size=0)
                            | (models.Q(size__gte=1) & ~models.Q(sha256=""))
                        ),
                        name="an_evaluators_pack_that_is_made_has_its_hash",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EvaluatorsPackPiece",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("key_id", models.CharField(max_length=40)),
                ("ciphertext", models.BinaryField()),
                (
                    "pack",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="pieces",
                        to="reports.evaluatorspack",
                    ),
                ),
            ],
            options={
                "ordering": ["pack", "number"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("pack", "number"), name="a_piece_of_an_evaluators_pack_once"
                    ),
                ],
            },
        ),
        Access("reports_subscription"),
        Access("reports_reportmail"),
        Access("reports_evaluatorspack"),
        Access("reports_evaluatorspackpiece"),
    ]
