"""ODK Central as a server: sessions, and the OData service of a form's submissions."""

from __future__ import annotations

import base64
import hmac
import json
import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any
from urllib.parse import quote

import uvicorn
from fastapi import FastAPI, Header, Request
from fastapi.responses import JSONResponse

from sandbox.portal import listening

COMPARISON = re.compile(r"__system/(submissionDate|updatedAt|deletedAt) (ge|gt) (\S+)")
DEFAULT_TOP = 250


@dataclass
class Central:
    """What the server holds.

    Attributes
    ----------
    submissions
        Rows as the OData service shows them, by project and form, in the order in which they came.
    troubles
        Statuses with which the next requests for submissions are answered.
    """

    email: str = "reader@example.org"
    password: str = "correct-horse"  # noqa: S105  # of a server that lives for a test
    submissions: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    troubles: list[int] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)


def create_app(central: Central) -> FastAPI:
    """Return the server as an application."""
    app = FastAPI(title="ODK Central (sandbox)", docs_url=None, redoc_url=None, openapi_url=None)

    @app.post("/v1/sessions")
    async def sessions(request: Request) -> JSONResponse:
        who = await request.json()
        if not hmac.compare_digest(f"{who['email']}\n{who['password']}", f"{central.email}\n{central.password}"):
            return _problem(401, 401.2, "Could not authenticate with the provided credentials.")
        token = secrets.token_urlsafe(32)
        central.tokens.add(token)
        return JSONResponse({"token": token, "csrf": secrets.token_urlsafe(32), "expiresAt": "2121-01-01T00:00:00.000Z"})  # fmt: skip

    @app.get("/v1/projects/{project}/forms/{form}.svc/Submissions")
    def submissions(
        project: str, form: str, request: Request, authorization: Annotated[str, Header()] = ""
    ) -> JSONResponse:
        central.asked.append(request.url.query)
        if authorization.removeprefix("Bearer ") not in central.tokens:
            return _problem(401, 401.2, "Could not authenticate with the provided credentials.")
        if central.troubles:
            return _problem(central.troubles.pop(0), 500.1, "Completely unhandled exception")
        if (project, form) not in central.submissions:
            return _problem(404, 404.1, "Could not find the resource you were looking for.")
        service = f"{request.url.scheme}://{request.url.netloc}/v1/projects/{project}/forms/{form}.svc"
        return _page(central.submissions[project, form], dict(request.query_params), service)

    return app


def _page(rows: list[dict[str, Any]], query: dict[str, str], service: str) -> JSONResponse:
    """Answer newest first, from behind the row that the token names."""
    chosen = [row for row in reversed(rows) if _matches(row["__system"], query.get("$filter"))]
    ids = [row["__id"] for row in chosen]
    after = _token(query["$skiptoken"]) if "$skiptoken" in query else None
    start = ids.index(after) + 1 if after in ids else 0
    end = start + int(query.get("$top", DEFAULT_TOP))
    page: dict[str, Any] = {"value": chosen[start:end], "@odata.context": f"{service}/$metadata#Submissions"}
    if end < len(chosen):
        token = base64.urlsafe_b64encode(json.dumps({"instanceId": ids[end - 1]}).encode()).decode()
        follow = {name: value for name, value in query.items() if name != "$skiptoken"} | {"$skiptoken": f"01{token}"}
        page["@odata.nextLink"] = f"{service}/Submissions?{'&'.join(f'{_escaped(name)}={_escaped(value)}' for name, value in follow.items())}"  # fmt: skip
    if query.get("$count") == "true":
        page["@odata.count"] = len(chosen)
    return JSONResponse(page)


def _matches(system: dict[str, Any], condition: str | None) -> bool:
    """Whether a row is asked for; deleted ones are where the condition speaks of deletion."""
    if condition is None:
        return system.get("deletedAt") is None
    if "deletedAt" not in condition and system.get("deletedAt") is not None:
        return False
    return any(
        system.get(name) is not None and (system[name] > moment or (by == "ge" and system[name] == moment))
        for name, by, moment in COMPARISON.findall(condition)
    )


def _token(skiptoken: str) -> str:
    return str(json.loads(base64.urlsafe_b64decode(skiptoken[2:]))["instanceId"])


def _escaped(text: str) -> str:
    return quote(text, safe="")


def _problem(status: int, code: float, message: str) -> JSONResponse:
    return JSONResponse({"code": code, "message": message}, status)


@contextmanager
def running(central: Central) -> Iterator[str]:
    """Serve from a thread over the block; yields the address."""
    with listening(0) as listener:
        server = uvicorn.Server(uvicorn.Config(create_app(central), log_level="warning", access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
