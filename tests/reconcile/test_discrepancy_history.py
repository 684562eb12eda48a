"""What became of yesterday's discrepancies: new, worse, better, gone; and since when each is known."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest

from pipeline.lake import Lake
from pipeline.reconcile import Reconciliation, reconcile
from pipeline.settings import Settings
from tests.made_build import AS_OF, MadeBuild

DAY = timedelta(days=1)
FIRST = AS_OF.replace(tzinfo=None)


class Nights:
    """Nights one after another, each held against the one before."""

    def __init__(self, lake: Lake, settings: Settings) -> None:
        self.lake, self.settings = lake, settings
        self.folder: Path | None = None
        self.as_of = AS_OF - DAY

    def night(self, **worth: str) -> Reconciliation:
        """Play a night on which these are open: `a="red 3"` is worth three people and cannot wait; `a="red 3 part"` is part of another."""
        rows = [
            {"discrepancy_id": name, "kind": "COUNT_SHORT", "severity": severity, "institution_id": "MNG-0004", "subject_kind": "institution",
             "subject_id": "MNG-0004", "owner": "HEAD", "person_count": int(count), "unit": "persons", "rank_no": number,
             "message_kk": name, "message_ru": name, "message_en": name}
            for number, (name, (severity, count, *_)) in enumerate(((name, text.split()) for name, text in worth.items()), start=1)
        ]  # fmt: skip
        parts = [row for row in rows if worth[row["discrepancy_id"]].endswith("part")]
        tables = {"discrepancy": [row for row in rows if row not in parts], "discrepancy_part": parts}
        self.as_of += DAY
        before, made = self.folder, MadeBuild(as_of=self.as_of, tables=tables)
        self.folder = made.write(self.lake.root, self.settings)
        return reconcile(self.lake, self.folder, self.settings, before)

    @property
    def history(self) -> dict[str, dict[str, Any]]:
        """What the last night left, by discrepancy."""
        assert self.folder is not None
        return {
            row["discrepancy_id"]: row
            for row in pq.read_table(self.folder / "reconcile" / "discrepancy_history.parquet").to_pylist()
        }

    @property
    def statuses(self) -> dict[str, str]:
        return {name: row["status"] for name, row in self.history.items()}


@pytest.fixture
def nights(lake: Lake, settings: Settings) -> Nights:
    return Nights(lake, settings)


def test_on_a_first_night_everything_is_new(nights: Nights) -> None:
    nights.night(a="amber 5")
    assert nights.statuses == {"a": "NEW"}
    assert nights.history["a"]["first_seen_at"] == nights.history["a"]["last_seen_at"] == FIRST


def test_redder_or_more_people_is_worse_and_the_other_way_better(nights: Nights) -> None:
    nights.night(a="amber 5", b="amber 5", c="red 3", d="red 3", e="red 3")
    nights.night(a="red 2", b="amber 6", c="amber 9", d="red 2", e="red 3")
    assert nights.statuses == {"a": "WORSE", "b": "WORSE", "c": "BETTER", "d": "BETTER", "e": "OPEN"}
    assert (nights.history["a"]["before_severity"], nights.history["a"]["before_person_count"]) == ("amber", 5)


def test_what_is_gone_is_kept_for_one_night_and_new_if_it_comes_back(nights: Nights) -> None:
    nights.night(a="amber 5", b="red 1")
    nights.night(b="red 1")
    assert nights.statuses == {"a": "GONE", "b": "OPEN"}
    assert (nights.history["a"]["first_seen_at"], nights.history["a"]["last_seen_at"]) == (FIRST, FIRST)
    nights.night(b="red 1")
    assert nights.statuses == {"b": "OPEN"}
    assert (nights.history["b"]["first_seen_at"], nights.history["b"]["last_seen_at"]) == (FIRST, FIRST + 2 * DAY)
    nights.night(a="amber 5", b="red 1")
    assert nights.history["a"]["first_seen_at"] == FIRST + 3 * DAY
    assert nights.statuses == {"a": "NEW", "b": "OPEN"}


def test_what_becomes_part_of_another_is_not_gone_and_not_new_where_it_stands_alone_again(nights: Nights) -> None:
    nights.night(a="amber 5", b="amber 2 part", c="amber 1 part")
    assert nights.statuses == {"a": "NEW", "b": "PART", "c": "PART"}
    nights.night(whole="red 9", a="amber 5 part", b="amber 2 part")
    assert nights.statuses == {"whole": "NEW", "a": "PART", "b": "PART"}, "c had not been said, and needs no farewell"
    found = nights.night(a="amber 6", b="amber 2")
    assert nights.statuses == {"whole": "GONE", "a": "WORSE", "b": "OPEN"}
    assert {nights.history[name]["first_seen_at"] for name in "ab"} == {FIRST}
    moves = {"new_count": 0, "worse_count": 1, "better_count": 0, "gone_count": 1}
    assert found.figures["moves"] == moves


def test_a_night_reconciled_again_tells_the_same(nights: Nights) -> None:
    nights.night(a="amber 5")
    before = nights.folder
    nights.night(a="red 5")
    told = nights.history
    assert nights.folder is not None
    reconcile(nights.lake, nights.folder, nights.settings, before)
    assert nights.history == told


def test_the_page_says_how_they_moved_since_when_and_folds_the_rest_by_kind(nights: Nights) -> None:
    nights.night(**{f"old{number}": "red 2" for number in range(5)}, gone="amber 1")
    found = nights.night(**{f"old{number}": "red 2" for number in range(4)}, old4="red 3", new="amber 1")
    html = found.page.read_text(encoding="utf-8")
    assert "Since the night before: 1 new, 1 worse, 0 better, 1 gone." in html
    assert f"known since {AS_OF.astimezone(ZoneInfo('Asia/Aqtau')):%d.%m.%Y}" in html
    assert "All 6 open, by kind (1)" in html
    [kind] = found.figures["open_kinds"]
    assert (kind["kind"], kind["open_count"], kind["red_count"], kind["new_count"]) == ("COUNT_SHORT", 6, 5, 1)
