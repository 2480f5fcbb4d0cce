from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from ceasefire.oversight import describe


class Command(BaseCommand):
    help = (
        "Write the data dictionary: every table with its rights, every field with purpose and "
        "retention where it is personal. Exit 1: a field says neither, or --check found a change."
    )
    #: Reads models and migrations; a database need not be there.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--output", metavar="FILE", help="default: docs/data-dictionary.md")
        parser.add_argument("--check", action="store_true", help="compare only, write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        for name in describe.unspoken():
            self.stderr.write(f"{name}: say in ceasefire/oversight/dictionary.py what it is.")
        for name in describe.stale():
            self.stderr.write(f"{name}: no such field; take it out of the dictionary.")
        if describe.unspoken() or describe.stale():
            raise CommandError("The dictionary is not complete.", returncode=1)
        path = Path(options["output"] or settings.BASE_DIR / "docs" / "data-dictionary.md")
        text = describe.page()
        try:
            if options["check"]:
                if not path.exists() or path.read_text(encoding="utf-8") != text:
                    raise CommandError(f"{path} is out of date: run data_dictionary.", returncode=1)
                return
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}.", returncode=1) from error
        self.stdout.write(str(path))
