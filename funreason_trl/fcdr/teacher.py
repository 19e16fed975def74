"""The teacher: writes answers for rows that have no reasoning, and new ones for answers that were turned down.

In: a candidate, and the verdict on its answer if it has been turned down. Out: candidates with the same query and
tools and the teacher's answers, `<think>…</think>` and calls in the python form.
"""

import asyncio
import json
from dataclasses import asdict, replace

from funreason_trl.calls import Call
from funreason_trl.data.reading import answered
from funreason_trl.data.rendering import prompt_messages
from funreason_trl.generation import GenerationSettings, Prompt
from funreason_trl.generation.prompts import Sample

from .journal import Journal, Key
from .judge_prompts import enclosed, load_prompt
from .models import AskedModel
from .verdicts import Candidate, Verdict


# More answers than one build ever asks of a row: a build on the hard pool begins behind those of the one before.
SAMPLES_OF_A_BUILD = 1000


class Teacher:
    """
    A model that answers queries.

    Args:
        model ([`AskedModel`]): Which one.
        settings ([`GenerationSettings`], *optional*): How; `samples` answers are written each time, of which the
            pipeline keeps the best one.
        rationalise (`bool`, *optional*, defaults to `False`): Show it the gold answer where there is one, so that it
            thinks its way there. More rows are kept, and the reasoning may be less its own.
        journal ([`Journal`], *optional*): Where answers are kept, so that none is written twice.
    """

    def __init__(
        self,
        model: AskedModel,
        settings: GenerationSettings | None = None,
        rationalise: bool = False,
        journal: Journal | None = None,
    ):
        self.model = model
        self.settings = settings or GenerationSettings(max_new_tokens=4096)
        self.rationalise = rationalise
        self.journal = journal
        how = asdict(self.settings)
        # More samples of the same settings are more of the same answers.
        del how["samples"]
        self.description = f"{model.description} {json.dumps(how)}"

    @property
    def models(self) -> tuple[AskedModel, ...]:
        """What it asks, as judges have it."""
        return (self.model,)

    def recorded(self, journal: Journal) -> "Teacher":
        """This teacher, which writes nothing that the journal already has."""
        return Teacher(self.model, self.settings, self.rationalise, journal)

    async def answers(
        self, candidate: Candidate, gold: list[Call] | None, flaw: Verdict | None = None, attempt: int = 0
    ) -> list[Candidate]:
        """
        Answer a candidate's query anew.

        Args:
            candidate ([`Candidate`]): Whose row is to get another answer.
            gold (`list[Call]` or `None`): The right calls, if they are known.
            flaw ([`Verdict`], *optional*): Why the last answer was turned down.
            attempt (`int`, *optional*, defaults to `0`): How often the row has been answered anew before in this build;
                the same prompt gets other samples, as it does in a build on the hard pool.

        Returns:
            `list[Candidate]`: As many as the settings' `samples`.

        Raises:
            EndpointError: There is no answer to this.
            EndpointGone: There are no answers any more.
        """
        messages = self._messages(candidate, gold, flaw)
        first = candidate.details.get("round", 0) * SAMPLES_OF_A_BUILD + attempt * self.settings.samples
        numbers = range(first, first + self.settings.samples)
        samples = await asyncio.gather(*(self._answer(candidate, messages, number) for number in numbers))
        details = {**candidate.details, "teacher": self.description, "regenerations": attempt}
        return [
            _candidate(candidate, sample.text, gold, {**details, "sample": number})
            for number, sample in enumerate(samples)
        ]

    def _messages(self, candidate: Candidate, gold: list[Call] | None, flaw: Verdict | None) -> list[dict]:
        notes = []
        if self.rationalise and gold is not None:
            calls = json.dumps([{"name": call.name, "arguments": call.arguments} for call in gold], ensure_ascii=False)
            notes.append(f"{load_prompt('rationalise').text}\n{enclosed('calls', calls)}")
        if flaw is not None:
            reason = enclosed("reason", f"{flaw.reason}: {flaw.evidence}")
            notes.append(f"{load_prompt('regenerate').text}\n{reason}")
        messages = prompt_messages(candidate.row["messages"], candidate.row["tools"])
        if not notes:
            return messages
        if messages[0]["role"] != "system":
            messages = [{"role": "system", "content": ""}, *messages]
        system = "\n\n".join(filter(None, [messages[0]["content"], *notes]))
        return [{"role": "system", "content": system}, *messages[1:]]

    async def _answer(self, candidate: Candidate, messages: list[dict], number: int) -> Sample:
        if self.journal is None:
            return await self.model.answer(messages, self.settings, number)
        # The notes are in the messages, so their version is in the payload.
        payload = Prompt(messages).fingerprint
        key = Key(str(candidate.row["id"]), f"teacher {number}", payload, "in the payload", self.description)
        if (found := self.journal.find(key)) is not None:
            return Sample(**found)
        sample = await self.model.answer(messages, self.settings, number)
        await self.journal.keep(key, asdict(sample))
        return sample


def _candidate(old: Candidate, text: str, gold: list[Call] | None, details: dict) -> Candidate:
    return replace(old, row=answered(old.row, text), text=text, gold=gold, details=details)
