"""The form on paper, and the page for typing such sheets in."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from ceasefire.exports import file_response
from ceasefire.people.access import requires
from incidents import services
from incidents.duplicates import finding
from incidents.duplicates.finding import Twin
from incidents.exceptions import IncidentRefusal, NotAllowedFromHere, SameKeyOtherContent
from incidents.forms.entry import EntryActorRows, EntryForm, EntryVictimRows
from incidents.models import Incident
from incidents.paper import paper_pdf
from incidents.views.logging import LISTED, ask_first, digest_of, say_refusal
from incidents.views.scope import places_of, sites_of
from incidents.views.twins import OTHER, asked_twin, chosen_twin, question, remember_answers

#: What the next sheet may take over from the last, in its address: codes and a day.
KEPT = ("site", "day", "place")


@requires("incidents.add_incident")
def paper(request: HttpRequest) -> HttpResponseBase:
    """The sheet to print, in one language."""
    language = request.GET.get("language", "")
    if language not in {"ar", "en"}:
        language = translation.get_language() or "en"
    sites = sites_of(request.user, writable=True)
    content = paper_pdf(
        sites=sites, listed=places_of(sites, "neighbourhood"), language=language[:2]
    )
    return file_response(content, f"incident-form-{language[:2]}.pdf", inline=True)


@requires("incidents.add_incident")
def entry(request: HttpRequest) -> HttpResponse:
    """One sheet after the other by keyboard; after saving, the page is ready for the next."""
    sites = sites_of(request.user, writable=True)
    if not sites:
        return render(request, "incidents/incident_no_site.html")
    kept = {name: request.GET[name][:40] for name in KEPT if request.GET.get(name)}
    form = EntryForm(
        request.POST or None,
        by=request.user,
        sites=sites,
        places=places_of(sites, *LISTED),
        initial={**kept, "keep": bool(kept)},
    )
    rows = {
        "victims": EntryVictimRows(request.POST or None, prefix="victims"),
        "actors": EntryActorRows(request.POST or None, prefix="actors"),
    }
    twins: list[Twin] = []
    if request.method == "POST" and all([form.is_valid(), *[r.is_valid() for r in rows.values()]]):
        compared: list[int] = []
        twins = ask_first(request, form, rows, compared.append)
        answer = None if twins else _save(request, form, rows)
        for found in compared:
            finding.searched(found, by=request.user)  # type: ignore[arg-type]
        if answer is not None:
            return answer
    return render(request, "incidents/entry.html", {"form": form, "rows": rows, **question(twins)})


def _save(request: HttpRequest, form: EntryForm, rows: dict[str, Any]) -> HttpResponse | None:
    """Log a sheet, or add its source to the record that it repeats; on to the next sheet."""
    first = form.first_source()
    given: dict[str, Any] = {
        "facts": form.facts(),
        "sources": [first] if first else [],
        "victims": rows["victims"].facts(),
        "actors": rows["actors"].facts(),
        "key": form.cleaned_data["key"],
        "digest": digest_of(request),
        "by": request.user,
    }
    words = _("Saved as {}. Write it on the sheet.")
    try:
        if asked_twin(request) not in ("", OTHER):
            original = chosen_twin(request)
            if original is None:
                raise NotAllowedFromHere
            incident = services.add_second_report(original, **given)
            words = _("Your source was added to {}. Write it on the sheet.")
        else:
            incident = services.create_incident(site=form.chosen_site(), **given)
            remember_answers(request, incident)
    except SameKeyOtherContent as refusal:
        messages.warning(request, str(refusal))
        return redirect(refusal.incident)
    except IncidentRefusal as refusal:
        say_refusal(form, refusal)
        return None
    messages.success(request, format_html(words, _link(incident)))
    address = reverse("incidents:entry")
    if form.cleaned_data["keep"]:
        # What was typed: the record that took the source may lie elsewhere.
        kept = {
            "site": form.chosen_site().code,
            "day": f"{form.cleaned_data['day']:%d/%m/%Y}",
            "place": form.facts()["place"].pcode,
        }
        address = f"{address}?{urlencode(kept)}"
    return redirect(address)


def _link(incident: Incident) -> SafeString:
    return format_html(
        '<a href="{}"><bdi dir="ltr" class="code">{}</bdi></a>',
        incident.get_absolute_url(),
        incident.code,
    )
