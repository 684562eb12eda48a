"""Looks through the inbox: which parcels lie there, which are still being written, which are refused.

Files are only read. Symbolic links are never followed: a link in a drop folder could name any file of the machine.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import filterfalse
from pathlib import Path
from typing import Any

from pipeline.receive.parcel import JSON_LIMIT, UNKNOWN, Parcel, Refusal, Source, identifier

FILE_ROUTES = ("list", "movement", "headcount")
DELIVERY_ROUTES = ("register", "verification")
BUNDLE_ROUTES = ("tablet_vpn", "tablet_usb")
DEPARTMENT = "department"
READY = ".ready"
CUSTODY = "custody.json"
# Of one stick, in the manifests of all its bundles; several hundred that are listed file by file.
CUSTODY_KEPT = 64 * 1024 * 1024
COPYING_NS = 10 * 60 * 1_000_000_000  # a stick that is copied by hand, or over a slow share, rests no longer than this
UNSEEN_NS = 2_000_000_000  # within so long a second change may bear the time of the first
EXTENSION = re.compile(r"\.[a-z0-9]{1,8}")


@dataclass(frozen=True)
class Waiting:
    """A bundle without its `.ready` flag, or of a stick without a custody record that can be read."""

    origin: str


Found = Parcel | Refusal | Waiting


def look(route: str, inbox: Path) -> Iterator[Found]:
    """Yield what lies in the inbox for `route`, in order of path; what the file system does not give is refused, and what lies behind it looked at."""
    look_at = _delivery if route in DELIVERY_ROUTES else _flagged if route == "tablet_vpn" else _stick
    folder = inbox / route
    found = _files(route, folder, inbox) if route in FILE_ROUTES else _each(look_at, route, folder, inbox)
    yield from _given(found, route, folder, inbox)


def _given(found: Iterator[Found], route: str, place: Path, inbox: Path) -> Iterator[Found]:
    """Yield what is found at a place, up to where the file system gives no more of it."""
    try:
        yield from found
    except OSError:
        yield _unreadable(route, place, inbox)


def _each(
    look_at: Callable[[str, Path, Path], Iterator[Found]], route: str, folder: Path, inbox: Path
) -> Iterator[Found]:
    for path in _listed(folder):
        yield from _given(look_at(route, path, inbox), route, path, inbox)


def _files(route: str, folder: Path, inbox: Path) -> Iterator[Found]:
    missed: list[OSError] = []
    for path in filterfalse(_is_left_behind, _walk(folder, missed.append)):
        below = path.relative_to(folder).parts
        institution = identifier(below[0]) if len(below) > 1 else None
        source = Source(path, "content" + _extension(path))
        yield _checked(Parcel(route, _origin(path, inbox), (source,), institution or UNKNOWN, institution))
    for error in missed:
        if not isinstance(error, FileNotFoundError):  # nothing need ever come over a route
            yield _unreadable(route, Path(error.filename), inbox)


def _delivery(route: str, path: Path, inbox: Path) -> Iterator[Found]:
    """Yield a workbook, or a folder with one csv for each sheet, which is whole once its flag is there."""
    if path.name.endswith(READY) or _is_left_behind(path):
        return
    if not path.is_dir() or path.is_symlink():
        source = Source(path, "content" + _extension(path))
        yield _checked(Parcel(route, _origin(path, inbox), (source,), DEPARTMENT))
    elif _is_ready(path):
        sheets = tuple(source for source in _sources(path) if not _is_left_behind(source.path))
        yield _whole(Parcel(route, _origin(path, inbox), sheets, DEPARTMENT))
    else:
        yield Waiting(_origin(path, inbox))


def _flagged(route: str, path: Path, inbox: Path) -> Iterator[Found]:
    """Yield a bundle, which is whole once its flag is there."""
    if not path.is_dir():
        if not path.name.endswith(READY):
            yield _loose(route, path, inbox)
    elif _is_ready(path):
        yield _bundle(route, path, inbox)
    else:
        yield Waiting(_origin(path, inbox))


def _stick(route: str, stick: Path, inbox: Path) -> Iterator[Found]:
    """Yield the bundles of a stick; of one whose custody record is not given, or may still be on its way, none lands without it."""
    if not stick.is_dir():
        yield _loose(route, stick, inbox)
    elif stick.is_symlink():
        yield Refusal(route, _origin(stick, inbox), "SYMLINK")
    else:
        custody, problems = _custody(stick / CUSTODY, len(_listed(stick)))
        if problems and _is_fresh(stick):
            yield from (Waiting(_origin(path, inbox)) for path in _listed(stick) if path.is_dir())
            return
        yield from _each(partial(_carried, custody=custody, problems=problems), route, stick, inbox)


def _carried(
    route: str, path: Path, inbox: Path, *, custody: dict[str, Any] | None, problems: tuple[str, ...]
) -> Iterator[Found]:
    if path.is_dir():
        yield _bundle(route, path, inbox, custody, problems)
    elif path.name != CUSTODY:
        yield _loose(route, path, inbox)


def _loose(route: str, path: Path, inbox: Path) -> Refusal:
    """Refuse, by name of the place, what lies where only bundles belong: nothing is left out in silence."""
    return Refusal(route, _origin(path, inbox), "OUTSIDE_A_BUNDLE")


def _unreadable(route: str, path: Path, inbox: Path) -> Refusal:
    return Refusal(route, _origin(path, inbox), "CANNOT_BE_READ")


def _bundle(
    route: str, bundle: Path, inbox: Path, custody: dict[str, Any] | None = None, problems: tuple[str, ...] = ()
) -> Parcel | Refusal:
    origin = _origin(bundle, inbox)
    if bundle.is_symlink():
        return Refusal(route, origin, "SYMLINK")
    return _whole(Parcel(route, origin, _sources(bundle), has_manifest=True, custody=custody, problems=problems))


def _whole(parcel: Parcel) -> Parcel | Refusal:
    return _checked(parcel) if parcel.sources else Refusal(parcel.route, parcel.origin, "EMPTY_FOLDER")


def _checked(parcel: Parcel) -> Parcel | Refusal:
    try:
        found = {source.name: source.path.lstat() for source in parcel.sources}
    except OSError:
        return Refusal(parcel.route, parcel.origin, "CANNOT_BE_READ")
    for one in found.values():
        if not stat.S_ISREG(one.st_mode):
            return Refusal(parcel.route, parcel.origin, "SYMLINK" if stat.S_ISLNK(one.st_mode) else "NOT_A_FILE")
    return replace(parcel, inbox_sha256=_listing(found, parcel.custody))


def _listing(found: dict[str, os.stat_result], custody: dict[str, Any] | None) -> str | None:
    """Hash what changes whenever a file does, and the custody record, which every line of a stick has; None where a change may yet go unseen."""
    if any(time.time_ns() - one.st_ctime_ns < UNSEEN_NS for one in found.values()):
        return None
    said = {name: (one.st_ino, one.st_size, one.st_mtime_ns, one.st_ctime_ns) for name, one in found.items()}
    return hashlib.sha256(json.dumps([said, custody], sort_keys=True).encode()).hexdigest()


def _custody(path: Path, copies: int) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    """Return what a medium's record says; every bundle keeps it, so the more there are the shorter it has to be."""
    if not path.is_file() or path.is_symlink():
        return None, ("NO_CUSTODY",)
    limit = min(JSON_LIMIT, CUSTODY_KEPT // copies)
    with path.open("rb") as handle:
        content = handle.read(limit + 1)
    statement = read_statement(content) if len(content) <= limit else None
    return (statement, ()) if statement is not None else (None, ("CUSTODY_UNREADABLE",))


def _is_fresh(stick: Path) -> bool:
    """Whether somebody may still be copying a stick: a bundle keeps the custody record it lands with, and it may come last, or in parts."""
    found = _walk(stick, lambda _: None)  # what cannot be looked into is refused in its place
    return any(time.time_ns() - path.lstat().st_ctime_ns < COPYING_NS for path in found)


def read_statement(content: bytes) -> dict[str, Any] | None:
    """Return a sender's JSON object, or None where it is damaged or too long."""
    try:
        statement = json.loads(content.decode("utf-8")) if len(content) <= JSON_LIMIT else None
    except (ValueError, RecursionError):
        return None
    return statement if isinstance(statement, dict) and _can_be_written(statement) else None


def _can_be_written(statement: dict[str, Any]) -> bool:
    try:
        json.dumps(statement, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except (ValueError, RecursionError):  # NaN, half a surrogate pair
        return False
    return True


def _walk(folder: Path, missed: Callable[[OSError], object]) -> list[Path]:
    """Return everything below `folder` that is no folder, in order of path; dot and `.part` names are left out.

    `missed` hears of each folder that cannot be looked into.
    """
    found = []
    for place, folders, names in os.walk(folder, onerror=missed):
        linked = [name for name in folders if _is_link(Path(place, name))]
        folders[:] = [name for name in folders if name not in linked and not is_ignored(name)]
        found += [Path(place, name) for name in [*names, *linked] if not is_ignored(name)]
    return sorted(found, key=lambda path: os.fsencode(path.relative_to(folder)))


def _sources(folder: Path) -> tuple[Source, ...]:
    """Return all files below a folder; one of which a part cannot be looked into is no whole one.

    Raises
    ------
    OSError
        A folder cannot be looked into.
    """

    def missed(error: OSError) -> None:
        raise error

    return tuple(Source(path, _origin(path, folder)) for path in _walk(folder, missed))


def _listed(folder: Path) -> list[Path]:
    """Return what lies in a folder, in order of name; nothing where there is no such folder."""
    try:
        found = sorted(folder.iterdir(), key=lambda path: os.fsencode(path.name))
    except FileNotFoundError:
        return []
    return [path for path in found if not is_ignored(path.name)]


def _is_link(path: Path) -> bool:
    try:
        return path.is_symlink()
    except OSError:  # then it cannot be looked into, which is heard of
        return False


def _is_ready(folder: Path) -> bool:
    return folder.with_name(folder.name + READY).exists()


def is_ignored(name: str) -> bool:
    """Whether a name is that of something still being written, or of nobody's concern."""
    return name.startswith(".") or name.endswith(".part") or name in ("System Volume Information", "$RECYCLE.BIN")


def _is_left_behind(path: Path) -> bool:
    """Whether a file among an office's papers is none: the owner's name Excel keeps beside an open workbook, or what Windows keeps of a folder."""
    return path.name.startswith("~$") or path.name.lower() in ("thumbs.db", "desktop.ini")


def _extension(path: Path) -> str:
    suffix = path.suffix.lower()
    return suffix if EXTENSION.fullmatch(suffix) else ""


def _origin(path: Path, root: Path) -> str:
    """Return the path below `root`; bytes that are no UTF-8 are written as escapes."""
    return os.fsencode(path.relative_to(root)).decode("utf-8", "backslashreplace")
