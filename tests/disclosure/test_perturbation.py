"""Noise by cell key, held against the package of the Office for National Statistics."""

from pathlib import Path

import duckdb
import pandas as pd
import pytest
from cell_key_perturbation.create_perturbed_table import create_perturbed_table

from pipeline.errors import BadReferenceFile
from pipeline.publish.macros import PERTURBED
from pipeline.round import load_round
from tests.disclosure.town import ROUND, Office, Seen, random_town

LEAST = 20


def changed_round(folder: Path, before: str, after: str) -> Path:
    """The round with one line of it changed."""
    text = ROUND.read_text(encoding="utf-8")
    assert before in text
    path = folder / "round.yaml"
    path.write_text(text.replace(before, after), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """A release with record keys."""
    folder = tmp_path_factory.mktemp("noisy")
    return Seen(
        Office(folder / "lake", round=changed_round(folder, "is_on: false", "is_on: true")).release(random_town(4))
    )


@pytest.mark.parametrize(
    "columns", [["basis"], ["publication_group", "basis"], ["district_kato", "is_answered_by_proxy"]]
)
def test_a_perturbed_table_is_the_one_the_office_for_national_statistics_makes(noisy: Seen, columns: list[str]) -> None:
    told = " AND ".join(f"{name} IS NOT NULL" for name in columns)
    people = pd.DataFrame(
        noisy.rows(f"SELECT {', '.join(columns)}, record_key FROM census.person WHERE {told}"),
        columns=[*columns, "record_key"],
    )
    noise = pd.DataFrame(noisy.rows("FROM ref.ptable"), columns=["pcv", "ckey", "pvalue"])
    larger = [noise[noise.pcv == noise.pcv.max()].assign(pcv=count) for count in range(noise.pcv.max() + 1, 751)]
    table = create_perturbed_table(people, pd.concat([noise, *larger]), [], columns, "record_key", threshold=LEAST)
    table = table[table.pre_sdc_count > 0].sort_values(columns)
    wanted = [
        (*row[:-1], None if pd.isna(row[-1]) else int(row[-1]))
        for row in table[[*columns, "count"]].itertuples(index=False)
    ]
    assert noisy.rows(f"SELECT * FROM perturbed('{', '.join(columns)}') WHERE {told} ORDER BY ALL") == wanted
    assert any(count is not None for *_, count in wanted)


def test_the_same_people_have_the_same_noise_in_every_table_and_small_counts_are_empty(noisy: Seen) -> None:
    counts = [count for *_, count in noisy.rows("FROM perturbed('publication_group, sex, age_group, mode')")]
    assert None in counts
    assert min(count for count in counts if count is not None) >= LEAST
    by_sex = dict(noisy.rows("FROM perturbed('sex')"))
    same = noisy.rows("SELECT sex, person_count FROM perturbed('sex, sex + 1')")
    assert dict(same) == by_sex
    exact = dict(noisy.rows("SELECT sex, count(*) FROM census.person GROUP BY sex"))
    assert all(abs(by_sex[sex] - exact[sex]) <= 2 for sex in (1, 2))


def test_noise_is_off_unless_the_round_has_it_on(tmp_path: Path) -> None:
    seen = Seen(Office(tmp_path).release(random_town(4)))
    assert "record_key" not in seen.columns()
    assert seen.rows("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'ptable'") == [(0,)]
    assert seen.rows("SELECT count(*) FROM duckdb_functions() WHERE function_name = 'perturbed'") == [(0,)]


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("1: {-1: 171, 2: 85}", "1: {-1: 171, 2: 86}", "256 in all"),
        ("1: {-1: 171, 2: 85}", "1: {-2: 128, 2: 128}", "less than nobody"),
        ("4: {-1: 80, 0: 96, 1: 80}", "4: {-1: 80, 0: 90, 1: 86}", "on average"),
        ("      4: {", "      7: {", "from 1 on"),
    ],
)
def test_noise_that_is_not_fair_is_refused(before: str, after: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(BadReferenceFile, match=reason):
        load_round(changed_round(tmp_path, before, after))


def test_a_cell_with_a_row_that_has_no_key_is_empty() -> None:
    """A group told as in a release without noise has no keys: one cell key for all of it could be taken off again."""
    with duckdb.connect() as con:
        con.execute("CREATE SCHEMA ref")
        con.execute(
            "CREATE TABLE person AS SELECT i % 2 AS sex, CASE WHEN i % 2 = 0 THEN i END AS record_key FROM range(40) AS t (i)"
        )
        con.execute(
            "CREATE TABLE ref.ptable AS SELECT k::INTEGER AS ckey, v AS pcv, 1 AS pvalue FROM range(256) AS a (k), range(1, 31) AS b (v)"
        )
        con.execute("CREATE TABLE ref.disclosure AS SELECT 10 AS min_cell_count")
        con.execute(PERTURBED)
        assert con.execute("FROM perturbed('sex')").fetchall() == [(0, 21), (1, None)]
