"""A person's own account: language, digits, password, two-step sign-in, sessions."""

from django.urls import path

from ceasefire.accounts import own_views

urlpatterns = [
    path("", own_views.account, name="account"),
    path("sessions/<int:pk>/end/", own_views.session_end, name="session_end"),
]
