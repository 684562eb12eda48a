"""IIN, BIN, KATO and names: one SQL expression per rule, as macros and as Python functions."""

from __future__ import annotations

import duckdb

from pipeline.identifiers import bin as business
from pipeline.identifiers import iin, kato, letters, names
from pipeline.identifiers.sql import Rule, create_macro

# Macro name, the rule behind it, its parameters.
MACROS: tuple[tuple[str, Rule, tuple[str, ...]], ...] = (
    ("iin_is_well_formed", iin.is_well_formed_sql, ("t",)),
    ("iin_check_ok", iin.check_ok_sql, ("t",)),
    ("iin_birth_on", iin.birth_on_sql, ("t",)),
    ("iin_sex", iin.sex_sql, ("t",)),
    ("iin_is_neighbour", iin.is_neighbour_sql, ("a", "b")),
    ("bin_is_valid", business.is_valid_sql, ("t",)),
    ("kato_district", kato.district_sql, ("t",)),
    ("kato_parent", kato.parent_sql, ("t",)),
    ("kato_level", kato.level_sql, ("t",)),
    ("kato_is_in", kato.is_in_sql, ("t", "region")),
    ("name_clean", letters.clean_sql, ("t",)),
    ("name_fold", names.fold_sql, ("t",)),
    ("family_stem", names.family_stem_sql, ("t",)),
    ("patronymic_stem", names.patronymic_stem_sql, ("t",)),
    ("name_key", names.key_sql, ("t",)),
    ("name_bytes", names.bytes_sql, ("t",)),
    ("given_alone", names.given_alone_sql, ("t",)),
    ("patronymic_within", names.patronymic_within_sql, ("t",)),
    ("name_is_placeholder", names.is_placeholder_sql, ("t",)),
)


def register(con: duckdb.DuckDBPyConnection) -> None:
    """Make every rule on numbers and names a macro of `con`, and all keys of names together the table macro `name_keys`."""
    for name, rule, parameters in MACROS:
        create_macro(con, name, rule, *parameters)
    con.execute(f"CREATE OR REPLACE MACRO name_keys(relation) AS TABLE {names.keys_query('relation')}")
