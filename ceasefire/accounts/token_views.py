"""The devices that speak for oneself: their tokens, made, listed and revoked."""

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ceasefire.accounts.forms import TokenForm
from ceasefire.api import services
from ceasefire.api.exceptions import TokenRefusal
from ceasefire.api.models import DeviceToken
from ceasefire.people.access import requires
from ceasefire.people.models import User


@requires("api.use_api")
def token_list(request: HttpRequest) -> HttpResponse:
    """One's own devices, the newest first."""
    tokens = DeviceToken.objects.filter(user=request.user.pk)[:50]
    return render(request, "accounts/token_list.html", {"tokens": tokens})


@requires("api.use_api")
@reauthentication_required
def token_new(request: HttpRequest) -> HttpResponse:
    """Make a token; it is shown on the answer to the form, and never again."""
    may_write = request.user.has_perm("incidents.add_incident")
    form = TokenForm(request.POST or None, may_write=may_write)
    if request.method == "POST" and form.is_valid():
        try:
            made, token = services.create_token(request.user, **form.cleaned_data)
        except TokenRefusal as refusal:
            form.add_error(None, str(refusal))
        else:
            return render(request, "accounts/token_made.html", {"made": made, "token": token})
    return render(request, "accounts/token_new.html", {"form": form})


@require_POST
@requires("api.use_api")
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Close the token of one's own device, e.g. one that was lost."""
    token = get_object_or_404(DeviceToken.objects.filter(user=request.user.pk), pk=pk)
    services.revoke_token(token, by=request.user)
    messages.success(request, _("Revoked. That device is signed out."))
    return redirect("token_list")


@require_POST
@requires("people.change_user")
def user_token_revoke(request: HttpRequest, username: str, pk: int) -> HttpResponse:
    """Close the token of somebody's device, for an administrator."""
    user = get_object_or_404(User.objects.visible_to(request.user), username=username)
    token = get_object_or_404(DeviceToken.objects.visible_to(request.user), pk=pk, user=user)
    services.revoke_token(token, by=request.user)
    messages.success(request, _("Revoked. That device is signed out."))
    return redirect("people:user_detail", user.username)
