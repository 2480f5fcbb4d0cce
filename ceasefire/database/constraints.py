"""Constraints that more than one table holds."""

from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db.models import F, Func


def never_overlapping(
    name: str, *same: str, begin: str, end: str, condition: Any = None
) -> ExclusionConstraint:
    """Rows that agree in the columns `same` have no day in common; an open `end` never ends.

    Days are half-open: `end` itself is free again. With `condition` only rows that meet it count.
    """
    days = Func(F(begin), F(end), function="daterange", output_field=DateRangeField())
    return ExclusionConstraint(
        name=name,
        expressions=[
            *((column, RangeOperators.EQUAL) for column in same),
            (days, RangeOperators.OVERLAPS),
        ],
        condition=condition,
    )
