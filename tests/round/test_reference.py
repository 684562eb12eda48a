"""Categories, places, codes, questionnaire and list words: whole, in three languages, and at one with the formats."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import duckdb
import pytest

from pipeline.round import Reference, load_reference
from pipeline.round.models import Labels, Mode

KAZAKH = set("әғқңөұүһіӘҒҚҢӨҰҮҺІ")


@pytest.fixture(scope="module")
def reference(root: Path) -> Reference:
    """The reference data that are shipped."""
    return load_reference(root / "data" / "reference")


def every_label(reference: Reference) -> Iterator[tuple[str, Labels]]:
    """Every text that is shown to somebody, and where it stands."""
    for code, category in reference.categories.items():
        yield f"category {code}", category.name
    for kato, place in reference.places.items():
        yield f"place {kato}", place.name
    for name, code_list in reference.code_lists.items():
        yield f"list {name}", code_list.label
        for code, label in code_list.codes.items():
            yield f"{name} {code}", label
    for variable in reference.questionnaire.variables:
        yield f"variable {variable.name}", variable.label
    for form in reference.questionnaire.forms:
        yield f"form {form.form_code}", form.label


def test_every_code_has_a_label_in_three_languages(reference: Reference) -> None:
    for where, label in every_label(reference):
        assert all((label.kk.strip(), label.ru.strip(), label.en.strip())), where
        assert not re.search("[а-яё]", label.en.lower().replace("3-и", "")), f"{where}: English holds Cyrillic"
        assert not KAZAKH & set(label.ru), f"{where}: Russian holds Kazakh letters"


def test_machine_made_kazakh_says_so(root: Path) -> None:
    for path in [*(root / "data" / "reference").glob("*.yaml"), *(root / "data" / "rounds").glob("*.yaml")]:
        if path.name != "list_headers.yaml":  # words people write, not texts we show
            assert "reviewed: {kk: false}" in path.read_text(encoding="utf-8"), path.name


class TestCategories:
    """The 18 kinds of institution."""

    def test_all_eighteen(self, reference: Reference) -> None:
        assert sorted(reference.categories) == sorted(
            "TRAF SOCSERV ORPH BOARD_GIFT BOARD_SPORT BOARD_ORPH REHAB_DIS INPAT BABY HOMELESS HOMELESS_NIGHT HOMELESS_PATROL "
            "CRISIS TB PSY NARC SANEPID OTHER".split()
        )

    def test_place_and_membership_are_confidential(self, reference: Reference) -> None:
        assert {code for code, category in reference.categories.items() if category.tier == "S3"} == {
            "TRAF",
            "CRISIS",
            "TB",
            "PSY",
            "NARC",
        }

    @pytest.mark.parametrize("code", ["REHAB_DIS", "SANEPID", "SOCSERV", "OTHER"])
    def test_sharpened_tiers(self, reference: Reference, code: str) -> None:
        assert reference.categories[code].tier in {"S2", "S3"}

    def test_publication_groups(self, reference: Reference) -> None:
        groups = {category.publication_group for category in reference.categories.values()}
        unknown = "OTHER"  # where the register gives a site no category we know
        assert groups | {unknown} == set(reference.code_lists["publication_group"].codes)
        secret = {category.publication_group for category in reference.categories.values() if category.tier == "S3"}
        assert secret == {"SOCIAL_AND_HEALTH"}, "all of S3 goes with social and health institutions"


class TestPlaces:
    """KATO."""

    def test_seven_districts_and_cities(self, reference: Reference) -> None:
        found = {
            kato
            for kato in reference.places
            if kato.startswith("47") and kato.endswith("00000") and kato != "470000000"
        }
        assert found == {"471000000", "471800000", "473600000", "474200000", "474600000", "475000000", "475200000"}

    @pytest.mark.parametrize(
        "kato",
        "471010000 471810000 473630100 474230100 474239100 474630100 475030100 475042100 475220100 475235100".split(),
    )
    def test_confirmed_settlements(self, reference: Reference, kato: str) -> None:
        assert reference.places[kato].status == "confirmed"

    def test_codes_of_invented_tables_are_not_here(self, reference: Reference) -> None:
        assert not {"470100000", "470400000"} & reference.places.keys()


class TestQuestionnaire:
    """The variables are those of docs/formats.md, neither more nor less."""

    @pytest.fixture
    def formats(self, root: Path) -> str:
        """Section 2 of the page that specifies the inputs."""
        text = (root / "docs" / "formats.md").read_text(encoding="utf-8")
        return text.split("## 2 Submissions")[1].split("### 2.1")[0]

    def test_eight_identity_fields(self, reference: Reference, formats: str) -> None:
        named = re.findall(r"`([a-z_]+)` ?[(`,]", formats.split("`identity`: ")[1].split("`answers` (64")[0])
        identity = [variable.name for variable in reference.questionnaire.variables if variable.section == "identity"]
        assert len(identity) == 8
        assert set(named) <= set(identity)

    def test_sixty_four_answers_in_their_order(self, reference: Reference, formats: str) -> None:
        table = formats.split("| variable | type |")[1]
        named = [
            name
            for row in re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE)
            for name in re.findall(r"`([a-z0-9_]+)`", row)
        ]
        answers = [variable.name for variable in reference.questionnaire.variables if variable.section != "identity"]
        assert len(named) == 64
        assert answers == named

    def test_codes_are_those_of_the_formats(self, reference: Reference, formats: str) -> None:
        lists = {
            variable.name: variable.code_list for variable in reference.questionnaire.variables if variable.code_list
        }
        rows = re.findall(r"^\| (`[a-z0-9_]+`) \| text \| .*?((?:`[A-Z0-9_ ]+`)+)", formats, re.MULTILINE)
        assert len(rows) > 10
        for name, codes in rows:
            assert list(reference.code_lists[lists[name.strip("`")] or ""].codes) == codes.strip("`").split(), name

    def test_a_mode_is_one_the_round_knows_or_unknown(self, reference: Reference) -> None:
        assert tuple(reference.code_lists["mode"].codes) == (*get_args(Mode), "UNKNOWN")

    def test_integer_codes_are_integers(self, reference: Reference) -> None:
        for variable in reference.questionnaire.variables:
            if variable.type == "integer" and variable.code_list:
                assert all(code.isdigit() for code in reference.code_lists[variable.code_list].codes), variable.name

    def test_a_religion_not_stated_is_an_answer(self, reference: Reference) -> None:
        assert reference.code_lists["religion"].declined == ("6",)

    def test_names_numbers_and_addresses_never_leave(self, reference: Reference) -> None:
        secret = {
            variable.name for variable in reference.questionnaire.variables if variable.sensitivity == "identifier"
        }
        assert secret == {"iin", "family_name", "given_name", "patronymic", "birth_date", "usual_address_text"}

    def test_both_forms_are_approved(self, reference: Reference) -> None:
        assert {(form.form_code, form.form_version) for form in reference.questionnaire.forms} == {
            ("F3_PERSON", "2021.1"),
            ("F4_TEMP_VISITOR", "2021.1"),
        }

    def test_who_is_asked_is_sql_over_the_record(self, reference: Reference) -> None:
        types = {"text": "VARCHAR", "integer": "INTEGER", "boolean": "BOOLEAN", "date": "DATE", "list": "VARCHAR[]"}
        answers = [variable for variable in reference.questionnaire.variables if variable.section != "identity"]
        columns = [f"{variable.name} {types[variable.type]}" for variable in answers]
        with duckdb.connect() as con:
            con.execute(
                f"CREATE TABLE record ({', '.join(columns)}, sex INTEGER, age_completed INTEGER, category_code VARCHAR)"
            )
            for variable in answers:
                kind = con.sql(f"SELECT {variable.asked_if} AS asked FROM record").types[0]
                assert str(kind) == "BOOLEAN", variable.name

    def test_births_are_asked_of_women_over_fifteen(self, reference: Reference) -> None:
        asked = {variable.name: variable.asked_if for variable in reference.questionnaire.variables}
        with duckdb.connect() as con:
            query = f"SELECT {asked['children_born_count']} FROM (VALUES (2, 15), (2, 14), (1, 30)) AS record(sex, age_completed)"
            assert con.execute(query).fetchall() == [(True,), (False,), (False,)]


class TestListWords:
    """What a header, a title and a cell of a list may say."""

    def test_every_column_is_known_in_three_languages(self, reference: Reference) -> None:
        for column, words in reference.list_words.columns.items():
            text = " ".join(words)
            assert re.search("[a-z]", text), column
            assert re.search("[а-я]", text), column

    @pytest.mark.parametrize("word", ["итого", "всего", "барлығы", "жиыны"])
    def test_totals(self, reference: Reference, word: str) -> None:
        assert word in reference.list_words.totals

    @pytest.mark.parametrize(("sex", "words"), [("1", "м муж е ер 1"), ("2", "ж жен ә әйел 2")])
    def test_sexes_of_the_formats(self, reference: Reference, sex: str, words: str) -> None:
        assert set(words.split()) <= set(dict(reference.list_words.sexes)[sex])

    def test_phrases_of_the_formats(self, reference: Reference) -> None:
        assert {"по состоянию на {date}", "{date} жағдай бойынша"} <= set(reference.list_words.as_of)
        assert {"составлен {date}", "жасалған күні {date}"} <= set(reference.list_words.drawn_up)
