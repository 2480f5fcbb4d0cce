from django.conf import settings
from django.db import migrations

# Whoever writes, through a page, a service or by hand: these functions run with their owner's
# rights, so no role needs a right on the columns that they fill.
OFFICERS = """
CREATE FUNCTION public.grants_mirror_officer() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  IF NEW.role IN ('reo_staff', 'auditor') THEN
    INSERT INTO public.grants_officer (user_id, code_name, role, duties, is_active)
    VALUES (NEW.id, NEW.code_name, NEW.role, NEW.duties, NEW.is_active)
    ON CONFLICT (user_id) DO UPDATE
       SET code_name = EXCLUDED.code_name, role = EXCLUDED.role,
           duties = EXCLUDED.duties, is_active = EXCLUDED.is_active;
  ELSE
    UPDATE public.grants_officer
       SET code_name = NEW.code_name, role = NEW.role, duties = '{}', is_active = false
     WHERE user_id = NEW.id;
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER grants_mirror_officer
  AFTER INSERT OR UPDATE OF code_name, role, duties, is_active ON public.people_user
  FOR EACH ROW EXECUTE FUNCTION public.grants_mirror_officer();
INSERT INTO public.grants_officer (user_id, code_name, role, duties, is_active)
SELECT id, code_name, role, duties, is_active FROM public.people_user
 WHERE role IN ('reo_staff', 'auditor');
"""

HELPERS = """
CREATE FUNCTION public.grants_refuse(why text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE EXCEPTION '%', why USING ERRCODE = 'restrict_violation';
END
$$;

CREATE FUNCTION public.grants_piece(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT CASE WHEN value IS NULL THEN '-'
              ELSE octet_length(convert_to(value, 'UTF8'))::text || ':' || value END
$$;

-- The day in Basrah on which a moment falls.
CREATE FUNCTION public.grants_day(moment timestamptz) RETURNS date
LANGUAGE sql STABLE
AS $$ SELECT (moment AT TIME ZONE 'Asia/Baghdad')::date $$;

-- Somebody acts as what they are entrusted with, for themself.
CREATE FUNCTION public.grants_acts(who uuid, acts_as text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  session_user_id text := nullif(current_setting('app.user_id', true), '');
BEGIN
  IF session_user_id IS NOT NULL AND session_user_id <> who::text THEN
    PERFORM public.grants_refuse('nobody acts in the name of somebody else');
  END IF;
  IF NOT EXISTS (
    SELECT FROM public.grants_officer
     WHERE user_id = who AND is_active
       AND (acts_as = ANY (duties) OR (acts_as = 'auditor' AND role = 'auditor'))
  ) THEN
    PERFORM public.grants_refuse('this officer does not hold the duty ' || acts_as);
  END IF;
END
$$;

-- Everybody who had a part in a grant so far.
CREATE FUNCTION public.grants_people(of_grant uuid, part text) RETURNS uuid[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT coalesce(array_agg(DISTINCT who), '{}') FROM (
    SELECT requester_id AS who FROM public.grants_grant
     WHERE id = of_grant AND part = 'requester'
    UNION SELECT actor_id FROM public.grants_transition
     WHERE grant_id = of_grant AND role = 'requester' AND part = 'requester'
    UNION SELECT opened_by_id FROM public.grants_amendment
     WHERE grant_id = of_grant AND part = 'requester'
    UNION SELECT actor_id FROM public.grants_decision
     WHERE grant_id = of_grant
       AND ((part = 'reviewer' AND step = 'review')
         OR (part = 'approver' AND role = 'approver')
         OR (part = 'awarder' AND step = 'award')
         OR (part = 'closer' AND step = 'closeout'))
    UNION SELECT certifier_id FROM public.grants_paymentrequest
     WHERE grant_id = of_grant AND part = 'certifier' AND certifier_id IS NOT NULL
    UNION SELECT payer_id FROM public.grants_paymentrequest
     WHERE grant_id = of_grant AND part = 'payer' AND payer_id IS NOT NULL
  ) AS part_of
$$;

-- The sum by which rules are chosen: with the other awards that are looked at together.
CREATE FUNCTION public.grants_routed(of_grant uuid, amount numeric) RETURNS numeric
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp
AS $$
  SELECT amount + coalesce((
    SELECT sum(other.requested_usd) FROM public.grants_grant other
      JOIN public.grants_grant mine ON mine.id = of_grant
     WHERE other.split_group = mine.split_group AND other.id <> mine.id
       AND other.state NOT IN ('REJECTED', 'CANCELLED', 'WITHDRAWN')), 0)
$$;

-- Whether every level that the rules of a day ask for has spoken, for this very amount.
CREATE FUNCTION public.grants_rules_met(
  of_grant uuid, of_amendment uuid, in_round int, amount numeric, day date
) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp
AS $$
  WITH asked AS (
    SELECT r.role, r.quorum FROM public.grants_authorityrule r
      JOIN public.grants_grant g ON g.fund_id = r.fund_id AND g.award_type = r.award_type
     WHERE g.id = of_grant AND r.confirmed_at IS NOT NULL
       AND r.valid_from <= day AND (r.valid_to IS NULL OR r.valid_to > day)
       AND public.grants_routed(of_grant, amount)
           BETWEEN r.min_amount_usd AND r.max_amount_usd),
  said AS (
    SELECT authority, actor_id FROM public.grants_decision
     WHERE grant_id = of_grant AND step = 'approval' AND verdict = 'YES'
       AND amount_usd = amount
       AND (CASE WHEN of_amendment IS NULL THEN amendment_id IS NULL AND round = in_round
                 ELSE amendment_id = of_amendment END))
  SELECT EXISTS (SELECT FROM asked) AND NOT EXISTS (
    SELECT FROM asked a
     WHERE (SELECT count(DISTINCT actor_id) FROM said s WHERE s.authority = a.role) < a.quorum)
$$;
"""

APPEND_ONLY = """
CREATE FUNCTION public.grants_never_changes() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE EXCEPTION 'a row of % is never changed or removed', TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END
$$;
""" + "".join(
    f"""
CREATE TRIGGER grants_never_changes BEFORE UPDATE OR DELETE ON public.grants_{table}
  FOR EACH ROW EXECUTE FUNCTION public.grants_never_changes();
"""
    for table in (
        "ledgerentry",
        "decision",
        "transition",
        "document",
        "documentcheck",
        "indicatorvalue",
        "monitoringvisit",
    )
) + "".join(
    f"""
CREATE TRIGGER grants_never_goes BEFORE DELETE ON public.grants_{table}
  FOR EACH ROW EXECUTE FUNCTION public.grants_never_changes();
"""
    for table in (
        "grant",
        "fund",
        "authorityrule",
        "authorityseat",
        "exchangerate",
        "organisation",
        "organisationperson",
        "paymentrequest",
        "report",
        "finding",
        "amendment",
    )
)

GRANTS = """
CREATE FUNCTION public.grants_guard_grant() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'DRAFT' OR NEW.round <> 1 OR NEW.approved_usd <> 0 OR NEW.committed_usd <> 0
       OR NEW.obligated_usd <> 0 OR NEW.deobligated_usd <> 0 OR NEW.disbursed_usd <> 0
       OR NEW.refunded_usd <> 0 OR NEW.expensed_usd <> 0 OR NEW.awarded_on IS NOT NULL
       OR NEW.closed_on IS NOT NULL OR NEW.submitted_at IS NOT NULL THEN
      PERFORM public.grants_refuse('a grant begins as a draft without money');
    END IF;
    PERFORM public.grants_acts(NEW.requester_id, 'requester');
    RETURN NEW;
  END IF;
  IF NEW.ref <> OLD.ref OR NEW.fund_id <> OLD.fund_id OR NEW.requester_id <> OLD.requester_id THEN
    PERFORM public.grants_refuse('the number, fund and requester of a grant never change');
  END IF;
  IF OLD.state NOT IN ('DRAFT', 'RETURNED') AND (
       NEW.award_type <> OLD.award_type
       OR NEW.grantee_id IS DISTINCT FROM OLD.grantee_id
       OR NEW.implementer_id IS DISTINCT FROM OLD.implementer_id
       OR NEW.own_contribution_usd <> OLD.own_contribution_usd) THEN
    PERFORM public.grants_refuse('what was submitted stands until it is returned');
  END IF;
  IF NEW.requested_usd <> OLD.requested_usd AND OLD.state NOT IN ('DRAFT', 'RETURNED')
     AND NOT EXISTS (
       SELECT FROM public.grants_amendment
        WHERE grant_id = OLD.id AND state = 'APPROVED' AND new_usd = NEW.requested_usd) THEN
    PERFORM public.grants_refuse('a sum is changed by an approved amendment');
  END IF;
  IF NEW.approved_usd <> OLD.approved_usd AND NOT (
       (OLD.state = 'PENDING_APPROVAL' AND EXISTS (
          SELECT FROM public.grants_decision
           WHERE grant_id = OLD.id AND round = OLD.round AND step = 'approval'
             AND verdict = 'YES' AND amendment_id IS NULL AND amount_usd = NEW.approved_usd))
       OR EXISTS (
          SELECT FROM public.grants_amendment
           WHERE grant_id = OLD.id AND state = 'APPROVED' AND new_usd = NEW.approved_usd)) THEN
    PERFORM public.grants_refuse('a sum is approved by decisions');
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_guard_grant BEFORE INSERT OR UPDATE ON public.grants_grant
  FOR EACH ROW EXECUTE FUNCTION public.grants_guard_grant();

-- Budget, quotes and indicators are what was submitted; tranches are settled with the award.
CREATE FUNCTION public.grants_guard_part() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  stands text;
  whose uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.grant_id ELSE NEW.grant_id END;
BEGIN
  SELECT state INTO stands FROM public.grants_grant WHERE id = whose FOR SHARE;
  IF TG_TABLE_NAME = 'grants_tranche' THEN
    -- The ledger keeps the sums of a tranche; nobody changes the rest of it.
    IF TG_OP = 'UPDATE' THEN
      IF (NEW.grant_id, NEW.number, NEW.planned_usd, NEW.due_on, NEW.needs_report, NEW.needs_visit)
         IS DISTINCT FROM
         (OLD.grant_id, OLD.number, OLD.planned_usd, OLD.due_on, OLD.needs_report, OLD.needs_visit)
      THEN
        PERFORM public.grants_refuse('a tranche stands as it was planned');
      END IF;
    ELSIF TG_OP = 'INSERT' AND (NEW.paid_usd <> 0 OR NEW.accounted_usd <> 0) THEN
      PERFORM public.grants_refuse('a tranche begins unpaid');
    ELSIF stands NOT IN ('DRAFT', 'SUBMITTED', 'RETURNED', 'VETTING', 'PENDING_APPROVAL', 'APPROVED')
       AND NOT EXISTS (SELECT FROM public.grants_amendment
                        WHERE grant_id = whose AND state = 'APPROVED') THEN
      PERFORM public.grants_refuse('the tranches of an award stand');
    ELSIF TG_OP = 'DELETE' AND OLD.paid_usd <> 0 THEN
      PERFORM public.grants_refuse('a paid tranche stands');
    END IF;
  ELSIF stands NOT IN ('DRAFT', 'RETURNED') THEN
    PERFORM public.grants_refuse('what was submitted stands until it is returned');
  ELSIF TG_OP = 'UPDATE' AND NEW.grant_id <> OLD.grant_id THEN
    PERFORM public.grants_refuse('a part of a grant stays with it');
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END
$$;
"""
PARTS = "".join(
    f"""
CREATE TRIGGER grants_guard_part BEFORE INSERT OR UPDATE OR DELETE ON public.grants_{table}
  FOR EACH ROW EXECUTE FUNCTION public.grants_guard_part();
"""
    for table in ("budgetline", "quote", "indicator", "tranche")
)

DECISIONS = """
CREATE FUNCTION public.grants_decide() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  g public.grants_grant;
  a public.grants_amendment;
  r public.grants_authorityrule;
  states text[];
BEGIN
  -- One at a time: two people who decide and pay at once would not see each other.
  SELECT * INTO g FROM public.grants_grant WHERE id = NEW.grant_id FOR NO KEY UPDATE;
  PERFORM public.grants_acts(NEW.actor_id, NEW.role);
  IF NEW.at > clock_timestamp() + interval '1 second' THEN
    PERFORM public.grants_refuse('nothing is decided ahead of time');
  END IF;
  IF NEW.amendment_id IS NOT NULL THEN
    SELECT * INTO a FROM public.grants_amendment WHERE id = NEW.amendment_id;
    IF a.grant_id <> g.id OR a.state NOT IN ('OPEN', 'VETTED')
       OR NEW.step NOT IN ('vetting', 'approval') THEN
      PERFORM public.grants_refuse('this amendment is not open');
    END IF;
  ELSE
    states := CASE NEW.step
      WHEN 'review' THEN ARRAY['SUBMITTED']
      WHEN 'vetting' THEN ARRAY['VETTING', 'PENDING_APPROVAL', 'APPROVED', 'AWARDED', 'ACTIVE',
                                'SUSPENDED']
      WHEN 'approval' THEN ARRAY['PENDING_APPROVAL']
      WHEN 'award' THEN ARRAY['APPROVED']
      WHEN 'reinstatement' THEN ARRAY['SUSPENDED']
      WHEN 'completion' THEN ARRAY['ACTIVE']
      WHEN 'termination' THEN ARRAY['AWARDED', 'ACTIVE', 'SUSPENDED']
      WHEN 'closeout' THEN ARRAY['CLOSING']
      WHEN 'reopening' THEN ARRAY['CLOSED']
      ELSE ARRAY[]::text[] END;
    IF NOT g.state = ANY (states) THEN
      PERFORM public.grants_refuse('the grant is not in a state for this decision');
    END IF;
  END IF;
  NEW.round := g.round;
  NEW.requesters := public.grants_people(g.id, 'requester');
  NEW.reviewers := public.grants_people(g.id, 'reviewer');
  NEW.approvers := public.grants_people(g.id, 'approver');
  NEW.awarders := public.grants_people(g.id, 'awarder');
  NEW.certifiers := public.grants_people(g.id, 'certifier');
  NEW.payers := public.grants_people(g.id, 'payer');
  NEW.authority := '';
  NEW.limit_usd := NULL;
  NEW.quorum := NULL;
  NEW.sequence := NULL;
  NEW.routed_usd := NULL;
  IF NEW.step = 'approval' AND NEW.verdict = 'YES' THEN
    IF NEW.amount_usd > g.requested_usd AND NEW.amendment_id IS NULL THEN
      PERFORM public.grants_refuse('no more is approved than was asked for');
    END IF;
    IF NEW.amendment_id IS NOT NULL AND NEW.amount_usd <> a.new_usd THEN
      PERFORM public.grants_refuse('an amendment is approved at its new sum');
    END IF;
    SELECT * INTO r FROM public.grants_authorityrule WHERE id = NEW.rule_id;
    IF r.id IS NULL OR r.fund_id <> g.fund_id OR r.award_type <> g.award_type
       OR r.confirmed_at IS NULL OR r.valid_from > public.grants_day(NEW.at)
       OR r.valid_to <= public.grants_day(NEW.at) THEN
      PERFORM public.grants_refuse('this rule does not hold for the grant on that day');
    END IF;
    IF NOT EXISTS (
      SELECT FROM public.grants_authorityseat
       WHERE fund_id = g.fund_id AND officer_id = NEW.actor_id AND role = r.role
         AND confirmed_at IS NOT NULL AND valid_from <= public.grants_day(NEW.at)
         AND (valid_to IS NULL OR valid_to > public.grants_day(NEW.at))) THEN
      PERFORM public.grants_refuse('this officer has no seat on that level of approval');
    END IF;
    NEW.authority := r.role;
    NEW.limit_usd := r.max_amount_usd;
    NEW.quorum := r.quorum;
    NEW.sequence := r.sequence;
    NEW.routed_usd := public.grants_routed(g.id, NEW.amount_usd);
    IF NEW.routed_usd < r.min_amount_usd THEN
      PERFORM public.grants_refuse('this rule is for larger sums');
    END IF;
  ELSE
    NEW.rule_id := NULL;
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_decide BEFORE INSERT ON public.grants_decision
  FOR EACH ROW EXECUTE FUNCTION public.grants_decide();

ALTER TABLE public.grants_decision
  ADD CONSTRAINT a_decision_is_made_in_a_duty_of_its_step CHECK (
    (step = 'review' AND role IN ('reviewer', 'officer'))
    OR (step = 'vetting' AND (role = 'vetting' OR verdict = 'NO'))
    OR (step IN ('approval', 'termination') AND role = 'approver')
    OR (step = 'award' AND role = 'officer')
    OR (step = 'reinstatement' AND role IN ('officer', 'approver'))
    OR (step = 'completion' AND role = 'monitor')
    OR (step = 'closeout' AND role = 'closeout')
    OR (step = 'reopening' AND role IN ('auditor', 'approver'))),
  ADD CONSTRAINT who_asks_decides_nothing CHECK (NOT actor_id = ANY (requesters)),
  ADD CONSTRAINT who_reviews_does_not_approve CHECK (
    NOT (role = 'approver' AND actor_id = ANY (reviewers))
    AND NOT (step = 'review' AND actor_id = ANY (approvers))),
  ADD CONSTRAINT who_awards_does_not_approve CHECK (
    NOT (role = 'approver' AND actor_id = ANY (awarders))
    AND NOT (step = 'award' AND actor_id = ANY (approvers))),
  ADD CONSTRAINT who_certifies_does_not_approve CHECK (
    NOT (role = 'approver' AND actor_id = ANY (certifiers))),
  ADD CONSTRAINT who_pays_neither_approves_nor_closes CHECK (
    NOT (role IN ('approver', 'closeout') AND actor_id = ANY (payers)));
"""

TRANSITIONS = """
CREATE FUNCTION public.grants_step() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  g public.grants_grant;
  pair public.grants_statestep;
  last timestamptz;
  planned numeric;
BEGIN
  SELECT * INTO g FROM public.grants_grant WHERE id = NEW.grant_id FOR NO KEY UPDATE;
  SELECT max(at) INTO last FROM public.grants_transition WHERE grant_id = g.id;
  IF last IS NULL THEN
    IF NEW.from_state <> '' OR NEW.to_state <> 'DRAFT' OR NEW.actor_id <> g.requester_id THEN
      PERFORM public.grants_refuse('a grant begins as the draft of its requester');
    END IF;
  ELSIF NEW.from_state <> g.state THEN
    PERFORM public.grants_refuse('the grant is not in the state this step begins in');
  END IF;
  SELECT * INTO pair FROM public.grants_statestep
   WHERE from_state = NEW.from_state AND to_state = NEW.to_state;
  IF pair.id IS NULL OR NOT NEW.role = ANY (pair.roles) THEN
    PERFORM public.grants_refuse('the state machine has no such step');
  END IF;
  PERFORM public.grants_acts(NEW.actor_id, NEW.role);
  IF NEW.role <> 'requester' AND NEW.actor_id = ANY (public.grants_people(g.id, 'requester')) THEN
    PERFORM public.grants_refuse('who asks does not move the grant on');
  END IF;
  IF NEW.role = 'requester' AND EXISTS (
       SELECT FROM public.grants_decision WHERE grant_id = g.id AND actor_id = NEW.actor_id) THEN
    PERFORM public.grants_refuse('who decided does not ask');
  END IF;
  IF NEW.to_state = 'CLOSED' AND NEW.actor_id = ANY (public.grants_people(g.id, 'payer')) THEN
    PERFORM public.grants_refuse('who pays does not close');
  END IF;
  IF NEW.to_state = 'AWARDED' AND NEW.actor_id = ANY (public.grants_people(g.id, 'approver')) THEN
    PERFORM public.grants_refuse('who approves does not award');
  END IF;
  IF pair.needs_reason AND NEW.reason = '' THEN
    PERFORM public.grants_refuse('this step needs a reason');
  END IF;
  IF NEW.at > clock_timestamp() + interval '1 second' OR NEW.at < last THEN
    PERFORM public.grants_refuse('steps follow each other in time');
  END IF;
  IF NEW.to_state = 'PENDING_APPROVAL' AND coalesce((
       SELECT verdict FROM public.grants_decision
        WHERE grant_id = g.id AND round = g.round AND step = 'vetting'
        ORDER BY id DESC LIMIT 1), '') <> 'YES' THEN
    PERFORM public.grants_refuse('a grant is vetted first');
  END IF;
  IF NEW.to_state = 'APPROVED' AND NOT public.grants_rules_met(
       g.id, NULL, g.round, g.approved_usd, public.grants_day(NEW.at)) THEN
    PERFORM public.grants_refuse('the rules ask for more decisions');
  END IF;
  IF NEW.to_state = 'AWARDED' THEN
    SELECT coalesce(sum(planned_usd), 0) INTO planned
      FROM public.grants_tranche WHERE grant_id = g.id;
    IF planned <> g.approved_usd OR NOT EXISTS (
         SELECT FROM public.grants_decision
          WHERE grant_id = g.id AND round = g.round AND step = 'award'
            AND verdict = 'YES' AND actor_id = NEW.actor_id) THEN
      PERFORM public.grants_refuse('an award is decided, and its tranches sum to what was approved');
    END IF;
  END IF;
  IF NEW.to_state IN ('TERMINATED', 'REOPENED') AND NOT EXISTS (
       SELECT FROM public.grants_decision
        WHERE grant_id = g.id AND round = g.round AND actor_id = NEW.actor_id AND verdict = 'YES'
          AND step = CASE NEW.to_state WHEN 'TERMINATED' THEN 'termination' ELSE 'reopening' END)
  THEN
    PERFORM public.grants_refuse('this step is decided first');
  END IF;
  IF NEW.from_state = 'SUSPENDED' AND NEW.to_state = 'ACTIVE' AND (
       SELECT count(DISTINCT role) FROM public.grants_decision
        WHERE grant_id = g.id AND round = g.round AND step = 'reinstatement'
          AND verdict = 'YES') < 2 THEN
    PERFORM public.grants_refuse('a suspension is lifted by an officer and an approver');
  END IF;
  IF NEW.to_state = 'REOPENED' AND NOT EXISTS (
       SELECT FROM public.grants_decision
        WHERE grant_id = g.id AND round = g.round AND step = 'reopening' AND role = 'auditor'
          AND verdict = 'YES') THEN
    PERFORM public.grants_refuse('a grant is opened again when the auditor asks');
  END IF;
  IF NEW.from_state = 'VETTING' AND NEW.to_state = 'REJECTED' AND ((
       SELECT count(DISTINCT actor_id) FROM public.grants_decision
        WHERE grant_id = g.id AND round = g.round AND step = 'vetting' AND verdict = 'NO') < 2
  OR NOT EXISTS (
       SELECT FROM public.grants_decision
        WHERE grant_id = g.id AND round = g.round AND step = 'vetting' AND verdict = 'NO'
          AND role = 'vetting'))
  THEN
    PERFORM public.grants_refuse('two officers reject for what vetting found');
  END IF;
  NEW.round := g.round;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_step BEFORE INSERT ON public.grants_transition
  FOR EACH ROW EXECUTE FUNCTION public.grants_step();

CREATE FUNCTION public.grants_step_taken() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  renewing boolean;
BEGIN
  SELECT renews INTO renewing FROM public.grants_statestep
   WHERE from_state = NEW.from_state AND to_state = NEW.to_state;
  UPDATE public.grants_grant
     SET state = NEW.to_state,
         state_since = CASE WHEN NEW.to_state = NEW.from_state THEN state_since ELSE NEW.at END,
         round = round + CASE WHEN renewing THEN 1 ELSE 0 END,
         submitted_at = CASE WHEN NEW.to_state = 'SUBMITTED' THEN NEW.at ELSE submitted_at END,
         awarded_on = CASE WHEN NEW.to_state = 'AWARDED' THEN public.grants_day(NEW.at)
                           ELSE awarded_on END,
         closed_on = CASE NEW.to_state WHEN 'CLOSED' THEN public.grants_day(NEW.at)
                                       WHEN 'REOPENED' THEN NULL ELSE closed_on END,
         version = version + 1
   WHERE id = NEW.grant_id;
  RETURN NULL;
END
$$;
CREATE TRIGGER grants_step_taken AFTER INSERT ON public.grants_transition
  FOR EACH ROW EXECUTE FUNCTION public.grants_step_taken();

CREATE FUNCTION public.grants_guard_amendment() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  g public.grants_grant;
BEGIN
  SELECT * INTO g FROM public.grants_grant WHERE id = NEW.grant_id FOR NO KEY UPDATE;
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'OPEN' OR NEW.old_usd <> g.approved_usd OR g.state NOT IN ('AWARDED', 'ACTIVE')
    THEN
      PERFORM public.grants_refuse('an amendment changes what an award stands at');
    END IF;
    PERFORM public.grants_acts(NEW.opened_by_id, 'requester');
    IF EXISTS (SELECT FROM public.grants_decision
                WHERE grant_id = g.id AND actor_id = NEW.opened_by_id)
       OR NEW.opened_by_id = ANY (public.grants_people(g.id, 'certifier')
                               || public.grants_people(g.id, 'payer')) THEN
      PERFORM public.grants_refuse('who decided or paid does not ask');
    END IF;
    RETURN NEW;
  END IF;
  IF (NEW.grant_id, NEW.number, NEW.old_usd, NEW.new_usd, NEW.old_end, NEW.new_end, NEW.reason,
      NEW.opened_by_id) IS DISTINCT FROM
     (OLD.grant_id, OLD.number, OLD.old_usd, OLD.new_usd, OLD.old_end, OLD.new_end, OLD.reason,
      OLD.opened_by_id) THEN
    PERFORM public.grants_refuse('an amendment stands as it was asked for');
  END IF;
  IF NEW.state = OLD.state THEN
    RETURN NEW;
  END IF;
  IF NOT (OLD.state, NEW.state) IN (('OPEN', 'VETTED'), ('OPEN', 'APPROVED'),
       ('VETTED', 'APPROVED'), ('APPROVED', 'SIGNED'), ('OPEN', 'REJECTED'),
       ('VETTED', 'REJECTED'), ('OPEN', 'WITHDRAWN'), ('VETTED', 'WITHDRAWN'),
       ('APPROVED', 'WITHDRAWN')) THEN
    PERFORM public.grants_refuse('an amendment has no such step');
  END IF;
  IF NEW.state = 'VETTED' AND NOT EXISTS (
       SELECT FROM public.grants_decision
        WHERE amendment_id = NEW.id AND step = 'vetting' AND verdict = 'YES') THEN
    PERFORM public.grants_refuse('an amendment is vetted first');
  END IF;
  IF NEW.state = 'APPROVED' AND (
       (OLD.state = 'OPEN' AND NEW.new_usd > NEW.old_usd)
       OR NOT public.grants_rules_met(
            g.id, NEW.id, g.round, NEW.new_usd, public.grants_day(clock_timestamp()))) THEN
    PERFORM public.grants_refuse('a rise is vetted and approved at the new sum');
  END IF;
  IF NEW.state = 'SIGNED' AND g.approved_usd <> NEW.new_usd THEN
    PERFORM public.grants_refuse('a signed amendment stands in the grant');
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_guard_amendment BEFORE INSERT OR UPDATE ON public.grants_amendment
  FOR EACH ROW EXECUTE FUNCTION public.grants_guard_amendment();
"""

CONFIRMED = """
CREATE FUNCTION public.grants_guard_confirmed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  free text[] := ARRAY['confirmed_by_id', 'confirmed_at', 'valid_to', 'withdrawn_by_id',
                       'withdrawn_at'];
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.confirmed_at IS NOT NULL THEN
      PERFORM public.grants_refuse('a second person confirms later');
    END IF;
    RETURN NEW;
  END IF;
  IF to_jsonb(NEW) - free IS DISTINCT FROM to_jsonb(OLD) - free THEN
    PERFORM public.grants_refuse('what one person entered is never edited');
  END IF;
  IF OLD.confirmed_at IS NOT NULL
     AND (NEW.confirmed_at, NEW.confirmed_by_id) IS DISTINCT FROM
         (OLD.confirmed_at, OLD.confirmed_by_id) THEN
    PERFORM public.grants_refuse('what was confirmed stays so');
  END IF;
  IF TG_TABLE_NAME = 'grants_exchangerate' THEN
    IF OLD.withdrawn_at IS NOT NULL THEN
      PERFORM public.grants_refuse('a withdrawn rate stays so');
    END IF;
  ELSIF OLD.valid_to IS NOT NULL AND NEW.valid_to IS DISTINCT FROM OLD.valid_to THEN
    PERFORM public.grants_refuse('what was closed stays so');
  END IF;
  RETURN NEW;
END
$$;
""" + "".join(
    f"""
CREATE TRIGGER grants_guard_confirmed BEFORE INSERT OR UPDATE ON public.grants_{table}
  FOR EACH ROW EXECUTE FUNCTION public.grants_guard_confirmed();
"""
    for table in ("authorityrule", "authorityseat", "exchangerate")
)

PAYMENTS = """
CREATE FUNCTION public.grants_guard_payment() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  g public.grants_grant;
  f public.grants_fund;
  free text[] := ARRAY['state', 'certifier_id', 'certified_at', 'payer_id', 'paid_at', 'paid_on',
                       'proof_id', 'witness_id', 'rate_row_id', 'refused_by_id', 'reason',
                       'requesters', 'approvers'];
BEGIN
  SELECT * INTO g FROM public.grants_grant WHERE id = NEW.grant_id FOR NO KEY UPDATE;
  NEW.requesters := public.grants_people(g.id, 'requester');
  NEW.approvers := public.grants_people(g.id, 'approver');
  IF TG_OP = 'INSERT' THEN
    SELECT * INTO f FROM public.grants_fund WHERE id = g.fund_id;
    IF NEW.state <> 'REQUESTED' OR NEW.fund_id <> g.fund_id OR NOT EXISTS (
         SELECT FROM public.grants_tranche WHERE id = NEW.tranche_id AND grant_id = g.id) THEN
      PERFORM public.grants_refuse('a payment is asked for on a tranche of its own grant');
    END IF;
    IF NEW.method = 'HAWALA_AGENT' AND NOT f.hawala_enabled THEN
      PERFORM public.grants_refuse('this fund does not pay through money agents');
    END IF;
    IF NEW.amount <> round(NEW.amount, CASE NEW.currency WHEN 'USD' THEN 2 ELSE 3 END) THEN
      PERFORM public.grants_refuse('an amount has the places of its currency');
    END IF;
    IF NOT EXISTS (SELECT FROM public.grants_officer
                    WHERE user_id = NEW.requested_by_id AND is_active
                      AND duties && ARRAY['requester', 'officer']::varchar[]) THEN
      PERFORM public.grants_refuse('payments are asked for by requesters and grants officers');
    END IF;
    RETURN NEW;
  END IF;
  IF to_jsonb(NEW) - free IS DISTINCT FROM to_jsonb(OLD) - free THEN
    PERFORM public.grants_refuse('a payment stands as it was asked for');
  END IF;
  IF NOT (OLD.state, NEW.state) IN (('REQUESTED', 'CERTIFIED'), ('REQUESTED', 'REFUSED'),
       ('CERTIFIED', 'PAID'), ('CERTIFIED', 'REFUSED')) THEN
    PERFORM public.grants_refuse('a payment has no such step');
  END IF;
  IF NEW.state = 'CERTIFIED' THEN
    PERFORM public.grants_acts(NEW.certifier_id, 'certifier');
  ELSIF NEW.certifier_id IS DISTINCT FROM OLD.certifier_id THEN
    PERFORM public.grants_refuse('a payment is certified once');
  ELSIF NEW.state = 'PAID' THEN
    PERFORM public.grants_acts(NEW.payer_id, 'payer');
    IF NEW.payer_id = ANY (public.grants_people(g.id, 'closer')) THEN
      PERFORM public.grants_refuse('who closes does not pay');
    END IF;
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_guard_payment BEFORE INSERT OR UPDATE ON public.grants_paymentrequest
  FOR EACH ROW EXECUTE FUNCTION public.grants_guard_payment();
ALTER TABLE public.grants_paymentrequest
  ADD CONSTRAINT who_certifies_neither_asked_nor_approved CHECK (
    certifier_id IS NULL OR NOT certifier_id = ANY (requesters || approvers)),
  ADD CONSTRAINT who_pays_neither_asked_nor_approved CHECK (
    payer_id IS NULL OR NOT payer_id = ANY (requesters || approvers));

-- Paid and posted are one: at the commit each has the other.
CREATE FUNCTION public.grants_paid_is_posted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM public.grants_ledgerentry
                  WHERE payment_id = NEW.id AND kind = 'DISBURSE') THEN
    PERFORM public.grants_refuse('what is paid is posted');
  END IF;
  RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER grants_paid_is_posted AFTER UPDATE ON public.grants_paymentrequest
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.state = 'PAID')
  EXECUTE FUNCTION public.grants_paid_is_posted();
"""

# The canonical encoding of a posting, as of the audit trail: every column in the order below, each
# as <octets>:<text> in UTF-8, `-` for NULL, then SHA-256. Amounts as numeric(.., 2 or 3 or 6) print;
# the moment in whole microseconds since 1970; the hash before in hex.
LEDGER = """
CREATE FUNCTION public.grants_post() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  f public.grants_fund;
  g public.grants_grant;
  p public.grants_paymentrequest;
  x public.grants_exchangerate;
  old public.grants_ledgerentry;
  clearance public.grants_decision;
  last record;
  what text;
  sign int := 1;
  today date := public.grants_day(clock_timestamp());
BEGIN
  -- Fund, grant, tranche, chain: always in this order.
  SELECT * INTO f FROM public.grants_fund WHERE id = NEW.fund_id FOR NO KEY UPDATE;
  SELECT * INTO g FROM public.grants_grant WHERE id = NEW.grant_id FOR NO KEY UPDATE;
  IF g.fund_id <> f.id THEN
    PERFORM public.grants_refuse('a posting is on the fund of its grant');
  END IF;
  IF NEW.tranche_id IS NOT NULL THEN
    PERFORM FROM public.grants_tranche
      WHERE id = NEW.tranche_id AND grant_id = g.id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
      PERFORM public.grants_refuse('a posting is on a tranche of its grant');
    END IF;
  END IF;
  IF f.closed_at IS NOT NULL THEN
    PERFORM public.grants_refuse('nothing is posted on a closed fund');
  END IF;
  IF g.state = 'CLOSED' THEN
    PERFORM public.grants_refuse('nothing is posted after the closeout');
  END IF;
  IF NEW.effective_on > today THEN
    PERFORM public.grants_refuse('nothing is posted ahead of time');
  END IF;

  IF NEW.kind = 'REVERSAL' THEN
    SELECT * INTO old FROM public.grants_ledgerentry WHERE seq = NEW.reverses_id;
    IF old.seq IS NULL OR old.grant_id <> g.id THEN
      PERFORM public.grants_refuse('a reversal is of a posting of the same grant');
    END IF;
    IF old.kind = 'REVERSAL' THEN
      PERFORM public.grants_refuse('a reversal is not reversed: post it anew');
    END IF;
    IF NEW.actor_id = old.actor_id THEN
      PERFORM public.grants_refuse('who posted does not reverse');
    END IF;
    IF NEW.effective_on < old.effective_on THEN
      PERFORM public.grants_refuse('a reversal does not come before what it reverses');
    END IF;
    NEW.amount := old.amount;
    NEW.currency := old.currency;
    NEW.amount_usd := old.amount_usd;
    NEW.rate_row_id := old.rate_row_id;
    NEW.rate := old.rate;
    NEW.rate_on := old.rate_on;
    NEW.rate_source := old.rate_source;
    NEW.tranche_id := old.tranche_id;
    what := old.kind;
    sign := -1;
  ELSE
    what := NEW.kind;
    IF NEW.currency = 'USD' THEN
      NEW.rate_row_id := NULL;
      NEW.rate := NULL;
      NEW.rate_on := NULL;
      NEW.rate_source := '';
      IF NEW.amount <> round(NEW.amount, 2) OR NEW.amount_usd <> NEW.amount THEN
        PERFORM public.grants_refuse('dollars have two places');
      END IF;
    ELSE
      SELECT * INTO x FROM public.grants_exchangerate WHERE id = NEW.rate_row_id FOR SHARE;
      IF x.id IS NULL OR x.confirmed_at IS NULL OR x.withdrawn_at IS NOT NULL
         OR x.day > NEW.effective_on THEN
        PERFORM public.grants_refuse('dinars need a confirmed rate of that day or before');
      END IF;
      NEW.rate := x.iqd_per_usd;
      NEW.rate_on := x.day;
      NEW.rate_source := x.source;
      IF NEW.amount_usd <> round(NEW.amount::numeric(40, 20) / x.iqd_per_usd, 2) THEN
        PERFORM public.grants_refuse('dollars are amount / rate, rounded half up to the cent');
      END IF;
    END IF;
    IF what NOT IN ('COMMIT') AND (g.awarded_on IS NULL OR NEW.effective_on < g.awarded_on) THEN
      PERFORM public.grants_refuse('nothing is paid or obligated before the award');
    END IF;
    IF what = 'COMMIT' AND g.committed_usd + NEW.amount_usd > g.approved_usd THEN
      PERFORM public.grants_refuse('no more is committed than was approved');
    END IF;
    IF NOT g.state = ANY (CASE what
         WHEN 'COMMIT' THEN ARRAY['APPROVED', 'AWARDED', 'ACTIVE']
         WHEN 'OBLIGATE' THEN ARRAY['AWARDED', 'ACTIVE']
         WHEN 'DISBURSE' THEN ARRAY['AWARDED', 'ACTIVE']
         ELSE ARRAY['AWARDED', 'ACTIVE', 'SUSPENDED', 'COMPLETED', 'CLOSING', 'TERMINATED',
                    'REOPENED'] END) THEN
      PERFORM public.grants_refuse('the state of the grant does not allow this posting');
    END IF;
  END IF;

  IF NEW.kind = 'DISBURSE' THEN
    SELECT * INTO p FROM public.grants_paymentrequest WHERE id = NEW.payment_id;
    IF p.id IS NULL OR p.state <> 'PAID' OR p.grant_id <> g.id OR p.payer_id <> NEW.actor_id
       OR p.amount <> NEW.amount OR p.currency <> NEW.currency OR p.tranche_id <> NEW.tranche_id
       OR p.rate_row_id IS DISTINCT FROM NEW.rate_row_id
       OR p.paid_on <> NEW.effective_on THEN
      PERFORM public.grants_refuse('a payment is posted as it was certified and paid');
    END IF;
    SELECT * INTO clearance FROM public.grants_decision
     WHERE grant_id = g.id AND step = 'vetting' AND verdict = 'YES' ORDER BY id DESC LIMIT 1;
    IF clearance.id IS NULL OR clearance.valid_to < NEW.effective_on OR EXISTS (
         SELECT FROM public.grants_organisation o
          WHERE o.id IN (g.grantee_id, g.implementer_id, p.payee_id)
            AND (o.status <> 'ACTIVE'
              OR (o.id IN (g.grantee_id, g.implementer_id)
                  AND (clearance.subjects ->> o.id::text)::int IS DISTINCT FROM o.version))) THEN
      PERFORM public.grants_refuse('nobody is paid without a clearance that holds that day');
    END IF;
  END IF;

  IF NOT EXISTS (
    SELECT FROM public.grants_officer
     WHERE user_id = NEW.actor_id AND is_active AND duties && (CASE NEW.kind
       WHEN 'COMMIT' THEN ARRAY['approver']
       WHEN 'OBLIGATE' THEN ARRAY['officer']
       WHEN 'DEOBLIGATE' THEN ARRAY['officer', 'closeout']
       WHEN 'DISBURSE' THEN ARRAY['payer']
       WHEN 'REFUND' THEN ARRAY['payer', 'closeout', 'officer']
       WHEN 'EXPENSE_VERIFIED' THEN ARRAY['certifier', 'monitor']
       ELSE ARRAY['officer', 'certifier', 'payer', 'closeout']
            -- Whoever withdraws a request lets go of what was set aside for it.
            || CASE what WHEN 'COMMIT' THEN ARRAY['requester'] ELSE ARRAY[]::text[] END
       END)::varchar[])
     OR (NOT (NEW.kind = 'REVERSAL' AND what = 'COMMIT')
         AND NEW.actor_id = ANY (public.grants_people(g.id, 'requester')))
     OR NEW.actor_id::text <> coalesce(nullif(current_setting('app.user_id', true), ''),
                                       NEW.actor_id::text) THEN
    PERFORM public.grants_refuse('this officer may not make this posting');
  END IF;

  -- One writer at a time, to the end of its transaction, or the chain would fork.
  PERFORM pg_advisory_xact_lock(4707186135263055);
  SELECT seq, hash INTO last FROM public.grants_ledgerentry ORDER BY seq DESC LIMIT 1;
  NEW.seq := coalesce(last.seq, 0) + 1;
  NEW.prev_hash := coalesce(last.hash, decode(repeat('00', 32), 'hex'));
  NEW.posted_at := clock_timestamp();
  NEW.hash := sha256(convert_to(
       public.grants_piece(NEW.seq::text)
    || public.grants_piece(NEW.fund_id::text)
    || public.grants_piece(NEW.grant_id::text)
    || public.grants_piece(NEW.tranche_id::text)
    || public.grants_piece(NEW.payment_id::text)
    || public.grants_piece(NEW.kind)
    || public.grants_piece(NEW.amount::numeric(18, 3)::text)
    || public.grants_piece(NEW.currency)
    || public.grants_piece(NEW.rate_row_id::text)
    || public.grants_piece(NEW.rate::numeric(18, 6)::text)
    || public.grants_piece(to_char(NEW.rate_on, 'YYYY-MM-DD'))
    || public.grants_piece(NEW.rate_source)
    || public.grants_piece(NEW.amount_usd::numeric(14, 2)::text)
    || public.grants_piece(to_char(NEW.effective_on, 'YYYY-MM-DD'))
    || public.grants_piece((extract(epoch FROM NEW.posted_at) * 1000000)::bigint::text)
    || public.grants_piece(NEW.actor_id::text)
    || public.grants_piece(NEW.reverses_id::text)
    || public.grants_piece(NEW.reason)
    || public.grants_piece(encode(NEW.prev_hash, 'hex')), 'UTF8'));

  -- The running sums change here and nowhere else; the constraints on them decide.
  UPDATE public.grants_grant
     SET committed_usd = committed_usd + CASE what WHEN 'COMMIT' THEN sign ELSE 0 END * NEW.amount_usd,
         obligated_usd = obligated_usd + CASE what WHEN 'OBLIGATE' THEN sign ELSE 0 END * NEW.amount_usd,
         deobligated_usd = deobligated_usd + CASE what WHEN 'DEOBLIGATE' THEN sign ELSE 0 END * NEW.amount_usd,
         disbursed_usd = disbursed_usd + CASE what WHEN 'DISBURSE' THEN sign ELSE 0 END * NEW.amount_usd,
         refunded_usd = refunded_usd + CASE what WHEN 'REFUND' THEN sign ELSE 0 END * NEW.amount_usd,
         expensed_usd = expensed_usd + CASE what WHEN 'EXPENSE_VERIFIED' THEN sign ELSE 0 END * NEW.amount_usd
   WHERE id = g.id;
  IF what IN ('OBLIGATE', 'DEOBLIGATE') THEN
    UPDATE public.grants_fund
       SET obligated_usd = obligated_usd
           + CASE what WHEN 'OBLIGATE' THEN sign ELSE -sign END * NEW.amount_usd
     WHERE id = f.id;
  END IF;
  IF NEW.tranche_id IS NOT NULL AND what IN ('DISBURSE', 'EXPENSE_VERIFIED') THEN
    UPDATE public.grants_tranche
       SET paid_usd = paid_usd + CASE what WHEN 'DISBURSE' THEN sign ELSE 0 END * NEW.amount_usd,
           accounted_usd = accounted_usd
             + CASE what WHEN 'EXPENSE_VERIFIED' THEN sign ELSE 0 END * NEW.amount_usd
     WHERE id = NEW.tranche_id;
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_post BEFORE INSERT ON public.grants_ledgerentry
  FOR EACH ROW EXECUTE FUNCTION public.grants_post();
"""

# A changed name, or a changed person behind it, is another subject to a screening.
VERSIONS = """
CREATE FUNCTION public.grants_guard_fund() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  IF NEW.obligated_usd <> 0 THEN
    PERFORM public.grants_refuse('a fund begins without obligations');
  END IF;
  PERFORM public.grants_acts(NEW.entered_by_id, 'officer');
  RETURN NEW;
END
$$;
CREATE TRIGGER grants_guard_fund BEFORE INSERT ON public.grants_fund
  FOR EACH ROW EXECUTE FUNCTION public.grants_guard_fund();

CREATE FUNCTION public.grants_new_version() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  IF TG_TABLE_NAME = 'grants_organisation' THEN
    NEW.version := OLD.version + CASE
      WHEN (NEW.name_en, NEW.name_ar, NEW.registration_no)
           IS DISTINCT FROM (OLD.name_en, OLD.name_ar, OLD.registration_no) THEN 1
      WHEN NEW.version > OLD.version AND pg_trigger_depth() > 1 THEN 1
      ELSE 0 END;
    RETURN NEW;
  END IF;
  IF TG_OP = 'UPDATE' AND NEW.version = OLD.version AND NEW.left_at IS NOT DISTINCT FROM OLD.left_at
  THEN
    -- Sealed anew under another key: the same names.
    RETURN NULL;
  END IF;
  UPDATE public.grants_organisation SET version = version + 1 WHERE id = NEW.organisation_id;
  RETURN NULL;
END
$$;
CREATE TRIGGER grants_new_version BEFORE UPDATE ON public.grants_organisation
  FOR EACH ROW EXECUTE FUNCTION public.grants_new_version();
CREATE TRIGGER grants_new_version AFTER INSERT OR UPDATE ON public.grants_organisationperson
  FOR EACH ROW EXECUTE FUNCTION public.grants_new_version();
"""

#: (number, from, to, who, begins a new round, needs a reason): the machine of the design.
#: `grants.services.machine.STEPS` is the same table, and a test holds them together.
STEPS = [
    (1, "", "DRAFT", ["requester"], False, False),
    (2, "DRAFT", "SUBMITTED", ["requester"], False, False),
    (3, "SUBMITTED", "RETURNED", ["reviewer", "officer"], False, True),
    (3, "RETURNED", "SUBMITTED", ["requester"], True, False),
    (4, "SUBMITTED", "VETTING", ["reviewer"], False, False),
    (5, "VETTING", "PENDING_APPROVAL", ["vetting"], False, False),
    (
        6,
        "VETTING",
        "REJECTED",
        ["vetting", "reviewer", "approver", "officer", "certifier", "payer", "monitor", "closeout"],
        False,
        True,
    ),
    (7, "PENDING_APPROVAL", "APPROVED", ["approver"], False, False),
    (8, "PENDING_APPROVAL", "REJECTED", ["approver"], False, True),
    (8, "PENDING_APPROVAL", "RETURNED", ["approver"], False, True),
    (9, "APPROVED", "AWARDED", ["officer"], False, False),
    (10, "AWARDED", "ACTIVE", ["payer"], False, False),
    (11, "ACTIVE", "ACTIVE", ["payer"], False, False),
    (12, "ACTIVE", "SUSPENDED", ["officer", "monitor", "vetting", "auditor"], True, True),
    (13, "SUSPENDED", "ACTIVE", ["officer"], True, True),
    (14, "ACTIVE", "COMPLETED", ["monitor"], False, False),
    (15, "COMPLETED", "CLOSING", ["officer"], False, False),
    (16, "CLOSING", "CLOSED", ["closeout"], False, False),
    (17, "AWARDED", "TERMINATED", ["approver"], False, True),
    (17, "ACTIVE", "TERMINATED", ["approver"], False, True),
    (17, "SUSPENDED", "TERMINATED", ["approver"], False, True),
    (17, "TERMINATED", "CLOSING", ["officer"], False, False),
    *(
        (18, state, "CANCELLED", ["officer"], False, True)
        for state in ("DRAFT", "SUBMITTED", "RETURNED", "VETTING", "PENDING_APPROVAL", "APPROVED")
    ),
    *(
        (18, state, "WITHDRAWN", ["requester"], False, True)
        for state in ("DRAFT", "SUBMITTED", "RETURNED", "VETTING", "PENDING_APPROVAL", "APPROVED")
    ),
    (19, "CLOSED", "REOPENED", ["approver"], True, True),
    (19, "REOPENED", "CLOSING", ["officer"], False, False),
]


def load_steps(apps, schema_editor):
    StateStep = apps.get_model("grants", "StateStep")
    StateStep.objects.bulk_create(
        StateStep(
            number=number,
            from_state=before,
            to_state=after,
            roles=roles,
            renews=renews,
            needs_reason=needs_reason,
        )
        for number, before, after, roles, renews, needs_reason in STEPS
    )


BACKWARDS = """
ALTER TABLE public.grants_decision
  DROP CONSTRAINT a_decision_is_made_in_a_duty_of_its_step,
  DROP CONSTRAINT who_asks_decides_nothing,
  DROP CONSTRAINT who_reviews_does_not_approve,
  DROP CONSTRAINT who_awards_does_not_approve,
  DROP CONSTRAINT who_certifies_does_not_approve,
  DROP CONSTRAINT who_pays_neither_approves_nor_closes;
ALTER TABLE public.grants_paymentrequest
  DROP CONSTRAINT who_certifies_neither_asked_nor_approved,
  DROP CONSTRAINT who_pays_neither_asked_nor_approved;
DELETE FROM public.grants_statestep;
DELETE FROM public.grants_officer;
DO $$ DECLARE made regprocedure; BEGIN
  FOR made IN SELECT oid FROM pg_proc
               WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'grants\\_%'
  LOOP
    EXECUTE format('DROP FUNCTION %s CASCADE', made);
  END LOOP;
END $$;
"""


class Migration(migrations.Migration):
    """Who may write what, and the rules of money and duties, in the database itself."""

    dependencies = [
        ("grants", "0001_grants"),
        ("audit", "0002_chain"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.RunSQL(
            OFFICERS
            + HELPERS
            + APPEND_ONLY
            + GRANTS
            + PARTS
            + DECISIONS
            + TRANSITIONS
            + CONFIRMED
            + PAYMENTS
            + LEDGER
            + VERSIONS,
            BACKWARDS,
        ),
        migrations.RunPython(load_steps, migrations.RunPython.noop),
    ]
