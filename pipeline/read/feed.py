"""Finds the lines of submission files and hands them to DuckDB, without copying them and without trusting them.

Every line becomes one row, whatever is in it. DuckDB's JSON reader lets some damage pass in silence (`NaN`, a comma before a closing
bracket, keys repeated deep inside); `strict_fault` does not, and is asked about the few lines in which something looks odd.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

LONGEST_LINE = 1024 * 1024
BLOCK = 2 * LONGEST_LINE  # a line that is short enough lies whole in a block that begins with it
BLOCK_LINES = 65_536  # a block may be nothing but ends of lines
BATCH_BYTES = 1024 * 1024
BATCH_ROWS = 4096
BOM = b"\xef\xbb\xbf"
CACHED = 128 * 1024
DEEPEST = 100
TEXT_IN_JSON = re.compile(
    rb'"(?:[^"\\]|\\.)*+"?'
)  # one that does not close reaches to the end: nothing is looked at twice
BLANKS = (0x20, 0x09, 0x0D)
DIGEST = 64  # hex digits of SHA-256
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
INLINE = 12  # Arrow keeps texts this short inside the view itself

# of a short text, bytes of its own stand where a long one names buffer and offset: any 32 bits
VIEW = np.dtype([("length", "<i4"), ("prefix", "<u4"), ("buffer", "<u4"), ("offset", "<u4")])
SCHEMA = pa.schema(
    [
        ("batch_id", pa.string_view()),
        ("route", pa.string_view()),
        ("received_at", pa.timestamp("us")),
        ("batch_no", pa.int32()),
        ("record_no", pa.int32()),
        ("file_no", pa.int32()),
        ("byte_offset", pa.int64()),
        ("byte_length", pa.int64()),
        ("bytes_sha256", pa.string()),
        ("fault", pa.string()),
        ("line", pa.string_view()),
    ]
)

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Batch:
    """The batch a file is of; `number` is its place in the run, `received_at` UTC."""

    number: int
    batch_id: str
    route: str
    received_at: datetime


@dataclass(frozen=True)
class SubmissionFile:
    """One file of a landed batch.

    Attributes
    ----------
    whole
        None for a file of submissions; for any other file the code under which it becomes one unreadable record.
    is_cut
        Whether the last line is the beginning of one that was torn.
    is_made
        Whether the lines were made of a foreign file (`foreign/`): each begins with the digest of what it was made of.
    fault
        Why no line of it is believed; none is parsed then.
    """

    batch: Batch
    file_no: int
    path: Path
    size: int
    sha256: str
    whole: str | None = None
    is_cut: bool = False
    is_made: bool = False
    fault: str | None = None


@dataclass
class Piece:
    """Lines found in one block of one file; offsets are within the block."""

    file: SubmissionFile
    base: int
    buffer: pa.Buffer
    starts: Places
    ends: Places
    faults: dict[int, str] = field(default_factory=dict)
    first_record_no: int = 0
    length: int | None = None
    sha256: str | None = None
    digests: list[str] | None = None


def batches(files: list[SubmissionFile]) -> Iterator[pa.RecordBatch]:
    """Yield every line of `files` in order; how they are cut into record batches depends on the bytes alone."""
    waiting: list[Piece] = []
    size = rows = 0
    for piece in _numbered(files):
        waiting.append(piece)
        size += piece.buffer.size
        rows += len(piece.starts)
        if size >= BATCH_BYTES or rows >= BATCH_ROWS:
            yield _record_batch(waiting)
            waiting, size, rows = [], 0, 0
    if waiting:
        yield _record_batch(waiting)


def _numbered(files: list[SubmissionFile]) -> Iterator[Piece]:
    batch, record_no = None, 1
    for file in files:
        if file.batch != batch:
            batch, record_no = file.batch, 1
        for piece in _pieces(file):
            piece.first_record_no = record_no
            record_no += len(piece.starts)
            yield piece


def _pieces(file: SubmissionFile) -> Iterator[Piece]:
    if file.whole is not None or file.size == 0:
        yield _unread(file, 0, file.size, file.sha256, file.whole or "EMPTY_FILE")
        return
    with pa.OSFile(str(file.path)) as handle:
        offset = len(BOM) if handle.read(len(BOM)) == BOM else 0
        if offset == file.size:
            yield _unread(file, 0, file.size, file.sha256, "EMPTY_FILE")
        while offset < file.size:
            handle.seek(offset)
            buffer = handle.read_buffer(BLOCK)
            newlines = np.flatnonzero(np.frombuffer(buffer, np.uint8) == 10)[:BLOCK_LINES]
            is_last = offset + buffer.size >= file.size and len(newlines) < BLOCK_LINES
            if len(newlines) == 0 and not is_last:
                piece, offset = _endless_line(file, handle, offset)
            else:
                piece, offset = _lines(file, offset, buffer, newlines, is_last)
            yield piece


def _lines(file: SubmissionFile, base: int, buffer: pa.Buffer, newlines: Places, is_last: bool) -> tuple[Piece, int]:
    """Return the lines of a block and where the next block begins."""
    end = int(newlines[-1]) + 1 if len(newlines) else 0
    ends = newlines
    if is_last and end < buffer.size:
        ends, end = np.append(newlines, buffer.size), buffer.size
    starts = np.empty(len(ends), np.int64)
    starts[:1] = 0
    starts[1:] = ends[:-1] + 1
    piece = Piece(file, base, buffer, starts, ends)
    if file.fault is not None:
        piece.faults = dict.fromkeys(range(len(starts)), file.fault)
        return piece, base + end
    data = np.frombuffer(buffer, np.uint8)
    if file.is_made:
        _take_digests(piece)
    _mark_long(piece)
    _mark_broken_text(piece, end)
    _mark_commas(piece, data[:end])
    _mark_torn(piece, is_last and file.is_cut and data[-1] != 10)
    return piece, base + end


def _endless_line(file: SubmissionFile, handle: pa.OSFile, start: int) -> tuple[Piece, int]:
    """Walk over a line longer than a block, hashing it, keeping none of it."""
    digest, offset = hashlib.sha256(), start
    while offset < file.size:
        handle.seek(offset)
        block = handle.read(BLOCK)
        cut = block.find(b"\n")
        if cut >= 0:
            digest.update(block[:cut])
            return _unread(
                file, start, offset + cut - start, digest.hexdigest(), file.fault or "TOO_LONG"
            ), offset + cut + 1
        digest.update(block)
        offset += len(block)
    return _unread(file, start, offset - start, digest.hexdigest(), file.fault or "TOO_LONG"), offset


def _unread(file: SubmissionFile, start: int, length: int, sha256: str, fault: str) -> Piece:
    nowhere = np.zeros(1, np.int64)
    return Piece(file, start, pa.py_buffer(b""), nowhere, nowhere, {0: fault}, length=length, sha256=sha256)


def _take_digests(piece: Piece) -> None:
    """Part made lines from the digests they begin with; what is no submission then is the reason why there is none."""
    piece.digests = [_line(piece, row)[:DIGEST].decode() for row in range(len(piece.starts))]
    piece.starts = piece.starts + DIGEST + 1
    for row in np.flatnonzero(np.frombuffer(piece.buffer, np.uint8)[piece.starts] != ord("{")).tolist():
        piece.faults[row] = _line(piece, row).decode()


def _mark_long(piece: Piece) -> None:
    for row in np.flatnonzero(piece.ends - piece.starts > LONGEST_LINE).tolist():
        piece.faults[row] = "TOO_LONG"


def _mark_broken_text(piece: Piece, end: int) -> None:
    """Find lines that are not UTF-8: the block is tried whole, its lines only if it fails."""
    bounds = pa.py_buffer(np.array([0, end], np.int32))
    try:
        pa.Array.from_buffers(pa.string(), 1, [None, bounds, piece.buffer]).validate(full=True)
    except pa.ArrowInvalid:
        for row in range(len(piece.starts)):
            try:
                _line(piece, row).decode("utf-8")
            except UnicodeDecodeError:
                piece.faults.setdefault(row, "NOT_UTF8")


def _mark_commas(piece: Piece, data: Bytes) -> None:
    """Find commas before a closing bracket, which DuckDB lets pass."""
    for row in np.unique(np.searchsorted(piece.ends, _commas_before_closing(data))).tolist():
        if row not in piece.faults and (fault := strict_fault(_line(piece, row))):
            piece.faults[row] = fault


def _mark_torn(piece: Piece, is_torn: bool) -> None:
    if is_torn:
        piece.faults[len(piece.starts) - 1] = "TRUNCATED"


def _commas_before_closing(data: Bytes) -> Places:
    at = _closings(data) - 1
    at = at[at >= 0]
    blank = np.flatnonzero(np.isin(data[at], BLANKS))
    if len(blank):
        filled = np.flatnonzero(~np.isin(data, BLANKS))
        before = np.searchsorted(filled, at[blank]) - 1
        at[blank] = np.where(before >= 0, filled[before], at[blank])
    commas: Places = at[data[at] == ord(",")]
    return commas


def _closings(data: Bytes) -> Places:
    """Return the places of closing brackets, block by block so that what is compared stays in the processor's cache."""
    found = [np.empty(0, np.int64)]
    for start in range(0, len(data), CACHED):
        block = data[start : start + CACHED]
        places = np.flatnonzero((block & 0xDF) == 0x5D)  # ] and }, which differ in one bit
        found.append(places + start)
    return np.concatenate(found)


class _Fault(ValueError):
    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def strict_fault(line: bytes) -> str | None:
    """Return why a line is no JSON as RFC 8259 has it with every key once, or None."""
    if _depth(line) > DEEPEST:
        return "TOO_DEEP"
    try:
        json.loads(
            line.decode("utf-8"),
            parse_constant=_not_finite,
            parse_int=str,
            parse_float=str,
            object_pairs_hook=_once_each,
        )
    except UnicodeDecodeError:
        return "NOT_UTF8"
    except _Fault as fault:
        return fault.code
    except ValueError:
        return "NOT_JSON"
    return None


def _depth(line: bytes) -> int:
    """Return how deep brackets nest outside of texts."""
    deepest = depth = 0
    for bracket in re.findall(rb"[\[{]|[\]}]", TEXT_IN_JSON.sub(b"", line)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _not_finite(_: str) -> None:
    raise _Fault("NOT_FINITE")


def _once_each(pairs: list[tuple[str, Any]]) -> None:
    if len({key for key, _ in pairs}) < len(pairs):
        raise _Fault("DUPLICATE_KEY")


def _line(piece: Piece, row: int) -> bytes:
    return bytes(memoryview(piece.buffer)[int(piece.starts[row]) : int(piece.ends[row])])


def _record_batch(pieces: list[Piece]) -> pa.RecordBatch:
    counts = [len(piece.starts) for piece in pieces]
    batches = [piece.file.batch for piece in pieces]
    columns = [
        _same_texts([batch.batch_id for batch in batches], counts),
        _same_texts([batch.route for batch in batches], counts),
        _moments([batch.received_at for batch in batches], counts),
        _array(np.repeat(np.array([batch.number for batch in batches], np.int32), counts)),
        _array(np.concatenate([_record_nos(piece) for piece in pieces])),
        _array(np.repeat(np.array([piece.file.file_no for piece in pieces], np.int32), counts)),
        _array(np.concatenate([piece.base + piece.starts for piece in pieces])),
        _array(np.concatenate([_lengths(piece) for piece in pieces])),
        _digests(pieces),
        _faults(pieces),
        _texts(pieces),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)


def _array(values: npt.NDArray[Any]) -> pa.Array:
    """Wrap numbers without copying; `pa.array` would import pandas first."""
    kind = pa.int32() if values.dtype == np.int32 else pa.int64()
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


def _moments(moments: list[datetime], counts: list[int]) -> pa.Array:
    microseconds = np.array([(moment - EPOCH) // MICROSECOND for moment in moments], np.int64)
    return _array(np.repeat(microseconds, counts)).cast(pa.timestamp("us"))


def _same_texts(texts: list[str], counts: list[int]) -> pa.Array:
    """Repeat each text without copying it: views into one buffer."""
    encoded = [text.encode() for text in texts]
    views = np.zeros(len(texts), VIEW)
    offset = 0
    for number, text in enumerate(encoded):
        views[number] = _view(text, 0, offset)
        offset += len(text)
    buffers = [None, pa.py_buffer(np.repeat(views, counts)), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string_view(), sum(counts), buffers)


def _view(text: bytes, buffer: int, offset: int) -> tuple[int, int, int, int]:
    """Return Arrow's view of one text: short ones lie in the view itself, of others their first four bytes and where they lie."""
    if len(text) <= INLINE:
        prefix, second, third = np.frombuffer(text.ljust(INLINE, b"\0"), "<u4").tolist()
        return len(text), prefix, second, third
    return len(text), int.from_bytes(text[:4], "little"), buffer, offset


def _record_nos(piece: Piece) -> npt.NDArray[np.int32]:
    return np.arange(piece.first_record_no, piece.first_record_no + len(piece.starts), dtype=np.int32)


def _lengths(piece: Piece) -> Places:
    return np.array([piece.length], np.int64) if piece.length is not None else piece.ends - piece.starts


def _digests(pieces: list[Piece]) -> pa.Array:
    """Hash here and not in DuckDB, whose SHA-256 does not use the processor's instructions for it."""
    digests: list[str] = []
    for piece in pieces:
        if piece.digests is not None:
            digests += piece.digests
            continue
        view, sha256 = memoryview(piece.buffer), hashlib.sha256
        bounds = zip(piece.starts.tolist(), piece.ends.tolist(), strict=True)
        digests += [piece.sha256] if piece.sha256 else [sha256(view[start:end]).hexdigest() for start, end in bounds]
    offsets = np.arange(0, 64 * len(digests) + 1, 64, dtype=np.int32)
    text = pa.py_buffer("".join(digests).encode())
    return pa.Array.from_buffers(pa.string(), len(digests), [None, pa.py_buffer(offsets), text])


def _faults(pieces: list[Piece]) -> pa.Array:
    if not any(piece.faults for piece in pieces):
        return pa.nulls(sum(len(piece.starts) for piece in pieces), pa.string())
    return pa.array([piece.faults.get(row) for piece in pieces for row in range(len(piece.starts))], pa.string())


def _texts(pieces: list[Piece]) -> pa.Array:
    """Return the lines as views into the blocks; lines with a fault are empty and valid, nobody reads them."""
    views = np.concatenate([_views(piece, number) for number, piece in enumerate(pieces)])
    buffers = [None, pa.py_buffer(views), *(piece.buffer for piece in pieces)]
    return pa.Array.from_buffers(pa.string_view(), len(views), buffers)


def _views(piece: Piece, number: int) -> npt.NDArray[Any]:
    views = np.zeros(len(piece.starts), VIEW)
    lengths = piece.ends - piece.starts
    lengths[list(piece.faults)] = 0
    views["length"] = lengths
    far = np.flatnonzero(lengths > INLINE)
    data, starts = np.frombuffer(piece.buffer, np.uint8), piece.starts[far]
    for byte in range(4):
        views["prefix"][far] |= data[starts + byte].astype(np.uint32) << (8 * byte)
    views["buffer"][far] = number
    views["offset"][far] = starts
    for row in np.flatnonzero((lengths > 0) & (lengths <= INLINE)).tolist():
        views[row] = _view(_line(piece, row), number, 0)
    return views
