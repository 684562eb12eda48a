"""Reads what other survey tools write: Survey Solutions exports, ODK Central submissions, CSPro data files.

A foreign file is recognised by its content and turned, by the crosswalk that fits it, into a file of native submissions, which is then
read like any other. Each line of that file is `SHA256 SUBMISSION`, or `SHA256 REASON` where no submission could be made of a row; the
digest is over the row as the foreign file has it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import duckdb

from pipeline.errors import SanaqError
from pipeline.read.foreign import archives, cspro, odk, survey_solutions
from pipeline.read.foreign.crosswalk import Crosswalk, load_crosswalks
from pipeline.read.foreign.lines import Lines
from pipeline.read.foreign.sheets import CannotBeRead, Export, Loaded, load, view
from pipeline.round import Reference
from pipeline.sql import quoted

HERE = Path(__file__).resolve().parent
HEAD = 512
# What says nothing of the file: another run may well read it.
NOT_OF_THE_FILE = (
    SanaqError,
    OSError,
    MemoryError,
    duckdb.OutOfMemoryException,
    duckdb.IOException,
    duckdb.InterruptException,
    duckdb.FatalException,
    duckdb.InternalException,
)
SYSTEM: dict[str, Mapping[str, tuple[str, ...]]] = {
    "survey_solutions": survey_solutions.SYSTEM,
    "odk": odk.SYSTEM,
    "cspro": cspro.SYSTEM,
}


class Foreign:
    """Turns foreign files into lines of native submissions.

    Parameters
    ----------
    con
        The database the work is done in.
    folder
        Where the crosswalks lie.
    parts, kinds
        Part and kind of every field of a submission.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        folder: Path,
        reference: Reference,
        parts: dict[str, str | None],
        kinds: dict[str, str],
    ) -> None:
        self._con = con
        self._folder = folder
        self._reference = reference
        self._parts = parts
        self._kinds = kinds

    @cached_property
    def crosswalks(self) -> tuple[Crosswalk, ...]:
        """Every crosswalk there is."""
        return load_crosswalks(self._folder, self._reference, self._kinds)

    @cached_property
    def version(self) -> str:
        """Hash over what the lines depend on besides the file."""
        code = [HERE.parent / "zips.py", *sorted((*HERE.glob("*.py"), *HERE.glob("*.sql")))]
        files = [*code, *sorted(self._folder.glob("*.yaml"))]
        digests = (hashlib.sha256(path.read_bytes()).hexdigest() for path in files)
        return hashlib.sha256("\n".join(digests).encode()).hexdigest()

    def write_lines(self, source: Path, target: Path) -> str | None:
        """Write the submissions of a foreign file to `target`.

        Returns
        -------
        str or None
            Why the file as a whole cannot be read, or None where `target` is there.
        """
        try:
            with opened(source) as export:
                self._write(export, target)
        except CannotBeRead as refused:
            return refused.code
        except NOT_OF_THE_FILE:
            raise
        except Exception:  # noqa: BLE001  # nobody vouches for the file: whatever else it does to a reader, the build goes on
            return "DAMAGED_FILE"
        return None

    def _write(self, export: Export, target: Path) -> None:
        sheets = [load(self._con, sheet, f"foreign_{number}") for number, sheet in enumerate(export.sheets)]
        system = {sheet.name: load(self._con, sheet, f"foreign_system_{sheet.name}") for sheet in export.system}
        try:
            self._say_of_cases(export, sheets[0], system)
            lines = Lines(export, sheets, self._parts, self._kinds)
            # lines are written as they are: no field is quoted, and JSON has no line break
            self._con.execute(
                f"COPY ({self._query(export, lines)}) TO {quoted(str(target))} (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\\x01')"
            )
        finally:
            for loaded in (*sheets, *system.values()):
                self._con.execute(f"DROP TABLE IF EXISTS {loaded.relation} CASCADE")

    def _say_of_cases(self, export: Export, main: Loaded, system: dict[str, Loaded]) -> None:
        for name, columns in SYSTEM[export.tool].items():
            absent = Loaded(main.sheet, f"(SELECT * FROM {main.relation} WHERE FALSE)")
            view(self._con, main if name == "main" else system.get(name, absent), f"foreign_{name}", columns)
        query = (HERE / f"{export.tool}.sql").read_text(encoding="utf-8")
        self._con.execute(f"CREATE OR REPLACE TEMP TABLE foreign_case AS {query}")

    def _query(self, export: Export, lines: Lines) -> str:
        ours = [
            crosswalk for crosswalk in self.crosswalks
            if crosswalk.tool == export.tool and crosswalk.instrument.casefold() == export.instrument.casefold()
        ]  # fmt: skip
        for crosswalk in ours:
            if lines.fits(crosswalk):
                return lines.query(crosswalk)
        return lines.held("CROSSWALK_MISFIT" if ours else "NO_CROSSWALK")


def may_be_export(path: Path) -> bool:
    """Whether a file begins like one of these tools'; nothing in it is opened."""
    head = _head(path)
    return head.startswith((b"PK", cspro.MAGIC)) or odk.page_recognised(head)


@contextmanager
def opened(path: Path) -> Iterator[Export]:
    """Open a foreign file, whichever tool wrote it; its sheets can be read within the block.

    Raises
    ------
    CannotBeRead
        Nothing here knows it (`UNKNOWN_FILE`), or it is damaged, unsafe or closed to us.
    """
    head = _head(path)
    if head.startswith(b"PK"):
        with archives.opened(path) as archive:
            readers = [reader for reader in (survey_solutions, odk) if reader.recognised(archive)]
            if not readers:
                raise CannotBeRead("UNKNOWN_FILE")
            yield readers[0].read(archive)
    elif head.startswith(cspro.MAGIC):
        with cspro.opened(path) as database:
            if not cspro.recognised(database):
                raise CannotBeRead("UNKNOWN_FILE")
            yield cspro.read(database)
    elif odk.page_recognised(head):
        yield odk.read_page(path)
    else:
        raise CannotBeRead("UNKNOWN_FILE")


def _head(path: Path) -> bytes:
    with path.open("rb") as handle:
        return handle.read(HEAD)


__all__ = ["CannotBeRead", "Foreign", "may_be_export", "opened"]
