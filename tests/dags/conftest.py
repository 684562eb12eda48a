"""The facts of dags/, asked once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dags.facts import ask_airflow


@pytest.fixture(scope="session")
def facts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return ask_airflow(tmp_path_factory.mktemp("airflow"))
