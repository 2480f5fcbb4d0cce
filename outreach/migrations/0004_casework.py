import datetime
import uuid

import django.db.models.deletion
import django.db.models.expressions
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from ceasefire.database.operations import Access, QuickMigration

# A note is changed by its writer for a day and by nobody afterwards, whoever asks: neither its row
# nor the sealed text, which may still be erased with the identity and sealed anew under another key.
GUARD = """
CREATE FUNCTION public.outreach_refuse_locked_note() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  IF clock_timestamp() < OLD.locked_at AND NEW.locked_at <= OLD.locked_at AND NEW.at = OLD.at
     AND NEW.by_id = OLD.by_id AND NEW.participant_id = OLD.participant_id THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'a locked note is amended, never changed'
    USING ERRCODE = 'check_violation', CONSTRAINT = 'a_locked_note_is_not_changed';
END
$$;
CREATE TRIGGER a_locked_note_is_not_changed
  BEFORE UPDATE ON public.outreach_casenote
  FOR EACH ROW EXECUTE FUNCTION public.outreach_refuse_locked_note();

CREATE FUNCTION public.outreach_refuse_locked_text() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  -- Another key for the same text is no change of it.
  IF TG_OP = 'UPDATE' AND NEW.updated_at = OLD.updated_at AND NEW."row" = OLD."row" THEN
    RETURN NEW;
  END IF;
  PERFORM FROM public.outreach_casenote
    WHERE id = NEW."row"::uuid AND clock_timestamp() < locked_at;
  IF FOUND THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'the text of a locked note is not changed'
    USING ERRCODE = 'check_violation', CONSTRAINT = 'a_locked_note_is_not_changed';
END
$$;
CREATE TRIGGER the_text_of_a_locked_note_is_not_changed
  BEFORE INSERT OR UPDATE ON public.vault_sealed
  FOR EACH ROW WHEN (NEW."table" = 'outreach_casenote')
  EXECUTE FUNCTION public.outreach_refuse_locked_text();
"""
UNGUARD = """
DROP TRIGGER the_text_of_a_locked_note_is_not_changed ON public.vault_sealed;
DROP FUNCTION public.outreach_refuse_locked_text();
DROP TRIGGER a_locked_note_is_not_changed ON public.outreach_casenote;
DROP FUNCTION public.outreach_refuse_locked_note();
"""


class Migration(QuickMigration):
    dependencies = [
        ("outreach", "0003_screening"),
        ("vault", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CaseNote",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("kind", models.CharField(max_length=16, verbose_name="About what")),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("locked_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField(blank=True, null=True)),
                ("idempotency_key", models.UUIDField(blank=True, null=True, unique=True)),
                ("version", models.PositiveIntegerField(default=1)),
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
                        related_name="notes",
                        to="outreach.participant",
                    ),
                ),
            ],
            options={
                "ordering": ["-at", "-id"],
                "indexes": [
                    models.Index(fields=["participant", "-at", "-id"], name="notes_of_case"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind", ""), _negated=True), name="a_note_is_about_something"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "locked_at__lte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("at"), "+", models.Value(datetime.timedelta(days=1))
                                ),
                            )
                        ),
                        name="a_note_is_open_for_24_hours_at_most",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Handover",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("cases", models.PositiveIntegerField()),
                ("memberships", models.PositiveIntegerField()),
                ("tasks", models.PositiveIntegerField()),
                ("idempotency_key", models.UUIDField(blank=True, null=True, unique=True)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "from_user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="NeedsAssessment",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                ("severities", models.JSONField()),
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
                        related_name="needs",
                        to="outreach.participant",
                    ),
                ),
            ],
            options={
                "ordering": ["-number"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("participant", "number"), name="needs_are_numbered_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("number__gte", 1)), name="needs_are_numbered_from_1"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="NoteAmendment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("idempotency_key", models.UUIDField(blank=True, null=True, unique=True)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "note",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="amendments",
                        to="outreach.casenote",
                    ),
                ),
            ],
            options={
                "ordering": ["at", "id"],
            },
        ),
        migrations.CreateModel(
            name="Referral",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("domain", models.CharField(max_length=16, verbose_name="For what")),
                (
                    "is_warm",
                    models.BooleanField(
                        default=False, verbose_name="I take him there or call them"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("sent", "Sent"),
                            ("accepted", "Accepted"),
                            ("declined", "Declined"),
                            ("started", "Started"),
                            ("completed", "Completed"),
                            ("dropped", "Dropped"),
                        ],
                        default="sent",
                        max_length=9,
                        verbose_name="State",
                    ),
                ),
                ("sent_on", models.DateField(verbose_name="Sent on")),
                ("answered_on", models.DateField(blank=True, null=True)),
                ("started_on", models.DateField(blank=True, null=True)),
                ("ended_on", models.DateField(blank=True, null=True)),
                (
                    "is_confirmed",
                    models.BooleanField(default=False, verbose_name="The participant says so too"),
                ),
                ("idempotency_key", models.UUIDField(blank=True, null=True, unique=True)),
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
                    "participant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="referrals",
                        to="outreach.participant",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-id"],
                "indexes": [
                    models.Index(fields=["participant", "-created_at"], name="referrals_of_case"),
                    models.Index(
                        condition=models.Q(("state", "sent")),
                        fields=["sent_on"],
                        name="referrals_without_answer",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("domain", ""), _negated=True), name="a_referral_says_for_what"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("answered_on__isnull", True),
                                ("started_on__isnull", True),
                                ("state", "sent"),
                                ("ended_on__isnull", True),
                            ),
                            models.Q(
                                ("answered_on__isnull", False),
                                ("started_on__isnull", True),
                                ("state", "accepted"),
                                ("ended_on__isnull", True),
                            ),
                            models.Q(
                                ("answered_on__isnull", False),
                                ("started_on__isnull", True),
                                ("state", "declined"),
                                ("ended_on__isnull", False),
                            ),
                            models.Q(
                                ("answered_on__isnull", False),
                                ("started_on__isnull", False),
                                ("state", "started"),
                                ("ended_on__isnull", True),
                            ),
                            models.Q(
                                ("answered_on__isnull", False),
                                ("started_on__isnull", False),
                                ("state", "completed"),
                                ("ended_on__isnull", False),
                            ),
                            models.Q(("ended_on__isnull", False), ("state", "dropped")),
                            _connector="OR",
                        ),
                        name="a_referral_has_the_days_of_its_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("answered_on__isnull", True),
                                ("answered_on__gte", models.F("sent_on")),
                                _connector="OR",
                            ),
                            models.Q(
                                ("started_on__isnull", True),
                                ("started_on__gte", models.F("sent_on")),
                                _connector="OR",
                            ),
                            models.Q(
                                ("ended_on__isnull", True),
                                ("ended_on__gte", models.F("sent_on")),
                                _connector="OR",
                            ),
                        ),
                        name="a_referral_moves_after_it_was_sent",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("is_confirmed", False),
                            ("state__in", ["started", "completed", "dropped", "declined"]),
                            _connector="OR",
                        ),
                        name="a_participant_confirms_what_happened",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReferralStep",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("to_state", models.CharField(max_length=9)),
                ("happened_on", models.DateField()),
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
                    "referral",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="steps",
                        to="outreach.referral",
                    ),
                ),
            ],
            options={
                "ordering": ["at", "id"],
            },
        ),
        migrations.CreateModel(
            name="RiskReductionPlan",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Being written"),
                            ("waiting", "Waits for approval"),
                            ("returned", "Returned"),
                            ("approved", "Approved"),
                        ],
                        default="draft",
                        max_length=8,
                        verbose_name="State",
                    ),
                ),
                ("approved_at", models.DateTimeField(blank=True, null=True)),
                ("review_due_on", models.DateField(blank=True, null=True)),
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
                    "participant",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="plan",
                        to="outreach.participant",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("review_due_on__isnull", False)),
                        fields=["review_due_on"],
                        name="plan_reviews",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["draft", "waiting", "returned", "approved"])),
                        name="a_plan_is_in_a_known_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "approved"), _negated=True),
                            models.Q(("approved_at__isnull", False), ("review_due_on__isnull", False)),
                            _connector="OR",
                        ),
                        name="an_approved_plan_says_when_and_is_reviewed",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PlanReview",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("next_due_on", models.DateField()),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reviews",
                        to="outreach.riskreductionplan",
                    ),
                ),
            ],
            options={
                "ordering": ["-at", "-id"],
                "indexes": [
                    models.Index(fields=["plan", "-at"], name="reviews_of_plan"),
                ],
            },
        ),
        migrations.CreateModel(
            name="PlanGoal",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("domain", models.CharField(max_length=16, verbose_name="About what")),
                ("due_on", models.DateField(verbose_name="Until")),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("reached", "Reached"), ("dropped", "Dropped")],
                        default="open",
                        max_length=8,
                        verbose_name="State",
                    ),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("idempotency_key", models.UUIDField(blank=True, null=True, unique=True)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
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
                    "ended_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="goals",
                        to="outreach.riskreductionplan",
                    ),
                ),
            ],
            options={
                "ordering": ["due_on", "created_at", "id"],
                "indexes": [
                    models.Index(fields=["plan", "due_on"], name="goals_of_plan"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("ended_at__isnull", True), ("ended_by__isnull", True), ("state", "open")
                            ),
                            models.Q(
                                ("ended_at__isnull", False),
                                ("ended_by__isnull", False),
                                ("state__in", ["reached", "dropped"]),
                            ),
                            _connector="OR",
                        ),
                        name="an_ended_goal_says_when_and_by_whom",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("domain", ""), _negated=True), name="a_goal_is_about_something"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Transfer",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("asked", "Waits for an answer"),
                            ("accepted", "Accepted"),
                            ("declined", "Declined"),
                            ("withdrawn", "Taken back"),
                            ("handed_over", "Handed over"),
                        ],
                        default="asked",
                        max_length=11,
                        verbose_name="State",
                    ),
                ),
                ("asked_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                ("idempotency_key", models.UUIDField(blank=True, null=True, unique=True)),
                (
                    "answered_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "from_user",
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
                        related_name="transfers",
                        to="outreach.participant",
                    ),
                ),
                (
                    "to_user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-asked_at", "-id"],
                "indexes": [
                    models.Index(fields=["participant", "-asked_at"], name="transfers_of_case"),
                    models.Index(
                        condition=models.Q(("state", "asked")), fields=["to_user"], name="transfers_waiting"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "asked")),
                        fields=("participant",),
                        name="a_case_goes_to_one_person_at_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("from_user", models.F("to_user")), _negated=True),
                        name="a_transfer_goes_to_somebody_else",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("answered_at__isnull", True),
                                ("answered_by__isnull", True),
                                ("state", "asked"),
                            ),
                            models.Q(
                                ("answered_at__isnull", False),
                                ("answered_by__isnull", False),
                                ("state__in", ["accepted", "declined", "handed_over"]),
                            ),
                            models.Q(("answered_at__isnull", False), ("state", "withdrawn")),
                            _connector="OR",
                        ),
                        name="an_answered_transfer_says_when_and_by_whom",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["accepted", "declined"]), _negated=True),
                            ("answered_by", models.F("to_user")),
                            _connector="OR",
                        ),
                        name="the_receiver_alone_answers",
                    ),
                ],
            },
        ),
        Access("outreach_needsassessment", app="SELECT, INSERT"),
        Access("outreach_riskreductionplan", app="SELECT, INSERT, UPDATE"),
        Access("outreach_plangoal", app="SELECT, INSERT, UPDATE"),
        Access("outreach_planreview", app="SELECT, INSERT"),
        Access("outreach_referral", app="SELECT, INSERT, UPDATE"),
        Access("outreach_referralstep", app="SELECT, INSERT"),
        Access("outreach_casenote", app="SELECT, INSERT, UPDATE"),
        Access("outreach_noteamendment", app="SELECT, INSERT"),
        Access("outreach_transfer", app="SELECT, INSERT, UPDATE"),
        Access("outreach_handover", app="SELECT, INSERT"),
        migrations.RunSQL(GUARD, UNGUARD),
    ]
