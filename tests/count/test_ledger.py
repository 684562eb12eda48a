"""Received equals the sum of the states, batch by batch, or nothing goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.count import require_ledger
from pipeline.count.ledger_check import lines_landed
from pipeline.errors import LedgerUnbalanced
from tests.count.field import Field, each_state

STATES = tuple(each_state())
INTAKE_STATES = ("in_force", "replaced", "repeated", "quarantined", "unreadable")


def land(field: Field, batch_id: str, states: list[str], route: str = "portal", institution_id: str = "A") -> None:
    """Land a batch whose records took `states`."""
    field.add("batch", batch_id=batch_id, route=route, received_at="2021-10-02", record_count=len(states))
    for number, state in enumerate(states, 1):
        record_id = f"{batch_id}-{number:07d}"
        if route in ("list", "movement"):
            field.add(
                "intake_record",
                record_id=record_id,
                batch_id=batch_id,
                route=route,
                institution_id=institution_id,
                state=state,
            )
        else:
            field.add("record", record_id=record_id, batch_id=batch_id, route=route)
            field.add(
                "record_state",
                record_id=record_id,
                batch_id=batch_id,
                route=route,
                institution_id=institution_id,
                state=state,
            )


@pytest.fixture
def field(tmp_path: Path) -> Field:
    return Field(tmp_path)


def test_one_line_per_batch_and_institution_with_seven_states(field: Field) -> None:
    land(
        field,
        "b1",
        ["counted", "counted", "repeated", "duplicate", "superseded", "unreadable", "quarantined", "out_of_scope"],
    )
    require_ledger(field)
    row = field.row("SELECT * FROM ledger")
    assert row["received_count"] == 8
    assert {state: row[f"{state}_count"] for state in STATES} == {
        state: 2 if state == "counted" else 1 for state in STATES
    }


def test_a_batch_that_brought_nothing_is_a_line_of_zeros(field: Field) -> None:
    land(field, "b1", [])
    require_ledger(field)
    row = field.row("SELECT institution_id, received_count, counted_count FROM ledger")
    assert row == {"institution_id": "UNKNOWN", "received_count": 0, "counted_count": 0}


@pytest.mark.parametrize(("route", "table"), [("tablet_vpn", "ledger"), ("list", "intake")])
def test_an_institution_nobody_registered_is_unknown_and_never_shown(field: Field, route: str, table: str) -> None:
    field.institution("A")
    for batch_id, sender in (("b1", "A"), ("b2", "SekretbekovaAigerim")):
        field.add("batch", batch_id=batch_id, route=route, received_at="2021-10-02", institution_id=sender)
    land(field, "b3", ["quarantined"], route="movement", institution_id="SekretbekovaAigerim")
    require_ledger(field)
    lines = field.rows(f"SELECT batch_id, institution_id FROM {table} WHERE route = '{route}' ORDER BY batch_id")
    assert [row["institution_id"] for row in lines] == ["A", "UNKNOWN"]
    assert field.value("SELECT institution_id FROM intake WHERE batch_id = 'b3'") == "UNKNOWN"


def test_a_record_without_a_state_stops_the_build_and_names_route_and_batch(field: Field) -> None:
    land(field, "b1", ["counted", "counted"])
    land(field, "b2", ["counted"], route="tablet_usb")
    field.con.execute("DELETE FROM record_state WHERE record_id = 'b2-0000001'")
    with pytest.raises(LedgerUnbalanced, match="tablet_usb b2: landed 1, read 1, received 0, in a state 0") as caught:
        require_ledger(field)
    assert "b1" not in str(caught.value)


@pytest.mark.parametrize(("problems", "lines"), [([], 2), (["MANIFEST_UNREADABLE"], 3)])
def test_a_manifest_that_cannot_be_read_is_one_record_of_its_bundle(problems: list[str], lines: int) -> None:
    files = [{"path": "manifest.json", "line_count": 9}, {"path": "submissions.ndjson", "line_count": 2}]
    batch = {"batch_id": "b", "route": "tablet_vpn", "files": files, "problems": problems}
    assert lines_landed([batch]) == [{"batch_id": "b", "line_count": lines}]


SIGNED = ("manifest.json", "signature", "submissions.ndjson", "submissions.sha256")


def test_a_record_lost_in_reading_a_signed_bundle_stops_the_build(field: Field) -> None:
    land(field, "b1", ["counted"], route="tablet_vpn")
    files = [{"path": path, "line_count": 2} for path in SIGNED]
    field.batches = [{"batch_id": "b1", "route": "tablet_vpn", "files": files}]
    with pytest.raises(LedgerUnbalanced, match="tablet_vpn b1: landed 2, read 1, received 1, in a state 1"):
        require_ledger(field)


@pytest.mark.parametrize("stranger", ["other.ndjson", "form.xml"])
def test_what_lies_beside_the_submissions_of_a_signed_bundle_has_no_lines_of_its_own(stranger: str) -> None:
    files = [{"path": path, "line_count": 2} for path in (*SIGNED, stranger)]
    assert lines_landed([{"batch_id": "b", "route": "tablet_vpn", "files": files}]) == []


def test_a_record_lost_in_reading_stops_the_build(field: Field) -> None:
    land(field, "b1", ["counted"])
    files = [{"path": "page-00001.ndjson", "line_count": 2}, {"path": "manifest.json", "line_count": 9}]
    field.batches = [{"batch_id": "b1", "route": "portal", "files": files}]
    with pytest.raises(LedgerUnbalanced, match="portal b1: landed 2, read 1, received 1, in a state 1"):
        require_ledger(field)


def test_a_state_nobody_knows_stops_the_build(field: Field) -> None:
    land(field, "b1", ["counted", "lost"])
    with pytest.raises(LedgerUnbalanced, match="landed 2, read 2, received 2, in a state 1"):
        require_ledger(field)


def test_two_mistakes_that_cancel_over_all_do_not_cancel_by_batch(field: Field) -> None:
    land(field, "b1", ["counted"])
    land(field, "b2", ["counted"])
    field.con.execute("UPDATE record_state SET batch_id = 'b1', record_id = 'b1-0000002' WHERE batch_id = 'b2'")
    with pytest.raises(LedgerUnbalanced, match="2 batches"):
        require_ledger(field)


def test_lists_balance_likewise(field: Field) -> None:
    land(field, "l1", ["in_force", "in_force", "unreadable"], route="list")
    require_ledger(field)
    assert field.row("SELECT received_count, in_force_count, unreadable_count FROM intake") == {
        "received_count": 3, "in_force_count": 2, "unreadable_count": 1,
    }  # fmt: skip
    field.con.execute("DELETE FROM intake_record WHERE state = 'unreadable'")
    with pytest.raises(LedgerUnbalanced, match="list l1"):
        require_ledger(field)


BATCHES = st.lists(
    st.lists(st.tuples(st.sampled_from(STATES), st.sampled_from(["A", "B", "UNKNOWN"])), max_size=6), max_size=5
)


@given(batches=BATCHES, lists=st.lists(st.sampled_from(INTAKE_STATES), max_size=6), lost=st.booleans())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_balances_whatever_the_states_and_never_with_one_record_less(
    field: Field, batches: list[list[tuple[str, str]]], lists: list[str], lost: bool
) -> None:
    for relation in ("batch", "record", "record_state", "intake_record"):
        field.con.execute(f"DELETE FROM {relation}")
    for number, batch in enumerate(batches):
        land(field, f"b{number}", [state for state, _ in batch])
        for record_no, (_, institution_id) in enumerate(batch, 1):
            field.con.execute(
                f"UPDATE record_state SET institution_id = '{institution_id}' WHERE record_id = 'b{number}-{record_no:07d}'"
            )
    land(field, "l0", lists, route="list")
    total = sum(len(batch) for batch in batches)
    if lost and total:
        field.con.execute("DELETE FROM record_state WHERE record_id = (SELECT max(record_id) FROM record_state)")
        with pytest.raises(LedgerUnbalanced):
            require_ledger(field)
        return
    require_ledger(field)
    assert field.value("SELECT COALESCE(sum(received_count), 0) FROM ledger") == total
    sums = " + ".join(f"{state}_count" for state in STATES)
    assert field.value(f"SELECT count(*) FROM ledger WHERE received_count <> {sums}") == 0
