import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ceasefire.audit.verifier import verify


class Command(BaseCommand):
    help = (
        "Check the audit trail from its first event to its last. Exit 0: it holds; 1: it does not,"
        " and the first broken number is printed; 2: wrong arguments."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--head",
            metavar="FILE",
            help="an outside copy of the head, written by audit_head: finds a cut tail too",
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
        if not verdict.whole:
            self.stdout.write(str(verdict.broken))
            raise CommandError(f"Event {verdict.broken}: {verdict.why}.", returncode=1)
        self.stdout.write(f"{verdict.events} events, head {verdict.head_hash}")

    def _head(self, name: str) -> dict[str, Any]:
        try:
            head = json.loads(Path(name).read_text(encoding="utf-8"))
            return {"seq": int(head["seq"]), "hash": bytes.fromhex(head["hash"]).hex()}
        except OSError as error:
            raise CommandError(f"{name}: {error.strerror}.", returncode=2) from error
        except (ValueError, KeyError, TypeError) as error:
            raise CommandError(f"{name} is no file of audit_head.", returncode=2) from error
