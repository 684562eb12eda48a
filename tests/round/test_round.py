"""The round of 2021: its moment, windows, residence table and thresholds, as the order and the method state them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pipeline.round import Reference, Round, load_reference, load_round
from pipeline.round.models import RESIDENCE_ROWS


@pytest.fixture(scope="module")
def round_(root: Path) -> Round:
    """The round that is shipped."""
    return load_round(root / "data" / "rounds" / "kz-2021-mangystau.yaml")


@pytest.fixture(scope="module")
def reference(root: Path) -> Reference:
    """The reference data that are shipped."""
    return load_reference(root / "data" / "reference")


def test_the_census_moment_is_a_constant_in_utc(round_: Round) -> None:
    assert round_.census_moment_at == datetime(2021, 8, 31, 18, tzinfo=UTC)


def test_the_moment_falls_on_31_august_in_aktau(round_: Round) -> None:
    assert round_.zone == "Asia/Aqtau"
    assert round_.moment_on == date(2021, 8, 31)


def test_tablets_start_at_local_midnight_of_1_october(round_: Round) -> None:
    assert round_.tablet_start_at == datetime(2021, 9, 30, 19, tzinfo=UTC)


def test_windows_have_a_zone_and_a_legal_basis(round_: Round) -> None:
    assert all(window.zone and window.legal_basis for window in round_.windows)
    online = [window for window in round_.windows if "web_self" in window.modes]
    assert (online[0].from_, online[0].through) == (date(2021, 9, 1), date(2021, 10, 15))
    assert online[1].from_ >= date(2021, 10, 20), "the portal was opened again in the last third of October"


def test_the_online_window_opens_at_the_census_moment(round_: Round) -> None:
    assert min(window.starts_at for window in round_.windows) == round_.census_moment_at


def test_the_tablet_window_is_that_of_the_order_in_local_days(round_: Round) -> None:
    (tablet,) = [window for window in round_.windows if "tablet" in window.modes]
    assert (tablet.starts_at, tablet.ends_at) == (
        datetime(2021, 9, 30, 19, tzinfo=UTC),
        datetime(2021, 10, 30, 19, tzinfo=UTC),
    )


def test_lists_are_as_of_1_june(round_: Round) -> None:
    assert round_.list_as_of_on == date(2021, 6, 1)


def test_every_row_of_the_residence_table_is_there(round_: Round) -> None:
    expected = ["1", "2", "3", "3a", *[str(number) for number in range(4, 18)]]
    assert list(RESIDENCE_ROWS) == expected
    assert [row.row for row in round_.residence.rows] == expected


def test_every_category_follows_a_pattern(round_: Round, reference: Reference) -> None:
    assert round_.residence.patterns.keys() == reference.categories.keys()


@pytest.mark.parametrize(
    ("category", "pattern"),
    [
        ("ORPH", "HERE"), ("BABY", "HERE"), ("SOCSERV", "HERE"), ("PSY", "HERE"), ("HOMELESS", "HERE"),
        ("BOARD_GIFT", "BOARDER_HOME"), ("BOARD_SPORT", "BOARDER_HOME"), ("BOARD_ORPH", "HERE"),
        ("INPAT", "HOME_UNLESS_LONG"), ("TB", "HOME_UNLESS_LONG"), ("SANEPID", "HOME_UNLESS_LONG"),
        ("CRISIS", "SAFE_HOUSE"), ("TRAF", "SAFE_HOUSE"), ("HOMELESS_PATROL", "FIRST_CONTACT"),
    ],
)  # fmt: skip
def test_the_pattern_of_a_category(round_: Round, category: str, pattern: str) -> None:
    assert round_.residence.patterns[category] == pattern


def test_rows_speak_of_patterns_that_some_category_follows(round_: Round) -> None:
    followed = set(round_.residence.patterns.values())
    assert {pattern for row in round_.residence.rows for pattern in row.patterns} <= followed


def test_reasons_of_the_rows_are_codes(round_: Round, reference: Reference) -> None:
    lists = ("scope_reason", "list_outcome", "proxy_reason")
    codes = {code for name in lists for code in reference.code_lists[name].codes}
    assert {row.reason for row in round_.residence.rows if row.reason} <= codes


@pytest.mark.parametrize(
    ("alert", "amber", "red"),
    [
        ("nothing_received", date(2021, 10, 4), date(2021, 10, 8)),
        ("nothing_received_web", date(2021, 9, 20), date(2021, 10, 8)),
        ("expected_not_firm", date(2021, 10, 1), date(2021, 10, 10)),
        ("count_difference", 2, 3),
        ("omission_rate", "0.02", "0.05"),
        ("duplicate_rate", "0.03", "0.08"),
        ("iin_shared", 2, 3),
        ("control_gap_age", 24, 72),
        ("vpn_lag_p95", 48, 96),
        ("tablet_silent", 3, 5),
        ("medium_not_loaded", 48, 72),
        ("quarantine_rate", "0.01", "0.03"),
        ("quarantine_age", 48, 168),
        ("form_minutes", 8, 5),
        ("forms_a_day", 20, 30),
    ],
)
def test_alerts_of_the_method(round_: Round, alert: str, amber: object, red: object) -> None:
    limit = round_.thresholds[alert]
    assert (str(limit.amber), str(limit.red)) == (str(amber), str(red))


def test_every_kind_of_discrepancy_has_its_threshold(round_: Round, root: Path) -> None:
    kinds = (root / "data" / "reference" / "discrepancies.yaml").read_text(encoding="utf-8").splitlines()
    named = {line.split(":")[1].strip() for line in kinds if line.strip().startswith(("alert:", "least:"))}
    assert named <= round_.thresholds.keys()


def test_proxies_are_judged_by_the_category(round_: Round) -> None:
    assert round_.proxy_baselines["BABY"].low == 1
    assert round_.proxy_baselines["ORPH"].below_age == round_.proxy_baselines["INPAT"].from_age == 14
    assert round_.proxy_baselines["INPAT"].high < round_.proxy_baselines["PSY"].low


def test_published_cells_need_three_institutions(round_: Round) -> None:
    rules = round_.disclosure
    assert rules.min_institutions == 3
    assert str(rules.max_institution_share) == "0.8"
    assert rules.min_cell["S2"] > rules.min_cell["S0"]
