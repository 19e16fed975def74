"""One round, from queries to accepted answers: roll out, inspect while the next chunk is rolled out, choose.

In: rows, a generator, judges. Out: [`play_round`], which gives a [`Round`]: what was answered, what FCDR said of it, which
answers are accepted, and where the time went.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from time import perf_counter
from typing import Any

from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from tqdm.auto import tqdm

from funreason_trl.data.reading import answered
from funreason_trl.data.rendering import render_python
from funreason_trl.data.rows import RowError, message_calls
from funreason_trl.fcdr.journal import Journal
from funreason_trl.fcdr.judges import Judge
from funreason_trl.fcdr.pipeline import Inspected
from funreason_trl.fcdr.rules import RULES
from funreason_trl.fcdr.runner import inspect_all
from funreason_trl.fcdr.tally import Tally
from funreason_trl.fcdr.verdicts import Candidate, Stage
from funreason_trl.generation import GenerationSettings, Prompt, TextGenerator
from funreason_trl.generation.prompts import Sample

from .prompts import gold_calls
from .rollouts import Answered, Asked, roll_out


# The other processes learn this often that the main one still inspects: PyTorch gives up on one that is silent for long.
SECONDS_BETWEEN_SIGNS = 60.0


@dataclass
class Round:
    """
    What happened in a round; on processes other than the main one only the counts of rows are filled.

    Attributes:
        number (`int`): From 1.
        inspected (`list[list[Inspected]]`): For each row its answers in order.
        tokens (`int`): New tokens of all answers.
        tokens_now (`int`): Of those that were not in the journal.
        tally ([`Tally`]): The funnel.
        seconds (`dict[str, float]`): `rollout` (with what the other processes took), `inspection` (most of it at the
            same time), `waiting` (inspection that was left when the last answer had come), `gate`.
    """

    number: int
    inspected: list[list[Inspected]] = field(default_factory=list)
    tokens: int = 0
    tokens_now: int = 0
    tally: Tally = field(default_factory=Tally)
    seconds: dict[str, float] = field(default_factory=lambda: {"rollout": 0.0, "inspection": 0.0, "waiting": 0.0})


def play_round(
    number: int,
    asked: Sequence[Asked],
    generator: TextGenerator,
    settings: GenerationSettings,
    judges: Mapping[Stage, Judge],
    *,
    accelerator: Accelerator,
    journal_path: Path | None,
    chunk_size: int,
    overlapping: bool = True,
    show: bool = True,
) -> Round:
    """
    Have the rows answered and the answers inspected.

    Args:
        number (`int`): Of the round, for the provenance.
        asked (`Sequence[Asked]`): The rows.
        generator ([`TextGenerator`]): This process's.
        settings ([`GenerationSettings`]): How to answer.
        judges (`Mapping[Stage, Judge]`): The judge part of the stages that have one.
        accelerator (`Accelerator`): Knows the processes.
        journal_path (`Path` or `None`): Of the main process, which inspects; `None` on the others.
        chunk_size (`int`): Rows of each process that are answered before they go to inspection.
        overlapping (`bool`, *optional*, defaults to `True`): Inspect while the next chunk is answered. Not with a judge
            that is the generator's own model.
        show (`bool`, *optional*, defaults to `True`): Progress bars on the main process.

    Raises:
        EndpointGone: A judge's endpoint is gone; what was answered is in the journal.
    """
    played = Round(number)
    # Prompts of like length in one batch, here already, since batches don't reach over chunks and processes.
    order = sorted(range(len(asked)), key=lambda place: -_length(asked[place].prompt))
    in_order = [asked[place] for place in order]
    show = show and accelerator.is_main_process
    bar = tqdm(total=len(asked) * settings.samples, desc="Inspecting", unit="answer", leave=False, disable=not show)

    def inspect_chunk(answers: list[Answered], journal: Journal | None) -> list[Inspected]:
        started = perf_counter()
        candidates = [_candidate(answer.row, sample, number) for answer in answers for sample in answer.samples]
        inspected = []
        for one in inspect_all(candidates, RULES, judges, journal=journal, tally=played.tally, progress=False):
            inspected.append(one)
            bar.update()
        played.seconds["inspection"] += perf_counter() - started
        return inspected

    chunks: list[tuple[list[Answered], Future[list[Inspected]]]] = []
    with (
        bar,
        # Two, since answers and verdicts are written in two threads.
        _opened(journal_path) as answers_journal,
        _opened(journal_path) as verdicts_journal,
        _ended_early_on_errors(ThreadPoolExecutor(1, "inspection")) as background,
    ):
        started = perf_counter()
        for answers in roll_out(generator, in_order, settings, accelerator, answers_journal, chunk_size, show):
            tokens = sum(sample.tokens for answer in answers for sample in answer.samples)
            played.tokens += tokens
            played.tokens_now += tokens if answers and answers[0].new else 0
            played.seconds["rollout"] += perf_counter() - started
            chunks.append((answers, background.submit(inspect_chunk, answers, verdicts_journal)))
            if not overlapping:
                wait([chunks[-1][1]])
            for _, future in chunks:
                if future.done():
                    future.result()  # raises what ended the inspection, before more is rolled out
            started = perf_counter()
        _wait_together([future for _, future in chunks], accelerator)
        inspected = [row for answers, future in chunks for row in _by_row(future.result(), answers)]
        played.inspected = [row for _, row in sorted(zip(order, inspected, strict=False), key=itemgetter(0))]
        played.seconds["waiting"] = perf_counter() - started
    return played


def _length(prompt: Prompt) -> int:
    return len(str(prompt.messages)) + len(str(prompt.tools))


def _opened(path: Path | None) -> AbstractContextManager[Journal | None]:
    return nullcontext() if path is None else Journal(path)


@contextmanager
def _ended_early_on_errors(executor: ThreadPoolExecutor) -> Iterator[ThreadPoolExecutor]:
    """Chunks that have not been begun when an error comes, or Ctrl-C, are not waited for."""
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)


def _wait_together(futures: list[Future], accelerator: Accelerator) -> None:
    """Until the main process has inspected everything; the others get a sign of life in between."""
    told: list[bool | None] = [False]
    while not told[0]:
        told = [not wait(futures, SECONDS_BETWEEN_SIGNS).not_done if accelerator.is_main_process else None]
        broadcast_object_list(told)


def _by_row(inspected: list[Inspected], answers: Iterable[Answered]) -> list[list[Inspected]]:
    rest = iter(inspected)
    return [[next(rest) for _ in answer.samples] for answer in answers]


def _candidate(row: dict[str, Any], sample: Sample, number: int) -> Candidate:
    new = answered(row, sample.text)
    details = {"round": number, "tokens": sample.tokens} | ({} if sample.finished else {"cut_off": True})
    return Candidate(new, _in_python_form(new, sample.text), gold=gold_calls(row), details=details)


def _in_python_form(row: dict[str, Any], text: str) -> str:
    """What the fifth stage looks at: calls that came as the model's own tags, and nothing else, in the form of training."""
    if "<tool_call>" not in text or not message_calls(row["messages"][-1]):
        return text
    try:
        return render_python(row)[-1]["completion"][0]["content"]
    except RowError:
        return text


def accepted_answers(answers: list[Inspected], keep: str) -> list[Inspected]:
    """
    The answers to one row that are trained on.

    Args:
        answers (`list[Inspected]`): All of them.
        keep (`str`): `"best"`: of those that passed, the first with the highest mean score of the judges; `"all"`: every
            different one that passed.
    """
    passed = [answer for answer in answers if answer.status == "kept"]
    if keep == "best":
        return [max(passed, key=_mean_score)] if passed else []  # `max` gives the first of equals
    return list({answer.candidate.text: answer for answer in passed}.values())


def _mean_score(answer: Inspected) -> float:
    scores = [verdict.score for verdict in answer.verdicts if verdict.score is not None]
    return sum(scores) / len(scores) if scores else 0.0
