"""What a landing manifest promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.errors import InputsMissing


def require_landed(batch: dict[str, Any], file_no: int, path: Path, size: int) -> None:
    """Check that a landed file is there, as long as it was when it landed.

    Raises
    ------
    InputsMissing
        It is gone or has another length; the file is named by its number, for its name came from the field.
    """
    if path.is_symlink() or not path.is_file() or path.stat().st_size != size:
        raise InputsMissing(
            "a landed file is gone or not as long as it was",
            where=f"landing/{batch['route']}/{batch['batch_id']}, file {file_no}",
            todo="Nothing may change below landing/: bring the batch back from the backup.",
        )
