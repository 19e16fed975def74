"""The canonical row: messages, where reasoning ends, what is refused, and numbers that survive storage."""

import copy
import json
import pickle

import datasets
import pytest

from funreason_trl.calls import Call
from funreason_trl.data.rows import (
    ROW_FEATURES,
    RowError,
    assistant_message,
    check_row,
    message_calls,
    split_reasoning,
    to_dataset,
)
from funreason_trl.tools.normalize import brief


WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def make_row(*messages: dict, **changes) -> dict:
    messages = messages or (assistant_message("The user asks for Oslo.", [Call("get_weather", {"city": "Oslo"})], ""),)
    row = {"messages": [{"role": "user", "content": "Weather in Oslo?"}, *messages], "tools": [WEATHER]}
    return row | {"id": "7", "source": "train.jsonl"} | changes


def test_assistant_message_leaves_out_what_is_not_there():
    assert assistant_message(None, [], " Hello. ") == {"role": "assistant", "content": "Hello."}
    assert assistant_message("  \n", [], "Hello.") == {"role": "assistant", "content": "Hello."}
    assert assistant_message(" Why. ", [Call("f", {"a": 1})], "") == {
        "role": "assistant",
        "content": "",
        "reasoning_content": "Why.",
        "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": {"a": 1}}}],
    }


def test_message_calls_reads_back_what_assistant_message_wrote():
    calls = [Call("f", {"a": [1, None]}), Call("g.h", {})]
    assert message_calls(assistant_message("Why.", calls, "")) == calls
    assert message_calls({"role": "user", "content": "Hi"}) == []


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("<think>why</think>\n\n[f()]", "why", "[f()]"),
        ("<think>\nwhy\n</think>[f()]", "why", "[f()]"),
        ("just words", None, "just words"),
        ("<think>never closed [f()]", "never closed [f()]", ""),
        ("<think>", None, ""),
        ("<think>\n\n</think>\n\nwords", None, "words"),
        ("the template opened it</think>[f()]", "the template opened it", "[f()]"),
        ("<think>it wrote </think> once</think>[f()]", "it wrote </think> once", "[f()]"),
        ("<think>a <think>b</think> c</think>[f()]", "a <think>b</think> c", "[f()]"),
        ("words that name <think> only", None, "words that name <think> only"),
        ("  <think>why</think>", "why", ""),
        ("", None, ""),
        ("<think>天気は。</think>\n\n[f(a='Ósló😀')]", "天気は。", "[f(a='Ósló😀')]"),
    ],
)
def test_split_reasoning(text, reasoning, answer):
    assert split_reasoning(text) == (reasoning, answer)


def test_split_reasoning_with_other_tags():
    assert split_reasoning("[THINK]why[/THINK]words", "[THINK]", "[/THINK]") == ("why", "words")


@pytest.mark.parametrize(
    "row",
    [
        make_row(),
        make_row(assistant_message(None, [], "It rains.")),
        make_row(assistant_message(None, [], "The tag <think> opens a thought.")),
        make_row(assistant_message("Why.", [Call("not_listed", {})], "")),
        make_row(
            assistant_message("Why.", [Call("get_weather", {"city": "Oslo"})], "Let me look."),
            {"role": "tool", "name": "get_weather", "content": '{"sky": "rain"}'},
            assistant_message("It rains.", [], "Rain."),
        ),
        make_row(messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]),
        make_row(tools=[]),
    ],
)
def test_check_row_takes_canonical_rows_and_leaves_them_alone(row):
    before = copy.deepcopy(row)
    check_row(row)
    assert row == before


def nested(depth: int) -> list:
    value: list = []
    for _ in range(depth):
        value = [value]
    return value


def call_with(value) -> dict:
    return assistant_message(None, [Call("f", {"a": value})], "")


@pytest.mark.parametrize(
    ("row", "field", "problem"),
    [
        (make_row(id=None), "id", "None"),
        (make_row(source=" "), "source", "not blank"),
        (make_row(id="\ud800"), "id", "surrogate"),
        (make_row(source="\ud800.jsonl"), "source", "surrogate"),
        (make_row(tools=None), "tools", "None"),
        (make_row(tools='[{"name": "f"}]'), "tools", "expected a list"),
        (make_row(tools=[{"name": "f"}]), "tools[0]", "not an OpenAI tool"),
        (make_row(tools=[WEATHER, {"type": "function", "function": {}}]), "tools[1].function.name", "None"),
        (make_row(messages="Hi"), "messages", "'Hi'"),
        (make_row(messages=[]), "messages", "no user message"),
        (make_row(messages=[{"role": "system", "content": "Be brief."}]), "messages", "no user message"),
        (make_row(messages=[assistant_message(None, [], "Hi!")]), "messages[0]", "before anything was asked"),
        (make_row("hello"), "messages[1]", "'hello'"),
        (make_row({"role": "robot", "content": "Hi"}), "messages[1]", "robot"),
        (make_row({"role": "user", "content": [{"type": "text"}]}), "messages[1].content", "expected a string"),
        (make_row({"role": "user", "content": ""}), "messages[1].content", "not blank"),
        (make_row({"role": "assistant", "content": None}), "messages[1].content", "None"),
        (make_row({"role": "assistant", "content": " "}), "messages[1]", "neither calls nor words"),
        (make_row({"role": "assistant", "content": "a</think>b"}), "messages[1].content", "end the thought"),
        (make_row({"role": "assistant", "content": " <think>a"}), "messages[1].content", "begin a thought"),
        (
            make_row({"role": "assistant", "content": "Hi", "reasoning_content": None}),
            "messages[1].reasoning_content",
            "None",
        ),
        (make_row({"role": "assistant", "content": "Hi", "tool_calls": {}}), "messages[1].tool_calls", "a list"),
        (make_row({"role": "assistant", "content": "", "tool_calls": [{}]}), "messages[1].tool_calls[0]", "{}"),
        (
            make_row({"role": "assistant", "content": "", "tool_calls": [{"function": {"arguments": {}}}]}),
            "messages[1].tool_calls[0].function.name",
            "None",
        ),
        (
            make_row(
                {
                    "role": "assistant",
                    "content": "",
                    "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": "{}"}}],
                }
            ),
            "messages[1].tool_calls[0]",
            "not a call",
        ),
        (make_row(call_with(float("nan"))), "messages[1]", "not JSON"),
        (make_row(call_with({1, 2})), "messages[1]", "not JSON"),
        (make_row(call_with("\ud83d")), "messages[1]", "surrogate"),
        (make_row(call_with(2**64)), "messages[1]", "64 bits"),
        (make_row(call_with([{"b": -(2**63) - 1}])), "messages[1]", "64 bits"),
        (make_row(call_with(nested(100_000))), "messages[1]", "too deeply"),
    ],
    ids=lambda value: None if isinstance(value, dict) else value,
)
def test_check_row_names_the_field(row, field, problem):
    with pytest.raises(RowError) as error:
        check_row(row)
    assert error.value.field == field
    assert problem in error.value.problem
    assert error.value.mend
    assert len(str(error.value)) < 500


@pytest.mark.parametrize(
    "value", [10**5000, {1: "a", "b": 2}, {"a": 10**5000}, "x" * 10**6, [[[[[[]]]]]] * 1000], ids=type
)
def test_a_value_of_any_kind_and_size_is_shown_in_a_message(value):
    assert 0 < len(brief(value)) <= 160


def test_row_error_survives_a_data_loader_worker():
    error = RowError("answers", "expected a list, got 3", "write a list", "train.jsonl:17")
    copied = pickle.loads(pickle.dumps(error))
    assert str(copied) == str(error) == "train.jsonl:17: answers: expected a list, got 3; write a list"


# ------------------------------------------------------------------------------------------------------------ datasets


AWKWARD = {
    "small": 1e-12,
    "coordinate": -1.9502,
    "unit": 0.23124242025305375,
    "constant": 8.854e-12,
    "whole": 1.0,
    "biggest": 2**64 - 1,
    "smallest": -(2**63),
    "nothing": None,
    "truth": True,
    "number as text": "5",
    "JSON as text": "[1]",
    "text": 'é\u2028😀\x00</x>"',
    "mixed": [{"a": 1}, "b", [None, {}], {}],
}


def test_datasets_own_json_is_not_exact():
    """Why `ExactJson` exists; when this fails, it can go."""
    features = datasets.Features({"value": datasets.Json()})
    stored = datasets.Dataset.from_list([{"value": AWKWARD}], features=features)[0]["value"]
    assert stored["small"] == 0.0
    assert stored["coordinate"] != -1.9502


def test_dataset_gives_back_exactly_what_went_in():
    rows = [make_row(call_with(AWKWARD), id=str(i)) for i in range(4)] + [make_row(id="4")]
    dataset = to_dataset(row for row in rows)
    assert dataset.features == ROW_FEATURES
    assert list(dataset) == rows
    assert dataset[1] == rows[1]
    assert dataset[:2]["messages"] == [row["messages"] for row in rows[:2]]
    assert sorted(dataset.shuffle(seed=0)["id"]) == ["0", "1", "2", "3", "4"]
    assert list(dataset.filter(lambda row: row["id"] == "2")) == [rows[2]]
    assert list(dataset.train_test_split(test_size=2, shuffle=False)["test"]) == rows[3:]
    assert list(dataset.to_iterable_dataset()) == rows


def test_dataset_goes_to_worker_processes():
    dataset = to_dataset(make_row(call_with(AWKWARD), id=str(i)) for i in range(2))
    assert list(pickle.loads(pickle.dumps(dataset))) == list(dataset)


def test_dataset_of_nothing():
    assert len(to_dataset([])) == 0


def test_to_dataset_leaves_other_columns_behind():
    assert to_dataset([make_row(kind="parallel")]).column_names == list(ROW_FEATURES)


def test_to_dataset_names_the_bad_row():
    with pytest.raises(RowError, match=r"^row 1: id: expected a string"):
        to_dataset([make_row(), make_row(id=None)])


def test_rows_are_plain_json():
    row = make_row(call_with(AWKWARD))
    assert json.loads(json.dumps(row)) == row
