"""Every shell command in README.md and docs/: run, or, with a reason given beside it, at least read.

A block is run as it stands, in the order of its page, in a folder of its own whose lake holds a published campaign. `<!-- not run: REASON -->`
above a block has it only parsed: its commands, options and make targets must exist. `<!-- slow -->` leaves it to `make test-slow`.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import click
import pytest
import typer

from sandbox.portal import running

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(
    r"(?:^<!-- (?P<mark>not run: [^>]+|slow) -->\n)?^```(?P<language>[a-z]*)[^\n]*\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
SHELL = ("bash", "sh", "console", "shell")
OURS = re.compile(r"^(sanaq|make|docker|export|\.venv)\b")


@dataclass(frozen=True)
class Block:
    """A block of shell commands."""

    page: str
    line: int
    mark: str
    body: str

    @property
    def name(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def is_run(self) -> bool:
        return not self.mark.startswith("not run")


def blocks(path: Path) -> list[Block]:
    text = path.read_text(encoding="utf-8")
    return [
        Block(path.name, text.count("\n", 0, found.start("body")) + 1, found["mark"] or "", found["body"])
        for found in FENCE.finditer(text)
        if found["language"] in SHELL or (not found["language"] and OURS.match(found["body"]))
    ]


BLOCKS = [block for path in PAGES for block in blocks(path)]
LONG = ("runbook.md", "resolution.md")  # a minute and more of commands
SESSIONS = [
    pytest.param(
        [block for block in blocks(path) if block.is_run and block.mark == mark],
        marks=[pytest.mark.slow] if mark or path.name in LONG else [],
        id=f"{path.name}{mark and '-slow'}",
    )
    for path in PAGES
    for mark in ("", "slow")
    if any(block.is_run and block.mark == mark for block in blocks(path))
]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("session", SESSIONS)
def test_the_commands_of_a_page_run_in_their_order(session: list[Block], published_lake: Path, tmp_path: Path) -> None:
    # One shell for the page: what a block exports, the next one knows.
    script = "\n".join(f"echo {shlex.quote(f'== {block.name}')} >&2\n{block.body}" for block in session)
    with running(published_lake.parent / "campaign", "sandbox") as portal:
        env = _environment(published_lake, tmp_path, portal)
        shell = ["bash", "-euo", "pipefail", "-c", script]
        run = subprocess.run(shell, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-4000:]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.name)
def test_commands_are_shell_and_what_they_name_exists(block: Block) -> None:
    assert subprocess.run(["bash", "-n"], input=block.body, text=True, check=False).returncode == 0
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for words in _commands(block.body):
        if words[0] == "make":
            assert {word for word in words[1:] if re.fullmatch(r"[a-z-]+", word)} <= targets, words
        elif Path(words[0]).name == "sanaq":
            _require_known(_cli(), words[1:])


def test_a_block_that_is_not_run_says_why() -> None:
    assert [block.name for block in BLOCKS if not block.is_run and len(block.mark) < len("not run: because")] == []


def test_no_line_to_be_pasted_speaks_in_somebodys_name() -> None:
    """Decisions, and who looked at whom, are appended for ever: whoever acts puts in the own name, the record and the reason."""
    pasted = [words for block in BLOCKS if block.is_run for words in _commands(block.body)]
    assert [words for words in pasted if "--by" in words] == []


def test_no_secret_stands_in_a_line() -> None:
    """A line is kept by the shell and shown to everybody on the machine."""
    assert [block.name for block in BLOCKS if re.search(r"SANAQ_\w*(PASSWORD|SECRET|KEY)=", block.body)] == []


def _commands(body: str) -> list[list[str]]:
    """The simple commands of a block: lines, split at pipes and `&&`, variables set before them taken off."""
    lines = body.replace("\\\n", " ").splitlines()
    parts = [part for line in lines for part in re.split(r"&&|\||;", line.split(" #")[0])]
    found = []
    for part in parts:
        try:
            words = shlex.split(part)
        except ValueError:  # a quoted text that held a separator
            continue
        while words and re.match(r"^[A-Z_]+=", words[0]):
            words = words[1:]
        if words:
            found.append(words)
    return found


@cache
def _cli() -> click.Command:
    from pipeline import cli
    from sandbox.cli import app as sandbox_app
    from sandbox.cli import evaluate_command

    if not any(group.name == "sandbox" for group in cli.app.registered_groups):
        cli.app.add_typer(sandbox_app, name="sandbox")
        cli.app.command("evaluate")(evaluate_command)
    return typer.main.get_command(cli.app)


def _require_known(command: click.Command, words: list[str]) -> None:
    while words and isinstance(getattr(command, "commands", None), dict) and not words[0].startswith("-"):
        assert words[0] in command.commands, f"there is no command {words[0]}"  # type: ignore[attr-defined]
        command, words = command.commands[words[0]], words[1:]  # type: ignore[attr-defined]
    known = {name for parameter in command.params for name in parameter.opts} | {"--help"}
    assert {word.split("=")[0] for word in words if word.startswith("--")} <= known, f"{command.name}: {words}"


def _environment(published_lake: Path, folder: Path, portal: str) -> dict[str, str]:
    """A shell in an empty folder that has the checkout's files at hand and a lake of its own."""
    for name in (
        "Makefile",
        "pyproject.toml",
        "uv.lock",
        "requirements-uv.txt",
        "docs",
        "pipeline",
        "sandbox",
        "tools",
        ".venv",
        ".tools",
    ):
        if (ROOT / name).exists():
            (folder / name).symlink_to(ROOT / name)
    shutil.copytree(published_lake, folder / "data" / "lake", symlinks=True)
    (folder / "secrets").mkdir(mode=0o700)
    (folder / "secrets" / "sanaq_id_key").write_text("a secret", encoding="utf-8")  # of the published lake
    # The lake is where it lies by default, seen from the checkout, and no variable names it.
    (folder / "sanaq.toml").write_text(f'lake = "{folder / "data" / "lake"}"\n', encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SANAQ_")}
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "SANAQ_INBOX": str(published_lake.parent / "inbox"),
        "SANAQ_PORTAL_URL": portal,
        "SANAQ_PORTAL_SECRET": "sandbox",
        "SANAQ_SECRETS_DIR": str(folder / "secrets"),
    }
