"""How long the questions of the analyst's guide take on a release of many persons.

The persons of a release are repeated, in a copy of its database, until they are as many as asked for; every question is put twice, and the
second time counts: the engine has then read what it needs. Put to one connection with two threads and 4 GB, as analysts' machines have at least.
"""

from __future__ import annotations

import argparse
import re
import shutil
import time
from pathlib import Path

import duckdb

from benchmarks.bench import ROOT, WORK

GUIDE = ROOT / "docs" / "analyst-guide.md"
QUESTION = re.compile(r"^(?P<said>[^\n]+)\n\n```sql release\n(?P<sql>.*?)```$", re.MULTILINE | re.DOTALL)
MOST_SECONDS = 1.0


def questions() -> list[tuple[str, str]]:
    """Return what the guide asks of a release: in words, in SQL."""
    return [(found["said"], found["sql"]) for found in QUESTION.finditer(GUIDE.read_text(encoding="utf-8"))]


def repeat(con: duckdb.DuckDBPyConnection, persons: int) -> None:
    """Let there be so many persons; a repeated one has an id of its own."""
    ((there,),) = con.execute("SELECT count(*) FROM person").fetchall()
    con.execute(
        "INSERT INTO person SELECT person.* REPLACE (left(md5(person || again), 16) AS person) "
        f"FROM person CROSS JOIN range(1, {-(-persons // there)}) AS times (again) LIMIT {persons - there}"
    )
    con.execute("CHECKPOINT")


def seconds(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[float, float]:
    """Ask twice; return what the second time took, and the cores of it."""
    con.execute(sql).fetchall()
    began, cores = time.perf_counter(), time.process_time()
    con.execute(sql).fetchall()
    return time.perf_counter() - began, time.process_time() - cores


def main() -> None:
    """Print a table of the questions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--release", type=Path, default=ROOT / "data" / "lake" / "published" / "current")
    parser.add_argument("--persons", type=int, default=1_000_000)
    options = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    path = WORK / "census.duckdb"  # views and questions call it so
    shutil.copyfile(options.release / "census.duckdb", path)
    try:
        with duckdb.connect(str(path), config={"threads": 2, "memory_limit": "4GB"}) as con:
            repeat(con, options.persons)
        size = path.stat().st_size / 2**20
        with duckdb.connect(str(path), read_only=True, config={"threads": 2, "memory_limit": "4GB"}) as con:
            ((persons,),) = con.execute("SELECT count(*) FROM census.person").fetchall()
            print(f"| {persons:,} persons, {size:,.0f} MiB | s | core-s |\n|---|---:|---:|", flush=True)
            for said, sql in questions():
                wall, cores = seconds(con, sql)
                late = "" if wall <= MOST_SECONDS else f" (over {MOST_SECONDS:g})"
                print(f"| {said} | {wall:.2f}{late} | {cores:.2f} |", flush=True)
    finally:
        path.unlink(missing_ok=True)
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
