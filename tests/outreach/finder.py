"""Finds planted words in bytes, however they are written, a thousand of them in one pass.

Every word is looked for as UTF-8, UTF-16 in both orders, Windows-1256, base64 at its three offsets
(both alphabets), hexadecimal, percent-encoded, as HTML references, as JSON escapes; also inside
what is packed (gzip, zlib, zip) or written as hexadecimal or base64 in the bytes themselves.
"""

import base64
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from urllib.parse import quote

import numpy as np

#: A word is found by its first eight octets; shorter ones are not looked for.
WINDOW = 8
_BITS = 22
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_HEX = re.compile(rb"(?:[0-9a-fA-F]{2}){16,}")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{24,}={0,2}")
_ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08")


def encodings(word: str) -> dict[str, bytes]:
    """The ways in which a word may lie somewhere: {way: its octets}."""
    plain = word.encode()
    found = {
        "utf-8": plain,
        "utf-16-le": word.encode("utf-16-le"),
        "utf-16-be": word.encode("utf-16-be"),
        "hex": plain.hex().encode(),
        "HEX": plain.hex().upper().encode(),
        "hex of utf-16": word.encode("utf-16-le").hex().encode(),
        "percent": quote(word, safe="").encode(),
        "percent, small": quote(word, safe="").lower().encode(),
        "html": "".join(f"&#{ord(sign)};" for sign in word).encode(),
        "html, hex": "".join(f"&#x{ord(sign):x};" for sign in word).encode(),
        "html, HEX": "".join(f"&#x{ord(sign):X};" for sign in word).encode(),
        "json": json.dumps(word)[1:-1].encode(),
        "JSON": re.sub(
            r"\\u([0-9a-f]{4})", lambda m: "\\u" + m[1].upper(), json.dumps(word)[1:-1]
        ).encode(),
        "json in json": json.dumps(json.dumps(word))[3:-3].encode(),
    }
    with suppress(UnicodeEncodeError):
        found["windows-1256"] = word.encode("cp1256")
    for offset in range(3):
        coded = base64.b64encode(b"\0" * offset + plain)
        # The first and the last signs hold bits of what stands beside.
        start = (0, 2, 3)[offset]
        whole = coded[start : (offset + len(plain)) // 3 * 4]
        found[f"base64 at {offset}"] = whole
        found[f"base64 at {offset}, for addresses"] = whole.translate(bytes.maketrans(b"+/", b"-_"))
    return {way: octets for way, octets in found.items() if len(octets) >= WINDOW}


class Finder:
    """Looks for all the words at once."""

    def __init__(self, words: Iterable[str]) -> None:
        self._by_key: dict[bytes, list[tuple[bytes, str, str]]] = {}
        for word in words:
            ways: dict[bytes, str] = {}
            for way, octets in encodings(word).items():
                ways.setdefault(octets, way)
            if word.encode() not in ways:
                raise ValueError(f"{word!r} is too short to be looked for.")
            for octets, way in ways.items():
                self._by_key.setdefault(octets[:WINDOW], []).append((octets, word, way))
        keys = np.frombuffer(b"".join(self._by_key), dtype="<u8")
        self._table = np.zeros(1 << _BITS, dtype=bool)
        self._table[self._slot(keys)] = True

    @staticmethod
    def _slot(keys: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):
            return (keys * _FACTOR) >> np.uint64(64 - _BITS)

    def find(self, data: bytes) -> set[tuple[str, str]]:
        """The words in the octets, each with the way it was written."""
        found: set[tuple[str, str]] = set()
        for layer in layers(data):
            found |= self._in(layer)
        return found

    def _in(self, data: bytes) -> Iterator[tuple[str, str]] | set[tuple[str, str]]:
        found = set()
        for offset in range(min(WINDOW, max(0, len(data) - WINDOW + 1))):
            number = (len(data) - offset) // WINDOW
            keys = np.frombuffer(data, dtype="<u8", count=number, offset=offset)
            for hit in np.nonzero(self._table[self._slot(keys)])[0]:
                at = offset + int(hit) * WINDOW
                for octets, word, way in self._by_key.get(data[at : at + WINDOW], ()):
                    if data.startswith(octets, at):
                        found.add((word, way))
        return found


def layers(data: bytes, depth: int = 3) -> Iterator[bytes]:
    """The octets themselves, and what is packed in them or written as figures and letters."""
    yield data
    if not depth:
        return
    for inner in _inside(data):
        if len(inner) >= WINDOW:
            yield from layers(inner, depth - 1)


def _inside(data: bytes) -> Iterator[bytes]:
    for run in _HEX.findall(data):
        yield bytes.fromhex(run.decode())
    for run in _BASE64.findall(data):
        # Only to unpack what is packed; plain words are found at every offset anyway.
        start = base64.b64decode(run[:8].translate(bytes.maketrans(b"-_", b"+/")))
        if _ZLIB.match(start) or start.startswith(b"PK\x03\x04"):
            whole = run.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
            yield base64.b64decode(whole[: len(whole) // 4 * 4])
    for start in _ZLIB.finditer(data):
        unpacked = _unpacked(data[start.start() :])
        if unpacked:
            yield unpacked
    if data.startswith(b"PK\x03\x04"):
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as package:
                for name in package.namelist():
                    yield name.encode() + b"\n" + package.read(name)
        except zipfile.BadZipFile:
            return


def _unpacked(data: bytes) -> bytes:
    """What a gzip or zlib stream at the beginning holds; empty where it is none."""
    try:
        return zlib.decompressobj(32 + zlib.MAX_WBITS).decompress(data, 50_000_000)
    except zlib.error:
        return b""
