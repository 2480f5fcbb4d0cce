import argparse
import os
import tempfile
import time
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ceasefire import audit, periods
from ceasefire.database.session import as_system
from ceasefire.places.models import Place
from grants.models import Fund, PublishedFile, Sector, State
from grants.reports import documents, federal, snapshots
from grants.reports.columns import REPORTS
from grants.services import publishing

#: What is published of a fund: slug -> format -> kind of file.
PUBLISHED = {
    "iati": {"xml": PublishedFile.Kind.IATI},
    "360giving": {"json": PublishedFile.Kind.JSON, "csv": PublishedFile.Kind.CSV},
}
FORMATS = ("csv", "xlsx", "pdf", "json")


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day: write YYYY-MM-DD") from None


class Command(BaseCommand):
    help = (
        "Write a report of grants to a file, by the writers of the pages. A report becomes a"
        " numbered run, as on the page; of iati and 360giving the newest file that was issued for"
        " --fund is written. Slugs: "
        + ", ".join([*REPORTS, federal.SLUG, *PUBLISHED])
        + ". Exit 0: done; 1: there is nothing that may be issued; 2: wrong arguments."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "slug", metavar="SLUG", choices=[*REPORTS, federal.SLUG, *PUBLISHED], help="which one"
        )
        parser.add_argument("--format", required=True, choices=[*FORMATS, "control", "xml"])
        parser.add_argument("--output", metavar="FILE", required=True)
        parser.add_argument("--fund", metavar="CODE", help="one fund only")
        parser.add_argument("--district", metavar="PCODE", help="one district only")
        parser.add_argument("--state", metavar="STATE", help="one state only, such as ACTIVE")
        parser.add_argument("--sector", metavar="CODE", help="one DAC code only, such as 15220")
        parser.add_argument("--from", type=_day, metavar="DATE", help="first day, YYYY-MM-DD")
        parser.add_argument("--to", type=_day, metavar="DATE", help="last day, YYYY-MM-DD")
        parser.add_argument("--run", type=int, metavar="N", help="an old run, as it stood")
        parser.add_argument("--language", choices=["en", "ar"], default="en")
        parser.add_argument(
            "--digits", choices=["western", "arabic"], default="western", help="of an Arabic PDF"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        target = Path(options["output"])
        slug, format = options["slug"], options["format"]
        self._known(options)
        with as_system():
            if slug in PUBLISHED:
                parts: Iterable[bytes] = self._published(slug, format, options)
                _write(target, parts)
                return
            run = self._run(slug, options)
            known = (*FORMATS, "control") if slug in REPORTS else documents.FORMATS[slug]
            if format not in known:
                raise CommandError(f"{slug} is not made as {format}.", returncode=2)
            file = snapshots.make_file(
                run,
                format,
                language=options["language"],
                digits=options["digits"],
                progress=self._progress("rows written"),
            )
            audit.record(
                "grant_report.taken",
                subject=run,
                detail={
                    "report": slug,
                    "number": run.number,
                    "format": file.format,
                    "language": file.language,
                    "sha256": file.sha256,
                },
            )
            _write(target, snapshots.pieces_of(file))
        self.stderr.write(f"run {run.number}, {run.rows} rows")

    def _known(self, options: dict[str, Any]) -> None:
        """Refuse a filter that means nothing, which else came to an empty file."""
        checks = {
            "fund": lambda code: Fund.objects.filter(code=code).exists(),
            "district": lambda code: Place.objects.filter(pcode=code, level="district").exists(),
            "state": lambda code: code in State.values,
            "sector": lambda code: code in Sector.values,
        }
        for name, is_known in checks.items():
            if options[name] and not is_known(options[name]):
                raise CommandError(f"No {name} {options[name]}.", returncode=2)
        if options["from"] and options["to"] and options["to"] < options["from"]:
            raise CommandError("--to comes before --from.", returncode=2)

    def _run(self, slug: str, options: dict[str, Any]) -> Any:
        if options["run"]:
            found = snapshots.ReportRun.objects.filter(number=options["run"], report=slug).first()
            if found is None:
                raise CommandError(f"No run {options['run']} of {slug}.", returncode=2)
            return found
        filters = {
            name: options[name]
            for name in ("fund", "district", "state", "sector", "from", "to")
            if options[name]
        }
        if slug != federal.SLUG:
            return snapshots.take(slug, filters, progress=self._progress("rows read"))
        if not options["fund"]:
            raise CommandError("A worksheet is made of one fund: --fund CODE.", returncode=2)
        content = federal.worksheet(
            Fund.objects.get(code=options["fund"]),
            since=date.fromisoformat(options["from"]) if options["from"] else None,
            until=date.fromisoformat(options["to"]) if options["to"] else periods.today(),
        )
        asked = {"fund": options["fund"], "from": content["from"], "to": content["to"]}
        return snapshots.take_document(slug, asked, content)

    def _published(self, slug: str, format: str, options: dict[str, Any]) -> Iterable[bytes]:
        if format not in PUBLISHED[slug]:
            raise CommandError(f"{slug} is not made as {format}.", returncode=2)
        if not options["fund"]:
            raise CommandError("One file is issued a fund: --fund CODE.", returncode=2)
        file = (
            PublishedFile.objects.filter(
                kind=PUBLISHED[slug][format],
                fund__code=options["fund"],
                state=PublishedFile.State.ISSUED,
            )
            .order_by("-number")
            .first()
        )
        pieces = publishing.pieces_of(file) if file is not None else None
        if pieces is None:
            raise CommandError("No file of this fund was issued.", returncode=1)
        return pieces

    def _progress(self, what: str) -> Any:
        began, shown = time.monotonic(), self.stderr.isatty()

        def progress(done: int) -> None:
            if shown and time.monotonic() - began > 1:
                self.stderr.write(f"\r{done} {what}", ending="")

        return progress


def _write(target: Path, parts: Iterable[bytes]) -> None:
    """Write beside the place and move it there when whole."""
    try:
        handle, beside = tempfile.mkstemp(dir=target.parent, prefix=".part-")
    except OSError as error:
        raise CommandError(f"{target}: {error.strerror}.", returncode=2) from error
    try:
        with os.fdopen(handle, "wb") as out:
            out.writelines(parts)
        os.chmod(beside, 0o600)
        os.replace(beside, target)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
