"""script/manage verify_rollups [--rebuild]"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ceasefire.database.session import as_system
from incidents.services import rollups

#: So many cells are printed in full.
MOST_PRINTED = 100


class Command(BaseCommand):
    help = (
        "Count all incidents anew and compare with the counts that are kept by week, place and"
        " type. Exit 0: all equal; 1: not, and each cell is printed with what it lacks."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--rebuild", action="store_true", help="set right what differs, and fold; then exit 0"
        )

    def handle(self, *_: Any, **given: Any) -> None:
        number = 0
        with as_system():
            for number, found in enumerate(rollups.differences(), start=1):
                if number <= MOST_PRINTED:
                    cell = " ".join(f"{name}={value}" for name, value in found.cell.items())
                    lacks = ", ".join(f"{name} {value:+}" for name, value in found.missing.items())
                    self.stdout.write(f"by {found.table}: {cell}: {lacks}")
        if number > MOST_PRINTED:
            self.stdout.write(f"… and {number - MOST_PRINTED:,} more")
        if given["rebuild"]:
            with as_system():
                mended = rollups.mend()
            folded = rollups.fold()
            self.stdout.write(f"{mended:,} cells set right, {folded:,} changes folded.")
        elif number:
            raise CommandError(f"{number:,} cells are not as the incidents say.", returncode=1)
        else:
            self.stdout.write("Every count is as the incidents say.")
