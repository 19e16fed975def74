"""Reading and writing of calls: each form, each error with its position, the round trip, and hostile text."""

import json
import pickle
import random
import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funreason_trl.calls import (
    MAX_CHARS,
    MAX_DEPTH,
    Call,
    CallSyntaxError,
    is_renderable_name,
    parse_calls,
    render_calls,
)


F_A1 = [Call("f", {"a": 1})]
F_G = [Call("f", {"a": 1}), Call("g", {})]

FORMS = {
    "[f(a=1, b=[1, 2], c={'k': None}), pkg.mod.g(x=-1.5)]": [
        Call("f", {"a": 1, "b": [1, 2], "c": {"k": None}}),
        Call("pkg.mod.g", {"x": -1.5}),
    ],
    "f(a=1)": F_A1,
    " \n f(a=1) \n": F_A1,
    "\ufeff[f(a=1)]": F_A1,
    "\u2003[f(a=1)]\u00a0\n": F_A1,
    "\u00a0f(a=1)\u00a0": F_A1,
    "[f(a=NaN, b=Infinity)]": [Call("f", {"a": "NaN", "b": "Infinity"})],
    "f(a=1), g()": F_G,
    "f(a=1),\ng(),": F_G,
    "f(a=1)\n\n  g()\n": F_G,
    "[\n  f(\n    a = 1,\n  ),\n  g(),\n]": F_G,
    "[]": [],
    " [ ] ": [],
    "[Search Managers(name='x'), Daily Match List-Scheduled()]": [
        Call("Search Managers", {"name": "x"}),
        Call("Daily Match List-Scheduled", {}),
    ],
    "[0u0sKA1TX0_P7fG(7qSgY=1, Z.Ke.a8s=2, from=3, class=4, $top=5, ref-number=6)]": [
        Call("0u0sKA1TX0_P7fG", {"7qSgY": 1, "Z.Ke.a8s": 2, "from": 3, "class": 4, "$top": 5, "ref-number": 6})
    ],
    ".02do(.ASE=1), /SearchPlayer(), products/list()": [
        Call(".02do", {".ASE": 1}),
        Call("/SearchPlayer", {}),
        Call("products/list", {}),
    ],
    "मौसम(शहर='दिल्ली')": [Call("मौसम", {"शहर": "दिल्ली"})],
    "f(**{'odd name(': 1}, b=2, **{})": [Call("f", {"odd name(": 1, "b": 2})],
    '[{"name": "f", "arguments": {"a": 1}}]': F_A1,
    '{"name": "f", "parameters": {"a": 1}}': F_A1,
    '{"name": "f", "arguments": {"a": 1}}\n{"name": "g", "arguments": {}}\n': F_G,
    '{"name": "f", "arguments": "{\\"a\\": 1}"}': F_A1,
    '{"id": "0", "type": "function", "function": {"name": "f", "arguments": "{\\"a\\": 1}"}}': F_A1,
    '[{"type": "function", "function": {"name": "f", "arguments": {"a": 1}}}]': F_A1,
    '{"name": "f (beta)", "arguments": {}}': [Call("f (beta)", {})],
    '<tool_call>\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>\n<tool_call>g()</tool_call>': F_G,
    "<tool_call>[f(a=1), g()]</tool_call>": F_G,
    '<tool_call>{"name": "f", "arguments": {"a": "</tool_call>"}}</tool_call>': [Call("f", {"a": "</tool_call>"})],
    '<tool_call>\n```json\n{"name": "f", "arguments": {"a": 1}}\n```\n</tool_call>': F_A1,
    "```\n[f(a=1)]\n```": F_A1,
    "```python\nf(a=1)\ng()\n```": F_G,
    "```[f(a=1)]```": F_A1,
    '```json\n{"name": "f", "arguments": {"a": 1}}\n```\n': F_A1,
    "```xml\n<tool_call>f(a=1)</tool_call>\n```": F_A1,
    "f(a='```')": [Call("f", {"a": "```"})],
}


@pytest.mark.parametrize("text", FORMS)
def test_each_form_is_read(text: str) -> None:
    assert parse_calls(text) == FORMS[text]


VALUES = {
    "-1": -1,
    "+1": 1,
    "- 1": -1,
    "0": 0,
    "1_000": 1000,
    "0x1F": 31,
    "1e-3": 0.001,
    "1E5": 100000.0,
    "1.": 1.0,
    ".5": 0.5,
    "-0.0": -0.0,
    "True": True,
    "false": False,
    "None": None,
    "null": None,
    "celsius": "celsius",
    "été": "été",
    "nan": "nan",
    "'it''s'": "its",
    "'a' \"b\"\n'c'": "abc",
    '"""x "y"\n\'z\'"""': "x \"y\"\n'z'",
    r"'\n\t\x41\u00e9\U0001F600\101\'\"\\'": "\n\tA\u00e9\U0001f600A'\"\\",
    r"'\N{BULLET}'": "\u2022",
    r"'\d+\.'": "\\d+\\.",
    "'a\\\nb'": "ab",
    r"r'\n\x'": "\\n\\x",
    "u'x'": "x",
    "'#,)]=('": "#,)]=(",
    "(1, 2)": [1, 2],
    "(1,)": [1],
    "(1)": 1,
    "()": [],
    "[1, [2, [3,],],]": [1, [2, [3]]],
    "{'a': {'b': []}, \"c\": (),}": {"a": {"b": []}, "c": []},
    "{}": {},
}


@pytest.mark.parametrize("written", VALUES)
def test_each_value_is_read_with_its_type(written: str) -> None:
    value = parse_calls(f"[f(a={written})]")[0].arguments["a"]
    assert repr(value) == repr(VALUES[written])


SYNTAX_ERRORS = {
    "": 0,
    "   ": 3,
    "I can't help with that.": 0,
    "Here is the call f(a=1)": 0,
    "Here: [f(a=1)]": 0,
    "Search Managers(name='x')": 0,
    "f(a=1) is the call": 7,
    "[f(a=1)] there": 9,
    "[f(a=1)][g()]": 8,
    "[f(a=1)]\n[g()]": 9,
    "f(a=1)g()": 6,
    "f(a=1) g()": 7,
    "[f(a=1) g()]": 8,
    "[f(a=1)": 7,
    "f(a=1": 5,
    "f(a=1]": 5,
    "[f]": 1,
    "[,]": 1,
    "[f(a=1),,]": 8,
    "f(,)": 2,
    "f": 0,
    "(a=1)": 0,
    "f(1)": 2,
    "f('x')": 2,
    "f(a)": 2,
    "f(a b=1)": 2,
    "f(*a)": 2,
    "f(**a)": 4,
    "f(**{a: 1})": 5,
    "f(a=1, a=2)": 7,
    "f(a=1, **{'a': 2})": 7,
    "f(**{'a': 1, 'a': 2})": 13,
    "f(a={'k': 1, 'k': 2})": 13,
    "f(a=)": 4,
    "f(a==1)": 4,
    "f(a:=1)": 2,
    "f(a=1+2)": 4,
    "f(a=1 + 2)": 6,
    "f(a=2**9)": 4,
    "f(a=x*2)": 4,
    "f(a=not x)": 4,
    "f(a=g(b=1))": 4,
    "f(a=os.system)": 4,
    "f(a=x[0])": 5,
    "f(a=lambda: 1)": 4,
    "f(a=1 if b else 2)": 6,
    "f(a=[x for x in y])": 7,
    "f(a={1, 2})": 5,
    "f(a={'a'})": 8,
    "f(a={1: 2})": 5,
    "f(a={k: 2})": 5,
    "f(a=f'{x}')": 4,
    "f(a=b'x')": 4,
    "f(a=rb'x')": 4,
    "f(a=1j)": 4,
    "f(a=1e999)": 4,
    "f(a=-1e999)": 5,
    "f(a=007)": 4,
    "f(a=1__0)": 4,
    "f(a=2024-01-01)": 4,
    "f(a=12ab)": 4,
    "f(a=--1)": 5,
    "f(a=-x)": 5,
    "f(a=New York)": 8,
    "f(a='x)": 4,
    "f(a='x\ny')": 4,
    "f(a='''x')": 4,
    "f(a='x\\x4')": 6,
    "f(a='\\U00110000')": 5,
    "f(a='\\N{NO SUCH}')": 5,
    "f(a='\\N{\ud800}')": 5,
    "f(a(b)=1)": 2,
    "f(a)(b=1)": 2,
    "f[0](a=1)": 0,
    "'f'(a=1)": 0,
    "f(a=1)  # done": 8,
    "{}": 0,
    '{"name": "f"}': 0,
    '{"name": "", "arguments": {}}': 0,
    '{"name": 1, "arguments": {}}': 0,
    '{"name": "f", "arguments": {}, "parameters": {}}': 0,
    '{"name": "f", "arguments": []}': 0,
    '{"name": "f", "arguments": null}': 0,
    '{"name": "f", "arguments": "{\\"a\\": }"}': 0,
    '{"name": "f", "arguments": "{} {}"}': 0,
    '{"name": "f", "description": "a tool", "parameters": {}}': 0,
    '{"name": "f", "arguments": {"a": NaN}}': 33,
    '{"name": "f", "arguments": {"a": -Infinity}}': 33,
    '{"name": "f", "arguments": {"a": 1e999}}': 33,
    '{"name": "f", "arguments": {"a": 1, "a": 2}}': 36,
    '{"name": "f", "arguments": {"a": True}}': 33,
    '{"name": "f", "arguments": {"a": 01}}': 34,
    '{"name": "f", "arguments": {"a": "\\q"}}': 34,
    '{"name": "f", "arguments": {"a": 1,}}': 35,
    "{'name': 'f', 'arguments': {}}": 1,
    '{"name": "f", "arguments": {}} {"name": "g", "arguments": {}}': 31,
    '[{"name": "f", "arguments": {}}, g()]': 33,
    "<tool_call></tool_call>": 11,
    "<tool_call>f(a=1)": 17,
    "<tool_call>f(a=1)</tool_call> done": 30,
    "f(a=1)</tool_call>": 6,
    "```\nf(a=1)": 10,
    "```\nf(a=1)\n```\nDone": 15,
}


@pytest.mark.parametrize("text", SYNTAX_ERRORS)
def test_each_error_has_its_position(text: str) -> None:
    with pytest.raises(CallSyntaxError) as caught:
        parse_calls(text)
    assert caught.value.position == SYNTAX_ERRORS[text]
    assert "expected" in str(caught.value)


def test_an_error_tells_line_column_found_and_expected_and_survives_pickling() -> None:
    with pytest.raises(CallSyntaxError) as caught:
        parse_calls("[f(a=1),\n g(b=h())]")
    assert str(caught.value) == "line 2, column 6: found 'h())]', expected a literal value, not a nested call"
    assert pickle.loads(pickle.dumps(caught.value)).position == caught.value.position == 14


def test_depth_is_allowed_up_to_the_bound() -> None:
    lists = MAX_DEPTH - 2
    deepest = parse_calls(f"[f(a={'[' * lists}{']' * lists})]")
    assert parse_calls(render_calls(deepest)) == deepest
    with pytest.raises(CallSyntaxError, match="nested brackets"):
        parse_calls(f"[f(a={'[' * (lists + 1)}{']' * (lists + 1)})]")
    with pytest.raises(ValueError, match="nested deeper"):
        render_calls([Call("f", {"a": [deepest[0].arguments["a"]]})])


@pytest.mark.parametrize(
    "name", ["", " ", ["f"], "f(x)", "f[0]", "f'", 'f"', "a,b", "a=b", "a\nb", "-f", "f\ud800", " f", "f "]
)
def test_a_name_that_cannot_be_written_is_refused(name: Any) -> None:
    assert not is_renderable_name(name)
    with pytest.raises(ValueError, match="function name"):
        render_calls([Call(name, {})])


CYCLE: list[Any] = []
CYCLE.append(CYCLE)


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        (1, 2),
        {1: 2},
        {None: 2},
        {1, 2},
        b"x",
        object(),
        1j,
        10**4300,
        CYCLE,
        [float("nan")],
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_that_is_not_json_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"JSON|nested"):
        render_calls([Call("f", {"a": value})])


def test_rendering_refuses_what_would_be_too_long_to_read() -> None:
    with pytest.raises(ValueError, match="characters"):
        render_calls([Call("f", {"a": "x" * MAX_CHARS})])


def test_rendering() -> None:
    assert render_calls([]) == "[]"
    calls = [Call("f", {"a": 1, "b": "it's"}), Call("Search Managers", {"from": None, "odd name": [True]})]
    assert render_calls(calls) == "[f(a=1, b=\"it's\"), Search Managers(from=None, **{'odd name': [True]})]"


# --- properties ------------------------------------------------------------------------------------------------------

ANY_TEXT = st.text(st.characters(), max_size=20)  # lone surrogates and control characters included
NUMBERS = st.integers() | st.integers(-(10**400), 10**400) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | ANY_TEXT
JSON_VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4), max_leaves=12
)
ODD_NAMES = ANY_TEXT | st.sampled_from(["from", "7qSgY", "Z.Ke.a8s", "a b", "**", "", "None", "a=", "é", "'", "\\"])
NAME_CHARS = string.ascii_letters + string.digits + "_.-/$ éß你मौ"
FUNCTION_NAMES = (st.text(NAME_CHARS, min_size=1, max_size=12) | ANY_TEXT).filter(is_renderable_name)
CALLS = st.builds(Call, FUNCTION_NAMES, st.dictionaries(ODD_NAMES, JSON_VALUES, max_size=4))


@given(st.lists(CALLS, max_size=4))
def test_what_is_rendered_is_read_back_exactly(calls: list[Call]) -> None:
    read = parse_calls(render_calls(calls))
    assert repr(read) == repr(calls)  # tells True from 1, 1 from 1.0 and -0.0 from 0.0


@given(st.lists(CALLS, min_size=1, max_size=3))
def test_json_is_read_back_exactly(calls: list[Call]) -> None:
    for encode in (lambda arguments: arguments, json.dumps):
        # Surrogate pairs become one character in JSON, so the expectation goes through JSON as well.
        text = json.dumps([{"name": call.name, "arguments": encode(call.arguments)} for call in calls])
        expected = [Call(call.name, json.loads(json.dumps(call.arguments))) for call in calls]
        assert repr(parse_calls(text)) == repr(expected)


def assert_read_or_refused(text: str) -> None:
    try:
        calls = parse_calls(text)
    except CallSyntaxError as error:
        assert 0 <= error.position <= len(text)
        return
    assert all(isinstance(call, Call) and isinstance(call.arguments, dict) for call in calls)
    renderable = [call for call in calls if is_renderable_name(call.name)]
    assert repr(parse_calls(render_calls(renderable))) == repr(renderable)


@given(st.text() | st.text("[](){}=,:'\"`<>\\/*+-.#_ \n0123456789eEjxabfrNn", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    assert_read_or_refused(text)


@settings(max_examples=300)
@given(st.sampled_from([*FORMS, *SYNTAX_ERRORS]), st.integers())
def test_mutated_text_is_read_or_refused(text: str, seed: int) -> None:
    chance = random.Random(seed)
    pieces = list(text)
    for _ in range(chance.randint(1, 4)):
        position = chance.randint(0, len(pieces))
        piece = chance.choice([*string.printable, "'''", "**{", "```", "<tool_call>", "\\x", "\ud800", "\x00", ""])
        pieces[position : position + chance.randint(0, 2)] = [piece]
    assert_read_or_refused("".join(pieces))
