import argparse
import time
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from ceasefire import audit
from ceasefire.database.session import as_system
from ceasefire.exports import write_csv
from ceasefire.places.models import Place, Site
from incidents import export_files, exports, research
from incidents.forms.exports import FORMATS
from incidents.forms.filters import IncidentFilter
from incidents.management.commands.import_incidents import write_beside
from incidents.models import Incident

FILTERS = ("q", "place", "type", "week", "status", "verification", "site")


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day: write YYYY-MM-DD") from None


class Command(BaseCommand):
    help = (
        "Write incidents to a file, in the columns that import_incidents --format table reads."
        " Drafts are left out; names of sources never leave the vault this way; sensitive incidents"
        " only with --sensitive. Exit 0: done; 2: wrong arguments."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", required=True, choices=list(FORMATS))
        parser.add_argument("--output", metavar="FILE", required=True)
        parser.add_argument("--q", metavar="TEXT", help="words in code, summary or place")
        parser.add_argument("--place", metavar="PCODE", help="a place with all that lies in it")
        parser.add_argument("--type", metavar="CODE", help="incident type, such as MUR")
        parser.add_argument("--week", type=_day, metavar="YYYY-MM-DD", help="any day of the week")
        parser.add_argument("--status", metavar="STATE", help="workflow state, such as accepted")
        parser.add_argument("--verification", metavar="GRADE", help="such as corroborated")
        parser.add_argument("--site", metavar="CODE", help="one site only")
        parser.add_argument("--sensitive", action="store_true", help="sensitive incidents as well")
        parser.add_argument("--hxl", action="store_true", help="HXL tags in the second row")
        parser.add_argument(
            "--labels", choices=["codes", "words"], default="", help="codes, or words for people"
        )
        parser.add_argument(
            "--language", choices=["en", "ar"], default="en", help="labels of an XLSX"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        target = Path(options["output"])
        given = {name: options[name] for name in FILTERS if options[name]}
        with as_system(), translation.override(options["language"]):
            incidents = self._filtered(given, sensitive=options["sensitive"])
            if options["format"].startswith("acled"):
                number = research.fit(incidents).count()
            else:
                number = incidents.count()
            audit.record(
                "incident.exported",
                detail={
                    "format": options["format"],
                    "rows": number,
                    "filters": export_files.in_trail(
                        {name: value for name, value in given.items() if name != "q"},
                        searched="q" in given,
                    ),
                    "sensitive": options["sensitive"],
                },
            )
            self._write(target, options, incidents, number)
        self.stderr.write(f"{number} incidents")

    def _filtered(self, given: dict[str, str], *, sensitive: bool) -> Any:
        sites = list(Site.objects.all())
        if "site" in given and given["site"] not in {site.code for site in sites}:
            raise CommandError(f"No site {given['site']}.", returncode=2)
        places = list(Place.objects.filter(pcode__iexact=given.get("place", "")).defer("geometry"))
        form = IncidentFilter(given, user=None, sites=sites, places=places)
        if not form.is_valid():
            faults = [f"{name}: {text}" for name, found in form.errors.items() for text in found]
            raise CommandError(" ".join(faults), returncode=2)
        incidents = (
            Incident.objects.all() if sensitive else Incident.objects.filter(is_sensitive=False)
        )
        if "site" in given and "site" not in form.fields:
            incidents = incidents.filter(site__code=given["site"])
        return exports.rows(form.apply(incidents))

    def _write(self, target: Path, options: dict[str, Any], incidents: Any, number: int) -> None:
        began, shown = time.monotonic(), self.stderr.isatty()

        def progress(done: int) -> None:
            if shown and time.monotonic() - began > 1:
                self.stderr.write(f"\r{done} of {number}", ending="\n" if done == number else "")

        format, hxl = options["format"], options["hxl"]
        if format == "csv":
            columns, header = exports.layout(options["labels"])
            parts = write_csv(
                columns,
                exports.slim(incidents),
                header=header or "key",  # type: ignore[arg-type]
                tags=hxl,
                progress=progress,
            )
            write_beside(target, parts)
        elif format == "acled":
            events = research.rows(incidents)
            write_beside(target, write_csv(research.COLUMNS, events, tags=hxl, progress=progress))
        elif format == "geojson":
            write_beside(target, exports.write_geojson(incidents))
        else:
            if not target.parent.is_dir():
                raise CommandError(f"{target}: no such folder.", returncode=2)
            export_files.write_workbook(
                format,
                incidents,
                target,
                options={"hxl": hxl, "labels": options["labels"]},
                language=options["language"],
                progress=progress,
            )
