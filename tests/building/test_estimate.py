"""What a run would ask is what it does ask, when models do as the estimate supposes."""

import pytest

from funreason_trl.building.build import candidate_of
from funreason_trl.building.estimate import estimate, estimate_table
from funreason_trl.building.options import BuildArguments
from funreason_trl.data.sample import sample_rows
from funreason_trl.fcdr.judge_prompts import judge_messages
from funreason_trl.fcdr.models import Price, Usage
from funreason_trl.fcdr.rules import RULES
from funreason_trl.fcdr.verdicts import Outcome, Stage


ROWS = [row for row in sample_rows(40) if row["messages"][-1].get("tool_calls")][:12]
URL = "http://127.0.0.1:9/v1"


def words(text):
    return len(text.split())


def without_reasoning(row):
    messages = [dict(message) for message in row["messages"]]
    messages[-1].pop("reasoning_content", None)
    return {**row, "messages": messages}


def counted(rows, **more):
    arguments = BuildArguments(source="sample", output="out", base_url=URL, **more)
    found = estimate([candidate_of(row) for row in rows], arguments, words)
    return found.expected, found.most


def test_rules_alone_ask_nothing():
    assert counted(ROWS) == ({}, {})


def test_a_judge_is_asked_with_the_real_prompts():
    expected, most = counted(ROWS, judge="endpoint", judge_models=["qwen"], stage_judges=["reasoning=rules"])
    candidates = [candidate_of(row) for row in ROWS]
    assert {stage for stage, _ in expected} == {"response", "query_and_tool", "function_and_parameter"}
    prompts = [judge_messages(Stage.RESPONSE, candidate) for candidate in candidates]
    tokens = sum(words(message["content"]) + 5 for messages in prompts for message in messages)
    assert expected["response", "qwen"] == Usage(12, tokens, 1200)
    assert most["response", "qwen"] == Usage(12, tokens, 12 * 1024)


def test_rows_that_the_rules_drop_cost_nothing_more():
    unlisted = {**ROWS[0], "tools": [{**ROWS[0]["tools"][0], "function": {"name": "other", "parameters": {}}}]}
    assert RULES[Stage.QUERY_AND_TOOL](candidate_of(unlisted)).outcome is Outcome.DROP
    expected, _ = counted([unlisted], judge="endpoint", judge_models=["qwen"])
    assert [step for step, _ in expected] == ["response"]


def test_a_teacher_answers_once_or_as_often_as_it_may():
    more = {"teacher": "big", "samples": 2, "temperature": 0.5, "max_new_tokens": 300}
    expected, most = counted([without_reasoning(row) for row in ROWS], **more)
    assert expected["teacher", "big"].requests == 24
    assert expected["teacher", "big"].new_tokens == pytest.approx(
        24 * 360, rel=0.05
    )  # 351 of thinking, as the paper's
    assert most["teacher", "big"].requests == 4 * 24
    assert most["teacher", "big"].new_tokens == 4 * 24 * 300
    judged, _ = counted(ROWS, judge="ensemble", judge_models=["a", "b"], **more)
    assert judged.keys() & {("teacher", "big")} == set()  # the rows have reasoning that passes
    assert judged["reasoning", "a"] == judged["reasoning", "b"]


def test_reasoning_is_taken_to_be_as_long_as_that_of_the_other_rows():
    thoughts = [words(row["messages"][-1]["reasoning_content"]) for row in ROWS[1:]]
    expected, _ = counted([without_reasoning(ROWS[0]), *ROWS[1:]], teacher="big")
    assert expected["teacher", "big"].requests == 1
    assert expected["teacher", "big"].new_tokens == pytest.approx(sum(thoughts) / len(thoughts), abs=30)


def test_the_table_scales_sums_and_prices_what_is_at_an_endpoint():
    needs = {("response", "qwen@http://a/v1"): Usage(10, 40_000, 1_000), ("teacher", "./here"): Usage(5, 1_000, 500)}
    table = estimate_table(needs, 100, Price(1.0, 2.0), is_priced=lambda model: "@" in model)
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    assert cells[2:] == [
        ["response", "qwen", "1 k", "4 M", "100 k", "4.20"],
        ["teacher", "./here", "500", "100 k", "50 k", ""],
        ["all", "", "1.5 k", "4.1 M", "150 k", "4.20"],
    ]
