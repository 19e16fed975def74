"""Runs a generator to its end, with a progress bar.

In: a generator, prompts and settings. Out: [`generate_all`] gives the answers in the order of the prompts.
"""

from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from time import perf_counter

from tqdm.auto import tqdm

from .prompts import Generated, GenerationSettings, Prompt, TextGenerator


def generate_all(
    generator: TextGenerator,
    prompts: Sequence[Prompt],
    settings: GenerationSettings,
    description: str | None = "Answering",
) -> list[Generated]:
    """
    Answer all prompts.

    Args:
        generator ([`TextGenerator`]): Where the answers come from.
        prompts (`Sequence[Prompt]`): What to answer.
        settings ([`GenerationSettings`]): How to answer.
        description (`str`, *optional*): Words before the progress bar; `None` for no bar.

    Returns:
        `list[Generated]`: One for each prompt, in their order.
    """
    with closing(generator.generate(prompts, settings)) as stream:
        answers = list(with_progress(stream, len(prompts), description))
    return sorted(answers, key=lambda answer: answer.index)


def with_progress(
    stream: Iterable[Generated], total: int, description: str | None, done: int = 0
) -> Generator[Generated, None, None]:
    """Passes the answers on, of which `done` out of `total` were there before, and shows tokens a second."""
    tokens = 0
    started = perf_counter()
    with tqdm(
        total=total, initial=done, desc=description, unit="answer", leave=False, disable=description is None
    ) as progress:
        for answer in stream:
            tokens += sum(answer.tokens)
            speed = tokens / (perf_counter() - started)
            progress.set_postfix_str(f"{speed:.0f} tokens/s", refresh=False)
            progress.update()
            yield answer
