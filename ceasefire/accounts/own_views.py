"""A person's own account, and the ways in and out. Every view here touches only one's own rows.

So these views run under the application's database role for every role, REO included
(`ceasefire.database.middleware.OWN_ACCOUNT_MODULES`).
"""

from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from ceasefire import audit
from ceasefire.accounts import services
from ceasefire.accounts.exceptions import LinkIsUsedUp
from ceasefire.accounts.forms import NewPasswordForm, PreferencesForm
from ceasefire.people.access import asked_by_itself, everyone_signed_in


@everyone_signed_in
def account(request: HttpRequest) -> HttpResponse:
    """Language and digits, and the way to password, second step and sessions."""
    form = PreferencesForm(
        request.POST or None,
        initial={
            "language": request.user.language,
            "digits": request.user.digits,
            "shortcuts": request.user.shortcuts,
        },
    )
    if request.method == "POST" and form.is_valid():
        services.choose_preferences(request.user, **form.cleaned_data)
        translation.activate(form.cleaned_data["language"])
        messages.success(request, _("Saved."))
        return redirect("account")
    sessions = UserSession.objects.purge_and_list(request.user)
    return render(
        request,
        "accounts/account.html",
        {
            "form": form,
            "two_step": is_mfa_enabled(request.user),
            "sessions": sorted(sessions, key=lambda s: s.last_seen_at, reverse=True),
            "this_session": request.session.session_key,
        },
    )


@everyone_signed_in
def keys(request: HttpRequest) -> HttpResponse:
    """The keyboard shortcuts; a page calls for it when ? is pressed, and lays it over itself."""
    return render(request, "accounts/keys.html")


@require_POST
@everyone_signed_in
def session_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End one of one's own sessions, e.g. that of a lost phone."""
    session = get_object_or_404(UserSession, pk=pk, user=request.user)
    session.end()
    audit.record("people.session_ended", subject=request.user, by=request.user)
    messages.success(request, _("That session has ended."))
    return redirect("account")


@login_not_required
@require_POST
def language_set(request: HttpRequest) -> HttpResponse:
    """Change the language, for a person for good and for a visitor by cookie; then go back."""
    language = request.POST.get("language", "")
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}):
        target = "/"
    # Not `redirect`, which would take a bare word for the name of a view.
    response = HttpResponseRedirect(target)
    if language in dict(settings.LANGUAGES):
        if request.user.is_authenticated:
            services.choose_preferences(request.user, language=language)
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=365 * 24 * 3600,
            samesite="Lax",
            secure=settings.PRODUCTION,
            httponly=True,
        )
    return response


@csrf_exempt
@login_not_required
@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Quick exit: sign out at once and show a page that looks like nothing.

    Without a CSRF check, since a beacon sent while the page is blanked must not fail; the worst a
    forged one can do is to sign somebody out.
    """
    if request.user.is_authenticated:
        audit.record("people.left_quickly", subject=request.user, by=request.user)
        logout(request)
    response = redirect("away")
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@login_not_required
def away(request: HttpRequest) -> HttpResponse:
    """A neutral page after the quick exit."""
    return render(request, "away.html")


@asked_by_itself
@never_cache
@login_not_required
def token(request: HttpRequest) -> JsonResponse:
    """A fresh form token, and whether somebody is signed in: for a form that waits to be sent."""
    return JsonResponse({"token": get_token(request), "signed_in": request.user.is_authenticated})


@never_cache
@login_not_required
def password_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Choose one's own password by a one-time link from an administrator."""
    try:
        link = services.find_link(token)
    except LinkIsUsedUp:
        raise Http404 from None
    form = NewPasswordForm(request.POST or None, user=link.user)
    if request.method == "POST" and form.is_valid():
        try:
            services.set_password_by_link(token, password=form.cleaned_data["password"])
        except LinkIsUsedUp:
            raise Http404 from None
        messages.success(request, _("Your password is set. Sign in with it."))
        return redirect("account_login")
    return render(request, "accounts/password_by_link.html", {"form": form, "who": link.user})
