"""Several sources in turn: one that fails does not keep those behind it from being asked."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.errors import DiskFull, SanaqError

LOG = logging.getLogger(__name__)


class Troubles:
    """What went wrong with each of several sources."""

    def __init__(self) -> None:
        self._met: list[SanaqError] = []

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keep the error of one source for later; what the next source would meet as well passes on."""
        try:
            yield
        except DiskFull:
            raise
        except SanaqError as trouble:
            self._met.append(trouble)

    def tell(self) -> None:
        """Raise the first error that was kept, if any; the others are logged."""
        for other in self._met[1:]:
            LOG.error("%s", other)
        if self._met:
            raise self._met[0]
