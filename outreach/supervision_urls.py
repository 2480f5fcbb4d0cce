"""The addresses of supervision, approvals, stand-ins and fidelity."""

from django.urls import path

from outreach.views import approvals, delegation

urlpatterns = [
    path("supervision/approvals/", approvals.approval_list, name="approval_list"),
    path("supervision/approvals/<int:pk>/", approvals.approval_detail, name="approval_detail"),
    path("supervision/away/", delegation.delegation_list, name="delegation_list"),
    path("supervision/away/<int:pk>/end/", delegation.delegation_end, name="delegation_end"),
]
