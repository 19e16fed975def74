"""What README, CONTRIBUTING and docs/ show, taken out: code blocks with their place, a command's own parser for each line.

In: Markdown. Out: [`Block`]s, commands as words, and [`parse_command`], which has the program that is called read its line
and stops it before it does anything.
"""

import argparse
import os
import re
import runpy
import shlex
import sys
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest import mock

from accelerate.commands.launch import launch_command_parser
from torch.distributed.run import get_args_parser
from transformers import training_args
from trl import TrlParser

from funreason_trl.scripts import cli, refine


ROOT = Path(__file__).parents[1]
BESIDE_THE_DOCS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
PAGES = [*BESIDE_THE_DOCS, *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(
    r"^(?:<!-- not run: (?P<reason>[^\n]+) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$", re.M | re.S
)
ASSIGNMENT = re.compile(r"[A-Z_]+=.*")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; `reason` says why it is not run."""

    page: str
    language: str
    text: str
    reason: str | None

    @property
    def is_session(self) -> bool:
        return self.text.startswith(">>> ")

    @property
    def file_name(self) -> str | None:
        """The name in the first line of a YAML block, by which the page's commands call it."""
        found = re.match(r"# (\S+\.yaml)\n", self.text)
        return found[1] if found else None


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    name = page.relative_to(ROOT).as_posix()
    return [Block(name, found["language"], found["text"], found["reason"]) for found in FENCE.finditer(text)]


def prose_of(page: Path) -> str:
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def commands_of(block: Block) -> list[list[str]]:
    """The words of each line of a bash block, without variables that are set for it."""
    lines = block.text.replace("\\\n", " ").splitlines()
    commands = [shlex.split(line, comments=True) for line in lines]
    return [words[sum(1 for _ in _assignments(words)) :] for words in commands if words]


def _assignments(words: list[str]):
    for word in words:
        if not ASSIGNMENT.fullmatch(word):
            return
        yield word


class Parsed(BaseException):
    """What a program made of its line."""


class NotACommand(AssertionError):
    """A line that its program would refuse."""


def parse_command(words: list[str], files: dict[str, Path]) -> None:
    """
    Have a command's own parser read its line, as the command would; nothing is run.

    Args:
        words (`list[str]`): The line.
        files (`dict[str, Path]`): YAML files that the page shows, by name.

    Raises:
        NotACommand: It would be refused; says why.
    """
    words = [str(files.get(word, word)) for word in words]
    program = words[0].removeprefix(".venv/bin/")
    if program not in PROGRAMS:
        raise NotACommand(
            f"no test knows the program {program!r}; teach PROGRAMS in tests/documentation.py to check it"
        )
    try:
        PROGRAMS[program](words[1:])
    except SystemExit as stop:
        raise NotACommand(f"{' '.join(words)!r} ends with {stop.code!r}") from None


def _funreason(words: list[str]) -> None:
    if words in (["--help"], ["--version"]):
        return
    command, rest = words[0], words[1:]
    assert command in cli.COMMANDS, f"there is no command {command!r}"
    if rest == ["--help"]:
        return
    parsed = reads(lambda: import_module(f"funreason_trl.scripts.{command}").main(rest))
    if command == "refine":
        *parts, _ = parsed
        refine.plan(*parts)  # epochs and rounds have to fit together


def _python(words: list[str]) -> None:
    if words[0] == "-m":
        _module(words[1], words[2:])
        return
    script = ROOT / words[0]
    assert script.is_file(), f"there is no {words[0]}"
    with mock.patch.object(sys, "argv", [str(script), *words[1:]]):
        reads(lambda: runpy.run_path(str(script), run_name="__main__"))


def _module(name: str, words: list[str]) -> None:
    package, _, command = name.rpartition(".")
    assert package == "funreason_trl.scripts" and command in cli.COMMANDS, f"{name} is no command's module"
    _funreason([command, *words])


def _accelerate(words: list[str]) -> None:
    assert words[0] == "launch"
    options = launch_command_parser().parse_args(words[1:])
    assert options.config_file is None or (ROOT / options.config_file).is_file(), f"there is no {options.config_file}"
    rest = [options.training_script, *options.training_script_args]
    _python(["-m", *rest] if options.module else rest)


def _torchrun(words: list[str]) -> None:
    options = get_args_parser().parse_args(words)
    _python([options.training_script, *options.training_script_args])


def _make(words: list[str]) -> None:
    made = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert words[0] in made, f"the Makefile has no {words[0]!r}"


def _pip(words: list[str]) -> None:
    assert words[0] == "install"
    for word in words[1:]:
        name, extras = re.fullmatch(r"([\w.-]+)(?:\[([\w,]+)\])?(?:==[\d.]+)?", word).groups()
        assert name in (".", "funreason-trl", "torch", "deepspeed"), f"should anybody install {name!r}?"
        known = re.findall(
            r"^(\w+) =\n", (ROOT / "setup.cfg").read_text().partition("extras_require]")[2], re.MULTILINE
        )
        assert set((extras or "").split(",")) - {""} <= set(known), f"{extras!r} is no extra"


def _sbatch(words: list[str]) -> None:
    (place,) = [place for place, word in enumerate(words) if word.endswith(".sbatch")]
    assert (ROOT / words[place]).is_file(), f"there is no {words[place]}"
    rest = words[place + 1 :]
    _funreason(rest if rest[0] in cli.COMMANDS else ["refine", *rest])


def _source(words: list[str]) -> None:
    assert words == [".venv/bin/activate"]


PROGRAMS: dict[str, Callable[[list[str]], None]] = {
    "funreason": _funreason,
    "python": _python,
    "accelerate": _accelerate,
    "torchrun": _torchrun,
    "make": _make,
    "pip": _pip,
    "sbatch": _sbatch,
    "source": _source,
}


def reads(main: Callable[[], Any]) -> Any:
    """What a program's parser made of its line; the program goes no further."""
    with _stopping_after_parsing():
        try:
            main()
        except Parsed as parsed:
            return parsed.args[0]
    raise NotACommand("the program reads no line")


@contextmanager
def _stopping_after_parsing():
    parse_args, parse_config = argparse.ArgumentParser.parse_args, TrlParser.parse_args_and_config

    def stop_after_args(parser, *args, **kwargs):
        raise Parsed(parse_args(parser, *args, **kwargs))

    def stop_after_config(parser, *args, **kwargs):
        # Those of the commands refuse what is left over themselves; TRL's own does if it is told to.
        if type(parser) is TrlParser:
            kwargs["fail_with_unknown_args"] = True
        raise Parsed(parse_config(parser, *args, **kwargs))

    here = Path.cwd()
    with (
        mock.patch.object(argparse.ArgumentParser, "parse_args", stop_after_args),
        mock.patch.object(TrlParser, "parse_args_and_config", stop_after_config),
        mock.patch.dict(os.environ),
        # Recipes for GPUs are read on machines that have none.
        mock.patch.object(training_args, "is_torch_bf16_gpu_available", lambda: True),
    ):
        os.chdir(ROOT)
        try:
            yield
        finally:
            os.chdir(here)
