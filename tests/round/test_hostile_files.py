"""A reference file, a crosswalk for instance, that is made to do harm is refused by its line before anything is made of it."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from pipeline.errors import BadReferenceFile
from pipeline.round.files import read_model

LAUGHS = "a: &a [x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


class Anything(BaseModel):
    """Takes whatever it is given."""

    a: object = None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 50_000, "nested deeper than 40"),
        ("".join(f"{' ' * at}a:\n" for at in range(60)), "nested deeper than 40"),
        (LAUGHS, "more than 10 aliases"),
        ("a: &a [*a]", "one within itself"),
        ("? [1, 2]\n: b", "not YAML: TypeError"),
        ("a: !!python/object/apply:os.system [true]", "could not determine a constructor"),
        ("a: " + "9" * 5000, "not YAML: ValueError"),
        ("a: \x00", "not YAML: ReaderError"),
    ],
    ids=["brackets", "indents", "a billion laughs", "within itself", "a list as key", "code", "a huge number", "NUL"],
)
def test_a_file_made_to_do_harm_is_refused_with_its_line(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "one.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadReferenceFile, match=reason) as caught:
        read_model(path, Anything)
    assert f"{tmp_path.name}/one.yaml:" in caught.value.where


def test_an_alias_is_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "one.yaml"
    path.write_text("b: &b {x: 1}\na: {<<: *b, y: 2}", encoding="utf-8")
    assert read_model(path, Anything).a == {"x": 1, "y": 2}
