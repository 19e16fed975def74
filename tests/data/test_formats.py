"""Every published format becomes the same canonical rows."""

import json

import pytest

from funreason_trl.calls import Call
from funreason_trl.data.rows import message_calls, to_dataset
from funreason_trl.data.sources import read_rows
from tests.data.published import (
    BFCL_TOOL,
    OPENAI_TOOL,
    OSLO,
    ROME,
    USER,
    XLAM,
    openai,
    read_one,
    sharegpt,
    tool_call,
    write_lines,
)


# What a record's last assistant turn must be: reasoning, calls, words.
READABLE = {
    "xlam, objects": (XLAM, None, [OSLO], ""),
    "xlam, JSON text as xlam-60k writes it": (
        XLAM | {"tools": json.dumps(XLAM["tools"]), "answers": json.dumps(XLAM["answers"])},
        None,
        [OSLO],
        "",
    ),
    "xlam, with reasoning, parallel": (
        XLAM
        | {
            "reasoning": "Two cities.\n",
            "answers": json.dumps([{"name": "get_weather", "arguments": {"city": c}} for c in ("Oslo", "Rome")]),
        },
        "Two cities.",
        [OSLO, ROME],
        "",
    ),
    "xlam, in words": (
        XLAM | {"reasoning": "No tool books.", "answers": "[]", "response": "I can't book."},
        "No tool books.",
        [],
        "I can't book.",
    ),
    "xlam, a tool that is not listed": (
        XLAM | {"answers": [{"name": "other", "arguments": {}}]},
        None,
        [Call("other", {})],
        "",
    ),
    "xlam, python calls": (XLAM | {"answers": "[get_weather(city='Oslo')]"}, None, [OSLO], ""),
    "xlam, no arguments": (XLAM | {"answers": [{"name": "ping"}]}, None, [Call("ping", {})], ""),
    "xlam, no arguments, in text": (XLAM | {"answers": '[{"name": "ping"}]'}, None, [Call("ping", {})], ""),
    "xlam, null arguments": (XLAM | {"answers": [{"name": "ping", "arguments": None}]}, None, [Call("ping", {})], ""),
    "xlam, null arguments, in text": (
        XLAM | {"answers": '{"name": "ping", "arguments": null}'},
        None,
        [Call("ping", {})],
        "",
    ),
    "xlam, every other field None": (XLAM | {"messages": None, "reasoning": None, "response": None}, None, [OSLO], ""),
    "openai, arguments as text": (
        openai({"role": "assistant", "content": None, "tool_calls": [tool_call("get_weather", '{"city": "Oslo"}')]}),
        None,
        [OSLO],
        "",
    ),
    "openai, arguments as an object, words beside the call": (
        openai(
            {
                "role": "assistant",
                "content": "Let me look.",
                "tool_calls": [tool_call("get_weather", {"city": "Oslo"})],
            }
        ),
        None,
        [OSLO],
        "Let me look.",
    ),
    "openai, empty arguments": (
        openai({"role": "assistant", "content": "", "tool_calls": [tool_call("ping", "")]}),
        None,
        [Call("ping", {})],
        "",
    ),
    "openai, reasoning_content": (
        openai({"role": "assistant", "content": "Rain.", "reasoning_content": "Known."}),
        "Known.",
        [],
        "Rain.",
    ),
    "openai, reasoning": (
        openai({"role": "assistant", "content": "Rain.", "reasoning": "Known."}),
        "Known.",
        [],
        "Rain.",
    ),
    "openai, thinking": (
        openai({"role": "assistant", "content": "Rain.", "thinking": "Known."}),
        "Known.",
        [],
        "Rain.",
    ),
    "openai, think tags": (
        openai({"role": "assistant", "content": "<think>It said </think> once.</think>\n\nRain."}),
        "It said </think> once.",
        [],
        "Rain.",
    ),
    "openai, the paper's python form": (
        openai({"role": "assistant", "content": "<think>Oslo.</think>\n\n[get_weather(city='Oslo')]"}),
        "Oslo.",
        [OSLO],
        "",
    ),
    "openai, words that look like a list": (
        openai({"role": "assistant", "content": "[see the note (below)]"}),
        None,
        [],
        "[see the note (below)]",
    ),
    "openai, a tag in a call": (
        openai({"role": "assistant", "content": "[search(q='the <tool_call> tag')]"}),
        None,
        [Call("search", {"q": "the <tool_call> tag"})],
        "",
    ),
    "openai, words that mention the tag": (
        openai({"role": "assistant", "content": "A call stands between <tool_call> and </tool_call>."}),
        None,
        [],
        "A call stands between <tool_call> and </tool_call>.",
    ),
    "openai, words that begin with the tag": (
        openai({"role": "assistant", "content": "<tool_call> opens a call."}),
        None,
        [],
        "<tool_call> opens a call.",
    ),
    "openai, old function_call": (
        openai({"role": "assistant", "content": None, "function_call": {"name": "ping", "arguments": "{}"}}),
        None,
        [Call("ping", {})],
        "",
    ),
    "openai, parts": (
        openai(
            {
                "role": "assistant",
                "content": [
                    {"type": "reasoning", "value": "Two cities."},
                    {"type": "tool_call", "value": '{"name": "get_weather", "arguments": {"city": "Oslo"}}'},
                    {"type": "tool_call", "value": {"name": "get_weather", "arguments": {"city": "Rome"}}},
                ],
            }
        ),
        "Two cities.",
        [OSLO, ROME],
        "",
    ),
    "openai, text parts": (
        openai(
            {"role": "assistant", "content": [{"type": "text", "text": "Rain."}, {"type": "text", "text": "Cold."}]}
        ),
        None,
        [],
        "Rain.\n\nCold.",
    ),
    "openai, no tools": (
        {"messages": [USER, {"role": "assistant", "content": "Rain."}]},
        None,
        [],
        "Rain.",
    ),
    "sharegpt, call": (
        sharegpt(
            ("human", "Weather in Oslo?"), ("function_call", '{"name": "get_weather", "arguments": {"city": "Oslo"}}')
        ),
        None,
        [OSLO],
        "",
    ),
    "sharegpt, parallel calls in turns of their own, words before": (
        sharegpt(
            ("human", "Oslo and Rome?"),
            ("gpt", "<think>Two cities.</think>Let me look."),
            ("function_call", '{"name": "get_weather", "arguments": {"city": "Oslo"}}'),
            ("function_call", "[get_weather(city='Rome')]"),
        ),
        "Two cities.",
        [OSLO, ROME],
        "Let me look.",
    ),
    "sharegpt, reasoning before the call": (
        sharegpt(("human", "Oslo?"), ("function_call", "<think>Oslo.</think>\n[get_weather(city='Oslo')]")),
        "Oslo.",
        [OSLO],
        "",
    ),
    "sharegpt, Hermes blocks": (
        sharegpt(
            ("human", "Oslo?"),
            ("gpt", 'Sure.\n<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\n</tool_call>'),
        ),
        None,
        [OSLO],
        "Sure.",
    ),
    "sharegpt, a Hermes block behind words": (
        sharegpt(("human", "Oslo?"), ("gpt", "Sure. <tool_call>get_weather(city='Oslo')</tool_call>")),
        None,
        [OSLO],
        "Sure.",
    ),
    "sharegpt, ToolACE": (sharegpt(("user", "Oslo?"), ("assistant", '[get_weather(city="Oslo")]')), None, [OSLO], ""),
    "sharegpt, system beside the turns": (
        sharegpt(("human", "Hi"), ("gpt", "Hello."), system="Be brief."),
        None,
        [],
        "Hello.",
    ),
    "bfcl": (
        {
            "question": [[USER]],
            "function": [BFCL_TOOL],
            "ground_truth": [{"get_weather": {"city": ["Oslo", "Oslo, Norway"]}}],
        },
        None,
        [OSLO],
        "",
    ),
    "bfcl, options": (
        {
            "question": [[USER]],
            "function": BFCL_TOOL,
            "ground_truth": [
                {
                    "f": {
                        "optional": ["", "metric"],
                        "left out": [""],
                        "zero": [0],
                        "no": [False],
                        "list": [[1, 2], [2, 1]],
                        "empty": [[]],
                        "object": [{"a": [1, 2], "b": ["", "x"], "c": [""]}],
                        "objects": [[{"a": ["x"]}, {"a": ["y"]}]],
                        "below that, as it is": [{"a": [{"b": [1, 2], "c": ""}], "d": "x"}],
                    }
                },
                {"g": {}},
            ],
        },
        None,
        [
            Call(
                "f",
                {
                    "optional": "metric",
                    "zero": 0,
                    "no": False,
                    "list": [1, 2],
                    "empty": [],
                    "object": {"a": 1, "b": "x"},
                    "objects": [{"a": "x"}, {"a": "y"}],
                    "below that, as it is": {"a": {"b": [1, 2], "c": ""}, "d": "x"},
                },
            ),
            Call("g", {}),
        ],
        "",
    ),
}


@pytest.mark.parametrize(("record", "reasoning", "calls", "words"), READABLE.values(), ids=READABLE.keys())
def test_every_format(tmp_path, record, reasoning, calls, words):
    message = read_one(tmp_path, record)["messages"][-1]
    assert message["role"] == "assistant"
    assert message.get("reasoning_content") == reasoning
    assert message_calls(message) == calls
    assert message["content"] == words


def test_older_openai_rows_have_their_functions(tmp_path):
    call = {"role": "assistant", "content": None, "function_call": {"name": "get_weather", "arguments": "{}"}}
    record = {"messages": [USER, call], "functions": [OPENAI_TOOL["function"]]}
    tools = read_one(tmp_path, openai(call))["tools"]
    assert read_one(tmp_path, record)["tools"] == read_one(tmp_path, record | {"tools": []})["tools"] == tools != []
    for other in (["get_weather"], "get_weather, get_time", {"get_weather": {}}):
        assert read_one(tmp_path, openai(call) | {"functions": other})["tools"] == tools


def test_reasoning_with_tags_of_its_own_has_them_once(tmp_path):
    answer = {"role": "assistant", "content": "Hi.", "reasoning_content": "<think>\nSo.\n</think>"}
    assert read_one(tmp_path, openai(answer))["messages"][-1]["reasoning_content"] == "So."
    two = "<think>a</think> b <think>c</think>"
    assert read_one(tmp_path, XLAM | {"reasoning": two})["messages"][-1]["reasoning_content"] == two
    xlam = read_one(tmp_path, XLAM | {"reasoning": "<think>So.</think>"})
    assert xlam["messages"][-1]["reasoning_content"] == "So."


def test_xlam_row_in_full(tmp_path):
    row = read_one(tmp_path, XLAM | {"id": 12, "reasoning": "Oslo."})
    (tool,) = row.pop("tools")
    assert tool["function"]["parameters"]["properties"]["days"]["type"] == "integer"
    assert row == {
        "messages": [
            {"role": "user", "content": "Weather in Oslo?"},
            {
                "role": "assistant",
                "content": "",
                "reasoning_content": "Oslo.",
                "tool_calls": [
                    {"type": "function", "function": {"name": "get_weather", "arguments": {"city": "Oslo"}}}
                ],
            },
        ],
        "id": "12",
        "source": "train.jsonl",
    }


def test_multi_turn_conversations_agree(tmp_path):
    call = {"name": "get_weather", "arguments": {"city": "Oslo"}}
    by_openai = openai(
        {"role": "assistant", "content": "", "tool_calls": [tool_call(**call)]},
        {"role": "tool", "name": "get_weather", "content": {"sky": "rain"}},
        {"role": "assistant", "content": "Rain."},
        {"role": "user", "content": "Thanks."},
        {"role": "assistant", "content": "Welcome."},
    )
    by_sharegpt = sharegpt(
        ("human", "Weather in Oslo?"),
        ("function_call", json.dumps(call)),
        ("observation", '{"sky": "rain"}'),
        ("gpt", "Rain."),
        ("human", "Thanks."),
        ("gpt", "Welcome."),
    )
    first, second = read_one(tmp_path, by_openai), read_one(tmp_path, by_sharegpt)
    assert first["messages"][2].pop("name") == "get_weather"
    assert first["messages"] == second["messages"]
    roles = ["user", "assistant", "tool", "assistant", "user", "assistant"]
    assert [message["role"] for message in first["messages"]] == roles


def test_messages_may_be_json_text(tmp_path):
    """As Arrow gives them from a column of its JSON type."""
    records = [
        openai(
            {"role": "assistant", "content": "", "tool_calls": [tool_call("get_weather", {"city": "Oslo"})]},
            {"role": "tool", "name": "get_weather", "content": "rain"},
            {"role": "assistant", "content": "Rain."},
        ),
        sharegpt(("human", "Both?"), ("gpt", "Let me look."), ("function_call", "[f()]"), ("function_call", "[g()]")),
        {"question": [[USER]], "function": [BFCL_TOOL], "ground_truth": [{"get_weather": {"city": ["Oslo"]}}]},
    ]
    as_text = [
        record | {key: [json.dumps(message) for message in record[key]]}
        for record, key in zip(records[:2], ("messages", "conversations"), strict=True)
    ]
    as_text.append(records[2] | {"question": [[json.dumps(USER)]]})
    for record, text in zip(records, as_text, strict=True):
        assert read_one(tmp_path, text) == read_one(tmp_path, record)
    bad = as_text[0] | {"messages": [*as_text[0]["messages"], "no JSON"]}
    assert list(read_rows(write_lines(tmp_path / "bad.jsonl", bad), on_error="count")) == []


def test_system_messages(tmp_path):
    developer = {
        "messages": [{"role": "developer", "content": "Be brief."}, USER, {"role": "assistant", "content": "Hi"}]
    }
    for record in (developer, sharegpt(("human", "Hi"), ("gpt", "Hello."), system="Be brief.")):
        assert read_one(tmp_path, record)["messages"][0] == {"role": "system", "content": "Be brief."}


def test_bfcl_without_answers_is_only_a_prompt(tmp_path):
    row = read_one(tmp_path, {"id": "irrelevance_0", "question": [[USER]], "function": [BFCL_TOOL]})
    assert row["messages"] == [USER]
    assert row["tools"][0]["function"]["parameters"]["type"] == "object"


def test_bfcl_takes_its_answers_from_the_file_beside_it(tmp_path):
    (tmp_path / "possible_answer").mkdir()
    truth = [{"get_weather": {"city": ["Oslo"]}}]
    write_lines(tmp_path / "possible_answer" / "simple.json", {"id": "s_1", "ground_truth": truth})
    questions = [{"id": f"s_{i}", "question": [[USER]], "function": [BFCL_TOOL]} for i in range(2)]
    first, second = read_rows(write_lines(tmp_path / "simple.json", *questions))
    assert first["messages"] == [USER]
    assert message_calls(second["messages"][-1]) == [OSLO]


def test_canonical_rows_read_back(tmp_path):
    row = read_one(tmp_path, XLAM | {"id": "a", "reasoning": "Oslo.", "source": "teacher"})
    assert row["source"] == "teacher"
    assert list(read_rows(write_lines(tmp_path / "again.jsonl", row))) == [row]
    to_dataset([row]).to_parquet(tmp_path / "again.parquet")
    assert list(read_rows(tmp_path / "again.parquet")) == [row]
