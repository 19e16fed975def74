"""Tools, that is function definitions: every form in the wild becomes one, and calls are checked against it.

In: a tool as xLAM (`parameters: {name: {"type": "str, optional", ...}}`), BFCL (`"type": "dict"`, `"float"`, `"any"`),
OpenAI (`{"type": "function", "function": {...}}`) or plain JSON writes it; single, in a list, or as a JSON string.
Out: [`normalize_tool`] and [`normalize_tools`] give OpenAI tools whose parameters are JSON Schema, with an explicit
`required` list, and lose no description, default, enum or other keyword. [`validate_call`] gives the list of
[`CallProblem`] that a call has against its tools; an empty list means that the call fits.

Tools and calls may come from strangers: schemas are never followed to another place (`$ref`), their regular
expressions aren't run, and size and depth are bounded. `schemas.py` turns the schemas of parameters into JSON Schema.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, Literal

from jsonschema import Draft202012Validator, ValidationError, validators

from .calls import Call
from .schemas import (
    NUMBER_LIMIT,
    ToolFormatError,
    enforced,
    format_error,
    normalize_properties,
    normalize_schema,
    read_schema_type,
    shown,
    split_required_flags,
)


__all__ = ["CallProblem", "ToolFormatError", "normalize_tool", "normalize_tools", "validate_call"]

MAX_PROBLEMS = 100
"""Most problems that one call is reported with."""

MAX_VALUES = 256 * 1024
"""Most values that the arguments of a checked call may hold, all levels together."""

MAX_VALUE_DEPTH = 64
"""Most lists and dicts within each other in the arguments of a checked call; `calls.py` reads no deeper ones."""

ProblemKind = Literal[
    "unknown_function", "missing_parameter", "unknown_parameter", "wrong_type", "not_in_enum", "invalid_value"
]

_KINDS: dict[str, ProblemKind] = {
    "required": "missing_parameter",
    "additionalProperties": "unknown_parameter",
    "type": "wrong_type",
    "enum": "not_in_enum",
    "const": "not_in_enum",
}
_OPEN_KEYWORDS = {
    "additionalProperties",
    "patternProperties",
    "unevaluatedProperties",
    "$ref",
    "allOf",
    "anyOf",
    "oneOf",
}


@dataclass(frozen=True)
class CallProblem:
    """One thing that is wrong with a call; `parameter` is its path, such as `filter.dates[0]`, where it has one."""

    kind: ProblemKind
    parameter: str | None
    message: str


def normalize_tools(tools: Any) -> list[dict[str, Any]]:
    """Turn the tools of a row into OpenAI tools.

    Args:
        tools (`list[dict]`, `dict`, `str` or `None`): Tools in any form, one tool, or either as a JSON string.

    Returns:
        `list[dict]`: New dicts, see [`normalize_tool`]; empty for `None`.

    Raises:
        ToolFormatError: As [`normalize_tool`], or the string isn't JSON, or what it holds isn't a list.
    """
    if isinstance(tools, str):
        tools = _decode(tools)
    if tools is None:
        return []
    if isinstance(tools, dict):
        return [normalize_tool(tools)]
    if not isinstance(tools, list | tuple):
        raise ToolFormatError(f"tools is {shown(tools)}: give a list of tools, or one as a JSON string")
    return [normalize_tool(tool) for tool in tools]


def normalize_tool(tool: dict[str, Any]) -> dict[str, Any]:
    """Turn a tool of any form into `{"type": "function", "function": {"name", "description", "parameters"}}`.

    Which parameters are required: an explicit `required` list wins, also beside `parameters`, where some data sets put
    it, and then `"required": true` or `false` at a parameter. Without either, a JSON Schema requires nothing, and an
    xLAM parameter is required unless its type says `optional` or allows null, or it has a default. `""` stays in the
    schema but counts as no default, since there it stands even at floats. Measured on the gold calls of
    `cot_calls.jsonl`: they give 546 of 639 parameters that this rule requires, and 513 of 565 calls give all of them;
    taking `""` for a default contradicts no call, but requires not one parameter of the 1,126. In `xlam_style.jsonl`,
    which has no defaults, all 2,730 required parameters are given.

    Args:
        tool (`dict`): The tool, left unchanged. Only JSON values may be in it.

    Returns:
        `dict`: The OpenAI tool. Normalising it again changes nothing.

    Raises:
        ToolFormatError: It has no name, its parameters aren't a schema or a dict of parameters, or it is nested
            deeper than `MAX_SCHEMA_DEPTH`.
    """
    tool = _copy(tool)
    function = tool.pop("function", None)
    if function is None:
        function, tool = {key: value for key, value in tool.items() if (key, value) != ("type", "function")}, {}
    if not isinstance(function, dict):
        raise ToolFormatError(f"field 'function' is {shown(function)}: give a dict with a name and parameters")
    name = function.pop("name", None)
    if not isinstance(name, str) or not name:
        raise ToolFormatError(f"field 'name' is {shown(name)} in {shown(function)}: give the name of the function")
    description = function.pop("description", None) or ""
    if not isinstance(description, str):
        raise format_error(name, "description", description, "give a string")
    required = [function.pop("required", None), tool.pop("required", None)]
    parameters = _normalize_parameters(name, function.pop("parameters", None), required)
    normal = {"name": name, "description": description, "parameters": parameters, **function}
    return {**tool, "type": "function", "function": normal}


def validate_call(call: Call, tools: Any) -> list[CallProblem]:
    """Say what is wrong with `call` as a call of one of `tools`.

    Checked are the name, that required parameters are given and no unknown ones, and JSON Schema's types, enums and
    bounds, at every level: a boolean is no integer, an integer is a number, and 3.0 is an integer. Where tools share a
    name, the call has to fit one of them. Not checked, as a stranger's schema could misuse them: `$ref`, `pattern` and
    `patternProperties`; nor `not`, `if`, `contains`, `format`, `dependent...`, and keywords with senseless values.
    `oneOf` is checked as `anyOf`.

    Args:
        call (`Call`): The call; any arguments may be in it.
        tools (`list[dict]`, `dict` or `str`): Tools in any form, see [`normalize_tools`].

    Returns:
        `list[CallProblem]`: At most `MAX_PROBLEMS`; empty if the call fits.

    Raises:
        ToolFormatError: One of the tools is in none of the forms.
    """
    candidates = _validators(_encode(tools))
    if call.name not in candidates:
        message = f"no tool is named {shown(call.name)}: call one of {shown(list(candidates))}"
        return [CallProblem("unknown_function", None, message)]
    odd = _find_odd_value(call.arguments)
    if odd:
        return [odd]
    return min((_check(call, validator) for validator in candidates[call.name]), key=len)


# --- parameters ------------------------------------------------------------------------------------------------------


def _normalize_parameters(tool: str, parameters: Any, required_beside: list[Any]) -> dict[str, Any]:
    parameters = {} if parameters is None else parameters
    if not isinstance(parameters, dict):
        raise format_error(tool, "parameters", parameters, "give a JSON Schema, or a dict of parameters by name")
    if _is_schema(parameters):
        required_beside.insert(0, parameters.pop("required", None))
        schema, inferred = _normalize_root(tool, parameters)
    else:
        schema, inferred = _normalize_flat(tool, parameters)
    required = next((names for names in required_beside if names is not None), inferred)
    if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
        raise format_error(tool, "required", required, "give a list of parameter names")
    return {**schema, "required": required}


def _is_schema(parameters: dict[str, Any]) -> bool:
    """Tells a JSON Schema from xLAM's dict, in which `type` and `properties` can be names of parameters."""
    if "type" in parameters:
        return not isinstance(parameters["type"], dict)
    properties = parameters.get("properties")
    return isinstance(properties, dict) and all(isinstance(value, dict) for value in properties.values())


def _normalize_root(tool: str, parameters: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    words = parameters.get("type") or "object"
    base = read_schema_type(tool, "parameters", words).schema
    if base.get("type") != "object":
        raise format_error(tool, "parameters.type", words, "give 'object', with the parameters in 'properties'")
    properties, flagged = split_required_flags(parameters.get("properties"))
    rest = {key: value for key, value in parameters.items() if key not in ("type", "properties")}
    normal = normalize_properties(tool, {} if properties is None else properties, "parameters")
    return {**base, "properties": normal, **normalize_schema(tool, rest, "parameters")}, flagged


def _normalize_flat(tool: str, parameters: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    required = []
    for name, parameter in parameters.items():
        if not isinstance(parameter, dict):
            mend = "give a dict with its type, such as {'type': 'str'}"
            raise format_error(tool, f"parameters.{name}", parameter, mend)
        flag = parameter.get("required")
        if flag if isinstance(flag, bool) else _is_required(tool, name, parameter):
            required.append(name)
    properties, _ = split_required_flags(parameters)
    return {"type": "object", "properties": normalize_properties(tool, properties, "parameters")}, required


def _is_required(tool: str, name: str, parameter: dict[str, Any]) -> bool:
    if parameter.get("default", "") != "":
        return False
    return not read_schema_type(tool, f"parameters.{name}", parameter.get("type")).optional


# --- checking a call -------------------------------------------------------------------------------------------------


def _find_odd_value(arguments: Any) -> CallProblem | None:
    """The first value that isn't JSON or is out of bounds. Looked for first, as a schema check could stumble over it."""
    if not isinstance(arguments, dict) or not all(isinstance(name, str) for name in arguments):
        return CallProblem("invalid_value", None, f"the arguments are {shown(arguments)}: give a dict by parameter")
    seen = 0
    for name, argument in arguments.items():
        stack: list[tuple[Any, int]] = [(argument, 1)]
        while stack:
            value, depth = stack.pop()
            seen += 1
            reason = f"more than {MAX_VALUES} values" if seen > MAX_VALUES else _oddity(value, depth)
            if reason:
                return CallProblem("invalid_value", name, f"{shown(name)} holds {reason}")
            inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
            stack += [(item, depth + 1) for item in inner]
    return None


def _oddity(value: Any, depth: int) -> str | None:
    if isinstance(value, list | dict) and depth > MAX_VALUE_DEPTH:
        return f"more than {MAX_VALUE_DEPTH} levels: flatten it"
    if isinstance(value, dict) and not all(isinstance(key, str) for key in value):
        return "a key that is no string: JSON has only string keys"
    if isinstance(value, float) and not math.isfinite(value):
        return "a number that isn't finite: JSON has none"
    if isinstance(value, int) and abs(value) >= NUMBER_LIMIT:
        return "a number beyond what a float can hold"
    if value is not None and not isinstance(value, str | int | float | list | dict):
        return f"a {type(value).__name__}: give JSON values only"
    return None


def _check(call: Call, validator: Any) -> list[CallProblem]:
    errors = islice(validator.iter_errors(call.arguments), MAX_PROBLEMS)
    problems = (problem for error in errors for problem in _describe(call.name, error))
    return list(islice(problems, MAX_PROBLEMS))


def _describe(function: str, error: ValidationError) -> Iterator[CallProblem]:
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)[1:]
    inside = f"{path}." if path else ""
    kind = _kind(error)
    if kind == "missing_parameter":
        for name in (name for name in error.validator_value if name not in error.instance):
            yield CallProblem(
                kind, inside + name, f"{function!r} needs {shown(inside + name)}, which isn't given: add it"
            )
        return
    if kind == "unknown_parameter":
        known = error.schema.get("properties", {})
        mend = f"use one of {shown(list(known))}, or leave it out" if known else "leave it out"
        for name in (name for name in error.instance if name not in known):
            yield CallProblem(kind, inside + name, f"{function!r} has no parameter {shown(inside + name)}: {mend}")
        return
    demand = "no value" if error.validator is None else f"{error.validator} {shown(error.validator_value)}"
    message = f"{shown(path)} is {shown(error.instance)}, but the tool asks for {demand}: give such a value"
    yield CallProblem(kind, path or None, message)


def _kind(error: ValidationError) -> ProblemKind:
    if error.validator != "anyOf":
        return _KINDS.get(str(error.validator), "invalid_value")
    by_alternative: dict[Any, set[ProblemKind]] = {}
    for inner in error.context:
        by_alternative.setdefault(inner.relative_schema_path[0], set()).add(_kind(inner))
    # The alternatives of a union differ in type; what else is wrong is said by those whose type fits.
    kinds = {kind for kinds in by_alternative.values() if "wrong_type" not in kinds for kind in kinds}
    if not kinds:
        return "wrong_type"
    return "not_in_enum" if kinds == {"not_in_enum"} else "invalid_value"


@lru_cache(maxsize=256)
def _validators(encoded: str) -> dict[str, list[Any]]:
    """One validator for each tool by name, kept because the calls and answers of a row share its tools."""
    by_name: dict[str, list[Any]] = {}
    for tool in normalize_tools(encoded):
        function = tool["function"]
        by_name.setdefault(function["name"], []).append(_Validator(_closed(function["parameters"])))
    return by_name


def _closed(parameters: dict[str, Any]) -> dict[str, Any]:
    """What is enforced of `parameters`, with unknown ones refused, unless names may come from what isn't looked into."""
    if parameters.keys() & _OPEN_KEYWORDS:
        return enforced(parameters)
    named = {**dict.fromkeys(parameters["required"], True), **parameters["properties"]}
    return {**enforced({**parameters, "properties": named}), "additionalProperties": False}


def _required(validator: Any, names: list[str], instance: Any, schema: Any) -> Iterator[ValidationError]:
    """One error for all names, where jsonschema's own raises one each and doesn't say for which."""
    if isinstance(instance, dict) and any(name not in instance for name in names):
        yield ValidationError("parameters are missing")


def _unique_items(validator: Any, demanded: bool, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """In linear time, where jsonschema's own compares every two items of a mixed list."""
    if isinstance(instance, list) and len({json.dumps(item, sort_keys=True) for item in instance}) < len(instance):
        yield ValidationError("items repeat")


_Validator = validators.extend(Draft202012Validator, {"required": _required, "uniqueItems": _unique_items})


# --- reading ---------------------------------------------------------------------------------------------------------


def _copy(tool: Any) -> dict[str, Any]:
    """A copy that shares nothing with the caller's tool and is known to hold nothing but JSON."""
    if not isinstance(tool, dict):
        raise ToolFormatError(f"tool is {shown(tool)}: give a dict with 'name', 'description' and 'parameters'")
    return json.loads(_encode(tool))


def _encode(tools: Any) -> str:
    if isinstance(tools, str):
        return tools
    try:
        return json.dumps(tools, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ToolFormatError(f"tool {shown(tools)} isn't JSON ({error}): give only JSON values") from error


def _decode(tools: str) -> Any:
    try:
        return json.loads(tools)
    except (ValueError, RecursionError) as error:
        raise ToolFormatError(f"tools is {shown(tools)}, which isn't JSON ({error}): give a JSON list") from error
