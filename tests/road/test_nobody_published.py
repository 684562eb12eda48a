"""Nobody is in what was released of the campaign that every run of the tests plays; tests/privacy searches all rooms of a larger one."""

import pytest

from tests.privacy.search import Secrets, findings, of_campaign, texts_of
from tests.road.conftest import Played


@pytest.fixture(scope="module")
def secrets(played: Played) -> Secrets:
    """By what its people could be known."""
    return of_campaign(played.road.lake.root)


def test_the_search_finds_people_where_they_are(played: Played, secrets: Secrets) -> None:
    found = {
        finding.split(" in ")[0]
        for where, text in texts_of(played.builds[-1] / "read")
        for finding in findings(secrets, where, text)
    }
    assert {"IIN", "name", "birth date"} <= found


def test_nobody_is_in_what_was_released(played: Played, secrets: Secrets) -> None:
    places = list(texts_of(played.road.lake.published))
    assert len(places) > 300
    assert [finding for where, text in places for finding in findings(secrets, where, text)] == []
