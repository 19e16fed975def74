"""Pins how options are read from dataclasses, command lines and YAML files, and how they are grouped in the help."""

import os
import re
import shlex
from dataclasses import dataclass, field
from importlib import import_module

import pytest

from funreason_trl.scripts import cli
from funreason_trl.scripts.help import LineParser
from funreason_trl.scripts.parsing import OptionParser


@dataclass
class Oven:
    heat: float = field(default=180.0, metadata={"help": "Degrees."})
    fan_on: bool = field(default=True, metadata={"help": "Turn the fan."})


@dataclass
class Kitchen(Oven):
    dish: str = field(metadata={"help": "What is cooked."}, kw_only=True)
    spices: list[str] = field(default_factory=lambda: ["salt", "pepper"], metadata={"help": "What goes in."})

    def __post_init__(self):
        if self.heat < 0:
            raise ValueError(f"`heat` is {self.heat}; set it to 0 or more.")


@dataclass
class Table:
    people: int | None = field(default=None, metadata={"help": "How many eat."})


@pytest.fixture
def parser():
    titles = {Table: "the table", Kitchen: "the kitchen", Oven: "the oven"}
    described = {"command": "cook", "usage": "--dish DISH", "example": "funreason cook --dish soup"}
    return OptionParser((Kitchen, Table), titles, doc="`funreason cook`: a dish.", **described)


@pytest.fixture
def read(parser, tmp_path):
    def read(text: str, *line: str):
        (tmp_path / "cook.yaml").write_text(text)
        return parser.read(["--config", str(tmp_path / "cook.yaml"), *line])

    return read


def test_the_command_line_wins_over_the_file_and_the_file_over_what_is_given(read, parser, monkeypatch):
    monkeypatch.setenv("FUNREASON_TEST", "before")
    kitchen, table = read("env: {FUNREASON_TEST: 7}\ndish: soup\nheat: 90\npeople: 3", "--heat", "50")
    assert (kitchen, table) == (Kitchen(dish="soup", heat=50.0), Table(3))
    assert os.environ["FUNREASON_TEST"] == "7"
    assert parser.read(["--dish", "pie", "--fan-on", "false"]) == (Kitchen(90.0, False, dish="pie"), Table(3))


def test_the_file_may_stand_behind_an_equals_sign(parser, tmp_path):
    (tmp_path / "cook.yaml").write_text("dish: soup")
    assert parser.read([f"--config={tmp_path}/cook.yaml"])[0].dish == "soup"


def test_options_are_grouped_by_the_class_that_declares_them_in_the_order_of_the_titles(parser):
    shown = parser.format_help()
    titles = re.findall(r"^(\S.*):$", shown, re.MULTILINE)
    assert titles == ["Example", "general", "the table", "the kitchen", "the oven"]
    groups = dict(zip(titles, re.split(r"^\S.*:$", shown, flags=re.MULTILINE)[1:], strict=True))
    options = {title: re.findall(r"^  (--?\w+)", group, re.MULTILINE) for title, group in groups.items()}
    assert options["general"] == ["-h", "--config"]
    assert options["the table"] == ["--people"]
    assert options["the kitchen"] == ["--dish", "--spices"]
    assert options["the oven"] == ["--heat", "--fan_on"]


def test_each_option_has_one_spelling_and_a_readable_default(parser):
    shown = " ".join(parser.format_help().split())
    assert "--fan_on [true|false] Turn the fan. (default: true)" in shown
    assert "--fan-on" not in shown and "--no_fan_on" not in shown
    assert "What goes in. (default: salt pepper)" in shown
    assert "--people N How many eat. " in shown + " " and "None" not in shown


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("dish: soup\nhaet: 9", [], r"there is no option 'haet', which \S+cook.yaml gives; did you mean 'heat'\?"),
        ("dihs: soup", [], "did you mean 'dish'"),  # and not that `--dish` is required
        ("dish: soup\nfan-on: false", [], "there is no option 'fan-on', .* did you mean 'fan_on'"),
        ("dish: soup", ["--peopel", "3"], "'--peopel', which the command line gives; did you mean '--people'"),
        ("dish: soup", ["--heat", "hot"], "argument --heat.*: invalid"),
        ("dish: soup", ["--heat", "-1"], "`heat` is -1.0; set it to 0 or more"),
        ("dish: [soup", [], r"cook.yaml is no readable YAML"),
        ("- dish", [], "cook.yaml must contain a YAML mapping"),
        ("dish: soup", ["other.yaml"], "'other.yaml' is the value of no option"),
        ("heat: 3", [], "required: --dish"),
    ],
)
def test_what_is_wrong_ends_with_2_and_is_named(read, capsys, text, line, words):
    with pytest.raises(SystemExit) as stop:
        read(text, *line)
    assert stop.value.code == 2
    assert re.search(words, capsys.readouterr().err)


@pytest.mark.parametrize(
    ("line", "words"),
    [(["--config"], "argument --config: give the name of a YAML file"), (["--config", "gone.yaml"], "gone.yaml")],
)
def test_a_file_that_is_not_there_ends_with_2_and_is_named(parser, capsys, line, words):
    with pytest.raises(SystemExit) as stop:
        parser.read(line)
    assert stop.value.code == 2
    assert words in capsys.readouterr().err


def commands_with_a_parser() -> list[str]:
    return [name for name in cli.COMMANDS if "option_parser" in vars(import_module(f"funreason_trl.scripts.{name}"))]


def test_every_option_of_every_command_is_in_its_help_with_a_sentence_and_the_example_is_read():
    found = commands_with_a_parser()
    assert {"train", "refine", "build", "merge", "eval", "score", "env"} <= set(found)
    for command in found:
        parser = import_module(f"funreason_trl.scripts.{command}").option_parser()
        assert parser.purpose.endswith(".") and len(parser.purpose) < 110, command
        shown = parser.format_help()
        assert shown.startswith(f"usage: funreason {command} ")
        for action in parser._actions:
            if action.nargs != 0 and action.option_strings:
                assert len(re.findall(rf"^  {action.option_strings[0]}\b", shown, re.MULTILINE)) == 1, action.dest
        first, name, *line = shlex.split(parser.example.partition(" > ")[0])
        assert (first, name) == ("funreason", command)
        parser.read(line) if isinstance(parser, OptionParser) else parser.parse_args(line)
        assert isinstance(parser, LineParser)
