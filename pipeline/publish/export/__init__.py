"""The formats people use, written from a release and from nothing else: a folder that holds what the release's tables hold.

Microdata (`census`) leave as CSV, SPSS and Stata; workbooks and SDMX, which are passed on more lightly, hold figures alone.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb

from pipeline.errors import BadSetting
from pipeline.publish.export import codebook, datapackage, sdmx, statistical, workbook
from pipeline.publish.export.source import Source, opened
from pipeline.sql import step_failed

WRITERS: dict[str, Callable[[Source, Path], None]] = {
    "csv": datapackage.write,
    "xlsx": workbook.write,
    "sdmx": sdmx.write,
    "spss": statistical.write_spss,
    "stata": statistical.write_stata,
    "ddi": codebook.write,
}


def export_release(release: Path, form: str, target: Path, language: str) -> list[Path]:
    """Write a release in one format into a new folder that only its owner may read.

    Parameters
    ----------
    release
        Folder of the release.
    form
        Format to write, one of `WRITERS`.
    target
        Folder to make.
    language
        Language of labels where the format has room for one: en, ru or kk.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    BadSetting
        The folder is there already.
    InputsMissing
        The folder of the release holds no release.
    StepFailed
        The engine refused; field values are withheld.
    """
    target = target.absolute()
    if target.exists():
        raise BadSetting("the folder is there already", where=str(target), todo="Name one that is not there yet.")
    staging = target.with_name(f".{target.name}.part")
    shutil.rmtree(staging, ignore_errors=True)
    try:
        with opened(release, language) as source:
            staging.mkdir(parents=True, mode=0o700)
            WRITERS[form](source, staging)
        for path in staging.iterdir():
            path.chmod(0o600)
        staging.rename(target)
    except duckdb.Error as error:
        raise step_failed(error, f"publish/export/{form}") from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return sorted(target.iterdir())
