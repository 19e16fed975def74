"""Any row of ours as a question of BFCL, so that its answers are judged by BFCL's rules too.

In: a canonical row whose last assistant turn is the gold answer. Out: a
[`~funreason_trl.evaluation.bfcl.rows.BfclRow`] that takes this answer and those that BFCL would take for the same.
"""

from typing import Any

from funreason_trl.data.rows import message_calls
from funreason_trl.evaluation.bfcl.rows import BfclRow


_TYPES = {str: "string", bool: "boolean", int: "integer", float: "float", dict: "dict"}


def bfcl_question(row: dict[str, Any]) -> BfclRow:
    """
    The question that `row` asks, with its gold calls as the possible answers.

    A parameter that has its declared default in the gold call, or is not given there, may be given as the default or
    left out. Types are those of the gold values, which noisy sources declare wrongly (a `2` for a declared number may
    be `2.0`), so that every gold answer passes. Several calls are right in any order.

    Args:
        row (`dict`): Canonical row. Left as it is.

    Returns:
        `BfclRow`: Of category `"irrelevance"` if the row calls nothing, else `"multiple"` or `"parallel_multiple"`.
    """
    *messages, answer = row["messages"]
    calls = message_calls(answer)
    schemas = {tool["function"]["name"]: _properties(tool) for tool in row["tools"]}
    given: dict[str, dict[str, list[Any]]] = {call.name: {} for call in calls}
    for call in calls:
        for name, value in call.arguments.items():
            given[call.name].setdefault(name, []).append(value)
    types = {
        function: {name: _type(values, schemas.get(function, {}).get(name, {})) for name, values in arguments.items()}
        for function, arguments in given.items()
    }
    functions = [
        {
            "name": name,
            "parameters": {"properties": _declared(types.get(name, {}), schemas.get(name, {})), "required": []},
        }
        for name in {**schemas, **types}
    ]
    possible = [{call.name: _possible(call.arguments, types[call.name], schemas.get(call.name, {}))} for call in calls]
    category = {0: "irrelevance", 1: "multiple"}.get(len(calls), "parallel_multiple")
    return BfclRow(row["id"], category, messages, functions, possible)


def _properties(tool: dict[str, Any]) -> dict[str, dict[str, Any]]:
    properties = tool["function"]["parameters"].get("properties", {})
    return {name: schema if isinstance(schema, dict) else {} for name, schema in properties.items()}


def _declared(types: dict[str, dict[str, Any]], schemas: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Types of the parameters that some gold call gives, and of those that have a default to be given."""
    defaults = {name: _type([schema["default"]], schema) for name, schema in schemas.items() if "default" in schema}
    return {**defaults, **types}


def _type(values: list[Any], schema: dict[str, Any]) -> dict[str, Any]:
    """BFCL's type of a parameter that has these gold values; `any` takes what has the very type of the gold value."""
    kinds = {type(value) for value in values}
    if kinds == {list}:
        items = {_item_kind(value) for value in values}
        kind = items.pop() if len(items) == 1 else None
        return {"type": "array", "items": {"type": kind}} if kind else {"type": "any"}
    if kinds <= {int, float} and (schema.get("type") == "number" or float in kinds):
        return {"type": "float"}
    return {"type": _TYPES.get(kinds.pop(), "any") if len(kinds) == 1 else "any"}


def _item_kind(value: list[Any]) -> str | None:
    """`None` for a list of several types, for which BFCL's check of the items' type has no answer."""
    kinds = {type(item) for item in value}
    return _TYPES.get(kinds.pop()) if len(kinds) == 1 else None


def _possible(
    arguments: dict[str, Any], types: dict[str, dict[str, Any]], schemas: dict[str, dict[str, Any]]
) -> dict[str, list[Any]]:
    possible: dict[str, list[Any]] = {}
    for name, value in arguments.items():
        optional = "default" in schemas.get(name, {}) and schemas[name]["default"] == value
        possible[name] = [_spelled(value, types[name]), *([""] if optional else [])]
    for name, declared in _declared({}, schemas).items():
        possible.setdefault(name, [_spelled(schemas[name]["default"], types.get(name, declared)), ""])
    return possible


def _spelled(value: Any, declared: dict[str, Any]) -> Any:
    """BFCL lists the right values of a dict's keys, each one by itself."""
    if declared["type"] == "dict" and isinstance(value, dict):
        return {key: [item] for key, item in value.items()}
    of_dicts = declared == {"type": "array", "items": {"type": "dict"}}
    if of_dicts and isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return [{key: [part] for key, part in item.items()} for item in value]
    return value
