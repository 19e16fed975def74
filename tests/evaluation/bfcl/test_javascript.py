import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funreason_trl.calls import Call
from funreason_trl.evaluation.bfcl.errors import DecodingError, UnreadableType
from funreason_trl.evaluation.bfcl.javascript import decode_javascript
from funreason_trl.evaluation.bfcl.javascript_values import javascript_value


# Of processor time, far above what the slowest machine needs; a pattern that goes back over the text would take hours.
HANG_SECONDS = 120

TYPES = ["String", "integer", "float", "Bigint", "Boolean", "dict", "array", "any"]


def arguments(text: str) -> dict:
    (call,) = decode_javascript(text)
    return call.arguments


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("[f()]", Call("f", {})),
        ("[a.b.f(x=1, y='z')]", Call("a.b.f", {"x": "1", "y": "z"})),
        ("[f(x=1)(y=2)]", Call("f(x=1)", {"y": "2"})),
        ("[let a = 1; f(x=1)]", Call("f", {"x": "1"})),
        ("[f(x=1); g(y=2)]", Call("f", {"x": "1"})),
        ("[f(x=g(y=2))]", Call("f", {"x": "g(y=2)"})),
        # The second child of the call is taken for its arguments; here that is something else.
        ("[f`x`]", Call("f", {})),
        ("[f?.(x=1)]", Call("f", {})),
        ("[f /* why */ (x=1)]", Call("f", {})),
        # Only a statement that is nothing but a call counts.
        ("[new F(x=1)]", None),
        ("[await f(x=1)]", None),
        ("[(f(x=1))]", None),
        ("[let a = f(x=1)]", None),
        ("[f(x=1), g(y=2)]", None),
        # What is missing is forgiven; what is wrong isn't.
        ("[f(x=1;]", Call("f", {"x": "1"})),
        ("[f(x=1]", None),
        ("[f(x=)]", None),
        ("[f(x=#)]", None),
        ("[I can't help with that.]", None),
        ("[x = 1]", None),
        ("[]", None),
        ("", None),
    ],
)
def test_first_statement_that_is_a_call(text, call):
    if call is None:
        with pytest.raises(DecodingError):
            decode_javascript(text)
    else:
        assert decode_javascript(text) == [call]


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("'c'", "c"),
        ('"a \\" b"', 'a \\" b'),
        ("`c`", "`c`"),
        ('"a" + "b"', 'a" + "b'),
        ("- 1", "- 1"),
        ("{a: 1,  b: [2]}", "{a: 1,  b: [2]}"),
        ("(a, b) => { return a; }", "(a, b) => { return a; }"),
        ("new Map([[1, 2]])", "new Map([[1, 2]])"),
        ("'é'", "é"),
    ],
)
def test_text_of_a_value(argument, value):
    assert arguments(f"[f(x={argument}, z=1)]") == {"x": value, "z": "1"}


def test_a_comment_takes_the_place_of_the_value():
    assert arguments("[f(x = /* why */ 1)]") == {"x": "/* why */"}
    assert arguments("[f(x /* why */ = 1)]") == {"x": "="}


def test_values_without_name():
    assert arguments("[f(a, x=1)]") == {None: "a", "x": "1"}
    assert arguments("[f(true)]") == {None: "true"}
    assert arguments('[f(1, "a", false, g())]') == {}


@pytest.mark.parametrize("text", ["[f(x=1, x=2)]", "[f(x=1, x=1)]", "[f(a, true)]"])
def test_two_values_of_one_name_are_refused(text):
    with pytest.raises(DecodingError, match="two values"):
        decode_javascript(text)


def test_deep_nesting_is_read():
    deep = "(" * 1500 + "1" + ")" * 1500
    assert arguments(f"[f(x={deep})]") == {"x": deep}


def test_long_text_is_refused():
    with pytest.raises(DecodingError, match="limit"):
        decode_javascript(f"[f(x='{'a' * 5000}')]")


def test_lone_surrogate_is_refused():
    with pytest.raises(DecodingError, match="isn't text"):
        decode_javascript('[f(x="\ud800")]')


@pytest.mark.parametrize(
    ("text", "type_name", "value"),
    [
        ('"a"', "String", "a"),
        ("'a'", "String", "a"),
        ("\"a'", "String", "\"a'"),
        ('"', "String", ""),
        ("a", "String", "a"),
        ("12", "integer", 12),
        ("1.0", "integer", "1.0"),
        ("12\n", "integer", 12),
        ("1.5", "float", 1.5),
        ("2", "float", 2.0),
        ("1e3", "float", "1e3"),
        ("5n", "Bigint", 5),
        ("5", "Bigint", "5"),
        ("true", "Boolean", True),
        ("false", "Boolean", False),
        ("True", "Boolean", "True"),
        ("'a'", "any", "'a'"),
    ],
)
def test_value_of_a_plain_type(text, type_name, value):
    found = javascript_value(text, type_name)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "item_type", "value"),
    [
        ("[1, 2]", "integer", [1, 2]),
        (" [ 1, x ] ", "integer", [1, "x"]),
        ("[]", "integer", []),
        ("['a', \"b\"]", "String", ["a", "b"]),
        ("['a,b']", "String", ["'a", "b'"]),
        ("[1, 'a', true, 1.5, x, 5n]", None, [1, "a", True, 1.5, "x", "5n"]),
        ("[1,]", None, [1, ""]),
        ("[1].map(f)", "float", [1.0]),
        ("[1, [2, 3]]", "integer", [1, "[2", 3]),
        ("new Array(1, 2)", "float", [1.0, 2.0]),
        ("new Array()", "float", []),
        ("[1,\n2]", "integer", "[1,\n2]"),
        ("Array.of(1)", "integer", "Array.of(1)"),
        ("x[1]", "integer", "x[1]"),
        # Where an item can't be read, nothing is.
        (" [1] ", "Set", "[1]"),
        (f"[{'1' * 5000}]", "integer", f"[{'1' * 5000}]"),
    ],
)
def test_array(text, item_type, value):
    assert javascript_value(text, "array", item_type) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[[1, 2], ['a', true]]", [[1, 2], ["a", True]]),
        ("[ [1] , [2] ]", [[1], [2]]),
        ("[\n[1],\n[2]\n]", [[1], [2]]),
        ("new Array([1], [2])", [[1], [2]]),
        ("[[]]", [[""]]),
        ("[[1], [2]].length", [[1], [2]]),
        ("[[[1], [2]]]", [["[1"], [2]]),
        ("[[1] + [2], [3]]", [[1], [2], [3]]),
        # These are read as one dimension: a row spans lines, or something follows a row.
        ("[[1\n], [2]]", "[[1\n], [2]]"),
        ("[[1], 2]", ["[1"]),
        ("[[1], [2]", ["[1"]),
        ("[[1],\n[2\n]]", ["[1"]),
    ],
)
def test_matrix(text, value):
    assert javascript_value(text, "array", "array" if isinstance(value[0], list) else None) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{}", {}),
        ("{ }", {}),
        ("{a: 1, \"b\": 'x', 'c': true}", {"a": 1, "b": "x", "c": True}),
        ("{a: [1, 'b'], c: 2}", {"a": [1, "b"], "c": 2}),
        ("{a: [[1], [2]]}", {"a": [[1], [2]]}),
        # A number in quotes is a number, and an object ends at the first brace.
        ("{a: '5'}", {"a": 5}),
        ("{a: {b: 1}, c: 2}", {"a": "{b: 1"}),
        # A comma ends a value if a colon comes before the next comma.
        ("{a: 1, 2, b: 3}", {"a": "1, 2", "b": 3}),
        ("{a: 'x, y: z'}", {"a": "x", "y": "z"}),
        ("{a: 'http://x'}", {"a": "http://x"}),
        ("{a, b: 1}", {"a, b": 1}),
        ("{a: 1, :2}", {"a": 1, "": 2}),
        ("{a: 1,:2}", {"a": "1,:2"}),
        ("{a: 1,::2}", {"a": 1}),
        ("{::a: 1}", {"a": 1}),
        ("{a}", {}),
        ("{a:\n1}", "{a:\n1}"),
        (" x ", "x"),
    ],
)
def test_object(text, value):
    assert javascript_value(text, "dict") == value


@pytest.mark.parametrize(
    ("text", "type_name"),
    [("x", "Array"), ("x", "object"), ("1" * 5000, "integer"), ("1" * 5000 + "n", "Bigint"), ("5n\n", "Bigint")],
)
def test_types_and_numbers_without_a_rule(text, type_name):
    with pytest.raises(UnreadableType):
        javascript_value(text, type_name)


PIECES = st.sampled_from(
    [
        *"(){}[],;:.=<>+-\"'`\\ \n\té\u0661\0@#",
        *("f(", "x=", "new ", "new Array(", "[[", "], [", "]]", "${", "=>", "?.", "a: ", "1", "5n", "2.5", "true"),
        *("//", "/*", "await ", "const ", "using ", "\ud800"),
    ]
)


@settings(max_examples=100, deadline=None)
@given(st.lists(PIECES, max_size=25).map("".join))
def test_decoding_fails_in_one_way_only(text):
    try:
        calls = decode_javascript(f"[{text}]")
    except DecodingError:
        return
    assert len(calls) == 1
    assert all(isinstance(value, str) for value in calls[0].arguments.values())


@settings(max_examples=100, deadline=None)
@given(st.lists(PIECES, max_size=25).map("".join), st.sampled_from(TYPES), st.sampled_from([None, "Set", *TYPES]))
def test_values_are_read_or_unreadable(text, type_name, item_type):
    try:
        javascript_value(text, type_name, item_type)
    except UnreadableType:
        assert type_name == "Bigint"


@pytest.mark.parametrize("unit", ["~}", "/* #", "`${", "void>>== ", "(x,", "=> typeof", "a<", "'c'", "if enum ", "é@"])
@pytest.mark.parametrize("length", [4000, 1_000_000])
def test_hostile_answers_end(unit, length):
    start = time.process_time()
    with pytest.raises(DecodingError):
        decode_javascript(f"[f(a={unit * (length // len(unit))}")
    assert time.process_time() - start < HANG_SECONDS


@pytest.mark.parametrize(
    ("opening", "unit", "type_name"),
    [
        ("[", "[1],", "array"),
        ("[[", "], [", "array"),
        ("[[", "],[\n", "array"),
        ("[", "[", "array"),
        ("[[", "]", "array"),
        ("new Array([", "], [", "array"),
        ("{a:", "b", "dict"),
        ("{a: ", "1, ", "dict"),
        ("{", "a: 1, ", "dict"),
        ("{", ":", "dict"),
        ("{", "a,:", "dict"),
        ("", "1", "float"),
    ],
)
@pytest.mark.parametrize("ending", ["", "\n]]", "}"])
def test_hostile_values_end(opening, unit, type_name, ending):
    start = time.process_time()
    javascript_value(opening + unit * (300_000 // len(unit)) + ending, type_name)
    assert time.process_time() - start < HANG_SECONDS
