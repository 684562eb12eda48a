"""`make accuracy`: how well a build counts, pooled over many simulated fields, against their truth.

A field judged once is not judged again while neither the pipeline nor the sandbox changes: a run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import pickle
import shutil
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console
from rich.progress import track

from pipeline.round import OFFICE_ROUTES
from sandbox.campaign import NIGHTS, create
from sandbox.deliver import deliver
from sandbox.evaluate import Evaluation, evaluate, kept_ids, pool
from sandbox.portal import running

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "data" / "sandbox" / "accuracy"
ROUTES = (*OFFICE_ROUTES, "portal", "tablet_vpn", "tablet_usb")
STEPS = ("read", "check", "resolve")
CODE = ("pipeline", "sandbox", "expectations", "data/reference", "data/rounds", "tools/accuracy.py")


def judge(seed: int, rate_scale: float, results: Path) -> Evaluation:
    """Return what one field shows, from the folder of results if it is there."""
    name = f"{rate_scale:g}-{seed}"
    result = results / f"{name}.pickle"
    if result.exists():
        known: Evaluation = pickle.loads(result.read_bytes())  # noqa: S301  # our own, of the same code
        return known
    folder = results / name
    shutil.rmtree(folder, ignore_errors=True)
    create(folder, seed, 40, 3000, rate_scale)
    earlier, last = builds(folder, NIGHTS[1:], STEPS)
    found = evaluate(last, folder / "truth")
    found.linkage.add(kept_ids(earlier, last, folder / "truth"))
    part = result.with_suffix(".part")
    part.write_bytes(pickle.dumps(found))
    part.replace(result)
    shutil.rmtree(folder)
    return found


def builds(folder: Path, nights: Sequence[str], steps: Sequence[str]) -> list[Path]:
    """Receive a field night by night and build it each night as far as the steps go, without Airflow."""
    from pipeline import night

    os.environ |= {
        "SANAQ_LAKE": str(folder / "lake"),
        "SANAQ_INBOX": str(folder / "inbox"),
        "SANAQ_PORTAL_SECRET": "sandbox",
        "SANAQ_THREADS": "1",
    }
    made = []
    with running(folder, "sandbox") as url:
        os.environ["SANAQ_PORTAL_URL"] = url
        for now in nights:
            deliver(folder, datetime.fromisoformat(now), folder / "inbox")
            for route in ROUTES:
                night.receive(route, now).whole()
            build_id = night.open_build()
            for step in steps:
                night.run_step(build_id, step)
            made.append(folder / "lake" / "builds" / build_id)
    return made


def _results() -> Path:
    """Return the folder of results of this very code; those of other code are removed."""
    digest = hashlib.sha256()
    for name in CODE:
        top = ROOT / name
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and path.suffix != ".pyc":
                digest.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    results = WORK / digest.hexdigest()[:16]
    for folder in WORK.glob("*"):
        if folder != results:
            shutil.rmtree(folder, ignore_errors=True)
    results.mkdir(parents=True, exist_ok=True)
    return results


def main() -> None:
    """Judge the fields of the given seeds, one per core at a time, and print what they show together."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="how many fields")
    parser.add_argument("--first", type=int, default=1, help="seed of the first")
    parser.add_argument("--rate-scale", type=float, default=1.0, help="multiplies every rate of noise")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.seeds)
    judged = partial(judge, rate_scale=options.rate_scale, results=_results())
    spawn = get_context("spawn")
    with ProcessPoolExecutor(max_workers=os.cpu_count(), mp_context=spawn, max_tasks_per_child=1) as workers:
        found = track(workers.map(judged, seeds), total=len(seeds), description="fields", console=Console(stderr=True))
        pooled = pool(found)
    if options.json:
        print(json.dumps(pooled.to_dict(), ensure_ascii=False, indent=2))  # noqa: T201
        return
    console = Console(width=160)
    for table in pooled.tables():
        console.print(table)


if __name__ == "__main__":
    main()
