"""Every format holds exactly what the release's tables hold; programs that read the formats say so."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as Xml

import duckdb
import frictionless
import openpyxl
import pyreadstat
import pytest
from pysdmx.io import get_datasets, read_sdmx
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.cli.options import Format
from pipeline.errors import BadSetting, InputsMissing
from pipeline.lake import Lake
from pipeline.publish import publish_release
from pipeline.publish.export import WRITERS, export_release
from pipeline.settings import load_settings
from tests.made_build import SITES, MadeBuild

DDI = "{ddi:codebook:2_5}"
# These programs know no truths and no days: a truth is 1 or 0, a day is its first moment.
AS_NUMBERS = {"BOOLEAN": "INTEGER", "DATE": "TIMESTAMP"}
# Tables of figures, and their keys.
FIGURES = {
    "coverage.mode": ["publication_group", "mode"],
    "coverage.publication_group": ["publication_group"],
    "quality.measure": ["publication_group", "measure"],
}
Rows = list[tuple[object, ...]]


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = load_settings(lake=tmp_path_factory.mktemp("lake"), threads=1, id_key="a secret")
    lake = Lake(settings.lake)
    return publish_release(lake, MadeBuild().write(lake.root, settings), settings).folder


@pytest.fixture(scope="module")
def export(release: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("out")
    for form in WRITERS:
        export_release(release, form, folder / form, "ru")
    return {form: folder / form for form in WRITERS}


def rows(release: Path, query: str) -> Rows:
    with duckdb.connect(str(release / "census.duckdb"), read_only=True) as con:
        return list(con.execute(query).fetchall())


def tables(release: Path) -> dict[str, list[tuple[str, str]]]:
    """Columns and types of every table."""
    found: dict[str, list[tuple[str, str]]] = {}
    query = "SELECT schema_name || '.' || table_name, column_name, data_type FROM meta.dictionary WHERE column_no > 0 ORDER BY ALL"
    for table, column, kind in rows(release, query):
        found.setdefault(str(table), []).append((str(column), str(kind)))
    return found


def test_csv_holds_every_row_of_every_table(release: Path, export: dict[str, Path]) -> None:
    for table, columns in tables(release).items():
        written = f"read_csv('{export['csv'] / table}.csv', all_varchar = true)"
        shown = ", ".join(
            f"array_to_string({name}, ';') AS {name}" if kind.endswith("[]")
            else f"strftime({name}, '%Y-%m-%dT%H:%M:%SZ') AS {name}" if kind == "TIMESTAMP"
            else f"{name}::VARCHAR AS {name}"
            for name, kind in columns
        )  # fmt: skip
        names = ", ".join(name for name, _ in columns)
        query = f"SELECT count(*) FROM ((SELECT {shown} FROM {table}) EXCEPT ALL (SELECT {names} FROM {written}))"
        assert rows(release, query) == [(0,)], table
        assert rows(release, f"SELECT count(*) FROM {written}") == rows(release, f"SELECT count(*) FROM {table}")


def test_frictionless_finds_the_package_valid(export: dict[str, Path]) -> None:
    report = frictionless.validate(str(export["csv"] / "datapackage.json"))
    assert report.valid, report.flatten(["title", "fieldName", "note"])[:5]
    assert len(report.tasks) == len(list(export["csv"].glob("*.csv")))


def test_what_the_package_says_of_a_column_is_in_the_language_asked_for(export: dict[str, Path]) -> None:
    package = json.loads((export["csv"] / "datapackage.json").read_text())
    fields = {
        (table["name"], field["name"]): field for table in package["resources"] for field in table["schema"]["fields"]
    }
    assert fields["coverage.mode", "counted_count"]["unit"] == "человек"
    assert fields["census.person", "languages_known"]["description"] == "коды через точку с запятой"


def test_a_changed_file_no_longer_fits_its_package(release: Path, tmp_path: Path) -> None:
    export_release(release, "csv", tmp_path / "out", "en")
    path = tmp_path / "out" / "coverage.mode.csv"
    path.write_text(path.read_text().replace("76", "67"))
    assert not frictionless.validate(str(tmp_path / "out" / "datapackage.json")).valid


def test_the_workbook_has_a_cover_and_the_rows_of_every_table_but_the_people(
    release: Path, export: dict[str, Path]
) -> None:
    book = openpyxl.load_workbook(next(export["xlsx"].glob("*.xlsx")))
    cover = book.worksheets[0]
    assert [cell.value for cell in cover["B"]][1] == release.name
    assert [sheet.title for sheet in book.worksheets[1:]] == [
        name for name in tables(release) if name != "census.person"
    ]
    links = [cell.hyperlink.location or cell.hyperlink.target for cell in cover["A"] if cell.hyperlink]
    assert len(links) == len(book.worksheets) - 1
    for table in FIGURES:
        _, names, *written = book[table].iter_rows(values_only=True)
        listed = rows(release, f"SELECT {', '.join(map(str, names))} FROM {table}")
        assert sorted(map(told, written)) == sorted(map(told, listed))


def test_no_cell_of_the_workbook_is_a_formula(export: dict[str, Path]) -> None:
    book = openpyxl.load_workbook(next(export["xlsx"].glob("*.xlsx")))
    assert {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row} <= {"s", "n", "b", "d"}


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_text_that_looks_like_a_formula_stays_a_text(form: str, release: Path, tmp_path: Path) -> None:
    doctored = tmp_path / release.name
    doctored.mkdir()
    (doctored / "manifest.json").write_bytes((release / "manifest.json").read_bytes())
    (doctored / "census.duckdb").write_bytes((release / "census.duckdb").read_bytes())
    with duckdb.connect(str(doctored / "census.duckdb")) as con:
        con.execute("UPDATE ref.code SET label_ru = '=HYPERLINK(\"http://x\")' WHERE code_list = 'sex' AND code = '1'")
    export_release(doctored, form, tmp_path / "out", "en")
    if form == "csv":
        text = (tmp_path / "out" / "ref.code.csv").read_text()
        assert "'=HYPERLINK" in text
        assert not re.search(r'(^|,)"?=HYPERLINK', text, re.MULTILINE)
    else:
        book = openpyxl.load_workbook(next((tmp_path / "out").glob("*.xlsx")))
        cells = [cell for row in book["ref.code"] for cell in row if str(cell.value).startswith("=HYPERLINK")]
        assert [cell.data_type for cell in cells] == ["s"]


def test_sdmx_is_read_back_with_its_structure(release: Path, export: dict[str, Path]) -> None:
    folder = export["sdmx"]
    structures = read_sdmx(folder / "structure.json")  # holds it against the official schema
    assert [flow.id for flow in structures.get_dataflows()] == [name.replace(".", "_").upper() for name in FIGURES]
    lists = {each.id: {code.id for code in each.items} for each in structures.get_codelists()}
    for table, keys in FIGURES.items():
        (data,) = get_datasets(folder / f"{table}.csv", folder / "structure.json")
        names = [*keys, "FIGURE", "OBS_VALUE", "OBS_STATUS", "CONF_STATUS"]
        assert [component.id for component in data.structure.components] == names
        assert set(names) == set(data.data.columns)
        for component in data.structure.components:
            if component.local_enum_ref is not None:
                listed = component.local_enum_ref.split(":")[-1].split("(")[0]
                assert set(data.data[component.id]) <= lists[listed], component.id
        figures = [name for name, _ in tables(release)[table] if name not in (*keys, "is_suppressed")]
        wide = f"SELECT {', '.join(keys)}, {', '.join(f'{name}::DOUBLE AS {name}' for name in figures)} FROM {table}"
        long = f"FROM ({wide}) UNPIVOT INCLUDE NULLS (value FOR figure IN ({', '.join(figures)}))"
        written = data.data[names[:-2]].astype(object).where(data.data[names[:-2]].notna(), None)
        assert sorted(map(told, written.itertuples(index=False))) == sorted(map(told, rows(release, long)))
    (modes,) = [each for each in structures.get_codelists() if each.id == "CL_MODE"]
    assert {code.id: code.name for code in modes.items}["tablet"] == "Опрос на планшете"
    assert {"CL_PUBLICATION_GROUP", "CL_RELEASE_MEASURE"} <= lists.keys()
    statuses = {each.id: each.agency for each in structures.get_codelists() if each.id.endswith("_STATUS")}
    assert statuses == {"CL_OBS_STATUS": "SDMX", "CL_CONF_STATUS": "SDMX"}


def test_sdmx_says_of_an_empty_figure_whether_it_is_withheld_or_not_known(tmp_path: Path) -> None:
    """No school has a list; of the children without care only one house expects anybody."""
    expected = []
    for site, (category, _, count) in SITES.items():
        is_missing = category.startswith("BOARD")
        of_both = None if is_missing else 0 if category == "ORPH" else count
        counts = dict.fromkeys(("expected_present_count", "expected_usual_count"), of_both)
        expected.append({"institution_id": site, "grade": "MISSING" if is_missing else "FIRM", **counts})
    folder = sdmx_of(MadeBuild(tables={"expected": expected}), tmp_path)
    (data,) = get_datasets(folder / "coverage.publication_group.csv", folder / "structure.json")
    found = {
        (row.publication_group, row.FIGURE): (row.OBS_STATUS, row.CONF_STATUS)
        for row in data.data.itertuples(index=False)
    }
    expectations = ("expected_present_count", "present_rate", "expected_usual_count", "usual_rate")
    not_known = {("BOARDING_EDUCATION", figure) for figure in expectations}
    withheld = {("CHILDREN_WITHOUT_CARE", figure) for figure in expectations}
    assert {cell for cell, status in found.items() if status == ("O", "N")} == not_known
    assert {cell for cell, status in found.items() if status == ("Q", "C")} == withheld
    assert set(found.values()) == {("O", "N"), ("Q", "C"), ("A", "N")}
    empty = data.data[data.data["OBS_VALUE"].isna()]
    assert set(empty[["publication_group", "FIGURE"]].itertuples(index=False, name=None)) == not_known | withheld


@pytest.mark.slow
def test_sdmx_says_of_a_rate_of_too_few_that_it_is_withheld(tmp_path: Path) -> None:
    """Fifteen in three schools: ten may be counted, a rate is told from twenty on."""
    folder = sdmx_of(MadeBuild(persons_per_site=0.1, tables=only("BOARD_GIFT", "BOARD_SPORT")), tmp_path)
    (data,) = get_datasets(folder / "quality.measure.csv", folder / "structure.json")
    (several,) = data.data[data.data["measure"] == "more_than_one_record"].groupby("publication_group")
    found = {row.FIGURE: (row.OBS_STATUS, row.CONF_STATUS) for row in several[1].itertuples(index=False)}
    told = dict.fromkeys(("numerator_count", "denominator_count"), ("A", "N"))
    assert found == {**told, "measure_rate": ("Q", "C")}


@pytest.mark.slow
def test_sdmx_of_a_merged_group_is_read_back(tmp_path: Path) -> None:
    folder = sdmx_of(MadeBuild(tables=only("ORPH", "INPAT", "SOCSERV", "TB")), tmp_path)
    merged = "CHILDREN_WITHOUT_CARE-SOCIAL_AND_HEALTH"
    for table in FIGURES:
        (data,) = get_datasets(folder / f"{table}.csv", folder / "structure.json")
        assert set(data.data["publication_group"]) == {merged}
    lists = {each.id: each for each in read_sdmx(folder / "structure.json").get_codelists()}
    names = {code.id: code.name for code in lists["CL_PUBLICATION_GROUP"].items}
    assert names[merged] == "Children without parental care + Social and health residential"


def sdmx_of(made: MadeBuild, folder: Path) -> Path:
    """Release a build and write it as SDMX."""
    settings = load_settings(lake=folder / "lake", threads=1, id_key="a secret")
    lake = Lake(settings.lake)
    release = publish_release(lake, made.write(lake.root, settings), settings).folder
    export_release(release, "sdmx", folder / "out", "en")
    return folder / "out"


def only(*categories: str) -> dict[str, list[dict[str, object]]]:
    """A register of the sites of some categories."""
    sites = [(site, category, kato) for site, (category, kato, _) in SITES.items() if category in categories]
    names = ("institution_id", "category_code", "kato")
    return {"institution": [dict(zip(names, site, strict=True)) for site in sites]}


def told(row: tuple[object, ...]) -> str:
    """A row as words that do not hang on how a program writes a number."""
    return "|".join("" if value in (None, "") else number(str(value)) for value in row)


def number(text: str) -> str:
    try:
        return f"{float(text):.9g}"
    except ValueError:
        return text.lower()


@pytest.mark.parametrize(("form", "read"), [("spss", pyreadstat.read_sav), ("stata", pyreadstat.read_dta)])
def test_spss_and_stata_hold_the_rows(form: str, read: object, release: Path, export: dict[str, Path]) -> None:
    for table, columns in tables(release).items():
        path = next(export[form].glob(f"{table}.*"))
        frame, _ = read(path)  # type: ignore[operator]
        assert set(frame.columns) == {name for name, _ in columns}
        shown = ", ".join(
            f"array_to_string({name}, ';')" if kind.endswith("[]") else f"{name}::{AS_NUMBERS.get(kind, kind)}"
            for name, kind in ((name, dict(columns)[name]) for name in frame.columns)
        )  # fmt: skip
        written = frame.astype(object).where(frame.notna(), None)
        assert sorted(map(told, written.itertuples(index=False))) == sorted(
            map(told, rows(release, f"SELECT {shown} FROM {table}"))
        )


def test_spss_and_stata_carry_labels(export: dict[str, Path]) -> None:
    _, sav = pyreadstat.read_sav(export["spss"] / "census.person.sav")
    assert sav.column_names_to_labels["sex"] == "Пол"
    assert sav.variable_value_labels["sex"] == {1: "Мужской", 2: "Женский"}
    assert sav.variable_value_labels["mode"]["tablet"] == "Опрос на планшете"
    assert sav.variable_value_labels["publication_group"]["BOARDING_EDUCATION"] == "Школы-интернаты"
    assert sav.variable_value_labels["is_present"] == {1: "Да", 0: "Нет"}
    _, dta = pyreadstat.read_dta(export["stata"] / "census.person.dta")
    assert dta.column_names_to_labels["sex"] == "Пол"
    assert dta.variable_value_labels["sex"] == {1: "Мужской", 2: "Женский"}


def test_the_codebook_describes_every_file_variable_and_code(release: Path, export: dict[str, Path]) -> None:
    root = Xml.parse(next(export["ddi"].glob("*.xml"))).getroot()
    assert root.tag == f"{DDI}codeBook"
    assert [child.tag.removeprefix(DDI) for child in root if child.tag != f"{DDI}fileDscr"] == [
        "docDscr",
        "stdyDscr",
        "dataDscr",
    ]
    described = {(str(node.get("files")).removeprefix("F."), str(node.get("name"))) for node in root.iter(f"{DDI}var")}
    assert described == {(table, name) for table, columns in tables(release).items() for name, _ in columns}
    cases = {
        node.findtext(f".//{DDI}fileName"): node.findtext(f".//{DDI}caseQnty") for node in root.iter(f"{DDI}fileDscr")
    }
    assert cases["census.person"] == "470"
    (sex,) = root.findall(f".//{DDI}var[@ID='V.census.person.sex']")
    labels = [node.text for node in sex.findall(f"{DDI}catgry/{DDI}labl")]
    assert sex.findtext(f"{DDI}catgry/{DDI}catValu") == "1"
    assert {"Male", "Мужской"} <= set(labels)
    assert len(labels) == 6
    (counted,) = root.findall(f".//{DDI}var[@ID='V.coverage.mode.counted_count']")
    assert [node.text for node in counted.findall(f"{DDI}txt")] == ["Unit: persons", "Единица: человек", "Бірлік: адам"]
    ids = [node.get("ID") for node in root.iter() if node.get("ID")]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("form", list(WRITERS))
def test_an_export_is_its_owners_alone(form: str, export: dict[str, Path]) -> None:
    assert export[form].stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in export[form].iterdir()} == {0o600}


def test_what_is_there_already_is_not_overwritten(release: Path, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="there already"):
        export_release(release, "ddi", tmp_path, "en")
    with pytest.raises(InputsMissing, match="manifest"):
        export_release(tmp_path, "ddi", tmp_path / "out", "en")
    assert not list(tmp_path.iterdir())


def test_the_command_exports_the_release_in_force_or_a_named_one(
    release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set(Format) == set(WRITERS)
    monkeypatch.setenv("SANAQ_LAKE", str(release.parent.parent))
    for number, which in enumerate(([], ["--release", release.name])):
        run = CliRunner().invoke(app, ["export", "ddi", str(tmp_path / str(number)), *which, "--json"])
        assert run.exit_code == 0, run.output
        assert [row["file"] for row in json.loads(run.output)] == [f"{release.name}.xml"]
