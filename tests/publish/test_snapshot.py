"""Switching: in one instant, forward only, once, and never half."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from pipeline.errors import InputsMissing, LedgerUnbalanced, NothingToBuild, RoundClosed, StalePublication
from pipeline.lake import Lake, append_line, closing_digest, point_current
from pipeline.publish import Publication, current_build, publish_operations, publish_release, snapshot
from pipeline.settings import Settings
from tests.made_build import AS_OF, MadeBuild


def current(lake: Lake) -> str:
    return str((lake.operations / "current").readlink())


def persons_received(database: Path) -> int:
    with duckdb.connect(str(database), read_only=True) as con:
        return int(con.execute("SELECT sum(received_count) FROM quality.ledger").fetchall()[0][0])


@pytest.mark.usefixtures("empty")
def test_current_is_a_relative_link_to_the_snapshot(lake: Lake, build: Path, settings: Settings) -> None:
    published = publish_operations(lake, build, settings)
    assert current(lake) == published.snapshot_id
    assert published.is_new
    assert current_build(lake) == build


def test_the_night_s_page_leaves_the_lake_and_its_tables_of_person_ids_do_not(
    lake: Lake, build: Path, settings: Settings
) -> None:
    for name in ("index.html", "person_change.parquet"):
        (build / "reconcile").mkdir(exist_ok=True)
        (build / "reconcile" / name).touch()
    folder = publish_operations(lake, build, settings).folder
    assert (folder / "index.html").exists()
    assert not list(folder.glob("*.parquet"))


def test_the_same_build_again_touches_nothing(lake: Lake, build: Path, settings: Settings) -> None:
    first = publish_operations(lake, build, settings)
    before = {path: path.stat().st_mtime_ns for path in first.folder.rglob("*")}
    again = publish_operations(lake, build, settings)
    assert not again.is_new
    assert replace(again, is_new=True) == first
    assert {path: path.stat().st_mtime_ns for path in first.folder.rglob("*")} == before


@pytest.mark.usefixtures("empty")
def test_an_older_moment_is_refused(lake: Lake, build: Path, earlier: Path, settings: Settings) -> None:
    published = publish_operations(lake, build, settings)
    with pytest.raises(StalePublication, match="as of"):
        publish_operations(lake, earlier, settings)
    assert current(lake) == published.snapshot_id


@pytest.mark.usefixtures("empty")
def test_the_same_moment_made_with_other_code_replaces(lake: Lake, build: Path, settings: Settings) -> None:
    publish_operations(lake, build, settings)
    other = MadeBuild(code="other").write(lake.root, settings)
    assert publish_operations(lake, other, settings).is_new


def test_readers_keep_what_they_have_open(lake: Lake, build: Path, later: Path, settings: Settings) -> None:
    publish_operations(lake, build, settings)
    with duckdb.connect(str(lake.operations / "current" / "operations.duckdb"), read_only=True) as reader:
        query = "SELECT sum(received_count) FROM quality.ledger"
        before = reader.execute(query).fetchall()
        publish_operations(lake, later, settings)
        assert reader.execute(query).fetchall() == before
    assert persons_received(lake.operations / "current" / "operations.duckdb") == before[0][0] + 25


def test_readers_survive_even_the_removal_of_their_snapshot(
    lake: Lake, build: Path, later: Path, settings: Settings
) -> None:
    settings = settings.model_copy(update={"keep_snapshots": 1})
    first = publish_operations(lake, build, settings)
    with duckdb.connect(str(first.folder / "operations.duckdb"), read_only=True) as reader:
        publish_operations(lake, later, settings)
        assert not first.folder.exists()
        assert reader.execute("SELECT count(*) FROM census.institution").fetchall() == [(10,)]


@pytest.mark.parametrize(
    "where",
    [
        pytest.param("write_json", marks=pytest.mark.slow),
        pytest.param("content_digest", marks=pytest.mark.slow),
        "point_current",
    ],
)
def test_a_crash_leaves_current_as_it_was(
    lake: Lake, build: Path, later: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    first = publish_operations(lake, build, settings)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(
            "pipeline.publish.assemble.content_digest"
            if where == "content_digest"
            else f"pipeline.publish.snapshot.{where}",
            crash,
        )
        with pytest.raises(KeyboardInterrupt):
            publish_operations(lake, later, settings)
    assert current(lake) == first.snapshot_id
    assert persons_received(first.folder / "operations.duckdb") == 476

    second = publish_operations(lake, later, settings)
    assert current(lake) == second.snapshot_id
    assert not list(lake.operations.glob(".*.part"))


def test_two_publications_of_one_build_are_equal(lake: Lake, build: Path, settings: Settings) -> None:
    first = publish_operations(lake, build, settings)
    released = publish_release(lake, build, settings)
    kept = {
        path.relative_to(lake.root): path.read_bytes()
        for room in (first, released)
        for path in room.folder.rglob("*.parquet")
    }
    shutil.rmtree(lake.operations)
    shutil.rmtree(lake.published)
    assert publish_operations(lake, build, settings).content_digest == first.content_digest
    assert publish_release(lake, build, settings).content_digest == released.content_digest
    assert {path: (lake.root / path).read_bytes() for path in kept} == kept
    assert len(kept) > 30


@pytest.mark.usefixtures("empty")
def test_only_the_last_nights_are_kept(lake: Lake, earlier: Path, build: Path, later: Path, settings: Settings) -> None:
    settings = settings.model_copy(update={"keep_snapshots": 2})
    made = [publish_operations(lake, folder, settings) for folder in (earlier, build, later)]
    assert [publication.folder.exists() for publication in made] == [False, True, True]


@pytest.mark.usefixtures("empty")
def test_the_night_a_release_was_made_from_is_kept(
    lake: Lake, earlier: Path, build: Path, later: Path, settings: Settings
) -> None:
    settings = settings.model_copy(update={"keep_snapshots": 1})
    first = publish_operations(lake, earlier, settings)
    publish_release(lake, earlier, settings)
    second = publish_operations(lake, build, settings)
    publish_operations(lake, later, settings)
    assert first.folder.exists()
    assert not second.folder.exists()


@pytest.mark.usefixtures("empty")
def test_the_night_the_round_was_closed_on_is_kept_reopened_too(
    lake: Lake, earlier: Path, build: Path, later: Path, settings: Settings
) -> None:
    settings = settings.model_copy(update={"keep_snapshots": 1})
    first = publish_operations(lake, earlier, settings)
    close_and_reopen(lake, earlier, reopen=True)
    second = publish_operations(lake, build, settings)
    publish_operations(lake, later, settings)
    assert [publication.folder.exists() for publication in (first, second)] == [True, False]


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize("make", [publish_operations, publish_release])
def test_a_rollback_switches_and_says_who_and_why(
    make: Callable[..., Publication], lake: Lake, earlier: Path, build: Path, settings: Settings
) -> None:
    first, second = make(lake, earlier, settings), make(lake, build, settings)
    room = first.folder.parent
    assert rolled_back(lake, room, "previous") == first.snapshot_id == str((room / "current").readlink())
    with pytest.raises(NothingToBuild, match=rf"{second.snapshot_id} \(taken back\), {first.snapshot_id}\."):
        rolled_back(lake, room, "previous")  # there is none before it
    assert rolled_back(lake, room, second.snapshot_id, restores=True) == second.snapshot_id
    lines = lake.rolled_back(room)
    assert [(line["from"], line["to"], line["decided_by"]) for line in lines] == [
        (second.snapshot_id, first.snapshot_id, "DEP-01"),
        (first.snapshot_id, second.snapshot_id, "DEP-01"),
    ]
    assert {path.name for path in room.iterdir()} == {"current", first.snapshot_id, second.snapshot_id}
    assert {line["why"] for line in lines} == {"wrong list"}


@pytest.mark.usefixtures("empty")
def test_what_was_taken_back_is_not_published_again_but_the_next_night_is(
    lake: Lake, earlier: Path, build: Path, later: Path, settings: Settings
) -> None:
    first, second = (publish_operations(lake, folder, settings) for folder in (earlier, build))
    rolled_back(lake, lake.operations, "previous")
    with pytest.raises(StalePublication, match="taken back"):
        publish_operations(lake, build, settings)
    assert current(lake) == first.snapshot_id
    assert current_build(lake) == earlier  # what the next night is compared with
    third = publish_operations(lake, later, settings)
    assert current(lake) == third.snapshot_id
    rolled_back(lake, lake.operations, second.snapshot_id, restores=True)
    assert not publish_operations(lake, build, settings).is_new


@pytest.mark.usefixtures("empty")
def test_what_was_taken_back_comes_back_only_when_restored_by_name(
    lake: Lake, earlier: Path, build: Path, later: Path, settings: Settings
) -> None:
    first, second = (publish_operations(lake, folder, settings).snapshot_id for folder in (earlier, build))
    rolled_back(lake, lake.operations, "previous")
    publish_operations(lake, later, settings)
    with pytest.raises(StalePublication, match=f"taken back.*sanaq publish --restore {second}"):
        rolled_back(lake, lake.operations, second)
    with pytest.raises(NothingToBuild, match="not taken back"):
        rolled_back(lake, lake.operations, "previous", restores=True)
    assert rolled_back(lake, lake.operations, "previous") == first
    assert rolled_back(lake, lake.operations, second, restores=True) == second


@pytest.mark.usefixtures("empty")
def test_going_back_over_several_takes_them_all_back_and_restoring_one_none(
    lake: Lake, earlier: Path, build: Path, later: Path, settings: Settings
) -> None:
    first, second, third = (
        publish_operations(lake, folder, settings).snapshot_id for folder in (earlier, build, later)
    )
    rolled_back(lake, lake.operations, first)
    assert snapshot.withdrawn(lake, lake.operations) == {second, third}
    rolled_back(lake, lake.operations, second, restores=True)
    assert snapshot.withdrawn(lake, lake.operations) == {third}
    assert rolled_back(lake, lake.operations, "previous") == first  # left behind for a later one it still stands


@pytest.mark.usefixtures("empty")
def test_of_one_moment_the_one_gone_from_is_taken_back(lake: Lake, build: Path, settings: Settings) -> None:
    other = MadeBuild(code="other").write(lake.root, settings)
    first, second = (publish_operations(lake, folder, settings).snapshot_id for folder in (build, other))
    for here, there, restores in ((second, first, False), (first, second, True)):
        rolled_back(lake, lake.operations, there, restores=restores)
        assert snapshot.withdrawn(lake, lake.operations) == {here}


@pytest.mark.usefixtures("empty")
def test_a_night_taken_back_is_kept_in_no_good_one_s_place_and_no_longer(
    lake: Lake, earlier: Path, build: Path, later: Path, settings: Settings
) -> None:
    settings = settings.model_copy(update={"keep_snapshots": 2})
    last = MadeBuild(as_of=AS_OF + timedelta(days=2)).write(lake.root, settings)
    first, second = (publish_operations(lake, folder, settings).folder for folder in (earlier, build))
    rolled_back(lake, lake.operations, "previous")
    third = publish_operations(lake, later, settings).folder
    assert [folder.exists() for folder in (first, second, third)] == [True, True, True]
    publish_operations(lake, last, settings)
    assert [folder.exists() for folder in (first, second, third)] == [False, False, True]


@pytest.mark.usefixtures("empty")
def test_a_rollback_cut_short_before_its_switch_is_given_again(
    lake: Lake, earlier: Path, build: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (publish_operations(lake, folder, settings).snapshot_id for folder in (earlier, build))

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(snapshot, "point_current", crash)
        with pytest.raises(KeyboardInterrupt):
            rolled_back(lake, lake.operations, "previous")
    assert current(lake) == second
    assert rolled_back(lake, lake.operations, "previous") == first == current(lake)
    assert [row["withdrawn"] for row in lake.rolled_back(lake.operations)] == [[second], [second]]


def close_and_reopen(lake: Lake, closed_on: Path, *, reopen: bool) -> dict[str, object]:
    """Let the decisions say that the round was closed on a build, and perhaps reopened."""
    moment = AS_OF.isoformat()
    line = {"action": "close", "decided_at": moment, "as_of": moment, "build_id": closed_on.name, "expected": []}
    for each in (line, {"action": "reopen", "decided_at": moment}) if reopen else (line,):
        append_line(lake.decisions / "round.jsonl", each)
    return line


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize("make", [publish_operations, publish_release])
def test_what_was_pinned_before_the_close_is_restored_only_once_the_round_is_reopened(
    make: Callable[..., Publication], lake: Lake, earlier: Path, build: Path, settings: Settings
) -> None:
    first, second = (make(lake, folder, settings) for folder in (earlier, build))
    room = first.folder.parent
    rolled_back(lake, room, "previous")
    close_and_reopen(lake, earlier, reopen=False)
    with pytest.raises(RoundClosed, match=f"pinned before.*{build.name}.*sanaq reopen"):
        rolled_back(lake, room, second.snapshot_id, restores=True)
    assert (room / "current").readlink().name == first.snapshot_id
    close_and_reopen(lake, earlier, reopen=True)
    shutil.rmtree(build)  # which nobody asks for while the round is open
    assert rolled_back(lake, room, second.snapshot_id, restores=True) == second.snapshot_id


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize("is_of_this_close", [True, False])
def test_while_the_round_is_closed_a_night_comes_back_only_if_pinned_since_this_very_close(
    lake: Lake, earlier: Path, build: Path, settings: Settings, *, is_of_this_close: bool
) -> None:
    closing = close_and_reopen(lake, earlier, reopen=False)
    manifest = json.loads((build / "manifest.json").read_text())
    manifest["inputs"] |= {"closing": closing_digest(closing), "after_close": []}
    (build / "manifest.json").write_text(json.dumps(manifest))
    first, second = (publish_operations(lake, folder, settings).snapshot_id for folder in (earlier, build))
    rolled_back(lake, lake.operations, first)  # the night it was closed on
    if is_of_this_close:
        assert rolled_back(lake, lake.operations, second, restores=True) == second
    else:
        append_line(lake.decisions / "round.jsonl", {**closing, "why": "closed a second time"})
        with pytest.raises(RoundClosed):
            rolled_back(lake, lake.operations, second, restores=True)


@pytest.mark.usefixtures("empty")
def test_of_a_night_that_was_taken_back_no_release_is_made_until_it_is_restored(
    lake: Lake, earlier: Path, build: Path, settings: Settings
) -> None:
    second = [publish_operations(lake, folder, settings).snapshot_id for folder in (earlier, build)][1]
    rolled_back(lake, lake.operations, "previous")
    with pytest.raises(StalePublication, match=f"taken back.*sanaq publish --restore {second}"):
        publish_release(lake, build, settings)
    assert not lake.published.exists()
    rolled_back(lake, lake.operations, second, restores=True)
    assert publish_release(lake, build, settings).is_new


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize("make", [publish_operations, publish_release])
def test_where_none_is_in_force_one_is_put_in_force_by_its_name(
    make: Callable[..., Publication], lake: Lake, earlier: Path, build: Path, settings: Settings
) -> None:
    first, second = (make(lake, folder, settings) for folder in (earlier, build))
    room = first.folder.parent
    (room / "current").unlink()
    with pytest.raises(NothingToBuild, match=f"none is in force.*--rollback NAME.*{second.snapshot_id}"):
        rolled_back(lake, room, "previous")
    assert rolled_back(lake, room, first.snapshot_id) == first.snapshot_id == (room / "current").readlink().name
    (line,) = lake.rolled_back(room)
    assert (line["from"], line["withdrawn"]) == (None, [second.snapshot_id])


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize("make", [publish_operations, publish_release])
def test_where_current_leads_nowhere_nothing_follows_what_lies_there(
    make: Callable[..., Publication], lake: Lake, earlier: Path, build: Path, later: Path, settings: Settings
) -> None:
    """Older than what lies there or newer: nobody knows whether it is stale."""
    standing = make(lake, build, settings)
    room = standing.folder.parent
    point_current(room, "gone")
    for other in (earlier, later):
        with pytest.raises(InputsMissing, match=f"none is in force.*sanaq {COMMANDS[make]} --rollback NAME"):
            make(lake, other, settings)
    assert rolled_back(lake, room, standing.snapshot_id) == standing.snapshot_id
    assert make(lake, later, settings).is_new


COMMANDS = {publish_operations: "publish", publish_release: "release"}


@pytest.mark.usefixtures("empty")
def test_the_first_night_whose_switch_was_cut_short_is_published_again(
    lake: Lake, build: Path, settings: Settings
) -> None:
    first = publish_operations(lake, build, settings).snapshot_id
    (lake.operations / "current").unlink()
    assert publish_operations(lake, build, settings).snapshot_id == first == current(lake)


def rolled_back(lake: Lake, room: Path, name: str, *, restores: bool = False) -> str:
    return snapshot.roll_back(lake, room, name, by="DEP-01", why="wrong list", at=AS_OF, restores=restores).snapshot_id


READER = """
import json, sys
from pathlib import Path
import duckdb
current, stop, seen, reads = Path(sys.argv[1]), Path(sys.argv[2]), set(), 0
while not stop.exists() or not reads:
    with duckdb.connect(str(current / "operations.duckdb"), read_only=True, config={"threads": 1}) as con:
        name, received = con.execute("SELECT (SELECT snapshot_id FROM meta.snapshot), (SELECT sum(received_count) FROM quality.ledger)").fetchall()[0]
    folder = current.resolve()  # once: what is read beside each other comes from one folder
    manifest = json.loads((folder / "manifest.json").read_text())
    path = folder / "parquet" / "quality" / "ledger.parquet"
    lines = duckdb.sql(f"SELECT count(*) FROM read_parquet('{path}')").fetchall()[0][0]
    assert lines == manifest["tables"]["quality.ledger"]["row_count"]
    seen.add((name, int(received)))
    reads += 1
print(json.dumps({"reads": reads, "seen": sorted(seen)}))
"""


@pytest.mark.slow
def test_twenty_readers_live_through_fifty_switches(
    lake: Lake, build: Path, later: Path, settings: Settings, tmp_path: Path
) -> None:
    made = [publish_operations(lake, folder, settings) for folder in (build, later)]
    whole = {(each.snapshot_id, persons_received(each.folder / "operations.duckdb")) for each in made}
    stop = tmp_path / "stop"
    command = [sys.executable, "-c", READER, str(lake.operations / "current"), str(stop)]
    readers = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(20)]
    for number in range(50):
        rolled_back(lake, lake.operations, made[number % 2].snapshot_id, restores=number % 2 == 1)
        time.sleep(0.1)  # room for the readers between two switches
    stop.touch()
    told = [(reader.communicate(), reader.returncode) for reader in readers]
    assert [errors for (_, errors), code in told if code] == []
    seen = [json.loads(out) for (out, _), _ in told]
    assert {
        tuple(pair) for each in seen for pair in each["seen"]
    } == whole  # both, and never one's name with the other's rows


def test_an_unbalanced_ledger_publishes_nothing(lake: Lake, settings: Settings) -> None:
    made = MadeBuild()
    folder = made.write(lake.root, settings)
    with duckdb.connect() as con:
        path = folder / "count" / "ledger.parquet"
        con.execute(f"CREATE TABLE ledger AS SELECT * REPLACE (received_count + 1 AS received_count) FROM '{path}'")
        con.execute(f"COPY ledger TO '{path}' (FORMAT parquet)")
    for publish in (publish_operations, publish_release):
        with pytest.raises(LedgerUnbalanced):
            publish(lake, folder, settings)
    assert not (lake.operations / "current").exists()
    assert not (lake.published / "current").exists()


def test_a_build_that_is_not_finished_is_refused(lake: Lake, build: Path, settings: Settings) -> None:
    (build / "count" / "coverage_category.parquet").unlink()
    with pytest.raises(InputsMissing, match="coverage_category"):
        publish_operations(lake, build, settings)


def test_a_folder_that_is_no_build_is_refused(lake: Lake, tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(InputsMissing):
        publish_operations(lake, tmp_path, settings)


def test_the_name_says_moment_and_build() -> None:
    assert (
        snapshot.snapshot_id({"as_of": AS_OF.isoformat(), "build_id": "0123456789abcdef"})
        == "20211019T210000Z-0123456789ab"
    )
