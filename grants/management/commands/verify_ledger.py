from typing import Any

from django.core.management.base import CommandError

from ceasefire.audit.checking import ChainCommand
from grants.services.verification import verify


class Command(ChainCommand):
    help = (
        "Check the ledger from its first posting to its last, then every running sum, limit and"
        " separation of duties. Exit 0: all holds; 1: it does not, and the first broken number or"
        " each sum that drifted is printed; 2: wrong arguments."
    )
    head_help = "an outside copy of the head as JSON {seq, hash}: finds a cut tail too"
    no_head = "holds no head."

    def handle(self, *args: Any, **options: Any) -> None:
        verdict = self.checked(verify, options["head"])
        if verdict.broken is not None:
            self.stdout.write(str(verdict.broken))
        for fault in verdict.faults:
            self.stdout.write(fault)
        if verdict.broken is not None:
            raise CommandError(f"Posting {verdict.broken}: {verdict.why}.", returncode=1)
        if verdict.faults:
            raise CommandError(f"{len(verdict.faults)} sums or limits do not hold.", returncode=1)
        self.stdout.write(f"{verdict.entries} postings, head {verdict.head_hash}")
