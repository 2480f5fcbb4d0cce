"""What the commands share that check a chain from its first row to its last."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser


class ChainCommand(BaseCommand):
    """Checks a chain, beside an outside copy of its head where there is one.

    Exit 0 where it holds, 1 where it does not, 2 for wrong arguments.
    """

    #: What the file of `--head` is, and what is said of one that is not.
    head_help = ""
    no_head = ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--head", metavar="FILE", help=self.head_help)

    def checked(self, verify: Callable[..., Any], head: str | None) -> Any:
        """The verdict of `verify(head, progress=...)`; progress is shown on a terminal."""
        known = self._head(head) if head else None
        show = self.stderr.isatty()

        def progress(seq: int) -> None:
            if show:
                self.stderr.write(f"\r{seq}", ending="")

        verdict = verify(known, progress=progress)
        if show:
            self.stderr.write("")
        return verdict

    def _head(self, name: str) -> Mapping[str, Any]:
        try:
            head = json.loads(Path(name).read_text(encoding="utf-8"))
            return {"seq": int(head["seq"]), "hash": bytes.fromhex(head["hash"]).hex()}
        except OSError as error:
            raise CommandError(f"{name}: {error.strerror}.", returncode=2) from error
        except (ValueError, KeyError, TypeError) as error:
            raise CommandError(f"{name} {self.no_head}", returncode=2) from error
