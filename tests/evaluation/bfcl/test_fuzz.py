"""No answer, however hostile, makes the checker raise, run anything, or think for long.

`FUZZ_EXAMPLES=100000 python -m pytest -s tests/evaluation/bfcl/test_fuzz.py` tries as many, others in each run, and
prints the slowest.
"""

import gc
import os
import sys
import threading
from collections import Counter
from time import process_time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from funreason_trl.evaluation.bfcl.checker import judge_answer
from funreason_trl.evaluation.bfcl.rows import BfclRow, Judgement


EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "300"))
SAME = settings.default.derandomize and "FUZZ_EXAMPLES" not in os.environ
HANG_SECONDS = 120  # of processor time, far above what the slowest machine needs
# What Python reports when code is run, files are opened, processes started or the network used. Parsing reports
# "compile", and messages about text read its source line by line from nowhere.
FORBIDDEN = ("exec", "open", "os.", "subprocess.", "socket.", "pickle.", "ctypes.", "shutil.")

TYPES = {
    "python": ("string", "integer", "float", "boolean", "array", "tuple", "dict", "any"),
    "java": (
        "String",
        "integer",
        "long",
        "double",
        "float",
        "char",
        "boolean",
        "Array",
        "ArrayList",
        "HashMap",
        "any",
    ),
    "javascript": ("String", "integer", "float", "Bigint", "Boolean", "array", "dict", "any"),
}
CATEGORIES = {
    "python": ("simple_python", "multiple", "parallel", "irrelevance", "live_relevance"),
    "java": ("simple_java",),
}
CATEGORIES["javascript"] = ("simple_javascript",)
POSSIBLE = [
    ["Oslo", ""],
    [1],
    [2.5, 2],
    [True],
    [[1, 2]],
    [["a", "b"], ""],
    [{"k": ["v"], "n": [1, ""]}],
    [[{"k": ["v"]}]],
]

# fmt: off
PIECES = st.sampled_from([
    "f", "a.f", "(", ")", "[", "]", "{", "}", "x", "y", "=", ",", ":", "'", '"', "`", "\\", "\n", " ", "#", ";", "//",
    "1", "-", "+", "**", "*10**9", "2.5", "1e999", "9" * 30, "True", "true", "null", "None", "...", "lambda:", "**{", "*",
    "new int[]", "new ArrayList<>(Arrays.asList(", "new HashMap<>() {{", 'put("k", 1);', "}}", "1L", "2.0f", "new Array(",
    "'Oslo'", "x='Oslo'", "f(x='Oslo')", "[f(x=1)]", "```python\n", "```", "<tool_call>", "__import__('os').system('id')",
    "\x00", "\ud800", "\u2028", "ß", "é", "\U0001d557", "exec('1')", "open('/etc/passwd')", "f'{x}'", "x:=1", "await",
])
# fmt: on
TEXTS = st.one_of(
    st.lists(PIECES, max_size=40).map("".join),
    st.lists(PIECES, max_size=12).map(lambda pieces: "[f(x=" + "".join(pieces) + ")]"),
    st.text(max_size=200),
    st.tuples(PIECES, st.integers(1, 400), PIECES).map(lambda deep: deep[0] * deep[1] + "1" + deep[2] * deep[1]),
)
# One in some hundreds, since each takes as long as hundreds of others.
LONG_TEXTS = st.tuples(PIECES, PIECES, st.integers(1, 1_000_000)).map(
    lambda parts: f"[f(x={parts[0]}{parts[1] * (parts[2] // len(parts[1]))})]"
)
ANSWERS = st.integers(0, 300).flatmap(lambda number: LONG_TEXTS if number == 0 else TEXTS)


@st.composite
def questions(draw) -> BfclRow:
    language = draw(st.sampled_from(sorted(TYPES)))
    category = draw(st.sampled_from(CATEGORIES[language]))
    kind, item = draw(st.sampled_from(TYPES[language])), draw(st.sampled_from(TYPES[language]))
    properties = {"x": {"type": kind, "items": {"type": item}}, "y": {"type": item}}
    function = {"name": "f", "parameters": {"properties": properties, "required": draw(st.sampled_from([[], ["x"]]))}}
    possible = [{"f": {"x": draw(st.sampled_from(POSSIBLE)), "y": draw(st.sampled_from(POSSIBLE))}}]
    has_answers = "relevance" not in category
    return BfclRow("0", category, [{"role": "user", "content": ""}], [function], possible if has_answers else [])


class Watch:
    """Notes what Python reports of being run in this thread, as a context; a hook can't be taken away again."""

    def __init__(self):
        self.thread: int | None = None
        self.seen: list[str] = []
        sys.addaudithook(self._hook)

    def __enter__(self):
        gc.disable()  # what other tests left behind may open and close files when it goes
        self.seen.clear()
        self.thread = threading.get_ident()

    def __exit__(self, *exception):
        self.thread = None
        gc.enable()

    def _hook(self, event: str, arguments: tuple) -> None:
        if self.thread == threading.get_ident() and event.startswith(FORBIDDEN):
            self.seen.append(f"{event}{arguments!r:.200}")


WATCH = Watch()


def judge_watched(row: BfclRow, text: str) -> tuple[Judgement, float]:
    started = process_time()
    with WATCH:
        judgement = judge_answer(row, text)
    seconds = process_time() - started
    assert WATCH.seen == [], text[:200]
    return judgement, seconds


def test_the_watch_sees_what_is_run(tmp_path):
    with WATCH:
        exec("1 + 1")
        (tmp_path / "file").open("w").close()
    assert [event.partition("(")[0] for event in WATCH.seen if event.startswith(("exec", "open"))] == ["exec", "open"]


def test_hostile_answers():
    slowest: tuple[float, str] = (0.0, "")
    kinds: Counter[str] = Counter()

    @settings(max_examples=EXAMPLES, derandomize=SAME, database=None, suppress_health_check=list(HealthCheck))
    @given(questions(), ANSWERS)
    def check(row: BfclRow, text: str):
        nonlocal slowest
        judgement, seconds = judge_watched(row, text)
        assert bool(judgement.error) is bool(judgement.detail) is not judgement.right
        assert len(judgement.detail) < 1000
        kinds[judgement.error or "right"] += 1
        slowest = max(slowest, (seconds, f"{row.category}, {len(text)} characters: {text[:60]!r}"))

    check()
    print(
        f"\n{sum(kinds.values())} answers, slowest {slowest[0]:.2f} s of processor time ({slowest[1]}); {dict(kinds)}"
    )
    assert slowest[0] < HANG_SECONDS


@pytest.mark.parametrize("category", ["simple_python", "simple_java", "simple_javascript", "irrelevance"])
@pytest.mark.parametrize(
    "piece", ["[", "(", "{", "f(x=", "-", "not ", "'", "a.", "1+", "x,", "~}", "=/re/", "a<", "\\", "f'{", "`"]
)
def test_a_million_characters(category, piece):
    function = {"name": "f", "parameters": {"properties": {"x": {"type": "any"}}, "required": []}}
    row = BfclRow("0", category, [], [function], [{"f": {"x": ["a"]}}] if category != "irrelevance" else [])
    for length in (1_000, 30_000, 1_000_000):
        judgement, seconds = judge_watched(row, f"[f(x={piece * (length // len(piece))})]")
        assert isinstance(judgement, Judgement)
        assert seconds < HANG_SECONDS
