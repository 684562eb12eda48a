"""`make accuracy`: how well a build counts, pooled over many simulated fields, against their truth."""

from __future__ import annotations

import argparse
import json
import os
import shutil
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console
from rich.progress import track

from sandbox.campaign import create
from sandbox.deliver import deliver
from sandbox.evaluate import Evaluation, evaluate, pool
from sandbox.portal import running

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "data" / "sandbox" / "accuracy"
END = "2021-12-10T02:00:00+05:00"
ROUTES = ("register", "list", "movement", "headcount", "portal", "tablet_vpn", "tablet_usb")


def judge(seed: int, rate_scale: float = 1.0, keep: Path | None = None) -> Evaluation:
    """Play one field without Airflow, build it once at its end, and hold the build against the truth."""
    from pipeline import night
    from pipeline.build import STEPS

    folder = keep or WORK / f"seed-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    create(folder, seed, 40, 3000, rate_scale)
    deliver(folder, datetime.fromisoformat(END), folder / "inbox")
    with running(folder, "sandbox") as url:
        os.environ |= {
            "SANAQ_LAKE": str(folder / "lake"),
            "SANAQ_INBOX": str(folder / "inbox"),
            "SANAQ_PORTAL_URL": url,
            "SANAQ_PORTAL_SECRET": "sandbox",
            "SANAQ_THREADS": "1",
        }
        for route in ROUTES:
            night.receive(route, END).whole()
    build_id = night.open_build()
    for step in STEPS:
        if step != "gates":
            night.run_step(build_id, step)
    result = evaluate(folder / "lake" / "builds" / build_id, folder / "truth")
    if keep is None:
        shutil.rmtree(folder)
    return result


def main() -> None:
    """Judge the fields of the given seeds, two at a time, and print what they show together."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="how many fields")
    parser.add_argument("--first", type=int, default=1, help="seed of the first")
    parser.add_argument("--rate-scale", type=float, default=1.0, help="multiplies every rate of noise")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.seeds)
    with ProcessPoolExecutor(max_workers=2, mp_context=get_context("spawn"), max_tasks_per_child=1) as workers:
        running = workers.map(judge, seeds, [options.rate_scale] * len(seeds))
        results = list(track(running, total=len(seeds), description="fields", console=Console(stderr=True)))
    pooled = pool(results)
    if options.json:
        print(json.dumps(pooled.to_dict(), ensure_ascii=False, indent=2))  # noqa: T201
        return
    console = Console(width=160)
    for table in pooled.tables():
        console.print(table)


if __name__ == "__main__":
    main()
