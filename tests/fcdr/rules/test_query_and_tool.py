"""Stage 2: only what is clearly impossible is dropped."""

import copy

import pytest

from funreason_trl.calls import Call
from funreason_trl.fcdr.rules.query_and_tool import check_query_and_tool
from funreason_trl.fcdr.verdicts import Outcome

from .candidates import CALL, MAIL, WEATHER, candidate


def reason(one):
    verdict = check_query_and_tool(one)
    assert (verdict.outcome is Outcome.DROP) == bool(verdict.reason)
    return verdict.reason


def changed(tool, **function):
    tool = copy.deepcopy(tool)
    tool["function"].update(function)
    return tool


def test_a_good_row_passes():
    assert check_query_and_tool(candidate()).outcome is Outcome.PASS


def test_an_unlisted_tool_is_named():
    verdict = check_query_and_tool(candidate(tools=(MAIL,)))
    assert verdict.reason == "unlisted_tool" and "get_weather" in verdict.evidence and "mail.send" in verdict.evidence


def test_the_gold_calls_decide_where_there_are_some():
    assert reason(candidate(calls=(Call("guess", {}),), gold=[CALL])) == ""
    assert reason(candidate(gold=[Call("gone", {})])) == "unlisted_tool"


@pytest.mark.parametrize("query", ["", "  \n"])
def test_an_empty_query_is_dropped(query):
    assert reason(candidate(query=query)) == "empty_query"


@pytest.mark.parametrize(
    "parameters", ["none", ["city"], {"type": 3}, {"type": [""]}, {"type": "object", "properties": {"city": "x"}}]
)
def test_a_schema_that_is_none_is_dropped(parameters):
    assert reason(candidate(tools=(changed(WEATHER, parameters=parameters),))) == "invalid_schema"


def test_two_tools_of_one_called_name_clash_only_if_they_differ():
    other = changed(WEATHER, parameters={"type": "object", "properties": {}})
    assert reason(candidate(tools=(WEATHER, other))) == "clashing_tools"
    assert reason(candidate(tools=(WEATHER, WEATHER))) == ""
    assert reason(candidate(tools=(WEATHER, MAIL, changed(MAIL, parameters={"type": "object"})))) == ""


@pytest.mark.parametrize("value", ["anna@nowhere.example", "https://nowhere.example/a", "XK4417-PQ", "88714093521"])
def test_a_required_literal_without_any_source_is_dropped(value):
    verdict = check_query_and_tool(candidate(calls=(Call("mail.send", {"to": value}),), query="Send her a mail."))
    assert verdict.reason == "no_source"
    assert "to" in verdict.evidence and value in verdict.evidence


@pytest.mark.parametrize(
    ("value", "query"),
    [
        ("anna@example.org", "Mail to Anna@example.org, please."),
        ("anna@example.org", "Her address is anna at example dot org."),
        ("https://github.com/example/thing", "The repository thing of example on GitHub."),
        ("BA1173", "The flight is 1173 of British Airways."),
        ("NYC", "Anything in New York?"),
        ("2025-03-14", "Next Friday."),
        ("1500000000", "Transfer 1.5 billion."),
        ("XK4417-PQ", "It was order xk 4417 pq."),
        ("a@b.example", "Not x@b.example, the other one."),  # stage 4: copied wrongly
    ],
)
def test_a_value_that_may_have_been_derived_is_left_to_a_judge(value, query):
    assert reason(candidate(calls=(Call("mail.send", {"to": value}),), thought="mail.send fits.", query=query)) == ""


@pytest.mark.parametrize("value", ["anna@example.org", "https://example.org/a", "XK4417-PQ"])
def test_a_literal_that_only_the_thought_gives_has_no_source(value):
    call = Call("mail.send", {"to": value})
    thought = f"The user gives {value}, so I call mail.send."
    assert reason(candidate(calls=(call,), query="Send her a mail.", thought=thought)) == "no_source"
    assert reason(candidate(calls=(call,), query=f"Send a mail to {value}.", thought=thought)) == ""


def test_the_reasoning_earlier_turns_and_examples_in_the_tools_are_sources():
    call = Call("mail.send", {"to": "XK4417-PQ"})
    assert (
        reason(candidate(calls=(Call("mail.send", {"to": "48211937"}),), query="Send it.", thought="48211937!")) == ""
    )
    earlier = [{"role": "user", "content": "Note: XK4417-PQ"}, {"role": "assistant", "content": "Noted."}]
    assert reason(candidate(calls=(call,), query="Send it.", thought=None, earlier=earlier)) == ""
    told = changed(MAIL, description="Send to an address such as XK4417-PQ.")
    assert reason(candidate(calls=(call,), query="Send it.", thought=None, tools=(told,))) == ""


def test_an_optional_value_without_a_source_is_no_reason_to_drop():
    call = Call("get_weather", {"city": "Trondheim", "station": "XK4417-PQ"})
    assert reason(candidate(calls=(call,))) == ""
