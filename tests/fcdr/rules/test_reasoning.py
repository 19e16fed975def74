"""Stage 3: the thought has to be there, whole, about this query, and to lead to this answer."""

import pytest

from funreason_trl.calls import Call
from funreason_trl.fcdr.rules import RULES
from funreason_trl.fcdr.rules.reasoning import check_reasoning
from funreason_trl.fcdr.verdicts import Outcome

from .candidates import CALL, THOUGHT, candidate


def reason(**changes):
    verdict = check_reasoning(candidate(**changes))
    assert (verdict.outcome is Outcome.DROP) == bool(verdict.reason)
    return verdict.reason


def test_a_good_thought_passes():
    assert reason() == ""


@pytest.mark.parametrize("thought", [None, "", "  \n "])
def test_a_missing_thought(thought):
    assert reason(thought=thought) == "missing"


def test_a_thought_that_is_never_closed():
    assert reason(text=f"<think>{THOUGHT}\n\n[get_weather(city='Trondheim')]") == "not_closed"


@pytest.mark.parametrize("end", [" and then", " I need the", ",", " (", " get_wea", " get_", ' city is "'])
def test_a_thought_that_stops_in_the_middle(end):
    assert reason(thought=THOUGHT + end) == "cut_off"


def test_an_open_fence_is_cut_off():
    assert reason(thought=THOUGHT + "\n```json\n{}.") == "cut_off"


@pytest.mark.parametrize(
    "end", ["!", "\n- city: Trondheim", "\nget_weather(city='Trondheim')", "\n3. days = 3", " 好的"]
)
def test_a_thought_may_end_in_other_ways(end):
    assert reason(thought=THOUGHT + end) == ""


@pytest.mark.parametrize(
    "aside",
    [
        "Wait, the original output already has this call.",
        "My job is to refine the think field.",
        "The reference answer does the same.",
        "According to the ground truth, this is right.",
    ],
)
def test_a_thought_that_was_shown_the_answer(aside):
    verdict = check_reasoning(candidate(thought=f"{THOUGHT} {aside}"))
    assert verdict.reason == "other_answer"
    assert "shown" in verdict.evidence


def test_what_the_user_or_an_earlier_turn_brought_up_may_be_spoken_of():
    query = "What is the weather in Trondheim over the next three days? My ground truth was rain."
    assert reason(query=query, thought=f"{THOUGHT} The ground truth does not matter.") == ""
    earlier = [{"role": "user", "content": "Weather in Trondheim?"}, {"role": "assistant", "content": "Sunny."}]
    assert reason(earlier=earlier, thought=f"{THOUGHT} The original answer was too short.") == ""


def test_the_thought_of_another_dialogue_whatever_the_punctuation():
    thought = 'Somebody wants to pay a bill by card. pay_bill fits: bill is "4711-A". So I call pay_bill once.'
    query = "What\u2019s the weather like in Trondheim over the next three days \u2013 sunny?"
    assert reason(query=query, thought=thought) == "other_dialogue"


def test_a_terse_thought_is_not_one_of_another_dialogue():
    assert reason(thought="Use get_weather.") == ""


def test_the_thought_of_another_dialogue():
    thought = 'Somebody wants to pay a bill by card. pay_bill fits: bill is "4711-A". So I call pay_bill once.'
    assert reason(thought=thought) == "other_dialogue"


def test_a_thought_in_other_words_but_with_the_value_passes():
    assert reason(thought='A forecast is asked for. get_weather does it: city is "Trondheim", days is 3.') == ""


def test_a_thought_in_another_language_than_the_query_passes():
    query = "特隆赫姆未来三天的天气怎么样"
    assert reason(query=query, thought="The forecast for Trondheim, three days: get_weather.") == ""


@pytest.mark.parametrize(
    "thought",
    [
        "用户想知道特隆赫姆未来三天的天气。需要天气工具。",  # the function is described, not named
        "用户想知道特隆赫姆未来三天的天气。所以调用 get_weather",  # no full stop
        '用户想知道天气。get_weather。city: "特隆赫姆"。days 是 3。',  # the call has the name in English
    ],
)
def test_a_query_and_thought_in_chinese_pass_all_rules(thought):
    one = candidate(query="特隆赫姆未来三天的天气怎么样", thought=thought)
    assert [rule(one).outcome for rule in RULES.values()] == [Outcome.PASS] * 5


@pytest.mark.parametrize(
    "thought",
    [
        "The weather in Trondheim over the next three days: the tool fits.",
        "The weather in Trondheim over the next three days is a matter of mail.",
    ],
)
def test_no_called_function_is_named(thought):
    assert reason(thought=thought) == "unnamed_function"


@pytest.mark.parametrize("name", ["get_weather", "`Get Weather`", "getWeather", "a tool to get the weather"])
def test_a_function_is_named_in_many_ways(name):
    assert reason(thought=f"The forecast for Trondheim, the next three days, needs {name}.") == ""


@pytest.mark.parametrize(
    "end",
    [
        "So I call nothing.",
        "So I must not call get_weather.",
        "So I call mail.send once.",
        "Therefore I should use the mail.send function.",
        "No tool fits, so I call no function.",
    ],
)
def test_a_conclusion_against_the_call(end):
    thought = THOUGHT.removesuffix("So I call get_weather once.") + end
    assert reason(thought=thought) == "contradicts_function"


@pytest.mark.parametrize(
    "end",
    [
        "There is no need to call mail.send.",
        "I call get_weather and do not use mail.send.",
        "Instead of calling mail.send, the forecast tool is right.",
        "No other tools are needed.",
        "I should call get_weather, not mail.send.",
    ],
)
def test_a_conclusion_that_only_rules_others_out_passes(end):
    assert reason(thought=f"{THOUGHT} {end}") == ""


def test_a_decision_to_call_before_an_answer_in_words():
    words = "Which city?"
    assert reason(calls=(), words=words) == "contradicts_function"
    asks = "The weather over the next three days, but where is not said. I ask, so that I can call get_weather."
    assert reason(calls=(), words=words, thought=asks) == ""


def test_another_value_in_the_thought():
    verdict = check_reasoning(candidate(calls=(Call("get_weather", {"city": "Bergen", "days": 3}),)))
    assert verdict.reason == "contradicts_value"
    assert "city" in verdict.evidence and "Bergen" in verdict.evidence and "trondheim" in verdict.evidence
    assert reason(calls=(Call("get_weather", {"city": "Trondheim", "days": 17}),)) == "contradicts_value"


@pytest.mark.parametrize("value", ["trondheim", "Trondheim, Norway", "TRONDHEIM"])
def test_another_spelling_of_the_value_passes(value):
    assert reason(calls=(Call("get_weather", {"city": value, "days": 3}),)) == ""


def test_the_conclusion_decides_where_a_thought_changes_its_mind():
    doubt = "Perhaps days is 2. " + "But the user asks for the weather in Trondheim over the next three days. " * 8
    thought = doubt + "Therefore get_weather should have days as 3."
    assert reason(thought=thought, calls=(Call("get_weather", {"city": "Trondheim", "days": 3}),)) == ""
    assert (
        reason(thought=thought, calls=(Call("get_weather", {"city": "Trondheim", "days": 2}),)) == "contradicts_value"
    )


def test_a_default_that_the_thought_recalls_is_no_contradiction():
    thought = (
        "The weather in Trondheim, with get_weather; days is 1 by default, but the next three days are asked for."
    )
    assert reason(thought=thought, calls=(Call("get_weather", {"city": "Trondheim", "days": 3}),)) == ""


def test_another_list_in_the_thought():
    thought = (
        'The weather in Trondheim over the next three days, by mail.send: to is "Trondheim", tags is ["sun", "sea"].'
    )
    assert reason(thought=thought, calls=(Call("mail.send", {"to": "Trondheim", "tags": ["sun"]}),)) == ""
    assert (
        reason(thought=thought, calls=(Call("mail.send", {"to": "Trondheim", "tags": ["snow", "ice"]}),))
        == "contradicts_value"
    )


def test_several_calls_share_a_parameter():
    thought = 'Weather in Trondheim and in Bergen: get_weather twice. city is "Trondheim", then city is "Bergen".'
    calls = (CALL, Call("get_weather", {"city": "Bergen"}))
    assert reason(thought=thought, calls=calls, query="What is the weather in Trondheim and Bergen?") == ""
