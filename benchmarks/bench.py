"""How long a build takes, step by step, beside a floor measured in the same run.

The floor is one DuckDB COPY of the same submissions from JSON to Parquet: what any tool must pay to read them at all. Every act runs in a
process of its own, so that its core-seconds and peak memory are its own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess  # runs this same file
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "benchmarks" / "results"
ACTS = ("floor", "receive", "read", "check", "resolve", "count", "gates", "reconcile", "publish", "release")
# What each act may cost at 1 M submissions, as a ratio to the floor, which reads the submissions alone: so does the target of reading.
TARGETS = {
    "read: submissions": 2.0,
    "check": 0.7,
    "resolve": 1.5,
    "count and publish": 1.0,
    "gates": 0.3,
    "together": 5.5,
}
NOW = "2021-11-01T00:00:00+05:00"


@dataclass(frozen=True)
class Cost:
    """What one act took: wall seconds, core-seconds, peak memory in MiB."""

    act: str
    seconds: float
    core_seconds: float
    peak_mib: float


def perform(act: str, folder: Path) -> list[Cost]:
    """Do one act on the field under `folder`, inside its own process; return what its parts took, where it has any."""
    if act == "floor":
        _floor(folder)
        return []
    from pipeline import night

    if act == "receive":
        for route in ("register", "list", "tablet_vpn"):
            night.receive(route, NOW)
        (folder / "build_id").write_text(night.open_build(), encoding="utf-8")
        return []
    parts = _timed_readers() if act == "read" else []
    build_id = (folder / "build_id").read_text(encoding="utf-8")
    if act == "reconcile":
        night.finish_build(build_id)
        night.reconcile(build_id)
    elif act == "publish":
        night.publish(build_id)
        _require_counted(folder)
    elif act == "release":
        night.release(build_id)
    else:
        night.run_step(build_id, act)
    return parts


def _require_counted(folder: Path) -> None:
    """Refuse to measure a road nobody went: nearly every invented submission is a person, counted once or come again."""
    import duckdb

    path = folder / "lake" / "operations" / "current" / "parquet" / "quality" / "ledger.parquet"
    received, counted = duckdb.sql(
        f"SELECT sum(received_count), sum(counted_count + duplicate_count) FROM '{path}'"
    ).fetchall()[0]
    if counted < 0.9 * received:
        raise SystemExit(f"of {received:,} submissions only {counted:,} were counted: the figures above say nothing")


def _timed_readers() -> list[Cost]:
    """Let the two readers of the step enter what they take."""
    from pipeline.read import office, submissions

    parts: list[Cost] = []

    def timed(name: str, run: Callable[..., None]) -> Callable[..., None]:
        def entered(*arguments: Any) -> None:
            wall, cores = time.perf_counter(), time.process_time()
            run(*arguments)
            wall, cores = time.perf_counter() - wall, time.process_time() - cores
            parts.append(Cost(f"read: {name}", round(wall, 2), round(cores, 2), _peak_mib()))

        return entered

    office.run = timed("what offices sent", office.run)
    submissions.run = timed("submissions", submissions.run)
    return parts


def _peak_mib() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 0)


def measure(act: str, folder: Path) -> list[Cost]:
    """Run one act in a child process; return its cost, as the operating system has it, and after it those of its parts."""
    lake, inbox = str(folder / "lake"), str(folder / "field")
    ours = {"LAKE": lake, "INBOX": inbox, "ID_KEY": "a secret", "ALLOW_PLAIN_VOLUME": "true"}
    env = {**os.environ, **{f"SANAQ_{name}": value for name, value in ours.items()}}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.bench", "--act", act, "--folder", str(folder)]
    said = subprocess.run(command, env=env, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    told = json.loads(said.splitlines()[-1])
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cores = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return [Cost(act, round(seconds, 2), round(cores, 2), told["peak_mib"]), *(Cost(**part) for part in told["parts"])]


def run(rows: int) -> list[Cost]:
    """Make a field of `rows` submissions and perform every act on it."""
    from sandbox.volume import write_volume

    folder = WORK / f"rows-{rows}"
    shutil.rmtree(folder, ignore_errors=True)
    start = time.perf_counter()
    write_volume(folder / "field", rows, seed=1)
    made = time.perf_counter() - start
    print(f"{rows:,} submissions made in {made:.1f} s ({rows / made:,.0f} a second)", flush=True)
    costs: list[Cost] = []
    for act in ACTS:
        found = measure(act, folder)
        costs += found
        if act == "receive":
            shutil.rmtree(folder / "field")  # landed and never read again: 10 M submissions are 22 GB
        for cost in found:
            print(
                f"  {cost.act:24} {cost.seconds:8.2f} s {cost.core_seconds:8.2f} core-s {cost.peak_mib:7.0f} MiB",
                flush=True,
            )
    shutil.rmtree(folder, ignore_errors=True)
    return costs


def ratios(costs: list[Cost]) -> dict[str, float]:
    """Return each group's seconds over the floor's."""
    seconds = {cost.act: cost.seconds for cost in costs}
    groups = {name: seconds[name] for name in ("read: submissions", "check", "resolve", "gates")}
    groups["count and publish"] = seconds["count"] + seconds["publish"]
    groups["together"] = sum(groups.values())
    groups["together with what offices sent"] = groups["together"] + seconds["read"] - seconds["read: submissions"]
    return {name: round(value / seconds["floor"], 2) for name, value in groups.items()}


def report(results: dict[int, list[Cost]]) -> str:
    """Return the results as Markdown, targets beside the ratios of the largest run."""
    lines = ["| submissions | act | seconds | core-seconds | peak MiB | × floor |", "|---:|---|---:|---:|---:|---:|"]
    for rows, costs in results.items():
        floor = costs[0].seconds
        lines += [
            f"| {rows:,} | {c.act} | {c.seconds:.2f} | {c.core_seconds:.2f} | {c.peak_mib:.0f} | {c.seconds / floor:.2f} |"
            for c in costs
        ]
    largest = max(results)
    lines += [
        "",
        f"At {largest:,} submissions, as ratios to the floor:",
        "",
        "| | measured | target |",
        "|---|---:|---:|",
    ]
    found = ratios(results[largest])
    lines += [f"| {name} | {ratio} | {TARGETS.get(name, '–')} |" for name, ratio in found.items()]
    return "\n".join(lines) + "\n"


def machine() -> dict[str, object]:
    """Describe the machine the figures belong to."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(memory),
        "python": platform.python_version(),
        "system": platform.platform(),
    }


def main() -> None:
    """Run the benchmark and write its table and figures to benchmarks/results/."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--act", choices=ACTS)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.act:
        parts = perform(options.act, options.folder)
        print(json.dumps({"peak_mib": _peak_mib(), "parts": [asdict(part) for part in parts]}))
        return
    results = {rows: run(rows) for rows in options.rows}
    table = report(results)
    WORK.mkdir(parents=True, exist_ok=True)
    record = {
        "measured_at": datetime.now(UTC).isoformat(),
        "machine": machine(),
        "costs": {n: [asdict(c) for c in cs] for n, cs in results.items()},
    }
    (WORK / "bench.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    (WORK / "bench.md").write_text(table, encoding="utf-8")
    print(table)


def _floor(folder: Path) -> None:
    import duckdb

    source = str(folder / "field" / "tablet_vpn" / "*" / "submissions.ndjson")
    with duckdb.connect() as con:
        con.execute("SET threads = 2")
        con.execute(f"COPY (FROM read_ndjson_auto('{source}')) TO '{folder / 'floor.parquet'}' (FORMAT parquet)")


if __name__ == "__main__":
    main()
