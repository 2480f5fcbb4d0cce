import json
import os
from datetime import UTC
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ceasefire.audit.models import AuditEvent


class Command(BaseCommand):
    help = (
        "Write the head of the audit trail as JSON {seq, hash, at}. Kept on another machine, it"
        " lets `verify_audit --head` find a trail that was cut or wholly rewritten."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--output", metavar="FILE", help="written beside and moved into place")

    def handle(self, *args: Any, **options: Any) -> None:
        event = AuditEvent.objects.newest_first().first()
        head = {
            "seq": event.seq if event else 0,
            "hash": bytes(event.hash).hex() if event else "",
            "at": event.at.astimezone(UTC).isoformat() if event else None,
        }
        text = json.dumps(head) + "\n"
        if not options["output"]:
            self.stdout.write(text, ending="")
            return
        path = Path(options["output"])
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with draft.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise CommandError(f"{path}: {error.strerror}.", returncode=1) from error
