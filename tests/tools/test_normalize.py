"""Tools of every form become OpenAI tools."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funreason_trl.tools import ToolFormatError, normalize_tool, normalize_tools
from funreason_trl.tools.normalize import MAX_SCHEMA_DEPTH, normalize_schema
from tests.tools.examples import (
    CITY,
    EMPTY,
    JSON_VALUES,
    ONE_CITY,
    TEXT,
    TOOLS,
    nested,
    openai,
    plain,
    read_rows,
    root,
)


FORMS: dict[str, tuple[Any, dict[str, Any]]] = {
    "no parameters": ({"name": "f", "description": "Does f."}, EMPTY),
    "empty parameters": (plain({}), EMPTY),
    "null parameters": (plain(None), EMPTY),
    "only a type": (plain({"type": "object"}), EMPTY),
    "null properties": (plain({"type": "dict", "properties": None, "required": None}), EMPTY),
    "xLAM": (plain({"city": {"type": "str", "description": "A city."}}), ONE_CITY),
    "BFCL": (plain({"type": "dict", "properties": {"city": CITY}, "required": ["city"]}), ONE_CITY),
    "schema without type": (plain({"properties": {"city": CITY}, "required": ["city"]}), ONE_CITY),
    "OpenAI": (ONE_CITY, ONE_CITY),
    "plain with a type": (plain({"city": CITY}, type="function"), ONE_CITY),
    "wrapper without type": ({"function": plain({"city": CITY})}, ONE_CITY),
    "required beside parameters": (
        openai({"type": "dict", "properties": {"city": CITY}}, required=["city"]),
        ONE_CITY,
    ),
    "required beside function": (
        {**openai({"type": "dict", "properties": {"city": CITY}}), "required": ["city"]},
        ONE_CITY,
    ),
    "required wins over null beside": (
        openai({"type": "dict", "properties": {"city": CITY}, "required": ["city"]}, required=None),
        ONE_CITY,
    ),
    "required flags": (plain({"type": "object", "properties": {"city": {**CITY, "required": True}}}), ONE_CITY),
    "xLAM flag": (
        plain({"a": {"type": "int", "required": False}, "b": {"type": "int, optional", "required": True}}),
        openai(root({"a": {"type": "integer"}, "b": {"type": "integer"}}, ["b"])),
    ),
    "schema requires nothing by itself": (
        plain({"type": "object", "properties": {"city": CITY}}),
        openai(root({"city": CITY}, [])),
    ),
    "parameters named type and properties": (
        plain({"type": {"type": "str"}, "properties": {"type": "List[str], optional"}, "required": {"type": "bool"}}),
        openai(
            root(
                {
                    "type": {"type": "string"},
                    "properties": {"type": "array", "items": {"type": "string"}},
                    "required": {"type": "boolean"},
                },
                ["type", "required"],
            )
        ),
    ),
    "nothing is lost": (
        {
            "name": "f",
            "response": {"type": "dict"},
            "strict": True,
            "parameters": {
                "type": "dict",
                "description": "All of it.",
                "additionalProperties": False,
                "properties": {"n": {"type": "float", "default": "", "minimum": 1, "enum": [1, 2.5], "x-unit": "km"}},
            },
        },
        openai(
            root(
                {"n": {"type": "number", "default": "", "minimum": 1, "enum": [1, 2.5], "x-unit": "km"}},
                [],
                description="All of it.",
                additionalProperties=False,
            ),
            description="",
            response={"type": "dict"},
            strict=True,
        ),
    ),
    "nested": (
        plain(
            {
                "type": "dict",
                "properties": {
                    "filter": {
                        "type": "dict",
                        "properties": {
                            "day": {"type": "String", "format": "date", "required": True},
                            "range": {"type": "tuple", "items": [{"type": "float"}, {"type": "any"}]},
                        },
                    },
                    "rows": {
                        "type": "ArrayList",
                        "items": {"type": "HashMap", "additionalProperties": {"type": "long"}},
                    },
                },
                "required": ["rows"],
            }
        ),
        openai(
            root(
                {
                    "filter": {
                        "type": "object",
                        "properties": {
                            "day": {"type": "string", "format": "date"},
                            "range": {"type": "array", "prefixItems": [{"type": "number"}, {}]},
                        },
                        "required": ["day"],
                    },
                    "rows": {
                        "type": "array",
                        "items": {"type": "object", "additionalProperties": {"type": "integer"}},
                    },
                },
                ["rows"],
            )
        ),
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_each_form_becomes_an_openai_tool(form: str) -> None:
    given_tool, expected = FORMS[form]
    before = copy.deepcopy(given_tool)
    normal = normalize_tool(given_tool)
    assert normal == expected
    assert normalize_tool(normal) == normal
    assert given_tool == before


@pytest.mark.parametrize(
    ("parameter", "required"),
    [
        ({"type": "str"}, True),
        ({}, True),
        ({"type": "str", "default": ""}, True),
        ({"type": "float", "default": ""}, True),
        ({"type": "str, optional"}, False),
        ({"type": "str, optional", "default": ""}, False),
        ({"type": "Optional[str]"}, False),
        ({"type": ["string", "null"]}, False),
        ({"type": "str", "default": "en"}, False),
        ({"type": "int", "default": 0}, False),
        ({"type": "bool", "default": False}, False),
        ({"type": "str", "default": None}, False),
        ({"type": "int, default 5"}, False),
    ],
)
def test_which_xlam_parameters_are_required(parameter: dict[str, Any], required: bool) -> None:
    normal = normalize_tool(plain({"p": parameter}))
    assert normal["function"]["parameters"]["required"] == (["p"] if required else [])


def test_a_whole_tools_field() -> None:
    tools = [plain({"city": CITY}), ONE_CITY]
    for written in (tools, tuple(tools), json.dumps(tools)):
        assert normalize_tools(written) == [ONE_CITY, ONE_CITY]
    assert normalize_tools(json.dumps(tools[0])) == normalize_tools(tools[0]) == [ONE_CITY]
    assert normalize_tools([]) == normalize_tools("[]") == normalize_tools(None) == normalize_tools("null") == []


DEEP: Any = {"type": "string"}
for _ in range(200):
    DEEP = {"type": "array", "items": DEEP}


@pytest.mark.parametrize(
    ("tool", "words"),
    [
        ("get_time", ["tool", "get_time", "give a dict"]),
        ({}, ["name", "None"]),
        ({"name": ""}, ["name", "''"]),
        ({"function": "f"}, ["function", "'f'", "give a dict"]),
        (plain({}, description=[1]), ["'f'", "description", "[1]", "string"]),
        (plain("city"), ["'f'", "parameters", "'city'", "JSON Schema"]),
        (plain({"city": "str"}), ["'f'", "parameters.city", "'str'", "{'type': 'str'}"]),
        (plain({"city": {"type": 7}}), ["'f'", "parameters.city.type", "7", "list of names"]),
        (plain({"city": {"type": [["str"]]}}), ["parameters.city.type", "list of names"]),
        (plain({"type": "string"}), ["parameters.type", "'string'", "'object'"]),
        (plain({"type": "dict", "properties": ["city"]}), ["parameters", "['city']"]),
        (plain({"type": "dict", "properties": {"a": {"items": "str"}}}), ["parameters.a.items", "'str'"]),
        (plain({"type": "dict", "properties": {"a": {"anyOf": {}}}}), ["parameters.a.anyOf", "list"]),
        (plain({"type": "dict", "properties": {}, "required": "a"}), ["required", "'a'", "list"]),
        (plain({"type": "dict", "properties": {}, "required": [1]}), ["required", "[1]", "list"]),
        (plain({"a": DEEP}), ["parameters.a.items", "nest at most"]),
        (plain({"a": {"default": float("nan")}}), ["JSON"]),
        (plain({"a": {"default": {1, 2}}}), ["JSON"]),
    ],
)
def test_a_bad_tool_is_named_with_field_value_and_mend(tool: Any, words: list[str]) -> None:
    with pytest.raises(ToolFormatError) as caught:
        normalize_tool(tool)
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize("tools", ["", "[", "[" * 100_000, "3", 3, "[3]", '"f"', "[" + "9" * 5000 + "]"])
def test_a_bad_tools_field_is_refused(tools: Any) -> None:
    with pytest.raises(ToolFormatError):
        normalize_tools(tools)


def test_depth_is_bounded() -> None:
    normal = normalize_schema("f", nested(MAX_SCHEMA_DEPTH), ("parameters", "p"))
    assert normal["items"]["items"]["type"] == "array"
    with pytest.raises(ToolFormatError, match="nest at most"):
        normalize_schema("f", nested(MAX_SCHEMA_DEPTH + 1), ("parameters", "p"))


@given(TOOLS)
def test_normalising_again_changes_nothing(tool: dict[str, Any]) -> None:
    normal = normalize_tool(tool)
    assert normalize_tool(normal) == normal


@given(st.dictionaries(st.sampled_from(["name", "function", "parameters", "type", "required"]) | TEXT, JSON_VALUES))
def test_any_dict_is_normalised_or_refused(tool: dict[str, Any]) -> None:
    try:
        normal = normalize_tool(tool)
    except ToolFormatError:
        return
    assert normalize_tool(normal) == normal


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["cot_calls", "xlam_style", "reasoning_dialogues"])
def test_all_real_tools_are_normalised(shared_data: Path, name: str) -> None:
    for row in read_rows(shared_data / f"{name}.jsonl"):
        tools = normalize_tools(row["tools"])
        assert normalize_tools(tools) == tools
