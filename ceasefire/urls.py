"""Every address of the program. Names that stay put are listed in docs/architecture.md."""

from django.urls import include, path

from ceasefire.accounts import own_views
from ceasefire.api import answers
from ceasefire.reports import home_views

urlpatterns = [
    path("", home_views.home, name="home"),
    path("livez", home_views.livez, name="livez"),
    path("readyz", home_views.readyz, name="readyz"),
    path("language/", own_views.language_set, name="language_set"),
    path("accounts/", include("ceasefire.accounts.signin_urls")),
    path("account/", include("ceasefire.accounts.account_urls")),
    path("notifications/", include("ceasefire.accounts.notification_urls")),
    path("people/", include("ceasefire.accounts.user_urls")),
    path("", include("ceasefire.oversight.urls")),
    path("incidents/", include("incidents.urls")),
    path("outreach/", include("outreach.urls")),
    path("grants/", include("grants.urls")),
    path("api/v1/places/", include("ceasefire.oversight.api_urls")),
    path("api/v1/", include("ceasefire.api.urls")),
    path("api/v1/incidents/", include("incidents.api.urls")),
    path("photos/", include("ceasefire.attachments.urls")),
    path("", include("ceasefire.reports.urls")),
]

handler400 = answers.bad_request
handler403 = answers.permission_denied
handler404 = answers.not_found
handler500 = answers.server_error
