"""Letters as keyboards, code pages and alphabets leave them in names, brought to one spelling and one script.

`clean`
    One spelling of the characters: composed letters, look-alikes put back, capitals, single spaces, bare hyphens. Latin stays Latin.
`cyrillic`
    The same, and Latin letters written in Cyrillic ones: passport Latin, the Kazakh alphabets of 2017 (apostrophes), 2018 (acutes and
    digraphs) and 2021 (diaereses and cedillas), Azerbaijani and Turkmen.

What script a word was meant in is decided by the letters that exist in one script only: ``Hypлaн`` has л and is Cyrillic, whatever the
number of Latin letters in it. A word of nothing but look-alikes goes with the rest of the name.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from pipeline.identifiers.sql import chained, evaluate, literal, replaced, translated, where

CAPITALS = "А-ЯЁӘҒҚҢӨҰҮҺІ"
PLAIN = f"{CAPITALS}а-яёәғқңөұүһі"
LATIN = "A-Za-z\u00c0-\u024f\u0259\u00a5"


def _class(letters: Iterable[str]) -> str:
    """A pattern for any of the letters, in ranges: the shorter, the sooner compiled."""
    runs = groupby(enumerate(sorted(map(ord, letters))), key=lambda place: place[1] - place[0])
    return "[" + "".join(f"{chr(run[0][1])}-{chr(run[-1][1])}" for run in (list(run) for _, run in runs)) + "]"


# Latin characters that look like Cyrillic ones, and those typed for Kazakh letters where the layout has none.
LOOKALIKES = dict(zip("ABCEHKMOPTXYaceopxyikmthƏə", "АВСЕНКМОРТХҮасеорхуікмтһӘә", strict=True))
STAND_INS = dict(zip("ÖöƟɵÜü¥ĞğÑñËëI", "ӨөӨөҮүҰҒғҢңЁёІ", strict=True))
DIGITS = {"0": "О", "3": "З"}
TO_CYRILLIC = LOOKALIKES | STAND_INS | DIGITS
TO_LATIN = {cyrillic: latin for latin, cyrillic in LOOKALIKES.items()} | {"І": "I"}

# Code page 1048, Windows-1251 with Kazakh letters, read as Windows-1251; and letters of the neighbours' Cyrillic alphabets.
_UPPER_HALF = bytes(set(range(128, 256)) - {0x98})
FOREIGN_CYRILLIC = {
    wrong: right
    for wrong, right in zip(_UPPER_HALF.decode("cp1251"), _UPPER_HALF.decode("kz1048"), strict=True)
    if wrong != right
} | dict(zip("ҠҜӃҲӇҤӉҔӶѲӦӪӮӰӲӒӔӢӤӖҶҸӋǝ", "ҚҚҚҺҢҢҢҒҒӨӨӨҮҮҮӘӘИИЕЖЖЧә", strict=True))
FOREIGN_CYRILLIC |= {wrong.lower(): right.lower() for wrong, right in FOREIGN_CYRILLIC.items()}

# Latin to Cyrillic by rule, in this order. Acutes and apostrophes are read letter by letter afterwards.
LATIN_RULES = (
    ("([OE])W(A|NA|IÇ|IC|ICH)?($|[ -])", r"\1V\2\3"),  # Turkmen: Amanow, Amanowa
    ("(ALE|FELI|RO|MA|O)X(ANDR|ANA|E|I|$)", r"\1KS\2"),  # else X is the Azerbaijani Х
    ("([BDLMNRSTVZ])YEV", r"\1IEV"),
    ("(^|[ -])(AKSIN|DAR|DEM|Y?EMEL|IL|KAS|KSEN|LUK|MAR|NATAL|SOF|TAT|UL|ZULF)YA", r"\1\2ЬЯ"),  # where Я follows Ь
    ("(^|[ -])(V|SV|L)IA(CH|T|ZZ)", r"\1\2Я\3"),
)  # fmt: skip
# Then these letters, longest first.
LATIN_TO_CYRILLIC = (
    ("SHCH", "Щ"), ("SCH", "Ш"), ("ZH", "Ж"), ("KH", "Х"), ("GH", "Г"), ("TS", "Ц"), ("CH", "Ч"), ("SH", "Ш"), ("CT", "КТ"),
    ("S'", "Ш"), ("C'", "Ч"), ("U'", "У"), ("Y'", "У"), ("'", ""),
    ("YU", "Ю"), ("IU", "Ю"), ("YA", "Я"), ("YE", "Е"), ("YO", "Ё"), ("W", "У"),
)  # fmt: skip
LATIN_LETTERS = (
    "ABCDEFGHIJKLMNOPQRSTUVXYZÁÄÂÇČÉĞǴÍÎİÏŃÑŊÓÖŞŠȘÚÜŪŬÛÝŽƏ",
    "АБЖДЕФГХИЖКЛМНОПКРСТУВХИЗАААЧЧЕГГИИИИНННООШШШУУУУУУЖА",
)  # fmt: skip


CYRILLIC_ONLY = _class(
    c
    for c in "АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯӘҒҚҢӨҰҮҺІабвгдеёжзийклмнопрстуфхцчшщъыьэюяәғқңөұүһі"
    if c not in TO_LATIN
)
LATIN_ONLY = _class(
    c
    for c in map(chr, [*range(0x41, 0x5B), *range(0x61, 0x7B), *range(0xC0, 0x250)])
    if c.isalpha() and c not in TO_CYRILLIC
)


def clean_stages() -> list[str]:
    """Stages from a raw name to the clean one: NFC, letters of other alphabets, look-alikes, then capitals, spaces, hyphens, apostrophes.

    Most names hold nothing but Cyrillic letters and need only capitals.
    """
    invisible = "[\\x{00ad}\\x{200b}-\\x{200f}\\x{2060}\\x{feff}\\pM]+"
    composed = f"regexp_replace(nfc_normalize(v), '{invisible}', '', 'g')"
    return [
        f"CASE WHEN regexp_full_match(v, '[{PLAIN}]+') THEN upper(v) ELSE {composed} END",
        where(_class(FOREIGN_CYRILLIC), translated("v", FOREIGN_CYRILLIC)),
        where(f"[{LATIN}03]", _lookalikes_repaired()),
        where(f"^$|[^{CAPITALS}]", _tidied()),
    ]


def cyrillic_stages() -> list[str]:
    """Stages from a raw name to Cyrillic letters."""
    return [*clean_stages(), where(f"[{LATIN}]", _latin_to_cyrillic())]


def clean_sql(t: str) -> str:
    """Composed capitals with look-alikes repaired, single spaces and bare hyphens; NULL for NULL and for what has no letter or digit."""
    return chained(t, clean_stages())


def cyrillic_sql(t: str) -> str:
    """The clean name in Cyrillic letters. The sounds of Ы, И, Й and І cannot be told apart in Latin, nor those of У, Ұ and Ү."""
    return chained(t, cyrillic_stages())


def clean(value: str | None) -> str | None:
    """Clean one name: see `clean_sql`."""
    answer: str | None = evaluate(clean_sql, value)
    return answer


def cyrillic(value: str | None) -> str | None:
    """Write one name in Cyrillic letters: see `cyrillic_sql`."""
    answer: str | None = evaluate(cyrillic_sql, value)
    return answer


def _tidied() -> str:
    text = r"regexp_replace(upper(v), '[\s\pZ_]+', ' ', 'g')"
    text = f"regexp_replace({text}, ' *[-\\x{{2010}}-\\x{{2015}}\\x{{2212}}]+ *', '-', 'g')"
    text = (
        f"regexp_replace({text}, '[`´\\x{{2018}}\\x{{2019}}\\x{{201b}}\\x{{2032}}\\x{{02b9}}-\\x{{02bf}}]', '''', 'g')"
    )
    return f"nullif(regexp_extract({text}, '[\\pL\\pN](?:.*[\\pL\\pN''])?'), '')"


def _lookalikes_repaired() -> str:
    """Each word in one script. Where all letters are of one script there is nothing to repair; a single word asks nobody else."""
    words = r"regexp_extract_all(v, '(?:[03]*[\pL¥])+|[03]+|[^\pL¥03]+')"
    asked = _in_script("w", f"coalesce({_script('w')}, {_script('v')}, {_leaning('w')})")
    alone = _in_script("v", f"coalesce({_script('v')}, {_leaning('v')})")
    return (
        f"CASE WHEN regexp_matches(v, '{LATIN_ONLY}') AND NOT regexp_matches(v, '\\p{{Cyrillic}}') THEN v "
        f"WHEN regexp_full_match(v, '[\\pL¥]+') THEN {alone} "
        f"ELSE array_to_string(list_transform({words}, lambda w: CASE WHEN regexp_matches(w, '[\\pL¥]') THEN {asked} ELSE w END), '') END"
    )


def _in_script(word: str, script: str) -> str:
    return f"CASE {script} WHEN 'C' THEN {translated(word, TO_CYRILLIC)} WHEN 'L' THEN {translated(word, TO_LATIN)} ELSE {word} END"


def _script(text: str) -> str:
    """C or L by the letters of one script only; by their number where there are both; NULL where there are none."""
    cyrillic, latin = (
        f"length(regexp_replace({text}, '[^{only[1:]}', '', 'g'))" for only in (CYRILLIC_ONLY, LATIN_ONLY)
    )
    return (
        f"CASE WHEN regexp_matches({text}, '{CYRILLIC_ONLY}') "
        f"THEN CASE WHEN regexp_matches({text}, '{LATIN_ONLY}') "
        f"THEN CASE sign({cyrillic} - {latin}) WHEN 1 THEN 'C' WHEN -1 THEN 'L' END ELSE 'C' END "
        f"WHEN regexp_matches({text}, '{LATIN_ONLY}') THEN 'L' END"
    )


def _leaning(word: str) -> str:
    """C for a word of nothing but look-alikes that has a Cyrillic letter, or X or C: no passport has these in Latin, but for CH."""
    return f"CASE WHEN regexp_matches({word}, '[\\p{{Cyrillic}}Xx]|[Cc](?:[^Hh]|$)') THEN 'C' END"


def _latin_to_cyrillic() -> str:
    """By rule, then by digraph, then letter by letter."""
    text = "v"
    for pattern, replacement in LATIN_RULES:
        text = f"regexp_replace({text}, {literal(pattern)}, {literal(replacement)}, 'g')"
    return f"translate({replaced(text, *LATIN_TO_CYRILLIC)}, {literal(LATIN_LETTERS[0])}, {literal(LATIN_LETTERS[1])})"
