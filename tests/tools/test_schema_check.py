"""What of a schema is checked, that a value fits it as `jsonschema` says, and which values are the same."""

from itertools import combinations
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from funreason_trl.tools.schema_check import MAX_VALUE_DEPTH, Choices, Validator, enforced, json_key, start_check


def fits(schema: Any, value: Any) -> bool:
    start_check()
    return bool(Validator(enforced(schema)).is_valid(value))


def test_what_is_enforced() -> None:
    schema = {"type": "string", "pattern": "a", "format": "date", "maxLength": 3, "minLength": "1", "enum": ["a"]}
    assert enforced(schema) == {"type": "string", "maxLength": 3, "enum": Choices(frozenset(['"a"']), "['a']")}
    assert enforced({"oneOf": [schema, {"$ref": "x"}]}) == {"anyOf": [enforced(schema), {}]}
    assert enforced({"items": schema, "properties": {"a": schema, "b": True}}) == {
        "items": enforced(schema),
        "properties": {"a": enforced(schema), "b": True},
    }


SAME = [
    [1, 1.0],
    [0, 0.0, -0.0],
    [10**22, 1e22],
    [[1, {"a": 2, "b": True}], [1.0, {"b": True, "a": 2.0}]],
]
DIFFERENT = [1, True, "1", "true", None, "null", [1], [[1]], [True], {"a": 1}, {"a": True}, {}, [], "", 0, False, 1.5]


def test_which_values_are_the_same() -> None:
    for values in SAME:
        assert len({json_key(value) for value in values}) == 1
        assert all(fits({"enum": [a]}, b) and fits({"const": b}, a) for a in values for b in values)
    for a, b in combinations(DIFFERENT, 2):
        assert not fits({"enum": [a]}, b) and not fits({"const": a}, b)
        assert fits({"uniqueItems": True}, [a, b])
    assert not fits({"uniqueItems": True}, [{"a": 1}, 2, {"a": 1.0}])


def nested_list(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


def test_deep_values_are_told_apart_as_far_as_they_are_checked() -> None:
    assert fits({"enum": [nested_list(MAX_VALUE_DEPTH)]}, nested_list(MAX_VALUE_DEPTH))
    deepest_with_null = nested_list(MAX_VALUE_DEPTH - 1)
    innermost = deepest_with_null
    while innermost:
        innermost = innermost[0]
    innermost.append([None])
    assert not fits({"enum": [nested_list(MAX_VALUE_DEPTH + 900)]}, deepest_with_null)


@pytest.mark.parametrize(
    ("value", "step", "multiple"),
    [
        (19.99, 0.01, True),
        (0.3, 0.1, True),
        (0.35, 0.1, False),
        (6, 3, True),
        (7, 3, False),
        (1e308, 5e-324, True),
        (10**300, 0.5, True),
        (4.0, 2, True),
    ],
)
def test_multiples_are_exact(value: float, step: float, multiple: bool) -> None:
    assert fits({"multipleOf": step}, value) is multiple


# --- against jsonschema ----------------------------------------------------------------------------------------------

NAMES = st.sampled_from("abc")
NUMBERS = st.integers(-3, 3) | st.sampled_from([-1.5, 0.0, 1.0, 2.5])
SCALARS = st.none() | st.booleans() | NUMBERS | st.sampled_from(["", "a", "bc"])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
)
TYPES = st.sampled_from(["string", "integer", "number", "boolean", "array", "object", "null"])
COUNTS = st.integers(0, 3)


def schemas_with(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    schemas = st.lists(inner, min_size=1, max_size=3)
    keywords = {
        "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
        "enum": st.lists(VALUES, min_size=1, max_size=3),
        "const": VALUES,
        "properties": st.dictionaries(NAMES, inner, max_size=3),
        "required": st.lists(NAMES, max_size=2, unique=True),
        "additionalProperties": inner,
        "items": inner,
        "prefixItems": schemas,
        "anyOf": schemas,
        "allOf": schemas,
        "uniqueItems": st.booleans(),
        "multipleOf": st.sampled_from([1, 2, 0.5, 1.5]),
        **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), NUMBERS),
        **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), COUNTS),
    }
    pair = st.sampled_from(sorted(keywords)).flatmap(lambda key: st.tuples(st.just(key), keywords[key]))
    return st.lists(pair, max_size=4).map(dict)


SCHEMAS = st.recursive(st.booleans() | schemas_with(st.booleans()), schemas_with, max_leaves=6)


@given(SCHEMAS, VALUES)
def test_a_value_fits_as_jsonschema_says(schema: Any, value: Any) -> None:
    assert fits(schema, value) is jsonschema.Draft202012Validator(schema).is_valid(value)
