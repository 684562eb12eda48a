"""Whatever damage a file has taken, reading goes on: every input has a receipt and every record a state or a named refusal."""

from pathlib import Path

import pytest

from tests.fuzz.one_pass import LIGHT, inputs, run
from tests.fuzz.originals import originals

PASS = 5000
PASSES = (0, *(pytest.param(number, marks=pytest.mark.fuzz) for number in (1, 2, 3)))
TOGETHER = 25


def test_the_damage_follows_from_its_number() -> None:
    assert inputs(7, 50) == inputs(7, 50) != inputs(8, 50)


def test_most_inputs_are_damaged() -> None:
    whole = {one.content for kind in originals().values() for one in kind}
    assert sum(one.content in whole for one in inputs(7, 200)) < 20


@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", PASSES)
def test_damaged_files_are_received_read_and_accounted_for(
    tmp_path: Path, number: int, capfd: pytest.CaptureFixture[str]
) -> None:
    account = run(tmp_path, inputs(number, PASS, LIGHT), TOGETHER)
    assert account.wrong == []
    assert account.records >= PASS
    assert len(account.unreadable) > 5, "the damage must be of many kinds"
    assert not [letter for letter in capfd.readouterr().err if letter > "\x7f"], (
        "no name on the way of an engine's panic"
    )
