"""Papers of a grant: on file, missing, sent in parts; and the audit pack."""

from django.urls import URLPattern, path

from grants.views import documents

urlpatterns: list[URLPattern] = [
    path("<ref:ref>/documents/", documents.document_list, name="document_list"),
]
