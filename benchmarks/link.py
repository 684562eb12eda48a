"""How long linking takes and how right it is, beside Splink's quick-start settings on the same simulated records.

Each act runs in a process of its own. Training is held against training, prediction (from names as written to persons) against prediction.
Needs Splink: `.tools/bin/uv sync --extra sandbox --group link`.

Run: python -m benchmarks.link [--records 1000000] [--acts ours_fit ours_predict splink_train splink_predict]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess  # runs this same file
import sys
import time
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "benchmarks" / "results"
ACTS = ("ours_fit", "ours_predict", "splink_train", "splink_predict")
COLUMNS = (
    "record_id", "person", "family_name", "given_name", "patronymic", "sex", "birth_date", "national_id", "place_code",
)  # fmt: skip
DUPLICATES = 0.3  # of the records; every second of them spells its name another way, every fifth has a slip of the hand
FIRST_DAY = date(1940, 1, 1)


def people(records: int) -> pa.Table:
    """Simulate records: some people have several, with other spellings, slips, and numbers that are missing."""
    from sandbox.dice import Dice
    from sandbox.names import new_name

    throw, dice = random.Random(1), Dice(1, "link")
    known: list[tuple[Any, ...]] = []
    rows: list[tuple[Any, ...]] = []
    for no in range(records):
        if known and throw.random() < DUPLICATES:
            rows.append((f"{no:08d}", *_again(throw.choice(known), throw)))
            continue
        sex = throw.randrange(1, 3)
        name = new_name("KAZAKH" if throw.random() < 0.8 else "RUSSIAN", sex, dice)
        born = FIRST_DAY + timedelta(days=throw.randrange(29_000))
        number = f"{born:%y%m%d}{throw.randrange(10**6):06d}" if throw.random() < 0.9 else None
        known.append((f"p{no}", name, sex, born, number, f"47{throw.randrange(10):02d}{throw.randrange(100):03d}00"))
        rows.append((f"{no:08d}", *_written(*known[-1])))
    columns = zip(*rows, strict=True)
    return pa.table({name: pa.array(column, pa.string()) for name, column in zip(COLUMNS, columns, strict=True)})


def _again(one: tuple[Any, ...], throw: random.Random) -> tuple[Any, ...]:
    person, name, sex, born, number, place = one
    if throw.random() < 0.5:
        name = name.map(throw.choice(("ru", "latin", "heard")))
    row = list(_written(person, name, sex, born, number if throw.random() < 0.9 else None, place))
    if throw.random() < 0.2:
        field = throw.choice((1, 2, 5, 6))
        row[field] = row[field] and _slipped(row[field], throw)
    if throw.random() < 0.1:
        row[3] = None
    if throw.random() < 0.2:
        row[7] = f"47{throw.randrange(10):02d}{throw.randrange(100):03d}00"
    return tuple(row)


def _written(person: str, name: Any, sex: int, born: date, number: str | None, place: str) -> tuple[Any, ...]:
    return person, name.family, name.given, name.patronymic, str(sex), born.isoformat(), number, place


def _slipped(text: str, throw: random.Random) -> str:
    at = throw.randrange(len(text))
    return text[:at] + (throw.choice("0123456789") if text[at].isdigit() else throw.choice("аенрст")) + text[at + 1 :]


def ours_fit(source: Path, model: Path) -> Path:
    """Fit a model to the records and link them by it; what `link` does without --model."""
    from pipeline.resolve.link import link_file

    linked = model.with_suffix(".ours.parquet")
    linkage = link_file(source, linked)
    model.with_suffix(".ours.json").write_text(json.dumps(linkage.model.as_json()), encoding="utf-8")
    return linked


def ours_predict(source: Path, model: Path) -> Path:
    """Link by the model fitted before."""
    from pipeline.resolve.link import link_file
    from pipeline.resolve.link.model import read_model

    linked = model.with_suffix(".ours.parquet")
    link_file(source, linked, read_model(model.with_suffix(".ours.json")))
    return linked


def splink_train(source: Path, model: Path) -> None:
    """Train as Splink's quick start does, on the columns at hand."""
    import splink.internals.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_id",
        comparisons=[
            cl.NameComparison("given_name"),
            cl.NameComparison("family_name"),
            cl.DateOfBirthComparison("birth_date", input_is_string=True),
            cl.ExactMatch("place_code").configure(term_frequency_adjustments=True),
            cl.ExactMatch("national_id"),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("given_name", "birth_date"),
            block_on("family_name", "birth_date"),
            block_on("national_id"),
        ],
    )
    con = _limited(source)
    linker = Linker(DuckDBAPI(con).register("records"), settings)
    training = linker.training
    training.estimate_probability_two_random_records_match(
        [block_on("given_name", "family_name", "birth_date")], recall=0.7
    )
    training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    training.estimate_parameters_using_expectation_maximisation(block_on("given_name", "family_name"))
    training.estimate_parameters_using_expectation_maximisation(block_on("birth_date"))
    linker.misc.save_model_to_json(str(model.with_suffix(".splink.json")), overwrite=True)


def splink_predict(source: Path, model: Path) -> Path:
    """Predict and cluster at the threshold of the quick start."""
    from splink import DuckDBAPI, Linker

    con = _limited(source)
    linker = Linker(DuckDBAPI(con).register("records"), str(model.with_suffix(".splink.json")))
    pairs = linker.inference.predict(threshold_match_weight=-5)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, 0.95)
    linked = model.with_suffix(".splink.parquet")
    con.execute(
        f"COPY (SELECT record_id, cluster_id AS person_id FROM {clusters.physical_name}) TO '{linked}' (FORMAT parquet)"
    )
    return linked


def _limited(source: Path) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(config={"threads": 2, "memory_limit": "4GB", "temp_directory": str(WORK / "spill")})
    con.execute(f"CREATE TABLE records AS FROM '{source}'")
    return con


def _judged(source: Path, linked: Path) -> dict[str, float]:
    with duckdb.connect() as con:
        rows = con.execute(f"SELECT person_id, person FROM '{linked}' JOIN '{source}' USING (record_id)").fetchall()
    found, true, both = (
        sum(size * (size - 1) // 2 for size in Counter(labels).values())
        for labels in ([row[0] for row in rows], [row[1] for row in rows], rows)
    )
    return {
        "precision": round(both / max(1, found), 5),
        "recall": round(both / max(1, true), 5),
        "f1": round(2 * both / (found + true), 5),
    }


def perform(act: str, source: Path, model: Path) -> None:
    """Do one act in this process and print what it took, and how right the persons are."""
    began, cores = time.perf_counter(), time.process_time()
    linked = globals()[act](source, model)
    cost = {
        "seconds": round(time.perf_counter() - began, 1),
        "core_seconds": round(time.process_time() - cores, 1),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    print(json.dumps({"act": act, **cost, **(_judged(source, linked) if linked else {})}))


def main() -> None:
    """Simulate the records once, then do each act in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--acts", nargs="+", choices=ACTS, default=ACTS)
    parser.add_argument("--perform", choices=ACTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    WORK.mkdir(exist_ok=True)
    source, model = WORK / f"link-{options.records}.parquet", WORK / f"link-{options.records}-model"
    if options.perform:
        perform(options.perform, source, model)
        return
    if not source.exists():
        pq.write_table(people(options.records), source)
    environment = {**os.environ, "SANAQ_THREADS": "2", "SANAQ_MEMORY_LIMIT": "4GB"}
    for act in options.acts:
        command = [sys.executable, "-m", "benchmarks.link", "--records", str(options.records), "--perform", act]
        done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
        print(done.stdout.splitlines()[-1], flush=True)


if __name__ == "__main__":
    main()
