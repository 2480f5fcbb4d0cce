"""Audit trail, jobs, places and sites."""

from django.urls import path

from ceasefire.oversight import audit_views, job_views, place_views

app_name = "oversight"
urlpatterns = [
    path("audit/", audit_views.audit_list, name="audit_list"),
    path("audit/head/", audit_views.audit_head, name="audit_head"),
    path("audit/check/", audit_views.audit_check, name="audit_check"),
    path("jobs/", job_views.job_list, name="job_list"),
    path("jobs/<int:pk>/cancel/", job_views.job_cancel, name="job_cancel"),
    path("jobs/<int:pk>/again/", job_views.job_again, name="job_again"),
    path("places/", place_views.place_list, name="place_list"),
    path("places/new/", place_views.place_new, name="place_new"),
    path("places/sites/", place_views.site_list, name="site_list"),
    path("places/sites/new/", place_views.site_new, name="site_new"),
    path("places/sites/<str:code>/", place_views.site_detail, name="site_detail"),
    path("places/sites/<str:code>/zones/new/", place_views.zone_new, name="zone_new"),
    path("places/sites/<str:code>/zones/<str:zone>/", place_views.zone_detail, name="zone_detail"),
    path(
        "places/sites/<str:code>/zones/<str:zone>/close/",
        place_views.zone_close,
        name="zone_close",
    ),
    path("places/sites/<str:code>/zones/<str:zone>/open/", place_views.zone_open, name="zone_open"),
    path("places/<str:pcode>/", place_views.place_detail, name="place_detail"),
]
