"""A value against a JSON Schema with `jsonschema`, where both come from strangers.

In: a normalised schema and a JSON value. Out: [`enforced`] takes from the schema what can be checked safely, once for
all values, and a [`Validator`] of it yields its errors, one at a time and at a bounded cost.

`jsonschema` alone compares a value with every member of an enum, looks for all errors of all alternatives, and writes
the whole value into each of them: minutes or hours for what a stranger may send. So its keywords are counted here, and
those that can take long are replaced.
"""

import json
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator, ValidationError, validators

from .normalize import FIELDS, LISTS, brief


# Most lists and dicts within each other in a checked value; `calls` reads no deeper ones.
MAX_VALUE_DEPTH = 64

# Numbers that are checked are smaller than this: a float holds them, so that no comparison overflows.
NUMBER_LIMIT = 2**1023

# Most steps of one check, some three seconds: a step is a keyword of a schema at a value. Far beyond any real call,
# which holds tens of values.
MAX_STEPS = 300_000

# An alternative of `anyOf` is judged by its first errors.
_ALTERNATIVE_ERRORS = 5

# Exact division takes as long as this many other steps.
_MULTIPLE_STEPS = 20

# Characters of JSON that are written for an enum or a set in one step.
_KEY_CHARS_PER_STEP = 4

# Characters of an error of `jsonschema` that are written in one step; they can hold the whole value.
_ERROR_CHARS_PER_STEP = 100


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
        if keyword in _ENFORCED and _ENFORCED[keyword].is_valid(value)
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
        return Choices(frozenset(map(json_key, value)), brief(value))
    if keyword == "const":
        return Choices(frozenset([json_key(value)]), brief(value))
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


_SCHEMA_THAT_REFUSES = {"anyOf": [{"const": False}, {"type": "object", "minProperties": 1}]}
_FILLED_LIST = {"type": "array", "minItems": 1}
_BOUND = {"type": "number", "exclusiveMinimum": -NUMBER_LIMIT, "exclusiveMaximum": NUMBER_LIMIT}
_COUNT = {"type": "integer", "minimum": 0}

# The keywords that are checked, and what their values have to be.
_ENFORCED: dict[str, Any] = {
    keyword: Draft202012Validator(schema)
    for keyword, schema in {
        "type": True,
        "const": True,
        "properties": {"type": "object"},
        "required": {"type": "array", "items": {"type": "string"}},
        "multipleOf": {**_BOUND, "exclusiveMinimum": 0},
        "uniqueItems": {"enum": [True]},
        **dict.fromkeys(("additionalProperties", "items"), _SCHEMA_THAT_REFUSES),
        **dict.fromkeys(("enum", "anyOf", "oneOf", "allOf", "prefixItems"), _FILLED_LIST),
        **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _BOUND),
        **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), _COUNT),
    }.items()
}


# --- checking --------------------------------------------------------------------------------------------------------

Errors = Iterator[ValidationError]
Keyword = Callable[[Any, Any, Any, Any], Errors]


class TooMuchWorkError(Exception):
    """The steps of a check are spent."""


_steps_left: ContextVar[int] = ContextVar("steps_left")


def start_check() -> None:
    """Give the following checks of this thread or task `MAX_STEPS` together."""
    _steps_left.set(MAX_STEPS)


def spend(steps: int) -> None:
    """Count `steps` as done. Raises [`TooMuchWorkError`] if there are no more."""
    left = _steps_left.get() - steps
    _steps_left.set(left)
    if left < 0:
        raise TooMuchWorkError


def error_kind(error: ValidationError) -> str:
    """What is wrong: the kind of the `CallProblem` that an error of a [`Validator`] becomes."""
    return error.message if error.validator == "anyOf" else _KINDS.get(error.validator, "invalid_value")


_KINDS = {
    "required": "missing_parameter",
    "additionalProperties": "unknown_parameter",
    "type": "wrong_type",
    "enum": "not_in_enum",
    "const": "not_in_enum",
}


def _counted(keyword: str) -> Keyword:
    check = Draft202012Validator.VALIDATORS[keyword]

    def counted(validator: Any, demand: Any, value: Any, schema: Any) -> Errors:
        spend(len(demand) if keyword in ("properties", "prefixItems", "allOf") else 1)
        for error in check(validator, demand, value, schema) or ():
            spend(len(error.message) // _ERROR_CHARS_PER_STEP)
            yield error

    return counted


def _type(validator: Any, types: str | list[str], value: Any, schema: Any) -> Errors:
    spend(1)
    if not any(validator.is_type(value, name) for name in ([types] if isinstance(types, str) else types)):
        yield ValidationError("another type")


def _choice(validator: Any, choices: Choices, value: Any, schema: Any) -> Errors:
    if _spent_key(value) not in choices.keys:
        yield ValidationError("another value")


def _unique_items(validator: Any, demand: bool, value: Any, schema: Any) -> Errors:
    spend(1)
    if isinstance(value, list) and len({_spent_key(item) for item in value}) < len(value):
        yield ValidationError("items repeat")


def _spent_key(value: Any) -> str:
    key = json_key(value)
    spend(1 + len(key) // _KEY_CHARS_PER_STEP)
    return key


def _multiple_of(validator: Any, step: int | float, value: Any, schema: Any) -> Errors:
    """Exact, by the digits that stand in the JSON: 19.99 is a multiple of 0.01, though not the floats nearest to them."""
    spend(_MULTIPLE_STEPS)
    if validator.is_type(value, "number") and _as_written(value) % _as_written(step):
        yield ValidationError("no multiple")


def _as_written(number: int | float) -> Fraction:
    return Fraction(float.__repr__(number)) if isinstance(number, float) else Fraction(number)


def _any_of(validator: Any, alternatives: list[Any], value: Any, schema: Any) -> Errors:
    kinds: set[str] = set()
    for alternative in alternatives:
        spend(1)
        found = {error_kind(error) for error in islice(validator.descend(value, alternative), _ALTERNATIVE_ERRORS)}
        if not found:
            return
        # The alternatives of a union differ in type; what else is wrong is said by those whose type fits.
        kinds |= found if "wrong_type" not in found else set()
    yield ValidationError("not_in_enum" if kinds == {"not_in_enum"} else "invalid_value" if kinds else "wrong_type")


def _required(validator: Any, names: list[str], value: Any, schema: Any) -> Errors:
    spend(len(names))
    for name in names if isinstance(value, dict) else ():
        if name not in value:
            yield ValidationError("missing", path=[name])


def _additional_properties(validator: Any, demand: Any, value: Any, schema: Any) -> Errors:
    """One error for each name, in order, where `jsonschema` writes all into one."""
    spend(len(value) if isinstance(value, dict) else 1)
    known = schema.get("properties", {})
    for name in value if isinstance(value, dict) else ():
        if name not in known and demand is False:
            yield ValidationError("unknown", path=[name])
        elif name not in known:
            yield from validator.descend(value[name], demand, path=name)


Validator: Any = validators.create(
    meta_schema=Draft202012Validator.META_SCHEMA,
    type_checker=Draft202012Validator.TYPE_CHECKER,
    validators={
        **{keyword: _counted(keyword) for keyword in _ENFORCED if keyword != "oneOf"},
        "type": _type,
        "enum": _choice,
        "const": _choice,
        "uniqueItems": _unique_items,
        "multipleOf": _multiple_of,
        "anyOf": _any_of,
        "required": _required,
        "additionalProperties": _additional_properties,
    },
)
