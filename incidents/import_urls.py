"""The addresses of import and export."""

from django.urls import path

from incidents import export_views, import_views, mapping_views
from incidents.views import twins

urlpatterns = [
    path("import/", import_views.import_new, name="import_new"),
    path("import/columns/", import_views.import_blank, name="import_blank"),
    path("import/<uuid:pk>/", import_views.import_detail, name="import_detail"),
    path("import/<uuid:pk>/pairs/", twins.import_pairs, name="import_pairs"),
    path("import/<uuid:pk>/columns/", import_views.import_columns, name="import_columns"),
    path("import/<uuid:pk>/values/", import_views.import_values, name="import_values"),
    path("import/<uuid:pk>/stop/", import_views.import_stop, name="import_stop"),
    path("import/<uuid:pk>/discard/", import_views.import_discard, name="import_discard"),
    path("import/<uuid:pk>/undo/", import_views.import_undo, name="import_undo"),
    path("import/<uuid:pk>/rejects/", import_views.import_rejects, name="import_rejects"),
    path("import/mappings/", mapping_views.mapping_list, name="mapping_list"),
    path("import/mappings/<uuid:pk>/", mapping_views.mapping_detail, name="mapping_detail"),
    path("import/mappings/<uuid:pk>/delete/", mapping_views.mapping_delete, name="mapping_delete"),
    path("export/", export_views.incident_export, name="incident_export"),
    path("export/columns/", export_views.export_columns, name="export_columns"),
    path("export/codebook/", export_views.export_codebook, name="export_codebook"),
    path("export/<uuid:pk>/", export_views.export_detail, name="export_detail"),
    path("export/<uuid:pk>/progress/", export_views.export_progress, name="export_progress"),
    path("export/<uuid:pk>/cancel/", export_views.export_cancel, name="export_cancel"),
    path("export/<uuid:pk>/file/", export_views.export_download, name="export_download"),
]
