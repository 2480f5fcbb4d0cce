"""Background work of grants, a module for each part; all are found here when a worker starts."""

from grants.tasks import ledger, monitoring, papers, publishing, reports, screening

__all__ = ["ledger", "monitoring", "papers", "publishing", "reports", "screening"]
