"""A night that goes wrong is heard of: through Airflow's real scheduler, and by mail."""

from __future__ import annotations

import json
import socketserver
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.odk_central import Central, running
from tools.airflow_local import AirflowTrouble, LocalAirflow

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
ADDRESS = "duty@stat.example"


class MailServer(socketserver.ThreadingTCPServer):
    """Takes mail and keeps what it was given."""

    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Letter)
        self.letters: list[str] = []


class _Letter(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self.wfile.write(b"220 ready\r\n")
        while line := self.rfile.readline().strip():
            answer = {b"DATA": b"354 go on", b"QUIT": b"221 bye"}.get(line.upper(), b"250 ok")
            self.wfile.write(answer + b"\r\n")
            if line.upper() == b"DATA":
                letter = b"".join(iter(self.rfile.readline, b".\r\n"))
                self.server.letters.append(letter.decode())
                self.wfile.write(b"250 ok\r\n")


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with MailServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_a_route_that_failed_and_a_builder_that_is_paused_fail_the_night_and_are_told(
    tmp_path: Path, mail: MailServer
) -> None:
    (tmp_path / "inbox" / "list" / "MNG-0001").mkdir(parents=True)
    (tmp_path / "inbox" / "list" / "MNG-0001" / "list.csv").write_text("№;ФИО\n1;x\n", encoding="utf-8")
    connection = {
        "conn_type": "smtp", "host": "127.0.0.1", "port": mail.server_address[1],
        "extra": {"disable_ssl": True, "disable_tls": True, "from_email": "sanaq@stat.example"},
    }  # fmt: skip
    with running(Central()) as url:  # knows no form: refused at once
        env = {
            "SANAQ_LAKE": str(tmp_path / "lake"), "SANAQ_INBOX": str(tmp_path / "inbox"), "SANAQ_ODK_URL": url, "SANAQ_ODK_EMAIL": Central.email,
            "SANAQ_ODK_PASSWORD": Central.password, "SANAQ_ODK_FORMS": "7/gone", "SANAQ_ALLOW_PLAIN_VOLUME": "true",
            "SANAQ_ALERT_TO": ADDRESS, "AIRFLOW_CONN_SMTP_DEFAULT": json.dumps(connection),
        }  # fmt: skip
        with LocalAirflow(tmp_path / "airflow", env) as airflow:
            airflow.wait_until_ready({"nightly_reconciliation", "build_census"})
            airflow._call("PATCH", "/api/v2/dags/build_census", json={"is_paused": True})
            run_id = airflow.trigger("nightly_reconciliation")
            with pytest.raises(AirflowTrouble):
                airflow.wait("nightly_reconciliation", run_id, timeout=300)
            states = {task["task_id"]: task["state"] for task in airflow.tasks("nightly_reconciliation", run_id)}
            for _ in range(60):
                if mail.letters:
                    break
                time.sleep(1)
    assert {task for task, state in states.items() if state == "failed"} == {
        "receive.tablet_vpn",
        "tell_trouble",
        "build",
    }
    assert {states[task] for task in ("receive.list", "pin_inputs")} == {"success"}
    assert states["publish"] == "upstream_failed"
    (letter,) = mail.letters
    assert f"To: {ADDRESS}" in letter
    assert "Subject: sanaq: nightly_reconciliation failed" in letter
    for word in ("MNG-0001", "7/gone", str(tmp_path)):
        assert word not in letter
