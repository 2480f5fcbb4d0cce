"""Columns of money: US dollars to the cent, payments in their own currency to the thousandth."""

from typing import Any

from django.db import models


def usd_field(label: Any = None, **facts: Any) -> models.DecimalField:
    """US dollars, two places; 0 unless said otherwise."""
    if not facts.get("null"):
        facts.setdefault("default", 0)
    return models.DecimalField(label, max_digits=14, decimal_places=2, **facts)


def amount_field(label: Any = None, **facts: Any) -> models.DecimalField:
    """An amount in the currency that stands beside it; dinars have three places (ISO 4217)."""
    return models.DecimalField(label, max_digits=18, decimal_places=3, **facts)


def rate_field(label: Any = None, **facts: Any) -> models.DecimalField:
    """Iraqi dinars for one US dollar, six places."""
    return models.DecimalField(label, max_digits=18, decimal_places=6, **facts)


class Currency(models.TextChoices):
    USD = "USD", "USD"
    IQD = "IQD", "IQD"
