"""Reads what sweeps of the Census Database say: which of the lines that landed from there it has no more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.identifiers.sql import make_table
from pipeline.lake import is_sweep
from pipeline.read.landed import require_landed
from pipeline.sql import Workbench, quoted

LINES = """
    CREATE OR REPLACE VIEW sweep_line AS
    SELECT *
    FROM read_csv(
        [{paths}], auto_detect = false, header = false, delim = ',', filename = true,
        columns = {{bytes_sha256: 'VARCHAR', is_gone: 'BOOLEAN'}}
    )
"""


def run(bench: Workbench) -> None:
    """Make `census_db_sweep`.

    Raises
    ------
    InputsMissing
        A landed file is gone or was changed.
    """
    files = list(_files(bench))
    make_table(bench.con, "sweep", files, {"filename": "VARCHAR", "received_at": "VARCHAR"})
    if files:
        bench.con.execute(LINES.format(paths=", ".join(quoted(file["filename"]) for file in files)))
    else:
        make_table(
            bench.con, "sweep_line", [], {"bytes_sha256": "VARCHAR", "is_gone": "BOOLEAN", "filename": "VARCHAR"}
        )
    bench.write("census_db_sweep")


def _files(bench: Workbench) -> Iterator[dict[str, Any]]:
    for batch in bench.batches:
        for file_no, file in enumerate(batch["files"], start=1):
            if is_sweep(batch["route"], file["path"]):
                path = bench.lake.landing / batch["route"] / batch["batch_id"] / "files" / file["path"]
                require_landed(batch, file_no, path)
                yield {"filename": str(path), "received_at": batch["received_at"]}
