"""The window of near repeats that stands beside an open watch, as the last approved report told it.

For the program's own people alone: where somebody may be hurt next is in no file and no mail, and
REO opens no board (design of the reports, section 6, 5b).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from ceasefire import periods
from ceasefire.reports.editions import audience_of
from ceasefire.reports.figures import NEXT_DOOR, stands_out, told_band
from ceasefire.reports.models import Audience, WeeklyReport
from incidents.measures import NearWindow

#: An older report says nothing of now.
LATELY = timedelta(weeks=8)


def windows(user: Any, site_ids: Iterable[int]) -> dict[int, NearWindow]:
    """By site the band that the newest approved report tells this person of; one question.

    As in the report: near repeats stand out among all that was tested, and the band by itself is
    sure. Without such a report of the last eight weeks nothing is said.
    """
    column = "body" if audience_of(user) == Audience.FULL else "body_open"
    rows = (
        WeeklyReport.objects.visible_to(user)
        .frozen()
        .filter(site__in=set(site_ids), week_start__gt=periods.today() - LATELY)
        .order_by("site_id", "-week_start", "-revision")
        .distinct("site_id")
        .values_list("site_id", "week_start", f"{column}__near_repeat")
    )
    answer = {}
    for site, week_start, found in rows:
        told = told_band(found) if found and stands_out(found) else None
        if told is None:
            continue
        at, days = told
        answer[site] = NearWindow(
            metres=round(found["metres"][at + 1]) if at >= NEXT_DOOR else 0,
            days=found["days"][days + 1] - 1,
            week_start=week_start,
        )
    return answer
