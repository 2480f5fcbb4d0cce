from typing import Any

from django.core.management.base import CommandError

from ceasefire.audit.checking import ChainCommand
from ceasefire.audit.verifier import verify


class Command(ChainCommand):
    help = (
        "Check the audit trail from its first event to its last. Exit 0: it holds; 1: it does not,"
        " and the first broken number is printed; 2: wrong arguments."
    )
    head_help = "an outside copy of the head, written by audit_head: finds a cut tail too"
    no_head = "is no file of audit_head."

    def handle(self, *args: Any, **options: Any) -> None:
        verdict = self.checked(verify, options["head"])
        if not verdict.whole:
            self.stdout.write(str(verdict.broken))
            raise CommandError(f"Event {verdict.broken}: {verdict.why}.", returncode=1)
        self.stdout.write(f"{verdict.events} events, head {verdict.head_hash}")
