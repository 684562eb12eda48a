"""What a night is made from: each input that differs is named as the cause of what moved."""

from __future__ import annotations

from datetime import datetime
from itertools import chain
from typing import Any

import pytest

from pipeline.build import open_build
from pipeline.lake import Lake, append_line
from pipeline.publish.difference import CAUSES, _causes
from pipeline.reconcile.figures import _default_cause
from pipeline.settings import load_settings
from tests.night.conftest import FIRST, SECOND

MOVES = {
    "new_input": ("batches", "receipts"),
    "decision": ("decisions",),
    "code_or_reference": ("round", "reference", "crosswalks", "code", "lock", "trust_root", "id_key"),
    "unexplained": ("identity_key", "closing", "after_close"),  # these move no record
}


@pytest.fixture
def inputs(lake: Lake) -> dict[str, Any]:
    """All that a night can be made from: of a closed round, for which a batch came late, with identity locked."""
    closing = {"action": "close", "as_of": FIRST, "expected": [], "decided_at": FIRST}
    append_line(lake.decisions / "round.jsonl", closing)
    settings = load_settings(lake=lake.root, identity_key="k" * 64)
    return dict(open_build(lake, settings, datetime.fromisoformat(SECOND)).manifest["inputs"])


def test_every_input_is_named(inputs: dict[str, Any]) -> None:
    assert sorted(inputs) == sorted(chain(*MOVES.values()))
    other = {name: {**inputs, name: ["other"]} for name in inputs}
    told = {name: [row["cause"] for row in _causes(inputs, other[name])] for name in inputs}
    assert told == {name: [CAUSES.get(name, name)] for name in inputs}
    assert {
        cause: tuple(name for name in names if _default_cause(inputs, other[name]) == cause)
        for cause, names in MOVES.items()
    } == MOVES


@pytest.mark.parametrize(("landed", "cause"), [("batches", "new_input"), ("after_close", "unexplained")])
def test_what_landed_has_moments_of_its_own(inputs: dict[str, Any], landed: str, cause: str) -> None:
    night = {**inputs, landed: ["another"], "receipts": "of one more"}
    assert [row["cause"] for row in _causes(inputs, night)] == [CAUSES.get(landed, landed)]
    assert _default_cause(inputs, night) == cause
