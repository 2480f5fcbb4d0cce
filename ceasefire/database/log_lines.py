"""Log lines that say where something failed, and never with whose words.

The message of an exception can quote what was typed or read (a constraint names the value, a form
the note), and a log is copied, mailed and backed up. So an exception is logged as its class and the
places it passed, nothing else.
"""

import logging
import re
import traceback
from types import TracebackType

ExceptionInfo = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)


#: The part of an address that lets whoever has it choose somebody's password.
_ONE_TIME_LINK = re.compile(r"(/password/new/)[^/\s]+")

#: What was asked for in an address: a search can be a name.
_QUERY = re.compile(r"(/[^\s?]*)\?\S+")


class CarefulFormatter(logging.Formatter):
    """Formats an exception as class names and `file:line in function`, without any message.

    Django and gunicorn name the address of a request that failed: a one-time link and what was
    searched for are cut out of it.
    """

    def formatException(self, ei: ExceptionInfo) -> str:  # noqa: N802 - the name is logging's
        lines: list[str] = []
        error = ei[1]
        seen: set[int] = set()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            lines.append(f"{type(error).__module__}.{type(error).__qualname__}")
            lines += [
                f"  {frame.filename}:{frame.lineno} in {frame.name}"
                for frame in traceback.extract_tb(error.__traceback__)
            ]
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\n".join(lines)

    def format(self, record: logging.LogRecord) -> str:
        # A handler before this one may have kept the careless text of the exception.
        record.exc_text = None
        line = _ONE_TIME_LINK.sub(r"\1-", super().format(record))
        return _QUERY.sub(r"\1", line)
