"""Pulls the Census Database: what transactions that are over have written since the last pull (docs/census-db.sql).

A row becomes visible when its transaction commits, however long ago it was written, so no clock and no overlap finds all of them. A
pull therefore ends before the oldest transaction still open (the xmin of its snapshot), and the next one begins there. A sweep looks
through all keys, in the same snapshot: it finds what came back from a backup, and what waits behind a transaction that stays open.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from pipeline.errors import CensusDbRefused, CensusDbUnavailable, SanaqError
from pipeline.lake import Lake
from pipeline.receive.book import last_cursor
from pipeline.receive.parcel import CENSUS_DB, Parcel, Source
from pipeline.settings import Settings

PAGE_RECORDS = 1000
TABLE = "sanaq.submission"
COLUMNS = {
    "case_id": "text", "case_version": "integer", "submission": "json", "accepted_on": "date", "changed_xid": "xid8"
}  # fmt: skip

# Outside its texts a JSON object may be broken into lines; one line is one submission here.
LINE = r"translate(submission::text, E'\n\r', '  ')"
KEYS = f"""
    SELECT case_id, case_version, accepted_on, sha256(convert_to({LINE}, 'UTF8'))
    FROM {TABLE}
    WHERE changed_xid >= %(since)s::xid8 AND changed_xid < %(until)s::xid8
    ORDER BY changed_xid, case_id COLLATE "C", case_version
"""
PAGE = f"""
    SELECT {LINE}
    FROM {TABLE}
    JOIN unnest(%s::text[], %s::integer[]) WITH ORDINALITY AS wanted (case_id, case_version, number)
    USING (case_id, case_version)
    ORDER BY number
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
# A snapshot holds back the other side's cleaning: it is given up when we are gone.
LIMITS = "SET LOCAL statement_timeout = '15min'; SET LOCAL lock_timeout = '30s'; SET LOCAL idle_in_transaction_session_timeout = '10min'"
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
    """
    cursor_from = last_cursor(lake, CENSUS_DB)
    with _snapshot(settings) as db:
        bound = str(_value(db, BOUND))
        # A counter behind the cursor is another server's, made from a backup: its numbers tell nothing of ours.
        is_whole = is_sweep or int(cursor_from or 0) > int(bound)
        since, until = ("0", LAST_XID) if is_whole else (cursor_from or "0", bound)
        landed_daily: Counter[str] = Counter()
        sources = list(_pages(db, since, until, lake, folder, landed_daily))
        if not sources:
            return None
        daily = {day.isoformat(): size for day, size in db.execute(COUNTS, [until])}
    return Parcel(
        CENSUS_DB,
        f"{cursor_from or ''}..{bound}",
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
    db: Connection, since: str, until: str, lake: Lake, folder: Path, landed_daily: Counter[str]
) -> Iterator[Source]:
    """Write the submissions that have not landed yet, at most a thousand a file, and count them by the day they were accepted."""
    folder.mkdir()
    landed: set[bytes] | None = None
    names = (f"page-{number:05d}.ndjson" for number in count(1))
    with db.cursor("keys") as cursor:
        cursor.execute(KEYS, {"since": since, "until": until})
        while keys := cursor.fetchmany(PAGE_RECORDS):
            landed = _landed(lake) if landed is None else landed
            if wanted := [key for key in keys if key[-1] not in landed]:
                landed_daily.update(accepted_on.isoformat() for _, _, accepted_on, _ in wanted)
                yield _page(db, [(case_id, version) for case_id, version, _, _ in wanted], lake, folder / next(names))


def _page(db: Connection, wanted: list[tuple[str, int]], lake: Lake, path: Path) -> Source:
    rows = db.execute(PAGE, [[case_id for case_id, _ in wanted], [version for _, version in wanted]])
    body = b"".join(line.encode("utf-8") + b"\n" for (line,) in rows)
    lake.require_space(2 * len(body))
    path.write_bytes(body)
    return Source(path, path.name)


def _landed(lake: Lake) -> set[bytes]:
    """Return the digests of the submissions this route has landed: some 90 MB a million."""
    digests: set[bytes] = set()
    for path in lake.landing.glob(f"{CENSUS_DB}/*/files/*.ndjson"):
        with path.open("rb") as lines:
            digests.update(hashlib.sha256(line.removesuffix(b"\n")).digest() for line in lines)
    return digests


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
            db.execute(LIMITS)
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
