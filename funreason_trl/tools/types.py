"""Type names as JSON Schema: what is in the words that stand at a parameter's `type`.

In: the words that function-calling data sets write as a parameter's type: `str, optional`, `List[int]`,
`Tuple[float, float]`, `['string', 'null']`, `int | None`, `HashMap`, `Literal['a', 'b']`...
Out: a [`ReadType`]: the JSON Schema that says the same, whether the type allows the parameter to be left out, and
whether the schema says all that the words said.

The names are those of Python and `typing`, of JSON Schema, and of BFCL's Java and JavaScript tools. Nothing is
evaluated; words longer than `MAX_TYPE_CHARS` or deeper than `MAX_TYPE_DEPTH` aren't taken apart.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import Any


# Longest type that is taken apart, and most brackets within each other in it, as each level is read once more.
MAX_TYPE_CHARS = 300
MAX_TYPE_DEPTH = 8

_JSON_TYPES = {
    "string": ("str", "string", "char", "character"),
    "integer": ("int", "integer", "long", "short", "byte", "bigint"),
    "number": ("float", "number", "double"),
    "boolean": ("bool", "boolean"),
    "array": ("list", "array", "arraylist", "tuple", "queue", "stack", "sequence", "iterable"),
    "object": ("dict", "object", "hashmap", "hashtable", "map", "mapping"),
    "null": ("null", "none", "nonetype"),
}
_SETS = ("set", "frozenset", "hashset")
_SCHEMAS: dict[str, dict[str, Any]] = {
    **{name: {"type": json_type} for json_type, names in _JSON_TYPES.items() for name in names},
    **{name: {"type": "array", "uniqueItems": True} for name in _SETS},
    "any": {},
}
_LITERALS = {"True": True, "False": False, "None": None}
# `str (optional)` says what `str, optional` says.
_BRACKETED = re.compile(r"\s*([^()]+)\(([^()]+)\)\s*")
_QUALIFIER = re.compile(r"optional|required|default\b.*", re.DOTALL)


@dataclass(frozen=True)
class ReadType:
    """
    What the words of a type say.

    `schema` is a JSON Schema; `optional` is True if the words say `optional` or allow null; `exact` is False if the
    schema says less than the words did, which then belong into the description.
    """

    schema: dict[str, Any]
    optional: bool = False
    exact: bool = True


_UNKNOWN = ReadType({}, exact=False)


def read_type(words: str | list[str]) -> ReadType:
    """
    Read the type that `words` (`str`, or a list of alternatives as JSON Schema has them) describe.

    xLAM writes `str, optional`; `Callable[...]` becomes a string, as the name of a function is all that a call can
    carry; what isn't known becomes a schema that allows everything, with `exact=False`.
    """
    if not words or sum(map(len, words)) > MAX_TYPE_CHARS or _depth("".join(words)) > MAX_TYPE_DEPTH:
        return _UNKNOWN
    if isinstance(words, list):
        return _union(words)
    if bracketed := _BRACKETED.fullmatch(words):
        words = f"{bracketed[1]}, {bracketed[2]}"
    first, *qualifiers = [part.strip() for part in _split(words, ",")]
    qualifiers = [qualifier.lower() for qualifier in qualifiers]
    optional = "optional" in qualifiers
    if not all(_QUALIFIER.fullmatch(qualifier) for qualifier in qualifiers):
        return ReadType({}, optional, exact=False)
    read = _read(first)
    has_default = any(qualifier.startswith("default") for qualifier in qualifiers)
    return ReadType(read.schema, optional or has_default or read.optional, read.exact and not has_default)


def _depth(words: str) -> int:
    """Most brackets open at once, those in quotes included."""
    return max(accumulate((char in "[<") - (char in "]>") for char in words), default=0)


def _read(words: str) -> ReadType:
    words = words.strip()
    alternatives = _split(words, "|")
    if len(alternatives) > 1:
        return _union(alternatives)
    if len(words) > 1 and words[0] == words[-1] and words[0] in "'\"":
        return _read(words[1:-1])
    quoted = "'" in words or '"' in words
    head, bracket, inner = (words if quoted else words.replace("<", "[").replace(">", "]")).partition("[")
    if not bracket:
        return _named(head)
    if not inner.endswith("]"):
        return _UNKNOWN
    return _generic(head.strip().removeprefix("typing.").lower(), inner[:-1])


def _named(name: str) -> ReadType:
    name = name.removeprefix("typing.").lower()
    if name in ("callable", "function"):
        return ReadType({"type": "string"}, exact=False)
    if name not in _SCHEMAS:
        return _UNKNOWN
    return ReadType(dict(_SCHEMAS[name]), optional=name in _JSON_TYPES["null"])


def _generic(head: str, inner: str) -> ReadType:
    """`head[inner]`, such as `dict[str, int]`; `['string', 'null']` has no head, `int[]` nothing within."""
    parts = _split(inner, ",")
    base = _named(head)
    if head in ("", "union"):
        return _union(parts)
    if head == "optional":
        return _union([inner, "null"])
    if head == "literal":
        return _literal(parts)
    if head == "callable":
        return base
    if head == "tuple":
        return _tuple(parts)
    if not inner.strip() and base.exact:
        return ReadType({"type": "array", "items": base.schema})
    if base.schema.get("type") == "array" and len(parts) == 1:
        return _container(base.schema, "items", _read(inner))
    if base.schema.get("type") == "object" and len(parts) == 2:
        return _container(base.schema, "additionalProperties", _read(parts[1]))
    return _UNKNOWN


def _container(base: dict[str, Any], keyword: str, inner: ReadType) -> ReadType:
    schema = {**base, keyword: inner.schema} if inner.schema else base
    return ReadType(schema, exact=inner.exact)


def _tuple(parts: list[str]) -> ReadType:
    """A tuple of one repeated type needs no `prefixItems`, which few chat templates and models know."""
    if parts[-1].strip() == "...":
        return _container({"type": "array"}, "items", _read(parts[0]))
    items = [_read(part) for part in parts]
    schema = {"type": "array", "minItems": len(items), "maxItems": len(items)}
    exact = all(item.exact for item in items)
    if all(item.schema == items[0].schema for item in items):
        return _container(schema, "items", ReadType(items[0].schema, exact=exact))
    return ReadType({**schema, "prefixItems": [item.schema for item in items]}, exact=exact)


def _union(alternatives: list[str]) -> ReadType:
    """One of several types: a list of names where that says it all, else `anyOf`."""
    reads = [_read(alternative) for alternative in alternatives]
    optional = any(read.optional for read in reads)
    exact = all(read.exact for read in reads)
    schemas = _distinct(read.schema for read in reads)
    if not all(schemas):  # an alternative that allows everything
        return ReadType({}, optional, exact)
    if len(schemas) == 1:
        return ReadType(schemas[0], optional, exact)
    if any(set(schema) != {"type"} for schema in schemas):
        return ReadType({"anyOf": schemas}, optional, exact)
    names = [name for schema in schemas for name in _as_list(schema["type"])]
    return ReadType({"type": list(dict.fromkeys(names))}, optional, exact)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _distinct(schemas: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({json.dumps(schema): schema for schema in schemas}.values())


def _literal(parts: list[str]) -> ReadType:
    values: list[Any] = []
    for part in (part.strip() for part in parts):
        if len(part) > 1 and part[0] == part[-1] and part[0] in "'\"" and "\\" not in part:
            values.append(part[1:-1])
        elif part in _LITERALS:
            values.append(_LITERALS[part])
        elif re.fullmatch(r"-?[0-9]{1,18}", part):
            values.append(int(part))
        else:
            return _UNKNOWN
    optional = None in values
    if all(isinstance(value, str) for value in values):
        return ReadType({"type": "string", "enum": values})
    return ReadType({"enum": values}, optional)


def _split(words: str, separator: str) -> list[str]:
    """Split at separators that stand outside brackets and quotes; words with brackets that don't pair stay whole."""
    if separator not in words:
        return [words]
    parts, start, depth, quote = [], 0, 0, ""
    for index, char in enumerate(words):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "[(<":
            depth += 1
        elif char in "])>":
            depth -= 1
        elif char == separator and depth == 0:
            parts.append(words[start:index])
            start = index + 1
    return [words] if depth or quote else [*parts, words[start:]]
