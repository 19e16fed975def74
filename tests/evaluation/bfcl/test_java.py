import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funreason_trl.calls import Call
from funreason_trl.evaluation.bfcl.errors import DecodingError, UnreadableType
from funreason_trl.evaluation.bfcl.java import decode_java
from funreason_trl.evaluation.bfcl.java_values import java_value


# Of processor time, far above what the slowest machine needs; a pattern that goes back over the text would take hours.
HANG_SECONDS = 120

TYPES = [
    "byte",
    "integer",
    "long",
    "float",
    "double",
    "boolean",
    "char",
    "String",
    "any",
    "Array",
    "ArrayList",
    "HashMap",
]


def arguments(text: str) -> dict:
    (call,) = decode_java(text)
    return call.arguments


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("[f();]", Call("f", {})),
        ('[A.b.f(x=1, y="z")]', Call("A.b.f", {"x": "1", "y": "z"})),
        ("[new A(1).f(x=true)]", Call("new A(1).f", {"x": "true"})),
        ("[this.f(x=-1.5e3)]", Call("this.f", {"x": "-1.5e3"})),
        ("[int y = f(x=1);]", Call("f", {"x": "1"})),
        # Only the first call counts, and a call within its arguments is a value.
        ("[f(x=1); g(y=2)]", Call("f", {"x": "1"})),
        ("[f(x=1), g(y=2)]", None),
        ("[f(x=g(y=2));]", Call("f", {"x": "g(y=2)"})),
        # The first and the last character go, whatever they are.
        ("(f(x=1);)", Call("f", {"x": "1"})),
        # A statement needs its semicolon. The parser adds one that is missing, but finds other faults in short texts.
        ("[f(x=1, y=2)]", Call("f", {"x": "1", "y": "2"})),
        ("[f(x=1)]", None),
        ("[f(x=1;]", Call("f", {"x": "1"})),
        ("[f(x=1]", None),
        ("[f(x=#);]", None),
        ("[I can't help with that.]", None),
        ("[x = 1;]", None),
        ("[]", None),
        ("[", None),
        ("", None),
    ],
)
def test_first_call_of_the_text(text, call):
    if call is None:
        with pytest.raises(DecodingError):
            decode_java(text)
    else:
        assert decode_java(text) == [call]


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("'c'", "c"),
        ('"a \\" b"', 'a \\" b'),
        ("5L", "5L"),
        ("- 1 + a", "-1+a"),
        ("A . B", "A.B"),
        ("g( 1,  2 )", "g( 1,  2 )"),
        ('"a" + "b"', '"a"+"b"'),
        ("(int) 1", "(int)1"),
        ("A.class", "A.class"),
        ("null", "null"),
        ("new int [ ] {1, 2}", "new int[]{1,2}"),
        ("new int[][]{{1}, {2}}", "new int[]{{1},{2}}"),
        ('new A( 1,"b" )', 'new A(1, "b")'),
        ("new A(new B())", "new A(new B())"),
        ("new ArrayList<String>(Arrays.asList(1, 2))", "new ArrayList<String>(Arrays.asList(1, 2))"),
        # The body of an anonymous class is lost.
        ('new HashMap<String, Object>() {{ put("a", 1); }}', "new HashMap<String,Object>()"),
    ],
)
def test_text_of_a_value(argument, value):
    assert arguments(f"[f(x={argument});]") == {"x": value}


def test_byte_offsets_cut_a_text_of_characters():
    assert arguments('[f(a="é", bc=1);]') == {"a": 'é"', "c=": ")"}


def test_values_without_name():
    assert arguments("[f(a, x=1);]") == {None: "a", "x": "1"}
    assert arguments("[f(A.class);]") == {None: "A.class"}
    assert arguments('[f(1, "a", g());]') == {}


@pytest.mark.parametrize("text", ["[f(x=1, x=2);]", "[f(x=1, x=1);]", "[f(a, b);]"])
def test_two_values_of_one_name_are_refused(text):
    with pytest.raises(DecodingError, match="two values"):
        decode_java(text)


def test_an_array_by_its_length_is_refused():
    with pytest.raises(DecodingError, match="value"):
        decode_java("[f(x=new int[3]);]")


def test_deep_nesting_is_refused_where_the_official_recursion_ends():
    assert arguments(f"[f(x={'(' * 300}1{')' * 300});]") == {"x": "(" * 300 + "1" + ")" * 300}
    for deep in ("(" * 400 + "1" + ")" * 400, "+".join("1" * 400)):
        with pytest.raises(DecodingError, match="nests"):
            decode_java(f"[f(x={deep});]")
    with pytest.raises(DecodingError, match="nests"):
        decode_java(f"[{'(' * 1000}f(){')' * 1000};]")


def test_long_text_is_refused():
    with pytest.raises(DecodingError, match="limit"):
        decode_java(f'[f(x="{"a" * 5000}")]')


def test_lone_surrogate_is_refused():
    with pytest.raises(DecodingError, match="isn't text"):
        decode_java('[f(x="\ud800")]')


@pytest.mark.parametrize(
    ("text", "type_name", "value"),
    [
        ("12", "integer", 12),
        ("-12", "byte", -12),
        ("12", "short", 12),
        ("1.0", "integer", "1.0"),
        ("1_000", "integer", "1_000"),
        ("12\n", "integer", 12),
        ("12\n\n", "integer", "12\n\n"),
        ("12L", "long", 12),
        ("12l", "long", 12),
        ("12", "long", "12"),
        ("1.5f", "float", 1.5),
        ("2F", "float", 2.0),
        ("1.5", "float", "1.5"),
        ("1.5e3", "double", 1500.0),
        ("2", "double", 2.0),
        (".5", "double", ".5"),
        ("1.5f", "double", "1.5f"),
        ("true", "boolean", True),
        ("false", "boolean", False),
        ("True", "boolean", "True"),
        ("'c'", "char", "'c'"),
        ("5", "String", "5"),
        ("new A()", "any", "new A()"),
    ],
)
def test_value_of_a_plain_type(text, type_name, value):
    found = java_value(text, type_name)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "item_type", "value"),
    [
        ("new int[]{1, 2}", "integer", [1, 2]),
        ("new int[] { 1, , x }", "integer", [1, "x"]),
        ("new int[]{}", "integer", []),
        # Text keeps its quotes in an array, and is split at its commas.
        ('new String[]{"a,b"}', "String", ['"a', 'b"']),
        ('new Object[]{1, "a", true, 5L, 2f, 1.5, x}', None, [1, "a", True, 5, 2.0, 1.5, "x"]),
        ("new int[]{1, 2}, new int[]{3}", "integer", [1, 2]),
        ("new int[]{{1},{2}}", "integer", ["{1"]),
        ("new int[]{1,\n2} new int[]{3}", "integer", [3]),
        ("{1, 2}", "integer", "{1, 2}"),
        ("new int[2]{1, 2}", "integer", "new int[2]{1, 2}"),
    ],
)
def test_array(text, item_type, value):
    assert java_value(text, "Array", item_type) == value


@pytest.mark.parametrize(
    ("text", "item_type", "value"),
    [
        ("new ArrayList<>(Arrays.asList(1, 2))", "integer", [1, 2]),
        ('new ArrayList<String>(Arrays.asList("a", "b"))', "String", ["a", "b"]),
        ("new ArrayList<>(Arrays.asList('a', 'b'))", "char", ["a", "b"]),
        # The first and the last character of a text go, whether they are quotes or not.
        ("new ArrayList<>(Arrays.asList(abc,))", "String", ["b", ""]),
        ("new ArrayList<>(Arrays.asList(1, true, x))", None, [1, True, "x"]),
        ("new ArrayList<>(Arrays.asList(f(1), 2))", "any", ["f(1)", "2"]),
        ("new ArrayList<>(Arrays.asList())", "integer", "new ArrayList<>(Arrays.asList())"),
        ("new ArrayList<>(Arrays.asList(\n1))", "integer", "new ArrayList<>(Arrays.asList(\n1))"),
        ("new ArrayList<>() {{ add(1); add(2); }}", "integer", [1, 2]),
        ('new ArrayList<String>() {{\n  add("a");\n  add("b");\n}}', "String", ["a", "b"]),
        ("new ArrayList<>() {{ add(f(1)); add(\n2); add()); }}", "any", ["f(1", ")"]),
        ("new ArrayList<>() {{add(1 }} )", "any", []),
        ("new ArrayList<>() {{ }}", "integer", []),
        ("new ArrayList<>() {{ }} add(1) }}", "integer", [1]),
        ("new ArrayList<>()", "integer", []),
        ("new ArrayList<List<String>>()", "any", "new ArrayList<List<String>>()"),
        ("Arrays.asList(1, 2)", "integer", "Arrays.asList(1, 2)"),
        ("List.of(1)", "integer", "List.of(1)"),
    ],
)
def test_array_list(text, item_type, value):
    assert java_value(text, "ArrayList", item_type) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('new HashMap<String, Object>() {{ put("a", 1); put("b", "x"); }}', {"a": 1, "b": "x"}),
        ('new HashMap<>() { { put("a", true); } }', {"a": True}),
        ('new HashMap<>(){{put("a",\n  5L);}}', {"a": 5}),
        ('new HashMap<String, List<A>>() {{ put("a", f(1)); }}', {"a": "f(1"}),
        # A key ends at the first `",` that a value with `)` on one line follows.
        ('new HashMap<>() {{ put("a", "b", 2); put("a", 3); }}', {"a": 3}),
        ('new HashMap<>() {{ put("a",\n1\n); put("b", 2); }}', {"b": 2}),
        ('new HashMap<>() {{ put("a",x\n", y); }}', {}),
        ('new HashMap<>() {{ put("a",x ", 1 \n", 2) }}', {}),
        ('new HashMap<>() {{ put("a", new int[]{1}); put("b", 2); }}', {}),
        ("new HashMap<>() {{ }}", {}),
        ("new HashMap<>() {}", {}),
        ("new HashMap<String, A>()", {}),
        ("new HashMap<\n>()", "new HashMap<\n>()"),
        ("new HashMap<\n>(x); new HashMap<>()", {}),
        ("new HashMap<>(x)", "new HashMap<>(x)"),
        ('Map.of("a", 1)', 'Map.of("a", 1)'),
    ],
)
def test_hash_map(text, value):
    assert java_value(text, "HashMap") == value


@pytest.mark.parametrize(
    ("text", "type_name", "item_type"),
    [
        ("x", "Set", None),
        ("x", "Hashtable", None),
        ("x", "Queue", None),
        ("x", "Stack", None),
        ("x", "string", None),
        ("new A[]{1}", "Array", "Set"),
        ("1" * 5000, "integer", None),
        (f"new A[]{{{'1' * 5000}L}}", "Array", None),
    ],
)
def test_types_without_a_rule(text, type_name, item_type):
    with pytest.raises(UnreadableType):
        java_value(text, type_name, item_type)


PIECES = st.sampled_from(
    [
        *"(){}[],;.=<>+-\"'\\ \n\té\u0661\0@#",
        *(
            "f(",
            "x=",
            "new ",
            "new A[]{",
            "new ArrayList<>(Arrays.asList(",
            "new ArrayList<>() {{ ",
            "add(",
            "))",
            "}}",
        ),
        *("new HashMap<", ">() {{ ", 'put("', '", ', "1", "5L", "2.5f", "true", "//", "/*", "A.class", "\ud800"),
    ]
)


@settings(max_examples=100, deadline=None)
@given(st.lists(PIECES, max_size=25).map("".join))
def test_decoding_fails_in_one_way_only(text):
    try:
        calls = decode_java(f"[{text}]")
    except DecodingError:
        return
    assert len(calls) == 1
    assert all(isinstance(value, str) for value in calls[0].arguments.values())


@settings(max_examples=100, deadline=None)
@given(st.lists(PIECES, max_size=25).map("".join), st.sampled_from(TYPES), st.sampled_from([None, *TYPES]))
def test_values_are_always_read(text, type_name, item_type):
    java_value(text, type_name, item_type)


@pytest.mark.parametrize("unit", ["(", "a<", "f(a=", "=/re/set", "~?. ", "!) ", "/* #", '"s"', "a,", "new A<", "é"])
@pytest.mark.parametrize("length", [4000, 1_000_000])
def test_hostile_answers_end(unit, length):
    start = time.process_time()
    with pytest.raises(DecodingError):
        decode_java(f"[f(a={unit * (length // len(unit))}")
    assert time.process_time() - start < HANG_SECONDS


@pytest.mark.parametrize(
    ("opening", "unit", "type_name"),
    [
        ("", "new int[]{", "Array"),
        ("", "new ", "Array"),
        ("new ArrayList<>() {{ ", "add(", "ArrayList"),
        ("", "new ArrayList<>(Arrays.asList(", "ArrayList"),
        ("", "new ArrayList<>() {{ ", "ArrayList"),
        ("new HashMap<>() {{ ", 'put("', "HashMap"),
        ("new HashMap<>() {{ ", 'put("a",', "HashMap"),
        ("new HashMap<>() {{ ", 'put("",\n', "HashMap"),
        ("", "new HashMap<", "HashMap"),
        ("", "new HashMap<>() {", "HashMap"),
        ("", "1", "double"),
    ],
)
@pytest.mark.parametrize("ending", ["", "\n>()", " x}"])
def test_hostile_values_end(opening, unit, type_name, ending):
    start = time.process_time()
    java_value(opening + unit * (1_000_000 // len(unit)) + ending, type_name)
    assert time.process_time() - start < HANG_SECONDS
