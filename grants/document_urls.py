"""Papers of a grant: on file, missing, sent in parts; and the audit pack."""

from django.urls import URLPattern, path

from grants.views import documents, packs, uploads

urlpatterns: list[URLPattern] = [
    path("papers/missing/", documents.paper_missing, name="paper_missing"),
    path("<ref:ref>/documents/", documents.document_list, name="document_list"),
    path("<ref:ref>/documents/new/", documents.document_new, name="document_new"),
    path("<ref:ref>/documents/later/", documents.document_defer, name="document_defer"),
    path("<ref:ref>/documents/later/<uuid:pk>/", documents.deferral_end, name="deferral_end"),
    path("<ref:ref>/documents/uploads/", uploads.upload_begin, name="upload_begin"),
    path("<ref:ref>/documents/uploads/<uuid:pk>/drop/", uploads.upload_drop, name="upload_drop"),
    path(
        "<ref:ref>/documents/uploads/<uuid:pk>/<int:number>/",
        uploads.upload_piece,
        name="upload_piece",
    ),
    path("<ref:ref>/documents/<uuid:pk>/", documents.document_detail, name="document_detail"),
    path("<ref:ref>/documents/<uuid:pk>/check/", documents.document_check, name="document_check"),
    path("<ref:ref>/documents/<uuid:pk>/file/", documents.document_file, name="document_file"),
    path(
        "<ref:ref>/documents/<uuid:pk>/picture/",
        documents.document_picture,
        name="document_picture",
    ),
    path(
        "<ref:ref>/documents/<uuid:pk>/thumbnail/",
        documents.document_thumbnail,
        name="document_thumbnail",
    ),
    path("<ref:ref>/pack/", packs.pack_new, name="pack_new"),
    path("<ref:ref>/pack/<uuid:pk>/", packs.pack_detail, name="pack_detail"),
    path("<ref:ref>/pack/<uuid:pk>/progress/", packs.pack_progress, name="pack_progress"),
    path("<ref:ref>/pack/<uuid:pk>/cancel/", packs.pack_cancel, name="pack_cancel"),
    path("<ref:ref>/pack/<uuid:pk>/download/", packs.pack_download, name="pack_download"),
]
