"""A person's own notices and tasks."""

from django.urls import path

from ceasefire.accounts import notification_views, task_views

urlpatterns = [
    path("", notification_views.notification_list, name="notification_list"),
    path("read/", notification_views.notification_read_all, name="notification_read_all"),
    path("tasks/", task_views.task_list, name="task_list"),
    path("tasks/<int:pk>/done/", task_views.task_done, name="task_done"),
    path("<int:pk>/open/", notification_views.notification_open, name="notification_open"),
]
