"""What the outbox refuses."""


class JobRefusal(ValueError):
    """A job that may not be entered as it is."""


class UnknownKind(JobRefusal):
    """No handler is registered under this kind."""


class UnsafePayload(JobRefusal):
    """A job carries numbers, keys, days and short codes; nothing that could be a name or a note."""


class Cancelled(Exception):
    """Somebody asked for the job to stop; raised by `progress` inside the handler."""
