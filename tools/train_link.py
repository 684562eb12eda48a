"""Trains the shipped model of linkage on simulated fields, whose truth says who is who: `data/reference/link_model.json`.

m is counted over all pairs of one person, kin over pairs of two persons who share family name and patronymic, u over pairs taken at random.
Two things the fields cannot say are put in: the simulated staff spell names in many ways but make no typing errors in them (TYPED), and
records carry the code of a place but not its name (`_tied`). Fields of other seeds, which the model has not seen, say how good it is.

Run: python -m tools.train_link
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from pipeline.resolve.link import find_people
from pipeline.resolve.link.model import KIN, LEVELS, SHIPPED, Model, read_model
from pipeline.round import OFFICE_ROUTES
from sandbox.campaign import NIGHTS, create
from sandbox.deliver import deliver
from sandbox.portal import running

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "data" / "sandbox" / "link"
ROUTES = (*OFFICE_ROUTES, "portal", "tablet_vpn", "tablet_usb")
TRAINED_ON = range(1001, 1009)
HELD_AGAINST = range(1101, 1105)
HALF_A_PAIR = 0.5  # a level never seen is rare, not impossible
# Pairs of one person typed by hand, by level: a guess of ours, counted beside the thousand or so of the fields.
TYPED = {
    "family": (88, 7, 2, 3),
    "given": (88, 7, 2, 3),
    "patronymic": (90, 7, 3),
    "birth_date": (94, 3, 1, 1, 0.5, 0.5),
    "national_id": (96, 2.5, 0.5, 1),
}
# What `find_people` compares, of a record beside its identity.
COMPARED = """family_name,
    given_name,
    patronymic,
    CAST(sex AS VARCHAR) AS sex,
    CASE birth_date_precision
        WHEN 'YEAR' THEN strftime(birth_on, '%Y')
        WHEN 'MONTH' THEN strftime(birth_on, '%Y-%m')
        ELSE strftime(birth_on, '%Y-%m-%d')
    END AS birth_date,
    iin AS national_id"""
# One record a case, as the field wrote it, and whom it is about.
RECORDS = """
WITH known AS (SELECT DISTINCT bytes_sha256, person_key FROM read_parquet('{truth}') WHERE person_key IS NOT NULL)

SELECT
    '{seed}/' || record_id AS record_id,
    '{seed}/' || person_key AS person_key,
    {compared},
    '{seed}/' || institution_id AS place_code
FROM read_parquet('{read}/record/*.parquet') AS record
JOIN read_parquet('{read}/identity/*.parquet') AS identity USING (record_id)
JOIN known USING (bytes_sha256)
WHERE case_id IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY case_id ORDER BY case_version DESC, record_id) = 1
"""


def records_of(seed: int) -> pa.Table:
    """Play one field and return its records, one a case, with the person each is about."""
    from pipeline import night

    folder = WORK / f"seed-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    create(folder, seed, 40, 3000, 1.0)
    deliver(folder, datetime.fromisoformat(NIGHTS[-1]), folder / "inbox")
    with running(folder, "sandbox") as url:
        os.environ |= {
            "SANAQ_LAKE": str(folder / "lake"),
            "SANAQ_INBOX": str(folder / "inbox"),
            "SANAQ_PORTAL_URL": url,
            "SANAQ_PORTAL_SECRET": "sandbox",
            "SANAQ_THREADS": "1",
        }
        for route in ROUTES:
            night.receive(route, NIGHTS[-1]).whole()
    build_id = night.open_build()
    night.run_step(build_id, "read")
    query = RECORDS.format(
        compared=COMPARED,
        seed=seed,
        read=folder / "lake" / "builds" / build_id / "read",
        truth=folder / "truth" / "records.parquet",
    )
    with duckdb.connect() as con:
        records: pa.Table = con.sql(query).to_arrow_table()
    shutil.rmtree(folder)
    return records


def train(records: pa.Table, prior: Model) -> Model:
    """Count the levels over pairs of one person, of one family and of strangers."""
    with duckdb.connect() as con:
        con.register("source", records)
        find_people(con, prior)
        con.execute("CREATE TEMP TABLE truth AS SELECT no, person_key FROM record JOIN source USING (record_id)")
        con.execute(
            "CREATE TEMP TABLE true_pair AS SELECT a.no AS a_no, b.no AS b_no FROM truth AS a JOIN truth AS b USING (person_key) WHERE a.no < b.no"
        )
        con.execute(
            "CREATE TEMP TABLE kin_pair AS SELECT a.no AS a_no, b.no AS b_no FROM record AS a "
            "JOIN record AS b ON a.family = b.family AND a.patronymic = b.patronymic AND a.place_code = b.place_code "
            "JOIN truth AS a_truth ON a.no = a_truth.no JOIN truth AS b_truth ON b.no = b_truth.no "
            "WHERE a.no < b.no AND a_truth.person_key <> b_truth.person_key"
        )
        con.execute("CREATE TEMP TABLE strange_pair AS FROM random_pair(1000000)")
        size = {
            name: con.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0] for name in ("true_pair", "kin_pair")
        }
        return Model(
            m=_shares(con, "true_pair", LEVELS, TYPED),
            u=_shares(con, "strange_pair", LEVELS, {}),
            kin=_shares(con, "kin_pair", KIN, {}),
            pairs_per_record=size["true_pair"] / len(records),
            kin_per_record=size["kin_pair"] / len(records),
            training={
                "records": len(records),
                "pairs_of_one_person": size["true_pair"],
                "pairs_of_one_family": size["kin_pair"],
            },
        )


def judge(records: pa.Table, model: Model | None) -> dict[str, float]:
    """Link records and hold the persons against the truth, pair by pair."""
    with duckdb.connect() as con:
        con.register("source", records)
        find_people(con, model)
        rows = con.execute("SELECT person_id, person_key FROM linked JOIN source USING (record_id)").fetchall()
    found, true, both = (_pairs(labels) for labels in ([p for p, _ in rows], [k for _, k in rows], rows))
    return {"precision": round(both / max(1, found), 5), "recall": round(both / max(1, true), 5)}


def main() -> None:
    """Train, judge and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=ROOT / "data" / "reference" / SHIPPED)
    options = parser.parse_args()
    with ProcessPoolExecutor(options.workers, get_context("spawn"), max_tasks_per_child=1) as workers:
        fields = dict(
            zip([*TRAINED_ON, *HELD_AGAINST], workers.map(records_of, [*TRAINED_ON, *HELD_AGAINST]), strict=True)
        )
    model = train(pa.concat_tables(fields[seed] for seed in TRAINED_ON), read_model(options.out))
    held = pa.concat_tables(fields[seed] for seed in HELD_AGAINST)
    report = {
        "seeds": [*TRAINED_ON],
        **model.training,
        "seeds_held_against": [*HELD_AGAINST],
        "records_held_against": len(held),
        "by_this_model": judge(held, model),
        "without_numbers": judge(held.drop_columns(["national_id"]), model),
    }
    content = {**model.as_json(), "training": report}
    options.out.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=1))  # noqa: T201


def _shares(
    con: duckdb.DuckDBPyConnection, pairs: str, names: Iterable[str], more: dict[str, tuple[float, ...]]
) -> dict[str, tuple[float, ...]]:
    con.execute(f"CREATE OR REPLACE TEMP TABLE levels AS FROM compared('{pairs}')")
    shares = {}
    for name in names:
        counts = dict(con.execute(f"SELECT {name}, count(*) FROM levels GROUP BY {name}").fetchall())
        seen = [counts.get(level, 0) + HALF_A_PAIR for level in range(1, len(LEVELS[name]) + 1)]
        seen = [count + added for count, added in zip(seen, more.get(name, [0] * len(seen)), strict=True)]
        seen = _tied(seen) if name == "place" else seen
        shares[name] = tuple(count / sum(seen) for count in seen)
    return shares


def _tied(seen: Sequence[float]) -> list[float]:
    """Let code, name and both weigh the same, equal and near: which of them a file has says nothing about its people."""
    equal, near, different = sum(seen[:3]) / 3, sum(seen[3:6]) / 3, seen[6]
    return [equal] * 3 + [near] * 3 + [different]


def _pairs(labels: Sequence[Any]) -> int:
    return sum(size * (size - 1) // 2 for size in Counter(labels).values())


if __name__ == "__main__":
    main()
