"""A value against a JSON Schema, where both come from strangers.

In: a normalised schema and a JSON value. Out: [`enforced`] takes from the schema what can be checked safely, once for
all values; [`Check`] goes through it and a value together and yields each [`Mismatch`], at a bounded cost.

The `jsonschema` package compares a value with every member of an enum, looks for all errors of all alternatives, and
writes the whole value into each of them: minutes or hours for what a stranger may send. The tests hold its verdicts
against these.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Any, Literal, NamedTuple

from .normalize import FIELDS, LISTS, Path, shown


# Most lists and dicts within each other in a checked value; `calls` reads no deeper ones.
MAX_VALUE_DEPTH = 64

# Numbers that are checked are smaller than this: a float holds them, so that no comparison overflows.
NUMBER_LIMIT = 2**1023

# Most steps of one check, about a second: a step is a keyword of a schema at a value. The longest text that `calls`
# reads holds 130,000 values.
MAX_STEPS = 1_000_000

# An alternative of `anyOf` is judged by its first mismatches.
_ALTERNATIVE_MISMATCHES = 5

# Exact division takes as long as this many other steps.
_MULTIPLE_STEPS = 20

# Characters of JSON that are written for an enum or a set in one step.
_KEY_CHARS_PER_STEP = 4

MismatchKind = Literal["missing_parameter", "unknown_parameter", "wrong_type", "not_in_enum", "invalid_value"]


class TooMuchWorkError(Exception):
    """The steps of a [`Check`] are spent."""


class Mismatch(NamedTuple):
    """
    What is wrong at one place. It has no message yet, since an alternative that doesn't fit has no use for one.

    Args:
        kind (`str`):
            One of [`MismatchKind`].
        path (`tuple`):
            Names and indices that lead to the place.
        value (`Any`):
            What stands there.
        keyword (`str`):
            The keyword of the schema that it breaks; `""` where the schema allows no value at all.
        demand (`Any`):
            What the keyword asks for; the known names for an unknown parameter.
    """

    kind: MismatchKind
    path: Path
    value: Any
    keyword: str
    demand: Any


@dataclass(frozen=True, repr=False)
class Choices:
    """The members of an `enum`, or a `const`, as a set of canonical JSON; `written` is how a message shows them."""

    keys: frozenset[str]
    written: str

    def __repr__(self) -> str:
        return self.written


def enforced(schema: Any) -> Any:
    """
    The part of a normalised `schema` (`dict` or `bool`) that is checked.

    Left out are `$ref` (it could name a file or an address), `pattern` and `patternProperties` (a regular expression
    can take forever), rare keywords, and keywords whose value isn't what JSON Schema asks for, as `"minimum": "1"`.
    What is left out must make a schema only more lenient, so `not` is left out too, `oneOf` becomes `anyOf`, and
    `additionalProperties` counts only where all names are known.
    """
    if not isinstance(schema, dict):
        return schema
    kept = {
        keyword: _enforced_value(keyword, value)
        for keyword, value in schema.items()
        if keyword in _ENFORCED and _ENFORCED[keyword](value)
    }
    if "oneOf" in kept:
        kept.setdefault("anyOf", kept.pop("oneOf"))
    if "patternProperties" in schema:
        kept.pop("additionalProperties", None)
    return kept


def _enforced_value(keyword: str, value: Any) -> Any:
    if keyword == "properties":
        return {name: enforced(schema) for name, schema in value.items()}
    if keyword == "enum":
        return Choices(frozenset(map(json_key, value)), shown(value))
    if keyword == "const":
        return Choices(frozenset([json_key(value)]), shown(value))
    if keyword == "required":
        return list(dict.fromkeys(value))
    if keyword in LISTS:
        return [enforced(schema) for schema in value]
    return enforced(value) if keyword in FIELDS else value


def json_key(value: Any) -> str:
    """
    One text for all JSON values that JSON Schema calls equal: 1 and 1.0, but not 1 and True.

    A text, because the hashes of strings can't be predicted: with numbers, a stranger could choose an enum whose
    members all have the same hash, and a set would compare each with each.
    """
    return _encode_sorted(_with_whole_numbers(value, 0))


def _with_whole_numbers(value: Any, depth: int) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, list | dict):
        return value
    if depth > MAX_VALUE_DEPTH:
        return None  # deeper than what is checked, so that nothing equals the whole in any case
    if isinstance(value, list):
        return [_with_whole_numbers(item, depth + 1) for item in value]
    return {name: _with_whole_numbers(item, depth + 1) for name, item in value.items()}


_encode_sorted = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_bound(value: Any) -> bool:
    return _is_number(value) and abs(value) < NUMBER_LIMIT


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_schema(value: Any) -> bool:
    return isinstance(value, dict | bool)


def _is_filled_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


_ENFORCED: dict[str, Callable[[Any], bool]] = {
    "type": lambda value: True,
    "const": lambda value: True,
    "properties": lambda value: isinstance(value, dict),
    "required": lambda value: isinstance(value, list) and all(isinstance(name, str) for name in value),
    "multipleOf": lambda value: _is_bound(value) and value > 0,
    "uniqueItems": lambda value: value is True,
    **dict.fromkeys(("additionalProperties", "items"), _is_schema),
    **dict.fromkeys(("enum", "anyOf", "oneOf", "allOf", "prefixItems"), _is_filled_list),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _is_bound),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), _is_count),
}


# --- checking --------------------------------------------------------------------------------------------------------


class Check:
    """
    Goes through schemas and values and counts the steps.

    Its methods are generators, so that who needs only the first mismatches pays for no more. They raise
    [`TooMuchWorkError`] when `MAX_STEPS` are spent by all of them together.
    """

    def __init__(self) -> None:
        self.steps_left = MAX_STEPS

    def spend(self, steps: int) -> None:
        self.steps_left -= steps
        if self.steps_left < 0:
            raise TooMuchWorkError

    def mismatches(self, schema: Any, value: Any, path: Path = ()) -> Iterator[Mismatch]:
        """What is wrong with `value` at `path` by the [`enforced`] part of a schema."""
        if isinstance(schema, bool):
            self.spend(1)
            if not schema:
                yield Mismatch("invalid_value", path, value, "", None)
            return
        self.spend(1 + len(schema))
        for keyword, demand in schema.items():
            if keyword in _FITS:
                self.spend(_MULTIPLE_STEPS if keyword == "multipleOf" else 0)
                if not _FITS[keyword](value, demand):
                    kind: MismatchKind = "wrong_type" if keyword == "type" else "invalid_value"
                    yield Mismatch(kind, path, value, keyword, demand)
            elif keyword in ("enum", "const"):
                if self._key(value) not in demand.keys:
                    yield Mismatch("not_in_enum", path, value, keyword, demand)
            elif keyword == "anyOf":
                yield from self._any_of(demand, value, path)
            elif keyword == "allOf":
                for part in demand:
                    yield from self.mismatches(part, value, path)
            elif isinstance(value, list):
                yield from self._in_list(keyword, demand, value, schema, path)
            elif isinstance(value, dict):
                yield from self._in_dict(keyword, demand, value, schema, path)

    def _key(self, value: Any) -> str:
        key = json_key(value)
        self.spend(len(key) // _KEY_CHARS_PER_STEP)
        return key

    def _any_of(self, alternatives: list[Any], value: Any, path: Path) -> Iterator[Mismatch]:
        kinds: set[MismatchKind] = set()
        for alternative in alternatives:
            first = islice(self.mismatches(alternative, value, path), _ALTERNATIVE_MISMATCHES)
            found = {mismatch.kind for mismatch in first}
            if not found:
                return
            # The alternatives of a union differ in type; what else is wrong is said by those whose type fits.
            if "wrong_type" not in found:
                kinds |= found
        kind: MismatchKind = "not_in_enum" if kinds == {"not_in_enum"} else "invalid_value"
        yield Mismatch(kind if kinds else "wrong_type", path, value, "anyOf", alternatives)

    def _in_list(
        self, keyword: str, demand: Any, value: list[Any], schema: dict[str, Any], path: Path
    ) -> Iterator[Mismatch]:
        if keyword == "uniqueItems":
            if len({self._key(item) for item in value}) < len(value):
                yield Mismatch("invalid_value", path, value, keyword, demand)
        elif keyword == "prefixItems":
            for index, (item, inner) in enumerate(zip(value, demand, strict=False)):
                yield from self.mismatches(inner, item, (*path, index))
        elif keyword == "items":
            start = len(schema.get("prefixItems", ()))
            for index, item in enumerate(islice(value, start, None), start):
                yield from self.mismatches(demand, item, (*path, index))

    def _in_dict(
        self, keyword: str, demand: Any, value: dict[str, Any], schema: dict[str, Any], path: Path
    ) -> Iterator[Mismatch]:
        if keyword == "required":
            self.spend(len(demand))
            for name in (name for name in demand if name not in value):
                yield Mismatch("missing_parameter", (*path, name), None, keyword, demand)
        elif keyword == "properties":
            self.spend(len(demand))
            for name in (name for name in demand if name in value):
                yield from self.mismatches(demand[name], value[name], (*path, name))
        elif keyword == "additionalProperties":
            self.spend(len(value))
            known = schema.get("properties", {})
            for name in (name for name in value if name not in known):
                if demand is False:
                    yield Mismatch("unknown_parameter", (*path, name), value[name], keyword, known)
                else:
                    yield from self.mismatches(demand, value[name], (*path, name))


def _is_multiple(value: int | float, step: int | float) -> bool:
    """Exact, by the digits that stand in the JSON: 19.99 is a multiple of 0.01, though not the floats nearest to them."""
    return _as_written(value) % _as_written(step) == 0


def _as_written(number: int | float) -> Fraction:
    return Fraction(float.__repr__(number)) if isinstance(number, float) else Fraction(number)


_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: _is_number(value) and (isinstance(value, int) or value.is_integer()),
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}

# Keywords that look only at the value itself, not into it: value and demand to whether they fit.
_FITS: dict[str, Callable[[Any, Any], bool]] = {
    "type": lambda value, types: any(_TYPES[name](value) for name in ([types] if isinstance(types, str) else types)),
    "minimum": lambda value, bound: not _is_number(value) or value >= bound,
    "maximum": lambda value, bound: not _is_number(value) or value <= bound,
    "exclusiveMinimum": lambda value, bound: not _is_number(value) or value > bound,
    "exclusiveMaximum": lambda value, bound: not _is_number(value) or value < bound,
    "multipleOf": lambda value, step: not _is_number(value) or _is_multiple(value, step),
    "minLength": lambda value, count: not isinstance(value, str) or len(value) >= count,
    "maxLength": lambda value, count: not isinstance(value, str) or len(value) <= count,
    "minItems": lambda value, count: not isinstance(value, list) or len(value) >= count,
    "maxItems": lambda value, count: not isinstance(value, list) or len(value) <= count,
    "minProperties": lambda value, count: not isinstance(value, dict) or len(value) >= count,
    "maxProperties": lambda value, count: not isinstance(value, dict) or len(value) <= count,
}
