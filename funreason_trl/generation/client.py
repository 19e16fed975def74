"""One request to an OpenAI-compatible endpoint, tried again while the trouble may pass.

In: where the endpoint is, and messages. Out: [`ChatClient.complete`] gives a [`Sample`]: one text, with the reasoning
and the calls that the server took out of it put back, as a local model would have written them. Used by
[`EndpointGenerator`], and by whatever else asks an endpoint.

The key comes from the variable `FUNREASON_API_KEY` unless it is given. No other key of this machine, such as the Hub's
token, is ever sent to the endpoint.
"""

import asyncio
import json
import os
import random
from typing import Any, Self

import httpx2
from huggingface_hub import AsyncInferenceClient, ChatCompletionOutput
from huggingface_hub.errors import HfHubHTTPError

from funreason_trl.data.rows import THINK_END, THINK_START

from .prompts import Sample


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


class PassingTrouble(Exception):
    """An attempt failed and the next one may not; `asked_wait` is how many seconds the server wants us to wait."""

    def __init__(self, message: str, asked_wait: int | None = None):
        super().__init__(message)
        self.asked_wait = asked_wait


class _Client(AsyncInferenceClient):
    # `HF_HUB_OFFLINE=1`, which many clusters set, is about the Hub; the client's own session would refuse every address.
    async def _get_async_client(self) -> httpx2.AsyncClient:
        if self._async_client is None:
            session = httpx2.AsyncClient(follow_redirects=True, limits=httpx2.Limits(max_connections=None))
            self._async_client = await self.exit_stack.enter_async_context(session)
        return self._async_client


class ChatClient:
    """
    A connection to one model behind one endpoint, as an asynchronous context.

    Args:
        base_url (`str`): Address, such as `http://127.0.0.1:8000/v1`.
        model (`str`): Name that the server knows the model by.
        api_key (`str`, *optional*): Key; by default what `FUNREASON_API_KEY` holds, or none.
        timeout (`float`, *optional*, defaults to `600.0`): Seconds to wait for an answer.
        attempts (`int`, *optional*, defaults to `6`): Times that a request is sent before giving up.
        first_wait (`float`, *optional*, defaults to `0.5`): Seconds before the second attempt, on average; each further
            wait is twice as long, up to a minute, unless the server says how long.

    Raises:
        ValueError: A value is out of its range.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key: str | None = None,
        timeout: float = 600.0,
        attempts: int = 6,
        first_wait: float = 0.5,
    ):
        if not base_url.startswith(("http://", "https://")):
            raise ValueError(f"base_url={base_url!r}: give an address such as http://127.0.0.1:8000/v1")
        if timeout <= 0:
            raise ValueError(f"timeout={timeout!r}: give a number of seconds above 0")
        if attempts < 1:
            raise ValueError(f"attempts={attempts!r}: give 1 or more")
        self.base_url = base_url
        self.model = model
        self.timeout = timeout
        self.attempts = attempts
        self.first_wait = first_wait
        # Without any key the client would send the Hub's token.
        key = api_key or os.environ.get(KEY_VARIABLE) or "none"
        self._client = _Client(base_url=base_url, api_key=key, timeout=timeout)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception) -> None:
        await self._client.close()

    async def complete(self, messages: list[dict], tools: list[dict] | None = None, **parameters: Any) -> Sample:
        """
        Send one conversation and give the answer.

        Tried again, after a growing random wait: answers with 408, 409, 425, 429 or 5xx, time-outs, cut or refused
        connections, and replies that are no chat completion.

        Args:
            messages (`list[dict]`): The conversation; arguments of calls in it may be dicts.
            tools (`list[dict]`, *optional*): Tools in OpenAI's form.
            parameters (`Any`): Parameters of `AsyncInferenceClient.chat_completion`, such as `max_tokens`.

        Returns:
            [`Sample`]: Text, number of new tokens (0 if the server does not say), and whether it ended by itself.

        Raises:
            RequestRefused: This request is too long or malformed (400, 413, 422), in the server's own words.
            EndpointError: There is no answer after all attempts, or the server refuses the key, the model or the
                address; says what happened.
        """
        trouble = PassingTrouble("")
        for attempt in range(self.attempts):
            try:
                return await self._try_once(messages, tools, parameters)
            except PassingTrouble as error:
                trouble = error
            if attempt + 1 < self.attempts:
                await asyncio.sleep(self._wait(attempt, trouble))
        raise EndpointError(
            f"{self.base_url} gave no answer in {self.attempts} attempts, the last time: {trouble}. Is the server "
            f"running there, and is {self.timeout:g} s enough for an answer?"
        )

    async def _try_once(self, messages: list[dict], tools: Any, parameters: dict[str, Any]) -> Sample:
        try:
            completion = await self._client.chat_completion(
                _as_openai(messages), model=self.model, tools=tools, **parameters
            )
            return read_completion(completion)
        except HfHubHTTPError as error:
            response = error.response
            trouble = f"status {response.status_code}, {response.text.strip()[:300] or 'without a word'}"
            self.check_passing(response.status_code, trouble)
            asked = response.headers.get("retry-after", "")
            raise PassingTrouble(trouble, int(asked) if asked.isdecimal() else None) from error
        # Last, what the client makes of a reply that is no JSON, or of another shape.
        except (httpx2.HTTPError, ValueError, RecursionError) as error:
            raise PassingTrouble(f"{type(error).__name__}: {error}"[:300]) from error

    def _wait(self, attempt: int, trouble: "PassingTrouble") -> float:
        if trouble.asked_wait is not None:
            return min(LONGEST_WAIT, trouble.asked_wait)
        return min(LONGEST_WAIT, self.first_wait * 2**attempt) * _jitter.uniform(0.5, 1.5)

    def check_passing(self, status: int, trouble: str) -> None:
        if status in OWN_FAULT_STATUSES:
            raise RequestRefused(f"{self.base_url} refuses a request for model {self.model!r}: {trouble}")
        if status not in PASSING_STATUSES:
            raise EndpointError(
                f"{self.base_url} refuses requests for model {self.model!r}: {trouble}. Check the address, the "
                f"model's name and the key in {KEY_VARIABLE}."
            )


def read_completion(completion: ChatCompletionOutput) -> Sample:
    """
    The text of a chat completion, whole again: reasoning in think tags, calls in `<tool_call>` blocks.

    Reasoning after which nothing came before the answer was cut off is left open, as it would be in the raw text.

    Raises:
        ValueError: It is no chat completion.
    """
    try:
        # By attribute, because the dicts inside lack the fields that the client does not know, such as the reasoning.
        choice = completion.choices[0]
        message = choice.message
        content = message.get("content") or ""
        reasoning = message.get("reasoning_content") or message.get("reasoning") or ""
        blocks = [_render_call(call["function"]) for call in message.get("tool_calls") or []]
        tokens = completion.usage.completion_tokens if completion.usage else 0
        finished = choice.finish_reason != "length"
        answer = "\n".join([content, *blocks] if content else blocks)
    except (LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"no chat completion came back ({type(error).__name__}: {error})") from None
    if not reasoning:
        return Sample(answer, tokens, finished)
    if not answer and not finished:
        return Sample(THINK_START + reasoning, tokens, finished)
    return Sample(f"{THINK_START}{reasoning.strip()}{THINK_END}\n\n{answer}", tokens, finished)


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
