"""Record rules with reasons, table profiles and the gates over them."""

from __future__ import annotations

from pipeline.check import records
from pipeline.sql import Workbench


def run(bench: Workbench) -> None:
    """Check every record."""
    records.run(bench)
