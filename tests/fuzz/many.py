"""Many damaged files: `make fuzz`. Passes run in processes of their own, which are killed when they hang or take too much memory.

A pass that fails is cut in halves until the inputs that fail are found; they are written to the folder named at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.progress import track

from pipeline.errors import named
from tests.fuzz.one_pass import Account, inputs, run
from tests.fuzz.watch import ready, watched

PASS = 4000
HANG = 300  # seconds of work a pass may take: some ten times what it does
FAILED = Path(tempfile.gettempdir()) / "sanaq-fuzz"


@dataclass(frozen=True)
class Done:
    """A pass, or a part of one, and how it ended."""

    number: int
    first: int
    last: int
    account: Account
    memory: int
    core_seconds: float


def child(number: int, first: int, last: int) -> None:
    """Do a part of a pass in this process; say when it begins and what it came to."""
    given = inputs(number, PASS)[first:last]
    with tempfile.TemporaryDirectory() as warm:
        run(Path(warm), [])  # whatever is imported late
    ready()
    with tempfile.TemporaryDirectory() as folder:
        try:
            account = run(Path(folder), given)
        except Exception as error:  # noqa: BLE001  # anything raised is a finding
            account = Account(len(given), wrong=[str(named(error))])
    print(json.dumps(vars(account)), flush=True)


def do(number: int, first: int = 0, last: int = PASS) -> Done:
    """Do a part of a pass in a child and watch it."""
    done = watched("tests.fuzz.many", "--child", str(number), str(first), str(last), core_seconds=HANG)
    account = Account(last - first, wrong=[done.ended] if done.ended else [])
    if not done.ended:
        said = json.loads(done.out)
        account = Account(**said | {kind: Counter(said[kind]) for kind in ("unreadable", "held")})
    account.require(not any(letter > "\x7f" for letter in done.err), "an engine's panic quotes data")
    return Done(number, first, last, account, done.memory, done.core_seconds)


def culprits(done: Done) -> Iterator[Done]:
    """Cut a failed part in halves until single inputs are left."""
    if done.last - done.first == 1:
        yield done
        return
    middle = (done.first + done.last) // 2
    for half in (do(done.number, done.first, middle), do(done.number, middle, done.last)):
        if half.account.wrong:
            yield from culprits(half)


def main() -> int:
    """Do all passes, show how far they are, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--from-pass", type=int, default=1000, help="its number is the seed of a pass")
    parser.add_argument("--child", type=int, nargs=3)
    chosen = parser.parse_args()
    if chosen.child:
        child(*chosen.child)
        return 0
    numbers = range(chosen.from_pass, chosen.from_pass + -(-chosen.inputs // PASS))
    total, memory, seconds, failed = Account(), 0, 0.0, []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in track(pool.map(do, numbers), f"{len(numbers) * PASS} damaged files", len(numbers)):
            total.add(done.account)
            memory, seconds = max(memory, done.memory), seconds + done.core_seconds
            failed += [done] if done.account.wrong else []
    print(
        f"{total.inputs} inputs, {total.records} records, {seconds:.0f} core-seconds, at most {memory >> 20} MiB above rest"
    )
    print("unreadable:", dict(total.unreadable), "held:", dict(total.held), sep="\n")
    for done in (single for part in failed for single in culprits(part)):
        one = inputs(done.number, PASS)[done.first]
        FAILED.mkdir(exist_ok=True)
        (FAILED / one.name).write_bytes(one.content)
        print(
            f"pass {done.number}, input {done.first} ({one.original.name}): {done.account.wrong} -> {FAILED / one.name}"
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
