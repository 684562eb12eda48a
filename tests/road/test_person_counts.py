"""The page counts persons three ways, and says how they come from each other."""

from __future__ import annotations

import re

import pytest

from tests.road.conftest import Played


@pytest.mark.parametrize("night", [0, 1, 2])
def test_counted_usual_and_present_add_up_in_the_line_that_explains_them(played: Played, night: int) -> None:
    html = (played.builds[night] / "reconcile" / "index.html").read_text(encoding="utf-8").replace("\u202f", "")
    [line] = re.findall(r'lang="en">(Persons counted \d[^<]*)<', html)
    persons, usual, only_present, unresolved, present, again, away, open_ = map(int, re.findall(r"\d+", line))
    assert persons == again == usual + only_present + unresolved > 0
    assert unresolved == open_
    assert present == persons - away - unresolved
    assert re.search(rf">Persons counted</span></dt><dd>{persons}<", html)
