"""Stage 4: hard evidence against a call, and what is left to the benefit of the doubt."""

import copy

import pytest

from funreason_trl.calls import Call
from funreason_trl.fcdr.rules.function_and_parameter import check_function_and_parameter
from funreason_trl.fcdr.verdicts import Outcome

from .candidates import CALL, MAIL, WEATHER, candidate


def verdict_of(name, arguments, **changes):
    return check_function_and_parameter(candidate(calls=(Call(name, arguments),), **changes))


def test_a_good_call_passes_and_so_do_words():
    assert check_function_and_parameter(candidate()).outcome is Outcome.PASS
    assert check_function_and_parameter(candidate(calls=(), words="Which city?")).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("name", "arguments", "reason"),
    [
        ("weather", {"city": "Trondheim"}, "unknown_function"),
        ("get_weather", {"days": 3}, "missing_parameter"),
        ("get_weather", {"city": "Trondheim", "verbose": True}, "unknown_parameter"),
        ("get_weather", {"city": ["Trondheim"]}, "wrong_type"),
        ("get_weather", {"city": "Trondheim", "days": "three"}, "wrong_type"),
        ("get_weather", {"city": "Trondheim", "days": 2.5}, "wrong_type"),
        ("get_weather", {"city": "Trondheim", "unit": "K"}, "not_in_enum"),
        ("mail.send", {"to": "Trondheim", "tags": '["weather"'}, "wrong_type"),
        ("mail.send", {"to": "Trondheim", "tags": 7}, "wrong_type"),
        ("get_weather", {"city": "Ouagadougou"}, "untraced_value"),
        ("mail.send", {"to": "Trondheim", "amount": 48211}, "untraced_value"),
    ],
)
def test_hard_evidence(name, arguments, reason):
    verdict = verdict_of(name, arguments)
    assert (verdict.outcome, verdict.reason) == (Outcome.REGENERATE, reason)
    assert verdict.evidence and len(verdict.evidence) < 700


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("get_weather", {"city": "Trondheim", "days": "3"}),
        ("get_weather", {"city": "Trondheim", "days": "3.0"}),
        ("get_weather", {"city": "Trondheim", "unit": None}),
        ("mail.send", {"to": "Trondheim", "tags": "weather,three"}),
        ("mail.send", {"to": "Trondheim", "tags": '["weather"]'}),
        ("mail.send", {"to": 3}),
    ],
)
def test_what_speaks_against_the_schema_as_much_passes_with_a_note(name, arguments):
    verdict = verdict_of(name, arguments)
    assert verdict.outcome is Outcome.PASS and verdict.reason == ""
    assert verdict.evidence.startswith("not counted: ")


def test_a_required_parameter_with_a_default_may_be_left_out():
    tool = copy.deepcopy(WEATHER)
    tool["function"]["parameters"]["required"] = ["city", "days"]
    assert verdict_of("get_weather", {"city": "Trondheim"}, tools=(tool,)).outcome is Outcome.PASS
    del tool["function"]["parameters"]["properties"]["days"]["default"]
    assert verdict_of("get_weather", {"city": "Trondheim"}, tools=(tool,)).reason == "missing_parameter"


def test_the_fraction_that_the_user_said_passes_for_an_integer():
    query = "Weather in Trondheim for 2.5 days?"
    assert verdict_of("get_weather", {"city": "Trondheim", "days": 2.5}, query=query).outcome is Outcome.PASS


def test_an_optional_address_that_only_the_thought_gives_has_no_source():
    thought = 'The user wants the weather in Trondheim, sent to anna@example.org: city is "Trondheim".'
    arguments = {"to": "Trondheim", "tags": ["anna@example.org"]}
    assert verdict_of("mail.send", arguments, thought=thought).reason == "untraced_value"
    query = "Send the weather in Trondheim to anna@example.org"
    assert verdict_of("mail.send", arguments, thought=thought, query=query).outcome is Outcome.PASS


def test_gold_calls_are_compared_as_bfcl_does():
    assert verdict_of("get_weather", {"city": "TRONDHEIM", "days": 3}, gold=[CALL]).outcome is Outcome.PASS
    assert verdict_of("get_weather", {"city": "Trondheim", "days": 2}, gold=[CALL]).reason == "differs_from_gold"
    assert verdict_of("mail.send", {"to": "Trondheim"}, gold=[CALL]).reason == "differs_from_gold"
    assert verdict_of("get_weather", {"city": "Trondheim"}, gold=[CALL, CALL]).reason == "differs_from_gold"
    assert verdict_of("get_weather", {"city": "Trondheim"}, gold=[]).reason == "differs_from_gold"
    default = [Call("get_weather", {"city": "Trondheim", "days": 1})]
    assert verdict_of("get_weather", {"city": "Trondheim"}, gold=default).outcome is Outcome.PASS


def test_an_identifier_keeps_its_capitals():
    query = "The weather in QKE091vBmySh"
    gold = [Call("get_weather", {"city": "QKE091vBmySh"})]
    assert verdict_of("get_weather", {"city": "QKE091vBmySh"}, gold=gold, query=query).outcome is Outcome.PASS
    verdict = verdict_of("get_weather", {"city": "QKE091vBMySh"}, gold=gold, query=query)
    assert verdict.reason == "differs_from_gold" and "other capitals" in verdict.evidence


def test_tools_that_can_not_be_read_are_dropped():
    tool = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": 3}}}
    verdict = verdict_of("get_weather", {"city": "Trondheim"}, tools=(tool, MAIL))
    assert (verdict.outcome, verdict.reason) == (Outcome.DROP, "invalid_schema")
