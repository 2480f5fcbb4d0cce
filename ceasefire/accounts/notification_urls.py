"""A person's own notices."""

from django.urls import path

from ceasefire.accounts import notification_views

urlpatterns = [
    path("", notification_views.notification_list, name="notification_list"),
    path("read/", notification_views.notification_read_all, name="notification_read_all"),
    path("<int:pk>/open/", notification_views.notification_open, name="notification_open"),
]
