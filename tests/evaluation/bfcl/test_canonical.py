"""Our rows as BFCL's questions: gold answers pass, equal ones too, others do not."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funreason_trl.calls import Call, render_calls
from funreason_trl.data.rows import assistant_message, message_calls
from funreason_trl.data.sample import sample_rows
from funreason_trl.data.sources import read_rows
from funreason_trl.evaluation.bfcl.canonical import bfcl_question
from funreason_trl.evaluation.bfcl.checker import judge_answer, judge_calls


def tool(name: str, **schemas) -> dict:
    parameters = {"type": "object", "properties": schemas, "required": []}
    return {"type": "function", "function": {"name": name, "description": "", "parameters": parameters}}


def row(calls: list[Call], **schemas) -> dict:
    return {
        "messages": [{"role": "user", "content": "Do it."}, assistant_message("Why.", calls, "" if calls else "No.")],
        "tools": [tool("f", **schemas), tool("g", a={"type": "string"})],
        "id": "0",
        "source": "test",
    }


def judged(gold: dict, given: dict, **schemas) -> bool:
    return judge_calls(bfcl_question(row([Call("f", gold)], **schemas)), [Call("f", given)]).right


@pytest.mark.parametrize(
    ("gold", "given", "right"),
    [
        ({"x": 2}, {"x": 2.0}, True),  # a declared number
        ({"x": 2}, {"x": 3}, False),
        ({"x": 2}, {}, False),
        ({"x": 2}, {"x": 2, "y": 1}, False),  # y is optional, but has no default that it could have
        ({"x": 2}, {"x": 2, "unit": "km"}, True),  # the declared default
        ({"x": 2, "unit": "km"}, {"x": 2}, True),
        ({"x": 2, "unit": "mi"}, {"x": 2}, False),
        ({"x": 2, "unit": "mi"}, {"x": 2, "unit": "MI."}, True),  # strings as BFCL compares them
        ({"x": "2"}, {"x": "2"}, True),  # a gold value of another type than declared
        ({"x": [1, "a"]}, {"x": [1, "a"]}, True),
        ({"x": ["b", 1]}, {"x": ["b", 1]}, True),
        ({"x": ["b", 1]}, {"x": ["b", 2]}, False),
        ({"x": {"k": "V", "l": [1]}}, {"x": {"k": "v", "l": [1]}}, True),
        ({"x": {"k": 1}}, {"x": {"k": 2}}, False),
        ({"x": {"k": 1}}, {"x": {}}, False),
        ({"x": [{"k": "A"}]}, {"x": [{"k": "a"}]}, True),
        ({"x": None}, {"x": None}, True),
        ({"unknown": 1}, {"unknown": 1}, True),
    ],
)
def test_what_counts_as_the_gold_call(gold, given, right):
    schemas = {"x": {"type": "number"}, "y": {"type": "integer"}, "unit": {"type": "string", "default": "km"}}
    assert judged(gold, given, **schemas) is right


def test_several_calls_in_any_order_and_none():
    calls = [Call("f", {"x": 1}), Call("g", {"a": "b"}), Call("f", {"x": "other type"})]
    question = bfcl_question(row(calls, x={"type": "integer"}))
    assert question.category == "parallel_multiple"
    assert judge_calls(question, calls[::-1]).right
    assert not judge_calls(question, calls[:2]).right
    silent = bfcl_question(row([]))
    assert silent.category == "irrelevance"
    assert judge_calls(silent, []).right and not judge_calls(silent, calls).right


def test_a_gold_call_of_a_tool_that_is_not_listed_passes():
    call = Call("unlisted", {"x": 1})
    assert judge_calls(bfcl_question(row([call])), [call]).right


values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-2, 2) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=6,
)
arguments = st.dictionaries(st.sampled_from("xyz"), values, max_size=3)


@settings(max_examples=300, deadline=None)
@given(
    calls=st.lists(st.builds(Call, st.sampled_from(["f", "g", "h"]), arguments), max_size=3),
    defaults=st.dictionaries(st.sampled_from("xyz"), values, max_size=3),
)
def test_every_gold_answer_passes_its_own_check(calls, defaults):
    gold = row(calls, **{name: {"type": "string", "default": value} for name, value in defaults.items()})
    before = copy.deepcopy(gold)
    judgement = judge_calls(bfcl_question(gold), calls)
    assert judgement.right, judgement.detail
    assert gold == before


@pytest.mark.parametrize("split", ["train", "heldout"])
def test_gold_answers_of_the_sample_pass_as_text(split):
    for sample in sample_rows(300, split=split):
        calls = message_calls(sample["messages"][-1])
        text = render_calls(calls) if calls else sample["messages"][-1]["content"]
        assert judge_answer(bfcl_question(sample), text).right, text


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["cot_calls.jsonl", "xlam_style.jsonl"])
def test_gold_answers_of_real_rows_pass(shared_data, name):
    wrong = [
        real["id"]
        for real in read_rows(shared_data / name)
        if not judge_calls(bfcl_question(real), message_calls(real["messages"][-1])).right
    ]
    assert wrong == []
