"""What is published (IATI, 360Giving): levels, who publishes, files."""

from django.urls import URLPattern, path

from grants.views import publishing

urlpatterns: list[URLPattern] = [
    path("publishing/", publishing.publishing_list, name="publishing_list"),
    path("publishing/publisher/", publishing.publisher_detail, name="publisher_detail"),
    path("publishing/publisher/new/", publishing.publisher_new, name="publisher_new"),
    path(
        "publishing/publisher/<uuid:pk>/confirm/",
        publishing.publisher_confirm,
        name="publisher_confirm",
    ),
    path(
        "publishing/publisher/<uuid:pk>/withdraw/",
        publishing.publisher_withdraw,
        name="publisher_withdraw",
    ),
    path("publishing/files/new/", publishing.published_new, name="published_new"),
    path("publishing/files/<uuid:pk>/", publishing.published_detail, name="published_detail"),
    path(
        "publishing/files/<uuid:pk>/progress/",
        publishing.published_progress,
        name="published_progress",
    ),
    path("publishing/files/<uuid:pk>/stop/", publishing.published_stop, name="published_stop"),
    path(
        "publishing/files/<uuid:pk>/download/",
        publishing.published_download,
        name="published_download",
    ),
    path("publishing/levels/<uuid:pk>/confirm/", publishing.level_confirm, name="level_confirm"),
    path("publishing/levels/<uuid:pk>/refuse/", publishing.level_refuse, name="level_refuse"),
    path("<ref:ref>/publishing/", publishing.grant_publishing, name="grant_publishing"),
]
