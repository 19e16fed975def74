"""Pins what is looked at before training: what the trainer takes as TRL's does, what it refuses, and what it warns of."""

import copy
import logging
from dataclasses import dataclass
from importlib.resources import files

import pytest
import torch
from datasets import Dataset, IterableDataset
from transformers import TrainerCallback, TrainingArguments
from trl import SFTConfig
from trl.chat_template_utils import qwen3_chat_template

from funreason_trl.calls import Call
from funreason_trl.data.rows import assistant_message
from funreason_trl.srml import SRMLConfig, SRMLTrainer, checks
from funreason_trl.srml.segments import RESULT, THINK
from funreason_trl.srml.trainer import segments_of_predictions
from tests.srml.test_preparation import ANSWER, CALL, END, QUERY, THOUGHT, trained_parts
from tests.srml.training import DEFAULTS, TOKENIZER, build_trainer, config, parameters, train
from tests.tiny import build_tiny_model, build_tiny_tokenizer, tiny_rows


PREPARED = {"dataset_kwargs": {"skip_prepare_dataset": True}}


def warnings_of(caplog) -> list[str]:
    return [
        record.getMessage().removeprefix("[RANK 0] ")
        for record in caplog.records
        if record.name.startswith("funreason_trl")
    ]


# What `SFTTrainer` takes


@pytest.mark.parametrize("plain", [SFTConfig, TrainingArguments])
def test_a_plain_configuration_trains_as_one_of_ours_with_the_same_fields(plain, tmp_path):
    fields = {name: value for name, value in DEFAULTS.items() if name != "max_length" or plain is SFTConfig}
    del fields["activation_checkpointing"]
    if plain is TrainingArguments:
        fields["gradient_checkpointing"] = False
    arguments = plain(tmp_path, **fields, max_steps=1, hub_token="secret", metric_for_best_model="loss/result")
    rows = Dataset.from_list(tiny_rows(4))
    trainer = SRMLTrainer(build_tiny_model(len(TOKENIZER)), arguments, None, rows, None, TOKENIZER)
    trainer.train()
    assert isinstance(trainer.args, SRMLConfig)
    assert trainer.args.hub_token == arguments.hub_token == "secret"
    assert trainer.args.greater_is_better is False  # a smaller loss is better, which a plain one does not know
    assert torch.equal(parameters(trainer.model), parameters(train(tiny_rows(4), max_steps=1).model))


def test_positional_arguments_are_those_of_sft_in_its_order():
    class Mark(TrainerCallback):
        pass

    rows, model = Dataset.from_list(tiny_rows(2)), build_tiny_model(len(TOKENIZER))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.25)
    arguments = (None, rows, None, TOKENIZER, None, None, [Mark()], (optimizer, None))
    trainer = SRMLTrainer(model, config(), *arguments)
    assert any(isinstance(callback, Mark) for callback in trainer.callback_handler.callbacks)
    assert trainer.optimizer is optimizer


def test_the_segments_go_where_the_log_probabilities_are():
    segments = segments_of_predictions(torch.tensor([[0, 1, 2]]), torch.empty(1, 2, device="meta"))
    assert segments.device.type == "meta" and segments.shape == (1, 2)


def test_an_evaluation_set_without_rows_is_refused_by_name():
    trainer = build_trainer()
    for empty in (Dataset.from_list([]), Dataset.from_list(tiny_rows(2)).select([])):
        with pytest.raises(ValueError, match=r"eval.* dataset has no rows"):
            trainer.evaluate(empty)


# Rows that were prepared before


def transformed() -> Dataset:
    prepared = build_trainer(tiny_rows(4)).train_dataset
    rows = prepared.to_list()
    indices = Dataset.from_dict({"row": list(range(len(rows)))})
    return indices.with_transform(
        lambda batch: {
            column: [rows[index][column] for index in batch["row"]] for column in ("input_ids", "labels", "segments")
        }
    )


def test_rows_that_a_transform_makes_train_as_they_are():
    trainer = train(transformed(), **PREPARED, remove_unused_columns=False)
    assert torch.equal(parameters(trainer.model), parameters(train(tiny_rows(4)).model))


@pytest.mark.parametrize("balance", ["fixed", "token"])
def test_a_prepared_row_that_trains_a_token_of_no_segment_is_refused(balance):
    rows = [{"input_ids": [7, 8, 9], "labels": [7, 8, 9], "segments": [0, THINK, RESULT]}]
    with pytest.raises(ValueError, match="Row 0, token 0: label 7 with segment 0"):
        build_trainer(rows, balance=balance, **PREPARED)
    with pytest.raises(ValueError, match="Row 0, token 0: label 7 with segment 0"):
        build_trainer(Dataset.from_list(rows).with_format("torch"), balance=balance, **PREPARED)


ARROW_ROWS = {
    "text": {"prompt": "Weather?\n", "completion": "<think>So.</think>[f()]"},
    "messages": {"messages": [QUERY, ANSWER]},
    "tokens": {"input_ids": [7, 8, 9], "segments": [0, THINK, RESULT]},
}


@pytest.mark.parametrize("format", ["numpy", "torch"])
@pytest.mark.parametrize("kind", ARROW_ROWS)
def test_the_format_in_which_rows_are_read_makes_no_difference(kind, format):
    rows = Dataset.from_list([ARROW_ROWS[kind]] * 4)
    expected = list(build_trainer(rows).train_dataset)
    assert list(build_trainer(rows.with_format(format)).train_dataset) == expected
    streamed = build_trainer(rows.to_iterable_dataset().with_format(format), max_steps=1).train_dataset
    assert [row["segments"] for row in streamed] == [row["segments"] for row in expected]


def test_a_configuration_of_the_users_own_class_is_taken(tmp_path):
    @dataclass
    class Own(SFTConfig):
        extra: int = 3

    assert SRMLConfig.of(Own(tmp_path, bf16=False, learning_rate=0.5)).learning_rate == 0.5


@pytest.mark.parametrize("segments", [None, [0.0, 1.0, 2.0], [0, True, 2]])
def test_segments_that_are_no_whole_numbers_are_refused(segments):
    tokens = {"input_ids": [7, 8, 9], "segments": segments}
    with pytest.raises(ValueError, match=r"Row 0 has `segments` .*; give a list of whole numbers"):
        checks.check_row(tokens, 0, has_labels=False)


# Which turns are trained


def test_a_later_row_of_several_turns_has_its_own_trained_alone():
    one = {"prompt": [QUERY], "completion": [ANSWER]}
    several = {"prompt": [QUERY], "completion": [ANSWER, {"role": "user", "content": "cold"}, ANSWER]}
    rows = Dataset.from_list([several, one, one, several, one])
    # Those that were selected count, in their order; the first row of the table is not among them.
    prepared = build_trainer(rows.select([1, 2, 3])).train_dataset
    assert trained_parts(prepared[2]) == [(THINK, THOUGHT), (RESULT, CALL + END)] * 2
    assert build_trainer(rows.select([1, 2])).args.assistant_only_loss is False


def test_text_rows_are_trained_with_a_warning_that_says_what_becomes_of_the_prompt(caplog):
    with caplog.at_level(logging.WARNING, logger="funreason_trl"):
        (row,) = build_trainer(
            [{"text": f"First think between <think> and </think>.\nWeather?\n{THOUGHT}{CALL}"}]
        ).train_dataset
    warning = warnings_of(caplog)[0]
    assert "or as thinking from the first '<think>' on" in warning
    thinking = f"<think> and </think>.\nWeather?\n{THOUGHT}"
    assert trained_parts(row) == [(RESULT, "First think between "), (THINK, thinking), (RESULT, CALL + END)]


def test_a_prompt_of_text_that_is_trained_too_is_told(caplog):
    with caplog.at_level(logging.WARNING, logger="funreason_trl"):
        build_trainer([thinking_row(2)] * 2, completion_only_loss=False)
    assert "so the prompt is trained too" in warnings_of(caplog)[0]


# What is lost


CALLING = assistant_message("So.", [Call("f", {"a": 1})], "")
TRAINED_WITHOUT_CALLS = {
    "tokens": {"input_ids": [7, 8, 9], "labels": [7, 8, 9], "messages": [QUERY, CALLING]},
    "a completion": {"prompt": [QUERY], "completion": [ANSWER], "messages": [QUERY, CALLING]},
    "text": {"prompt": "Weather?\n", "completion": "<think>So.</think>[f()]", "messages": [QUERY, CALLING]},
    "calls in the prompt": {"prompt": [QUERY, CALLING, QUERY], "completion": [ANSWER]},
}


@pytest.mark.parametrize("row", TRAINED_WITHOUT_CALLS.values(), ids=TRAINED_WITHOUT_CALLS)
def test_calls_that_nobody_trains_may_be_left_out(row):
    assert len(build_trainer([row] * 2).train_dataset) == 2


@pytest.mark.parametrize("shape", ["messages", "completion"])
@pytest.mark.parametrize("stream", [False, True])
def test_calls_that_the_chat_template_leaves_out_are_refused_with_what_keeps_them(shape, stream):
    row = {"messages": [QUERY, CALLING]} if shape == "messages" else {"prompt": [QUERY], "completion": [CALLING]}
    rows = Dataset.from_list([row] * 2)
    rows = rows.to_iterable_dataset() if stream else rows
    with pytest.raises(ValueError, match=r"leaves out `tool_calls`, so that no call would be learned.*render_dataset"):
        build_trainer(rows, max_steps=1)
    knows = copy.deepcopy(TOKENIZER)
    knows.chat_template = qwen3_chat_template
    assert build_trainer(rows, tokenizer=knows, max_steps=1).train_dataset is not None


def thinking_row(words: int) -> dict:
    thought = "so " * words
    return {"prompt": "Weather?\n", "completion": f"<think>{thought}</think>[f()]"}


CUT = [thinking_row(2), thinking_row(60), thinking_row(3), thinking_row(70)]


@pytest.mark.parametrize("packing", [False, True])
def test_rows_whose_call_is_cut_off_are_counted(packing, caplog):
    with caplog.at_level(logging.WARNING, logger="funreason_trl"):
        build_trainer(CUT, max_length=48, packing=packing)
    (warning,) = warnings_of(caplog)
    assert warning.startswith("2 of 4 rows of `train_dataset` have thinking but no result token")
    assert "`max_length` (48) cuts off the end of 2 of them" in warning


@pytest.mark.parametrize("changes", [{}, {"max_length": 400}, {"max_length": 400, "packing": True}])
def test_rows_that_keep_their_calls_are_trained_without_a_word(changes, caplog):
    with caplog.at_level(logging.WARNING, logger="funreason_trl"):
        build_trainer(CUT, **changes)
    assert warnings_of(caplog) == []


def test_pieces_of_a_row_are_not_taken_for_rows_that_were_cut(caplog):
    with caplog.at_level(logging.WARNING, logger="funreason_trl"):
        build_trainer(CUT, max_length=48, packing=True, packing_strategy="bfd_split")
    assert warnings_of(caplog) == []


def test_thoughts_that_are_not_closed_are_counted(caplog):
    unclosed = {"prompt": "Weather?\n", "completion": "<think>Oslo is a city"}
    with caplog.at_level(logging.WARNING, logger="funreason_trl"):
        build_trainer([*CUT, unclosed])
    (warning,) = warnings_of(caplog)
    assert warning.startswith("1 of 5 rows") and "'</think>' (`think_end_tag`) does not close it" in warning


def test_a_stream_whose_first_rows_have_no_result_trains_with_a_warning(monkeypatch, caplog):
    monkeypatch.setattr(checks, "STREAM_ROWS_SEARCHED", 3)
    unclosed = {"prompt": "Weather?\n", "completion": "<think>Oslo is a city"}
    rows = [*[unclosed] * 3, thinking_row(2)]
    with caplog.at_level(logging.WARNING, logger="funreason_trl"):
        build_trainer(IterableDataset.from_generator(lambda: iter(rows)), max_steps=1)
    (warning,) = warnings_of(caplog)
    assert warning.startswith("None of the first 3 rows of `train_dataset` has a result token")
    with pytest.raises(ValueError, match=r"^No row of `train_dataset` has a result token"):
        build_trainer(Dataset.from_list(rows[:2]).to_iterable_dataset(), max_steps=1)


@pytest.mark.parametrize("stream", [False, True])
def test_reasoning_that_the_chat_template_leaves_out_is_told_with_what_keeps_it(stream, caplog):
    tokenizer = build_tiny_tokenizer()
    tokenizer.chat_template = files("trl").joinpath("chat_templates/qwen2_5.jinja").read_text(encoding="utf-8")
    answer = {"role": "assistant", "content": "[f()]", "reasoning_content": "So."}
    rows = Dataset.from_list([{"messages": [QUERY, answer]}] * 2)
    with caplog.at_level(logging.WARNING, logger="funreason_trl"):
        build_trainer(rows.to_iterable_dataset() if stream else rows, tokenizer=tokenizer, max_steps=1)
    warning = warnings_of(caplog)[-1]
    assert "although its messages hold `reasoning_content`" in warning
    assert "`funreason_trl.data.rendering.render_dataset`" in warning
