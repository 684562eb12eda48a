"""Named errors: what happened, where, and what to do about it.

No error carries a field value. Drivers quote values (DuckDB, Pydantic, JSON decoders), so their errors are replaced, never chained.
"""

from __future__ import annotations

import errno
import functools
import os
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

HERE = Path(__file__).resolve().parent
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


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


class DiskFull(SanaqError):
    """There is not enough free space to go on safely."""

    exit_code = 6


class NothingToBuild(SanaqError):
    """No batch had been received by the as-of moment."""

    exit_code = 3


class InputsMissing(SanaqError):
    """A manifest names inputs that are not here or differ."""

    exit_code = 3


class IdentitySealed(SanaqError):
    """A table of identity cannot be opened with the key that is set, or without one."""

    exit_code = 3


class GateFailed(SanaqError):
    """A critical check on a table profile failed; nothing may be published from this build."""

    exit_code = 4


class LedgerUnbalanced(SanaqError):
    """Records received and records accounted for differ; nothing may be published from this build."""

    exit_code = 4


class MeasureUndefined(SanaqError):
    """A figure cannot be worked out of the numbers given; it is left out, counts do not depend on it."""


class StalePublication(SanaqError):
    """The build is older than what is already published, or was published and taken back."""

    exit_code = 4


class BadQuery(SanaqError):
    """A question to the published database cannot be asked like that."""

    exit_code = 2


class PortalRefused(SanaqError):
    """The portal refuses the token, or does not speak as docs/portal-openapi.yaml says."""

    exit_code = 2


class PortalUnavailable(SanaqError):
    """The portal gave no whole answer in all attempts."""

    exit_code = 7


class BadDecision(SanaqError):
    """A decision cannot be taken like that, or a file of decisions cannot be read; `where` is the item or file:line."""

    exit_code = 2


class NotReadyToClose(SanaqError):
    """The round cannot be closed yet, or not on that build."""

    exit_code = 4


class RoundClosed(SanaqError):
    """The round is closed: until somebody reopens it nothing more is decided, nor published of a build pinned before."""

    exit_code = 4


class NoSuchRecord(SanaqError):
    """The build knows nothing by that id."""

    exit_code = 3


class GatewayRefused(SanaqError):
    """The SFTP gateway is not the one we know, or does not let us do what receiving needs."""

    exit_code = 2


class GatewayUnavailable(SanaqError):
    """The SFTP gateway gave no whole answer in all attempts."""

    exit_code = 7


class CensusDbRefused(SanaqError):
    """The Census Database refuses the role, or is not as docs/census-db.sql says."""

    exit_code = 2


class CensusDbUnavailable(SanaqError):
    """The Census Database gave no whole answer."""

    exit_code = 7


class SurveyServerRefused(SanaqError):
    """A survey server (ODK Central) does not let us in, or does not answer as it should."""

    exit_code = 2


class SurveyServerUnavailable(SanaqError):
    """A survey server (ODK Central) gave no whole answer in all attempts."""

    exit_code = 7


class ForeignFileRefused(SanaqError):
    """A file of another survey tool cannot be read; the reason is one of docs/formats.md, section 2.5."""

    exit_code = 2


class InputUnusable(SanaqError):
    """A file or table handed in to be worked on is not what the command takes."""

    exit_code = 2


class StorageTrouble(SanaqError, OSError):
    """The operating system refused a file; worth another try, like every `OSError`."""


class Unexpected(SanaqError):
    """Something nobody foresaw; what the driver said may quote data and is withheld."""


def named(error: Exception) -> SanaqError:
    """Return what may be said about any error: one of ours as it is, of another its kind and the lines of ours it went through."""
    if isinstance(error, SanaqError):
        return error
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if HERE in Path(frame.filename).parents]
    where = " > ".join(f"{Path(frame.filename).relative_to(HERE)}:{frame.lineno}" for frame in frames[-4:])
    kind = type(error).__name__
    if isinstance(error, OSError):
        reason = os.strerror(error.errno) if error.errno else "input or output failed"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return DiskFull(
                f"the disk filled ({reason})",
                where=where,
                todo="Free space or move the lake (SANAQ_LAKE), then run it again: what was whole before is whole.",
            )
        return StorageTrouble(
            f"{kind}: {reason}",
            where=where,
            todo="Look at the disk and at who owns the lake and the inbox (`sanaq doctor`), then run it again.",
        )
    return Unexpected(
        f"{kind}: not foreseen; its words may quote data and are withheld",
        where=where,
        todo="Run it again; if it stays, give this message to those who change sanaq.",
    )


def guarded(act: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Let nothing but named errors out of an act: whoever logs them (Airflow logs messages and causes) logs no data."""

    @functools.wraps(act)
    def kept(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        try:
            return act(*args, **kwargs)
        except Exception as error:  # noqa: BLE001  # whatever it is, its words may quote data
            unsafe = named(error)
            unsafe.__context__ = None
        raise unsafe from None

    return kept
