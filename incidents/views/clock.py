"""The clock of one incident as its page shows it: where it stands, what was done, the forms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from ceasefire import periods
from ceasefire.look.templatetags.look import clock_of
from ceasefire.people.models import User
from ceasefire.people.roles import Role
from incidents import services
from incidents.forms.responses import (
    AssignForm,
    CheckForm,
    CloseForm,
    EndForm,
    NextStepForm,
    WatchersForm,
)
from incidents.models import (
    SEES_SENSITIVE,
    Incident,
    IncidentResponse,
    ResponseAction,
    RetaliationWatch,
    WatchCheck,
)
from incidents.models.response import RESPONSE_HOURS, WATCH_HOURS

#: What is shown of an action: its own columns, who, and at which record.
ACTION_FIELDS = (
    *(field.name for field in ResponseAction._meta.concrete_fields),
    "by__code_name",
    "response__incident__code",
)
#: The newest checks of a watch that a page shows.
SHOWN_CHECKS = 8


@dataclass
class Shown:
    """A response with what a page says of it."""

    response: IncidentResponse
    incident: Incident
    stage: str
    clock: dict[str, Any]
    contact_overdue: bool
    next_step: str
    may_record: bool
    may_take: bool
    #: Whether the person may give it to somebody, which the board asks with one list for all rows.
    may_assign: bool
    assign: AssignForm | None = None

    @property
    def readers(self) -> str:
        """Keys of those who may have a sensitive one though they do not see them all."""
        keys = [self.incident.reporter_id, *getattr(self.response, "named", ())]
        return " ".join(str(key) for key in keys if key is not None)


def assign_form(response: IncidentResponse, people: list[User]) -> AssignForm:
    """Who is to have it, of these people; who has it now is chosen."""
    return AssignForm(
        people=people,
        initial={"to": str(response.assigned_to_id or ""), "version": response.version},
        auto_id=f"id_{response.incident.code}_%s",
    )


def shown(
    response: IncidentResponse,
    user: Any,
    *,
    at: datetime,
    people: list[User] | None = None,
) -> Shown:
    """`people` are those who may be sent to the incident, where the form stands on the page."""
    incident = response.incident
    runs = response.closed_at is None
    may_record = services.may_record(incident, user)
    may_assign = runs and services.may_assign(incident, user)
    assign = assign_form(response, people) if people is not None and may_assign else None
    return Shown(
        response=response,
        incident=incident,
        stage=response.stage(at),
        clock=clock_of(response.due_at, at, timedelta(hours=RESPONSE_HOURS)),
        contact_overdue=runs and response.contact_overdue(at),
        next_step=next_step(response),
        may_record=may_record and response.closed_reason not in IncidentResponse.STOPPED,
        may_take=runs
        and may_record
        and response.assigned_to_id is None
        and user.role != Role.MANAGER,
        may_assign=may_assign,
        assign=assign,
    )


def next_step(response: IncidentResponse) -> str:
    """What is next: as somebody put it, else what the clock asks for."""
    if response.closed_at is not None:
        return response.next_step
    if response.next_step:
        return response.next_step
    return _("Community response") if response.first_contact_at else _("First contact")


@dataclass(frozen=True)
class Choice:
    """Somebody who may be sent out, once for all rows of a board."""

    person: User

    @property
    def sites(self) -> str:
        """The sites of this person, for the rows of which they are a choice."""
        return " ".join(str(key) for key in sorted(self.person.site_ids))

    @property
    def sees_sensitive(self) -> bool:
        return self.person.role in SEES_SENSITIVE


def watch_clock(watch: RetaliationWatch, at: datetime) -> dict[str, Any]:
    return clock_of(watch.ends_at, at, timedelta(hours=WATCH_HOURS))


def clock_questions(incident: Incident, user: Any) -> dict[str, QuerySet[Any]]:
    """What `clock_context` is to be given, to be asked in one question with what else is shown."""
    may_assign = services.may_assign(incident, user)
    checks = WatchCheck.objects.filter(watch__incident=incident, watch__ended_at__isnull=True)
    return {
        "responses": IncidentResponse.objects.filter(incident=incident).select_related(
            "assigned_to"
        ),
        # Those of records that were merged into it too, as far as the person may see these.
        "actions": ResponseAction.objects.filter(
            Q(response__incident=incident)
            | Q(
                response__incident__in=Incident.objects.visible_to(user)
                .filter(duplicate_of=incident)
                .values("pk")
            )
        )
        .select_related("by", "response__incident")
        .only(*ACTION_FIELDS),
        "watches": incident.watches.select_related("victim_side", "other_side"),
        "checks": checks.select_related("by")[:SHOWN_CHECKS],
        **({"people": services.with_load(services.sendable_to(incident))} if may_assign else {}),
    }


def clock_context(
    incident: Incident,
    user: Any,
    rows: Mapping[str, Sequence[Any]],
    *,
    since: datetime | None = None,
) -> dict[str, Any]:
    """What the page of an incident shows of its clock and its watch; empty where it has neither.

    `rows` are the answers to `clock_questions`; words of what was done up to `since` are left out.
    """
    if since is not None:
        for action in rows["actions"]:
            if action.created_at <= since:
                action.words = action.next_step = ""
        for check in rows["checks"]:
            if check.at <= since:
                check.words = ""
    response: IncidentResponse | None = next(iter(rows["responses"]), None)
    may_assign = services.may_assign(incident, user)
    if response is None:
        return {"may_open_clock": may_assign and services.may_be_answered(incident)}
    at = periods.now()
    response.incident = incident
    people = list(rows["people"]) if may_assign else None
    row = shown(response, user, at=at, people=people)
    runs = response.closed_at is None
    found: dict[str, Any] = {
        "answer": row,
        "actions": rows["actions"],
        "may_open_clock": may_assign
        and not runs
        and services.may_be_answered(incident)
        and response.closed_reason in IncidentResponse.BY_HAND,
        "next_form": NextStepForm(
            initial={"next_step": response.next_step, "version": response.version}
        )
        if runs and services.may_plan(incident, response, user)
        else None,
        "close_form": CloseForm(prefix="close", initial={"version": response.version})
        if runs and may_assign
        else None,
    }
    watches: Sequence[RetaliationWatch] = rows["watches"]
    open_watch = next((one for one in watches if one.ended_at is None), None)
    found["ended_watches"] = [one for one in watches if one.ended_at is not None]
    found["may_start_watch"] = (
        may_assign
        and incident.workflow_state in services.ANSWERED
        and open_watch is None
        and services.is_killing(incident)
    )
    if open_watch is not None:
        found |= _watch(open_watch, rows["checks"], user, at=at, people=people)
    return found


def _watch(
    watch: RetaliationWatch,
    checks: Sequence[WatchCheck],
    user: Any,
    *,
    at: datetime,
    people: list[User] | None,
) -> dict[str, Any]:
    own = watch.side_of(user)
    sides = (watch.victim_side, watch.other_side)
    if people is not None:
        sides = services.proposed_watchers(people, victim_side=sides[0], other_side=sides[1])
    return {
        "watchers_proposed": sides != (watch.victim_side, watch.other_side),
        "watch": watch,
        "watch_clock": watch_clock(watch, at),
        "checks": checks,
        "watchers_form": WatchersForm(
            prefix="watchers",
            people=people,
            initial={
                "victim_side": str(sides[0].pk if sides[0] else ""),
                "other_side": str(sides[1].pk if sides[1] else ""),
                "version": watch.version,
            },
        )
        if people is not None
        else None,
        "check_form": CheckForm(prefix="check", sides=[own] if own and people is None else None)
        if own or people is not None
        else None,
        "end_form": EndForm(prefix="end") if people is not None else None,
    }
