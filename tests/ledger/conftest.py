"""One campaign, lived once for all sentences that only look at what became of it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.ledger.life import Campaign, Life, campaigns


@pytest.fixture(scope="session")
def life(tmp_path_factory: pytest.TempPathFactory) -> Life:
    """The largest of a few campaigns drawn by a fixed seed; `-m fuzz` lives many others."""
    drawn: list[Campaign] = []

    @seed(4)
    @settings(
        max_examples=6, database=None, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(campaigns(stories=52))
    def draw(campaign: Campaign) -> None:
        drawn.append(campaign)

    draw()
    return Life(
        tmp_path_factory.mktemp("life"),
        max(drawn, key=lambda campaign: sum(len(one.lines) for one in campaign.parcels)),
    )
