"""The forms of calls: from the whole text to calls, whose values `literals` reads.

In: the text of an answer, in one of the forms that the package's docstring lists. Out: [`parse_calls`]: the calls.
"""

import re
from typing import Any

from .call import MAX_CHARS, Call, is_plain_name, is_renderable_name
from .cursor import CallSyntaxError, Cursor
from .literals import read_dict, read_value


_OPEN_TAG, _CLOSE_TAG, _FENCE = "<tool_call>", "</tool_call>", "```"
_BEFORE = re.compile(r"\ufeff?\s*+")
_FENCE_START = re.compile(r"```(?:[\w+-]*+[ \t]*+\r?\n)?")
_NAME = re.compile(r"[^\s()\[\]{}'\"`,=<>\\]*+(?: ++[^\s()\[\]{}'\"`,=<>\\]++)*+ *+")
_JSON_CALL_KEYS = {"name", "arguments", "parameters", "id", "type", "index"}
_JSON_WRAPPER_KEYS = {"function", "id", "type", "index"}


def parse_calls(text: str) -> list[Call]:
    """
    Read the calls in `text`.

    A bare word is read as a string, tuples as lists and `true`, `false`, `null` as constants, as BFCL's checker reads
    them. JSON calls carry `name` and `arguments` (xLAM) or `parameters` (Llama), also in OpenAI's `function` wrapper.
    Names with spaces are read only within brackets, since outside them prose would pass for a name.

    Args:
        text (`str`):
            The whole answer, without reasoning. `[]` holds no calls; an empty text is an error.

    Returns:
        `list[Call]`: The calls in the order of the text.

    Raises:
        CallSyntaxError: The text is in none of the forms, holds anything that is no literal (positional arguments,
            arithmetic, nested calls, comprehensions; in JSON also NaN), names a parameter or key twice, is longer than
            `MAX_CHARS` or has more than `MAX_DEPTH` brackets open at once.
    """
    if len(text) > MAX_CHARS:
        message = f"the text has {len(text):,} characters, the limit is {MAX_CHARS:,}: cut the answer off earlier"
        raise CallSyntaxError(message, MAX_CHARS)
    cursor = Cursor(text)
    cursor.match(_BEFORE)
    calls = _read_fenced(cursor, blocks=True)
    cursor.skip_space()
    if cursor.position < len(text):
        cursor.fail("the end of the text after the calls")
    return calls


# --- the forms -------------------------------------------------------------------------------------------------------


def _read_fenced(cursor: Cursor, blocks: bool) -> list[Call]:
    cursor.skip_space()
    fenced = cursor.match(_FENCE_START)
    cursor.skip_space()
    calls = _read_blocks(cursor) if blocks and cursor.at(_OPEN_TAG) else _read_form(cursor)
    if fenced:
        cursor.expect(_FENCE, "the fence to be closed by ```")
    return calls


def _read_blocks(cursor: Cursor) -> list[Call]:
    calls: list[Call] = []
    while cursor.take(_OPEN_TAG):
        calls += _read_fenced(cursor, blocks=False)
        cursor.expect(_CLOSE_TAG, f"the block to be closed by {_CLOSE_TAG}")
    return calls


def _read_form(cursor: Cursor) -> list[Call]:
    if cursor.at("{"):
        return _read_lines(cursor, json=True)
    if cursor.at("["):
        return _read_list(cursor)
    return _read_lines(cursor, json=False)


def _read_list(cursor: Cursor) -> list[Call]:
    calls: list[Call] = []
    cursor.open_bracket("[")
    cursor.skip_space()
    json = cursor.at("{")
    while not cursor.at_end("]", not calls, trailing_comma=not json, after=" after a call"):
        calls.append(_read_json_call(cursor) if json else _read_call(cursor, spaces=True))
    return calls


def _read_lines(cursor: Cursor, json: bool) -> list[Call]:
    """Calls without brackets: a line each, or in the python form also behind commas."""
    calls: list[Call] = []
    while True:
        calls.append(_read_json_call(cursor) if json else _read_call(cursor, spaces=False))
        space = cursor.skip_space()
        comma = not json and cursor.take(",")
        cursor.skip_space()
        if cursor.position == len(cursor.text) or cursor.at(_FENCE) or cursor.at(_CLOSE_TAG):
            return calls
        if not comma and "\n" not in space:
            cursor.fail("the next call on a new line, or a list in [ ] around the calls")


# --- calls in the python form ----------------------------------------------------------------------------------------


def _read_call(cursor: Cursor, spaces: bool) -> Call:
    cursor.skip_space()
    start = cursor.position
    name = cursor.match(_NAME)
    if not spaces and " " in name and cursor.at("("):
        cursor.fail("a call (a function name with spaces needs a list in [ ] around the calls)", start)
    if not is_renderable_name(name.rstrip(" ")) or not cursor.at("("):
        cursor.fail("a function name and '(' (no text may stand around the calls)", start)
    arguments: dict[str, Any] = {}
    cursor.open_bracket("(")
    first = True
    while not cursor.at_end(")", first):
        first = False
        _read_argument(cursor, arguments)
    return Call(name.rstrip(" "), arguments)


def _read_argument(cursor: Cursor, arguments: dict[str, Any]) -> None:
    cursor.skip_space()
    start = cursor.position
    if cursor.take("**"):
        given = read_dict(cursor)
    else:
        name = cursor.match(_NAME).rstrip(" ")
        if not is_plain_name(name, spaces=False) or not cursor.take("="):
            message = "parameter=value (not a positional argument; an odd name is written **{'odd name': value})"
            cursor.fail(message, start)
        given = {name: read_value(cursor)}
    repeated = next((name for name in given if name in arguments), None)
    if repeated is not None:
        cursor.fail(f"each parameter once, but {repeated[:80]!r} came before", start)
    arguments.update(given)


# --- calls in JSON ---------------------------------------------------------------------------------------------------


def _read_json_call(cursor: Cursor) -> Call:
    cursor.skip_space()
    start = cursor.position
    fields = read_dict(cursor, python=False)
    wrapped = fields.get("function")
    if isinstance(wrapped, dict):
        _refuse_other_keys(cursor, fields, _JSON_WRAPPER_KEYS, start)
        fields = wrapped
    _refuse_other_keys(cursor, fields, _JSON_CALL_KEYS, start)
    name = fields.get("name")
    if not isinstance(name, str) or not name:
        cursor.fail('a call with a "name" that is a string and not empty', start)
    given = [fields[key] for key in ("arguments", "parameters") if key in fields]
    if len(given) != 1:
        cursor.fail(f'either "arguments" or "parameters" in the call of {name[:80]!r}', start)
    arguments = _decode_arguments(cursor, given[0], start) if isinstance(given[0], str) else given[0]
    if not isinstance(arguments, dict):
        cursor.fail(f"the arguments of {name[:80]!r} to be a JSON object, or one written as a string", start)
    return Call(name, arguments)


def _refuse_other_keys(cursor: Cursor, fields: dict[str, Any], keys: set[str], start: int) -> None:
    """A tool's definition has a name and parameters too: what isn't exactly a call must not pass for one."""
    other = next((key for key in fields if key not in keys), None)
    if other is not None:
        cursor.fail(f"a call with only the keys {', '.join(sorted(keys))}, but it has {other[:80]!r}", start)


def _decode_arguments(cursor: Cursor, encoded: str, start: int) -> Any:
    """OpenAI sends the arguments as JSON within a string. Errors are placed at the call, as escapes shift positions."""
    inner = Cursor(encoded, depth=cursor.depth)
    try:
        arguments = read_value(inner, python=False)
        inner.skip_space()
        if inner.position < len(encoded):
            inner.fail("the end of the arguments")
    except CallSyntaxError as error:
        cursor.fail(f"a call whose arguments, written as a string, are JSON; within them, {error}", start)
    return arguments
