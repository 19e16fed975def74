"""Models that judges and teachers ask: one behind an endpoint, or one in this process.

In: messages and settings. Out: [`AskedModel`] and its two kinds, [`Endpoint`] and [`LocalModel`], each with its
[`Usage`]. Several judges and the teacher may share one: the bound on what is under way is the model's.
"""

import asyncio
import json
from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any

from funreason_trl.generation import Generated, GenerationSettings, Prompt, TextGenerator
from funreason_trl.generation.client import ChatClient, EndpointError, RequestRefused, Usage, sampling_parameters
from funreason_trl.generation.prompts import Sample


class EndpointGone(RuntimeError):
    """An endpoint has stopped answering, or refuses everything. It ends a run; what was finished is on file."""


@dataclass(frozen=True)
class Price:
    """Price of a million tokens, in whatever currency."""

    prompt: float
    new: float

    def of(self, usage: Usage) -> float:
        return (usage.prompt_tokens * self.prompt + usage.new_tokens * self.new) / 1e6


class AskedModel(ABC):
    """
    What a judge or a teacher asks.

    Attributes:
        description (`str`): All that its answers depend on beside messages and settings.
        usage ([`Usage`]): Since it was made.
        price ([`Price`] or `None`): Of its tokens.
        places (`int`): Questions that it works at at a time.
    """

    description: str
    usage: Usage
    price: Price | None = None
    places: int = 1

    @abstractmethod
    async def answer(
        self, messages: list[dict], settings: GenerationSettings, number: int = 0, schema: dict | None = None
    ) -> Sample:
        """
        Have the model write one answer.

        Args:
            messages (`list[dict]`): With `role` and `content`.
            settings ([`GenerationSettings`]): How; `samples` does not matter here.
            number (`int`, *optional*, defaults to `0`): Tells the samples of one prompt apart: each has its own seed.
            schema (`dict`, *optional*): JSON Schema that the answer should follow, if the model can be held to one.

        Raises:
            EndpointError: There is no answer to this, and may be to others.
            EndpointGone: There are no answers any more.
        """

    @abstractmethod
    async def close(self) -> None:
        """Let go of connections; the next question opens them again."""


# ------------------------------------------------------------------------------------------------------------ endpoint


class Endpoint(AskedModel):
    """
    A model behind an OpenAI-compatible server.

    Passing trouble is met by sending again. When `give_up_after` requests in a row have got no answer in all their
    attempts, or when that many were refused and none was ever answered, it counts as gone.

    Args:
        base_url (`str`): Address, such as `http://127.0.0.1:8000/v1`.
        model (`str`): Name that the server knows the model by.
        concurrency (`int`, *optional*, defaults to `32`): Requests under way at a time.
        api_key (`str`, *optional*): Key; by default what `FUNREASON_API_KEY` holds, or none.
        timeout (`float`, *optional*, defaults to `600.0`): Seconds to wait for an answer.
        attempts (`int`, *optional*, defaults to `6`): Times that a request is sent before giving up.
        first_wait (`float`, *optional*, defaults to `0.5`): Seconds before the second attempt; later waits are longer.
        give_up_after (`int`, *optional*, defaults to `8`): Failures in a row by which the endpoint is taken for gone.
        price ([`Price`], *optional*): To show the cost.
        extra_body (`dict`, *optional*): Further fields of each request, which this server understands.

    Raises:
        ValueError: A value is out of its range.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        concurrency: int = 32,
        api_key: str | None = None,
        timeout: float = 600.0,
        attempts: int = 6,
        first_wait: float = 0.5,
        give_up_after: int = 8,
        price: Price | None = None,
        extra_body: dict[str, Any] | None = None,
    ):
        if give_up_after < 1:
            raise ValueError(f"give_up_after={give_up_after}: give 1 or more")
        self._client = ChatClient(base_url, model, concurrency, api_key, timeout, attempts, first_wait, extra_body)
        self.usage = self._client.usage
        self.places = concurrency
        self.give_up_after, self.price = give_up_after, price
        # Without the address: the same model gives the same answers when it is served at another port.
        self.description = f"endpoint {model}{f' {json.dumps(extra_body)}' if extra_body else ''}"
        self._takes_schema = True
        self._answered = False
        self._failures_in_a_row = 0

    async def answer(
        self, messages: list[dict], settings: GenerationSettings, number: int = 0, schema: dict | None = None
    ) -> Sample:
        parameters = sampling_parameters(Prompt(messages), settings, number)
        if schema is None or not self._takes_schema:
            return await self._ask_plainly(messages, parameters)
        wanted = {"type": "json_schema", "json_schema": {"name": "verdict", "strict": True, "schema": schema}}
        try:
            return await self._ask(messages, {**parameters, "response_format": wanted})
        except RequestRefused:
            # It may be the schema or the request itself. Only if the schema was at fault is the plain one answered.
            sample = await self._ask_plainly(messages, parameters)
            self._takes_schema = False
            return sample

    async def close(self) -> None:
        await self._client.close()

    async def _ask_plainly(self, messages: list[dict], parameters: dict[str, Any]) -> Sample:
        try:
            return await self._ask(messages, parameters)
        except RequestRefused as error:
            if not self._answered:
                self._count_failure(error)
            raise

    async def _ask(self, messages: list[dict], parameters: dict[str, Any]) -> Sample:
        try:
            sample = await self._client.complete(messages, **parameters)
        except RequestRefused:
            raise
        except EndpointError as error:
            self._count_failure(error)
            raise
        self._answered = True
        self._failures_in_a_row = 0
        return sample

    def _count_failure(self, error: EndpointError) -> None:
        self._failures_in_a_row += 1
        if self._failures_in_a_row >= self.give_up_after:
            raise EndpointGone(
                f"{self._failures_in_a_row} requests in a row came to nothing; the last one: {error} Everything that was "
                "answered is on file: start the same command again once the endpoint is back."
            ) from error


# ------------------------------------------------------------------------------------------------------------- process


@dataclass(eq=False)
class _Question:
    prompt: Prompt
    settings: GenerationSettings
    answer: asyncio.Future = field(repr=False)


class LocalModel(AskedModel):
    """
    A model in this process, which answers the questions of many rows together.

    Its description is that of the generator at this moment: make another one when the model has been trained further.

    Args:
        generator ([`TextGenerator`]): Such as `TransformersGenerator`; its own thread computes while rules go on.
        batch_size (`int`, *optional*, defaults to `16`): Questions that are handed over at a time.
    """

    def __init__(self, generator: TextGenerator, batch_size: int = 16):
        self.generator = generator
        self.batch_size = self.places = batch_size
        self.description = " ".join(f"{key}={value}" for key, value in generator.description.items())
        self.usage = Usage()
        self._waiting: deque[_Question] = deque()
        self._worker: asyncio.Task | None = None

    async def answer(
        self, messages: list[dict], settings: GenerationSettings, number: int = 0, schema: dict | None = None
    ) -> Sample:
        seed = settings.seed + (0 if settings.greedy else number)
        question = _Question(
            Prompt(messages), replace(settings, samples=1, seed=seed), asyncio.get_running_loop().create_future()
        )
        self._waiting.append(question)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return await question.answer

    async def close(self) -> None:
        """Nothing to let go of: the model is the caller's."""

    async def _work(self) -> None:
        while self._waiting:
            # One turn of the loop, in which all rows that are ready put their questions.
            await asyncio.sleep(0)
            batch = self._take_batch()
            if not batch:
                return
            prompts = [question.prompt for question in batch]
            try:
                answers = await asyncio.to_thread(self._generate, prompts, batch[0].settings)
            except Exception as error:
                for question in batch:
                    _settle(question.answer, error)
                continue
            for answer in answers:
                sample = Sample(answer.texts[0], answer.tokens[0], answer.finished[0])
                self.usage.requests += 1
                self.usage.new_tokens += sample.tokens
                _settle(batch[answer.index].answer, sample)

    def _take_batch(self) -> list[_Question]:
        """The oldest question that is still waited for, and others that are asked in the same way."""
        open_questions = [question for question in self._waiting if not question.answer.done()]
        batch = [question for question in open_questions if question.settings == open_questions[0].settings]
        batch = batch[: self.batch_size]
        self._waiting = deque(question for question in open_questions if question not in batch)
        return batch

    def _generate(self, prompts: list[Prompt], settings: GenerationSettings) -> list[Generated]:
        return list(self.generator.generate(prompts, settings))


def _settle(future: asyncio.Future, result: Sample | Exception) -> None:
    # The row that asked may have been given up meanwhile.
    if future.done():
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
