"""The mediators of a manager's sites with their ties; and everybody's own profile."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from ceasefire import codes, vault
from ceasefire.people.access import requires
from ceasefire.people.models import User
from ceasefire.places.models import Zone
from outreach.exceptions import ChangedMeanwhile, NotForThisPerson, OutreachRefusal
from outreach.forms.staff import ProfileForm, TieForm
from outreach.models import MEDIATORS, StaffProfile
from outreach.services import staff
from outreach.views.doing import attempt
from outreach.views.scope import sites_of

VIEW, TIES = "outreach.view_conflict", "outreach.view_ties"


@requires(TIES)
def staff_list(request: HttpRequest) -> HttpResponse:
    """The mediators of the manager's sites; ties are on each one's page only."""
    sites = sites_of(request.user)
    role, code = request.GET.get("role", ""), request.GET.get("site", "")
    asked = next((site for site in sites if site.code == code), None)
    roles = [one for one in MEDIATORS if one == role] or MEDIATORS
    here = reverse("outreach:staff_list")
    chips = [(gettext_lazy("Role"), roles[0].label, here)] if len(roles) == 1 else []
    if asked:
        chips.append((gettext_lazy("Site"), asked.name, f"{here}?role={role}" if chips else here))
    people = list(
        User.objects.active()
        .filter(role__in=roles, sites__in=[asked] if asked else sites)
        .select_related("supervisor")
        .distinct()
        .order_by("code_name")
    )
    profiles = {
        profile.pk: profile
        for profile in StaffProfile.objects.visible_to(request.user).prefetch_related(
            "zones", "ties"
        )
    }
    return render(
        request,
        "outreach/staff_list.html",
        {
            "people": [_shown(person, profiles.get(person.pk)) for person in people],
            "chips": chips,
        },
    )


def _shown(person: User, profile: StaffProfile | None) -> dict[str, Any]:
    return {
        "person": person,
        "profile": profile,
        "languages": [codes.label("spoken_language", one) for one in profile.languages]
        if profile
        else [],
        "zones": list(profile.zones.all()) if profile else [],
        "many_ties": len(profile.ties.all()) if profile else 0,
    }


def _one_person(request: HttpRequest, key: UUID) -> User:
    """A mediator whose profile the person may see, or 404 like nobody."""
    user = request.user
    sites_of(user)
    found = get_object_or_404(User.objects.prefetch_related("sites"), pk=key, role__in=MEDIATORS)
    if found.pk != user.pk and not staff.may_keep(found, user):
        raise Http404
    return found


@requires(VIEW)
def staff_detail(request: HttpRequest, key: UUID) -> HttpResponse:
    """A manager keeps it; the person reads their own."""
    return _page(request, _one_person(request, key))


@requires(VIEW)
def staff_own(request: HttpRequest) -> HttpResponse:
    """What is kept of oneself."""
    if request.user.role not in MEDIATORS:
        raise Http404
    return redirect("outreach:staff_detail", request.user.pk)


def _page(request: HttpRequest, person: User, **forms: Any) -> HttpResponse:
    user = request.user
    profile = StaffProfile.objects.filter(user=person).prefetch_related("zones").first()
    ties = list(profile.ties.all()) if profile else []
    values = vault.unseal_rows(ties, ["value"], by=user) if ties else {}
    may = staff.may_keep(person, user)
    zones = _zones(request)
    context = {
        **_shown(person, profile),
        "gender": codes.label("sex", profile.gender) if profile else "",
        "ties": [(tie, values[tie.pk]["value"]) for tie in ties],
        "may": may,
        "profile_form": ProfileForm(prefix="profile", zones=zones, initial=_initial(profile))
        if may
        else None,
        "tie_form": TieForm(prefix="tie") if may else None,
        **forms,
    }
    if forms:
        context["form"] = next(iter(forms.values()))
    return render(request, "outreach/staff_detail.html", context)


def _zones(request: HttpRequest) -> list[Zone]:
    sites = sites_of(request.user)
    return list(Zone.objects.filter(site__in=sites, closed_on__isnull=True).order_by("code"))


def _initial(profile: StaffProfile | None) -> dict[str, Any]:
    if profile is None:
        return {"version": 0}
    return {
        "gender": profile.gender,
        "languages": profile.languages,
        "zones": [str(zone.pk) for zone in profile.zones.all()],
        "started_on": profile.started_on,
        "on_duty": profile.on_duty,
        "version": profile.version,
    }


@require_POST
@requires(TIES)
def staff_change(request: HttpRequest, key: UUID) -> HttpResponse:
    person = _one_person(request, key)
    form = ProfileForm(request.POST, prefix="profile", zones=_zones(request))
    if form.is_valid():
        try:
            staff.set_profile(
                person,
                facts=form.facts(),
                zones=form.zones_chosen(),
                by=request.user,
                version=form.cleaned_data["version"],
            )
        except NotForThisPerson:
            raise PermissionDenied from None
        except ChangedMeanwhile as refusal:
            form.add_error(None, str(refusal))
            form.data = form.data.copy()
            form.data[form.add_prefix("version")] = str(refusal.version)
        else:
            messages.success(request, _("Saved."))
            return redirect("outreach:staff_detail", key)
    return _page(request, person, profile_form=form)


@require_POST
@requires(TIES)
def tie_add(request: HttpRequest, key: UUID) -> HttpResponse:
    person = _one_person(request, key)
    form = TieForm(request.POST, prefix="tie")
    if form.is_valid():
        try:
            staff.add_tie(person, by=request.user, **form.cleaned_data)
        except NotForThisPerson:
            raise PermissionDenied from None
        except OutreachRefusal as refusal:
            form.add_error("words", str(refusal))
        else:
            messages.success(request, _("The tie is kept, sealed."))
            return redirect("outreach:staff_detail", key)
    return _page(request, person, tie_form=form)


@require_POST
@requires(TIES)
def tie_remove(request: HttpRequest, key: UUID, tie: UUID) -> HttpResponse:
    person = _one_person(request, key)
    attempt(
        request,
        lambda: staff.remove_tie(person, tie, by=request.user),
        gettext_lazy("The tie is erased."),
    )
    return redirect("outreach:staff_detail", key)
