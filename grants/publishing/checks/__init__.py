"""Reading a written file as an outsider would: structure, codes, rules. Nothing of ours is trusted.

`iati.check(path)` and `threesixty.check(path)` yield a `Finding` for whatever fails; a file may be
issued where there is none. All of it works with constant memory, an activity or a grant at a time.
The schemas, lists and rules are the published ones (`grants/publishing/schemas`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SCHEMAS = Path(__file__).parent.parent / "schemas"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that fails: in which layer, by which rule, of which entry, where, and why.

    `entry` is the identifier in the file, empty where the whole file is meant. `path` and `said`
    are for a reader of the standard: element names, and the English of the schema or rule.
    """

    layer: str
    rule: str
    entry: str
    path: str
    said: str

    @property
    def is_note(self) -> bool:
        """Whether it hangs on a register of publishers that is not here; told, not refused."""
        return self.layer == "note"
