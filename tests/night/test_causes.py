"""What a night is made from: each input that differs is named as the cause of what moved."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from pipeline.build import open_build
from pipeline.lake import Lake, append_line
from pipeline.publish.difference import _causes
from pipeline.reconcile.figures import _default_cause
from pipeline.settings import load_settings
from tests.night.conftest import FIRST, SECOND

# what a person of `sanaq diff` reads, and what may have moved a record
NAMED = {
    "batches": ("batches", "new_input"),
    "receipts": ("moments of receipt", "new_input"),
    "round": ("round file", "code_or_reference"),
    "reference": ("reference data", "code_or_reference"),
    "crosswalks": ("crosswalks", "code_or_reference"),
    "decisions": ("decisions", "decision"),
    "code": ("code", "code_or_reference"),
    "lock": ("locked packages", "code_or_reference"),
    "trust_root": ("trust root", "code_or_reference"),
    "id_key": ("key of the ids", "code_or_reference"),
    # these move no record
    "identity_key": ("key of identity", "unexplained"),
    "closing": ("round closed or reopened", "unexplained"),
    "after_close": ("what waits for the round to be reopened", "unexplained"),
}


@pytest.fixture
def inputs(lake: Lake) -> dict[str, Any]:
    """All that a night can be made from: of a closed round, for which a batch came late, with identity locked."""
    closing = {"action": "close", "as_of": FIRST, "expected": [], "decided_at": FIRST}
    append_line(lake.decisions / "round.jsonl", closing)
    settings = load_settings(lake=lake.root, identity_key="k" * 64)
    return dict(open_build(lake, settings, datetime.fromisoformat(SECOND)).manifest["inputs"])


def test_every_input_is_named(inputs: dict[str, Any]) -> None:
    assert inputs.keys() == NAMED.keys()
    other = {name: {**inputs, name: ["other"]} for name in inputs}
    told = {name: [row["cause"] for row in _causes(inputs, other[name])] for name in inputs}
    assert told == {name: [said] for name, (said, _) in NAMED.items()}
    assert {name: _default_cause(inputs, other[name]) for name in inputs} == {
        name: cause for name, (_, cause) in NAMED.items()
    }


@pytest.mark.parametrize(("landed", "cause"), [("batches", "new_input"), ("after_close", "unexplained")])
def test_what_landed_has_moments_of_its_own(inputs: dict[str, Any], landed: str, cause: str) -> None:
    night = {**inputs, landed: ["another"], "receipts": "of one more"}
    assert [row["cause"] for row in _causes(inputs, night)] == [NAMED[landed][0]]
    assert _default_cause(inputs, night) == cause
