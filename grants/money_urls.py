"""Payments, the ledger, tranches, funds, rules, seats and rates."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
