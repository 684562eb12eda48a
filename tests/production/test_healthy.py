"""The health check of a container."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from tools.healthy import main


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:  # the name http.server asks for
        body = json.dumps(
            {"scheduler": {"status": "healthy"}, "dag_processor": {"status": "unhealthy"}, "triggerer": None}
        )
        self.send_response(200 if self.path == "/api/v2/monitor/health" else 404)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def api_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = HTTPServer(("127.0.0.1", 0), _Answer)
    thread = Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("SANAQ_AIRFLOW_URL", f"http://127.0.0.1:{server.server_port}")
    yield
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.usefixtures("api_server")
@pytest.mark.parametrize(
    ("component", "code"), [("scheduler", 0), ("dag_processor", 1), ("triggerer", 1), ("nobody", 1)]
)
def test_the_exit_code_is_the_health(component: str, code: int) -> None:
    assert main(component) == code


def test_no_answer_is_not_healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANAQ_AIRFLOW_URL", "http://127.0.0.1:1")
    assert main("scheduler") == 1
