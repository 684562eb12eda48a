"""Named errors: what happened, where, and what to do about it.

No error carries a field value. Drivers quote values (DuckDB, Pydantic, JSON decoders), so their errors are replaced, never chained.
"""

from __future__ import annotations

from functools import partial


class SanaqError(Exception):
    """Base of every error sanaq raises on purpose.

    Parameters
    ----------
    what
        What happened, in one clause, without field values.
    where
        Route, batch, record number, table, file or setting it happened at.
    todo
        What the person reading it does next.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str, todo: str) -> None:
        self.what = what
        self.where = where
        self.todo = todo
        super().__init__(f"{what} [{where}]. {todo}")

    def __reduce__(self) -> tuple[object, ...]:
        """Let the error cross from a worker process to the one that waits for it."""
        return partial(type(self), where=self.where, todo=self.todo), (self.what,)


class BadSetting(SanaqError):
    """A setting is missing or cannot be used."""

    exit_code = 2


class BadReferenceFile(SanaqError):
    """A round, reference, rule or schema file is refused; `where` is file:line."""

    exit_code = 2


class BadSchema(SanaqError):
    """A query does not produce the columns, types or key its schema declares."""


class StepFailed(SanaqError):
    """A query of a step failed in the database engine."""


class LakeBusy(SanaqError):
    """Another process holds the lake's lock."""

    exit_code = 5


class DiskFull(SanaqError):
    """There is not enough free space to go on safely."""

    exit_code = 6


class NothingToBuild(SanaqError):
    """No batch had been received by the as-of moment."""

    exit_code = 3


class InputsMissing(SanaqError):
    """A manifest names inputs that are not here or differ."""

    exit_code = 3


class GateFailed(SanaqError):
    """A critical check on a table profile failed; nothing may be published from this build."""

    exit_code = 4


class LedgerUnbalanced(SanaqError):
    """Records received and records accounted for differ; nothing may be published from this build."""

    exit_code = 4


class StalePublication(SanaqError):
    """The build is older than what is already published."""

    exit_code = 4


class PortalRefused(SanaqError):
    """The portal refuses the token, or does not speak as docs/portal-openapi.yaml says."""

    exit_code = 2


class PortalUnavailable(SanaqError):
    """The portal gave no whole answer in all attempts."""

    exit_code = 7
