#!/usr/bin/env python3
"""Django's command line. `migrate` signs in as the database's owner, all else as the program."""

import os
import sys

#: Commands that change the schema: they need the owner's sign-in, which web and worker never use.
OWNER_COMMANDS = {"migrate"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ceasefire.settings")
    if len(sys.argv) > 1 and sys.argv[1] in OWNER_COMMANDS:
        os.environ["CEASEFIRE_AS_OWNER"] = "1"

    from ceasefire.local import guard

    guard.assert_safe_to_start(sys.argv[1] if len(sys.argv) > 1 else "help")

    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
