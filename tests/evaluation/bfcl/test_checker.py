"""The official checker's rules, one by one, on small functions of our own; and any text at all."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funreason_trl.calls import Call
from funreason_trl.evaluation.bfcl.checker import check_calls, judge_answer, judge_calls
from funreason_trl.evaluation.bfcl.rows import BfclRow, Judgement


def described(name: str = "f", required: tuple[str, ...] = (), **types) -> dict:
    """A function in BFCL's form; `("array", "integer")` is an array of integers."""
    properties = {
        parameter: {"type": kind} if isinstance(kind, str) else {"type": kind[0], "items": {"type": kind[1]}}
        for parameter, kind in types.items()
    }
    return {"name": name, "parameters": {"type": "dict", "properties": properties, "required": list(required)}}


def row(*functions: dict, answers: list[dict], category: str = "simple_python") -> BfclRow:
    return BfclRow("row_0", category, [{"role": "user", "content": "?"}], list(functions), answers)


def judge_value(text: str, kind, *accepted) -> Judgement:
    """Judge `f(x=text)` where `x` has this type and these accepted values."""
    return judge_answer(row(described(x=kind), answers=[{"f": {"x": list(accepted)}}]), f"[f(x={text})]")


# --- types and values ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind", "accepted"),
    [
        ("2", "float", [2.0]),
        ("2.0", "float", [2]),
        ("1 + 1", "float", [2.0]),
        ("2", "integer", [1, 2]),
        ("True", "boolean", [True]),
        ("'New York'", "string", ["new-york"]),
        ("'April 1, 2024'", "string", ["april_1 2024"]),
        ("""'say "x"'""", "string", ["say 'x'"]),
        ("true", "string", ["True"]),
        ("''", "string", ["a", ""]),
        ("'a'", "any", ["A"]),
        ("[1, 2]", ("array", "integer"), [[1, 2]]),
        ("['A.b', 'c']", ("array", "string"), [["ab", "C"]]),
        ("[]", ("array", "string"), [["a"], ""]),
        ("[2]", ("array", "float"), [[2]]),
        ("[[1], ['a']]", ("array", "array"), [[[1], ["a"]]]),
        ("(1, 2)", ("tuple", "integer"), [[1, 2]]),
        ("[1, 2]", ("tuple", "integer"), [[1, 2]]),
        ("{'a': 'X', 'b': 1}", "dict", [{"a": ["x", "y"], "b": [1]}]),
        ("{'a': 'y'}", "dict", ["", {"a": ["x"]}, {"a": ["y"]}]),
        ("{}", "dict", [{"a": ["x", ""]}]),
        ("{'a': [1]}", "dict", [{"a": [[1]]}]),
        ("{'a': {'b': 'c'}}", "dict", [{"a": [{"b": "c"}]}]),
        ("[{'a': 1}, {'a': 'X'}]", ("array", "dict"), [[{"a": [1]}, {"a": ["x"]}]]),
        ("[]", ("array", "dict"), [[{"a": [1]}], ""]),
        ("[{'a': 2}]", ("array", "dict"), [[{"a": [1]}], [{"a": [2]}]]),
        # The first accepted value is of another type than declared: that type counts too, and no string is normalised.
        ("n", "integer", ["n", 5]),
        ("5", "integer", ["n", 5]),
        ("5.0", "integer", [5.0]),
        ("a[0]", ("array", "integer"), ["a[0]"]),
        ("{'a': 1}", ("array", "integer"), [{"a": 1}]),
        ("5", "any", [5]),
        ("None", "string", [None, "a"]),
        ("g(y=1)", "dict", [{"g": [{"y": 1}]}]),
    ],
)
def test_right_values(text, kind, accepted):
    assert judge_value(text, kind, *accepted) == Judgement(True)


@pytest.mark.parametrize(
    ("text", "kind", "accepted", "error"),
    [
        ("2.0", "integer", [2], "wrong_type"),
        ("True", "integer", [1], "wrong_type"),
        ("1", "boolean", [True], "wrong_type"),
        ("True", "float", [1.0], "wrong_type"),
        ("'2'", "float", [2.0], "wrong_type"),
        ("2", "string", ["2"], "wrong_type"),
        ("None", "string", ["", "a"], "wrong_type"),
        ("(1, 2)", ("array", "integer"), [[1, 2]], "wrong_type"),
        ("5", "any", ["5"], "wrong_type"),
        ("3", "integer", [1, 2], "wrong_value"),
        ("False", "boolean", [True], "wrong_value"),
        ("'New Yorker'", "string", ["New York"], "wrong_value"),
        ("''", "string", ["a"], "wrong_value"),
        ("'a'", "string", [""], "wrong_value"),
        ("[2]", ("array", "float"), [[2.0]], "wrong_item_type"),
        ("[(1, 2)]", ("array", "array"), [[[1, 2]]], "wrong_item_type"),
        ("['b', 'a']", ("array", "string"), [["a", "b"]], "wrong_value"),
        ("[['A']]", ("array", "array"), [[["a"]]], "wrong_value"),
        ("[]", ("array", "string"), [["a"]], "wrong_value"),
        ("{'a': 'x', 'b': 1}", "dict", [{"a": ["x"]}], "wrong_value"),
        ("{'A': 'x'}", "dict", [{"a": ["x"]}], "wrong_value"),
        ("{}", "dict", [{"a": ["x"]}], "wrong_value"),
        ("{}", "dict", [""], "wrong_value"),
        ("{'a': {'b': 'C'}}", "dict", [{"a": [{"b": "c"}]}], "wrong_value"),
        ("[{'a': 1}]", ("array", "dict"), [[{"a": [1]}, {"a": [1]}]], "wrong_value"),
        ("[{'b': 1}, {'a': 1}]", ("array", "dict"), [[{"a": [1]}, {"b": [1]}]], "wrong_value"),
        ("N", "integer", ["n"], "wrong_value"),
    ],
)
def test_wrong_values(text, kind, accepted, error):
    judgement = judge_value(text, kind, *accepted)
    assert (judgement.right, judgement.error) == (False, error)
    assert "f: x is" in judgement.detail


def test_true_equals_one_where_values_are_compared_inside_a_list():
    assert judge_value("[True]", ("array", "boolean"), [1]).right


@pytest.mark.parametrize(
    ("text", "kind", "accepted"),
    [
        ("1", "number", [1]),
        ("[1]", "array", [[1]]),
        ("[1]", ("array", "number"), [[1]]),
        ("1" * 400, "float", [1.0]),
        ("['a']", ("array", "dict"), ["", [{"a": [1]}]]),
        ("['a']", ("array", "string"), [["b"], 5]),
    ],
)
def test_where_the_official_checker_stops_with_an_error(text, kind, accepted):
    judgement = judge_value(text, kind, *accepted)
    assert (judgement.right, judgement.error) == (False, "official_raises")


def test_a_function_without_a_list_of_required_parameters():
    function = described(x="integer")
    del function["parameters"]["required"]
    judgement = judge_answer(row(function, answers=[{"f": {"x": [1]}}]), "f(x=1)")
    assert (judgement.right, judgement.error) == (False, "official_raises")


# --- names and parameters --------------------------------------------------------------------------------------------


PAIR = row(
    described("a.f", required=("x",), x="integer", y="string", z="string"),
    answers=[{"a.f": {"x": [1], "y": ["b", ""]}}],
)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("a.f(x=1)", ""),
        ("a.f(y='B', x=1)", ""),
        ("a.f(9, x=1)", ""),
        ("a.f(x=2, x=1)", ""),
        ("f(x=1)", "wrong_function"),
        ("a_f(x=1)", "wrong_function"),
        ("a.f(1)", "missing_parameter"),
        ("a.f(y='b')", "missing_parameter"),
        ("a.f(x=1, z='c')", "unexpected_parameter"),
        ("a.f(x=1, w=2)", "unexpected_parameter"),
        ("a.f(x=1, **{'y': 'b'})", "unexpected_parameter"),
        ("a.f(**{'x': 1})", "missing_parameter"),
        ("a.f(x=1), a.f(x=1)", "wrong_count"),
        ("[]", "wrong_count"),
        ("I can't do that.", "not_decodable"),
    ],
)
def test_names_and_parameters(text, error):
    judgement = judge_answer(PAIR, text)
    assert (judgement.right, judgement.error) == (not error, error)
    assert bool(judgement.detail) == bool(error)


def test_an_optional_parameter_that_may_not_be_left_out():
    question = row(described(x="integer"), answers=[{"f": {"x": [1]}}])
    assert judge_answer(question, "f()").error == "missing_parameter"


def test_underscores_for_dots():
    assert judge_answer(PAIR, "a_f(x=1)", underscored_names=True).right
    assert not judge_answer(PAIR, "a.f(x=1)", underscored_names=True).right
    assert judge_calls(PAIR, [Call("a_f", {"x": 1})], underscored_names=True).right


def test_the_version_decides_on_brackets():
    assert not judge_answer(PAIR, "[[a.f(x=1)]]").right
    assert judge_answer(PAIR, "[[a.f(x=1)]]", version="2025-04").right


def test_the_message_is_short_whatever_the_value():
    for value in ("'" + "a" * 30_000 + "'", "0x" + "f" * 30_000, "[" + "1," * 10_000 + "]", "[" * 90 + "]" * 90):
        judgement = judge_value(value, "boolean", True)
        assert judgement.error == "wrong_type"
        assert len(judgement.detail) < 1000


# --- several functions, several calls --------------------------------------------------------------------------------


F, G = described("f", x="integer"), described("g", y="integer")


def test_multiple_looks_the_function_up():
    question = row(F, G, answers=[{"g": {"y": [1]}}], category="live_multiple")
    assert judge_answer(question, "g(y=1)").right
    assert judge_answer(question, "f(x=1)").error == "wrong_function"
    assert judge_answer(question, "g(y=1), f(x=1)").error == "wrong_count"


def test_simple_takes_the_only_function():
    question = row(F, G, answers=[{"g": {"x": [1]}}])
    assert judge_answer(question, "f(x=1)").right


@pytest.mark.parametrize("category", ["parallel", "live_parallel", "parallel_multiple", "live_parallel_multiple"])
def test_parallel_calls_come_in_any_order(category):
    question = row(F, G, answers=[{"f": {"x": [1]}}, {"g": {"y": [2]}}, {"f": {"x": [3]}}], category=category)
    assert judge_answer(question, "f(x=3), f(x=1), g(y=2)").right
    assert judge_answer(question, "f(x=3), f(x=3), g(y=2)").error == "no_match"
    assert judge_answer(question, "f(x=3), f(x=1)").error == "wrong_count"


def test_parallel_calls_are_matched_without_looking_back():
    question = row(F, answers=[{"f": {"x": [1, 2]}}, {"f": {"x": [1]}}], category="parallel")
    assert not judge_answer(question, "f(x=1), f(x=2)").right
    assert judge_answer(question, "f(x=2), f(x=1)").right


def test_a_possible_answer_to_a_function_that_is_not_listed():
    question = row(F, answers=[{"h": {"x": [1]}}], category="multiple")
    assert judge_answer(question, "h(x=1)").error == "official_raises"


# --- rows without possible answers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("I can't help with that.", False),
        ("[]", False),
        ("", False),
        ("f(x=a.b)", False),
        ("f(x=len('a') + 1)", False),
        ("unknown(y=1)", True),
        ("f()", True),
        ("[f(1), g(2)]", True),
        ("print('hello')", True),
    ],
)
@pytest.mark.parametrize(
    ("category", "wanted"), [("irrelevance", False), ("live_irrelevance", False), ("live_relevance", True)]
)
def test_relevance(text, called, category, wanted):
    judgement = judge_answer(row(F, answers=[], category=category), text)
    assert judgement.right == (called == wanted)
    assert bool(judgement.error) != judgement.right


def test_native_calls_for_relevance():
    irrelevance, relevance = (row(F, answers=[], category=name) for name in ("irrelevance", "live_relevance"))
    assert judge_calls(irrelevance, None).right
    assert judge_calls(irrelevance, []).right
    assert not judge_calls(irrelevance, [Call("f", {})]).right
    assert judge_calls(relevance, [Call("f", {})]).right
    assert not judge_calls(relevance, None).right
    assert judge_calls(PAIR, None).error == "not_decodable"


# --- Java and JavaScript ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("category", "kind", "value", "accepted", "right"),
    [
        ("simple_java", "integer", "3", [3], True),
        ("simple_java", "String", "Ab c", ["ab-c"], True),
        ("simple_java", "boolean", "true", [True], True),
        ("simple_javascript", "integer", "3", [3], True),
        ("simple_javascript", "Boolean", "true", [True], True),
        ("simple_java", "integer", "4", [3], False),
        ("simple_java", "integer", 3, [3], False),
        ("simple_javascript", "integer", 3, [3], False),
    ],
)
def test_values_of_other_languages_are_converted_from_text(category, kind, value, accepted, right):
    judgement = check_calls(
        category, [described(x=kind)], [Call("f", {"x": value})], [{"f": {"x": accepted}}], underscored_names=False
    )
    assert judgement.right == right


# --- any text, any values --------------------------------------------------------------------------------------------


QUESTIONS = [
    PAIR,
    row(F, G, answers=[{"f": {"x": [1]}}, {"g": {"y": [2]}}], category="parallel"),
    row(described(x=("array", "dict")), answers=[{"f": {"x": ["", [{"a": [1]}]]}}]),
    row(described(x="dict"), answers=[{"f": {"x": [{"a": ["b"]}, ""]}}]),
    row(described(x=("tuple", "float")), answers=[{"f": {"x": [[1.0, 2.0]]}}]),
    row(described(x="float"), answers=[{"f": {"x": [1.0]}}]),
    row(F, answers=[], category="irrelevance"),
    row(F, answers=[], category="live_relevance"),
]
ANSWERS = ["[a.f(x=1, y='b')]", "[f(x=1), g(y=2)]", "[f(x=[{'a': 1}])]", "[f(x={'a': 'b'})]", "[f(x=(1.0, 2))]"]
CHARS = "[](){}'\",=:. \n`01aTf-+*/_%#\\é"


@st.composite
def mutated_answers(draw):
    text = draw(st.sampled_from(ANSWERS))
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(text)))
        cut = draw(st.integers(0, 3))
        text = text[:place] + draw(st.text(CHARS, max_size=3)) + text[place + cut :]
    return text


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(QUESTIONS), st.one_of(mutated_answers(), st.text(max_size=60)), st.sampled_from(["v4", "2025-04"])
)
def test_any_text_gets_a_judgement(question, text, version):
    judgement = judge_answer(question, text, version)
    assert judgement.right == (not judgement.error) == (not judgement.detail)


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.binary(max_size=2)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.one_of(st.none(), st.text(max_size=2), st.integers()), inner, max_size=3),
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(QUESTIONS), VALUES, st.sampled_from(["x", "y", None]))
def test_any_value_gets_a_judgement(question, value, parameter):
    for name in ("f", "a.f"):
        assert judge_calls(question, [Call(name, {"x": 1, parameter: value})], underscored_names=False) is not None


@settings(max_examples=200, deadline=None)
@given(
    VALUES, st.lists(VALUES, max_size=3), st.sampled_from(["string", "array", "dict", "tuple", "any", "float", "?"])
)
def test_any_accepted_values_give_a_judgement(value, accepted, kind):
    function = described(x=(kind, "dict"))
    assert check_calls("simple_python", [function], [Call("f", {"x": value})], [{"f": {"x": accepted}}]) is not None


@pytest.mark.parametrize("size", [10_000, 1_000_000])
@pytest.mark.parametrize(
    "piece", ["[", "f(", "f(x=", "{1:", "x", "'", "-", "f(x=1),", "a.", "\\\n", "f'{x}'", "1,", "\n"]
)
def test_long_text_is_judged_soon(piece, size):
    text = (piece * size)[:size]
    start = time.process_time()
    for question in QUESTIONS:
        assert isinstance(judge_answer(question, text), Judgement)
    assert time.process_time() - start < 120
