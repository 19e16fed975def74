"""The estimator against counting, and whole benchmarks against their published answers."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funreason_trl.evaluation.skills import Limits, load_humaneval, load_mbpp, pass_at_k, score_answers

from .examples import HUMANEVAL_ROW, MBPP_ROW, PLUS_ROW
from .test_problems import write_lines


# The slowest published solution needs about six seconds of processor time on a free core.
PATIENT = Limits(cpu_seconds=300, wall_seconds=1800)


@given(st.integers(1, 7).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))))
def test_pass_at_k_is_the_share_of_choices_with_a_right_answer(numbers):
    samples, correct, k = numbers
    choices = list(combinations([True] * correct + [False] * (samples - correct), k))
    assert pass_at_k(samples, correct, k) == pytest.approx(sum(map(any, choices)) / len(choices))


def test_pass_at_k_with_many_answers_stays_exact():
    assert pass_at_k(200, 20, 1) == pytest.approx(0.1)
    assert pass_at_k(10_000, 1, 10_000) == 1.0


@pytest.mark.parametrize(("samples", "correct", "k"), [(1, 0, 2), (1, 2, 1), (3, -1, 1), (3, 1, 0), (0, 0, 1)])
def test_pass_at_k_refuses_what_can_not_be(samples, correct, k):
    with pytest.raises(ValueError, match="must be from"):
        pass_at_k(samples, correct, k)


@pytest.fixture
def problems(tmp_path):
    return [
        *load_humaneval(write_lines(tmp_path / "h.jsonl", [HUMANEVAL_ROW])),
        *load_mbpp(write_lines(tmp_path / "m.jsonl", [MBPP_ROW, PLUS_ROW])),
    ]


def test_scores(problems):
    right = [problem.solution for problem in problems]
    wrong = "pass"
    answers = [[right[0], wrong, wrong, wrong], [right[1]] * 2, [wrong, right[2], "def halve(x): return x // 2"]]
    scores = score_answers(problems, answers, k=(1, 2))
    assert [result.id for result in scores.results] == ["HumanEval/900", "Mbpp/11", "Mbpp/801"]
    assert [[outcome.passed for outcome in result.outcomes] for result in scores.results] == [
        [True, False, False, False],
        [True, True],
        [False, True, False],
    ]
    assert [result.correct for result in scores.results] == [1, 2, 1]
    assert scores.pass_at[1] == pytest.approx((1 / 4 + 1 + 1 / 3) / 3)
    assert scores.pass_at[2] == pytest.approx((1 / 2 + 1 + 2 / 3) / 3)


def test_limits_reach_the_programs(problems):
    endless = "def area(radius):\n    while True: pass"
    scores = score_answers(problems[:1], [[endless]], limits=Limits(cpu_seconds=1))
    assert scores.results[0].outcomes[0].status == "timed_out"


def test_answers_that_do_not_fit_the_problems(problems):
    with pytest.raises(ValueError, match="2 lists of answers for 3 problems"):
        score_answers(problems, [["pass"]] * 2)
    with pytest.raises(ValueError, match=r"Mbpp/11: 1 answers, k=\(2,\)"):
        score_answers(problems, [["pass"] * 2, ["pass"], ["pass"] * 2], k=(2,))
    with pytest.raises(ValueError, match="0 lists of answers for 0 problems"):
        score_answers([], [])


@pytest.mark.shared_data
def test_every_published_answer_to_humaneval_passes(shared_data):
    problems = load_humaneval(shared_data / "HumanEval.jsonl.gz")
    scores = score_answers(problems, [[problem.solution] for problem in problems], limits=PATIENT)
    assert [result for result in scores.results if not result.correct] == []


@pytest.mark.shared_data
def test_every_published_answer_to_mbpp_passes(shared_data):
    problems = load_mbpp(shared_data / "mbpp.jsonl")
    scores = score_answers(problems, [[problem.solution] for problem in problems], limits=PATIENT)
    assert [result for result in scores.results if not result.correct] == []
