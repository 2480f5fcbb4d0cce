"""What the outbox refuses."""

from datetime import datetime


class JobRefusal(ValueError):
    """A job that may not be entered as it is."""


class UnknownKind(JobRefusal):
    """No handler is registered under this kind."""


class UnsafePayload(JobRefusal):
    """A job carries numbers, keys, days and short codes; nothing that could be a name or a note."""


class Cancelled(Exception):
    """Somebody asked for the job to stop; raised by `progress` inside the handler."""


class NotYet(Exception):
    """The job is too early by the clock of this machine; raised by a handler, no failure of its.

    It waits until `until`, at least some minutes, and no attempt is counted.
    """

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until
