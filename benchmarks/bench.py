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
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "benchmarks" / "results"
ACTS = ("floor", "receive", "read", "check", "resolve", "count", "gates", "reconcile", "publish", "release")
# What each act may cost at 1 M submissions, as a ratio to the floor.
TARGETS = {"read": 2.0, "check": 0.7, "resolve": 1.5, "count and publish": 1.0, "gates": 0.3, "together": 5.5}
NOW = "2021-11-01T00:00:00+05:00"


@dataclass(frozen=True)
class Cost:
    """What one act took: wall seconds, core-seconds, peak memory in MiB."""

    act: str
    seconds: float
    core_seconds: float
    peak_mib: float


def perform(act: str, folder: Path) -> None:
    """Do one act on the field under `folder`; runs inside its own process."""
    if act == "floor":
        _floor(folder)
        return
    from pipeline import night

    if act == "receive":
        for route in ("register", "list", "tablet_vpn"):
            night.receive(route, NOW)
        (folder / "build_id").write_text(night.open_build(), encoding="utf-8")
        return
    build_id = (folder / "build_id").read_text(encoding="utf-8")
    if act == "reconcile":
        night.finish_build(build_id)
        night.reconcile(build_id)
    elif act == "publish":
        night.publish(build_id)
    elif act == "release":
        night.release(build_id)
    else:
        night.run_step(build_id, act)


def measure(act: str, folder: Path) -> Cost:
    """Run one act in a child process and take its cost from the operating system."""
    env = {**os.environ, "SANAQ_LAKE": str(folder / "lake"), "SANAQ_INBOX": str(folder / "field")}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.bench", "--act", act, "--folder", str(folder)]
    peak = int(
        subprocess.run(command, env=env, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.split()[-1]
    )
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cores = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Cost(act, round(seconds, 2), round(cores, 2), round(peak / 1024, 0))


def run(rows: int) -> list[Cost]:
    """Make a field of `rows` submissions and perform every act on it."""
    from sandbox.volume import write_volume

    folder = WORK / f"rows-{rows}"
    shutil.rmtree(folder, ignore_errors=True)
    start = time.perf_counter()
    write_volume(folder / "field", rows, seed=1)
    made = time.perf_counter() - start
    print(f"{rows:,} submissions made in {made:.1f} s ({rows / made:,.0f} a second)", flush=True)
    costs = []
    for act in ACTS:
        costs.append(measure(act, folder))
        print(
            f"  {act:8} {costs[-1].seconds:8.2f} s {costs[-1].core_seconds:8.2f} core-s {costs[-1].peak_mib:7.0f} MiB",
            flush=True,
        )
    shutil.rmtree(folder, ignore_errors=True)
    return costs


def ratios(costs: list[Cost]) -> dict[str, float]:
    """Return each group's seconds over the floor's."""
    seconds = {cost.act: cost.seconds for cost in costs}
    groups = {name: seconds[name] for name in ("read", "check", "resolve", "gates")}
    groups["count and publish"] = seconds["count"] + seconds["publish"]
    groups["together"] = sum(groups.values())
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
    lines += [f"| {name} | {found[name]} | {target} |" for name, target in TARGETS.items()]
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
        perform(options.act, options.folder)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
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
