"""Code lists as rows, in two languages, never renumbered; and the human record numbers."""

from ceasefire.codes.services import choices, label, next_number, reserve_numbers

__all__ = ["choices", "label", "next_number", "reserve_numbers"]
