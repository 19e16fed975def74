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
from accelerate.utils import broadcast_object_list, gather_object

from funreason_trl.fcdr.journal import Journal, Key
from funreason_trl.generation import GenerationSettings, Prompt, TextGenerator, generate_all
from funreason_trl.generation.prompts import Sample


@dataclass(frozen=True)
class Asked:
    """A row of a round, and what the model gets to see of it."""

    row: dict[str, Any]
    prompt: Prompt


@dataclass(frozen=True)
class Answered:
    """A row of a round with the model's answers to it."""

    row: dict[str, Any]
    samples: tuple[Sample, ...]


def roll_out(
    generator: TextGenerator,
    asked: Sequence[Asked],
    settings: GenerationSettings,
    accelerator: Accelerator,
    journal: Journal | None,
    chunk_size: int,
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
            answers = _answer_together(generator, chunk, settings, accelerator)
            if journal is not None:
                for row_keys, samples in zip(keys, answers, strict=True):
                    for key, sample in zip(row_keys, samples, strict=True):
                        journal.write(key, asdict(sample))
            found = answers
        if not accelerator.is_main_process:
            yield []
            continue
        assert found is not None
        yield [Answered(question.row, samples) for question, samples in zip(chunk, found, strict=True)]


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


def _answer_together(
    generator: TextGenerator, chunk: Sequence[Asked], settings: GenerationSettings, accelerator: Accelerator
) -> list[tuple[Sample, ...]]:
    processes = accelerator.num_processes
    own = chunk[accelerator.process_index :: processes]
    # A process that has one row less answers one of them twice, so that all of them compute as often.
    filled = [*own, *chunk[:1]][: -(-len(chunk) // processes)]
    answers = generate_all(generator, [question.prompt for question in filled], settings, "Rolling out")[: len(own)]
    samples = [tuple(map(Sample, answer.texts, answer.tokens, answer.finished)) for answer in answers]
    shares = gather_object([samples])
    return [shares[place % processes][place // processes] for place in range(len(chunk))]
