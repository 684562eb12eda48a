"""Switching: in one instant, forward only, once, and never half."""

import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from pipeline.errors import InputsMissing, LedgerUnbalanced, StalePublication
from pipeline.lake import Lake
from pipeline.publish import current_build, publish_operations, publish_release, snapshot
from pipeline.settings import Settings
from tests.made_build import AS_OF, MadeBuild


def current(lake: Lake) -> str:
    return str((lake.operations / "current").readlink())


def persons_received(database: Path) -> int:
    with duckdb.connect(str(database), read_only=True) as con:
        return int(con.execute("SELECT sum(received_count) FROM quality.ledger").fetchall()[0][0])


def test_current_is_a_relative_link_to_the_snapshot(lake: Lake, build: Path, settings: Settings) -> None:
    published = publish_operations(lake, build, settings)
    assert current(lake) == published.snapshot_id
    assert published.is_new
    assert current_build(lake) == build


def test_the_same_build_again_touches_nothing(lake: Lake, build: Path, settings: Settings) -> None:
    first = publish_operations(lake, build, settings)
    before = {path: path.stat().st_mtime_ns for path in first.folder.rglob("*")}
    again = publish_operations(lake, build, settings)
    assert not again.is_new
    assert replace(again, is_new=True) == first
    assert {path: path.stat().st_mtime_ns for path in first.folder.rglob("*")} == before


def test_an_older_moment_is_refused(lake: Lake, build: Path, earlier: Path, settings: Settings) -> None:
    published = publish_operations(lake, build, settings)
    with pytest.raises(StalePublication, match="as of"):
        publish_operations(lake, earlier, settings)
    assert current(lake) == published.snapshot_id


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


@pytest.mark.parametrize("where", ["write_json", "content_digest", "point_current"])
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


def test_only_the_last_nights_are_kept(lake: Lake, earlier: Path, build: Path, later: Path, settings: Settings) -> None:
    settings = settings.model_copy(update={"keep_snapshots": 2})
    made = [publish_operations(lake, folder, settings) for folder in (earlier, build, later)]
    assert [publication.folder.exists() for publication in made] == [False, True, True]


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
