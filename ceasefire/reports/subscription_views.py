"""Getting weekly reports by e-mail: one's own pages, and the links in the mails.

They touch one's own subscription only, so they run under the application's database role for every
role, REO included (`ceasefire.database.middleware.OWN_ACCOUNT_MODULES`).
"""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from ceasefire.people.access import requires
from ceasefire.reports import post, subscriptions
from ceasefire.reports.exceptions import LinkIsNoMore, TooManyConfirmations
from ceasefire.reports.forms import AddressForm, ChartsForm


@sensitive_post_parameters("address")
@requires(*subscriptions.READS)
@require_http_methods(["GET", "HEAD", "POST"])
def subscription(request: HttpRequest) -> HttpResponse:
    """Whether reports come by e-mail; asking for it, at this address or another."""
    user: Any = request.user
    form = AddressForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            subscriptions.subscribe(address=form.cleaned_data["address"], by=user)
        except TooManyConfirmations:
            form.add_error("address", _("Too many addresses were tried today. Try tomorrow."))
        else:
            messages.success(request, _("A mail with a link is on its way to that address."))
            return redirect("reports:subscription")
    held = subscriptions.of(user)
    return render(
        request,
        "reports/subscription.html",
        {
            "form": form,
            "subscription": held,
            "charts": ChartsForm(initial={"with_charts": held.with_charts}) if held else None,
            "sites": [] if user.is_reo else user.sites.all(),
            "keeps_files": post.keeps_files(),
        },
    )


@require_POST
@requires(*subscriptions.READS)
def subscription_charts(request: HttpRequest) -> HttpResponse:
    """Have the charts in one's mails, or no more."""
    user: Any = request.user
    form = ChartsForm(request.POST)
    if form.is_valid() and subscriptions.choose_charts(by=user, **form.cleaned_data):
        messages.success(
            request,
            _("The next mails have the charts.")
            if form.cleaned_data["with_charts"]
            else _("The next mails have no charts."),
        )
    return redirect("reports:subscription")


@require_POST
@requires(*subscriptions.READS)
def subscription_end(request: HttpRequest) -> HttpResponse:
    """Get no more of them."""
    user: Any = request.user
    if subscriptions.unsubscribe(user, by=user):
        messages.success(request, _("No more reports come by e-mail. The address is forgotten."))
    return redirect("reports:subscription")


@never_cache
@requires(*subscriptions.READS)
@require_http_methods(["GET", "HEAD", "POST"])
def mail_confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Say that the address is theirs. Only by pressing: scanners of mail open every link."""
    user: Any = request.user
    try:
        if request.method == "POST":
            subscriptions.confirm(token, by=user)
            messages.success(request, _("The address is confirmed. The next report comes there."))
            return redirect("reports:subscription")
        subscriptions.check_confirming(token, by=user)
    except LinkIsNoMore:
        return render(request, "reports/mail_confirm.html", {"is_gone": True}, status=404)
    return render(request, "reports/mail_confirm.html")


@csrf_exempt
@never_cache
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def mail_stop(request: HttpRequest, token: str) -> HttpResponse:
    """End a subscription by the link of a mail: a page with a button, or one click of the mail
    program (RFC 8058), which posts without a form's token.

    The worst that a forged post can do is to end mails, and it needs the mail.
    """
    try:
        if request.method == "POST":
            subscriptions.unsubscribe_by(token)
            return render(request, "reports/mail_stop.html", {"done": True})
        subscriptions.check_stopping(token)
    except LinkIsNoMore:
        raise Http404 from None
    return render(request, "reports/mail_stop.html", {"done": False})
