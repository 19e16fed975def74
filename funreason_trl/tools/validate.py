"""What is wrong with a call, as a call of its tools.

In: a call that may hold anything, and tools in any form. Out: [`validate_call`] gives a list of [`CallProblem`]. The
schemas are checked by `schema_check`; here are the names, the values that no schema speaks of, and the messages.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, Literal, cast

from jsonschema import ValidationError

from ..calls import Call
from .normalize import ToolFormatError, brief, encode, normalize_tools, path_text
from .schema_check import (
    MAX_STEPS,
    MAX_VALUE_DEPTH,
    NUMBER_LIMIT,
    TooMuchWorkError,
    Validator,
    enforced,
    error_kind,
    spend,
    start_check,
)


# Longest JSON text of the tools of one call. A thousand tools take less.
MAX_TOOLS_CHARS = 2**20

# Most problems that one call is reported with.
MAX_PROBLEMS = 100

# Most values that the arguments of a checked call may hold, all levels together.
MAX_VALUES = 2**18

# A problem costs this many steps, as its message takes time.
_REPORT_STEPS = 10

_OPEN_KEYWORDS = {
    "additionalProperties",
    "patternProperties",
    "unevaluatedProperties",
    "$ref",
    "allOf",
    "anyOf",
    "oneOf",
}

ProblemKind = Literal[
    "unknown_function", "missing_parameter", "unknown_parameter", "wrong_type", "not_in_enum", "invalid_value"
]


@dataclass(frozen=True)
class CallProblem:
    """One thing that is wrong with a call; `parameter` is its path, such as `filter.dates[0]`, where it has one."""

    kind: ProblemKind
    parameter: str | None
    message: str


def validate_call(call: Call, tools: Any) -> list[CallProblem]:
    """
    Say what is wrong with `call` as a call of one of `tools`.

    Checked are the name, that required parameters are given and no unknown ones, and JSON Schema's types, enums and
    bounds, at every level: a boolean is no integer, an integer is a number, and 3.0 is an integer. Where tools share a
    name, the call has to fit one of them. Not checked, as a stranger's schema could misuse them: `$ref`, `pattern` and
    `patternProperties`; nor `not`, `if`, `contains`, `format`, `dependent...`, and keywords with senseless values.
    `oneOf` is checked as `anyOf`.

    A call that holds more than `MAX_VALUES` values, or would take more than `MAX_STEPS` steps to check, has an
    `invalid_value`, so that no call takes longer than seconds.

    Args:
        call (`Call`):
            The call; any name and any arguments may be in it.
        tools (`list[dict]`, `dict` or `str`):
            Tools in any form, see [`normalize_tools`].

    Returns:
        `list[CallProblem]`: At most `MAX_PROBLEMS`; empty if the call fits.

    Raises:
        `ToolFormatError`: One of the tools is in none of the forms, or all take more than `MAX_TOOLS_CHARS` as JSON.
    """
    candidates = _schemas_by_name(encode(tools))
    if not isinstance(call.name, str) or call.name not in candidates:
        message = f"no tool is named {brief(call.name)}: call one of {brief(list(candidates))}"
        return [CallProblem("unknown_function", None, message)]
    odd = _find_odd_value(call.arguments)
    if odd:
        return [odd]
    start_check()
    fewest: list[CallProblem] | None = None
    try:
        for validator in candidates[call.name]:
            problems = [
                _describe(call.name, error) for error in islice(validator.iter_errors(call.arguments), MAX_PROBLEMS)
            ]
            if fewest is None or len(problems) < len(fewest):
                fewest = problems
            if not fewest:
                break
    except TooMuchWorkError:
        message = f"{brief(call.name)} takes more than {MAX_STEPS:,} steps to check: give fewer or shorter values"
        return [CallProblem("invalid_value", None, message)]
    return fewest or []


def _describe(function: str, error: ValidationError) -> CallProblem:
    spend(_REPORT_STEPS)
    kind = cast(ProblemKind, error_kind(error))
    path = path_text(tuple(error.path))
    if kind == "missing_parameter":
        message = f"{brief(function)} needs {brief(path)}, which isn't given: add it"
    elif kind == "unknown_parameter":
        known = list(islice(error.schema.get("properties", ()), 10))
        mend = f"use one of {brief(known)}, or leave it out" if known else "leave it out"
        message = f"{brief(function)} has no parameter {brief(path)}: {mend}"
    else:
        demand = f"{error.validator} {brief(error.validator_value)}" if error.validator else "no value"
        place = brief(path) if path else "the dict of arguments"
        message = f"{place} is {brief(error.instance)}, but the tool asks for {demand}: give such a value"
    return CallProblem(kind, path or None, message)


@lru_cache(maxsize=32)
def _schemas_by_name(encoded: str) -> dict[str, list[Any]]:
    """What is enforced for each tool by name, kept because the calls and answers of a row share its tools."""
    if len(encoded) > MAX_TOOLS_CHARS:
        message = f"the tools take {len(encoded):,} characters, the limit is {MAX_TOOLS_CHARS:,}: give fewer tools"
        raise ToolFormatError(message)
    by_name: dict[str, list[Any]] = {}
    for tool in normalize_tools(encoded):
        function = tool["function"]
        by_name.setdefault(function["name"], []).append(Validator(_closed(function["parameters"])))
    return by_name


def _closed(parameters: dict[str, Any]) -> Any:
    """What is enforced of `parameters`, with unknown ones refused, unless names may come from what isn't looked into."""
    if parameters.keys() & _OPEN_KEYWORDS:
        return enforced(parameters)
    named = {**dict.fromkeys(parameters["required"], True), **parameters["properties"]}
    return {**enforced({**parameters, "properties": named}), "additionalProperties": False}


def _find_odd_value(arguments: Any) -> CallProblem | None:
    """The first value that isn't JSON or is out of bounds. Looked for first, as a schema check could stumble over it."""
    if not isinstance(arguments, dict) or not all(isinstance(name, str) for name in arguments):
        return CallProblem("invalid_value", None, f"the arguments are {brief(arguments)}: give a dict by parameter")
    seen = 0
    for name, argument in arguments.items():
        stack: list[tuple[Any, int]] = [(argument, 1)]
        while stack:
            value, depth = stack.pop()
            seen += 1
            reason = f"more than {MAX_VALUES} values" if seen > MAX_VALUES else _oddity(value, depth)
            if reason:
                return CallProblem("invalid_value", name, f"{brief(name)} holds {reason}")
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
