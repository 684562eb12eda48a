"""The measure finds no fault in a perfect build, and each fault that is put in."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sandbox_oracle import perfect_build, rewrite, rows

from sandbox.evaluate import ALL, Evaluation, evaluate, find_mistakes, interval, kept_ids, pool
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
    assert result.linkage.shares()["asked"] == (1, len(tables["person"]))
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
    members = tables["person_record"]
    for member in members:
        if member["record_id"] == states[first]["record_id"]:
            member["record_id"] = states[again]["record_id"]
    rewrite(path, "person_record", members)
    result = evaluate(path, truth)
    assert result.states()["repeated"]["recall"] == 1
    assert result.linkage.true_pairs == result.linkage.correct_pairs


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


def test_all_that_is_wrong_about_somebody_is_one_mistake(build: tuple[Path, Path, Tables]) -> None:
    path, truth, tables = build
    assert find_mistakes(path, truth) == []
    split = next(m for m in tables["person_record"] if m["role"] == "DUPLICATE")
    original = next(p for p in tables["person"] if p["person_id"] == split["person_id"])
    tables["person"].append({**original, "person_id": "second", "survivor_record_id": split["record_id"]})
    split["person_id"] = "second"
    next(s for s in tables["record_state"] if s["record_id"] == split["record_id"])["state"] = "counted"
    alone = [p for p in tables["person"] if p["person_id"] not in {"second", original["person_id"]}]
    one, other = [p for p in alone if p["present_institution_id"]][:2]
    tables["person"].remove(other)
    for member in tables["person_record"]:
        if member["person_id"] == other["person_id"]:
            member["person_id"] = one["person_id"]
    for name in ("person", "person_record", "record_state"):
        rewrite(path, name, tables[name])
    found, result = find_mistakes(path, truth), evaluate(path, truth)
    assert sorted(len(mistake.people) for mistake in found) == [1, 2]
    assert sum(m.kinds.get("lost pair", 0) for m in found) == result.linkage.true_pairs - result.linkage.correct_pairs
    assert sum(m.kinds.get("false pair", 0) for m in found) == result.linkage.found_pairs - result.linkage.correct_pairs
    for place, tally in (("usual", result.usual[ALL]), ("present", result.present[ALL])):
        for kind in ("missed", "counted_twice", "wrongly_included"):
            assert sum(m.kinds.get(f"{kind}, {place}", 0) for m in found) == getattr(tally, kind)
    assert [m.errors for m in found] == sorted((m.errors for m in found), reverse=True)


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
    assert (result.linkage.false_merges, result.linkage.kin_merged) == (1, 0)
    assert result.usual[ALL].missed + result.present[ALL].missed >= 1


def test_brothers_in_one_are_kin_merged(build: tuple[Path, Path, Tables]) -> None:
    path, truth, tables = build
    counted = {p["person_id"] for p in tables["person"]}
    families: dict[str, list[str]] = {}
    for person in rows(truth / "persons.parquet"):
        if person["family_key"] and person["person_key"] in counted:
            families.setdefault(person["family_key"], []).append(person["person_key"])
    one, other = next(family for family in families.values() if len(family) > 1)[:2]
    for member in tables["person_record"]:
        if member["person_id"] == other:
            member["person_id"] = one
    rewrite(path, "person_record", tables["person_record"])
    assert evaluate(path, truth).linkage.kin_merged == 1


def test_an_institution_is_off_by_what_it_counts_too_many_or_too_few(build: tuple[Path, Path, Tables]) -> None:
    path, truth, tables = build
    sites = evaluate(path, truth).present_off
    assert set(sites) == {0}
    tables["person"].remove(present_person(tables))
    rewrite(path, "person", tables["person"])
    assert evaluate(path, truth).present_off == {0: sites[0] - 1, -1: 1}


def test_ids_are_kept_by_people_whose_records_did_not_change(build: tuple[Path, Path, Tables], tmp_path: Path) -> None:
    path, truth, tables = build
    later = tmp_path / "later"
    for step in ("read", "resolve"):
        shutil.copytree(path / step, later / step)
    same = kept_ids(path, later, truth)
    assert same.unchanged_people == same.ids_kept == len({m["person_id"] for m in tables["person_record"]})
    moved = tables["person_record"][0]["person_id"]
    renamed = [{**m, "person_id": "another"} if m["person_id"] == moved else m for m in tables["person_record"]]
    rewrite(later, "person_record", renamed)
    other = kept_ids(path, later, truth)
    assert (other.unchanged_people, other.ids_kept) == (same.unchanged_people, same.ids_kept - 1)
    # put together with another person by what arrived of others
    rewrite(
        later,
        "person_record",
        [{**m, "person_id": renamed[-1]["person_id"]} if m in renamed[:1] else m for m in renamed],
    )
    regrouped = kept_ids(path, later, truth)
    assert (regrouped.regrouped_people, regrouped.unchanged_people) == (2, same.unchanged_people - 2)
    # whose first record came only after the earlier night is nobody who could keep an id
    rewrite(path, "record", tables["record"][1:])
    assert kept_ids(path, later, truth).unchanged_people < same.unchanged_people


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [(0, 1000, (0, 0.0038)), (1000, 1000, (0.9962, 1)), (81, 263, (0.2553, 0.3662)), (0, 0, None)],
)
def test_intervals_are_wilsons(part: int, whole: int, expected: tuple[float, float] | None) -> None:
    # 81 of 263: Newcombe, Statistics in Medicine 17 (1998), table I, method 3: 0.2553 to 0.3662
    assert interval(part, whole) == (expected and pytest.approx(expected, abs=5e-5))


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
    assert len(both.tables()) == 4
