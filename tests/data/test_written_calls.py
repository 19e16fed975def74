"""Calls that stand in an assistant's words are calls, and words that only look like it stay words."""

import json

import pytest

from funreason_trl.data.rows import RowError, message_calls
from tests.data.published import OPENAI_TOOL, OSLO, openai, read_one


OTHER_SPELLINGS = [
    '[{"name": "get_weather", "arguments": {"city": "Oslo"}}]',
    '{"name": "get_weather", "parameters": {"city": "Oslo"}}',
    '```json\n[{"name": "get_weather", "arguments": {"city": "Oslo"}}]\n```',
    "```python\n[get_weather(city='Oslo')]\n```",
    "get_weather(city='Oslo')",
]


@pytest.mark.parametrize("text", OTHER_SPELLINGS)
def test_calls_of_listed_tools_in_the_content_are_calls_however_they_are_spelled(tmp_path, text):
    row = read_one(tmp_path, openai({"role": "assistant", "content": f"<think>So.</think>\n{text}"}))
    assert message_calls(row["messages"][-1]) == [OSLO]
    other = read_one(tmp_path, openai({"role": "assistant", "content": text.replace("get_weather", "weather_of")}))
    # Without brackets, or as JSON, the calls of a tool that is not listed are what an answer may quote.
    assert message_calls(other["messages"][-1]) == []


ASKED = "[get_weather(city) was asked twice (see above)]"
SCHEMA = json.dumps(OPENAI_TOOL["function"])


@pytest.mark.parametrize(
    "text", ["[1, 2]", '{"city": "Oslo"}', "get_weather(city) knows it.", "```\nls\n```", "[]", ASKED, SCHEMA]
)
def test_what_is_no_call_stays_words(tmp_path, text):
    row = read_one(tmp_path, openai({"role": "assistant", "content": text}))
    assert row["messages"][-1] == {"role": "assistant", "content": text}


def test_a_call_of_a_listed_tool_that_went_wrong_is_no_answer_in_words(tmp_path):
    with pytest.raises(RowError, match=r"messages\[1\].content: not calls .*New York"):
        read_one(tmp_path, openai({"role": "assistant", "content": "[get_weather(city='New York)]"}))
