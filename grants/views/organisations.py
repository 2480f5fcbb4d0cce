"""Organisations: the list, one of them, the people behind it, blocking, and the list as a file."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from ceasefire import audit, periods
from ceasefire.exports import Column, csv_response, safe_filename
from ceasefire.look.paging import keyset_page
from ceasefire.people.access import requires
from ceasefire.text import search_key
from grants.forms.screening import BlockForm, OrganisationFilter, OrganisationForm, PersonForm
from grants.models import Grant, Organisation, OrganisationPerson, ScreeningRun
from grants.services import organisations
from grants.views.doing import attempt, me, tried
from grants.views.scope import VIEW, WORK, officer_of

KEEPERS = ("requester", "officer", "vetting")
_CHANGED = ("name_en", "name_ar", "kind", "district", "registration_no", "has_bank_account",
            "publish_ok")  # fmt: skip


def may(request: HttpRequest, *duties: str) -> bool:
    """Whether the person is an officer with one of the duties."""
    who = officer_of(request)
    return who is not None and any(map(who.has, duties))


def only(request: HttpRequest, *duties: str) -> None:
    """403 for whoever has none of the duties."""
    if not may(request, *duties):
        raise PermissionDenied


def one_organisation(request: HttpRequest, code: str) -> Organisation:
    """The organisation of this code, or 404."""
    found = (
        Organisation.objects.visible_to(request.user)
        .select_related("district", "created_by")
        .defer("district__geometry")
        .filter(code=code)
        .first()
    )
    if found is None:
        raise Http404
    return found


@require_safe
@requires(VIEW)
def organisation_list(request: HttpRequest) -> HttpResponse:
    """Every organisation, the latest first; found by a word of either script."""
    filters = OrganisationFilter(request.GET)
    page = keyset_page(
        _found(request, filters).select_related("district").defer("district__geometry"),
        ordering=("-created_at", "-id"),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
    )
    return render(
        request,
        "grants/organisation_list.html",
        {
            "page": page,
            "filters": filters,
            "chips": _chips(filters, request.path),
            "may_add": may(request, *KEEPERS),
            "may_lists": request.user.has_perm(VIEW),
        },
    )


def _found(request: HttpRequest, filters: OrganisationFilter) -> Any:
    rows = Organisation.objects.visible_to(request.user)
    if not filters.is_valid():
        return rows
    asked = filters.cleaned_data
    for word in search_key(asked["q"]).split()[:8]:
        rows = rows.filter(search_text__contains=word)
    for name in ("kind", "status"):
        if asked[name]:
            rows = rows.filter(**{name: asked[name]})
    return rows


def _chips(filters: OrganisationFilter, path: str) -> list[tuple[Any, Any, str]]:
    asked = {name: filters.data.get(name) for name in filters.fields if filters.data.get(name)}
    chips = []
    for name, value in asked.items():
        if name in filters.errors:
            continue
        rest = urlencode({key: one for key, one in asked.items() if key != name})
        shown = dict(getattr(filters.fields[name], "choices", [])).get(value, value)
        chips.append((filters.fields[name].label, shown, f"{path}?{rest}" if rest else path))
    return chips


#: The list as a file; no name of a person is in it.
COLUMNS = (
    Column("code", gettext_lazy("Organisation"), "code"),
    Column("name_en", gettext_lazy("Name in English")),
    Column("name_ar", gettext_lazy("Name in Arabic")),
    Column("kind", gettext_lazy("Kind")),
    Column("district", gettext_lazy("District")),
    Column("registration_no", gettext_lazy("Registration number"), "code"),
    Column("status", gettext_lazy("State")),
    Column("version", gettext_lazy("Version"), "int"),
    Column("grants", gettext_lazy("Grants"), "int"),
)


@require_safe
@requires(VIEW)
def organisation_export(request: HttpRequest) -> HttpResponseBase:
    """The list, as it is filtered, as CSV."""
    filters = OrganisationFilter(request.GET)

    def rows() -> Iterator[dict[str, Any]]:
        found = _found(request, filters).annotate(number=Count("grants")).order_by("code")
        for one in found.select_related("district").defer("district__geometry").iterator():
            yield {
                "code": one.code,
                "name_en": one.name_en,
                "name_ar": one.name_ar,
                "kind": one.kind,
                "district": one.district.name,
                "registration_no": one.registration_no,
                "status": one.status,
                "version": one.version,
                "grants": one.number,
            }

    audit.record(
        "organisation.exported",
        by=me(request),
        detail={"rows": _found(request, filters).count()},
    )
    name = safe_filename("organisations", periods.today(), extension="csv")
    return csv_response(COLUMNS, rows, name, user=request.user)


@require_safe
@requires(VIEW)
def organisation_detail(request: HttpRequest, code: str) -> HttpResponse:
    """What is known of one, the grants it had, how its screening stands. No name of a person."""
    organisation = one_organisation(request, code)
    people = list(organisation.people.defer("sealed").select_related("added_by"))
    grants = (
        Grant.objects.visible_to(request.user)
        .filter(
            Q(grantee=organisation)
            | Q(implementer=organisation)
            | Q(quotes__vendor=organisation, quotes__chosen=True)
        )
        .distinct()
        .select_related("fund")
        .order_by("-ref")[:50]
    )
    return render(
        request,
        "grants/organisation_detail.html",
        {
            "organisation": organisation,
            "people": [
                (f"{organisation.code}/{number}", one, _last_run(one.screening_runs, one.version))
                for number, one in enumerate(people, start=1)
            ],
            "run": _last_run(
                organisation.screening_runs.filter(person__isnull=True), organisation.version
            ),
            "grants": grants,
            "blocks": organisation.blocks.select_related("officer")[:20],
            "may_change": may(request, *KEEPERS),
            "may_block": may(request, "vetting", "officer"),
            "may_name": may(request, "vetting"),
        },
    )


def _last_run(runs: Any, version: int) -> ScreeningRun | None:
    """The last run of a subject as it is named now."""
    found: ScreeningRun | None = (
        runs.filter(version=version)
        .select_related("grant")
        .defer("sealed")
        .order_by("-at", "-written_at")
        .first()
    )
    return found


def _form_page(request: HttpRequest, form: Any, **more: Any) -> HttpResponse:
    status = 422 if request.method == "POST" else 200
    return render(request, "grants/vetting_form.html", {"form": form, **more}, status=status)


@requires(WORK)
def organisation_new(request: HttpRequest) -> HttpResponse:
    """Enter an organisation; those that sound like it are shown first."""
    only(request, *KEEPERS)
    form = OrganisationForm(
        request.POST if request.method == "POST" else None, may_name=may(request, "officer")
    )
    near: list[Organisation] = []
    if request.method == "POST" and form.is_valid():
        facts = form.facts()
        near = organisations.alike(facts["name_en"], facts["name_ar"])
        if near and not form.cleaned_data["another"]:
            form.ask_twice()
        else:
            made = tried(
                request, form, lambda: organisations.add_organisation(by=me(request), **facts)
            )
            if made is not None:
                messages.success(request, _("The organisation was added."))
                return redirect("grants:organisation_detail", made.code)
    return _form_page(
        request,
        form,
        page_title=_("New organisation"),
        submit=_("Add it"),
        near=near,
        back_url=reverse("grants:organisation_list"),
        back_label=_("Organisations"),
    )


@requires(WORK)
def organisation_change(request: HttpRequest, code: str) -> HttpResponse:
    """Change what is said of one; another name voids its clearance."""
    organisation = one_organisation(request, code)
    only(request, *KEEPERS)
    initial = {name: getattr(organisation, name) for name in (*_CHANGED, "version")}
    form = OrganisationForm(
        request.POST if request.method == "POST" else None,
        initial=initial,
        may_name=may(request, "officer"),
    )
    if request.method == "POST" and form.is_valid():
        made = tried(
            request,
            form,
            lambda: organisations.change_organisation(
                organisation,
                by=me(request),
                version=form.cleaned_data["version"],
                **form.facts(),
            ),
        )
        if made is not None:
            messages.success(request, _("The organisation was changed."))
            return redirect("grants:organisation_detail", organisation.code)
    return _form_page(
        request,
        form,
        page_title=_("Change the organisation"),
        submit=_("Save"),
        note=_("Another name or registration makes it a new version: it is screened again."),
        back_url=reverse("grants:organisation_detail", args=[organisation.code]),
        back_label=organisation.code,
    )


@requires(WORK)
def organisation_block(request: HttpRequest, code: str) -> HttpResponse:
    """Block it, or let it be used again, with a reason."""
    organisation = one_organisation(request, code)
    only(request, "vetting", "officer")
    is_blocked = organisation.status == Organisation.Status.BLOCKED
    form = BlockForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        made = tried(
            request,
            form,
            lambda: organisations.block_organisation(
                organisation,
                reason=form.cleaned_data["reason"],
                blocked=not is_blocked,
                by=me(request),
            ),
        )
        if made is not None:
            messages.success(
                request,
                _("It can be used again.") if is_blocked else _("The organisation is blocked."),
            )
            return redirect("grants:organisation_detail", organisation.code)
    return _form_page(
        request,
        form,
        page_title=_("Let it be used again") if is_blocked else _("Block the organisation"),
        submit=_("Let it be used") if is_blocked else _("Block it"),
        danger=not is_blocked,
        note=""
        if is_blocked
        else _("Nothing is cleared or paid that would reach it. All who read grants see the"
               " reason: no detail of a list."),
        back_url=reverse("grants:organisation_detail", args=[organisation.code]),
        back_label=organisation.code,
    )  # fmt: skip


# --- people behind it -----------------------------------------------------------------------------


@require_safe
@requires(WORK)
def organisation_people(request: HttpRequest, code: str) -> HttpResponse:
    """The names, to a vetting officer; each reading is in the trail."""
    organisation = one_organisation(request, code)
    only(request, "vetting")
    people = list(organisation.people.all())
    names = organisations.names_of(people, by=me(request))
    return render(
        request,
        "grants/organisation_people.html",
        {
            "organisation": organisation,
            "people": [
                (f"{organisation.code}/{number}", one, names[one.pk])
                for number, one in enumerate(people, start=1)
            ],
        },
    )


def _one_person(organisation: Organisation, pk: Any) -> OrganisationPerson:
    found = organisation.people.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@requires(WORK)
def person_new(request: HttpRequest, code: str) -> HttpResponse:
    """Add somebody who signs or decides for it."""
    organisation = one_organisation(request, code)
    only(request, "vetting")
    form = PersonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        made = tried(
            request,
            form,
            lambda: organisations.add_person(organisation, by=me(request), **form.facts()),
        )
        if made is not None:
            messages.success(request, _("Added. The organisation is screened again."))
            return redirect("grants:organisation_people", organisation.code)
    return _person_page(request, form, organisation, _("Add a person"), _("Add"))


@requires(WORK)
def person_change(request: HttpRequest, code: str, pk: Any) -> HttpResponse:
    """Seal other facts of somebody."""
    organisation = one_organisation(request, code)
    only(request, "vetting")
    person = _one_person(organisation, pk)
    initial: dict[str, Any] = {}
    if request.method != "POST":
        initial = dict(organisations.names_of([person], by=me(request))[person.pk] or {})
    form = PersonForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        made = tried(
            request,
            form,
            lambda: organisations.change_person(person, by=me(request), **form.facts()),
        )
        if made is not None:
            messages.success(request, _("Changed. The organisation is screened again."))
            return redirect("grants:organisation_people", organisation.code)
    return _person_page(request, form, organisation, _("Change the person"), _("Save"))


def _person_page(
    request: HttpRequest, form: Any, organisation: Organisation, title: Any, submit: Any
) -> HttpResponse:
    return _form_page(
        request,
        form,
        page_title=title,
        submit=submit,
        note=_("Names are sealed. Vetting officers alone read them, and each reading is recorded."),
        back_url=reverse("grants:organisation_people", args=[organisation.code]),
        back_label=organisation.code,
    )


@require_POST
@requires(WORK)
def person_left(request: HttpRequest, code: str, pk: Any) -> HttpResponse:
    """Somebody is with it no more."""
    organisation = one_organisation(request, code)
    only(request, "vetting")
    person = _one_person(organisation, pk)
    attempt(
        request,
        lambda: organisations.part_with_person(person, by=me(request)),
        _("Recorded. The organisation is screened again."),
    )
    return redirect("grants:organisation_people", organisation.code)
