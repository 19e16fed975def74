"""Pins that segments find their tokens, whatever form the rows have, and stay with them until the batch is made."""

import json
import shutil
from collections import Counter
from importlib.resources import files

import pytest
import torch
from datasets import Dataset, IterableDataset, load_from_disk
from transformers import PreTrainedTokenizerFast
from trl import SFTTrainer

from funreason_trl.srml.segments import NONE, RESULT, THINK
from tests.srml.training import TOKENIZER, build_trainer, parameters, step_logs, train
from tests.tiny import build_tiny_tokenizer, tiny_rows


QUERY = {"role": "user", "content": "Weather in Rome and <think>Paris</think>"}
THOUGHT = "<think>Two cities, or </think>, two calls.</think>"
CALL = "\n\n[get_weather(city='Rome')]"
ANSWER = {"role": "assistant", "content": THOUGHT + CALL}
GREETING = {"role": "assistant", "content": "I am fine."}
END = "<|im_end|>"


def parts(row: dict, tokenizer: PreTrainedTokenizerFast = TOKENIZER) -> list[tuple[int, str]]:
    """Runs of one segment in a prepared row, as text."""
    runs: list[tuple[int, list[int]]] = []
    for token, label, segment in zip(row["input_ids"], row["labels"], row["segments"], strict=True):
        assert label == (-100 if segment == NONE else token)
        if not runs or runs[-1][0] != segment:
            runs.append((segment, []))
        runs[-1][1].append(token)
    return [(segment, tokenizer.decode(tokens)) for segment, tokens in runs]


def trained_parts(row: dict, tokenizer: PreTrainedTokenizerFast = TOKENIZER) -> list[tuple[int, str]]:
    return [(segment, text) for segment, text in parts(row, tokenizer) if segment != NONE]


def triples(dataset: Dataset) -> Counter:
    counter: Counter = Counter()
    for row in dataset:
        counter.update(zip(row["input_ids"], row["labels"], row["segments"], strict=True))
    return counter


def tokens(text: str) -> list[int]:
    return TOKENIZER(text)["input_ids"]


# One row in each form, and what it trains; `{}` holds what differs in the configuration.
FORMS = {
    "prompt-completion": (
        {"prompt": [QUERY], "completion": [ANSWER]},
        {},
        [(THINK, THOUGHT), (RESULT, CALL + END + "\n")],
    ),
    "prompt-completion of several turns": (
        {"prompt": [QUERY], "completion": [ANSWER, QUERY, ANSWER]},
        {},
        [(THINK, THOUGHT), (RESULT, CALL + END)] * 2,
    ),
    "prompt-completion in text": (
        {"prompt": "Weather?\n", "completion": THOUGHT + CALL},
        {},
        [(THINK, THOUGHT), (RESULT, CALL + END)],
    ),
    "prompt that opens the thought": (
        {"prompt": "Weather?\n<think>\n", "completion": "So </think> [f()]"},
        {},
        [(THINK, "So </think>"), (RESULT, " [f()]" + END)],
    ),
    "prompt trained too": (
        {"prompt": "Weather?\n", "completion": THOUGHT + CALL},
        {"completion_only_loss": False},
        [(RESULT, "Weather?\n"), (THINK, THOUGHT), (RESULT, CALL + END)],
    ),
    "messages": (
        {"messages": [QUERY, ANSWER]},
        {},
        [(THINK, THOUGHT), (RESULT, CALL + END)],
    ),
    "messages of several turns": (
        {"messages": [QUERY, ANSWER, QUERY, GREETING, QUERY, ANSWER]},
        {"assistant_only_loss": True},
        [(THINK, THOUGHT), (RESULT, CALL + END), (RESULT, "I am fine." + END), (THINK, THOUGHT), (RESULT, CALL + END)],
    ),
    "conversations": (
        {"conversations": [{"from": turn["role"], "value": turn["content"]} for turn in (QUERY, ANSWER)]},
        {},
        [(THINK, THOUGHT), (RESULT, CALL + END)],
    ),
    "text": (
        {"text": "Weather?\n" + THOUGHT + CALL},
        {},
        [(RESULT, "Weather?\n"), (THINK, THOUGHT), (RESULT, CALL + END)],
    ),
    "text in a field of another name": (
        {"content": THOUGHT + CALL},
        {"dataset_text_field": "content"},
        [(THINK, THOUGHT), (RESULT, CALL + END)],
    ),
    "tokens": (
        {"input_ids": tokens(THOUGHT + CALL)},
        {},
        [(THINK, THOUGHT), (RESULT, CALL)],
    ),
    "tokens and labels": (
        {"input_ids": tokens("Hi" + CALL), "labels": [-100] * len(tokens("Hi")) + tokens(CALL)},
        {},
        [(RESULT, CALL)],
    ),
    "tokens and a mask": (
        {
            "input_ids": tokens("Hi") + tokens(THOUGHT),
            "completion_mask": [0] * len(tokens("Hi")) + [1] * len(tokens(THOUGHT)),
        },
        {"completion_only_loss": True, "balance": "token"},
        [(THINK, THOUGHT)],
    ),
    "tokens and segments": (
        {"input_ids": [7, 8, 9], "segments": [NONE, THINK, RESULT]},
        {},
        None,
    ),
    "tokens, labels and segments": (
        {"input_ids": [7, 8, 9], "labels": [-100, 8, 9], "segments": [NONE, THINK, RESULT]},
        {},
        None,
    ),
}


@pytest.mark.parametrize("form", list(FORMS))
@pytest.mark.parametrize("kind", ["rows", "stream", "generator"])
def test_a_row_of_every_form_has_its_segments(form, kind):
    row, changes, expected = FORMS[form]
    rows: Dataset | IterableDataset = Dataset.from_list([row] * 2)
    if kind == "stream":
        rows = rows.to_iterable_dataset()
    elif kind == "generator":  # which does not know its columns before it runs
        rows = IterableDataset.from_generator(lambda row=row: iter([row] * 2))
    changes = changes if kind == "rows" else {**changes, "max_steps": 1}

    prepared = list(build_trainer(rows, **changes).train_dataset)

    assert len(prepared) == 2
    assert prepared[0] == prepared[1]
    assert {"input_ids", "labels", "segments"} <= set(prepared[0])
    if expected is None:
        assert prepared[0]["segments"] == row["segments"]
        assert parts(prepared[0])
    else:
        assert trained_parts(prepared[0]) == expected


SHAPES = {
    "as they are": {},
    "cut": {"max_length": 70},
    "cut to where some rows have nothing left": {"max_length": 32},
    "cut from the left": {"max_length": 40, "truncation_mode": "keep_end"},
    "bfd": {"packing": True, "max_length": 160},
    "bfd, cut": {"packing": True, "max_length": 70},
    "bfd_split": {"packing": True, "max_length": 70, "packing_strategy": "bfd_split"},
    "wrapped": {"packing": True, "max_length": 70, "packing_strategy": "wrapped"},
    "padding-free": {"padding_free": True},
    "shuffled": {"shuffle_dataset": True, "max_length": 70},
    "shuffled and packed": {"shuffle_dataset": True, "max_length": 70, "packing": True},
    "two processes": {"dataset_num_proc": 2, "max_length": 70},
}


@pytest.mark.parametrize("shape", list(SHAPES))
def test_rows_are_those_of_sft(shape):
    ours = build_trainer(**SHAPES[shape]).train_dataset
    theirs = build_trainer(trainer_class=SFTTrainer, **SHAPES[shape]).train_dataset
    assert set(ours.column_names) == {*theirs.column_names, "segments"}
    assert ours.remove_columns("segments").to_list() == theirs.to_list()
    for row in ours:
        assert len(row["segments"]) == len(row["labels"])
        assert [segment != NONE for segment in row["segments"]] == [label != -100 for label in row["labels"]]


@pytest.mark.parametrize("shape", ["bfd", "bfd_split", "wrapped", "shuffled", "two processes"])
def test_packing_keeps_every_token_with_its_segment(shape):
    changes = {**SHAPES[shape]}
    if shape in ("shuffled", "two processes"):
        changes["max_length"] = None
    ours = build_trainer(**changes).train_dataset
    assert triples(ours) == triples(build_trainer().train_dataset)
    assert {segment for _, _, segment in triples(ours)} == {NONE, THINK, RESULT}


@pytest.mark.parametrize("mode", ["keep_start", "keep_end"])
def test_a_cut_row_keeps_the_segments_that_the_whole_row_gave_it(mode):
    whole = build_trainer([{"prompt": [QUERY], "completion": [ANSWER]}]).train_dataset[0]
    first_result = whole["segments"].index(RESULT)
    length = first_result if mode == "keep_start" else len(whole["segments"]) - first_result + 2
    # A row beside it has a result left.
    rows = [{"prompt": [QUERY], "completion": [ANSWER]}, {"prompt": [GREETING], "completion": [GREETING]}]
    found = build_trainer(rows, max_length=length, truncation_mode=mode).train_dataset[0]
    kept = slice(length) if mode == "keep_start" else slice(-length, None)
    for column in ("input_ids", "labels", "segments"):
        assert found[column] == whole[column][kept]
    assert THINK in found["segments"]


def test_an_unknown_truncation_mode_is_refused():
    with pytest.raises(ValueError, match="truncation"):
        build_trainer(max_length=40, truncation_mode="keep_middle")


def test_packing_without_a_length_is_refused():
    with pytest.raises(ValueError, match="max_length"):
        build_trainer(packing=True, max_length=None)


def test_what_was_prepared_already_stays_as_it_is():
    once = build_trainer(max_length=70).train_dataset
    twice = build_trainer(once, max_length=70).train_dataset
    assert twice.to_list() == once.to_list()


def test_skipped_preparation_trains_on_the_rows_as_they_are():
    prepared = build_trainer().train_dataset
    expected = train()
    skipped = train(prepared, dataset_kwargs={"skip_prepare_dataset": True})
    assert skipped.train_dataset is prepared
    assert torch.equal(parameters(skipped.model), parameters(expected.model))
    assert step_logs(skipped) == step_logs(expected)


def test_a_second_preparation_comes_from_the_cache(tmp_path):
    path = tmp_path / "rows"
    Dataset.from_list(tiny_rows()).save_to_disk(path)

    def prepared_files() -> set[str]:
        build_trainer(load_from_disk(path), max_length=70)
        return {file.name for file in path.glob("cache-*.arrow")}

    first = prepared_files()
    assert len(first) >= 4  # tokens, labels, segments and cut, filter
    assert prepared_files() == first
    # Another tokenizer with the same vocabulary is built anew, and what it remembers is empty.
    build_trainer(load_from_disk(path), tokenizer=build_tiny_tokenizer(), max_length=70)
    assert {file.name for file in path.glob("cache-*.arrow")} == first
    build_trainer(load_from_disk(path), max_length=70, think_end_tag="</thought>")
    assert len({file.name for file in path.glob("cache-*.arrow")}) > len(first)
    shutil.rmtree(path)


GOOD = {"input_ids": [7, 8, 9], "labels": [-100, 8, 9], "segments": [NONE, THINK, RESULT]}


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"segments": [NONE, THINK]}, ["2 `segments`", "3 `input_ids`"]),
        ({"segments": [NONE, THINK, RESULT, RESULT]}, ["4 `segments`", "3 `input_ids`"]),
        ({"labels": [-100, 8]}, ["2 `labels`", "3 `input_ids`"]),
        ({"labels": [-100, 8, 9, 9]}, ["4 `labels`", "3 `input_ids`"]),
        ({"segments": [NONE, 3, RESULT]}, ["[3]", "0 (none), 1 (think) and 2 (result)"]),
        ({"segments": [-1, THINK, RESULT]}, ["[-1]", "0 (none), 1 (think) and 2 (result)"]),
        ({"segments": [THINK, THINK, RESULT]}, ["token 0", "label -100", "segment 1"]),
        ({"segments": [NONE, THINK, NONE]}, ["token 2", "label 9", "segment 0"]),
    ],
)
@pytest.mark.parametrize("kind", ["rows", "stream"])
def test_a_tokenized_row_that_contradicts_itself_is_refused_by_its_number(wrong, named, kind):
    rows = Dataset.from_list([GOOD, GOOD, {**GOOD, **wrong}])
    with pytest.raises(ValueError) as error:
        if kind == "rows":
            build_trainer(rows)
        else:
            trainer = build_trainer(rows.to_iterable_dataset(), max_steps=1)
            list(trainer.train_dataset)
    for part in ["Row 2", *named]:
        assert part in str(error.value)


def test_segments_without_labels_make_the_labels():
    (row,) = build_trainer([{"input_ids": [7, 8, 9], "segments": [NONE, THINK, RESULT]}]).train_dataset
    assert row["labels"] == [-100, 8, 9]


QWEN3_TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "Weather of a city.",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]


def qwen3_tokenizer() -> PreTrainedTokenizerFast:
    tokenizer = build_tiny_tokenizer()
    tokenizer.add_tokens(["<think>", "</think>", "<tool_call>", "</tool_call>"])
    tokenizer.chat_template = files("trl").joinpath("chat_templates/qwen3.jinja").read_text(encoding="utf-8")
    return tokenizer


def qwen3_call(city: str, thought: str) -> dict:
    function = {"name": "get_weather", "arguments": {"city": city}}
    return {
        "role": "assistant",
        "content": "",
        "reasoning_content": thought,
        "tool_calls": [{"type": "function", "function": function}],
    }


def test_qwen3_turns_with_tools_have_thought_and_call():
    tokenizer = qwen3_tokenizer()
    messages = [
        {"role": "user", "content": "Weather in Oslo, then in Rome?"},
        qwen3_call("Oslo", "Oslo comes </think> first."),
        {"role": "tool", "name": "get_weather", "content": "cold"},
        qwen3_call("Rome", "Now Rome."),
        {"role": "tool", "name": "get_weather", "content": "warm"},
        {"role": "assistant", "content": "Cold, then warm.", "reasoning_content": "I know both."},
    ]
    (row,) = build_trainer([{"messages": messages, "tools": QWEN3_TOOLS}], tokenizer=tokenizer).train_dataset

    def call(city: str) -> str:
        arguments = json.dumps({"name": "get_weather", "arguments": {"city": city}})
        return f"\n\n<tool_call>\n{arguments}\n</tool_call><|im_end|>\n"

    assert trained_parts(row, tokenizer) == [
        (THINK, "<think>\nOslo comes </think> first.\n</think>"),
        (RESULT, call("Oslo")),
        (THINK, "<think>\nNow Rome.\n</think>"),
        (RESULT, call("Rome")),
        (THINK, "<think>\nI know both.\n</think>"),
        (RESULT, "\n\nCold, then warm.<|im_end|>\n"),
    ]
    text = tokenizer.decode(row["input_ids"])
    assert "<tools>" in text
    assert "<tool_response>\ncold" in text


def test_the_template_of_one_evaluation_set_is_not_used_for_the_next():
    # Qwen3's own template leaves the thoughts of earlier turns out; that of TRL, for the assistant's turns, does not.
    turns = [QUERY, qwen3_call("Oslo", "First."), QUERY, qwen3_call("Rome", "Then.")]
    rows = Dataset.from_list([{"prompt": turns[:-1], "completion": turns[-1:], "tools": QWEN3_TOOLS}])
    messages = Dataset.from_list([{"messages": turns, "tools": QWEN3_TOOLS}])
    trainer = build_trainer(rows, tokenizer=qwen3_tokenizer())
    before = trainer.evaluate(rows)["eval_loss"]
    assert trainer.evaluate(messages)["eval_loss"] != before
    assert trainer.evaluate(rows)["eval_loss"] == before


def test_qwen3_rows_train():
    messages = [{"role": "user", "content": "Weather in Oslo?"}, qwen3_call("Oslo", "Oslo is a city.")]
    trainer = train([{"messages": messages, "tools": QWEN3_TOOLS}] * 4, tokenizer=qwen3_tokenizer())
    logs = step_logs(trainer)
    assert {"loss/think", "loss/result"} <= logs[0].keys()
    assert logs[1]["loss"] < logs[0]["loss"]


@pytest.mark.parametrize("strategy", ["bfd", "wrapped"])
def test_a_packed_stream_keeps_its_segments(strategy):
    rows = Dataset.from_list(tiny_rows())
    changes = {"max_steps": 1, "packing": True, "packing_strategy": strategy, "max_length": 160}
    prepared = build_trainer(rows.to_iterable_dataset(), **changes).train_dataset
    assert triples(prepared) == triples(build_trainer(rows).train_dataset)
