"""Answers from any OpenAI-compatible endpoint: `transformers serve`, vLLM, llama.cpp, a provider.

In: the address and the model's name there. Out: [`EndpointGenerator`], which keeps several requests under way.
"""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from .client import ChatClient, EndpointError, RequestRefused, sampling_parameters
from .prompts import Gathered, Generated, GenerationSettings, Prompt, PromptError, Sample


logger = logging.getLogger(__name__)

Answer = tuple[int, int, Sample]


class EndpointGenerator:
    """
    Chat completions, one request for each sample.

    What the settings leave open, such as a repetition penalty, is the server's; `extra_body` can set it there.

    Args:
        base_url (`str`): Address, such as `http://127.0.0.1:8000/v1`.
        model (`str`): Name that the server knows the model by.
        concurrency (`int`, *optional*, defaults to `8`): Requests under way at a time.
        api_key (`str`, *optional*): Key; by default what `FUNREASON_API_KEY` holds, or none.
        timeout (`float`, *optional*, defaults to `600.0`): Seconds to wait for an answer.
        attempts (`int`, *optional*, defaults to `6`): Times that a request is sent before giving up.
        first_wait (`float`, *optional*, defaults to `0.5`): Seconds before the second attempt; later waits are longer.
        extra_body (`dict`, *optional*): Further fields of each request, which this server understands.

    Raises:
        ValueError: A value is out of its range.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        concurrency: int = 8,
        api_key: str | None = None,
        timeout: float = 600.0,
        attempts: int = 6,
        first_wait: float = 0.5,
        extra_body: dict[str, Any] | None = None,
    ):
        self.base_url = base_url
        self.model = model
        self.concurrency = concurrency
        self.extra_body = extra_body or {}
        # Not kept open from run to run: a client belongs to the event loop of its run.
        self._connect = lambda: ChatClient(
            base_url, model, concurrency, api_key, timeout, attempts, first_wait, extra_body
        )
        self._connect()

    @property
    def description(self) -> dict[str, str]:
        """Way, address, model, and the further fields."""
        extra = {key: str(value) for key, value in self.extra_body.items()}
        return {"way": "endpoint", "base_url": self.base_url, "model": self.model, **extra}

    def generate(self, prompts: Sequence[Prompt], settings: GenerationSettings) -> Generator[Generated, None, None]:
        """
        The answers as they come. Works in a notebook too, whose own event loop it leaves alone.

        A prompt that the endpoint refuses, mostly since it is too long, gets an empty unfinished answer and a warning.

        Args:
            prompts (`Sequence[Prompt]`): What to answer.
            settings ([`GenerationSettings`]): How to answer.

        Raises:
            PromptError: A prompt has an `answer_start`.
            EndpointError: The endpoint is dead; raised after the answers that were under way.
            RequestRefused: The endpoint refuses all of the requests.
        """
        for index, prompt in enumerate(prompts):
            if prompt.answer_start:
                raise PromptError(
                    f"prompt {index} has answer_start={prompt.answer_start[:40]!r}, and endpoints begin their answers "
                    "themselves: leave it empty, or take a local generator"
                )
        gathered = Gathered(settings.samples)
        with _in_background(lambda put: self._answer_all(prompts, settings, put)) as answers:
            for index, number, sample in answers:
                if (answer := gathered.add(index, number, sample)) is not None:
                    yield answer

    async def _answer_all(
        self, prompts: Sequence[Prompt], settings: GenerationSettings, put: Callable[[Answer], None]
    ) -> None:
        waiting = iter([(index, number) for index in range(len(prompts)) for number in range(settings.samples)])
        refused: list[tuple[int, int, RequestRefused]] = []
        failed: list[EndpointError] = []
        answered = False

        async def work(client: ChatClient) -> None:
            nonlocal answered
            for index, number in waiting:
                if failed or (len(refused) >= self.concurrency and not answered):
                    return
                try:
                    prompt = prompts[index]
                    parameters = sampling_parameters(prompt, settings, number)
                    sample = await client.complete(prompt.messages, prompt.tools, **parameters)
                except RequestRefused as error:
                    refused.append((index, number, error))
                except EndpointError as error:
                    failed.append(error)
                else:
                    answered = True
                    put((index, number, sample))

        async with self._connect() as client:
            await asyncio.gather(*(work(client) for _ in range(self.concurrency)))
        if failed:
            raise failed[0]
        if not refused:
            return
        if not answered:
            raise refused[0][2]
        for index, number, _ in refused:
            put((index, number, Sample("", 0, finished=False)))
        index, _, error = refused[0]
        logger.warning(
            "%s\n%d requests were refused and count as empty answers, this first one for prompt %d (%.80r); shorten "
            "these prompts or max_new_tokens, or let the server take longer ones.",
            error,
            len(refused),
            index,
            str(prompts[index].messages[-1]["content"]),
        )


@contextmanager
def _in_background(work: Callable[[Callable[[Answer], None]], Any]) -> Iterator[Iterator[Answer]]:
    """What an asynchronous function puts, as an iterator; it runs in a thread of its own and is cancelled at the end."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    ready: queue.SimpleQueue[Answer | None] = queue.SimpleQueue()

    async def run() -> None:
        try:
            await work(ready.put)
        finally:
            ready.put(None)

    running = asyncio.run_coroutine_threadsafe(run(), loop)

    def answers() -> Iterator[Answer]:
        while (answer := ready.get()) is not None:
            yield answer
        running.result()

    try:
        yield answers()
    finally:
        running.cancel()
        # The last task of the loop, so that the cancelled one closes its connections first.
        asyncio.run_coroutine_threadsafe(_others_done(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _others_done() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*others, return_exceptions=True)
