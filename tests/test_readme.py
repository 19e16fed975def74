"""Pins the README: its Python runs, and every file, command, option and field that it names exists."""

import dataclasses
import doctest
import importlib.util
import json
import re
import shlex
from pathlib import Path

import pytest

from funreason_trl import SRMLConfig
from funreason_trl.evaluation.bfcl import data as bfcl_data
from funreason_trl.evaluation.callback import CallAccuracyCallback
from funreason_trl.refinement import RefinementCallback
from funreason_trl.scripts import cli, quickstart
from funreason_trl.scripts.build import BuildArguments
from funreason_trl.scripts.eval import EvalArguments
from tests.evaluation.bfcl.test_asking import rows as bfcl_rows
from tests.srml.training import build_trainer
from tests.tiny import tiny_rows


ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
PYTHON = [text for language, text in BLOCKS if language == "python"]
COMMANDS = [
    shlex.split(line, comments=True) for language, text in BLOCKS if language == "bash" for line in text.split("\n")
]
INLINE = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", README, flags=re.DOTALL | re.MULTILINE))


def block_with(words: str) -> str:
    (block,) = [block for block in PYTHON if words in block]
    return block


def with_tiny_parts(script: str, model, tokenizer, folder: Path) -> str:
    """The script as it stands, but for the model, the dataset and one short step on the processor."""
    model.save_pretrained(folder / "model")
    tokenizer.save_pretrained(folder / "model")
    (folder / "rows").mkdir()
    lines = [json.dumps(row) + "\n" for row in tiny_rows(8)]
    (folder / "rows" / "train.jsonl").write_text("".join(lines))
    settings = 'output_dir="out", use_cpu=True, bf16=False, max_steps=1, logging_steps=1, save_strategy="no"'
    for old, new in (
        ('"Qwen/Qwen2.5-Coder-7B-Instruct"', repr(str(folder / "model"))),
        ('"my/chain-of-thought-calls"', repr(str(folder / "rows"))),
        ('output_dir="out"', settings),
    ):
        assert script.count(old) == 1
        script = script.replace(old, new)
    return script


@pytest.mark.parametrize("trainer_class", ["SFTTrainer", "SRMLTrainer"])
def test_the_scripts_before_and_after_train(trainer_class, model, tokenizer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    script = with_tiny_parts(block_with(f"trainer = {trainer_class}("), model, tokenizer, tmp_path)
    names: dict = {}
    exec(compile(script, "README.md", "exec"), names)
    logged = {key for entry in names["trainer"].state.log_history for key in entry}
    assert "loss" in logged
    (sentence,) = re.findall(r"Beside what TRL logs: (.*?), and the same", README)
    own = set(re.findall(r"`([^`]+)`", sentence))
    assert len(own) == 5
    assert own & logged == (own if trainer_class == "SRMLTrainer" else set())


def test_the_two_scripts_differ_in_their_names_and_weights_only():
    before, after = (block_with(f"trainer = {name}(").splitlines() for name in ("SFTTrainer", "SRMLTrainer"))
    assert len(before) == len(after)
    assert sum(line not in after for line in before) == 3


def test_the_rows_of_a_file_become_a_dataset(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tool = {"name": "get_weather", "description": "Weather.", "parameters": {"city": {"type": "str"}}}
    call = {"name": "get_weather", "arguments": {"city": "Oslo"}}
    row = {"query": "Weather in Oslo?", "tools": json.dumps([tool]), "answers": json.dumps([call])}
    Path("xlam_rows.jsonl").write_text(json.dumps(row) + "\n")
    names: dict = {}
    exec(compile(block_with("xlam_rows.jsonl"), "README.md", "exec"), names)
    (example,) = names["train_dataset"]
    assert example["completion"][0]["content"] == "[get_weather(city='Oslo')]"


def test_the_session_gives_what_it_shows():
    session = doctest.DocTestParser().get_doctest(block_with(">>>"), {}, "README.md", None, None)
    assert session.examples
    result = doctest.DocTestRunner().run(session)
    assert result.failed == 0


def test_the_callback_asks_and_logs(monkeypatch):
    (row,) = bfcl_rows("irrelevance", 1)
    monkeypatch.setattr(bfcl_data, "load_bfcl", lambda: [row] * 30)
    trainer = build_trainer()
    exec(compile(block_with("CallAccuracyCallback("), "README.md", "exec"), {"trainer": trainer})
    (callback,) = [
        callback for callback in trainer.callback_handler.callbacks if isinstance(callback, CallAccuracyCallback)
    ]
    assert callback.every_steps == 100 and len(callback.questions) == 20


def test_the_refinement_takes_the_place_of_the_training_set():
    trainer = build_trainer()
    exec(compile(block_with("RefinementCallback("), "README.md", "exec"), {"trainer": trainer})
    (callback,) = [one for one in trainer.callback_handler.callbacks if isinstance(one, RefinementCallback)]
    assert trainer.train_dataset is callback.pool and callback.config.rows_per_round == 2000


def test_every_python_block_is_tested_above():
    trainers = ("trainer = SFTTrainer(", "trainer = SRMLTrainer(")
    kinds = (*trainers, "xlam_rows.jsonl", ">>>", "CallAccuracyCallback(", "RefinementCallback(")
    assert all(sum(kind in block for kind in kinds) == 1 for block in PYTHON)
    assert len(PYTHON) == len(kinds)


def test_every_option_of_eval_in_a_command_exists():
    known = {f"--{field.name}" for field in dataclasses.fields(EvalArguments)}
    options = {
        word for words in COMMANDS if words[:2] == ["funreason", "eval"] for word in words if word.startswith("--")
    }
    assert {"--model", "--base"} <= options <= known


@pytest.mark.parametrize("link", re.findall(r"\]\((?!https?:)([^)#]+)", README))
def test_every_linked_file_exists(link):
    assert (ROOT / link).exists()


def test_every_path_in_a_command_exists():
    paths = [word for words in COMMANDS for word in words if word.endswith((".py", ".yaml"))]
    assert paths
    assert [path for path in paths if not (ROOT / path).is_file()] == []


def test_every_module_in_a_command_exists():
    modules = [words[words.index("-m") + 1] for words in COMMANDS if "-m" in words]
    assert modules
    assert all(importlib.util.find_spec(module) for module in modules)


def test_every_make_target_exists():
    targets = {words[1] for words in COMMANDS if words[:1] == ["make"]}
    targets |= {words.split()[1] for words in INLINE if words.startswith("make ")}
    assert targets >= {"quickstart", "test"}
    made = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert targets <= set(made)


def test_every_command_of_ours_exists():
    named = {words[1] for words in COMMANDS if words[:1] == ["funreason"]}
    named |= set(re.findall(r"\bfunreason ([a-z]+)", " ".join(INLINE)))
    assert named == set(cli.COMMANDS)


def test_every_option_outside_the_blocks_is_one_of_a_command():
    known = {f"--{name.replace('_', '-')}" for name in vars(quickstart.parse_options([]))} | {"--help"}
    known |= {f"--{field.name}" for kind in (EvalArguments, BuildArguments) for field in dataclasses.fields(kind)}
    options = re.findall(r"--[a-z_-]+", " ".join(INLINE))
    assert options
    assert set(options) <= known


def test_every_setting_is_a_field_of_the_configuration():
    fields = {field.name for field in dataclasses.fields(SRMLConfig)}
    settings = {words for words in INLINE if re.fullmatch(r"[a-z]+(_[a-z]+)+", words)} - {"funreason_trl"}
    assert len(settings) > 5
    assert settings <= fields
