"""The round and its reference data: facts read from versioned files, checked, and made relations."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import BadReferenceFile
from pipeline.round.files import content_sha256, read_model, shown
from pipeline.round.models import (
    OFFICE_ROUTES,
    CategoryFile,
    CodeFile,
    ListWords,
    PlaceFile,
    Questionnaire,
    Reference,
    Round,
    RuleFile,
)
from pipeline.round.relations import register
from pipeline.settings import PROJECT

__all__ = ["OFFICE_ROUTES", "Reference", "Round", "load_reference", "load_round", "register"]

FILES = ("categories.yaml", "kato.yaml", "codes.yaml", "questionnaire.yaml", "list_headers.yaml")
RULES = PROJECT / "expectations" / "rules.yaml"
TODO = "Correct the file; its head says what it may hold."


def load_round(path: Path) -> Round:
    """Read a round file.

    Raises
    ------
    BadReferenceFile
        The file is missing or says something a round cannot say; `where` is file:line.
    """
    return read_model(path, Round).model_copy(update={"content_sha256": content_sha256(path)})


def load_reference(folder: Path) -> Reference:
    """Read categories, KATO, code lists, questionnaire, the words of the lists, and the texts of the record rules.

    Raises
    ------
    BadReferenceFile
        A file is missing or wrong, or a variable names a code list that is not there; `where` is file:line.
    """
    categories = read_model(folder / "categories.yaml", CategoryFile)
    places = read_model(folder / "kato.yaml", PlaceFile)
    codes = read_model(folder / "codes.yaml", CodeFile)
    questionnaire = read_model(folder / "questionnaire.yaml", Questionnaire)
    words = read_model(folder / "list_headers.yaml", ListWords)
    rules = read_model(RULES, RuleFile) if RULES.exists() else RuleFile(rules=())
    _refuse_unknown_code_lists(folder, questionnaire, codes)
    return Reference(
        categories=categories.categories,
        places=places.objects,
        code_lists=codes.code_lists,
        questionnaire=questionnaire,
        list_words=words,
        rules=rules.rules,
        content_sha256=content_sha256(*(folder / name for name in FILES)),
    )


def _refuse_unknown_code_lists(folder: Path, questionnaire: Questionnaire, codes: CodeFile) -> None:
    for variable in questionnaire.variables:
        if variable.code_list is not None and variable.code_list not in codes.code_lists:
            raise BadReferenceFile(
                f"{variable.name} names the code list {variable.code_list}, which is not in codes.yaml",
                where=shown(folder / "questionnaire.yaml"),
                todo=TODO,
            )
