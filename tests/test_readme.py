"""Pins what the README promises beyond what tests/test_docs.py sees: its scripts before and after, and the names it gives."""

import re

import pytest

from funreason_trl.data.rendering import render_dataset
from funreason_trl.data.sources import load_rows
from funreason_trl.refinement import RefinementCallback
from tests.documentation import ROOT, blocks_of, commands_of
from tests.test_docs import with_tiny_parts, workspace  # noqa: F401


README = ROOT / "README.md"
BLOCKS = blocks_of(README)
BEFORE, AFTER, REFINED = (block.text for block in BLOCKS if block.language == "python")


@pytest.mark.parametrize("script", [BEFORE, AFTER], ids=["before", "after"])
def test_the_scripts_before_and_after_train(script, workspace):  # noqa: F811
    render_dataset(load_rows("rows.jsonl")).to_json("rows/train.jsonl")  # with tools, for the rounds
    names: dict = {}
    exec(compile(with_tiny_parts(script, workspace), "README.md", "exec"), names)
    logged = {key for entry in names["trainer"].state.log_history for key in entry}
    assert "loss" in logged
    (sentence,) = re.findall(r"Beside what TRL logs: (.*?), and the\s+same", README.read_text(), re.DOTALL)
    own = set(re.findall(r"`([^`]+)`", sentence))
    assert len(own) == 5
    assert own & logged == (own if script == AFTER else set())
    if script == AFTER:
        exec(compile(REFINED, "README.md", "exec"), names)
        trainer = names["trainer"]
        (callback,) = [one for one in trainer.callback_handler.callbacks if isinstance(one, RefinementCallback)]
        assert trainer.train_dataset is callback.pool and callback.config.rows_per_round == 2000


def test_the_two_scripts_differ_in_their_names_and_weights_only():
    before, after = BEFORE.splitlines(), AFTER.splitlines()
    assert len(before) == len(after)
    assert sum(line not in after for line in before) == 3


def test_what_is_said_to_be_left_is_of_commands_that_are_shown():
    shown = {
        words[1] for block in BLOCKS if block.language == "bash" for words in commands_of(block) if len(words) > 1
    }
    table = re.findall(r"^\| `([a-z]+)` \|", README.read_text(), re.MULTILINE)
    assert len(table) > 4
    assert set(table) <= shown
