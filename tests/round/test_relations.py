"""The relations SQL reads: columns, keys, order, and moments in UTC."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipeline.errors import BadReferenceFile
from pipeline.round import load_reference, load_round, register

KEYS = {
    "round": ["round_id"],
    "round_window": ["mode", "starts_at"],
    "office_route": ["route"],
    "residence_rule": ["category_code"],
    "threshold": ["alert_id"],
    "proxy_baseline": ["category_code"],
    "verification_span": ["source_kind"],
    "disclosure": ["tier"],
    "ref_category": ["category_code"],
    "ref_kato": ["kato"],
    "ref_district": ["district_kato"],
    "ref_code": ["code_list", "code"],
    "ref_variable": ["variable"],
    "ref_form": ["form_code", "form_version"],
    "ref_rule": ["rule_id"],
}


@pytest.fixture(scope="module")
def con(root: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the round and its reference data."""
    with duckdb.connect() as connection:
        register(
            connection,
            load_round(root / "data" / "rounds" / "kz-2021-mangystau.yaml"),
            load_reference(root / "data" / "reference"),
        )
        yield connection


@pytest.mark.parametrize(("relation", "key"), KEYS.items())
def test_keys_are_unique_and_rows_in_their_order(con: duckdb.DuckDBPyConnection, relation: str, key: list[str]) -> None:
    rows = con.execute(f"SELECT {', '.join(key)} FROM {relation}").fetchall()
    assert rows == sorted(set(rows))


@pytest.mark.parametrize(
    ("site", "category", "ward", "tier"),
    [
        ("'A'", "'S2'", "'S3'", "S3"),
        ("'A'", "'S2'", "'S0'", "S2"),
        ("'A'", "'S0'", "NULL", "S0"),
        ("'A'", "NULL", "'S0'", "S3"),
        ("NULL", "'S3'", "'S3'", None),
    ],
)
def test_of_category_and_wards_the_highest_tier_wins(
    con: duckdb.DuckDBPyConnection, site: str, category: str, ward: str, tier: str | None
) -> None:
    assert con.execute(f"SELECT site_tier({site}, {category}, {ward})").fetchall() == [(tier,)]


def test_the_round_is_one_row_with_moments_in_utc(con: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT census_moment_at::VARCHAR, moment_on, list_as_of_on, zone, region_kato, tablet_start_at::VARCHAR FROM round"
    (row,) = con.execute(query).fetchall()
    assert row == (
        "2021-08-31 18:00:00", date(2021, 8, 31), date(2021, 6, 1), "Asia/Aqtau", "470000000", "2021-09-30 19:00:00",
    )  # fmt: skip


def test_a_day_of_2021_has_the_offset_it_had_then(con: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT starts_at::VARCHAR, ends_at::VARCHAR FROM round_window WHERE mode = 'web_self' ORDER BY starts_at"
    first = con.execute(query).fetchall()[0]
    assert first == ("2021-08-31 18:00:00", "2021-10-15 18:00:00"), "UTC+06, not today's +05"


def test_whom_nobody_confirms_and_how_long_a_campaign_closes_is_said_by_the_round(
    con: duckdb.DuckDBPyConnection,
) -> None:
    query = "SELECT closing_days, unconfirmed_below_minutes, unconfirmed_more_than_count FROM round"
    assert con.execute(query).fetchall() == [(30, 5, 2)]


def test_limits_are_numbers_or_days(con: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT count(*) FROM threshold WHERE TRY_CAST(amber AS DECIMAL(18, 4)) IS NULL AND TRY_CAST(amber AS DATE) IS NULL"
    assert con.execute(query).fetchall() == [(0,)]
    assert con.execute("SELECT amber, red FROM threshold WHERE alert_id = 'nothing_received'").fetchall() == [
        ("2021-10-04", "2021-10-08")
    ]


def test_places_know_their_parent_and_level(con: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT parent_kato, level FROM ref_kato WHERE kato = '473630100'"
    assert con.execute(query).fetchall() == [("473630000", 4)]
    assert con.execute("SELECT count(*) FROM ref_district").fetchall() == [(7,)]


def test_every_coded_variable_has_codes(con: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT variable FROM ref_variable ANTI JOIN ref_code USING (code_list) WHERE code_list IS NOT NULL"
    assert con.execute(query).fetchall() == []


def test_declining_is_marked(con: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT code_list, code FROM ref_code WHERE is_declined ORDER BY ALL"
    assert con.execute(query).fetchall() == [
        ("pandemic_income_effect", "DECLINED"),
        ("religion", "6"),
        ("yes_no_declined", "DECLINED"),
    ]


def test_registering_again_gives_the_same_rows(con: duckdb.DuckDBPyConnection, root: Path) -> None:
    before = {name: con.execute(f"SELECT * FROM {name}").fetchall() for name in KEYS}
    register(
        con,
        load_round(root / "data" / "rounds" / "kz-2021-mangystau.yaml"),
        load_reference(root / "data" / "reference"),
    )
    assert {name: con.execute(f"SELECT * FROM {name}").fetchall() for name in KEYS} == before


def test_a_round_of_other_categories_is_refused(con: duckdb.DuckDBPyConnection, root: Path) -> None:
    reference = load_reference(root / "data" / "reference")
    fewer = {code: category for code, category in reference.categories.items() if code != "BABY"}
    with pytest.raises(BadReferenceFile, match="do not agree on BABY"):
        register(
            con,
            load_round(root / "data" / "rounds" / "kz-2021-mangystau.yaml"),
            reference.model_copy(update={"categories": fewer}),
        )


def test_a_map_of_a_place_nobody_knows_is_refused(con: duckdb.DuckDBPyConnection, root: Path) -> None:
    round_ = load_round(root / "data" / "rounds" / "kz-2021-mangystau.yaml")
    with pytest.raises(BadReferenceFile, match="do not agree on 479900000"):
        register(
            con,
            round_.model_copy(update={"tile_map": (("479900000", None),)}),
            load_reference(root / "data" / "reference"),
        )


def test_the_map_has_every_district_of_the_region_once(con: duckdb.DuckDBPyConnection, root: Path) -> None:
    round_ = load_round(root / "data" / "rounds" / "kz-2021-mangystau.yaml")
    placed = sorted(place for row in round_.tile_map for place in row if place)
    assert placed == [kato for (kato,) in con.execute("SELECT district_kato FROM ref_district ORDER BY ALL").fetchall()]
