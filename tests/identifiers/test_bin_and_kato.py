"""The BIN of an institution and the KATO code of a place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.identifiers import bin as business
from pipeline.identifiers import iin, kato
from pipeline.identifiers.sql import evaluate_each
from tests.identifiers.test_iin import check_digit


def test_a_number_of_a_state_institution() -> None:
    assert business.is_valid("990940003030")
    assert business.is_valid("990940003031") is False
    assert business.is_valid(None) is None


@pytest.mark.parametrize("start", ["991340", "990040", "990930", "990970", "990944", "990949"])
def test_month_type_and_unit_must_exist(start: str) -> None:
    base = start + "00303"
    assert business.is_valid(f"{base}{check_digit(base)}") is False


def test_an_iin_is_no_bin() -> None:
    assert business.is_valid("901123300258") is False


def test_no_number_is_both() -> None:
    starts = [f"90{month:02}{fifth}{sixth}" for month in (1, 11) for fifth in range(10) for sixth in range(10)]
    numbers = [f"{start}3{serial:04}{digit}" for start in starts for serial in (1, 26) for digit in range(10)]
    businesses, people = evaluate_each(business.is_valid_sql, numbers), evaluate_each(iin.is_well_formed_sql, numbers)
    assert any(businesses.values())
    assert any(people.values())
    assert not [number for number in numbers if businesses[number] and people[number]]


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 99),
    st.integers(1, 12),
    st.integers(4, 6),
    st.integers(0, 3),
    st.integers(0, 99999),
    st.integers(0, 9),
)
def test_the_check_digit_is_that_of_the_iin(
    year: int, month: int, kind: int, unit: int, serial: int, digit: int
) -> None:
    base = f"{year:02}{month:02}{kind}{unit}{serial:05}"
    assert business.is_valid(f"{base}{digit}") == (check_digit(base) == digit)


@pytest.mark.parametrize(
    ("code", "above"),
    [
        ("473630100", ["473630000", "473600000", "470000000"]),
        ("471010000", ["471000000", "470000000"]),
        ("475220100", ["475220000", "475200000", "470000000"]),
    ],
)
def test_what_lies_above_a_place(code: str, above: list[str]) -> None:
    found = []
    while (parent := kato.parent(code)) is not None:
        found.append(parent)
        code = parent
    assert found == above


def test_levels_and_districts() -> None:
    assert [kato.level(code) for code in ("470000000", "473600000", "473630000", "473630100")] == [1, 2, 3, 4]
    assert kato.district("473630100") == "473600000"
    assert kato.district("471010000") == "471000000"
    assert kato.district("470000000") is None, "a region lies in no district"


def test_a_place_lies_in_its_region_district_and_itself() -> None:
    for area in ("470000000", "473600000", "473630000", "473630100"):
        assert kato.is_in("473630100", area)
    assert kato.is_in("473630100", "474200000") is False
    assert kato.is_in("710000000", "470000000") is False
    assert kato.is_in("470000000", "473600000") is False, "the region does not lie in its district"


@pytest.mark.parametrize("text", ["47", "47363010", "4736301000", "47363010x", ""])
def test_what_is_no_code_lies_nowhere(text: str) -> None:
    assert kato.district(text) is None
    assert kato.level(text) is None
    assert kato.is_in(text, "470000000") is False
    assert kato.is_in("473630100", text) is False
