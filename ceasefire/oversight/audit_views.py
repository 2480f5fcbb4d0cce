"""The audit trail, for the auditor: codes, never names."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ceasefire import audit
from ceasefire.audit.models import AuditEvent
from ceasefire.look.forms import DayField
from ceasefire.look.paging import keyset_page
from ceasefire.oversight.verbs import VERBS, in_words
from ceasefire.people.access import requires
from ceasefire.people.models import User

#: How the trail calls a person as the subject; their key says nothing to a reader.
PERSON = User._meta.label_lower


def _filtered(request: HttpRequest) -> tuple[Any, dict[str, str], list[str]]:
    """The trail under the address's filters, the filters as typed, and what was not understood."""
    events = AuditEvent.objects.visible_to(request.user)
    asked = {k: request.GET.get(k, "").strip() for k in ("who", "verb", "subject", "from", "to")}
    faults: list[str] = []
    if asked["who"]:
        # A name nobody has answers "nothing found", like any other filter.
        person = User.objects.filter(code_name__iexact=asked["who"]).first()
        events = events.filter(actor=person) if person else events.filter(actor_name=asked["who"])
    if asked["verb"]:
        events = events.filter(verb__startswith=asked["verb"])
    if asked["subject"]:
        named = User.objects.filter(code_name__iexact=asked["subject"]).first()
        events = events.filter(
            Q(subject_id__iexact=asked["subject"])
            | Q(subject_label=PERSON, subject_id=str(named.pk) if named else "")
        )
    for name, operator in (("from", "at__gte"), ("to", "at__lt")):
        if asked[name]:
            try:
                day = DayField().clean(asked[name])
            except ValidationError:
                faults.append(
                    _("“%(day)s” is no day. Write day/month/year.") % {"day": asked[name]}
                )
            else:
                day += timedelta(days=1 if name == "to" else 0)
                midnight = timezone.make_aware(datetime.combine(day, time.min))
                events = events.filter(**{operator: midnight})
    return events, asked, faults


def _name_people(events: Iterable[AuditEvent]) -> None:
    """Give each event about a person the code name of today as `subject_name`; one query."""
    keys: dict[str, UUID] = {}
    for event in events:
        event.subject_name = event.subject_id  # type: ignore[attr-defined]
        if event.subject_label == PERSON:
            with suppress(ValueError):
                keys[event.subject_id] = UUID(event.subject_id)
    if not keys:
        return
    names = dict(User.objects.filter(pk__in=keys.values()).values_list("pk", "code_name"))
    for event in events:
        if event.subject_id in keys:
            event.subject_name = names.get(keys[event.subject_id], event.subject_id)  # type: ignore[attr-defined]


@requires("audit.view_auditevent")
def audit_list(request: HttpRequest) -> HttpResponse:
    """The newest events first, with who, what, which record, and the reason given."""
    events, asked, faults = _filtered(request)
    page = keyset_page(
        events.select_related("site"),
        ordering=("-seq",),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
    )
    _name_people(page.rows)
    for event in page.rows:
        event.words = in_words(event.verb)
    context = {
        "page": page,
        "asked": asked,
        "verbs": VERBS,
        "faults": faults,
        "filtered": any(asked.values()),
        "head": AuditEvent.objects.visible_to(request.user).newest_first().first(),
    }
    return render(request, "oversight/audit_list.html", context)


@requires("audit.view_auditevent")
def audit_head(request: HttpRequest) -> HttpResponse:
    """The head of the chain as a file: kept elsewhere, it shows a cut tail later."""
    head = AuditEvent.objects.visible_to(request.user).newest_first().first()
    if head is None:
        messages.info(request, _("The trail is empty."))
        return redirect("oversight:audit_list")
    response = JsonResponse(
        {"seq": head.seq, "hash": bytes(head.hash).hex(), "at": head.at.isoformat()}
    )
    response.headers["Content-Disposition"] = f'attachment; filename="audit-head-{head.seq}.json"'
    return response


@require_POST
@requires("audit.view_auditevent")
def audit_check(request: HttpRequest) -> HttpResponse:
    """Recompute the whole chain now and say whether it holds."""
    verdict = audit.verify()
    audit.record(
        "audit.checked", by=request.user, detail={"whole": verdict.whole, "events": verdict.events}
    )
    if verdict.whole:
        messages.success(
            request,
            _("The chain holds: %(count)d events, none changed, none missing.")
            % {"count": verdict.events},
        )
    else:
        messages.error(
            request,
            _("The chain is broken at number %(number)d. Tell the program's director.")
            % {"number": verdict.broken},
        )
    return redirect("oversight:audit_list")
