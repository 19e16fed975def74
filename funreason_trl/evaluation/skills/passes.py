"""How many problems are solved: programs run, outcomes counted, pass@k.

In: problems, and one or more answers to each. Out: [`SkillScores`].
"""

from dataclasses import dataclass
from math import prod

from .answers import program
from .problems import CodeProblem
from .sandbox import Limits, Outcome, run_programs


@dataclass(frozen=True)
class ProblemResult:
    """
    Attributes:
        id (`str`): The problem's.
        outcomes (`tuple[Outcome, ...]`): One for each answer, in order.
    """

    id: str
    outcomes: tuple[Outcome, ...]

    @property
    def correct(self) -> int:
        return sum(outcome.passed for outcome in self.outcomes)


@dataclass(frozen=True)
class SkillScores:
    """
    Attributes:
        pass_at (`dict[int, float]`): For each k, the mean of pass@k over the problems.
        results (`list[ProblemResult]`): One for each problem, in order.
    """

    pass_at: dict[int, float]
    results: list[ProblemResult]


def pass_at_k(samples: int, correct: int, k: int) -> float:
    """
    How likely it is that one of k answers is right, as estimated from more of them.

    The unbiased estimator of arXiv 2107.03374, equation 1: `1 - C(samples - correct, k) / C(samples, k)`, the share of
    the choices of k answers that hold a right one. With k = 1 it is the share of right answers.

    Args:
        samples (`int`): Answers that were drawn.
        correct (`int`): How many of them are right.
        k (`int`): How many one may hand in.

    Returns:
        `float`: Between 0 and 1.

    Raises:
        `ValueError`: Fewer answers than k, or more right ones than answers.

    Example:

        pass_at_k(samples=4, correct=1, k=2)    0.5: of six pairs, three hold the right answer
    """
    if not 1 <= k <= samples:
        raise ValueError(f"k={k}: must be from 1 to the number of answers, which is {samples}; draw more answers")
    if not 0 <= correct <= samples:
        raise ValueError(f"correct={correct}: must be from 0 to the number of answers, which is {samples}")
    wrong = samples - correct
    return 1.0 - prod(max(0, wrong - i) / (samples - i) for i in range(k))


def score_answers(
    problems: list[CodeProblem],
    answers: list[list[str]],
    k: tuple[int, ...] = (1,),
    limits: Limits | None = None,
    workers: int | None = None,
) -> SkillScores:
    """
    Run every answer in the sandbox and count.

    Args:
        problems (`list[CodeProblem]`): The problems.
        answers (`list[list[str]]`): For each problem, what the model wrote, once or several times.
        k (`tuple[int, ...]`, *optional*, defaults to `(1,)`): Which pass@k to work out.
        limits ([`~funreason_trl.evaluation.skills.sandbox.Limits`], *optional*): What each program may use.
        workers (`int`, *optional*): How many run at a time; by default as many as this process may use cores.

    Returns:
        [`SkillScores`]

    Raises:
        `ValueError`: No problems, not a list of answers for each, or fewer answers to one than the largest k.
        `SandboxError`: Programs can't be run safely here.
    """
    if not problems or len(answers) != len(problems):
        raise ValueError(f"{len(answers)} lists of answers for {len(problems)} problems: give one for each problem")
    for problem, given in zip(problems, answers, strict=True):
        if len(given) < max(k) or min(k) < 1:
            raise ValueError(
                f"{problem.id}: {len(given)} answers, k={k}: each k must be from 1 to the number of answers"
            )
    programs = [program(problem, text) for problem, given in zip(problems, answers, strict=True) for text in given]
    outcomes = iter(run_programs(programs, limits, workers, description="Testing answers"))
    results = [
        ProblemResult(problem.id, tuple(next(outcomes) for _ in given))
        for problem, given in zip(problems, answers, strict=True)
    ]
    pass_at = {
        size: sum(pass_at_k(len(result.outcomes), result.correct, size) for result in results) / len(results)
        for size in k
    }
    return SkillScores(pass_at, results)
