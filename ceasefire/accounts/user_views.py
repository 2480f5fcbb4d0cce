"""Users, for the administrator: who may sign in, as what, where, until when."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ceasefire.accounts import services
from ceasefire.accounts.exceptions import PeopleRefusal, UserChangedMeanwhile
from ceasefire.accounts.forms import UserForm
from ceasefire.look.paging import keyset_page
from ceasefire.people.access import requires
from ceasefire.people.models import User
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
        except PeopleRefusal as refusal:
            form.add_error("role", str(refusal))
        else:
            messages.success(request, _("Saved. It holds from their next page."))
            return redirect("people:user_detail", user.username)
    return render(request, "accounts/user_detail.html", {"person": user, "form": form})


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
    token = services.make_link(user, by=request.user)
    link = request.build_absolute_uri(reverse("password_by_link", args=[token]))
    return render(request, "accounts/user_link.html", {"person": user, "link": link})
