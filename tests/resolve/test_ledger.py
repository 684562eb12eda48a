"""What must hold whatever arrives: the ledger balances, the order of arrival decides little, builds repeat."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.resolve.field import Field, balanced, sound

FAMILIES = ("Ахметов", "Омаров", "Akhmetov", None)
GIVEN = ("Хасен", "Хусен", "Нұрлан", "Неизвестный", None)
ARRIVAL = st.fixed_dictionaries(
    {
        "case": st.integers(1, 6),
        "version": st.integers(1, 3),
        "content": st.integers(1, 3),
        "family": st.sampled_from(FAMILIES),
        "given": st.sampled_from(GIVEN),
        "birth_on": st.sampled_from([None, date(1950, 5, 17), date(1950, 1, 1), date(2021, 9, 3)]),
        "iin": st.sampled_from([None, sound("50051730123"), sound("50051730999"), "123"]),
        "site": st.sampled_from(["CARE", "HOSPITAL", "SCHOOL", "PATROL"]),
        "case_status": st.sampled_from(["submitted", "submitted", "partial", "draft", "withdrawn", None]),
        "rejects": st.sampled_from([[], [], ["R-FORM-NOT-APPROVED"]]),
        "read_error": st.sampled_from([None, None, None, "NOT_JSON"]),
    }
)
FEW = settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
MANY = settings(FEW, max_examples=150)


def receive(field: Field, arrival: dict[str, Any]) -> str:
    """Receive one drawn record."""
    columns = {key: arrival[key] for key in ("birth_on", "iin", "case_status", "rejects", "read_error")}
    digest = f"{arrival['case']}/{arrival['version']}/{arrival['content']}"
    return field.record(
        f"case {arrival['case']}", arrival["family"], arrival["given"], arrival["site"], case_version=arrival["version"], answers_sha256=digest, **columns
    )  # fmt: skip


ARRIVALS = st.lists(ARRIVAL, min_size=1, max_size=14)
VERSIONS = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=10, unique=True)
ORDERS = VERSIONS.flatmap(lambda versions: st.tuples(st.just(versions), st.permutations(versions)))


def check_ledger(folder: Path, arrivals: list[dict[str, Any]]) -> None:
    """Hold the ledger of some arrivals against what must be true of any."""
    field = Field()
    field.entry(1)
    ids = [receive(field, arrival) for arrival in arrivals]
    outcome = field.resolve(folder)
    outcome.write()  # what holds of every table holds whatever arrives
    assert balanced(outcome, ids)
    counted = outcome.rows("SELECT person_id FROM record_state WHERE state = 'counted' ORDER BY person_id")
    assert counted == outcome.rows("SELECT person_id FROM person ORDER BY person_id")
    strays = "SELECT count(*) FROM record_state WHERE state = 'duplicate' AND person_id NOT IN (SELECT person_id FROM person)"
    assert outcome.rows(strays) == [(0,)]
    twice = "SELECT case_id FROM record_state WHERE state IN ('counted', 'duplicate', 'out_of_scope') GROUP BY ALL HAVING count(*) > 1"
    assert outcome.rows(twice) == []
    assert outcome.rows("SELECT count(*) FROM list_match WHERE entry_id IS NOT NULL") == [(1,)]


def check_order(folder: Path, orders: tuple[list[tuple[int, int]], list[tuple[int, int]]]) -> None:
    """Receive the same versions in two orders and compare which stand."""
    standing = []
    for order in orders:
        field = Field()
        for case, version in order:
            field.record(f"case {case}", case_version=version, birth_on=date(1950, case, 5))
        query = "SELECT case_id, case_version FROM case_record WHERE standing = 'current' ORDER BY case_id"
        standing.append(field.resolve(folder).rows(query))
    assert standing[0] == standing[1]


@FEW
@given(ARRIVALS)
def test_every_record_has_exactly_one_state_and_every_person_one_counted_record(
    tmp_path: Path, arrivals: list[dict[str, Any]]
) -> None:
    check_ledger(tmp_path, arrivals)


@pytest.mark.fuzz
@MANY
@given(ARRIVALS)
def test_many_arrivals_balance(tmp_path: Path, arrivals: list[dict[str, Any]]) -> None:
    check_ledger(tmp_path, arrivals)


@pytest.mark.slow
@FEW
@given(ORDERS)
def test_the_order_of_arrival_does_not_change_which_version_stands(
    tmp_path: Path, orders: tuple[list[tuple[int, int]], list[tuple[int, int]]]
) -> None:
    check_order(tmp_path, orders)


def test_a_later_batch_leaves_the_ids_of_others_alone(tmp_path: Path) -> None:
    field = Field()
    for day in range(1, 6):
        field.record(f"case {day}", birth_on=date(1950, 5, day))
    field.record("again", birth_on=date(1950, 5, 2), iin=sound("50050230123"))
    before = dict(field.resolve(tmp_path / "before").rows("SELECT case_id, person_id FROM person_alias"))
    field.record("late twin of 3", birth_on=date(1950, 5, 3))
    field.record("new", "Омаров")
    field.record("case 5", birth_on=date(1950, 5, 5), case_version=2)
    after = dict(field.resolve(tmp_path / "after").rows("SELECT case_id, person_id FROM person_alias"))
    assert {case: after[case] for case in before} == before
    assert after["late twin of 3"] == before["case 3"]


def test_a_merge_keeps_the_older_id_and_the_alias_of_the_other(tmp_path: Path) -> None:
    field = Field()
    field.record("a", iin=sound("50051730123"), patronymic=None)
    field.record("b", site="HOSPITAL", patronymic=None)
    before = field.resolve(tmp_path / "before")
    assert before.are_apart("a", "b")
    field.record("b", site="HOSPITAL", iin=sound("50051730123"), case_version=2)
    after = field.resolve(tmp_path / "after")
    assert after.person_id("b") == before.person_id("a")
    assert after.rows("SELECT alias_person_id FROM person_alias WHERE case_id = 'b'") == [(before.person_id("b"),)]


def test_one_and_two_threads_give_the_same_bytes(tmp_path: Path) -> None:
    field = Field()
    people = [
        (family, given, day)
        for family in ("Ахметов", "Омаров")
        for given in ("Хасен", "Хусен", "Болат")
        for day in range(1, 28)
    ]
    for n, (family, given_name, day) in enumerate(people, 1):
        field.record(
            f"case {n}",
            family,
            given_name,
            birth_on=date(1950, 3, day),
            iin=sound(f"500303300{n:02d}"[:11]) if n % 5 == 0 else None,
        )
        if n % 4 == 0:
            field.record(f"again {n}", family, given_name, "HOSPITAL" if n % 8 else "CARE", birth_on=date(1950, 3, day))
        if n % 3 == 0:
            field.entry(n, family, given_name, birth_on=date(1950, 3, day))
    one = field.resolve(tmp_path / "one", threads=1).digest()
    assert {"person.parquet", "record_state.parquet"} <= one.keys()
    assert field.resolve(tmp_path / "two", threads=2).digest() == one


def test_decisions_after_as_of_do_not_exist_yet(tmp_path: Path) -> None:
    field = Field()
    field.decide(field.record("a", rejects=["R-FORM-NOT-APPROVED"]), "release", at=datetime(2021, 12, 1, tzinfo=UTC))
    assert field.resolve(tmp_path, as_of=datetime(2021, 11, 1, tzinfo=UTC)).state("a") == "quarantined"
