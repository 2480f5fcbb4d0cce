"""The log of a day: one's own to fill in and sign, the team's to read."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ceasefire import periods
from ceasefire.people.access import requires
from ceasefire.people.models import User
from outreach.exceptions import NotForThisPerson, OutreachRefusal
from outreach.forms.fieldwork import LogForm
from outreach.models import DailyLog
from outreach.services import caseload_reading, daily_log, shifts
from outreach.views.scope import sites_of

LOG = daily_log.LOG
#: So many rows of the team a page.
SIZE = 100
#: No log is older.
FIRST = date(2003, 1, 2)


@requires(LOG)
def log_today(request: HttpRequest) -> HttpResponse:
    return _own(request, periods.now().date())


@requires(LOG)
def log_day(request: HttpRequest, day: date) -> HttpResponse:
    return _own(request, day)


def _own(request: HttpRequest, day: date) -> HttpResponse:
    """One's own day: what was done stands there already."""
    user: Any = request.user
    if not sites_of(user, writable=True):
        raise PermissionDenied
    today = periods.now().date()
    log = daily_log.log_of(user, day)
    done = daily_log.written(user, day, reader=user)
    hours = {row.activity: row.minutes for row in log.hours.all()} if log else {}
    initial: dict[str, Any] = {**(hours or {k: v for k, v in done.minutes.items() if v})}
    initial["version"] = log.version if log else None
    form = LogForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        sign = "sign" in request.POST
        try:
            daily_log.write_log(
                day,
                by=user,
                minutes=form.minutes(),
                sign=sign,
                version=form.cleaned_data["version"],
            )
        except NotForThisPerson:
            raise PermissionDenied from None
        except OutreachRefusal as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Signed.") if sign else _("Saved. Not signed yet."))
            return redirect("outreach:log_day", day)
    return render(
        request,
        "outreach/log_own.html",
        {
            "day": day,
            "is_today": day == today,
            "earlier": day - timedelta(days=1) if day > today - daily_log.LONGEST_BACK else None,
            "later": day + timedelta(days=1) if day < today else None,
            "log": log,
            "done": done,
            "form": form,
            "signed": log is not None and log.signed_at is not None,
            "may_write": today - daily_log.LONGEST_BACK <= day <= today,
            "hours": list(log.hours.all()) if log else [],
            "total": sum(hours.values()),
            "shift": shifts.running(user) if day == today else None,
            "oversees": user.has_perm("outreach.supervise"),
        },
    )


@require_safe
@requires(LOG)
def log_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A log as it stands, to read; one's own leads to its day."""
    user: Any = request.user
    sites_of(user)
    log = get_object_or_404(DailyLog.objects.visible_to(user).select_related("user", "site"), pk=pk)
    if log.user_id == user.pk:
        return redirect("outreach:log_day", log.day)
    hours = list(log.hours.all())
    return render(
        request,
        "outreach/log_detail.html",
        {
            "log": log,
            "done": daily_log.written(log.user, log.day, reader=user),
            "hours": hours,
            "total": sum(row.minutes for row in hours),
            "counts": daily_log.in_words(log.counts),
        },
    )


@require_safe
@requires("outreach.supervise")
def log_team(request: HttpRequest) -> HttpResponse:
    """The team's logs of one day: signed, begun, or not there."""
    user: Any = request.user
    sites_of(user)
    today = periods.now().date()
    day = _day(request.GET.get("day"), today)
    people = list(
        caseload_reading.overseen(user)
        .filter(role__in=daily_log.WRITERS, is_active=True)
        .exclude(pk=user.pk)
        .order_by("code_name")[:SIZE]
    )
    logs = {
        log.user_id: log
        for log in DailyLog.objects.visible_to(user)
        .filter(day=day, user__in=people)
        .prefetch_related("hours")
    }
    return render(
        request,
        "outreach/log_team.html",
        {
            "day": day,
            "earlier": day - timedelta(days=1),
            "later": day + timedelta(days=1) if day < today else None,
            "rows": [_row(person, logs.get(person.pk)) for person in people],
        },
    )


def _row(person: User, log: DailyLog | None) -> dict[str, Any]:
    return {
        "person": person,
        "log": log,
        "total": sum(row.minutes for row in log.hours.all()) if log else 0,
        "counts": daily_log.in_words(log.counts) if log else [],
    }


def _day(asked: str | None, today: date) -> date:
    """The day of an address, today where it is none or lies ahead."""
    try:
        return max(min(date.fromisoformat(asked), today), FIRST) if asked else today
    except ValueError:
        return today
