"""A large member of a zip file, compressed by a thread while it is made.

What is made is not kept as it is and read again at the end: zlib lets other threads run, so on a
second processor it costs hardly any time.
"""

from __future__ import annotations

import shutil
import tempfile
import zlib
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO
from zipfile import ZIP64_LIMIT, ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

__all__ = ["Packed", "put_in"]

#: zlib's; the default, 6, takes three times as long for a file that is a quarter smaller.
LEVEL = 2
#: How many texts may wait to be compressed.
_WAITING = 4
_CRC_POLYNOMIAL = 0xEDB88320


class Packed:
    """Text that is compressed as it comes, one piece after the other, by the one thread of `pool`.

    `octets` and `crc` are those of the text before it was compressed.
    """

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        self._waiting: deque[Future[None]] = deque()
        self._packer = _packer()
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        self.octets = self.crc = 0

    def add(self, text: str) -> None:
        """Hand over the next piece; waits where too many wait already."""
        self._waiting.append(self._pool.submit(self._pack, text))
        while len(self._waiting) > _WAITING:
            self._waiting.popleft().result()

    def _pack(self, text: str) -> None:
        octets = text.encode()
        self.crc = zlib.crc32(octets, self.crc)
        self.octets += len(octets)
        self._file.write(self._packer.compress(octets))

    def copy_to(self, out: IO[bytes]) -> None:
        """Write what was compressed; something has to follow that ends it."""
        while self._waiting:
            self._waiting.popleft().result()
        self._file.write(self._packer.flush(zlib.Z_FULL_FLUSH))
        self._file.seek(0)
        shutil.copyfileobj(self._file, out, 1024 * 1024)

    def close(self) -> None:
        """Let go of it, the pieces that still wait included."""
        while self._waiting:
            self._waiting.popleft().cancel()
        self._file.close()


def put_in(frame: ZipFile, packed: Mapping[str, Packed], *, before: bytes, out: IO[bytes]) -> None:
    """Copy the zip file `frame` to `out`, and put what was packed into the members so named.

    There it stands before the last `before`; a member without it stays as it is.
    """
    late: list[tuple[ZipInfo, bytes]] = []
    with ZipFile(out, "w", ZIP_DEFLATED) as whole:
        for known in frame.infolist():
            content = frame.read(known)
            info = ZipInfo(known.filename, known.date_time)
            head, mark, tail = content.rpartition(before)
            if known.filename not in packed or not mark:
                info.compress_type = ZIP_DEFLATED
                whole.writestr(info, content)
                continue
            rows = packed[known.filename]
            late.append((info, _write(whole, info, head, rows, mark + tail)))
    # The sizes and sums before compression, known since the end of each.
    for info, header in late:
        out.seek(info.header_offset)
        out.write(header)
    out.seek(0, 2)


def _write(whole: ZipFile, info: ZipInfo, head: bytes, rows: Packed, tail: bytes) -> bytes:
    """Write a member of three parts, compressed one by one; its header as it is to be."""
    is_large = rows.octets + len(head) + len(tail) > ZIP64_LIMIT
    info.compress_type = ZIP_STORED  # it comes compressed
    with whole.open(info, "w", force_zip64=is_large) as out:
        packer = _packer()
        out.write(packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH))
        rows.copy_to(out)
        packer = _packer()
        out.write(packer.compress(tail) + packer.flush())
    info.compress_type = ZIP_DEFLATED
    info.file_size = len(head) + rows.octets + len(tail)
    crc = _joined(zlib.crc32(head), rows.crc, rows.octets)
    info.CRC = _joined(crc, zlib.crc32(tail), len(tail))
    return info.FileHeader(zip64=is_large)


def _packer() -> zlib._Compress:
    """A compressor whose output has neither head nor sum, so that parts may follow each other."""
    return zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)


def _joined(first: int, second: int, octets: int) -> int:
    """The CRC-32 of two texts from the CRC-32 of each; the second has so many octets.

    To go on over a zero is a linear map of the 32 bits; over 2n zeros it is that of n zeros twice.
    """
    step = [_CRC_POLYNOMIAL, *(1 << bit for bit in range(31))]  # over one bit
    zeros = octets * 8
    while zeros:
        if zeros & 1:
            first = _through(step, first)
        zeros >>= 1
        step = [_through(step, column) for column in step]
    return first ^ second


def _through(columns: list[int], bits: int) -> int:
    out = 0
    for column in columns:
        if bits & 1:
            out ^= column
        bits >>= 1
    return out
