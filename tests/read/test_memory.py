"""Reading takes the same memory however much there is to read."""

import duckdb
import pytest
from pydantic import ByteSize, TypeAdapter

from pipeline.read import MEMORY, hold_memory


@pytest.mark.parametrize(("allowed", "held"), [("4GB", MEMORY), ("600MB", "600MB")])
def test_reading_gives_the_engine_no_more_than_it_needs_nor_than_is_allowed(allowed: str, held: str) -> None:
    size = TypeAdapter(ByteSize).validate_python
    with duckdb.connect(config={"memory_limit": allowed}) as con:
        hold_memory(con)
        [(limit,)] = con.execute("SELECT current_setting('memory_limit')").fetchall()
    assert size(limit) == pytest.approx(size(held), rel=0.001)
