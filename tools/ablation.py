"""What each rule of resolution brings: the same fields resolved whole, then with one rule taken away at a time.

The pipeline has no switch for its rules. Here the pairs of one tier lose it before people are put together, or a key of names is
replaced by a plainer one.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from unittest.mock import patch

import duckdb
from rich.console import Console
from rich.table import Table

from pipeline import resolve
from pipeline.identifiers import names
from pipeline.lake import Lake
from pipeline.resolve.cluster import BY_WORD, TIERS, make_clusters
from pipeline.settings import load_settings
from pipeline.sql import Workbench
from sandbox.campaign import NIGHTS, create
from sandbox.evaluate import ALL, Evaluation, evaluate, pool
from tools.accuracy import WORK, builds

#: What stands in place of the keys of names.
PLAINER = {
    "one spelling for Kazakh, Russian, Latin": "upper(raw) AS fold, upper(raw) AS family_stem, upper(raw) AS patronymic_stem",
    "endings of family names": "fold AS family_stem",
    "endings of patronymics": "fold AS patronymic_stem",
    "phonetic key": "NULL::VARCHAR AS name_key",
    "placeholders": "FALSE AS is_placeholder",
}


def _without_tier(tier: str, con: duckdb.DuckDBPyConnection) -> None:
    con.execute(f"UPDATE pair SET tier = NULL WHERE tier = '{tier}'")
    make_clusters(con)


def _resolve(base: Path, folder: Path, prepare: Callable[[Workbench], None]) -> Path:
    """Run the step in a folder of its own over the tables of the build."""
    folder.mkdir()
    for step in ("read", "check"):
        (folder / step).symlink_to(base / step)
    settings = load_settings()
    lake = Lake(settings.lake)
    as_of = lake.newest_input()
    if as_of is None:
        raise RuntimeError("nothing was received")
    bench = Workbench.over(folder, "resolve", lake, settings, as_of, lake.batches(as_of))
    try:
        prepare(bench)
        resolve.run(bench)
    finally:
        bench.close()
    bench.step_dir.rename(folder / "resolve")
    return folder


def _plainer(keys: str, bench: Workbench) -> None:
    query = names.keys_query("relation")
    bench.con.execute(f"CREATE OR REPLACE MACRO name_keys(relation) AS TABLE SELECT * REPLACE ({keys}) FROM ({query})")


def ablate(seed: int, rate_scale: float) -> dict[str, Evaluation]:
    """Return what one field shows, whole and without each rule."""
    folder = WORK / f"ablation-{rate_scale:g}-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    create(folder, seed, 40, 3000, rate_scale)
    (base,) = builds(folder, NIGHTS[-1:], ("read", "check"))

    def found(name: str, prepare: Callable[[Workbench], None] = lambda bench: None) -> Evaluation:
        return evaluate(_resolve(base, folder / name, prepare), folder / "truth")

    results = {"all rules": found("whole")}
    for tier in TIERS:
        if tier != BY_WORD:
            with patch("pipeline.resolve.make_clusters", partial(_without_tier, tier)):
                results[f"without tier {tier}"] = found(f"tier-{tier}")
    for number, (rule, keys) in enumerate(PLAINER.items()):
        results[f"without {rule}"] = found(f"name-{number}", partial(_plainer, keys))
    shutil.rmtree(folder)
    return results


def main() -> None:
    """Print one row for each rule taken away, pooled over the fields."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=4, help="how many fields")
    parser.add_argument("--first", type=int, default=1, help="seed of the first")
    parser.add_argument("--rate-scale", type=float, default=3.0, help="multiplies every rate of noise")
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.seeds)
    with ProcessPoolExecutor(mp_context=get_context("spawn"), max_tasks_per_child=1) as workers:
        fields = list(workers.map(partial(ablate, rate_scale=options.rate_scale), seeds))
    table = Table("", "true pairs", "lost", "false", "wrong of usual", "wrong of present")
    for rule in fields[0]:
        total = pool(field[rule] for field in fields)
        link = total.linkage
        lost, false = link.true_pairs - link.correct_pairs, link.found_pairs - link.correct_pairs
        counts = (link.true_pairs, lost, false, total.usual[ALL].errors, total.present[ALL].errors)
        table.add_row(rule, *map(str, counts))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
