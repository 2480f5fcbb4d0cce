"""script/manage rebuild_search [--after KEY] [--check] [--prune]"""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from incidents.models import Incident
from incidents.services import search


class Command(BaseCommand):
    help = "Write anew the words by which incidents are found, while people go on working."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--after", type=UUID, help="go on after this key, as an earlier run said"
        )
        parser.add_argument(
            "--check", action="store_true", help="write nothing; exit code 1 where words are wrong"
        )
        parser.add_argument(
            "--prune", action="store_true", help="forget words that no incident holds any more"
        )

    def handle(self, *_: Any, **given: Any) -> None:
        if given["prune"] and (given["after"] or given["check"]):
            raise CommandError("--prune needs to see every incident and may not only check.")
        total = Incident.objects.count()
        seen: set[str] | None = set() if given["prune"] else None
        done = search.Done(last=given["after"])
        told = 0
        try:
            for done in search.rebuild(after=given["after"], write=not given["check"], seen=seen):
                if done.read - told >= 20_000:
                    told = done.read
                    self.stdout.write(f"{done.read:,} of {total:,}, {done.changed:,} changed")
        except BaseException:
            if done.last is not None:
                self.stderr.write(f"Stopped. Go on with: rebuild_search --after {done.last}")
            raise
        verb = "differ" if given["check"] else "were written anew"
        self.stdout.write(f"{done.read:,} incidents read, {done.changed:,} {verb}.")
        if seen is not None:
            self.stdout.write(f"{search.prune(seen):,} words forgotten.")
        if given["check"] and done.changed:
            raise CommandError("The words of some incidents are not as they should be.")
