"""Java source text becomes the value that a possible answer is compared with.

In: the text of an argument and its declared type. Out: a JSON value, or the text itself where it isn't written as
that type is. The rules are the official evaluator's, its oddities included; the time is linear in the text.
"""

import re
from collections.abc import Iterator
from typing import Any

from .errors import UnreadableType
from .spans import NextIndex, enclosed, python_number


# A line end after the last digit is let pass, since the official patterns end with `$`.
_WHOLE = re.compile(r"(-?\d+)\n?")
_LONG = re.compile(r"(-?\d+)[lL]\n?")
_DOUBLE = re.compile(r"(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\n?")
_FLOAT = re.compile(r"(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)[fF]\n?")

_ARRAY = re.compile(r"new\s+\w+\[\]\s*\{")
_AS_LIST = re.compile(r"new\s+ArrayList<\w*>\(Arrays\.asList\(")
_LIST_BODY = re.compile(r"new\s+ArrayList<\w*>\(\)\s*\{\{\s*")
_EMPTY_LIST = re.compile(r"new\s+ArrayList<\w*>\(\)")
_ADD = re.compile(r"add\(")
_MAP = re.compile(r"new\s+HashMap<")
_MAP_BODY = re.compile(r">\s*\(\)\s*\{\s*\{?\s*")
_EMPTY_MAP = re.compile(r">\s*\(\)")
_KEY_END = re.compile(r'",\s*')
_PUT = 'put("'


def java_value(text: str, type_name: str, item_type: str | None = None) -> Any:
    """
    The value that `text` writes, as the declared type has it.

    `("5L", "long")` gives `5`, `("5", "long")` gives `"5"` (that is no long), `("x", "any")` gives `"x"`,
    `("new int[]{1, 2}", "Array", "integer")` gives `[1, 2]`.

    Args:
        text (`str`): Source text, as [`decode_java`] gives it.
        type_name (`str`): Declared type by BFCL's name.
        item_type (`str`, *optional*): Declared type of the items of an `Array` or `ArrayList`.

    Returns:
        `Any`: A JSON value; `text` itself where it isn't written as the type is.

    Raises:
        `UnreadableType`: BFCL has no rule for the type (`Set`, `Queue`, unknown names), or a number is too long.
    """
    if type_name in ("byte", "short", "integer"):
        return _integer(_WHOLE, text)
    if type_name == "long":
        return _integer(_LONG, text)
    if type_name == "float":
        return _float(_FLOAT, text)
    if type_name == "double":
        return _float(_DOUBLE, text)
    if type_name == "boolean":
        return text == "true" if text in ("true", "false") else text
    if type_name in ("char", "String", "any"):
        return text
    if type_name == "Array":
        return _array(text, item_type)
    if type_name == "ArrayList":
        return _array_list(text, item_type)
    if type_name == "HashMap":
        return _hash_map(text)
    raise UnreadableType(f"no rule reads a Java value of type {type_name!r}")


def _integer(pattern: re.Pattern[str], text: str) -> int | str:
    """`-12` gives `-12`; `1.0`, `0x1` and `1_000` stay text."""
    matched = pattern.fullmatch(text)
    if matched is None:
        return text
    try:
        return int(matched[1])
    except ValueError as error:
        raise UnreadableType(f"a number of {len(text):,} characters is too long") from error


def _float(pattern: re.Pattern[str], text: str) -> float | str:
    """As a double `2` gives `2.0`, `-1.5e3` gives `-1500.0`; `.5` and `1.` stay text."""
    matched = pattern.fullmatch(text)
    return text if matched is None else float(matched[1])


def _array(text: str, item_type: str | None) -> Any:
    """
    Items between the first pair of braces after `new X[]`, split at every comma.

    `new int[]{1, , x}` gives `[1, "x"]` for items of type `integer`; `{1, 2}` stays text.
    """
    items = next(enclosed(text, _ARRAY, "}"), None)
    if items is None:
        return text
    stripped = (item.strip() for item in items.split(","))
    return [java_value(item, item_type) if item_type else _guess(item) for item in stripped if item]


def _array_list(text: str, item_type: str | None) -> Any:
    """
    Three ways to write a list; anything else stays text.

    `new ArrayList<>(Arrays.asList("a", "b"))` and `new ArrayList<String>() {{ add("a"); add("b"); }}` give
    `["a", "b"]` for items of type `String`, `new ArrayList<>()` gives `[]`.
    """
    listed = next(enclosed(text, _AS_LIST, "))", at_least=1), None)
    if listed is not None:
        return [_list_item(item.strip(), item_type) for item in listed.split(",")]
    body = _list_body(text)
    if body is not None:
        return [_list_item(item.strip(), item_type) for item in enclosed(body, _ADD, ")", at_least=1)]
    return [] if _EMPTY_LIST.search(text) else text


def _list_body(text: str) -> str | None:
    """
    What stands in double braces: `new ArrayList<>() {{ add(1); }}` gives `"add(1);"`, `{{ }}` gives `""`.

    The braces hold one character at least, so `{{}}` doesn't end them.
    """
    opening = _LIST_BODY.search(text)
    if opening is None:
        return None
    start = opening.end()
    end = text.find("}}", start + 1)
    if end >= 0:
        return text[start : start + 1] + text[start + 1 : end].rstrip()
    return "" if text[start - 1].isspace() and text.startswith("}}", start) else None


def _list_item(text: str, item_type: str | None) -> Any:
    """`"a"` gives `a` for a `String`; the first and the last character go, whatever they are."""
    if item_type in ("char", "String"):
        return text[1:-1]
    return java_value(text, item_type) if item_type else _guess(text)


def _hash_map(text: str) -> Any:
    """
    What is put into a map before the first `}`, its values read without a declared type.

    `new HashMap<String, Object>() {{ put("a", 1); put("b", "x"); }}` gives `{"a": 1, "b": "x"}`;
    `new HashMap<>()` gives `{}`; `Map.of("a", 1)` stays text.
    """
    opening = _MAP.search(text)
    if opening is None:
        return text
    body = _MAP_BODY.search(text, opening.end())
    end = text.find("}", body.end()) if body else -1
    if body and end >= 0:
        return {key: _guess(value.strip()) for key, value in _puts(text[body.end() : end])}
    return {} if _is_empty_map(text) else text


def _puts(body: str) -> Iterator[tuple[str, str]]:
    """
    Key and value of each `put`, neither of which spans lines.

    `put("a", 1); put("b",` gives `("a", "1")`; `put("a", "b", 2)` gives `("a", '"b", 2')`.
    """
    line_ends, value_line_ends, brackets = NextIndex(body, "\n"), NextIndex(body, "\n"), NextIndex(body, ")")
    separators = (
        (matched.start(), matched.end(), value_end)
        for matched in _KEY_END.finditer(body)
        if (value_end := brackets.at(matched.end())) < value_line_ends.at(matched.end())
    )
    separator = next(separators, None)
    position = 0
    while (found := body.find(_PUT, position)) >= 0:
        position = key_start = found + len(_PUT)
        while separator is not None and separator[0] < key_start:
            separator = next(separators, None)
        if separator is None:
            return
        key_end, value_start, value_end = separator
        if key_end < line_ends.at(key_start):
            yield body[key_start:key_end], body[value_start:value_end]
            position = value_end + 1


def _is_empty_map(text: str) -> bool:
    """Whether `new HashMap<...>()` stands somewhere on one line."""
    line_ends = NextIndex(text, "\n")
    closing: re.Match[str] | None = None
    for opening in _MAP.finditer(text):
        start = opening.end()
        if closing is None or closing.start() < start:
            closing = _EMPTY_MAP.search(text, start)
        if closing is None:
            return False
        if closing.start() < line_ends.at(start):
            return True
    return False


def _guess(text: str) -> Any:
    """
    A value whose type isn't declared: `true` gives `True`, `"a"` gives `a`, `5L` gives `5`, `2f` gives `2.0`.

    Other numbers are read as Python does (`1_000`, `nan`); what is no number stays text.
    """
    if text in ("true", "false"):
        return text == "true"
    if text.startswith('"') and text.endswith('"'):
        return text[1:-1]
    if _LONG.fullmatch(text):
        return _integer(_LONG, text)
    if _FLOAT.fullmatch(text):
        return _float(_FLOAT, text)
    return python_number(text)
