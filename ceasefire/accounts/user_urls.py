"""The administrator's pages about users."""

from django.urls import path

from ceasefire.accounts import token_views, user_views

app_name = "people"
urlpatterns = [
    path("", user_views.user_list, name="user_list"),
    path("new/", user_views.user_new, name="user_new"),
    path("changes/", user_views.change_list, name="change_list"),
    path("changes/<int:pk>/confirm/", user_views.change_confirm, name="change_confirm"),
    path("changes/<int:pk>/refuse/", user_views.change_refuse, name="change_refuse"),
    path("<str:username>/", user_views.user_detail, name="user_detail"),
    path("<str:username>/disable/", user_views.user_disable, name="user_disable"),
    path("<str:username>/enable/", user_views.user_enable, name="user_enable"),
    path("<str:username>/link/", user_views.user_link, name="user_link"),
    path("<str:username>/second-step/", user_views.user_second_step, name="user_second_step"),
    path(
        "<str:username>/tokens/<int:pk>/revoke/",
        token_views.user_token_revoke,
        name="user_token_revoke",
    ),
]
