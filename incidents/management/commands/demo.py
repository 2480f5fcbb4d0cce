import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ceasefire.database.session import as_system
from incidents.demo.loading import DEFAULT_SEED, DemoRefused, load_demo


class Command(BaseCommand):
    help = (
        "Load the demonstration into an empty database: people, three sites, UCDP events of Basrah"
        " and made-up recent years (docs/demo-data.md). Refuses any other database, and production"
        " mode. Exit 0: done; 1: refused; 2: wrong arguments."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--seed",
            type=int,
            default=DEFAULT_SEED,
            help=f"the same seed on the same day gives the same records (default {DEFAULT_SEED})",
        )
        parser.add_argument(
            "--rows", type=int, help="about how many made-up records (default: some 9,000)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        rows = options["rows"]
        if rows is not None and not 1 <= rows <= 10_000_000:
            raise CommandError("--rows is a number from 1 to 10000000.", returncode=2)
        began = time.monotonic()

        def say(text: str) -> None:
            if self.stderr.isatty():
                self.stderr.write(f"{text} ...")

        try:
            with as_system():
                loaded = load_demo(seed=options["seed"], rows=rows, say=say)
        except DemoRefused as refused:
            raise CommandError(str(refused), returncode=1) from refused
        made_up = ", ".join(f"{number} {code}" for code, number in loaded.made_up.items())
        more = "".join(f", {number} {name}" for name, number in loaded.more.items())
        self.stdout.write(
            f"{loaded.users} accounts, {loaded.history} UCDP events,"
            f" made-up records: {made_up}{more}."
        )
        parts = "".join(f", {name} {took:.1f} s of it" for name, took in loaded.took.items())
        self.stderr.write(f"{time.monotonic() - began:.1f} s{parts}")
