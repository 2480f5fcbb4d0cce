"""Names that slipped into a text: pointed out to the writer before it is saved."""

import re

from ceasefire import audit, vault
from ceasefire.people.models import User
from ceasefire.vault.models import BlindIndex

#: A longer text is looked at up to here; a name of more words than this is compared in parts.
MOST_WORDS, LONGEST_NAME = 600, 4
_WORD = re.compile(r"[^\W\d_]+(?:['’ʿ-][^\W\d_]+)*")


def sealed_names_in(text: str, *, by: User) -> list[str]:
    """The passages of a text that equal a sealed name or alias, as they were written.

    Runs of one to four words, normalised as the vault does; nothing is opened. A hit is audited,
    since asking is also a way to learn that a name is there.
    """
    words = _WORD.findall(text)[:MOST_WORDS]
    passages: dict[bytes, str] = {}
    for start in range(len(words)):
        for length in range(1, LONGEST_NAME + 1):
            run = words[start : start + length]
            if len(run) < length or (length == 1 and len(run[0]) < 3):
                continue
            passage = " ".join(run)
            for kind in ("name", "alias"):
                digest = vault.blind_index(kind, passage)
                if digest is not None:
                    passages.setdefault(digest, passage)
    if not passages:
        return []
    known = BlindIndex.objects.filter(digest__in=list(passages)).values_list("digest", flat=True)
    found = sorted({passages[bytes(digest)] for digest in known})
    if found:
        audit.record("vault.searched", by=by, detail={"kind": "text", "found": len(found)})
    return found
