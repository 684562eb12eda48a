"""What is measured without a rule is measured without it: every rule named is found where it is written, and comes back."""

from __future__ import annotations

import pytest

from pipeline import resolve
from pipeline.identifiers import names
from pipeline.resolve.cluster import BY_WORD, TIERS
from tools import ablation


def test_every_tier_and_every_bar_of_a_pair_is_taken_away_once() -> None:
    pair = (resolve.FOLDER / "pair.sql").read_text(encoding="utf-8")
    assert ablation.TIERS.keys() == set(TIERS) - {BY_WORD}
    for outcome in {**ablation.TIERS, **ablation.BARS}:
        with ablation.without_branch(outcome):
            left = (resolve.FOLDER / "pair.sql").read_text(encoding="utf-8")
        branches = pair.count(f"THEN '{outcome}'")
        assert left.count(f"WHEN FALSE THEN '{outcome}'") == branches > 0
        assert len(left.splitlines()) == len(pair.splitlines())


def test_every_rule_can_be_taken_away_and_comes_back() -> None:
    folder, keys = resolve.FOLDER, names.keys_query("relation")
    for rule in ablation.rules().values():
        with rule:
            pass
    assert folder == resolve.FOLDER
    assert keys == names.keys_query("relation")


def test_a_rule_of_names_is_not_in_the_keys_without_it() -> None:
    keys = names.keys_query("relation")
    for name, rule in ablation.rules().items():
        if name.startswith("name: ") and "swapped" not in name and "behind" not in name:
            with rule:
                assert names.keys_query("relation") != keys, name


def test_a_rule_that_is_written_otherwise_now_is_not_measured() -> None:
    with pytest.raises(ValueError, match="no query of the step"), ablation.rewritten("no such rule", ""):
        pass
