"""The addresses of photos: a random key, no word about what it shows or whose it is."""

from django.urls import path

from ceasefire.attachments import views

app_name = "attachments"

urlpatterns = [
    path("<uuid:pk>/", views.photo_detail, name="photo_detail"),
    path("<uuid:pk>/picture/", views.photo_picture, name="photo_picture"),
    path("<uuid:pk>/thumbnail/", views.photo_thumbnail, name="photo_thumbnail"),
    path("<uuid:pk>/remove/", views.photo_remove, name="photo_remove"),
]
