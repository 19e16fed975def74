"""What a schema from a stranger may hold, and the part of it that is checked."""

from __future__ import annotations

from typing import Any

import pytest

from funreason_trl.calls import Call
from funreason_trl.schemas import MAX_SCHEMA_DEPTH, ToolFormatError, enforced, normalize_schema
from funreason_trl.tools import validate_call


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "int"}
    for _ in range(depth):
        schema = {"type": "List", "items": schema}
    return schema


def test_depth_is_bounded() -> None:
    normal = normalize_schema("f", nested(MAX_SCHEMA_DEPTH), "parameters.p")
    assert normal["items"]["items"]["type"] == "array"
    with pytest.raises(ToolFormatError, match="nest at most"):
        normalize_schema("f", nested(MAX_SCHEMA_DEPTH + 1), "parameters.p")


def test_the_deepest_schema_and_value_are_checked() -> None:
    value: Any = "x"
    for _ in range(MAX_SCHEMA_DEPTH - 1):
        value = [value]
    tool = {"name": "f", "parameters": {"p": nested(MAX_SCHEMA_DEPTH - 1)}}
    problem = validate_call(Call("f", {"p": value}), [tool])[0]
    assert (problem.kind, problem.parameter) == ("wrong_type", "p" + "[0]" * (MAX_SCHEMA_DEPTH - 1))


def test_what_is_enforced() -> None:
    schema = {"type": "string", "pattern": "a", "format": "date", "maxLength": 3, "minLength": "1", "enum": ["a"]}
    assert enforced(schema) == {"type": "string", "maxLength": 3, "enum": ["a"]}
    assert enforced({"oneOf": [schema, {"$ref": "x"}]}) == {"anyOf": [enforced(schema), {}]}
    assert enforced({"items": schema, "properties": {"a": schema, "b": True}}) == {
        "items": enforced(schema),
        "properties": {"a": enforced(schema), "b": True},
    }


HOSTILE_SCHEMAS: list[dict[str, Any]] = [
    {"$ref": "http://127.0.0.1:9/schema.json"},
    {"$ref": "#"},
    {"$dynamicRef": "#x", "$id": "file:///etc/passwd", "$schema": "http://127.0.0.1:9/"},
    {"pattern": "(a+)+$"},
    {"patternProperties": {"(a+)+$": {"type": "integer"}}, "additionalProperties": False},
    {"not": {"pattern": "a"}},
    {"oneOf": [{"pattern": "a"}, {"pattern": "b"}]},
    {"minimum": "1", "multipleOf": 0, "minLength": -1, "enum": "ab", "required": 3, "maximum": 10**400},
    {"minItems": True, "anyOf": [], "required": [1], "dependentRequired": 3, "format": 7},
]


@pytest.mark.parametrize("schema", HOSTILE_SCHEMAS, ids=str)
def test_what_is_not_checked_refuses_nothing(schema: dict[str, Any]) -> None:
    for value in ("a" * 50 + "!", {"a" * 50 + "!": 1}, 7, [1, "x"]):
        assert validate_call(Call("f", {"p": value}), [{"name": "f", "parameters": {"p": schema}}]) == []
