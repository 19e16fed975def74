"""JavaScript source text becomes the value that a possible answer is compared with.

In: the text of an argument and its declared type. Out: a JSON value, or the text itself where it isn't written as
that type is. The rules are the official evaluator's, its oddities included; the time is linear in the text.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

from .errors import UnreadableType
from .spans import NextIndex, enclosed, python_number


# A line end after the last digit is let pass, since the official patterns end with `$`.
_WHOLE = re.compile(r"-?\d+\n?")
_FLOAT = re.compile(r"-?\d+(?:\.\d+)?\n?")
_BIGINT = re.compile(r"-?\d+n\n?")

_OPENING_BRACKET, _CLOSING_BRACKET, _LINE_END = re.compile(r"\["), re.compile(r"\]"), re.compile(r"\n")
_LIST = re.compile(r"\[(.*?)\]|new\s+Array\((.*?)\)")
_OBJECT = re.compile(r"\{(.*?)\}")
_MATRIX = re.compile(r"(?:\[|new\s+Array\()\s*\[")
# After a row of a matrix: the next row, caught as a group, or the end of the matrix.
_AFTER_ROW = {"[": re.compile(r"\s*(?:(,\s*\[)|\])"), "n": re.compile(r"\s*(?:(,\s*\[)|\))")}
_COLONS = re.compile(r":*")
_SPACE = re.compile(r"\s*")


def javascript_value(text: str, type_name: str, item_type: str | None = None) -> Any:
    """
    The value that `text` writes, as the declared type has it.

    `("5n", "Bigint")` gives `5`, `("5", "Bigint")` gives `"5"` (that is none), `("'x'", "any")` gives `"'x'"`,
    `("[1, 2]", "array", "float")` gives `[1.0, 2.0]`.

    Args:
        text (`str`): Source text, as [`decode_javascript`] gives it.
        type_name (`str`): Declared type by BFCL's name.
        item_type (`str`, *optional*): Declared type of the items of an `array`.

    Returns:
        `Any`: A JSON value; `text` itself where it isn't written as the type is.

    Raises:
        `UnreadableType`: BFCL doesn't know the type, or a number can't be read.
    """
    if type_name == "String":
        return unquoted(text)
    if type_name == "integer":
        return _integer(text) if _WHOLE.fullmatch(text) else text
    if type_name == "float":
        return float(text) if _FLOAT.fullmatch(text) else text
    if type_name == "Bigint":
        return _integer(text[:-1]) if _BIGINT.fullmatch(text) else text
    if type_name == "Boolean":
        return text == "true" if text in ("true", "false") else text
    if type_name == "any":
        return text
    if type_name == "array":
        return _array(text.strip(), item_type)
    if type_name == "dict":
        return _object(text.strip())
    raise UnreadableType(f"no rule reads a JavaScript value of type {type_name!r}")


def _integer(text: str) -> int:
    """`-12` gives `-12`. What is left of `5n` and a line end is `5n`, which is an error, as for the official rule."""
    try:
        return int(text)
    except ValueError as error:
        raise UnreadableType(f"{text[:20]!r}, of {len(text):,} characters, is no number that can be read") from error


def unquoted(text: str) -> str:
    """`"x"` and `'x'` give `x`; `"x'` and `x` stay as they are."""
    for quote in "\"'":
        if text.startswith(quote) and text.endswith(quote):
            return text[1:-1]
    return text


def _array(code: str, item_type: str | None) -> Any:
    """
    A list in brackets or in `new Array(...)`, of items or of rows; anything else stays text.

    `[1, 'a,b']` gives `[1, "'a", "b'"]`, split at every comma; `[[1, 2], [3]]` gives `[[1, 2], [3]]`, whose items are
    read without the declared type. For items of an unknown type the whole array stays text.
    """
    matrix = _matrix(code)
    if matrix is not None:
        rows = [row.strip() for row in enclosed(matrix, _OPENING_BRACKET, "]")]
        rows[0] = rows[0].removeprefix("[")
        return [[_guess(item) for item in row.split(",")] for row in rows]
    found = _LIST.match(code)
    if found is None:
        return code
    items = (found[1] or found[2] or "").strip()
    stripped = [item.strip() for item in items.split(",")] if items else []
    if not item_type:
        return [_guess(item) for item in stripped]
    try:
        return [javascript_value(item, item_type) for item in stripped]
    except UnreadableType:
        return code


def _matrix(code: str) -> str | None:
    """
    The part of `code` that is a list of rows: `[ [1], [2] ].x` gives `[ [1], [2] ]`, `[1, [2]]` gives `None`.

    A row may hold `]` but no line end, so `[[1] + [2], [3]]` is one as well. Once it is known to be a matrix, though,
    every bracket in it opens a row: that one has three.
    """
    opening = _MATRIX.match(code)
    if opening is None:
        return None
    line_ends = [found.start() for found in _LINE_END.finditer(code)]

    def one_line(start: int, end: int) -> bool:
        return bisect_left(line_ends, start) == bisect_left(line_ends, end)

    # Whether a bracket can end a row depends on what follows it, so go from right to left: `row_end` is the leftmost
    # bracket so far that can, `end` is where the matrix then ends.
    row_end = end = -1
    for bracket in reversed([found.start() for found in _CLOSING_BRACKET.finditer(code, opening.end())]):
        after = _AFTER_ROW[code[0]].match(code, bracket + 1)
        if after is None:
            continue
        if not after[1]:
            row_end, end = bracket, after.end()
        elif row_end >= 0 and one_line(after.end(), row_end):
            row_end = bracket
    return code[:end] if row_end >= 0 and one_line(opening.end(), row_end) else None


def _object(code: str) -> Any:
    """
    Pairs up to the first `}`, their values read without a declared type; anything else stays text.

    `{a: 1, "b": 'x', c: [1, 2]}` gives `{"a": 1, "b": "x", "c": [1, 2]}`; `{a: {b: 1}}` gives `{"a": "{b: 1"}`.
    """
    found = _OBJECT.match(code)
    if found is None:
        return code
    values = {}
    for name, value in _pairs(found[1]):
        # A value can't be an object that ends in `}`: the pairs end before.
        is_array = value.startswith("[") and value.endswith("]")
        values[name.strip().strip("'\"")] = _array(value, None) if is_array else _guess(value.strip("'\""))
    return values


def _pairs(content: str) -> Iterator[tuple[str, str]]:
    """
    Names and values on one line: `a: 1, 2, b: c:d` gives `("a", "1, 2")` and `("b", "c:d")`.

    A value ends at the first comma after which a colon comes before the next comma.
    """
    name_ends, label_ends, commas = NextIndex(content, ":"), NextIndex(content, ":"), NextIndex(content, ",")
    position = 0
    while True:
        start = _end_of(_COLONS, content, position)
        name_end = name_ends.at(start)
        if name_end == len(content):
            return
        value_start = _end_of(_SPACE, content, name_end + 1)
        value_end = commas.at(value_start)
        position = len(content)
        while value_end < len(content):
            label = _end_of(_SPACE, content, value_end + 1)
            next_comma = commas.at(label)
            if label_ends.at(label + 1) < next_comma:
                position = label
                break
            # In `a: 1, :x` the space before the colon is the name of the next pair.
            if content.startswith(":", label) and label > value_end + 1:
                position = label - 1
                break
            value_end = next_comma
        yield content[start:name_end], content[value_start:value_end].strip()


def _end_of(pattern: re.Pattern[str], text: str, position: int) -> int:
    """Where `pattern`, which matches the empty string too, stops matching."""
    matched = pattern.match(text, position)
    return matched.end() if matched else position


def _guess(text: str) -> Any:
    """
    A value whose type isn't declared: `true` gives `True`, `"a"` and `'a'` give `a`, `5` gives `5`, `5n` stays text.

    Other numbers are read as Python does (`1_000`, `nan`); what is no number stays text.
    """
    text = text.strip()
    if text in ("true", "false"):
        return text == "true"
    if unquoted(text) != text:
        return unquoted(text)
    return python_number(text)
