"""The parity benchmark's own parts: which answers may reach the official checker, and the mutations' seed."""

import sys
from pathlib import Path

import pytest

from funreason_trl.evaluation.bfcl.rows import BfclRow


# The benchmarks are scripts, which Python runs with their own folder on its path.
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from bfcl_parity_helpers.calls import render, right_calls
from bfcl_parity_helpers.execution import ARITHMETIC, CODE, EXPRESSION, HUGE, NONE, execution_of
from bfcl_parity_helpers.mutations import mutated_answers


def row(category="simple_python", types=("string", "integer")):
    text, number = types
    properties = {"city": {"type": text}, "days": {"type": number}, "unit": {"type": text}}
    parameters = {"type": "dict", "properties": properties, "required": ["city"]}
    answers = [{"geo.weather": {"city": ["Bath", "Bath, UK"], "days": [3], "unit": ["", "C"], "gone": ["", 1]}}]
    functions = [{"name": "geo.weather", "description": "", "parameters": parameters}]
    return BfclRow(f"{category}_0", category, [], functions, [] if "relevance" in category else answers)


@pytest.mark.parametrize(
    "text",
    [
        "[f(x=1+g())]",
        "f(x=1+g())",
        "```[f(x=1+g())]```",
        "[f(x=[{'k': (1+g(),)}])]",
        "[f(x={1+g(): 1})]",
        "[f(x=h(y=1+g()))]",
        "f(x=1), f(x=2-a.b)",
        "f(x='a' % [i for i in y])]",
        "[f(x='' + __import__('os').name)]",
        "[f(x=''+f'{g()}')]",
        "[f(x=2*(lambda: 1)())]",
        "[f(x=1+(y:=g()))]",
        "[f(x=a[g()]+1)]",
        "[f(x=1+1, y=1+g())]",
    ],
)
def test_code_never_reaches_the_official_checker(text):
    assert execution_of("simple_python", text) == CODE


@pytest.mark.parametrize(
    "value",
    [
        "9**9**9", "2**99999", "1<<99999", "'a'*10**9", "10**9*'a'", "[0]*10**9", "(0,)*10**9", "'%999999999d'%5", "'%*d'%(9**9,5)",
        "(-(9**9))**9**9", "x**9**9", "'a'*9999*9999", "('a'*99)*10**6", "[[0]*9999]*9999", "2**2**2**2**2", "x*10**10",
    ],
)  # fmt: skip
def test_huge_arithmetic_never_reaches_the_official_checker(value):
    assert execution_of("simple_python", f"[f(x={value})]") == HUGE


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("[f(x=2*3)]", ARITHMETIC),
        ("[f(x=-(2**10)+1.5)]", ARITHMETIC),
        ("[f(x='a'+'b'*3)]", ARITHMETIC),
        ("[f(x=x+1)]", EXPRESSION),
        ("[f(x=1+(2<3))]", EXPRESSION),
        ("[f(x='2*3')]", NONE),
        ("[f(x=g(1+h()))]", NONE),  # a call without keywords is read as text
        ("[f(1+g())]", NONE),  # and what has no keyword is passed over
        ("[f(x=1)] + [g()]", NONE),
        ("'[f(x=1+g())]'", NONE),  # a string in brackets
        ("(f(x=1+g()), )", NONE),  # a tuple in brackets
        ("[f(x=-(1+g()))]", NONE),  # a sign must stand before a constant
        ("f(x=1+g()", NONE),
        ("not python", NONE),
    ],
)
def test_harmless_answers_are_told_apart(text, kind):
    assert execution_of("simple_python", text) == kind


def test_java_is_never_evaluated():
    assert execution_of("simple_java", "[f(x=1+g())]") == NONE


def test_the_seed_decides_the_mutations():
    rows = [row(), row("irrelevance"), row("simple_java", ("String", "integer"))]
    answers = list(mutated_answers(rows, 60, seed=1))
    assert len(answers) == 60
    assert answers == list(mutated_answers(rows, 60, seed=1))
    assert answers != list(mutated_answers(rows, 60, seed=2))
    assert {answer.category for answer in answers} == {"simple_python", "irrelevance", "simple_java"}


@pytest.mark.parametrize(
    ("category", "types", "text"),
    [
        ("simple_python", ("string", "integer"), "[geo.weather(city='Bath', days=3, unit='C')]"),
        ("simple_java", ("String", "long"), '[geo.weather(city="Bath", days=3L, unit="C")]'),
        ("simple_javascript", ("any", "Bigint"), "[geo.weather(city=Bath, days=3n, unit=C)]"),
    ],
)
def test_possible_answers_are_rendered_without_what_is_not_declared(category, types, text):
    asked = row(category, types)
    assert render(right_calls(asked), asked.language, asked) == text
