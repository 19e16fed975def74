"""Schemas of parameters: the middle layer of `tools.py`.

In: the schema of a parameter as function-calling data sets write it, with the type names of several languages, flags
in place of lists, and keywords that a JSON Schema of today no longer has.
Out: [`normalize_schema`] gives the JSON Schema (draft 2020-12) that says the same; [`enforced`] gives the part of a
JSON Schema that can be checked safely, where both the schema and the checked value come from strangers.

`type_names.py` reads the types. Every error is a [`ToolFormatError`].
"""

from __future__ import annotations

import json
import reprlib
from collections.abc import Callable
from typing import Any

from .type_names import ReadType, read_type


MAX_SCHEMA_DEPTH = 32
"""Most schemas within each other; real tools have five at most."""

NUMBER_LIMIT = 2**1023
"""Numbers that are checked are smaller than this: a float holds them, so that no comparison or division overflows."""

_MAPS = {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"}
_LISTS = {"anyOf", "oneOf", "allOf", "prefixItems"}
_FIELDS = {"items", "additionalProperties", "contains", "not", "if", "then", "else", "propertyNames"}


class ToolFormatError(ValueError):
    """A tool is in none of the known forms; the message names the tool, the field, the value and the mend."""


def format_error(tool: str, field: str, value: Any, mend: str) -> ToolFormatError:
    """The error that says which `field` of which `tool` (its name) holds which `value`, and what to give instead."""
    return ToolFormatError(f"tool {tool!r}: field {field!r} is {shown(value)}: {mend}")


def shown(value: Any) -> str:
    """`value` in at most about 100 characters."""
    return repr(value) if isinstance(value, str) and len(value) < 100 else reprlib.repr(value)


# --- normalising -----------------------------------------------------------------------------------------------------


def normalize_schema(tool: str, schema: Any, path: str, depth: int = 0) -> Any:
    """Turn the schema at `path` of `tool` into JSON Schema, and those within it.

    Types that JSON Schema has no word for leave theirs in the description. All other keywords are kept.

    Args:
        tool (`str`): Name of the tool, for errors.
        schema (`dict` or `bool`): The schema, left unchanged.
        path (`str`): Where the schema stands in the tool, for errors.
        depth (`int`): How many schemas are around this one.

    Raises:
        ToolFormatError: A schema is no dict, its type is no name or list of names, or it is nested too deep.
    """
    if isinstance(schema, bool):
        return schema
    if not isinstance(schema, dict):
        raise format_error(tool, path, schema, "give a JSON Schema, such as {'type': 'string'}")
    if depth > MAX_SCHEMA_DEPTH:
        raise format_error(tool, path, schema, f"nest at most {MAX_SCHEMA_DEPTH} schemas")
    words = schema.get("type")
    read = read_schema_type(tool, path, words)
    properties, flagged = split_required_flags(schema.get("properties"))
    normal = dict(read.schema)
    for keyword, value in schema.items():
        if keyword != "type":
            value = properties if keyword == "properties" else value
            name, normal_value = _normalize_keyword(tool, keyword, value, f"{path}.{keyword}", depth)
            normal[name] = normal_value
    if flagged and "required" not in normal:
        normal["required"] = flagged
    if not read.exact:
        written = words if isinstance(words, str) else json.dumps(words)
        normal["description"] = f"{normal.get('description') or ''} (type: {written})".strip()
    return normal


def normalize_properties(tool: str, schemas: Any, path: str, depth: int = 0) -> dict[str, Any]:
    """[`normalize_schema`] for a dict of schemas by name."""
    if not isinstance(schemas, dict):
        raise format_error(tool, path, schemas, "give a dict of schemas by name")
    return {name: normalize_schema(tool, schema, f"{path}.{name}", depth + 1) for name, schema in schemas.items()}


def read_schema_type(tool: str, path: str, words: Any) -> ReadType:
    """[`read_type`] for the `type` of the schema at `path`, which may be missing."""
    if words is None or words == "":
        return ReadType({})
    if isinstance(words, str):
        return read_type(words)
    names = ["null" if name is None else name for name in words] if isinstance(words, list) else []
    if not names or not all(isinstance(name, str) for name in names):
        mend = "give the name of a type, such as 'integer', or a list of names"
        raise format_error(tool, f"{path}.type", words, mend)
    return read_type(names)


def split_required_flags(properties: Any) -> tuple[Any, list[str]]:
    """Part schemas by name from the `"required": true` in some of them, where JSON Schema has no place for it.

    Returns:
        `tuple[Any, list[str]]`: The schemas without the flags, and the names whose flag was true.
    """
    if not isinstance(properties, dict):
        return properties, []
    flags = {
        name: schema["required"]
        for name, schema in properties.items()
        if isinstance(schema, dict) and isinstance(schema.get("required"), bool)
    }
    unflagged = {
        name: {key: value for key, value in schema.items() if key != "required"} if name in flags else schema
        for name, schema in properties.items()
    }
    return unflagged, [name for name, flag in flags.items() if flag]


def _normalize_keyword(tool: str, keyword: str, value: Any, path: str, depth: int) -> tuple[str, Any]:
    if value is None:
        return keyword, None
    if keyword in _MAPS:
        return keyword, normalize_properties(tool, value, path, depth)
    if keyword == "items" and isinstance(value, list):  # how drafts before 2020-12 wrote a tuple
        return "prefixItems", _normalize_list(tool, value, path, depth)
    if keyword in _LISTS:
        return keyword, _normalize_list(tool, value, path, depth)
    if keyword in _FIELDS:
        return keyword, normalize_schema(tool, value, path, depth + 1)
    return keyword, value


def _normalize_list(tool: str, schemas: Any, path: str, depth: int) -> list[Any]:
    if not isinstance(schemas, list):
        raise format_error(tool, path, schemas, "give a list of schemas")
    return [normalize_schema(tool, schema, f"{path}[{index}]", depth + 1) for index, schema in enumerate(schemas)]


# --- what can be enforced --------------------------------------------------------------------------------------------


def enforced(schema: Any) -> Any:
    """The part of a normalised `schema` (`dict` or `bool`) that is checked.

    Left out are `$ref` (it could name a file or an address), `pattern` and `patternProperties` (a regular expression
    can take forever), rare keywords, and keywords whose value isn't what JSON Schema asks for, as `"minimum": "1"`.
    What is left out must make a schema only more lenient, so `not` is left out too, `oneOf` becomes `anyOf`, and
    `additionalProperties` counts only where all names are known.
    """
    if not isinstance(schema, dict):
        return schema
    kept = {
        keyword: _enforced_value(keyword, value)
        for keyword, value in schema.items()
        if keyword in _ENFORCED and _ENFORCED[keyword](value)
    }
    if "oneOf" in kept:
        kept.setdefault("anyOf", kept.pop("oneOf"))
    if "patternProperties" in schema:
        kept.pop("additionalProperties", None)
    return kept


def _enforced_value(keyword: str, value: Any) -> Any:
    if keyword == "properties":
        return {name: enforced(schema) for name, schema in value.items()}
    if keyword in _LISTS:
        return [enforced(schema) for schema in value]
    return enforced(value) if keyword in _FIELDS else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < NUMBER_LIMIT


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_schema(value: Any) -> bool:
    return isinstance(value, dict | bool)


def _is_filled_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


_ENFORCED: dict[str, Callable[[Any], bool]] = {
    "type": lambda value: True,
    "const": lambda value: True,
    "properties": lambda value: isinstance(value, dict),
    "required": lambda value: isinstance(value, list) and all(isinstance(name, str) for name in value),
    "multipleOf": lambda value: _is_number(value) and value > 0,
    "uniqueItems": lambda value: value is True,
    **dict.fromkeys(("additionalProperties", "items"), _is_schema),
    **dict.fromkeys(("enum", "anyOf", "oneOf", "allOf", "prefixItems"), _is_filled_list),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _is_number),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), _is_count),
}
