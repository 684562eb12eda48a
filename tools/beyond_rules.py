"""What the model of `sanaq link` sees that the rules of a build do not: its links between persons whom the build counts apart.

Fields nobody trained on are received, built and held against their truth. A link between two counted persons is right where they are one; it
is news where the build asks nobody about the two.

Run: python -m tools.beyond_rules --first 601 --seeds 10
"""

from __future__ import annotations

import argparse
import shutil
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import duckdb
from rich.console import Console
from rich.table import Table

from pipeline.resolve.link import find_people
from pipeline.resolve.link.model import SHIPPED, read_model
from pipeline.settings import load_settings
from sandbox.campaign import NIGHTS, create
from tools.accuracy import WORK, builds
from tools.train_link import COMPARED

WEIGHTS = (0, 3, 6, 10)  # log2 of the odds for one person
STEPS = ("read", "check", "resolve")
COUNTED = """
CREATE TEMP TABLE source AS
WITH known AS (
    SELECT DISTINCT bytes_sha256, person_key FROM read_parquet('{truth}') WHERE person_key IS NOT NULL
)

SELECT
    record_id,
    person_key,
    {compared},
    institution_id AS place_code
FROM read_parquet('{build}/read/record/*.parquet') AS record
JOIN read_parquet('{build}/read/identity/*.parquet') AS identity USING (record_id)
JOIN read_parquet('{build}/resolve/person_record.parquet') AS member USING (record_id)
JOIN known USING (bytes_sha256)
WHERE member.role IN ('survivor', 'conflict')
"""
LINKS = """
SELECT
    a.person_key = b.person_key AS is_right,
    EXISTS (
        SELECT 1
        FROM read_parquet('{build}/resolve/review_pair.parquet') AS asked
        WHERE (asked.left_record_id, asked.right_record_id) IN ((a.record_id, b.record_id), (b.record_id, a.record_id))
    ) AS is_asked,
    weighed.weight
FROM weighed
JOIN record AS a_told ON weighed.a_no = a_told.no
JOIN record AS b_told ON weighed.b_no = b_told.no
JOIN source AS a ON a_told.record_id = a.record_id
JOIN source AS b ON b_told.record_id = b.record_id
"""


def look(seed: int, rate_scale: float) -> Counter[str]:
    """Return counts of one field: persons, persons counted twice, links by weight, rightness and news."""
    folder = WORK / f"beyond-{rate_scale:g}-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    create(folder, seed, 40, 3000, rate_scale)
    (build,) = builds(folder, NIGHTS[-1:], STEPS)
    with duckdb.connect() as con:
        con.execute(COUNTED.format(compared=COMPARED, truth=folder / "truth" / "records.parquet", build=build))
        find_people(con, read_model(load_settings().reference / SHIPPED))
        persons, distinct = con.execute("SELECT count(*), count(DISTINCT person_key) FROM source").fetchall()[0]
        found = Counter(persons=persons, twice=persons - distinct)
        for is_right, is_asked, weight in con.execute(LINKS.format(build=build)).fetchall():
            name = f"{'right' if is_right else 'wrong'}, {'asked about' if is_asked else 'news'}"
            found.update(f"{name} {least}" for least in WEIGHTS if weight >= least)
    shutil.rmtree(folder)
    return found


def main() -> None:
    """Look at fields and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=601)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--rate-scale", type=float, default=1.0)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.seeds)
    found: Counter[str] = Counter()
    with ProcessPoolExecutor(options.workers, get_context("spawn"), max_tasks_per_child=1) as workers:
        for each in workers.map(partial(look, rate_scale=options.rate_scale), seeds):
            found += each
    kinds = [f"{right}, {known}" for right in ("right", "wrong") for known in ("asked about", "news")]
    table = Table(
        "odds at least 2^", *kinds, title=f"{found['persons']} counted persons, {found['twice']} of them twice"
    )
    for least in WEIGHTS:
        table.add_row(str(least), *(str(found[f"{kind} {least}"]) for kind in kinds))
    Console().print(table)


if __name__ == "__main__":
    main()
