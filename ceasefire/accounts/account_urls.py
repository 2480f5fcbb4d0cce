"""A person's own account: language, digits, password, two-step sign-in, sessions."""

from django.urls import path

from ceasefire.accounts import own_views, token_views

urlpatterns = [
    path("", own_views.account, name="account"),
    path("sessions/<int:pk>/end/", own_views.session_end, name="session_end"),
    path("keys/", own_views.keys, name="keys"),
    path("tokens/", token_views.token_list, name="token_list"),
    path("tokens/new/", token_views.token_new, name="token_new"),
    path("tokens/<int:pk>/revoke/", token_views.token_revoke, name="token_revoke"),
]
