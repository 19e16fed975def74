"""Stage 1: calls pass, words are saved, and what only looks like words is neither."""

from dataclasses import replace

import pytest

from funreason_trl.fcdr.rules.response import check_response
from funreason_trl.fcdr.verdicts import Outcome

from .candidates import CALL, candidate


def test_calls_pass():
    assert check_response(candidate()).outcome is Outcome.PASS


@pytest.mark.parametrize(
    "words",
    [
        "Which city do you mean?",
        "**get_weather**: Missing the required `city` argument.",
        "I could use get_weather() if you told me the city.",
        "None of my functions (get_weather, mail.send) can do that.",
        "Use `x == 1` and [1, 2] in your code.",
    ],
)
def test_words_are_saved(words):
    verdict = check_response(candidate(calls=(), words=words))
    assert (verdict.outcome, verdict.reason) == (Outcome.SAVE, "words")


@pytest.mark.parametrize(
    "words",
    [
        "Sure, here is the call: [get_weather(city='Oslo')] Let me know!",
        "I will call get_weather(city='Oslo') now.",
        "[get_weather(city='Oslo'",
        "[get_weather(",
        "get_weather('Oslo')",
        '<tool_call>{"name": "get_weather", "arguments": {"city"',
        'Here: {"name": "get_weather", "arguments": {"city": "Oslo"}}',
        "I tried:\n[unlisted_tool(city='Oslo')]",
        "get_weather(city='Oslo')",
        "Maybe get_weather() or mail.send()? I choose get_weather(city='Oslo').",
    ],
)
def test_a_hidden_call_is_regenerated(words):
    verdict = check_response(candidate(calls=(), words=words))
    assert (verdict.outcome, verdict.reason) == (Outcome.REGENERATE, "hidden_call")


def test_nothing_at_all_is_regenerated():
    verdict = check_response(candidate(calls=(), words=" "))
    assert (verdict.outcome, verdict.reason) == (Outcome.REGENERATE, "empty_answer")


def test_words_beside_calls_are_a_matter_of_format():
    assert check_response(candidate(calls=(CALL,), words="Here you are.")).outcome is Outcome.PASS


def test_a_conversation_without_an_answer_is_empty():
    row = candidate().row
    one = candidate()
    one.row["messages"] = row["messages"][:1]
    assert check_response(one).reason == "empty_answer"


@pytest.mark.parametrize(("gold", "outcome"), [([CALL], Outcome.REGENERATE), ([], Outcome.SAVE), (None, Outcome.SAVE)])
def test_words_are_not_saved_where_the_source_calls_something(gold, outcome):
    answer = replace(candidate(calls=(), words="Which city do you mean?"), gold=gold)
    assert check_response(answer).outcome is outcome


def test_an_answer_that_was_cut_off_is_regenerated():
    verdict = check_response(replace(candidate(), details={"cut_off": True}))
    assert (verdict.outcome, verdict.reason) == (Outcome.REGENERATE, "cut_off")
