"""What the world may see: levels by fund, one grant as it would be shown, files that were made."""

import json
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from lxml import etree

from ceasefire import audit, periods
from ceasefire.exports import stream_response
from ceasefire.look.paging import keyset_page
from ceasefire.people.access import asked_by_itself, requires
from grants.exceptions import GrantRefusal
from grants.forms.publishing import FileForm, LevelForm, PublisherForm
from grants.models import Fund, Grant, LevelChange, PublishedFile, Publisher
from grants.publishing import iati, levels, threesixty
from grants.publishing.levels import FEWEST, PublicGrant
from grants.publishing.problems import FIELDS, WORDS
from grants.services import publishing
from grants.services.proposals import OPEN_TO_EDIT
from grants.views.doing import attempt, me, tried
from grants.views.money import duty
from grants.views.scope import VIEW, WORK, grant_page, officer_of, one_grant

#: What a level means, in a sentence.
MEANINGS = {
    Grant.Publish.NONE: gettext_lazy("Nothing of it is in any file."),
    Grant.Publish.AGGREGATE: gettext_lazy(
        "It counts in a sum of at least five grants; it has no entry."
    ),
    Grant.Publish.REDACTED: gettext_lazy(
        "Sums, days, sector and district; no name, no text, no point."
    ),
    Grant.Publish.FULL: gettext_lazy("All of it; organisations are named only where they agreed."),
}


@require_safe
@requires(VIEW)
def publishing_list(request: HttpRequest) -> HttpResponse:
    """What would be published by level and fund, what waits for a second person, and the files."""
    who = officer_of(request)
    numbers = publishing.by_level()
    funds = [
        {
            "fund": fund,
            "cells": [
                {"label": level.label, "number": numbers.get(fund.pk, {}).get(level, 0)}
                for level in publishing.RANK
            ],
            "too_few": 0 < numbers.get(fund.pk, {}).get(Grant.Publish.AGGREGATE, 0) < FEWEST,
        }
        for fund in Fund.objects.order_by("code")
    ]
    page = keyset_page(
        PublishedFile.objects.visible_to(request.user)
        .select_related("fund", "asked_by")
        .defer("problems"),
        ordering=("-asked_at", "id"),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
        size=25,
    )
    return render(
        request,
        "grants/publishing_list.html",
        {
            "funds": funds,
            "levels": [level.label for level in publishing.RANK],
            "fewest": FEWEST,
            "waiting": LevelChange.objects.filter(
                raises=True, confirmed_at=None, refused_at=None
            ).select_related("grant", "asked_by"),
            "page": page,
            "publisher": publishing.publisher(),
            "publisher_waits": publishing.waiting_publishers().exists(),
            "form": FileForm() if who is not None and who.has("officer") and funds else None,
            **_rights(request),
        },
    )


def _rights(request: HttpRequest) -> dict[str, Any]:
    who = officer_of(request)
    return {
        "me": who,
        "may_ask": who is not None and any(map(who.has, publishing.ASKERS)),
        "may_confirm": who is not None and any(map(who.has, publishing.CONFIRMERS)),
    }


# --- one grant ----------------------------------------------------------------------------------


@requires(VIEW)
def grant_publishing(request: HttpRequest, ref: str) -> HttpResponse:
    """What the world would see of a grant, at its level or another; the verb that changes it."""
    grant = one_grant(request, ref)
    rights = _rights(request)
    form = None
    if rights["may_ask"] and grant.state not in levels.NEVER:
        form = LevelForm(request.POST or None, grant=grant)
    if request.method == "POST":
        duty(request, *publishing.ASKERS)
        if form is not None and form.is_valid():
            given = form.cleaned_data
            made = tried(
                request,
                form,
                lambda: publishing.change_level(
                    grant,
                    given["level"],
                    reason=given["reason"],
                    version=given["version"],
                    by=me(request),
                ),
            )
            if made is not None:
                messages.success(
                    request,
                    _("Somebody else has to confirm it now.")
                    if made.raises
                    else _("Less of the grant is published from now on."),
                )
                return redirect("grants:grant_publishing", ref)
    changes = list(grant.level_changes.select_related("asked_by", "confirmed_by", "refused_by"))
    waiting = [one.to_level for one in changes if one.waits]
    asked = request.GET.get("level", "")
    if asked not in Grant.Publish.values:
        asked = waiting[0] if waiting else grant.publish_level
    shown = Grant.Publish(asked)
    return render(
        request,
        "grants/publishing_grant.html",
        {
            **grant_page(request, grant, "publishing"),
            **rights,
            "form": form,
            "meaning": MEANINGS[Grant.Publish(grant.publish_level)],
            "changes": changes,
            "shown": shown,
            "shown_meaning": MEANINGS[shown],
            "choices": publishing.RANK,
            **_preview(grant, shown),
        },
    )


def _preview(grant: Grant, level: str) -> dict[str, Any]:
    """The entry at a level, as facts and as the two standards have it."""
    entry = levels.one_of(grant, level)
    if entry is None:
        return {"entry": None}
    office = publishing.office_of(publishing.publisher())
    moment = periods.now()
    xml = iati.activity(entry, office=office, moment=moment)
    found: dict[str, Any] = {
        "entry": entry,
        "facts": _facts(entry),
        "xml": etree.tostring(xml, pretty_print=True, encoding="unicode"),
    }
    if threesixty.is_grant(entry):
        made = threesixty.entry(entry, office)
        found["json"] = json.dumps(made, ensure_ascii=False, indent=2)
    return found


def _facts(entry: PublicGrant) -> list[tuple[Any, list[str]]]:
    """(label, texts) of what the world would read; nothing where nothing is shown."""

    def texts(pairs: Any) -> list[str]:
        return [text for _language, text in pairs]

    payees = [one.receiver for one in entry.postings if one.receiver]
    shown = [
        (_("Title"), texts(entry.titles)),
        (_("Description"), [text for _type, _language, text in entry.descriptions]),
        (_("Grantee"), texts(entry.grantee.names) if entry.grantee else []),
        (_("Implementer"), texts(entry.implementer.names) if entry.implementer else []),
        (_("Payees"), sorted({text for who in payees for text in texts(who.names)})),
        (_("District"), texts(entry.district_names)),
        (_("Site"), texts(entry.site_names)),
        (_("Point"), [f"{entry.point[0]}, {entry.point[1]}"] if entry.point else []),
        (_("Indicators"), [text for one in entry.results for text in texts(one.titles)]),
    ]
    return [(label, found) for label, found in shown if found]


@require_POST
@requires(WORK)
def level_confirm(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Let more of a grant be shown, as the second person."""
    change = get_object_or_404(LevelChange.objects.select_related("grant"), pk=pk)
    attempt(
        request,
        lambda: publishing.confirm_level(change, by=me(request)),
        _("More of the grant is published from the next file on."),
    )
    return redirect("grants:grant_publishing", change.grant.ref)


@require_POST
@requires(WORK)
def level_refuse(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Leave the grant as it is."""
    change = get_object_or_404(LevelChange.objects.select_related("grant"), pk=pk)
    attempt(
        request,
        lambda: publishing.refuse_level(change, by=me(request)),
        _("The level stays as it is."),
    )
    return redirect("grants:grant_publishing", change.grant.ref)


# --- who publishes ------------------------------------------------------------------------------


@require_safe
@requires(VIEW)
def publisher_detail(request: HttpRequest) -> HttpResponse:
    """Who publishes today, and what waits for a second person."""
    labels = {name: one.label for name, one in PublisherForm.base_fields.items()}
    choices = {
        name: dict(PublisherForm.base_fields[name].choices)  # type: ignore[attr-defined]
        for name in ("org_type", "licence", "donor_type")
    }

    def facts(row: Publisher) -> list[tuple[Any, Any]]:
        values = ((name, getattr(row, name)) for name in labels)
        return [
            (labels[name], choices.get(name, {}).get(value, value))
            for name, value in values
            if value
        ]

    standing = publishing.publisher()
    waiting = publishing.waiting_publishers().select_related("entered_by").first()
    return render(
        request,
        "grants/publishing_publisher.html",
        {
            "standing": standing,
            "standing_facts": facts(standing) if standing else [],
            "waiting": waiting,
            "waiting_facts": facts(waiting) if waiting else [],
            **_rights(request),
        },
    )


@requires(WORK)
def publisher_new(request: HttpRequest) -> HttpResponse:
    """Enter who publishes; somebody else confirms it."""
    duty(request, *publishing.ASKERS)
    standing = publishing.publisher()
    first = {name: getattr(standing, name) for name in publishing.FACTS} if standing else {}
    form = PublisherForm(request.POST if request.method == "POST" else None, initial=first)
    if request.method == "POST" and form.is_valid():
        made = tried(
            request,
            form,
            lambda: publishing.enter_publisher(by=me(request), **form.cleaned_data),
        )
        if made is not None:
            messages.success(request, _("Somebody else has to confirm it now."))
            return redirect("grants:publisher_detail")
    return render(
        request,
        "grants/money_form.html",
        {
            "form": form,
            "page_title": _("Who publishes"),
            "submit": _("Enter it"),
            "back_url": reverse("grants:publisher_detail"),
            "back_label": _("Publisher"),
        },
    )


@require_POST
@requires(WORK)
def publisher_confirm(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Let it count, as the second person."""
    row = get_object_or_404(Publisher, pk=pk)
    attempt(
        request,
        lambda: publishing.confirm_publisher(row, by=me(request)),
        _("This is who publishes from the next file on."),
    )
    return redirect("grants:publisher_detail")


@require_POST
@requires(WORK)
def publisher_withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take back what waits."""
    row = get_object_or_404(Publisher, pk=pk)
    attempt(
        request,
        lambda: publishing.withdraw_publisher(row, by=me(request)),
        _("It was taken back."),
    )
    return redirect("grants:publisher_detail")


# --- files --------------------------------------------------------------------------------------


@require_POST
@requires(WORK)
def published_new(request: HttpRequest) -> HttpResponse:
    """Have a file made."""
    duty(request, *publishing.ASKERS)
    form = FileForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose a fund and a format."))
        return redirect("grants:publishing_list")
    given = form.cleaned_data
    try:
        file = publishing.ask_file(
            given["kind"], given["fund"], draft_only=given["draft_only"], by=me(request)
        )
    except GrantRefusal as refusal:
        messages.error(request, str(refusal))
        return redirect("grants:publishing_list")
    return redirect("grants:published_detail", file.pk)


def _file(request: HttpRequest, pk: UUID) -> PublishedFile:
    files = PublishedFile.objects.visible_to(request.user)
    found: PublishedFile = get_object_or_404(
        files.select_related("fund", "asked_by", "publisher"), pk=pk
    )
    return found


@require_safe
@requires(VIEW)
def published_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What was made, how far it is, or what fails and where it is mended."""
    file = _file(request, pk)
    return render(
        request,
        "grants/publishing_file.html",
        {
            "file": file,
            "name": publishing.name_of(file),
            "problems": _problems(file),
            "more": file.problem_count - len(file.problems),
            "totals": [
                (
                    SUMS.get(key, key),
                    Decimal(sums["usd"]),
                    [(name, Decimal(one)) for name, one in sums.items() if name != "usd"],
                )
                for key, sums in sorted(file.totals.items())
            ],
            **_rights(request),
        },
    )


#: What the sums by transaction type and sign are called.
SUMS = {
    "2+": gettext_lazy("Obligated"),
    "2-": gettext_lazy("De-obligated"),
    "3+": gettext_lazy("Paid to grantees"),
    "3-": gettext_lazy("Refunded by grantees"),
    "4+": gettext_lazy("Paid to vendors"),
    "4-": gettext_lazy("Refunded by vendors"),
}


def _problems(file: PublishedFile) -> list[dict[str, Any]]:
    refs = {one["ref"] for one in file.problems if one["ref"]}
    editable = set(
        Grant.objects.filter(ref__in=refs, state__in=OPEN_TO_EDIT).values_list("ref", flat=True)
    )
    return [
        {
            **one,
            "words": WORDS.get(one["code"], WORDS["standard"]),
            "field_name": FIELDS.get(one["field"], FIELDS[""]),
            "url": _where(one, editable),
        }
        for one in file.problems
    ]


#: The page on which a field of a grant is seen and mended; the rest stands in the facts.
PAGES = {"money": "grants:grant_money", "indicators": "grants:grant_monitoring"}


def _where(problem: dict[str, Any], editable: set[str]) -> str:
    """Where a problem is mended."""
    ref, field = problem["ref"], problem["field"]
    if field == "publisher":
        return reverse("grants:publisher_detail")
    if not ref or field == "level":
        return reverse("grants:publishing_list")
    if field in PAGES:
        return reverse(PAGES[field], args=[ref])
    if ref in editable:
        names = {"dates": "planned_start", "title": "title_en"}
        return reverse("grants:grant_edit", args=[ref]) + f"#id_{names.get(field, field)}"
    # Facts of a grant that was sent stand: less of it can be shown.
    return reverse("grants:grant_publishing", args=[ref])


@asked_by_itself
@require_safe
@requires(VIEW)
def published_progress(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The line of progress; tells the page to load anew when there is nothing to wait for."""
    file = _file(request, pk)
    response = render(request, "grants/_publishing_progress.html", {"file": file})
    if file.state != PublishedFile.State.MAKING:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@requires(WORK)
def published_stop(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask the worker to stop."""
    file = _file(request, pk)
    attempt(
        request,
        lambda: publishing.stop_file(file, by=me(request)),
        _("The file is not made any further."),
    )
    return redirect("grants:published_detail", file.pk)


@require_safe
@requires(VIEW)
def published_download(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The bytes, as they were issued."""
    file = _file(request, pk)
    pieces = publishing.pieces_of(file)
    if pieces is None:
        if file.is_made:
            messages.error(request, _("The file is damaged. Tell the administrator."))
        return redirect("grants:published_detail", file.pk)
    audit.record(
        "published_file.taken", subject=file, by=me(request), detail={"sha256": file.sha256}
    )
    return stream_response(pieces, publishing.name_of(file), size=file.size)
