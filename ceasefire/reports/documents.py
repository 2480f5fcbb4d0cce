"""Canonical JSON: the same document is the same bytes, so a checksum shows a changed one."""

import hashlib
import json
from typing import Any


def canonical(document: Any) -> bytes:
    """UTF-8 JSON with sorted keys and no space, ending in a line feed."""
    text = json.dumps(
        document, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )
    return text.encode() + b"\n"


def checksum(document: Any) -> str:
    """SHA-256 of the canonical form, in hex: what `sha256sum` says of the downloaded file."""
    return hashlib.sha256(canonical(document)).hexdigest()
