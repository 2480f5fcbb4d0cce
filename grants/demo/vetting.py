"""Name screening of the demonstration, and of tests: a made-up list, and its hits judged by verbs.

The list is of nobody: its names were thought up, and it is written anew for each day that it is of.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

from ceasefire import periods
from ceasefire.people.models import User
from grants.models import Fund, Grant, ListSource, Screening, ScreeningList, ScreeningRule
from grants.services import lists, vetting

#: (Latin, Arabic, year of birth) of people whom nobody has ever met.
LISTED = (
    ("Qais Latif al-Marsoumi", "قيس لطيف المرسومي", 1963),
    ("Nawfal Hadi Shinawa", "نوفل هادي شناوة", 1971),
    ("Thamir Odeh Zghair al-Halfi", "ثامر عودة زغير الحلفي", 1969),
)
#: Why a hit of the demonstration is somebody else.
REASON = "EXAMPLE: other father and birth year. / مثال: اسم الأب وسنة الميلاد مختلفان."
SIGNED = "EXAMPLE: looked at, nobody found. / مثال: جرى التدقيق ولم يظهر أحد."


def list_file(day: date, listed: Sequence[tuple[str, str, int]] = LISTED) -> bytes:
    """A file in the form of the UN's consolidated list, of a day."""
    people = "".join(
        f"<INDIVIDUAL><DATAID>{6900000 + number}</DATAID><FIRST_NAME>{escape(latin)}</FIRST_NAME>"
        f"<UN_LIST_TYPE>EXAMPLE</UN_LIST_TYPE>"
        f"<NAME_ORIGINAL_SCRIPT>{escape(arabic)}</NAME_ORIGINAL_SCRIPT>"
        f"<INDIVIDUAL_DATE_OF_BIRTH><YEAR>{year}</YEAR></INDIVIDUAL_DATE_OF_BIRTH></INDIVIDUAL>"
        for number, (latin, arabic, year) in enumerate(listed, start=1)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<CONSOLIDATED_LIST dateGenerated="{day.isoformat()}T08:00:00.000Z">'
        f"<INDIVIDUALS>{people}</INDIVIDUALS><ENTITIES></ENTITIES></CONSOLIDATED_LIST>"
    ).encode()


def upload_list(
    day: date,
    *,
    by: User,
    listed: Sequence[tuple[str, str, int]] = LISTED,
    at: datetime | None = None,
) -> ScreeningList:
    """Upload the made-up list of a day and read it at once, as the worker would."""
    made = lists.upload([BytesIO(list_file(day, listed))], format="un-xml", by=by, at=at)
    lists.read(made.pk)
    return ScreeningList.objects.get(pk=made.pk)


def ask_for_list(
    fund: Fund, *, entered_by: User, valid_from: date, max_days: int = 90
) -> ScreeningRule:
    """A fund that asks for the made-up list; to be confirmed by somebody else."""
    return lists.propose_rule(
        fund, sources=[ListSource.UN], max_days=max_days, valid_from=valid_from, by=entered_by
    )


def screen_and_judge(
    grant: Grant, *, by: User, at: datetime | None = None, disposition: str = "FALSE_POSITIVE"
) -> Screening:
    """Screen all subjects of a grant and decide every hit alike, each with a reason."""
    made = vetting.screen(grant, by=by, at=at)
    for run in made.runs.order_by("subject_code"):
        if not run.hit_count:
            vetting.sign_run(run, reason=SIGNED, by=by, at=at)
        for hit in run.hits.all():
            vetting.decide_hit(hit, disposition=disposition, reason=REASON, by=by, at=at)
    return made


def screen_where_needed(grant: Grant, *, by: User, at: datetime | None = None) -> Any:
    """Screen and judge again where that is what a clearance or a payment of the day lacks."""
    if vetting.obstacles(grant, periods.local_day(at or periods.now())):
        return screen_and_judge(grant, by=by, at=at)
    return None
