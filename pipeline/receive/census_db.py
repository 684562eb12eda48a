"""Pulls the Census Database: what transactions that are over have written since the last pull (docs/census-db.sql).

A row becomes visible when its transaction commits, however long ago it was written, so no clock and no overlap finds all of them. A
pull therefore ends before the oldest transaction still open (the xmin of its snapshot), and the next one begins there. A sweep looks
through all keys, in the same snapshot: it finds what came back from a backup, what waits behind a transaction that stays open,
and what had landed and is there no more.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from pipeline.errors import CensusDbRefused, CensusDbUnavailable, SanaqError
from pipeline.lake import Lake
from pipeline.receive.book import last_cursor
from pipeline.receive.parcel import CENSUS_DB, Parcel, Source
from pipeline.settings import Settings
from pipeline.sql import connect, quoted, step_failed

PAGE_RECORDS = 1000
TABLE = "sanaq.submission"
COLUMNS = {
    "case_id": "text", "case_version": "integer", "submission": "json", "accepted_on": "date", "changed_xid": "xid8"
}  # fmt: skip

# Outside its texts a JSON object may be broken into lines; one line is one submission here.
LINE = r"translate(submission::text, E'\n\r', '  ')"
KEYS = f"""
    SELECT
        row_number() OVER (ORDER BY changed_xid, case_id COLLATE "C", case_version),
        case_id,
        case_version,
        accepted_on,
        encode(sha256(convert_to({LINE}, 'UTF8')), 'hex')
    FROM {TABLE}
    WHERE changed_xid >= %(since)s::xid8 AND changed_xid < %(until)s::xid8
"""
PAGE = f"""
    SELECT {LINE}
    FROM {TABLE}
    JOIN unnest(%s::text[], %s::integer[]) WITH ORDINALITY AS wanted (case_id, case_version, number)
    USING (case_id, case_version)
    ORDER BY number
"""
KEYS_FILE = """
    read_csv(
        {path}, auto_detect = false, header = false, delim = ',', quote = '"', escape = '"', allow_quoted_nulls = false, parallel = false,
        columns = {{number: 'BIGINT', case_id: 'VARCHAR', case_version: 'INTEGER', accepted_on: 'DATE', sha256: 'VARCHAR'}}
    )
"""
SWEEP_FILES = """
    read_csv([{paths}], auto_detect = false, header = false, delim = ',', filename = true, columns = {{sha256: 'VARCHAR', is_gone: 'BOOLEAN'}})
"""
NOTHING_SAID = "(SELECT NULL::VARCHAR AS sha256, FALSE AS is_gone, NULL::VARCHAR AS filename LIMIT 0)"
# What of the keys has not landed: both sides may be the whole census, so neither is held in Python.
UNLANDED = """
    SELECT case_id, case_version, accepted_on
    FROM {keys}
    ANTI JOIN {landed} AS landed ON landed.digest = unhex(sha256)
    ORDER BY number
"""
# What the last word of earlier sweeps does not say already: lines that landed and are there no more, and such as are there again.
SWEPT = """
    COPY (
        WITH there AS (
            SELECT unhex(sha256) AS digest
            FROM {keys}
        ),
        gone AS (
            SELECT DISTINCT landed.digest
            FROM {landed} AS landed
            ANTI JOIN there USING (digest)
        ),
        known AS (
            SELECT unhex(sha256) AS digest
            FROM {said}
            QUALIFY is_gone AND row_number() OVER (PARTITION BY sha256 ORDER BY parse_filename(filename) DESC) = 1
        )
        SELECT
            lower(hex(COALESCE(gone.digest, known.digest))) AS sha256,
            gone.digest IS NOT NULL AS is_gone
        FROM gone
        FULL JOIN known USING (digest)
        WHERE gone.digest IS NULL OR known.digest IS NULL
        ORDER BY 1
    ) TO {made} (FORMAT csv, HEADER false)
"""
DIGESTS = """
    COPY (
        SELECT unhex(sha256) AS digest
        FROM read_csv({lines}, auto_detect = false, header = false, columns = {{sha256: 'VARCHAR'}})
    ) TO {made} (FORMAT parquet)
"""
BOUND = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text"
COUNTS = f"SELECT accepted_on, count(*) FROM {TABLE} WHERE changed_xid < %s::xid8 GROUP BY 1 ORDER BY 1"
FOUND_COLUMNS = """
    SELECT attname, format_type(atttypid, NULL)
    FROM pg_attribute
    WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped
"""
CAN_WRITE = """
    SELECT EXISTS (
        SELECT
        FROM pg_class
        WHERE relkind IN ('r', 'p', 'v', 'f')
        AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
        AND has_table_privilege(oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
    )
"""
LAST_XID = str(2**64 - 1)
# Connections that broke, servers that are starting, stopping or full, snapshots and waits that were called off.
MAY_PASS = ("08", "25P03", "40", "53", "55", "57", "58")
# A snapshot holds back the other side's cleaning: it is given up when we are gone. And days are copied as DuckDB reads them, whatever the role's own style is.
LOCAL = """
    SET LOCAL statement_timeout = '15min';
    SET LOCAL lock_timeout = '30s';
    SET LOCAL idle_in_transaction_session_timeout = '10min';
    SET LOCAL datestyle = 'ISO'
"""
NETWORK: dict[str, Any] = {
    "client_encoding": "UTF8", "gssencmode": "disable", "connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 60_000,
}  # fmt: skip

Connection = psycopg.Connection[tuple[Any, ...]]


def pull(lake: Lake, settings: Settings, folder: Path, *, is_sweep: bool) -> Parcel | None:
    """Pull into `folder` what has not landed yet; None where there is nothing new.

    Parameters
    ----------
    is_sweep
        Look through all keys, not only those written since the last pull.

    Raises
    ------
    CensusDbRefused
        The role, its password, a right or a column is not as docs/census-db.sql says; nothing has landed.
    CensusDbUnavailable
        The Census Database does not answer, or went away; nothing has landed.
    StepFailed
        The engine refused to hold its keys against what has landed; nothing has landed.
    """
    cursor_from = last_cursor(lake, CENSUS_DB)
    with _snapshot(settings) as db:
        bound = str(_value(db, BOUND))
        # A counter behind the cursor is another server's, made from a backup: its numbers tell nothing of ours.
        is_whole = is_sweep or int(cursor_from or 0) > int(bound)
        since, until = ("0", LAST_XID) if is_whole else (cursor_from or "0", bound)
        landed_daily: Counter[str] = Counter()
        sources = list(_pages(db, since, until, lake, settings, folder, landed_daily, is_whole=is_whole))
        if not sources:
            return None
        daily = {day.isoformat(): size for day, size in db.execute(COUNTS, [until])}
    return Parcel(
        CENSUS_DB,
        f"{CENSUS_DB} {cursor_from or ''}..{bound}",
        tuple(sources),
        source_id=CENSUS_DB,
        declared={"daily": daily, "total": sum(daily.values())},
        cursor_from=cursor_from,
        cursor_to=bound,
        landed_daily=dict(sorted(landed_daily.items())),
    )


def can_write(settings: Settings) -> bool:
    """Return whether the role could write, which nothing asks of it; try address, password, rights and columns on the way.

    Raises
    ------
    CensusDbRefused, CensusDbUnavailable
        See `pull`.
    """
    with _snapshot(settings) as db:
        db.execute(KEYS, {"since": LAST_XID, "until": LAST_XID})
        return bool(_value(db, CAN_WRITE))


def _pages(
    db: Connection,
    since: str,
    until: str,
    lake: Lake,
    settings: Settings,
    folder: Path,
    landed_daily: Counter[str],
    *,
    is_whole: bool,
) -> Iterator[Source]:
    """Write the submissions that have not landed yet, at most a thousand a file, and count them by the day they were accepted; then what a sweep says."""
    folder.mkdir()
    path = _keys(db, since, until, folder / "keys.csv")
    if not (path.stat().st_size or is_whole):
        return
    keys = KEYS_FILE.format(path=quoted(str(path)))
    names = (f"page-{number:05d}.ndjson" for number in count(1))
    try:
        with closing(connect(settings, lake)) as con:
            landed = _landed(con, lake, folder)
            con.execute(UNLANDED.format(keys=keys, landed=landed))
            while wanted := con.fetchmany(PAGE_RECORDS):
                landed_daily.update(accepted_on.isoformat() for _, _, accepted_on in wanted)
                yield _page(db, [(case_id, version) for case_id, version, _ in wanted], lake, folder / next(names))
            if is_whole:
                yield from _swept(con, keys, landed, lake, folder)
    except duckdb.Error as error:
        raise step_failed(error, f"receive/{CENSUS_DB}") from None


def _swept(con: duckdb.DuckDBPyConnection, keys: str, landed: str, lake: Lake, folder: Path) -> Iterator[Source]:
    """Write which of the lines that landed are there no more, or again, where no sweep before has said it.

    Each file bears the next number: the same said for a second time is another batch.
    """
    before = sorted(str(path) for path in lake.landing.glob(f"{CENSUS_DB}/*/files/sweep-*.csv"))
    said = SWEEP_FILES.format(paths=", ".join(map(quoted, before))) if before else NOTHING_SAID
    path = folder / f"sweep-{len(before) + 1:05d}.csv"
    con.execute(SWEPT.format(keys=keys, landed=landed, said=said, made=quoted(str(path))))
    if path.stat().st_size:
        yield Source(path, path.name)


def _keys(db: Connection, since: str, until: str, path: Path) -> Path:
    """Write the keys of what was changed between two bounds, with the digests of the submissions."""
    query = f"COPY ({KEYS}) TO STDOUT (FORMAT csv)"
    with path.open("wb") as handle, db.cursor() as cursor, cursor.copy(query, {"since": since, "until": until}) as rows:
        handle.writelines(rows)
    return path


def _page(db: Connection, wanted: list[tuple[str, int]], lake: Lake, path: Path) -> Source:
    rows = db.execute(PAGE, [[case_id for case_id, _ in wanted], [version for _, version in wanted]])
    body = b"".join(line.encode("utf-8") + b"\n" for (line,) in rows)
    lake.require_space(2 * len(body))
    path.write_bytes(body)
    return Source(path, path.name)


def _landed(con: duckdb.DuckDBPyConnection, lake: Lake, folder: Path) -> str:
    """Return the relation of the digests of all submissions this route has landed."""
    batches = sorted(lake.landing.glob(f"{CENSUS_DB}/*/files"))
    kept = ", ".join(quoted(str(_digests(con, lake, batch, folder))) for batch in batches)
    return f"read_parquet([{kept}])" if kept else "(SELECT NULL::BLOB AS digest LIMIT 0)"


def _digests(con: duckdb.DuckDBPyConnection, lake: Lake, batch: Path, folder: Path) -> Path:
    """Return the file with the digests of a batch's submissions, made once and kept in `memo/`."""
    kept = lake.memo / CENSUS_DB / batch.parent.name
    try:
        os.utime(kept)  # or it is taken for what nobody reads any more
    except FileNotFoundError:
        lines, part = folder / "digests.csv", folder / "digests"
        with lines.open("w") as handle:
            handle.writelines(f"{hashlib.sha256(line).hexdigest()}\n" for line in _lines(batch))
        part.mkdir()
        con.execute(DIGESTS.format(lines=quoted(str(lines)), made=quoted(str(part / "digests.parquet"))))
        kept.parent.mkdir(parents=True, exist_ok=True)
        part.rename(kept)
    return kept / "digests.parquet"


def _lines(batch: Path) -> Iterator[bytes]:
    for path in sorted(batch.glob("*.ndjson")):
        with path.open("rb") as lines:
            yield from (line.removesuffix(b"\n") for line in lines)


def _require_columns(db: Connection, where: str) -> None:
    """Refuse a table that is not as agreed, by the first column that differs; further columns are nobody's business."""
    found: dict[str, str] = dict(db.execute(FOUND_COLUMNS, [TABLE]).fetchall())
    if not found:
        raise _refused(f"there is no table {TABLE}, or the role may not see it", where)
    for name, wanted in COLUMNS.items():
        if name not in found:
            raise _refused(f"{TABLE} has no column {name}", where)
        if found[name] != wanted:
            raise _refused(f"column {name} of {TABLE} is {found[name]} where {wanted} is agreed", where)


def _value(db: Connection, query: str) -> Any:
    return db.execute(query).fetchall()[0][0]


@contextmanager
def _snapshot(settings: Settings) -> Iterator[Connection]:
    """Hold one snapshot of the Census Database, for reading only; its table is as agreed."""
    where = f"{settings.census_db_url} (SANAQ_CENSUS_DB_URL)"
    try:
        with _connected(settings, where) as db:
            db.isolation_level, db.read_only = psycopg.IsolationLevel.REPEATABLE_READ, True
            db.execute(LOCAL)
            _require_columns(db, where)
            yield db
    except psycopg.Error as error:
        raise _named(error, where) from None


def _connected(settings: Settings, where: str) -> Connection:
    secret = settings.census_db_password
    password = secret.get_secret_value() if secret else None
    try:
        return psycopg.connect(settings.census_db_url or "", password=password, **NETWORK)
    except psycopg.OperationalError as error:
        if error.pgconn and error.pgconn.used_password:
            raise CensusDbRefused(
                "the Census Database refuses the role, its password, or has no database of that name",
                where=where,
                todo="Set SANAQ_CENSUS_DB_PASSWORD, or correct SANAQ_CENSUS_DB_URL; `sanaq doctor` tries them.",
            ) from None
        if any(words in str(error) for words in ("certificate", "does not support SSL")):
            raise CensusDbRefused(
                "the connection would not be safe: the server has no certificate, or none that holds for it",
                where=where,
                todo="Name the file with the certificate of its issuer as sslrootcert in SANAQ_CENSUS_DB_URL.",
            ) from None
        raise _unavailable("does not answer", where) from None


def _named(error: psycopg.Error, where: str) -> SanaqError:
    """Tell by SQLSTATE what may be said about an error of the server: its words may quote data."""
    state = error.sqlstate
    if state is None and isinstance(error, psycopg.OperationalError):
        return _unavailable("broke the connection off", where)
    if state and state.startswith(MAY_PASS):
        return _unavailable(f"gave up (SQLSTATE {state})", where)
    if state == "42501":
        return _refused(f"the role may not read {TABLE}", where)
    return _refused(f"a query was refused (SQLSTATE {state or 'none'})", where)


def _refused(what: str, where: str) -> CensusDbRefused:
    return CensusDbRefused(
        what, where=where, todo="Nothing was landed. Compare the Census Database with docs/census-db.sql."
    )


def _unavailable(what: str, where: str) -> CensusDbUnavailable:
    return CensusDbUnavailable(
        f"the Census Database {what}",
        where=where,
        todo="Nothing was landed; the next run goes on from where the last one ended. If it stays so, call its operators.",
    )
