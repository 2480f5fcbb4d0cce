"""The addresses of screening and of its rules."""

from django.urls import path

from outreach.views import screening

urlpatterns = [
    path("rules/", screening.rules_list, name="rules_list"),
    path("rules/<str:site>/<str:kind>/", screening.rules_change, name="rules_change"),
    path("participants/<str:code>/screen/", screening.screening_new, name="screening_new"),
    path("participants/<str:code>/screenings/", screening.screening_list, name="screening_list"),
]
