"""Pulls the portal: its feeds by cursor, a slice of pages at a time, each slice landed before the next is asked for.

A pull that is killed or cut, or of which a slice did not land, goes on after the last one that did; what was whole when the portal went away, or said what
is not taken, has landed too.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import PortalRefused, PortalUnavailable
from pipeline.lake import Lake
from pipeline.receive.book import last_cursor
from pipeline.receive.landing import Landing, Outcome
from pipeline.receive.parcel import Parcel, Refusal, Source
from pipeline.receive.portal_api import PAGE_BYTES, Portal
from pipeline.receive.troubles import Troubles
from pipeline.settings import Settings

ROUTE = "portal"
FEEDS = {"submissions": ROUTE, "movements": "movement", "headcounts": "headcount"}
SLICE_PAGES = 50


def is_set_up(settings: Settings) -> bool:
    """Whether anybody said that there is a portal: its secret, or its address."""
    return bool(settings.portal_secret) or "portal_url" in settings.model_fields_set


def brought(landing: Landing, lake: Lake, settings: Settings) -> Iterator[Outcome]:
    """Bring in what is new in every feed.

    Raises
    ------
    PortalRefused, PortalUnavailable
        See `Portal.page`; what had landed before is whole and is not asked for again. Trouble in one feed does not keep the next
        from being asked; who is not let in at all asks no more.
    """
    with Portal(settings) as api:
        api.log_in()
        troubles = Troubles()
        for feed in FEEDS:
            with troubles.kept():
                pull = Pull(api, lake, feed)
                while parcel := pull.slice(landing.staging / "pulled"):
                    (outcome,) = landing.land([parcel])
                    yield outcome
                    if isinstance(outcome, Refusal):
                        break  # what landed behind it would be where the next run goes on
                if pull.trouble:
                    raise pull.trouble
        troubles.tell()


class Pull:
    """One pull of a feed: where it stands, which cursors it was given, and what ended it before its time."""

    def __init__(self, api: Portal, lake: Lake, feed: str) -> None:
        self._api = api
        self._lake = lake
        self._feed = feed
        self._way = [last_cursor(lake, FEEDS[feed])]  # cursors from where the slice begins
        self._given = set(self._way)
        self.trouble: PortalRefused | PortalUnavailable | None = None

    def slice(self, folder: Path) -> Parcel | None:
        """Write the next pages into `folder` and offer them; None where there are none, or trouble stopped the one before."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        self._way, sources, declared = self._way[-1:], list[Source](), None
        try:
            for number in range(1, SLICE_PAGES + 1):
                path = folder / f"page-{number:05d}.ndjson"
                if self.trouble or not self._turned(path):
                    break
                sources.append(Source(path, path.name))
            declared = self._api.counts(self._feed) if sources else None
        except (PortalRefused, PortalUnavailable) as trouble:
            self.trouble = trouble
        begin, end = self._way[0], self._way[-1]
        if begin == end:
            return None
        return Parcel(
            FEEDS[self._feed],
            f"{ROUTE} {begin or ''}..{end}",
            tuple(sources[: len(self._way) - 1]),
            source_id=ROUTE,
            declared=declared,
            cursor_from=begin,
            cursor_to=end,
        )

    def _turned(self, path: Path) -> bool:
        """Turn to the next page; whether there is one."""
        self._lake.require_space(2 * PAGE_BYTES)
        page = self._api.page(self._feed, self._way[-1], path)
        if page.record_count == 0:
            return False
        if page.next_cursor in self._given:
            if len(self._way) > 1:
                self._way.pop()  # the page before may have led astray: it is asked for again as well
            raise PortalRefused(
                "the portal sends us in a circle: a page with records leads to a cursor that has been",
                where=f"/api/v1/{self._feed}",
                todo="What had landed is whole. Call the portal's operators; the next run tries again.",
            )
        self._given.add(page.next_cursor)
        self._way.append(page.next_cursor)
        return True
