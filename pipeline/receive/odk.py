"""Pulls submissions from ODK Central: pages of its OData service, landed as they came.

It asks as pyodk does: a session by e-mail and password, then `FORM.svc/Submissions` with `$top`, `$count`, `$expand` and `$filter`, page after page by
`@odata.nextLink`. The drafts of a form lie at another address, which is never asked for.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from pipeline.errors import SurveyServerRefused, SurveyServerUnavailable
from pipeline.lake import Lake
from pipeline.receive.attempts import TRY_AGAIN, Shaky, attempting, broken, clock_of
from pipeline.receive.parcel import Parcel, Source
from pipeline.settings import Settings

ROUTE = "tablet_vpn"
SENDER = "odk."  # which the senders of all forms begin with, and so the origins of what is pulled
PAGE_ROWS = 250
LARGEST_PAGE = 32 * 1024 * 1024  # as much as reading takes
LONGEST_NAME = 64
# Central stamps a submission when its transaction begins: what is committed late is looked for again this long.
OVERLAP = timedelta(minutes=10)
# Before any change; not the beginning of time, from which nothing can be subtracted.
UNDATED = datetime(1970, 1, 1, tzinfo=UTC)
CHANGES = ("submissionDate", "updatedAt", "deletedAt")


@dataclass(frozen=True)
class Form:
    """A form of a project."""

    project: str
    form_id: str

    @property
    def path(self) -> str:
        """Address of its submissions."""
        return f"/v1/projects/{self.project}/forms/{quote(self.form_id, safe='')}.svc/Submissions"

    @property
    def source_id(self) -> str:
        """Sender of its batches: no two forms have the same, or one would go on from the other's cursor."""
        name = f"{SENDER}{self.project}.{self.form_id}"
        fit = re.sub(r"[^A-Za-z0-9._-]", "_", name)
        if fit == name and len(name) <= LONGEST_NAME:
            return name
        digest = hashlib.sha256(f"{self.project}/{self.form_id}".encode()).hexdigest()[:12]
        return f"{fit[: LONGEST_NAME - 13]}.{digest}"


@dataclass(frozen=True)
class Page:
    """One page: its bytes, what it says, and the query of the next."""

    body: bytes
    rows: list[dict[str, Any]]
    count: int
    following: str | None


class Central:
    """A session with a Central server.

    Parameters
    ----------
    settings
        Address, e-mail and password.
    timeout
        Seconds an answer may take to begin or to go on.
    attempts, first_wait
        How often a shaky answer is asked for again, and seconds before the second attempt; doubled each time.

    Attributes
    ----------
    now
        What the server's clock showed at its last answer, or ours if that was earlier: one of them may be ahead.
    """

    def __init__(
        self, settings: Settings, *, timeout: float = 60.0, attempts: int = 6, first_wait: float = 0.5
    ) -> None:
        self._url = (settings.odk_url or "").rstrip("/")
        self._settings = settings
        self._client = httpx.Client(
            base_url=self._url,
            headers={"User-Agent": "sanaq"},
            timeout=timeout,
            trust_env=False,  # no proxy of somebody's shell stands between
        )
        self._largest = min(LARGEST_PAGE, settings.max_file_bytes)
        self._attempts = attempts
        self._first_wait = first_wait
        self.now = UNDATED

    def __enter__(self) -> Central:
        password = self._settings.odk_password
        who = {"email": self._settings.odk_email, "password": password.get_secret_value() if password else ""}
        token = self._object(self._ask("POST", "/v1/sessions", json=who)).get("token")
        if not isinstance(token, str):
            raise self._refused("a session has no token")
        self._client.headers["Authorization"] = f"Bearer {token}"
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def pages(self, form: Form, since: datetime | None) -> Iterator[Page]:
        """Yield the pages of submissions, of those that changed at or after `since` where it is given.

        Raises
        ------
        SurveyServerRefused
            The server does not let us in, knows no such form, or answers otherwise than Central does.
        SurveyServerUnavailable
            No whole answer came in all attempts.
        """
        query: str | None = str(httpx.QueryParams(_first_query(since)))
        asked: set[str] = set()
        found = promised = 0
        while query is not None:
            if query in asked:
                raise self._refused("the pages go round in a circle")
            asked.add(query)
            page = self._page(form, query)
            promised, found = max(promised, page.count), found + len(page.rows)
            yield page
            query = page.following
        if found < promised:
            raise self._unavailable("fewer submissions came than it counts")

    def knock(self, form: Form) -> None:
        """Ask how many submissions a form has and for none of them; raises as `pages` does."""
        self._page(form, str(httpx.QueryParams({"$top": "0", "$count": "true"})))

    def _page(self, form: Form, query: str) -> Page:
        body = self._ask("GET", f"{form.path}?{query}")
        said = self._object(body)
        rows, count, link = said.get("value"), said.get("@odata.count", 0), said.get("@odata.nextLink")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows) or not isinstance(count, int):
            raise self._refused("a page is not as the OData service makes them")
        return Page(body, rows, count, self._query_of(link) if isinstance(link, str) else None)

    def _query_of(self, link: str) -> str:
        """Return only the query of a link: the token goes to no other address than the one set."""
        try:
            return httpx.URL(link).query.decode("ascii")
        except (httpx.InvalidURL, ValueError):
            raise self._refused("the link to the next page is no address") from None

    def _ask(self, method: str, path: str, **given: Any) -> bytes:
        try:
            for attempt in attempting(self._attempts, self._first_wait):
                with attempt:
                    return self._once(method, path, **given)
        except Shaky as shaky:
            raise self._unavailable(shaky.what) from None
        raise AssertionError("the attempts end in a return or an error")

    def _once(self, method: str, path: str, **given: Any) -> bytes:
        try:
            with self._client.stream(method, path, **given) as answer:
                self.now = min(clock_of(answer), datetime.now(UTC))
                return self._body(answer)
        except httpx.TimeoutException:
            raise Shaky("no answer in time") from None
        except httpx.TransportError as error:
            raise Shaky(broken(error)) from None
        except httpx.HTTPError:
            raise self._refused("the answer is no HTTP the client understands") from None

    def _body(self, answer: httpx.Response) -> bytes:
        if answer.status_code in TRY_AGAIN:
            raise Shaky(f"HTTP {answer.status_code}")
        if answer.status_code != 200:
            raise self._refused(f"HTTP {answer.status_code} where 200 is expected")
        body = bytearray()
        for block in answer.iter_bytes():
            body += block
            if len(body) > self._largest:
                raise self._refused(f"an answer is larger than {self._largest} bytes")
        return bytes(body)

    def _object(self, body: bytes) -> dict[str, Any]:
        try:
            said = json.loads(body)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            raise self._refused("an answer is no JSON object")
        return said

    def _refused(self, what: str) -> SurveyServerRefused:
        return SurveyServerRefused(
            f"ODK Central: {what}",
            where=self._url,
            todo="Look at SANAQ_ODK_URL, SANAQ_ODK_EMAIL, SANAQ_ODK_PASSWORD and SANAQ_ODK_FORMS; the account needs to read submissions.",
        )

    def _unavailable(self, what: str) -> SurveyServerUnavailable:
        return SurveyServerUnavailable(
            f"ODK Central gave no whole answer: {what}",
            where=self._url,
            todo="Nothing of this form was landed; the next run asks again. If it stays so, call the server's people.",
        )


def forms(settings: Settings) -> list[Form]:
    """Return the forms that are pulled, of `PROJECT/FORM PROJECT/FORM …`."""
    return [Form(*name.split("/", 1)) for name in (settings.odk_forms or "").split()]


def pull(lake: Lake, central: Central, form: Form, folder: Path) -> Parcel | None:
    """Pull what changed since the last pull into `folder`; None where nothing did."""
    pulled = _pulled(lake, form)
    # one ahead of both clocks was set when they, or a row, were wrong; what was pulled since goes before it when its moment has passed
    cursors = (datetime.fromisoformat(one["cursor_to"]) for one in reversed(pulled))
    cursor = next((to for to in cursors if to <= central.now), None)
    # where no row had a date there is nothing to go on from
    since = cursor - OVERLAP if cursor and cursor > UNDATED else None
    known = set((pulled[-1]["declared"] or {}).get("newest", ())) if pulled else set()
    folder.mkdir(parents=True)
    sources: list[Source] = []
    changes: dict[str, datetime] = {}
    promised = 0
    for number, page in enumerate(central.pages(form, since), start=1):
        lake.require_space(2 * len(page.body))
        source = Source(folder / f"page-{number:05d}.json", f"page-{number:05d}.json")
        source.path.write_bytes(page.body)
        sources.append(source)
        changes |= {_key(row): _changed_at(row) for row in page.rows}
        promised = max(promised, page.count)
    if not changes.keys() - known:
        return None
    newest = min(max(changes.values()), central.now)  # what is stamped ahead of time hides nothing behind it
    tail = sorted(key for key, changed_at in changes.items() if newest - changed_at <= OVERLAP)
    return Parcel(
        ROUTE,
        f"{form.source_id} {cursor.isoformat() if cursor else ''}..{newest.isoformat()}",
        tuple(sources),
        source_id=form.source_id,
        declared={"case_count": promised or None, "newest": tail},  # as the server counts, not as we do
        cursor_from=cursor.isoformat() if cursor else None,
        cursor_to=newest.isoformat(),
    )


def _first_query(since: datetime | None) -> dict[str, str]:
    query = {"$top": str(PAGE_ROWS), "$count": "true", "$expand": "*", "$wkt": "true"}
    if since is not None:
        moment = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        # speaking of deletedAt lets deleted submissions be among them
        query["$filter"] = " or ".join(f"__system/{name} ge {moment}" for name in CHANGES)
    return query


def _pulled(lake: Lake, form: Form) -> list[dict[str, Any]]:
    """Return the landing manifests of a form's pulls, in order of receipt."""
    manifests = [json.loads(path.read_text(encoding="utf-8")) for path in lake.landing.glob(f"{ROUTE}/*/manifest.json")]
    ours = [one for one in manifests if one["source_id"] == form.source_id and one["cursor_to"]]
    return sorted(ours, key=lambda manifest: str(manifest["received_at"]))


def _key(row: dict[str, Any]) -> str:
    """Return what tells one state of a submission from another, without saying which."""
    system = row.get("__system") or {}
    state = [row.get("__id"), *(system.get(name) for name in ("edits", "reviewState", *CHANGES))]
    return hashlib.sha256(json.dumps(state).encode()).hexdigest()[:32]


def _changed_at(row: dict[str, Any]) -> datetime:
    system = row.get("__system") or {}
    return max((_moment(system.get(name)) for name in CHANGES), default=UNDATED)


def _moment(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return UNDATED
    return max(moment if moment.tzinfo else moment.replace(tzinfo=UTC), UNDATED)
