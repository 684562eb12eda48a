"""IIN, BIN, KATO and names: one SQL expression per rule, as macros and as Python functions."""

from __future__ import annotations

import duckdb

from pipeline.identifiers import iin, kato, names
from pipeline.identifiers.sql import Rule

# Macro name, the rule behind it, its parameters: the rules that SQL asks by name. All keys of a name are asked at once, by `name_keys`.
MACROS: tuple[tuple[str, Rule, tuple[str, ...]], ...] = (
    ("iin_is_well_formed", iin.is_well_formed_sql, ("t",)),
    ("iin_check_ok", iin.check_ok_sql, ("t",)),
    ("iin_birth_on", iin.birth_on_sql, ("t",)),
    ("iin_sex", iin.sex_sql, ("t",)),
    ("iin_is_neighbour", iin.is_neighbour_sql, ("a", "b")),
    ("kato_district", kato.district_sql, ("t",)),
    ("name_bytes", names.bytes_sql, ("t",)),
    ("given_alone", names.given_alone_sql, ("t",)),
    ("patronymic_within", names.patronymic_within_sql, ("t",)),
)


def register(con: duckdb.DuckDBPyConnection) -> None:
    """Make macros of `con` of the rules that SQL asks, and of all keys of names together the table macro `name_keys`."""
    for name, rule, parameters in MACROS:
        con.execute(f"CREATE OR REPLACE MACRO {name}({', '.join(parameters)}) AS {rule(*parameters)}")
    con.execute(f"CREATE OR REPLACE MACRO name_keys(relation) AS TABLE {names.keys_query('relation')}")
