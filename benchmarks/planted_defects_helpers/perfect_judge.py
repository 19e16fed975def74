"""A script in the place of a perfect model, behind the same interfaces as a real one.

In: the broken rows, each with the stages whose business it is. Out: a [`ModelJudge`] that is asked with the package's
prompts, in batches, and answers in JSON as a model would. It knows a row by what the prompt shows of it, so that a
prompt which does not show the defect is noticed.
"""

import json
from collections.abc import Generator, Iterable, Sequence

from funreason_trl.fcdr.judge_prompts import judge_messages, load_prompt
from funreason_trl.fcdr.judges import Judge, ModelJudge
from funreason_trl.fcdr.models import LocalModel
from funreason_trl.fcdr.verdicts import Candidate, Stage
from funreason_trl.generation import Generated, GenerationSettings, Prompt


JUDGED = tuple(stage for stage in Stage if stage is not Stage.FORMAT)


class PerfectReader:
    """
    Finds fault with the prompts that show a planted defect, and with no other.

    Args:
        broken (`Iterable[tuple[Candidate, Sequence[Stage]]]`): Rows, each with the stages that should turn it down.
    """

    def __init__(self, broken: Iterable[tuple[Candidate, Sequence[Stage]]]):
        self.description = {"way": "script", "model": "perfect"}
        self.problems = {
            _shown(judge_messages(stage, candidate)): load_prompt(stage.value).problems[0]
            for candidate, stages in broken
            for stage in stages
            if stage in JUDGED
        }
        self.answers = 0

    def generate(self, prompts: Sequence[Prompt], settings: GenerationSettings) -> Generator[Generated, None, None]:
        for index, prompt in enumerate(prompts):
            problem = self.problems.get(_shown(prompt.messages), "none")
            verdict = {"analysis": "as planted", "problem": problem, "score": 10 if problem == "none" else 0}
            self.answers += 1
            yield Generated(index, (json.dumps(verdict),), (1,), (True,))


def perfect_judges(reader: PerfectReader) -> dict[Stage, Judge]:
    """The reader as the judge of each stage that has one."""
    return dict.fromkeys(JUDGED, ModelJudge(LocalModel(reader, batch_size=256)))


def _shown(messages: Sequence[dict]) -> tuple[str, ...]:
    return tuple(message["content"] for message in messages)
