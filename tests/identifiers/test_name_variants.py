"""A table of names as documents, passports, keyboards and ears write them: which spellings have one key, and which names never meet.

The names are combinations of common ones; they are nobody's. Each table is asked in one query.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from pipeline.identifiers import names
from pipeline.identifiers.letters import clean_sql
from pipeline.identifiers.sql import Rule, evaluate_each
from sandbox import name_lists
from sandbox.names import feminine, patronymic_of, to_russian

GIVEN = {
    "Kazakh letters in Russian": [
        "Әйгерім Айгерим", "Ғалымжан Галымжан", "Қайрат Кайрат", "Маңғыстау Мангыстау", "Өмірбек Омирбек", "Ұлан Улан", "Үміт Умит",
        "Гауһар Гаухар", "Іңкәр Инкар", "Бөлекбай Болекбай", "Құралай Куралай",
    ],
    "йы and йі are и": ["Асайын Асаин", "Қабдығайым Кабдыгаим", "Ерсайын Ерсаин"],
    "и, й, ы and і": ["Жаксылык Жаксилик", "Сергей Сергеи", "Айдын Аидин", "Майра Маира", "Мадина Мадына"],
    "е, ё and э": ["Семён Семен", "Элеонора Елеонора", "Алёна Алена", "Эрик Ерик", "Бекзат Бэкзат"],
    "signs": ["Айгуль Айгул", "Игорь Игор", "Гульнара Гулнара", "Даниэль Даниэл"],
    "doubled letters": ["Инна Ина", "Абдулла Абдула", "Зухрра Зухра", "Мәриям Мариям", "Саадат Садат", "Әлия Алийя"],
    "я and ю after a consonant": ["Ләззат Ляззат Лаззат", "Күләш Куляш Кулаш", "Дүйсен Дюйсен Дуйсен", "Кәмилә Камиля Камила", "Назиля Назила"],
    "ья, ия and иа": ["Дарья Дария", "Наталья Наталия", "Ильяс Ілияс Илияс", "Әлия Алия Алиа", "Софья София"],
    "күл and гүл": ["Айгүл Айкүл Айгуль Айгул", "Гүлнәр Күлнәр Гульнар Кульнар", "Базаркүл Базаргуль Базаркул"],
    "дж and ж": ["Жамал Джамал", "Жансая Джансая", "Ербулжан Ербулджан", "Жәнібек Джанибек"],
    "е after a vowel with й": ["Раева Райева", "Даео Дайео"],
    "ilk of Мұхамбет": ["Мұхамбет Мухамбет Магамбет Мағамбет Мұқамбет Мухаммед Мухамед Магомед Magomed Mukhambet", "Дінмұхамед Динмухамбет"],
    "ilk of Ахмет": ["Ахмет Ахмед Ахмад Ақмет", "Махмұт Махмуд Мақмұт", "Мақсұт Максут Максуд Махсут", "Хамит Хамид", "Мұрат Мурат Мурад"],
    "prophets": ["Ибраһим Ибрагим Ибрахим Ибраим Ыбырайым", "Жүсіп Жусуп Юсуп Юсуф", "Жүніс Жунус Юнус", "Жақып Жакып Якуп Якуб Жакуп"],
    "women of old books": ["Ләйла Лейла Лайла", "Зейнеп Зейнеб Зайнап Зейнап"],
    "мырза and ғали": ["Мырзағали Мурзагали Мырзагалий Мырзали", "Жұмағали Жумагали Жумали", "Ерғали Ергали Ергалий"],
    "абді": ["Әбдірахман Абдирахман Абдурахман Абдрахман", "Әбдіқадыр Абдикадыр Абдукадыр", "Абдрасул Абдірасул"],
    "олла": ["Нұролла Нуролла Нурулла", "Зейнолла Зейнулла", "Хайролла Хайрулла"],
    "і left out": ["Тілеген Тлеген Тилеген", "Тілеу Тлеу"],
    "ө and о as у": ["Өтеген Утеген Отеген", "Оразбай Уразбай", "Төлеген Тулеген Толеген", "Өмірзақ Умирзак Омирзак"],
    "қ as х": ["Бақыт Бахыт Бакыт Бахит", "Рақым Рахим Рахым", "Құдайберген Кудайберген Худайберген", "Бақтияр Бахтияр Бактияр"],
    "ы, і and ү told by ear": ["Бауыржан Бауржан", "Абылай Аблай", "Арыстан Арстан", "Дүйсенбай Дюсенбай Дуйсенбай", "Тұрсынбек Турсунбек", "Бейбіт Бейбут", "Орынбасар Урынбасар"],
    "келді after н": ["Амангелді Аманкелди Амангельды", "Есенгелді Есенкельды"],
    "н before б": ["Есенбай Есембай", "Нысанбай Нысамбай", "Жамбыл Жанбыл", "Орынбай Урымбай Орымбай"],
    "т and п at the end": ["Рәшит Рашит Рашид", "Шәріп Шарип Шариф", "Перизат Перизад"],
    "in with the Arabic spelling": ["Дәулетбай Даулетбай Давлетбай", "Әнуар Ануар Анвар", "Ысқақ Искак Исхак", "Искендір Искандер Искендер", "Қожахмет Кожахмет Ходжахмет"],
    "молда": ["Молдабек Мулдабек Молдабек"],
    "towns and khans": ["Жамбыл Джамбул Жамбул", "Шыңғыс Шингис Чингиз Чингис"],
    "hyphens and spaces": ["Нұр-Сұлтан Нұрсұлтан Нұр_Сұлтан Нур–Султан", "Гүл-Айым Гүлайым Гүл_-_Айым", "Али-Хан Алихан Али_Хан"],
    "passport Latin": [
        "Жанар Zhanar", "Хадиша Khadisha", "Цветана Tsvetana", "Чолпан Cholpan", "Шолпан Sholpan", "Ғани Gani", "Қанат Kanat",
        "Ұлжан Ulzhan", "Өркен Orken", "Ңұрлан Nurlan", "Әсел Assel", "Һарун Harun Kharun", "Ермек Yermek Ermek", "Юлия Yuliya Iuliia",
        "Яна Yana Iana", "Айжан Aizhan Ayzhan", "Дмитрий Dmitriy Dmitry Dmitrii", "Данияр Daniyar Daniiar", "Илья Ilya", "Татьяна Tatyana Tatiana",
        "Людмила Lyudmila Liudmila Ludmila", "Вячеслав Vyacheslav Viacheslav", "Камиля Kamilya", "Мақсат Maksat Maqsat", "Сәуле Saule", "Жұмабай Zhumabay Zhumabai",
        "Александр Aleksandr Alexandr", "Фёдор Fyodor Fedor", "Виктория Viktoriya Victoria",
    ],
    "Kazakh Latin of 2017": ["Әлия A'li'i'a", "Шынар S'ynar", "Үміт U'mit", "Сәуле Sa'y'le", "Ғалым G'alym", "Өркен O'rken", "Жеңіс Jen'is", "Чолпан C'olpan"],
    "Kazakh Latin of 2018": ["Әсел Ásel", "Ғани Ǵanı", "Жеңіс Jeńis", "Өркен Órken", "Дәурен Dáýren", "Гүлнәр Gúlnár", "Шолпан Sholpan", "Айжан Aıjan", "Қанат Qanat"],
    "Kazakh Latin of 2021": ["Әсел Äsel", "Ғани Ğani", "Жеңіс Jeñıs", "Өркен Örken", "Ұлан Ūlan", "Гүлнәр Gülnär", "Шолпан Şolpan", "Қайрат Qairat Qaırat Qaİrat", "Тіл Tıl"],
    "Turkish, Azerbaijani, Turkmen": ["Әли Əli Ali Äli", "Жавид Cavid Джавид", "Чинар Çinar", "Хасан Həsən Гасан", "Хусейн Гусейн Hüseyn", "Мамед Məmməd", "Халил Xəlil"],
    "look-alikes": [
        "Серік Cepiк Сepік Cepік Cepik", "Нұрлан Hypлaн Нypлан", "Томирис TOMИPИC Toмирис", "Хасен XACEH Хaceн", "Сахара Caxapa", "Абай Aбaй", "Бекзат \u0412ekzat",
        "Әлия Əлия ǝлия", "Өтеген Ɵтеген Öтеген", "Ұлан ¥лан", "Гүлнәр Гүлнəр",
    ],
    "digits for letters": ["Зарина 3арина", "Олжас 0лжас", "Азамат А3амат"],
    "code page 1048 read as 1251": ["Қайрат Ќайрат", "Әлия Јлия", "Ғани Єани", "Өркен Ґркен", "Ұлан Ўлан", "Үміт Їміт"],
    "neighbours' Cyrillic": ["Қайрат Ҡайрат Ҝайрат", "Өркен Ӧркен Ѳркен", "Гүлнәр Гӳлнӓр"],
}  # fmt: skip

FAMILY = {
    "sex": [
        "Оспанов Оспанова", "Алиев Алиева", "Кузьмин Кузьмина", "Синицын Синицына", "Достоевский Достоевская", "Толстой Толстая", "Донской Донская",
        "Белый Белая", "Воробьёв Воробьева", "Ахметов Akhmetova", "Amanow Amanowa Аманов",
    ],
    "Kazakh, Russian and bare forms": ["Сериков Серікова Серік Серікұлы Серікқызы Serikuly", "Абаев Абаева Абай Абайұлы Абайқызы", "Ахметов Ахмет Ахметтегі", "Ғалиев Ғали Ғалиқызы"],
    "Russian е in Latin": ["Васильев Vasilev Vasilyev Vasiliev Васильева", "Алиев Aliyev Aliev Əliyev"],
    "double-barrelled": ["Иванов-Петров Иванова-Петрова Иванова_Петрова", "Крамской-Алиев Крамская-Алиева", "Оспанов–Ким Оспанова-Ким"],
    "Azerbaijani": ["Мамедов Мамедова Мамедоглы Мамедоғлу Məmmədov", "Гаджиев Hacıyev Хаджиев", "Гусейнов Hüseynov Хусейнова", "Кулиев Гулиев Quliyev", "Гурбанов Курбанова Qurbanov"],
}  # fmt: skip

PATRONYMIC = {
    "ұлы, қызы, -ович, -овна": [
        "Серікұлы Серікқызы Серикулы Сериккызы Серік_ұлы Серік_қызы Серикович Сериковна Serikuly Serikqyzy Serikkyzy Serikovich Serikovna Серік",
        "Мұсаұлы Мұсақызы Мусаевич Мусаевна Musauly", "Әлиұлы Алиевич Алиевна", "Оразбайұлы Уразбаевич Оразбаевна", "Жүсіпұлы Жусупович Юсупович",
    ],
    "-ич, -инична": ["Ильич Ильинична", "Кузьмич Кузьминична", "Никитич Никитична"],
    "-евич": ["Игоревич Игоревна Игорь", "Николаевич Николайұлы Николай", "Васильевич Васильевна Василий", "Григорьевич Григорьевна Григорий Grigoryevich"],
    "оглы, кызы and their kin": ["Мамед_оглы Мамед_кызы Мамедоглу Мамед_гызы Məmməd_oğlu Мамедович", "Асан_уулу Асан_кызы Асанович", "Рустам_угли Рустам_ўғли Рустамович"],
}  # fmt: skip

STRANGERS = [
    "Хасен Хусен", "Дана Дина", "Айжан Айжана", "Серик Серикжан", "Асан Асем", "Жандос Жандар", "Нұрдана Нұрсана", "Айнур Айнара Айнаш", "Мария Марина",
    "Марат Мурат", "Ерлан Нурлан Арлан", "Сара Зара", "Алия Алла", "Жанар Шынар", "Самат Самал", "Айша Айшат", "Бекзат Бексат", "Гүлназ Гүлнар Гүлмира",
    "Данияр Данил", "Ислам Исмаил", "Камила Жамила", "Дамир Тамир", "Мадина Медина", "Олжас Олжан", "Самир Сабир", "Арман Аман Арсен", "Ахмет Мұхамбет", "Жанна Жаннат",
    "Бақыт Бақтияр", "Ораз Ерзат", "Тимур Темир", "Рамазан Рамзан", "Анна Яна Инна", "Асель Асыл", "Динара Динар", "Каирбек Кайрат", "Мансур Мансия", "Жүсіп Жүніс Жақып",
    "Үміт Ұлт", "Айгүл Айсұлу Айкен", "Сәуле Салтанат", "Нұрбек Нұржан Нұрлыбек", "Ержан Ерлан Ербол Ернар",
]  # fmt: skip
COMMON = sorted(
    {*name_lists.KAZAKH_MALE, *name_lists.KAZAKH_FEMALE, *name_lists.RUSSIAN_MALE, *name_lists.RUSSIAN_FEMALE}
)
STRANGE_FAMILIES = ["Асаинов Асанов", "Ли Лим", "Маратов Муратов", "Хасенов Хусенов", "Нуров Норов", "Аманов Иманов"]
STRANGE_FATHERS = ["Маратұлы Мұратұлы", "Хасенович Хусенович", "Серікұлы Серікбайұлы", "Нұрланович Ерланович"]


def answers(rule: Rule, *tables: dict[str, list[str]] | list[str]) -> dict[str, Any]:
    """What a rule says of every spelling of some tables."""
    rows = [
        row for table in tables for rows in (table.values() if isinstance(table, dict) else [table]) for row in rows
    ]
    spellings = sorted({word for row in rows for word in row.split()})
    found = evaluate_each(rule, [word.replace("_", " ") for word in spellings])
    return {word: found[word.replace("_", " ")] for word in spellings}


@pytest.fixture(scope="module")
def folds() -> dict[str, Any]:
    return answers(names.fold_sql, GIVEN, STRANGERS)


@pytest.fixture(scope="module")
def family_stems() -> dict[str, Any]:
    return answers(names.family_stem_sql, FAMILY, STRANGE_FAMILIES)


@pytest.fixture(scope="module")
def patronymic_stems() -> dict[str, Any]:
    return answers(names.patronymic_stem_sql, PATRONYMIC, STRANGE_FATHERS)


@pytest.mark.parametrize("rule", GIVEN)
def test_spellings_of_one_given_name_have_one_key_by(rule: str, folds: dict[str, Any]) -> None:
    for row in GIVEN[rule]:
        keys = {word: folds[word] for word in row.split()}
        assert len(set(keys.values())) == 1, keys


@pytest.mark.parametrize("rule", FAMILY)
def test_forms_of_one_family_name_have_one_stem_by(rule: str, family_stems: dict[str, Any]) -> None:
    for row in FAMILY[rule]:
        stems = {word: family_stems[word] for word in row.split()}
        assert len(set(stems.values())) == 1, stems


@pytest.mark.parametrize("rule", PATRONYMIC)
def test_patronymics_of_one_father_have_one_stem_by(rule: str, patronymic_stems: dict[str, Any]) -> None:
    for row in PATRONYMIC[rule]:
        stems = {word: patronymic_stems[word] for word in row.split()}
        assert len(set(stems.values())) == 1, stems


@pytest.mark.parametrize(
    ("fixture", "rows"),
    [("folds", STRANGERS), ("family_stems", STRANGE_FAMILIES), ("patronymic_stems", STRANGE_FATHERS)],
)
def test_different_names_never_meet(fixture: str, rows: list[str], request: pytest.FixtureRequest) -> None:
    keys = request.getfixturevalue(fixture)
    met = [pair for row in rows for pair in combinations(row.split(), 2) if keys[pair[0]] == keys[pair[1]]]
    assert not met


def test_no_name_of_the_table_is_a_placeholder() -> None:
    assert not any(answers(names.is_placeholder_sql, GIVEN, FAMILY, PATRONYMIC, STRANGERS).values())


@pytest.mark.parametrize("rule", [clean_sql, names.fold_sql])
def test_a_key_is_the_key_of_itself(rule: Rule) -> None:
    keys = set(answers(rule, GIVEN, STRANGERS).values())
    again = evaluate_each(rule, sorted(keys))
    assert {key: found for key, found in again.items() if key != found} == {}


def test_a_name_is_never_folded_to_nothing() -> None:
    tables = (GIVEN, FAMILY, PATRONYMIC, STRANGERS)
    assert all(answers(names.fold_sql, *tables).values())
    assert all(answers(names.family_stem_sql, *tables).values())
    assert all(answers(names.patronymic_stem_sql, *tables).values())


def test_the_russian_spelling_of_every_common_name_has_its_key() -> None:
    spellings = {name: to_russian(name) for name in COMMON}
    keys = evaluate_each(names.fold_sql, {*spellings, *spellings.values()})
    assert {name: keys[name] for name in spellings if keys[name] != keys[spellings[name]]} == {}


def test_common_given_names_meet_only_where_they_are_one_name() -> None:
    keys = evaluate_each(names.fold_sql, sorted({to_russian(name) for name in COMMON}))
    assert [{a, b} for a, b in combinations(keys, 2) if keys[a] == keys[b]] == [{"Илияс", "Ильяс"}]


def test_the_family_stem_of_every_common_name_is_the_same_for_both_sexes() -> None:
    families = [name + ending for name in COMMON for ending in ("ов", "ев", "ин", "ский")]
    stems = evaluate_each(names.family_stem_sql, {*families, *map(feminine, families)})
    assert [family for family in families if stems[family] != stems[feminine(family)]] == []


def test_the_patronymic_stem_of_every_common_father_is_the_same_for_sons_and_daughters() -> None:
    fathers = [*name_lists.KAZAKH_MALE, *name_lists.RUSSIAN_MALE, *name_lists.AZERI_MALE]
    children = {
        father: [
            patronymic_of(name, sex, style)
            for sex in (1, 2)
            for style in ("kk", "ru", "az")
            for name in (father, to_russian(father))
        ]
        for father in fathers
    }
    stems = evaluate_each(names.patronymic_stem_sql, {word for words in children.values() for word in words})
    parted = {father: {stems[word] for word in words} for father, words in children.items()}
    # Ильич and Никитич do not say that their fathers end in -я and -а
    assert {father for father, found in parted.items() if len(found) > 1} == {"Илья", "Никита"}


@pytest.mark.parametrize("rule", [names.fold_sql, names.family_stem_sql, names.patronymic_stem_sql, names.key_sql])
def test_look_alikes_change_no_key(rule: Rule) -> None:
    latin = str.maketrans("аеорсхАЕОРСХНКМТВі", "aeopcxAEOPCXHKMTBi")
    typed = {name: name[: len(name) // 2] + name[len(name) // 2 :].translate(latin) for name in COMMON}
    typed = {
        name: other for name, other in typed.items() if not other.isascii()
    }  # all look-alikes: nothing tells what was meant
    keys = evaluate_each(rule, {*typed, *typed.values()})
    assert [name for name, other in typed.items() if keys[name] != keys[other]] == []
