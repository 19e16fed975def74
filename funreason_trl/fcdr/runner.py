"""Inspects many rows at once, and gives them back in the order in which they came.

In: candidates from any iterator, rules, judges, perhaps a teacher and a journal. Out: [`inspect_all`], an iterator of
[`Inspected`], and a [`Tally`]. At most `window` rows are in memory, however many there are.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Coroutine, Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from .journal import Journal
from .judges import Judge
from .models import AskedModel
from .pipeline import MAX_REGENERATIONS, Inspected, Rules, inspect
from .progress import Display
from .tally import Tally
from .teacher import Teacher
from .verdicts import Candidate, Stage


# Rows that are under way or wait for an older one. One row may have to wait a minute for an endpoint that is busy; the
# others fill its place meanwhile.
WINDOW = 1024
# Rows that are under way, for each question that the models work at at a time. More of them would go through the stages
# side by side and come to their ends together, when there is nothing left to ask for those that are answered anew.
ROWS_PER_PLACE = 2


def inspect_all(
    candidates: Iterable[Candidate],
    rules: Rules,
    judges: Mapping[Stage, Judge] | None = None,
    teacher: Teacher | None = None,
    journal: Journal | None = None,
    *,
    tally: Tally | None = None,
    total: int | None = None,
    progress: bool = True,
    max_regenerations: int = MAX_REGENERATIONS,
    window: int = WINDOW,
) -> Generator[Inspected, None, None]:
    """
    Inspect candidates, many at a time.

    Works in a notebook too. When it ends early, because the iterator is closed, Ctrl-C is pressed or an error comes,
    what is under way is cancelled, and what was answered is in the journal.

    Args:
        candidates (`Iterable[Candidate]`): The rows; read as they are needed, in another thread.
        rules (`Mapping[Stage, Callable[[Candidate], Verdict]]`): The rule part of each stage.
        judges (`Mapping[Stage, Judge]`, *optional*): The judge part of the stages that have one.
        teacher ([`Teacher`], *optional*): Writes missing reasoning and new answers.
        journal ([`Journal`], *optional*): Where answers of models are kept; without it a second start begins anew.
        tally ([`Tally`], *optional*): Counts the rows that are given out.
        total (`int`, *optional*): Number of rows, to show the remaining time.
        progress (`bool`, *optional*, defaults to `True`): Show the progress on standard error.
        max_regenerations (`int`, *optional*, defaults to `3`): How often an answer is written anew.
        window (`int`, *optional*, defaults to `1024`): Rows in memory.

    Returns:
        `Generator[Inspected]`: One for each candidate, in their order.

    Raises:
        EndpointGone: The endpoint of a judge or the teacher is gone.
        JournalError: Answers can't be kept.
    """
    if window < 1:
        raise ValueError(f"window={window}: give 1 or more")
    judges = dict(judges or {})
    models = _models(judges, teacher)
    if journal is not None:
        judges = {stage: judge.recorded(journal) for stage, judge in judges.items()}
        teacher = teacher.recorded(journal) if teacher is not None else None

    def start(candidate: Candidate) -> Coroutine[Any, Any, Inspected]:
        return inspect(candidate, rules, judges, teacher, max_regenerations)

    display = Display(tally or Tally(), models, total)
    if not judges and teacher is None:
        # Nothing waits, and an event loop in another thread would cost as much time as the rules themselves.
        return _counted(nullcontext(_finished(start(candidate)) for candidate in candidates), display, progress)
    return _counted(_Run(candidates, start, models, window), display, progress)


def _counted(
    run: AbstractContextManager[Iterable[Inspected]], display: Display, progress: bool
) -> Generator[Inspected, None, None]:
    with run as results, display.shown() if progress else nullcontext():
        for inspected in results:
            display.tally.add(inspected)
            if progress:
                display.tick()
            yield inspected


def _finished(coroutine: Coroutine[Any, Any, Inspected]) -> Inspected:
    """What a coroutine returns that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    coroutine.close()
    raise RuntimeError("the inspection waits for something, though no model is asked")


def _models(judges: Mapping[Stage, Judge], teacher: Teacher | None) -> tuple[AskedModel, ...]:
    """Each model once, though several judges may ask it."""
    asked = [model for judge in judges.values() for model in judge.models]
    return tuple(dict.fromkeys([*asked, *(teacher.models if teacher is not None else ())]))


class _Run(AbstractContextManager):
    """An event loop in a thread of its own; as a context, the results that it hands over."""

    def __init__(
        self,
        candidates: Iterable[Candidate],
        start: Callable[[Candidate], Coroutine[Any, Any, Inspected]],
        models: Sequence[AskedModel],
        window: int,
    ):
        self._candidates, self._start, self._models, self._window = candidates, start, models, window
        self._results: queue.SimpleQueue[Inspected | None] = queue.SimpleQueue()

    def __enter__(self) -> Generator[Inspected, None, None]:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fcdr", daemon=True)
        self._thread.start()
        self._running = asyncio.run_coroutine_threadsafe(self._work(), self._loop)
        return self._handed_over()

    def __exit__(self, *exception) -> None:
        self._running.cancel()
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _handed_over(self) -> Generator[Inspected, None, None]:
        """In the order of the candidates; raises what ended the work early."""
        while (inspected := self._results.get()) is not None:
            self._loop.call_soon_threadsafe(self._free.release)
            yield inspected
        try:
            self._running.result()
        except BaseExceptionGroup as group:
            # Rows fail together when an endpoint or the journal does, and all say the same.
            raise group.exceptions[0] from None

    async def _work(self) -> None:
        # A row takes a place when it is read, and gives it back when it has been taken from the results.
        self._free = asyncio.Semaphore(self._window)
        self._moving = asyncio.Semaphore(ROWS_PER_PLACE * sum(model.places for model in self._models) or self._window)
        under_way: asyncio.Queue[asyncio.Task[Inspected] | None] = asyncio.Queue()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._hand_over(under_way))
                for candidate in self._candidates:
                    await self._free.acquire()
                    await self._moving.acquire()
                    under_way.put_nowait(group.create_task(self._inspect(candidate)))
                under_way.put_nowait(None)
        finally:
            self._results.put(None)

    async def _inspect(self, candidate: Candidate) -> Inspected:
        try:
            return await self._start(candidate)
        finally:
            self._moving.release()

    async def _hand_over(self, under_way: "asyncio.Queue[asyncio.Task[Inspected] | None]") -> None:
        while (task := await under_way.get()) is not None:
            self._results.put(await task)

    async def _end(self) -> None:
        # What a row has asked for at once goes on when one of it fails. A batch of a model in this process can't be
        # stopped, and is waited for.
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for model in self._models:
            await model.close()
        await self._loop.shutdown_default_executor()
