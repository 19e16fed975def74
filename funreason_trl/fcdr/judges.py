"""Judges: who gives the verdict on what the rules let pass.

In: a stage and a candidate. Out: a [`Verdict`]. A judge's rejection drops the candidate in the first three stages and
has it answered anew in the fourth; the fifth is decided by rules alone.

    RuleJudge()                          no model: what the rules let pass, passes
    EndpointJudge(Endpoint(url, name))   a model behind an endpoint
    ModelJudge(LocalModel(generator))    a model in this process
    EnsembleJudge([...], threshold=0.7)  several; by their mean score, or by majority

A judge of your own is a subclass of [`Judge`] with a `description` and `judge`.
"""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from funreason_trl.data.rows import split_reasoning
from funreason_trl.generation import GenerationSettings
from funreason_trl.generation.client import EndpointError
from funreason_trl.tools.normalize import brief

from .journal import Journal, Key
from .judge_prompts import judge_messages, load_prompt, prompt_version, verdict_schema
from .models import AskedModel, Endpoint, LocalModel
from .verdicts import Candidate, Outcome, Stage, Verdict


REJECTIONS = {
    Stage.RESPONSE: Outcome.DROP,
    Stage.QUERY_AND_TOOL: Outcome.DROP,
    Stage.REASONING: Outcome.DROP,
    Stage.FUNCTION_AND_PARAMETER: Outcome.REGENERATE,
    Stage.FORMAT: Outcome.REGENERATE,
}
ATTEMPTS = 3
RETRY_TEMPERATURE = 0.7


class Judge(ABC):
    """
    Gives verdicts.

    Attributes:
        description (`str`): All that the verdicts depend on beside stage, candidate and the package's prompts; it is a
            part of the journal's keys and stands in the provenance.
        models (`tuple[AskedModel, ...]`): What it asks; for the runner, which closes them and shows their usage.
    """

    description: str
    models: tuple[AskedModel, ...] = ()

    @abstractmethod
    async def judge(self, stage: Stage, candidate: Candidate) -> Verdict:
        """
        Judge one candidate at one stage, after the rules let it pass.

        Returns:
            [`Verdict`]: `PASS`, a rejection, or `ERROR` if there is no verdict to be had.

        Raises:
            EndpointGone: No further candidate can be judged.
        """

    def recorded(self, journal: Journal) -> "Judge":
        """This judge, which asks nothing that the journal already has."""
        return _RecordedJudge(self, journal)


class RuleJudge(Judge):
    """Leaves it at the rules."""

    description = "rules"

    async def judge(self, stage: Stage, candidate: Candidate) -> Verdict:
        return Verdict(stage, Outcome.PASS)

    def recorded(self, journal: Journal) -> Judge:
        return self


class _AskingJudge(Judge):
    """Puts the stage's prompt to a model and reads its JSON."""

    def __init__(self, model: AskedModel, max_new_tokens: int):
        self.models = (model,)
        first = GenerationSettings(max_new_tokens=max_new_tokens)
        # A model that is asked the same greedily writes the same, so further attempts are sampled.
        self.settings = [first, *[replace(first, temperature=RETRY_TEMPERATURE)] * (ATTEMPTS - 1)]
        self.description = f"{model.description}, at most {max_new_tokens} tokens"

    async def judge(self, stage: Stage, candidate: Candidate) -> Verdict:
        (model,) = self.models
        messages, schema = judge_messages(stage, candidate), verdict_schema(stage)
        text = problem = ""
        for attempt, settings in enumerate(self.settings):
            try:
                sample = await model.answer(messages, settings, attempt, schema)
            except EndpointError as error:
                return Verdict(stage, Outcome.ERROR, "no_answer", str(error), self.description)
            text = sample.text
            try:
                return read_verdict(stage, text, self.description)
            except ValueError as error:
                problem = str(error)
        evidence = f"{ATTEMPTS} answers were no verdicts, the last one: {problem}"
        return Verdict(stage, Outcome.ERROR, "unreadable", evidence, self.description, text)


class EndpointJudge(_AskingJudge):
    """
    A model behind an endpoint.

    Args:
        endpoint ([`Endpoint`]): Where it is.
        max_new_tokens (`int`, *optional*, defaults to `1024`): Longest verdict. A model that thinks needs more.
    """

    def __init__(self, endpoint: Endpoint, max_new_tokens: int = 1024):
        super().__init__(endpoint, max_new_tokens)


class ModelJudge(_AskingJudge):
    """
    A model in this process, for example the one that is being trained.

    Args:
        model ([`LocalModel`]): The model.
        max_new_tokens (`int`, *optional*, defaults to `512`): Longest verdict.
    """

    def __init__(self, model: LocalModel, max_new_tokens: int = 512):
        super().__init__(model, max_new_tokens)


def read_verdict(stage: Stage, text: str, judge: str) -> Verdict:
    """
    Read what a model judge wrote, strictly: anything but one whole, well-formed verdict is an error.

    Args:
        stage ([`Stage`]): What was judged.
        text (`str`): The answer; thinking before it and a ``` fence around it are left aside.
        judge (`str`): Description of the judge.

    Returns:
        [`Verdict`]: `PASS` if the problem is `"none"`, else the stage's rejection with the problem as its reason.

    Raises:
        ValueError: It is no verdict; says what is wrong.
    """
    _, answer = split_reasoning(text)
    if answer.startswith("```") and answer.endswith("```"):
        answer = answer.removeprefix("```").removeprefix("json").removesuffix("```")
    try:
        content = _STRICT_JSON.decode(answer)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{brief(answer)} is no JSON ({error})") from None
    problems = ("none", *load_prompt(stage.value).problems)
    if not isinstance(content, dict) or content.keys() != {"analysis", "problem", "score"}:
        raise ValueError(f"{brief(content)} is no object of analysis, problem and score")
    if not isinstance(content["analysis"], str):
        raise ValueError(f"the analysis {brief(content['analysis'])} is no text")
    if content["problem"] not in problems:
        raise ValueError(f"the problem {brief(content['problem'])} is none of {', '.join(problems)}")
    score = content["score"]
    if type(score) is not int or not 0 <= score <= 10:
        raise ValueError(f"the score {brief(score)} is no whole number from 0 to 10")
    accepted = content["problem"] == "none"
    outcome = Outcome.PASS if accepted else REJECTIONS[stage]
    reason = "" if accepted else content["problem"]
    return Verdict(stage, outcome, reason, content["analysis"], judge, text, score / 10)


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a key stands there twice")
    return content


_STRICT_JSON = json.JSONDecoder(object_pairs_hook=_without_doubles)


# ------------------------------------------------------------------------------------------------------------ ensemble


class EnsembleJudge(Judge):
    """
    Several judges, each of which is asked.

    Args:
        members (`Sequence[Judge]`): Two or more.
        threshold (`float`, *optional*): Mean score, from 0 to 1, from which a candidate passes; a member without scores
            counts as 1 or 0. Without a threshold the majority decides, and a draw is a rejection.

    Raises:
        ValueError: There are too few members, two of them are the same, or the threshold is out of its range.
    """

    def __init__(self, members: Sequence[Judge], threshold: float | None = None):
        if len(members) < 2:
            raise ValueError(f"members={len(members)} of them: give 2 or more judges")
        descriptions = [member.description for member in members]
        twice = next((text for text in descriptions if descriptions.count(text) > 1), None)
        if twice is not None:
            # In the journal the one would be taken for the other.
            raise ValueError(
                f"two members are described as {twice!r}: serve the models under different names, or give one"
            )
        if threshold is not None and not 0 < threshold <= 1:
            raise ValueError(f"threshold={threshold!r}: give a number above 0, up to 1, or None for the majority")
        self.members = tuple(members)
        self.threshold = threshold
        way = "majority" if threshold is None else f"mean score >= {threshold:g}"
        self.description = f"ensemble by {way} of [{'; '.join(descriptions)}]"
        self.models = tuple(model for member in members for model in member.models)

    async def judge(self, stage: Stage, candidate: Candidate) -> Verdict:
        verdicts = await asyncio.gather(*(member.judge(stage, candidate) for member in self.members))
        return self._together(stage, verdicts)

    def recorded(self, journal: Journal) -> Judge:
        # Each member for itself, so that a kill loses no finished one.
        return EnsembleJudge([member.recorded(journal) for member in self.members], self.threshold)

    def _together(self, stage: Stage, verdicts: Sequence[Verdict]) -> Verdict:
        raw = json.dumps([vars(verdict) for verdict in verdicts])
        errors = [verdict for verdict in verdicts if verdict.outcome is Outcome.ERROR]
        if errors:
            return Verdict(stage, Outcome.ERROR, errors[0].reason, errors[0].evidence, self.description, raw)
        passes = [verdict for verdict in verdicts if verdict.outcome is Outcome.PASS]
        rejections = [verdict for verdict in verdicts if verdict.outcome is not Outcome.PASS]
        score = sum(map(_score, verdicts)) / len(verdicts)
        accepted = len(passes) > len(rejections) if self.threshold is None else score >= self.threshold
        agreement = "agree" if not passes or not rejections else "disagree"
        evidence = f"{len(passes)} of {len(verdicts)} accept, mean score {score:.2f}: they {agreement}"
        if accepted:
            return Verdict(stage, Outcome.PASS, "", evidence, self.description, raw, score)
        # All may accept and yet score it too low.
        reason = rejections[0].reason if rejections else "low_score"
        words = "; ".join(verdict.evidence for verdict in rejections)
        evidence = f"{evidence}. {words}" if words else evidence
        return Verdict(stage, REJECTIONS[stage], reason, evidence, self.description, raw, score)


def _score(verdict: Verdict) -> float:
    if verdict.score is not None:
        return verdict.score
    return float(verdict.outcome is Outcome.PASS)


# ------------------------------------------------------------------------------------------------------------- journal


@dataclass
class _RecordedJudge(Judge):
    """A judge with a memory on file. Errors are not remembered, so that the next start asks again."""

    inner: Judge
    journal: Journal

    def __post_init__(self):
        self.description = self.inner.description
        self.models = self.inner.models

    async def judge(self, stage: Stage, candidate: Candidate) -> Verdict:
        key = Key(
            str(candidate.row["id"]), stage.value, candidate.fingerprint, prompt_version(stage), self.description
        )
        if (found := self.journal.find(key)) is not None:
            return _from_json(found)
        verdict = await self.inner.judge(stage, candidate)
        if verdict.outcome is not Outcome.ERROR:
            await self.journal.keep(key, vars(verdict))
        return verdict

    def recorded(self, journal: Journal) -> Judge:
        return _RecordedJudge(self.inner, journal)


def _from_json(content: dict[str, Any]) -> Verdict:
    return Verdict(**{**content, "stage": Stage(content["stage"]), "outcome": Outcome(content["outcome"])})
