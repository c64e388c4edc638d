"""Binary files, and writes that do not take a part for the whole."""

from __future__ import annotations

import errno
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

BinaryFile = io.RawIOBase | io.BufferedIOBase
"""A seekable binary file object: `io.FileIO`, `io.BytesIO`, or what `open(..., "rb")` gives."""


def put(file: BinaryFile, data: ReadableBuffer) -> int:
    """Write once and return how many bytes the file took: at least one. Raises `OSError`."""
    taken = file.write(data)
    if not taken:  # None from a file that would block: a loop around this call must not spin
        raise OSError(errno.EIO, "the file takes no more bytes")
    return taken


def put_all(file: BinaryFile, data: bytes) -> None:
    """Write `data` whole, in one write unless the file takes less. Raises `OSError`."""
    left = memoryview(data)
    while left:
        left = left[put(file, left) :]
