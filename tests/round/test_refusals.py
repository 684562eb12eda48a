"""A wrong file is refused, with its line and the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import BadReferenceFile
from pipeline.round import load_reference, load_round
from pipeline.round.files import content_sha256


@pytest.fixture
def text(root: Path) -> str:
    """The round file that is shipped."""
    return (root / "data" / "rounds" / "kz-2021-mangystau.yaml").read_text(encoding="utf-8")


def refused(folder: Path, text: str) -> tuple[str, str]:
    """Where and why a round of this text is refused."""
    path = folder / "round.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadReferenceFile) as caught:
        load_round(path)
    assert caught.value.where.startswith(f"{folder.name}/round.yaml"), "no machine's path in a message"
    return caught.value.where.rpartition(":")[2], caught.value.what


def line_of(text: str, start: str) -> str:
    """Number of the first line that begins so."""
    return str(next(number for number, line in enumerate(text.splitlines(), 1) if line.startswith(start)))


@pytest.mark.parametrize(
    ("old", "new", "start", "reason"),
    [
        ("round_id: kz", "round_idd: kz", "round_idd", "Extra inputs"),
        ("zone: Asia/Aqtau", "zone: Asia/Astana", "zone", "no such time zone: Asia/Astana"),
        ("  at: 2021-08-31T18:00:00Z", "  at: 2021-08-31T19:00:00Z", "census_moment", "was 2021-08-31T18:00Z"),
        ("  at: 2021-08-31T18:00:00Z", "  at: 2021-08-31T18:00:00", "census_moment", "`at` needs an offset"),
        ("  day: 2021-08-31", "  day: 2021-09-01", "reviewed", "falls on 2021-08-31"),
        ("    BABY: HERE", "    BABY: THERE", "    BABY", "BABY"),
        ('    - row: "17"', '    - row: "18"', "  rows", "missing: 17"),
        (
            "  iin_shared: {amber: 2,",
            "  iin_shared: {amber: 2021-10-01,",
            "  iin_shared",
            "limits are days for unit `date`",
        ),
        ("min_institutions: 3", "min_institutions: three", "  min_institutions", "integer"),
        ("    through: 2021-10-15", "    through: 2021-08-15", "  - modes", "ends before it begins"),
        ("closing_days: 30", "closing_days: -1", "closing_days", "greater than or equal to 0"),
        ("{below_minutes: 5,", "{below_minutes: 0,", "unconfirmed_person", "greater than or equal to 1"),
        ("    from: 2021-10-21", "    from: 2021-10-10", "reviewed", "overlap"),
    ],
)
def test_what_is_wrong_and_on_which_line(
    tmp_path: Path, text: str, old: str, new: str, start: str, reason: str
) -> None:
    assert old in text
    wrong = text.replace(old, new, 1)
    line, what = refused(tmp_path, wrong)
    assert reason in what
    if start != "reviewed":  # of the file as a whole
        assert line == line_of(wrong, start)


def test_a_key_given_twice(tmp_path: Path, text: str) -> None:
    line, what = refused(tmp_path, text + "\nzone: Asia/Almaty\n")
    assert line == str(len((text + "\nzone:").splitlines()))
    assert "'zone' is given twice" in what


def test_a_missing_key_is_reported_where_it_is_missing(tmp_path: Path, text: str) -> None:
    wrong = text.replace("    unit: ", "    unit: ").replace("  stated_zone: Asia/Almaty\n", "", 1)
    line, what = refused(tmp_path, wrong)
    assert line == line_of(wrong, "census_moment")
    assert "census_moment.stated_zone" in what


@pytest.mark.parametrize("broken", ["a: [1, 2", "a: b: c", "\tx: 1", "!!python/object:os.system {}", ""])
def test_what_is_not_yaml(tmp_path: Path, broken: str) -> None:
    refused(tmp_path, broken)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(BadReferenceFile, match=r"cannot be read: No such file.*SANAQ_REFERENCE or SANAQ_ROUND"):
        load_reference(tmp_path)
    with pytest.raises(BadReferenceFile, match=r"cannot be read: No such file.*SANAQ_ROUND"):
        load_round(tmp_path / "nothing.yaml")


def copied(root: Path, folder: Path) -> Path:
    """A copy of the reference data that may be spoiled."""
    for path in (root / "data" / "reference").glob("*.yaml"):
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


@pytest.mark.parametrize(
    ("name", "old", "new", "reason"),
    [
        (
            "codes.yaml",
            '      "2": {en: Female, ru: Женский, kk: Әйел}',
            '      "1": {en: Female, ru: Женский, kk: Әйел}',
            "given twice",
        ),
        ("codes.yaml", "    declined: [DECLINED]", "    declined: [SILENT]", "unknown codes: SILENT"),
        ("codes.yaml", "{en: Male, ru: Мужской, kk: Ер}", "{en: Male, ru: Мужской}", "kk"),
        ("kato.yaml", '  "473630000"', '  "473640000"', "lies in 473630000"),
        ("categories.yaml", "    tier: S3", "    tier: S4", "tier"),
        (
            "questionnaire.yaml",
            "    code_list: wg_difficulty",
            "    code_list: difficulty",
            "wg_seeing names the code list difficulty",
        ),
        ("questionnaire.yaml", '    asked_if: "TRUE"', "    asked_if: TRUE", "asked_if"),
        ("questionnaire.yaml", "  - name: religion\n", "  - name: ethnicity\n", "there twice: ethnicity"),
        ("questionnaire.yaml", "    follows: religion", "    follows: marital_status", "has one: religion_branch"),
        ("list_headers.yaml", '    - "фамилия"', '    - "фио"', "given twice: фио"),
    ],
)
def test_reference_data_that_do_not_fit(root: Path, tmp_path: Path, name: str, old: str, new: str, reason: str) -> None:
    folder = copied(root, tmp_path)
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadReferenceFile) as caught:
        load_reference(folder)
    assert name in caught.value.where
    assert reason in caught.value.what


def test_the_hash_is_of_names_and_contents(tmp_path: Path) -> None:
    one, other = tmp_path / "a.yaml", tmp_path / "b.yaml"
    one.write_text("1"), other.write_text("2")
    before = content_sha256(one, other)
    assert content_sha256(other, one) == before
    other.write_text("3")
    assert content_sha256(one, other) != before


def test_the_hash_of_a_round_is_kept_with_it(root: Path) -> None:
    path = root / "data" / "rounds" / "kz-2021-mangystau.yaml"
    assert load_round(path).content_sha256 == content_sha256(path)
    assert len(load_reference(root / "data" / "reference").content_sha256) == 64
