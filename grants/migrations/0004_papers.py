import datetime
import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from ceasefire.database.operations import Access, QuickMigration

# Which papers a grant has to have as it stands: those of the steps it took and of the one it waits
# for (grants/services/requirements.py), and those that the office's list of papers adds to what is
# paid, visited and closed. `since` is when the step came into view.
NEEDS = """
CREATE VIEW public.grants_paperneed AS
SELECT g.id::text || ':' || n.type AS id,
       g.id AS grant_id,
       n.type::varchar(16) AS type,
       n.stage::varchar(12) AS stage,
       coalesce(n.since, g.state_since) AS since,
       (papers.newest ->> n.type)::uuid AS document_id,
       f.id AS deferral_id
  FROM public.grants_grant g
  LEFT JOIN LATERAL (
    SELECT min(at) FILTER (WHERE to_state = 'SUBMITTED') AS submitted,
           min(at) FILTER (WHERE to_state = 'VETTING') AS vetting,
           min(at) FILTER (WHERE to_state = 'APPROVED') AS approved,
           min(at) FILTER (WHERE to_state = 'ACTIVE') AS paid,
           max(at) FILTER (WHERE to_state = 'COMPLETED') AS completed,
           max(at) FILTER (WHERE to_state = 'CLOSING') AS closing
      FROM public.grants_transition WHERE grant_id = g.id
  ) t ON true
  LEFT JOIN LATERAL (
    SELECT count(*) > 1 AS several, bool_or(paid_usd < planned_usd) AS unpaid
      FROM public.grants_tranche WHERE grant_id = g.id
  ) p ON true
  LEFT JOIN LATERAL (
    SELECT min(recorded_at) AS first FROM public.grants_monitoringvisit WHERE grant_id = g.id
  ) v ON true
  LEFT JOIN LATERAL (
    SELECT max(closed_at) AS signed FROM public.grants_amendment
     WHERE grant_id = g.id AND state = 'SIGNED'
  ) a ON true
  LEFT JOIN LATERAL (
    SELECT jsonb_object_agg(d.counts_as, d.id ORDER BY d.uploaded_at, d.id) AS newest
      FROM (SELECT id, uploaded_at,
                   CASE type WHEN 'sole_source' THEN 'comparison' ELSE type END AS counts_as
              FROM public.grants_document one
             WHERE grant_id = g.id
               AND NOT EXISTS (SELECT FROM public.grants_document later
                                WHERE later.supersedes_id = one.id)) d
  ) papers ON true
 CROSS JOIN LATERAL (VALUES
   ('proposal', 'proposal', true, g.created_at),
   ('budget', 'budget', true, g.created_at),
   ('owner_consent', 'proposal', @WORKS, g.created_at),
   ('environment', 'proposal', @WORKS, g.created_at),
   ('quote', 'procurement', @PROCURED, g.created_at),
   ('comparison', 'procurement',
     @PROCURED AND g.requested_usd > coalesce((
       SELECT max(r.max_amount_usd) FROM public.grants_authorityrule r
        WHERE r.fund_id = g.fund_id AND r.award_type = 'MICRO_PURCHASE'
          AND r.confirmed_at IS NOT NULL
          AND r.valid_from <= (coalesce(t.submitted, now()) AT TIME ZONE 'Asia/Baghdad')::date
          AND (r.valid_to IS NULL
               OR r.valid_to > (coalesce(t.submitted, now()) AT TIME ZONE 'Asia/Baghdad')::date)), 0),
     g.created_at),
   ('review_sheet', 'vetting', g.state NOT IN ('DRAFT', 'RETURNED'), t.submitted),
   ('risk_sheet', 'vetting', g.state NOT IN ('DRAFT', 'RETURNED'), t.submitted),
   ('screening', 'vetting', g.state NOT IN ('DRAFT', 'RETURNED', 'SUBMITTED'), t.vetting),
   ('award_letter', 'award', @DECIDED, t.approved),
   ('monitoring_plan', 'award', @DECIDED, t.approved),
   ('report_plan', 'award', @DECIDED, t.approved),
   ('amendment', 'award', a.signed IS NOT NULL, a.signed),
   ('receipt', 'payment', g.disbursed_usd > 0, t.paid),
   ('evidence', 'payment', g.disbursed_usd > 0 AND p.several, t.paid),
   ('visit_report', 'monitoring', v.first IS NOT NULL, v.first),
   ('photo', 'monitoring',
     g.actual_end IS NOT NULL OR (g.state = 'ACTIVE' AND p.unpaid IS FALSE),
     coalesce(t.completed, g.state_since)),
   ('memo', 'monitoring', g.state = 'SUSPENDED', g.state_since),
   ('narrative_report', 'closeout',
     g.actual_end IS NOT NULL AND g.state IN ('COMPLETED', 'CLOSING', 'CLOSED', 'REOPENED'),
     t.completed),
   ('financial_report', 'closeout', @CLOSING, t.closing),
   ('reconciliation', 'closeout', @CLOSING, t.closing),
   ('asset_handover', 'closeout', @CLOSING, t.closing),
   ('closeout_memo', 'closeout', @CLOSING, t.closing)
 ) AS n(type, stage, wanted, since)
  LEFT JOIN public.grants_deferral f
    ON f.grant_id = g.id AND f.type = n.type AND f.ended_at IS NULL
 WHERE n.wanted AND g.state NOT IN ('REJECTED', 'CANCELLED', 'WITHDRAWN');
"""
for word, condition in {
    # Building on somebody's land; awards by which the office itself buys.
    "@WORKS": "g.kind IN ('park', 'playground', 'sports', 'youth_centre', 'women_centre',"
    " 'lighting', 'school', 'water')",
    "@PROCURED": "g.award_type IN ('MICRO_PURCHASE', 'DIRECT_PROCUREMENT', 'GRANT_IN_KIND')",
    "@DECIDED": "g.state NOT IN ('DRAFT', 'RETURNED', 'SUBMITTED', 'VETTING', 'PENDING_APPROVAL')",
    "@CLOSING": "g.state IN ('CLOSING', 'CLOSED', 'REOPENED')",
}.items():
    NEEDS = NEEDS.replace(word, condition)

GUARDS = """
-- The bytes of a filed paper stand for ever; only the key that seals them may change.
CREATE FUNCTION public.grants_guard_piece() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  of_file uuid := CASE WHEN TG_OP = 'INSERT' THEN NEW.file_id ELSE OLD.file_id END;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF (NEW.file_id, NEW.number, NEW.size, NEW.sha256)
       IS DISTINCT FROM (OLD.file_id, OLD.number, OLD.size, OLD.sha256) THEN
      PERFORM public.grants_refuse('a piece of a paper is only sealed anew');
    END IF;
  ELSIF EXISTS (SELECT FROM public.grants_documentcontent
                 WHERE file_id = of_file OR thumbnail_id = of_file) THEN
    PERFORM public.grants_refuse('the bytes of a filed paper stand');
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END
$$;
CREATE TRIGGER grants_guard_piece BEFORE INSERT OR UPDATE OR DELETE ON public.grants_storedpiece
  FOR EACH ROW EXECUTE FUNCTION public.grants_guard_piece();

CREATE FUNCTION public.grants_guard_file() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  IF EXISTS (SELECT FROM public.grants_documentcontent
              WHERE file_id = OLD.id OR thumbnail_id = OLD.id) THEN
    PERFORM public.grants_refuse('the bytes of a filed paper stand');
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END
$$;
CREATE TRIGGER grants_guard_file BEFORE UPDATE OR DELETE ON public.grants_storedfile
  FOR EACH ROW EXECUTE FUNCTION public.grants_guard_file();

-- A paper is given whole bytes: every piece from the first to the last, and nobody's upload.
CREATE FUNCTION public.grants_guard_content() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  f public.grants_storedfile;
  pieces bigint;
  last bigint;
  octets bigint;
BEGIN
  FOR f IN SELECT * FROM public.grants_storedfile
            WHERE id IN (NEW.file_id, NEW.thumbnail_id) FOR NO KEY UPDATE LOOP
    SELECT count(*), max(number), coalesce(sum(size), 0) INTO pieces, last, octets
      FROM public.grants_storedpiece WHERE file_id = f.id;
    IF f.sha256 !~ '^[0-9a-f]{64}$' OR f.size = 0 OR octets <> f.size OR last <> pieces - 1 THEN
      PERFORM public.grants_refuse('the bytes of a paper are whole');
    END IF;
    IF EXISTS (SELECT FROM public.grants_upload WHERE file_id = f.id) THEN
      PERFORM public.grants_refuse('a file on its way in is no paper yet');
    END IF;
  END LOOP;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_guard_content BEFORE INSERT ON public.grants_documentcontent
  FOR EACH ROW EXECUTE FUNCTION public.grants_guard_content();
CREATE TRIGGER grants_never_changes BEFORE UPDATE OR DELETE ON public.grants_documentcontent
  FOR EACH ROW EXECUTE FUNCTION public.grants_never_changes();

-- Put off by a grants officer who does not ask; ended once.
CREATE FUNCTION public.grants_guard_deferral() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  paper public.grants_document;
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.ended_at IS NOT NULL THEN
      PERFORM public.grants_refuse('a deferral begins open');
    END IF;
    PERFORM FROM public.grants_grant WHERE id = NEW.grant_id FOR NO KEY UPDATE;
    PERFORM public.grants_acts(NEW.deferred_by_id, 'officer');
    IF NEW.deferred_by_id = ANY (public.grants_people(NEW.grant_id, 'requester')) THEN
      PERFORM public.grants_refuse('who asks puts no paper off');
    END IF;
    RETURN NEW;
  END IF;
  IF OLD.ended_at IS NOT NULL
     OR (NEW.grant_id, NEW.type, NEW.slot, NEW.due_on, NEW.reason, NEW.deferred_by_id,
         NEW.deferred_on, NEW.deferred_at)
        IS DISTINCT FROM
        (OLD.grant_id, OLD.type, OLD.slot, OLD.due_on, OLD.reason, OLD.deferred_by_id,
         OLD.deferred_on, OLD.deferred_at) THEN
    PERFORM public.grants_refuse('a deferral is ended once and stands otherwise');
  END IF;
  IF NEW.document_id IS NOT NULL THEN
    SELECT * INTO paper FROM public.grants_document WHERE id = NEW.document_id;
    IF paper.grant_id <> NEW.grant_id OR NOT (paper.type = NEW.type
         OR (paper.type = 'sole_source' AND NEW.type = 'comparison')) THEN
      PERFORM public.grants_refuse('a deferral is ended by its own paper');
    END IF;
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_guard_deferral BEFORE INSERT OR UPDATE ON public.grants_deferral
  FOR EACH ROW EXECUTE FUNCTION public.grants_guard_deferral();
CREATE TRIGGER grants_never_goes BEFORE DELETE ON public.grants_deferral
  FOR EACH ROW EXECUTE FUNCTION public.grants_never_changes();
"""

BACKWARDS = """
DROP VIEW public.grants_paperneed;
DROP FUNCTION public.grants_guard_piece() CASCADE;
DROP FUNCTION public.grants_guard_file() CASCADE;
DROP FUNCTION public.grants_guard_content() CASCADE;
DROP FUNCTION public.grants_guard_deferral() CASCADE;
DROP TRIGGER grants_never_changes ON public.grants_documentcontent;
DROP TRIGGER grants_never_goes ON public.grants_deferral;
"""

#: The application's rights and REO's.
RIGHTS = {
    "storedfile": "SELECT, INSERT, UPDATE (sha256, size), DELETE",
    "storedpiece": "SELECT, INSERT, UPDATE (key_id, ciphertext), DELETE",
    "documentcontent": "SELECT, INSERT",
    "upload": "SELECT, INSERT, UPDATE (expires_at), DELETE",
    "deferral": "SELECT, INSERT, UPDATE (ended_at, ended_by_id, document_id, end_reason)",
    "pack": "SELECT, INSERT, UPDATE (state, done, total, cancel_requested, size, sha256, "
    "touched_at), DELETE",
    "packpiece": "SELECT, INSERT, DELETE",
    "paperneed": "SELECT",
}


class Migration(QuickMigration):
    """The bytes of papers, papers that may come later, what is missing, and audit packs."""

    dependencies = [
        ("grants", "0003_money_pages"),
    ]

    operations = [
        migrations.CreateModel(
            name="PaperNeed",
            fields=[
                ("id", models.CharField(max_length=60, primary_key=True, serialize=False)),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("proposal", "Proposal form"),
                            ("owner_consent", "Consent of the land's owner"),
                            ("environment", "Environment check"),
                            ("budget", "Budget"),
                            ("quote", "Quote"),
                            ("comparison", "Comparison of quotes"),
                            ("sole_source", "Sole-source memo"),
                            ("review_sheet", "Review sheet"),
                            ("risk_sheet", "Risk sheet"),
                            ("screening", "Screening record"),
                            ("award_letter", "Signed award letter"),
                            ("monitoring_plan", "Monitoring plan"),
                            ("report_plan", "Report plan"),
                            ("amendment", "Signed amendment"),
                            ("payment_request", "Payment request"),
                            ("invoice", "Invoice"),
                            ("evidence", "Evidence of use"),
                            ("payroll", "Payroll list"),
                            ("receipt", "Payee's signature or transfer proof"),
                            ("visit_report", "Visit report"),
                            ("photo", "Photo"),
                            ("memo", "Memo"),
                            ("narrative_report", "Final narrative report"),
                            ("financial_report", "Final financial report"),
                            ("asset_handover", "Hand-over of assets"),
                            ("reconciliation", "Reconciled receipts"),
                            ("closeout_memo", "Closeout memo"),
                            ("other", "Other paper"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("proposal", "Proposal"),
                            ("budget", "Budget"),
                            ("procurement", "Procurement"),
                            ("vetting", "Vetting"),
                            ("approval", "Approval"),
                            ("award", "Award"),
                            ("payment", "Payment"),
                            ("monitoring", "Monitoring"),
                            ("closeout", "Closeout"),
                        ],
                        max_length=12,
                    ),
                ),
                ("since", models.DateTimeField()),
            ],
            options={
                "db_table": "grants_paperneed",
                "ordering": ["since", "id"],
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="StoredFile",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("size", models.PositiveBigIntegerField(default=0)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Pack",
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
                            ("waiting", "Waiting"),
                            ("running", "Being made"),
                            ("ready", "Ready"),
                            ("cancelled", "Stopped"),
                            ("failed", "Failed"),
                        ],
                        default="waiting",
                        max_length=9,
                    ),
                ),
                ("done", models.PositiveBigIntegerField(default=0)),
                ("total", models.PositiveBigIntegerField(default=0)),
                ("cancel_requested", models.BooleanField(default=False)),
                ("size", models.PositiveBigIntegerField(default=0)),
                ("sha256", models.CharField(blank=True, max_length=64)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                ("touched_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField(db_index=True)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="grants.officer",
                    ),
                ),
                (
                    "grant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="packs",
                        to="grants.grant",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at"],
            },
        ),
        migrations.CreateModel(
            name="PackPiece",
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
                        to="grants.pack",
                    ),
                ),
            ],
            options={
                "ordering": ["pack", "number"],
            },
        ),
        migrations.CreateModel(
            name="DocumentContent",
            fields=[
                (
                    "document",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="content",
                        serialize=False,
                        to="grants.document",
                    ),
                ),
                ("width", models.PositiveIntegerField(null=True)),
                ("height", models.PositiveIntegerField(null=True)),
                (
                    "file",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="content",
                        to="grants.storedfile",
                    ),
                ),
                (
                    "thumbnail",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="grants.storedfile",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="StoredPiece",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("size", models.PositiveIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("key_id", models.CharField(db_index=True, max_length=40)),
                ("ciphertext", models.BinaryField()),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="pieces",
                        to="grants.storedfile",
                    ),
                ),
            ],
            options={
                "ordering": ["file", "number"],
            },
        ),
        migrations.CreateModel(
            name="Upload",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("ending", models.CharField(max_length=5)),
                ("size", models.PositiveBigIntegerField()),
                ("fingerprint", models.CharField(max_length=64)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                ("expires_at", models.DateTimeField(db_index=True)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="grants.officer",
                    ),
                ),
                (
                    "file",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="upload",
                        to="grants.storedfile",
                    ),
                ),
                (
                    "grant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="grants.grant",
                    ),
                ),
            ],
            options={
                "ordering": ["created_at"],
            },
        ),
        migrations.CreateModel(
            name="Deferral",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("proposal", "Proposal form"),
                            ("owner_consent", "Consent of the land's owner"),
                            ("environment", "Environment check"),
                            ("budget", "Budget"),
                            ("quote", "Quote"),
                            ("comparison", "Comparison of quotes"),
                            ("sole_source", "Sole-source memo"),
                            ("review_sheet", "Review sheet"),
                            ("risk_sheet", "Risk sheet"),
                            ("screening", "Screening record"),
                            ("award_letter", "Signed award letter"),
                            ("monitoring_plan", "Monitoring plan"),
                            ("report_plan", "Report plan"),
                            ("amendment", "Signed amendment"),
                            ("payment_request", "Payment request"),
                            ("invoice", "Invoice"),
                            ("evidence", "Evidence of use"),
                            ("payroll", "Payroll list"),
                            ("receipt", "Payee's signature or transfer proof"),
                            ("visit_report", "Visit report"),
                            ("photo", "Photo"),
                            ("memo", "Memo"),
                            ("narrative_report", "Final narrative report"),
                            ("financial_report", "Final financial report"),
                            ("asset_handover", "Hand-over of assets"),
                            ("reconciliation", "Reconciled receipts"),
                            ("closeout_memo", "Closeout memo"),
                            ("other", "Other paper"),
                        ],
                        max_length=16,
                    ),
                ),
                ("slot", models.PositiveSmallIntegerField()),
                ("due_on", models.DateField()),
                ("reason", models.CharField(max_length=1000)),
                ("deferred_on", models.DateField()),
                (
                    "deferred_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                ("ended_at", models.DateTimeField(null=True)),
                ("end_reason", models.CharField(blank=True, max_length=1000)),
                (
                    "deferred_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="grants.officer",
                    ),
                ),
                (
                    "document",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="grants.document",
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="grants.officer",
                    ),
                ),
                (
                    "grant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deferrals",
                        to="grants.grant",
                    ),
                ),
            ],
            options={
                "ordering": ["deferred_at", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("grant", "slot"),
                        name="two_papers_are_deferred_at_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("slot__gte", 1), ("slot__lte", 2)),
                        name="a_deferral_takes_one_of_two_slots",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("grant", "type"),
                        name="a_paper_is_deferred_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "type__in",
                                [
                                    "owner_consent",
                                    "environment",
                                    "quote",
                                    "comparison",
                                    "monitoring_plan",
                                    "report_plan",
                                    "visit_report",
                                    "photo",
                                ],
                            )
                        ),
                        name="no_paper_of_vetting_approval_or_payment_is_deferred",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True),
                        name="a_deferral_has_a_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("due_on__gt", models.F("deferred_on")),
                            (
                                "due_on__lte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("deferred_on"),
                                    "+",
                                    models.Value(datetime.timedelta(days=30)),
                                ),
                            ),
                        ),
                        name="a_deferral_is_due_within_thirty_days",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("document__isnull", True),
                                ("end_reason", ""),
                                ("ended_at__isnull", True),
                                ("ended_by__isnull", True),
                            ),
                            models.Q(
                                ("document__isnull", False),
                                ("ended_at__isnull", False),
                                ("ended_by__isnull", False),
                            ),
                            models.Q(
                                ("ended_at__isnull", False),
                                ("ended_by__isnull", False),
                                models.Q(("end_reason", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="a_deferral_ends_by_its_paper_or_for_a_reason",
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="pack",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["waiting", "running"])),
                fields=("grant",),
                name="one_pack_of_a_grant_is_made_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="pack",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "ready"), _negated=True),
                    models.Q(("size__gte", 1), models.Q(("sha256", ""), _negated=True)),
                    _connector="OR",
                ),
                name="a_ready_pack_is_of_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="pack",
            constraint=models.CheckConstraint(
                condition=models.Q(("done__lte", models.F("total"))), name="a_pack_is_no_fuller"
            ),
        ),
        migrations.AddConstraint(
            model_name="packpiece",
            constraint=models.UniqueConstraint(
                fields=("pack", "number"), name="a_piece_of_a_pack_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="documentcontent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("height__isnull", True),
                        ("thumbnail__isnull", True),
                        ("width__isnull", True),
                    ),
                    models.Q(("height__gte", 1), ("thumbnail__isnull", False), ("width__gte", 1)),
                    _connector="OR",
                ),
                name="a_picture_has_a_small_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="storedpiece",
            constraint=models.UniqueConstraint(
                fields=("file", "number"), name="a_piece_of_a_paper_stands_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="storedpiece",
            constraint=models.CheckConstraint(
                condition=models.Q(("size__gte", 1), ("size__lte", 1048576)),
                name="a_piece_is_of_a_size",
            ),
        ),
        migrations.AddConstraint(
            model_name="upload",
            constraint=models.UniqueConstraint(
                fields=("grant", "by", "fingerprint"), name="a_file_comes_once_at_a_time"
            ),
        ),
        migrations.AddConstraint(
            model_name="upload",
            constraint=models.CheckConstraint(
                condition=models.Q(("size__gte", 1)), name="an_upload_is_of_something"
            ),
        ),
        migrations.RunSQL(NEEDS + GUARDS, BACKWARDS),
        *(Access(f"grants_{table}", app=rights, reo=rights) for table, rights in RIGHTS.items()),
    ]
