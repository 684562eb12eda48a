"""What the simulated portal does wrong on request."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path


@dataclass
class Faults:
    """Faults still to come: how many of the next pages (or tokens) go wrong, and how; the first that is left happens.

    Attributes
    ----------
    too_many, too_many_dated, retry_after
        Answered 429, with ``Retry-After`` in seconds or as a date.
    server_error, unavailable
        Answered 500, 503.
    unauthorized
        All tokens are forgotten, the one shown among them.
    redirect
        Answered 307 to another host.
    html
        Answered 200 with a page for people.
    slow, slow_seconds
        Answered late.
    dripping
        Answered a byte at a time, with `slow_seconds` between them.
    no_token, wrong_token
        The request for a token is answered 503; the token given is none that is taken.
    cut_short
        The page lacks its end; its length is declared as sent, so that only the record count betrays it.
    broken_off
        The connection ends before the declared length.
    torn_gzip
        The packed page lacks its end; the declared length is that of what is sent.
    bomb
        The packed page unpacks to twenty megabytes more than it says.
    too_large
        The page says that it has more bytes than a page may have.
    served_twice, out_of_order
        The page before, or after, the one asked for.
    stuck, loop
        The page does not move the cursor on, or sends it back to the beginning.
    """

    too_many: int = 0
    too_many_dated: int = 0
    server_error: int = 0
    unavailable: int = 0
    unauthorized: int = 0
    redirect: int = 0
    html: int = 0
    slow: int = 0
    dripping: int = 0
    no_token: int = 0
    wrong_token: int = 0
    cut_short: int = 0
    broken_off: int = 0
    torn_gzip: int = 0
    bomb: int = 0
    too_large: int = 0
    served_twice: int = 0
    out_of_order: int = 0
    stuck: int = 0
    loop: int = 0
    slow_seconds: float = 2.0
    retry_after: int = 1

    def take(self, name: str) -> bool:
        """Use up one fault of a kind; return False where none is left."""
        left = int(getattr(self, name))
        setattr(self, name, max(0, left - 1))
        return left > 0


class Planned:
    """The faults of a campaign: those it was begun with, then those of its ``faults.json``, read anew whenever the file changes.

    Parameters
    ----------
    campaign
        Folder of the campaign.
    begin
        Faults to begin with.
    """

    def __init__(self, campaign: Path, begin: Faults | None = None) -> None:
        self._path = campaign / "faults.json"
        self._faults = begin or Faults()
        self._seen = 0

    def now(self) -> Faults:
        """Return the faults still to come."""
        if self._path.exists() and self._seen != self._path.stat().st_mtime_ns:
            self._seen = self._path.stat().st_mtime_ns
            wanted = json.loads(self._path.read_text())
            for f in fields(Faults):
                setattr(self._faults, f.name, wanted.get(f.name, f.default))
        return self._faults


def faults_from(words: list[str]) -> Faults:
    """Return the faults named as ``NAME`` (once) or ``NAME=NUMBER``.

    Raises
    ------
    ValueError
        There is no fault of that name, or the number is none.
    """
    faults, known = Faults(), vars(Faults())
    for word in words:
        name, _, number = word.partition("=")
        if name not in known:
            raise ValueError(f"there is no such fault; there are {' '.join(known)}")
        setattr(faults, name, type(known[name])(number or 1))
    return faults
