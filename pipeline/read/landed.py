"""What a landing manifest promises."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from pipeline.errors import InputsMissing


def require_landed(batch: dict[str, Any], file_no: int, path: Path) -> None:
    """Check that a landed file is there and that its bytes are those that landed.

    Raises
    ------
    InputsMissing
        It is gone or was changed; the file is named by its number, for its name came from the field.
    """
    file = batch["files"][file_no - 1]
    if (
        path.is_symlink()
        or not path.is_file()
        or path.stat().st_size != file["size"]
        or _sha256(path) != file["sha256"]
    ):
        raise InputsMissing(
            "a landed file is gone or was changed",
            where=f"landing/{batch['route']}/{batch['batch_id']}, file {file_no}",
            todo="Nothing may change below landing/: bring the batch back from the backup.",
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
