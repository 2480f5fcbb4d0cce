"""Every number ever given is accounted for (control C14): of grants by year and fund, and others.

Numbers are given without gaps: a grant that is not kept leaves its number to the next one. So a gap
is a row that went past the guards, and a number above the last one given a row that came past them.
"""

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

#: So many missing numbers of a series are named; the rest is counted.
NAMED = 50


@dataclass(frozen=True)
class Series:
    """The numbers of one kind or year: how many were given, are there, and which are missing."""

    label: str
    given: int
    there: int
    #: The first that are missing, and those that are there but were never given.
    missing: tuple[str, ...]
    missing_count: int
    never_given: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        return not self.missing_count and not self.never_given


@dataclass(frozen=True)
class OfFund:
    """Grants of one year on one fund: how many, from which number to which, how many called off."""

    year: int
    fund: str
    grants: int
    first: str
    last: str
    called_off: int


_GRANTS = """
WITH there AS (
  SELECT split_part(ref, '-', 2)::int AS year, split_part(ref, '-', 3)::bigint AS number, ref
    FROM grants_grant),
years AS (
  SELECT coalesce(c.year, t.year) AS year, coalesce(c.last, 0) AS last,
         coalesce(t.there, 0) AS there
    FROM grants_refcounter c
    FULL JOIN (SELECT year, count(*) AS there FROM there GROUP BY year) t ON t.year = c.year),
gaps AS (
  SELECT y.year, one.number FROM years y
   CROSS JOIN LATERAL generate_series(1, y.last) AS one (number)
    LEFT JOIN there t ON t.year = y.year AND t.number = one.number
   WHERE t.number IS NULL)
SELECT y.year, y.last, y.there,
       (SELECT count(*) FROM gaps g WHERE g.year = y.year),
       ARRAY(SELECT number FROM gaps g WHERE g.year = y.year ORDER BY number LIMIT %(named)s),
       ARRAY(SELECT ref FROM there t WHERE t.year = y.year AND t.number > y.last
              ORDER BY number LIMIT %(named)s)
  FROM years y ORDER BY y.year DESC
"""

# Of organisations the last number is kept; runs and postings are counted up by themselves.
_OTHERS: tuple[tuple[Any, str, str], ...] = (
    (
        _("Organisations"),
        "SELECT coalesce(max(last), 0) FROM grants_organisationcounter",
        "SELECT regexp_replace(code, '[^0-9]', '', 'g')::bigint AS number FROM grants_organisation",
    ),
    (
        _("Runs of reports"),
        "SELECT coalesce(max(number), 0) FROM grants_reportrun",
        "SELECT number FROM grants_reportrun",
    ),
    (
        _("Postings of the ledger"),
        "SELECT coalesce(max(seq), 0) FROM grants_ledgerentry",
        "SELECT seq AS number FROM grants_ledgerentry",
    ),
)


def of_grants() -> list[Series]:
    """The numbers of grants, a series a year, the newest first."""
    with connection.cursor() as cursor:
        cursor.execute(_GRANTS, {"named": NAMED})
        rows = cursor.fetchall()
    return [
        Series(
            label=str(year),
            given=last,
            there=there,
            missing=tuple(_ref(year, number) for number in gaps),
            missing_count=gap_count,
            never_given=tuple(beyond),
        )
        for year, last, there, gap_count, gaps, beyond in rows
    ]


def of_funds() -> list[OfFund]:
    """How the numbers of a year are spread over the funds, the newest year first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT split_part(g.ref, '-', 2)::int AS year, f.code, count(*),
                   min(split_part(g.ref, '-', 3)::bigint), max(split_part(g.ref, '-', 3)::bigint),
                   count(*) FILTER (WHERE g.state IN ('REJECTED', 'CANCELLED', 'WITHDRAWN'))
              FROM grants_grant g JOIN grants_fund f ON f.id = g.fund_id
             GROUP BY 1, 2 ORDER BY 1 DESC, 2
            """
        )
        return [
            OfFund(year, fund, grants, _ref(year, first), _ref(year, last), off)
            for year, fund, grants, first, last, off in cursor.fetchall()
        ]


def _ref(year: int, number: int) -> str:
    return f"QRF-{year}-{number:04}"


def of_others() -> list[Series]:
    """The numbers of organisations, runs of reports and postings."""
    found = []
    with connection.cursor() as cursor:
        for label, given, numbers in _OTHERS:
            cursor.execute(
                f"""
                WITH there AS ({numbers}),
                gaps AS (
                  SELECT one.number FROM generate_series(1, ({given})) AS one (number)
                    LEFT JOIN there ON there.number = one.number
                   WHERE there.number IS NULL)
                SELECT ({given}), (SELECT count(*) FROM there), (SELECT count(*) FROM gaps),
                       ARRAY(SELECT number FROM gaps ORDER BY number LIMIT %s)
                """,  # noqa: S608 - one of the questions above
                [NAMED],
            )
            last, there, gap_count, gaps = cursor.fetchone()
            found.append(
                Series(str(label), last, there, tuple(str(one) for one in gaps), gap_count)
            )
    return found
