"""Pins the console script: what it lists, what it hands on, how it fails, and that it starts without torch."""

import sys
from pathlib import Path

import pytest

import funreason_trl
from funreason_trl.scripts import cli


@pytest.mark.parametrize("arguments", [[], ["-h"], ["--help"]])
def test_the_overview_lists_every_command(arguments, capsys):
    cli.main(arguments)
    shown = capsys.readouterr().out
    assert shown.startswith("usage: funreason COMMAND")
    for command, what in cli.COMMANDS.items():
        assert command in shown
        assert what in shown


def test_version(capsys):
    cli.main(["--version"])
    assert capsys.readouterr().out == f"{funreason_trl.__version__}\n"


def test_an_unknown_command_ends_with_2_and_the_overview(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["trian", "--help"])
    assert stop.value.code == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "there is no command 'trian'; did you mean 'train'?" in shown.err
    assert "quickstart" in shown.err


def test_a_near_command_is_named_whatever_its_case(capsys):
    with pytest.raises(SystemExit):
        cli.main(["QUICK-START"])
    assert "did you mean 'quickstart'?" in capsys.readouterr().err


def test_every_script_with_a_main_is_a_command():
    folder = Path(cli.__file__).parent
    scripts = {file.stem for file in folder.glob("*.py") if "\ndef main(" in file.read_text()}
    assert scripts - {"cli"} == set(cli.COMMANDS)


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("train", ["--dataset_name", "--rendering", "--balance", "--think_weight", "--model_name_or_path"]),
        ("quickstart", ["--model", "--train-rows", "--compare"]),
        ("env", ["--help"]),
    ],
)
def test_each_command_has_its_own_help(command, options, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([command, "--help"])
    assert stop.value.code == 0
    shown = capsys.readouterr().out
    assert f"usage: funreason {command}" in shown
    for option in options:
        assert option in shown


def test_the_help_of_train_says_how_to_give_a_recipe(capsys):
    with pytest.raises(SystemExit):
        cli.main(["train", "--help"])
    assert "--config RECIPE.yaml" in capsys.readouterr().out.splitlines()[0]


@pytest.mark.parametrize("line", [["--help"], ["--version"], ["trian"], ["env", "--help"], ["env", "--halp"]])
def test_what_needs_no_model_loads_nothing_heavy(run_python, line):
    program = f"""
import sys
from funreason_trl.scripts.cli import main
try:
    main({line})
except SystemExit:
    pass
print(sorted({{"torch", "transformers", "trl", "datasets", "numpy"}} & set(sys.modules)))
"""
    done = run_python("-c", program)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(("line", "usage"), [(["--help"], "COMMAND"), (["train", "--help"], "train")])
def test_the_installed_script_shows_its_help_and_nothing_else(run_python, line, usage):
    done = run_python(str(Path(sys.executable).parent / "funreason"), *line)
    assert done.stdout.startswith(f"usage: funreason {usage}"), done.stderr
    assert (done.returncode, done.stderr) == (0, "")
