"""Views that travel inside the analysts' database: persons and coverage with labels in place of codes, the pyramid.

A view finds its tables in the file it lies in, whatever the file is called and whatever else is attached, so it works in an attached release too.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.publish.catalogue import Entry
from pipeline.publish.database import View
from pipeline.schema import Labels

LANGUAGES = {
    "kk": Labels(en="in Kazakh", ru="по-казахски", kk="қазақша"),
    "ru": Labels(en="in Russian", ru="по-русски", kk="орысша"),
    "en": Labels(en="in English", ru="по-английски", kk="ағылшынша"),
}

# A group of several is named by all their names.
COVERAGE_BY_GROUP = """WITH name AS (
    SELECT
        released.publication_group,
        string_agg(COALESCE(label_kk, one.code), ' + ' ORDER BY one.code) AS name_kk,
        string_agg(COALESCE(label_ru, one.code), ' + ' ORDER BY one.code) AS name_ru,
        string_agg(COALESCE(label_en, one.code), ' + ' ORDER BY one.code) AS name_en
    FROM coverage.publication_group AS released
    CROSS JOIN unnest(string_split(released.publication_group, ' + ')) AS one (code)
    LEFT JOIN ref.code ON code.code_list = 'publication_group' AND code.code = one.code
    GROUP BY released.publication_group
)
SELECT publication_group, name_kk, name_ru, name_en, released.* EXCLUDE (publication_group)
FROM coverage.publication_group AS released
JOIN name USING (publication_group)
ORDER BY publication_group"""
NAMES = {
    f"name_{code}": Labels(
        en=f"Name of the group {said.en}", ru=f"Название группы {said.ru}", kk=f"Топтың атауы {said.kk}"
    )
    for code, said in LANGUAGES.items()
}

# `person`, not `census.person`: another file may be the one called census.
AGE_SEX = """SELECT
    publication_group,
    age_group,
    CASE WHEN count(basis) = count(*) THEN count(*) FILTER (WHERE sex = 1 AND basis = 'usual_here') END AS usual_men_count,
    CASE WHEN count(basis) = count(*) THEN count(*) FILTER (WHERE sex = 2 AND basis = 'usual_here') END AS usual_women_count,
    CASE WHEN count(is_present) = count(*) THEN count(*) FILTER (WHERE sex = 1 AND is_present) END AS present_men_count,
    CASE WHEN count(is_present) = count(*) THEN count(*) FILTER (WHERE sex = 2 AND is_present) END AS present_women_count
FROM person
GROUP BY publication_group, age_group
ORDER BY publication_group NULLS LAST, age_group NULLS LAST"""
COUNTS = {
    "usual_men_count": Labels(
        en="Men, usual residents", ru="Мужчины, постоянные жители", kk="Ерлер, тұрақты тұрғындар"
    ),
    "usual_women_count": Labels(
        en="Women, usual residents", ru="Женщины, постоянные жители", kk="Әйелдер, тұрақты тұрғындар"
    ),
    "present_men_count": Labels(
        en="Men, present at the moment", ru="Мужчины, присутствовавшие на момент", kk="Ерлер, сәтте болғандар"
    ),
    "present_women_count": Labels(
        en="Women, present at the moment", ru="Женщины, присутствовавшие на момент", kk="Әйелдер, сәтте болғандар"
    ),
}


def views(entries: Sequence[Entry]) -> list[View]:
    """Return the views over the tables of a release."""
    named = {entry.full_name: entry for entry in entries}
    person, coverage = named["census.person"], named["coverage.publication_group"]
    by_group = View(
        "coverage_by_group",
        COVERAGE_BY_GROUP,
        Labels(
            en="Expected and counted by publication group, with the group's name",
            ru="Ожидалось и учтено по группам публикации, с названием группы",
            kk="Жариялау топтары бойынша күтілген және саналған, топтың атауымен",
        ),
        NAMES | _meanings(coverage),
    )
    age_sex = View(
        "age_sex",
        AGE_SEX,
        Labels(
            en="Men and women by publication group and five-year age group, of those of whom it is told; usual and present apart, empty where withheld",
            ru="Мужчины и женщины по группам публикации и пятилетним возрастным группам, о ком это сообщается; пусто, где не раскрыто",
            kk="Жариялау топтары мен бесжылдық жас топтары бойынша ерлер мен әйелдер, айтылғандары; жасырылғаны бос",
        ),
        {name: label for name, label in _meanings(person).items() if name in ("publication_group", "age_group")}
        | COUNTS,
    )
    return [by_group, age_sex, *(_labelled(person, language) for language in LANGUAGES)]


def _meanings(entry: Entry) -> dict[str, Labels]:
    return {name: column.comment for name, column in entry.table.columns.items()}


def _labelled(entry: Entry, language: str) -> View:
    """The persons with labels in place of codes; a lookup that no query asks for is not made."""
    lists = {
        name: column.code_list
        for name, column in entry.table.columns.items()
        if column.code_list and not column.type.endswith("[]")
    }
    labels = ",\n    ".join(
        f"(SELECT label FROM said WHERE code_list = '{code_list}')[CAST({name} AS VARCHAR)] AS {name}"
        for name, code_list in {**lists, "publication_group": "released_group"}.items()
    )
    query = f"""WITH named AS (
    SELECT code_list, code, label_{language} AS label FROM ref.code
    UNION ALL
    SELECT 'kato', kato, name_{language} FROM ref.kato
    UNION ALL
    SELECT 'released_group', publication_group, name_{language} FROM coverage_by_group
),
said AS MATERIALIZED (
    SELECT code_list, map_from_entries(list((code, label) ORDER BY code)) AS label
    FROM named
    GROUP BY code_list
)
SELECT person.* REPLACE (
    {labels}
)
FROM person"""
    said = LANGUAGES[language]
    comment = Labels(
        en=f"census.person with labels {said.en} in place of codes; lists and countries stay codes",
        ru=f"census.person с подписями {said.ru} вместо кодов; списки и страны остаются кодами",
        kk=f"census.person кодтардың орнына {said.kk} атаулармен; тізімдер мен елдер код күйінде қалады",
    )
    return View(f"person_{language}", query, comment, _meanings(entry))
