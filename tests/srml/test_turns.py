"""Pins that the assistant's turns, and these alone, are trained where the chat template has no markers for them."""

import copy
import logging

import pytest
from datasets import Dataset

from funreason_trl.srml.preparation import TOKEN_COLUMNS
from funreason_trl.srml.segments import RESULT, THINK
from tests.srml.test_preparation import ANSWER, CALL, END, GREETING, QUERY, THOUGHT, trained_parts
from tests.srml.training import TOKENIZER, build_trainer, step_logs, train


PLAIN_CHATML = (
    "{% for message in messages %}"
    "{% if loop.first and message['role'] != 'system' %}{{ '<|im_start|>system\\nBe brief.<|im_end|>\\n' }}{% endif %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
OPENS_THE_THOUGHT = PLAIN_CHATML.replace("assistant\\n' }}", "assistant\\n<think>' }}")
DROPS_EARLIER_THOUGHTS = PLAIN_CHATML.replace(
    "message['content']", "(message['content'] if loop.last else message['content'].split('</think>')[-1])"
)
NEXT = {"role": "user", "content": "And in Paris?"}
CALL_TURN = [(THINK, THOUGHT), (RESULT, CALL + END + "\n")]
WORDS_TURN = [(RESULT, "I am fine." + END + "\n")]


def tokenizer(template: str | None = PLAIN_CHATML):
    changed = copy.deepcopy(TOKENIZER)
    changed.chat_template = template
    return changed


def prepared(*rows: dict, template: str = PLAIN_CHATML, **changes) -> list[dict]:
    return list(build_trainer(Dataset.from_list(list(rows)), tokenizer=tokenizer(template), **changes).train_dataset)


def tokens_of(rows: list[dict]) -> list[dict]:
    return [{column: row[column] for column in TOKEN_COLUMNS} for row in rows]


def test_every_turn_of_the_assistant_is_trained_and_nothing_else():
    (row,) = prepared({"messages": [QUERY, ANSWER, NEXT, GREETING, NEXT, ANSWER]})
    assert trained_parts(row) == [*CALL_TURN, *WORDS_TURN, *CALL_TURN]


def test_a_dialogue_of_one_turn_is_the_row_of_its_prompt_and_completion():
    dialogue, with_prompt = {"messages": [QUERY, ANSWER]}, {"prompt": [QUERY], "completion": [ANSWER]}
    assert tokens_of(prepared(dialogue)) == tokens_of(prepared(with_prompt))


def test_the_other_columns_stay_as_TRL_keeps_them():
    (row,) = prepared({"messages": [QUERY, ANSWER], "place": 3})
    assert row["place"] == 3 and row["messages"] == [QUERY, ANSWER]


def test_of_a_completion_of_several_turns_only_those_of_the_completion_are_trained():
    (row,) = prepared({"prompt": [QUERY, ANSWER, NEXT], "completion": [ANSWER, NEXT, GREETING]})
    assert trained_parts(row) == [*CALL_TURN, *WORDS_TURN]


@pytest.mark.parametrize("template", [PLAIN_CHATML, TOKENIZER.chat_template], ids=["without markers", "with markers"])
@pytest.mark.parametrize(
    ("prompt", "completion", "parts"),
    [
        ([QUERY], [ANSWER], [*CALL_TURN]),
        ([QUERY, ANSWER, NEXT], [GREETING], [*CALL_TURN, *WORDS_TURN]),
        ([QUERY, ANSWER, NEXT], [ANSWER, NEXT, GREETING], [*CALL_TURN, *CALL_TURN, *WORDS_TURN]),
    ],
)
def test_without_completion_only_loss_the_turns_of_the_prompt_are_trained_too(prompt, completion, parts, template):
    (row,) = prepared({"prompt": prompt, "completion": completion}, template=template, completion_only_loss=False)
    assert [(segment, text.removesuffix("\n")) for segment, text in trained_parts(row)] == [
        (segment, text.removesuffix("\n")) for segment, text in parts
    ]


def test_a_thought_that_the_generation_prompt_opens_is_thinking():
    (row,) = prepared({"messages": [QUERY, ANSWER]}, template=OPENS_THE_THOUGHT)
    assert trained_parts(row) == [(THINK, THOUGHT.removeprefix("<think>")), *CALL_TURN[1:]]


def test_a_stream_and_an_evaluation_set_are_prepared_alike():
    rows = Dataset.from_list([{"messages": [QUERY, ANSWER, NEXT, GREETING]}] * 4)
    trainer = build_trainer(rows.to_iterable_dataset(), tokenizer=tokenizer(), max_steps=1)
    assert list(trainer.train_dataset) == prepared(*rows)
    assert trainer.evaluate(rows)["eval_tokens/think_share"] > 0


def test_it_trains_and_says_once_what_is_trained(caplog):
    with caplog.at_level(logging.WARNING, logger="funreason_trl"):
        trainer = train([{"messages": [QUERY, ANSWER]}] * 16, tokenizer=tokenizer())
    (warning,) = caplog.records
    assert "Training on the assistant's turns only" in warning.getMessage()
    first, last = step_logs(trainer)
    assert last["loss"] < first["loss"]


def test_a_template_that_writes_a_turn_otherwise_later_is_refused():
    prepared({"messages": [QUERY, ANSWER]}, template=DROPS_EARLIER_THOUGHTS)
    with pytest.raises(
        ValueError, match="Row 0, turn 1: the chat template writes the turn otherwise when others follow"
    ):
        prepared({"messages": [QUERY, ANSWER, NEXT, ANSWER]}, template=DROPS_EARLIER_THOUGHTS)


@pytest.mark.parametrize(
    ("messages", "trouble"),
    [
        ([QUERY, NEXT], r"Row 1 has no turn of the assistant \(roles: user\).*`funreason_trl.data.sources.load_rows`"),
        ([ANSWER, QUERY, ANSWER], "Row 1 begins with"),
    ],
)
def test_a_row_without_an_answer_is_refused(messages, trouble):
    with pytest.raises(ValueError, match=trouble):
        prepared({"messages": [QUERY, ANSWER]}, {"messages": messages})


def test_markers_that_leave_the_end_token_out_are_said(caplog):
    template = PLAIN_CHATML.replace(
        "message['content']", "'' }}{% generation %}{{ message['content'] }}{% endgeneration %}{{ ''"
    )
    with caplog.at_level(logging.WARNING, logger="funreason_trl"):
        prepared({"messages": [QUERY, ANSWER]}, template=template)
    assert "leave out the token that ends the assistant's turn" in caplog.records[-1].getMessage()


@pytest.mark.parametrize(
    ("change", "template", "reason"),
    [
        (lambda rows: rows, None, "chat_template"),
        (lambda rows: rows.with_transform(lambda batch: batch), PLAIN_CHATML, "with_transform"),
    ],
)
def test_what_trl_refuses_is_refused_with_its_reason(change, template, reason):
    rows = change(Dataset.from_list([{"messages": [QUERY, ANSWER]}]))
    with pytest.raises(ValueError, match=reason):
        build_trainer(rows, tokenizer=tokenizer(template))
