"""The addresses of supervision, approvals, stand-ins and fidelity."""

from django.urls import path

from outreach.views import approvals, delegation, fidelity, supervision

urlpatterns = [
    path("supervision/", supervision.supervision_list, name="supervision"),
    path("supervision/sheets/", supervision.sheet_list, name="supervision_sheets"),
    path("supervision/sheets/<str:code>/", supervision.supervision_sheet, name="supervision_sheet"),
    path(
        "supervision/decisions/<str:code>/",
        supervision.supervision_decision,
        name="supervision_decision",
    ),
    path(
        "supervision/workers/<uuid:pk>/<str:site>/",
        supervision.supervision_worker,
        name="supervision_worker",
    ),
    path(
        "supervision/workers/<uuid:pk>/<str:site>/review/",
        supervision.supervision_review,
        name="supervision_review",
    ),
    path(
        "supervision/workers/<uuid:pk>/<str:site>/decide/",
        supervision.supervision_decide,
        name="supervision_decide",
    ),
    path(
        "supervision/workers/<uuid:pk>/<str:site>/sign/",
        supervision.supervision_sign,
        name="supervision_sign",
    ),
    path("fidelity/", fidelity.fidelity_page, name="fidelity"),
    path("supervision/approvals/", approvals.approval_list, name="approval_list"),
    path("supervision/approvals/<int:pk>/", approvals.approval_detail, name="approval_detail"),
    path("supervision/away/", delegation.delegation_list, name="delegation_list"),
    path("supervision/away/<int:pk>/end/", delegation.delegation_end, name="delegation_end"),
]
