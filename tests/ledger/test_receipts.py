"""Batches and moments: what is received once, when, and what a build of some moment is made from."""

from __future__ import annotations

import hashlib
import multiprocessing
import tempfile
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import build as builds
from pipeline import count
from pipeline.errors import BadSetting, LedgerUnbalanced
from pipeline.lake import clock_from
from pipeline.night import moment
from pipeline.round import load_reference, load_round
from pipeline.schema import load_tables
from pipeline.sql import Workbench
from tests.ledger.life import Life
from tests.receive.field import START, Field

FEW = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
NAMES = st.text("abc._-12", min_size=1, max_size=6).filter(
    lambda name: name[0] != "." and not name.endswith((".part", ".ready"))
)
FILES = st.dictionaries(NAMES, st.binary(max_size=40), max_size=3)


@FEW
@given(st.sampled_from(["tablet_vpn", "tablet_usb"]), FILES, st.text("TB-019", min_size=1, max_size=8))
def test_a_batch_is_named_after_route_sender_and_content(route: str, files: dict[str, bytes], device: str) -> None:
    with tempfile.TemporaryDirectory() as root:
        field = Field(Path(root))
        folder = field.bundle(
            f"{route}/{'S/' if route == 'tablet_usb' else ''}B", device_id=device, is_ready=route == "tablet_vpn"
        )
        field.put("tablet_usb/S/custody.json", b"{}")
        for name, content in files.items():
            (folder / name).write_bytes(content)
        (landed,) = field.receive(route).landed
        content = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    listed = "".join(f"{name}\t{content[name]}\n" for name in sorted(content, key=str.encode))
    assert landed == hashlib.sha256(f"{route}\n{device}\n{listed}".encode()).hexdigest()


def test_the_same_batch_again_is_one_line_and_nothing_else(life: Life) -> None:
    landing, receipts = life.field.landing(), life.field.receipts()
    life.receive_again()
    assert life.field.landing() == landing
    again = life.field.receipts()[len(receipts) :]
    assert life.field.receipts()[: len(receipts)] == receipts
    assert {row["outcome"] for row in again} == {"again"}
    known = {batch["batch_id"] for batch in life.batches if batch["cursor_to"] is None}
    assert {row["batch_id"] for row in again} == known
    assert Counter(row["origin"] for row in again) == Counter({row["origin"] for row in again})


def test_the_same_content_by_another_route_is_a_new_batch_of_repeated_records(life: Life) -> None:
    copy, original = life.campaign.parcels[-1], life.campaign.parcels[0]
    assert (copy.route, copy.lines) != (original.route, ())
    assert copy.lines == original.lines
    found = [row for row in life.rows if row.parcel is copy]
    assert found
    assert {row.state for row in found} <= {"repeated", "unreadable"}


Receipts = list[tuple[str, timedelta, int]]
RECEIPTS = st.lists(
    st.tuples(st.sampled_from(["list", "movement", "headcount"]), st.sampled_from([timedelta(), timedelta(hours=-3), timedelta(microseconds=1)]), st.integers(1, 3)),
    min_size=2, max_size=4, unique_by=lambda receipt: receipt[0],
)  # fmt: skip


@settings(FEW, max_examples=4)
@given(RECEIPTS)
def test_moments_of_receipt_rise_however_clocks_stand_and_processes_meet(receipts: Receipts) -> None:
    with tempfile.TemporaryDirectory() as root:
        field = Field(Path(root))
        field.lake.prepare()
        for route, _, count_ in receipts:
            for number in range(count_):
                field.put(f"{route}/MNG-0001/{number}.csv", f"{route} {number}".encode())
        context = multiprocessing.get_context("fork")
        processes = [
            context.Process(target=field.receive, args=(route, clock_from(START + shift)))
            for route, shift, _ in receipts
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join(60)
            assert process.exitcode == 0
        moments = [datetime.fromisoformat(row["received_at"]) for row in field.receipts()]
        assert moments == sorted(set(moments))
        assert len(moments) == sum(count_ for _, _, count_ in receipts) == len(field.lake.batches())
        assert {row["batch_id"]: row["received_at"] for row in field.receipts()} == {
            batch["batch_id"]: batch["received_at"] for batch in field.lake.batches()
        }
        shifts = {route: shift for route, shift, _ in receipts}
        assert all(
            datetime.fromisoformat(row["received_at"]) >= START + shifts[row["route"]] for row in field.receipts()
        )
        assert min(moments) - START < timedelta(seconds=1), "by the clock it was given, and no other"


@settings(FEW, max_examples=12)
@given(st.data(), st.sampled_from([-720, -60, 0, 300, 345]), st.sampled_from([-1, 0, 1]))
def test_as_of_is_inclusive_and_means_a_moment_whatever_its_offset(
    life: Life, data: st.DataObject, offset: int, microseconds: int
) -> None:
    known = [datetime.fromisoformat(batch["received_at"]) for batch in life.batches]
    decided = [datetime.fromisoformat(row["decided_at"]) for row in life.decisions()]
    at = data.draw(st.sampled_from(sorted({*known, *decided}))) + timedelta(microseconds=microseconds)
    if at < known[0]:
        return
    told = at.astimezone(timezone(timedelta(minutes=offset)))
    made = builds.open_build(life.lake, life.field.settings, told)
    assert made.manifest["inputs"]["batches"] == [
        batch["batch_id"] for batch, received in zip(life.batches, known, strict=True) if received <= at
    ]
    assert life.lake.decided("quarantine", told) == [
        row for row, moment_ in zip(life.decisions(), decided, strict=True) if moment_ <= at
    ]
    assert made.build_id == builds.open_build(life.lake, life.field.settings, at).build_id
    assert (made.as_of, made.as_of.utcoffset()) == (at, timedelta())
    with pytest.raises(BadSetting, match="offset"):
        moment(at.replace(tzinfo=None).isoformat())


LOSSES = {
    "lost": "SELECT * FROM whole WHERE record_id <> '{one}'",
    "there twice": "SELECT * FROM whole UNION ALL SELECT * FROM whole WHERE record_id = '{one}'",
    "in no state anybody knows": "SELECT * REPLACE (CASE WHEN record_id = '{one}' THEN 'gone' ELSE state END AS state) FROM whole",
    "of another batch": "SELECT * REPLACE (CASE WHEN record_id = '{one}' THEN 'other' ELSE batch_id END AS batch_id) FROM whole",
}


@pytest.fixture(scope="module")
def bench(life: Life, tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """The last build before it is counted."""
    folder = tmp_path_factory.mktemp("uncounted")
    for step in ("read", "check", "resolve"):
        (folder / step).symlink_to(life.last.folder / step)
    settings_ = life.field.settings
    made = Workbench(
        folder, "count", lake=life.lake, settings=settings_, round_=load_round(settings_.round), reference=load_reference(settings_.reference),
        batches=life.lake.batches(), as_of=life.last.as_of,
    )  # fmt: skip
    made.con.execute("CREATE TABLE whole AS SELECT * FROM record_state")
    return made


@settings(FEW, max_examples=6)
@given(st.data(), st.sampled_from(sorted(LOSSES)))
def test_nothing_is_counted_unless_received_equals_the_sum(
    bench: Workbench, life: Life, data: st.DataObject, loss: str
) -> None:
    """Nor, then, published: a build without its last step is not whole (`tests/night/test_unbalanced.py`)."""
    one = data.draw(st.sampled_from([row.record["record_id"] for row in life.rows]))
    bench.con.execute("CREATE OR REPLACE VIEW record_state AS FROM whole")
    count.require_ledger(bench)
    bench.con.execute(f"CREATE OR REPLACE VIEW record_state AS {LOSSES[loss].format(one=one)}")
    with pytest.raises(LedgerUnbalanced):
        count.require_ledger(bench)


def test_who_a_person_is_stays_in_the_lake(life: Life) -> None:
    """What analysts get in its place is made anew with every release (`tests/publish/test_release_rules.py`)."""
    tables = load_tables(life.field.settings.reference / "questionnaire.yaml")
    published = {name: table for name, table in tables.items() if table.publish}
    assert "ledger" in published
    for name, table in published.items():
        if name != "release_census_person":
            assert {column for column in table.columns if column.endswith(("person_id", "case_id"))} == set(), name
