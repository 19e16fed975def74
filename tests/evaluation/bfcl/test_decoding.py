"""From an answer's text to calls: rule by rule, what is refused, and that nothing runs."""

import sys
import time
import warnings
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from funreason_trl.calls import Call
from funreason_trl.evaluation.bfcl.decoding import APRIL_2025, MAX_CHARS, V4, decode_answer
from funreason_trl.evaluation.bfcl.errors import DecodingError


def value_of(text: str):
    """The value of `x` as decoded."""
    (call,) = decode_answer(f"[f(x={text})]")
    return call.arguments["x"]


def assert_refused(text: str, version: str = V4) -> None:
    with pytest.raises(DecodingError):
        decode_answer(text, version=version)


# --- around the calls ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "[f(x=1)]",
        "f(x=1)",
        "[f(x=1)",
        "f(x=1)]",
        "  \n[f(x=1)]\n ",
        "```\n[f(x=1)]\n```",
        "`f(x=1)`",
        "[f(x=1),]",
        "[ f( x = 1 ) ]",
        "[\n  f(\n x=1\n)\n]",
        "[f(x=1)  # a comment\n]",
        "[f(2, x=1)]",
        "[f(x=0, x=1)]",
    ],
)
def test_one_call(text):
    assert decode_answer(text) == [Call("f", {"x": 1})]


def test_several_calls_in_order():
    assert decode_answer("f(x=1), a.b.g(), f(x=2)") == [Call("f", {"x": 1}), Call("a.b.g", {}), Call("f", {"x": 2})]


def test_no_calls_at_all():
    assert decode_answer("[]") == []
    assert decode_answer("") == []
    assert decode_answer("``` ```") == []


@pytest.mark.parametrize(
    "text",
    [
        "There is no function for this.",
        "Sure: [f(x=1)]",
        "[f(x=1)] I hope this helps.",
        "```python\n[f(x=1)]\n```",
        "[[f(x=1)]]",
        "[(f(x=1))], [g()]",
        "'[f(x=1)]'",
        "[f(x=1); g()]",
        "[f(x=1) + g()]",
        "[f() for f in g]",
        "[f]",
        "[1]",
        "[*f()]",
        '{"name": "f", "arguments": {"x": 1}}',
        "[f(x=1",
        "[f x=1)]",
        "[f(x:1)]",
        "[f(1=2)]",
        "[f(x=1)\0]",
        "\t[f(x=1)]",
        "[f(x='\ud800')]",
    ],
)
def test_what_is_no_list_of_calls(text):
    assert_refused(text)


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("[[f(x=1)]]", [Call("f", {"x": 1})]),
        ("'[f(x=1)]'", [Call("f", {"x": 1})]),
        ("['f(x=1)']", [Call("f", {"x": 1})]),
        ("[f(x=1), g()]", [Call("f", {"x": 1}), Call("g", {})]),
        ("[f(x=[1, 2])]", [Call("f", {"x": [1, 2]})]),
        ("[f(x=1),\ng()]", None),
        ("[ f(x=1)]", None),
        ("[]", None),
    ],
)
def test_brackets_in_april_2025(text, calls):
    if calls is None:
        assert_refused(text, APRIL_2025)
    else:
        assert decode_answer(text, version=APRIL_2025) == calls


def test_unknown_version():
    with pytest.raises(ValueError, match="'v3'"):
        decode_answer("[]", version="v3")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a.b.f(x=1)", "a.b.f"),
        ("g().f(x=1)", "f"),
        ("'s'.f(x=1)", "f"),
        ("a[0].b.f(x=1)", "b.f"),
        ("(lambda: 0)(x=1)", ""),
    ],
)
def test_names(text, name):
    assert decode_answer(text) == [Call(name, {"x": 1})]


# --- values ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1_000", 1000),
        ("0x1f", 31),
        ("2.50", 2.5),
        ("2j", 2j),
        ("'a' \"b\"", "ab"),
        (r"'\x41\n'", "A\n"),
        (r"'\d'", r"\d"),
        ("b'a'", b"a"),
        ("True", True),
        ("None", None),
        ("...", "..."),
        ("true", "true"),
        ("-5", -5),
        ("+5", -5),
        ("~5", -5),
        ("not True", -1),
        ("-2.5", -2.5),
        ("[1, [a], (2, 'b')]", [1, ["a"], (2, "b")]),
        ("()", ()),
        ("(1)", 1),
        ("{'a': 1, b: [2], 1: 3, True: 4}", {"a": 1, "b": [2], 1: 4}),
        ("g()", "g()"),
        ("g( 1,'b' )", "g(1, 'b')"),
        ("a.g(lambda: 0)", "a.g(lambda: 0)"),
        ("g(1, y=2)", {"g": {"y": 2}}),
        ("g(y=h(z=1))", {"g": {"y": {"h": {"z": 1}}}}),
        ("a['b'][ 0 ]", "a['b'][0]"),
        ("a[1:2]", "a[1:2]"),
    ],
)
def test_values(text, value):
    read = value_of(text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "a.b", "lambda: 1", "lambda x: x", "f'{x}'", "f'x'", "{1, 2}", "[i for i in a]", "{i: 1 for i in a}",
        "(i for i in a)", "1 < 2", "a or b", "1 if a else 2", "(y := 1)", "await a", "(yield)", "[*a]", "{**a}",
        "{[1]: 2}", "--5", "-'a'", "-x", "-None", "not x", "-(1 + 2)", "'a", "1 2", "007", "9" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_value(text):
    assert_refused(f"[f(x={text})]")


def test_a_dict_of_arguments_has_no_name():
    assert decode_answer("f(**{'x': 1})") == [Call("f", {None: {"x": 1}})]


# --- arithmetic ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2 * 3", 6),
        ("-5 + 3", -2),
        ("10 / 4", 2.5),
        ("7 // 2 + 7 % 2", 4),
        ("2 ** 10", 1024),
        ("2 ** -1", 0.5),
        ("2 ** 4095", 2**4095),
        ("(-1) ** 10 ** 30", 1),
        ("1 << 4", 16),
        ("1 >> 10 ** 30", 0),
        ("6 & 3 | 8 ^ 1", 11),
        ("~5 + 0", -6),
        ("(not 1) + 1", 1),
        ("True + 1", 2),
        ("1 + 2j", 1 + 2j),
        ("'a' + 'b' * 3", "abbb"),
        ("'ab' * 2048", "ab" * 2048),
        ("b'a' * 2", b"aa"),
        ("[1] + [2, 'a'] * 2", [1, 2, "a", 2, "a"]),
        ("(1,) + (2,)", (1, 2)),
        ("[0] * -1", []),
        ("{1} | {2}", {1, 2}),
        ("[{'a': 1}] * 2", [{"a": 1}, {"a": 1}]),
        ("'%s is %5.2f%%' % ('x', 1.5)", "x is  1.50%"),
        ("1 + " * 290 + "1", 291),
    ],
)
def test_arithmetic(text, value):
    read = value_of(text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "9 ** 9 ** 9", "2 ** 5000", "1 << 10 ** 30", "(2 ** 4000) * (2 ** 4000)", "'a' * 10 ** 9", "10 ** 9 * [0]",
        "[['a' * 99] * 99] * 99", "'%999999999d' % 1", "'%*d' % (999999999, 1)", "'%.999999999f' % 1.0",
        "1 / 0", "0 ** -1", "2.0 ** 5000", "1 << -1", "'a' + 1", "None + 1", "... + 1", "'%d' % 'a'", "'%' % 1",
        "[1] @ [2]", "{[1]} | {2}", "{[1]: 1} | {}", "x + 1", "int + 1", "len('a') + 1", "a.b + 1", "a[0] + 1",
        "f'{x}' + 'a'", "[i for i in 'a'] + []", "(lambda: 1) + 1", "{**{}} | {}", "1 + " * 1000 + "1",
        "0x" + "f" * 5000 + " + 1",
    ],
)  # fmt: skip
def test_arithmetic_that_is_refused(text):
    assert_refused(f"[f(x={text})]")


# --- safety ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        "open({path!r}, 'w').write('x') + 1",
        "1 + [open({path!r}, 'w')]",
        "[1][open({path!r}, 'w')] + 1",
        "(lambda: open({path!r}, 'w'))() + 1",
        "f'{{open({path!r}, 0)}}' + ''",
        "open({path!r}, 'w')",
        "open(file={path!r}, mode='w')",
        "a[open({path!r}, 'w')]",
        "lambda: open({path!r}, 'w')",
        "'%s' % open({path!r}, 'w')",
        "__import__('os').system('touch ' + {path!r}) * 1",
    ],
)
@pytest.mark.parametrize("version", [V4, APRIL_2025])
def test_nothing_is_executed(code, version, tmp_path):
    path = tmp_path / "written"
    with suppress(DecodingError):
        decode_answer(f"[f(x={code.format(path=str(path))})]", version=version)
    assert not path.exists()


def test_no_warning_reaches_the_user_or_changes_the_verdict():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert value_of(r"'\d'") == r"\d"
        assert_refused("[f(x=1if y else 2)]")
        assert value_of("'2if'") == "2if"


HOSTILE = {
    "megabyte": "x" * 1_000_000,
    "brackets": "[" * 20_000,
    "lists": f"[f(x={'[' * 190}{']' * 190})]",
    "dicts": f"[f(x={'{1:' * 190}1{'}' * 190})]",
    "calls": f"[{'f(x=' * 190}1{')' * 190}]",
    "too many brackets": f"[f(x={'[' * 5000}{']' * 5000})]",
    "signs": f"[f(x={'-' * 20_000}1)]",
    "attributes": f"[f(x=a{'.a' * 10_000})]",
    "attributes of a name": f"[a{'.a' * 10_000}(x=1)]",
    "subscripts": f"[f(x=a{'[0]' * 8_000})]",
    "call of call": f"[f(x=a{'()' * 10_000})]",
    "sum": f"[f(x=1{'+1' * 10_000})]",
    "powers": f"[f(x=[{'3**2000,' * 3_500}])]",
    "repeated": f"[f(x=[{'[0]*2000,' * 3_200}])]",
    "fields": f"[f(x=f'{'{a}' * 10_000}')]",
    "unparsed fields": f"[f(x=g(f'{'{a}' * 10_000}'))]",
    "equal hashes": f"[f(x={{{','.join(f'{i * (2**61 - 1)}:1' for i in range(1, 1400))}}})]",
    "long integer": f"[f(x=0x{'f' * 30_000})]",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("version", [V4, APRIL_2025])
def test_hostile_text_ends_soon(name, version):
    start = time.process_time()
    with suppress(DecodingError):
        decode_answer(HOSTILE[name], version=version)
    assert time.process_time() - start < 120


def test_the_limit_of_length_is_named():
    with pytest.raises(DecodingError, match=f"{MAX_CHARS:,}"):
        decode_answer("f(x=1)" + " " * 1_000_000)


def test_too_deep_a_stack_is_a_decoding_error():
    def at_depth(left: int):
        return at_depth(left - 1) if left else decode_answer(f"[f(x={'[' * 150}{']' * 150})]")

    used = 0
    frame = sys._getframe()
    while frame is not None:
        used, frame = used + 1, frame.f_back
    with pytest.raises(DecodingError):
        at_depth(sys.getrecursionlimit() - used - 60)


PIECES = st.one_of(
    st.sampled_from("[](){},:.'\"=+-*%@#`\\\n 12a\0é\ud800"),
    st.sampled_from(
        ["f(", "x=", "2.5", "**", "<<", "not ", "lambda ", "if ", "else ", "for ", "in ", "f'", "b'", "..."]
    ),
    st.sampled_from(["9" * 30, "True", "None"]),
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=25).map("".join)), st.sampled_from([V4, APRIL_2025]))
@example("[f(x=" + "(" * 500, V4)
def test_any_text_gives_calls_or_a_decoding_error(text, version):
    try:
        calls = decode_answer(text, version=version)
    except DecodingError as error:
        assert str(error)
        return
    assert all(isinstance(call, Call) and isinstance(call.arguments, dict) for call in calls)
