"""The seven districts of Mangystau region and homes elsewhere, by KATO code."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class District:
    """A district or city of the region.

    Attributes
    ----------
    kato
        Code of the district.
    places
        Codes of its settlements, the centre first.
    name_kk, name_ru
        Names of the centre.
    weight
        Population, thousands, as a weight for homes and sites.
    """

    kato: str
    places: tuple[str, ...]
    name_kk: str
    name_ru: str
    weight: float


DISTRICTS = (
    District("471000000", ("471010000",), "Ақтау қаласы", "г. Актау", 200),
    District("471800000", ("471810000",), "Жаңаөзен қаласы", "г. Жанаозен", 150),
    District("473600000", ("473630100",), "Бейнеу ауылы", "с. Бейнеу", 75),
    District("474200000", ("474230100", "474239100"), "Құрық ауылы", "с. Курык", 39),
    District("474600000", ("474630100",), "Шетпе ауылы", "с. Шетпе", 39),
    District("475000000", ("475030100", "475042100"), "Маңғыстау ауылы", "с. Мангистау", 170),
    District("475200000", ("475220100", "475235100"), "Форт-Шевченко қаласы", "г. Форт-Шевченко", 32),
)

#: regions of the country a resident of an institution may call home
OTHER_REGIONS = ("710000000", "750000000", "790000000", "230000000", "150000000", "610000000", "430000000")
COUNTRIES = {"UZ": 30.0, "TM": 15.0, "AZ": 15.0, "RU": 20.0, "KG": 6.0, "TR": 6.0, "GE": 3.0, "CN": 2.0}
