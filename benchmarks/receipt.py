"""What receipt costs: a thousand small bundles beside one file, and memory as submissions grow; both read once they have landed.

Acts run as in `bench`, each in a process of its own. Registers and bundles alone: what offices send has its own figures there.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from pathlib import Path

from benchmarks.bench import WORK, Cost, measure
from sandbox.seals import key_of, sealed
from sandbox.volume import write_volume

SEED = 1
BUNDLES, ROWS_EACH = 1000, 100
MOST_TIMES_ONE_FILE = 3.0
MOST_MIB = 2048


def bundled(source: Path, folder: Path, parts: int) -> None:
    """Write the submissions of a field again, in so many bundles of the first bundle's tablet."""
    shutil.copytree(source / "register", folder / "register")
    bundles = sorted(path for path in (source / "tablet_vpn").iterdir() if path.is_dir())
    lines = [line for path in bundles for line in (path / "submissions.ndjson").read_bytes().split(b"\n")[:-1]]
    said = json.loads((bundles[0] / "manifest.json").read_text(encoding="utf-8"))
    each = -(-len(lines) // parts)
    for number, at in enumerate(range(0, len(lines), each), start=1):
        some = lines[at : at + each]
        content = b"\n".join(some) + b"\n"
        manifest = said | {
            "bundle_id": f"B-{number:05d}",
            "case_count": len(some),
            "submissions_sha256": hashlib.sha256(content).hexdigest(),
        }
        bundle = folder / "tablet_vpn" / f"B-{number:05d}"
        bundle.mkdir(parents=True)
        for name, part in sealed(manifest, key_of(SEED, said["device_id"])).items():
            (bundle / name).write_bytes(part)
        (bundle / "submissions.ndjson").write_bytes(content)
        bundle.with_name(f"{bundle.name}.ready").touch()


def received_and_read(folder: Path) -> dict[str, Cost]:
    """Receive and read the field of a folder; return the costs by act."""
    costs = {cost.act: cost for act in ("receive", "read") for cost in measure(act, folder)}
    shutil.rmtree(folder)
    return costs


def many_beside_one(folder: Path) -> None:
    """Print what bundles cost beside one file of the same submissions."""
    write_volume(folder / "made", BUNDLES * ROWS_EACH, SEED)
    found = {}
    for parts in (1, BUNDLES):
        bundled(folder / "made", folder / str(parts) / "field", parts)
        found[parts] = received_and_read(folder / str(parts))
    shutil.rmtree(folder / "made")
    print(f"| {BUNDLES * ROWS_EACH:,} submissions, core-seconds | one file | {BUNDLES:,} bundles | ratio | at most |")
    print("|---|---:|---:|---:|---:|")
    for act, most in (("receive", "–"), ("read", "–"), ("read: submissions", str(MOST_TIMES_ONE_FILE))):
        one, many = (found[parts][act].core_seconds for parts in (1, BUNDLES))
        print(f"| {act} | {one:.2f} | {many:.2f} | {many / one:.2f} | {most} |")


def memory(folder: Path, sizes: list[int]) -> None:
    """Print the peak memory of reading so many submissions."""
    print("\n| submissions | read, core-seconds | peak MiB | at most |\n|---:|---:|---:|---:|")
    for rows in sizes:
        field = folder / str(rows) / "field"
        write_volume(field, rows, SEED)
        for route in ("list", "headcount"):
            shutil.rmtree(field / route)
        cost = received_and_read(folder / str(rows))["read"]
        print(f"| {rows:,} | {cost.core_seconds:.1f} | {cost.peak_mib:.0f} | {MOST_MIB:,} |", flush=True)


def main() -> None:
    """Measure both and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    chosen = parser.parse_args()
    folder = WORK / "receipt"
    shutil.rmtree(folder, ignore_errors=True)
    many_beside_one(folder)
    memory(folder, chosen.rows)


if __name__ == "__main__":
    main()
