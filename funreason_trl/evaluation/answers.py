"""Whether an answer in the python form calls what the row's own answer calls.

In: the text that a model wrote and the canonical row that it answered. Out: a `Score` (does it parse, is it right).
This is the exact comparison for the quickstart and for small experiments; it takes no second spelling of a value.
"""

from dataclasses import dataclass
from typing import Any

from funreason_trl.calls import Call
from funreason_trl.data.rendering import read_answer
from funreason_trl.data.rows import message_calls


@dataclass(frozen=True)
class Score:
    """
    Attributes:
        parsed (`bool`): The answer is calls where the row has calls, and words where it has none.
        right (`bool`): The calls are those of the row, in any order.
        needs_calls (`bool`): The row has calls; for others, words of any kind are right, so count the two apart.
    """

    parsed: bool
    right: bool
    needs_calls: bool = True


def score_answer(text: str, row: dict) -> Score:
    """
    Compare an answer with the row's last assistant turn.

    Calls are equal if names and arguments are; an argument that has its declared default may be given or left out.
    A row that rightly calls nothing is answered by words, and its words are not compared.

    Args:
        text (`str`): The answer, without end token; reasoning may stand before the calls.
        row (`dict`): Canonical row.
    """
    answer = read_answer(text)
    expected = message_calls(row["messages"][-1])
    if not expected:
        silent = not answer.calls and bool(answer.content.strip())
        return Score(parsed=silent, right=silent, needs_calls=False)
    if not answer.calls:
        return Score(parsed=False, right=False)
    defaults = _declared_defaults(row["tools"])
    wanted = [_without_defaults(call, defaults) for call in expected]
    for call in answer.calls:
        plain = _without_defaults(call, defaults)
        match = next((index for index, other in enumerate(wanted) if _same_call(plain, other)), None)
        if match is None:
            return Score(parsed=True, right=False)
        del wanted[match]
    return Score(parsed=True, right=not wanted)


def _declared_defaults(tools: list[dict]) -> dict[str, dict[str, Any]]:
    return {
        tool["function"]["name"]: {
            name: schema["default"]
            for name, schema in tool["function"]["parameters"].get("properties", {}).items()
            if isinstance(schema, dict) and "default" in schema
        }
        for tool in tools
    }


def _without_defaults(call: Call, defaults: dict[str, dict[str, Any]]) -> Call:
    declared = defaults.get(call.name, {})
    arguments = {
        name: value
        for name, value in call.arguments.items()
        if name not in declared or not _same_value(declared[name], value)
    }
    return Call(call.name, arguments)


def _same_call(first: Call, second: Call) -> bool:
    return first.name == second.name and _same_value(first.arguments, second.arguments)


def _same_value(first: Any, second: Any) -> bool:
    """Equality of JSON values; unlike Python's, it tells `True` from `1`, at every depth."""
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(_same_value(first[key], second[key]) for key in first)
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(_same_value, first, second))
    return isinstance(first, bool) == isinstance(second, bool) and first == second
