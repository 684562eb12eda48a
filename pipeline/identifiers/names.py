"""Names as people and officials in Kazakhstan write them, brought to keys that can be compared.

Raw text is kept elsewhere; these rules only make keys, from the letters as `letters` leaves them. They lose more and more:

`fold`
    One spelling of the name across Kazakh, Russian and Latin script and the variants seen in practice. Different names stay different:
    Хасен and Хусен are two brothers.
`family_stem`, `patronymic_stem`
    The part of a family name that brother and sister share; the father's name in a patronymic.
`key`
    How it sounds, without vowels. Only good for bringing pairs together that are then compared properly.
`is_placeholder`
    Words that stand where a name is not known.

`name_keys` gives all of these for a column of names in one query, many times faster than one by one. Names repeat, so a step asks for the keys
of distinct spellings and joins them back.

`given_alone` and `patronymic_within` part a given name from the patronymic typed behind it, before anything else.

Sources: the official rules for writing Kazakh names in Russian, Ukaz No 2923 of 2 April 1996 (ұлы and қызы in place of Russian endings),
passport Latin, the Kazakh Latin alphabets of 2017, 2018 and 2021, and variants seen in registers.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import groupby

from pipeline.identifiers.letters import clean_sql, cyrillic_stages
from pipeline.identifiers.sql import chained, evaluate, evaluate_each, literal, replaced, where

CONSONANTS = "БВГДЖЗКЛМНПРСТФХЦЧШЩҒҚҢҺ"

# What Kazakh letters become in Russian spelling, and letters that are not told apart: Ы И Й І, Е Ё Э, Ш Щ.
FOLDED_LETTERS = ("ӘҒҚҢӨҰҮҺІЁЭЫЙЩЪЬ", "АГКНОУУХИЕЕИИШ")
FOLDED_ALPHABET = "АБВГДЕЖЗИКЛМНОПРСТУФХЧШ"
IN_BYTES = "ABVGDEJZIKLMNOPRSTUFHCW"
KEY_CLASSES = (("К", "ХГ"), ("П", "Б"), ("Т", "Д"), ("Ш", "ЖЧ"), ("С", "З"), ("Ф", "В"))
VOWELS = "АЕИОУ"

# Spellings of one name or part of a name, in folded letters and in this order. A name comes in here only if its variants are the same
# name to those who bear it; what merely sounds alike is left to `key`. A name is held against a group only if one of the group fits.
VARIANTS = (
    (  # of Arabic names
        ("М[АОУ][ГКХ]+[АОУ][МН]+[БП]?[АЕИ][ДТ]+", "МУХАМЕТ"), ("А[КХ]М[АЕ][ДТ]", "АХМЕТ"), ("МА[КХ]МУ[ДТ]", "МАХМУТ"),
        ("МА[КХ]СУ[ДТ]", "МАКСУТ"), ("РАК(ИМ|МЕТ|МАН)", r"РАХ\1"), ("ХАМИД", "ХАМИТ"), ("СЕИИ*[ДТ]", "СЕИТ"), ("МУРАД", "МУРАТ"),
        ("РАШИД", "РАШИТ"), ("ШАРИФ", "ШАРИП"), ("АНВАР", "АНУАР"), ("ДАВЛЕТ", "ДАУЛЕТ"), ("^ХОД*Ж", "КОЖ"),
    ),
    (  # of prophets
        ("ИБИ?РАИ?[ГХ]?И+М", "ИБРАХИМ"), ("[ИЖ]УС[ИУ][ПФ]", "ЖУСИП"), ("[ИЖ]УН[ИУ]С", "ЖУНИС"), ("[ИЖ]АК[ИУ][БП]", "ЖАКИП"),
        ("ДАУИ*[ДТ]", "ДАУТ"), ("СУЛЕИМЕН", "СУЛЕИМАН"),
        ("ИСХАК", "ИСКАК"), ("ИСК[АЕ]НД[АЕИ]Р", "ИСКАНДЕР"),
    ),
    (  # of women
        ("Л[АЕ]ИЛ+А", "ЛЕИЛА"), ("З[АЕ]ИН[АЕ][БП]", "ЗЕИНЕП"), ("П[АЕ]РИЗАД", "ПЕРИЗАТ"),
    ),
    (  # of parts of names
        ("МУРЗА", "МИРЗА"), ("([ЗМ])АГАЛИ", r"\1АЛИ"), ("АБД[ИУ]([БВГДЖЗКЛМНПРСТФХЧШ])", r"АБД\1"),
        ("([БГДЖЗКЛМНПРСТФХШ])ОЛЛА", r"\1УЛЛА"), ("КУЛ([АЕЖЗМНПСТШ]|$)", r"ГУЛ\1"), ("^КУЛИ", "ГУЛИ"),
        ("БАХ(ИТ|ТИ)", r"БАК\1"), ("ХУДАИ", "КУДАИ"), ("НКЕЛД", "НГЕЛД"), ("АУИР", "АУР"), ("МУЛДА", "МОЛДА"),
    ),
    (  # of Kazakh vowels in Russian, and of Azerbaijani beginnings
        ("ТИЛЕ", "ТЛЕ"), ("ЖАМБУЛ", "ЖАМБИЛ"), ("[ЧШ]ИНГИ[СЗ]", "ШИНГИС"), ("^УРАЗ", "ОРАЗ"), ("^УТЕ", "ОТЕ"), ("^УМИР", "ОМИР"),
        ("^ТУЛЕ", "ТОЛЕ"), ("^УРИ([НМ])", r"ОРИ\1"), ("ДУИС", "ДУС"), ("ТУРСУН", "ТУРСИН"), ("БЕИБУТ", "БЕИБИТ"), ("^АБИЛА", "АБЛА"),
        ("АРИСТАН", "АРСТАН"), ("^ГАСАН", "ХАСАН"), ("^ГУСЕИН", "ХУСЕИН"), ("^ГАД?ЖИ", "ХАЖИ"), ("^ГУРБАН", "КУРБАН"), ("МАМ+АД", "МАМЕД"),
    ),
    (("Д+Ж", "Ж"), ("ШЧ", "Ш"), ("МБ", "НБ"), ("([АЕОУ])И+Е", r"\1Е")),  # of letters
)  # fmt: skip

FAMILY_ENDINGS = "И*ЕВА?|ОВА?|СКИ+|СКОИ|СКАИА|АИА|ОИ|И*УЛИ|И*КИЗИ?|И*ОГЛ[ИУ]|И*ТЕГИ|И+"
PATRONYMIC_ENDINGS = "И*ЕВИЧ|ОВИЧ|И*ЕВНА|ОВНА|ИНИЧНА|ИЧНА|ИЧ|И*УЛИ|УУЛУ|И*[ГК]ИЗИ?|И*[ОУ]ГЛ[ИУ]|И+"
# The same on clean text, of a word behind a given name.
PATRONYMIC_END = (
    "(?:[ҰУ]Л[ЫИІ]|УУЛУ|[ҒГҚКХ][ЫИІ]З[ЫИІ]|[ОЕ]ВИЧ|[ОЕ]ВНА|ИЧНА|ИЧ|[ОУ][ҒГ]Л[ЫУИ]"
    "|[UŪ]L[YI]|UULU|[QKG][YIİ]Z[YIİ]|[OE]VI(?:CH|Ç)|[OE]VNA|ICHNA|ICH|O[GĞ]H?L[YIU]|O''?G''?LI)"
)
BEHIND_A_NAME = f"^(.*?[^ ]) ([^ ]{{2,}}{PATRONYMIC_END}|[^ ]+ {PATRONYMIC_END})$"
INITIALS = r"\s*\pL\s*(?:\.\s*\pL?\s*)*"
INITIALS_BEHIND = r"(\pL{2})\s+\pL\s*(?:\.\s*\pL?\s*)+$"

PLACEHOLDERS = (
    "Н/Д", "Н/И", "Б/О", "Б/И", "Н.Д.", "нет", "нет данных", "не указано", "не указана", "не указан", "не установлено", "не установлена",
    "не установлен", "не известно", "неизвестно", "неизв", "без имени", "без фамилии", "без отчества", "безымянный", "безымянная", "аноним",
    "белгісіз", "беймәлім", "жоқ", "аты жоқ", "анықталмаған", "көрсетілмеген", "мәлімет жоқ", "деректер жоқ", "аты-жөні белгісіз",
    "unknown", "unnamed", "no name", "noname", "not known", "not available", "none", "null", "n/a", "anonymous", "john doe",
    "неустановленный", "неустановленная", "неопознанный", "неопознанная", "отсутствует", "прочерк", "без фио", "фио", "фамилия", "имя",
    "отчество", "новорожденный", "новорожденная", "мальчик", "девочка", "младенец", "подкидыш", "тегі белгісіз",
    "есімі белгісіз", "анықталуда", "тіркелмеген", "нәресте", "жаңа туған", "ұл бала", "қыз бала", "н/н", "н/у", "б/ф", "n/n",
    "newborn", "infant", "missing", "not stated", "no data", "surname", "jane doe", "qwerty", "asdf", "йцукен", "фыва",
    "тест", "тестов", "тестовый", "тестовая", "test", "проба", "ххх", "xxx", "неуст", "мужчина", "женщина", "ребенок", "ер адам", "әйел",
)  # fmt: skip
PLACEHOLDER_STEMS = ("неизвест", "белгісіз", "безымянн", "unknown")


def spelled_sql(t: str) -> str:
    """The name in one spelling, with its doubled letters and the stroke of Н/Д: what endings are cut from."""
    return chained(t, _spelled_stages())


def known_sql(t: str) -> str:
    """The same, and empty for words that stand where no name is known."""
    return chained(t, _known_stages())


def fold_sql(t: str) -> str:
    """The name in one spelling: Kazakh, Russian and Latin spellings of one name meet, different names do not. Letters only."""
    return chained(t, [*_spelled_stages(), _lettered("v"), _single_letters("v")])


def family_stem_sql(t: str) -> str:
    """What brother and sister share of a family name, with and without Russian endings: Сериков, Серикова, Серік, Серікұлы.

    At least three letters are left. NULL for a placeholder.
    """
    return chained(t, [*_known_stages(), _family_stem("v"), _single_letters("v")])


def patronymic_stem_sql(t: str) -> str:
    """The father's name in a patronymic: Серікұлы, Серикулы, Серикович, Сериковна, Serikuly, Серік.

    NULL for a placeholder and for an initial: no evidence.
    """
    return chained(t, [*_known_stages(), _patronymic_stem("v"), _single_letters("v")])


def key_sql(t: str) -> str:
    """How a name sounds, without vowels after the first letter. For blocking only: Хасен and Хусен share it. NULL for a placeholder."""
    return chained(t, [*_known_stages(), _sound("v"), _single_letters("v")])


def bytes_sql(t: str) -> str:
    """A key with one byte for each letter, so that distances count letters."""
    return f"translate({t}, '{FOLDED_ALPHABET}', '{IN_BYTES}')"


def is_placeholder_sql(t: str) -> str:
    """Words that stand where no name is known (Неизвестный, Белгісіз, Unknown, Н/Д), or no letter at all. NULL for NULL."""
    return f"CASE WHEN {t} IS NOT NULL THEN coalesce({known_sql(t)} = '', TRUE) END"


def keys_query(relation: str) -> str:
    """All of the above for the distinct names in the column `raw` of a relation: its rows with the keys."""
    query = f"SELECT raw, raw AS v FROM query_table({relation})"
    for stage in _spelled_stages():
        query = f"SELECT raw, {stage} AS v FROM ({query})"
    query = f"SELECT raw, v, {_known('v')} AS known FROM ({query})"
    query = (
        f"SELECT raw, CASE WHEN raw IS NOT NULL THEN coalesce(known = '', TRUE) END AS is_placeholder, {_lettered('v')} AS fold, "
        f"{_family_stem('known')} AS family_stem, {_patronymic_stem('known')} AS patronymic_stem, {_sound('known')} AS name_key FROM ({query})"
    )
    keys = ", ".join(
        f"{_single_letters(key)} AS {key}" for key in ("fold", "family_stem", "patronymic_stem", "name_key")
    )
    return f"SELECT raw, is_placeholder, {keys} FROM ({query})"


def given_alone_sql(t: str) -> str:
    """The given name without a patronymic, or initials, typed behind it. NULL for initials alone, which say too little."""
    bare = f"regexp_replace({t}, '{INITIALS_BEHIND}', '\\1')"
    alone = f"regexp_replace({clean_sql(bare)}, '{BEHIND_A_NAME}', '\\1')"
    parted = f"CASE WHEN regexp_full_match({t}, '{INITIALS}') THEN NULL WHEN {_has_words(t)} THEN {alone} ELSE {t} END"
    return f"CASE WHEN regexp_matches({t}, '[\\s.]|^.?$') THEN {parted} ELSE {t} END"  # most names are one whole word


def patronymic_within_sql(t: str) -> str:
    """The patronymic typed behind a given name, NULL where there is none."""
    return f"CASE WHEN {_has_words(t)} THEN nullif(regexp_extract({clean_sql(t)}, '{BEHIND_A_NAME}', 2), '') END"


def fold(value: str | None) -> str | None:
    """Fold one name: see `fold_sql`."""
    answer: str | None = evaluate(fold_sql, value)
    return answer


def family_stem(value: str | None) -> str | None:
    """Stem of one family name: see `family_stem_sql`."""
    answer: str | None = evaluate(family_stem_sql, value)
    return answer


def patronymic_stem(value: str | None) -> str | None:
    """Stem of one patronymic: see `patronymic_stem_sql`."""
    answer: str | None = evaluate(patronymic_stem_sql, value)
    return answer


def key(value: str | None) -> str | None:
    """Phonetic key of one name: see `key_sql`."""
    answer: str | None = evaluate(key_sql, value)
    return answer


def is_placeholder(value: str | None) -> bool | None:
    """Whether one name is a placeholder: see `is_placeholder_sql`."""
    answer: bool | None = evaluate(is_placeholder_sql, value)
    return answer


def given_alone(value: str | None) -> str | None:
    """Part one given name from a patronymic: see `given_alone_sql`."""
    answer: str | None = evaluate(given_alone_sql, value)
    return answer


def patronymic_within(value: str | None) -> str | None:
    """Patronymic behind one given name: see `patronymic_within_sql`."""
    answer: str | None = evaluate(patronymic_within_sql, value)
    return answer


def _has_words(t: str) -> str:
    return f"regexp_matches({t}, '\\S\\s+\\S')"


def _spelled_stages() -> list[str]:
    """Folded, but for doubled letters and the stroke of Н/Д: endings are cut first, or қ of Серікқызы would go with its ending.

    КҮЛ is ГҮЛ, Я and Ю after a consonant are А and У, else ИА and ИУ; Ц is ТС. The first of two hyphenated family names loses its sex:
    Иванова-Петрова has a brother Иванов-Петров.
    """
    soft = replaced("v", ("КҮЛ", "ГУЛ"), ("КУЛЬ", "ГУЛ"), ("КУЛЯ", "ГУЛЯ"), ("ЬЕ", "ИЕ"), ("ЬЁ", "ИЕ"))
    soft = f"regexp_replace({soft}, '([{CONSONANTS}])Я', '\\1А', 'g')"
    soft = f"regexp_replace({soft}, '([{CONSONANTS}])Ю', '\\1У', 'g')"
    joined = "regexp_replace(regexp_replace(v, '([ОЕ]В|ИН)А[- ]', '\\1', 'g'), 'СК(АИА|ОИ)[- ]', 'СКИ', 'g')"
    return [
        *cyrillic_stages(),
        where("[ЯЮЦ]|КҮЛ|КУЛЬ|Ь[ЕЁ]", replaced(soft, ("Я", "ИА"), ("Ю", "ИУ"), ("Ц", "ТС"))),
        f"translate(v, {literal(FOLDED_LETTERS[0])}, {literal(FOLDED_LETTERS[1])})",
        where("[^А-Я]", f"regexp_replace({joined}, '[^\\pL/]+', '', 'g')"),
        *map(_one_variant, VARIANTS),
    ]


def _one_variant(group: Iterable[tuple[str, str]]) -> str:
    text = "v"
    for old, new in group:
        is_plain = old.isalpha()  # and quicker to find
        text = (
            replaced(text, (old, new)) if is_plain else f"regexp_replace({text}, {literal(old)}, {literal(new)}, 'g')"
        )
    return where("|".join(pattern for pattern, _ in group), text)


def _known_stages() -> list[str]:
    return [*_spelled_stages(), _known("v")]


def _known(spelled: str) -> str:
    """The name as spelled, or the empty text where it is a placeholder."""
    return f"CASE WHEN regexp_matches({spelled}, '{_placeholder_pattern()}') THEN '' ELSE {spelled} END"


def _lettered(spelled: str) -> str:
    return f"replace({spelled}, '/', '')"


def _family_stem(known: str) -> str:
    return _cut(f"CASE WHEN ends_with({known}, 'ИНА') THEN {known}[:-2] ELSE {known} END", 3, FAMILY_ENDINGS)


def _patronymic_stem(known: str) -> str:
    return f"CASE WHEN length({known}) > 1 THEN {_cut(known, 2, PATRONYMIC_ENDINGS)} END"


def _cut(text: str, least: int, endings: str) -> str:
    """The name without the longest of the endings that leaves at least `least` letters."""
    return _lettered(f"({text})[1:{least}] || regexp_replace(({text})[{least + 1}:], '(?:{endings})$', '')")


def _sound(known: str) -> str:
    text = f"regexp_replace({_lettered(known)}, '^[{VOWELS}]', 'Ә')"
    sounds = "".join(others for _, others in KEY_CLASSES), "".join(sound * len(others) for sound, others in KEY_CLASSES)
    return (
        f"translate({text}, 'Ә{sounds[0]}{VOWELS}', 'А{sounds[1]}')"  # what has no counterpart is left out: the vowels
    )


def _single_letters(text: str) -> str:
    """Doubled letters become single; NULL where none is left. RE2 has no back references: eight letters a pass, one group for each."""
    single = text
    for start in range(0, len(FOLDED_ALPHABET), 8):
        letters = FOLDED_ALPHABET[start : start + 8]
        doubled = "|".join(f"({letter}){letter}+" for letter in letters)
        groups = "".join(f"\\{number}" for number in range(1, len(letters) + 1))
        single = f"regexp_replace({single}, '{doubled}', '{groups}', 'g')"
    twice = "|".join(letter * 2 for letter in FOLDED_ALPHABET)
    return f"CASE WHEN regexp_matches({text}, '{twice}') THEN {single} ELSE nullif({text}, '') END"


@cache
def _placeholder_pattern() -> str:
    """The placeholders as `_spelled` writes them, however often a letter is repeated; one letter thrice or more; no letter at all."""
    spelled = evaluate_each(spelled_sql, (*PLACEHOLDERS, *PLACEHOLDER_STEMS))
    words, stems = (
        sorted({_repeatable(spelled[word]) for word in group}) for group in (PLACEHOLDERS, PLACEHOLDER_STEMS)
    )
    runs = [letter + "{3,}" for letter in FOLDED_ALPHABET]
    return f"^(?:{'|'.join([*words, *runs])}|(?:{'|'.join(stems)}).*|/*)$"


def _repeatable(spelled: str) -> str:
    return "".join(f"{letter}+" for letter, _ in groupby(spelled))
