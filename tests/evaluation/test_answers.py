"""Pins which answers count as parsed and as right, against a row's own calls."""

from dataclasses import replace

import pytest

from funreason_trl.calls import Call
from funreason_trl.data.rendering import render_python
from funreason_trl.data.rows import assistant_message
from funreason_trl.data.sample import sample_rows
from funreason_trl.evaluation.answers import Score, score_answer


PARAMETERS = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "days": {"type": "integer", "default": 1},
        "hourly": {"type": "boolean", "default": False},
        "places": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["city"],
}
TOOLS = [
    {"type": "function", "function": {"name": "get_weather", "description": "", "parameters": PARAMETERS}},
    {"type": "function", "function": {"name": "get_time", "description": "", "parameters": {"type": "object"}}},
]
RIGHT, WRONG, UNPARSED = Score(True, True), Score(True, False), Score(False, False)
IN_WORDS, NOT_IN_WORDS = Score(True, True, needs_calls=False), Score(False, False, needs_calls=False)


def row_with(calls: list[Call], content: str = "") -> dict:
    messages = [{"role": "user", "content": "q"}, assistant_message("r", calls, content)]
    return {"messages": messages, "tools": TOOLS, "id": "0", "source": "test"}


OSLO = row_with([Call("get_weather", {"city": "Oslo"})])
TWO_DAYS = row_with([Call("get_weather", {"city": "Oslo", "days": 2})])
ONE_DAY = row_with([Call("get_weather", {"city": "Oslo", "days": 1})])
OSLO_AND_ROME = row_with([Call("get_weather", {"city": "Oslo"}), Call("get_weather", {"city": "Rome"})])
OSLO_TWICE = row_with([Call("get_weather", {"city": "Oslo"}), Call("get_weather", {"city": "Oslo"})])
WITH_PLACES = row_with([Call("get_weather", {"city": "Oslo", "places": [{"indoor": True}]})])
NO_CALL = row_with([], "Which city do you mean?")


@pytest.mark.parametrize(
    ("row", "answer", "score"),
    [
        pytest.param(OSLO, "[get_weather(city='Oslo')]", RIGHT, id="right"),
        pytest.param(OSLO, "<think>Oslo.</think>\n\n[get_weather(city='Oslo')]", RIGHT, id="right after thinking"),
        pytest.param(OSLO, "```python\n[get_weather(city='Oslo')]\n```", UNPARSED, id="fenced with a language"),
        pytest.param(OSLO, '{"name": "get_weather", "arguments": {"city": "Oslo"}}', UNPARSED, id="JSON"),
        pytest.param(TWO_DAYS, "[get_weather(days=2, city='Oslo')]", RIGHT, id="arguments in another order"),
        pytest.param(TWO_DAYS, "[get_weather(days=2.0, city='Oslo')]", WRONG, id="a float for an integer"),
        pytest.param(
            OSLO_AND_ROME, "[get_weather(city='Rome'), get_weather(city='Oslo')]", RIGHT, id="calls in another order"
        ),
        pytest.param(OSLO, "[get_weather(city='Rome')]", WRONG, id="wrong value"),
        pytest.param(OSLO, "[get_weather(city='oslo.')]", RIGHT, id="another spelling"),
        pytest.param(TWO_DAYS, "[get_weather(city='Oslo', days='2')]", WRONG, id="string for a number"),
        pytest.param(OSLO, "[get_time(city='Oslo')]", WRONG, id="wrong function"),
        pytest.param(OSLO, "[get_forecast(city='Oslo')]", WRONG, id="function that does not exist"),
        pytest.param(OSLO, "[get_weather()]", WRONG, id="missing argument"),
        pytest.param(OSLO, "[get_weather(city='Oslo', unit='C')]", WRONG, id="extra argument"),
        pytest.param(OSLO, "[get_weather(city='Oslo'), get_time()]", WRONG, id="extra call"),
        pytest.param(OSLO, "[get_weather(city='Oslo'), get_weather(city='Oslo')]", WRONG, id="the call twice"),
        pytest.param(OSLO_AND_ROME, "[get_weather(city='Rome')]", WRONG, id="missing call"),
        pytest.param(OSLO_TWICE, "[get_weather(city='Oslo')]", WRONG, id="one of two equal calls"),
        pytest.param(OSLO, "[get_weather(city='Oslo', days=1)]", RIGHT, id="default given"),
        pytest.param(ONE_DAY, "[get_weather(city='Oslo')]", RIGHT, id="default left out"),
        pytest.param(TWO_DAYS, "[get_weather(city='Oslo')]", WRONG, id="value that is no default left out"),
        pytest.param(OSLO, "[get_weather(city='Oslo', days=True)]", WRONG, id="True for a default of 1"),
        pytest.param(OSLO, "[get_weather(city='Oslo', hourly=0)]", WRONG, id="0 for a default of False"),
        pytest.param(WITH_PLACES, "[get_weather(city='Oslo', places=[{'indoor': True}])]", RIGHT, id="nested"),
        pytest.param(
            WITH_PLACES,
            "[get_weather(city='Oslo', places=[{'indoor': 1}])]",
            RIGHT,
            id="nested 1 for True, which are equal in Python",
        ),
        pytest.param(WITH_PLACES, "[get_weather(city='Oslo', places=[])]", WRONG, id="nested list cut short"),
        pytest.param(OSLO, "[]", UNPARSED, id="no calls at all"),
        pytest.param(OSLO, "", UNPARSED, id="nothing"),
        pytest.param(OSLO, "I can't.", UNPARSED, id="words in place of calls"),
        pytest.param(OSLO, "Sure: [get_weather(city='Oslo')]", UNPARSED, id="prose before the calls"),
        pytest.param(OSLO, "[get_weather(city='Oslo')] Done.", UNPARSED, id="prose after the calls"),
        pytest.param(OSLO, "[get_weather(city='Oslo'", UNPARSED, id="cut off"),
        pytest.param(OSLO, "<think>[get_weather(city='Oslo')]", UNPARSED, id="unfinished thinking"),
        pytest.param(NO_CALL, "Where?", IN_WORDS, id="no call: words"),
        pytest.param(NO_CALL, "<think>No city.</think>\n\nWhere?", IN_WORDS, id="no call: words after thinking"),
        pytest.param(NO_CALL, "[get_weather(city='Oslo')]", NOT_IN_WORDS, id="no call: a call"),
        pytest.param(NO_CALL, "  \n", NOT_IN_WORDS, id="no call: nothing"),
        pytest.param(NO_CALL, "<think>I wonder", NOT_IN_WORDS, id="no call: unfinished thinking"),
        pytest.param(NO_CALL, "<think>I wonder</think>", NOT_IN_WORDS, id="no call: only thinking"),
    ],
)
def test_score(row, answer, score):
    found = score_answer(answer, row)
    assert replace(found, mistake="") == score
    assert bool(found.mistake) is not found.right


def test_a_call_of_an_unlisted_function_with_the_expected_name_is_right():
    assert score_answer("[other(a=1)]", row_with([Call("other", {"a": 1})])) == RIGHT


@pytest.mark.parametrize("split", ["train", "heldout"])
def test_every_row_of_the_sample_passes_by_its_own_answer(split):
    for row in sample_rows(200, split=split):
        (example,) = render_python(row)
        expected = RIGHT if "tool_calls" in row["messages"][-1] else IN_WORDS
        assert score_answer(example["completion"][0]["content"], row) == expected, row["id"]


def test_no_row_of_the_sample_passes_by_the_answer_of_another_query():
    rows = [row for row in sample_rows(60, split="heldout") if "tool_calls" in row["messages"][-1]]
    answers = [render_python(row)[0]["completion"][0]["content"] for row in rows]
    assert len(rows) > 30
    for row, answer in zip(rows, answers[1:] + answers[:1], strict=True):
        assert not score_answer(answer, row).right, row["id"]
