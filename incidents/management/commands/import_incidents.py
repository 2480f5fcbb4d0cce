import json
import os
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ceasefire.database.session import as_system
from ceasefire.exports import Column, write_csv
from ceasefire.places.models import Site
from incidents import importing
from incidents.models import ImportBatch

#: So many refusals and remarks are said on the terminal; `--rejects` holds them all.
SAID = 20
REJECT_COLUMNS = (
    Column("row", "row", "int"),
    Column("column", "column"),
    Column("reason", "reason"),
    Column("value", "value"),
)


class Command(BaseCommand):
    help = (
        "Read a CSV file of incidents in: all rows or none, unless --skip-rejected. A row that was"
        " imported before is left alone or updated, never doubled. The last line of output is JSON:"
        ' {"read": 0, "created": 0, "updated": 0, "unchanged": 0, "rejected": 0}. Exit 0: done;'
        " 1: refused, or done without the rejected rows; 2: wrong arguments."
        " The formats are told in docs/import.md."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="the CSV file; - reads standard input")
        parser.add_argument(
            "--format",
            required=True,
            choices=ImportBatch.Format.values,
            help="ucdp-ged: UCDP GED as published; acled: ACLED as downloaded; table: our own",
        )
        parser.add_argument(
            "--site",
            metavar="CODE",
            help="the site that the rows belong to; without it a table names it row by row, and"
            " the rows of UCDP and ACLED go to a read-only site of that list",
        )
        parser.add_argument(
            "--sensitive",
            action="store_true",
            help="rows may concern minors or staff: hide all from who may not see such records",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be done, write nothing"
        )
        parser.add_argument(
            "--skip-rejected", action="store_true", help="take the good rows and leave the others"
        )
        parser.add_argument(
            "--rejects",
            metavar="FILE",
            help="write every refusal there as CSV: row, column, reason",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        content = self._content(options["file"])
        with as_system():
            site = self._site(options["site"])
            outcome = importing.import_file(
                content,
                format=options["format"],
                site=site,
                by=None,
                all_sensitive=options["sensitive"],
                skip_rejected=options["skip_rejected"],
                dry_run=options["dry_run"],
                progress=self._progress(),
            )
        self._say("note", outcome.warnings)
        self._say("rejected", outcome.problems)
        if options["rejects"]:
            self._write(Path(options["rejects"]), outcome.problems)
        refused = bool(outcome.problems) and not outcome.done
        if options["dry_run"]:
            self.stderr.write("Dry run: nothing was written.")
        elif refused:
            self.stderr.write("Nothing was imported. Mend the file, or use --skip-rejected.")
        self.stdout.write(json.dumps(outcome.counts()))
        if outcome.problems:
            raise CommandError(
                f"{len(outcome.problems)} fault(s) in {outcome.rejected or 'the head of'} "
                f"{'row(s)' if outcome.rejected else 'the file'}.",
                returncode=1,
            )

    def _content(self, name: str) -> bytes:
        try:
            if name == "-":
                import sys

                return sys.stdin.buffer.read()
            return Path(name).read_bytes()
        except OSError as error:
            raise CommandError(f"{name}: {error.strerror}.", returncode=2) from error

    def _site(self, code: str | None) -> Site | None:
        if code is None:
            return None
        site = Site.objects.filter(code__iexact=code).first()
        if site is None:
            known = ", ".join(Site.objects.values_list("code", flat=True)) or "none yet"
            raise CommandError(f"No site {code}. Known: {known}.", returncode=2)
        return site

    def _progress(self) -> Any:
        """How far it is, on a terminal, for anything over a second."""
        began, shown = time.monotonic(), self.stderr.isatty()

        def progress(done: int, total: int) -> None:
            if shown and time.monotonic() - began > 1:
                self.stderr.write(
                    f"\r{100 * done // total} %", ending="\n" if done == total else ""
                )

        return progress

    def _say(self, kind: str, found: list[importing.Problem]) -> None:
        for one in found[:SAID]:
            where = f"row {one.row}" + (f", {one.column}" if one.column else "")
            value = f" ({one.value})" if one.value else ""
            self.stderr.write(f"{kind}: {where}: {one.reason}{value}")
        if len(found) > SAID:
            self.stderr.write(f"{kind}: and {len(found) - SAID} more")

    def _write(self, target: Path, found: list[importing.Problem]) -> None:
        write_beside(target, write_csv(REJECT_COLUMNS, found))


def write_beside(target: Path, parts: Iterable[bytes]) -> None:
    """Write a file beside its place and move it there when it is whole."""
    try:
        handle, beside = tempfile.mkstemp(dir=target.parent, prefix=".part-")
    except OSError as error:
        raise CommandError(f"{target}: {error.strerror}.", returncode=2) from error
    try:
        with os.fdopen(handle, "wb") as out:
            for part in parts:
                out.write(part)
        os.chmod(beside, 0o600)
        os.replace(beside, target)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
