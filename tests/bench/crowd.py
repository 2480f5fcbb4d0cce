"""Many incidents at once, made inside the database: four sites, ten years, skewed as life is.

Half the summaries are Arabic. Of the sites one holds a hundredth of the records; few types, places
and reporters hold most. One record in 10,000 speaks of a ziggurat, and of nothing else does any.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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


def fill(size: int, *, with_rows: bool = True) -> Crowd:
    """Make `size` incidents; `with_rows` also their sources and steps. As the owner, and analysed.

    The search index is built afterwards, which is many times as quick.
    """
    from django.db import connection

    from ceasefire.database import roles
    from incidents.models import Incident

    crowd = _stage(size)
    index = next(index for index in Incident._meta.indexes if index.name == "incident_words")
    _learn(crowd)
    with roles.as_owner(connection):
        with connection.schema_editor() as editor:
            editor.remove_index(Incident, index)
        with connection.cursor() as cursor:
            cursor.execute("SELECT setseed(0.42)")
            _prepare_places(cursor, crowd)
            cursor.execute(_INCIDENTS, _facts(crowd))
            if with_rows:
                cursor.execute(_SOURCES)
                cursor.execute(_STEPS)
            cursor.execute("DROP TABLE bench_spot, bench_kind")
            # Inside a test's transaction nothing may wait for its end when the index is built.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        with connection.schema_editor() as editor:
            editor.add_index(Incident, index)
        with connection.cursor() as cursor:
            for table in ("incident", "source", "incidentstep", "searchword"):
                cursor.execute(f"ANALYZE incidents_{table}")
            cursor.execute("ANALYZE places_place")
            cursor.execute(
                "INSERT INTO codes_counter (series, year, last) VALUES"
                " ('INC', extract(year FROM now())::int, 0) ON CONFLICT DO NOTHING"
            )
    return crowd


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

    texts = (*OPENINGS, *MIDDLES, *ENDINGS, RARE_WORD, "A neighbour said so.")
    places = Place.objects.filter(district__pcode__in=[pcode for _code, pcode, _share in SITES])
    search.learn(
        {word for text in texts for word in search.words_key(text).split()},
        {word for place in places.select_related("district") for word in search.names_of(place)},
    )


def _prepare_places(cursor: Any, crowd: Crowd) -> None:
    """Places of each site in a fixed order with the part of the search key that is theirs."""
    from ceasefire import codes
    from ceasefire.places.models import Place
    from incidents.services.search import place_key

    cursor.execute(
        "CREATE TABLE bench_spot"
        " (site int, at int, place bigint, district bigint, tail text, PRIMARY KEY (site, at))"
    )
    for site, (_code, pcode, _share) in zip(crowd.sites, SITES, strict=True):
        places = Place.objects.filter(
            district__pcode=pcode, level__in=["subdistrict", "neighbourhood"]
        )
        for at, place in enumerate(places.select_related("district").order_by("-pcode")):
            cursor.execute(
                "INSERT INTO bench_spot VALUES (%s, %s, %s, %s, %s)",
                [site.pk, at, place.pk, place.district_id, place_key(place)],
            )
    kinds = [code for code, _label in codes.choices("incident_type") if code not in ("SXV", "OTH")]
    cursor.execute("CREATE TABLE bench_kind (at int PRIMARY KEY, kind text)")
    for at, kind in enumerate(kinds):
        cursor.execute("INSERT INTO bench_kind VALUES (%s, %s)", [at, kind])


def _facts(crowd: Crowd) -> dict[str, Any]:
    from incidents.services.search import words_key

    bounds, total = [], 0.0
    for _code, _district, share in SITES:
        total += share
        bounds.append(total)
    return {
        "size": crowd.size,
        "days": DAYS,
        "rare": RARE_WORD,
        "sites": [site.pk for site in crowd.sites],
        "bounds": bounds,
        "reporters": [str(user.pk) for site in crowd.sites for user in crowd.workers[site.code]],
        "workers": WORKERS,
        **{name: list(texts) for name, texts in (("a", OPENINGS), ("b", MIDDLES), ("c", ENDINGS))},
        **{
            f"{name}_key": [words_key(text) for text in texts]
            for name, texts in (("a", OPENINGS), ("b", MIDDLES), ("c", ENDINGS))
        },
    }


_INCIDENTS = """
INSERT INTO incidents_incident (
  id, code, site_id, reporter_id, content_hash, type, subtype, occurred_from, occurred_on,
  time_precision, time_of_day, place_id, district_id, geo_precision, place_type, killed_best,
  killed_unknown, injured_best, motive, method, weapons, summary, public_safety, staff_involved,
  is_sensitive, sharing, workflow_state, returned_reason, verification, verification_computed,
  verification_rule, verification_reason, reported_at, created_at, submitted_at, accepted_at,
  updated_at, version, origin, origin_id, search_key, source_key)
SELECT gen_random_uuid(), code, site, reporter, '', kind, '', at,
  (at AT TIME ZONE 'Asia/Baghdad')::date,
  1, 'evening', place, district, 2, 'street', CASE WHEN x3 < 0.3 THEN 1 ELSE 0 END,
  false, (x3 * 3)::int, 'tribal', 'firearm', '{}', text, false, false,
  x4 < 0.04, 'site', state, CASE WHEN state = 'returned' THEN 'Which street?' ELSE '' END,
  grade, grade, 'one_good', '', told, told, CASE WHEN state <> 'draft' THEN told END,
  CASE WHEN state IN ('accepted', 'archived') THEN told + interval '1 hour' END,
  told, 1, '', '', words, '@' || replace(reporter::text, '-', '') || ' a neighbour said so'
FROM (
  SELECT r.*, s.place, s.district, k.kind,
    r.at + interval '30 minutes' AS told,
    'INC-' || extract(year FROM r.at) || '-' || lpad(r.n::text, 7, '0') AS code,
    (%(reporters)s::uuid[])[
      (r.nth - 1) * %(workers)s + 1 + floor(power(r.x2, 2) * %(workers)s)::int] AS reporter,
    (%(a)s::text[])[1 + r.n %% 12] || '; ' || (%(b)s::text[])[1 + (r.n / 12) %% 10] || '. '
      || (%(c)s::text[])[1 + (r.n / 120) %% 6]
      || CASE WHEN r.n %% 10000 = 77 THEN ' ' || %(rare)s ELSE '' END AS text,
    'inc ' || extract(year FROM r.at) || ' ' || lpad(r.n::text, 7, '0') || ' '
      || (%(a_key)s::text[])[1 + r.n %% 12] || ' '
      || (%(b_key)s::text[])[1 + (r.n / 12) %% 10] || ' '
      || (%(c_key)s::text[])[1 + (r.n / 120) %% 6]
      || CASE WHEN r.n %% 10000 = 77 THEN ' ' || %(rare)s ELSE '' END || ' ' || s.tail AS words,
    CASE WHEN r.at > now() - interval '30 days' AND x5 < 0.3 THEN 'submitted'
         WHEN r.at > now() - interval '30 days' AND x5 < 0.35 THEN 'in_review'
         WHEN r.at > now() - interval '1 year' AND x5 BETWEEN 0.5 AND 0.53 THEN 'returned'
         WHEN r.at > now() - interval '1 year' AND x5 BETWEEN 0.53 AND 0.56 THEN 'draft'
         WHEN x5 > 0.98 THEN 'withdrawn' WHEN x5 > 0.95 THEN 'archived' ELSE 'accepted' END
      AS state,
    CASE WHEN x6 < 0.15 THEN 'unverified' WHEN x6 < 0.75 THEN 'provisional'
         WHEN x6 < 0.95 THEN 'corroborated' ELSE 'confirmed' END AS grade
  FROM (
    SELECT q.*, (%(sites)s::int[])[q.nth] AS site
    FROM (
      SELECT n, now() - interval '1 hour' - random() * %(days)s * interval '1 day' AS at,
        1 + width_bucket(random(), %(bounds)s::float8[]) AS nth,
        random() AS x1, random() AS x2, random() AS x3, random() AS x4, random() AS x5,
        random() AS x6, random() AS x7
      FROM generate_series(1, %(size)s) AS n
    ) q
  ) r
  JOIN (SELECT site, count(*) AS many FROM bench_spot GROUP BY site) m ON m.site = r.site
  JOIN bench_spot s ON s.site = r.site AND s.at = floor(power(r.x1, 2.5) * m.many)::int
  JOIN bench_kind k ON k.at = floor(power(r.x7, 3) * (SELECT count(*) FROM bench_kind))::int
) made
"""

_SOURCES = """
INSERT INTO incidents_source (id, incident_id, kind, reliability, credibility, text, received_at,
  has_sealed_name, has_sealed_contact, created_by_id, created_at)
SELECT gen_random_uuid(), i.id, 'family', 'C', '3', 'A neighbour said so.', i.reported_at,
  false, false, i.reporter_id, i.reported_at + n * interval '1 minute'
FROM incidents_incident i CROSS JOIN generate_series(1, 2) AS n
WHERE n = 1 OR hashtext(i.code) %% 2 = 0
""".replace("%%", "%")

_STEPS = """
INSERT INTO incidents_incidentstep (incident_id, from_state, to_state, reason, by_id, at)
SELECT id, '', workflow_state, '', reporter_id, reported_at FROM incidents_incident
"""
