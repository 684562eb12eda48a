"""Names: which spellings meet, which people stay apart, and what is no name at all."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.identifiers import letters, names
from pipeline.identifiers.sql import Rule, evaluate_each

FEW = settings(deadline=None, max_examples=3)  # of many texts each: asked about together they cost what one costs
LETTERS = "АаБбВвГгДдЕеЁёЖжЗзИиЙйКкЛлМмНнОоПпРрСсТтУуФфХхЦцЧчШшЩщЪъЫыЬьЭэЮюЯяӘәҒғҚқҢңӨөҰұҮүҺһІі"
MANY_NAMES = st.lists(st.text(alphabet=LETTERS, min_size=1, max_size=12), min_size=30, max_size=30)
MANY_TEXTS = st.lists(st.text(max_size=20), min_size=30, max_size=30)


def each(rule: Rule, texts: Iterable[str]) -> list[str | None]:
    """What a rule makes of every text, in their order."""
    asked = list(texts)
    found = evaluate_each(rule, set(asked))
    return [found[text] for text in asked]


class TestClean:
    """One spelling of the characters."""

    def test_letters_typed_in_two_parts_are_composed(self) -> None:
        assert letters.clean(unicodedata.normalize("NFD", "Андрей Ёлкин")) == "АНДРЕЙ ЁЛКИН"

    @pytest.mark.parametrize(
        ("typed", "meant"),
        [
            ("Hемцы", "НЕМЦЫ"),
            ("Aлия", "АЛИЯ"),
            ("Мapат", "МАРАТ"),
            ("Əлия", "ӘЛИЯ"),
            ("Бөлек", "БӨЛЕК"),
            ("hамза", "ҺАМЗА"),
            ("Дүйсен", "ДҮЙСЕН"),
            ("¥лан", "ҰЛАН"),
            ("Pуcтaм", "РУСТАМ"),
            ("Paушaн", "РАУШАН"),
            ("Өтeгeнoвa", "ӨТЕГЕНОВА"),
            ("Caxapoв Марат", "САХАРОВ МАРАТ"),
        ],
    )
    def test_latin_look_alikes_in_a_cyrillic_name_are_put_back(self, typed: str, meant: str) -> None:
        assert letters.clean(typed) == meant

    def test_a_word_of_nothing_but_look_alikes_is_in_the_script_of_the_other_words(self) -> None:
        assert letters.clean("Bepa Ахметова") == "ВЕРА АХМЕТОВА"
        assert letters.clean("Copa Aliyeva") == "COPA ALIYEVA"

    def test_each_word_has_a_script_of_its_own(self) -> None:
        assert letters.clean("Acылбeк Nurlan") == "АСЫЛБЕК NURLAN"

    def test_cyrillic_look_alikes_in_a_latin_name_are_put_back(self) -> None:
        assert letters.clean("\u0412ekzat") == "BEKZAT"
        assert names.fold("\u0412ekzat") == names.fold("Бекзат")

    def test_a_latin_name_stays_latin(self) -> None:
        assert letters.clean("Aliya") == "ALIYA"

    @pytest.mark.parametrize(
        "typed", ["Нұр - Сұлтан", " Нұр–Сұлтан ", "Нұр‑Сұлтан", "Нұр\u00ad-Сұлтан", "\ufeffНұр-Сұлтан."]
    )
    def test_hyphens_and_invisible_characters(self, typed: str) -> None:
        assert letters.clean(typed) == "НҰР-СҰЛТАН"

    def test_white_space_becomes_single_spaces(self) -> None:
        assert letters.clean("  Аты\u00a0 \t жөні ") == "АТЫ ЖӨНІ"

    @pytest.mark.parametrize("nothing", ["", "   ", "-", "…", "?"])
    def test_what_has_no_letter_is_nothing(self, nothing: str) -> None:
        assert letters.clean(nothing) is None

    @FEW
    @given(MANY_TEXTS)
    def test_cleaning_twice_changes_nothing(self, texts: list[str]) -> None:
        once = [text for text in each(letters.clean_sql, texts) if text is not None]
        assert each(letters.clean_sql, once) == once if once else True

    @FEW
    @given(MANY_NAMES)
    def test_the_short_way_and_the_long_way_agree(self, many: list[str]) -> None:
        assert each(letters.clean_sql, [f" {name} " for name in many]) == each(letters.clean_sql, many)


class TestFold:
    """One spelling of the name: variants of domain knowledge meet, people stay apart."""

    @pytest.mark.parametrize(
        "spellings",
        [
            "Ләззат Ляззат Лаззат Lyazzat Läzzat",
            "Айгүл Айгуль Айгул Айкүл Aigul Aygul",
            "Тілеген Тлеген Тилеген Tilegen",
            "Жамбыл Джамбул Жамбул Zhambyl Jambyl",
            "Мырзағали Мурзагалий Мурзагали Мырзали Myrzagali",
            "Мұхамбет Мухамбет Магамбет Мағамбет Мухаммед Мұқанбет Magomed",
            "Мұхамеджан Мухамбетжан Мухамеджан Мұхамбетжан",
            "Ахмет Ахмед",
            "Нұрсұлтан Нурсултан Нұр-Сұлтан Nursultan",
            "Асайын Асаин Асайин Asain",
            "Әли Əли Али Ali Äli",
            "Ілияс Ильяс Илияс Ilyas Ilias",
            "Жансая Джансая Zhansaya Zhansaia Jansaia",
            "Жақсылық Жаксылык Zhaksylyk Jaqsylyq",
            "Ғабит Габит Gabit G'abit Ǵabit Ğabit",
            "Шыңғыс Шингис Чингиз Shyńǵys Şyñğys S'yn'g'ys",
            "Артём Артем Artyom",
            "Ербол Yerbol Erbol Эрбол",
            "Эльмира Ельмира Элмира",
            "Юрий Yuriy Yury Iurii",
            "Наталья Natalya Наталия",
            "Щукин Shchukin",
            "Абдулла Абдула Abdulla",
            "Баев Bayev Baev",
        ],
    )
    def test_spellings_of_one_name_meet(self, spellings: str) -> None:
        found = evaluate_each(names.fold_sql, spellings.split())
        assert len({*found.values()}) == 1, found

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("Хасен", "Хусен"), ("Фатима", "Зухра"), ("Нұрдана", "Нұрсана"), ("Дана", "Дина"), ("Яна", "Анна"), ("Алия", "Алла"),
            ("Мария", "Марина"), ("Марат", "Мурат"), ("Ерлан", "Нурлан"), ("Айнұр", "Айнара"), ("Жанар", "Шынар"), ("Сара", "Зара"),
        ],
    )  # fmt: skip
    def test_brothers_sisters_and_neighbours_stay_apart(self, one: str, other: str) -> None:
        assert names.fold(one) != names.fold(other)

    def test_only_letters_are_left(self) -> None:
        assert names.fold("О'Нил-Смит 2") == "ОНИЛСМИТ"

    def test_no_name_is_no_key(self) -> None:
        for rule in (
            letters.clean,
            names.fold,
            names.family_stem,
            names.patronymic_stem,
            names.key,
            names.is_placeholder,
        ):
            assert rule(None) is None

    def test_letters_of_other_scripts_are_kept(self) -> None:
        assert names.fold("გიორგი") is not None

    @FEW
    @given(MANY_NAMES)
    def test_case_spaces_and_hyphens_do_not_matter(self, many: list[str]) -> None:
        folded = each(names.fold_sql, many)
        assert each(names.fold_sql, [name.upper() for name in many]) == folded
        assert each(names.fold_sql, [f" {name.lower()}- " for name in many]) == folded

    @FEW
    @given(MANY_TEXTS)
    def test_any_text_gets_a_key(self, texts: list[str]) -> None:
        # of letters; which signs are letters the engine knows by a newer Unicode than this Python may
        for key in each(names.fold_sql, texts):
            assert key is None or all(sign.isalpha() or unicodedata.category(sign) == "Cn" for sign in key)


class TestFamilyStem:
    """What a family name says once sex and fashion are taken away."""

    @pytest.mark.parametrize(
        "members",
        [
            "Сериков Серикова Серік Серікұлы Серікқызы Serikov Serikova",
            "Галиев Галиева Ғали Ғалиұлы",
            "Абаев Абаева Абай",
            "Кузьмин Кузьмина",
            "Достоевский Достоевская Dostoevskaya",
            "Белый Белая",
            "Мамедов Мамедова Мамедоғлу Mamedov",
            "Нұрмағамбетов Нурмагамбетова Нурмухамедов",
        ],
    )  # fmt: skip
    def test_brother_and_sister_share_it(self, members: str) -> None:
        assert len({names.family_stem(member) for member in members.split()}) == 1, {
            m: names.family_stem(m) for m in members.split()
        }

    @pytest.mark.parametrize("short", ["Ли", "Ким", "Лев", "Пак", "Ова"])
    def test_short_names_are_left_whole(self, short: str) -> None:
        assert names.family_stem(short) == names.fold(short)

    def test_families_stay_apart(self) -> None:
        assert names.family_stem("Асаинов") != names.family_stem("Асанов")


class TestPatronymicStem:
    """The father's name."""

    @pytest.mark.parametrize(
        "children",
        [
            "Серікұлы Серікқызы Серикулы Сериккызы Серик_улы Серик_кызы Серикович Сериковна Serikuly Serikqyzy Serikovich Серік",
            "Николаевич Николаевна Николайұлы Николайқызы",
            "Мұсаұлы Мұсақызы Мусаевич Мусаевна",
            "Жұмабайұлы Жумабаевна Zhumabayevich",
            "Ғалиұлы Галиевич Галиевна",
            "Мамед_оглы Мамед_кызы Мамедович Mamed_oğlu",
            "Кузьмич Кузьминична",
            "Ильич Ильинична",
            "Андрей Андреевич Андреевна Andreyevich Андрейұлы",
        ],
    )
    def test_children_of_one_father_share_it(self, children: str) -> None:
        stems = {child: names.patronymic_stem(child.replace("_", " ")) for child in children.split()}
        assert len(set(stems.values())) == 1, stems

    @pytest.mark.parametrize("nothing", ["-", "нет", "Жоқ", "Н/Д", "без отчества", "С.", "С"])
    def test_no_patronymic_is_no_evidence(self, nothing: str) -> None:
        assert names.patronymic_stem(nothing) is None

    def test_fathers_stay_apart(self) -> None:
        assert names.patronymic_stem("Маратұлы") != names.patronymic_stem("Мұратұлы")


class TestGivenName:
    """A patronymic typed behind a given name, and initials."""

    @pytest.mark.parametrize(
        ("typed", "given", "patronymic"),
        [
            ("Айгерім Серікқызы", "АЙГЕРІМ", "СЕРІКҚЫЗЫ"),
            ("Марат Ахметович", "МАРАТ", "АХМЕТОВИЧ"),
            ("Aigerim Serikqyzy", "AIGERIM", "SERIKQYZY"),
            ("Нұр Сұлтан Серік ұлы", "НҰР СҰЛТАН", "СЕРІК ҰЛЫ"),
            ("Мамед Ахмед оглы", "МАМЕД", "АХМЕД ОГЛЫ"),
            ("Мария Ильинична", "МАРИЯ", "ИЛЬИНИЧНА"),
            ("Maрат  Cерикович", "МАРАТ", "СЕРИКОВИЧ"),
        ],
    )
    def test_a_patronymic_behind_it_is_parted_from_it(self, typed: str, given: str, patronymic: str) -> None:
        assert names.given_alone(typed) == given
        assert names.patronymic_within(typed) == patronymic

    @pytest.mark.parametrize(
        "name", ["Гүл Айым", "Айсұлу", "Ақ Қыз", "Нұр Айсұлу", "Серікұлы", "Ахмед оглы", "Ильич", " Айгүл "]
    )
    def test_a_name_that_is_not_followed_by_one_stays_whole(self, name: str) -> None:
        assert names.fold(names.given_alone(name)) == names.fold(name)
        assert names.patronymic_within(name) is None

    @pytest.mark.parametrize("typed", ["Нурлан С.", "Нурлан С.М.", "Нурлан  С. М. ", "Нурлан С.М"])
    def test_initials_behind_it_are_cut(self, typed: str) -> None:
        assert names.fold(names.given_alone(typed)) == names.fold("Нұрлан")

    @pytest.mark.parametrize("initials", ["А.", "А", "А.Б.", " А. Б. ", "A.B"])
    def test_initials_say_too_little(self, initials: str) -> None:
        assert names.given_alone(initials) is None
        assert names.patronymic_within(initials) is None

    def test_nothing_is_made_of_nothing(self) -> None:
        assert names.given_alone(None) is None
        assert names.patronymic_within(None) is None
        assert names.given_alone("") == ""


class TestKey:
    """Brings pairs together, and decides nothing."""

    @pytest.mark.parametrize(
        ("one", "other"),
        [("Хасен", "Хусен"), ("Дана", "Дина"), ("Рақым", "Рахим"), ("Әсел", "Есель"), ("Айгерім", "Агерим")],
    )
    def test_names_that_sound_alike_share_it(self, one: str, other: str) -> None:
        assert names.key(one) == names.key(other)

    @FEW
    @given(MANY_NAMES)
    def test_names_that_fold_alike_share_it(self, many: list[str]) -> None:
        assert each(names.key_sql, many) == each(names.key_sql, [name.lower() for name in many])


class TestPlaceholder:
    """Words that stand where no name is known."""

    @pytest.mark.parametrize(
        "word",
        [
            "Неизвестный",
            "НЕИЗВЕСТНАЯ",
            "неизвестный 3",
            "Белгісіз",
            "Unknown",
            "UNKNOWN MALE",
            "Н/Д",
            "н / д",
            "Б/О",
            "-",
            "?",
            "",
            "  ",
            "Аты жоқ",
            "нет",
            "Тест",
            "xxx",
            "Хх",
            "ааа",
            "ЫЫЫЫ",
            "Неустановленный",
            "Подкидыш",
            "Тегі белгісіз",
            "Новорожденная",
            "Not stated",
            "НЕИЗВЕСТЕН",
            "неуст.",
            "Женщина",
            "ребёнок",
            "Нeизвecтный",
            "йцукен",
        ],
    )
    def test_no_name(self, word: str) -> None:
        assert names.is_placeholder(word)
        assert names.key(word) is None

    @pytest.mark.parametrize(
        "name",
        [
            "Нетай",
            "Неустроев",
            "Ребенков",
            "Ни",
            "Би",
            "Жоқан",
            "Тестина",
            "Аида",
            "Я",
            "Ханна",
            "Белгібай",
            "Нуль-Али",
            "Нил",
            "Бабий",
            "Бой",
            "Аа",
            "Имран",
            "О",
            "И",
        ],
    )
    def test_names_that_only_look_like_it(self, name: str) -> None:
        assert names.is_placeholder(name) is False
