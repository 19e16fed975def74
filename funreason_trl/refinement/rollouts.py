"""The model answers the queries of a round, every process its share, and each answer is on file as soon as it can be.

In: a generator, rows and settings. Out: [`roll_out`], chunk by chunk the rows with their answers, on the main process.

A chunk is answered by all processes together: the same number of queries each, so that sharded models, which compute only
together, do not wait for one that has none. A chunk that is in the journal is not answered again, and the chunks are the
same ones in a run that goes on, so that it gets the same answers to the last token.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from accelerate import Accelerator
from accelerate.utils import broadcast_object_list

from funreason_trl.fcdr.journal import Journal, Key
from funreason_trl.generation import GenerationSettings, Prompt, TextGenerator
from funreason_trl.generation.prompts import Sample
from funreason_trl.generation.trained import generate_together


@dataclass(frozen=True)
class Asked:
    """A row of a round, and what the model gets to see of it."""

    row: dict[str, Any]
    prompt: Prompt


@dataclass(frozen=True)
class Answered:
    """A row of a round with the model's answers to it, which were generated now or (not `new`) are from the journal."""

    row: dict[str, Any]
    samples: tuple[Sample, ...]
    new: bool = True


def roll_out(
    generator: TextGenerator,
    asked: Sequence[Asked],
    settings: GenerationSettings,
    accelerator: Accelerator,
    journal: Journal | None,
    chunk_size: int,
    show: bool = False,
) -> Iterator[list[Answered]]:
    """
    Have all rows answered.

    Args:
        generator ([`TextGenerator`]): This process's.
        asked (`Sequence[Asked]`): The rows, the same on every process.
        settings ([`GenerationSettings`]): How to answer.
        accelerator (`Accelerator`): Knows the processes.
        journal ([`Journal`] or `None`): Of the main process; `None` on the others.
        chunk_size (`int`): Rows of each process in a chunk.
        show (`bool`, *optional*, defaults to `False`): A progress bar for each chunk on the main process.

    Returns:
        `Iterator[list[Answered]]`: For each chunk its rows in their order; empty lists on processes other than the main one.
    """
    description = str(generator.description)
    size = chunk_size * accelerator.num_processes
    for first in range(0, len(asked), size):
        chunk = asked[first : first + size]
        keys = [_keys(question, settings, description) for question in chunk]
        found = _find(journal, keys)
        known = [found is not None]
        broadcast_object_list(known)
        if not known[0]:
            words = f"Rolling out, {first} to {first + len(chunk)} of {len(asked)}" if show else None
            prompts = [question.prompt for question in chunk]
            generated = generate_together(generator, prompts, settings, accelerator, words)
            answers = [tuple(map(Sample, one.texts, one.tokens, one.finished)) for one in generated]
            if journal is not None:
                for row_keys, samples in zip(keys, answers, strict=True):
                    for key, sample in zip(row_keys, samples, strict=True):
                        journal.write(key, asdict(sample))
            found = answers
        if not accelerator.is_main_process:
            yield []
            continue
        assert found is not None
        new = not known[0]
        yield [Answered(question.row, samples, new) for question, samples in zip(chunk, found, strict=True)]


def _keys(question: Asked, settings: GenerationSettings, description: str) -> list[Key]:
    how = asdict(settings)
    samples = how.pop("samples")
    row_id, payload = str(question.row["id"]), question.prompt.fingerprint
    return [Key(row_id, f"rollout {number}", payload, str(how), description) for number in range(samples)]


def _find(journal: Journal | None, keys: list[list[Key]]) -> list[tuple[Sample, ...]] | None:
    """The answers of a whole chunk, if all of them are there."""
    if journal is None:
        return None
    found = []
    for row_keys in keys:
        answers = [journal.find(key) for key in row_keys]
        if None in answers:
            return None
        found.append(tuple(Sample(**answer) for answer in answers))  # type: ignore[arg-type]
    return found
