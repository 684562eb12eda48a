"""The night's page in Airflow: for those who are logged in, and for nobody else. Also that Airflow's components are as the health check says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tools.airflow_local import ROOT, USER, LocalAirflow

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
PAGE = "<!doctype html><title>The night</title><body><h1>Balanced</h1></body>"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("unmounted") / "lake"


@pytest.fixture(scope="module")
def airflow(lake: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAirflow]:
    with LocalAirflow(tmp_path_factory.mktemp("airflow") / "home", {"SANAQ_LAKE": str(lake)}) as airflow:
        airflow.wait_until_ready({"build_census"})
        yield airflow


@pytest.fixture(scope="module")
def token(airflow: LocalAirflow) -> str:
    login = {"username": USER, "password": airflow.password}
    return str(httpx.post(f"{airflow.url}/auth/token", json=login).raise_for_status().json()["access_token"])


@pytest.mark.parametrize(("path", "status"), [("night", 401), ("docs", 404), ("redoc", 404), ("openapi.json", 404)])
def test_without_a_login_there_is_nothing(airflow: LocalAirflow, path: str, status: int) -> None:
    assert httpx.get(f"{airflow.url}/sanaq/{path}").status_code == status


def test_a_made_up_login_is_no_login(airflow: LocalAirflow) -> None:
    answer = httpx.get(f"{airflow.url}/sanaq/night", headers={"Authorization": "Bearer made.up.token"})
    assert answer.status_code in (401, 403)


def test_with_a_login_the_page_of_the_night_published_last_is_shown(
    airflow: LocalAirflow, lake: Path, token: str
) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    before = httpx.get(f"{airflow.url}/sanaq/night", headers=headers)
    assert before.status_code == 200
    assert "No night has been published yet" in before.text
    assert not lake.exists()  # only receiving begins one
    (lake / "operations" / "current").mkdir(parents=True)
    (lake / "operations" / "current" / "index.html").write_text(PAGE, encoding="utf-8")
    after = httpx.get(f"{airflow.url}/sanaq/night", headers=headers)
    assert after.text == PAGE
    assert after.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in after.headers["content-security-policy"]


def test_a_night_that_is_late_says_so_above_its_page(airflow: LocalAirflow, lake: Path, token: str) -> None:
    current = lake / "operations" / "current"
    current.mkdir(parents=True, exist_ok=True)
    (current / "index.html").write_text(PAGE, encoding="utf-8")
    shown = []
    for hours in (25, 27):
        as_of = (datetime.now(UTC) - timedelta(hours=hours)).isoformat()
        (current / "manifest.json").write_text(json.dumps({"as_of": as_of}), encoding="utf-8")
        shown.append(httpx.get(f"{airflow.url}/sanaq/night", headers={"Authorization": f"Bearer {token}"}).text)
    (current / "manifest.json").unlink()
    assert shown[0] == PAGE
    above, below = shown[1].split("<h1>Balanced</h1>")
    for said in ('lang="kk"', 'lang="ru"', "This page is 27 hours old"):
        assert said in above
        assert said not in below


def test_the_cookie_of_the_browser_is_a_login_too(airflow: LocalAirflow, token: str) -> None:
    answer = httpx.get(f"{airflow.url}/sanaq/night", cookies={"_token": token})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("component", "code"), [("metadatabase", 0), ("scheduler", 0), ("dag_processor", 0), ("triggerer", 1)]
)
def test_the_health_check_of_the_containers_tells_the_truth(airflow: LocalAirflow, component: str, code: int) -> None:
    env = {**os.environ, "SANAQ_AIRFLOW_URL": airflow.url}
    check = subprocess.run([sys.executable, str(ROOT / "tools" / "healthy.py"), component], env=env, check=False)
    assert check.returncode == code
