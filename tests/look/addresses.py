"""The addresses that the furniture of a page names, without the pages behind them."""

from django.http import HttpResponse
from django.urls import path


def nothing(request):
    return HttpResponse("")


urlpatterns = [
    path("", nothing, name="home"),
    path("accounts/login/", nothing, name="account_login"),
    path("accounts/logout/", nothing, name="account_logout"),
    path("accounts/leave/", nothing, name="leave"),
    path("accounts/away/", nothing, name="away"),
    path("accounts/token/", nothing, name="token"),
    path("account/", nothing, name="account"),
    path("language/", nothing, name="language_set"),
]
