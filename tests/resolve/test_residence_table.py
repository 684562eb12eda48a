"""The residence table of the round is what resolve is held to: each row against what becomes of people like those it speaks of."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from pipeline.round import load_round
from pipeline.round.models import ResidenceRow
from pipeline.settings import load_settings
from tests.resolve.field import Field, Outcome, stranger

ROWS = load_round(load_settings().round).residence.rows
SITES = {"HERE": "CARE", "HOME_UNLESS_LONG": "HOSPITAL", "SAFE_HOUSE": "CRISIS", "BOARDER_HOME": "SCHOOL", "FIRST_CONTACT": "PATROL"}  # fmt: skip
EVE, HOME = date(2021, 8, 31), "471010000"
AWAY = {"residence_status": "USUAL_TEMP_ABSENT"}
GUEST = {"residence_status": "TEMP_PRESENT", "stay_duration": "M1_3", "stay_from_on": date(2021, 8, 1), "has_other_home": True, "usual_address_kato": HOME}  # fmt: skip
BOARDER = {**GUEST, "residence_status": None, "presence_reason": "STUDY", "position_in_institution": "TEMPORARY"}
TERM = {"stay_from_on": date(2021, 9, 1)}


@dataclass(frozen=True)
class Example:
    """Somebody a row speaks of: what the record says, whether the person was there that night, and what papers say."""

    columns: dict[str, Any] = field(default_factory=dict)
    is_here: bool = True
    is_listed: bool = False
    movement: tuple[str, date] | None = None


# At a site of each pattern the row names; where it names none, at a home for the elderly.
EXAMPLES = {
    "1": [Example({"has_other_home": False}), Example({"has_other_home": False, **AWAY}, is_here=False)],
    "2": [Example(AWAY, is_here=False, is_listed=True)],
    "3": [Example({**BOARDER, **TERM}, is_here=False), Example({**BOARDER, "residence_status": "TEMP_PRESENT"})],
    "3a": [
        Example({**BOARDER, **TERM, "usual_address_kato": None}, is_here=False),
        Example({**BOARDER, "residence_status": "TEMP_PRESENT", "usual_address_kato": None}),
    ],
    "4": [Example(is_here=False, movement=("DISCHARGE", date(2021, 7, 10)))],
    "5": [Example({"stay_from_on": date(2021, 7, 10)}, movement=("ADMISSION", date(2021, 7, 10)))],
    "6": [Example({"stay_to_on": date(2021, 9, 3), "is_proxy": True, "proxy_reason": "LEFT"})],
    "7": [Example({"stay_from_on": date(2021, 9, 20)}, is_here=False)],
    "8": [
        Example({"birth_on": EVE, "birth_time": "22:59", "stay_from_on": EVE}),
        Example({"birth_on": EVE, "birth_time": "23:00", "stay_from_on": EVE}, is_here=False),
    ],
    "9": [
        Example({"death_on": EVE, "death_time": "23:00"}),
        Example({"death_on": EVE, "death_time": "22:59"}, is_here=False),
    ],
    "10": [Example({"has_other_home": False, "stay_duration": "LT1M", "stay_from_on": date(2021, 8, 20)})],
    "11": [Example(GUEST)],
    "12": [Example(GUEST)],
    "13": [Example({"position_in_institution": "STAFF_LIVE_IN"}, is_here=False)],
    "14": [Example({"citizenship": 2}), Example({"citizenship": 3})],
    "15": [Example({"iin": "500517301234"}), Example({"iin": "500517301234"}), Example()],
    "16": [Example({"is_proxy": True, "proxy_source": "RELATIVE"})],
    "17": [Example({"is_proxy": True, "proxy_reason": "REFUSED", "proxy_source": "ADMINISTRATION"}, is_listed=True)],
}  # fmt: skip


@dataclass(frozen=True)
class Became:
    """What became of somebody; `said` is every reason and outcome given."""

    state: str
    said: frozenset[str]
    site: str
    usual: str | None = None
    present: str | None = None
    forwarded: dict[str, Any] | None = None
    is_private: bool = False


@pytest.fixture(scope="module")
def became(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[Example, Became]]]:
    """Resolve everybody at once; the row `others` is of somebody no row speaks of."""
    played = Field()
    people = [("others", "CARE", Example())] + [
        (row.row, SITES[pattern], example)
        for row in ROWS
        for pattern in row.patterns or ["HERE"]
        for example in EXAMPLES[row.row]
    ]
    entries = {}
    for number, (_, site, example) in enumerate(people):
        who = stranger(number)
        played.record(f"{number}", **{**who, "site": site, **example.columns})
        if example.is_listed:
            entries[number] = played.entry(number, site=site, **who)
        if example.movement:
            kind, day = example.movement
            played.movement(kind, day, site=site, **who)
    outcome = played.resolve(tmp_path_factory.mktemp("residence"))
    found: dict[str, list[tuple[Example, Became]]] = {}
    for number, (row, site, example) in enumerate(people):
        found.setdefault(row, []).append((example, _became(outcome, f"{number}", site, entries.get(number))))
    return found


def _became(outcome: Outcome, case: str, site: str, entry: str | None) -> Became:
    state, said = outcome.state(case), {outcome.reason(case), *outcome.off_list(case)}
    person = outcome.person(case) if state == "counted" else {}
    said |= {person.get("proxy_reason"), outcome.outcome(entry) if entry else None}
    households = "SELECT case_id FROM household JOIN respondent USING (record_id)"
    return Became(
        state, frozenset(said - {None}), site, person.get("usual_institution_id"), person.get("present_institution_id"),
        outcome.forwarded(case), (case,) in outcome.rows(households),
    )  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.row)
def test_what_becomes_of_people_is_what_the_row_says(
    row: ResidenceRow, became: dict[str, list[tuple[Example, Became]]]
) -> None:
    ((_, others),) = became["others"]
    for example, one in became[row.row]:
        is_in = example.is_here or "AS_FOUND" not in (row.usual, row.present)
        assert usual_fits(row.usual, one, others, is_in), (example, one)
        assert one.present == (one.site if example.is_here else None), (example, one)
        assert outcome_fits(row.outcome, one, others, is_in), (example, one)
    shown = {example.is_here for example, _ in became[row.row]}
    assert shown == {"YES": {True}, "AS_OTHERS": {True}, "NO": {False}}.get(row.present, {True, False})
    assert row.reason is None or row.reason in {word for _, one in became[row.row] for word in one.said}


def usual_fits(usual: str, one: Became, others: Became, is_in: bool) -> bool:
    """Whether the usual population has somebody where the row says; whoever is found to be none of the population is nowhere."""
    if usual in ("AS_OTHERS", "AS_FOUND"):
        return one.usual == (others.usual if is_in else None)
    home = one.forwarded["destination_kato"] if one.forwarded else None
    return {
        "HERE": one.usual == one.site,
        "HOME": one.usual is None and one.forwarded is not None,
        "NOWHERE_HERE": (one.usual, one.state, one.is_private) == (None, "out_of_scope", False),
        "REGION_ONLY": one.usual is None and home is None,
        "OWN_HOUSEHOLD": one.usual is None and one.is_private,
    }[usual]


def outcome_fits(outcome: str, one: Became, others: Became, is_in: bool) -> bool:
    """Whether somebody is counted, told to another office or left out as the row says."""
    basis = one.forwarded["basis"] if one.forwarded else None
    return {
        "counted": one.state == "counted",
        "forwarded": one.forwarded is not None and one.forwarded["destination_kato"] == HOME,
        "present_only": (one.state, basis) == ("counted", "present_only"),
        "place_unresolved": basis == ("present_only" if one.present else "place_unresolved"),
        "out_of_scope": one.state == "out_of_scope",
        "household": one.state == "out_of_scope" and one.is_private,
        "as_others": one.state == (others.state if is_in else "out_of_scope"),
    }[outcome]
