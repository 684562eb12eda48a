"""The simulated portal is what docs/portal-openapi.yaml says: held against it with generated requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from sandbox.portal import running

CONTRACT = schemathesis.openapi.from_path(Path(__file__).resolve().parents[2] / "docs" / "portal-openapi.yaml")
SECRET = ("sanaq", "secret")
GENTLE = {"deadline": None, "derandomize": True, "database": None, "suppress_health_check": list(HealthCheck)}


@pytest.fixture(scope="module")
def held(campaign: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[schemathesis.Case], None]]:
    """Hold a case against the portal of a campaign whose clock stands at the end."""
    folder = tmp_path_factory.mktemp("contract")
    (folder / "field").symlink_to(campaign / "field")
    (folder / "clock").write_text("2021-12-10T00:00:00Z\n")
    with running(folder, SECRET[1]) as url:
        first = httpx.Request("POST", f"{url}/api/v1/token", data={"grant_type": "client_credentials"})
        basic = next(httpx.BasicAuth(*SECRET).auth_flow(first)).headers["Authorization"]
        token = httpx.Client().send(first).json()["access_token"]

        def hold(case: schemathesis.Case) -> None:
            shown = basic if case.operation.path == "/api/v1/token" else f"Bearer {token}"
            case.call_and_validate(base_url=url, headers={"Authorization": shown})

        yield hold


@CONTRACT.parametrize()
@settings(max_examples=15, **GENTLE)
def test_the_portal_keeps_its_contract(case: schemathesis.Case, held: Callable[[schemathesis.Case], None]) -> None:
    held(case)


@pytest.mark.fuzz
@CONTRACT.parametrize()
@settings(max_examples=500, **GENTLE)
def test_the_portal_keeps_its_contract_at_length(
    case: schemathesis.Case, held: Callable[[schemathesis.Case], None]
) -> None:
    held(case)
