import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from ceasefire.database.operations import Access, QuickMigration

LISTS = ("response_action", "watch_finding")


def load(apps, schema_editor):
    """Write the lists that are new here, where the first load did not know them yet."""
    from ceasefire.codes.lists import LISTS as SHIPPED

    code_model = apps.get_model("codes", "Code")
    for name in LISTS:
        for order, (code, label_en, label_ar, *more) in enumerate(SHIPPED[name]):
            code_model.objects.get_or_create(
                list=name,
                code=code,
                defaults={
                    "label_en": label_en,
                    "label_ar": label_ar,
                    "family": more[0] if more else "",
                    "crosswalk": {},
                    "order": order,
                },
            )


class Migration(QuickMigration):
    dependencies = [
        ("incidents", "0005_export_files"),
        ("codes", "0002_lists"),
        ("places", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(load, migrations.RunPython.noop),
        migrations.CreateModel(
            name="IncidentResponse",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("started_at", models.DateTimeField()),
                ("late_notice", models.BooleanField(default=False)),
                ("contact_due_at", models.DateTimeField()),
                ("amber_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("by_hand", models.BooleanField(default=False)),
                (
                    "next_step",
                    models.CharField(blank=True, max_length=200, verbose_name="Next step"),
                ),
                ("first_contact_at", models.DateTimeField(blank=True, null=True)),
                ("community_response_at", models.DateTimeField(blank=True, null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "closed_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("answered", "Answered by the community"),
                            ("unsafe", "Not safe to go"),
                            ("declined", "The family wants nobody"),
                            ("elsewhere", "Answered by others"),
                            ("mistaken", "Needed no answer"),
                            ("duplicate", "Stopped: a duplicate"),
                            ("withdrawn", "Stopped: withdrawn"),
                            ("returned", "Stopped: returned to the reporter"),
                            ("retyped", "Stopped: another kind of incident"),
                        ],
                        default="",
                        max_length=12,
                        verbose_name="Why",
                    ),
                ),
                ("contact_escalated_at", models.DateTimeField(blank=True, null=True)),
                ("supervisor_escalated_at", models.DateTimeField(blank=True, null=True)),
                ("manager_escalated_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "assigned_to",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "incident",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="response",
                        to="incidents.incident",
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
            ],
            options={
                "ordering": ["due_at", "id"],
            },
        ),
        migrations.CreateModel(
            name="ResponseAction",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("kind", models.CharField(max_length=16, verbose_name="What was done")),
                ("at", models.DateTimeField(verbose_name="When")),
                (
                    "people_reached",
                    models.PositiveIntegerField(
                        blank=True, null=True, verbose_name="People reached"
                    ),
                ),
                (
                    "materials",
                    models.PositiveIntegerField(
                        blank=True, null=True, verbose_name="Leaflets, posters"
                    ),
                ),
                (
                    "next_step",
                    models.CharField(blank=True, max_length=200, verbose_name="Next step"),
                ),
                (
                    "words",
                    models.TextField(
                        blank=True, max_length=1000, verbose_name="What came of it, without names"
                    ),
                ),
                ("idempotency_key", models.UUIDField(blank=True, null=True, unique=True)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "response",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="actions",
                        to="incidents.incidentresponse",
                    ),
                ),
            ],
            options={
                "ordering": ["-at", "-created_at"],
            },
        ),
        migrations.CreateModel(
            name="RetaliationWatch",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("started_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("quiet", "Stayed quiet"),
                            ("calmed", "Was hot, was calmed"),
                            ("retaliation", "There was revenge"),
                            ("unknown", "Not known"),
                            ("stopped", "Stopped with the incident"),
                        ],
                        default="",
                        max_length=12,
                        verbose_name="How it ended",
                    ),
                ),
                ("unassigned_escalated_at", models.DateTimeField(blank=True, null=True)),
                ("over_escalated_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="watches",
                        to="incidents.incident",
                    ),
                ),
                (
                    "opened_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "other_side",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "victim_side",
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
                "ordering": ["ends_at", "id"],
            },
        ),
        migrations.CreateModel(
            name="WatchCheck",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "side",
                    models.CharField(
                        choices=[("victim", "The victim's side"), ("other", "The other side")],
                        max_length=8,
                        verbose_name="Which side",
                    ),
                ),
                ("finding", models.CharField(max_length=16, verbose_name="How is it there?")),
                (
                    "words",
                    models.CharField(
                        blank=True, max_length=400, verbose_name="In words, without names"
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
                    "watch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="checks",
                        to="incidents.retaliationwatch",
                    ),
                ),
            ],
            options={
                "ordering": ["-at", "-id"],
            },
        ),
        migrations.AddIndex(
            model_name="incidentresponse",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", True)),
                fields=["site", "due_at", "id"],
                name="response_running",
            ),
        ),
        migrations.AddIndex(
            model_name="incidentresponse",
            index=models.Index(fields=["site", "-closed_at"], name="response_closed"),
        ),
        migrations.AddIndex(
            model_name="incidentresponse",
            index=models.Index(fields=["site", "due_at"], name="response_by_due"),
        ),
        migrations.AddIndex(
            model_name="incidentresponse",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", True)),
                fields=["assigned_to"],
                name="response_of_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="incidentresponse",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("contact_due_at__gt", models.F("started_at")),
                    ("amber_at__gt", models.F("contact_due_at")),
                    ("due_at__gt", models.F("amber_at")),
                ),
                name="a_clock_runs_start_contact_amber_red",
            ),
        ),
        migrations.AddConstraint(
            model_name="incidentresponse",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at__isnull", True), ("closed_reason", "")),
                    models.Q(
                        ("closed_at__isnull", False), models.Q(("closed_reason", ""), _negated=True)
                    ),
                    _connector="OR",
                ),
                name="a_clock_that_ended_says_when_and_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="incidentresponse",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_reason", "answered"), _negated=True),
                    ("community_response_at__isnull", False),
                    _connector="OR",
                ),
                name="an_answered_clock_says_since_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="incidentresponse",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("community_response_at__isnull", True),
                    ("first_contact_at__isnull", False),
                    _connector="OR",
                ),
                name="a_community_response_is_a_contact_too",
            ),
        ),
        migrations.AddConstraint(
            model_name="incidentresponse",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "closed_reason__in",
                        [
                            "",
                            "answered",
                            "unsafe",
                            "declined",
                            "elsewhere",
                            "mistaken",
                            "duplicate",
                            "withdrawn",
                            "returned",
                            "retyped",
                        ],
                    )
                ),
                name="a_clock_ends_for_a_known_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="responseaction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("people_reached__isnull", True),
                    ("people_reached__lte", 20000),
                    _connector="OR",
                ),
                name="an_action_reaches_at_most_20000_people",
            ),
        ),
        migrations.AddConstraint(
            model_name="responseaction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("materials__isnull", True), ("materials__lte", 100000), _connector="OR"
                ),
                name="an_action_hands_out_at_most_100000_things",
            ),
        ),
        migrations.AddConstraint(
            model_name="responseaction",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind", ""), _negated=True), name="an_action_says_what_was_done"
            ),
        ),
        migrations.AddIndex(
            model_name="retaliationwatch",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", True)),
                fields=["ends_at", "id"],
                name="watch_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="retaliationwatch",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)),
                fields=("incident",),
                name="an_incident_has_one_open_watch",
            ),
        ),
        migrations.AddConstraint(
            model_name="retaliationwatch",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gt", models.F("started_at"))),
                name="a_watch_ends_after_it_begins",
            ),
        ),
        migrations.AddConstraint(
            model_name="retaliationwatch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("outcome", "")),
                    models.Q(("ended_at__isnull", False), models.Q(("outcome", ""), _negated=True)),
                    _connector="OR",
                ),
                name="a_watch_that_ended_says_when_and_how",
            ),
        ),
        migrations.AddConstraint(
            model_name="retaliationwatch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("victim_side__isnull", True),
                    ("other_side__isnull", True),
                    models.Q(("victim_side", models.F("other_side")), _negated=True),
                    _connector="OR",
                ),
                name="nobody_watches_both_sides",
            ),
        ),
        migrations.AddConstraint(
            model_name="watchcheck",
            constraint=models.CheckConstraint(
                condition=models.Q(("side__in", ["victim", "other"])),
                name="a_check_is_of_one_of_two_sides",
            ),
        ),
        migrations.AddConstraint(
            model_name="watchcheck",
            constraint=models.CheckConstraint(
                condition=models.Q(("finding", ""), _negated=True), name="a_check_says_how_it_was"
            ),
        ),
        Access("incidents_incidentresponse"),
        # What was done, and how it was found, is never changed or removed.
        Access("incidents_responseaction", app="SELECT, INSERT"),
        Access("incidents_retaliationwatch"),
        Access("incidents_watchcheck", app="SELECT, INSERT"),
    ]
