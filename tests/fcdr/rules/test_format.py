"""Stage 5: one thought, one list, nothing around."""

import pytest

from funreason_trl.calls import Call
from funreason_trl.fcdr.rules.format import check_format
from funreason_trl.fcdr.verdicts import Outcome

from .candidates import CALL, THOUGHT, candidate


LIST = "[get_weather(city='Trondheim', days=3)]"
JSON = '[{"name": "get_weather", "arguments": {"city": "Trondheim", "days": 3}}]'


def verdict_of(text, **changes):
    return check_format(candidate(text=text, **changes))


@pytest.mark.parametrize(
    "text",
    [
        f"<think>{THOUGHT}</think>\n\n{LIST}",
        f"<think>\n{THOUGHT}\n</think>{LIST}\n",
        f'<think>{THOUGHT}</think>\n[get_weather(days=3, city="Trondheim")]',
    ],
)
def test_right_forms(text):
    assert verdict_of(text).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (LIST, "no_think"),
        (f"{THOUGHT}</think>\n\n{LIST}", "no_think"),
        (f"Well. <think>{THOUGHT}</think>\n\n{LIST}", "no_think"),
        (f"<think>{THOUGHT}\n\n{LIST}", "no_think"),
        (f"<think>{THOUGHT}</think><think>{THOUGHT}</think>{LIST}", "stray_tag"),
        (f"<think>{THOUGHT}</think>\n\n{LIST}</think>", "stray_tag"),
        (f"<think>{THOUGHT}</think>\n\n```\n{LIST}\n```", "fenced"),
        (f"<think>{THOUGHT}</think>\n\n```python\n{LIST}\n```", "fenced"),
        (f"<think>{THOUGHT}</think>\n\n{LIST[1:-1]}", "no_list"),
        (f"<think>{THOUGHT}</think>\n\n{JSON}", "no_list"),
        (f"<think>{THOUGHT}</think>\n\nHere: {LIST}", "no_list"),
        (f"<think>{THOUGHT}</think>\n\n{LIST} Done.", "no_list"),
        (f"<think>{THOUGHT}</think>\n\n{LIST[:-1]}", "no_list"),
        (f"<think>{THOUGHT}</think>\n\n<tool_call>{LIST}</tool_call>", "no_list"),
        (f"<think>{THOUGHT}</think>\n\n{LIST}\n{LIST}", "unparsable"),
        (f"<think>{THOUGHT}</think>\n\n{LIST[:-2]}]", "unparsable"),
        (f"<think>{THOUGHT}</think>\n\n[get_weather('Trondheim', 3)]", "unparsable"),
        (f"<think>{THOUGHT}</think>\n\n[get_weather(city='Trondheim', days=3.0)]", "other_calls"),
        (f"<think>{THOUGHT}</think>\n\n[get_weather(city='Bergen', days=3)]", "other_calls"),
        ("", "no_think"),
    ],
)
def test_wrong_forms_are_regenerated(text, reason):
    verdict = verdict_of(text)
    assert (verdict.outcome, verdict.reason) == (Outcome.REGENERATE, reason)


def test_without_reasoning_there_are_no_tags():
    assert verdict_of(LIST, thought=None).outcome is Outcome.PASS


def test_names_that_only_our_reader_knows_pass():
    calls = (Call("Get Weather-2", {"from": "Oslo", "odd name": 1}),)
    assert check_format(candidate(calls=calls)).outcome is Outcome.PASS


def test_a_name_that_can_not_be_written_is_dropped():
    verdict = verdict_of("anything", calls=(Call("Today's weather", {}),))
    assert (verdict.outcome, verdict.reason) == (Outcome.DROP, "no_python_form")
    assert "Today" in verdict.evidence


def test_what_bfcl_reads_otherwise_is_regenerated():
    calls = (Call("get_weather", {"city": True}),)
    text = f"<think>{THOUGHT}</think>\n\n[get_weather(city=true)]"
    assert verdict_of(text, calls=calls).reason == "other_calls"


def test_words_stay_words():
    words = "Which city do you mean?"
    assert check_format(candidate(calls=(), words=words)).outcome is Outcome.PASS
    assert verdict_of(f"<think>{THOUGHT}</think>\n\n{LIST}", calls=(), words=words).reason == "not_words"
    assert verdict_of(f"<think>{THOUGHT}</think>\n\n", calls=(), words=words).reason == "not_words"


def test_a_value_may_hold_an_escaped_tag():
    calls = (Call(CALL.name, {"city": "</think>"}),)
    text = f"<think>{THOUGHT}</think>\n\n[get_weather(city='\\x3c/think>')]"
    assert verdict_of(text, calls=calls).outcome is Outcome.PASS
