from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ceasefire.vault import elsewhere, services
from ceasefire.vault.keys import keyring


class Command(BaseCommand):
    help = (
        "Seal everything anew under the last key of the key file, in batches that are committed one"
        " by one: it may be killed at any time and run again. Prints how many fields each key"
        " seals; an old key may leave the file once it seals none. Exit 1: something is left."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="count only, change nothing")
        parser.add_argument(
            "--batch",
            type=int,
            default=services.ROTATION_BATCH,
            metavar="N",
            help="fields in a batch (500)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["batch"] < 1:
            raise CommandError("--batch is at least 1.", returncode=2)
        broken: list[str] = []
        if not options["check"]:
            broken = services.rotate(batch=options["batch"], progress=self._progress).broken
            for place in elsewhere.places():
                broken += place.rotate()
        current = keyring().current
        counts = {current: 0, **services.counts_by_key()}
        for place in elsewhere.places():
            for key_id, number in place.counts().items():
                counts[key_id] = counts.get(key_id, 0) + number
        for key_id, number in counts.items():
            mark = "  (current)" if key_id == current else ""
            self.stdout.write(f"{key_id or 'not sealed'}: {number}{mark}")
        for where in broken:
            self.stderr.write(where)
        left = sum(counts.values()) - counts[current]
        if left:
            raise CommandError(f"{left} fields are sealed under an older key.", returncode=1)

    def _progress(self, moved: int) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{moved}", ending="")
