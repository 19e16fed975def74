"""How long thinking is, and what follows it, in characters.

In: the answers of a round, as parquet in `refinement/round-NNN/data/`, or texts. Out: [`Lengths`].
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median, quantiles
from typing import Any


class LengthsError(ValueError):
    """A round's answers can't be read; says which file."""


@dataclass(frozen=True)
class Lengths:
    """
    Lengths of a group of answers, in characters.

    Attributes:
        label (`str`): Whose.
        think (`list[int]`): Of the thinking; 0 where there is none.
        call (`list[int]`): Of what follows it: the calls, or words.
        place (`int`): Which of the page's colours is theirs.
    """

    label: str
    think: list[int]
    call: list[int]
    place: int = 0


@dataclass(frozen=True)
class Spread:
    """Mean, median, and how far most lengths reach: from the 5th to the 95th of a hundred, half of them in the middle."""

    mean: float
    median: float
    low: float
    lower: float
    upper: float
    high: float


def spread(lengths: list[int]) -> Spread:
    """The spread of one length or more."""
    if len(lengths) == 1:
        return Spread(*[float(lengths[0])] * 6)
    cuts = quantiles(lengths, n=20, method="inclusive")
    return Spread(fmean(lengths), median(lengths), cuts[0], cuts[4], cuts[14], cuts[18])


def round_lengths(folder: Path, number: int) -> Iterator[Lengths]:
    """
    Of all answers of a round, and of those that were trained on; none where the round's folder is not there.

    Args:
        folder (`Path`): `refinement/`.
        number (`int`): Of the round.

    Raises:
        [`LengthsError`]: A file is cut off, or holds no answers.
    """
    data = folder / f"round-{number:03d}" / "data"
    trained = [one for path in sorted(data.glob("train-*.parquet")) for one in _file_lengths(path)]
    rejected = [one for path in sorted(data.glob("rejected-*.parquet")) for one in _file_lengths(path)]
    if trained or rejected:
        yield lengths_of(f"round {number}, all answers", trained + rejected)
    if trained:
        yield lengths_of(f"round {number}, trained on", trained, place=1)


def lengths_of(label: str, pairs: Iterable[tuple[int, int]], place: int = 0) -> Lengths:
    """From lengths of thinking and call, answer by answer."""
    pairs = list(pairs)
    return Lengths(label, [think for think, _ in pairs], [call for _, call in pairs], place)


def _file_lengths(path: Path) -> Iterator[tuple[int, int]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        for batch in pq.ParquetFile(path).iter_batches(columns=["messages"]):
            for messages in batch.column("messages").to_pylist():
                yield _message_lengths(json.loads(messages[-1]))
    # Arrow's own errors are of these kinds, too; a file of another form fails where its parts are taken.
    except (pa.ArrowException, OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise LengthsError(
            f"{path.parent.parent.name}/data/{path.name} can't be read, so lengths are left out "
            f"({type(error).__name__}); take the file from the run anew"
        ) from None


def _message_lengths(message: dict[str, Any]) -> tuple[int, int]:
    from funreason_trl.calls import render_calls
    from funreason_trl.data.rows import message_calls

    calls = message_calls(message)
    try:
        answer = render_calls(calls) if calls else message.get("content", "")
    except ValueError:  # a name or a value that the python form can't write
        answer = json.dumps([vars(call) for call in calls], default=str)
    return len(message.get("reasoning_content", "")), len(answer)
