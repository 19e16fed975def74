"""Skills that training on calls must not cost: writing Python, as HumanEval and MBPP measure it.

`problems` reads the benchmarks, `answers` asks and makes programs of answers, `sandbox` runs them, `passes` counts.
"""

from .answers import extract_code, problem_messages, program
from .passes import ProblemResult, SkillScores, pass_at_k, score_answers
from .problems import CodeProblem, load_humaneval, load_mbpp
from .sandbox import Limits, Outcome, Protections, SandboxError, run_programs, sandbox_protections


__all__ = [
    "CodeProblem",
    "Limits",
    "Outcome",
    "ProblemResult",
    "Protections",
    "SandboxError",
    "SkillScores",
    "extract_code",
    "load_humaneval",
    "load_mbpp",
    "pass_at_k",
    "problem_messages",
    "program",
    "run_programs",
    "sandbox_protections",
    "score_answers",
]
