"""Users, for the administrator: who may sign in, as what, where, until when."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ceasefire.accounts import second_person, services
from ceasefire.accounts.exceptions import (
    PeopleRefusal,
    SecondPersonNeeded,
    UserChangedMeanwhile,
)
from ceasefire.accounts.forms import UserForm
from ceasefire.api.models import DeviceToken
from ceasefire.look.paging import keyset_page
from ceasefire.people import leaving
from ceasefire.people.access import requires
from ceasefire.people.models import PendingChange, User
from ceasefire.people.roles import Role


@requires("people.view_user")
def user_list(request: HttpRequest) -> HttpResponse:
    """Everybody, by user name; filtered by role, state and a part of the name."""
    users = User.objects.visible_to(request.user).prefetch_related("sites")
    text, role, state = (request.GET.get(k, "").strip() for k in ("q", "role", "status"))
    if text:
        users = users.filter(username__icontains=text) | users.filter(code_name__icontains=text)
    if role in Role.values:
        users = users.filter(role=role)
    if state == "active":
        users = users.active()
    elif state == "disabled":
        users = users.filter(is_active=False)
    page = keyset_page(
        users,
        ordering=("username",),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
    )
    context = {
        "page": page,
        "roles": Role.choices,
        "text": text,
        "role": role,
        "state": state,
        "filtered": bool(text or role or state),
    }
    return render(request, "accounts/user_list.html", context)


@requires("people.add_user")
def user_new(request: HttpRequest) -> HttpResponse:
    """Add somebody; the next page offers their one-time link."""
    form = UserForm(request.POST or None, initial={"language": "ar"})
    if request.method == "POST" and form.is_valid():
        facts = {k: v for k, v in form.cleaned_data.items() if k != "version"}
        user = services.add_user(**facts, by=request.user)
        messages.success(request, _("Added. Now make their one-time link."))
        return redirect("people:user_detail", user.username)
    return render(request, "accounts/user_new.html", {"form": form})


def _user(request: HttpRequest, username: str) -> User:
    return get_object_or_404(User.objects.visible_to(request.user), username=username)


@requires("people.change_user")
def user_detail(request: HttpRequest, username: str) -> HttpResponse:
    """One user: facts, the form to change them, and what else may be done."""
    user = _user(request, username)
    form = UserForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        facts: dict[str, Any] = dict(form.cleaned_data)
        try:
            services.change_user(user, **facts, by=request.user)
        except UserChangedMeanwhile as refusal:
            # Saving again after looking is then a decision: the form carries the newer version.
            form.data = form.data.copy()
            form.data["version"] = str(User.objects.get(pk=user.pk).version)
            form.add_error(None, str(refusal))
        except SecondPersonNeeded:
            try:
                second_person.ask(
                    user,
                    kind=PendingChange.Kind.ROLE,
                    role=form.cleaned_data["role"],
                    by=request.user,
                )
            except PeopleRefusal as refusal:
                form.add_error("role", str(refusal))
            else:
                messages.info(request, _("Asked. It holds once a second person confirms it."))
                return redirect("people:change_list")
        except PeopleRefusal as refusal:
            form.add_error("role", str(refusal))
        else:
            messages.success(request, _("Saved. It holds from their next page."))
            return redirect("people:user_detail", user.username)
    tokens = DeviceToken.objects.filter(user=user).live()
    context = {
        "person": user,
        "form": form,
        "tokens": tokens,
        "leaves": leaving.sentences(user) if user.is_active else [],
    }
    return render(request, "accounts/user_detail.html", context)


@require_POST
@requires("people.change_user")
def user_disable(request: HttpRequest, username: str) -> HttpResponse:
    """Take access away at once."""
    user = _user(request, username)
    try:
        services.disable_user(user, by=request.user)
    except PeopleRefusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Disabled. Their sessions have ended."))
        for sentence in leaving.sentences(user):
            messages.warning(request, sentence)
    return redirect("people:user_detail", user.username)


@require_POST
@requires("people.change_user")
def user_enable(request: HttpRequest, username: str) -> HttpResponse:
    """Give access again."""
    user = _user(request, username)
    services.enable_user(user, by=request.user)
    messages.success(request, _("Enabled."))
    return redirect("people:user_detail", user.username)


@require_POST
@requires("people.change_user")
def user_link(request: HttpRequest, username: str) -> HttpResponse:
    """Show a one-time link, once, to be handed over in person."""
    user = _user(request, username)
    try:
        token = services.make_link(user, by=request.user)
    except SecondPersonNeeded:
        return _ask(request, user, PendingChange.Kind.LINK)
    link = request.build_absolute_uri(reverse("password_by_link", args=[token]))
    return render(request, "accounts/user_link.html", {"person": user, "link": link})


def _ask(request: HttpRequest, user: User, kind: str, reason: str = "") -> HttpResponse:
    try:
        second_person.ask(user, kind=kind, reason=reason, by=request.user)
    except PeopleRefusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.info(request, _("Asked. It holds once a second person confirms it."))
    return redirect("people:user_detail", user.username)


@require_POST
@requires("people.change_user")
def user_second_step(request: HttpRequest, username: str) -> HttpResponse:
    """Ask that somebody who lost phone and recovery codes may set up the second step anew."""
    user = _user(request, username)
    return _ask(request, user, PendingChange.Kind.SECOND_STEP, request.POST.get("reason", ""))


@requires("people.confirm_change")
def change_list(request: HttpRequest) -> HttpResponse:
    """What waits for a second person, as far as it concerns whoever asks."""
    mine = set(second_person.to_confirm(request.user).values_list("pk", flat=True))
    changes = [
        {"change": change, "may_confirm": change.pk in mine}
        for change in second_person.waiting_for(request.user)
    ]
    return render(request, "accounts/change_list.html", {"changes": changes})


def _change(request: HttpRequest, pk: int) -> PendingChange:
    for change in second_person.waiting_for(request.user):
        if change.pk == pk:
            return change
    raise Http404


@require_POST
@requires("people.confirm_change")
def change_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm as the second person."""
    try:
        second_person.confirm(_change(request, pk), by=request.user)
    except PeopleRefusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Confirmed."))
    return redirect("people:change_list")


@require_POST
@requires("people.confirm_change")
def change_refuse(request: HttpRequest, pk: int) -> HttpResponse:
    """Say no, or take back what one asked for."""
    try:
        second_person.refuse(_change(request, pk), by=request.user)
    except PeopleRefusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Refused."))
    return redirect("people:change_list")
