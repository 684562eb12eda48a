"""The measure finds no fault in a perfect build, and each fault that is put in."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sandbox_oracle import perfect_build, rewrite, rows

from sandbox.evaluate import ALL, Evaluation, evaluate, pool
from sandbox.truth import RECORDS

Tables = dict[str, list[dict]]


@pytest.fixture
def build(campaign: Path, tmp_path: Path) -> tuple[Path, Path, Tables]:
    """A perfect build, its truth, and its tables."""
    return tmp_path, campaign / "truth", perfect_build(campaign / "truth", tmp_path)


def test_a_perfect_build_has_no_errors(build: tuple[Path, Path, Tables]) -> None:
    path, truth, tables = build
    result = evaluate(path, truth)
    for tallies in (result.usual, result.present):
        assert tallies[ALL].truth > 0
        assert tallies[ALL].errors == 0
        assert tallies[ALL].truth == sum(t.truth for c, t in tallies.items() if c != ALL)
    assert all(s["precision"] in (1, None) and s["recall"] in (1, None) for s in result.states().values())
    assert result.linkage.false_merges == result.linkage.false_splits == 0
    assert result.linkage.true_pairs == result.linkage.correct_pairs > 0
    assert result.lost_records == result.unknown_records == 0
    assert sum(result.confusion[ALL].values()) == len(tables["record"])


def test_a_table_may_be_a_folder_of_parts(build: tuple[Path, Path, Tables]) -> None:
    path, truth, _ = build
    whole = evaluate(path, truth).to_dict()
    (path / "read" / "record").mkdir()
    (path / "read" / "record.parquet").rename(path / "read" / "record" / "00001.parquet")
    assert evaluate(path, truth).to_dict() == whole


def test_which_record_of_a_person_is_counted_does_not_matter(build: tuple[Path, Path, Tables]) -> None:
    path, truth, tables = build
    state = {s["record_id"]: s for s in tables["record_state"]}
    person = next(p for p in tables["person_record"] if p["role"] == "DUPLICATE")
    counted = next(p for p in tables["person"] if p["person_id"] == person["person_id"])
    state[person["record_id"]]["state"], state[counted["survivor_record_id"]]["state"] = "counted", "duplicate"
    counted["survivor_record_id"] = person["record_id"]
    for name in ("person", "record_state"):
        rewrite(path, name, tables[name])
    result = evaluate(path, truth)
    assert result.usual[ALL].errors == result.present[ALL].errors == 0
    assert result.states()["duplicate"]["recall"] == 1


def test_which_of_two_equal_contents_is_repeated_does_not_matter(build: tuple[Path, Path, Tables]) -> None:
    path, truth, tables = build
    records = rows(truth / "records.parquet")
    again = next(i for i, r in enumerate(records) if r["state"] == "repeated")
    first = next(i for i, r in enumerate(records) if r["content_key"] == records[again]["content_key"])
    states = tables["record_state"]
    states[again]["state"], states[first]["state"] = states[first]["state"], "repeated"
    rewrite(path, "record_state", states)
    assert evaluate(path, truth).states()["repeated"]["recall"] == 1


def present_person(tables: Tables) -> dict:
    return next(p for p in tables["person"] if p["present_institution_id"] and p["usual_institution_id"])


def test_a_person_left_out_is_missed(build: tuple[Path, Path, Tables]) -> None:
    path, truth, tables = build
    tables["person"].remove(present_person(tables))
    rewrite(path, "person", tables["person"])
    result = evaluate(path, truth)
    assert (result.usual[ALL].missed, result.present[ALL].missed, result.usual[ALL].errors) == (1, 1, 1)


def test_a_person_split_in_two_is_counted_twice(build: tuple[Path, Path, Tables]) -> None:
    path, truth, tables = build
    member = next(m for m in tables["person_record"] if m["role"] == "DUPLICATE")
    original = next(p for p in tables["person"] if p["person_id"] == member["person_id"])
    tables["person"].append({**original, "person_id": "second", "survivor_record_id": member["record_id"]})
    member["person_id"] = "second"
    next(s for s in tables["record_state"] if s["record_id"] == member["record_id"])["state"] = "counted"
    for name in ("person", "person_record", "record_state"):
        rewrite(path, name, tables[name])
    result = evaluate(path, truth)
    assert result.present[ALL].counted_twice + result.usual[ALL].counted_twice >= 1
    assert result.linkage.false_splits == 1
    assert result.linkage.correct_pairs < result.linkage.true_pairs


def test_a_wrong_place_is_both_missed_and_wrongly_included(build: tuple[Path, Path, Tables]) -> None:
    path, truth, tables = build
    person = present_person(tables)
    person["present_institution_id"] = next(
        p["present_institution_id"]
        for p in tables["person"]
        if p["present_institution_id"] not in (None, person["present_institution_id"])
    )
    rewrite(path, "person", tables["person"])
    result = evaluate(path, truth)
    assert (result.present[ALL].missed, result.present[ALL].wrongly_included, result.usual[ALL].errors) == (1, 1, 0)


def test_the_right_place_is_not_wrong_where_only_papers_tell_of_it(
    build: tuple[Path, Path, Tables], tmp_path: Path
) -> None:
    path, truth, tables = build
    person = present_person(tables)
    record = next(r for r in tables["record"] if r["record_id"] == person["survivor_record_id"])
    told = rows(truth / "records.parquet")
    key = next(r["person_key"] for r in told if r["bytes_sha256"] == record["bytes_sha256"])
    seen_from_afar = [{**r, "filled_at_institution_id": "MNG-9999"} if r["person_key"] == key else r for r in told]
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(truth, elsewhere)
    pq.write_table(pa.Table.from_pylist(seen_from_afar, schema=RECORDS), elsewhere / "records.parquet")
    result = evaluate(path, elsewhere)
    assert (result.present[ALL].errors, result.present[ALL].truth) == (0, evaluate(path, truth).present[ALL].truth - 1)


def test_two_people_in_one_are_a_false_merge(build: tuple[Path, Path, Tables]) -> None:
    path, truth, tables = build
    first, second = tables["person"][:2]
    tables["person"].remove(second)
    for member in tables["person_record"]:
        if member["person_id"] == second["person_id"]:
            member["person_id"] = first["person_id"]
    for name in ("person", "person_record"):
        rewrite(path, name, tables[name])
    result = evaluate(path, truth)
    assert result.linkage.false_merges == 1
    assert result.usual[ALL].missed + result.present[ALL].missed >= 1


def test_records_that_never_came_to_the_build_are_lost(build: tuple[Path, Path, Tables]) -> None:
    path, truth, tables = build
    rewrite(path, "record", tables["record"][5:])
    result = evaluate(path, truth)
    assert result.lost_records == 5


def test_a_build_of_an_earlier_night_is_judged_by_what_had_arrived(build: tuple[Path, Path, Tables]) -> None:
    path, truth, tables = build
    night = tables["record"][len(tables["record"]) // 3]["received_at"]
    cut = sum(r["received_at"] <= night for r in tables["record"])
    early = {r["record_id"] for r in tables["record"][:cut]}
    rewrite(path, "record", tables["record"][:cut])
    rewrite(path, "record_state", [s for s in tables["record_state"] if s["record_id"] in early])
    rewrite(path, "person_record", [m for m in tables["person_record"] if m["record_id"] in early])
    rewrite(path, "person", [p for p in tables["person"] if p["survivor_record_id"] in early])
    result = evaluate(path, truth)
    assert result.lost_records == 0
    assert result.present[ALL].truth < len(tables["person"])
    assert result.present[ALL].missed <= 3  # versions superseded later are in play on this night


def test_pooling_adds_up(build: tuple[Path, Path, Tables]) -> None:
    path, truth, _ = build
    one = evaluate(path, truth)
    both: Evaluation = pool([one, one])
    assert both.campaigns == 2
    assert both.usual[ALL].truth == 2 * one.usual[ALL].truth
    assert both.to_dict()["ledger"][ALL]["counted"]["truth"] == 2 * one.states()["counted"]["truth"]
    assert len(both.tables()) == 3
