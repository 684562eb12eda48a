"""Looks through the inbox: which parcels lie there, which are still being written, which are refused.

Files are only read. Symbolic links are never followed: a link in a drop folder could name any file of the machine.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.receive.parcel import JSON_LIMIT, UNKNOWN, Parcel, Refusal, Source, identifier

FILE_ROUTES = ("list", "movement", "headcount")
DELIVERY_ROUTES = ("register", "verification")
BUNDLE_ROUTES = ("tablet_vpn", "tablet_usb")
DEPARTMENT = "department"
EXTENSION = re.compile(r"\.[a-z0-9]{1,8}")


@dataclass(frozen=True)
class Waiting:
    """A bundle without its `.ready` flag."""

    origin: str


Found = Parcel | Refusal | Waiting


def look(route: str, inbox: Path) -> Iterator[Found]:
    """Yield what lies in the inbox for `route`, in order of path."""
    folder = inbox / route
    if route in DELIVERY_ROUTES:
        yield from _deliveries(route, folder, inbox)
    elif route in FILE_ROUTES:
        yield from _files(route, folder, inbox)
    elif route == "tablet_vpn":
        yield from _vpn(folder, inbox)
    else:
        yield from _sticks(folder, inbox)


def _files(route: str, folder: Path, inbox: Path) -> Iterator[Found]:
    for path in _walk(folder):
        below = path.relative_to(folder).parts
        institution = identifier(below[0]) if len(below) > 1 else None
        source = Source(path, "content" + _extension(path))
        yield _checked(Parcel(route, _origin(path, inbox), (source,), institution or UNKNOWN, institution))


def _deliveries(route: str, folder: Path, inbox: Path) -> Iterator[Found]:
    """Yield workbooks, and folders with one csv for each sheet, which are whole once their flag is there."""
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir(), key=lambda path: os.fsencode(path.name)):
        if is_ignored(path.name) or path.name.endswith(".ready"):
            continue
        if path.is_dir() and not path.is_symlink():
            if (folder / f"{path.name}.ready").exists():
                sources = tuple(Source(file, _origin(file, path)) for file in _walk(path))
                yield _whole(Parcel(route, _origin(path, inbox), sources, DEPARTMENT))
            else:
                yield Waiting(_origin(path, inbox))
        else:
            source = Source(path, "content" + _extension(path))
            yield _checked(Parcel(route, _origin(path, inbox), (source,), DEPARTMENT))


def _vpn(folder: Path, inbox: Path) -> Iterator[Found]:
    yield from _loose("tablet_vpn", folder, inbox, lambda name: name.endswith(".ready"))
    for bundle in _folders(folder):
        if (folder / f"{bundle.name}.ready").exists():
            yield _bundle("tablet_vpn", bundle, inbox)
        else:
            yield Waiting(_origin(bundle, inbox))


def _sticks(folder: Path, inbox: Path) -> Iterator[Found]:
    yield from _loose("tablet_usb", folder, inbox, lambda name: False)
    for stick in _folders(folder):
        if stick.is_symlink():
            yield Refusal("tablet_usb", _origin(stick, inbox), "SYMLINK")
            continue
        yield from _loose("tablet_usb", stick, inbox, lambda name: name == "custody.json")
        custody, problems = _custody(stick / "custody.json")
        for bundle in _folders(stick):
            yield _bundle("tablet_usb", bundle, inbox, custody, problems)


def _loose(route: str, folder: Path, inbox: Path, is_expected: Callable[[str], bool]) -> Iterator[Refusal]:
    """Refuse, by name of the place, what lies where only bundles belong: nothing is left out in silence."""
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir(), key=lambda path: os.fsencode(path.name)):
        if not path.is_dir() and not is_ignored(path.name) and not is_expected(path.name):
            yield Refusal(route, _origin(path, inbox), "OUTSIDE_A_BUNDLE")


def _bundle(
    route: str, bundle: Path, inbox: Path, custody: dict[str, Any] | None = None, problems: tuple[str, ...] = ()
) -> Parcel | Refusal:
    if bundle.is_symlink():
        return Refusal(route, _origin(bundle, inbox), "SYMLINK")
    sources = tuple(Source(path, _origin(path, bundle)) for path in _walk(bundle))
    return _whole(Parcel(route, _origin(bundle, inbox), sources, has_manifest=True, custody=custody, problems=problems))


def _whole(parcel: Parcel) -> Parcel | Refusal:
    return _checked(parcel) if parcel.sources else Refusal(parcel.route, parcel.origin, "EMPTY_FOLDER")


def _checked(parcel: Parcel) -> Parcel | Refusal:
    for source in parcel.sources:
        mode = source.path.lstat().st_mode
        if not stat.S_ISREG(mode):
            return Refusal(parcel.route, parcel.origin, "SYMLINK" if stat.S_ISLNK(mode) else "NOT_A_FILE")
    return parcel


def _custody(path: Path) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    if not path.is_file() or path.is_symlink():
        return None, ("NO_CUSTODY",)
    with path.open("rb") as handle:
        statement = read_statement(handle.read(JSON_LIMIT + 1))
    return (statement, ()) if statement is not None else (None, ("CUSTODY_UNREADABLE",))


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


def _walk(folder: Path) -> list[Path]:
    """Return everything below `folder` that is no folder, in order of path; dot and `.part` names are left out."""
    found = []
    for place, folders, names in os.walk(folder):
        linked = [name for name in folders if Path(place, name).is_symlink()]
        folders[:] = [name for name in folders if name not in linked and not is_ignored(name)]
        found += [Path(place, name) for name in [*names, *linked] if not is_ignored(name)]
    return sorted(found, key=lambda path: os.fsencode(path.relative_to(folder)))


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if path.is_dir() and not is_ignored(path.name)]
    return sorted(found, key=lambda path: os.fsencode(path.name))


def is_ignored(name: str) -> bool:
    """Whether a name is that of something still being written, or of nobody's concern."""
    return name.startswith(".") or name.endswith(".part")


def _extension(path: Path) -> str:
    suffix = path.suffix.lower()
    return suffix if EXTENSION.fullmatch(suffix) else ""


def _origin(path: Path, root: Path) -> str:
    """Return the path below `root`; bytes that are no UTF-8 are written as escapes."""
    return os.fsencode(path.relative_to(root)).decode("utf-8", "backslashreplace")
