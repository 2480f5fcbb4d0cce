"""Payments, the ledger, tranches, funds, rules, seats and rates."""

from django.urls import URLPattern, path

from grants.views import funds, money, payments

urlpatterns: list[URLPattern] = [
    path("<ref:ref>/money/", money.grant_money, name="grant_money"),
    path("payments/", payments.payment_list, name="payment_list"),
    path("funds/", funds.fund_list, name="fund_list"),
]
