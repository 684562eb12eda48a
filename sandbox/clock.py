"""The campaign's clock: what its servers show goes up to it."""

from __future__ import annotations

from pathlib import Path


def write_clock(campaign: Path, moment: str) -> None:
    """Set the clock to a moment, ISO text in UTC."""
    aside = campaign / ".clock.part"
    aside.write_text(moment + "\n")
    aside.replace(campaign / "clock")


def read_clock(campaign: Path) -> str:
    """Return the clock as ISO text in UTC; before the first delivery nothing is available."""
    path = campaign / "clock"
    return path.read_text().strip() if path.exists() else "0000-00-00T00:00:00Z"
