"""Requests to an OpenAI-compatible endpoint, many at a time, each tried again while its trouble may pass.

In: where the endpoint is, and messages. Out: [`ChatClient.complete`] gives a [`Sample`]: one text, with the reasoning
and the calls that the server took out of it put back, as a local model would have written them. Used by
[`EndpointGenerator`], and by the judges and teachers of `fcdr`.

    ChatClient("http://127.0.0.1:8000/v1", model)                        vLLM, TGI, llama.cpp, `transformers serve`
    ChatClient("https://router.huggingface.co/v1", model, api_key=...)   the providers of the Hub, for a token of it

It sends with aiohttp, because huggingface_hub's `AsyncInferenceClient` takes 2.1 ms of a processor for each request, so
that one core would bound all endpoints together to some 450 requests a second; aiohttp takes 0.4 ms. The key comes from
the variable `FUNREASON_API_KEY` unless it is given. No other key of this machine, such as the Hub's token, is ever sent
to the endpoint.
"""

import asyncio
import json
import os
import random
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from funreason_trl.data.rows import THINK_END, THINK_START

from .prompts import GenerationSettings, Prompt, Sample


KEY_VARIABLE = "FUNREASON_API_KEY"
# Too early, too many, or trouble at the server; with any other refusal, the same request would be refused again.
PASSING_STATUSES = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
# A request that is too long or malformed is no reason to give up on the others.
OWN_FAULT_STATUSES = frozenset({400, 413, 422})
LONGEST_WAIT = 60.0
# Its own, so that waiting does not change the random state that training uses.
_jitter = random.Random()


class EndpointError(RuntimeError):
    """The endpoint gives no answers: it is not there, keeps failing, or refuses all requests."""


class RequestRefused(EndpointError):
    """The endpoint refuses this one request and may well answer others."""


class _PassingTrouble(Exception):
    """An attempt failed and the next one may not; `asked_wait` is how many seconds the server wants us to wait."""

    def __init__(self, message: str, asked_wait: int | None = None):
        super().__init__(message)
        self.asked_wait = asked_wait


@dataclass
class Usage:
    """Answers that came, and their tokens as the server (or the model in this process) counts them."""

    requests: int = 0
    prompt_tokens: int = 0
    new_tokens: int = 0


class ChatClient:
    """
    Connections to one model behind one endpoint, as an asynchronous context.

    They are opened by the first request, belong to its event loop, and are opened anew after they were closed.

    Args:
        base_url (`str`): Address, such as `http://127.0.0.1:8000/v1`.
        model (`str`): Name that the server knows the model by.
        concurrency (`int`, *optional*, defaults to `8`): Requests under way at a time. One that waits to be sent again
            leaves its place to others.
        api_key (`str`, *optional*): Key; by default what `FUNREASON_API_KEY` holds, or none.
        timeout (`float`, *optional*, defaults to `600.0`): Seconds to wait for an answer.
        attempts (`int`, *optional*, defaults to `6`): Times that a request is sent before giving up.
        first_wait (`float`, *optional*, defaults to `0.5`): Seconds before the second attempt, on average; each further
            wait is twice as long, up to a minute, unless the server says how long.
        extra_body (`dict`, *optional*): Further fields of each request, which this server understands; they come
            before ours of the same name.

    Attributes:
        usage ([`Usage`]): What was answered since it was made.

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
        if not base_url.startswith(("http://", "https://")):
            raise ValueError(f"base_url={base_url!r}: give an address such as http://127.0.0.1:8000/v1")
        if timeout <= 0:
            raise ValueError(f"timeout={timeout!r}: give a number of seconds above 0")
        for name, value in (("concurrency", concurrency), ("attempts", attempts)):
            if value < 1:
                raise ValueError(f"{name}={value!r}: give 1 or more")
        self.base_url, self.model, self.concurrency = base_url, model, concurrency
        self.timeout, self.attempts, self.first_wait = timeout, attempts, first_wait
        self.extra_body = extra_body or {}
        self.usage = Usage()
        self._url = base_url.rstrip("/") + "/chat/completions"
        self._key = api_key or os.environ.get(KEY_VARIABLE) or "none"
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connections; the next request opens them again."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def complete(self, messages: list[dict], tools: list[dict] | None = None, **parameters: Any) -> Sample:
        """
        Send one conversation and give the answer.

        Tried again, after a growing random wait: answers with 408, 409, 425, 429 or 5xx, time-outs, cut or refused
        connections, and replies that are no chat completion.

        Args:
            messages (`list[dict]`): The conversation; arguments of calls in it may be dicts.
            tools (`list[dict]`, *optional*): Tools in OpenAI's form.
            parameters (`Any`): Further fields of the request, such as `max_tokens`; see [`sampling_parameters`].

        Returns:
            [`Sample`]: Text, number of new tokens (0 if the server does not say), and whether it ended by itself.

        Raises:
            RequestRefused: This request is too long or malformed (400, 413, 422), in the server's own words.
            EndpointError: There is no answer after all attempts, or the server refuses the key, the model or the
                address; says what happened.
        """
        content = {"model": self.model, "messages": _as_openai(messages), "stream": False}
        content |= {"tools": tools} if tools else {}
        body = json.dumps({**content, **parameters, **self.extra_body}).encode()
        trouble = _PassingTrouble("")
        for attempt in range(self.attempts):
            try:
                return await self._try_once(body)
            except _PassingTrouble as error:
                trouble = error
            if attempt + 1 < self.attempts:
                await asyncio.sleep(self._wait(attempt, trouble))
        raise EndpointError(
            f"{self.base_url} gave no answer in {self.attempts} attempts, the last time: {trouble}. Is the server "
            f"running there, and is {self.timeout:g} s enough for an answer?"
        )

    async def _try_once(self, body: bytes) -> Sample:
        session = self._session or self._open()
        try:
            async with self._places, session.post(self._url, data=body) as response:
                content = await response.read()
            if response.status == 200:
                return self._read(content)
        # aiohttp raises ValueError for an address that it can't use, and `_read` for a reply that is no completion.
        except (aiohttp.ClientError, OSError, ValueError, RecursionError) as error:
            raise _PassingTrouble(f"{type(error).__name__}: {error}"[:300]) from error
        words = content.decode("utf-8", errors="replace").strip()[:300] or "without a word"
        trouble = f"status {response.status}, {words}"
        self._check_passing(response.status, trouble)
        asked = response.headers.get("retry-after", "")
        raise _PassingTrouble(trouble, int(asked) if asked.isdecimal() and len(asked) < 10 else None)

    def _open(self) -> aiohttp.ClientSession:
        self._places = asyncio.Semaphore(self.concurrency)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=self.timeout),
            headers={"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"},
            cookie_jar=aiohttp.DummyCookieJar(),
            # Found once; with `trust_env` aiohttp would look for it in a thread, twice for every request.
            proxy=_proxy_of(self.base_url),
        )
        return self._session

    def _read(self, content: bytes) -> Sample:
        sample, prompt_tokens = read_completion(json.loads(content))
        self.usage.requests += 1
        self.usage.prompt_tokens += prompt_tokens
        self.usage.new_tokens += sample.tokens
        return sample

    def _wait(self, attempt: int, trouble: _PassingTrouble) -> float:
        if trouble.asked_wait is not None:
            return min(LONGEST_WAIT, trouble.asked_wait)
        return min(LONGEST_WAIT, self.first_wait * 2**attempt) * _jitter.uniform(0.5, 1.5)

    def _check_passing(self, status: int, trouble: str) -> None:
        if status in OWN_FAULT_STATUSES:
            raise RequestRefused(f"{self.base_url} refuses a request for model {self.model!r}: {trouble}")
        if status not in PASSING_STATUSES:
            raise EndpointError(
                f"{self.base_url} refuses requests for model {self.model!r}: {trouble}. Check the address, the "
                f"model's name and the key in {KEY_VARIABLE}."
            )


def sampling_parameters(prompt: Prompt, settings: GenerationSettings, number: int) -> dict[str, Any]:
    """
    The settings as fields of a request.

    Args:
        prompt ([`Prompt`]): What is asked; the seed depends on it.
        settings ([`GenerationSettings`]): How to answer.
        number (`int`): Tells the samples of the prompt apart: each has its own seed.
    """
    parameters = {"max_tokens": settings.max_new_tokens, "temperature": float(settings.temperature)}
    if settings.greedy:
        return parameters
    parameters |= {"top_p": settings.top_p, "seed": settings.answer_seed(prompt, number)}
    # Not in OpenAI's protocol, so it is sent only where it is asked for.
    return parameters | ({"top_k": settings.top_k} if settings.top_k else {})


def read_completion(reply: Any) -> tuple[Sample, int]:
    """
    The text of a chat completion, whole again: reasoning in think tags, calls in `<tool_call>` blocks.

    Reasoning after which nothing came before the answer was cut off is left open, as it would be in the raw text.

    Args:
        reply (`Any`): JSON of the reply.

    Returns:
        `tuple[Sample, int]`: the answer, and the tokens of the prompt (0 if the server does not say).

    Raises:
        ValueError: It is no chat completion.
    """
    try:
        choice, usage = reply["choices"][0], reply.get("usage") or {}
        message = choice["message"]
        content = message.get("content") or ""
        reasoning = message.get("reasoning_content") or message.get("reasoning") or ""
        blocks = [_render_call(call["function"]) for call in message.get("tool_calls") or []]
        prompt_tokens, tokens = (_count(usage.get(key)) for key in ("prompt_tokens", "completion_tokens"))
        finished = choice.get("finish_reason") != "length"
        text = "\n".join([content, *blocks] if content else blocks)
        if reasoning:
            left_open = not text and not finished
            text = THINK_START + (reasoning if left_open else f"{reasoning.strip()}{THINK_END}\n\n{text}")
    except (LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"no chat completion came back ({type(error).__name__}: {error})") from None
    return Sample(text, tokens, finished), prompt_tokens


def _count(value: Any) -> int:
    # A stranger's JSON, in which a number may be infinite, a text, or missing.
    return value if isinstance(value, int) else 0


def _proxy_of(url: str) -> str | None:
    """The proxy that the environment names for this address, if it does."""
    parts = urlsplit(url)
    return None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)


def _render_call(function: dict) -> str:
    content = json.dumps({"name": function["name"], "arguments": _arguments(function)}, ensure_ascii=False)
    return f"<tool_call>{content}</tool_call>"


def _arguments(function: dict) -> Any:
    try:
        return json.loads(function["arguments"])
    except (TypeError, ValueError, RecursionError):
        # Some servers send an object. A text that is no JSON stays a text, which no parser takes for arguments.
        return function["arguments"]


def _as_openai(messages: list[dict]) -> list[dict]:
    """Arguments of calls as JSON text, which the protocol wants and templates don't."""
    return [
        {**message, "tool_calls": [_with_text_arguments(call) for call in message["tool_calls"]]}
        if message.get("tool_calls")
        else message
        for message in messages
    ]


def _with_text_arguments(call: dict) -> dict:
    function = call["function"]
    if isinstance(function["arguments"], str):
        return call
    return {**call, "function": {**function, "arguments": json.dumps(function["arguments"])}}
