"""What goes into a generator and what comes out of it: plain data without torch, a tokenizer or a network.

In: messages, tools and settings. Out: [`Prompt`], [`GenerationSettings`] and [`Generated`], which every generator takes
and gives, and the seed of each answer.
"""

import hashlib
import json
import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Protocol


class PromptError(ValueError):
    """This generator can't answer such a prompt."""


@dataclass(frozen=True)
class Prompt:
    """
    A conversation that waits for its next assistant turn.

    Args:
        messages (`list[dict]`): Messages with `role` and `content`, as chat templates and endpoints take them.
        tools (`list[dict]`, *optional*): Tools in OpenAI's form, for models whose own template lists tools.
        answer_start (`str`, *optional*): How the answer begins; the model continues it, and its text comes without it.
            Endpoints can't do this and refuse it.
    """

    messages: list[dict]
    tools: list[dict] | None = None
    answer_start: str = ""

    @property
    def fingerprint(self) -> str:
        """The same 16 characters for the same prompt, in every process."""
        content = json.dumps([self.messages, self.tools, self.answer_start], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class GenerationSettings:
    """
    How to answer; by default greedily, with one answer for each prompt.

    Args:
        max_new_tokens (`int`): Longest answer in tokens; a longer one is cut off.
        temperature (`float`): 0 takes the likeliest token each time; above it tokens are sampled.
        top_p (`float`): Sample from the likeliest tokens that together have this probability.
        top_k (`int`): Sample from this many likeliest tokens; 0 is all.
        samples (`int`): Answers for each prompt.
        seed (`int`): Of the sampling. An answer's own seed follows from this one, its prompt and its number among the
            prompt's samples, so equal prompts get equal samples: ask for more with `samples`, not with copies.

    Raises:
        ValueError: A value is out of its range; names the field, the value and what to give.
    """

    max_new_tokens: int = 1024
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    samples: int = 1
    seed: int = 0

    def __post_init__(self):
        for field, smallest in (("max_new_tokens", 1), ("top_k", 0), ("samples", 1), ("seed", 0)):
            value = getattr(self, field)
            if not isinstance(value, int) or isinstance(value, bool) or value < smallest:
                raise ValueError(f"{field}={value!r}: give a whole number, {smallest} or more")
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            raise ValueError(f"temperature={self.temperature!r}: give 0 for greedy answers, or a number above it")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p={self.top_p!r}: give a number above 0, up to 1")
        if self.samples > 1 and self.greedy:
            raise ValueError(
                f"samples={self.samples} with temperature=0.0 would all be the same: give a temperature above 0, or "
                "samples=1"
            )

    @property
    def greedy(self) -> bool:
        return self.temperature == 0

    def answer_seed(self, prompt: Prompt, sample: int) -> int:
        """Seed below 2**31 of the sample with this number, whatever else is answered in the same run."""
        content = f"{self.seed} {sample} {prompt.fingerprint}"
        return int.from_bytes(hashlib.sha256(content.encode()).digest()[:4], "big") >> 1


@dataclass(frozen=True)
class Generated:
    """
    The answers to one prompt; the three tuples have an item for each sample.

    Attributes:
        index (`int`): Place of the prompt in what was given.
        texts (`tuple[str, ...]`): What the model wrote, up to its end token, tags of reasoning and calls included.
        tokens (`tuple[int, ...]`): New tokens, the end token included.
        finished (`tuple[bool, ...]`): The model ended by itself, rather than being cut off at `max_new_tokens`.
    """

    index: int
    texts: tuple[str, ...]
    tokens: tuple[int, ...]
    finished: tuple[bool, ...]


@dataclass(frozen=True)
class Sample:
    """One answer on its way into a [`Generated`]: its text, its new tokens, and whether it ended by itself."""

    text: str
    tokens: int
    finished: bool


class TextGenerator(Protocol):
    """What every generator offers."""

    @property
    def description(self) -> dict[str, str]:
        """What the answers depend on beside prompt and settings: way, model, and what else tells two models apart."""

    def generate(self, prompts: Sequence[Prompt], settings: GenerationSettings) -> Generator[Generated, None, None]:
        """The answers to the prompts as they come, in any order."""


class Gathered:
    """Samples come one by one and in any order; a prompt's answers are given out when the last one is there."""

    def __init__(self, samples: int):
        self.samples = samples
        self._waiting: dict[int, dict[int, Sample]] = {}

    def add(self, index: int, number: int, sample: Sample) -> Generated | None:
        """The prompt's [`Generated`] if this was the last of its samples, else `None`."""
        answers = self._waiting.setdefault(index, {})
        answers[number] = sample
        if len(answers) < self.samples:
            return None
        del self._waiting[index]
        ordered = [answers[number] for number in range(self.samples)]
        return Generated(
            index,
            tuple(answer.text for answer in ordered),
            tuple(answer.tokens for answer in ordered),
            tuple(answer.finished for answer in ordered),
        )
