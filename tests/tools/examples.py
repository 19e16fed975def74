"""Tools that several test files use, and strategies for tools and values of any kind."""

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st


def plain(parameters: Any, **fields: Any) -> dict[str, Any]:
    return {"name": "f", "description": "Does f.", "parameters": parameters, **fields}


def openai(parameters: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"type": "function", "function": plain(parameters, **fields)}


def root(properties: dict[str, Any], required: list[str], **fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, **fields, "required": required}


CITY = {"type": "string", "description": "A city."}
EMPTY = openai(root({}, []))
ONE_CITY = openai(root({"city": CITY}, ["city"]))

TEXT = st.text(max_size=10)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
TYPE_WORDS = st.sampled_from(
    ["str, optional", "float", "Tuple[str, int]", "int | None", "Set[Money]", ["str", "null"], None]
) | st.text("LlistDct[]<>,|'\"intsr optional", max_size=30)
ANNOTATIONS = st.fixed_dictionaries(
    {},
    optional={
        "type": TYPE_WORDS,
        "default": JSON_VALUES,
        "description": TEXT,
        "enum": st.lists(JSON_VALUES),
        "pattern": TEXT,
    },
)


def with_inner(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    keywords = {
        "properties": st.dictionaries(TEXT, inner, max_size=3),
        "items": inner | st.lists(inner, max_size=2) | st.none(),
        "anyOf": st.lists(inner, max_size=2),
        "required": st.lists(TEXT, max_size=2) | st.booleans(),
        "additionalProperties": inner | st.booleans(),
    }
    return st.builds(lambda a, b: {**a, **b}, ANNOTATIONS, st.fixed_dictionaries({}, optional=keywords))


SCHEMAS = st.recursive(ANNOTATIONS, with_inner, max_leaves=6)
PARAMETERS = st.dictionaries(TEXT, SCHEMAS, max_size=4) | st.builds(
    lambda schema, required: {**schema, "type": "dict", "required": required},
    with_inner(SCHEMAS),
    st.none() | st.lists(TEXT, max_size=2),
)
TOOLS = st.builds(plain, PARAMETERS) | st.builds(openai, PARAMETERS, required=st.none() | st.lists(TEXT, max_size=2))


def read_rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "int"}
    for _ in range(depth):
        schema = {"type": "List", "items": schema}
    return schema
