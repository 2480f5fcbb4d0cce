"""What ends a start with one line."""


class StartFault(Exception):
    """The program can not start; the text names the fault and the mend in one line."""


class Stopping(Exception):
    """Someone asked for a stop while something was being waited for."""
