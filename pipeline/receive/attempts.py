"""What may pass is tried again, with growing pauses or as long as the other side asks for, by its clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
import stamina

LONGEST_WAIT = 60.0
TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})  # HTTP


class Shaky(Exception):  # control flow: worth another attempt
    """An answer that may be whole the next time; `wait` is what the other side asked for, in seconds."""

    def __init__(self, what: str, wait: float | None = None) -> None:
        self.what = what
        self.wait = wait
        super().__init__(what)


def broken(error: httpx.TransportError) -> str:
    """Say of what went wrong on the wire whether there was a connection at all: if not, the address may be wrong."""
    return "no connection can be made" if isinstance(error, httpx.ConnectError) else "the connection broke"


def clock_of(answer: httpx.Response) -> datetime:
    """Return what the other side's clock showed when it answered; ours where it does not say."""
    return dated(answer.headers.get("Date", "")) or datetime.now(UTC)


def dated(said: str) -> datetime | None:
    """Return the moment of a header, or None where it is none."""
    try:
        moment = parsedate_to_datetime(said)
    except (TypeError, ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def attempting(attempts: int, first_wait: float) -> Iterator[stamina.Attempt]:
    """Yield attempts until one is not shaky; the last one's `Shaky` passes on, and so does one that asks for a longer wait than ours.

    Parameters
    ----------
    attempts
        How many.
    first_wait
        Seconds before the second attempt where nobody asked for another pause; doubled each time, and up to as much again by chance.
    """
    yield from stamina.retry_context(
        on=_pause,
        attempts=attempts,
        timeout=None,
        wait_initial=first_wait,
        wait_jitter=first_wait,
        wait_max=LONGEST_WAIT,
    )


def _pause(error: Exception) -> bool | float:
    if not isinstance(error, Shaky):
        return False
    if error.wait is None:
        return True
    return error.wait if error.wait <= LONGEST_WAIT else False
