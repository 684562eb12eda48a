"""docker-compose.yml and the Dockerfile, held against what they name. No engine is needed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.settings import NO_SETTINGS, PROJECT, Settings
from tools import make_secrets
from tools.airflow_local import LocalAirflow

Service = dict[str, Any]
SECRETISH = re.compile(r"SECRET|PASSWORD|TOKEN|KEY|CONN")
POINTS_ELSEWHERE = ("_CMD", "_FILE", "_DIR")


@pytest.fixture(scope="module")
def compose(root: Path) -> dict[str, Any]:
    return dict(yaml.safe_load((root / "docker-compose.yml").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, Service]:
    return dict(compose["services"])


@pytest.fixture(scope="module")
def made_secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("deployment") / "secrets"
    make_secrets.main(folder)
    return folder


@pytest.fixture(scope="module")
def airflow_env(services: dict[str, Service], dockerfile: list[str]) -> dict[str, str]:
    """Every AIRFLOW__ variable of the image and the services."""
    image = dict(re.findall(r"(AIRFLOW__\w+)=(\S+)", "\n".join(dockerfile)))
    return image | {
        name: str(value)
        for service in services.values()
        for name, value in service.get("environment", {}).items()
        if name.startswith("AIRFLOW__")
    }


@pytest.fixture(scope="module")
def dockerfile(root: Path) -> list[str]:
    text = (root / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_the_services_are_airflow_and_its_database(services: dict[str, Service]) -> None:
    assert set(services) == {"postgres", "migrate", "api-server", "scheduler", "dag-processor", "triggerer"}


def test_nobody_is_root_and_nobody_can_become_it(services: dict[str, Service]) -> None:
    for name, service in services.items():
        user = str(service["user"]).split(":")[0]
        assert user not in ("", "0", "root"), name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["cap_drop"] == ["ALL"], name


def test_every_service_that_stays_has_a_health_check_that_ends(services: dict[str, Service]) -> None:
    for name, service in services.items():
        if service["restart"] == "no":
            continue
        check = service["healthcheck"]
        assert check["test"][0] in ("CMD", "CMD-SHELL"), name
        assert {"interval", "timeout", "retries"} <= set(check), name


def test_nothing_listens_beyond_this_machine(services: dict[str, Service]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_every_secret_is_a_file_that_make_secrets_writes(
    compose: dict[str, Any], services: dict[str, Service], made_secrets: Path
) -> None:
    files = {name: secret["file"] for name, secret in compose["secrets"].items()}
    assert files == {path.name: f"./secrets/{path.name}" for path in made_secrets.iterdir()}
    assert {name for service in services.values() for name in service.get("secrets", [])} == set(files)


def test_every_secret_the_runbook_names_is_given_to_the_containers(root: Path, compose: dict[str, Any]) -> None:
    named = set(re.findall(r"/run/secrets/([\w.]+)", (root / "docs" / "runbook.md").read_text(encoding="utf-8")))
    assert "census_db_ca.pem" in named
    assert named <= set(compose["secrets"])


def test_secrets_are_read_by_the_containers_and_by_nobody_else_on_the_host(made_secrets: Path) -> None:
    assert made_secrets.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in made_secrets.iterdir()} == {0o444}


def test_making_secrets_again_keeps_them(made_secrets: Path) -> None:
    before = {path.name: path.read_text() for path in made_secrets.iterdir()}
    make_secrets.main(made_secrets)
    assert {path.name: path.read_text() for path in made_secrets.iterdir()} == before


def test_no_secret_stands_in_the_environment(services: dict[str, Service]) -> None:
    for service in services.values():
        for name, value in service.get("environment", {}).items():
            if SECRETISH.search(name):
                assert name.endswith(POINTS_ELSEWHERE), name
                assert "/run/secrets" in value or value == "/opt/sanaq/.airflow/passwords.json", name
        for name in re.findall(r"/run/secrets/(\w+)", json.dumps([service.get("environment"), service.get("command")])):
            assert name in service["secrets"], name


def test_every_airflow_variable_is_one_airflow_knows(airflow_env: dict[str, str], tmp_path: Path) -> None:
    """Also that each _CMD is for an option Airflow lets a command give."""
    script = (
        "import json, sys; from airflow.configuration import conf, retrieve_configuration_description as describe\n"
        "known = {f'AIRFLOW__{section}__{key}'.upper() for section, text in describe().items() for key in text['options']}\n"
        "by_command = {f'AIRFLOW__{section}__{key}'.upper() for section, key in conf.sensitive_config_values}\n"
        "sys.stdout.write('\\n' + json.dumps([sorted(known), sorted(by_command)]))"
    )
    env = {**os.environ, "AIRFLOW_HOME": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True, timeout=100
    )
    known, by_command = (set(names) for names in json.loads(run.stdout.splitlines()[-1]))
    given = {name for name in airflow_env if not name.endswith("_CMD")}
    commands = {name.removesuffix("_CMD") for name in airflow_env if name.endswith("_CMD")}
    assert given - known == set()
    assert commands - by_command == set()


def test_tuning_is_that_of_the_local_airflow(airflow_env: dict[str, str]) -> None:
    local = LocalAirflow(port=1).env
    for name in (
        "AIRFLOW__CORE__PARALLELISM",
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT",
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL",
    ):
        assert airflow_env[name] == local[name], name


def test_every_sanaq_variable_is_a_setting(services: dict[str, Service], dockerfile: list[str]) -> None:
    named = set(re.findall(r"(SANAQ_\w+)=", "\n".join(dockerfile)))
    named |= {
        name for service in services.values() for name in service.get("environment", {}) if name.startswith("SANAQ_")
    }
    assert named - {*NO_SETTINGS} == {f"SANAQ_{name}".upper() for name in Settings.model_fields} & named


# The image's own, asked for on the terminal, or for a sandbox alone.
NOT_GIVEN = {"SANAQ_REFERENCE", "SANAQ_CROSSWALKS", "SANAQ_SHEET_PASSWORD", "SANAQ_ALLOW_PLAIN_VOLUME"}


def test_every_setting_can_be_given(services: dict[str, Service], dockerfile: list[str], made_secrets: Path) -> None:
    named = set(re.findall(r"(SANAQ_\w+)=", "\n".join(dockerfile))) | {*services["scheduler"]["environment"]}
    named |= {path.name.upper() for path in made_secrets.iterdir()}
    assert {f"SANAQ_{name.upper()}" for name in Settings.model_fields} - named == NOT_GIVEN


def test_what_is_not_given_is_as_it_is_without_a_container(services: dict[str, Service]) -> None:
    given = services["scheduler"]["environment"]
    for name in ("portal_client", "max_file_bytes", "keep_builds", "keep_snapshots", "memory_limit"):
        variable = f"SANAQ_{name.upper()}"
        assert given[variable] == f"${{{variable}:-{Settings.model_fields[name].default}}}"
    round_ = Settings.model_fields["round"].default.relative_to(PROJECT)
    assert given["SANAQ_ROUND"] == f"${{SANAQ_ROUND:-/opt/sanaq/{round_}}}"


def test_the_runbook_writes_down_whatever_has_to_be_given(root: Path) -> None:
    text = (root / "docker-compose.yml").read_text(encoding="utf-8")
    runbook = (root / "docs" / "runbook.md").read_text(encoding="utf-8")
    written = set(re.findall(r"^(\w+)=", re.findall(r"<<'END'\n(.*?)\nEND\n", runbook, re.DOTALL)[0], re.MULTILINE))
    assert set(re.findall(r"\$\{(\w+):\?", text)) <= written <= set(re.findall(r"\$\{(\w+):", text))


def test_settings_find_their_secrets_in_the_folder(made_secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANAQ_SECRETS_DIR", str(made_secrets))
    monkeypatch.delenv("SANAQ_ID_KEY", raising=False)
    settings = Settings()
    assert settings.id_key is not None
    assert settings.id_key.get_secret_value() == (made_secrets / "sanaq_id_key").read_text()


def test_the_image_runs_only_what_the_makefile_also_runs(root: Path, dockerfile: list[str]) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    steps = [step.strip() for line in dockerfile if line.startswith("RUN ") for step in line[4:].split("&&")]
    for step in steps:
        word, *rest = step.split()
        assert word in ("apt-get", "rm", "useradd", "mkdir", "chown", "make"), step
        assert word != "make" or set(rest) <= targets, step


def test_the_image_installs_and_starts_as_its_own_user(dockerfile: list[str]) -> None:
    users = [number for number, line in enumerate(dockerfile) if line.startswith("USER ")]
    made = [number for number, line in enumerate(dockerfile) if line.startswith("RUN make")]
    assert [dockerfile[number] for number in users] == ["USER sanaq"]
    assert users[0] < made[0]


def test_what_is_received_and_secret_stays_out_of_the_image(root: Path) -> None:
    ignored = set((root / ".dockerignore").read_text(encoding="utf-8").split())
    assert {
        "secrets",
        "data/lake",
        "data/inbox",
        "data/sandbox",
        ".airflow",
        "sanaq.toml",
        ".env",
        "*.duckdb",
    } <= ignored
