"""Reads a YAML file into a checked model; a wrong file is refused with file, line and reason."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from pipeline.errors import BadReferenceFile

Model = TypeVar("Model", bound=BaseModel)
MERGE = "tag:yaml.org,2002:merge"
DEEPEST = 40
MOST_ALIASES = 10  # each may stand for all before it


def read_model(path: Path, model: type[Model], context: dict[str, Any] | None = None) -> Model:
    """Read `path` as `model`; `context` is what its validators hold it against.

    Raises
    ------
    BadReferenceFile
        The file is missing, not YAML, gives a key twice, or does not fit the model. `where` is file:line; the reason may quote the file.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise BadReferenceFile(
            f"cannot be read: {reason}",
            where=shown(path),
            todo="Put the file there, in UTF-8, or correct SANAQ_REFERENCE or SANAQ_ROUND.",
        ) from None
    return _checked(path, text, model) if context is None else _check(path, text, model, context)


@lru_cache(maxsize=32)
def _checked(path: Path, text: str, model: type[Model]) -> Model:
    """Remember what a text says: every step of a build in one process reads the same files, and models cannot be changed."""
    return _check(path, text, model, None)


def _check(path: Path, text: str, model: type[Model], context: dict[str, Any] | None) -> Model:
    tree, content = _parse(path, text)
    try:
        return model.model_validate(content, context=context)
    except ValidationError as error:
        raise _refusal(path, tree, error) from None


def content_sha256(*paths: Path) -> str:
    """Return a hash over names and bytes of files, whatever the order they are given in."""
    lines = (f"{path.name}\t{hashlib.sha256(path.read_bytes()).hexdigest()}\n" for path in sorted(paths))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def shown(path: Path) -> str:
    """Name a file in a message: its folder and name, which mean the same on every machine."""
    return f"{path.parent.name}/{path.name}"


def _parse(path: Path, text: str) -> tuple[yaml.Node | None, Any]:
    loader = yaml.CSafeLoader(text)
    try:
        _require_modest(path, text)
        tree = loader.get_single_node()
        if tree is not None:
            _refuse_repeated_keys(path, tree)
        return tree, loader.construct_document(tree) if tree is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _refuse(path, mark.line + 1 if mark else 1, f"not YAML: {error.problem}") from None
    except (yaml.YAMLError, ValueError, TypeError) as error:  # TypeError: a list or a mapping as a key
        raise _refuse(path, 1, f"not YAML: {type(error).__name__}") from None
    finally:
        loader.dispose()


def _require_modest(path: Path, text: str) -> None:
    """Refuse nesting that would exhaust the stack, and aliases that stand for more than their file could hold."""
    above: list[str | None] = []
    aliases = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            above.append(event.anchor)
        elif isinstance(event, yaml.CollectionEndEvent):
            above.pop()
        elif isinstance(event, yaml.AliasEvent):
            aliases += 1
            if event.anchor in above or aliases > MOST_ALIASES:
                raise _refuse(path, _line_of(event), f"more than {MOST_ALIASES} aliases, or one within itself")
        if len(above) > DEEPEST:
            raise _refuse(path, _line_of(event), f"nested deeper than {DEEPEST} levels")


def _line_of(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _refuse_repeated_keys(path: Path, node: yaml.Node) -> None:
    if isinstance(node, yaml.SequenceNode):
        for child in node.value:
            _refuse_repeated_keys(path, child)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        if key.tag != MERGE and key.value in seen:
            raise _refuse(path, key.start_mark.line + 1, f"key {key.value!r} is given twice")
        seen.add(str(key.value))
        _refuse_repeated_keys(path, value)


def _refusal(path: Path, tree: yaml.Node | None, error: ValidationError) -> BadReferenceFile:
    problems = sorted(error.errors(include_url=False), key=lambda problem: problem["type"] != "extra_forbidden")
    first = problems[0]  # a misspelled key before the key it should have been
    place = ".".join(str(part) for part in first["loc"]) or "file"
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return _refuse(path, _line(tree, first["loc"]), f"{place}: {first['msg']}{more}")


def _refuse(path: Path, line: int, reason: str) -> BadReferenceFile:
    return BadReferenceFile(
        reason, where=f"{shown(path)}:{line}", todo="Correct the file; its head says what it may hold."
    )


def _line(node: yaml.Node | None, loc: tuple[int | str, ...]) -> int:
    """Line of the deepest part of `loc` that the file has: a missing key is reported where it is missing."""
    line = node.start_mark.line + 1 if node is not None else 1
    for part in loc:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        elif isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == str(part)]
            if not found:
                break
            line = found[0][0].start_mark.line + 1
            node = found[0][1]
        else:
            break
    return line
