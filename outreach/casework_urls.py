"""The addresses of needs, plan, referrals, notes, transfers and the handover."""

from django.urls import path

from outreach.views import casework, transfers

CASE = "participants/<str:code>"

urlpatterns = [
    path(f"{CASE}/needs/", casework.needs_list, name="needs_list"),
    path(f"{CASE}/needs/new/", casework.needs_new, name="needs_new"),
    path(f"{CASE}/plan/", casework.plan_detail, name="plan_detail"),
    path(f"{CASE}/plan/new/", casework.goal_new, name="goal_new"),
    path(f"{CASE}/plan/ask/", casework.plan_ask, name="plan_ask"),
    path(f"{CASE}/plan/take-back/", casework.plan_take_back, name="plan_take_back"),
    path(f"{CASE}/plan/review/", casework.plan_review, name="plan_review"),
    path(f"{CASE}/plan/<uuid:pk>/end/", casework.goal_end, name="goal_end"),
    path(f"{CASE}/referrals/", casework.referral_list, name="referral_list"),
    path(f"{CASE}/referrals/new/", casework.referral_new, name="referral_new"),
    path(f"{CASE}/referrals/<uuid:pk>/", casework.referral_move, name="referral_move"),
    path(f"{CASE}/notes/", casework.note_list, name="note_list"),
    path(f"{CASE}/notes/new/", casework.note_new, name="note_new"),
    path(f"{CASE}/notes/<uuid:pk>/", casework.note_change, name="note_change"),
    path(f"{CASE}/notes/<uuid:pk>/amend/", casework.note_amend, name="note_amend"),
    path(f"{CASE}/transfer/", transfers.transfer_new, name="transfer_new"),
    path("transfers/", transfers.transfer_list, name="transfer_list"),
    path("transfers/<uuid:pk>/", transfers.transfer_detail, name="transfer_detail"),
    path("transfers/<uuid:pk>/answer/", transfers.transfer_answer, name="transfer_answer"),
    path("transfers/<uuid:pk>/take-back/", transfers.transfer_take_back, name="transfer_take_back"),
    path("handover/", transfers.handover_list, name="handover_list"),
    path("handover/<uuid:pk>/", transfers.handover, name="handover"),
]
