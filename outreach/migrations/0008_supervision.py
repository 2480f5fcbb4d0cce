import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from ceasefire.database.operations import Access, QuickMigration


class Migration(QuickMigration):
    dependencies = [
        ("outreach", "0007_fieldwork"),
        ("places", "0003_zone_closed_on"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SupervisionSheet",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("code", models.CharField(max_length=20, unique=True)),
                ("week_start", models.DateField()),
                ("figures", models.JSONField(blank=True, default=dict)),
                ("signed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "on_behalf_of",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "signed_by",
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="places.site",
                    ),
                ),
                (
                    "worker",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-week_start", "code"],
                "indexes": [
                    models.Index(fields=["site", "week_start"], name="sheet_of_site_and_week"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("worker", "site", "week_start"), name="a_worker_has_one_sheet_a_week"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("on_behalf_of__isnull", True),
                                ("signed_at__isnull", True),
                                ("signed_by__isnull", True),
                            ),
                            models.Q(("signed_at__isnull", False), ("signed_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="a_signed_sheet_says_when_and_by_whom",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("signed_by__isnull", True),
                            models.Q(("signed_by", models.F("worker")), _negated=True),
                            _connector="OR",
                        ),
                        name="nobody_signs_their_own_sheet",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SupervisionDecision",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("code", models.CharField(max_length=24, unique=True)),
                ("due_on", models.DateField(verbose_name="Until")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                ("idempotency_key", models.UUIDField(blank=True, null=True, unique=True)),
                (
                    "assignee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "participant",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="decisions",
                        to="outreach.participant",
                    ),
                ),
                (
                    "sheet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="decisions",
                        to="outreach.supervisionsheet",
                    ),
                ),
            ],
            options={
                "ordering": ["created_at", "code"],
            },
        ),
        migrations.CreateModel(
            name="CaseReview",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "finding",
                    models.CharField(
                        choices=[
                            ("on_course", "On course"),
                            ("attention", "Needs attention"),
                            ("urgent", "Urgent"),
                        ],
                        max_length=9,
                        verbose_name="How it goes",
                    ),
                ),
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
                        related_name="reviews",
                        to="outreach.participant",
                    ),
                ),
                (
                    "sheet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reviews",
                        to="outreach.supervisionsheet",
                    ),
                ),
            ],
            options={
                "ordering": ["-at", "-id"],
                "indexes": [
                    models.Index(fields=["participant", "-at"], name="review_of_case"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("sheet", "participant"), name="a_case_is_reviewed_once_on_a_sheet"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("finding__in", ["on_course", "attention", "urgent"])),
                        name="a_review_finds_one_of_three",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Approval",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("intake", "Intake"), ("plan", "Plan"), ("closure", "Closure")],
                        max_length=8,
                        verbose_name="What for",
                    ),
                ),
                ("asked_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                (
                    "decision",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("approved", "Approved"),
                            ("returned", "Returned"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="",
                        max_length=9,
                        verbose_name="Decision",
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "on_behalf_of",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "participant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="approvals",
                        to="outreach.participant",
                    ),
                ),
            ],
            options={
                "ordering": ["asked_at", "id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("decided_at__isnull", True)),
                        fields=["asked_at", "id"],
                        name="approval_waiting",
                    ),
                    models.Index(fields=["participant", "-asked_at"], name="approval_of_case"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("decided_at__isnull", True)),
                        fields=("participant", "kind"),
                        name="a_case_waits_once_for_an_approval_of_a_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["intake", "plan", "closure"])),
                        name="an_approval_is_of_a_known_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("decided_at__isnull", True),
                                ("decided_by__isnull", True),
                                ("decision", ""),
                                ("on_behalf_of__isnull", True),
                            ),
                            models.Q(
                                ("decided_at__isnull", False),
                                ("decided_by__isnull", False),
                                ("decision__in", ["approved", "returned"]),
                            ),
                            models.Q(
                                ("decided_at__isnull", False),
                                ("decision", "withdrawn"),
                                ("on_behalf_of__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="a_decided_approval_says_when_how_and_by_whom",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_by__isnull", True),
                            ("decision", "withdrawn"),
                            models.Q(("decided_by", models.F("asked_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="nobody_approves_what_they_asked_for",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("on_behalf_of__isnull", True),
                            models.Q(
                                models.Q(("on_behalf_of", models.F("asked_by")), _negated=True),
                                models.Q(("on_behalf_of", models.F("decided_by")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="nobody_has_their_own_approved_on_their_behalf",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_at__isnull", True),
                            ("decided_at__gte", models.F("asked_at")),
                            _connector="OR",
                        ),
                        name="an_approval_is_decided_after_it_was_asked",
                    ),
                ],
            },
        ),
        # A decided approval and a signed sheet stay; reviews and decisions are written once.
        Access("outreach_approval", app="SELECT, INSERT, UPDATE"),
        Access("outreach_supervisionsheet", app="SELECT, INSERT, UPDATE"),
        Access("outreach_casereview", app="SELECT, INSERT"),
        Access("outreach_supervisiondecision", app="SELECT, INSERT"),
    ]
