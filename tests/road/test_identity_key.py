"""A whole build with identity encrypted: nobody is lost, and nobody is read without the key."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.schema import load_tables
from pipeline.sealed import holds_identity
from pipeline.settings import load_settings
from tests.road.conftest import Played
from tests.road.road import copied, rows

pytestmark = pytest.mark.slow


def test_a_build_with_identity_sealed_counts_the_same_people(played: Played, tmp_path: Path) -> None:
    road = copied(played.road, tmp_path)
    road.settings["identity_key"] = "a key that lies elsewhere"
    build = road.build()
    for table in ("person", "person_record", "record_state", "list_match"):
        assert rows(build, table) == rows(played.builds[-1], table), table
    schemas = load_tables(load_settings().reference / "questionnaire.yaml")
    made = [
        path
        for path in build.rglob("*.parquet")
        if holds_identity(schemas.get(path.stem) or schemas.get(path.parent.name))
    ]
    assert len({path.stem for path in made}) >= 5
    for path in made:
        with pytest.raises(OSError, match=r"(?i)encrypt|decrypt"):
            pq.read_table(path)
    assert road.sanaq("reconcile").code == road.sanaq("publish").code == road.sanaq("release").code == 0
    del road.settings["identity_key"]
    assert road.sanaq("build", "--json").code == 0  # from what landed, in a build of its own
