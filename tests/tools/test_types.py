"""Type names of the data sets become JSON Schema, or stay in the description where no schema says as much."""

from typing import Any

import pytest

from funreason_trl.tools.normalize import normalize_schema
from funreason_trl.tools.types import read_type


def array(items: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **fields}


INTEGER, NUMBER, STRING = {"type": "integer"}, {"type": "number"}, {"type": "string"}

TYPES: list[tuple[Any, dict[str, Any]]] = [
    *[(words, STRING) for words in ("string", "str", "String", "char", "str, optional", "str (optional)", "'str'")],
    *[(words, INTEGER) for words in ("int", "integer", "Integer", "long", "short", "byte", "Bigint", "int, required")],
    *[(words, NUMBER) for words in ("float", "number", "double", "Float", "typing.float")],
    *[(words, {"type": "boolean"}) for words in ("bool", "boolean", "Boolean", "bool, optional")],
    *[
        (words, {"type": "array"})
        for words in ("list", "List", "array", "Array", "tuple", "ArrayList", "Queue", "Stack")
    ],
    *[(words, {"type": "object"}) for words in ("dict", "Dict", "object", "Object", "HashMap", "Hashtable")],
    *[(words, {"type": "array", "uniqueItems": True}) for words in ("set", "Set")],
    *[(words, {}) for words in ("any", "Any", "", None, "Optional[Any]", "Union[int, Any]")],
    *[(words, {"type": "null"}) for words in ("None", "null")],
    *[(words, array(INTEGER)) for words in ("List[int]", "list[int]", "List<Integer>", "int[]", "Tuple[int, ...]")],
    ("List[List[float]]", array(array(NUMBER))),
    ("List[Union[int, float]]", array({"type": ["integer", "number"]})),
    ("Set[str], optional", array(STRING, uniqueItems=True)),
    ("Tuple[float, float]", array(NUMBER, minItems=2, maxItems=2)),
    ("Tuple[str, int]", {"type": "array", "prefixItems": [STRING, INTEGER], "minItems": 2, "maxItems": 2}),
    ("Dict[str, int]", {"type": "object", "additionalProperties": INTEGER}),
    ("Dict[str, Any]", {"type": "object"}),
    ("Dict[str, List[int]]", {"type": "object", "additionalProperties": array(INTEGER)}),
    *[(words, {"type": ["integer", "null"]}) for words in ("int | None", "Optional[int]", "Union[int, None]")],
    *[(words, {"type": ["string", "null"]}) for words in (["string", "null"], "['string', 'null']", ["str", None])],
    ("Optional[List[int]]", {"anyOf": [array(INTEGER), {"type": "null"}]}),
    ("Literal['a', 'b, c']", {"type": "string", "enum": ["a", "b, c"]}),
    ("Literal[1, True, None]", {"enum": [1, True, None]}),
    ("Callable[[float], float]", {"type": "string", "description": "(type: Callable[[float], float])"}),
    ("int, default 5", {"type": "integer", "description": "(type: int, default 5)"}),
    ("List[Money]", {"type": "array", "description": "(type: List[Money])"}),
    ("Money", {"description": "(type: Money)"}),
    ("list of int", {"description": "(type: list of int)"}),
    ("List[", {"description": "(type: List[)"}),
    ("[]", {"description": "(type: [])"}),
    ("Dict[int]", {"description": "(type: Dict[int])"}),
    ("__import__('os').system('x')", {"description": "(type: __import__('os').system('x'))"}),
    ("List[" * 9 + "int" + "]" * 9, {"description": f"(type: {'List[' * 9}int{']' * 9})"}),
    ("List[" * 500, {"description": f"(type: {'List[' * 500})"}),
    ("[" * 150 + "]" * 150, {"description": f"(type: {'[' * 150}{']' * 150})"}),
]


@pytest.mark.parametrize(("words", "expected"), TYPES, ids=lambda value: str(value)[:40])
def test_each_type_becomes_a_schema(words: Any, expected: dict[str, Any]) -> None:
    normal = normalize_schema("f", {"type": words}, ("parameters", "p"))
    assert normal == expected
    assert normalize_schema("f", dict(normal), ("parameters", "p")) == normal


@pytest.mark.parametrize(
    "words",
    [
        "str, optional",
        "Optional[int]",
        "int | None",
        ["string", "null"],
        "int, default 5",
        "str (optional)",
        "int (default: 5)",
    ],
)
def test_types_that_let_a_parameter_be_left_out(words: Any) -> None:
    assert read_type(words).optional


def test_words_of_an_unknown_type_join_the_description() -> None:
    price = {"type": "Money", "description": "The price.", "default": "1 EUR"}
    expected = {"description": "The price. (type: Money)", "default": "1 EUR"}
    assert normalize_schema("f", price, ("parameters", "price")) == expected


@pytest.mark.parametrize("words", ["", [""], ["", "str"]])
def test_empty_words_are_no_type(words: Any) -> None:
    assert read_type(words).schema in ({}, {"anyOf": [{}, {"type": "string"}]}, {"type": "string"})
