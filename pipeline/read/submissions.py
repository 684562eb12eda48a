"""Reads submissions: bytes to typed rows, identity and answers apart, every line accounted for once.

Batches are read in *runs*: neighbours in order of receipt, up to some size, so that a thousand small bundles cost hardly more than
one large file. What is a run follows from the order of receipt alone, which only grows at its end; so the typed rows of a run are kept
(`memo/`) under a name made of its batches and of this reader's version, and a later build finds them again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, cached_property
from itertools import chain, groupby
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import pyarrow as pa

from pipeline import sealed
from pipeline.lake import has_foreign, is_foreign, is_sweep
from pipeline.read import feed
from pipeline.read.feed import Batch, SubmissionFile
from pipeline.read.foreign import Foreign, may_be_export
from pipeline.read.landed import require_landed
from pipeline.read.seals import DIGESTS, MANIFEST, SIGNATURE, SUBMISSIONS, Seal, is_bundle
from pipeline.round import Reference
from pipeline.schema import Table
from pipeline.settings import Settings
from pipeline.sql import Workbench, quoted, step_failed

ROUTES = ("portal", "census_db", "tablet_vpn", "tablet_usb")
STATEMENTS = (MANIFEST, SIGNATURE, DIGESTS)  # of a bundle, about what it holds
RUN_BYTES = 128 * 1024 * 1024
AT_ONCE = 2  # runs at most: while the one is written, which is the work of one thread, the other is parsed
SLAB_ROWS = 122_880  # held in memory at once; a row group of Parquet
SLAB_BYTES = 64 * 1024 * 1024  # of lines: the engine holds several copies at times
LONG_LINE = 8 * 1024  # beyond this a line may be text through and through, all of which is kept: it counts twice
VET_ROWS = 20_000
VET_BYTES = 16 * 1024 * 1024
HERE = Path(__file__).resolve().parent
TABLES = ("record", "identity", "answers")

DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
PATTERNS = {
    "integer": "-?[0-9]{1,9}",
    "boolean": "true|false",
    "date": DATE,
    "moment": DATE + r"T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])",
    "list": r'\[(?:"(?:[^"\\]|\\.)*"(?:,"(?:[^"\\]|\\.)*")*)?\]',
}

ENVELOPE = {
    "case_id": "text", "case_version": "integer", "form_code": "text", "form_version": "text", "institution_id": "text",
    "list_entry_no": "integer", "mode": "text", "case_status": "text", "is_training": "boolean", "staff_id": "text",
    "device_id": "text", "device_case_no": "integer", "certificate_no": "text",
    "started_at": "moment", "completed_at": "moment", "synced_at": "moment", "case_clock": "text",
    "roster_case_id": "text",
}  # fmt: skip
IDENTITY = {
    "iin": "text", "iin_missing_reason": "text", "family_name": "text", "given_name": "text", "patronymic": "text",
    "sex": "integer", "birth_date": "date", "birth_date_precision": "text",
}  # fmt: skip
# said among the answers, kept with identity
ADDRESS = {"usual_address_text": "text"}
# What is kept of where people come from whose home must not find them: a region.
REGION = "CASE WHEN regexp_full_match({0}, '[0-9]{{9}}') THEN left({0}, 2) || '0000000' END"
OF_SAFE_HOUSE = {"usual_address_text": "NULL", "usual_address_kato": "NULL", "previous_residence_kato": REGION}
KINDS = {"VARCHAR": "text", "INTEGER": "integer", "BOOLEAN": "boolean", "DATE": "date", "VARCHAR[]": "list"}


@dataclass(frozen=True)
class Field:
    """One field of a submission and the SQL that reads it."""

    name: str
    kind: str
    part: str | None

    @property
    def raw(self) -> str:
        """Column that holds the value as text."""
        return f'"raw_{self.name}"'

    @property
    def is_answered(self) -> bool:
        """Whether it says what was answered and by whom, not how it came."""
        return self.part is not None or self.name in ("case_id", "started_at", "completed_at")

    @property
    def path(self) -> str:
        """Place in the struct that json_transform makes."""
        return f'raw."{self.part}"."{self.name}"' if self.part else f'raw."{self.name}"'

    @property
    def json_path(self) -> str:
        """Place in the JSON text."""
        return f"$.{self.part}.{self.name}" if self.part else f"$.{self.name}"

    @property
    def typed(self) -> str:
        """The value as its type; right where it is spelled as the type asks, which `is_wrong` tells."""
        return {
            "text": f"nullif({self.raw}, '')",
            "integer": f"TRY_CAST({self.raw} AS INTEGER)",
            "boolean": f"TRY_CAST({self.raw} AS BOOLEAN)",
            "date": f"TRY_CAST({self.raw} AS DATE)",
            "moment": f"CAST(TRY_CAST({self.raw} AS TIMESTAMPTZ) AS TIMESTAMP)",
            "list": f"CASE WHEN starts_with({self.raw}, '[') AND json_valid({self.raw}) THEN from_json({self.raw}, '[\"VARCHAR\"]') END",
        }[self.kind]

    @property
    def is_wrong(self) -> str:
        """Whether a value is there that is not of the type; asked of the few submissions in which something is."""
        if self.kind == "text":
            return f"{self.raw}[1] IN ('{{', '[') AND json_type(submission, '{self.json_path}') IN ('OBJECT', 'ARRAY')"
        is_spelled = f"regexp_full_match({self.raw}, '{PATTERNS[self.kind]}')"
        return f"{self.raw} <> '' AND (\"{self.name}\" IS NULL OR NOT {is_spelled})"

    @property
    def canonical(self) -> str:
        """Text that is the same for the same value, however the JSON around it was written."""
        if self.kind != "moment":
            return self.raw
        offset = self.name.replace("_at", "_offset_min")
        return f"CASE WHEN moments_ok THEN coalesce(epoch_us(\"{self.name}\")::VARCHAR || '/' || {offset}::VARCHAR, {self.raw}) ELSE {self.raw} END"


class _Lines:
    """The lines of the slab at hand, for a query that is planned once. To see the columns DuckDB asks for a stream as well, and takes nothing from it."""

    def __init__(self) -> None:
        self.upcoming: Iterator[pa.RecordBatch] = iter(())

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return pa.RecordBatchReader.from_batches(feed.SCHEMA, self.upcoming).__arrow_c_stream__(requested_schema)


class Reader:
    """Reads a run of batches at a time; its version names everything its rows depend on besides the batches.

    Parameters
    ----------
    bench
        The workbench of the `read` step.
    safe_houses
        Institutions of whose people no home is kept, nor where it is.
    """

    def __init__(self, bench: Workbench, safe_houses: Sequence[str]) -> None:
        self._bench = bench
        self._safe_houses = safe_houses
        self._con = bench.con.cursor()
        self._lines = _Lines()
        self._lake = bench.lake
        self._answers = bench.schemas["answers"]
        self._files: dict[tuple[int, int], SubmissionFile] = {}
        self._seals: Mapping[str, Seal] = {}

    @cached_property
    def version(self) -> str:
        """Hash over this reader's code, its SQL, the questions it reads and the homes it does not."""
        digest = hashlib.sha256(duckdb.__version__.encode())
        for name in ("feed.py", "submissions.py", "submissions.sql.jinja"):
            digest.update((HERE / name).read_bytes())
        digest.update(json.dumps([(field.name, field.kind) for field in self.fields]).encode())
        digest.update(json.dumps(self._safe_houses).encode())
        digest.update((sealed.fingerprint(self._bench.settings) or "").encode())
        return digest.hexdigest()[:16]

    @cached_property
    def fields(self) -> list[Field]:
        """Every field of a submission, in a fixed order."""
        return fields_of(self._answers)

    @cached_property
    def foreign(self) -> Foreign:
        """What turns the files of other survey tools into lines."""
        bench = self._bench
        return translator(self._con, bench.settings, bench.reference, bench.schemas)

    def parquet(self, run: list[dict[str, Any]], seals: Mapping[str, Seal]) -> dict[str, list[Path]]:
        """Return the files with the typed rows of a run, reading it if that was not done before under the same seals."""
        self._seals = seals
        names = "".join(f"{batch['batch_id']}\t{batch['received_at']}\t{seals[batch['batch_id']]}\n" for batch in run)
        if any(has_foreign(batch) for batch in run):
            names += self.foreign.version
        folder = self._lake.memo / self.version / hashlib.sha256(names.encode()).hexdigest()[:32]
        if not folder.exists():
            part = folder.with_name(f".{uuid.uuid4().hex}.part")
            part.mkdir(parents=True)
            try:
                self._read(run, part)
                part.rename(folder)
            except OSError:
                if not folder.exists():  # else another build has just read the same run
                    raise
            finally:
                shutil.rmtree(part, ignore_errors=True)
        os.utime(folder)  # or it is taken for a run nobody reads any more
        return {table: sorted(folder.glob(f"{table}-*.parquet")) for table in TABLES}

    def _read(self, run: list[dict[str, Any]], folder: Path) -> None:
        files = list(chain.from_iterable(self._batch_files(number, batch, folder) for number, batch in enumerate(run)))
        self._files = {(file.batch.number, file.file_no): file for file in files}
        self._con.execute(
            "CREATE OR REPLACE TEMP TABLE vetted (keys_hash UBIGINT, has_duplicate BOOLEAN, unknown_count INTEGER)"
        )
        lines = feed.batches(files)
        for number, slab in enumerate(_slabs(lines), start=1):
            self._slab(slab)
            self._write(folder, number)
            self._con.execute("DROP VIEW slab")
            self._con.unregister("as_read")  # before the next one is made: memory holds one slab of a run
        for made in folder.glob("*.lines"):
            made.unlink()

    def _batch_files(self, number: int, batch: dict[str, Any], folder: Path) -> Iterator[SubmissionFile]:
        key = Batch(number, batch["batch_id"], batch["route"], datetime.fromisoformat(batch["received_at"]))
        root = self._lake.landing / batch["route"] / batch["batch_id"] / "files"
        problems, seal = batch.get("problems", []), self._seals[batch["batch_id"]]
        for file_no, file in enumerate(batch["files"], start=1):
            name = file["path"]
            is_statement = name in STATEMENTS and is_bundle(batch)
            if is_statement and not (name == MANIFEST and "MANIFEST_UNREADABLE" in problems):
                continue
            if is_sweep(batch["route"], name):
                continue
            require_landed(batch, file_no, root / name)
            whole = "BAD_MANIFEST" if name == MANIFEST else "UNKNOWN_FILE" if name in seal.strangers else None
            found = SubmissionFile(
                key,
                file_no,
                root / name,
                file["size"],
                file["sha256"],
                whole,
                seal.is_cut and name == SUBMISSIONS,
                fault=seal.fault,
            )
            if whole is None and is_foreign(name):
                # what begins like no export is no case, whether the bundle is believed or not
                fault = seal.fault and (seal.fault if may_be_export(found.path) else "UNKNOWN_FILE")
                yield replace(found, whole=fault) if fault else self._made(found, folder)
            else:
                yield found

    def _made(self, file: SubmissionFile, folder: Path) -> SubmissionFile:
        """Return the file of native lines made of a foreign file, or the file itself with the reason why there is none."""
        lines = folder / f"{file.batch.number}-{file.file_no}.lines"
        if fault := self.foreign.write_lines(file.path, lines):
            return replace(file, whole=fault)
        return replace(file, path=lines, size=lines.stat().st_size, is_cut=False, is_made=True)

    def _slab(self, lines: Iterator[pa.RecordBatch]) -> None:
        """Make the view `slab` from the lines, mended by what only the whole slab can tell.

        The rows are kept as the statement returned them and not as a table, which would gather statistics over every value: a third of the time.
        """
        self._lines.upcoming = lines
        self._con.register("as_read", self._con.sql(f"EXECUTE {self._plan}"))
        self._vet()
        self._con.execute(
            "CREATE OR REPLACE TEMP TABLE fault AS SELECT batch_no, record_no, 'DUPLICATE_KEY' AS fault FROM as_read "
            "WHERE keys_hash IN (SELECT keys_hash FROM vetted WHERE has_duplicate)"
        )
        odd = self._con.execute(
            "SELECT batch_no, record_no, file_no, byte_offset, byte_length FROM as_read ANTI JOIN fault USING (batch_no, record_no) "
            "LEFT JOIN vetted USING (keys_hash) WHERE read_error IS NULL AND (is_odd OR unknown_count > 0) ORDER BY batch_no, record_no"
        ).fetchall()
        for batch_no, record_no, fault in self._strict_faults(odd):
            self._con.execute(f"INSERT INTO fault VALUES ({batch_no}, {record_no}, '{fault}')")
        self._con.execute(f"CREATE OR REPLACE TEMP VIEW slab AS {self._mended()}")

    def _mended(self) -> str:
        """SELECT the slab with faulty rows made unreadable and mistyped values set aside; as read where there are none."""
        offsets = {
            field.name: field.name.replace("_at", "_offset_min") for field in self.fields if field.kind == "moment"
        }
        names = self._con.execute("SELECT DISTINCT unnest(mistyped) AS name FROM as_read ORDER BY name").fetchall()
        emptied = ", ".join(
            f'CASE WHEN NOT list_contains(mistyped, \'{name}\') THEN "{column}" END AS "{column}"'
            for (name,) in names
            if name not in ("identity", "answers")
            for column in ([name, offsets[name]] if name in offsets else [name])
        )
        readable = f"SELECT *{f' REPLACE ({emptied})' if emptied else ''} FROM as_read"
        if not self._con.execute("SELECT count(*) FROM fault").fetchall()[0][0]:
            return readable
        return (
            f"{readable} ANTI JOIN fault USING (batch_no, record_no) UNION ALL BY NAME SELECT batch_no, record_no, record_id, batch_id, "
            "route, received_at, file_no, byte_offset, byte_length, bytes_sha256, fault AS read_error, []::VARCHAR[] AS mistyped "
            "FROM as_read JOIN fault USING (batch_no, record_no)"
        )

    def _strict_faults(self, rows: list[tuple[int, int, int, int, int]]) -> Iterator[tuple[int, int, str]]:
        for (batch_no, record_no, *_), line in zip(
            rows, self._texts([(row[0], *row[2:]) for row in rows]), strict=True
        ):
            if fault := feed.strict_fault(line):
                yield batch_no, record_no, fault

    def _texts(self, places: list[tuple[int, int, int, int]]) -> Iterator[bytes]:
        """Read lines again by their place: batch, file, offset, length."""
        for (batch_no, file_no), group in groupby(places, key=lambda place: place[:2]):
            with self._files[batch_no, file_no].path.open("rb") as handle:
                for _, _, offset, length in group:
                    handle.seek(offset)
                    yield handle.read(length)

    def _vet(self) -> None:
        """Look at one line of every set of keys not seen before: is a key there twice, are keys unknown?"""
        rows = self._con.execute(
            "SELECT DISTINCT ON (keys_hash) keys_hash, batch_no, file_no, byte_offset, byte_length FROM as_read "
            "WHERE keys_hash IS NOT NULL AND keys_hash NOT IN (SELECT keys_hash FROM vetted) ORDER BY keys_hash, batch_no, record_no"
        ).fetchall()
        known = {
            f"known_{part or 'top'}": "[" + ", ".join(quoted(name) for name in names) + "]"
            for part, names in (
                ("top", [*ENVELOPE, "identity", "answers"]),
                ("identity", list(IDENTITY)),
                ("answers", [field.name for field in self.fields if field.part == "answers"]),
            )
        }
        for portion in _portions(rows):
            self._vet_some(portion, known)

    def _vet_some(self, rows: list[tuple[int, int, int, int, int]], known: dict[str, str]) -> None:
        texts = [line.decode("utf-8") for line in self._texts([row[1:] for row in rows])]
        table = pa.table(
            {"keys_hash": pa.array([row[0] for row in rows], pa.uint64()), "line": pa.array(texts, pa.string())}
        )
        self._con.register("examples", table)
        parts = list(enumerate(known.values(), start=1))
        twice = " OR ".join(f"list_unique(coalesce(keys[{at}], [])) < len(coalesce(keys[{at}], []))" for at, _ in parts)
        unknown = " + ".join(
            f"len(list_filter(coalesce(keys[{at}], []), lambda k: NOT list_contains({names}, k)))"
            for at, names in parts
        )
        self._con.execute(
            f"INSERT INTO vetted SELECT keys_hash, {twice}, {unknown} "
            "FROM (SELECT keys_hash, json_keys(line, ['$', '$.identity', '$.answers']) AS keys FROM examples)"
        )
        self._con.unregister("examples")

    def _write(self, folder: Path, number: int) -> None:
        """Write the slab's three files in the order of the lines.

        A slab nothing was joined to has that order already; sorting it would take a fourth of the time of writing.
        """
        is_as_read = not self._con.execute(
            "SELECT (SELECT count(*) FROM fault) + (SELECT count(*) FROM vetted WHERE unknown_count > 0)"
        ).fetchall()[0][0]
        unknown, joined, order = (
            ("0", "", "")
            if is_as_read
            else ("coalesce(unknown_count, 0)", "LEFT JOIN vetted USING (keys_hash)", "ORDER BY batch_no, record_no")
        )
        envelope = ", ".join(f'"{name}"' for name in ENVELOPE)
        offsets = ", ".join(name for name in self._value_columns if name.endswith("_offset_min"))
        queries = {
            "record": "SELECT record_id, batch_id, record_no, route, received_at, file_no, byte_offset, byte_length, bytes_sha256, "
            f"answers_sha256, read_error, {envelope}, {offsets}, mistyped, "
            f"CASE WHEN read_error IS NULL THEN {unknown} END AS unknown_key_count FROM slab {joined}",
            "identity": f"SELECT record_id, {_identity_columns()} FROM {self._homes} WHERE read_error IS NULL",
            "answers": f"SELECT {', '.join(self._answers.columns)} FROM {self._homes} WHERE read_error IS NULL",
        }
        for table, query in queries.items():
            path = folder / f"{table}-{number:05d}.parquet"
            self._con.execute(f"COPY ({query} {order}) TO {quoted(str(path))} (FORMAT parquet, ROW_GROUP_SIZE 122880)")
            if sealed.holds_identity(self._bench.schemas[table]):
                sealed.seal(path, self._bench.settings)

    @cached_property
    def _homes(self) -> str:
        """The slab without the homes that are not kept."""
        if not self._safe_houses:
            return "slab"
        listed = ", ".join(map(quoted, self._safe_houses))
        emptied = ", ".join(
            f"CASE WHEN institution_id IN ({listed}) THEN {kept.format(name)} ELSE {name} END AS {name}"
            for name, kept in OF_SAFE_HOUSE.items()
        )
        return f"(SELECT * REPLACE ({emptied}) FROM slab)"

    @cached_property
    def _value_columns(self) -> list[str]:
        moments = [field.name.replace("_at", "_offset_min") for field in self.fields if field.kind == "moment"]
        return [*(field.name for field in self.fields), *moments]

    @cached_property
    def _plan(self) -> str:
        """Name of the statement that makes a slab; it is planned once, which takes as long as some thousand lines."""
        self._con.register("lines", self._lines)
        self._con.execute(f"PREPARE slab_of_lines AS {slab_query(tuple(self.fields))}")
        return "slab_of_lines"


def fields_of(answers: Table) -> list[Field]:
    """Return every field of a submission, in a fixed order."""
    asked = {name: KINDS[column.type] for name, column in answers.columns.items() if name != "record_id"} | ADDRESS
    parts: list[tuple[str | None, dict[str, str]]] = [(None, ENVELOPE), ("identity", IDENTITY), ("answers", asked)]
    return [Field(name, kind, part) for part, kinds in parts for name, kind in kinds.items()]


def translator(
    con: duckdb.DuckDBPyConnection, settings: Settings, reference: Reference, schemas: Mapping[str, Table]
) -> Foreign:
    """Return what turns the files of other survey tools into lines of submissions."""
    fields = fields_of(schemas["answers"])
    parts, kinds = {field.name: field.part for field in fields}, {field.name: field.kind for field in fields}
    return Foreign(con, settings.crosswalks, reference, parts, kinds)


@cache
def slab_query(fields: tuple[Field, ...]) -> str:
    """Return the query that makes a slab from `lines`, for these fields."""
    structure: dict[str, Any] = {}
    for field in fields:
        (structure.setdefault(field.part, {}) if field.part else structure)[field.name] = "VARCHAR"
    kinds = ("text", "integer", "boolean", "date", "moment", "list")
    template = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False).from_string(  # noqa: S701  # SQL, not HTML
        (HERE / "submissions.sql.jinja").read_text(encoding="utf-8")
    )
    return template.render(
        structure=json.dumps(structure),
        fields=fields,
        whole_parts=_whole_parts(),
        patterns=PATTERNS,
        kinds={f"{kind}s": [field for field in fields if field.kind == kind] for kind in kinds},
    )


def runs(batches: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Cut submission batches, in order of receipt, into runs; the cuts stay where they are as batches are added at the end."""
    found: list[list[dict[str, Any]]] = [[]]
    size = 0
    for batch in batches:
        if batch["route"] not in ROUTES:
            continue
        found[-1].append(batch)
        size += sum(file["size"] for file in batch["files"])
        if size >= RUN_BYTES:
            found.append([])
            size = 0
    return found if found[-1] or len(found) == 1 else found[:-1]


def run(bench: Workbench, seals: Mapping[str, Seal], safe_houses: Sequence[str]) -> None:
    """Make `record`, `identity` and `answers`; `seals` says of every batch what is proven of it, `safe_houses` where no home is kept."""
    files: dict[str, list[Path]] = {table: [] for table in TABLES}
    try:
        at_once = min(AT_ONCE, bench.settings.threads)
        readers = [Reader(bench, safe_houses) for _ in range(at_once)]

        def read(batches: list[dict[str, Any]]) -> dict[str, list[Path]]:
            reader = readers.pop()
            try:
                return reader.parquet(batches, seals)
            finally:
                readers.append(reader)

        with ThreadPoolExecutor(at_once) as pool:
            for found in pool.map(read, runs(bench.batches)):
                for table, paths in found.items():
                    files[table] += paths
    except duckdb.Error as error:
        raise step_failed(error, "read/submissions.sql") from None
    for table in TABLES:
        bench.keep(table, files[table])


def safe_houses(bench: Workbench) -> list[str]:
    """Return the institutions of whose people no home is kept, by the register."""
    query = (HERE / "safe_house.sql").read_text(encoding="utf-8")
    return [institution_id for (institution_id,) in bench.con.execute(query).fetchall()]


def _portions(rows: list[tuple[int, int, int, int, int]]) -> Iterator[list[tuple[int, int, int, int, int]]]:
    """Cut places of lines (the last of five: the length) so that not too much text is in memory at once."""
    portion: list[tuple[int, int, int, int, int]] = []
    size = 0
    for row in rows:
        portion.append(row)
        size += row[-1]
        if len(portion) >= VET_ROWS or size >= VET_BYTES:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


def _slabs(lines: Iterator[pa.RecordBatch]) -> Iterator[Iterator[pa.RecordBatch]]:
    """Cut a stream of lines into slabs; at least one, though it be empty."""
    upcoming = next(lines, None)
    yield_one = True
    while upcoming is not None or yield_one:
        yield_one = False
        cut = _Cut(lines, upcoming)
        yield iter(cut)
        upcoming = cut.upcoming


class _Cut:
    """Hands on record batches until a slab is full; `upcoming` is then the first of the next one."""

    def __init__(self, lines: Iterator[pa.RecordBatch], upcoming: pa.RecordBatch | None) -> None:
        self._lines = lines
        self.upcoming = upcoming

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        rows = size = 0
        while self.upcoming is not None and rows < SLAB_ROWS and size < SLAB_BYTES:
            batch, rows = self.upcoming, rows + self.upcoming.num_rows
            lengths = batch.column("byte_length").to_numpy()
            size += int(lengths.sum() + lengths[lengths > LONG_LINE].sum())
            self.upcoming = next(self._lines, None)
            yield batch


def _identity_columns() -> str:
    names = [*IDENTITY, *ADDRESS]
    return ", ".join('"birth_date" AS birth_on' if name == "birth_date" else f'"{name}"' for name in names)


def _whole_parts() -> str:
    """SQL for identity and answers as they were written where they are no objects: different damage, different digest."""
    parts = [
        f"CASE WHEN json_type(submission, '$.{part}') <> 'OBJECT' THEN json_extract(submission, '$.{part}')::VARCHAR END"
        for part in ("identity", "answers")
    ]
    return f"CASE WHEN NOT has_both_parts THEN concat_ws('/', {', '.join(parts)}) ELSE '' END"
