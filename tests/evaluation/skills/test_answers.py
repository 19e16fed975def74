"""From answers as models write them to programs; what the programs do is looked at in the sandbox."""

import pytest

from funreason_trl.evaluation.skills import CodeProblem, extract_code, problem_messages, program, run_programs

from .examples import HUMANEVAL_ROW, MBPP_ROW
from .test_problems import load_humaneval, load_mbpp, write_lines


WHOLE = "def area(radius):\n    return math.pi * radius**2"


@pytest.fixture(scope="module")
def humaneval(tmp_path_factory) -> CodeProblem:
    return load_humaneval(write_lines(tmp_path_factory.mktemp("rows") / "a.jsonl", [HUMANEVAL_ROW]))[0]


@pytest.fixture(scope="module")
def mbpp(tmp_path_factory) -> CodeProblem:
    return load_mbpp(write_lines(tmp_path_factory.mktemp("rows") / "a.jsonl", [MBPP_ROW]))[0]


def test_humaneval_is_asked_with_its_head(humaneval):
    (message,) = problem_messages(humaneval)
    assert message["role"] == "user"
    assert HUMANEVAL_ROW["prompt"].strip() in message["content"]
    assert "candidate" not in message["content"]


def test_mbpp_is_asked_with_its_assertions(mbpp):
    (message,) = problem_messages(mbpp)
    assert "double a number" in message["content"]
    assert "assert double(2) == 4\nassert double(0) == 0" in message["content"]
    assert "FACTOR" not in message["content"] and "double(1) == 3" not in message["content"]


@pytest.mark.parametrize(
    "answer",
    [
        WHOLE,
        f"```python\n{WHOLE}\n```",
        f"Here it is:\n\n```python\n{WHOLE}\n```\nIt multiplies.",
        f"<think>A first try:\n```python\ndef area(r): return 0\n```</think>\n\n```\n{WHOLE}\n```",
        f"thought in the prompt's tag</think>```py\n{WHOLE}\n```",
        f"```python\ndef area(radius):\n    return 0\n```\nNo, better:\n```python\n{WHOLE}\n```",
        f"```python\n{WHOLE}\n```\nUse it:\n```python\nassert area(1) == 'shown'\n```",
        f"```python\n{WHOLE}",
        f"~~~~\n{WHOLE}\n~~~~",
        "1. Like this:\n   ```python\n   def area(radius):\n       return math.pi * radius**2\n   ```",
        "```python\narea = lambda radius: math.pi * radius**2\n```",
        "```python\nimport math as m\ndef area(radius):\n    return m.pi * radius**2\n```",
        "```python\nfrom __future__ import annotations\ndef area(radius: r) -> a:\n    return math.pi * radius**2\n```",
        # the body alone
        "    return math.pi * radius**2",
        "return math.pi * radius**2",
        "    factor = math.pi\n    return factor * radius**2\n\n\nprint('and more')\ndef other(",
        "factor = math.pi\n    return factor * radius**2",
        "if radius:\n    pass\nreturn math.pi * radius**2",
        "if radius:\n        pass\n    return math.pi * radius**2",
        "<think>short</think>\n    factor = math.pi\n    return factor * radius**2",
        "```python\n    return math.pi * radius**2\n```",
        "```python\nreturn math.pi * radius**2\n```",
    ],
)
def test_right_answers_to_humaneval(humaneval, answer):
    (outcome,) = run_programs([program(humaneval, answer)], workers=1)
    assert outcome.passed, program(humaneval, answer) + outcome.output


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "I can't.",
        "def area(radius):\n    return 0",
        f"<think>I could write\n```python\n{WHOLE}\n```",
        "```python\nexit()\n```",
        "```python\nimport os\ndef area(radius):\n    os._exit(0)\n```",
        "```python\ndef circle(radius):\n    return math.pi * radius**2\n```",
    ],
)
def test_wrong_answers_to_humaneval(humaneval, answer):
    (outcome,) = run_programs([program(humaneval, answer)], workers=1)
    assert outcome.status == "failed"


def test_helpers_of_the_head_stay_at_hand(humaneval):
    code = "def area(radius):\n    return math.pi * radius**2"
    assert program(humaneval, code).startswith("import math\n")


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("def double(x):\n    return x * FACTOR", True),
        ("```python\ndef double(x):\n    return x + x\n```", True),
        ("```python\ndouble = lambda x: 2 * x\n```", True),
        (
            "```python\nfrom functools import partial\n\nclass double:\n    def __new__(cls, x): return 2 * x\n```",
            True,
        ),
        ("```python\ndef double(x):\n    return x * 3\n```", False),
        ("    return x * 2", False),
    ],
)
def test_answers_to_mbpp(mbpp, answer, right):
    (outcome,) = run_programs([program(mbpp, answer)], workers=1)
    assert outcome.passed == right, outcome.output


def test_the_published_answer_is_left_as_it_is(humaneval, mbpp):
    for problem in (humaneval, mbpp):
        assert extract_code(problem.solution, problem).strip() == problem.solution.strip()


def test_long_answers_take_no_longer_than_their_length(humaneval):
    """Guards against searches that grow with the square of the answer."""
    for answer in ("```\n" * 200_000, "<think>" * 100_000, "def " * 200_000, " " * 10**6 + "x", "```" + "`" * 10**6):
        extract_code(answer, humaneval)
