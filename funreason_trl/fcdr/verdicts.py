"""What inspection is about: a candidate answer, the five stages that it goes through, and a verdict of one of them.

In: nothing of ours but rows and calls. Out: [`Stage`], [`Outcome`], [`Verdict`], [`Candidate`].
"""

import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from funreason_trl.calls import Call


class Stage(StrEnum):
    """The five checks, in the order of the paper's figure 3."""

    RESPONSE = "response"
    QUERY_AND_TOOL = "query_and_tool"
    REASONING = "reasoning"
    FUNCTION_AND_PARAMETER = "function_and_parameter"
    FORMAT = "format"


class Outcome(StrEnum):
    """What becomes of the candidate: on to the next stage, kept as it is, dropped, answered anew, or not judged."""

    PASS = "pass"
    SAVE = "save"
    DROP = "drop"
    REGENERATE = "regenerate"
    ERROR = "error"


@dataclass(frozen=True)
class Verdict:
    """
    What one judge said of one candidate at one stage.

    Attributes:
        stage (`Stage`): Which check.
        outcome (`Outcome`): What is to become of the candidate. `ERROR` says that the judge gave no verdict, and is
            neither a pass nor a rejection.
        reason (`str`): Kind of problem, one of a fixed list of words such as `"unlisted_tool"`; empty for a pass.
        evidence (`str`): What it was found by, in a sentence that names the function, parameter and value.
        judge (`str`): Who said so: `"rules"`, or the judge's own description.
        raw (`str`): What a model judge wrote, whole; empty for rules.
        score (`float` or `None`): What a model judge thinks the answer is worth, from 0 to 1; `None` for rules.
    """

    stage: Stage
    outcome: Outcome
    reason: str = ""
    evidence: str = ""
    judge: str = "rules"
    raw: str = ""
    score: float | None = None


@dataclass(frozen=True)
class Candidate:
    """
    An answer under inspection.

    Attributes:
        row (`dict`): Canonical row. Its last assistant turn is the answer as it was read: reasoning, calls, words.
        text (`str`): The answer as it was written, `<think>…</think>` and then calls or words; what stage 5 looks at.
        gold (`list[Call]` or `None`): The source's own calls where the answer is another's (a teacher's, a rollout's);
            `None` where the answer is the source's own or the source has none.
        details (`dict`): Where the answer comes from, for the provenance: teacher, round, number of regenerations.
        flaw ([`Verdict`] or `None`): Why an earlier run turned the answer down, so that a teacher is asked at once.
    """

    row: dict[str, Any]
    text: str
    gold: list[Call] | None = None
    details: dict[str, Any] = field(default_factory=dict)
    flaw: Verdict | None = None

    @cached_property
    def shown(self) -> dict[str, str]:
        """Parts of it by name, as judges have been shown them; filled in by `judge_prompts`."""
        return {}

    @cached_property
    def fingerprint(self) -> str:
        """The same 16 characters for the same conversation, tools, answer, text and gold answer, in every process."""
        gold = None if self.gold is None else [[call.name, call.arguments] for call in self.gold]
        content = json.dumps([self.row["messages"], self.row["tools"], self.text, gold])
        return hashlib.sha256(content.encode()).hexdigest()[:16]
