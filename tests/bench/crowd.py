"""Many incidents at once, made inside the database: four sites, ten years, skewed as life is.

Half the summaries are Arabic. Of the sites one holds a hundredth of the records; few types, places
and reporters hold most. One record in 10,000 speaks of a ziggurat, and of nothing else does any.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.bench.upkeep import put_aside

#: Code, district, share of the records.
SITES = (
    ("BENCH-CENTRE", "IQG02Q02", 0.40),
    ("BENCH-ZUBAIR", "IQG02Q06", 0.35),
    ("BENCH-QURNA", "IQG02Q05", 0.24),
    ("BENCH-FAO", "IQG02Q03", 0.01),
)
WORKERS = 8
DAYS = 3650
RARE_WORD = "ziggurat"
SAID = "A neighbour said so."
#: Different summaries but for the rare word, and points of each place.
TEXTS, POINTS = 720, 40
#: Filled set by set, with nothing to keep up beside their rows.
TABLES = (
    "incidents_incident",
    "incidents_source",
    "incidents_incidentstep",
    "incidents_incidentresponse",
)
OPENINGS = (
    "Two families quarrel over a piece of land near the canal",
    "مشاجرة بين عائلتين على قطعة أرض قرب النهر",
    "Shots were fired from a white pickup in front of a shop",
    "إطلاق نار من سيارة بيضاء أمام محل تجاري",
    "A young man was stabbed after an argument about a debt",
    "طعن شاب بعد خلاف على دين قديم",
    "A hand grenade was thrown at the gate of a house",
    "رمي رمانة يدوية على باب دار سكنية",
    "Threats were written on the wall of a school at night",
    "كتابة تهديد عشائري على جدار مدرسة ليلا",
    "Armed men on motorcycles stopped a taxi and took the driver",
    "مسلحون على دراجات نارية أوقفوا سيارة أجرة وخطفوا السائق",
)
MIDDLES = (
    "people nearby heard it and closed their doors",
    "سمع الجيران الصوت وأغلقوا الأبواب",
    "the market stayed closed until noon",
    "بقي السوق مغلقا حتى الظهر",
    "police came after half an hour and left again",
    "حضرت الشرطة بعد نصف ساعة ثم غادرت",
    "the sheikh of the tribe asked both sides for three days",
    "طلب شيخ العشيرة مهلة ثلاثة أيام من الطرفين",
    "relatives gathered in front of the hospital",
    "تجمع الأقارب أمام المستشفى",
)
ENDINGS = (
    "It may go on tonight, both sides were seen carrying weapons.",
    "قد يستمر الليلة وشوهد الطرفان يحملان السلاح.",
    "Nobody was seen leaving; the cause is not known.",
    "لم يشاهد أحد يغادر والسبب غير معروف.",
    "An outreach worker is speaking with the family.",
    "يتحدث أحد العاملين مع العائلة.",
)


@dataclass
class Crowd:
    """The sites, and who of them works where: `workers[site code]`."""

    sites: list[Any]
    workers: dict[str, list[Any]]
    size: int


def fill(size: int, *, with_rows: bool = True, bare: bool | None = None) -> Crowd:
    """Make `size` incidents; `with_rows` also what belongs to them. As the owner, and analysed.

    `bare` puts every index and key aside for the time; in a transaction only that of the words,
    unless it is asked for: tests of plans want indexes as they grow row by row.

    What the services would have written beside each record is written set by set: its search keys,
    the words that are kept, its grade from its sources, its sensitivity, steps, clock and victims
    (`tests/incidents/test_crowd.py`). Not written: the audit trail, notices, watches.
    """
    from django.db import connection

    from ceasefire.database import roles
    from incidents.services import rollups

    crowd = _stage(size)
    _learn(crowd)
    with roles.as_owner(connection), connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.42)")
        _prepare(cursor, crowd)
        facts = _facts(crowd)
        if bare is None:
            bare = not connection.in_atomic_block
        tables = [*TABLES, "incidents_victimization"]
        with put_aside(cursor, tables, only=() if bare else ["incident_words"]):
            cursor.execute(_INCIDENTS, facts)
            if with_rows:
                for statement in (_SOURCES, _STEPS, _CLOCKS):
                    cursor.execute(statement, facts)
        if with_rows:
            # With its indexes in place: the guard of minors looks up the incident of each.
            cursor.execute(_VICTIMS)
        cursor.execute("DROP TABLE bench_spot, bench_point, bench_kind, bench_text")
        rollups.fold()
        kept = ("incidents_weeklycount", "incidents_weeklyplacecount", "incidents_weeklydelta")
        for table in (*tables, *kept, "incidents_searchword", "places_place"):
            # So that the first reader of each page does not write its hints, as a night later.
            vacuum = "" if connection.in_atomic_block else "VACUUM "
            cursor.execute(f"{vacuum}ANALYZE {table}")
        cursor.execute(
            "INSERT INTO codes_counter (series, year, last) VALUES"
            " ('INC', extract(year FROM now())::int, 0) ON CONFLICT DO NOTHING"
        )
    return crowd


def found() -> Crowd:
    """The crowd that an earlier run left in this database."""
    from ceasefire.people.models import User
    from ceasefire.places.models import Site

    sites = [Site.objects.get(code=code) for code, _district, _share in SITES]
    names = {
        code: [f"{code.lower()}.{number}" for number in range(WORKERS)]
        for code, _district, _share in SITES
    }
    people = {user.username: user for user in User.objects.all()}
    return Crowd(
        sites,
        {code: [people[name] for name in named] for code, named in names.items()},
        _counted(),
    )


def _counted() -> int:
    from incidents.models import Incident

    return Incident.objects.count()


def _stage(size: int) -> Crowd:
    """Sites with their coverage, and the people of each."""
    from datetime import timedelta

    from ceasefire import periods
    from ceasefire.people.models import User
    from ceasefire.people.roles import Role
    from ceasefire.places.models import CoveragePeriod, Place, Site

    sites = []
    workers: dict[str, list[Any]] = {}
    for code, district, _share in SITES:
        site = Site.objects.create(code=code, name_en=code.title(), name_ar="موقع القياس")
        site.places.add(Place.objects.get(pcode=district))
        CoveragePeriod.objects.create(site=site, start=periods.today() - timedelta(days=DAYS))
        sites.append(site)
        workers[code] = []
        for number in range(WORKERS):
            name = f"{code.lower()}.{number}"
            user = User.objects.create(
                username=name, code_name=name.title(), role=Role.WORKER, language="en"
            )
            user.sites.set([site])
            workers[code].append(user)
    return Crowd(sites, workers, size)


def _learn(crowd: Crowd) -> None:
    """Keep every word that will stand in the records, as the services do."""
    from ceasefire.places.models import Place
    from incidents.services import search

    texts = (*OPENINGS, *MIDDLES, *ENDINGS, RARE_WORD, SAID)
    places = Place.objects.filter(district__pcode__in=[pcode for _code, pcode, _share in SITES])
    search.learn(
        {word for text in texts for word in search.words_key(text).split()},
        {word for place in places.select_related("district") for word in search.names_of(place)},
    )


def _prepare(cursor: Any, crowd: Crowd) -> None:
    """What records are put together from: places and points of each site, kinds, texts."""
    from ceasefire import codes
    from ceasefire.codes.services import family
    from ceasefire.places.models import Place
    from incidents.services import clocks
    from incidents.services.search import place_key, words_key

    cursor.execute(
        "CREATE TABLE bench_spot"
        " (site int, at int, place bigint, district bigint, tail text, PRIMARY KEY (site, at))"
    )
    cursor.execute("CREATE TABLE bench_point (place bigint PRIMARY KEY, lat float[], lon float[])")
    dice = random.Random(42)  # noqa: S311 - no secret
    for site, (_code, pcode, _share) in zip(crowd.sites, SITES, strict=True):
        places = Place.objects.filter(
            district__pcode=pcode, level__in=["subdistrict", "neighbourhood"]
        )
        listed = places.select_related("district", "parent").order_by("-pcode")
        for at, place in enumerate(listed):
            cursor.execute(
                "INSERT INTO bench_spot VALUES (%s, %s, %s, %s, %s)",
                [site.pk, at, place.pk, place.district_id, place_key(place)],
            )
            points = list(_points(place if place.geometry else place.parent, dice))
            cursor.execute(
                "INSERT INTO bench_point VALUES (%s, %s, %s)",
                [place.pk, [lat for lat, _lon in points], [lon for _lat, lon in points]],
            )
    kinds = [code for code, _label in codes.choices("incident_type") if code not in ("SXV", "OTH")]
    urgent = clocks.ALWAYS
    cursor.execute("CREATE TABLE bench_kind (at int PRIMARY KEY, kind text, family text)")
    for at, kind in enumerate([*kinds, "SXV"]):
        cursor.execute(
            "INSERT INTO bench_kind VALUES (%s, %s, %s)",
            [at, kind, "always" if kind in urgent else family("incident_type", kind)],
        )
    cursor.execute("CREATE TABLE bench_text (at int PRIMARY KEY, summary text, words text)")
    for at in range(2 * TEXTS):
        summary = (
            f"{OPENINGS[at % 12]}; {MIDDLES[at // 12 % 10]}. {ENDINGS[at // 120 % 6]}"
            f"{f' {RARE_WORD}' if at >= TEXTS else ''}"
        )
        cursor.execute(
            "INSERT INTO bench_text VALUES (%s, %s, %s)", [at, summary, words_key(summary)]
        )
    for table in ("spot", "point", "kind", "text"):
        cursor.execute(f"ANALYZE bench_{table}")


def _points(place: Any, dice: random.Random) -> Iterator[tuple[float, float]]:
    """Some points inside a place, thick around its middle: (latitude, longitude) in degrees."""
    from shapely import Point
    from shapely.geometry import shape

    area = shape(place.geometry)
    made = 0
    while made < POINTS:
        lat, lon = dice.gauss(place.lat, 0.03), dice.gauss(place.lon, 0.03)
        if area.contains(Point(lon, lat)):
            made += 1
            yield round(lat, 5), round(lon, 5)


def _facts(crowd: Crowd) -> dict[str, Any]:
    from incidents.services.search import words_key

    bounds, total = [], 0.0
    for _code, _district, share in SITES:
        total += share
        bounds.append(total)
    return {
        "size": crowd.size,
        "days": DAYS,
        "sites": [site.pk for site in crowd.sites],
        "bounds": bounds,
        "reporters": [str(user.pk) for site in crowd.sites for user in crowd.workers[site.code]],
        "workers": WORKERS,
        "texts": TEXTS,
        "points": POINTS,
        "said": SAID,
        "said_key": words_key(SAID),
    }


_INCIDENTS = """
INSERT INTO incidents_incident (
  id, code, site_id, reporter_id, content_hash, type, subtype, occurred_from, occurred_on,
  time_precision, time_of_day, place_id, district_id, geo_precision, lat, lon, place_type,
  killed_best, killed_unknown, injured_best, motive, method, weapons, summary, public_safety,
  staff_involved, is_sensitive, sharing, workflow_state, returned_reason, verification,
  verification_computed, verification_rule, verification_reason, reported_at, created_at,
  submitted_at, accepted_at, updated_at, version, origin, origin_id, search_key, source_key)
SELECT gen_random_uuid(), code, site, reporter, '', kind, '', at,
  (at AT TIME ZONE 'Asia/Baghdad')::date,
  1, 'evening', place, district, precision,
  CASE WHEN has_point THEN lat END, CASE WHEN has_point THEN lon END, 'street',
  CASE WHEN x3 < 0.3 THEN 1 ELSE 0 END,
  false, (x3 * 3)::int, 'tribal', 'firearm', '{}', summary, false, x4 < 0.003,
  x4 < 0.01, 'site', state, CASE WHEN state = 'returned' THEN 'Which street?' ELSE '' END,
  grade, grade,
  CASE grade WHEN 'unverified' THEN 'weak' WHEN 'provisional' THEN 'one_good'
             WHEN 'corroborated' THEN 'two_good' ELSE 'staff_saw' END,
  '', told, told, CASE WHEN state <> 'draft' THEN told END,
  CASE WHEN state IN ('accepted', 'archived') THEN told + interval '1 hour' END,
  told, 1, '', '', words,
  said || CASE WHEN grade = 'corroborated' OR hashtext(code) %% 8 BETWEEN 0 AND 2
               THEN ' ' || said ELSE '' END
FROM (
  SELECT r.*, s.place, s.district, t.summary,
    CASE WHEN r.x4 BETWEEN 0.003 AND 0.006 THEN 'SXV' ELSE k.kind END AS kind,
    r.at + interval '30 minutes' AS told,
    'INC-' || y.year || '-' || lpad(r.n::text, 7, '0') AS code,
    (%(reporters)s::uuid[])[
      (r.nth - 1) * %(workers)s + 1 + floor(power(r.x2, 2) * %(workers)s)::int] AS reporter,
    'inc ' || y.year || ' ' || lpad(r.n::text, 7, '0') || ' ' || t.words || ' ' || s.tail AS words,
    CASE WHEN r.at > now() - interval '30 days' AND x5 < 0.3 THEN 'submitted'
         WHEN r.at > now() - interval '30 days' AND x5 < 0.35 THEN 'in_review'
         WHEN r.at > now() - interval '1 year' AND x5 BETWEEN 0.5 AND 0.53 THEN 'returned'
         WHEN r.at > now() - interval '1 year' AND x5 BETWEEN 0.53 AND 0.56 THEN 'draft'
         WHEN x5 > 0.98 THEN 'withdrawn' WHEN x5 > 0.95 THEN 'archived' ELSE 'accepted' END
      AS state,
    CASE WHEN x6 < 0.15 THEN 'unverified' WHEN x6 < 0.75 THEN 'provisional'
         WHEN x6 < 0.95 THEN 'corroborated' ELSE 'confirmed' END AS grade,
    -- A third exact, half to the neighbourhood; the finer it is known the oftener with a point.
    CASE WHEN x8 < 0.3 THEN 1 WHEN x8 < 0.75 THEN 2 WHEN x8 < 0.95 THEN 3 ELSE 4 END AS precision,
    CASE WHEN x8 < 0.3 THEN x9 < 0.9 WHEN x8 < 0.75 THEN x9 < 0.5 ELSE x8 < 0.95 AND x9 < 0.2 END
      AS has_point,
    p.lat[1 + r.n %% %(points)s] + (x10 - 0.5) * 0.01 AS lat,
    p.lon[1 + r.n %% %(points)s] + (x11 - 0.5) * 0.01 AS lon
  FROM (
    SELECT q.*, (%(sites)s::int[])[q.nth] AS site
    FROM (
      SELECT n, now() - interval '1 hour' - random() * %(days)s * interval '1 day' AS at,
        1 + width_bucket(random(), %(bounds)s::float8[]) AS nth,
        random() AS x1, random() AS x2, random() AS x3, random() AS x4, random() AS x5,
        random() AS x6, random() AS x7, random() AS x8, random() AS x9,
        random() AS x10, random() AS x11
      FROM generate_series(1, %(size)s) AS n
    ) q
  ) r
  CROSS JOIN LATERAL (SELECT extract(year FROM r.at AT TIME ZONE 'Asia/Baghdad') AS year) y
  JOIN (SELECT site, count(*) AS many FROM bench_spot GROUP BY site) m ON m.site = r.site
  JOIN bench_spot s ON s.site = r.site AND s.at = floor(power(r.x1, 2.5) * m.many)::int
  JOIN bench_point p ON p.place = s.place
  JOIN bench_kind k
    ON k.at = floor(power(r.x7, 3) * (SELECT count(*) - 1 FROM bench_kind))::int
  JOIN bench_text t
    ON t.at = r.n %% %(texts)s + CASE WHEN r.n %% 10000 = 77 THEN %(texts)s ELSE 0 END
) made
CROSS JOIN LATERAL (
  SELECT '@' || replace(reporter::text, '-', '') || ' ' || %(said_key)s AS said
) spoken
"""

#: Graded so that the rule gives the record's grade; a second one stands with every corroborated
#: record and with three in sixteen of the others.
_SOURCES = """
INSERT INTO incidents_source (id, incident_id, kind, reliability, credibility, text, received_at,
  has_sealed_name, has_sealed_contact, created_by_id, created_at)
SELECT gen_random_uuid(), i.id,
  CASE WHEN i.verification = 'confirmed' AND n = 1 THEN 'staff' ELSE 'family' END,
  CASE WHEN solid THEN 'C' ELSE 'F' END, CASE WHEN solid THEN '3' ELSE '6' END,
  %(said)s, i.reported_at, false, false, i.reporter_id, i.reported_at + n * interval '1 minute'
FROM incidents_incident i
CROSS JOIN generate_series(1, 2) AS n
CROSS JOIN LATERAL (
  SELECT i.verification = 'corroborated' OR (i.verification <> 'unverified' AND n = 1) AS solid
) graded
WHERE n = 1 OR i.verification = 'corroborated' OR hashtext(i.code) %% 8 BETWEEN 0 AND 2
"""

_STEPS = """
INSERT INTO incidents_incidentstep (incident_id, from_state, to_state, reason, by_id, at)
SELECT i.id, made.before, made.after,
  CASE WHEN made.after = 'returned' THEN i.returned_reason ELSE '' END, i.reporter_id, made.at
FROM incidents_incident i
CROSS JOIN LATERAL (VALUES
  ('', CASE WHEN i.workflow_state = 'draft' THEN 'draft' ELSE 'submitted' END, i.reported_at),
  ('submitted', CASE WHEN i.workflow_state = 'archived' THEN 'accepted' ELSE i.workflow_state END,
   i.reported_at + interval '1 hour'),
  ('accepted', 'archived', i.reported_at + interval '400 days')
) AS made (before, after, at)
WHERE made.before = ''
   OR (made.before = 'submitted' AND i.workflow_state NOT IN ('draft', 'submitted'))
   OR (made.before = 'accepted' AND i.workflow_state = 'archived')
"""

#: Those that run are of the last three days; one in thirty of the others went unanswered.
_CLOCKS = """
INSERT INTO incidents_incidentresponse (id, incident_id, site_id, started_at, late_notice,
  contact_due_at, amber_at, due_at, by_hand, next_step, first_contact_at, community_response_at,
  closed_at, closed_reason, created_at, version)
SELECT gen_random_uuid(), i.id, i.site_id, start, false, start + interval '24 hours',
  start + interval '48 hours', start + interval '72 hours', false, '',
  CASE WHEN reason = 'answered' THEN start + interval '10 hours' END,
  CASE WHEN reason = 'answered' THEN start + interval '40 hours' END,
  CASE WHEN reason <> '' THEN
    CASE WHEN reason IN ('answered', 'unsafe') THEN start + interval '40 hours'
         ELSE i.reported_at + interval '1 hour' END END,
  reason, i.created_at, 1
FROM incidents_incident i
JOIN bench_kind k ON k.kind = i.type
CROSS JOIN LATERAL (
  SELECT i.occurred_from AS start,
    CASE WHEN i.workflow_state = 'withdrawn' THEN i.workflow_state
         WHEN i.occurred_from > now() - interval '72 hours' THEN ''
         WHEN hashtext(i.code) %% 30 = 0 THEN 'unsafe' ELSE 'answered' END AS reason
) clock
WHERE i.workflow_state <> 'draft'
  AND (k.family IN ('always', 'killing') OR i.killed_best > 0
       OR (k.family = 'attempt' AND i.injured_best > 0))
"""

#: The minors and the victims of sexual violence, and one in twenty of the rest.
_VICTIMS = """
INSERT INTO incidents_victimization (id, incident_id, harm, sex, age, age_band, roles, nationality,
  gunshot, hospital, outcome, has_sealed_name, created_at)
SELECT gen_random_uuid(), id,
  CASE WHEN type = 'SXV' THEN 'sexual' WHEN killed_best > 0 THEN 'killed' ELSE 'injured' END,
  'male', CASE WHEN is_sensitive AND type <> 'SXV' AND NOT staff_involved THEN 15 ELSE 31 END,
  'unknown', '{}', '', 'unknown', 'unknown', 'unknown', false, created_at
FROM incidents_incident
WHERE is_sensitive OR hashtext(code) % 20 = 0
"""
