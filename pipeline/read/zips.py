"""Enters zip files that nobody vouches for."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LARGEST_DIRECTORY = (
    16 * 1024 * 1024
)  # of some hundred thousand members; a line of it takes ten times its length in memory


class DirectoryTooLarge(Exception):  # control flow: the caller makes it the reason of an unreadable record
    """The directory of an archive is too long to be read."""


@contextmanager
def entered(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive whose directory is not too long.

    Raises
    ------
    DirectoryTooLarge
        It is.
    """
    with _Cautious(io.FileIO(path)) as file, zipfile.ZipFile(file) as archive:
        yield archive


class _Cautious(io.BufferedReader):
    """A file of which `zipfile` cannot read more at once than a directory may be long: it reads the directory in one piece."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > LARGEST_DIRECTORY:
            raise DirectoryTooLarge
        return super().read(size)
