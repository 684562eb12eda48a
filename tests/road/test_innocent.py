"""What is merely odd in an honest field raises no alarm about its interviews, on the nights on which they go on."""

from __future__ import annotations

import duckdb
import pytest

from tests.road.conftest import Played


@pytest.mark.parametrize("night", range(2))
def test_honest_interviews_do_not_alarm(played: Played, night: int) -> None:
    count = played.builds[night] / "count"
    (forms,) = duckdb.sql(f"SELECT sum(form_count) FROM '{count}/interview.parquet'").fetchall()[0]
    assert forms > 0
    kinds = (
        "FORMS_OVERLAP",
        "FORMS_AT_NIGHT",
        "FORMS_IDENTICAL",
        "STAFF_AS_RESPONDENT",
        "FORM_FAST",
        "FORMS_A_DAY",
        "PROXY_UNUSUAL",
    )
    assert duckdb.sql(f"SELECT kind FROM '{count}/discrepancy.parquet' WHERE kind IN {kinds}").fetchall() == []
