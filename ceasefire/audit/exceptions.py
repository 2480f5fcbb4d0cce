"""What the audit trail refuses."""


class AuditRefusal(ValueError):
    """An event that may not be written as it is."""


class UnsafeDetail(AuditRefusal):
    """`detail` or `fields` hold something other than codes and numbers."""


class AppendOnly(AuditRefusal):
    """An event is written by `audit.record` and never changed."""
