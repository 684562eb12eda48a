"""Names as people, officials and keyboards in Kazakhstan write them, brought to keys that can be compared.

Raw text is kept elsewhere; these rules only make keys. They lose more and more:

`clean`
    One spelling of the characters: composed letters, Cyrillic look-alikes put back, capitals, single spaces, bare hyphens.
`fold`
    One spelling of the name across Kazakh, Russian and Latin script and the variants seen in practice. Different names stay different:
    Хасен and Хусен are two brothers.
`family_stem`, `patronymic_stem`
    The part of a family name that brother and sister share; the father's name in a patronymic.
`key`
    How it sounds, without vowels. Only good for bringing pairs together that are then compared properly.
`is_placeholder`
    Words that stand where a name is not known.

A million names through every rule take some five seconds of one core; names repeat, so a step folds distinct spellings and joins them back.

Sources: the official rules for writing Kazakh names in Russian, Ukaz No 2923 of 2 April 1996 (ұлы and қызы in place of Russian endings),
passport Latin, the Kazakh Latin alphabets of 2017, 2018 and 2021, and variants seen in registers.
"""

from __future__ import annotations

from functools import cache
from itertools import groupby

from pipeline.identifiers.sql import evaluate, evaluate_each, literal

PLAIN = "А-ЯЁа-яёӘҒҚҢӨҰҮҺІәғқңөұүһі"
LATIN = "A-Za-z\u00c0-\u024f\u018f\u0259\u00a5"
CONSONANTS = "БВГДЖЗКЛМНПРСТФХЦЧШЩҒҚҢҺ"

# Latin characters typed for Cyrillic ones, because they look alike or because the layout has no Kazakh letters.
LOOKALIKES = {
    **dict(zip("ABCEHKMOPTXaceopxyikmt", "АВСЕНКМОРТХасеорхуікмт", strict=True)),
    **dict(zip("YIhƏəÖöÜüĞğÑñËë¥", "ҮІһӘәӨөҮүҒғҢңЁёҰ", strict=True)),
}
LATIN_LOOKALIKES = {cyrillic: latin for latin, cyrillic in reversed(LOOKALIKES.items())}

# Latin to Cyrillic, longest first. Apostrophes are the alphabet of 2017, acutes that of 2018, diaereses and cedillas that of 2021;
# Ç, Ə and Ş are also Azerbaijani. The sounds of Ы, И, Й and І cannot be told apart in Latin and are not told apart by `fold`.
LATIN_TO_CYRILLIC = (
    ("SHCH", "Щ"), ("SCH", "Ш"), ("ZH", "Ж"), ("KH", "Х"), ("GH", "Г"), ("TS", "Ц"), ("CH", "Ч"), ("SH", "Ш"),
    ("S'", "Ш"), ("C'", "Ч"), ("U'", "У"), ("Y'", "У"), ("'", ""),
    ("YU", "Ю"), ("IU", "Ю"), ("YA", "Я"), ("YE", "Е"), ("W", "У"),
)  # fmt: skip
LATIN_LETTERS = (
    "ABCDEFGHIJKLMNOPQRSTUVXYZÁÄÇĞǴÍÎİÏŃÑÓÖŞŠÚÜŪÝƏ",
    "АБЖДЕФГХИЖКЛМНОПКРСТУВХИЗААЧГГИИИИННООШШУУУУА",
)  # fmt: skip

# What Kazakh letters become in Russian spelling, and letters that are not told apart: Ы И Й І, Е Ё Э, Ш Щ.
FOLDED_LETTERS = ("ӘҒҚҢӨҰҮҺІЁЭЫЙЩЪЬ", "АГКНОУУХИЕЕИИШ")
FOLDED_ALPHABET = "АБВГДЕЖЗИКЛМНОПРСТУФХЧШ"
KEY_CLASSES = (("К", "ХГ"), ("П", "Б"), ("Т", "Д"), ("Ш", "ЖЧ"), ("С", "З"), ("Ф", "В"))
VOWELS = "АЕИОУ"
VARIANTS = (
    ("АХМЕД", "АХМЕТ"), ("МУРЗА", "МИРЗА"), ("ЗАГАЛИ", "ЗАЛИ"), ("МАГАЛИ", "МАЛИ"), ("ТИЛЕ", "ТЛЕ"), ("ДЖ", "Ж"), ("ШЧ", "Ш"),
    ("ЖАМБУЛ", "ЖАМБИЛ"), ("ЧИНГИЗ", "ШИНГИС"), ("ЧИНГИС", "ШИНГИС"), ("АИЕ", "АЕ"), ("ОИЕ", "ОЕ"), ("УИЕ", "УЕ"), ("ЕИЕ", "ЕЕ"),
)  # fmt: skip

PLACEHOLDERS = (
    "Н/Д", "Н/И", "Б/О", "Б/И", "Н.Д.", "нет", "нет данных", "не указано", "не указана", "не указан", "не установлено", "не установлена",
    "не установлен", "не известно", "неизвестно", "неизв", "без имени", "без фамилии", "без отчества", "безымянный", "безымянная", "аноним",
    "белгісіз", "беймәлім", "жоқ", "аты жоқ", "анықталмаған", "көрсетілмеген", "мәлімет жоқ", "деректер жоқ", "аты-жөні белгісіз",
    "unknown", "unnamed", "no name", "noname", "not known", "not available", "none", "null", "n/a", "anonymous", "john doe",
    "тест", "тестов", "тестовый", "тестовая", "test", "проба", "ххх", "xxx",
)  # fmt: skip
PLACEHOLDER_STEMS = ("неизвестн", "белгісіз", "безымянн", "unknown")


def clean_sql(t: str) -> str:
    """Composed capitals with look-alikes repaired, single spaces and bare hyphens; NULL for NULL and for what has no letter or digit.

    Most names hold nothing but Cyrillic letters and need only capitals; the rest takes the long way to the same end.
    """
    return f"CASE WHEN regexp_full_match({t}, '[{PLAIN}]+') THEN upper({t}) ELSE {_thorough(t)} END"


def fold_sql(t: str) -> str:
    """The name in one spelling: Kazakh, Russian and Latin spellings of one name meet, different names do not. Letters only."""
    return _or_null(_single_letters(_replaced(_spelled(t), ("/", ""))))


def family_stem_sql(t: str) -> str:
    """What brother and sister share of a family name, with and without Russian endings: Сериков, Серикова, Серік, Серікұлы.

    At least three letters are left. NULL for a placeholder.
    """
    feminine = f"regexp_replace({_known(t)}, 'ИНА$', 'ИН')"
    endings = "И*ЕВА?|ОВА?|СКИ+|СКАИА|АИА|И*УЛИ|И*КИЗИ|И*ОГЛ[ИУ]|И*ТЕГИ|И+"
    return _stem(feminine, 3, endings)


def patronymic_stem_sql(t: str) -> str:
    """The father's name in a patronymic: Серікұлы, Серикулы, Серикович, Сериковна, Serikuly, Серік. NULL for a placeholder: no evidence."""
    endings = "И*ЕВИЧ|ОВИЧ|И*ЕВНА|ОВНА|ИНИЧНА|ИЧНА|ИЧ|И*УЛИ|И*КИЗИ?|И*ОГЛ[ИУ]|И+"
    return _stem(_known(t), 2, endings)


def key_sql(t: str) -> str:
    """How a name sounds, without vowels after the first letter. For blocking only: Хасен and Хусен share it. NULL for a placeholder."""
    text = f"regexp_replace({_replaced(_known(t), ('/', ''))}, '^[{VOWELS}]', 'Ә')"
    sounds = "".join(others for _, others in KEY_CLASSES), "".join(sound * len(others) for sound, others in KEY_CLASSES)
    text = (
        f"translate({text}, 'Ә{sounds[0]}{VOWELS}', 'А{sounds[1]}')"  # what has no counterpart is left out: the vowels
    )
    return _or_null(_single_letters(text, "КПТШСФЛМНР"))


def is_placeholder_sql(t: str) -> str:
    """Words that stand where no name is known (Неизвестный, Белгісіз, Unknown, Н/Д), or no letter at all. NULL for NULL."""
    return (
        f"CASE WHEN {t} IS NOT NULL THEN coalesce(regexp_matches({_spelled(t)}, '{_placeholder_pattern()}'), TRUE) END"
    )


def clean(value: str | None) -> str | None:
    """Clean one name: see `clean_sql`."""
    answer: str | None = evaluate(clean_sql, value)
    return answer


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


def _replaced(text: str, *pairs: tuple[str, str]) -> str:
    for old, new in pairs:
        text = f"replace({text}, {literal(old)}, {literal(new)})"
    return text


def _thorough(t: str) -> str:
    """NFC, invisible characters out, look-alikes, capitals, white space, hyphens, apostrophes, in this order."""
    text = f"regexp_replace(nfc_normalize({t}), '[\\x{{00ad}}\\x{{200b}}-\\x{{200f}}\\x{{2060}}\\x{{feff}}\\pM]+', '', 'g')"
    text = f"upper({_lookalikes_repaired(t, text)})"
    text = f"regexp_replace({text}, '[\\s\\pZ_]+', ' ', 'g')"
    text = f"regexp_replace({text}, ' *[-\\x{{2010}}-\\x{{2015}}\\x{{2212}}]+ *', '-', 'g')"
    text = f"regexp_replace({text}, '[`´\\x{{2018}}\\x{{2019}}\\x{{201b}}\\x{{02b9}}-\\x{{02bf}}]', '''', 'g')"
    return _or_null(f"regexp_extract({text}, '[\\pL\\pN](?:.*[\\pL\\pN''])?')")


def _lookalikes_repaired(t: str, text: str) -> str:
    """Each word of `text` in one script. The script of the other words is looked for in the raw text `t`.

    A letter without a look-alike says what script its word is in, more such letters against fewer. A word of nothing but look-alikes
    goes with the rest of the name; where that says nothing either, one Cyrillic letter makes it Cyrillic.
    """
    score = f"coalesce(nullif({_cyrillic_score('w')}, 0), {_cyrillic_score(t)})"
    word = (
        f"CASE WHEN {score} > 0 OR ({score} = 0 AND regexp_matches(w, '\\p{{Cyrillic}}')) THEN {_translated('w', LOOKALIKES)} "
        f"WHEN {score} < 0 THEN {_translated('w', LATIN_LOOKALIKES)} ELSE w END"
    )
    words = f"list_transform(regexp_extract_all({text}, '[\\pL¥]+|[^\\pL¥]+'), lambda w: {word})"
    return f"CASE WHEN regexp_matches({t}, '[{LATIN}]') THEN array_to_string({words}, '') ELSE {text} END"


def _cyrillic_score(text: str) -> str:
    """How many more letters of `text` can only be Cyrillic than can only be Latin."""
    cyrillic = f"translate({text}, {literal(''.join(LATIN_LOOKALIKES))}, '')"
    latin = f"translate({text}, {literal(''.join(LOOKALIKES))}, '')"
    return (
        f"length(regexp_replace({cyrillic}, '[^\\p{{Cyrillic}}]+', '', 'g')) - "
        f"length(regexp_replace({latin}, '[^{LATIN}]+', '', 'g'))"
    )


def _translated(text: str, letters: dict[str, str]) -> str:
    return f"translate({text}, {literal(''.join(letters))}, {literal(''.join(letters.values()))})"


def _latin_to_cyrillic(text: str) -> str:
    """Passport and Kazakh Latin letter by letter. YA after a consonant is ЬЯ (DARYA, ILYAS), but Я in LYAZZAT; YO after a consonant is Ё."""
    consonants = "[BCDFGHJKLMNPQRSTVXZ]"
    text = f"regexp_replace({text}, '(^|[ -])LYA', '\\1LЯ', 'g')"
    text = f"regexp_replace({text}, '({consonants})YA', '\\1ЬЯ', 'g')"
    text = f"regexp_replace({text}, '({consonants})YO', '\\1Ё', 'g')"
    text = _replaced(text, *LATIN_TO_CYRILLIC)
    return f"translate({text}, {literal(LATIN_LETTERS[0])}, {literal(LATIN_LETTERS[1])})"


def _fold_letters(text: str) -> str:
    """Letters of the folded alphabet only: КҮЛ is ГҮЛ, Я and Ю after a consonant are А and У, else ИА and ИУ; Ц is ТС."""
    rare = _replaced("v", ("КҮЛ", "ГУЛ"), ("КУЛЬ", "ГУЛ"), ("КУЛЯ", "ГУЛЯ"))
    rare = f"regexp_replace({rare}, '([{CONSONANTS}])Я', '\\1А', 'g')"
    rare = f"regexp_replace({rare}, '([{CONSONANTS}])Ю', '\\1У', 'g')"
    rare = _replaced(rare, ("Я", "ИА"), ("Ю", "ИУ"), ("Ц", "ТС"))
    text = _where(text, "[ЯЮЦ]|КҮЛ|КУЛЬ", rare)
    text = f"translate({text}, {literal(FOLDED_LETTERS[0])}, {literal(FOLDED_LETTERS[1])})"
    return f"regexp_replace({text}, '[^\\pL/]+', '', 'g')"


def _variants(text: str) -> str:
    """Spellings of one name: the family of Мұхамбет, Ахмед, Мырза, Мырзағали and Жұмағали, Тілеген, Жамбыл, Шыңғыс, ДЖ, ЙЕ."""
    mohammed = "М[АОУ][ГКХ]+[АОУ][МН]+[БП]?[АЕИ][ДТ]+"
    others = _replaced(f"regexp_replace(v, '{mohammed}', 'МУХАМЕТ', 'g')", *VARIANTS)
    return _where(text, "|".join([mohammed, *(variant for variant, _ in VARIANTS)]), others)


def _single_letters(text: str, alphabet: str = FOLDED_ALPHABET) -> str:
    """Doubled letters become single. RE2 has no back references: eight letters a pass, one group for each."""
    single = "v"
    for start in range(0, len(alphabet), 8):
        letters = alphabet[start : start + 8]
        doubled = "|".join(f"({letter}){letter}+" for letter in letters)
        groups = "".join(f"\\{number}" for number in range(1, len(letters) + 1))
        single = f"regexp_replace({single}, '{doubled}', '{groups}', 'g')"
    return _where(text, "|".join(letter * 2 for letter in alphabet), single)


def _let(text: str, body: str) -> str:
    """`body`, an expression over `v`, where `v` is `text`: computed once, however often `body` names it."""
    return f"list_transform([{text}], lambda v: {body})[1]"


def _where(text: str, pattern: str, body: str) -> str:
    """`body` where `text` matches, else `text` as it is: the many names without a rare spelling pay for one look."""
    return _let(text, f"CASE WHEN regexp_matches(v, '{pattern}') THEN {body} ELSE v END")


def _or_null(text: str) -> str:
    return _let(text, "CASE WHEN v <> '' THEN v END")


def _spelled(t: str) -> str:
    """Folded, but for doubled letters and the stroke of Н/Д: endings are cut first, or қ of Серікқызы would go with its ending."""
    cyrillic = (
        f"CASE WHEN regexp_full_match({t}, '[{PLAIN}]+') THEN upper({t}) "
        f"WHEN regexp_matches({t}, '[{LATIN}]') THEN {_latin_to_cyrillic(_thorough(t))} ELSE {_thorough(t)} END"
    )
    return _variants(_fold_letters(cyrillic))


def _known(t: str) -> str:
    """The name as `_spelled`, or the empty text where it is a placeholder."""
    return f"regexp_replace({_spelled(t)}, '{_placeholder_pattern()}', '')"


def _stem(text: str, least: int, endings: str) -> str:
    """The name without the longest of the endings that leaves at least `least` letters."""
    cut = f"v[1:{least}] || regexp_replace(v[{least + 1}:], '(?:{endings})$', '')"
    return _or_null(_single_letters(_replaced(_let(text, cut), ("/", ""))))


@cache
def _placeholder_pattern() -> str:
    """The placeholders as `_spelled` writes them, however often a letter is repeated."""
    words = sorted(map(_repeatable, evaluate_each(_spelled, PLACEHOLDERS)))
    stems = sorted(map(_repeatable, evaluate_each(_spelled, PLACEHOLDER_STEMS)))
    return f"^(?:{'|'.join(words)}|(?:{'|'.join(stems)}).*|/*)$"


def _repeatable(spelled: str) -> str:
    return "".join(f"{letter}+" for letter, _ in groupby(spelled))
