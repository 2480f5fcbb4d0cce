"""The blind index: exact search over sealed names and phones without opening any.

HMAC-SHA256 of the normalised value under a key of its own, different for each kind, so that a name
and an alias that read alike do not show it. Whoever holds the key can try every mobile number in
minutes; so it lies outside the database, as the vault's keys do.
"""

import hashlib
import hmac
import re

from ceasefire.text import search_key, western_digits
from ceasefire.vault.keys import blind_index_key

PHONE = "phone"
IRAQ = "964"
_NOT_DIGITS = re.compile(r"[^0-9]+")


def e164(phone: str) -> str:
    """A phone number as +<country><number>; a national number is Iraqi. Empty where no digit is.

    Any digits and any signs between them: `٠٧٧٠ ١٢٣ ٤٥٦٧`, `00964 770-1234567`, `7701234567` and
    `+964 (0) 770 1234567` are one number.
    """
    folded = western_digits(phone).strip()
    international = folded.startswith(("+", "＋"))
    digits = _NOT_DIGITS.sub("", folded)
    if not digits:
        return ""
    if not international and digits.startswith("00"):
        digits, international = digits[2:], True
    if not international:
        if digits.startswith(IRAQ) and len(digits) >= 12:
            international = True
        else:
            digits = IRAQ + digits.lstrip("0")
    if digits.startswith(IRAQ):
        # The national 0 is often kept after the country code.
        digits = IRAQ + digits.removeprefix(IRAQ).lstrip("0")
    return f"+{digits}"


def normalised(kind: str, value: str) -> str:
    """The form of a value that is compared: phones in E.164, everything else as a search key."""
    return e164(value) if kind == PHONE else search_key(value)


def blind_index(kind: str, value: str) -> bytes | None:
    """The 32-octet digest to be searched for, None where nothing is left to compare."""
    comparable = normalised(kind, value)
    if not comparable:
        return None
    key = hmac.digest(blind_index_key(), b"blind index of " + kind.encode(), hashlib.sha256)
    return hmac.digest(key, comparable.encode(), hashlib.sha256)
