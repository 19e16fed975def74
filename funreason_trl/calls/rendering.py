"""Calls as text: the python list form, which is what the paper's models are trained to write.

In: calls whose arguments are JSON values. Out: [`render_calls`]: one line that `parse_calls` reads back exactly.
"""

import math
from collections.abc import Iterable
from typing import Any

from .call import MAX_CHARS, NAME_PUNCTUATION, Call, is_plain_name, is_renderable_name
from .cursor import MAX_DEPTH
from .literals import INT_LIMIT


def render_calls(calls: Iterable[Call]) -> str:
    """
    Write `calls` in the python list form, `[f(a=1), g(b='x')]`, on one line.

    A parameter name that can't stand before `=` is written as Python itself would pass it: `f(**{'odd name': 1})`.

    Args:
        calls (`Iterable[Call]`):
            Calls whose arguments are JSON values.

    Returns:
        `str`: The list, always with brackets; `[]` for no calls. `parse_calls` reads exactly `calls` from it.

    Raises:
        ValueError: A function name can't be written in this form (see [`is_renderable_name`]), a value is no JSON
            value (NaN, a tuple, a key that is no string), or the text would break the bounds of `parse_calls`.
    """
    text = f"[{', '.join(_render_call(call) for call in calls)}]"
    if len(text) > MAX_CHARS:
        raise ValueError(f"the calls take {len(text):,} characters, the limit is {MAX_CHARS:,}: shorten the arguments")
    return text


def _render_call(call: Call) -> str:
    if not is_renderable_name(call.name):
        raise ValueError(
            f"function name {call.name!r} can't be written in the python form: use letters, digits, spaces and "
            f"{' '.join(NAME_PUNCTUATION)}, or write the call as JSON"
        )
    arguments = ", ".join(_render_argument(name, value) for name, value in call.arguments.items())
    return f"{call.name}({arguments})"


def _render_argument(name: Any, value: Any) -> str:
    if is_plain_name(name, spaces=False):
        return f"{name}={_render_value(value, depth=2)}"
    return f"**{_render_value({name: value}, depth=2)}"


def _render_value(value: Any, depth: int) -> str:
    """
    Write a JSON value as Python would, inside `depth` open brackets; `read_value` reads the same value from it.

    The base types' own `repr` is used, because subclasses (numpy floats, enums) print as something else.

    Raises:
        ValueError: `value` is no JSON value, or is nested too deep or too long a number to be read back.
    """
    if value is None or isinstance(value, bool):
        return repr(value)
    if isinstance(value, str):
        return str.__repr__(value)
    if isinstance(value, int) and abs(value) < INT_LIMIT:
        return int.__repr__(value)
    if isinstance(value, float) and math.isfinite(value):
        return float.__repr__(value)
    if isinstance(value, list | dict) and depth >= MAX_DEPTH:
        raise ValueError(f"arguments are nested deeper than {MAX_DEPTH} brackets: flatten them")
    if isinstance(value, list):
        return f"[{', '.join(_render_value(item, depth + 1) for item in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(_render_item(key, item, depth + 1) for key, item in value.items())}}}"
    shown = "an integer that is too long" if isinstance(value, int) else f"a {type(value).__name__}"
    raise ValueError(f"{shown} is no JSON value: give finite numbers, strings, lists, dicts, booleans or None")


def _render_item(key: Any, value: Any, depth: int) -> str:
    if not isinstance(key, str):
        raise ValueError(f"key {key!r} is no string: JSON has only string keys")
    return f"{str.__repr__(key)}: {_render_value(value, depth)}"
