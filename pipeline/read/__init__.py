"""One reader per format: bytes to typed rows, identity and answers apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.sql import Workbench


def run(bench: Workbench) -> None:
    """Make the tables of the step: records, what offices sent, batches."""
    from pipeline.read import batches, office, submissions
    from pipeline.read.seals import seals

    office.run(bench)
    proven = seals(bench)
    submissions.run(bench, proven)
    batches.run(bench, proven)
