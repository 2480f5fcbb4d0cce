"""Recording contacts: two taps from the caseload, several at once, or with everything."""

from collections.abc import Generator
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from ceasefire import codes, periods, vault
from ceasefire.look.paging import keyset_page
from ceasefire.people.access import requires
from ceasefire.people.models import User
from outreach.exceptions import (
    InTheFuture,
    NextDayNotAhead,
    NotAColleague,
    NotForThisPerson,
    OutreachRefusal,
    TooLongAgo,
)
from outreach.forms.contacts import ContactForm, ManyForm, SeenForm, TakeBackForm
from outreach.models import Contact, Participant
from outreach.models.contacts import NOTE
from outreach.services import caseload_reading as reading
from outreach.services import contacts as services
from outreach.views.caseload import SIZE, lines_of, own_address
from outreach.views.doing import attempt
from outreach.views.scope import one_participant, sites_of
from outreach.views.sections import section

VIEW, ADD = "outreach.view_participant", services.ADD
#: So many on the page of the case; the rest is a tap away.
SHOWN = 6
#: Which refusal belongs to which field.
AT_FIELD: tuple[tuple[type[OutreachRefusal], str], ...] = (
    (InTheFuture, "at"),
    (TooLongAgo, "at"),
    (NextDayNotAhead, "next_contact_on"),
    (NotAColleague, "accompanied_by"),
)


def _writable(participant: Participant) -> None:
    if participant.site.read_only:
        raise PermissionDenied


def _back(request: HttpRequest, participant: Participant | None = None) -> str:
    """The caseload from which the form was opened, at the row of the case."""
    user: Any = request.user
    row = f"#row-{participant.code}" if participant else ""
    asked = request.POST.get("back") or request.GET.get("back") or ""
    if asked == "case" and participant is not None:
        return f"{participant.get_absolute_url()}#contacts"
    try:
        worker = reading.overseen(user).filter(pk=UUID(asked)).first()
    except ValueError:
        worker = None
    return own_address(user, worker) + row if worker else reverse("outreach:caseload") + row


@requires(ADD)
def contact_seen(request: HttpRequest, code: str) -> HttpResponse:
    """The second tap: how. Under the finger in the row, or a small page where no script runs."""
    participant = one_participant(request, code)
    _writable(participant)
    in_row = bool(request.htmx)  # type: ignore[attr-defined]
    form = SeenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.record_contact(
                participant,
                mode=form.cleaned_data["mode"],
                risk_signal=form.cleaned_data["risk_signal"],
                key=form.cleaned_data["key"],
                by=request.user,
            )
        except NotForThisPerson:
            raise PermissionDenied from None
        except OutreachRefusal as refusal:
            form.add_error(None, str(refusal))
        else:
            if in_row:
                return _row(request, participant)
            messages.success(request, _("Recorded."))
            return redirect(_back(request, participant))
    context = {"case": participant, "form": form, "back": request.GET.get("back", "")}
    if in_row:
        if request.GET.get("close"):
            return _row(request, participant)
        return render(request, "outreach/_contact_seen_row.html", context)
    context["back_url"] = _back(request, participant)
    return render(request, "outreach/contact_seen.html", context)


def _row(request: HttpRequest, participant: Participant) -> HttpResponse:
    """The row of the caseload again, as it stands now."""
    user: Any = request.user
    asked = request.POST.get("back") or request.GET.get("back") or ""
    participant = one_participant(request, participant.code)
    on = periods.now().date()
    rules = reading.standards(sites_of(user), on)
    line = lines_of(request, [participant], rules)[0]
    return render(
        request,
        "outreach/_caseload_row.html",
        {"line": line, "on": on, "may_add": True, "back": asked, "fresh": True},
    )


@require_POST
@requires(ADD)
def contact_many(request: HttpRequest) -> HttpResponse:
    """ "I saw all of these": each row's rights are asked again, and what may not be is left out."""
    user: Any = request.user
    back = _back(request)
    form = ManyForm(request.POST)
    picked = list(dict.fromkeys(request.POST.getlist("pick")))[:SIZE]
    if not picked:
        messages.error(request, _("Tick those you saw first."))
        return redirect(back)
    if not form.is_valid():
        messages.error(request, _("Say how you saw them."))
        return redirect(back)
    sites_of(user)
    cases = Participant.objects.visible_to(user).filter(
        code__in=[code[:16] for code in picked if "\x00" not in code]
    )
    found = list(cases.on_caseload())
    done, refused = services.record_many(
        found, mode=form.cleaned_data["mode"], by=user, key=form.cleaned_data["key"]
    )
    refused += len(picked) - len(found)
    if done:
        messages.success(
            request,
            ngettext("Recorded with %(n)d.", "Recorded with %(n)d.", len(done)) % {"n": len(done)},
        )
    if refused:
        messages.error(
            request,
            ngettext("%(n)d was left out.", "%(n)d were left out.", refused) % {"n": refused},
        )
    return redirect(back)


@requires(ADD)
def contact_new(request: HttpRequest, code: str) -> HttpResponse:
    """A contact with note, topics, risk and the next visit."""
    participant = one_participant(request, code)
    _writable(participant)
    user: Any = request.user
    people: list[User] = services.companions(participant, user)
    initial = {}
    if request.GET.get("mode") in dict(codes.choices("contact_mode")):
        initial["mode"] = request.GET["mode"]
    form = ContactForm(request.POST or None, people=people, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.record_contact(participant, by=user, **form.facts())
        except NotForThisPerson:
            raise PermissionDenied from None
        except OutreachRefusal as refusal:
            named = [name for kind, name in AT_FIELD if isinstance(refusal, kind)]
            form.add_error(named[0] if named else None, str(refusal))
        else:
            messages.success(request, _("Recorded."))
            return redirect(_back(request, participant))
    return render(
        request,
        "outreach/contact_new.html",
        {
            "case": participant,
            "form": form,
            "back": request.POST.get("back") or request.GET.get("back", ""),
            "back_url": _back(request, participant),
        },
    )


@requires(ADD)
def contact_take_back(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say that a contact of one's own was a mistake. Nobody else's is to be found here."""
    user: Any = request.user
    sites_of(user)
    contact = get_object_or_404(
        Contact.objects.visible_to(user).select_related("participant__site"),
        pk=pk,
        created_by=user,
    )
    participant = contact.participant
    _writable(participant)
    data = request.POST or None
    if data is not None and "slip" in data:
        # One tap, for what one tap recorded a moment ago.
        data = {"reason": "slip"}
    form = TakeBackForm(data)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        done = attempt(
            request,
            lambda: services.take_back(contact, reason=reason, by=user),
            gettext_lazy("Taken back."),
        )
        if request.htmx and done:  # type: ignore[attr-defined]
            return _row(request, participant)
        return redirect(_back(request, participant))
    return render(
        request,
        "outreach/contact_take_back.html",
        {"case": participant, "contact": contact, "form": form},
    )


@require_safe
@requires(VIEW)
def contact_list(request: HttpRequest, code: str) -> HttpResponse:
    """All contacts of a case, the newest first, those taken back too."""
    participant = one_participant(request, code)
    page = keyset_page(
        _rows(participant),
        ordering=("-at", "-id"),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
    )
    return render(
        request,
        "outreach/contact_list.html",
        {
            "case": participant,
            "page": page,
            "contacts": _shown(
                request, page.rows, vault.unseal_rows(page.rows, [NOTE], by=request.user)
            ),
        },
    )


def _rows(participant: Participant) -> Any:
    return Contact.objects.filter(participant=participant).select_related(
        "created_by", "accompanied_by", "taken_back"
    )


def _shown(
    request: HttpRequest, rows: list[Contact], notes: dict[Any, dict[str, str | None]]
) -> list[dict[str, Any]]:
    """Contacts with their notes, opened together for who may see the case."""
    return [
        {
            "row": row,
            "note": notes[row.pk][NOTE],
            "broken": notes[row.pk][NOTE] is None,
            "taken_back": getattr(row, "taken_back", None),
            "mine": row.created_by_id == request.user.pk,
        }
        for row in rows
    ]


@section(30)
def contacts(request: HttpRequest, participant: Participant) -> Generator[Any, Any, dict[str, Any]]:
    """The last contacts of the case."""
    asked = yield {"contacts": _rows(participant).order_by("-at", "-id")[: SHOWN + 1]}
    rows, more = asked["contacts"][:SHOWN], len(asked["contacts"]) > SHOWN
    sealed = (yield {"notes": vault.sealed_rows(rows, [NOTE])})["notes"]
    on: date = periods.now().date()
    rules = reading.standards([participant.site], on)
    line = reading.lines([participant], rules, on=on, aliases={}, referrals={}, just={})[0]
    notes = vault.opened_rows(rows, [NOTE], sealed, by=request.user)  # type: ignore[arg-type]
    return {
        "template": "outreach/_participant_contacts.html",
        "contacts": _shown(request, rows, notes),
        "more_contacts": more,
        "line": line,
        "may_add_contact": request.user.has_perm(ADD)  # type: ignore[union-attr]
        and participant.status != Participant.Status.CLOSED
        and not participant.site.read_only,
    }
