"""``python -m ceasefire.local [serve]`` and ``python -m ceasefire.local services -- COMMAND``."""

from __future__ import annotations

import argparse
import os
import sys

from ceasefire.local.faults import StartFault
from ceasefire.local.supervisor import Supervisor, run_with_services


def main(arguments: list[str] | None = None) -> int:
    """Read the command line and run; every fault of a start is one line."""
    parser = argparse.ArgumentParser(
        prog="python -m ceasefire.local",
        description="Starts Ceasefire with all it needs, or only the services for a command.",
    )
    parts = parser.add_subparsers(dest="part")
    parts.add_parser("serve", help="database, web, worker and beat (what script/server runs)")
    services = parts.add_parser(
        "services", help="only PostgreSQL and Valkey, for the time of one command"
    )
    services.add_argument(
        "--throw-away",
        action="store_true",
        help="in a new data folder under var/test, taken away at the end",
    )
    services.add_argument(
        "--no-flush",
        action="store_true",
        help="the database does not wait for the disk: quick, and lost with the machine; for tests"
        " alone, so only with --throw-away",
    )
    services.add_argument("command", nargs=argparse.REMAINDER, help="-- COMMAND [arguments]")
    given = parser.parse_args(arguments)
    try:
        if given.part == "services":
            command = given.command[1:] if given.command[:1] == ["--"] else given.command
            if not command:
                services.error("name the command after --")
            if given.no_flush and not given.throw_away:
                services.error("--no-flush goes with --throw-away alone")
            return run_with_services(
                command, os.environ, throw_away=given.throw_away, flushes=not given.no_flush
            )
        return Supervisor(os.environ).run()
    except StartFault as fault:
        print(f"ceasefire: {fault}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
