"""From a problem to what a model is asked, and from what it answers to a program that tests the answer.

In: a [`~funreason_trl.evaluation.skills.problems.CodeProblem`], a model's answer. Out: chat messages, code, a program.

    HumanEval   asked:   Complete this Python function ... def add(x: int, y: int): ...
                answer:  <think>...</think>Here it is:
                         ```python
                         def add(x, y):
                             return x + y
                         ```
                program: the head as published, the code, check(add)
"""

import re
import textwrap

from funreason_trl.data.rows import split_reasoning

from .problems import CodeProblem


_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})")
_FUTURE = re.compile(r"^from __future__ import .*$", re.MULTILINE)
_INDENT = "    "


def problem_messages(problem: CodeProblem) -> list[dict]:
    """
    The problem as a chat, in our own wording.

    Args:
        problem ([`~funreason_trl.evaluation.skills.problems.CodeProblem`]): The problem. MBPP shows its assertions.

    Returns:
        `list[dict]`: One user message.
    """
    if problem.head:
        ask = f"Complete this Python function:\n\n```python\n{problem.head.strip()}\n```"
    else:
        tests = "\n".join(problem.shown_tests)
        ask = f"{problem.task.strip()}\n\nThe code has to pass these tests:\n\n```python\n{tests}\n```"
    end = f"Answer with the whole code of `{problem.entry_point}`, imports included, in one ```python block."
    return [{"role": "user", "content": f"{ask}\n\n{end}"}]


def extract_code(answer: str, problem: CodeProblem) -> str:
    """
    The code in an answer, without reasoning and words around it.

    Of several fenced blocks, the last one that defines the function counts (models correct themselves, and show uses
    afterwards); without such a one, the last. A block that is not closed goes to the end. Without a block, the whole
    answer is code. Where only the function's body is given, the code is that body, indented by four spaces, up to the
    first line that is not part of it.

    Args:
        answer (`str`): What the model wrote. Reasoning ends at the last `</think>`; if it never ends, nothing is left.
        problem ([`~funreason_trl.evaluation.skills.problems.CodeProblem`]): What it answers.

    Returns:
        `str`: Python code, which nobody has checked; may be empty.
    """
    text = _without_reasoning(answer)
    blocks = _fenced_blocks(text) or [text]
    defining = [block for block in blocks if _defines(block, problem.entry_point)]
    if defining:
        return textwrap.dedent(defining[-1])
    return _body(blocks[-1]) if problem.head else textwrap.dedent(blocks[-1])


def program(problem: CodeProblem, answer: str) -> str:
    """
    A program that passes if the answer is right.

    Args:
        problem ([`~funreason_trl.evaluation.skills.problems.CodeProblem`]): The problem.
        answer (`str`): What a model wrote, or `problem.solution`.

    Returns:
        `str`: To be run in the sandbox and nowhere else.
    """
    code = extract_code(answer, problem)
    # Python wants these before anything else, so before the head too.
    future = "".join(f"{line}\n" for line in _FUTURE.findall(code))
    # A function that is given whole replaces the head's, whose imports and helper functions it may rely on.
    return f"{future}{problem.head}\n{_FUTURE.sub('', code)}\n\n{problem.tests}"


def _without_reasoning(answer: str) -> str:
    """What stands after the reasoning, with the white space before its first line: there it has a meaning."""
    kept = split_reasoning(answer)[1]
    if not kept:
        return ""
    start = len(answer.rstrip()) - len(kept)
    line = answer.rfind("\n", 0, start) + 1
    return answer[line:].rstrip() if not answer[line:start].strip() else kept


def _fenced_blocks(text: str) -> list[str]:
    blocks: list[list[str]] = []
    fence = ""
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if not fence and mark:
            fence = mark[1]
            blocks.append([])
        elif fence and mark and mark[1].startswith(fence) and not line[mark.end() :].strip():
            fence = ""
        elif fence:
            blocks[-1].append(line)
    return ["\n".join(lines) for lines in blocks]


def _defines(code: str, name: str) -> bool:
    definition = rf"^[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+{re.escape(name)}\b|^{re.escape(name)}[ \t]*="
    return re.search(definition, code, re.MULTILINE) is not None


def _body(code: str) -> str:
    """The lines of a function's body, indented; the white space before its first line is easily lost on the way."""
    first, *rest = code.strip("\n").split("\n")
    following = [line for line in rest if line.strip()]
    expected = _INDENT * 2 if first.rstrip().endswith(":") else _INDENT
    if following and following[0].startswith(expected) and all(line[0].isspace() for line in following):
        first = first if first[:1].isspace() else _INDENT + first
    if not first[:1].isspace():
        return textwrap.indent("\n".join([first, *rest]), _INDENT)
    end = next((i for i, line in enumerate(rest) if line.strip() and not line[0].isspace()), len(rest))
    return "\n".join([first, *rest[:end]])
