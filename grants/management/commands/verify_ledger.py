import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from grants.services.verification import verify


class Command(BaseCommand):
    help = (
        "Check the ledger from its first posting to its last, then every running sum, limit and"
        " separation of duties. Exit 0: all holds; 1: it does not, and the first broken number or"
        " each sum that drifted is printed; 2: wrong arguments."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--head",
            metavar="FILE",
            help="an outside copy of the head as JSON {seq, hash}: finds a cut tail too",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        head = self._head(options["head"]) if options["head"] else None
        show = self.stderr.isatty()

        def progress(seq: int) -> None:
            if show:
                self.stderr.write(f"\r{seq}", ending="")

        verdict = verify(head, progress=progress)
        if show:
            self.stderr.write("")
        if verdict.broken is not None:
            self.stdout.write(str(verdict.broken))
        for fault in verdict.faults:
            self.stdout.write(fault)
        if verdict.broken is not None:
            raise CommandError(f"Posting {verdict.broken}: {verdict.why}.", returncode=1)
        if verdict.faults:
            raise CommandError(f"{len(verdict.faults)} sums or limits do not hold.", returncode=1)
        self.stdout.write(f"{verdict.entries} postings, head {verdict.head_hash}")

    def _head(self, name: str) -> dict[str, Any]:
        try:
            head = json.loads(Path(name).read_text(encoding="utf-8"))
            return {"seq": int(head["seq"]), "hash": bytes.fromhex(head["hash"]).hex()}
        except OSError as error:
            raise CommandError(f"{name}: {error.strerror}.", returncode=2) from error
        except (ValueError, KeyError, TypeError) as error:
            raise CommandError(f"{name} holds no head.", returncode=2) from error
