"""Inspects rows one after the other in the thread that asks for them, where rules decide alone.

In: candidates and the coroutine of each. Out: [`Inline.results`], in the order of the candidates. Nothing waits for a
model then, and an event loop in another thread would cost as much time as the rules themselves.
"""

from collections.abc import Callable, Coroutine, Generator, Iterable
from typing import Any

from .pipeline import Inspected
from .verdicts import Candidate


class Inline:
    """
    The counterpart of the runner's event loop, as a context.

    Args:
        candidates (`Iterable[Candidate]`): The rows, read one at a time.
        start (`Callable[[Candidate], Coroutine]`): Inspects a candidate, without ever waiting for anything.
    """

    def __init__(
        self,
        candidates: Iterable[Candidate],
        start: Callable[[Candidate], Coroutine[Any, Any, Inspected]],
    ):
        self._candidates, self._start = candidates, start

    def __enter__(self) -> "Inline":
        return self

    def __exit__(self, *exception) -> None:
        pass  # nothing is under way between two rows

    def results(self) -> Generator[Inspected, None, None]:
        """Each as soon as it is asked for."""
        return (_finished(self._start(candidate)) for candidate in self._candidates)


def _finished(coroutine: Coroutine[Any, Any, Inspected]) -> Inspected:
    """What a coroutine returns that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    coroutine.close()
    raise RuntimeError("the inspection waits for something, though no model is asked")
