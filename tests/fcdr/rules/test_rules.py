"""All five rules together: good rows pass, broken data never raises, long text stays fast."""

import signal
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funreason_trl.calls import Call
from funreason_trl.data.rendering import render_python
from funreason_trl.data.rows import RowError, check_row
from funreason_trl.data.sample import sample_rows
from funreason_trl.fcdr.rules import RULES, reasons
from funreason_trl.fcdr.verdicts import Candidate, Outcome, Stage, Verdict

from .candidates import CALL, THOUGHT, WEATHER, candidate


REASONS = {
    Stage.RESPONSE: reasons.ResponseReason,
    Stage.QUERY_AND_TOOL: reasons.QueryAndToolReason,
    Stage.REASONING: reasons.ReasoningReason,
    Stage.FUNCTION_AND_PARAMETER: reasons.FunctionAndParameterReason,
    Stage.FORMAT: reasons.FormatReason,
}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20) | st.sampled_from(["Trondheim", "get_weather", "object", "a@b.cd", "AB1234", "[1", "3"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["type", "properties", "city", "default", "enum", "a.b[0]"]), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
ARGUMENTS = st.dictionaries(st.sampled_from(["city", "days", "a.b", "x[0]", ""]), JSON, max_size=3)
CALLS = st.lists(st.builds(Call, st.sampled_from(["get_weather", "f g", "x'", "a.b"]), ARGUMENTS), max_size=3)
WORDS = st.text(max_size=40) | st.sampled_from(["[get_weather(", "get_weather(city=1)", "</think", "[]", "{}"])


def check_all(one: Candidate) -> list[Verdict]:
    verdicts = [rule(one) for rule in RULES.values()]
    for stage, verdict in zip(RULES, verdicts, strict=True):
        assert verdict.stage is stage and verdict.judge == "rules"
        assert bool(verdict.reason) == (verdict.outcome is not Outcome.PASS)
        assert not verdict.reason or verdict.reason in set(REASONS[stage])
        assert len(verdict.evidence) < 1500
    return verdicts


@contextmanager
def hang_guard(seconds: int):
    def fail(*_):
        raise TimeoutError(f"more than {seconds} s")

    previous = signal.signal(signal.SIGALRM, fail)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


def test_there_is_a_rule_for_each_stage_in_order():
    assert list(RULES) == list(Stage)


@pytest.mark.parametrize("split", ["train", "heldout"])
def test_every_row_of_the_sample_is_kept(split):
    for row in sample_rows(300, seed=7, split=split):
        one = Candidate(row, render_python(row)[-1]["completion"][0]["content"])
        kept = (Outcome.PASS, Outcome.SAVE)
        rejected = [verdict for verdict in check_all(one) if verdict.outcome not in kept]
        assert not rejected, row["id"]
        assert (RULES[Stage.RESPONSE](one).outcome is Outcome.SAVE) == (row["kind"] == "no_call")


@settings(max_examples=150, deadline=None)
@given(CALLS, WORDS, st.none() | WORDS, WORDS, st.lists(JSON, max_size=3), st.none() | CALLS, WORDS)
def test_no_canonical_row_makes_a_rule_raise(calls, words, thought, query, schemas, gold, text):
    named = [{"type": "function", "function": {"name": "get_weather", "parameters": schema}} for schema in schemas]
    one = candidate(calls, thought, words, query, [*named, WEATHER], text, gold)
    try:
        check_row(one.row)
    except RowError:
        return
    check_all(one)


@pytest.mark.parametrize(
    "filler",
    [
        "a",
        "a ",
        "get_weather ",
        "city is ",
        "(",
        "[get_weather(",
        "1,",
        "not call ",
        '"name": "',
        "a@",
        "-",
        "\n",
        "x.1",
    ],
)
def test_long_text_of_any_kind_stays_fast(filler):
    long = filler * (60_000 // len(filler))
    with hang_guard(300):
        check_all(candidate(thought=f"{THOUGHT} {long} {THOUGHT}", query=f"{long} Trondheim"))
        check_all(candidate(calls=(), words=long, thought=long))
        check_all(candidate(calls=(Call("get_weather", {"city": long, "days": 48211}),), thought=long + "."))
        check_all(candidate(text=f"<think>{long}</think>{long}"))


def test_many_values_and_many_tools_stay_fast():
    tools = [{"type": "function", "function": {**WEATHER["function"], "name": f"tool_{i}"}} for i in range(500)]
    calls = [Call(f"tool_{i}", {"city": f"place {i}", "days": i}) for i in range(100)]
    with hang_guard(300):
        check_all(candidate(calls=calls, tools=tools))
        check_all(candidate(calls=(Call(CALL.name, {"city": list(range(10**5))}),), text=""))
