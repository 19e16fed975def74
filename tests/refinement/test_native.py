"""Rounds in the native form, in which calls and tools are objects and the model's own template writes them."""

import copy
import json

import pytest
from datasets import Dataset
from trl.chat_template_utils import qwen3_chat_template

from funreason_trl.calls import Call
from funreason_trl.data.rendering import NATIVE_FEATURES
from funreason_trl.data.rows import assistant_message
from funreason_trl.refinement import RefinementCallback
from funreason_trl.refinement.preparing import prepare_answers
from tests.tiny import build_tiny_model

from .scripted import ScriptedGenerator, refining_trainer, scripted_callback, small_config
from .short import ROWS as PYTHON_ROWS
from .short import TOKENIZER as PYTHON_TOKENIZER


TOKENIZER = copy.deepcopy(PYTHON_TOKENIZER)
TOKENIZER.chat_template = qwen3_chat_template
THOUGHT = "The user wants {name} of {value}, which {name} gives."


def native_row(name: str, value) -> dict:
    """Every tool has an argument `value`, of a type of its own."""
    kind = {float: "number", int: "integer", str: "string", list: "array"}[type(value)]
    parameters = {"type": "object", "properties": {"value": {"type": kind}}, "required": ["value"]}
    tool = {"name": name, "description": f"Gives {name}.", "parameters": parameters}
    call = assistant_message(THOUGHT.format(name=name, value=value), [Call(name, {"value": value})], "")
    return {
        "messages": [{"role": "user", "content": f"Tell me the {name} of {json.dumps(value)}."}, call],
        "tools": [{"type": "function", "function": tool}],
    }


ROWS = [native_row("root", 1.9502), native_row("half", 12), native_row("tide", "Oslo"), native_row("sum", [1, 2])]
DATASET = Dataset.from_list([NATIVE_FEATURES.encode_example(row) for row in ROWS], features=NATIVE_FEATURES)


def rethought_natively(messages: list[dict], number: int) -> str:
    """The row's own call with a longer thought."""
    answer = next(row["messages"][-1] for row in ROWS if row["messages"][:-1] == messages)
    call = json.dumps(answer["tool_calls"][0]["function"])
    return f"<think>{answer['reasoning_content']} That is settled.</think>\n\n<tool_call>\n{call}\n</tool_call>"


def native_trainer(folder, callback, rows=DATASET, tokenizer=TOKENIZER):
    model = build_tiny_model(len(tokenizer))
    return refining_trainer(folder, model, tokenizer, rows, callback, activation_checkpointing=False)


@pytest.mark.parametrize("mode", ["replace", "mix"])
def test_answers_of_different_tools_keep_their_arguments(mode, tmp_path, monkeypatch):
    callback = scripted_callback(monkeypatch, ScriptedGenerator(rethought_natively), form="native", mode=mode)
    trainer = native_trainer(tmp_path, callback)
    trainer.train()
    assert callback.rounds[0]["accepted"] == callback.rounds[0]["replaced"] == len(ROWS)
    trained = " ".join(TOKENIZER.decode(row["input_ids"]) for row in callback.pool)
    assert trained.count("That is settled.") == len(ROWS)
    for value in ("1.9502", "12", '"Oslo"', "[1, 2]"):
        assert f'"arguments": {{"value": {value}}}' in trained
    assert "null" not in trained


def test_rounds_go_with_a_template_that_has_no_markers(tmp_path, monkeypatch):
    tokenizer = copy.deepcopy(TOKENIZER)
    tokenizer.chat_template += "{# not the one that TRL knows #}"
    callback = scripted_callback(monkeypatch, ScriptedGenerator(rethought_natively), form="native")
    native_trainer(tmp_path, callback, tokenizer=tokenizer).train()
    assert callback.rounds[0]["replaced"] == len(ROWS)


def test_an_answer_with_half_a_surrogate_pair_is_left_out(tmp_path, caplog):
    trainer = native_trainer(tmp_path, None)
    bad, good = ({**native_row("tide", value), "id": value[0], "source": "test"} for value in ("Oslo \ud83d", "Oslo"))
    with caplog.at_level("WARNING", logger="funreason_trl"):
        (row,) = prepare_answers(trainer, "native", [bad, good], 1)
    assert "Round 1: an accepted answer can't be written" in caplog.text and "surrogate" in caplog.text
    assert row.id == "O"


def test_the_gate_asks_in_the_form_of_the_training(tmp_path):
    (tmp_path / "gate.jsonl").write_text(
        json.dumps({"query": "Tide?", "tools": [{"name": "tide"}], "answers": [{"name": "tide", "arguments": {}}]})
    )
    callback = RefinementCallback(small_config(form="native", gate=str(tmp_path / "gate.jsonl")))
    native_trainer(tmp_path, callback)
    (question,) = callback._gate.questions
    assert question.native and question.prompt.tools


@pytest.mark.parametrize(("form", "rows"), [("python", DATASET), ("native", PYTHON_ROWS)])
def test_rows_of_the_other_form_are_refused_before_the_training(form, rows, tmp_path):
    with pytest.raises(ValueError, match=rf"`form` is '{form}'.*none of \d queries of the training rows"):
        native_trainer(tmp_path, RefinementCallback(small_config(form=form)), rows)
