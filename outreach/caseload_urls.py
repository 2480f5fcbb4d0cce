"""The addresses of the caseload and of contacts."""

from django.urls import path

from outreach.views import caseload, contacts

urlpatterns = [
    path("", caseload.caseload, name="caseload"),
    path("workers/<uuid:pk>/", caseload.caseload_of, name="caseload_of"),
    path("seen/", contacts.contact_many, name="contact_many"),
    path("contacts/<uuid:pk>/take-back/", contacts.contact_take_back, name="contact_take_back"),
    path("participants/<str:code>/seen/", contacts.contact_seen, name="contact_seen"),
    path("participants/<str:code>/contacts/", contacts.contact_list, name="contact_list"),
    path("participants/<str:code>/contacts/new/", contacts.contact_new, name="contact_new"),
]
