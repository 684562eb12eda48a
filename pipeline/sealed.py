"""Identity at rest, as a choice: tables with identifiers are Parquet files encrypted with a key that never lies beside them.

DuckDB reads such files and cannot write them: pyarrow seals what DuckDB wrote (AES_GCM_V1, the whole file, footer too). DuckDB takes one page per
column chunk only and no nested columns.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import duckdb

from pipeline.schema import Table
from pipeline.settings import Settings

KEY_NAME = "identity"
ROW_GROUP = 122_880
ONE_PAGE = 2**30


def holds_identity(table: Table | None) -> bool:
    """Tell whether a table has columns by which somebody could be known."""
    columns = table.columns.values() if table else ()
    return any(column.sensitivity == "identifier" for column in columns)


def fingerprint(settings: Settings) -> str | None:
    """Return what tells one key from another and does not give it away; None without a key."""
    key = _key(settings)
    return hashlib.sha256(b"fingerprint:" + key).hexdigest()[:16] if key else None


def hand_key(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Let a connection open sealed files."""
    if key := _key(settings):
        con.execute(f"PRAGMA add_parquet_key('{KEY_NAME}', '{base64.b64encode(key).decode()}')")


def opened(source: str) -> str:
    """Return the SELECT over sealed files; `source` is a list of paths in SQL.

    OFFSET 0 keeps filters out of the scan: with one DuckDB 2.0 takes the pages for damaged.
    """
    return f"SELECT * FROM read_parquet({source}, encryption_config = {{footer_key: '{KEY_NAME}'}}) OFFSET 0"


def seal(path: Path, settings: Settings) -> None:
    """Encrypt a Parquet file in place; left as it is without a key."""
    key = _key(settings)
    if key is None:
        return
    import pyarrow.parquet as pq
    from pyarrow.parquet.encryption import create_encryption_properties

    part = path.with_suffix(".sealing")
    with pq.ParquetFile(path) as plain:
        writer = pq.ParquetWriter(
            part,
            plain.schema_arrow,
            encryption_properties=create_encryption_properties(footer_key=key),
            data_page_size=ONE_PAGE,
            max_rows_per_page=ONE_PAGE,
            dictionary_pagesize_limit=ONE_PAGE,
        )
        with writer:
            for rows in plain.iter_batches(ROW_GROUP):
                writer.write_batch(rows, row_group_size=ROW_GROUP)
    part.replace(path)


def _key(settings: Settings) -> bytes | None:
    secret = settings.identity_key
    return hashlib.sha256(b"identity:" + secret.get_secret_value().encode()).digest() if secret else None
