"""Small records in the published formats, for the tests of readers: one query, one tool, as each format writes them."""

import json
from pathlib import Path

from funreason_trl.calls import Call
from funreason_trl.data.rows import check_row
from funreason_trl.data.sources import read_rows


XLAM_TOOL = {
    "name": "get_weather",
    "description": "Weather of a city.",
    "parameters": {"city": {"type": "str", "description": "Name."}, "days": {"type": "int, optional", "default": 1}},
}
OPENAI_TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
BFCL_TOOL = {
    "name": "get_weather",
    "description": "Weather of a city.",
    "parameters": {"type": "dict", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
OSLO, ROME = Call("get_weather", {"city": "Oslo"}), Call("get_weather", {"city": "Rome"})
XLAM = {
    "query": "Weather in Oslo?",
    "tools": [XLAM_TOOL],
    "answers": [{"name": "get_weather", "arguments": {"city": "Oslo"}}],
}
USER = {"role": "user", "content": "Weather in Oslo?"}


def write_lines(path: Path, *records) -> Path:
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def read_one(tmp_path: Path, record: dict) -> dict:
    (row,) = read_rows(write_lines(tmp_path / "train.jsonl", record))
    check_row(row)
    return row


def openai(*messages: dict, tools=(OPENAI_TOOL,)) -> dict:
    return {"messages": [USER, *messages], "tools": list(tools)}


def sharegpt(*turns: tuple[str, str], **keys) -> dict:
    return {
        "conversations": [{"from": name, "value": value} for name, value in turns],
        "tools": json.dumps([OPENAI_TOOL["function"]]),
    } | keys


def tool_call(name: str, arguments) -> dict:
    return {"type": "function", "id": "call_1", "function": {"name": name, "arguments": arguments}}
