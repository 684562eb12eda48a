"""Looks through a compound file (xls) before anything opens it: the engine follows its chains of sectors wherever they lead.

A chain that bites its tail would be followed for ever, and a sector beyond the end would be made in memory with all before it.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.read.packed import NoSpreadsheet

HEADER = struct.Struct("<8s16sHHHHH6s9I109I")
DIRECTORY_ENTRY = 128
SHIFTS = {3: 9, 4: 12}  # sectors of 512 or 4096 bytes, by version
MINI_SHIFT = 6
LAST_SECTOR, END, FREE = 0xFFFFFFF9, 0xFFFFFFFE, 0xFFFFFFFF
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
        joined = b"".join(self._content[(at + 1) * self._size : (at + 2) * self._size] for at in sectors)
        return np.frombuffer(joined[: len(joined) // 4 * 4], "<u4")

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
