import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

from ceasefire.database.operations import Access, QuickMigration
from ceasefire.database.roles import quoted

# A figure counts by two people, and four can run an office: whoever certifies, pays or approves and
# did not enter it confirms it. In 0007 only a certifier did, who in an office of four may be the
# one who entered it.
FIGURES = """
CREATE OR REPLACE FUNCTION public.grants_guard_figure() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  free text[] := ARRAY['confirmed_by_id', 'confirmed_at', 'withdrawn_by_id', 'withdrawn_at'];
  acts_as text;
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.confirmed_at IS NOT NULL OR NEW.withdrawn_at IS NOT NULL THEN
      PERFORM public.grants_refuse('a second person confirms later');
    END IF;
    PERFORM public.grants_acts(NEW.entered_by_id, 'officer');
    RETURN NEW;
  END IF;
  IF to_jsonb(NEW) - free IS DISTINCT FROM to_jsonb(OLD) - free THEN
    PERFORM public.grants_refuse('what one person entered is never edited');
  END IF;
  IF OLD.withdrawn_at IS NOT NULL THEN
    PERFORM public.grants_refuse('a withdrawn figure stays so');
  END IF;
  IF OLD.confirmed_at IS NOT NULL
     AND (NEW.confirmed_at, NEW.confirmed_by_id) IS DISTINCT FROM
         (OLD.confirmed_at, OLD.confirmed_by_id) THEN
    PERFORM public.grants_refuse('what was confirmed stays so');
  END IF;
  IF OLD.confirmed_at IS NULL AND NEW.confirmed_at IS NOT NULL THEN
    SELECT duty INTO acts_as FROM public.grants_officer, unnest(duties) AS duty
     WHERE user_id = NEW.confirmed_by_id AND duty IN (@CONFIRMERS) LIMIT 1;
    PERFORM public.grants_acts(NEW.confirmed_by_id, coalesce(acts_as, 'certifier'));
  END IF;
  RETURN NEW;
END
$$;
"""
NOW_CONFIRM = FIGURES.replace("@CONFIRMERS", "'certifier', 'payer', 'approver'")
ONCE_CONFIRMED = FIGURES.replace("@CONFIRMERS", "'certifier'")

# C5: an invoice is matched to the budget, and what it resembles is looked at.
INVOICES = """
-- A voucher as it is read: either digits, no case, no spaces, no strokes but between two numbers
-- (1/11 is not 11/1). One of strokes alone stays what it is.
CREATE FUNCTION public.grants_voucher(written text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT coalesce(nullif(regexp_replace(regexp_replace(
           upper(translate(written, '٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹', '01234567890123456789')),
           '(?<=[0-9])[^[:alnum:]]+(?=[0-9])', '-', 'g'),
           '(?<![0-9])[^[:alnum:]]+|[^[:alnum:]]+(?![0-9])', '', 'g'), ''), written)
$$;
CREATE INDEX payments_by_voucher ON public.grants_paymentrequest
  (public.grants_voucher(voucher_no));

-- The very same writing is refused by `a_voucher_is_used_once_a_fund`.
CREATE FUNCTION public.grants_payment_voucher() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  -- One at a time a fund: two who ask at once would not see each other.
  PERFORM FROM public.grants_fund WHERE id = NEW.fund_id FOR NO KEY UPDATE;
  IF EXISTS (SELECT FROM public.grants_paymentrequest
              WHERE fund_id = NEW.fund_id AND voucher_no <> NEW.voucher_no
                AND public.grants_voucher(voucher_no) = public.grants_voucher(NEW.voucher_no)) THEN
    PERFORM public.grants_refuse('a voucher is used once a fund, however it is written');
  END IF;
  RETURN NEW;
END
$$;
-- Before grants_guard_payment by its name, which holds the grant: the fund comes before it.
CREATE TRIGGER grants_first_voucher BEFORE INSERT ON public.grants_paymentrequest
  FOR EACH ROW EXECUTE FUNCTION public.grants_payment_voucher();

-- What of a grant's budget lines its invoices used so far, in dollars, what was refused or taken
-- back left out. Dinars at the rate they were paid at, before that at the last confirmed one
-- before the invoice, else the first after it.
CREATE FUNCTION public.grants_budget_used(of_grant uuid)
RETURNS TABLE (line uuid, used_usd numeric, of_dinars boolean)
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT l.budget_line_id,
         sum(CASE WHEN p.currency = 'USD' THEN l.amount
                  ELSE round(l.amount / coalesce(paid.iqd_per_usd, (
                         SELECT r.iqd_per_usd FROM public.grants_exchangerate r
                          WHERE r.confirmed_at IS NOT NULL AND r.withdrawn_at IS NULL
                          ORDER BY r.day > p.invoiced_on, abs(r.day - p.invoiced_on), r.source
                          LIMIT 1)), 2) END),
         bool_or(p.currency <> 'USD')
    FROM public.grants_paymentline l
    JOIN public.grants_paymentrequest p ON p.id = l.payment_id
    LEFT JOIN public.grants_exchangerate paid ON paid.id = p.rate_row_id
   WHERE p.grant_id = of_grant AND p.state <> 'REFUSED'
     AND NOT EXISTS (
       SELECT FROM public.grants_ledgerentry e
         JOIN public.grants_ledgerentry back ON back.reverses_id = e.seq
        WHERE e.payment_id = p.id)
   GROUP BY l.budget_line_id
$$;

-- What a payment resembles, so that whoever certifies it says why it goes on: a voucher, an amount
-- on an invoice of one day, a paper of another payment of any grant, a budget line that is used up.
CREATE FUNCTION public.grants_payment_signs(of_payment uuid) RETURNS SETOF text
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT 'voucher' FROM public.grants_paymentrequest p
   WHERE p.id = of_payment AND EXISTS (
     SELECT FROM public.grants_paymentrequest o
      WHERE o.id <> p.id
        AND public.grants_voucher(o.voucher_no) = public.grants_voucher(p.voucher_no))
  UNION ALL
  SELECT 'same' FROM public.grants_paymentrequest p
   WHERE p.id = of_payment AND EXISTS (
     SELECT FROM public.grants_paymentrequest o
      WHERE o.id <> p.id AND o.invoiced_on = p.invoiced_on
        AND o.amount = p.amount AND o.currency = p.currency)
  UNION ALL
  SELECT 'paper' FROM public.grants_paymentrequest p
   WHERE p.id = of_payment AND EXISTS (
     SELECT FROM public.grants_document mine
       JOIN public.grants_document its ON its.sha256 = mine.sha256
       JOIN public.grants_paymentrequest o
         ON o.evidence_id = its.id OR o.proof_id = its.id
      WHERE mine.id IN (p.evidence_id, p.proof_id) AND o.id <> p.id)
  UNION ALL
  -- Dinars move with their rate: less than a dollar beyond the line is no sign.
  SELECT 'line' FROM public.grants_paymentrequest p
   WHERE p.id = of_payment AND EXISTS (
     SELECT FROM public.grants_budget_used(p.grant_id) u
       JOIN public.grants_budgetline b ON b.id = u.line
       JOIN public.grants_paymentline l ON l.budget_line_id = b.id AND l.payment_id = p.id
      WHERE u.used_usd > b.amount_usd + CASE WHEN u.of_dinars THEN 1 ELSE 0 END)
$$;

CREATE FUNCTION public.grants_guard_payment_line() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  p public.grants_paymentrequest;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    PERFORM public.grants_refuse('a matched line stands as it was matched');
  END IF;
  SELECT * INTO p FROM public.grants_paymentrequest
   WHERE id = CASE WHEN TG_OP = 'DELETE' THEN OLD.payment_id ELSE NEW.payment_id END FOR SHARE;
  IF p.state <> 'REQUESTED' THEN
    PERFORM public.grants_refuse('an invoice is matched until it is certified');
  END IF;
  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  PERFORM public.grants_acts(NEW.matched_by_id, 'certifier');
  IF NOT EXISTS (SELECT FROM public.grants_budgetline
                  WHERE id = NEW.budget_line_id AND grant_id = p.grant_id AND NOT own) THEN
    PERFORM public.grants_refuse('an invoice is matched to what the fund pays of its own grant');
  END IF;
  IF NEW.amount <> round(NEW.amount, CASE p.currency WHEN 'USD' THEN 2 ELSE 3 END) THEN
    PERFORM public.grants_refuse('an amount has the places of its currency');
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_guard_payment_line
  BEFORE INSERT OR UPDATE OR DELETE ON public.grants_paymentline
  FOR EACH ROW EXECUTE FUNCTION public.grants_guard_payment_line();

CREATE FUNCTION public.grants_guard_payment_look() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  PERFORM public.grants_acts(
    NEW.by_id, CASE NEW.step WHEN 'certify' THEN 'certifier' ELSE 'payer' END);
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_guard_payment_look BEFORE INSERT ON public.grants_paymentlook
  FOR EACH ROW EXECUTE FUNCTION public.grants_guard_payment_look();
CREATE TRIGGER grants_never_changes BEFORE UPDATE OR DELETE ON public.grants_paymentlook
  FOR EACH ROW EXECUTE FUNCTION public.grants_never_changes();

CREATE FUNCTION public.grants_payment_reviewed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  IF NEW.state = 'PAID' THEN
    -- Grants of two funds paid at once with the same bytes do not see each other otherwise.
    PERFORM pg_advisory_xact_lock(hashtextextended(sha256, 0))
       FROM public.grants_document WHERE id = NEW.proof_id;
  END IF;
  IF NEW.state = 'CERTIFIED' THEN
    IF EXISTS (SELECT FROM public.grants_budgetline WHERE grant_id = NEW.grant_id AND NOT own)
       AND NEW.amount <> (SELECT coalesce(sum(amount), 0) FROM public.grants_paymentline
                           WHERE payment_id = NEW.id) THEN
      PERFORM public.grants_refuse('an invoice is matched to the lines of the budget first');
    END IF;
    IF EXISTS (SELECT FROM public.grants_payment_signs(NEW.id)) AND NOT EXISTS (
         SELECT FROM public.grants_paymentlook
          WHERE payment_id = NEW.id AND step = 'certify' AND by_id = NEW.certifier_id) THEN
      PERFORM public.grants_refuse('what resembles another payment is certified for a reason');
    END IF;
  ELSIF EXISTS (
      SELECT FROM public.grants_document mine
        JOIN public.grants_document its ON its.sha256 = mine.sha256
        JOIN public.grants_paymentrequest o
         ON o.evidence_id = its.id OR o.proof_id = its.id
       WHERE mine.id = NEW.proof_id AND o.id <> NEW.id) AND NOT EXISTS (
         SELECT FROM public.grants_paymentlook
          WHERE payment_id = NEW.id AND step = 'pay' AND by_id = NEW.payer_id) THEN
    PERFORM public.grants_refuse('a proof of another payment is taken for a reason');
  END IF;
  RETURN NEW;
END
$$;
-- After grants_guard_payment and grants_stopped by its name: the grant is held by then.
CREATE TRIGGER grants_was_looked_at BEFORE UPDATE ON public.grants_paymentrequest
  FOR EACH ROW WHEN (NEW.state IN ('CERTIFIED', 'PAID') AND NEW.state <> OLD.state)
  EXECUTE FUNCTION public.grants_payment_reviewed();
"""

# C9: the sheet of risks. Step 17: what a terminated grant owes back.
STEPS = """
CREATE FUNCTION public.grants_guard_risk() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  stands text;
  whose uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.grant_id ELSE NEW.grant_id END;
BEGIN
  SELECT state INTO stands FROM public.grants_grant WHERE id = whose FOR NO KEY UPDATE;
  IF TG_OP = 'UPDATE' THEN
    IF to_jsonb(NEW) - 'owner_id' IS DISTINCT FROM to_jsonb(OLD) - 'owner_id' THEN
      PERFORM public.grants_refuse('a risk stands as it was written');
    END IF;
  ELSIF TG_OP = 'DELETE' THEN
    IF stands <> 'SUBMITTED' THEN
      PERFORM public.grants_refuse('the risk sheet stands as it was reviewed');
    END IF;
    RETURN OLD;
  ELSE
    IF stands NOT IN ('SUBMITTED', 'VETTING', 'PENDING_APPROVAL', 'APPROVED') THEN
      PERFORM public.grants_refuse('risks are written down before the award');
    END IF;
    PERFORM public.grants_acts(NEW.entered_by_id, 'reviewer');
    IF NEW.entered_by_id = ANY (public.grants_people(whose, 'requester')
                             || public.grants_people(whose, 'approver')) THEN
      PERFORM public.grants_refuse('who asks or approves does not judge the risk');
    END IF;
  END IF;
  IF NEW.owner_id IS NOT NULL AND NOT EXISTS (
       SELECT FROM public.grants_officer WHERE user_id = NEW.owner_id AND is_active) THEN
    PERFORM public.grants_refuse('somebody at work sees to a risk');
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_guard_risk BEFORE INSERT OR UPDATE OR DELETE ON public.grants_risk
  FOR EACH ROW EXECUTE FUNCTION public.grants_guard_risk();

-- The level of the gravest risk on the sheet; low where none is written down.
CREATE FUNCTION public.grants_gravest(of_grant uuid) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT CASE WHEN coalesce(bool_or(level = 'high'), false) THEN 'high'
              WHEN coalesce(bool_or(level = 'medium'), false) THEN 'medium' ELSE 'low' END
    FROM public.grants_risk WHERE grant_id = of_grant
$$;

-- What a termination claimed back and did not come back since; never more than is still out.
CREATE FUNCTION public.grants_owed(of_grant uuid) RETURNS numeric
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT coalesce((
    SELECT greatest(least(
             d.amount_usd - coalesce((
               SELECT sum(e.amount_usd) FROM public.grants_ledgerentry e
                WHERE e.grant_id = g.id AND e.kind = 'REFUND'
                  AND (e.effective_on > public.grants_day(d.at) OR e.posted_at >= d.at)
                  AND NOT EXISTS (SELECT FROM public.grants_ledgerentry back
                                   WHERE back.reverses_id = e.seq)), 0),
             g.disbursed_usd - g.refunded_usd), 0)
      FROM public.grants_decision d JOIN public.grants_grant g ON g.id = d.grant_id
     WHERE d.grant_id = of_grant AND d.step = 'termination' AND d.verdict = 'YES'
     ORDER BY d.id DESC LIMIT 1), 0)
$$;

-- After grants_step by its name: the grant is held by then.
CREATE FUNCTION public.grants_step_controls() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  judged text;
BEGIN
  IF NEW.to_state = 'CLOSED' THEN
    IF public.grants_owed(NEW.grant_id) > 0 THEN
      PERFORM public.grants_refuse('what is owed back comes back before the closeout');
    END IF;
    RETURN NEW;
  END IF;
  SELECT risk INTO judged FROM public.grants_grant WHERE id = NEW.grant_id;
  IF judged <> public.grants_gravest(NEW.grant_id)
     OR NOT public.grants_on_file(NEW.grant_id, 'risk_sheet') THEN
    PERFORM public.grants_refuse('the level of risk is that of the risk sheet');
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_step_controls BEFORE INSERT ON public.grants_transition
  FOR EACH ROW WHEN (NEW.to_state IN ('VETTING', 'APPROVED', 'AWARDED', 'CLOSED'))
  EXECUTE FUNCTION public.grants_step_controls();
"""

ASKED = """
GRANT EXECUTE ON FUNCTION
  public.grants_voucher(text), public.grants_budget_used(uuid), public.grants_payment_signs(uuid),
  public.grants_owed(uuid) TO @APP, @REO;
"""
for word, name in {"@REO": quoted(settings.REO_ROLE), "@APP": quoted(settings.APP_ROLE)}.items():
    ASKED = ASKED.replace(word, name)

BACKWARDS = """
DROP TRIGGER grants_first_voucher ON public.grants_paymentrequest;
DROP TRIGGER grants_was_looked_at ON public.grants_paymentrequest;
DROP TRIGGER grants_step_controls ON public.grants_transition;
DROP INDEX public.payments_by_voucher;
DROP FUNCTION public.grants_payment_voucher();
DROP FUNCTION public.grants_payment_reviewed();
DROP FUNCTION public.grants_step_controls();
DROP FUNCTION public.grants_guard_payment_line() CASCADE;
DROP FUNCTION public.grants_guard_payment_look() CASCADE;
DROP FUNCTION public.grants_guard_risk() CASCADE;
DROP FUNCTION public.grants_payment_signs(uuid);
DROP FUNCTION public.grants_budget_used(uuid);
DROP FUNCTION public.grants_gravest(uuid);
DROP FUNCTION public.grants_owed(uuid);
DROP FUNCTION public.grants_voucher(text);
"""

#: The application's rights and REO's.
RIGHTS = {
    "risk": "SELECT, INSERT, UPDATE (owner_id), DELETE",
    "paymentline": "SELECT, INSERT, DELETE",
    "paymentlook": "SELECT, INSERT",
}
OFFICER = {"on_delete": django.db.models.deletion.PROTECT, "related_name": "+"}


class Migration(QuickMigration):
    """Invoices matched and compared, risks with what is done about them, money owed back."""

    dependencies = [("grants", "0013_report_progress")]

    operations = [
        migrations.CreateModel(
            name="Risk",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                (
                    "level",
                    models.CharField(
                        choices=[("low", "Low"), ("medium", "Medium"), ("high", "High")],
                        max_length=6,
                    ),
                ),
                ("text", models.CharField(max_length=400)),
                ("mitigation", models.CharField(blank=True, max_length=400)),
                (
                    "entered_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                (
                    "grant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="risks",
                        to="grants.grant",
                    ),
                ),
                ("owner", models.ForeignKey(null=True, to="grants.officer", **OFFICER)),
                ("entered_by", models.ForeignKey(to="grants.officer", **OFFICER)),
            ],
            options={
                "ordering": ["grant", "number"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("grant", "number"), name="a_risk_has_its_number"
                    ),
                    models.CheckConstraint(
                        condition=Q(("level__in", ["low", "medium", "high"])) & ~Q(("text", "")),
                        name="a_risk_says_what_it_is",
                    ),
                    models.CheckConstraint(
                        condition=Q(("level", "low"))
                        | ~Q(("mitigation", "")) & Q(("owner__isnull", False)),
                        name="a_risk_from_medium_is_seen_to_by_somebody",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PaymentLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("amount", models.DecimalField(decimal_places=3, max_digits=18)),
                (
                    "budget_line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="grants.budgetline",
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="grants.paymentrequest",
                    ),
                ),
                ("matched_by", models.ForeignKey(to="grants.officer", **OFFICER)),
            ],
            options={
                "ordering": ["payment", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("payment", "budget_line"),
                        name="an_invoice_names_a_budget_line_once",
                    ),
                    models.CheckConstraint(
                        condition=Q(("amount__gt", 0)), name="a_matched_line_is_of_an_amount"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PaymentLook",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "step",
                    models.CharField(
                        choices=[("certify", "Certified"), ("pay", "Paid")], max_length=7
                    ),
                ),
                (
                    "kinds",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=8), size=None
                    ),
                ),
                ("reason", models.CharField(max_length=1000)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("by", models.ForeignKey(to="grants.officer", **OFFICER)),
                (
                    "payment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="looks",
                        to="grants.paymentrequest",
                    ),
                ),
            ],
            options={
                "ordering": ["payment", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("payment", "step"), name="a_payment_is_looked_at_once_a_step"
                    ),
                    models.CheckConstraint(
                        condition=~Q(("reason", "")) & Q(("kinds__len__gt", 0)),
                        name="a_look_says_what_and_why",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="paymentrequest",
            index=models.Index(fields=["invoiced_on", "amount"], name="payments_by_invoice"),
        ),
        *(Access(f"grants_{table}", app=rights, reo=rights) for table, rights in RIGHTS.items()),
        migrations.RunSQL(NOW_CONFIRM, ONCE_CONFIRMED),
        migrations.RunSQL(INVOICES + STEPS + ASKED, BACKWARDS),
    ]
