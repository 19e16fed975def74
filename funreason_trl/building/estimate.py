"""What a run would ask of its models: requests, tokens and cost, from a sample of its rows, with nothing asked.

In: the options, and some of the rows as candidates. Out: [`estimate`], and [`estimate_table`] to read.

The sample goes through the real rules with the real prompts; a counter stands where a model would be asked. It is counted
twice, since what models will say is not known:

* *expected*: judges accept what rules let pass, and the teacher's first answers pass. Its reasoning is as long as the
  sample's own on average; where no row has any, as FunReason's.
* *at most*: every answer is turned down at the last stage until none may be written any more, and every answer and
  verdict is as long as it may be. Verdicts that can't be read are not in it; they are asked for again, up to twice.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from funreason_trl.building.options import BuildArguments
from funreason_trl.calls import CallSyntaxError, render_calls
from funreason_trl.data.rows import message_calls
from funreason_trl.evaluation.table import markdown_table
from funreason_trl.fcdr.judge_prompts import judge_messages
from funreason_trl.fcdr.judges import Judge
from funreason_trl.fcdr.models import AskedModel, Price, Usage
from funreason_trl.fcdr.pipeline import Rules, inspect
from funreason_trl.fcdr.rules import RULES
from funreason_trl.fcdr.teacher import Teacher
from funreason_trl.fcdr.verdicts import Candidate, Outcome, Stage, Verdict
from funreason_trl.generation import GenerationSettings
from funreason_trl.generation.prompts import Sample


# Measured with SmolLM2's tokenizer on prompts for 120 rows of two sources: 3.5 to 3.7 for judges, 3.9 to 4.1 for teachers.
CHARACTERS_PER_TOKEN = 3.7
_MESSAGE_TOKENS = 5  # what chat templates put around a message
VERDICT_TOKENS = 100  # one to three sentences and two short fields; a judge that thinks first writes more
PAPER_THINK_TOKENS = 351  # mean of the reasoning in FunReason's dataset

Needs = Mapping[tuple[str, str], Usage]


@dataclass(frozen=True)
class Estimate:
    """
    What the rows of a sample would ask, by step (a stage, or `"teacher"`) and model.

    Attributes:
        rows (`int`): Rows of the sample.
        expected (`Mapping[tuple[str, str], Usage]`): If all goes well.
        most (`Mapping[tuple[str, str], Usage]`): If nothing does.
    """

    rows: int
    expected: Needs
    most: Needs


def estimate(
    candidates: Sequence[Candidate], arguments: BuildArguments, count_tokens: Callable[[str], float]
) -> Estimate:
    """
    Count what some rows would ask.

    Args:
        candidates (`Sequence[Candidate]`): A sample of the rows, copies left aside.
        arguments ([`BuildArguments`]): Who judges, who teaches, how long and how often.
        count_tokens (`Callable[[str], float]`): Tokens of a text.

    Returns:
        [`Estimate`]
    """
    thoughts = [
        count_tokens(thought)
        for candidate in candidates
        if (thought := candidate.row["messages"][-1].get("reasoning_content"))
    ]
    thought = fmean(thoughts) if thoughts else PAPER_THINK_TOKENS
    verdict = min(VERDICT_TOKENS, arguments.judge_max_new_tokens)
    expected = _Count(arguments, count_tokens, thought, verdict, worst=False)
    most = _Count(arguments, count_tokens, arguments.max_new_tokens, arguments.judge_max_new_tokens, worst=True)
    for count in (expected, most):
        asyncio.run(count.all(candidates))
    return Estimate(len(candidates), expected.needs, most.needs)


class _Count:
    """One way in which the run may go."""

    def __init__(
        self,
        arguments: BuildArguments,
        count_tokens: Callable[[str], float],
        thought: float,
        verdict: int,
        worst: bool,
    ):
        self.needs: defaultdict[tuple[str, str], Usage] = defaultdict(Usage)
        self._count_tokens, self._verdict, self._worst = count_tokens, verdict, worst
        self._max_new_tokens, self._max_regenerations = arguments.max_new_tokens, arguments.max_regenerations()
        self._thought = "the " * round(thought * 1000 / count_tokens("the " * 1000))
        self._judges = {stage: _CountingJudge(names, self) for stage, names in arguments.judges().items() if names}
        self._teacher: _CountingModel | None = None
        if arguments.teacher is not None:
            self._teacher = _CountingModel(arguments.teacher, self)
        self._settings, self._rationalise = arguments.teacher_settings(), arguments.rationalise

    async def all(self, candidates: Sequence[Candidate]) -> None:
        for candidate in candidates:
            teacher = None
            if self._teacher is not None:
                self._teacher.text = self._answer(candidate)
                teacher = Teacher(self._teacher, self._settings, self._rationalise)
            await inspect(candidate, self._rules(), self._judges, teacher, self._max_regenerations)

    def add(self, step: str, model: str, messages: list[dict], new_tokens: float) -> None:
        need = self.needs[step, model]
        need.requests += 1
        need.prompt_tokens += round(sum(self._count_tokens(m["content"]) + _MESSAGE_TOKENS for m in messages))
        need.new_tokens += round(new_tokens)

    def add_verdict(self, stage: Stage, model: str, messages: list[dict]) -> None:
        self.add(stage, model, messages, self._verdict)

    def add_answer(self, model: str, messages: list[dict], text: str) -> None:
        self.add("teacher", model, messages, self._max_new_tokens if self._worst else self._count_tokens(text))

    def _answer(self, candidate: Candidate) -> str:
        """As the teacher's may look: with the row's own calls."""
        answer = candidate.row["messages"][-1]
        calls = candidate.gold or message_calls(answer)
        try:
            written = render_calls(calls) if calls else answer["content"]
        except (ValueError, CallSyntaxError):
            written = candidate.text
        return f"<think>{self._thought}</think>\n\n{written}"

    def _rules(self) -> Rules:
        """The rules for the rows; what the teacher is supposed to have written is not for them to judge."""

        def rule(stage: Stage) -> Callable[[Candidate], Verdict]:
            def check(candidate: Candidate) -> Verdict:
                if self._worst and stage is Stage.FORMAT and self._teacher is not None:
                    return Verdict(stage, Outcome.REGENERATE, "supposed")
                answered = "teacher" in candidate.details
                return Verdict(stage, Outcome.PASS) if answered else RULES[stage](candidate)

            return check

        return {stage: rule(stage) for stage in Stage}


class _CountingJudge(Judge):
    description = "counted"

    def __init__(self, names: Sequence[str], count: _Count):
        self._names, self._count = names, count

    async def judge(self, stage: Stage, candidate: Candidate) -> Verdict:
        messages = judge_messages(stage, candidate)
        for name in self._names:
            self._count.add_verdict(stage, name, messages)
        return Verdict(stage, Outcome.PASS)


class _CountingModel(AskedModel):
    description = "counted"

    def __init__(self, name: str, count: _Count):
        self._name, self._count, self.usage = name, count, Usage()
        self.text = ""

    async def answer(
        self, messages: list[dict], settings: GenerationSettings, number: int = 0, schema: dict | None = None
    ) -> Sample:
        self._count.add_answer(self._name, messages, self.text)
        return Sample(self.text, 0, True)

    async def close(self) -> None:
        pass


# --------------------------------------------------------------------------------------------------------------- table


_ORDER = ("response", "query_and_tool", "teacher", "reasoning", "function_and_parameter")


def estimate_table(needs: Needs, scale: float, price: Price | None, is_priced: Callable[[str], bool]) -> str:
    """
    A Markdown table of what a run would ask, with its sum.

    Args:
        needs (`Mapping[tuple[str, str], Usage]`): Of the sample, as in [`Estimate`].
        scale (`float`): Rows that each row of the sample stands for.
        price ([`~funreason_trl.fcdr.models.Price`] or `None`): To show the cost.
        is_priced (`Callable[[str], bool]`): Whether a model, by its name, costs that.
    """
    lines = []
    total, total_cost = Usage(), 0.0
    for (step, model), need in sorted(needs.items(), key=lambda item: (_ORDER.index(item[0][0]), item[0][1])):
        cost = price.of(need) * scale if price is not None and is_priced(model) else None
        lines.append([step.replace("_", " "), model.partition("@http")[0], *_cells(need, scale, cost)])
        total.requests += need.requests
        total.prompt_tokens += need.prompt_tokens
        total.new_tokens += need.new_tokens
        total_cost += cost or 0.0
    lines.append(["all", "", *_cells(total, scale, None if price is None else total_cost)])
    return markdown_table(["step", "model", "requests", "prompt tokens", "new tokens", "cost"], lines)


def _cells(need: Usage, scale: float, cost: float | None) -> list[str]:
    numbers = [_number(count * scale) for count in (need.requests, need.prompt_tokens, need.new_tokens)]
    return [*numbers, "" if cost is None else f"{cost:,.2f}"]


def _number(value: float) -> str:
    """Three figures are as many as an estimate has."""
    for unit, size in ((" G", 1e9), (" M", 1e6), (" k", 1e3)):
        if value >= 0.9995 * size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.0f}"
