"""What each rule of resolution brings: the same fields resolved whole, then with one rule taken away at a time.

The pipeline has no switch for its rules. Here a branch of one of the step's queries, or a stage of the keys of names, is put out of force while the
step runs: what a rule no longer decides is left to the rules after it. A field is received, read and checked once.

Run: python -m tools.ablation --first 401 --seeds 8 --rate-scale 3
"""

from __future__ import annotations

import argparse
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from unittest.mock import patch

from rich.console import Console
from rich.progress import track
from rich.table import Table

from pipeline import resolve
from pipeline.identifiers import names
from pipeline.lake import Lake
from pipeline.resolve.cluster import People
from pipeline.settings import load_settings
from pipeline.sql import Workbench
from sandbox.campaign import NIGHTS, create
from sandbox.evaluate import ALL, Evaluation, evaluate, interval, pool
from tools.accuracy import WORK, builds

WHOLE = "all rules"
TIERS = {
    "A": "one number",
    "L": "one list entry",
    "D": "neighbour numbers",
    "C": "name and birth date here",
    "E": "the same with a slip in the date",
    "F": "the same at two institutions",
}
BARS = {
    "TWO_NUMBERS": "two numbers",
    "TWO_ENTRIES": "two entries of one list",
    "TWO_GIVEN_NAMES": "two given names",
    "NEAR_GIVEN_NAMES": "near given names, as of twins",
    "TWO_STAYS": "two days of admission",
}
# The stages a name goes through before its keys are made, in their order.
STAGES = (
    "letters typed in two parts", "letters of other alphabets", "look-alikes of another script", "capitals, spaces, hyphens",
    "Latin in Cyrillic letters", "я, ю, ц, ь, күл", "Kazakh letters as Russian; ы и й, е ё э", "signs inside a name",
    "variants of Arabic names", "variants of prophets' names", "variants of women's names", "variants of parts of names",
    "variants of vowels, Azerbaijani beginnings", "variants of letters: дж, мб",
)  # fmt: skip
# What `evaluate` reads of the step.
JUDGED = ("person", "person_record", "record_state", "review_pair")

Rule = AbstractContextManager[Any]


def rules() -> dict[str, Rule]:
    """Return every rule by name, as what takes it away for a while."""
    found = {f"tier {tier}, {meaning}": without_branch(tier) for tier, meaning in TIERS.items()}
    found |= {f"parts: {meaning}": without_branch(bar) for bar, meaning in BARS.items()}
    found["parts: what parts two groups of records"] = patch.object(People, "_are_parted", _parted_by_word)
    found |= {f"name: {stage}": without_stage(number) for number, stage in enumerate(STAGES)}
    found |= {
        "name: doubled letters": patch.object(names, "_single_letters", "nullif({}, '')".format),
        "name: endings of family names": patch.object(names, "_family_stem", names._lettered),
        "name: endings of patronymics, initials": patch.object(names, "_patronymic_stem", names._lettered),
        "name: the key by sound": patch.object(names, "_sound", "left({}, 0)".format),
        "name: placeholders": patch.object(names, "_known", str),
        "name: given and family name swapped": rewritten(
            r"\w+\.(family|given)_code AS swapped_", r"NULL::INTEGER AS swapped_"
        ),
        "name: patronymic typed behind a given name": rewritten(
            r"given_alone\(given_name\) AS alone,\n(\s+)patronymic_within\(given_name\)",
            r"given_name AS alone,\n\1NULL::VARCHAR",
        ),
    }
    return found


def without_branch(outcome: str) -> Rule:
    """Take away every branch of `pair.sql` that leads to a tier or a bar."""
    return rewritten(rf"WHEN (?:(?! THEN ).)* THEN '{outcome}'", f"WHEN FALSE THEN '{outcome}'")


@contextmanager
def rewritten(pattern: str, instead: str) -> Iterator[None]:
    """Let the step run over its queries with every match of a pattern replaced.

    Raises
    ------
    ValueError
        No query holds the pattern: the rule is written otherwise now.
    """
    with tempfile.TemporaryDirectory() as folder:
        matches = 0
        for query in resolve.FOLDER.glob("*.sql"):
            text, count = re.subn(pattern, instead, query.read_text(encoding="utf-8"))
            (Path(folder) / query.name).write_text(text, encoding="utf-8")
            matches += count
        if not matches:
            raise ValueError(f"no query of the step holds {pattern!r}: bring tools/ablation.py in step with it")
        with patch.object(resolve, "FOLDER", Path(folder)):
            yield


@contextmanager
def without_stage(number: int) -> Iterator[None]:
    """Leave a name as it is at one of its stages."""
    stages = names._spelled_stages()
    if len(stages) != len(STAGES):
        raise ValueError(f"a name goes through {len(stages)} stages now: name each of them in tools/ablation.py")
    stages[number] = "v"
    with patch.object(names, "_spelled_stages", stages.copy):
        yield


def _parted_by_word(self: People, one: Any, other: Any, tier: str, **traits: bool) -> bool:
    return not one.parted.isdisjoint(other.members)


def ablate(seed: int, rate_scale: float) -> dict[str, Evaluation]:
    """Return what one field shows, whole and without each rule."""
    folder = WORK / f"ablation-{rate_scale:g}-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    create(folder, seed, 40, 3000, rate_scale)
    (base,) = builds(folder, NIGHTS[-1:], ("read", "check"))
    found = {}
    absent: dict[str, Rule] = {WHOLE: nullcontext(), **rules()}
    for name, rule in absent.items():
        with rule:
            found[name] = evaluate(_resolve(base, folder / "resolved"), folder / "truth")
    shutil.rmtree(folder)
    return found


def _resolve(base: Path, folder: Path) -> Path:
    """Run the step in a folder of its own over the tables of the build."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for step in ("read", "check"):
        (folder / step).symlink_to(base / step)
    settings = load_settings()
    lake = Lake(settings.lake)
    as_of = lake.newest_input()
    if as_of is None:
        raise RuntimeError("nothing was received")
    names._placeholder_pattern.cache_clear()  # the placeholders go through the stages of names too
    bench = Workbench.over(folder, "resolve", lake, settings, as_of, lake.batches(as_of))
    try:
        with patch.object(resolve, "OUTCOME", JUDGED):
            resolve.run(bench)
    finally:
        bench.close()
    bench.step_dir.rename(folder / "resolve")
    return folder


def _row(fields: Iterable[tuple[Evaluation, Evaluation]]) -> list[str]:
    """What the fields show together without one rule, and in how many of them it mattered."""
    fields = list(fields)
    total = pool(field for field, _ in fields)
    link, usual, present = total.linkage, total.usual[ALL], total.present[ALL]
    met = sum(field.to_dict() != whole.to_dict() for field, whole in fields)
    lost = link.true_pairs - link.correct_pairs
    counts = (link.found_pairs - link.correct_pairs, link.kin_merged, link.asked_pairs, usual.errors, present.errors)
    return [
        str(met),
        str(lost),
        _bounds(lost, link.true_pairs),
        *map(str, counts),
        _bounds(present.errors, present.truth),
    ]


def _bounds(part: int, whole: int) -> str:
    low, high = interval(part, whole) or (0, 0)
    return f"{100 * low:.2f}–{100 * high:.2f}"


def main() -> None:
    """Print one row for each rule taken away, pooled over the fields."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=8, help="how many fields")
    parser.add_argument("--first", type=int, default=1, help="seed of the first")
    parser.add_argument("--rate-scale", type=float, default=3.0, help="multiplies every rate of noise")
    parser.add_argument("--workers", type=int, default=1, help="how many fields at a time")
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.seeds)
    ablated = partial(ablate, rate_scale=options.rate_scale)
    with ProcessPoolExecutor(options.workers, get_context("spawn"), max_tasks_per_child=1) as workers:
        fields = list(track(workers.map(ablated, seeds), "fields", len(seeds), console=Console(stderr=True)))
    pairs = sum(field[WHOLE].linkage.true_pairs for field in fields)
    columns = ("without", "fields", "lost", "%", "false", "kin", "asked", "usual", "present", "%")
    table = Table(*columns, title=f"{len(fields)} fields, {pairs} pairs of records of one person")
    for rule in fields[0]:
        table.add_row(rule, *_row((field[rule], field[WHOLE]) for field in fields))
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
