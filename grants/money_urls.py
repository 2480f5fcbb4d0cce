"""Payments, the ledger, tranches, funds, rules, seats and rates."""

from django.urls import URLPattern, path

from grants.views import checks, funds, money, payments, rates

RULE, SEAT = {"kind": "rule"}, {"kind": "seat"}

urlpatterns: list[URLPattern] = [
    path("<ref:ref>/money/", money.grant_money, name="grant_money"),
    path("<ref:ref>/money/tranches/", money.money_tranches, name="money_tranches"),
    path("<ref:ref>/money/ask/", money.money_ask, name="money_ask"),
    path("<ref:ref>/money/expense/", money.money_expense, name="money_expense"),
    path("<ref:ref>/money/refund/", money.money_refund, name="money_refund"),
    path("<ref:ref>/money/obligate/", money.money_obligate, name="money_obligate"),
    path("<ref:ref>/money/deobligate/", money.money_deobligate, name="money_deobligate"),
    path("<ref:ref>/money/reverse/<int:seq>/", money.money_reverse, name="money_reverse"),
    path("payments/", payments.payment_list, name="payment_list"),
    path("payments/odd/", payments.payment_anomalies, name="payment_anomalies"),
    path("payments/stops/", payments.stop_list, name="stop_list"),
    path("payments/stops/new/", payments.stop_new, name="stop_new"),
    path("payments/stops/<uuid:pk>/lift/", payments.stop_ask_lift, name="stop_ask_lift"),
    path("payments/stops/<uuid:pk>/", payments.stop_settle, name="stop_settle"),
    path("payments/<uuid:pk>/", payments.payment_detail, name="payment_detail"),
    path("payments/<uuid:pk>/certify/", payments.payment_certify, name="payment_certify"),
    path("payments/<uuid:pk>/refuse/", payments.payment_refuse, name="payment_refuse"),
    path("payments/<uuid:pk>/pay/", payments.payment_pay, name="payment_pay"),
    path("funds/", funds.fund_list, name="fund_list"),
    path("funds/new/", funds.fund_new, name="fund_new"),
    path("funds/<slug:code>/", funds.fund_detail, name="fund_detail"),
    path("funds/<slug:code>/change/", funds.fund_change, name="fund_change"),
    path("funds/<slug:code>/ceiling/", funds.fund_ceiling, name="fund_ceiling"),
    path("funds/<slug:code>/rules/new/", funds.rule_new, name="rule_new"),
    path("funds/<slug:code>/seats/new/", funds.seat_new, name="seat_new"),
    path("funds/<slug:code>/what-if/", funds.rule_what_if, name="rule_what_if"),
    path("rules/<uuid:pk>/confirm/", funds.proposal_confirm, RULE, name="rule_confirm"),
    path("rules/<uuid:pk>/refuse/", funds.proposal_refuse, RULE, name="rule_refuse"),
    path("rules/<uuid:pk>/end/", funds.proposal_end, RULE, name="rule_end"),
    path("seats/<uuid:pk>/confirm/", funds.proposal_confirm, SEAT, name="seat_confirm"),
    path("seats/<uuid:pk>/refuse/", funds.proposal_refuse, SEAT, name="seat_refuse"),
    path("seats/<uuid:pk>/end/", funds.proposal_end, SEAT, name="seat_end"),
    path("rates/", rates.rate_list, name="rate_list"),
    path("rates/new/", rates.rate_new, name="rate_new"),
    path("rates/<uuid:pk>/confirm/", rates.rate_confirm, name="rate_confirm"),
    path("rates/<uuid:pk>/withdraw/", rates.rate_withdraw, name="rate_withdraw"),
    path("ledger/", checks.ledger_check_list, name="ledger_check_list"),
    path("ledger/check/", checks.ledger_check_now, name="ledger_check_now"),
]
