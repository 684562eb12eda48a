"""SPSS and Stata files, one for each table, with labels of variables and values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyreadstat

from pipeline.publish.export.source import ReleasedTable, Source, Variable
from pipeline.schema import Labels

# What the formats hold: bytes of a label in SPSS, characters in Stata.
SPSS_VARIABLE, SPSS_VALUE, SPSS_FILE = 255, 119, 60
STATA_LABEL = 80
TRUTH = {"1": Labels(en="Yes", ru="Да", kk="Иә"), "0": Labels(en="No", ru="Нет", kk="Жоқ")}


def write_spss(source: Source, folder: Path) -> None:
    """Write every table as .sav; codes keep their type, and texts have value labels too."""
    for table in source.tables:
        pyreadstat.write_sav(
            _frame(source, table),
            folder / f"{table.full_name}.sav",
            file_label=_cut(f"{source.name} {table.full_name}", SPSS_FILE),
            note=source.title,
            column_labels={each.name: _cut(source.said(each.labels), SPSS_VARIABLE) for each in table.variables},
            variable_value_labels={
                each.name: {code: _cut(label, SPSS_VALUE) for code, label in _values(source, each).items()}
                for each in table.variables
                if _coded(each) and not each.is_list
            },
            variable_measure={each.name: "nominal" if each.is_text or _coded(each) else "scale" for each in table.variables},
            variable_format={each.name: "F12.0" for each in table.variables if each.is_whole or each.type == "BOOLEAN"},
        )  # fmt: skip


def write_stata(source: Source, folder: Path) -> None:
    """Write every table as .dta; only numbers can have value labels there, so coded texts are found in `ref.code.dta`."""
    for table in source.tables:
        pyreadstat.write_dta(
            _frame(source, table),
            folder / f"{table.full_name}.dta",
            file_label=f"{source.name} {table.full_name}"[:STATA_LABEL],
            column_labels={each.name: source.said(each.labels)[:STATA_LABEL] for each in table.variables},
            variable_value_labels={
                each.name: _values(source, each) for each in table.variables if _coded(each) and not each.is_text
            },
        )


def _frame(source: Source, table: ReleasedTable) -> Any:
    """Return the rows as these programs know them: truths as 1 and 0, codes of a list joined by semicolons."""
    return source.con.execute(table.select([f'{_cell(each)} AS "{each.name}"' for each in table.variables])).df()


def _cell(variable: Variable) -> str:
    is_number = variable.is_whole or variable.type == "BOOLEAN"
    return f"{variable.joined}::DOUBLE" if is_number else variable.joined


def _coded(variable: Variable) -> bool:
    return bool(variable.codes) or variable.type == "BOOLEAN"


def _values(source: Source, variable: Variable) -> dict[Any, str]:
    codes = variable.codes or TRUTH
    return {code if variable.is_text else float(code): source.said(labels) for code, labels in codes.items()}


def _cut(text: str, most: int) -> str:
    """Cut to so many bytes, and to whole letters."""
    return text.encode()[:most].decode(errors="ignore")
