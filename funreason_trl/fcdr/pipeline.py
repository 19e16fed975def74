"""One row's way through the five stages: rules first, then the judge, and back to the teacher where that is asked for.

In: a [`Candidate`], rules and judges by stage, and perhaps a teacher. Out: [`Inspected`].

    response -> query and tool -> [teacher, if there is no reasoning] -> reasoning -> function and parameter -> format
                                                        ^                                   |                     |
                                                        +---------- regenerated, at most three times -------------+

What the rules find to be neither calls nor words goes straight on to be regenerated, once the second stage has passed,
and then meets the first stage again. A row without reasoning meets the teacher only after the second stage, so that no
answers are written for rows that are dropped anyway.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from funreason_trl.calls import Call
from funreason_trl.generation.client import EndpointError

from .judges import Judge
from .rules.reading import answer_calls
from .teacher import Teacher
from .verdicts import Candidate, Outcome, Stage, Verdict


Rules = Mapping[Stage, Callable[[Candidate], Verdict]]
Status = Literal["kept", "rejected", "hard", "error"]

ANSWER_STAGES = (Stage.REASONING, Stage.FUNCTION_AND_PARAMETER, Stage.FORMAT)
MAX_REGENERATIONS = 3


@dataclass(frozen=True)
class Inspected:
    """
    What became of a row.

    Attributes:
        candidate ([`Candidate`]): The answer that the last verdict is about: the kept one, or the last one that was
            turned down.
        status (`str`): `"kept"`, `"rejected"` (dropped), `"hard"` (the query is sound and another answer may pass, so
            that it is worth sampling again), or `"error"` (not judged to the end: the next start tries again).
        verdicts (`list[Verdict]`): In order: one for each stage that was reached, again for each regenerated answer. Of
            several samples, those of the one that was chosen.
        regenerations (`int`): How often the answer was written anew.
    """

    candidate: Candidate
    status: Status
    verdicts: list[Verdict]
    regenerations: int = 0


async def inspect(
    candidate: Candidate,
    rules: Rules,
    judges: Mapping[Stage, Judge],
    teacher: Teacher | None = None,
    max_regenerations: int = MAX_REGENERATIONS,
) -> Inspected:
    """
    Take one candidate through the stages.

    Args:
        candidate ([`Candidate`]): The row with its answer.
        rules (`Mapping[Stage, Callable[[Candidate], Verdict]]`): The rule part of each stage.
        judges (`Mapping[Stage, Judge]`): The judge part; a stage that is not in it is left to the rules. The format is
            always left to them.
        teacher ([`Teacher`], *optional*): Writes the missing reasoning, and new answers. Without it a row whose answer
            should be regenerated is hard.
        max_regenerations (`int`, *optional*, defaults to `3`): How often an answer is written anew.

    Returns:
        [`Inspected`].

    Raises:
        EndpointGone: The endpoint of a judge or the teacher is gone.
        JournalError: Answers can't be kept.
    """
    flaw = candidate.flaw if teacher is not None else None
    verdicts = await _judge(candidate, (Stage.RESPONSE,), rules, judges) if flaw is None else []
    last = flaw or verdicts[-1]
    # Whether the row is worth a new answer is for the second stage to say.
    mendable = last.outcome is Outcome.REGENERATE and teacher is not None
    if last.outcome is Outcome.SAVE and candidate.gold is not None:
        # The source's own words are saved as they are; another's must be thought out like any answer.
        verdicts += await _judge(candidate, (Stage.REASONING,), rules, judges)
        return _closed(candidate, verdicts, 0)
    if last.outcome is not Outcome.PASS and not mendable:
        return _closed(candidate, verdicts, 0)
    if last.stage is Stage.RESPONSE:  # what an earlier run found at a later stage has passed the second
        verdicts += await _judge(candidate, (Stage.QUERY_AND_TOOL,), rules, judges)
        if verdicts[-1].outcome is not Outcome.PASS:
            return _closed(candidate, verdicts, 0)
    gold = candidate.gold
    if last.outcome is Outcome.PASS:
        if teacher is not None and not candidate.row["messages"][-1].get("reasoning_content"):
            gold = gold or _trusted_calls(candidate, rules)
            candidate, found = await _best_answer(candidate, gold, None, 0, rules, judges, teacher)
        else:
            found = await _judge(candidate, ANSWER_STAGES, rules, judges)
        verdicts += found
        last = verdicts[-1]
    regenerations = 0
    while teacher is not None and regenerations < max_regenerations and last.outcome is Outcome.REGENERATE:
        if last.stage is Stage.FORMAT:
            # Only its form was turned down: what it calls has passed the fourth stage.
            gold = gold or answer_calls(candidate) or None
        regenerations += 1
        candidate, found = await _best_answer(candidate, gold, last, regenerations, rules, judges, teacher)
        verdicts += found
        last = verdicts[-1]
    return _closed(candidate, verdicts, regenerations)


async def _judge(
    candidate: Candidate, stages: Sequence[Stage], rules: Rules, judges: Mapping[Stage, Judge]
) -> list[Verdict]:
    """The verdicts up to the first that is no pass."""
    verdicts = []
    for stage in stages:
        verdict = rules[stage](candidate)
        if verdict.outcome in (Outcome.PASS, Outcome.SAVE) and stage in judges and stage is not Stage.FORMAT:
            verdict = _together(verdict, await judges[stage].judge(stage, candidate))
        verdicts.append(verdict)
        if verdict.outcome is not Outcome.PASS:
            break
    return verdicts


def _together(of_rules: Verdict, of_judge: Verdict) -> Verdict:
    # The judge agrees that the row rightly calls nothing; only the rules know that it is words.
    if of_rules.outcome is Outcome.SAVE and of_judge.outcome is Outcome.PASS:
        return replace(of_judge, outcome=Outcome.SAVE, reason=of_rules.reason)
    return of_judge


async def _best_answer(
    candidate: Candidate,
    gold: list[Call] | None,
    flaw: Verdict | None,
    attempt: int,
    rules: Rules,
    judges: Mapping[Stage, Judge],
    teacher: Teacher,
) -> tuple[Candidate, list[Verdict]]:
    """The teacher's best sample with its verdicts from the third stage on."""
    try:
        samples = await teacher.answers(candidate, gold, flaw, attempt)
    except EndpointError as error:
        # It came to no answer, so the verdict stands where the answer would have been judged first.
        return candidate, [Verdict(Stage.REASONING, Outcome.ERROR, "no_answer", str(error), teacher.description)]
    # What was neither calls nor words must first be shown to be one of them now.
    again = flaw is not None and flaw.stage is Stage.RESPONSE
    judged = await asyncio.gather(*(_judge_answer(sample, again, rules, judges) for sample in samples))
    # `min` takes the first of equals, so that the choice does not depend on which came back first.
    best, verdicts = min(zip(samples, judged, strict=True), key=lambda pair: _rank(pair[1]))
    if len(samples) > 1:
        best = replace(best, details={**best.details, "samples": [_brief(sample) for sample in judged]})
    return best, verdicts


async def _judge_answer(
    candidate: Candidate, again: bool, rules: Rules, judges: Mapping[Stage, Judge]
) -> list[Verdict]:
    """From the third stage on; from the first if that is asked for, or if the answer does not call."""
    if not again and rules[Stage.RESPONSE](candidate).outcome is Outcome.PASS:
        return await _judge(candidate, ANSWER_STAGES, rules, judges)
    verdicts = await _judge(candidate, (Stage.RESPONSE, *ANSWER_STAGES), rules, judges)
    if verdicts[-1].outcome is Outcome.SAVE:
        verdicts += await _judge(candidate, (Stage.REASONING,), rules, judges)
    return verdicts


def _brief(verdicts: list[Verdict]) -> dict[str, Any]:
    """What is on record of each sample, the chosen one and the others."""
    last, score = verdicts[-1], _mean_score(verdicts)
    brief = {"outcome": last.outcome, "stage": last.stage, "reason": last.reason or None, "score": score}
    return {key: value for key, value in brief.items() if value is not None}


def _rank(verdicts: list[Verdict]) -> tuple[int, float, bool]:
    """
    Smaller is better: passed, by mean score, and calls before words; then not judged, since it may yet pass; then the
    nearest to passing.
    """
    last = verdicts[-1]
    if last.outcome is Outcome.PASS:
        in_words = any(verdict.outcome is Outcome.SAVE for verdict in verdicts)
        return 0, -(_mean_score(verdicts) or 0.0), in_words
    order = {Outcome.ERROR: 1, Outcome.REGENERATE: 2, Outcome.DROP: 3}
    return order[last.outcome], -len(verdicts), False


def _mean_score(verdicts: list[Verdict]) -> float | None:
    """Of the judges; `None` if only rules were asked."""
    scores = [verdict.score for verdict in verdicts if verdict.score is not None]
    return sum(scores) / len(scores) if scores else None


def _trusted_calls(candidate: Candidate, rules: Rules) -> list[Call] | None:
    """The source's calls, unless the rules find fault with them: no teacher could agree with such calls and pass."""
    fault = rules[Stage.FUNCTION_AND_PARAMETER](candidate).outcome is not Outcome.PASS
    return None if fault else answer_calls(candidate) or None


def _closed(candidate: Candidate, verdicts: list[Verdict], regenerations: int) -> Inspected:
    last = verdicts[-1]
    status: Status = "rejected"
    if last.outcome in (Outcome.PASS, Outcome.SAVE):
        status = "kept"
    elif last.outcome is Outcome.ERROR:
        status = "error"
    elif last.outcome is Outcome.REGENERATE:
        status = "hard"
    return Inspected(candidate, status, verdicts, regenerations)
