"""Identity at rest: unreadable without the key, the same rows with it."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from pipeline import doctor
from pipeline.errors import IdentitySealed
from pipeline.lake import Lake
from pipeline.round import load_reference, load_round
from pipeline.settings import load_settings
from pipeline.sql import Workbench
from tests.read.desk import Desk, line, submission

NAME = "Қожахметов"
ROWS = f"""SELECT format('{{:016x}}-{{:07d}}', 7, i) AS record_id, '{NAME}' || (i % 1000) AS family_name, i % 3 AS sex,
DATE '1950-01-01' + CAST(i % 9000 AS INTEGER) AS birth_on, CASE WHEN i % 2 = 0 THEN '901123300258' END AS iin FROM range(200000) AS t (i)"""


def bench(folder: Path, key: str | None) -> Workbench:
    """A workbench over the one build there is, with a key or without."""
    settings = load_settings(lake=folder / "lake", threads=2, identity_key=key)
    return Workbench(
        folder / "build",
        "check",
        lake=Lake(settings.lake),
        settings=settings,
        round_=load_round(settings.round),
        reference=load_reference(settings.reference),
        batches=[],
        as_of=datetime(2021, 10, 1, tzinfo=UTC),
    )


def written(folder: Path, key: str | None) -> Path:
    """Write the table of identity into the build."""
    made = bench(folder, key)
    made.step_dir = folder / "build" / "read"
    missing = ", ".join(
        f"NULL AS {name}"
        for name in made.schemas["identity"].columns
        if name not in ("record_id", "family_name", "sex", "birth_on", "iin")
    )
    path = made.write("identity", f"SELECT *, {missing} FROM ({ROWS})")
    made.close()
    return path


def rows(folder: Path, key: str | None) -> list[tuple[object, ...]]:
    """Every row takes part: a footer would also give counts and largest values."""
    with_key = bench(folder, key)
    found = with_key.con.execute("SELECT sum(hash(identity)), count(*) FROM identity").fetchall()
    found += with_key.con.execute(
        "SELECT count(*), max(record_id) FROM identity WHERE sex = 1 AND iin IS NULL"
    ).fetchall()
    few = "SELECT record_id FROM identity WHERE family_name LIKE '%77'"
    found += with_key.con.execute(f"SELECT sum(hash(identity)) FROM identity JOIN ({few}) USING (record_id)").fetchall()
    with_key.close()
    return list(found)


def test_sealed_identity_is_the_same_rows_and_none_of_its_bytes(tmp_path: Path) -> None:
    sealed, plain = written(tmp_path / "sealed", "one key"), written(tmp_path / "plain", None)
    assert rows(tmp_path / "sealed", "one key") == rows(tmp_path / "plain", None)
    assert NAME.encode() in plain.read_bytes()
    assert NAME.encode() not in sealed.read_bytes()
    with pytest.raises(duckdb.InvalidInputException), duckdb.connect() as con:
        con.execute(f"SELECT max(family_name) FROM '{sealed}'").fetchall()


@pytest.mark.parametrize(
    ("made_with", "opened_with"), [("one key", "another key"), ("one key", None), (None, "one key")]
)
def test_the_wrong_key_or_none_is_refused_by_name(
    made_with: str | None, opened_with: str | None, tmp_path: Path
) -> None:
    written(tmp_path, made_with)
    with pytest.raises(IdentitySealed) as refused:
        bench(tmp_path, opened_with)
    assert NAME not in str(refused.value)


def test_submissions_are_read_again_when_the_key_changes_and_lose_nothing(tmp_path: Path) -> None:
    """The drill of rotation and of loss: the key is not needed for anything that landed."""
    found = []
    for key in ("first key", "second key", None):
        desk = Desk(tmp_path, identity_key=key)
        if key == "first key":
            desk.know_tablet()
            desk.bundle("tablet_vpn/TB-0001-01", lines=line(submission()) + b"\n")
            desk.receive("tablet_vpn")
        shutil.rmtree(tmp_path / "builds", ignore_errors=True)
        reading = desk.read()
        found.append(reading.con.execute("SELECT family_name, given_name FROM identity").fetchall())
        reading.close()
    assert found[0] == found[1] == found[2] != []


def test_the_doctor_objects_to_a_key_inside_the_lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(lake=tmp_path / "lake", identity_key="one key")
    for folder, level in ((tmp_path / "lake" / "secrets", "failed"), (tmp_path / "secrets", "ok")):
        monkeypatch.setenv("SANAQ_SECRETS_DIR", str(folder))
        assert [one.level for one in doctor.examine(settings) if one.check == "identity_key"] == [level]
