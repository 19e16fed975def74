"""Function calls as text: what a model writes becomes a list of [`Call`], and back.

In: the answer of a model, or the gold answer of a row, in one of these forms.

    [f(a=1, b=[1, 2], c={'k': None}), pkg.mod.g(x=-1.5)]          python list; the brackets may be left out
    [{"name": "f", "arguments": {"a": 1}}]                        JSON: a list, one object, or one object a line
    <tool_call>{"name": "f", "arguments": {"a": 1}}</tool_call>   one or more blocks, JSON or python inside

Each of them may stand in a ``` fence. Prose around the calls is an error, and so is a comment among them.

Out: [`parse_calls`] returns the calls or raises [`CallSyntaxError`] with the position; [`render_calls`] writes the
python list form, and `parse_calls(render_calls(calls)) == calls` for every list that it accepts.

The text is read by recursive descent and never evaluated. Python's own parser can't be used, because real function
names hold spaces and dashes, and real parameter names are `from` or `7qSgY`. The values of arguments are read and
written by `literals.py`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .literals import (
    MAX_DEPTH,
    CallSyntaxError,
    Cursor,
    at,
    at_end,
    expect,
    fail,
    match,
    open_bracket,
    read_dict,
    read_value,
    render_value,
    skip_space,
    take,
)


__all__ = ["MAX_CHARS", "MAX_DEPTH", "Call", "CallSyntaxError", "is_renderable_name", "parse_calls", "render_calls"]

MAX_CHARS = 256 * 1024
"""Longest text that is read or written; about 60,000 tokens, far beyond any answer."""

_NAME_PUNCTUATION = "_.-/$"
_OPEN_TAG, _CLOSE_TAG, _FENCE = "<tool_call>", "</tool_call>", "```"
_FENCE_START = re.compile(r"```(?:[\w+-]*+[ \t]*+\r?\n)?")
_NAME = re.compile(r"[^\s()\[\]{}'\"`,=<>\\]*+(?: ++[^\s()\[\]{}'\"`,=<>\\]++)*+ *+")
_JSON_CALL_KEYS = {"name", "arguments", "parameters", "id", "type", "index"}
_JSON_WRAPPER_KEYS = {"function", "id", "type", "index"}


@dataclass(frozen=True)
class Call:
    """One function call: the name of the function and its arguments, JSON values by parameter name."""

    name: str
    arguments: dict[str, Any]


def parse_calls(text: str) -> list[Call]:
    """Read the calls in `text`.

    A bare word is read as a string, tuples as lists and `true`, `false`, `null` as constants, as BFCL's checker reads
    them. JSON calls carry `name` and `arguments` (xLAM) or `parameters` (Llama), also in OpenAI's `function` wrapper.
    Names with spaces are read only within brackets, since outside them prose would pass for a name.

    Args:
        text (`str`): The whole answer, without reasoning. `[]` holds no calls; an empty text is an error.

    Returns:
        `list[Call]`: The calls in the order of the text.

    Raises:
        CallSyntaxError: The text is in none of the forms, holds anything that is no literal (positional arguments,
            arithmetic, nested calls, comprehensions, NaN), names a parameter or key twice, is longer than
            `MAX_CHARS` or has more than `MAX_DEPTH` brackets open at once.
    """
    if len(text) > MAX_CHARS:
        message = f"the text has {len(text):,} characters, the limit is {MAX_CHARS:,}: cut the answer off earlier"
        raise CallSyntaxError(message, MAX_CHARS)
    cursor = Cursor(text)
    calls = _read_fenced(cursor, blocks=True)
    skip_space(cursor)
    if cursor.position < len(text):
        fail(cursor, "the end of the text after the calls")
    return calls


def render_calls(calls: Iterable[Call]) -> str:
    """Write `calls` in the python list form, `[f(a=1), g(b='x')]`, on one line.

    A parameter name that can't stand before `=` is written as Python itself would pass it: `f(**{'odd name': 1})`.

    Args:
        calls (`Iterable[Call]`): Calls whose arguments are JSON values.

    Returns:
        `str`: The list, always with brackets; `[]` for no calls. [`parse_calls`] reads exactly `calls` from it.

    Raises:
        ValueError: A function name can't be written in this form (see [`is_renderable_name`]), a value is no JSON
            value (NaN, a tuple, a key that is no string), or the text would break the bounds of [`parse_calls`].
    """
    text = f"[{', '.join(_render_call(call) for call in calls)}]"
    if len(text) > MAX_CHARS:
        raise ValueError(f"the calls take {len(text):,} characters, the limit is {MAX_CHARS:,}: shorten the arguments")
    return text


def is_renderable_name(name: str) -> bool:
    """Whether the function `name` (`str`) can be written in the python form, and is then read back unchanged.

    It may hold letters, digits and marks of any script, single or several spaces inside, and `_ . - / $`.
    """
    return _is_plain_name(name, spaces=True)


# --- the forms -------------------------------------------------------------------------------------------------------


def _read_fenced(cursor: Cursor, blocks: bool) -> list[Call]:
    skip_space(cursor)
    fenced = match(cursor, _FENCE_START)
    skip_space(cursor)
    calls = _read_blocks(cursor) if blocks and at(cursor, _OPEN_TAG) else _read_form(cursor)
    if fenced:
        expect(cursor, _FENCE, "the fence to be closed by ```")
    return calls


def _read_blocks(cursor: Cursor) -> list[Call]:
    calls: list[Call] = []
    while take(cursor, _OPEN_TAG):
        calls += _read_fenced(cursor, blocks=False)
        expect(cursor, _CLOSE_TAG, f"the block to be closed by {_CLOSE_TAG}")
    return calls


def _read_form(cursor: Cursor) -> list[Call]:
    if at(cursor, "{"):
        return _read_lines(cursor, json=True)
    if at(cursor, "["):
        return _read_list(cursor)
    return _read_lines(cursor, json=False)


def _read_list(cursor: Cursor) -> list[Call]:
    calls: list[Call] = []
    open_bracket(cursor, "[")
    skip_space(cursor)
    json = at(cursor, "{")
    while not at_end(cursor, "]", not calls, trailing_comma=not json, after=" after a call"):
        calls.append(_read_json_call(cursor) if json else _read_call(cursor, spaces=True))
    return calls


def _read_lines(cursor: Cursor, json: bool) -> list[Call]:
    """Calls without brackets: a line each, or in the python form also behind commas."""
    calls: list[Call] = []
    while True:
        calls.append(_read_json_call(cursor) if json else _read_call(cursor, spaces=False))
        space = skip_space(cursor)
        comma = not json and take(cursor, ",")
        skip_space(cursor)
        if cursor.position == len(cursor.text) or at(cursor, _FENCE) or at(cursor, _CLOSE_TAG):
            return calls
        if not comma and "\n" not in space:
            fail(cursor, "the next call on a new line, or a list in [ ] around the calls")


# --- calls in the python form ----------------------------------------------------------------------------------------


def _read_call(cursor: Cursor, spaces: bool) -> Call:
    skip_space(cursor)
    start = cursor.position
    name = match(cursor, _NAME)
    if not spaces and " " in name and at(cursor, "("):
        fail(cursor, "a call (a function name with spaces needs a list in [ ] around the calls)", start)
    if not is_renderable_name(name.rstrip(" ")) or not at(cursor, "("):
        fail(cursor, "a function name and '(' (no text may stand around the calls)", start)
    arguments: dict[str, Any] = {}
    open_bracket(cursor, "(")
    first = True
    while not at_end(cursor, ")", first):
        first = False
        _read_argument(cursor, arguments)
    return Call(name.rstrip(" "), arguments)


def _read_argument(cursor: Cursor, arguments: dict[str, Any]) -> None:
    skip_space(cursor)
    start = cursor.position
    if take(cursor, "**"):
        given = read_dict(cursor)
    else:
        name = match(cursor, _NAME).rstrip(" ")
        if not _is_plain_name(name, spaces=False) or not take(cursor, "="):
            message = "parameter=value (not a positional argument; an odd name is written **{'odd name': value})"
            fail(cursor, message, start)
        given = {name: read_value(cursor)}
    repeated = next((name for name in given if name in arguments), None)
    if repeated is not None:
        fail(cursor, f"each parameter once, but {repeated[:80]!r} came before", start)
    arguments.update(given)


def _is_plain_name(name: str, spaces: bool) -> bool:
    if not name or name[0] in "- " or name[-1] == " ":
        return False
    allowed = _NAME_PUNCTUATION + (" " if spaces else "")
    return all(char in allowed or char.isalnum() or unicodedata.category(char).startswith("M") for char in name)


def _render_call(call: Call) -> str:
    if not is_renderable_name(call.name):
        raise ValueError(
            f"function name {call.name!r} can't be written in the python form: use letters, digits, spaces and "
            f"{' '.join(_NAME_PUNCTUATION)}, or write the call as JSON"
        )
    arguments = ", ".join(_render_argument(name, value) for name, value in call.arguments.items())
    return f"{call.name}({arguments})"


def _render_argument(name: str, value: Any) -> str:
    if isinstance(name, str) and _is_plain_name(name, spaces=False):
        return f"{name}={render_value(value, depth=2)}"
    return f"**{render_value({name: value}, depth=2)}"


# --- calls in JSON ---------------------------------------------------------------------------------------------------


def _read_json_call(cursor: Cursor) -> Call:
    skip_space(cursor)
    start = cursor.position
    fields = read_dict(cursor, python=False)
    wrapped = fields.get("function")
    if isinstance(wrapped, dict):
        _refuse_other_keys(cursor, fields, _JSON_WRAPPER_KEYS, start)
        fields = wrapped
    _refuse_other_keys(cursor, fields, _JSON_CALL_KEYS, start)
    name = fields.get("name")
    if not isinstance(name, str) or not name:
        fail(cursor, 'a call with a "name" that is a string and not empty', start)
    given = [fields[key] for key in ("arguments", "parameters") if key in fields]
    if len(given) != 1:
        fail(cursor, f'either "arguments" or "parameters" in the call of {name[:80]!r}', start)
    arguments = _decode_arguments(cursor, given[0], start) if isinstance(given[0], str) else given[0]
    if not isinstance(arguments, dict):
        fail(cursor, f"the arguments of {name[:80]!r} to be a JSON object, or one written as a string", start)
    return Call(name, arguments)


def _refuse_other_keys(cursor: Cursor, fields: dict[str, Any], keys: set[str], start: int) -> None:
    """A tool's definition has a name and parameters too: what isn't exactly a call must not pass for one."""
    other = next((key for key in fields if key not in keys), None)
    if other is not None:
        fail(cursor, f"a call with only the keys {', '.join(sorted(keys))}, but it has {other[:80]!r}", start)


def _decode_arguments(cursor: Cursor, encoded: str, start: int) -> Any:
    """OpenAI sends the arguments as JSON within a string. Errors are placed at the call, as escapes shift positions."""
    inner = Cursor(encoded, depth=cursor.depth)
    try:
        arguments = read_value(inner, python=False)
        skip_space(inner)
        if inner.position < len(encoded):
            fail(inner, "the end of the arguments")
    except CallSyntaxError as error:
        fail(cursor, f"a call whose arguments, written as a string, are JSON; within them, {error}", start)
    return arguments
