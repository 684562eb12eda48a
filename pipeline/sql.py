"""Runs one .sql file over named relations into one sorted Parquet file."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from pipeline import identifiers, sealed
from pipeline.errors import BadSchema, DiskFull, IdentitySealed, SanaqError, StepFailed
from pipeline.lake import Lake, counted_until, received_by
from pipeline.round import Reference, Round, load_reference, load_round
from pipeline.round import register as register_reference
from pipeline.schema import STEP_NAMES, Table, load_tables
from pipeline.settings import Settings

# Errors that speak of the query alone; every other DuckDB error may quote a value of the data.
SPEAKS_OF_THE_QUERY = (
    duckdb.ParserException,
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.OutOfMemoryException,
)
NO_SPACE = os.strerror(errno.ENOSPC)
PIPELINE = Path(__file__).resolve().parent
# At times a query has work for one thread only: a second one beside it fills the other. More than two would only share the memory.
AT_ONCE = 2
T = TypeVar("T")


class Workbench:
    """One step at work: a connection that knows every earlier table by name, and a place to put new ones.

    Parameters
    ----------
    build_dir
        Folder of the build; tables of the steps before are found there.
    step
        Name of the step at work; its tables go to `build_dir/STEP/`.
    batches
        Landing manifests received by then, in order of receipt. Of a closed round the later ones are `late_batches`: they wait.
    as_of
        Moment looked at, inclusive: `seen_at`. Inputs count up to `as_of`, of a closed round no later than the build it was closed on.
    """

    def __init__(
        self,
        build_dir: Path,
        step: str,
        *,
        lake: Lake,
        settings: Settings,
        round_: Round,
        reference: Reference,
        batches: list[dict[str, Any]],
        as_of: datetime,
    ) -> None:
        self.build_dir = build_dir
        self.step = step
        self.lake = lake
        self.settings = settings
        self.round = round_
        self.reference = reference
        self.closing = lake.closing(as_of)
        self.as_of, self.seen_at = counted_until(self.closing, as_of), as_of
        self.batches = received_by(batches, self.as_of)
        self.late_batches = batches[len(self.batches) :]
        self.schemas: Mapping[str, Table] = load_tables(settings.reference / "questionnaire.yaml")
        self.step_dir = build_dir / f".{step}.part"
        self.con = connect(settings, lake)
        self._register_facts()
        self._register_moments()
        self._register_keyed_id()
        self._register_earlier_tables()

    @classmethod
    def over(
        cls,
        build_dir: Path,
        step: str,
        lake: Lake,
        settings: Settings,
        as_of: datetime,
        batches: Sequence[dict[str, Any]] = (),
    ) -> Workbench:
        """Open a workbench over a build, with the round and the reference data of the settings."""
        return cls(
            build_dir,
            step,
            lake=lake,
            settings=settings,
            round_=load_round(settings.round),
            reference=load_reference(settings.reference),
            batches=list(batches),
            as_of=as_of,
        )

    def close(self) -> None:
        """Close the connection."""
        self.con.close()

    def relation(self, name: str, paths: list[Path]) -> None:
        """Let the Parquet files at `paths` be read under `name`.

        Raises
        ------
        IdentitySealed
            They hold identity and are encrypted with another key, or not encrypted though a key is set.
        StepFailed
            One of them is no Parquet file; what the engine says of it is withheld.
        """
        listed = ", ".join(quoted(str(path)) for path in paths)
        source = f"SELECT * FROM read_parquet([{listed}])"
        if self.settings.identity_key is not None and self._holds_identity(name):  # without a key no schema is read
            source = sealed.opened(f"[{listed}]")
        try:
            self.con.execute(f"CREATE OR REPLACE VIEW {name} AS {source}")
        except duckdb.InvalidInputException as error:
            is_identity = self._holds_identity(name)
            raise (_sealed(name, paths) if is_identity else step_failed(error, f"{self.step}/{name}")) from None
        except duckdb.Error as error:
            raise step_failed(error, f"{self.step}/{name}") from None

    def write(self, table: str, query: str | None = None) -> Path:
        """Make one table: run its query, hold it against its schema, sort it, write it, name it.

        Parameters
        ----------
        table
            Name of the table; its query is `pipeline/STEP/TABLE.sql` unless given.
        query
            A SELECT, for tables made from rows Python has read.

        Returns
        -------
        Path
            The Parquet file.

        Raises
        ------
        BadSchema
            Columns, required values or the key are not what the schema declares.
        StepFailed
            The engine refused the query; field values are withheld.
        """
        schema = self.schemas[table]
        body = query or (PIPELINE / self.step / f"{table}.sql").read_text(encoding="utf-8").rstrip().rstrip(";")
        path = self.step_dir / f"{table}.parquet"
        self.step_dir.mkdir(parents=True, exist_ok=True)
        try:
            self._check_columns(schema, body)
            self.con.execute(
                f"COPY (SELECT {_casts(schema)} FROM ({body}\n) ORDER BY {', '.join(schema.sort)}) "
                f"TO {quoted(str(path))} (FORMAT parquet, ROW_GROUP_SIZE 122880)"
            )
            if sealed.holds_identity(schema):
                sealed.seal(path, self.settings)
            self.relation(table, [path])
            self._check_key(schema)
        except duckdb.Error as error:
            raise step_failed(error, f"{self.step}/{table}.sql") from None
        return path

    def side_by_side(self, act: Callable[[Workbench, T], object], each: Iterable[T]) -> None:
        """Do an act for each of what does not need one another, several at a time where there are several threads.

        Each time on a connection of its own: it shares all relations but temporary ones. Of acts that fail the first in order is raised.
        """

        def do(one: T) -> None:
            beside = copy(self)
            with self.con.cursor() as beside.con:
                act(beside, one)

        with ThreadPoolExecutor(min(AT_ONCE, self.settings.threads)) as pool:
            list(pool.map(do, each))

    def keep(self, table: str, paths: list[Path]) -> None:
        """Make a table of Parquet files written elsewhere, held against its schema, without copying them: the build has them even if they go from there.

        Raises
        ------
        BadSchema
            Columns, types, required values or the key are not what the schema declares.
        """
        folder = self.step_dir / table
        folder.mkdir(parents=True)
        for number, path in enumerate(paths, start=1):
            kept = folder / f"{number:05d}.parquet"
            try:
                kept.hardlink_to(path)
            except OSError:  # a volume without hard links
                shutil.copyfile(path, kept)
        schema = self.schemas[table]
        try:
            self.relation(table, paths)
            self._check_columns(schema, f"FROM {table}")
            self._check_key(schema)
        except duckdb.Error as error:
            raise step_failed(error, f"{self.step}/{table}") from None

    def value(self, query: str) -> Any:
        """Return the single value of a query."""
        return self.con.execute(query).fetchall()[0][0]

    def _holds_identity(self, name: str) -> bool:
        return sealed.holds_identity(self.schemas.get(name))

    def _check_columns(self, schema: Table, body: str) -> None:
        found = {row[0] for row in self.con.execute(f"DESCRIBE ({body}\n)").fetchall()}
        wanted = set(schema.columns)
        if found != wanted:
            raise BadSchema(
                f"columns differ: missing {sorted(wanted - found)}, unexpected {sorted(found - wanted)}",
                where=f"{self.step}/{schema.table}.sql",
                todo=f"Bring the query and pipeline/schema/{schema.table}.yaml together.",
            )

    def _check_key(self, schema: Table) -> None:
        required = sorted({*schema.key, *(name for name, column in schema.columns.items() if column.required)})
        nulls = ", ".join(f"count(*) - count({name})" for name in required)  # which the footer of the file knows
        row = self.con.execute(f"SELECT count(*), {nulls} FROM {schema.table}").fetchall()[0]
        key = ", ".join(schema.key)
        keys = self.value(f"SELECT count(DISTINCT hash({key})) FROM {schema.table}")
        if keys != row[0]:  # the hashes of different keys may be the same
            keys = self.value(f"SELECT count(*) FROM (SELECT DISTINCT {key} FROM {schema.table})")
        empty = [name for name, count in zip(required, row[1:], strict=True) if count]
        if empty or keys != row[0]:
            problem = f"{row[0] - keys} rows repeat a key ({key})" if keys != row[0] else f"NULL in {', '.join(empty)}"
            raise BadSchema(
                problem,
                where=f"{self.step}/{schema.table}",
                todo=f"The query breaks pipeline/schema/{schema.table}.yaml; mend the query.",
            )

    def _register_facts(self) -> None:
        """The rules on numbers and names, the round and its reference data."""
        identifiers.register(self.con)
        register_reference(self.con, self.round, self.reference)

    def _register_moments(self) -> None:
        as_of, seen_at = (f"TIMESTAMP '{at:%Y-%m-%d %H:%M:%S.%f}'" for at in (self.as_of, self.seen_at))
        self.con.execute(f"CREATE OR REPLACE TABLE build AS SELECT {as_of} AS as_of, {seen_at} AS seen_at")

    def _register_keyed_id(self) -> None:
        """HMAC-SHA256 (RFC 2104) over a text, the first 32 hex digits, as a macro.

        Without a secret the round's name is the key: ids are then stable everywhere, and guessable by whoever holds the case ids.
        """
        secret = self.settings.id_key
        key = (
            hashlib.sha256((secret.get_secret_value() if secret else self.round.round_id).encode())
            .digest()
            .ljust(64, b"\0")
        )
        inner, outer = (bytes(byte ^ pad for byte in key).hex() for pad in (0x36, 0x5C))
        self.con.execute(
            "CREATE OR REPLACE MACRO keyed_id(t) AS "
            f"left(sha256(unhex('{outer}') || unhex(sha256(unhex('{inner}') || encode(t)))), 32)"
        )

    def _register_earlier_tables(self) -> None:
        for step in STEP_NAMES:
            if step == self.step:
                break
            for path in sorted((self.build_dir / step).glob("*.parquet")):
                self.relation(path.stem, [path])
            for folder in sorted({path.parent for path in (self.build_dir / step).glob("*/*.parquet")}):
                self.relation(folder.name, sorted(folder.glob("*.parquet")))


def connect(settings: Settings, lake: Lake) -> duckdb.DuckDBPyConnection:
    """Open an in-memory database with the machine's limits set; it spills inside the lake, which lies on an encrypted volume."""
    lake.prepare()
    con = duckdb.connect(
        ":memory:",
        config={
            "threads": settings.threads,
            "memory_limit": settings.memory_limit,
            "temp_directory": str(lake.temp / str(os.getpid())),
            "preserve_insertion_order": True,
        },
    )
    sealed.hand_key(con, settings)
    con.execute("SET GLOBAL TimeZone = 'UTC'")  # of its cursors too
    con.execute("SET enable_progress_bar = false")  # it would be drawn into the logs of a night
    return con


def quoted(text: str) -> str:
    """Return `text` as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def step_failed(error: duckdb.Error, where: str) -> SanaqError:
    """Wrap a driver error; its words are kept only where they cannot quote data."""
    kind = type(error).__name__
    if isinstance(error, duckdb.IOException) and NO_SPACE in str(error):
        return DiskFull(
            "the disk filled",
            where=where,
            todo="Free space or move the lake (SANAQ_LAKE), then run it again: what was whole before is whole.",
        )
    words = str(error).splitlines()[0] if isinstance(error, SPEAKS_OF_THE_QUERY) else "field values withheld"
    return StepFailed(
        f"{kind}: {words}",
        where=where,
        todo="Rerun the step; if it fails again, mend the query or report it with this line.",
    )


def _sealed(table: str, paths: list[Path]) -> IdentitySealed:
    return IdentitySealed(
        f"{table} cannot be opened with the key of identity that is set, or without one",
        where=str(paths[0]) if paths else table,
        todo="Set SANAQ_IDENTITY_KEY to the key it was made with, or build again: what landed is whole without it.",
    )


def _casts(schema: Table) -> str:
    return ", ".join(f'CAST("{name}" AS {column.type}) AS "{name}"' for name, column in schema.columns.items())
