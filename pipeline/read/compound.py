"""Looks through a compound file (xls) before anything opens it: the engine follows its chains of sectors wherever they lead.

A chain that bites its tail would be followed for ever, and a sector beyond the end would be made in memory with all before it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.read.packed import LARGEST_AREA, NoSpreadsheet

HEADER = struct.Struct("<8s16sHHHHH6s9I109I")
DIRECTORY_ENTRY = 128
SHIFTS = {3: 9, 4: 12}  # sectors of 512 or 4096 bytes, by version
MINI_SHIFT = 6
LAST_SECTOR, END, FREE = 0xFFFFFFF9, 0xFFFFFFFE, 0xFFFFFFFF
MINI_STREAMS_BELOW = 4096
WORKBOOK = tuple(name.encode("utf-16-le").rstrip(b"\0") for name in ("Workbook", "Book"))
# formula, blank and value as the three generations of the format number them, and what holds a row of them
CELLS = frozenset({0x06, 0x206, 0x406, 0x01, 0x201, 0x02, 0x03, 0x203, 0x04, 0x204, 0x05, 0x205, 0x7E, 0x27E, 0xD6, 0xFD, 0xBD, 0xBE})  # fmt: skip
BOUNDSHEET, ROW, END_OF_SHEET, IS_HIDDEN = 0x85, 0x208, 0x0A, 0x20
Sectors = npt.NDArray[np.uint32]


def require_sound_chains(path: Path) -> None:
    """Refuse a compound file whose chains of sectors do not end within it.

    Raises
    ------
    NoSpreadsheet
        `NOT_A_SPREADSHEET`.
    """
    if not _is_sound(path.read_bytes()):
        raise NoSpreadsheet("NOT_A_SPREADSHEET")


def hidden_rows(path: Path) -> list[frozenset[int]]:
    """Return by sheet the rows whoever opens the file does not see; of a file whose chains are sound.

    Raises
    ------
    NoSpreadsheet
        `TOO_LARGE`: the engine would make every cell up to the farthest, and end the process where there is no room for them.
    """
    book = _workbook(path.read_bytes())
    begins = [int.from_bytes(body[:4], "little") for kind, body in _records(book, 0) if kind == BOUNDSHEET]
    found: dict[int, frozenset[int]] = {}
    left = len(book)  # no two sheets share a stretch of it: none is gone through once for every sheet
    for begin in set(begins):
        found[begin], length = _hidden_in(book, begin)
        left -= length
        if left < 0:
            raise NoSpreadsheet("NOT_A_SPREADSHEET")
    return [found[begin] for begin in begins]


def _hidden_in(book: bytes, begin: int) -> tuple[frozenset[int], int]:
    """Return the hidden rows of a sheet, and how long it is."""
    hidden, rows, columns, length = set(), 0, 0, 0
    for kind, body in _records(book, begin):
        length += 4 + len(body)
        if kind == ROW and len(body) >= 16 and body[12] & IS_HIDDEN:
            hidden.add(int.from_bytes(body[:2], "little"))
        if kind in CELLS and len(body) >= 4:
            row, column = struct.unpack_from("<HH", body)
            rows, columns = max(rows, row + 1), max(columns, column + 1)
    if rows * columns > LARGEST_AREA:
        raise NoSpreadsheet("TOO_LARGE")
    return frozenset(hidden), length


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Yield the records of a sheet, or of what lies before the first."""
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        if kind == END_OF_SHEET:
            return
        yield kind, stream[at + 4 : at + 4 + length]
        at += 4 + length


def _workbook(content: bytes) -> bytes:
    """Return the stream with the sheets; empty where there is none, or one too small to hold any."""
    header = HEADER.unpack_from(content)
    file = _File(content, 1 << header[5])
    table = file.numbers(file.table_sectors(header[17:], header[15]) or [])
    directory = file.joined(file.chain(table, header[10]) or [])
    for at in range(0, len(directory) - DIRECTORY_ENTRY + 1, DIRECTORY_ENTRY):
        entry = directory[at : at + DIRECTORY_ENTRY]
        start, size = struct.unpack_from("<II", entry, 116)
        if entry[:64].rstrip(b"\0") in WORKBOOK and size >= MINI_STREAMS_BELOW:
            return file.joined(file.chain(table, start) or [])[:size]
    return b""


def _is_sound(content: bytes) -> bool:
    if len(content) < HEADER.size:
        return False
    header = HEADER.unpack_from(content)
    version, shift, mini_shift = header[3], header[5], header[6]
    directory, mini_table, more_places, places = header[10], header[13], header[15], header[17:]
    if SHIFTS.get(version) != shift or mini_shift != MINI_SHIFT:
        return False
    file = _File(content, 1 << shift)
    listed = file.table_sectors(places, more_places)
    if listed is None or any(sector >= file.sectors for sector in listed):
        return False
    table = file.numbers(listed)
    if not _ends(table, file.sectors):
        return False
    mini, entries = file.chain(table, mini_table), file.chain(table, directory)
    if mini is None or entries is None:
        return False
    minis = file.numbers(mini)
    return _ends(minis, len(minis)) and file.streams_are_sound(entries, len(table), len(minis))


def _ends(table: Sectors, sectors: int) -> bool:
    """Whether every chain of a table ends: each sector follows one other at most, and none of them follows itself round a ring."""
    follows = (table <= LAST_SECTOR) & (np.arange(len(table)) < sectors)
    nexts = table[follows].astype(np.int64)
    if len(nexts) and (nexts.max() >= min(sectors, len(table)) or len(np.unique(nexts)) < len(nexts)):
        return False
    heads = np.setdiff1d(np.flatnonzero(follows), nexts).tolist()
    reached, successor = 0, table.tolist()
    for sector in heads:
        while sector < len(successor) and follows[sector]:
            reached, sector = reached + 1, successor[sector]
    return reached == int(follows.sum())


class _File:
    """The sectors of a compound file; a torn last one counts."""

    def __init__(self, content: bytes, size: int) -> None:
        self._content = content
        self._size = size
        self.sectors = max(0, -(-len(content) // size) - 1)

    def table_sectors(self, places: tuple[int, ...], more: int) -> list[int] | None:
        """Return where the table of chains lies; None where the list of its places does not end."""
        found, seen = [place for place in places if place <= LAST_SECTOR], set()
        while more <= LAST_SECTOR:
            if more in seen or more >= self.sectors:
                return None
            seen.add(more)
            *further, more = self.numbers([more]).tolist() or [END]
            found += [place for place in further if place <= LAST_SECTOR]
        return found

    def numbers(self, sectors: list[int]) -> Sectors:
        """Return what stands in sectors as numbers."""
        joined = self.joined(sectors)
        return np.frombuffer(joined[: len(joined) // 4 * 4], "<u4")

    def joined(self, sectors: list[int]) -> bytes:
        """Return what stands in sectors."""
        return b"".join(self._content[(at + 1) * self._size : (at + 2) * self._size] for at in sectors)

    def chain(self, table: Sectors, sector: int) -> list[int] | None:
        """Return the sectors of a chain; None where it leads out of the file."""
        found: list[int] = []
        while sector not in (END, FREE):
            if sector >= min(self.sectors, len(table)):
                return None
            found.append(sector)
            sector = int(table[sector])
        return found

    def streams_are_sound(self, directory: list[int], sectors: int, minis: int) -> bool:
        """Whether every stream begins within the file and claims no more than the file has."""
        entries = self.numbers(directory)
        rows = entries[: len(entries) // 32 * 32].reshape(-1, DIRECTORY_ENTRY // 4)
        starts, lengths = rows[:, 29], rows[:, 30]
        is_within = (starts > LAST_SECTOR) | (starts < max(sectors, minis))
        return bool(np.all(is_within) and np.all(lengths <= len(self._content)) and np.all(rows[:, 31] == 0))
