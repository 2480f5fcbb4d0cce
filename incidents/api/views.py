"""The operations on incidents: list, one, log."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from ceasefire import periods
from ceasefire.api.answers import answer, asked_key, made_once, one_record, read_body
from ceasefire.api.exceptions import Refused
from ceasefire.api.operations import (
    Answer,
    Operation,
    Parameter,
    endpoint,
    made_answers,
    once_key,
    refuse_unknown,
)
from ceasefire.api.shapes import DAY, TEXT, closed, coded, many, one_of, page_of
from ceasefire.api.views import (
    ABSENT,
    CURSORS,
    FOUND_HEADERS,
    IF_NONE_MATCH,
    NOT_CHANGED,
    asked_size,
)
from ceasefire.look.paging import keyset_page
from incidents import services
from incidents.api.entry import EXAMPLE, Report, field_of, refused, report_schema
from incidents.api.fields import INCIDENT, INCIDENT_WHOLE, whole
from incidents.duplicates import finding
from incidents.exceptions import (
    IncidentRefusal,
    KeyTaken,
    NotComplete,
    NotForThisPerson,
    SameKeyOtherContent,
)
from incidents.forms.filters import COUNTED, WAITING, IncidentFilter
from incidents.models import Incident, SecondReport
from incidents.services import content_hash
from incidents.views.logging import FIELD_OF, MISSING
from incidents.views.reading import LIST_FIELDS
from incidents.views.scope import one, sites_of
from incidents.views.twins import likely, remember_others

FILTERS = (
    Parameter("q", {**TEXT, "maxLength": 100}, "Words, codes, places, in either script."),
    Parameter("close", one_of(["on"]), "With `q`: words nearly spelled so, too."),
    Parameter("place", TEXT, "P-code; takes in all below it."),
    Parameter("type", coded("incident_type")),
    Parameter("week", DAY, "Any day of the week."),
    Parameter("since", DAY),
    Parameter("until", DAY),
    Parameter("status", one_of([COUNTED[0], WAITING[0], *Incident.State.values])),
    Parameter("verification", one_of(Incident.Verification.values)),
    Parameter("site", TEXT, "Code of a site."),
    Parameter("mine", one_of(["on"]), "Only those that this person reported."),
    Parameter("area", TEXT, "P-code: what the map counts there, no more and no less."),
)


#: What a row of the list shows of other tables.
JOINED = ("place", "district", "reporter", "site")


def incident_list(request: HttpRequest) -> HttpResponse:
    """The incidents that this person sees, newest first, narrowed as the page's list is."""
    refuse_unknown(request, [one.name for one in (*FILTERS, *CURSORS)])
    size = asked_size(request)
    sites = sites_of(request.user)
    filters = IncidentFilter(request.GET, user=request.user, sites=sites, places=[])
    if not filters.is_valid():
        raise refused(filters.errors.get_json_data())
    if request.GET.get("site") and request.GET["site"] not in filters.sites:
        words = _("No such site is known.")
        raise refused({"site": [{"code": "unknown", "message": words}]})
    sought = filters.sought()
    fields = LIST_FIELDS if sought is None else (*LIST_FIELDS, "summary", "search_key")
    rows = (
        filters.narrow(Incident.objects.visible_to(request.user))
        .select_related(*JOINED)
        .only(*fields, "occurred_on")
    )
    page = keyset_page(
        rows,
        after=request.GET.get("after"),
        before=request.GET.get("before"),
        size=size,
        parts=[Q(site=site.pk) for site in filters.asked_sites()],
        sought=sought.holds if sought is not None else None,
        indexed=None
        if sought is None
        else filters.by_words(sought).select_related(*JOINED).only(*fields, "occurred_on"),
    )
    made: HttpResponse = answer(
        {
            "items": [INCIDENT.of(incident) for incident in page],
            "after": page.after,
            "before": page.before,
        }
    )
    return made


def incident_one(request: HttpRequest, code: str) -> HttpResponse:
    """One incident; that a sensitive one was read is written down."""
    incident = one(request, code)
    made: HttpResponse = one_record(request, whole(incident, request.user))
    if made.status_code == 200:
        services.note_reading(incident, by=request.user)
    return made


# --- logging ------------------------------------------------------------------------------------


def incident_log(request: HttpRequest) -> HttpResponse:
    """Log an incident once, however often it is sent under its key."""
    key = asked_key(request.headers.get("Idempotency-Key", ""))
    body = read_body(request)
    digest = content_hash({"body": body})
    known = Incident.objects.visible_to(request.user).filter(
        idempotency_key=key, reporter=request.user, content_hash=digest
    )
    found = known.only("code").first()
    if found is not None:
        return _logged(request, found.code, replayed=True)
    sites = sites_of(request.user, writable=True)
    if not sites:
        raise Refused(403, "no_site", _("You have no site that takes new incidents."))
    report = Report(body, key=key, by=request.user, sites=sites)
    report.refuse_faults()
    original = _repeated(report, request.user)
    if original is None and report.asks:
        _ask_about_twins(report, key, request.user)
    at = periods.now()
    try:
        if original is not None:
            return _told_again(request, report, original, key=key, digest=digest)
        incident = services.create_incident(
            **report.given(), key=key, digest=digest, by=request.user, at=at
        )
        remember_others(incident, report.other_than, by=request.user)
    except SameKeyOtherContent as refusal:
        # Both are kept: what is written down here is committed with the answer.
        raise Refused(
            409, "same_key_other_content", refusal.message, more={"incident": refusal.incident.code}
        ) from None
    except KeyTaken as refusal:
        raise Refused(409, "key_taken", refusal.message) from None
    except NotForThisPerson as refusal:
        raise Refused(403, "forbidden", refusal.message) from None
    except IncidentRefusal as refusal:
        raise _as_fields(refusal, told_of=original is not None) from None
    return _logged(request, incident.code, replayed=incident.created_at != at)


def _repeated(report: Report, user: Any) -> Incident | None:
    """The incident that a report says it tells of, among those that this person sees."""
    code = report.second_report_of
    if not code:
        return None
    if report.is_draft:
        words = _("A draft is no second report yet: send it whole.")
        raise refused({"second_report_of": [{"code": "draft", "message": words}]})
    rows = Incident.objects.visible_to(user).select_related("site")
    found = rows.filter(code=code).first() if "\x00" not in code else None
    if found is None:
        words = _("No such incident is known.")
        raise refused({"second_report_of": [{"code": "unknown", "message": words}]})
    return found


def _ask_about_twins(report: Report, key: Any, user: Any) -> None:
    """Refuse a report that may repeat an incident; nothing of it is kept."""
    compared: list[int] = []
    given = report.given()
    twins = likely(
        Incident(site=given["site"], **given["facts"]),
        by=user,
        seen=report.other_than,
        victims=given["victims"],
        names=[victim.name for victim in given["victims"]],
        key=key,
        note_search=compared.append,
    )
    for found in compared:
        finding.searched(found, by=user)
    if twins:
        told = [
            {"code": twin.incident.code, "takes_source": bool(twin.incident.takes_source)}  # type: ignore[attr-defined]
            for twin in twins
        ]
        words = _("It may be one of these incidents. Nothing is saved yet.")
        raise Refused(409, "likely_duplicate", words, more={"likely_duplicates": told})


def _told_again(
    request: HttpRequest, report: Report, original: Incident, *, key: Any, digest: str
) -> HttpResponse:
    """Add a report's sources to the incident that it tells of."""
    given = report.given()
    del given["site"], given["submit"]
    replayed = SecondReport.objects.filter(key=key, by=request.user).exists()
    told = services.add_second_report(original, **given, key=key, digest=digest, by=request.user)
    return _logged(request, told.code, replayed=replayed)


def _as_fields(refusal: IncidentRefusal, *, told_of: bool) -> Refused:
    """A refusal of the service at the field where it belongs."""
    names = ["second_report_of" if told_of else "report"]
    if isinstance(refusal, NotComplete):
        names = [field_of(str(MISSING.get(name, name))) for name in refusal.missing]
    elif type(refusal) in FIELD_OF:
        names = [field_of(FIELD_OF[type(refusal)])]
    return refused({name: [{"code": "refused", "message": refusal.message}] for name in names})


def _logged(request: HttpRequest, code: str, *, replayed: bool) -> HttpResponse:
    incident = one(request, code)
    content = {
        "incident": whole(incident, request.user),
        "likely_duplicates": _twins(incident, request.user),
    }
    address = request.build_absolute_uri(reverse("api-incidents:incident_one", args=[code]))
    services.note_reading(incident, by=request.user)
    made: HttpResponse = made_once(content, address=address, replayed=replayed)
    return made


def _twins(incident: Incident, user: Any) -> list[str]:
    """Codes of the records, among those that this person sees, that it may repeat."""
    if incident.workflow_state not in finding.LIVE:
        return []
    found = finding.likely_twins(
        incident, by=user, victims=list(incident.victimizations.all()), is_saved=True
    )
    return [twin.incident.code for twin in found]


def _logged_schema() -> Any:
    return closed(
        {
            "incident": INCIDENT_WHOLE.ref,
            "likely_duplicates": {
                **many(TEXT),
                "description": "Codes of incidents that it may repeat; it was logged all the same, "
                "or as another one.",
            },
        }
    )


LIST_VIEW = endpoint(
    Operation(
        "GET",
        "/incidents/",
        "listIncidents",
        "Incidents, newest first",
        "incidents.view_incident",
        incident_list,
        {200: Answer("A page of incidents.", lambda: page_of(INCIDENT))},
        parameters=(*FILTERS, *CURSORS),
    ),
    Operation(
        "POST",
        "/incidents/",
        "logIncident",
        "Log an incident",
        "incidents.add_incident",
        incident_log,
        {
            **made_answers("incident", _logged_schema),
            409: Answer(
                "The key was used before, with another body (kept too, for a person to settle) or "
                "by somebody else; or, where the report asks, it may be one of the incidents under "
                "`likely_duplicates` (kept nowhere)."
            ),
        },
        scope="write",
        parameters=(once_key("report"),),
        body=report_schema,
        example=EXAMPLE,
    ),
)
ONE_VIEW = endpoint(
    Operation(
        "GET",
        "/incidents/{code}/",
        "oneIncident",
        "One incident",
        "incidents.view_incident",
        incident_one,
        {
            200: Answer("The incident.", INCIDENT_WHOLE.ref, FOUND_HEADERS),
            304: NOT_CHANGED,
            404: ABSENT,
        },
        parameters=(Parameter("code", TEXT, "E.g. INC-2026-000123", "path", True), IF_NONE_MATCH),
    )
)
