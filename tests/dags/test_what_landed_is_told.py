"""A receipt that ends in trouble, through Airflow: what landed before raises the asset event, and the run fails all the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.odk_central import Central, running
from tests.receive.field import Field

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
ROOT = Path(__file__).resolve().parents[2]
RUN = """
import json, logging, sys
logging.disable(logging.CRITICAL)
sys.path.insert(0, "dags")
from airflow.dag_processing.dagbag import DagBag
from airflow.models.asset import AssetEvent, AssetModel
from airflow.utils.session import create_session

run = DagBag("dags").dags["receive_tablet_vpn"].test(use_executor=False)
with create_session() as session:
    told = [name for (name,) in session.query(AssetModel.name).join(AssetEvent, AssetEvent.asset_id == AssetModel.id)]
    tasks = {each.task_id: each.state for each in run.get_task_instances(session=session)}
print("\\n" + json.dumps({"told": told, "run": run.state, "tasks": tasks}))
"""


def airflow(tmp_path: Path, field: Field, **settings: str) -> dict[str, Any]:
    """Run the receipts of tablet_vpn once and return what Airflow has in its books afterwards."""
    env = os.environ | {
        "AIRFLOW_HOME": str(tmp_path / "airflow"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "PYTHONPATH": str(ROOT), "SANAQ_LAKE": str(field.lake.root), "SANAQ_INBOX": str(field.inbox), **settings,
    }  # fmt: skip
    for act in (["-m", "airflow", "db", "migrate"], ["-c", RUN]):
        done = subprocess.run([sys.executable, *act], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_what_landed_before_the_trouble_is_told_to_the_builder_and_the_run_fails(tmp_path: Path) -> None:
    field = Field(tmp_path)
    field.bundle("tablet_vpn/TB-1")
    with running(Central()) as url:  # knows no form
        found = airflow(
            tmp_path, field, SANAQ_ODK_URL=url, SANAQ_ODK_EMAIL=Central.email, SANAQ_ODK_PASSWORD=Central.password,
            SANAQ_ODK_FORMS="7/gone",
        )  # fmt: skip
    assert found == {
        "told": ["landed_tablet_vpn"], "run": "failed", "tasks": {"receive": "success", "tell_trouble": "failed"},
    }  # fmt: skip
