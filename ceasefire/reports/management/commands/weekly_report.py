"""The weekly report of a site, on standard output or in a file."""

import argparse
import json
import os
import sys
import tempfile
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template.loader import render_to_string
from django.utils import translation

from ceasefire.database.session import as_system
from ceasefire.periods import Week
from ceasefire.places.models import Site
from ceasefire.reports import services
from ceasefire.reports.editions import Edition, edition_of
from ceasefire.reports.exceptions import NotCovered, ReportRefusal, WeekNotOver
from ceasefire.reports.exports import report_file
from ceasefire.reports.models import Audience
from ceasefire.reports.presentation import ReportPage

REASONS: dict[type[ReportRefusal], str] = {
    WeekNotOver: "the week is not over yet",
    NotCovered: "the site recorded nothing in that week: it is missing, not zero",
}

NOT_KEPT = "the approved report is from before open versions were kept; correct it for one"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day: write YYYY-MM-DD") from None


class Command(BaseCommand):
    help = (
        "Compile the weekly violence-trend report of a site, or return the approved one, and write "
        "it to standard output or a file. The same verb as the background job. Exit code: 0 done, "
        "1 refused (week not over, nothing recorded), 2 wrong arguments."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--week",
            required=True,
            type=_day,
            metavar="YYYY-MM-DD",
            help="any day of the week; weeks begin on the site's own weekday (Sunday as a rule)",
        )
        parser.add_argument(
            "--site",
            metavar="CODE",
            help="the site's code; without it every site that recorded in that week, which only"
            " json can hold when there are several (a list)",
        )
        parser.add_argument(
            "--format",
            choices=["json", "html", "pdf", "xlsx"],
            default="json",
            help="json is the published document, byte for byte what its checksum was taken of",
        )
        parser.add_argument(
            "--language", choices=["en", "ar"], default="en", help="of sentences and labels"
        )
        parser.add_argument(
            "--audience",
            choices=list(Audience.values),
            default=Audience.FULL,
            help="full counts sexual violence, minors and staff, for supervisors and managers only;"
            " open leaves them out, for all staff of the site",
        )
        parser.add_argument(
            "--output", type=Path, metavar="FILE", help="write here, beside it first, then in place"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        output: Path | None = options["output"]
        if output is None and options["format"] in ("pdf", "xlsx") and sys.stdout.isatty():
            raise CommandError("A terminal can not show this; say --output FILE.", returncode=2)
        if output is not None and not output.absolute().parent.is_dir():
            raise CommandError(f"There is no folder {output.absolute().parent}.", returncode=2)
        with as_system():
            reports = self._reports(options["site"], options["week"], Audience(options["audience"]))
            if len(reports) > 1 and options["format"] != "json":
                raise CommandError(
                    "Several sites recorded in that week; say --site CODE.", returncode=2
                )
            content = self._content(reports, options["format"], options["language"])
        if output is not None:
            _write_whole(output, content)
        elif options["format"] in ("json", "html"):
            self.stdout.write(content.decode(), ending="")
        else:
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()

    def _reports(self, code: str | None, day: date, audience: Audience) -> list[Edition]:
        sites = list(Site.objects.filter(code=code) if code else Site.objects.all())
        if not sites:
            known = ", ".join(Site.objects.values_list("code", flat=True)) or "none yet"
            raise CommandError(
                f"There is no site {code}. Sites: {known}." if code else "There is no site yet.",
                returncode=2,
            )
        reports, refusals = [], []
        for site in sites:
            week = Week.of(day, site.week_start)
            if self.stderr.isatty():
                self.stderr.write(f"{site.code}, week of {week} ...")
            try:
                report = services.compile_week(site=site, week_start=week.start)
            except (WeekNotOver, NotCovered) as refusal:
                refusals.append(f"{site.code}, week of {week}: {REASONS[type(refusal)]}.")
                continue
            edition = edition_of(report, audience)
            if edition is None:
                refusals.append(f"{site.code}, week of {week}: {NOT_KEPT}.")
            elif audience == Audience.OPEN and not report.is_open:
                refusals.append(f"{site.code}, week of {week}: {REASONS[NotCovered]}.")
            else:
                reports.append(edition)
        if not reports:
            raise CommandError("\n".join(refusals), returncode=1)
        return reports

    def _content(self, reports: list[Edition], kind: str, language: str) -> bytes:
        if kind == "html":
            return _as_html(reports[0], language)
        files = [report_file(report, kind, language)[0] for report in reports]
        if len(files) == 1:
            return files[0]
        documents = [json.loads(file) for file in files]
        return json.dumps(documents, ensure_ascii=False, sort_keys=True).encode() + b"\n"


def _as_html(edition: Edition, language: str) -> bytes:
    """The page as one file that needs nothing beside it."""
    found = finders.find("css/site.css")
    with translation.override(language):
        page = render_to_string(
            "reports/report_document.html",
            {
                "report": edition.report,
                "page": ReportPage(edition),
                "language": language,
                "direction": "rtl" if translation.get_language_bidi() else "ltr",
            },
        )
    style = Path(found).read_text(encoding="utf-8") if found else ""
    return page.replace("</head>", f"<style>{style}</style>\n</head>", 1).encode()


def _write_whole(output: Path, content: bytes) -> None:
    handle, beside = tempfile.mkstemp(dir=output.absolute().parent, prefix=".report-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(beside, output)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(beside)
        raise
