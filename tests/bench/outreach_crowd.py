"""Many cases at once, made inside the database: four sites, workers with 20 active cases each.

To each active case ten past ones and 125 contacts; conflicts, sheets, logs and tasks in proportion.
Aliases, names, notes and sides are sealed for real, as pages open them. Not written: audit trail,
second approvals, attachments.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.bench.database import Unfit, filled, kept_database, throw_away_database
from tests.bench.upkeep import put_aside

SITES = (
    ("BENCH-OUT-1", "IQG02Q02"),
    ("BENCH-OUT-2", "IQG02Q06"),
    ("BENCH-OUT-3", "IQG02Q05"),
    ("BENCH-OUT-4", "IQG02Q03"),
)
ACTIVE_EACH, PAST_FOR_ONE = 20, 10
#: Contacts of an active case (three a week), and of a past one.
CONTACTS, PAST_CONTACTS = 75, 5
#: Workers under a supervisor, and an interrupter among so many workers.
TEAM = 6
#: Conflicts for a worker, and how many of them are open.
CONFLICTS, OPEN_CONFLICTS = 20, 3
WEEKS, LOG_DAYS = 20, 60
#: Of the contacts one in so many has a note.
NOTED = 5


@dataclass
class Crowd:
    """Who works where: the first site's people ask for pages."""

    sites: list[Any]
    workers: list[Any]
    supervisor: Any
    interrupter: Any
    active: int


def peopled(active: int, *, keep: str = "", reuse: str = "") -> Any:
    """A context with a database of so many active cases, or with that of `reuse`."""

    @contextmanager
    def work() -> Iterator[Crowd]:
        if reuse:
            with kept_database(reuse, new=False):
                yield found()
        elif keep:
            with kept_database(keep, new=True):
                made = fill(active)
                filled(f"{active:,} active cases")
                yield made
        else:
            with throw_away_database():
                yield fill(active)

    return work()


def found() -> Crowd:
    """What an earlier run left in this database. Raises `Unfit` where it holds something else."""
    from ceasefire.people.models import User
    from ceasefire.places.models import Site
    from outreach.models import Participant

    sites = list(Site.objects.filter(code__in=[code for code, _district in SITES]).order_by("code"))
    if len(sites) != len(SITES):
        raise Unfit("This database holds no cases; fill one with: outreach --keep NAME")
    here = User.objects.filter(username__startswith="out.")
    return Crowd(
        sites,
        list(here.filter(role="worker").order_by("username")),
        here.get(username="out.supervisor.0000"),
        here.get(username="out.interrupter.0000"),
        Participant.objects.filter(status="active").count(),
    )


def fill(active: int) -> Crowd:
    """Make it all, as the owner, and analysed."""
    from django.db import connection

    from ceasefire.database import roles
    from outreach.models import Participant

    workers = max(active // ACTIVE_EACH, len(SITES))
    _stage(workers)
    with roles.as_owner(connection), connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.42)")
        _workers(cursor)
        tables = [model._meta.db_table for model, _exprs, _source in _rows()]
        with put_aside(cursor, [table for table in tables if table != _table(Participant)]):
            for model, exprs, source in _rows():
                _insert(cursor, model, exprs, source)
        _sign(cursor)
        _seal(cursor)
        for series in ("P", "CON", "EVT", "SUP"):
            cursor.execute(
                "INSERT INTO codes_counter (series, year, last) VALUES (%s, 0, 9000000),"
                " (%s, extract(year FROM now())::int, 9000000) ON CONFLICT DO NOTHING",
                [series, series],
            )
        for table in (*tables, "vault_sealed", "vault_blindindex", "worklist_task"):
            vacuum = "" if connection.in_atomic_block else "VACUUM "
            cursor.execute(f"{vacuum}ANALYZE {table}")
    return found()


def _sign(cursor: Any) -> None:
    """Sign the sheets of past weeks; after their reviews, since a signed one takes none."""
    cursor.execute(
        "UPDATE outreach_supervisionsheet s"
        " SET signed_at = (s.week_start + 1)::timestamptz, signed_by_id = s.created_by_id"
        " WHERE s.week_start < CURRENT_DATE - extract(dow FROM CURRENT_DATE)::int"
    )


def _table(model: Any) -> str:
    return str(model._meta.db_table)


# --- people ---------------------------------------------------------------------------------------


def _stage(workers: int) -> None:
    """Sites, and the people of each in turn."""
    from ceasefire.people.models import User
    from ceasefire.people.roles import Role
    from ceasefire.places.models import Place, Site, Zone

    sites = []
    for code, district in SITES:
        site = Site.objects.create(code=code, name_en=code.title(), name_ar="موقع القياس")
        site.places.add(Place.objects.get(pcode=district))
        for number in range(3):
            Zone.objects.create(site=site, code=f"Z{number}", name_en=f"Beat {number}")
        sites.append(site)

    def person(kind: str, number: int, role: str, site: Any, supervisor: Any = None) -> Any:
        name = f"out.{kind}.{number:04}"
        user = User.objects.create(
            username=name,
            code_name=name.title(),
            role=role,
            language="en",
            supervisor=supervisor,
        )
        user.sites.set([site])
        return user

    made = 0
    for number in itertools.count():
        site = sites[number % len(sites)]
        head = person("supervisor", number, Role.SUPERVISOR, site)
        person("interrupter", number, Role.INTERRUPTER, site, head)
        for _turn in range(min(TEAM, workers - made)):
            person("worker", made, Role.WORKER, site, head)
            made += 1
        if made == workers:
            break
    for number, site in enumerate(sites):
        person("manager", number, Role.MANAGER, site)


def _workers(cursor: Any) -> None:
    cursor.execute(
        """
        CREATE TEMP TABLE bench_worker AS
        SELECT row_number() OVER (ORDER BY u.username) - 1 AS nth, u.id, u.supervisor_id AS head,
          (SELECT min(s.site_id) FROM people_user_sites s WHERE s.user_id = u.id) AS site,
          (SELECT i.id FROM people_user i WHERE i.supervisor_id = u.supervisor_id
             AND i.role = 'interrupter' LIMIT 1) AS helper
        FROM people_user u WHERE u.role = 'worker' AND u.username LIKE 'out.%'
        """
    )
    cursor.execute(
        """
        CREATE TEMP TABLE bench_place AS
        SELECT b.site_id AS site, p.id, row_number() OVER (PARTITION BY b.site_id) - 1 AS nth,
          count(*) OVER (PARTITION BY b.site_id) AS many
        FROM places_site_places b JOIN places_place p ON p.district_id = b.place_id
        WHERE p.level IN ('subdistrict', 'neighbourhood')
        """
    )


# --- rows -----------------------------------------------------------------------------------------


def _insert(cursor: Any, model: Any, exprs: dict[str, str], source: str) -> None:
    """INSERT ... SELECT with an expression for each named field; the others take their default."""
    from django.contrib.postgres.fields import ArrayField
    from django.db import models

    names, values, given = [], [], {}
    unknown = set(exprs) - {field.attname for field in model._meta.concrete_fields}
    if unknown:
        raise ValueError(f"{model.__name__} has no {sorted(unknown)}")
    for field in model._meta.concrete_fields:
        if isinstance(field, models.AutoField):
            continue
        names.append(f'"{field.column}"')
        if field.attname in exprs:
            values.append(exprs[field.attname])
        elif isinstance(field, models.UUIDField) and field.primary_key:
            values.append("gen_random_uuid()")
        elif isinstance(field, models.DateTimeField) and (field.auto_now or field.has_default()):
            values.append("now()")
        elif isinstance(field, ArrayField):
            values.append("'{}'")
        elif isinstance(field, models.JSONField):
            values.append("'{}'::jsonb")
        elif field.has_default():
            given[field.attname] = field.get_default()
            values.append(f"%({field.attname})s")
        else:
            values.append("NULL" if field.null else "''")
    cursor.execute(
        f"INSERT INTO {_table(model)} ({', '.join(names)})"  # noqa: S608 - our own words
        f" SELECT {', '.join(values)} {source}",
        given,
    )


def _rows() -> Iterable[tuple[Any, dict[str, str], str]]:
    """Every table in turn: model, expressions by field, FROM and WHERE. `%` is doubled."""
    from ceasefire.worklist.models import Notification, Task
    from outreach import models as m

    case = "FROM outreach_participant p JOIN bench_worker w ON w.id = p.worker_id"
    active = f"{case} WHERE p.status = 'active'"
    yield (
        m.Participant,
        {
            "code": "'P-' || lpad(made.n::text, greatest(4, length(made.n::text)), '0')",
            "site_id": "made.site",
            "worker_id": "made.id",
            "status": "CASE WHEN made.is_active THEN 'active' ELSE 'closed' END",
            "status_since": "made.since",
            "close_reason": "CASE WHEN made.is_active THEN '' ELSE 'goals_met' END",
            "sex": "'m'",
            "birth_year": "1995 + made.n %% 12",
            "age_band": "'18-24'",
            "language": "'ar'",
            "last_contact_at": "made.last",
            "last_face_at": "made.last - interval '1 day'",
            "risk_signal": "CASE WHEN made.x < 0.02 THEN 'planning' WHEN made.x < 0.2 THEN 'tense'"
            " ELSE 'calm' END",
            "next_contact_on": "CASE WHEN made.is_active THEN (made.last + interval '3 days')::date"
            " END",
            "screened_on": "(made.last - made.x * interval '95 days')::date",
            "rescreen_due_on": "(made.last - made.x * interval '95 days')::date + 90",
            "created_by_id": "made.id",
            "created_at": "made.begun",
            "updated_by_id": "made.id",
            "updated_at": "made.last",
        },
        f"""
        FROM (
          SELECT q.*, CASE WHEN q.is_active THEN now() - q.y * q.y * interval '20 days'
                           ELSE q.ended - interval '1 day' END AS last,
            CASE WHEN q.is_active THEN now() - (30 + q.x * 400) * interval '1 day'
                 ELSE q.ended - interval '200 days' END AS begun,
            CASE WHEN q.is_active THEN now() - (28 + q.x * 400) * interval '1 day'
                 ELSE q.ended END AS since
          FROM (
            SELECT n, w.id, w.site, n <= m.many * {ACTIVE_EACH} AS is_active, random() AS x,
              random() AS y, now() - (40 + random() * 1500) * interval '1 day' AS ended
            FROM (SELECT count(*) AS many FROM bench_worker) m
            CROSS JOIN generate_series(1, m.many * {ACTIVE_EACH * (1 + PAST_FOR_ONE)}) AS n
            JOIN bench_worker w ON w.nth = n %% m.many
          ) q
          ORDER BY n
        ) made
        """,
    )
    yield (
        m.CaseMember,
        {
            "participant_id": "p.id",
            "user_id": "w.helper",
            "since": "p.status_since",
            "added_by_id": "w.head",
        },
        f"{active} AND hashtext(p.code) %% {TEAM} = 0",
    )
    yield (
        m.ParticipantStep,
        {
            "participant_id": "p.id",
            "from_status": "s.before",
            "to_status": "s.after",
            "worker_id": "p.worker_id",
            "by_id": "p.worker_id",
            "at": "s.at",
        },
        f"""{case} CROSS JOIN LATERAL (VALUES
          ('', 'prospect', p.created_at),
          ('prospect', 'screening', p.created_at + interval '4 hours'),
          ('screening', 'eligible', p.created_at + interval '5 hours'),
          ('eligible', 'active', p.created_at + interval '2 days'),
          ('active', 'closed', p.status_since)
        ) AS s (before, after, at) WHERE s.after <> 'closed' OR p.status = 'closed'""",
    )
    yield (
        m.ConsentRecord,
        {
            "participant_id": "p.id",
            "purposes": "ARRAY['case_work', 'phone', 'home_visits', 'sharing']",
            "manner": "'spoken'",
            "agreed_on": "p.created_at::date",
            "recorded_by_id": "p.worker_id",
            "recorded_at": "p.created_at",
        },
        case,
    )
    yield (
        m.RiskScreening,
        {
            "participant_id": "p.id",
            "ruleset_id": "(SELECT min(id) FROM rulesets_ruleset WHERE kind = 'eligibility')",
            "purpose": "CASE n WHEN 1 THEN 'intake' ELSE 'rescreen' END",
            "answers": """'{"age": "yes", "armed_group": "yes", "violence": "yes",
              "released": "no", "street_activity": "yes", "recent_victim": "unknown",
              "weapon": "no"}'::jsonb""",
            "score": "4",
            "is_incomplete": "true",
            "qualifies": "true",
            "by_id": "p.worker_id",
            "at": "p.created_at + n * interval '10 days'",
        },
        f"{case} CROSS JOIN generate_series(1, 2) AS n WHERE n = 1 OR p.status = 'active'",
    )
    yield (
        m.Approval,
        {
            "participant_id": "p.id",
            "kind": "s.kind",
            "asked_by_id": "p.worker_id",
            "asked_at": "p.created_at",
            "decided_by_id": "CASE WHEN s.open THEN NULL ELSE w.head END",
            "decided_at": "CASE WHEN s.open THEN NULL ELSE p.created_at + interval '1 day' END",
            "decision": "CASE WHEN s.open THEN '' ELSE 'approved' END",
        },
        f"""{case} CROSS JOIN LATERAL (VALUES
          ('intake', false), ('plan', hashtext(p.code) %% 30 = 0 AND p.status = 'active')
        ) AS s (kind, open)""",
    )
    yield (
        m.NeedsAssessment,
        {
            "participant_id": "p.id",
            "number": "1",
            "severities": """'{"income": 3, "papers": 1, "family": 2}'::jsonb""",
            "by_id": "p.worker_id",
            "at": "p.created_at",
        },
        case,
    )
    yield (
        m.RiskReductionPlan,
        {
            "participant_id": "p.id",
            "state": "'approved'",
            "approved_at": "p.created_at + interval '5 days'",
            "review_due_on": "(p.last_contact_at + interval '8 days')::date",
            "created_by_id": "p.worker_id",
            "created_at": "p.created_at",
        },
        case,
    )
    yield (
        m.PlanGoal,
        {
            "plan_id": "g.id",
            "domain": "(ARRAY['income', 'papers', 'family'])[n]",
            "due_on": "g.review_due_on",
            "state": "CASE n WHEN 1 THEN 'reached' ELSE 'open' END",
            "ended_at": "CASE n WHEN 1 THEN g.created_at END",
            "ended_by_id": "CASE n WHEN 1 THEN g.created_by_id END",
            "created_by_id": "g.created_by_id",
            "created_at": "g.created_at",
        },
        "FROM outreach_riskreductionplan g CROSS JOIN generate_series(1, 3) AS n",
    )
    yield (
        m.Referral,
        {
            "participant_id": "p.id",
            "domain": "'income'",
            "state": "CASE WHEN n = 1 AND p.status = 'active' THEN 'sent' ELSE 'completed' END",
            "sent_on": "p.status_since::date",
            **dict.fromkeys(
                ("answered_on", "started_on", "ended_on"),
                "CASE WHEN n = 1 AND p.status = 'active' THEN NULL ELSE p.status_since::date END",
            ),
            "created_by_id": "p.worker_id",
            "created_at": "p.status_since",
        },
        f"{case} CROSS JOIN generate_series(1, 2) AS n WHERE n = 1 OR p.status = 'active'",
    )
    yield (
        m.CaseNote,
        {
            "participant_id": "p.id",
            "kind": "'progress'",
            "by_id": "p.worker_id",
            "at": "p.last_contact_at - n * interval '9 days'",
            "locked_at": "p.last_contact_at - n * interval '9 days' + interval '24 hours'",
        },
        f"{case} CROSS JOIN generate_series(1, 12) AS n WHERE n = 1 OR p.status = 'active'",
    )
    modes = "(ARRAY['street', 'phone', 'home', 'office', 'message'])[1 + n %% 5]"
    at = "p.last_contact_at - (n - 1) * interval '56 hours'"
    yield (
        m.Contact,
        {
            "participant_id": "p.id",
            "at": at,
            "minutes": "20",
            "mode": modes,
            "face": f"{modes} IN ('street', 'home', 'office')",
            "attempt_only": "n %% 11 = 10",
            "topics": "ARRAY['work']",
            "risk_signal": "'calm'",
            "created_by_id": f"CASE WHEN n %% {TEAM} = 0 THEN w.helper ELSE p.worker_id END",
            "created_at": at,
            "received_at": at,
        },
        f"{case} CROSS JOIN LATERAL generate_series(1,"
        f" CASE p.status WHEN 'active' THEN {CONTACTS} ELSE {PAST_CONTACTS} END) AS n",
    )
    yield from _conflict_rows()
    yield (
        m.SupervisionSheet,
        {
            "code": "'SUP-' || w.nth || '-' || n",
            "site_id": "w.site",
            "worker_id": "w.id",
            "week_start": "k.week - 7 * n",
            "figures": "'{\"active\": 20}'::jsonb",
            "created_by_id": "w.head",
        },
        "FROM bench_worker w CROSS JOIN (SELECT CURRENT_DATE"
        " - extract(dow FROM CURRENT_DATE)::int AS week) k"
        f" CROSS JOIN generate_series(0, {WEEKS}) AS n",
    )
    yield (
        m.CaseReview,
        {
            "sheet_id": "s.id",
            "participant_id": "p.id",
            "finding": "'on_course'",
            "by_id": "w.head",
            "at": "s.week_start + interval '30 hours'",
        },
        f"{case} JOIN outreach_supervisionsheet s ON s.worker_id = p.worker_id"
        " WHERE p.status = 'active'"
        " AND (abs(hashtext(p.code)) + (CURRENT_DATE - s.week_start) / 7) %% 4 = 0",
    )
    yield (
        m.DailyLog,
        {
            "user_id": "w.id",
            "site_id": "w.site",
            "day": "CURRENT_DATE - n",
            "signed_at": "CASE WHEN n > 2 THEN CURRENT_DATE - n + interval '20 hours' END",
            "created_at": "CURRENT_DATE - n + interval '19 hours'",
        },
        f"FROM bench_worker w CROSS JOIN generate_series(1, {LOG_DAYS}) AS n",
    )
    yield (
        m.FieldEvent,
        {
            "code": "'EVT-' || w.nth || '-' || n",
            "site_id": "w.site",
            "sort": "'canvass'",
            "at": "now() - n * interval '5 days'",
            "minutes": "60",
            "people": "20",
            "created_by_id": "w.id",
            "created_at": "now() - n * interval '5 days'",
        },
        "FROM bench_worker w CROSS JOIN generate_series(1, 40) AS n",
    )
    yield (
        Task,
        {
            "assignee_id": "p.worker_id",
            "kind": "'plan.review_due'",
            "subject_label": "'outreach.participant'",
            "subject_code": "p.code",
            "key": "'plan.review_due:' || p.code",
            "due_at": "p.last_contact_at + interval '8 days'",
            "created_at": "p.last_contact_at",
            "closed_at": "CASE WHEN p.status = 'closed' OR hashtext(p.code) %% 2 = 0"
            " THEN p.last_contact_at + interval '7 days' END",
            "closed_reason": "CASE WHEN p.status = 'closed' OR hashtext(p.code) %% 2 = 0"
            " THEN 'done' ELSE '' END",
            "escalate_at": "NULL",
        },
        case,
    )
    yield (
        Notification,
        {
            "recipient_id": "p.worker_id",
            "kind": "'referral.silent'",
            "subject_label": "'outreach.participant'",
            "subject_code": "p.code",
            "key": "'referral.silent:' || p.code",
            "created_at": "p.last_contact_at",
            "read_at": "CASE WHEN hashtext(p.code) %% 3 > 0 THEN p.last_contact_at END",
        },
        f"{case} WHERE p.last_contact_at > now() - interval '180 days'",
    )


def _conflict_rows() -> Iterable[tuple[Any, dict[str, str], str]]:
    """Conflicts of each worker, the last ones open; sides, steps, sessions, follow-ups."""
    from outreach import models as m

    c = "FROM outreach_conflict c"
    yield (
        m.Conflict,
        {
            "code": f"'CON-' || to_char(w.nth * {CONFLICTS} + n, 'FM000000')",
            "site_id": "w.site",
            "place_id": "b.id",
            "kind": "(ARRAY['land', 'tribal', 'debt', 'retaliation'])[1 + n %% 4]",
            "how_learned": "'street'",
            "violent_history": "'yes'",
            "weapons": "'yes'",
            "persons_band": "'4-6'",
            "shooting": "'likely'",
            "risk": "'high'",
            "rank": f"CASE WHEN n > {OPEN_CONFLICTS} THEN 9 WHEN n = 1 THEN 5 ELSE 1 END",
            "state": f"CASE WHEN n > {OPEN_CONFLICTS} THEN 'closed' WHEN n = 1 THEN 'monitoring'"
            " ELSE 'mediating' END",
            "state_since": "now() - n * interval '20 days'",
            "unquiet_at": "now() - n * interval '20 days'",
            "lead_id": "CASE WHEN n %% 4 = 2 THEN w.helper ELSE w.id END",
            "created_by_id": "w.id",
            "created_at": "now() - n * interval '21 days'",
            "updated_by_id": "w.id",
            "updated_at": "now() - n * interval '20 days'",
        },
        f"FROM bench_worker w CROSS JOIN generate_series(1, {CONFLICTS}) AS n"
        " JOIN bench_place b ON b.site = w.site AND b.nth = (w.nth + n) %% b.many",
    )
    yield (
        m.ConflictMediator,
        {
            "conflict_id": "c.id",
            "user_id": "w.helper",
            "since": "c.created_at",
            "added_by_id": "c.lead_id",
        },
        f"{c} JOIN bench_worker w ON w.id = c.lead_id WHERE hashtext(c.code) %% 3 = 0",
    )
    yield (
        m.ConflictStep,
        {
            "conflict_id": "c.id",
            "from_state": "s.before",
            "to_state": "s.after",
            "by_id": "c.lead_id",
            "lead_id": "c.lead_id",
            "at": "c.created_at + s.place * interval '1 hour'",
        },
        f"""{c} CROSS JOIN LATERAL (VALUES
          (0, '', 'detected'), (1, 'detected', 'assessed'), (2, 'assessed', 'mediating'),
          (3, 'mediating', 'cooled'), (4, 'cooled', 'monitoring'), (5, 'monitoring', 'closed')
        ) AS s (place, before, after)
        WHERE s.place < 3 OR c.state = 'closed' OR (c.state = 'monitoring' AND s.place < 5)""",
    )
    yield (
        m.ConflictParty,
        {
            "conflict_id": "c.id",
            "number": "n",
            "kind": "(ARRAY['tribe', 'family'])[n]",
            "added_by_id": "c.lead_id",
            "added_at": "c.created_at",
        },
        f"{c} CROSS JOIN generate_series(1, 2) AS n",
    )
    yield (
        m.PartyTie,
        {"party_id": "y.id", "kind": "y.kind"},
        "FROM outreach_conflictparty y",
    )
    yield (
        m.MediationSession,
        {
            "conflict_id": "c.id",
            "at": "c.created_at + n * interval '30 hours'",
            "tactics": "ARRAY['elder', 'agreement']",
            "outcome": "CASE n WHEN 1 THEN 'U' ELSE 'R3' END",
            "by_id": "c.lead_id",
            "created_at": "c.created_at + n * interval '30 hours'",
        },
        f"{c} CROSS JOIN generate_series(1, 2) AS n WHERE n = 1 OR c.state <> 'mediating'",
    )
    yield (
        m.MediationSession.mediators.through,
        {"mediationsession_id": "s.id", "user_id": "s.by_id"},
        "FROM outreach_mediationsession s",
    )
    yield (
        m.FollowUp,
        {
            "conflict_id": "s.conflict_id",
            "session_id": "s.id",
            "rung": "n",
            "due_on": "s.at::date + n",
            "state": "CASE WHEN s.at::date + n < CURRENT_DATE - 3 THEN 'answered' ELSE 'open' END",
            "finding": "CASE WHEN s.at::date + n < CURRENT_DATE - 3 THEN 'calm' ELSE '' END",
            "at": "CASE WHEN s.at::date + n < CURRENT_DATE - 3 THEN s.at + n * interval '1 day'"
            " END",
            "by_id": "CASE WHEN s.at::date + n < CURRENT_DATE - 3 THEN s.by_id END",
        },
        "FROM outreach_mediationsession s CROSS JOIN unnest(ARRAY[1, 3, 7, 14, 30, 60, 90]) AS n"
        " WHERE s.outcome = 'R3'",
    )


# --- sealed texts ---------------------------------------------------------------------------------

#: Table, field, kind of blind index, and which rows of it.
_SEALED: tuple[tuple[str, str, str, str], ...] = (
    ("outreach_participant", "alias", "alias", ""),
    ("outreach_participant", "name", "name", ""),
    ("outreach_contact", "note", "", f"WHERE hashtext(id::text) % {NOTED} = 0"),
    ("outreach_casenote", "text", "", ""),
    ("outreach_plangoal", "step", "", ""),
    ("outreach_referral", "provider", "", ""),
    ("outreach_riskscreening", "evidence", "", ""),
    ("outreach_needsassessment", "strengths", "", ""),
    ("outreach_conflict", "note", "", ""),
    ("outreach_conflictparty", "name", "name", ""),
    ("outreach_partytie", "value", "tie.tribe", ""),
    ("outreach_mediationsession", "note", "", ""),
)


def _seal(cursor: Any) -> None:
    """Seal a text for each; the guard of locked notes and the indexes stand aside meanwhile."""
    from ceasefire import periods
    from ceasefire.vault.blind import blind_index
    from ceasefire.vault.keys import keyring
    from ceasefire.vault.models import BlindIndex, Sealed
    from ceasefire.vault.sealing import seal_text
    from incidents.importing.bulk import copy_in

    ring, at = keyring(), periods.now()
    key = ring.key(ring.current)

    def hexed(octets: bytes) -> str:
        return "\\x" + octets.hex()

    cursor.execute("ALTER TABLE vault_sealed DISABLE TRIGGER USER")
    with put_aside(cursor, [_table(Sealed), _table(BlindIndex)]):
        for table, column, index, where in _SEALED:
            cursor.execute(f"SELECT id::text FROM {table} {where}")  # noqa: S608 - our own words
            rows = [row for (row,) in cursor.fetchall()]
            place = {"table": table, "column": column}
            texts = [f"Said of {row[:8]} on a street, مكتوب للقياس" for row in rows]
            sealed = (
                {
                    "row": row,
                    "ciphertext": hexed(
                        seal_text(text, key=key, key_id=ring.current, row=row, **place)
                    ),
                }
                for row, text in zip(rows, texts, strict=True)
            )
            copy_in(Sealed, sealed, same={**place, "key_id": ring.current, "updated_at": at})
            if index:
                found = (
                    {"row": row, "digest": hexed(blind_index(index, text) or b"")}
                    for row, text in zip(rows, texts, strict=True)
                )
                copy_in(BlindIndex, found, same=place)
    cursor.execute("ALTER TABLE vault_sealed ENABLE TRIGGER USER")
