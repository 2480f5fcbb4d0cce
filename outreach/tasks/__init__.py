"""Background work of outreach, a module for each part; all are found here when a worker starts."""

from outreach.tasks import casework, conflicts, consent, fieldwork

__all__ = ["casework", "conflicts", "consent", "fieldwork"]
